/* SPDX-License-Identifier: ISC */
/* test_sizelimit.c - messages up to the limit pass, larger ones are refused */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/filter.h>
#include <mansio/mock.h>

#include "plugins/load.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static const char *const to[] = { "bob@example.org", NULL };

static const struct { const char *limit; size_t octets; uint32_t action; } cases[] = {
	{ "1KiB", 1023, MS_NO_OPINION }, { "1KiB", 1024, MS_NO_OPINION },
	{ "1KiB", 1025, MS_REJECT }, { "2KiB", 1025, MS_NO_OPINION },
	{ "2KiB", 5000, MS_REJECT }, { "1KiB", 0, MS_NO_OPINION },
};

ParameterizedTestParameters(sizelimit, refuses_what_is_larger)
{
	static size_t index[N_ELEMENTS(cases)];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(cases));
}

ParameterizedTest(size_t *i, sizelimit, refuses_what_is_larger)
{
	struct ms_mock *m = ms_mock_new(load_plugin("sizelimit"));
	char *octets = calloc(1, cases[*i].octets + 1);
	struct ms_verdict verdict;
	struct ms_message *msg;

	memset(octets, 'x', cases[*i].octets);
	ms_mock_option(m, "limit", cases[*i].limit);
	(void)ms_mock_create(m);
	msg = ms_mock_message(m, "ann@example.net", to, ms_str_of(octets, cases[*i].octets));
	cr_assert_eq(ms_mock_judge(m, MS_AT_BODY, msg, 0, &verdict), MS_OK);
	cr_assert_eq(verdict.action, cases[*i].action);
	if (verdict.action == MS_REJECT) {
		/* RFC 1870 6.1, RFC 3463 3.4. */
		cr_assert_eq(verdict.code, 552);
		cr_assert_str_eq(verdict.enhanced, "5.3.4");
		cr_assert_str_eq(verdict.label, "too-large");
		cr_assert_not_null(strstr(verdict.text, "exceeds"));
	}
	cr_assert_eq(ms_mock_message_octets(m, msg).len, cases[*i].octets);
	cr_assert_eq(ms_mock_blobs_held(m), 0);
	ms_mock_free(m);
	free(octets);
}

Test(sizelimit, takes_25_mib_where_nothing_is_said)
{
	struct ms_mock *m = ms_mock_new(load_plugin("sizelimit"));
	size_t octets = (size_t)25 << 20;
	char *text = malloc(octets + 1);
	struct ms_verdict verdict;

	cr_assert_not_null(text);
	memset(text, 'x', octets + 1);
	(void)ms_mock_create(m);
	(void)ms_mock_judge(m, MS_AT_BODY, ms_mock_message(m, "", to,
	    ms_str_of(text, octets)), 0, &verdict);
	cr_assert_eq(verdict.action, MS_NO_OPINION);
	(void)ms_mock_judge(m, MS_AT_BODY, ms_mock_message(m, "", to,
	    ms_str_of(text, octets + 1)), 0, &verdict);
	cr_assert_eq(verdict.action, MS_REJECT);
	ms_mock_free(m);
	free(text);
}
