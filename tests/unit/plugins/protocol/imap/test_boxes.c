/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

#include "talk.h"

TestSuite(mailboxes, .init = talk_start, .fini = talk_end);
TestSuite(list, .init = talk_start, .fini = talk_end);
TestSuite(status, .init = talk_start, .fini = talk_end);

static struct ms_mock_session *
with_boxes(void)
{
	static const char *const names[] = { "a", "a/b", "a/b/c", "a-z",
	    "Sent (USE (\\Sent))", "x/y" };
	struct ms_mock_session *s = talk_login();

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ms_mock_send_c(s, "c CREATE ");
		ms_mock_send_c(s, names[i]);
		ms_mock_send_c(s, "\r\n");
	}
	(void)ms_mock_sent(s);
	return s;
}

Test(list, tells_all_with_children_and_uses)
{
	struct ms_mock_session *s = with_boxes();

	says(s, "a LIST \"\" *",
	    "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
	    "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"\r\n"
	    "* LIST (\\HasChildren) \"/\" \"a\"\r\n"
	    "* LIST (\\HasNoChildren) \"/\" \"a-z\"\r\n"
	    "* LIST (\\HasChildren) \"/\" \"a/b\"\r\n"
	    "* LIST (\\HasNoChildren) \"/\" \"a/b/c\"\r\n"
	    "* LIST (\\Noselect \\HasChildren) \"/\" \"x\"\r\n"
	    "* LIST (\\HasNoChildren) \"/\" \"x/y\"\r\n"
	    "a OK LIST completed\r\n");
}

Test(list, follows_reference_and_pattern)
{
	struct ms_mock_session *s = with_boxes();

	says(s, "a LIST a/ %", "* LIST (\\HasChildren) \"/\" \"a/b\"\r\n"
	    "a OK LIST completed\r\n");
	says(s, "b LIST \"\" a/b", "* LIST (\\HasChildren) \"/\" \"a/b\"\r\n"
	    "b OK LIST completed\r\n");
	says(s, "c LIST \"\" inbox", "* LIST (\\HasNoChildren) \"/\" INBOX\r\n"
	    "c OK LIST completed\r\n");
	says(s, "d LIST \"\" nope", "d OK LIST completed\r\n");
	says(s, "e LIST \"\" \"\"", "* LIST (\\Noselect) \"/\" \"\"\r\n"
	    "e OK LIST completed\r\n");
	says(s, "f LIST \"\" (a x/y)",
	    "* LIST (\\HasChildren) \"/\" \"a\"\r\n"
	    "* LIST (\\HasNoChildren) \"/\" \"x/y\"\r\n"
	    "f OK LIST completed\r\n");
}

Test(list, selects_and_returns_what_rfc5258_says)
{
	struct ms_mock_session *s = with_boxes();

	(void)answer_to(s, "s SUBSCRIBE a/b/c");
	(void)answer_to(s, "s SUBSCRIBE a-z");
	says(s, "a LIST (SUBSCRIBED) \"\" *",
	    "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"a-z\"\r\n"
	    "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"a/b/c\"\r\n"
	    "a OK LIST completed\r\n");
	says(s, "b LIST (SUBSCRIBED RECURSIVEMATCH) \"\" %",
	    "* LIST (\\HasChildren) \"/\" \"a\" (\"CHILDINFO\" "
	    "(\"SUBSCRIBED\"))\r\n"
	    "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"a-z\"\r\n"
	    "b OK LIST completed\r\n");
	says(s, "c LIST (SPECIAL-USE) \"\" * RETURN (SUBSCRIBED)",
	    "* LIST (\\HasNoChildren \\Sent) \"/\" \"Sent\"\r\n"
	    "c OK LIST completed\r\n");
	says(s, "d LIST \"\" a* RETURN (SUBSCRIBED CHILDREN)",
	    "* LIST (\\HasChildren) \"/\" \"a\"\r\n"
	    "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"a-z\"\r\n"
	    "* LIST (\\HasChildren) \"/\" \"a/b\"\r\n"
	    "* LIST (\\Subscribed \\HasNoChildren) \"/\" \"a/b/c\"\r\n"
	    "d OK LIST completed\r\n");
	says_with(s, "e LIST (RECURSIVEMATCH) \"\" *", "e BAD ");
	says_with(s, "f LIST (NOSUCH) \"\" *", "f BAD ");
	says_with(s, "g LIST \"\" * RETURN (NOSUCH)", "g BAD ");
}

Test(list, returns_status)
{
	struct ms_mock_session *s = with_boxes();

	deliver("a", "Subject: x\r\n\r\nx\r\n");
	says(s, "a LIST \"\" (a x) RETURN (STATUS (MESSAGES UNSEEN))",
	    "* LIST (\\HasChildren) \"/\" \"a\"\r\n"
	    "* STATUS \"a\" (MESSAGES 1 UNSEEN 1)\r\n"
	    "* LIST (\\Noselect \\HasChildren) \"/\" \"x\"\r\n"
	    "a OK LIST completed\r\n");
}

Test(list, of_subscriptions_shows_parents_for_a_percent)
{
	struct ms_mock_session *s = with_boxes();

	(void)answer_to(s, "s SUBSCRIBE a/b");
	(void)answer_to(s, "s SUBSCRIBE INBOX");
	says(s, "a LSUB \"\" *", "* LSUB () \"/\" INBOX\r\n"
	    "* LSUB () \"/\" \"a/b\"\r\na OK LSUB completed\r\n");
	says(s, "b LSUB \"\" %", "* LSUB () \"/\" INBOX\r\n"
	    "* LSUB (\\Noselect) \"/\" \"a\"\r\nb OK LSUB completed\r\n");
	(void)answer_to(s, "u UNSUBSCRIBE a/b");
	says(s, "c LSUB \"\" *", "* LSUB () \"/\" INBOX\r\n"
	    "c OK LSUB completed\r\n");
}

Test(list, keeps_a_subscription_whose_mailbox_was_deleted)
{
	struct ms_mock_session *s = with_boxes();

	(void)answer_to(s, "s SUBSCRIBE a-z");
	says(s, "d DELETE a-z", "d OK DELETE completed\r\n");
	says(s, "a LSUB \"\" *", "* LSUB (\\Noselect) \"/\" \"a-z\"\r\n"
	    "a OK LSUB completed\r\n");
	says(s, "b LIST (SUBSCRIBED) \"\" *",
	    "* LIST (\\NonExistent \\Subscribed \\HasNoChildren) \"/\" "
	    "\"a-z\"\r\nb OK LIST completed\r\n");
	says_without(s, "c LIST \"\" *", "a-z");
	(void)answer_to(s, "u UNSUBSCRIBE a-z");
	says(s, "e LSUB \"\" *", "e OK LSUB completed\r\n");
}

Test(list, refuses_deep_nesting_quickly)
{
	static char line[60000];
	struct ms_mock_session *s = talk_login();

	memset(line, '(', sizeof(line) - 1);
	memcpy(line, "a LIST ", 7);
	says_with(s, line, "a BAD ");
	memcpy(line, "a FETCH", 7);
	says_with(s, line, "a BAD ");
	says_with(s, "b NOOP", "b OK ");
}

/* ---- changing ---------------------------------------------------------------- */

Test(mailboxes, have_names_that_are_values)
{
	static const struct { const char *line, *piece; } cases[] = {
		{ "a SELECT \"../other\"", "a NO [NONEXISTENT] " },
		{ "a SELECT \"..\"", "a NO [NONEXISTENT] " },
		{ "a SELECT \"&AC8-etc\"", "a NO [CANNOT] " },
		{ "a SELECT \"&ANg\"", "a NO [CANNOT] " },
		{ "a SELECT \"&AGE-\"", "a NO [CANNOT] " },
		{ "a CREATE \"../x\"", "a NO [CANNOT] " },
		{ "a CREATE \"x/./y\"", "a NO [CANNOT] " },
		{ "a CREATE \"x*\"", "a OK " },
		{ "a LIST \"\" \"x*\"", "/\" \"x*\"\r\n" },
		{ "a CREATE \"\"", "a NO [CANNOT] " },
		{ "a CREATE \"//\"", "a NO [CANNOT] " },
		{ "a CREATE {3+}\r\na\r\n", "a NO [CANNOT] " },
		{ "a CREATE inbox", "a NO [ALREADYEXISTS] " },
		{ "a CREATE inbox/x", "a OK " },
		{ "a CREATE \"trail/\"", "a OK " },
		{ "a CREATE trail", "a NO [ALREADYEXISTS] " },
		{ "a SELECT InBoX/x", "a OK " },
		{ "a CREATE \"Entw&APw-rfe\"", "a OK " },
		{ "a LIST \"\" \"E*\"", "\"Entw&APw-rfe\"\r\n" },
	};
	struct ms_mock_session *s = talk_login();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		says_with(s, cases[i].line, cases[i].piece);
}

Test(mailboxes, of_endless_depth_or_length_are_refused)
{
	static char line[40000];
	struct ms_mock_session *s = talk_login();

	memset(line, 'a', sizeof(line) - 1);
	memcpy(line, "a CREATE ", 9);
	says_with(s, line, "a NO [LIMIT] ");
	for (size_t i = 10; i < sizeof(line) - 2; i += 2)
		line[i] = '/';
	says_with(s, line, "a NO [LIMIT] ");
}

Test(mailboxes, get_special_uses_that_are_known)
{
	struct ms_mock_session *s = talk_login();

	says_with(s, "a CREATE d (USE (\\Drafts))", "a OK [MAILBOXID (F");
	says_with(s, "b CREATE e (USE (\\All))", "b NO [USEATTR] ");
	says_with(s, "c CREATE f (USE (\\Sent \\Trash))", "c NO [USEATTR] ");
	says_with(s, "d CREATE g (USE ())", "d OK ");
	says_with(s, "e CREATE h (NOUSE)", "e BAD ");
}

Test(mailboxes, are_deleted_but_not_inbox_nor_a_name_with_children)
{
	struct ms_mock_session *s = with_boxes();

	says_with(s, "a DELETE INBOX", "a NO [CANNOT] ");
	says_with(s, "b DELETE nope", "b NO [NONEXISTENT] ");
	says_with(s, "c DELETE x", "c NO [HASCHILDREN] ");
	says_with(s, "d DELETE a", "d OK ");
	says_with(s, "e LIST \"\" a", "(\\Noselect \\HasChildren) \"/\" \"a\"");
	says_with(s, "f SELECT a", "f NO [NONEXISTENT] ");
	says_with(s, "g DELETE x/y", "g OK ");
	says_with(s, "h DELETE x", "h OK ");
}

Test(mailboxes, that_are_selected_can_be_deleted)
{
	struct ms_mock_session *s = with_boxes();

	(void)answer_to(s, "a SELECT a-z");
	says(s, "b DELETE a-z", "* OK [CLOSED] It was selected\r\n"
	    "b OK DELETE completed\r\n");
	says_with(s, "c FETCH 1 FLAGS", "c BAD Not now");
}

Test(mailboxes, deleted_by_somebody_else_end_the_session)
{
	struct ms_mock_session *s = with_boxes();

	(void)answer_to(s, "a SELECT a-z");
	memstore_delete_box(talk_mock, ANN, "a-z");
	says_with(s, "b NOOP", "* BYE The selected mailbox was deleted");
	cr_assert(ms_mock_is_closed(s));
}

Test(mailboxes, are_renamed_with_what_is_below)
{
	struct ms_mock_session *s = with_boxes();

	says_with(s, "a RENAME a n/m", "a OK ");
	says(s, "b LIST \"\" n*",
	    "* LIST (\\Noselect \\HasChildren) \"/\" \"n\"\r\n"
	    "* LIST (\\HasChildren) \"/\" \"n/m\"\r\n"
	    "* LIST (\\HasChildren) \"/\" \"n/m/b\"\r\n"
	    "* LIST (\\HasNoChildren) \"/\" \"n/m/b/c\"\r\n"
	    "b OK LIST completed\r\n");
	says_with(s, "c RENAME n/m n/m/b/d", "c NO [CANNOT] ");
	says_with(s, "d RENAME n/m n/m", "d NO [ALREADYEXISTS] ");
	says_with(s, "e RENAME n/m x/y", "e NO [ALREADYEXISTS] ");
	says_with(s, "f RENAME n/m inbox", "f NO [ALREADYEXISTS] ");
	says_with(s, "g RENAME nope z", "g NO [NONEXISTENT] ");
	says_with(s, "h RENAME a-z \"../x\"", "h NO [CANNOT] ");
}

Test(mailboxes, of_inbox_only_the_messages_are_renamed)
{
	struct ms_mock_session *s = with_boxes();

	(void)answer_to(s, "a CREATE INBOX/sub");
	deliver_many(3);
	says_with(s, "b RENAME INBOX old", "b OK ");
	says_with(s, "c STATUS old (MESSAGES)", "(MESSAGES 3)");
	says_with(s, "d STATUS INBOX (MESSAGES)", "(MESSAGES 0)");
	says_with(s, "e LIST \"\" INBOX/sub", "INBOX/sub");
}

/* ---- STATUS --------------------------------------------------------------------- */

Test(status, tells_what_is_asked)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(3);
	memstore_flag(talk_mock, ANN, "INBOX", 2, MS_FLAG_SEEN, NULL);
	memstore_flag(talk_mock, ANN, "INBOX", 3, MS_FLAG_DELETED, NULL);
	says(s, "a STATUS inbox (MESSAGES RECENT UIDNEXT UNSEEN DELETED)",
	    "* STATUS INBOX (MESSAGES 3 RECENT 3 UIDNEXT 4 UNSEEN 2 "
	    "DELETED 1)\r\na OK STATUS completed\r\n");
	says_with(s, "b STATUS INBOX (HIGHESTMODSEQ SIZE MAILBOXID)",
	    " MAILBOXID (F");
	says_with(s, "c STATUS INBOX (WHAT)", "c BAD ");
	says_with(s, "d STATUS INBOX ()", "d BAD ");
	says_with(s, "e STATUS nope (MESSAGES)", "e NO [NONEXISTENT] ");
}

Test(status, counts_as_recent_what_nobody_selected)
{
	struct ms_mock_session *s = talk_login();

	deliver_many(2);
	memstore_expunge(talk_mock, ANN, "INBOX", 1, 1);
	says_with(s, "a STATUS INBOX (RECENT)", "(RECENT 1)");
	(void)talk_select("INBOX");
	says_with(s, "b STATUS INBOX (RECENT)", "(RECENT 0)");
}

/* ---- UTF-8, quota ----------------------------------------------------------------- */

Test(mailboxes, have_utf8_names_once_that_is_enabled)
{
	struct ms_mock_session *s = talk_login();

	says_with(s, "a CREATE \"a\xc3\xbc\"", "a NO [CANNOT] ");
	says(s, "b ENABLE UTF8=ACCEPT", "* ENABLED UTF8=ACCEPT\r\n"
	    "b OK ENABLE completed\r\n");
	says_with(s, "c CREATE \"a\xc3\xbc&x\"", "c OK ");
	says_with(s, "d LIST \"\" a*", "\"a\xc3\xbc&x\"\r\n");
	says_with(s, "e CREATE \"a\xc3\"", "e BAD ");
	says_with(s, "f SELECT INBOX", "f OK ");
	says_with(s, "g SEARCH CHARSET UTF-8 ALL", "g BAD ");
	says_with(s, "h APPEND INBOX UTF8 (~{14+}\r\nSubject: x\r\n\r\n)",
	    "h OK [APPENDUID ");
	says_with(s, "i APPEND INBOX UTF8 (~{14+}\r\nSubject: x\r\n\r\n",
	    "i BAD ");
	s = talk_login();
	says_with(s, "j LIST \"\" a*", "\"a&APw-&-x\"\r\n");
}

Test(mailboxes, have_a_quota_root)
{
	struct ms_mock_session *s = talk_login();

	says(s, "a GETQUOTAROOT inbox", "* QUOTAROOT INBOX \"\"\r\n"
	    "* QUOTA \"\" ()\r\na OK GETQUOTAROOT completed\r\n");
	says(s, "b GETQUOTA \"\"", "* QUOTA \"\" ()\r\n"
	    "b OK GETQUOTA completed\r\n");
	says_with(s, "c GETQUOTA other", "c NO [NONEXISTENT] ");
}

Test(status, tells_what_expunge_would_free)
{
	struct ms_mock_session *s = talk_login();

	deliver("INBOX", "Subject: x\r\n\r\n12345\r\n");
	deliver_many(2);
	memstore_flag(talk_mock, ANN, "INBOX", 1, MS_FLAG_DELETED, NULL);
	says_with(s, "a STATUS INBOX (DELETED DELETED-STORAGE APPENDLIMIT)",
	    "(DELETED 1 APPENDLIMIT 102400 DELETED-STORAGE 21)");
}
