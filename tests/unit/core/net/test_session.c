/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mansio/str.h>

#include "base/bus.h"
#include "base/clock.h"
#include "peer.h"

static struct server server;

static void
start(void)
{
	server_init(&server);
	server_start(&server);
}

static void
stop(void)
{
	server_stop(&server);
}

static void
greeted(struct peer *p)
{
	peer_connect(p, &server);
	cr_assert_str_eq(peer_line(p), "220 echo");
}

#define ask(p, text, reply) do {					\
	peer_send((p), text);						\
	cr_assert_str_eq(peer_line(p), reply);				\
} while (0)

TestSuite(session, .init = start, .fini = stop, .timeout = 30);

Test(session, answers_a_line)
{
	struct peer p;

	greeted(&p);
	ask(&p, "SAY hello\r\n", "250 hello");
	ask(&p, "QUIT\r\n", "221 bye");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(session, takes_a_line_that_comes_octet_by_octet)
{
	static const char text[] = "SAY slow\r\n";
	struct peer p;

	greeted(&p);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		peer_send_octets(&p, text + i, 1);
		usleep(2000);
	}
	cr_assert_str_eq(peer_line(&p), "250 slow");
	peer_close(&p);
}

Test(session, says_what_is_odd_about_a_line)
{
	struct peer p;

	greeted(&p);
	ask(&p, "FLAGS\n", "250 8");
	ask(&p, "FLAGS \r\r\n", "250 4");
	ask(&p, "MAX 10\r\nSAY 0123456789\r\n", "500 10 3");
	ask(&p, "SAY fits\r\n", "250 fits");
	peer_close(&p);
}

Test(session, cuts_a_peer_that_never_ends_its_line)
{
	static char octets[200 * 1024];
	struct peer p;

	greeted(&p);
	memset(octets, 'x', sizeof(octets));
	peer_send_octets(&p, octets, sizeof(octets));
	cr_assert_str_eq(peer_line(&p), "500 1000 2");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(session, answers_ten_thousand_pipelined_commands_in_order)
{
	struct peer p;
	char text[32];
	static char all[10000 * 16];
	size_t n = 0;

	greeted(&p);
	for (int i = 0; i < 10000; i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "SAY %d\r\n", i);
	/* All is sent before anything is read. */
	peer_send_octets(&p, all, n);
	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "250 %d", i);
		cr_assert_str_eq(peer_line(&p), text);
	}
	peer_close(&p);
}

Test(session, marks_what_was_pipelined)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "FLAGS\r\nFLAGS\r\n");
	cr_assert_str_eq(peer_line(&p), "250 0");
	cr_assert_str_eq(peer_line(&p), "250 1");
	ask(&p, "FLAGS\r\n", "250 0");
	peer_close(&p);
}

Test(session, receives_bodies_and_the_command_behind_them)
{
	struct peer p;

	greeted(&p);
	ask(&p, "DATA\r\n", "354 go");
	ask(&p, "Subject: a\r\n\r\n..b\r\n.\r\nSAY next\r\n", "250 18 0 0 18");
	cr_assert_str_eq(peer_line(&p), "250 next");
	ask(&p, "DATA\r\n", "354 go");
	ask(&p, "a\n.\nMAIL\r\n.\r\n", "250 10 8 0 10");
	peer_send(&p, "COUNT 5\r\n12");
	usleep(20000);
	ask(&p, "345SAY x\r\n", "250 5 0 0 5");
	cr_assert_str_eq(peer_line(&p), "250 x");
	ask(&p, "DROP 3\r\nabc", "250 3 1 0 0");
	ask(&p, "COUNT 0\r\n", "250 0 1 0 0");
	ask(&p, "BYTES 4\r\nwxyz", "250 4 wxyz");
	ask(&p, "BYTES 0\r\nw", "250 1 w");
	peer_close(&p);
}

Test(session, stops_after_the_header_when_asked)
{
	struct peer p;

	greeted(&p);
	ask(&p, "HEADER\r\n", "354 go");
	peer_send(&p, "Subject: a\r\n\r\ntext\r\n.\r\n");
	cr_assert_str_eq(peer_line(&p), "- header 14");
	cr_assert_str_eq(peer_line(&p), "250 20 1 0 20");
	peer_close(&p);
}

Test(session, counts_and_drops_a_body_past_its_limit)
{
	static char text[300 * 1024];
	struct peer p;

	greeted(&p);
	memset(text, 'x', sizeof(text));
	for (size_t i = 998; i + 1 < sizeof(text); i += 1000)
		memcpy(text + i, "\r\n", 2);
	memcpy(text + sizeof(text) - 5, "\r\n.\r\n", 5);
	peer_send(&p, "LIMIT 100000\r\n");
	ask(&p, "DATA\r\n", "354 go");
	peer_send_octets(&p, text, sizeof(text));
	/* MS_CAME_TOO_LONG, MS_LIMIT. */
	cr_assert_str_eq(peer_line(&p), "250 307197 2 -9 0");
	ask(&p, "SAY on\r\n", "250 on");
	peer_close(&p);
}

Test(session, waits_for_an_op_and_leaves_input_alone_meanwhile)
{
	struct peer p;
	int64_t began = clock_steady_us();

	greeted(&p);
	peer_send(&p, "SLEEP 100\r\nSAY after\r\n");
	cr_assert_str_eq(peer_line(&p), "250 slept");
	cr_assert_geq(clock_steady_us() - began, 100000);
	cr_assert_str_eq(peer_line(&p), "250 after");
	peer_close(&p);
}

Test(session, ends_by_its_deadline_however_often_an_octet_comes)
{
	struct peer p;
	int64_t began;

	greeted(&p);
	began = clock_steady_us();
	peer_send(&p, "SOON 300\r\n");
	for (int i = 0; i < 5; i++) {
		usleep(50000);
		peer_send(&p, "x");
	}
	cr_assert_str_eq(peer_line(&p), "421 timeout");
	cr_assert_geq(clock_steady_us() - began, 300000);
	cr_assert_leq(clock_steady_us() - began, 800000);
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(session, moves_its_deadline_nearer_and_further)
{
	struct peer p;

	greeted(&p);
	ask(&p, "SOON 60000\r\nSAY a\r\n", "250 a");
	ask(&p, "SOON 5000\r\nSAY b\r\n", "250 b");
	peer_send(&p, "SOON 100\r\n");
	cr_assert_str_eq(peer_line(&p), "421 timeout");
	peer_close(&p);
}

static void
wait_for(_Atomic unsigned *value, unsigned want)
{
	for (int i = 0; i < 500 && atomic_load(value) != want; i++)
		usleep(10000);
	cr_assert_eq(atomic_load(value), want);
}

Test(session, is_told_that_its_peer_went)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "SAY half a li");
	usleep(20000);
	peer_close(&p);
	wait_for(&server.self.closed, 1);
	cr_assert_eq(atomic_load(&server.self.last_came), MS_CAME_CLOSED);
	cr_assert_eq(net_connections(), 0);
}

Test(session, ends_in_the_middle_of_an_op_when_its_peer_resets)
{
	struct linger hard = { .l_onoff = 1 };
	struct peer p;

	greeted(&p);
	peer_send(&p, "SLEEP 1500\r\n");
	usleep(50000);
	setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	peer_close(&p);
	usleep(200000);
	cr_assert_eq(atomic_load(&server.self.closed), 1);
	usleep(1400000);	/* the op's timer */
}

Test(session, waits_without_work_while_the_peer_has_shut_its_side)
{
	struct peer p;
	clock_t began;

	greeted(&p);
	peer_send(&p, "SLEEP 500\r\n");
	shutdown(p.fd, SHUT_WR);
	began = clock();
	cr_assert_str_eq(peer_line(&p), "250 slept");
	cr_assert_lt(clock() - began, CLOCKS_PER_SEC / 20);
	peer_close(&p);
}

Test(session, goes_on_with_a_body_after_an_event)
{
	struct peer p;

	greeted(&p);
	ask(&p, "WATCH a\r\n", "250 0");
	ask(&p, "LISTEN\r\n", "354 go");
	peer_send(&p, "one\r\n.");
	usleep(30000);
	bus_publish(ms_str_c("a"), ms_str_c(""));
	cr_assert_str_eq(peer_line(&p), "* a");
	ask(&p, "\r\nSAY x\r\n", "250 5 0 0 5");
	cr_assert_str_eq(peer_line(&p), "250 x");
	peer_close(&p);
}

Test(session, answers_all_even_if_the_peer_has_shut_its_side)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "SAY a\r\nSLEEP 50\r\nSAY b\r\nQUIT\r\n");
	shutdown(p.fd, SHUT_WR);
	cr_assert_str_eq(peer_line(&p), "250 a");
	cr_assert_str_eq(peer_line(&p), "250 slept");
	cr_assert_str_eq(peer_line(&p), "250 b");
	cr_assert_str_eq(peer_line(&p), "221 bye");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(session, tells_events_once_however_often_they_come)
{
	struct peer p;

	greeted(&p);
	ask(&p, "WATCH mailbox/ann/1\r\n", "250 0");
	ask(&p, "WATCH mailbox/bob/\r\n", "250 0");
	for (int i = 0; i < 10; i++)
		bus_publish(ms_str_c("mailbox/ann/1"), ms_str_c(""));
	cr_assert(peer_is_silent(&p, 50), "nobody waits for events yet");
	ask(&p, "IDLE\r\n", "+ idle");
	cr_assert_str_eq(peer_line(&p), "* mailbox/ann/1");
	cr_assert(peer_is_silent(&p, 50));
	bus_publish(ms_str_c("mailbox/bob/7"), ms_str_c(""));
	cr_assert_str_eq(peer_line(&p), "* mailbox/bob/7");
	bus_publish(ms_str_c("mailbox/eve/7"), ms_str_c(""));
	cr_assert(peer_is_silent(&p, 50));
	ask(&p, "SAY done\r\n", "250 done");
	peer_close(&p);
}

static void
check_lines(struct peer *p, size_t n, const char *line)
{
	for (size_t i = 0; i < n; i++)
		cr_assert_str_eq(peer_line(p), line, "line %zu", i);
}

Test(session, sends_blobs_from_memory_and_from_files)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "SEND 80\r\nSEND 800000\r\nFILE 80\r\nFILE 1600000\r\nSAY x\r\n");
	check_lines(&p, 10, ".23456");
	check_lines(&p, 100000, ".23456");
	check_lines(&p, 10, ".23456");
	check_lines(&p, 200000, ".23456");
	cr_assert_str_eq(peer_line(&p), "250 x");
	peer_close(&p);
}

Test(session, doubles_dots_when_asked)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "DOT 800000\r\nDOT 0\r\nDOT 11\r\nSAY x\r\n");
	check_lines(&p, 100000, "..23456");
	cr_assert_str_eq(peer_line(&p), ".");
	cr_assert_str_eq(peer_line(&p), ".");
	cr_assert_str_eq(peer_line(&p), "..23456");
	cr_assert_str_eq(peer_line(&p), "..23");
	cr_assert_str_eq(peer_line(&p), ".");
	cr_assert_str_eq(peer_line(&p), "250 x");
	peer_close(&p);
}

/* "More follows" with nothing behind it costs the kernel's 200 ms each time. */
Test(session, sends_the_end_of_a_stuffed_text_at_once)
{
	int64_t began = clock_steady_us();
	struct peer p;

	greeted(&p);
	for (int i = 0; i < 10; i++) {
		peer_send(&p, "DOT 16000\r\n");
		check_lines(&p, 2000, "..23456");
		cr_assert_str_eq(peer_line(&p), ".");
	}
	cr_assert_lt(clock_steady_us() - began, SECOND_US, "%lld us",
	    (long long)(clock_steady_us() - began));
	peer_close(&p);
}

/* Each with a line before it, as POP3 has: little is held for each. */
Test(session, sends_many_small_texts_that_were_asked_for_at_once)
{
	static const char one[] = "SAY x\r\nDOT 1000\r\nSAY y\r\nSEND 800\r\n";
	char all[300 * sizeof(one)] = "";
	size_t n = 0;
	struct peer p;

	greeted(&p);
	for (int i = 0; i < 300; i++, n += sizeof(one) - 1)
		memcpy(all + n, one, sizeof(one));
	peer_send_octets(&p, all, n);
	for (int i = 0; i < 300; i++) {
		cr_assert_str_eq(peer_line(&p), "250 x");
		check_lines(&p, 125, "..23456");
		cr_assert_str_eq(peer_line(&p), ".");
		cr_assert_str_eq(peer_line(&p), "250 y");
		check_lines(&p, 100, ".23456");
	}
	peer_close(&p);
}

/* Lines of a dot alone become half as long again: they fit nowhere by
   chance. */
Test(session, sends_texts_of_dots)
{
	struct peer p;

	greeted(&p);
	for (size_t octets = 3; octets < 13000; octets = octets / 2 * 3 / 3 * 3 + 3) {
		char text[40];

		snprintf(text, sizeof(text), "DOTS %zu\r\nSAY x\r\n", octets);
		peer_send(&p, text);
		check_lines(&p, octets / 3, "..");
		cr_assert_str_eq(peer_line(&p), ".");
		cr_assert_str_eq(peer_line(&p), "250 x");
	}
	peer_close(&p);
}

Test(session, holds_little_for_a_peer_that_does_not_read)
{
	struct peer p;
	size_t before = mallinfo2().uordblks;

	greeted(&p);
	peer_send(&p, "PAGES 100000000\r\n");
	usleep(300000);
	cr_assert_lt(mallinfo2().uordblks - before, 400 * 1024);
	cr_assert(peer_skip(&p, 100000000 / 1024 * 1024));
	cr_assert_str_eq(peer_line(&p), "250 done");
	cr_assert_leq(atomic_load(&server.self.live_octets), 66 * 1024);
	peer_close(&p);
}

Test(session, reads_no_more_from_a_peer_that_does_not_read)
{
	struct peer p;
	char line[64];
	unsigned steps;

	greeted(&p);
	/* Each makes 100,000 octets; the socket takes some megabytes. */
	snprintf(line, sizeof(line), "SEND 100000\r\n");
	for (int i = 0; i < 500; i++)
		peer_send(&p, line);
	usleep(300000);
	steps = atomic_load(&server.self.steps);
	cr_assert_lt(steps, 300, "%u steps were run", steps);
	cr_assert(peer_skip(&p, 500 * 100000));
	cr_assert_eq(atomic_load(&server.self.steps), 500);
	peer_close(&p);
}

Test(session, is_ended_by_far_too_much_output_or_memory)
{
	struct peer p;

	greeted(&p);
	ask(&p, "FLOOD\r\n", "(closed)");
	peer_close(&p);
	greeted(&p);
	ask(&p, "EAT 100000\r\nSAY a\r\n", "250 a");
	ask(&p, "EAT 200000\r\nSAY b\r\n", "(closed)");
	peer_close(&p);
}

Test(session, has_a_second_life_with_its_output_in_order)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "ACCOUNT\r\nSEND 80000\r\nLOGIN tag1\r\nACCOUNT\r\n");
	cr_assert_str_eq(peer_line(&p), "250 ");
	check_lines(&p, 10000, ".23456");
	cr_assert_str_eq(peer_line(&p), "250 0");
	cr_assert_str_eq(peer_line(&p), "230 ann@example.org resumed with tag1");
	cr_assert_str_eq(peer_line(&p), "250 ann@example.org");
	ask(&p, "FACT auth.account\r\n", "250 ann@example.org");
	cr_assert_eq(atomic_load(&server.self.closed), 1);
	ask(&p, "EAT 1000000\r\nSAY known\r\n", "250 known");
	ask(&p, "LOGOUT\r\n", "250 0");
	cr_assert_str_eq(peer_line(&p), "230  resumed with ");
	ask(&p, "ACCOUNT\r\n", "250 ");
	peer_close(&p);
}

Test(session, knows_its_client)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	struct peer p;
	char text[32];

	greeted(&p);
	getsockname(p.fd, (struct sockaddr *)&at, &len);
	snprintf(text, sizeof(text), "250 %u", ntohs(at.sin_port));
	ask(&p, "FACT client.address\r\n", "250 127.0.0.1");
	ask(&p, "FACT client.port\r\n", text);
	ask(&p, "FACT listener\r\n", "250 echo");
	peer_close(&p);
}

Test(session, gets_the_last_reply_though_more_was_sent)
{
	static char junk[60000];
	struct peer p;

	greeted(&p);
	memset(junk, 'x', sizeof(junk));
	peer_send(&p, "QUIT\r\n");
	peer_send_octets(&p, junk, sizeof(junk));
	cr_assert_str_eq(peer_line(&p), "221 bye");
	peer_close(&p);
}

/* ---- the server as a whole ---- */

Test(network, says_goodbye_to_idle_sessions_when_it_stops, .timeout = 20)
{
	struct peer p;
	int64_t began;

	start();
	greeted(&p);
	began = clock_steady_us();
	stop();
	cr_assert_lt(clock_steady_us() - began, SECOND_US);
	cr_assert_str_eq(peer_line(&p), "421 going down");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(network, cuts_who_stays_past_the_grace, .timeout = 20)
{
	struct peer p;
	int64_t began;

	server_init(&server);
	server.options.grace_us = SECOND_US / 2;
	atomic_store(&server.self.retire_busy, 1);
	server_start(&server);
	greeted(&p);
	began = clock_steady_us();
	stop();
	cr_assert_geq(clock_steady_us() - began, SECOND_US / 2);
	cr_assert_str_eq(peer_line(&p), "(closed)");
	cr_assert_eq(atomic_load(&server.self.closed), 1);
	peer_close(&p);
}

/* Two are at work; the others come when those do not come back. */
Test(network, serves_on_while_steps_block, .timeout = 20)
{
	struct peer blocked[5], p;
	int64_t began;

	server_init(&server);
	server.options.workers = 6;
	server.options.at_work = 2;
	server_start(&server);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5; i++) {
			greeted(&blocked[i]);
			peer_send(&blocked[i], "BLOCK 1500\r\n");
		}
		began = clock_steady_us();
		greeted(&p);
		ask(&p, "SAY hello\r\n", "250 hello");
		cr_assert_lt(clock_steady_us() - began, SECOND_US);
		peer_close(&p);
		for (int i = 0; i < 5; i++) {
			cr_assert_str_eq(peer_line(&blocked[i]), "250 woken");
			peer_close(&blocked[i]);
		}
	}
	server_stop(&server);
}

Test(network, tells_clients_that_they_have_too_many_connections, .timeout = 20)
{
	struct peer p[5];

	server_init(&server);
	server.options.per_client = 3;
	server_start(&server);
	for (int i = 0; i < 3; i++)
		greeted(&p[i]);
	peer_connect(&p[3], &server);
	cr_assert_str_eq(peer_line(&p[3]), "421 too many");
	cr_assert_str_eq(peer_line(&p[3]), "(closed)");
	peer_close(&p[0]);
	wait_for(&server.self.closed, 2);
	usleep(20000);
	greeted(&p[4]);
	stop();
}

Test(network, tells_clients_that_the_server_is_full, .timeout = 20)
{
	struct peer p[3];

	server_init(&server);
	server.options.max_connections = 2;
	server_start(&server);
	greeted(&p[0]);
	greeted(&p[1]);
	peer_connect(&p[2], &server);
	cr_assert_str_eq(peer_line(&p[2]), "421 too many");
	stop();
}

static void
trust_loopback(struct network *n)
{
	server_init(&server);
	cr_assert_eq(network_parse(ms_str_c("127.0.0.0/8"), n), NULL);
	server.listener.proxy_from = n;
	server.listener.n_proxy_from = 1;
	server_start(&server);
}

Test(network, believes_a_trusted_proxy, .timeout = 20)
{
	struct network n;
	struct peer p;

	trust_loopback(&n);
	peer_connect(&p, &server);
	peer_send(&p, "PROXY TCP4 192.0.2.7 192.0.2.1 777");
	cr_assert(peer_is_silent(&p, 50));
	peer_send(&p, " 25\r\nFACT client.address\r\n");
	cr_assert_str_eq(peer_line(&p), "220 echo");
	cr_assert_str_eq(peer_line(&p), "250 192.0.2.7");
	ask(&p, "FACT client.port\r\n", "250 777");
	ask(&p, "FACT client.early\r\n", "250 21");
	ask(&p, "FACT client.proxy\r\n", "250 127.0.0.1");
	peer_close(&p);
	peer_connect(&p, &server);
	peer_send(&p, "EHLO example.org\r\n");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
	stop();
}

Test(network, takes_a_stranger_s_proxy_header_for_a_command, .timeout = 20)
{
	struct network n;
	struct peer p;

	server_init(&server);
	cr_assert_eq(network_parse(ms_str_c("192.0.2.0/24"), &n), NULL);
	server.listener.proxy_from = &n;
	server.listener.n_proxy_from = 1;
	server_start(&server);
	greeted(&p);
	ask(&p, "PROXY TCP4 192.0.2.7 192.0.2.1 777 25\r\n", "500 what");
	ask(&p, "FACT client.address\r\n", "250 127.0.0.1");
	peer_close(&p);
	stop();
}

static int
connect_local(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

Test(network, listens_on_a_unix_socket_and_takes_over_a_stale_one, .timeout = 20)
{
	char path[64], address[80], text[32];
	struct peer p = { 0 };
	struct stat st;
	int stale = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(path, sizeof(path), "/tmp/mansio-test-%d.sock", (int)getpid());
	snprintf(address, sizeof(address), "unix:%s", path);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	cr_assert_eq(bind(stale, (struct sockaddr *)&at, sizeof(at)), 0);
	close(stale);
	server_init(&server);
	server.addresses[0] = address;
	server_start(&server);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0660);
	p.fd = connect_local(path);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	snprintf(text, sizeof(text), "250 %u", (unsigned)getuid());
	ask(&p, "FACT client.unix\r\n", text);
	ask(&p, "FACT client.address\r\n", "250 ");
	peer_close(&p);
	stop();
	cr_assert_neq(stat(path, &st), 0);
}

Test(network, refuses_an_address_that_is_taken, .timeout = 20)
{
	struct net_listener second;
	const char *addresses[2] = { NULL, NULL };
	struct ms_error err = { .size = sizeof(err) };
	char address[32];

	start();
	second = server.listener;
	snprintf(address, sizeof(address), "127.0.0.1:%u",
	    net_port_of(&server.listener, 0));
	addresses[0] = address;
	second.addresses = addresses;
	cr_assert_neq(net_add_listener(&second, &err), MS_OK);
	cr_assert_neq(strstr(err.text, address), NULL, "%s", err.text);
	stop();
}

Test(network, serves_on_when_descriptors_run_out, .timeout = 20)
{
	struct peer p[64];
	int filler[4096], n = 0;
	int64_t began;

	start();
	greeted(&p[0]);
	/* Ours and the server's are the same process's. */
	for (int i = 1; i < 4; i++)
		p[i].fd = socket(AF_INET, SOCK_STREAM, 0);
	while (n < 4096 && (filler[n] = dup(0)) >= 0)
		n++;
	if (n == 4096) {
		cr_log_info("too many descriptors are allowed here");
		while (n > 0)
			close(filler[--n]);
		stop();
		return;
	}
	for (int i = 1; i < 4; i++) {
		struct sockaddr_in to = { .sin_family = AF_INET,
		    .sin_port = htons(net_port_of(&server.listener, 0)),
		    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

		p[i].start = p[i].end = 0;
		p[i].tls = p[i].credentials = NULL;
		cr_assert_eq(connect(p[i].fd, (struct sockaddr *)&to, sizeof(to)),
		    0);
	}
	ask(&p[0], "SAY still here\r\n", "250 still here");
	began = clock();
	usleep(300000);
	cr_assert_lt(clock() - began, CLOCKS_PER_SEC / 20, "no busy loop");
	while (n > 0)
		close(filler[--n]);
	greeted(&p[4]);
	stop();
}
