/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/log.h"
#include "base/scope.h"

static char path[] = "/tmp/mansio-log-XXXXXX";
static char text[65536];

static const char *
log_as(bool json, void (*say)(void))
{
	char to[64];
	struct log_options o = { .to = to, .json = json, .level = MS_LOG_INFO };
	FILE *f;
	size_t n;
	int fd = mkstemp(path);

	close(fd);
	snprintf(to, sizeof(to), "file:%s", path);
	cr_assert_eq(log_start(&o, NULL), MS_OK);
	say();
	log_stop();
	f = fopen(path, "r");
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	unlink(path);
	return text;
}

static void
say_hostile(void)
{
	struct scope s;
	struct ms_field fields[] = { LOG_STR("to", ms_str_c("a b\n\"c\"=\x01\xff")),
		LOG_STR("plain", ms_str_c("ann@example.org")) };

	scope_init(&s, NULL, ms_str_c("id1"), NULL, NULL, 0);
	log_write(&s.pub, MS_LOG_WARNING, "delivered", fields, 2);
	log_write(&s.pub, MS_LOG_DEBUG, "not wanted", NULL, 0);
}

Test(log, keeps_a_record_on_one_line_whatever_is_in_it)
{
	const char *t = log_as(false, say_hostile);

	cr_assert_not_null(strstr(t, " warning id1: delivered to=\"a b"), "%s", t);
	cr_assert_not_null(strstr(t, " plain=ann@example.org\n"), "%s", t);
	cr_assert_eq(strchr(t, '\n'), t + strlen(t) - 1, "one line: %s", t);
	cr_assert_null(strstr(t, "not wanted"));
}

Test(log, says_the_same_as_json)
{
	const char *t = log_as(true, say_hostile);

	cr_assert_eq(t[0], '{');
	cr_assert_not_null(strstr(t, "\"level\":\"warning\",\"id\":\"id1\""), "%s", t);
	cr_assert_not_null(strstr(t, "\"event\":\"delivered\""), "%s", t);
	cr_assert_not_null(strstr(t, "\\n"), "%s", t);
	cr_assert_eq(strchr(t, '\n'), t + strlen(t) - 1);
}

Test(log, refuses_a_place_that_it_does_not_know)
{
	struct log_options o = { .to = "printer:", .level = MS_LOG_INFO };
	struct ms_error err = MS_ERROR_INIT;

	cr_assert_eq(log_start(&o, &err), MS_INVALID);
	cr_assert_not_null(strstr(err.text, "printer:"));
}

static void
say_long(void)
{
	static char user[20000];
	struct ms_field fields[] = { { MS_STR("user"), { user, sizeof(user) } },
		{ MS_STR("client"), MS_STR("192.0.2.1") } };

	memset(user, '\1', sizeof(user));
	log_write(NULL, MS_LOG_WARNING, "login failed", fields, 2);
	log_write(NULL, MS_LOG_WARNING, "said by a peer: x\n2026 error forged", NULL, 0);
}

Test(log, writes_a_record_whatever_the_length_of_what_a_peer_said)
{
	const char *t = log_as(false, say_long);

	cr_assert_not_null(strstr(t, "login failed user="), "%s", t);
	cr_assert_not_null(strstr(t, " client=192.0.2.1\n"), "%s", t);
	cr_assert_not_null(strstr(t, "x?2026 error forged\n"), "%s", t);
	cr_assert_not_null(strstr(log_as(true, say_long), "\"event\":\"login failed\""));
}
