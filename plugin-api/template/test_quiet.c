/* SPDX-License-Identifier: ISC */
/* test_quiet.c - the filter on a mock host, without a server */
#include <stdio.h>
#include <string.h>

#include <mansio/filter.h>
#include <mansio/mock.h>

static const struct {
	const char *action, *subject;
	uint32_t    verdict;
	int         is_marked;
} cases[] = {
	{ "mark", "An ordinary subject", MS_NO_OPINION, 0 },
	{ "mark", "READ THIS NOW!!", MS_NO_OPINION, 1 },
	{ "mark", "RE: OK", MS_NO_OPINION, 0 },
	{ "mark", "=?utf-8?B?UkVBRCBUSElTIE5PVw==?=", MS_NO_OPINION, 1 },
	{ "refuse", "READ THIS NOW!!", MS_REJECT, 0 },
	{ "refuse", "An ordinary subject", MS_NO_OPINION, 0 },
};

static int
try_case(size_t i)
{
	static const char *const to[] = { "bob@example.org", NULL };
	struct ms_mock *mock = ms_mock_new(ms_plugin_entry());
	struct ms_verdict verdict;
	struct ms_message *message;
	char content[200];
	int is_marked, is_wrong;
	ms_status st;

	ms_mock_option(mock, "action", cases[i].action);
	(void)ms_mock_create(mock);
	snprintf(content, sizeof(content), "Subject: %s\r\n\r\nhello\r\n", cases[i].subject);
	message = ms_mock_message(mock, "ann@example.net", to, ms_str_c(content));
	st = ms_mock_judge(mock, MS_AT_BODY, message, 0, &verdict);
	is_marked = strstr(ms_mock_message_octets(mock, message).data, "X-Quiet: no") != NULL;
	is_wrong = st != MS_OK || verdict.action != cases[i].verdict ||
	    is_marked != cases[i].is_marked || ms_mock_blobs_held(mock) != 0;
	if (is_wrong)
		fprintf(stderr, "wrong: %s \"%s\": status %d, action %u, marked %d\n",
		    cases[i].action, cases[i].subject, (int)st, (unsigned)verdict.action,
		    is_marked);
	ms_mock_free(mock);
	return is_wrong;
}

int
main(void)
{
	int n_wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		n_wrong += try_case(i);
	return n_wrong != 0;
}
