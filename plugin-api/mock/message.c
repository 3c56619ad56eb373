/* SPDX-License-Identifier: ISC */
/* message.c - ms.message/1: envelope, body by reference, header overlay */
#include "internal.h"

#include <mansio/error.h>
#include <mansio/header.h>
#include <mansio/limits.h>

#define MAX_PROPERTIES	32

struct recipient {
	struct recipient   *next;
	struct ms_recipient pub;
	bool                removed;
};

struct ms_message {
	struct owned     owned;		/* first */
	struct world    *world;
	struct ms_message_info info;
	struct recipient *recipients;	/* by number */
	uint32_t         n_numbers;
	struct ms_facts *facts;
	struct overlay   overlay;
	bool             is_rebuilt;	/* below what was prepended the header is
					   not as it came */
	bool             gone, submitted;
};

static void
message_end(struct ms_message *msg)
{
	owner_leave(&msg->owned);
	blob_disown(msg->info.body);
	msg->info.body = NULL;
	msg->gone = true;
}

static void
give_up_message(struct owned *owned)
{
	message_end((struct ms_message *)owned);
}

static void
must_live(const struct ms_message *msg)
{
	if (msg == NULL || msg->gone)
		mock_die("a message is used that %s", msg == NULL ? "is NULL" :
		    "was dropped or given up with its session");
}

void
message_drop(struct ms_message *msg)
{
	must_live(msg);
	message_end(msg);
}

static void
must_be_ours(const struct ms_message *msg)
{
	must_live(msg);
	if (msg->submitted)
		mock_die("a message is changed after it was submitted");
}

struct ms_message *
message_new(struct world *w, struct owner *owner, struct ms_facts *parent)
{
	struct ms_message *msg = ms_arena_alloc(w->arena, sizeof(*msg));

	msg->world = w;
	msg->info = (struct ms_message_info){ .size = sizeof(msg->info),
		.reverse_path = MS_STR(""), .envid = MS_STR(""), .auth = MS_STR(""),
		.received_us = w->now_us };
	msg->info.id = ms_arena_printf(w->arena, "mock-message-%u",
	    (unsigned)++w->n_messages);
	msg->facts = facts_new(w, parent);
	msg->owned.give_up = give_up_message;
	owner_join(owner, &msg->owned);
	return msg;
}

void
message_place(struct ms_message *msg, uint32_t number)
{
	memcpy(msg->info.delivery_id.octets, "mock", 4);
	memcpy(msg->info.delivery_id.octets + 8, &number, sizeof(number));
}

void
message_set_body(struct ms_message *msg, struct ms_blob *body)
{
	blob_own(body);
	blob_disown(msg->info.body);
	msg->info.body = body;
	msg->overlay = (struct overlay){ .prepended = msg->overlay.prepended };
	msg->is_rebuilt = false;
}

/* What is there of the content as it came; so far, while it comes. */
static struct ms_str
came(const struct ms_message *msg)
{
	if (msg->info.body != NULL)
		return blob_read_all(msg->info.body, msg->world->arena);
	if (msg->info.coming != NULL)
		return writer_octets(msg->info.coming);
	return ms_str_of("", 0);
}

static void
read_header(struct ms_message *msg)
{
	if (msg->info.body != NULL)
		overlay_read(&msg->overlay, msg->world->arena, came(msg));
}

struct ms_str
message_octets(struct ms_message *msg)
{
	struct ms_buf b = MS_BUF_MAX(MOCK_MAX_BUF);
	struct ms_str all = came(msg), out;

	overlay_write(&msg->overlay, msg->is_rebuilt, &b);
	if (msg->is_rebuilt)
		all = ms_str_from(all, msg->overlay.octets);
	ms_buf_add(&b, all);
	out = ms_arena_str(msg->world->arena, ms_buf_str(&b));
	ms_buf_free(&b);
	return out;
}

struct ms_str
message_submit(struct ms_message *msg)
{
	struct ms_arena *a = msg->world->arena;
	struct ms_buf b = MS_BUF_MAX(MOCK_MAX_BUF);
	struct ms_str text;

	must_be_ours(msg);
	if (msg->info.body == NULL)
		mock_die("a message was submitted without its body: set_info()");
	if (msg->info.n_recipients == 0)
		mock_die("a message was submitted without recipients");
	ms_buf_add(&b, msg->info.reverse_path);
	ms_buf_add_octet(&b, '\n');
	for (const struct recipient *r = msg->recipients; r != NULL; r = r->next)
		if (!r->removed) {
			ms_buf_add(&b, r->pub.path);
			ms_buf_add_octet(&b, '\n');
		}
	ms_buf_add_octet(&b, '\n');
	ms_buf_add(&b, message_octets(msg));
	text = ms_arena_str(a, ms_buf_str(&b));
	ms_buf_free(&b);
	message_place(msg, msg->world->n_messages);
	blob_disown(msg->info.body);
	msg->info.body = NULL;
	msg->submitted = true;
	return text;
}

/* ---- reading ---- */

static const struct ms_message_info *
service_info(struct ms_message *msg)
{
	must_live(msg);
	read_header(msg);
	msg->info.n_headers = overlay_count(&msg->overlay);
	msg->info.header_octets = msg->overlay.octets;
	return &msg->info;
}

static const struct ms_recipient *
service_recipient(struct ms_message *msg, uint32_t i)
{
	must_live(msg);
	if (i >= msg->info.n_recipients)
		mock_die("recipient %u of %u was asked for", (unsigned)i,
		    (unsigned)msg->info.n_recipients);
	for (const struct recipient *r = msg->recipients; r != NULL; r = r->next)
		if (!r->removed && i-- == 0)
			return &r->pub;
	return NULL;
}

static struct ms_facts *
service_facts(struct ms_message *msg)
{
	must_live(msg);
	return msg->facts;
}

static ms_status
service_header(const struct ms_scope *scope, struct ms_message *msg,
    struct ms_str name, uint32_t nth, struct ms_field *field_out,
    struct ms_error *err)
{
	struct overlay so_far = { .is_apart = false };
	const struct overlay_field *f;
	struct ms_header_field field;
	struct ms_str whole;

	must_live(msg);
	read_header(msg);
	if (msg->info.body == NULL) {
		so_far.prepended = msg->overlay.prepended;
		overlay_read(&so_far, msg->world->arena, came(msg));
		f = overlay_find(&so_far, name, nth);
	} else {
		f = overlay_find(&msg->overlay, name, nth);
	}
	if (f == NULL)
		return ms_error_set(err, MS_NOTFOUND, "", "no such field");
	whole = ms_arena_str(scope->arena, f->whole);
	if (!ms_header_next(&whole, &field))
		return ms_error_set(err, MS_NOTFOUND, "", "no such field");
	*field_out = (struct ms_field){ field.name, field.value };
	return MS_OK;
}

static ms_status
service_content(const struct ms_scope *scope, struct ms_message *msg,
    struct ms_blob **blob_out, struct ms_error *err)
{
	(void)scope;
	must_live(msg);
	if (msg->info.body == NULL)
		return ms_error_set(err, MS_INVALID, "", "the body has not come yet");
	*blob_out = msg->is_rebuilt || msg->overlay.prepended != NULL ?
	    blob_of_octets(msg->world, message_octets(msg)) :
	    mock_blob_service.hold(msg->info.body);
	return MS_OK;
}

/* ---- edits ---- */

static bool
may_touch(struct ms_message *msg, uint32_t touch, struct ms_error *err)
{
	const struct ms_filter_plan *plan = msg->world->judging;

	must_be_ours(msg);
	if (plan == NULL || touch == 0 || (plan->touches & touch))
		return true;
	(void)ms_error_set(err, MS_DENIED, "", "the stage did not declare this touch");
	return false;
}

static ms_status
service_edit_header(struct ms_message *msg, uint32_t edit, struct ms_str name,
    int32_t nth, struct ms_str value, struct ms_error *err)
{
	ms_status st;

	if (!may_touch(msg, MS_TOUCH_HEADERS, err))
		return MS_DENIED;
	if (edit != MS_HEADER_PREPEND && msg->info.body == NULL)
		return ms_error_set(err, MS_INVALID, "", "the body has not come yet");
	read_header(msg);
	st = overlay_edit(&msg->overlay, msg->world->arena, edit, name, nth, value, err);
	if (st == MS_OK && edit != MS_HEADER_PREPEND)
		msg->is_rebuilt = true;
	return st;
}

static ms_status
service_replace_body(struct ms_message *msg, struct ms_blob *body,
    struct ms_error *err)
{
	if (!may_touch(msg, MS_TOUCH_BODY, err))
		return MS_DENIED;
	message_set_body(msg, body);
	return MS_OK;
}

static ms_status
service_set_reverse_path(struct ms_message *msg, struct ms_str path,
    struct ms_error *err)
{
	if (!may_touch(msg, MS_TOUCH_ENVELOPE, err))
		return MS_DENIED;
	if (path.len > MS_MAX_PATH)
		return ms_error_set(err, MS_INVALID, "5.1.7", "the path is too long");
	msg->info.reverse_path = ms_arena_str(msg->world->arena, path);
	return MS_OK;
}

static void
append(struct ms_message *msg, const struct ms_recipient *from)
{
	struct ms_arena *a = msg->world->arena;
	struct recipient **at = &msg->recipients, *r = ms_arena_alloc(a, sizeof(*r));

	r->pub = (struct ms_recipient){ .size = sizeof(r->pub), .notify = from->notify,
		.number = msg->n_numbers++, .flags = from->flags,
		.path = ms_arena_str(a, from->path),
		.original = ms_arena_str(a, from->original),
		.facts = facts_new(msg->world, msg->facts), .account = MS_STR("") };
	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	msg->info.n_recipients++;
}

void
message_add(struct ms_message *msg, struct ms_str path)
{
	append(msg, &(struct ms_recipient){ .path = path, .original = MS_STR("") });
}

static ms_status
service_add_recipient(struct ms_message *msg, const struct ms_recipient *r,
    struct ms_error *err)
{
	if (!may_touch(msg, MS_TOUCH_ENVELOPE, err))
		return MS_DENIED;
	append(msg, r);
	return MS_OK;
}

static ms_status
service_remove_recipient(struct ms_message *msg, uint32_t number,
    struct ms_error *err)
{
	if (!may_touch(msg, MS_TOUCH_ENVELOPE, err))
		return MS_DENIED;
	for (struct recipient *r = msg->recipients; r != NULL; r = r->next)
		if (r->pub.number == number && !r->removed) {
			r->removed = true;
			msg->info.n_recipients--;
			return MS_OK;
		}
	return ms_error_set(err, MS_NOTFOUND, "", "no such recipient");
}

/* Kept as a fact of the message, "results.METHOD", for the test to see. */
static ms_status
service_add_result(struct ms_message *msg, const struct ms_auth_result *r,
    struct ms_error *err)
{
	struct ms_arena *a = msg->world->arena;

	(void)err;
	must_be_ours(msg);
	if (r->n_properties > MAX_PROPERTIES)
		mock_die("a result has more than %d properties", MAX_PROPERTIES);
	facts_put(msg->facts, ms_arena_printf(a, "results.%.*s", (int)r->method.len,
	    r->method.data), r->result);
	return MS_OK;
}

static ms_status
service_set_info(struct ms_message *msg, const struct ms_message_info *info,
    struct ms_error *err)
{
	struct ms_arena *a = msg->world->arena;

	must_be_ours(msg);
	if (msg->world->judging != NULL)
		return ms_error_set(err, MS_DENIED, "", "not for filters");
	msg->info.flags = info->flags;
	msg->info.reverse_path = ms_arena_str(a, info->reverse_path);
	msg->info.envid = ms_arena_str(a, info->envid);
	msg->info.auth = ms_arena_str(a, info->auth);
	if (info->received_us != 0)
		msg->info.received_us = info->received_us;
	msg->info.hold_until_us = info->hold_until_us;
	msg->info.deliver_by_us = info->deliver_by_us;
	msg->info.by_mode = info->by_mode;
	msg->info.priority = info->priority;
	msg->info.coming = info->coming;
	if (info->body != NULL && info->body != msg->info.body)
		message_set_body(msg, info->body);
	return MS_OK;
}

const struct ms_message_api mock_message_service = {
	.size = sizeof(mock_message_service), .info = service_info,
	.recipient = service_recipient, .facts = service_facts,
	.header = service_header, .content = service_content,
	.edit_header = service_edit_header, .replace_body = service_replace_body,
	.set_reverse_path = service_set_reverse_path,
	.add_recipient = service_add_recipient,
	.remove_recipient = service_remove_recipient,
	.add_result = service_add_result, .set_info = service_set_info,
};

/* ---- for tests ---- */

struct ms_message *
ms_mock_message(struct ms_mock *m, const char *from, const char *const *to,
    struct ms_str content)
{
	struct ms_message *msg = message_new(m->world, &m->world->owner, m->world->facts);
	struct ms_blob *body = blob_of_octets(m->world, content);

	msg->info.reverse_path = ms_arena_str(m->world->arena, ms_str_c(from));
	for (; *to != NULL; to++)
		message_add(msg, ms_str_c(*to));
	message_set_body(msg, body);
	mock_blob_service.release(body);
	message_place(msg, m->world->n_messages);
	return msg;
}

struct ms_str
ms_mock_message_octets(struct ms_mock *m, struct ms_message *msg)
{
	(void)m;
	must_live(msg);
	return message_octets(msg);
}
