/* SPDX-License-Identifier: ISC */
/*
 * append.c - see append.h
 *
 * A message goes straight from the peer into a blob; memory stays flat.  A
 * literal that is refused is not asked for; one that comes all the same (RFC
 * 7888) is read and dropped, so that the connection stays in step.
 *
 * RFC 6855 4. wants 8-bit header fields refused from a client that has not
 * enabled UTF8=ACCEPT.  They are taken: such mail is in old stores, and to
 * refuse it would be to lose it when an account is moved here.
 */
#include "append.h"

#include <mansio/digest.h>
#include <mansio/str.h>

#include "account.h"
#include "names.h"
#include "quota.h"
#include "respond.h"
#include "uids.h"

#define MAX_MESSAGES	256	/* of one MULTIAPPEND */
#define STRETCH		(1024 * 1024)

enum { BEGIN = 0, BODY, LINE, COMMIT };

struct append {
	struct ms_str         name;
	const struct ms_box  *box;
	struct flags          flags;	/* of the message that comes */
	int64_t               arrived_us;	/* 0: now */
	bool                  is_utf8;	/* "UTF8 (~{...})", RFC 6855 4. */
	bool                  is_draining;	/* refused: read, but not kept */
	struct ms_writer     *writer;
	struct ms_blob       *blobs[MAX_MESSAGES];
	struct ms_job_append *jobs[MAX_MESSAGES];
	size_t                n;
};

/* Flags, date and what stands before the literal, up to the end. */
static bool
parse_message(struct command *c, struct append *a)
{
	struct parse *p = &c->parse;

	a->flags = (struct flags){ 0 };
	a->arrived_us = 0;
	a->is_utf8 = false;
	if (parse_peek(p) == '(' && (!parse_flag_list(p, &a->flags) ||
	    !parse_space(p)))
		return false;
	if (parse_peek(p) == '"' && (!parse_date_time(p, &a->arrived_us) ||
	    !parse_space(p)))
		return false;
	if ((c->session->enabled & ENABLED_UTF8) && parse_word(p, "UTF8")) {
		a->is_utf8 = true;
		if (!parse_space(p) || !parse_octet(p, '('))
			return false;
	}
	return parse_is_end(p);
}

static bool
parse_all(struct command *c, struct append *a, struct ms_str *name)
{
	return parse_space(&c->parse) && parse_astring(&c->parse, name) &&
	    parse_space(&c->parse) && parse_message(c, a);
}

bool
append_is_message(struct command *c)
{
	struct append probe;
	struct ms_str name;

	if (c->verb == NULL || c->verb->parse != append_parse)
		return false;
	c->parse.in = ms_str_of(c->input.data, c->literal.at);
	c->parse.at = c->args_at;
	return parse_all(c, &probe, &name);
}

bool
append_parse(struct command *c)
{
	struct append *a;
	struct ms_str wire;

	if (!c->has_literal)
		return false;
	a = ms_arena_alloc(c->arena, sizeof(*a));
	c->state = a;
	if (!parse_all(c, a, &wire))
		return false;
	/* A name that is none: the reply is set, and what comes on its own is
	   to be read. */
	(void)name_parse(c, wire, &a->name);
	return true;
}

void
append_release(struct command *c)
{
	const struct ms_blob_api *blob = c->session->self->blob;
	struct append *a = c->state;

	if (a->writer != NULL)
		blob->abort(a->writer);
	for (size_t i = 0; i < a->n; i++)
		blob->release(a->blobs[i]);
	a->writer = NULL;
	a->n = 0;
}

/* After a refusal: false if the client waits and the command is over. */
static bool
drains(struct command *c, struct append *a)
{
	a->is_draining = true;
	if (c->literal.is_sync)
		return false;
	/* Much more than we would take: cheaper to begin anew. */
	if (c->literal.is_too_large ||
	    c->literal.octets / 4 > c->session->self->max_size) {
		session_bye(c, "[TOOBIG] The message is far too large");
		return false;
	}
	return true;
}

/* Asks for the message that c->literal announces. */
static enum progress
want_body(struct command *c, struct append *a)
{
	struct ms_instance *self = c->session->self;
	struct ms_error err = { .size = sizeof(err) };
	ms_status st = MS_OK;

	/* RFC 3502 6.3.11: a literal of no octets gives it all up. */
	if (c->literal.octets == 0)
		reply(c, REPLY_NO, NULL, "There is no message in it");
	else if (c->literal.is_too_large ||
	    c->literal.octets > self->max_size)
		reply(c, REPLY_NO, "TOOBIG", "The message is too large");
	else if (a->n == MAX_MESSAGES)
		reply(c, REPLY_NO, "LIMIT", "Too many messages at once");
	if (c->reply == 0) {
		st = self->blob->begin(c->scope, self->max_size, &a->writer,
		    &err);
		if (st != MS_OK)
			reply_status(c, st, &err);
	}
	if (c->reply != 0 && !drains(c, a))
		return PROGRESS_DONE;
	c->phase = c->literal.octets > 0 ? BODY : LINE;
	if (c->phase == LINE)
		return command_wait_line(c, IMAP_MAX_LINE);
	if (c->literal.is_sync)
		respond_text(c, "+ Ready for the message\r\n");
	respond_flush(c);
	c->wait->what = MS_WAIT_BODY;
	c->wait->framing = MS_BODY_COUNT;
	c->wait->count = c->literal.octets;
	c->wait->body_max = a->is_draining ? 0 : self->max_size;
	c->wait->into = a->writer;
	c->wait->timeout_us = self->idle_timeout_us;
	return PROGRESS_WAIT;
}

/* What delivery would keep beside the message. */
static ms_status
describe(struct command *c, struct ms_blob *body, struct ms_job_append *job,
    struct ms_error *err)
{
	const struct ms_blob_api *blob = c->session->self->blob;
	struct ms_scope scope = command_page(c);
	struct ms_mime_scanner *scanner = ms_mime_new(scope.arena);
	struct ms_digest digest;
	struct ms_str piece;
	uint64_t *keys, key;
	uint32_t n = 0;

	for (uint64_t at = 0; at < job->octets; at += piece.len) {
		uint64_t left = job->octets - at;
		ms_status st = blob->view(&scope, body, at,
		    left < STRETCH ? (size_t)left : STRETCH, &piece, err);

		if (st != MS_OK)
			return st;
		if (piece.len == 0)
			return MS_TEMPFAIL;
		ms_mime_feed(scanner, piece);
	}
	job->digest = ms_arena_str(c->arena, ms_digest_make(scope.arena,
	    ms_mime_end(scanner)));
	if (!ms_digest_read(job->digest, &digest))
		return MS_OK;
	while (ms_digest_thread_key(&digest, n, &key))
		n++;
	keys = ms_arena_array(c->arena, n + 1, sizeof(*keys));
	for (uint32_t i = 0; i < n; i++)
		(void)ms_digest_thread_key(&digest, i, &keys[i]);
	job->thread_keys = keys;
	job->n_thread_keys = n;
	return MS_OK;
}

/* The body is there, whole.  False: it is not taken. */
static bool
take_body(struct command *c, struct append *a)
{
	struct ms_instance *self = c->session->self;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_job_append *job;
	struct ms_blob *blob;
	ms_status st = c->came->status;

	if (a->is_draining)
		return true;
	if (st == MS_OK) {
		st = self->blob->finish(a->writer, &blob, &err);
		a->writer = NULL;
	}
	if (st != MS_OK) {
		reply_status(c, st, &err);
		return false;
	}
	a->blobs[a->n++] = blob;
	if ((c->came->flags & MS_CAME_NUL) && !c->literal.is_binary) {
		reply(c, REPLY_NO, NULL, "The message holds NUL octets");
		return false;
	}
	job = ms_arena_alloc(c->arena, sizeof(*job));
	command_job(c, &job->job, MS_JOB_APPEND, sizeof(*job));
	job->box = a->box->id;
	job->body = blob;
	job->octets = self->blob->octets(blob);
	job->flags = a->flags.flags;
	job->keywords = a->flags.keywords;
	job->n_keywords = a->flags.n_keywords;
	job->arrived_us = a->arrived_us != 0 ? a->arrived_us :
	    self->clock->now_us(self->host);
	a->jobs[a->n - 1] = job;
	st = describe(c, blob, job, &err);
	if (st != MS_OK)
		reply_status(c, st, &err);
	return st == MS_OK;
}

static bool
commit(struct command *c, struct append *a)
{
	struct ms_job **jobs = ms_arena_array(c->arena, a->n, sizeof(*jobs));
	uint64_t octets, messages;

	/* RFC 3502 6.3.11: all or none. */
	quota_limits(c, &octets, &messages);
	for (size_t i = 0; i < a->n; i++) {
		jobs[i] = &a->jobs[i]->job;
		a->jobs[i]->limit_octets = octets;
		a->jobs[i]->limit_messages = messages;
		if (i + 1 < a->n)
			jobs[i]->flags |= MS_JOB_JOINED;
	}
	c->phase = COMMIT;
	return command_commit(c, jobs, a->n);
}

static void
finish(struct command *c, struct append *a)
{
	struct uids_builder uids = { .arena = c->arena };
	MS_AUTO_BUF struct ms_buf text = MS_BUF_MAX(8192);

	for (size_t i = 0; i < a->n && c->reply == 0; i++) {
		if (a->jobs[i]->job.status == MS_NOTFOUND)
			reply(c, REPLY_NO, "TRYCREATE", "no such mailbox");
		else if (a->jobs[i]->job.status != MS_OK)
			reply_status(c, a->jobs[i]->job.status,
			    a->jobs[i]->job.error);
		uids_add(&uids, a->jobs[i]->uid_out);
	}
	if (c->reply != 0)
		return;
	/* RFC 4315 3. */
	ms_buf_addf(&text, "[APPENDUID %u ", a->jobs[0]->uidvalidity_out);
	respond_uids(&text, uids_built(&uids));
	ms_buf_add_c(&text, "] APPEND completed");
	c->reply = REPLY_OK;
	c->reply_text = ms_arena_str(c->arena, ms_buf_str(&text));
}

/* What follows a message: the end, or the next one.  The line is copied, as
   its flags are wanted after this step. */
static enum progress
take_line(struct command *c, struct append *a)
{
	struct ms_str line = ms_arena_str(c->arena, c->came->input);
	struct literal l;

	if (c->came->flags & MS_CAME_TOO_LONG) {
		reply(c, REPLY_BAD, "TOOBIG", "The line is too long");
		return PROGRESS_DONE;
	}
	c->parse.in = line;
	c->parse.at = 0;
	if (a->is_utf8 && !parse_octet(&c->parse, ')')) {
		reply(c, REPLY_BAD, NULL, "A parenthesis is missing");
		return PROGRESS_DONE;
	}
	if (parse_is_end(&c->parse)) {
		if (c->reply == 0 && !commit(c, a))
			return PROGRESS_WAIT;
		if (c->reply == 0)
			finish(c, a);
		return PROGRESS_DONE;
	}
	if (!parse_literal_at_end(line, &l)) {
		c->reply = 0;
		reply(c, REPLY_BAD, NULL, "A message was expected");
		return PROGRESS_DONE;
	}
	c->literal = l;
	c->parse.in.len = l.at;
	if (!parse_space(&c->parse) || !parse_message(c, a)) {
		if (!l.is_sync)
			session_bye(c, "A message was expected");
		reply(c, REPLY_BAD, NULL, "A message was expected");
		return PROGRESS_DONE;
	}
	return want_body(c, a);
}

enum progress
append_run(struct command *c)
{
	struct append *a = c->state;

	switch (c->phase) {
	case BEGIN:
		if (c->reply == 0)
			(void)account_need(c, a->name, true, &a->box);
		return want_body(c, a);
	case BODY:
		if (!take_body(c, a))
			a->is_draining = true;
		c->phase = LINE;
		return command_wait_line(c, IMAP_MAX_LINE);
	case LINE:
		return take_line(c, a);
	default:
		finish(c, a);
		return PROGRESS_DONE;
	}
}
