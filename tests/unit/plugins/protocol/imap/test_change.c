/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

TestSuite(store, .init = talk_start, .fini = talk_end);
TestSuite(copy, .init = talk_start, .fini = talk_end);
TestSuite(expunge, .init = talk_start, .fini = talk_end);
TestSuite(append, .init = talk_start, .fini = talk_end);

static struct ms_mock_session *
with_mails(uint32_t n)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(n);
	(void)answer_to(s, "s SELECT INBOX");
	return s;
}

Test(store, tells_the_flags_it_made)
{
	struct ms_mock_session *s = with_mails(3);

	says(s, "a STORE 1:2 +FLAGS (\\Seen)",
	    "* 1 FETCH (FLAGS (\\Seen \\Recent))\r\n"
	    "* 2 FETCH (FLAGS (\\Seen \\Recent))\r\n"
	    "a OK STORE completed\r\n");
	says(s, "b UID STORE 2 FLAGS (\\Deleted \\Draft)",
	    "* 2 FETCH (UID 2 FLAGS (\\Deleted \\Draft \\Recent))\r\n"
	    "b OK STORE completed\r\n");
	says(s, "c STORE 2 -FLAGS \\Draft",
	    "* 2 FETCH (FLAGS (\\Deleted \\Recent))\r\n"
	    "c OK STORE completed\r\n");
	says(s, "d STORE 1:* FLAGS.SILENT ()", "d OK STORE completed\r\n");
	says(s, "e NOOP", "e OK NOOP completed\r\n");
	says_with(s, "f STORE 1 FLAGS (\\Recent)", "f BAD ");
	says_with(s, "g STORE 1 FLAGS (\\Nope)", "g BAD ");
	says_with(s, "h STORE 1 FLAG (\\Seen)", "h BAD ");
	says_with(s, "i STORE 4 FLAGS (\\Seen)", "i BAD ");
	says(s, "j UID STORE 99 FLAGS (\\Seen)", "j OK STORE completed\r\n");
}

Test(store, tells_new_keywords_first)
{
	struct ms_mock_session *s = with_mails(1);
	const char *got = answer_to(s, "a STORE 1 +FLAGS ($Work)");

	cr_assert_eq(strncmp(got, "* FLAGS (\\Answered \\Flagged \\Deleted "
	    "\\Seen \\Draft $Work)\r\n", 56), 0, "%s", got);
	cr_assert_not_null(strstr(got,
	    "* 1 FETCH (FLAGS (\\Recent $Work))\r\n"));
	says_without(s, "b STORE 1 -FLAGS ($work)", "* FLAGS");
	says_without(s, "c FETCH 1 FLAGS", "$Work");
}

Test(store, changes_nothing_that_was_examined)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(1);
	(void)answer_to(s, "a EXAMINE INBOX");
	says_with(s, "b STORE 1 +FLAGS (\\Seen)", "b NO [READ-ONLY] ");
	says_with(s, "c EXPUNGE", "c NO [READ-ONLY] ");
	says_with(s, "d MOVE 1 INBOX", "d NO [READ-ONLY] ");
	memstore_flag(talk_mock, ANN, "INBOX", 1, MS_FLAG_DELETED, NULL);
	(void)answer_to(s, "e CLOSE");
	says_with(s, "f STATUS INBOX (MESSAGES)", "(MESSAGES 1)");
}

Test(store, on_a_condition_names_what_it_left_alone)
{
	struct ms_mock_session *s = with_mails(3);

	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_FLAGGED, NULL);
	says(s, "a STORE 1:3 (UNCHANGEDSINCE 4) +FLAGS.SILENT (\\Seen)",
	    "* OK [HIGHESTMODSEQ 4] now with modseqs\r\n"
	    "* 1 FETCH (UID 1 MODSEQ (6))\r\n"
	    "* 3 FETCH (UID 3 MODSEQ (6))\r\n"
	    "* 2 FETCH (UID 2 MODSEQ (5) FLAGS (\\Flagged \\Recent))\r\n"
	    "a OK [MODIFIED 2] STORE completed\r\n");
	says_with(s, "b UID STORE 2 (UNCHANGEDSINCE 0) FLAGS (\\Seen)",
	    "b OK [MODIFIED 2] ");
	says_with(s, "c STORE 2 (UNCHANGEDSINCE 5) FLAGS (\\Seen)",
	    "* 2 FETCH (UID 2 MODSEQ (7) FLAGS (\\Seen \\Recent))\r\nc OK ST");
	says_with(s, "d STORE 2 (UNCHANGEDSINCE) FLAGS (\\Seen)", "d BAD ");
}

Test(store, of_thousands_tells_them_all)
{
	struct ms_mock_session *s = with_mails(3000);
	const char *got = answer_to(s, "a STORE 1:* +FLAGS (\\Seen)");
	unsigned n = 0;

	for (; *got == '*'; got = strchr(got, '\n') + 1)
		n++;
	cr_assert_eq(n, 3000);
	cr_assert_str_eq(got, "a OK STORE completed\r\n");
}

/* ---- COPY, MOVE ------------------------------------------------------------- */

Test(copy, tells_which_became_which)
{
	struct ms_mock_session *s = with_mails(4);

	(void)answer_to(s, "a CREATE x");
	says_with(s, "b COPY 2:3 x", " 2:3 1:2] COPY completed\r\n");
	says_with(s, "c UID COPY 4,1 x", " 1,4 3:4] COPY completed\r\n");
	says_with(s, "d UID COPY 99 x", "d OK ");
	says_with(s, "e COPY 5 x", "e BAD ");
	says_with(s, "f COPY 1 nope", "f NO [TRYCREATE] ");
	says_with(s, "g STATUS x (MESSAGES)", "(MESSAGES 4)");
	says_with(s, "h COPY 1 INBOX", "* 5 EXISTS\r\n");
}

Test(copy, keeps_flags_and_keywords)
{
	struct ms_mock_session *s = with_mails(1);

	(void)answer_to(s, "a CREATE x");
	(void)answer_to(s, "b STORE 1 FLAGS (\\Seen $Work)");
	(void)answer_to(s, "c COPY 1 x");
	(void)answer_to(s, "d SELECT x");
	says_with(s, "e FETCH 1 FLAGS", "(\\Seen \\Recent $Work)");
}

Test(copy, and_expunge_at_once_is_move)
{
	struct ms_mock_session *s = with_mails(4);
	const char *got;

	(void)answer_to(s, "a CREATE x");
	got = answer_to(s, "b MOVE 2:3 x");
	cr_assert_eq(strncmp(got, "* OK [COPYUID ", 14), 0);
	cr_assert_not_null(strstr(got, " 2:3 1:2] Moved\r\n"
	    "* 3 EXPUNGE\r\n* 2 EXPUNGE\r\nb OK MOVE completed\r\n"));
	says(s, "c FETCH 1:* UID", "* 1 FETCH (UID 1)\r\n"
	    "* 2 FETCH (UID 4)\r\nc OK FETCH completed\r\n");
	says_with(s, "d UID MOVE 4 nope", "d NO [TRYCREATE] ");
}

/* ---- EXPUNGE, CLOSE --------------------------------------------------------------- */

Test(expunge, tells_numbers_that_stay_true)
{
	struct ms_mock_session *s = with_mails(6);

	(void)answer_to(s, "a STORE 2,3,5 +FLAGS.SILENT (\\Deleted)");
	says(s, "b EXPUNGE", "* 5 EXPUNGE\r\n* 3 EXPUNGE\r\n* 2 EXPUNGE\r\n"
	    "b OK EXPUNGE completed\r\n");
	says_with(s, "c FETCH 2 UID", "* 2 FETCH (UID 4)");
	says(s, "d EXPUNGE", "d OK EXPUNGE completed\r\n");
}

Test(expunge, by_uid_takes_only_those)
{
	struct ms_mock_session *s = with_mails(4);

	(void)answer_to(s, "a STORE 1:3 +FLAGS.SILENT (\\Deleted)");
	says(s, "b UID EXPUNGE 2,4", "* 2 EXPUNGE\r\n"
	    "b OK EXPUNGE completed\r\n");
	/* A set that names none must not mean all. */
	says_with(s, "c UID EXPUNGE 99", "c OK ");
	says_with(s, "d STATUS INBOX (MESSAGES)", "(MESSAGES 3)");
	says_with(s, "e UID EXPUNGE", "e BAD ");
	says_with(s, "f EXPUNGE 1", "f BAD ");
}

Test(expunge, is_silent_in_close_and_left_out_by_unselect)
{
	struct ms_mock_session *s = with_mails(3);

	(void)answer_to(s, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
	says(s, "b UNSELECT", "b OK UNSELECT completed\r\n");
	says_with(s, "c STATUS INBOX (MESSAGES)", "(MESSAGES 3)");
	(void)answer_to(s, "d SELECT INBOX");
	says(s, "e CLOSE", "e OK CLOSE completed\r\n");
	says_with(s, "f STATUS INBOX (MESSAGES)", "(MESSAGES 2)");
	says_with(s, "g FETCH 1 FLAGS", "g BAD ");
}

/* ---- APPEND ----------------------------------------------------------------------- */

#define MAIL	"Subject: x\r\n\r\nhi\r\n"	/* 18 octets */

Test(append, takes_flags_a_date_and_a_message)
{
	struct ms_mock_session *s = talk_login();

	says(s, "a APPEND INBOX (\\Seen $Work) \"31-Dec-2019 23:00:00 -0100\""
	    " {18}", "+ Ready for the message\r\n");
	says_with(s, MAIL, " 1] APPEND completed\r\n");
	(void)answer_to(s, "b SELECT INBOX");
	says(s, "c FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])",
	    "* 1 FETCH (FLAGS (\\Seen \\Recent $Work) INTERNALDATE "
	    "\" 1-Jan-2020 00:00:00 +0000\" BODY[] {18}\r\n" MAIL ")\r\n"
	    "c OK FETCH completed\r\n");
}

Test(append, into_the_selected_mailbox_is_told)
{
	struct ms_mock_session *s = talk_select("INBOX");
	const char *got = answer_to(s, "a APPEND INBOX {18+}\r\n" MAIL);

	cr_assert_not_null(strstr(got, "* 1 EXISTS\r\n* 1 RECENT\r\na OK ["));
}

Test(append, finds_its_mailbox_in_a_literal)
{
	struct ms_mock_session *s = talk_login();

	says_with(s, "a APPEND {5+}\r\nINBOX {18+}\r\n" MAIL, "a OK [APPEND");
}

Test(append, refuses_before_the_message_is_sent)
{
	struct ms_mock_session *s = talk_login();

	says_with(s, "a APPEND INBOX {102401}", "a NO [TOOBIG] ");
	says_with(s, "b APPEND nope {18}", "b NO [TRYCREATE] ");
	says_with(s, "c APPEND INBOX {0}", "c NO ");
	says_with(s, "d APPEND \"&AGE-\" {18}", "d NO [CANNOT] ");
	says_with(s, "e APPEND INBOX", "e BAD ");
	says_with(s, "f APPEND INBOX (\\Seen {2+}\r\nab", "f BAD ");
	says_with(s, "g NOOP", "g OK ");
}

Test(append, stays_in_step_when_a_refused_message_comes_all_the_same)
{
	struct ms_mock_session *s = talk_login();

	says(s, "a APPEND nope {18+}\r\n" MAIL "\r\nb NOOP",
	    "a NO [TRYCREATE] no such mailbox\r\nb OK NOOP completed\r\n");
	says(s, "a APPEND \"&AGE-\" {18+}\r\n" MAIL "\r\nb NOOP",
	    "a NO [CANNOT] That is no mailbox name\r\n"
	    "b OK NOOP completed\r\n");
}

Test(append, of_far_too_much_ends_the_session)
{
	struct ms_mock_session *s = talk_login();

	says_with(s, "a APPEND INBOX {9999999999+}", "* BYE [TOOBIG] ");
	cr_assert(ms_mock_is_closed(s));
}

Test(append, of_more_than_allowed_is_read_and_dropped)
{
	struct ms_mock_session *s = talk_login();
	char *text = malloc(102402);

	cr_assert_not_null(text);
	memset(text, 'x', 102401);
	text[102401] = '\0';
	ms_mock_send_c(s, "a APPEND INBOX {102401+}\r\n");
	ms_mock_send_c(s, text);
	says_with(s, "\r\nb NOOP", "a NO [TOOBIG] The message is too large\r\n"
	    "b OK ");
	free(text);
}

Test(append, of_nul_octets_needs_a_binary_literal)
{
	struct ms_mock_session *s = talk_login();

	ms_mock_send(s, (struct ms_str)MS_STR("a APPEND INBOX {3+}\r\n"
	    "a\0b\r\n"));
	cr_assert_eq(strncmp(answer_to(s, "n NOOP"), "n OK", 4), 0);
	says_with(s, "s STATUS INBOX (MESSAGES)", "(MESSAGES 0)");
	ms_mock_send(s, (struct ms_str)MS_STR("a APPEND INBOX ~{3+}\r\n"
	    "a\0b\r\n"));
	says_with(s, "s STATUS INBOX (MESSAGES)", "(MESSAGES 1)");
}

Test(append, of_many_is_one)
{
	struct ms_mock_session *s = talk_login();

	says(s, "a APPEND INBOX (\\Seen) {18}", "+ Ready for the message\r\n");
	says(s, MAIL " (\\Draft) {18}", "+ Ready for the message\r\n");
	says_with(s, MAIL, " 1:2] APPEND completed\r\n");
	(void)answer_to(s, "b SELECT INBOX");
	says(s, "c FETCH 1:2 FLAGS",
	    "* 1 FETCH (FLAGS (\\Seen \\Recent))\r\n"
	    "* 2 FETCH (FLAGS (\\Draft \\Recent))\r\n"
	    "c OK FETCH completed\r\n");
	/* The second is refused, so the first is not kept either. */
	says_with(s, "d APPEND INBOX {18+}\r\n" MAIL " {102401}",
	    "d NO [TOOBIG] ");
	says_with(s, "e APPEND INBOX {18+}\r\n" MAIL " garbage", "e BAD ");
	says_with(s, "f STATUS INBOX (MESSAGES)", "(MESSAGES 2)");
}
