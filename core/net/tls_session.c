/* SPDX-License-Identifier: ISC */
/*
 * tls_session.c - see tls_session.h
 *
 * No tickets: the server keeps and sends nothing for a later handshake.  What
 * would be saved, one signature, costs a mail server less than the memory.
 */
#include "net/tls_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/facts.h"
#include "net/listener.h"
#include "net/session.h"
#include "net/stream.h"
#include "net/tls_store.h"

#define MAX_ALPN 8

struct tls {
	gnutls_session_t gnutls;
	struct tls_pair *pair;
	uint32_t         clients;	/* as in tls.h */
	bool             up;		/* the handshake is done */
	bool             dead;
	bool             verified;	/* the client's certificate is good */
	bool             half_sent;	/* a record waits in GnuTLS */
};

static ms_status
error_of(struct ms_error *err, const char *what, int code)
{
	return ms_error_set(err, MS_TEMPFAIL, "4.7.0", "%s: %s", what,
	    gnutls_strerror(code));
}

/* RFC 7301 3.2: a client that offers only names that are not ours is told so
   (no_application_protocol); this is what keeps an HTTP client's words out of
   a mail protocol (ALPACA). */
static int
set_alpn(gnutls_session_t session, const char *const *names)
{
	gnutls_datum_t list[MAX_ALPN];
	unsigned n = 0;

	for (; names != NULL && names[n] != NULL && n < MAX_ALPN; n++) {
		list[n].data = (unsigned char *)(uintptr_t)names[n];
		list[n].size = (unsigned)strlen(names[n]);
	}
	if (n == 0)
		return 0;
	return gnutls_alpn_set_protocols(session, list, n, GNUTLS_ALPN_MANDATORY);
}

static ms_status
set_up(struct tls *t, struct ms_session *s, struct tls_store *store,
    struct ms_error *err)
{
	int e = gnutls_init(&t->gnutls, GNUTLS_SERVER | GNUTLS_NONBLOCK |
	    GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

	if (e != 0)
		return error_of(err, "gnutls_init", e);
	e = gnutls_priority_set(t->gnutls, tls_store_priority(store));
	if (e == 0)
		e = gnutls_credentials_set(t->gnutls, GNUTLS_CRD_CERTIFICATE,
		    tls_pair_credentials(t->pair));
	if (e == 0)
		e = set_alpn(t->gnutls, s->door->section->alpn);
	if (e != 0)
		return error_of(err, "TLS", e);
	if (t->clients > 0) {
		gnutls_certificate_server_set_request(t->gnutls,
		    t->clients == 2 ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
		/* Not the names of all roots of the system: 15 KiB a
		   handshake, and mail servers show what they have. */
		gnutls_certificate_send_x509_rdn_sequence(t->gnutls, 1);
	}
	gnutls_transport_set_int(t->gnutls, s->fd);
	gnutls_handshake_set_max_packet_length(t->gnutls, 64 * 1024);
	return MS_OK;
}

ms_status
tls_new(struct ms_session *s, struct tls_store *store, struct tls **tls_out,
    struct ms_error *err)
{
	struct tls *t = calloc(1, sizeof(*t));
	ms_status st;

	if (t == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	t->clients = tls_store_clients(store);
	t->pair = tls_store_take(store);
	st = set_up(t, s, store, err);
	if (st != MS_OK) {
		tls_free(t);
		return st;
	}
	*tls_out = t;
	return MS_OK;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->gnutls != NULL)
		gnutls_deinit(t->gnutls);
	tls_pair_drop(t->pair);
	free(t);
}

/* What the certificate that a client showed is worth. */
static bool
verify_client(struct tls *t)
{
	unsigned status = 1;

	return gnutls_certificate_type_get2(t->gnutls, GNUTLS_CTYPE_CLIENT) ==
	    GNUTLS_CRT_X509 &&
	    gnutls_certificate_get_peers(t->gnutls, NULL) != NULL &&
	    gnutls_certificate_verify_peers2(t->gnutls, &status) == 0 &&
	    status == 0;
}

int
tls_handshake(struct tls *t, struct ms_error *err)
{
	int e;

	do
		e = gnutls_handshake(t->gnutls);
	while (e == GNUTLS_E_INTERRUPTED || e == GNUTLS_E_WARNING_ALERT_RECEIVED ||
	    e == GNUTLS_E_GOT_APPLICATION_DATA);
	if (e == GNUTLS_E_AGAIN)
		return gnutls_record_get_direction(t->gnutls) == 0 ?
		    TLS_WANTS_READ : TLS_WANTS_WRITE;
	if (e == 0) {
		t->up = true;
		t->verified = t->clients > 0 && verify_client(t);
		if (t->clients < 2 || t->verified)
			return TLS_DONE;
		e = GNUTLS_E_CERTIFICATE_ERROR;
	}
	t->dead = true;
	(void)gnutls_alert_send_appropriate(t->gnutls, e);
	if (e == GNUTLS_E_FATAL_ALERT_RECEIVED)
		(void)ms_error_set(err, MS_TEMPFAIL, "4.7.0", "the peer says: %s",
		    gnutls_alert_get_name(gnutls_alert_get(t->gnutls)));
	else
		(void)error_of(err, "handshake", e);
	return TLS_FAILED;
}

ssize_t
tls_read(struct tls *t, void *buffer, size_t n)
{
	ssize_t got;

	do
		got = gnutls_record_recv(t->gnutls, buffer, n);
	while (got == GNUTLS_E_INTERRUPTED ||
	    got == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (got >= 0)
		return got;
	if (got == GNUTLS_E_AGAIN)
		return STREAM_AGAIN;
	/* An end without close_notify may be an attacker's; and nobody has to
	   renegotiate. */
	t->dead = true;
	return STREAM_BROKEN;
}

ssize_t
tls_write(struct tls *t, const void *data, size_t n)
{
	ssize_t sent;

	do
		/* GnuTLS keeps a record that went half, and wants to be called
		   without data for the rest; it then tells the record's size. */
		sent = t->half_sent ? gnutls_record_send(t->gnutls, NULL, 0) :
		    gnutls_record_send(t->gnutls, data, n);
	while (sent == GNUTLS_E_INTERRUPTED);
	t->half_sent = sent == GNUTLS_E_AGAIN;
	if (sent >= 0)
		return sent;
	if (sent == GNUTLS_E_AGAIN)
		return STREAM_AGAIN;
	t->dead = true;
	return STREAM_BROKEN;
}

bool
tls_has_read(const struct tls *t)
{
	return t->up && gnutls_record_check_pending(t->gnutls) > 0;
}

void
tls_bye(struct tls *t)
{
	if (t->up && !t->dead && !t->half_sent)
		(void)gnutls_bye(t->gnutls, GNUTLS_SHUT_WR);
}

static const char *
version_name(gnutls_session_t session)
{
	switch (gnutls_protocol_get_version(session)) {
	case GNUTLS_TLS1_2:
		return "TLSv1.2";
	case GNUTLS_TLS1_3:
		return "TLSv1.3";
	default:
		return "TLS";
	}
}

static void
set_sni(struct tls *t, struct ms_facts *facts)
{
	char name[256];
	size_t n = sizeof(name);
	unsigned type;

	if (gnutls_server_name_get(t->gnutls, name, &n, &type, 0) == 0 &&
	    type == GNUTLS_NAME_DNS && n > 0 && n < sizeof(name))
		facts_set(facts, ms_str_c("tls.sni"), ms_str_of(name, n));
}

static void
set_client(struct tls *t, struct ms_facts *facts)
{
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(t->gnutls, NULL);
	gnutls_x509_crt_t crt;
	char subject[512];
	size_t n = sizeof(subject);

	if (chain == NULL) {
		facts_set_c(facts, "tls.client.verified", "none");
		return;
	}
	facts_set_c(facts, "tls.client.verified", t->verified ? "pass" : "fail");
	if (gnutls_x509_crt_init(&crt) != 0)
		return;
	if (gnutls_x509_crt_import(crt, chain, GNUTLS_X509_FMT_DER) == 0 &&
	    gnutls_x509_crt_get_dn(crt, subject, &n) == 0)
		facts_set(facts, ms_str_c("tls.client.subject"),
		    ms_str_of(subject, n));
	gnutls_x509_crt_deinit(crt);
}

void
tls_set_facts(struct tls *t, struct ms_facts *facts)
{
	gnutls_datum_t alpn;
	const char *cipher = gnutls_ciphersuite_get(t->gnutls);

	facts_set_c(facts, "tls.version", version_name(t->gnutls));
	if (cipher != NULL)
		facts_set_c(facts, "tls.cipher", cipher);
	set_sni(t, facts);
	if (gnutls_alpn_get_selected_protocol(t->gnutls, &alpn) == 0)
		facts_set(facts, ms_str_c("tls.alpn"),
		    ms_str_of((const char *)alpn.data, alpn.size));
	if (t->clients > 0)
		set_client(t, facts);
}

/* RFC 9266 4.2: before TLS 1.3 the exporter binds only with the extended
   master secret. */
static bool
can_export(gnutls_session_t session)
{
	return gnutls_protocol_get_version(session) >= GNUTLS_TLS1_3 ||
	    (gnutls_session_get_flags(session) & GNUTLS_SFLAGS_EXT_MASTER_SECRET);
}

ms_status
tls_channel_binding(struct tls *t, struct ms_str type, struct ms_arena *arena,
    struct ms_str *binding_out, struct ms_error *err)
{
	gnutls_channel_binding_t how;
	gnutls_datum_t binding;
	int e;

	if (ms_str_equal(type, ms_str_c("tls-exporter"))) {
		how = GNUTLS_CB_TLS_EXPORTER;
		if (!can_export(t->gnutls))
			return ms_error_set(err, MS_UNSUPPORTED, "",
			    "no exporter without the extended master secret");
	} else if (ms_str_equal(type, ms_str_c("tls-server-end-point")))
		how = GNUTLS_CB_TLS_SERVER_END_POINT;
	else
		return ms_error_set(err, MS_UNSUPPORTED, "",
		    "no such channel binding");
	e = gnutls_session_channel_binding(t->gnutls, how, &binding);
	if (e != 0)
		return error_of(err, "channel binding", e);
	*binding_out = ms_arena_str(arena,
	    ms_str_of((const char *)binding.data, binding.size));
	gnutls_free(binding.data);
	return MS_OK;
}
