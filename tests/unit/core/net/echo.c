/* SPDX-License-Identifier: ISC */
/* echo.c - see echo.h */
#include "echo.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"
#include "base/op.h"
#include "base/timer.h"
#include "net/net.h"

enum mode { COMMANDS, BODY, BYTES, SLEEP, TLS, IDLE, PAGES };

struct echo {
	enum mode         mode;
	uint32_t          line_max;
	int64_t           timeout_us;
	uint64_t          body_max;
	struct ms_writer *writer;
	struct ms_op     *op;
	uint64_t          pages;
	bool              listens;	/* to events, during the body */
};

struct sleeper {
	struct timer  timer;
	struct ms_op *op;
};

static const char *const alpn[] = { "echo", NULL };

static const struct ms_protocol_plan *
echo_plan(struct ms_instance *self)
{
	static const struct ms_protocol_plan plan = {
		.size = sizeof(plan), .alpn = alpn, .service = "echo",
	};

	(void)self;
	return &plan;
}

static void
say(struct ms_session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct ms_session *s, const char *format, ...)
{
	char text[1200];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text) - 2, format, args);
	va_end(args);
	if (n < 0 || (size_t)n > sizeof(text) - 3)
		n = sizeof(text) - 3;
	memcpy(text + n, "\r\n", 2);
	session_service.write(s, ms_str_of(text, (size_t)n + 2));
}

static void
wait_line(struct echo *e, struct ms_wait *wait)
{
	e->mode = COMMANDS;
	wait->what = MS_WAIT_LINE;
	wait->line_max = e->line_max;
	wait->timeout_us = e->timeout_us;
}

static struct echo *
echo_new(struct ms_session *s)
{
	struct echo *e = ms_arena_alloc(session_service.scope(s)->arena,
	    sizeof(*e));

	e->line_max = 1000;
	e->timeout_us = 20 * SECOND_US;
	return e;
}

static ms_status
echo_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *s, void **state, struct ms_wait *wait)
{
	struct echo *e = echo_new(s);
	struct ms_str over = facts_get_c(session_service.facts(s), "client.over");

	(void)scope;
	atomic_fetch_add(&self->opened, 1);
	*state = e;
	if (over.data != NULL) {
		say(s, "421 too many");
		return MS_OK;
	}
	say(s, "220 echo");
	wait_line(e, wait);
	return MS_OK;
}

static ms_status
echo_resume(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *s, struct ms_str carry, void **state,
    struct ms_wait *wait)
{
	struct echo *e = echo_new(s);
	struct ms_str account = session_account(s);

	(void)scope;
	atomic_fetch_add(&self->opened, 1);
	*state = e;
	say(s, "230 %.*s resumed with %.*s", (int)account.len, account.data,
	    (int)carry.len, carry.data);
	wait_line(e, wait);
	return MS_OK;
}

static void
echo_close(struct ms_instance *self, struct ms_session *s, void *state)
{
	(void)s, (void)state;
	atomic_fetch_add(&self->closed, 1);
}

static ms_status
echo_retire(struct ms_instance *self, struct ms_session *s, void *state,
    struct ms_wait *wait)
{
	(void)state, (void)wait;
	if (atomic_load(&self->retire_busy))
		return MS_BUSY;
	say(s, "421 going down");
	return MS_OK;
}

struct ms_str
echo_account_of(struct ms_exchange *exchange)
{
	return ms_str_c((const char *)exchange);
}

static void
wake_up(struct timer *t)
{
	struct sleeper *sleeper = (struct sleeper *)t;

	op_finish(sleeper->op, MS_OK, NULL);
	free(sleeper);
}

static struct ms_op *
sleep_op(const struct ms_scope *scope, int64_t us)
{
	struct sleeper *sleeper = calloc(1, sizeof(*sleeper));
	struct ms_op *op;

	if (sleeper == NULL)
		abort();
	op = sleeper->op = op_new(scope, 0, NULL);
	sleeper->timer.fire = wake_up;
	timer_arm(&sleeper->timer, clock_steady_us() + us);
	return op;
}

static void
wait_op(struct echo *e, enum mode mode, struct ms_op *op, struct ms_wait *wait)
{
	e->mode = mode;
	e->op = op;
	wait->what = MS_WAIT_OP;
	wait->ops = &e->op;
	wait->n_ops = 1;
	wait->timeout_us = e->timeout_us;
}

static void
wait_body(struct echo *e, const struct ms_scope *scope, uint32_t framing,
    uint64_t count, uint32_t flags, bool keep, struct ms_wait *wait)
{
	e->mode = BODY;
	if (keep && e->writer == NULL)
		(void)writer_begin(scope, 1 << 30, &e->writer, NULL);
	wait->what = MS_WAIT_BODY | (e->listens ? MS_WAIT_EVENT : 0);
	wait->framing = framing;
	wait->count = count;
	wait->body_max = e->body_max;
	wait->into = keep ? e->writer : NULL;
	wait->flags = flags;
	wait->timeout_us = e->timeout_us;
}

/* n octets of lines; the blob is the session's until they are sent. */
static struct ms_blob *
lines(uint64_t n)
{
	char *octets = malloc(n > 0 ? n : 1);

	if (octets == NULL)
		abort();
	for (uint64_t i = 0; i < n; i++)
		octets[i] = ".234567\n"[i % 8];
	for (uint64_t i = 7; i < n; i += 8)
		octets[i - 1] = '\r';
	return blob_of_memory(octets, n);
}

static void
send_blob(struct ms_session *s, uint64_t n, uint32_t how)
{
	struct ms_blob *blob = lines(n);

	session_service.write_blob(s, blob, 0, n, how);
	blob_release(blob);
}

static void
send_dots(struct ms_session *s, uint64_t n)
{
	char *octets = malloc(n > 0 ? n : 1);
	struct ms_blob *blob;

	if (octets == NULL)
		abort();
	for (uint64_t i = 0; i < n; i++)
		octets[i] = ".\r\n"[i % 3];
	blob = blob_of_memory(octets, n);
	session_service.write_blob(s, blob, 0, n, MS_SEND_DOT);
	blob_release(blob);
}

/* The same from a file: what the kernel sends by itself. */
static void
send_file(struct ms_session *s, const struct ms_scope *scope, uint64_t n)
{
	struct ms_writer *w;
	struct ms_blob *blob;
	char line[] = ".23456\r\n";

	if (writer_begin(scope, n + 8, &w, NULL) != MS_OK)
		return;
	for (uint64_t i = 0; i < n; i += 8)
		(void)writer_write(w, ms_str_of(line, 8), NULL);
	if (writer_finish(w, &blob, NULL) != MS_OK)
		return;
	session_service.write_blob(s, blob, 0, n, MS_SEND_RAW);
	blob_release(blob);
}

static ms_status
pages(struct ms_instance *self, struct echo *e, struct ms_session *s,
    struct ms_wait *wait)
{
	char page[1024];
	size_t waits = 0;

	memset(page, 'p', sizeof(page));
	while (e->pages > 0 && waits <= session_service.output_mark(s)) {
		waits = session_service.write(s, ms_str_of(page, sizeof(page)));
		e->pages--;
	}
	if (waits > atomic_load(&self->live_octets))
		atomic_store(&self->live_octets, waits);
	if (e->pages == 0) {
		say(s, "250 done");
		wait_line(e, wait);
		return MS_OK;
	}
	e->mode = PAGES;
	wait->what = MS_WAIT_OUTPUT;
	wait->timeout_us = e->timeout_us;
	return MS_OK;
}

static uint64_t
number(struct ms_str s)
{
	uint64_t n = 0;

	(void)ms_str_to_u64(s, UINT64_MAX, &n);
	return n;
}

static bool
is(struct ms_str word, const char *name)
{
	return ms_str_equal(word, ms_str_c(name));
}

static void
wait_idle(struct echo *e, struct ms_wait *wait)
{
	wait_line(e, wait);
	wait->what |= MS_WAIT_EVENT;
	e->mode = IDLE;
}

static ms_status
hand_over(struct ms_session *s, struct ms_str arg, bool in)
{
	static char account[] = "ann@example.org";
	struct ms_error err = MS_ERROR_INIT;
	ms_status st = session_service.hand_over(s,
	    in ? (struct ms_exchange *)account : NULL, arg, &err);

	say(s, "250 %d", st);
	return MS_OK;
}

static void
tell_binding(struct ms_session *s, struct ms_str type)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str binding = { NULL, 0 };
	ms_status st = session_service.channel_binding(s, type, &binding, &err);

	say(s, "250 %d %zu", st, binding.len);
}

static ms_status
command(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *s, struct echo *e, const struct ms_came *came,
    struct ms_wait *wait)
{
	struct ms_str arg = came->input, word = { "", 0 };

	(void)ms_str_split(&arg, ' ', &word);
	if (arg.data == NULL)
		arg = ms_str_c("");
	wait_line(e, wait);
	if (came->flags & MS_CAME_TOO_LONG)
		say(s, "500 %zu %x", came->input.len, came->flags);
	else if (is(word, "SAY"))
		say(s, "250 %.*s", (int)arg.len, arg.data);
	else if (is(word, "FLAGS"))
		say(s, "250 %x", came->flags);
	else if (is(word, "MAX"))
		e->line_max = wait->line_max = (uint32_t)number(arg);
	else if (is(word, "SOON"))
		e->timeout_us = wait->timeout_us = (int64_t)number(arg) * 1000;
	else if (is(word, "LIMIT"))
		e->body_max = number(arg);
	else if (is(word, "DATA") || is(word, "HEADER") ||
	    is(word, "LISTEN")) {
		say(s, "354 go");
		e->listens = is(word, "LISTEN");
		wait_body(e, scope, MS_BODY_DOT, 0, is(word, "HEADER"), true, wait);
	} else if (is(word, "COUNT"))
		wait_body(e, scope, MS_BODY_COUNT, number(arg), 0, true, wait);
	else if (is(word, "DROP"))
		wait_body(e, scope, MS_BODY_COUNT, number(arg), 0, false, wait);
	else if (is(word, "BYTES")) {
		e->mode = BYTES;
		wait->what = MS_WAIT_BYTES;
		wait->count = number(arg);
	} else if (is(word, "SLEEP"))
		wait_op(e, SLEEP, sleep_op(scope, (int64_t)number(arg) * 1000),
		    wait);
	else if (is(word, "STARTTLS")) {
		say(s, "220 ready");
		wait_op(e, TLS, session_service.start_tls(s, NULL), wait);
	} else if (is(word, "WATCH"))
		say(s, "250 %d", session_service.watch(s, arg, 1, NULL));
	else if (is(word, "IDLE")) {
		say(s, "+ idle");
		wait_idle(e, wait);
	} else if (is(word, "SEND"))
		send_blob(s, number(arg), MS_SEND_RAW);
	else if (is(word, "FILE"))
		send_file(s, scope, number(arg));
	else if (is(word, "DOT"))
		send_blob(s, number(arg), MS_SEND_DOT);
	else if (is(word, "DOTS"))
		send_dots(s, number(arg));
	else if (is(word, "PAGES")) {
		e->pages = number(arg) / 1024;
		*wait = (struct ms_wait){ .size = wait->size };
		return pages(self, e, s, wait);
	} else if (is(word, "FLOOD")) {
		for (int i = 0; i < 5000; i++)
			say(s, "%0999d", 0);
	} else if (is(word, "EAT"))
		(void)ms_arena_alloc(session_service.scope(s)->arena, number(arg));
	else if (is(word, "FACT")) {
		struct ms_str value = facts_get(session_service.facts(s), arg);

		say(s, "250 %.*s", (int)value.len, value.data);
	} else if (is(word, "ACCOUNT"))
		say(s, "250 %s", session_account(s).data);
	else if (is(word, "BINDING"))
		tell_binding(s, arg);
	else if (is(word, "LOGIN") || is(word, "LOGOUT")) {
		wait->what = 0;
		return hand_over(s, arg, is(word, "LOGIN"));
	} else if (is(word, "BLOCK")) {
		usleep((useconds_t)number(arg) * 1000);
		say(s, "250 woken");
	} else if (is(word, "QUIT")) {
		say(s, "221 bye");
		wait->what = 0;
	} else
		say(s, "500 what");
	return MS_OK;
}

static void
body_came(struct ms_session *s, struct echo *e, const struct ms_came *came,
    const struct ms_scope *scope, struct ms_wait *wait)
{
	struct ms_blob *blob = NULL;
	uint64_t kept = 0;

	if (came->flags & MS_CAME_HEADER) {
		say(s, "- header %" PRIu64, writer_octets(e->writer));
		wait_body(e, scope, MS_BODY_DOT, 0, 0, true, wait);
		return;
	}
	if (e->writer != NULL && came->status == MS_OK &&
	    writer_finish(e->writer, &blob, NULL) == MS_OK)
		kept = blob_octets(blob);
	else
		writer_abort(e->writer);
	e->writer = NULL;
	e->listens = false;
	say(s, "250 %" PRIu64 " %x %d %" PRIu64, came->count, came->flags,
	    came->status, kept);
	blob_release(blob);
	wait_line(e, wait);
}

static ms_status
echo_step(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *s, void *state, const struct ms_came *came,
    struct ms_wait *wait)
{
	struct echo *e = state;

	atomic_fetch_add(&self->steps, 1);
	atomic_store(&self->last_came, came->what);
	switch (came->what) {
	case MS_CAME_LINE:
		return command(self, scope, s, e, came, wait);
	case MS_CAME_BYTES:
		say(s, "250 %zu %.*s", came->input.len,
		    came->input.len < 100 ? (int)came->input.len : 100,
		    came->input.data);
		break;
	case MS_CAME_BODY:
		body_came(s, e, came, scope, wait);
		return MS_OK;
	case MS_CAME_OP:
		if (e->mode == SLEEP)
			say(s, "250 slept");
		else if (came->status != MS_OK)
			say(s, "501 %s", came->error->enhanced);
		op_drop(came->op);
		break;
	case MS_CAME_EVENT:
		say(s, "* %.*s", (int)came->input.len, came->input.data);
		if (e->mode == BODY)
			wait_body(e, scope, MS_BODY_DOT, 0, 0, true, wait);
		else
			wait_idle(e, wait);
		return MS_OK;
	case MS_CAME_OUTPUT:
		return pages(self, e, s, wait);
	case MS_CAME_TIMEOUT:
		say(s, "421 timeout");
		return MS_OK;
	default:
		return MS_OK;
	}
	wait_line(e, wait);
	return MS_OK;
}

const struct ms_protocol echo_protocol = {
	.size = sizeof(echo_protocol),
	.plan = echo_plan,
	.open = echo_open,
	.step = echo_step,
	.resume = echo_resume,
	.close = echo_close,
	.retire = echo_retire,
};
