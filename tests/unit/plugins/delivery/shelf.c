/* SPDX-License-Identifier: ISC */
/* shelf.c - see shelf.h */
#include "shelf.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ACCOUNTS	8

struct ms_instance {
	int unused;
};

struct ms_account {
	char name[64];
};

static struct ms_account accounts[MAX_ACCOUNTS];
static int n_accounts, n_made, n_open;
static ms_status failure;

void
shelf_reset(void)
{
	memset(accounts, 0, sizeof(accounts));
	memcpy(accounts[0].name, "ann@example.org", 16);
	n_accounts = 1;
	n_made = n_open = 0;
	failure = MS_OK;
}

int
shelf_made(void)
{
	return n_made;
}

int
shelf_open(void)
{
	return n_open;
}

void
shelf_fail(ms_status status)
{
	failure = status;
}

static ms_status
do_open(struct ms_instance *self, const struct ms_scope *scope, struct ms_str name,
    struct ms_str actor, struct ms_account **out, struct ms_error *err)
{
	(void)self, (void)scope, (void)actor, (void)err;
	if (failure != MS_OK)
		return failure;
	for (int i = 0; i < n_accounts; i++)
		if (ms_str_equal(ms_str_c(accounts[i].name), name)) {
			n_open++;
			*out = &accounts[i];
			return MS_OK;
		}
	return MS_NOTFOUND;
}

static void
do_close(struct ms_instance *self, struct ms_account *account)
{
	(void)self;
	n_open -= account != NULL;
}

static ms_status
do_list(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_str name, uint32_t counters,
    uint64_t since, struct ms_str after, uint32_t limit, struct ms_boxes *out,
    struct ms_error *err)
{
	static const struct ms_box inbox = { .size = sizeof(inbox), .name = MS_STR("INBOX"),
		.id = { { SHELF_INBOX } } };
	static const struct ms_box junk = { .size = sizeof(junk), .name = MS_STR("Junk"),
		.id = { { SHELF_JUNK } } };
	static const struct ms_box shelf = { .size = sizeof(shelf), .name = MS_STR("Shelf"),
		.flags = MS_BOX_NOSELECT };
	static const struct ms_box *const all[] = { &inbox, &junk, &shelf };

	(void)self, (void)scope, (void)account, (void)counters, (void)since;
	(void)after, (void)limit, (void)err;
	out->n = 0;
	for (size_t i = 0; i < 3; i++)
		if (ms_str_equal(all[i]->name, name)) {
			out->boxes = &all[i];
			out->n = 1;
		}
	return MS_OK;
}

const struct ms_mailbox shelf_mailbox = {
	.size = sizeof(shelf_mailbox), .open = do_open, .close = do_close, .list = do_list,
};

static uint32_t
one(struct ms_instance *self)
{
	(void)self;
	return 1;
}

static uint32_t
first(struct ms_instance *self, struct ms_str key)
{
	(void)self, (void)key;
	return 0;
}

static void
run(struct ms_instance *self, const struct ms_scope *scope, struct ms_job *const *jobs,
    size_t n)
{
	(void)self, (void)scope;
	for (size_t i = 0; i < n; i++) {
		if (jobs[i]->type != MS_JOB_BOX_CREATE || n_accounts == MAX_ACCOUNTS ||
		    jobs[i]->key.len >= sizeof(accounts[0].name))
			abort();
		memcpy(accounts[n_accounts++].name, jobs[i]->key.data, jobs[i]->key.len);
		n_made++;
		jobs[i]->status = MS_OK;
	}
}

static const struct ms_batch batch = {
	.size = sizeof(batch), .shards = one, .shard_of = first, .run = run,
};

static ms_status
create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **out, struct ms_error *err)
{
	static struct ms_instance self;

	(void)host, (void)config, (void)err;
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
	if (strcmp(id, MS_MAILBOX_ID) == 0)
		return &shelf_mailbox;
	return strcmp(id, MS_BATCH_ID) == 0 ? &batch : NULL;
}

static const struct ms_option options[] = { { .name = NULL } };
static const char *const needs[] = { NULL };

const struct ms_plugin shelf_plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(shelf_plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR, .name = "shelf",
	.version = "1", .license = "ISC", .summary = "boxes without mail",
	.options = options, .option_stride = sizeof(struct ms_option), .needs = needs,
	.create = create, .start = start, .stop = nothing, .destroy = nothing,
	.interface = interface,
};
