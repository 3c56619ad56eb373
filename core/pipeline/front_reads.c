/* SPDX-License-Identifier: ISC */
/*
 * front_reads.c - reads pass through a front to its plugin
 *
 * Nothing is added here yet but the way itself: lanes, another process and a
 * live migration will stand at this place, and no caller will notice.
 */
#include "pipeline/front_reads.h"

#include <mansio/error.h>

static const struct front *
front_of(struct ms_instance *self)
{
	return (const struct front *)(void *)self;
}

static ms_status
box_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str name, struct ms_str actor, struct ms_account **account_out,
    struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->open(f->self, scope, name, actor, account_out, err);
}

static void
box_close(struct ms_instance *self, struct ms_account *account)
{
	const struct front *f = front_of(self);

	f->mailbox->close(f->self, account);
}

static ms_status
box_list(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_str name, uint32_t counters,
    uint64_t since, struct ms_str after, uint32_t limit, struct ms_boxes *out,
    struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->list(f->self, scope, account, name, counters, since, after,
	    limit, out, err);
}

static ms_status
box_fetch(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_fetch *fetch, struct ms_rows *out,
    struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->fetch(f->self, scope, account, fetch, out, err);
}

static ms_status
box_vanished(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, uint64_t since,
    struct ms_uids within, struct ms_vanished *out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->vanished(f->self, scope, account, box, since, within, out, err);
}

static ms_status
box_search(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, const struct ms_term *terms,
    size_t n, struct ms_found *out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->search(f->self, scope, account, box, terms, n, out, err);
}

static ms_status
box_body(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, uint32_t uid,
    struct ms_blob **blob_out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->body(f->self, scope, account, box, uid, blob_out, err);
}

static ms_status
box_properties(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, struct ms_str name,
    uint64_t since, const struct ms_property *after, uint32_t limit,
    struct ms_properties *out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->properties(f->self, scope, account, box, name, since, after,
	    limit, out, err);
}

static ms_status
box_usage(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_usage *out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->usage(f->self, scope, account, out, err);
}

static ms_status
box_accounts(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str having, struct ms_str after, uint32_t limit, struct ms_accounts *out,
    struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->mailbox->accounts(f->self, scope, having, after, limit, out, err);
}

static ms_status
box_watch(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, uint32_t on, struct ms_error *err)
{
	const struct front *f = front_of(self);

	if (!MS_HAS(f->mailbox, watch))
		return ms_error_set(err, MS_UNSUPPORTED, "", "nobody else writes there");
	return f->mailbox->watch(f->self, scope, account, on, err);
}

const struct ms_mailbox front_mailbox_table = {
	.size = sizeof(front_mailbox_table),
	.open = box_open,
	.close = box_close,
	.list = box_list,
	.fetch = box_fetch,
	.vanished = box_vanished,
	.search = box_search,
	.body = box_body,
	.properties = box_properties,
	.usage = box_usage,
	.accounts = box_accounts,
	.watch = box_watch,
};

static ms_status
queue_find(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_queue_look *look, struct ms_parts *out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->queue->find(f->self, scope, look, out, err);
}

static ms_status
queue_message(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_id *message, struct ms_str *record_out,
    struct ms_blob **body_out, struct ms_error *err)
{
	const struct front *f = front_of(self);

	return f->queue->message(f->self, scope, message, record_out, body_out, err);
}

const struct ms_queue front_queue_table = {
	.size = sizeof(front_queue_table),
	.find = queue_find,
	.message = queue_message,
};
