/* SPDX-License-Identifier: ISC */
/* session.c - ms.session/1, what a protocol plugin can do with its session */
#include "internal.h"

#include <mansio/error.h>

#define MAX_CARRY	4096
#define MAX_TOPICS	1000

static void
must_live(const struct ms_session *s)
{
	if (s == NULL || !s->alive)
		mock_die("a session is used that %s", s == NULL ? "is NULL" :
		    "has ended: close() was its last call");
}

static const struct ms_scope *
service_scope(const struct ms_session *s)
{
	must_live(s);
	return &s->whole.pub;
}

static struct ms_facts *
service_facts(struct ms_session *s)
{
	must_live(s);
	return s->facts;
}

static size_t
wrote(struct ms_session *s, size_t octets)
{
	s->unsent += octets;
	s->unsent_memory += octets;
	if (s->unsent_memory > 4 * MOCK_OUTPUT_MARK + MOCK_OUTPUT_MARK / 4)
		mock_die("the session has %zu octets of output waiting: past the mark of %zu "
		    "it should wait for MS_WAIT_OUTPUT", s->unsent_memory, MOCK_OUTPUT_MARK);
	return s->unsent;
}

static size_t
service_write(struct ms_session *s, struct ms_str octets)
{
	must_live(s);
	ms_buf_add(&s->sent, octets);
	return wrote(s, octets.len);
}

/* RFC 5321 4.5.2, RFC 1939 3. */
static void
add_stuffed(struct ms_buf *out, struct ms_str octets)
{
	bool at_start = true;

	for (size_t i = 0; i < octets.len; i++) {
		char c = octets.data[i];

		if (at_start && c == '.')
			ms_buf_add_octet(out, '.');
		ms_buf_add_octet(out, c);
		at_start = c == '\n' && i > 0 && octets.data[i - 1] == '\r';
	}
	/* A CR at the very end is completed, not followed by another. */
	if (octets.len > 0 && octets.data[octets.len - 1] == '\r')
		ms_buf_add_c(out, "\n");
	else if (!at_start)
		ms_buf_add_c(out, "\r\n");
	ms_buf_add_c(out, ".\r\n");
}

/* What waits of a blob is a reference: it counts for the mark, but not for
   the memory that ends a session. */
static size_t
service_write_blob(struct ms_session *s, struct ms_blob *blob,
    uint64_t offset, uint64_t octets, uint32_t how)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_str part;

	must_live(s);
	if (how != MS_SEND_RAW && how != MS_SEND_DOT)
		mock_die("write_blob() in the unknown way %u", (unsigned)how);
	if (offset > blob_octets(blob) || octets > blob_octets(blob) - offset)
		mock_die("write_blob() goes past the end of its blob");
	part = ms_str_sub(blob_read_all(blob, arena), (size_t)offset, (size_t)octets);
	if (how == MS_SEND_DOT)
		add_stuffed(&s->sent, part);
	else
		ms_buf_add(&s->sent, part);
	s->unsent += part.len;
	ms_arena_free(arena);
	return s->unsent;
}

static size_t
service_output_mark(const struct ms_session *s)
{
	must_live(s);
	return MOCK_OUTPUT_MARK;
}

static struct ms_op *
failed(struct ms_session *s, ms_status status, const char *why)
{
	struct ms_error err = MS_ERROR_INIT;

	(void)ms_error_set(&err, status, "5.7.0", "%s", why);
	return op_ended(&s->whole.pub, status, &err);
}

static struct ms_op *
service_start_tls(struct ms_session *s, const struct ms_tls_policy *policy)
{
	must_live(s);
	if (policy != NULL)
		return failed(s, MS_UNSUPPORTED, "an accepted session is the server");
	if (facts_get(s->facts, "tls.version").len > 0)
		return failed(s, MS_INVALID, "TLS is already on");
	if (ms_str_is(facts_get(s->facts, "tls.offered"), "no"))
		return failed(s, MS_UNSUPPORTED, "no certificate is set up");
	/* CVE-2011-0411: what came in clear must not be taken for the peer's
	   words under TLS.  The core takes back what it has not sent. */
	if (s->in.len > 0) {
		s->ending = true;
		s->sent.len = s->drained;
		return failed(s, MS_PERMFAIL, "the client sent commands before TLS");
	}
	facts_put(s->facts, ms_str_c("tls.version"), ms_str_c("TLSv1.3"));
	facts_put(s->facts, ms_str_c("tls.cipher"), ms_str_c("AES-256-GCM"));
	return op_ended(&s->whole.pub, MS_OK, NULL);
}

static ms_status
service_start_compress(struct ms_session *s, struct ms_error *err)
{
	must_live(s);
	return ms_error_set(err, MS_UNSUPPORTED, "", "compression is not offered");
}

static ms_status
service_channel_binding(struct ms_session *s, struct ms_str type,
    struct ms_str *binding_out, struct ms_error *err)
{
	must_live(s);
	if (facts_get(s->facts, "tls.version").len == 0 ||
	    !(ms_str_is(type, "tls-exporter") || ms_str_is(type, "tls-server-end-point")))
		return ms_error_set(err, MS_UNSUPPORTED, "", "no such binding");
	*binding_out = (struct ms_str)MS_STR("a binding of thirty-two octets!!");
	return MS_OK;
}

static ms_status
service_hand_over(struct ms_session *s, struct ms_exchange *exchange,
    struct ms_str carry, struct ms_error *err)
{
	struct ms_arena *a = s->mock->world->arena;
	struct ms_str account = ms_str_of("", 0);

	must_live(s);
	if (carry.len > MAX_CARRY)
		mock_die("a carry has at most %d octets", MAX_CARRY);
	if (s->hands_over)
		mock_die("the session was handed over already");
	if (!MS_HAS(s->protocol, resume))
		mock_die("the session is handed over and its protocol has no resume()");
	if (exchange != NULL) {
		account = exchange_account(exchange);
		if (account.len == 0)
			return ms_error_set(err, MS_DENIED, "5.7.8",
			    "the exchange did not log anybody in");
	}
	s->account = ms_arena_str(a, account);
	s->carry = ms_arena_str(a, carry);
	s->hands_over = true;
	return MS_OK;
}

/* ---- topics ---- */

static ms_status
service_watch(struct ms_session *s, struct ms_str topic, uint32_t on,
    struct ms_error *err)
{
	struct watch **at = &s->watches;

	must_live(s);
	while (*at != NULL && !ms_str_equal((*at)->topic, topic))
		at = &(*at)->next;
	if (*at != NULL && !on) {
		*at = (*at)->next;
		s->n_watches--;
	} else if (*at == NULL && on) {
		if (s->n_watches == MAX_TOPICS)
			return ms_error_set(err, MS_LIMIT, "", "more than %d topics",
			    MAX_TOPICS);
		*at = ms_arena_alloc(s->mock->world->arena, sizeof(**at));
		(*at)->topic = ms_arena_str(s->mock->world->arena, topic);
		s->n_watches++;
	}
	return MS_OK;
}

void
session_watch_drop(struct ms_session *s)
{
	s->watches = NULL;
	s->n_watches = 0;
}

/* Merged while nobody waits: what stands below a prefix is remembered if it
   is one thing only. */
void
session_hear(struct ms_session *s, struct ms_str topic)
{
	struct ms_arena *a = s->mock->world->arena;

	for (struct watch *w = s->watches; w != NULL; w = w->next) {
		if (!topic_matches(w->topic, topic))
			continue;
		if (w->heard.data == NULL)
			w->heard = ms_arena_str(a, topic);
		else if (!ms_str_equal(w->heard, topic))
			w->heard = w->topic;
	}
}

static ms_status
service_splice(struct ms_session *s, struct ms_session *other, struct ms_error *err)
{
	must_live(s);
	(void)other;
	return ms_error_set(err, MS_UNSUPPORTED, "", "sessions cannot be joined");
}

const struct ms_session_api mock_session_service = {
	.size = sizeof(mock_session_service), .scope = service_scope,
	.facts = service_facts, .write = service_write,
	.write_blob = service_write_blob, .output_mark = service_output_mark,
	.start_tls = service_start_tls, .start_compress = service_start_compress,
	.channel_binding = service_channel_binding,
	.hand_over = service_hand_over, .watch = service_watch,
	.splice = service_splice,
};
