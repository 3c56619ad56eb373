/* SPDX-License-Identifier: ISC */
/* test_pop3.c - conversations of POP3 over a maildrop in memory */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define LOGIN "USER ann@example.org\r\nPASS secret\r\n"
#define ONE "Subject: 1\r\n\r\nfirst\r\n"
#define DOTS "Subject: 2\r\n\r\n.\r\n.x\r\n..\r\nend"

static struct ms_mock *mock;
static struct ms_mock_session *session;
static char seen[2 << 20];

static void
start(const char *option, const char *value)
{
	struct ms_mock *store;

	mock = ms_mock_new(ms_plugin_entry());
	store = ms_mock_beside(mock, &drop_plugin);
	ms_mock_backend(mock, "mailbox", "mail", (struct ms_backend){
	    &drop_mailbox, ms_mock_create(store) });
	ms_mock_fact(mock, "server.hostname", "mx.example.org");
	ms_mock_fact(mock, "client.address", "127.0.0.1");
	ms_mock_login(mock, "ann@example.org", "secret", "ann@example.org");
	ms_mock_login(mock, "new@example.org", "secret", "new@example.org");
	if (option != NULL)
		ms_mock_option(mock, option, value);
	(void)ms_mock_create(mock);
}

static const char *
listen_to(void)
{
	size_t len = 0;

	for (;;) {
		struct ms_str sent = ms_mock_sent(session);

		if (sent.len == 0)
			break;
		cr_assert_lt(len + sent.len, sizeof(seen));
		memcpy(seen + len, sent.data, sent.len);
		len += sent.len;
		if (!ms_mock_is_closed(session))
			ms_mock_send(session, ms_str_of("", 0));
	}
	seen[len] = '\0';
	return seen;
}

static const char *
say(const char *text)
{
	ms_mock_send_c(session, text);
	return listen_to();
}

static void
begin(void)
{
	start(NULL, NULL);
	drop_add(3, ONE);
	drop_add(5, DOTS);
	drop_add(6, "Subject: 3\r\n\r\n");
	session = ms_mock_connect(mock);
	(void)listen_to();
	(void)say(LOGIN);
}

static void
end(void)
{
	ms_mock_free(mock);
	cr_assert_eq(drop_open_accounts(), 0);
}

static void
expect(const char *in, const char *want)
{
	const char *got = say(in);

	cr_assert_str_eq(got, want, "after \"%s\" came \"%s\"", in, got);
}

/* ---- login -------------------------------------------------------------------- */

Test(login, greets_without_offering_apop)
{
	start(NULL, NULL);
	session = ms_mock_connect(mock);
	cr_assert_eq(strncmp(listen_to(), "+OK ", 4), 0);
	cr_assert_null(strchr(seen, '<'));
	expect("STAT\r\n", "-ERR log in first\r\n");
	expect("PASS x\r\n", "-ERR USER comes first\r\n");
	expect("QUIT\r\n", "+OK bye\r\n");
	cr_assert(ms_mock_is_closed(session));
	end();
}

Test(login, tells_the_maildrop_once_it_is_open)
{
	start(NULL, NULL);
	drop_add(3, ONE);
	session = ms_mock_connect(mock);
	(void)listen_to();
	expect("USER ann@example.org\r\n", "+OK and the password?\r\n");
	expect("PASS wrong\r\n", "-ERR [AUTH] wrong user or password\r\n");
	expect("USER nobody\r\n", "+OK and the password?\r\n");
	expect("PASS secret\r\n", "-ERR [AUTH] wrong user or password\r\n");
	expect(LOGIN, "+OK and the password?\r\n+OK 1 messages, 21 octets\r\n");
	expect("USER x\r\n", "-ERR you are logged in\r\n");
	end();
}

Test(login, shows_an_empty_maildrop_to_who_has_none)
{
	start(NULL, NULL);
	session = ms_mock_connect(mock);
	(void)listen_to();
	expect("USER new@example.org\r\nPASS secret\r\nSTAT\r\nLIST\r\nQUIT\r\n",
	    "+OK and the password?\r\n+OK 0 messages, 0 octets\r\n+OK 0 0\r\n"
	    "+OK 0 messages\r\n.\r\n+OK bye\r\n");
	end();
}

Test(login, says_so_if_the_store_is_away)
{
	start(NULL, NULL);
	session = ms_mock_connect(mock);
	(void)listen_to();
	drop_fail_open(MS_TEMPFAIL);
	expect(LOGIN, "+OK and the password?\r\n"
	    "-ERR [SYS/TEMP] the maildrop can't be opened\r\n");
	cr_assert(ms_mock_is_closed(session));
	end();
}

Test(login, hangs_up_after_five_wrong_passwords)
{
	start(NULL, NULL);
	session = ms_mock_connect(mock);
	(void)listen_to();
	for (int i = 0; i < 5; i++)
		(void)say("USER ann@example.org\r\nPASS x\r\n");
	cr_assert(ms_mock_is_closed(session));
	end();
}

/* RFC 5034 */
Test(login, speaks_sasl)
{
	start(NULL, NULL);
	session = ms_mock_connect(mock);
	(void)listen_to();
	expect("AUTH PLAIN\r\n", "+ \r\n");
	expect("*\r\n", "-ERR cancelled\r\n");
	expect("AUTH PLAIN !\r\n", "-ERR that is not base64\r\n");
	expect("AUTH XYZZY\r\n", "-ERR STLS comes first\r\n");
	expect("AUTH PLAIN\r\n", "+ \r\n");
	expect("AGFubkBleGFtcGxlLm9yZwBzZWNyZXQ=\r\n",
	    "+OK 0 messages, 0 octets\r\n");
	end();
}

Test(login, wants_tls_where_the_admin_does)
{
	start("require-tls", "yes");
	session = ms_mock_connect(mock);
	(void)listen_to();
	expect("USER ann@example.org\r\n", "-ERR STLS comes first\r\n");
	cr_assert_null(strstr(say("CAPA\r\n"), "SASL"));
	cr_assert_not_null(strstr(seen, "STLS\r\n"));
	expect("STLS\r\n", "+OK begin\r\n");
	expect("STLS\r\n", "-ERR TLS is there already\r\n");
	cr_assert_not_null(strstr(say("CAPA\r\n"), "SASL PLAIN"));
	cr_assert_null(strstr(seen, "STLS\r\n"));
	expect(LOGIN, "+OK and the password?\r\n+OK 0 messages, 0 octets\r\n");
	end();
}

Test(login, closes_on_http)
{
	start(NULL, NULL);
	session = ms_mock_connect(mock);
	(void)listen_to();
	(void)say("GET / HTTP/1.1\r\n");
	cr_assert(ms_mock_is_closed(session));
	cr_assert_not_null(strstr(ms_mock_log(mock).data, "refused"));
	end();
}

/* ---- transaction ------------------------------------------------------------------- */

static const struct { const char *in, *want; } talks[] = {
	{ "STAT\r\n", "+OK 3 63\r\n" },
	{ "LIST\r\n", "+OK 3 messages\r\n1 21\r\n2 28\r\n3 14\r\n.\r\n" },
	{ "LIST 2\r\n", "+OK 2 28\r\n" },
	{ "UIDL\r\n", "+OK 3 messages\r\n1 1234abcd00000003\r\n"
	  "2 1234abcd00000005\r\n3 1234abcd00000006\r\n.\r\n" },
	{ "UIDL 3\r\n", "+OK 3 1234abcd00000006\r\n" },
	{ "NOOP\r\n", "+OK yes\r\n" },
	{ "RETR 1\r\n", "+OK 21 octets\r\n" ONE ".\r\n" },
	/* P04 */
	{ "RETR 2\r\n", "+OK 28 octets\r\nSubject: 2\r\n\r\n..\r\n..x\r\n...\r\n"
	  "end\r\n.\r\n" },
	{ "TOP 1 0\r\n", "+OK the top of it\r\nSubject: 1\r\n\r\n.\r\n" },
	{ "TOP 2 2\r\n", "+OK the top of it\r\nSubject: 2\r\n\r\n..\r\n..x\r\n.\r\n" },
	{ "TOP 3 9\r\n", "+OK the top of it\r\nSubject: 3\r\n\r\n.\r\n" },
	/* P03 */
	{ "TOP 1 -1\r\n", "-ERR say a message and how many lines\r\n" },
	{ "TOP 1\r\n", "-ERR say a message and how many lines\r\n" },
	{ "RETR 0\r\n", "-ERR no such message\r\n" },
	{ "RETR 4\r\n", "-ERR no such message\r\n" },
	{ "RETR 99999999999\r\n", "-ERR say a number\r\n" },
	{ "RETR\r\n", "-ERR say a number\r\n" },
	{ "LIST abc\r\n", "-ERR say a number\r\n" },
	{ "RETR 1 2\r\n", "-ERR too many arguments\r\n" },
	{ "DELE 2\r\nUIDL 2\r\nRETR 2\r\nDELE 2\r\nTOP 2 1\r\nSTAT\r\nLIST\r\n",
	  "+OK message 2 will be deleted\r\n-ERR no such message\r\n"
	  "-ERR no such message\r\n-ERR no such message\r\n"
	  "-ERR no such message\r\n+OK 2 35\r\n"
	  "+OK 2 messages\r\n1 21\r\n3 14\r\n.\r\n" },
	{ "DELE 1\r\nRSET\r\nSTAT\r\n",
	  "+OK message 1 will be deleted\r\n+OK 3 messages\r\n+OK 3 63\r\n" },
	{ "XYZZY\r\n", "-ERR unknown command\r\n" },
	{ "NOOP\n", "-ERR bad octets in the line\r\n" },
	{ "retr 1\r\n", "+OK 21 octets\r\n" ONE ".\r\n" },
};

Test(pop3, answers_as_rfc_1939_wants)
{
	begin();
	for (size_t i = 0; i < N_ELEMENTS(talks); i++) {
		expect(talks[i].in, talks[i].want);
		(void)say("RSET\r\n");
		if (i % 5 == 4) {	/* a fresh one: junk is counted */
			(void)say("QUIT\r\n");
			session = ms_mock_connect(mock);
			(void)listen_to();
			(void)say(LOGIN);
		}
	}
	end();
}

Test(pop3, tells_its_capabilities_after_the_login_too)
{
	static const char *const words[] = { "TOP", "UIDL", "USER",
		"RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER",
		"IMPLEMENTATION Mansio" };
	char line[64];

	begin();
	(void)say("CAPA\r\n");
	for (size_t i = 0; i < N_ELEMENTS(words); i++) {
		snprintf(line, sizeof(line), "\r\n%s\r\n", words[i]);
		cr_assert_not_null(strstr(seen, line), "%s", words[i]);
	}
	cr_assert_not_null(strstr(seen, "\r\nSASL PLAIN"));
	cr_assert_null(strstr(seen, "STLS"));
	end();
}

/* P01 */
Test(pop3, deletes_nothing_without_quit)
{
	begin();
	(void)say("DELE 1\r\nDELE 2\r\n");
	ms_mock_hang_up(session);
	cr_assert_str_eq(drop_left(), "3 5 6");
	session = ms_mock_connect(mock);
	(void)say(LOGIN "DELE 1\r\n");
	ms_mock_timeout(session);
	cr_assert(ms_mock_is_closed(session));
	cr_assert_str_eq(drop_left(), "3 5 6");
	end();
}

/* P02 */
Test(pop3, deletes_all_at_quit)
{
	begin();
	expect("DELE 1\r\nDELE 3\r\nQUIT\r\n", "+OK message 1 will be deleted\r\n"
	    "+OK message 3 will be deleted\r\n+OK bye\r\n");
	cr_assert(ms_mock_is_closed(session));
	cr_assert_str_eq(drop_left(), "5");
	end();
}

Test(pop3, says_so_if_nothing_could_be_deleted)
{
	begin();
	drop_fail_jobs(MS_TEMPFAIL);
	(void)say("DELE 1\r\n");
	expect("QUIT\r\n", "-ERR [SYS/TEMP] the messages were not deleted\r\n");
	cr_assert(ms_mock_is_closed(session));
	cr_assert_str_eq(drop_left(), "3 5 6");
	end();
}

Test(pop3, survives_messages_that_others_delete)
{
	begin();
	drop_take(5);
	expect("RETR 2\r\n", "-ERR the message is gone\r\n");
	expect("DELE 2\r\nDELE 1\r\nQUIT\r\n", "+OK message 2 will be deleted\r\n"
	    "+OK message 1 will be deleted\r\n+OK bye\r\n");
	cr_assert_str_eq(drop_left(), "6");
	end();
}

Test(pop3, lists_ten_thousand_in_portions)
{
	const char *p;
	uint32_t n = 0;

	start(NULL, NULL);
	for (uint32_t i = 1; i <= 10000; i++)
		drop_add(2 * i, ONE);
	session = ms_mock_connect(mock);
	(void)listen_to();
	expect(LOGIN, "+OK and the password?\r\n+OK 10000 messages, 210000 octets\r\n");
	p = say("UIDL\r\nNOOP\r\n");
	cr_assert_eq(strncmp(p, "+OK 10000 messages\r\n", 20), 0);
	for (p = strstr(p, "\r\n") + 2; *p != '.'; p = strstr(p, "\r\n") + 2) {
		char want[40];

		n++;
		snprintf(want, sizeof(want), "%u 1234abcd%08x\r\n", n, 2 * n);
		cr_assert_eq(strncmp(p, want, strlen(want)), 0, "%.30s", p);
	}
	cr_assert_eq(n, 10000);
	cr_assert_str_eq(p, ".\r\n+OK yes\r\n");
	end();
}
