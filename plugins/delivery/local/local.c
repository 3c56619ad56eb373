/* SPDX-License-Identifier: ISC */
/*
 * local.c - delivery into our own mailboxes
 *
 * Writes nothing: it describes the message once (digest.h) and leaves one
 * APPEND job for each recipient, which the core commits; a repeated attempt
 * finds its delivery id and does nothing twice.
 *
 * The content gets Return-Path (RFC 5321 4.4) and, for a single recipient,
 * Delivered-To above it.  A message for several shares one body between their
 * mailboxes and names none of them to the others; loops among those are ended
 * by the count of Received fields.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/delivery.h>
#include <mansio/digest.h>
#include <mansio/directory.h>
#include <mansio/error.h>
#include <mansio/mailbox.h>
#include <mansio/op.h>
#include <mansio/str.h>

#define SCAN_PIECE	(256 * 1024)
#define MAX_HOPS_LOOKED	200	/* Delivered-To fields looked at */

struct ms_instance {
	const struct ms_config_api  *config_api;
	const struct ms_config      *config;
	const struct ms_blob_api    *blob;
	const struct ms_message_api *message;
	const struct ms_facts_api   *facts;
	const struct ms_directory   *directory;
	const struct ms_commit      *commit;
	const struct ms_op_api      *op;
	struct ms_backend            mailbox;
	int64_t                      quota;	/* octets; 0: none */
};

/* From begin() to end(). */
struct handing {
	struct ms_blob *content;
};

static const struct ms_mailbox *
table_of(const struct ms_instance *self)
{
	return self->mailbox.table;
}

/* RFC 5321 6.3: our own mark above the message says that it was here. */
static bool
is_loop(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_handover *h, struct ms_str path)
{
	for (uint32_t i = 0; i < MAX_HOPS_LOOKED; i++) {
		struct ms_field field;

		if (self->message->header(scope, h->message,
			(struct ms_str)MS_STR("Delivered-To"), i, &field, NULL) != MS_OK)
			return false;
		if (ms_str_equal_ci(ms_str_trim(field.value), path))
			return true;
	}
	return false;
}

static ms_status
make_content(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_handover *h, struct ms_blob **content_out, struct ms_error *err)
{
	const struct ms_message_info *info = self->message->info(h->message);
	struct ms_buf head = MS_BUF_MAX(4096);
	struct ms_writer *w = NULL;
	struct ms_blob *content;
	ms_status st = self->message->content(scope, h->message, &content, err);

	if (st != MS_OK)
		return st;
	ms_buf_add_c(&head, "Return-Path: <");
	ms_buf_add(&head, info->reverse_path);
	ms_buf_add_c(&head, ">\r\n");
	if (h->n == 1) {
		ms_buf_add_c(&head, "Delivered-To: ");
		ms_buf_add(&head, h->recipients[0]->path);
		ms_buf_add_c(&head, "\r\n");
	}
	st = ms_buf_ok(&head) ? MS_OK : ms_error_set(err, MS_TEMPFAIL, "4.3.0",
	    "the fields above the message are too long");
	if (st == MS_OK)
		st = self->blob->begin(scope, self->blob->octets(content) + head.len, &w, err);
	if (st == MS_OK)
		st = self->blob->write(w, ms_buf_str(&head), err);
	if (st == MS_OK)
		st = self->blob->copy(w, content, 0, self->blob->octets(content), err);
	if (st == MS_OK)
		st = self->blob->finish(w, content_out, err);
	else if (w != NULL)
		self->blob->abort(w);
	self->blob->release(content);
	ms_buf_free(&head);
	return st;
}

static ms_status
describe(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_blob *content, struct ms_str *digest_out, struct ms_error *err)
{
	struct ms_mime_scanner *scanner = ms_mime_new(scope->arena);
	uint64_t octets = self->blob->octets(content);

	for (uint64_t at = 0; at < octets;) {
		struct ms_str piece;
		ms_status st = self->blob->view(scope, content, at, SCAN_PIECE, &piece, err);

		if (st != MS_OK)
			return st;
		if (piece.len == 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "a body ended early");
		ms_mime_feed(scanner, piece);
		at += piece.len;
	}
	*digest_out = ms_digest_make(scope->arena, ms_mime_end(scanner));
	return MS_OK;
}

static ms_status
find_box(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_str name, struct ms_id *id_out,
    struct ms_error *err)
{
	struct ms_boxes boxes = { .size = sizeof(boxes) };
	ms_status st = table_of(self)->list(self->mailbox.self, scope, account, name, 0, 0,
	    ms_str_of("", 0), 1, &boxes, err);

	if (st != MS_OK)
		return st;
	if (boxes.n == 0 || !ms_str_equal(boxes.boxes[0]->name, name) ||
	    (boxes.boxes[0]->flags & MS_BOX_NOSELECT))
		return MS_NOTFOUND;
	*id_out = boxes.boxes[0]->id;
	return MS_OK;
}

/* The account's first mail makes the account.  Somebody else may be quicker. */
static ms_status
make_account(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str account, struct ms_error *err)
{
	struct ms_job_box job = {
		.job = { .size = sizeof(job), .type = MS_JOB_BOX_CREATE, .key = account,
		    .error = err, .arena = scope->arena },
		.name = MS_STR("INBOX"), .special_use = { "", 0 },
	};
	struct ms_job *jobs[] = { &job.job };
	struct ms_op *op = self->commit->start(scope, self->mailbox, jobs, 1);
	ms_status st = self->op->await(scope, op, err);

	self->op->drop(op);
	return st == MS_EXISTS ? MS_OK : st;
}

/* Where this recipient's copy goes: what a stage suggested, if it is there,
   else INBOX. */
static ms_status
choose_box(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_handover *h, struct ms_str name, struct ms_id *id_out,
    struct ms_error *err)
{
	struct ms_str folder = self->facts->get(self->message->facts(h->message),
	    (struct ms_str)MS_STR("delivery.folder"));
	struct ms_account *account;
	ms_status st = MS_NOTFOUND;

	for (int tries = 0; st == MS_NOTFOUND && tries < 2; tries++) {
		st = table_of(self)->open(self->mailbox.self, scope, name, ms_str_of("", 0),
		    &account, err);
		if (st == MS_OK) {
			st = MS_NOTFOUND;
			if (folder.len > 0)
				st = find_box(self, scope, account, folder, id_out, err);
			if (st == MS_NOTFOUND)
				st = find_box(self, scope, account,
				    (struct ms_str)MS_STR("INBOX"), id_out, err);
			table_of(self)->close(self->mailbox.self, account);
		}
		if (st == MS_NOTFOUND && tries == 0) {
			ms_status made = make_account(self, scope, name, err);

			if (made != MS_OK)
				return made;
		}
	}
	return st == MS_NOTFOUND ? ms_error_set(err, MS_TEMPFAIL, "4.2.0",
	    "the mailbox cannot be found") : st;
}

static uint64_t
quota_of(struct ms_instance *self, const struct ms_scope *scope, struct ms_str account,
    const char *name, uint64_t otherwise)
{
	struct ms_entry entry = { .size = sizeof(entry) };
	uint64_t value;

	if (self->directory->lookup(NULL, scope, MS_ENTRY_USER, account, &entry, NULL) !=
	    MS_OK)
		return otherwise;
	for (size_t i = 0; i < entry.n_fields; i++)
		if (ms_str_equal(entry.fields[i].name, ms_str_c(name)) &&
		    ms_str_to_u64(entry.fields[i].value, UINT64_MAX, &value))
			return value;
	return otherwise;
}

static ms_status
make_job(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_handover *h, uint32_t i, struct ms_blob *content,
    struct ms_str digest)
{
	const struct ms_message_info *info = self->message->info(h->message);
	const struct ms_recipient *r = h->recipients[i];
	struct ms_result *result = h->results[i];
	struct ms_job_append *job = ms_arena_alloc(scope->arena, sizeof(*job));
	struct ms_job **jobs = ms_arena_array(scope->arena, 1, sizeof(struct ms_job *));

	if (r->account.len == 0)
		return ms_error_set(result->error, MS_TEMPFAIL, "4.3.5",
		    "the route named no account");
	if (h->n == 1 && is_loop(self, scope, h, r->path))
		return ms_error_set(result->error, MS_PERMFAIL, "5.4.6",
		    "mail loop: this message was delivered here before");
	/* A store that cannot be read or written to says nothing of the message. */
	if (choose_box(self, scope, h, r->account, &job->box, result->error) != MS_OK)
		return MS_TEMPFAIL;
	job->job = (struct ms_job){ .size = sizeof(*job), .type = MS_JOB_APPEND,
		.status = MS_TEMPFAIL, .key = ms_arena_str(scope->arena, r->account),
		.error = result->error, .arena = scope->arena };
	job->body = content;
	job->octets = self->blob->octets(content);
	job->arrived_us = info->received_us;
	job->digest = digest;
	job->delivery_id = info->delivery_id;
	job->delivery_number = r->number;
	job->limit_octets = quota_of(self, scope, r->account, "quota.octets",
	    (uint64_t)self->quota);
	job->limit_messages = quota_of(self, scope, r->account, "quota.messages", 0);
	job->place = ms_str_of("", 0);
	jobs[0] = &job->job;
	result->target = self->mailbox;
	result->jobs = jobs;
	result->n_jobs = 1;
	return MS_OK;
}

static ms_status
local_begin(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_handover *h, void **state, struct ms_wait *wait,
    struct ms_error *err)
{
	struct handing *handing = ms_arena_alloc(scope->arena, sizeof(*handing));
	struct ms_str digest;
	ms_status st;

	(void)wait;		/* nothing is waited for: what = 0 */
	*state = handing;
	st = make_content(self, scope, h, &handing->content, err);
	if (st == MS_OK)
		st = describe(self, scope, handing->content, &digest, err);
	if (st != MS_OK)
		return st;
	for (uint32_t i = 0; i < h->n; i++)
		h->results[i]->status = make_job(self, scope, h, i, handing->content, digest);
	return MS_OK;
}

static void
local_end(struct ms_instance *self, const struct ms_handover *h, void *state)
{
	struct handing *handing = state;

	(void)h;
	if (handing != NULL)
		self->blob->release(handing->content);
}

static ms_status
local_create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "out of memory");
	self->config_api = host->service(host, MS_CONFIG_ID);
	self->config = config;
	self->blob = host->service(host, MS_BLOB_ID);
	self->message = host->service(host, MS_MESSAGE_ID);
	self->facts = host->service(host, MS_FACTS_ID);
	self->directory = host->service(host, MS_DIRECTORY_ID);
	self->commit = host->service(host, MS_COMMIT_ID);
	self->op = host->service(host, MS_OP_ID);
	self->quota = self->config_api->number(config, "quota");
	*instance_out = self;
	return MS_OK;
}

static ms_status
local_start(struct ms_instance *self, struct ms_error *err)
{
	return self->config_api->backend(self->config, "mailbox", &self->mailbox, err);
}

static void
local_stop(struct ms_instance *self)
{
	(void)self;
}

static void
local_destroy(struct ms_instance *self)
{
	free(self);
}

static const struct ms_delivery local_delivery = {
	.size = sizeof(local_delivery), .begin = local_begin, .end = local_end,
};

static const void *
local_interface(const char *id)
{
	return strcmp(id, MS_DELIVERY_ID) == 0 ? &local_delivery : NULL;
}

static const struct ms_option options[] = {
	{ .name = "mailbox", .type = MS_OPT_BACKEND, .choices = MS_MAILBOX_ID,
	    .help = "where mail is stored" },
	{ .name = "quota", .type = MS_OPT_SIZE, .initial = "0",
	    .help = "of an account whose directory entry names none; 0: no limit" },
	{ .name = NULL },
};

static const char *const needs[] = { MS_CONFIG_ID, MS_BLOB_ID, MS_MESSAGE_ID,
	MS_FACTS_ID, MS_DIRECTORY_ID, MS_COMMIT_ID, MS_OP_ID, NULL };

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "local", .version = "0.1.0", .license = "ISC",
	.summary = "delivers into our own mailboxes",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_HEADERS | MS_TOUCH_BODY, .needs = needs,
	.create = local_create, .start = local_start, .stop = local_stop,
	.destroy = local_destroy, .interface = local_interface,
};

const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
