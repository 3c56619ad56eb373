/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <mansio/str.h>

#include "auth/penalty.h"
#include "auth/remember.h"
#include "base/bus.h"
#include "base/clock.h"

static const uint8_t here[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1 };
static const uint8_t there[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 2 };
static const uint8_t six[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 9 };
static const uint8_t six_beside[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 7 };

static struct ms_str ann = MS_STR("ann@example.org"), bob = MS_STR("bob@example.org");

Test(penalty, grows_with_each_failure_and_ends_with_a_login)
{
	bool locked;
	int64_t one, three;

	penalty_configure(10, MINUTE_US, HOUR_US);
	cr_assert_eq(penalty_before(here, ann, &locked), 0);
	penalty_failed(here, ann);
	one = penalty_before(here, ann, &locked);
	cr_assert_gt(one, 0);
	penalty_failed(here, ann);
	penalty_failed(here, ann);
	three = penalty_before(here, ann, &locked);
	cr_assert_geq(three, 4 * one);
	cr_assert_not(locked);
	penalty_passed(here, ann);
	cr_assert_lt(penalty_before(here, ann, &locked), one);
}

Test(penalty, locks_the_pair_out_and_nobody_else)
{
	bool locked;

	penalty_configure(5, MINUTE_US, HOUR_US);
	for (int i = 0; i < 5; i++)
		penalty_failed(here, ann);
	(void)penalty_before(here, ann, &locked);
	cr_assert(locked);
	(void)penalty_before(there, ann, &locked);
	cr_assert_not(locked, "the account's owner, from elsewhere");
	(void)penalty_before(here, bob, &locked);
	cr_assert_not(locked, "a colleague at the same address");
}

Test(penalty, locks_out_a_network_that_tries_many_accounts)
{
	char name[32];
	bool locked;

	penalty_configure(3, MINUTE_US, HOUR_US);
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		penalty_failed(six, ms_str_c(name));
	}
	(void)penalty_before(six_beside, ms_str_c("fresh"), &locked);
	cr_assert(locked, "the same /64");
	(void)penalty_before(here, ms_str_c("fresh"), &locked);
	cr_assert_not(locked);
}

Test(penalty, forgets_after_its_time)
{
	bool locked;

	penalty_configure(1, 30000, 30000);
	penalty_failed(here, ann);
	(void)penalty_before(here, ann, &locked);
	cr_assert(locked);
	usleep(50000);
	cr_assert_eq(penalty_before(here, ann, &locked), 0);
	cr_assert_not(locked);
}

Test(remember, knows_the_very_pair_and_forgets_on_any_change)
{
	struct ms_str pw = MS_STR("secret"), other = MS_STR("Secret");

	remember_start(MINUTE_US);
	cr_assert_not(remember_knows(ann, pw));
	remember_add(ann, pw, remember_now());
	cr_assert(remember_knows(ann, pw));
	cr_assert_not(remember_knows(ann, other));
	cr_assert_not(remember_knows(bob, pw));
	bus_publish(ms_str_c("directory/user/ann@example.org"), ms_str_c(""));
	cr_assert_not(remember_knows(ann, pw));
	remember_stop();
}

Test(remember, does_not_keep_what_changed_while_it_was_verified)
{
	struct ms_str pw = MS_STR("secret");
	uint64_t since;

	remember_start(MINUTE_US);
	since = remember_now();
	bus_publish(ms_str_c("directory/changed"), ms_str_c("users"));
	remember_add(ann, pw, since);
	cr_assert_not(remember_knows(ann, pw));
	remember_stop();
}

Test(remember, forgets_after_its_time)
{
	struct ms_str pw = MS_STR("secret");

	remember_start(20000);
	remember_add(ann, pw, remember_now());
	usleep(40000);
	cr_assert_not(remember_knows(ann, pw));
	remember_stop();
}

Test(penalty, counts_only_failures_within_its_time)
{
	bool locked;

	penalty_configure(2, 30000, HOUR_US);
	penalty_failed(here, ann);
	usleep(50000);
	penalty_failed(here, ann);
	(void)penalty_before(here, ann, &locked);
	cr_assert_not(locked, "two slips, far apart");
	penalty_failed(here, ann);
	(void)penalty_before(here, ann, &locked);
	cr_assert(locked);
}
