/* SPDX-License-Identifier: ISC */
/* service.c - ms.session/1, what a protocol plugin can do with its session */
#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/op.h"
#include "net/net_internal.h"
#include "net/session.h"
#include "net/tls_session.h"
#include "net/watch.h"

static const struct ms_scope *
service_scope(const struct ms_session *s)
{
	return session_scope(s);
}

static struct ms_facts *
service_facts(struct ms_session *s)
{
	return session_facts(s);
}

/* Nobody takes it any more, or there is far too much already. */
static bool
is_lost(const struct ms_session *s)
{
	return s->broken || s->tls_failed || s->phase >= PHASE_DRAIN ||
	    s->out.held > 4 * NET_OUTPUT_MARK + CHUNK_OCTETS;
}

static size_t
waiting(const struct ms_session *s)
{
	return s->out.octets < SIZE_MAX ? (size_t)s->out.octets : SIZE_MAX;
}

static size_t
service_write(struct ms_session *s, struct ms_str octets)
{
	if (!is_lost(s))
		output_write(s, octets);
	return waiting(s);
}

static size_t
service_write_blob(struct ms_session *s, struct ms_blob *blob,
    uint64_t offset, uint64_t octets, uint32_t how)
{
	if (!is_lost(s))
		output_blob(s, blob, offset, octets, how);
	return waiting(s);
}

static size_t
service_output_mark(const struct ms_session *s)
{
	(void)s;
	return NET_OUTPUT_MARK;
}

static struct ms_op *
failed(struct ms_session *s, ms_status status, const char *why)
{
	struct ms_error err = MS_ERROR_INIT;

	(void)ms_error_set(&err, status, "", "%s", why);
	return op_ended(&s->scope.pub, status, &err);
}

static struct ms_op *
service_start_tls(struct ms_session *s, const struct ms_tls_policy *policy)
{
	struct tls_store *store = net_session_store(s);
	struct ms_error err = MS_ERROR_INIT;
	ms_status st;

	if (policy != NULL)
		return failed(s, MS_UNSUPPORTED, "an accepted session is the server");
	if (store == NULL)
		return failed(s, MS_UNSUPPORTED, "no certificate is set up");
	if (s->tls != NULL || s->tls_starting)
		return failed(s, MS_INVALID, "TLS is already on");
	st = tls_new(s, store, &s->tls_next, &err);
	if (st != MS_OK)
		return op_ended(&s->scope.pub, st, &err);
	s->tls_op = op_new(&s->scope.pub, 0, NULL);
	s->tls_starting = true;
	return s->tls_op;
}

static ms_status
service_start_compress(struct ms_session *s, struct ms_error *err)
{
	(void)s;
	return ms_error_set(err, MS_UNSUPPORTED, "",
	    "compression is not offered");
}

static ms_status
service_hand_over(struct ms_session *s, struct ms_exchange *exchange,
    struct ms_str carry, struct ms_error *err)
{
	struct ms_str account = { NULL, 0 };
	struct hand_over *h;

	if (carry.len > NET_MAX_CARRY)
		return ms_error_set(err, MS_LIMIT, "",
		    "a carry has at most %d octets", NET_MAX_CARRY);
	if (s->hand_over != NULL)
		return ms_error_set(err, MS_INVALID, "", "handed over already");
	if (exchange != NULL) {
		account = net_account_of(exchange);
		if (account.len == 0)
			return ms_error_set(err, MS_DENIED, "5.7.8",
			    "the exchange did not log anybody in");
	}
	h = calloc(1, sizeof(*h) + carry.len);
	if (h == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	if (account.len > 0 &&
	    (h->account = strndup(account.data, account.len)) == NULL) {
		free(h);
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	}
	h->carry_octets = carry.len;
	if (carry.len > 0)
		memcpy(h->carry, carry.data, carry.len);
	s->hand_over = h;
	return MS_OK;
}

static ms_status
service_watch(struct ms_session *s, struct ms_str topic, uint32_t on,
    struct ms_error *err)
{
	return watch_topic(s, topic, on != 0, err);
}

static ms_status
service_splice(struct ms_session *s, struct ms_session *other,
    struct ms_error *err)
{
	(void)s, (void)other;
	return ms_error_set(err, MS_UNSUPPORTED, "",
	    "sessions cannot be joined");
}

const struct ms_session_api session_service = {
	.size = sizeof(session_service),
	.scope = service_scope,
	.facts = service_facts,
	.write = service_write,
	.write_blob = service_write_blob,
	.output_mark = service_output_mark,
	.start_tls = service_start_tls,
	.start_compress = service_start_compress,
	.channel_binding = session_channel_binding,
	.hand_over = service_hand_over,
	.watch = service_watch,
	.splice = service_splice,
};
