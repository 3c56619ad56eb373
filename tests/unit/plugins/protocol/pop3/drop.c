/* SPDX-License-Identifier: ISC */
/* drop.c - see drop.h */
#include "drop.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/blob.h>

#define MAX 20000

struct ms_instance {
	const struct ms_blob_api *blob;
};

struct ms_account { int unused; };

static struct { uint32_t uid; const char *content; } mails[MAX];
static uint32_t n_mails;
static ms_status job_status, open_status;
static int n_open;
static struct ms_account ann;
static const struct ms_id inbox = { .octets = { 7 } };

void
drop_add(uint32_t uid, const char *content)
{
	mails[n_mails].uid = uid;
	mails[n_mails++].content = content;
}

void
drop_take(uint32_t uid)
{
	for (uint32_t i = 0; i < n_mails; i++)
		if (mails[i].uid == uid) {
			memmove(mails + i, mails + i + 1,
			    (n_mails - i - 1) * sizeof(mails[0]));
			n_mails--;
			return;
		}
}

const char *
drop_left(void)
{
	static char out[4096];
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < n_mails && len < sizeof(out); i++)
		len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%u",
		    i > 0 ? " " : "", mails[i].uid);
	return out;
}

void
drop_fail_jobs(ms_status status)
{
	job_status = status;
}

void
drop_fail_open(ms_status status)
{
	open_status = status;
}

int
drop_open_accounts(void)
{
	return n_open;
}

/* ---- ms.mailbox/1 --------------------------------------------------------- */

static ms_status
drop_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str name, struct ms_str actor, struct ms_account **out,
    struct ms_error *err)
{
	(void)self, (void)scope, (void)err;
	if (open_status != MS_OK)
		return open_status;
	if (!ms_str_is(name, DROP_ACCOUNT) || !ms_str_equal(name, actor))
		return MS_NOTFOUND;
	n_open++;
	*out = &ann;
	return MS_OK;
}

static void
drop_close(struct ms_instance *self, struct ms_account *account)
{
	(void)self;
	n_open -= account != NULL;
}

static ms_status
drop_list(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_str name, uint32_t counters,
    uint64_t since, struct ms_str after, uint32_t limit, struct ms_boxes *out,
    struct ms_error *err)
{
	struct ms_box *box = ms_arena_alloc(scope->arena, sizeof(*box));
	const struct ms_box **boxes =
	    ms_arena_alloc(scope->arena, sizeof(struct ms_box *));

	(void)self, (void)account, (void)name, (void)counters, (void)since;
	(void)after, (void)limit, (void)err;
	*box = (struct ms_box){ .size = sizeof(*box), .id = inbox,
		.name = MS_STR("INBOX"), .uidvalidity = DROP_VALIDITY,
		.messages = n_mails };
	boxes[0] = box;
	out->boxes = boxes;
	out->n = 1;
	return MS_OK;
}

static ms_status
drop_fetch(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_fetch *f, struct ms_rows *out,
    struct ms_error *err)
{
	const struct ms_row **rows = ms_arena_array(scope->arena, f->limit,
	    sizeof(struct ms_row *));

	(void)self, (void)account, (void)err;
	out->n = 0;
	for (uint32_t i = 0; i < n_mails && out->n < f->limit; i++) {
		struct ms_row *row;

		if (f->after != NULL && mails[i].uid <= f->after->uid)
			continue;
		row = ms_arena_alloc(scope->arena, sizeof(*row));
		row->size = sizeof(*row);
		row->uid = mails[i].uid;
		row->octets = strlen(mails[i].content);
		rows[out->n++] = row;
	}
	out->rows = rows;
	return MS_OK;
}

static ms_status
drop_body(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, uint32_t uid,
    struct ms_blob **out, struct ms_error *err)
{
	(void)account;
	if (memcmp(box, &inbox, sizeof(inbox)) != 0)
		abort();
	for (uint32_t i = 0; i < n_mails; i++)
		if (mails[i].uid == uid)
			return self->blob->from_memory(scope,
			    ms_str_c(mails[i].content), out, err);
	return MS_NOTFOUND;
}

const struct ms_mailbox drop_mailbox = {
	.size = sizeof(drop_mailbox), .open = drop_open, .close = drop_close,
	.list = drop_list, .fetch = drop_fetch, .body = drop_body,
};

/* ---- ms.batch/1 -------------------------------------------------------------- */

static uint32_t
drop_shards(struct ms_instance *self)
{
	(void)self;
	return 1;
}

static uint32_t
drop_shard_of(struct ms_instance *self, struct ms_str key)
{
	(void)self, (void)key;
	return 0;
}

static void
expunge(struct ms_job_expunge *job)
{
	if (!ms_str_is(job->job.key, DROP_ACCOUNT) || job->uids.n == 0)
		abort();
	for (size_t k = 0; k < job->uids.n; k++)
		for (uint32_t uid = job->uids.ranges[k].first;
		    uid <= job->uids.ranges[k].last; uid++)
			drop_take(uid);
}

static void
drop_run(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	(void)self, (void)scope;
	for (size_t i = 0; i < n; i++) {
		jobs[i]->status = job_status;
		if (jobs[i]->type != MS_JOB_EXPUNGE)
			abort();
		if (job_status == MS_OK)
			expunge((struct ms_job_expunge *)jobs[i]);
	}
}

static const struct ms_batch drop_batch = {
	.size = sizeof(drop_batch), .shards = drop_shards,
	.shard_of = drop_shard_of, .run = drop_run,
};

/* ---- the plugin ---------------------------------------------------------------- */

static const struct ms_option options[] = { { .name = NULL } };
static const char *const needs[] = { MS_BLOB_ID, NULL };

static ms_status
create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **out, struct ms_error *err)
{
	static struct ms_instance self;

	(void)config, (void)err;
	self.blob = host->service(host, MS_BLOB_ID);
	*out = &self;
	return MS_OK;
}

static ms_status
start(struct ms_instance *self, struct ms_error *err)
{
	(void)self, (void)err;
	return MS_OK;
}

static void
nothing(struct ms_instance *self)
{
	(void)self;
}

static const void *
interface(const char *id)
{
	return strcmp(id, MS_MAILBOX_ID) == 0 ? (const void *)&drop_mailbox :
	    strcmp(id, MS_BATCH_ID) == 0 ? (const void *)&drop_batch : NULL;
}

const struct ms_plugin drop_plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(drop_plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "drop", .version = "1", .license = "ISC",
	.summary = "One INBOX for a test", .options = options,
	.option_stride = sizeof(struct ms_option), .needs = needs,
	.create = create, .start = start, .stop = nothing, .destroy = nothing,
	.interface = interface,
};
