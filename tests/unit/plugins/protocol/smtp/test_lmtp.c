/* SPDX-License-Identifier: ISC */
/* test_lmtp.c - what RFC 2033 makes different */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

#define THREE "MAIL FROM:<ann@example.net>\r\nRCPT TO:<a@example.org>\r\n"	\
	"RCPT TO:<b@example.org>\r\nRCPT TO:<c@example.org>\r\n"
#define TEXT "From: ann@example.net\r\n\r\nhello\r\n"

/* L03 */
Test(lmtp, speaks_lhlo_alone)
{
	struct talk *t = talk_new(NULL);

	cr_assert_str_eq(talk_connect(t), "220");
	cr_assert_not_null(strstr(talk_heard(t), " LMTP "));
	EXPECT(t, "EHLO a\r\nHELO a\r\n", "500 5.5.1|500 5.5.1");
	EXPECT(t, "LHLO a\r\n", "250");
	cr_assert_not_null(strstr(talk_heard(t), "PIPELINING"));
	EXPECT(t, "AUTH PLAIN AAAA\r\n", "500 5.5.1");
	talk_free(t);
}

Test(lmtp, replies_once_for_each_recipient)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	EXPECT(t, THREE "DATA\r\n" TEXT ".\r\nNOOP\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|"
	    "250 2.0.0|250 2.0.0|250 2.0.0|250 2.0.0");
	cr_assert_eq(ms_mock_n_submitted(t->mock), 1);
	cr_assert_not_null(strstr(talk_submitted(t, 0), " with LMTP\r\n"));
	talk_free(t);
}

Test(lmtp, replies_to_bdat_last_alike)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	EXPECT(t, THREE "BDAT 6\r\nA: b\r\nBDAT 2 LAST\r\n\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|250 2.0.0|"
	    "250 2.0.0|250 2.0.0|250 2.0.0");
	talk_free(t);
}

/* RFC 2033 4.2: a recipient named twice is answered twice, served once. */
Test(lmtp, counts_a_repeated_recipient)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	EXPECT(t, "MAIL FROM:<>\r\nRCPT TO:<a@b>\r\nRCPT TO:<a@b>\r\nDATA\r\n"
	    TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|354|250 2.0.0|250 2.0.0");
	cr_assert_eq(strncmp(talk_submitted(t, 0), "\na@b\n\n", 6), 0);
	talk_free(t);
}

/* L01: what became of each, in the order of RCPT. */
Test(lmtp, tells_the_fate_of_each)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	ms_mock_verdict(t->mock, MS_AT_SEND, 1, MS_DEFER, 452, "4.2.2", "full");
	ms_mock_verdict(t->mock, MS_AT_SEND, 2, MS_REJECT, 550, "5.1.1", "who?");
	EXPECT(t, THREE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|"
	    "250 2.0.0|452 4.2.2|550 5.1.1");
	talk_free(t);
}

Test(lmtp, goes_on_with_those_that_no_stage_refused)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	ms_mock_verdict(t->mock, MS_AT_BODY, 1, MS_REJECT, 550, "5.7.1", "spam");
	EXPECT(t, THREE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|"
	    "250 2.0.0|550 5.7.1|250 2.0.0");
	cr_assert_eq(strncmp(talk_submitted(t, 0),
	    "ann@example.net\na@example.org\nc@example.org\n\n", 45), 0);
	talk_free(t);
}

Test(lmtp, refuses_for_all_in_as_many_words)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	ms_mock_verdict(t->mock, MS_AT_BODY, UINT32_MAX, MS_REJECT, 0, "", "");
	EXPECT(t, THREE "DATA\r\n" TEXT ".\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|"
	    "550 5.7.1|550 5.7.1|550 5.7.1");
	ms_mock_verdict(t->mock, MS_AT_BODY, UINT32_MAX, MS_NO_OPINION, 0, "", "");
	EXPECT(t, THREE "DATA\r\nbare\n\r\n.\r\nNOOP\r\n",
	    "250 2.1.0|250 2.1.5|250 2.1.5|250 2.1.5|354|"
	    "550 5.6.11|550 5.6.11|550 5.6.11|250 2.0.0");
	cr_assert_eq(ms_mock_n_submitted(t->mock), 0);
	talk_free(t);
}

Test(lmtp, refuses_data_without_recipients)
{
	struct talk *t = talk_new(NULL);

	talk_begin(t, "LHLO");
	EXPECT(t, "MAIL FROM:<>\r\nDATA\r\n", "250 2.1.0|503 5.5.1");
	talk_free(t);
}
