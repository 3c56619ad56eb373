/* SPDX-License-Identifier: ISC */
/* What sessions see of each other's doings: numbers, notices, IDLE. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "talk.h"

TestSuite(view, .init = talk_start, .fini = talk_end);
TestSuite(idle, .init = talk_start, .fini = talk_end);
TestSuite(recent, .init = talk_start, .fini = talk_end);
TestSuite(qresync, .init = talk_start, .fini = talk_end);

static struct ms_mock_session *
with_mails(uint32_t n)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(n);
	(void)answer_to(s, "s EXAMINE INBOX");
	return s;
}

Test(view, keeps_its_numbers_until_an_expunge_may_be_told)
{
	struct ms_mock_session *s = with_mails(4);

	memstore_expunge(talk_mock, ANN, "INBOX", 2, 2);
	says(s, "a FETCH 3 UID", "* 3 FETCH (UID 3)\r\n"
	    "a OK FETCH completed\r\n");
	says(s, "b SEARCH UID 3:4", "* SEARCH 3 4\r\nb OK SEARCH completed\r\n");
	says(s, "c NOOP", "* 2 EXPUNGE\r\nc OK NOOP completed\r\n");
	says(s, "d FETCH 3 UID", "* 3 FETCH (UID 4)\r\n"
	    "d OK FETCH completed\r\n");
}

Test(view, tells_an_expunge_after_a_uid_command)
{
	struct ms_mock_session *s = with_mails(3);

	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	says(s, "a UID FETCH 3 UID", "* 3 FETCH (UID 3)\r\n* 1 EXPUNGE\r\n"
	    "a OK FETCH completed\r\n");
}

Test(view, does_not_tell_an_expunge_after_a_uid_search_by_numbers)
{
	struct ms_mock_session *s = with_mails(3);

	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	says(s, "a UID SEARCH 2:3", "* SEARCH 2 3\r\n"
	    "a OK SEARCH completed\r\n");
	says(s, "b UID SEARCH ALL", "* SEARCH 2 3\r\n* 1 EXPUNGE\r\n"
	    "b OK SEARCH completed\r\n");
}

Test(view, still_shows_what_was_expunged_by_others)
{
	struct ms_mock_session *s = with_mails(2);

	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	says(s, "a FETCH 1:2 (UID BODY.PEEK[TEXT])",
	    "* 2 FETCH (UID 2 BODY[TEXT] {8}\r\nbody 2\r\n)\r\n"
	    "* 1 FETCH (UID 1 BODY[TEXT] {8}\r\nbody 1\r\n)\r\n"
	    "a OK FETCH completed\r\n");
	memstore_keep_trash(false);
	says(s, "b FETCH 1:2 UID", "* 2 FETCH (UID 2)\r\n"
	    "b NO [EXPUNGEISSUED] some of the messages were expunged\r\n");
	memstore_keep_trash(true);
}

Test(view, refuses_to_copy_what_is_gone)
{
	struct ms_mock_session *s = with_mails(2);

	(void)answer_to(s, "s CREATE x");
	(void)answer_to(s, "s SELECT INBOX");
	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	says_with(s, "a FETCH 1 UID", "a OK");
	says_with(s, "b STORE 1:2 +FLAGS (\\Seen)", "b NO [EXPUNGEISSUED] ");
	says_with(s, "c COPY 1:2 x", "c NO [EXPUNGEISSUED] ");
}

Test(view, tells_changed_flags_and_arrivals)
{
	struct ms_mock_session *s = with_mails(2);

	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_SEEN, "$New");
	deliver_many(1);
	says(s, "a NOOP",
	    "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $New)\r\n"
	    "* OK [PERMANENTFLAGS ()] Read-only\r\n"
	    "* 2 FETCH (FLAGS (\\Seen \\Recent $New))\r\n"
	    "* 3 EXISTS\r\n* 3 RECENT\r\na OK NOOP completed\r\n");
	says(s, "b NOOP", "b OK NOOP completed\r\n");
}

Test(view, tells_arrivals_also_while_expunges_wait)
{
	struct ms_mock_session *s = with_mails(3);

	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	deliver_many(2);
	/* One of the new ones comes and goes before it is told of. */
	memstore_expunge(talk_mock, ANN, "INBOX", 4, 4);
	says(s, "a FETCH 3 UID", "* 3 FETCH (UID 3)\r\n* 5 EXISTS\r\n"
	    "* 3 RECENT\r\na OK FETCH completed\r\n");
	says(s, "b FETCH 5 UID", "* 5 FETCH (UID 5)\r\n"
	    "b OK FETCH completed\r\n");
	says(s, "c NOOP", "* 4 EXPUNGE\r\n* 1 EXPUNGE\r\n"
	    "c OK NOOP completed\r\n");
	says(s, "d FETCH 1:* UID", "* 1 FETCH (UID 2)\r\n"
	    "* 2 FETCH (UID 3)\r\n* 3 FETCH (UID 5)\r\n"
	    "d OK FETCH completed\r\n");
}

Test(view, says_nothing_of_what_came_and_went)
{
	struct ms_mock_session *s = with_mails(1);

	deliver_many(1);
	memstore_expunge(talk_mock, ANN, "INBOX", 2, 2);
	says(s, "a NOOP", "a OK NOOP completed\r\n");
	says(s, "b NOOP", "b OK NOOP completed\r\n");
}

Test(view, of_others_changes_beside_an_own_store)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(3);
	(void)answer_to(s, "a SELECT INBOX");
	memstore_flag(talk_mock, ANN, "INBOX", 1, MS_FLAG_FLAGGED, NULL);
	says(s, "b STORE 3 +FLAGS (\\Seen)",
	    "* 3 FETCH (FLAGS (\\Seen \\Recent))\r\n"
	    "* 1 FETCH (FLAGS (\\Flagged \\Recent))\r\n"
	    "b OK STORE completed\r\n");
	says(s, "c NOOP", "c OK NOOP completed\r\n");
}

/* A client that believes what it is told. */
struct client {
	struct ms_mock_session *session;
	uint32_t uids[4000];	/* by number; 0: not asked yet */
	uint32_t n;
};

static void
believe(struct client *c, const char *answer, int round)
{
	for (; *answer == '*'; answer = strchr(answer, '\n') + 1) {
		char *end;
		uint32_t number = (uint32_t)strtoul(answer + 2, &end, 10);

		if (strncmp(end, " EXPUNGE", 8) == 0) {
			cr_assert(number >= 1 && number <= c->n);
			memmove(&c->uids[number - 1], &c->uids[number],
			    (c->n - number) * sizeof(c->uids[0]));
			c->n--;
		} else if (strncmp(end, " EXISTS", 7) == 0) {
			cr_assert_geq(number, c->n);
			while (c->n < number)
				c->uids[c->n++] = 0;
		} else if (strncmp(end, " FETCH (UID ", 12) == 0) {
			uint32_t uid = (uint32_t)strtoul(end + 12, NULL, 10);

			cr_assert(number >= 1 && number <= c->n);
			if (c->uids[number - 1] == 0)
				c->uids[number - 1] = uid;
			cr_assert_eq(c->uids[number - 1], uid,
			    "round %d: %u was %u, is %u", round, number,
			    c->uids[number - 1], uid);
		}
	}
}

Test(view, of_two_sessions_at_random_stays_true)
{
	static const char *const commands[] = { "a NOOP", "a FETCH 1:* UID",
	    "a UID FETCH 1:* UID", "a SEARCH ALL", "a UID SEARCH 1:*",
	    "a FETCH * (UID FLAGS)" };
	static struct client clients[2];
	uint32_t seed = 20260101, n = 20;

	for (int k = 0; k < 2; k++) {
		clients[k].session = with_mails(k == 0 ? 20 : 0);
		believe(&clients[k], answer_to(clients[k].session,
		    "s SELECT INBOX"), 0);
	}
	for (int round = 0; round < 2000; round++) {
		struct client *c = &clients[round & 1];
		uint32_t uid;

		seed = seed * 1103515245 + 12345;
		uid = (seed >> 8) % n + 1;
		switch (seed >> 24 & 3) {
		case 0:
			deliver_many(1);
			n++;
			break;
		case 1:
			memstore_expunge(talk_mock, ANN, "INBOX", uid,
			    uid + (seed >> 28 == 0 ? 5 : 0));
			break;
		case 2:
			memstore_flag(talk_mock, ANN, "INBOX", uid,
			    1u << (seed >> 28) % 5, NULL);
			break;
		}
		believe(c, answer_to(c->session, commands[(seed >> 16) % 6]),
		    round);
	}
	for (int k = 0; k < 2; k++) {
		char want[100];

		believe(&clients[k], answer_to(clients[k].session, "a NOOP"),
		    -1);
		believe(&clients[k], answer_to(clients[k].session,
		    "a FETCH 1:* UID"), -1);
		snprintf(want, sizeof(want), "(MESSAGES %u)", clients[k].n);
		says_with(clients[k].session, "b STATUS INBOX (MESSAGES)",
		    want);
	}
}

Test(view, that_the_store_forgot_is_begun_anew)
{
	struct ms_mock_session *s = with_mails(3);

	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	memstore_forget(ANN, "INBOX");
	says_with(s, "a NOOP", "* BYE Too much changed");
	cr_assert(ms_mock_is_closed(s));
}

/* ---- IDLE --------------------------------------------------------------------- */

Test(idle, tells_what_happens)
{
	struct ms_mock_session *s = with_mails(2);

	says(s, "a IDLE", "+ idling\r\n");
	deliver_many(1);
	ms_mock_event(s, memstore_topic(ANN, "INBOX"));
	hears(s, "* 3 EXISTS\r\n* 3 RECENT\r\n");
	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_SEEN, NULL);
	ms_mock_event(s, memstore_topic(ANN, "INBOX"));
	hears(s, "* 2 FETCH (FLAGS (\\Seen \\Recent))\r\n* 1 EXPUNGE\r\n");
	ms_mock_event(s, memstore_topic(ANN, "INBOX"));
	hears(s, "");
	says(s, "DONE", "a OK IDLE ended\r\n");
	says(s, "b NOOP", "b OK NOOP completed\r\n");
}

Test(idle, tells_first_what_happened_before)
{
	struct ms_mock_session *s = with_mails(1);

	deliver_many(1);
	says(s, "a IDLE", "+ idling\r\n* 2 EXISTS\r\n* 2 RECENT\r\n");
	deliver_many(1);
	says(s, "done", "* 3 EXISTS\r\n* 3 RECENT\r\na OK IDLE ended\r\n");
}

Test(idle, ends_by_done_alone)
{
	struct ms_mock_session *s = with_mails(1);

	(void)answer_to(s, "a IDLE");
	says(s, "b NOOP", "a BAD DONE was expected\r\n");
	says_with(s, "c NOOP", "c OK ");
}

Test(idle, is_written_to_now_and_then_and_finds_what_no_event_told)
{
	struct ms_mock_session *s = with_mails(1);

	(void)answer_to(s, "a IDLE");
	deliver_many(1);
	ms_mock_timeout(s);
	hears(s, "* OK Still here\r\n* 2 EXISTS\r\n* 2 RECENT\r\n");
	ms_mock_advance(talk_mock, INT64_C(31) * 60 * 1000000);
	ms_mock_timeout(s);
	hears(s, "* BYE Idle for too long\r\n");
	cr_assert(ms_mock_is_closed(s));
}

Test(idle, without_a_mailbox_waits_for_done)
{
	struct ms_mock_session *s = talk_login();

	says(s, "a IDLE", "+ idling\r\n");
	says(s, "DONE", "a OK IDLE ended\r\n");
}

Test(idle, can_be_hung_up)
{
	struct ms_mock_session *s = with_mails(1);

	(void)answer_to(s, "a IDLE");
	ms_mock_hang_up(s);
}

/* ---- \Recent -------------------------------------------------------------------- */

Test(recent, is_told_to_one_session_only)
{
	struct ms_mock_session *s = talk_login(), *t = talk_login();

	deliver_many(2);
	says_with(s, "a SELECT INBOX", "* 2 RECENT\r\n");
	says_with(t, "a SELECT INBOX", "* 0 RECENT\r\n");
	says_with(s, "b SEARCH RECENT", "* SEARCH 1 2\r\n");
	says_with(t, "b SEARCH RECENT", "* SEARCH\r\n");
	says_with(s, "c SEARCH NEW", "* SEARCH 1 2\r\n");
	says_with(t, "c SEARCH OLD", "* SEARCH 1 2\r\n");
}

Test(recent, is_not_used_up_by_examine)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(1);
	says_with(s, "a EXAMINE INBOX", "* 1 RECENT\r\n");
	says_with(s, "b SELECT INBOX", "* 1 RECENT\r\n");
	says_with(s, "c SELECT INBOX", "* 0 RECENT\r\n");
}

Test(recent, is_over_for_what_came_while_it_was_selected)
{
	struct ms_mock_session *s = talk_select("INBOX");

	deliver_many(1);
	says_with(s, "a NOOP", "* 1 RECENT\r\n");
	says_with(s, "b FETCH 1 FLAGS", "(\\Recent)");
	(void)answer_to(s, "c UNSELECT");
	says_with(s, "d SELECT INBOX", "* 0 RECENT\r\n");
}

/* ---- SELECT, CONDSTORE, QRESYNC ---------------------------------------------------- */

Test(view, is_described_by_select)
{
	struct ms_mock_session *s = talk_login();
	const char *got;

	deliver_many(3);
	memstore_flag(talk_mock, ANN, "INBOX", 1, MS_FLAG_SEEN, "$Work");
	got = answer_to(s, "a SELECT INBOX");
	cr_assert_not_null(strstr(got, "* FLAGS (\\Answered \\Flagged "
	    "\\Deleted \\Seen \\Draft $Work)\r\n"));
	cr_assert_not_null(strstr(got, "\\Draft $Work \\*)] "));
	cr_assert_not_null(strstr(got, "* 3 EXISTS\r\n* 3 RECENT\r\n"
	    "* OK [UNSEEN 2] "));
	cr_assert_not_null(strstr(got, "* OK [UIDNEXT 4] "));
	cr_assert_not_null(strstr(got, "* OK [HIGHESTMODSEQ 5] "));
	cr_assert_not_null(strstr(got, "a OK [READ-WRITE] "));
	says_with(s, "b EXAMINE INBOX", "* OK [CLOSED] ");
	says_with(s, "c SELECT nope", "c NO [NONEXISTENT] ");
	says_with(s, "d FETCH 1 UID", "d BAD ");
}

Test(qresync, must_be_enabled)
{
	struct ms_mock_session *s = with_mails(2);

	says_with(s, "a SELECT INBOX (QRESYNC (1 1))", "a BAD ");
	says_with(s, "b UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)",
	    "b BAD ");
	says(s, "c ENABLE QRESYNC X-NOPE", "* OK [HIGHESTMODSEQ 3] now with "
	    "modseqs\r\n* ENABLED QRESYNC\r\nc OK ENABLE completed\r\n");
	says(s, "d ENABLE CONDSTORE", "* ENABLED\r\nd OK ENABLE completed\r\n");
	says_with(s, "e FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)", "e BAD ");
	says_with(s, "f UID FETCH 1:* FLAGS (VANISHED)", "f BAD ");
}

Test(qresync, brings_a_client_up_to_date)
{
	struct ms_mock_session *s = talk_login();
	const char *got;
	char line[200];
	uint32_t uidvalidity;

	deliver_many(6);
	got = answer_to(s, "a EXAMINE INBOX");
	uidvalidity = (uint32_t)strtoul(strstr(got, "UIDVALIDITY ") + 12,
	    NULL, 10);
	/* modseq is 7 */
	memstore_expunge(talk_mock, ANN, "INBOX", 2, 3);
	memstore_flag(talk_mock, ANN, "INBOX", 5, MS_FLAG_SEEN, NULL);
	deliver_many(1);
	(void)answer_to(s, "b ENABLE QRESYNC");
	(void)answer_to(s, "b UNSELECT");
	snprintf(line, sizeof(line), "c EXAMINE INBOX (QRESYNC (%u 7))",
	    uidvalidity);
	says_with(s, line, "* VANISHED (EARLIER) 2:3\r\n"
	    "* 3 FETCH (UID 5 MODSEQ (9) FLAGS (\\Seen \\Recent))\r\n"
	    "* 5 FETCH (UID 7 MODSEQ (10) FLAGS (\\Recent))\r\n"
	    "c OK [READ-ONLY] ");
	snprintf(line, sizeof(line), "d EXAMINE INBOX (QRESYNC (%u 7 1:2,6))",
	    uidvalidity);
	got = answer_to(s, line);
	cr_assert_not_null(strstr(got, "* VANISHED (EARLIER) 2\r\n"));
	cr_assert_null(strstr(got, "FETCH"));
	snprintf(line, sizeof(line), "e EXAMINE INBOX (QRESYNC (%u 7))",
	    uidvalidity + 1);
	says_without(s, line, "VANISHED");
	/* The store forgot: all that is not there is told, but for what the
	   client proves to know. */
	memstore_forget(ANN, "INBOX");
	snprintf(line, sizeof(line), "f EXAMINE INBOX (QRESYNC (%u 7 1:9))",
	    uidvalidity);
	says_with(s, line, "* VANISHED (EARLIER) 2:3\r\n");
	snprintf(line, sizeof(line), "g EXAMINE INBOX (QRESYNC (%u 7 1:9 "
	    "(1:2,3 1,4,5)))", uidvalidity);
	says_without(s, line, "VANISHED");
	snprintf(line, sizeof(line), "h EXAMINE INBOX (QRESYNC (%u 7 1:* ))",
	    uidvalidity);
	says_with(s, line, "h BAD ");
}

Test(qresync, tells_expunges_as_vanished)
{
	struct ms_mock_session *s = talk_login(), *t;

	deliver_many(5);
	(void)answer_to(s, "a ENABLE QRESYNC");
	(void)answer_to(s, "b SELECT INBOX");
	(void)answer_to(s, "c STORE 2:3 +FLAGS.SILENT (\\Deleted)");
	says(s, "d EXPUNGE", "* VANISHED 2:3\r\n"
	    "d OK [HIGHESTMODSEQ 8] EXPUNGE completed\r\n");
	t = talk_select("INBOX");
	(void)answer_to(t, "a STORE 1 +FLAGS.SILENT (\\Deleted)");
	(void)answer_to(t, "a EXPUNGE");
	says(s, "e NOOP", "* VANISHED 1\r\ne OK NOOP completed\r\n");
	says(s, "f UID FETCH 1:9 (FLAGS) (CHANGEDSINCE 6 VANISHED)",
	    "* VANISHED (EARLIER) 1:3\r\nf OK FETCH completed\r\n");
}

Test(qresync, fetches_what_vanished_above_the_last_message)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(5);
	(void)answer_to(s, "a ENABLE QRESYNC");
	memstore_expunge(talk_mock, ANN, "INBOX", 4, 5);
	(void)answer_to(s, "b SELECT INBOX");
	says(s, "c UID FETCH 1:* (FLAGS) (CHANGEDSINCE 6 VANISHED)",
	    "* VANISHED (EARLIER) 4:5\r\nc OK FETCH completed\r\n");
}

Test(qresync, tells_a_lower_modseq_while_expunges_wait)
{
	struct ms_mock_session *s = with_mails(3);

	(void)answer_to(s, "a ENABLE QRESYNC");
	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_SEEN, NULL);
	says(s, "b FETCH 3 UID", "* 3 FETCH (UID 3)\r\n"
	    "* 2 FETCH (UID 2 MODSEQ (6) FLAGS (\\Seen \\Recent))\r\n"
	    "* OK [HIGHESTMODSEQ 4] expunges are to be told\r\n"
	    "b OK FETCH completed\r\n");
	says(s, "c NOOP", "* VANISHED 1\r\nc OK NOOP completed\r\n");
}

Test(qresync, begins_modseqs_with_each_enabling_command)
{
	static const char *const lines[] = { "a FETCH 1 MODSEQ",
	    "a FETCH 1 FLAGS (CHANGEDSINCE 1)", "a SEARCH MODSEQ 1",
	    "a STATUS INBOX (HIGHESTMODSEQ)", "a ENABLE CONDSTORE" };

	deliver_many(0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct ms_mock_session *s = with_mails(1);

		says_with(s, lines[i], "* OK [HIGHESTMODSEQ ");
		memstore_flag(talk_mock, ANN, "INBOX", 1 + (uint32_t)i,
		    MS_FLAG_SEEN, NULL);
		says_with(s, "b NOOP", " MODSEQ (");
	}
}

Test(qresync, fetches_what_changed)
{
	struct ms_mock_session *s = with_mails(3);

	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_SEEN, NULL);
	(void)answer_to(s, "a NOOP");
	says_with(s, "b FETCH 1:* (FLAGS) (CHANGEDSINCE 4)",
	    "* 2 FETCH (MODSEQ (5) FLAGS (\\Seen \\Recent))\r\nb OK ");
	says(s, "c SEARCH MODSEQ 4", "* SEARCH 2 3 (MODSEQ 5)\r\n"
	    "c OK SEARCH completed\r\n");
	says(s, "d SEARCH MODSEQ \"/flags/\\\\seen\" all 5",
	    "* SEARCH 2 (MODSEQ 5)\r\nd OK SEARCH completed\r\n");
	says(s, "e SEARCH MODSEQ 99", "* SEARCH\r\n"
	    "e OK SEARCH completed\r\n");
}
