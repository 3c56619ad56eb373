/* SPDX-License-Identifier: ISC */
/* peer.c - see peer.h */
#include "peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>

#include <mansio/error.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timer.h"

#define PATIENCE_MS 5000

static void
give_up(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	abort();
}

void
server_init(struct server *v)
{
	memset(v, 0, sizeof(*v));
	v->options = (struct net_options){
		.workers = 3, .parkers = 1, .max_connections = 1000,
		.grace_us = 2 * SECOND_US, .account_of = echo_account_of,
	};
	v->addresses[0] = "127.0.0.1:0";
	v->listener = (struct net_listener){
		.title = "echo", .addresses = v->addresses,
		.protocol = &echo_protocol, .self = &v->self,
		.pipeline = { "", 0 }, .tls_mode = NET_TLS_STARTTLS,
	};
}

void
server_use_tls(struct server *v, bool implicit, uint32_t clients)
{
	struct ms_error err = MS_ERROR_INIT;
	struct tls_store_options o = { 0 };
	char cert[128], key[128];

	snprintf(v->folder, sizeof(v->folder), "/tmp/mansio-test-XXXXXX");
	if (mkdtemp(v->folder) == NULL)
		give_up("mkdtemp", strerror(errno));
	snprintf(cert, sizeof(cert), "%s/cert.pem", v->folder);
	snprintf(key, sizeof(key), "%s/key.pem", v->folder);
	if (tls_make_self_signed("mail.example.org", cert, key, &err) != MS_OK)
		give_up("certificate", err.text);
	o.cert = cert;
	o.key = key;
	o.clients = clients;
	if (tls_store_open(&o, &v->tls, &err) != MS_OK)
		give_up("store", err.text);
	v->listener.tls = v->tls;
	if (implicit)
		v->addresses[0] = "127.0.0.1:0 tls";
}

void
server_start(struct server *v)
{
	struct ms_error err = MS_ERROR_INIT;
	struct log_options log = { .to = "stderr:", .level = MS_LOG_ERROR };

	signal(SIGPIPE, SIG_IGN);
	if (getenv("NET_TEST_LOG") != NULL)
		log.level = MS_LOG_DEBUG;
	(void)log_start(&log, &err);
	blob_start("/tmp", UINT64_C(64) << 20);
	timers_start();
	if (net_start(&v->options, &err) != MS_OK ||
	    net_add_listener(&v->listener, &err) != MS_OK)
		give_up("start", err.text);
	net_accept();
}

void
server_stop(struct server *v)
{
	char path[128];

	net_stop();
	timers_stop();
	tls_store_free(v->tls);
	log_stop();
	if (v->folder[0] == '\0')
		return;
	snprintf(path, sizeof(path), "%s/cert.pem", v->folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/key.pem", v->folder);
	unlink(path);
	rmdir(v->folder);
}

void
peer_connect(struct peer *p, struct server *v)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons(net_port_of(&v->listener, 0)),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	memset(p, 0, sizeof(*p));
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		give_up("connect", strerror(errno));
	(void)setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

void
peer_close(struct peer *p)
{
	if (p->tls != NULL)
		gnutls_deinit(p->tls);
	if (p->credentials != NULL)
		gnutls_certificate_free_credentials(p->credentials);
	close(p->fd);
}

void
peer_send_octets(struct peer *p, const void *octets, size_t n)
{
	const char *at = octets;

	while (n > 0) {
		ssize_t sent = p->tls != NULL ? gnutls_record_send(p->tls, at, n) :
		    send(p->fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;		/* the test sees what it does not get */
		at += sent;
		n -= (size_t)sent;
	}
}

void
peer_send(struct peer *p, const char *text)
{
	peer_send_octets(p, text, strlen(text));
}

/* 1: more is in the buffer; 0: the end; -1: nothing in time. */
static int
fill(struct peer *p, int ms)
{
	struct pollfd f = { .fd = p->fd, .events = POLLIN };
	ssize_t n;

	if (p->start == p->end)
		p->start = p->end = 0;
	if (p->end == sizeof(p->buffer)) {
		memmove(p->buffer, p->buffer + p->start, p->end - p->start);
		p->end -= p->start;
		p->start = 0;
	}
	if ((p->tls == NULL || gnutls_record_check_pending(p->tls) == 0) &&
	    poll(&f, 1, ms) != 1)
		return -1;
	n = p->tls != NULL ? gnutls_record_recv(p->tls, p->buffer + p->end,
	    sizeof(p->buffer) - p->end) :
	    recv(p->fd, p->buffer + p->end, sizeof(p->buffer) - p->end, 0);
	if (n <= 0)
		return 0;
	p->end += (size_t)n;
	return 1;
}

const char *
peer_line(struct peer *p)
{
	for (;;) {
		char *from = p->buffer + p->start;
		char *lf = memchr(from, '\n', p->end - p->start);
		int how;

		if (lf != NULL) {
			p->start += (size_t)(lf + 1 - from);
			*lf = '\0';
			if (lf > from && lf[-1] == '\r')
				lf[-1] = '\0';
			return from;
		}
		how = fill(p, PATIENCE_MS);
		if (how <= 0)
			return how == 0 ? "(closed)" : "(nothing)";
	}
}

bool
peer_skip(struct peer *p, size_t n)
{
	while (n > 0) {
		size_t has = p->end - p->start;

		if (has == 0 && fill(p, PATIENCE_MS) <= 0)
			return false;
		has = p->end - p->start;
		if (has > n)
			has = n;
		p->start += has;
		n -= has;
	}
	return true;
}

bool
peer_is_silent(struct peer *p, int ms)
{
	return p->start == p->end && fill(p, ms) == -1;
}

static int
start_tls(struct peer *p, const char *alpn,
    gnutls_certificate_credentials_t credentials)
{
	gnutls_session_t session;
	int e;

	gnutls_init(&session, GNUTLS_CLIENT);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
	gnutls_server_name_set(session, GNUTLS_NAME_DNS, "mail.example.org", 16);
	gnutls_transport_set_int(session, p->fd);
	gnutls_handshake_set_timeout(session, PATIENCE_MS);
	if (alpn != NULL) {
		gnutls_datum_t d = { (unsigned char *)(uintptr_t)alpn,
		    (unsigned)strlen(alpn) };

		gnutls_alpn_set_protocols(session, &d, 1, 0);
	}
	do
		e = gnutls_handshake(session);
	while (e < 0 && gnutls_error_is_fatal(e) == 0);
	if (e == GNUTLS_E_FATAL_ALERT_RECEIVED)
		e = -1000 - (int)gnutls_alert_get(session);
	p->tls = session;
	p->credentials = credentials;
	return e;
}

int
peer_start_tls(struct peer *p, const char *alpn)
{
	gnutls_certificate_credentials_t credentials;

	gnutls_certificate_allocate_credentials(&credentials);
	return start_tls(p, alpn, credentials);
}

int
peer_start_tls_as(struct peer *p, struct server *v)
{
	gnutls_certificate_credentials_t credentials;
	char cert[128], key[128];

	snprintf(cert, sizeof(cert), "%s/cert.pem", v->folder);
	snprintf(key, sizeof(key), "%s/key.pem", v->folder);
	gnutls_certificate_allocate_credentials(&credentials);
	if (gnutls_certificate_set_x509_key_file(credentials, cert, key,
	    GNUTLS_X509_FMT_PEM) < 0)
		give_up(cert, "no certificate");
	return start_tls(p, NULL, credentials);
}
