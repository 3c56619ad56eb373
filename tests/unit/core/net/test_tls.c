/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/clock.h"
#include "net/tls_store.h"
#include "peer.h"

static struct server server;

static void
start(void)
{
	server_init(&server);
	server_use_tls(&server, false, 0);
	server_start(&server);
}

static void
start_implicit(void)
{
	server_init(&server);
	server_use_tls(&server, true, 0);
	server_start(&server);
}

static void
stop(void)
{
	server_stop(&server);
}

#define ask(p, text, reply) do {					\
	peer_send((p), text);						\
	cr_assert_str_eq(peer_line(p), reply);				\
} while (0)

static void
greeted(struct peer *p)
{
	peer_connect(p, &server);
	cr_assert_str_eq(peer_line(p), "220 echo");
}

TestSuite(starttls, .init = start, .fini = stop, .timeout = 30);
TestSuite(tls, .init = start_implicit, .fini = stop, .timeout = 30);

Test(starttls, begins_when_asked)
{
	struct peer p;

	greeted(&p);
	ask(&p, "SAY clear\r\n", "250 clear");
	ask(&p, "FACT tls.version\r\n", "250 ");
	ask(&p, "BINDING tls-exporter\r\n", "250 -5 0");
	ask(&p, "STARTTLS\r\n", "220 ready");
	cr_assert_eq(peer_start_tls(&p, NULL), 0);
	ask(&p, "SAY hidden\r\n", "250 hidden");
	ask(&p, "FACT tls.version\r\n", "250 TLSv1.3");
	ask(&p, "FACT tls.sni\r\n", "250 mail.example.org");
	ask(&p, "BINDING tls-exporter\r\n", "250 0 32");
	ask(&p, "BINDING tls-server-end-point\r\n", "250 0 32");
	ask(&p, "BINDING tls-unique\r\n", "250 -5 0");
	peer_close(&p);
}

Test(starttls, happens_once)
{
	struct peer p;

	greeted(&p);
	ask(&p, "STARTTLS\r\n", "220 ready");
	cr_assert_eq(peer_start_tls(&p, NULL), 0);
	ask(&p, "STARTTLS\r\n", "220 ready");
	cr_assert_str_eq(peer_line(&p), "501 ");
	ask(&p, "SAY on\r\n", "250 on");
	peer_close(&p);
}

Test(starttls, may_be_left_alone_by_the_client)
{
	struct peer p;

	greeted(&p);
	ask(&p, "STARTTLS\r\n", "220 ready");
	peer_close(&p);
	/* And one is in the middle of it when the server stops. */
	greeted(&p);
	ask(&p, "STARTTLS\r\n", "220 ready");
}

/* CVE-2011-0411.  Nothing of what came in clear is ever answered. */
Test(starttls, fails_if_a_command_came_with_it)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "STARTTLS\r\nSAY injected\r\n");
	cr_assert_str_eq(peer_line(&p), "501 5.7.0");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(starttls, fails_if_a_part_of_a_command_came_with_it)
{
	struct peer p;

	greeted(&p);
	peer_send(&p, "STARTTLS\r\nS");
	cr_assert_str_eq(peer_line(&p), "501 5.7.0");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

Test(starttls, fails_if_a_command_comes_instead_of_a_handshake)
{
	struct peer p;

	greeted(&p);
	ask(&p, "STARTTLS\r\n", "220 ready");
	peer_send(&p, "SAY injected\r\n");
	/* An alert, perhaps; a reply in clear, never. */
	for (const char *line = peer_line(&p); strcmp(line, "(closed)") != 0;
	    line = peer_line(&p))
		cr_assert_eq(strstr(line, "250"), NULL);
	peer_close(&p);
}

Test(starttls, in_two_segments_is_the_same_as_in_one)
{
	for (int us = 0; us < 2000; us += 100) {
		const char *line;
		struct peer p;

		greeted(&p);
		peer_send(&p, "STARTTLS\r\n");
		usleep((useconds_t)us);
		peer_send(&p, "SAY injected\r\n");
		line = peer_line(&p);
		cr_assert(strcmp(line, "220 ready") == 0 ||
		    strcmp(line, "501 5.7.0") == 0, "%s", line);
		for (line = peer_line(&p); strcmp(line, "(closed)") != 0;
		    line = peer_line(&p))
			cr_assert_eq(strstr(line, "250"), NULL);
		peer_close(&p);
	}
}

Test(tls, comes_before_the_greeting)
{
	struct peer p;

	peer_connect(&p, &server);
	cr_assert(peer_is_silent(&p, 50));
	cr_assert_eq(peer_start_tls(&p, "echo"), 0);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	ask(&p, "FACT tls.alpn\r\n", "250 echo");
	ask(&p, "FACT client.address\r\n", "250 127.0.0.1");
	peer_close(&p);
}

Test(tls, refuses_a_client_of_another_protocol)
{
	struct peer p;

	peer_connect(&p, &server);
	cr_assert_eq(peer_start_tls(&p, "http/1.1"),
	    -1000 - GNUTLS_A_NO_APPLICATION_PROTOCOL);
	peer_close(&p);
	cr_assert_eq(atomic_load(&server.self.opened), 0);
	peer_connect(&p, &server);
	cr_assert_eq(peer_start_tls(&p, NULL), 0);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	peer_close(&p);
}

Test(tls, that_is_none_is_refused)
{
	struct peer p;

	peer_connect(&p, &server);
	peer_send(&p, "GET / HTTP/1.1\r\n\r\n");
	for (const char *line = peer_line(&p); strcmp(line, "(closed)") != 0;
	    line = peer_line(&p))
		cr_assert_eq(strstr(line, "220"), NULL);
	peer_close(&p);
	cr_assert_eq(atomic_load(&server.self.opened), 0);
}

static void
check_lines(struct peer *p, size_t n, const char *line)
{
	for (size_t i = 0; i < n; i++)
		cr_assert_str_eq(peer_line(p), line, "line %zu", i);
}

Test(tls, carries_what_is_large_both_ways)
{
	static char text[300 * 1024];
	struct peer p;

	peer_connect(&p, &server);
	cr_assert_eq(peer_start_tls(&p, "echo"), 0);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	peer_send(&p, "SEND 800000\r\nFILE 800000\r\nDOT 80000\r\nSAY x\r\n");
	usleep(100000);
	check_lines(&p, 200000, ".23456");
	check_lines(&p, 10000, "..23456");
	cr_assert_str_eq(peer_line(&p), ".");
	cr_assert_str_eq(peer_line(&p), "250 x");
	ask(&p, "DATA\r\n", "354 go");
	memset(text, 'x', sizeof(text));
	for (size_t i = 98; i + 1 < sizeof(text); i += 100)
		memcpy(text + i, "\r\n", 2);
	memcpy(text + sizeof(text) - 5, "\r\n.\r\n", 5);
	peer_send_octets(&p, text, sizeof(text));
	cr_assert_str_eq(peer_line(&p), "250 307197 0 0 307197");
	peer_send(&p, "PAGES 3072000\r\n");
	cr_assert(peer_skip(&p, 3072000));
	cr_assert_str_eq(peer_line(&p), "250 done");
	peer_close(&p);
}

Test(tls, answers_commands_in_many_small_records)
{
	struct peer p;
	char text[32];

	peer_connect(&p, &server);
	cr_assert_eq(peer_start_tls(&p, NULL), 0);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "SAY %d\r\n", i);
		peer_send(&p, text);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "250 %d", i);
		cr_assert_str_eq(peer_line(&p), text);
	}
	ask(&p, "QUIT\r\n", "221 bye");
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
}

static void
start_asking(uint32_t clients)
{
	server_init(&server);
	server_use_tls(&server, true, clients);
	server_start(&server);
}

Test(client, is_known_by_what_its_certificate_is_worth, .timeout = 20)
{
	struct peer p;

	start_asking(1);
	peer_connect(&p, &server);
	cr_assert_eq(peer_start_tls(&p, NULL), 0);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	ask(&p, "FACT tls.client.verified\r\n", "250 none");
	peer_close(&p);
	peer_connect(&p, &server);
	cr_assert_eq(peer_start_tls_as(&p, &server), 0);
	cr_assert_str_eq(peer_line(&p), "220 echo");
	ask(&p, "FACT tls.client.verified\r\n", "250 fail");
	ask(&p, "FACT tls.client.subject\r\n", "250 CN=mail.example.org");
	peer_close(&p);
	stop();
}

Test(client, is_refused_without_the_certificate_it_must_have, .timeout = 20)
{
	struct peer p;

	start_asking(2);
	peer_connect(&p, &server);
	(void)peer_start_tls(&p, NULL);
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
	peer_connect(&p, &server);
	(void)peer_start_tls_as(&p, &server);
	cr_assert_str_eq(peer_line(&p), "(closed)");
	peer_close(&p);
	cr_assert_eq(atomic_load(&server.self.opened), 0);
	stop();
}

Test(client, past_the_limit_is_cut_in_its_handshake, .timeout = 20)
{
	struct peer first, second;
	clock_t began;

	server_init(&server);
	server_use_tls(&server, true, 0);
	server.options.max_connections = 1;
	server_start(&server);
	peer_connect(&first, &server);
	cr_assert_eq(peer_start_tls(&first, NULL), 0);
	cr_assert_str_eq(peer_line(&first), "220 echo");
	peer_connect(&second, &server);
	began = clock();
	cr_assert(peer_is_silent(&second, 4500));
	cr_assert_str_eq(peer_line(&second), "(closed)");
	cr_assert_lt(clock() - began, CLOCKS_PER_SEC / 20, "no busy loop");
	peer_close(&second);
	ask(&first, "SAY on\r\n", "250 on");
	peer_close(&first);
	stop();
}

/* ---- the store ---- */

static char folder[] = "/tmp/mansio-test-XXXXXX";
static char cert[64], key[64];

static void
make_pair(const char *name)
{
	struct ms_error err = MS_ERROR_INIT;

	unlink(cert);
	unlink(key);
	cr_assert_eq(tls_make_self_signed(name, cert, key, &err), MS_OK, "%s",
	    err.text);
}

static void
make_folder(void)
{
	cr_assert_neq(mkdtemp(folder), NULL);
	snprintf(cert, sizeof(cert), "%s/cert.pem", folder);
	snprintf(key, sizeof(key), "%s/key.pem", folder);
}

static void
remove_folder(void)
{
	unlink(cert);
	unlink(key);
	rmdir(folder);
}

TestSuite(store, .init = make_folder, .fini = remove_folder, .timeout = 30);

static struct tls_store *
opened(void)
{
	struct tls_store_options o = { .cert = cert, .key = key };
	struct ms_error err = MS_ERROR_INIT;
	struct tls_store *t = NULL;

	cr_assert_eq(tls_store_open(&o, &t, &err), MS_OK, "%s", err.text);
	return t;
}

static struct tls_pair *
now_in(struct tls_store *t)
{
	struct tls_pair *p;

	tls_store_refresh(t);
	p = tls_store_take(t);
	tls_pair_drop(p);
	return p;
}

Test(store, takes_a_new_pair_and_keeps_the_old_one_when_it_is_bad)
{
	struct tls_pair *first, *second;
	struct tls_store *t;
	char other[80];
	FILE *f;

	make_pair("one.example.org");
	t = opened();
	first = tls_store_take(t);
	cr_assert_eq(now_in(t), first, "nothing changed");
	make_pair("two.example.org");
	second = now_in(t);
	cr_assert_neq(second, first, "both files are new");
	/* A certificate whose key is another's. */
	snprintf(other, sizeof(other), "%s/other.pem", folder);
	cr_assert_eq(rename(key, other), 0);
	make_pair("three.example.org");
	cr_assert_eq(rename(other, key), 0);
	cr_assert_eq(now_in(t), second);
	f = fopen(cert, "w");
	fputs("no PEM\n", f);
	fclose(f);
	cr_assert_eq(now_in(t), second);
	unlink(cert);
	cr_assert_eq(now_in(t), second);
	make_pair("four.example.org");
	cr_assert_neq(now_in(t), second, "it recovers");
	tls_pair_drop(first);
	tls_store_free(t);
}

/* A pair that fits and ended yesterday. */
static void
make_expired_pair(void)
{
	gnutls_x509_privkey_t k;
	gnutls_x509_crt_t c;
	gnutls_datum_t pem[2];
	const char *paths[2] = { cert, key };
	time_t now = time(NULL);

	gnutls_x509_privkey_init(&k);
	gnutls_x509_crt_init(&c);
	gnutls_x509_privkey_generate(k, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_set_version(c, 3);
	gnutls_x509_crt_set_key(c, k);
	gnutls_x509_crt_set_serial(c, "1", 1);
	gnutls_x509_crt_set_activation_time(c, now - 10 * 86400);
	gnutls_x509_crt_set_expiration_time(c, now - 86400);
	cr_assert_eq(gnutls_x509_crt_sign2(c, c, k, GNUTLS_DIG_SHA256, 0), 0);
	gnutls_x509_crt_export2(c, GNUTLS_X509_FMT_PEM, &pem[0]);
	gnutls_x509_privkey_export2(k, GNUTLS_X509_FMT_PEM, &pem[1]);
	for (int i = 0; i < 2; i++) {
		FILE *f = fopen(paths[i], "w");

		fwrite(pem[i].data, 1, pem[i].size, f);
		fclose(f);
		gnutls_free(pem[i].data);
	}
	gnutls_x509_crt_deinit(c);
	gnutls_x509_privkey_deinit(k);
}

Test(store, does_not_exchange_a_good_certificate_for_an_expired_one)
{
	struct tls_pair *first;
	struct tls_store *t;
	int64_t seconds = 0;

	make_pair("one.example.org");
	t = opened();
	first = tls_store_take(t);
	make_expired_pair();
	cr_assert_eq(now_in(t), first);
	tls_pair_drop(first);
	tls_store_free(t);
	/* With nothing better it is used, and the log says so. */
	t = opened();
	cr_assert_eq(tls_store_expiry(t, &seconds), MS_OK);
	cr_assert_lt(seconds, 0);
	tls_store_free(t);
}

Test(store, names_the_file_that_is_wrong)
{
	struct tls_store_options o = { .cert = cert, .key = key };
	struct ms_error err = MS_ERROR_INIT;
	struct tls_store *t = NULL;

	cr_assert_neq(tls_store_open(&o, &t, &err), MS_OK);
	cr_assert_neq(strstr(err.text, cert), NULL, "%s", err.text);
	make_pair("a.example.org");
	unlink(key);
	cr_assert_neq(tls_store_open(&o, &t, &err), MS_OK);
	cr_assert_neq(strstr(err.text, key), NULL, "%s", err.text);
}

Test(store, makes_a_pair_for_ten_years_and_no_file_over_another)
{
	struct ms_error err = MS_ERROR_INIT;
	struct tls_store *t;
	int64_t seconds = 0;

	make_pair("a.example.org");
	t = opened();
	cr_assert_eq(tls_store_expiry(t, &seconds), MS_OK);
	cr_assert(seconds > INT64_C(3640) * 86400 && seconds < INT64_C(3660) * 86400);
	tls_store_free(t);
	cr_assert_eq(tls_make_self_signed("b.example.org", cert, key, &err),
	    MS_EXISTS);
}
