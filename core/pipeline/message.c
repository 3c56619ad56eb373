/* SPDX-License-Identifier: ISC */
/* message.c - see message.h */
#include "pipeline/message.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/clock.h"
#include "base/facts.h"

#define TRACE_MAX	(32 * 1024)

static void
give_up_message(struct owned *owned)
{
	message_release((struct ms_message *)owned);
}

struct ms_message *
message_new(const struct ms_scope *scope, struct ms_facts *parent)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_message *m = ms_arena_alloc(arena, sizeof(*m));

	m->arena = arena;
	atomic_init(&m->holders, 1);
	pthread_mutex_init(&m->lock, NULL);
	m->owned.give_up = give_up_message;
	m->info.size = sizeof(m->info);
	m->info.received_us = clock_now_us();
	m->info.id = m->info.reverse_path = m->info.envid = m->info.auth =
	    ms_str_of("", 0);
	m->facts = facts_new(parent);
	m->last_result = &m->results;
	m->trace = (struct ms_buf)MS_BUF_MAX(TRACE_MAX);
	m->owner = scope_owner(scope);
	owner_join(m->owner, &m->owned);
	return m;
}

struct ms_message *
message_hold(struct ms_message *m)
{
	atomic_fetch_add(&m->holders, 1);
	return m;
}

void
message_release(struct ms_message *m)
{
	if (m == NULL || atomic_fetch_sub(&m->holders, 1) != 1)
		return;
	for (uint32_t i = 0; i < m->n_numbers; i++)
		facts_free(m->recipients[i]->pub.facts);
	facts_free(m->facts);
	blob_release(m->body);
	ms_buf_free(&m->trace);
	pthread_mutex_destroy(&m->lock);
	ms_arena_free(m->arena);	/* m lies in it */
}

void
message_drop(struct ms_message *m)
{
	if (m != NULL && owner_leave(m->owner, &m->owned))
		message_release(m);
}

void
message_set_id(struct ms_message *m, struct ms_str id)
{
	if (id.len >= sizeof(m->id))
		id.len = sizeof(m->id) - 1;
	memcpy(m->id, id.data, id.len);
	m->info.id = ms_str_of(m->id, id.len);
}

struct recipient *
message_add_recipient(struct ms_message *m, const struct ms_recipient *r)
{
	struct recipient *new = ms_arena_alloc(m->arena, sizeof(*new));

	if (m->n_numbers == m->cap_recipients) {
		uint32_t cap = m->cap_recipients > 0 ? 4 * m->cap_recipients : 4;
		struct recipient **grown = ms_arena_array(m->arena, cap,
		    sizeof(struct recipient *));

		if (m->n_numbers > 0)
			memcpy(grown, m->recipients,
			    m->n_numbers * sizeof(struct recipient *));
		m->recipients = grown;
		m->cap_recipients = cap;
	}
	new->pub.size = sizeof(new->pub);
	new->pub.notify = r->notify;
	new->pub.number = m->n_numbers;
	new->pub.path = ms_arena_str(m->arena, r->path);
	new->pub.original = ms_arena_str(m->arena, r->original);
	new->pub.facts = facts_new(m->facts);
	m->recipients[m->n_numbers++] = new;
	m->info.n_recipients++;
	return new;
}

void
message_set_body(struct ms_message *m, struct ms_blob *body)
{
	if (body != NULL)
		blob_hold(body);
	blob_release(m->body);
	m->body = body;
	m->info.body = body;
}

ms_status
message_content(struct ms_message *m, struct ms_blob **blob_out,
    struct ms_error *err)
{
	struct ms_buf front = MS_BUF_MAX(2 * MS_MAX_HEADER_OCTETS);
	struct ms_blob *head, *rest;
	uint64_t skip;

	if (m->base != NULL)
		m = m->base;
	if (m->body == NULL)
		return ms_error_set(err, MS_INVALID, "", "the body has not come yet");
	if (overlay_is_empty(&m->overlay)) {
		*blob_out = blob_hold(m->body);
		return MS_OK;
	}
	overlay_front(&m->overlay, &front, &skip);
	if (!ms_buf_ok(&front)) {
		ms_buf_free(&front);
		return ms_error_set(err, MS_LIMIT, "5.3.4", "the header became too large");
	}
	head = blob_of_memory(front.data != NULL ? front.data : malloc(1), front.len);
	rest = skip > 0 ? blob_slice(m->body, skip, blob_octets(m->body) - skip) :
	    blob_hold(m->body);
	*blob_out = blob_join(head, rest);
	blob_release(rest);
	blob_release(head);
	return MS_OK;
}

static struct ms_message *
lock_base(struct ms_message *m)
{
	if (m->base != NULL)
		m = m->base;
	pthread_mutex_lock(&m->lock);
	return m;
}

static const struct ms_message_info *
service_info(struct ms_message *m)
{
	m = lock_base(m);
	m->info.n_headers = overlay_count(&m->overlay, m->arena, m->body);
	if (m->body != NULL && m->info.header_octets == 0 &&
	    overlay_read(&m->overlay, m->arena, m->body, NULL) == MS_OK)
		m->info.header_octets = m->overlay.header_octets;
	pthread_mutex_unlock(&m->lock);
	return &m->info;
}

static const struct ms_recipient *
service_recipient(struct ms_message *m, uint32_t i)
{
	const struct ms_recipient *found = NULL;

	m = lock_base(m);
	for (uint32_t k = 0; k < m->n_numbers && found == NULL; k++)
		if (!m->recipients[k]->removed && i-- == 0)
			found = &m->recipients[k]->pub;
	pthread_mutex_unlock(&m->lock);
	return found;
}

static struct ms_facts *
service_facts(struct ms_message *m)
{
	return m->base != NULL ? m->view_facts : m->facts;
}

static ms_status
service_header(const struct ms_scope *scope, struct ms_message *m,
    struct ms_str name, uint32_t nth, struct ms_field *field_out,
    struct ms_error *err)
{
	ms_status st;

	(void)scope;
	m = lock_base(m);
	st = overlay_find(&m->overlay, m->arena, m->body, name, nth, field_out, err);
	pthread_mutex_unlock(&m->lock);
	return st;
}

static ms_status
service_content(const struct ms_scope *scope, struct ms_message *m,
    struct ms_blob **blob_out, struct ms_error *err)
{
	ms_status st;

	(void)scope;
	m = lock_base(m);
	st = message_content(m, blob_out, err);
	pthread_mutex_unlock(&m->lock);
	return st;
}

static struct edit *
note(struct ms_message *view, enum edit_kind kind, uint32_t touch, struct ms_error *err)
{
	struct edit *e;

	if (touch != 0 && !(view->touches & touch)) {
		ms_error_set(err, MS_DENIED, "", "the stage did not declare this touch");
		return NULL;
	}
	e = ms_arena_alloc(view->arena, sizeof(*e));
	e->kind = kind;
	*view->last_edit = e;
	view->last_edit = &e->next;
	return e;
}

static ms_status
service_edit_header(struct ms_message *m, uint32_t how, struct ms_str name,
    int32_t nth, struct ms_str value, struct ms_error *err)
{
	struct overlay probe = { .is_apart = true };
	struct edit *e;
	ms_status st;

	if (m->base == NULL)
		return overlay_edit(&m->overlay, m->arena, m->body, how, name, nth,
		    value, err);
	/* Injection is refused when it is tried, not when it is applied. */
	st = overlay_edit(&probe, m->arena, NULL, MS_HEADER_PREPEND, name, 0, value, err);
	if (st != MS_OK)
		return st;
	if ((e = note(m, EDIT_HEADER, MS_TOUCH_HEADERS, err)) == NULL)
		return MS_DENIED;
	e->how = how;
	e->nth = nth;
	e->name = ms_arena_str(m->arena, name);
	e->value = ms_arena_str(m->arena, value);
	return MS_OK;
}

static ms_status
service_replace_body(struct ms_message *m, struct ms_blob *body,
    struct ms_error *err)
{
	struct edit *e;

	if (m->base == NULL) {
		message_set_body(m, body);
		overlay_forget(&m->overlay);
		m->info.header_octets = 0;
		return MS_OK;
	}
	if ((e = note(m, EDIT_BODY, MS_TOUCH_BODY, err)) == NULL)
		return MS_DENIED;
	e->body = blob_hold(body);
	return MS_OK;
}

static ms_status
service_set_reverse_path(struct ms_message *m, struct ms_str path,
    struct ms_error *err)
{
	struct edit *e;

	if (path.len > MS_MAX_PATH)
		return ms_error_set(err, MS_INVALID, "5.1.7", "the path is too long");
	if (m->base == NULL) {
		m->info.reverse_path = ms_arena_str(m->arena, path);
		return MS_OK;
	}
	if ((e = note(m, EDIT_REVERSE_PATH, MS_TOUCH_ENVELOPE, err)) == NULL)
		return MS_DENIED;
	e->value = ms_arena_str(m->arena, path);
	return MS_OK;
}

static ms_status
service_add_recipient(struct ms_message *m, const struct ms_recipient *r,
    struct ms_error *err)
{
	struct ms_message *of = m->base != NULL ? m->base : m;
	struct edit *e;

	if (of->n_numbers >= MESSAGE_MAX_RECIPIENTS)
		return ms_error_set(err, MS_LIMIT, "4.5.3", "too many recipients");
	if (m->base == NULL) {
		(void)message_add_recipient(m, r);
		return MS_OK;
	}
	if ((e = note(m, EDIT_ADD, MS_TOUCH_ENVELOPE, err)) == NULL)
		return MS_DENIED;
	e->recipient = (struct ms_recipient){ .size = sizeof(e->recipient),
		.notify = r->notify, .path = ms_arena_str(m->arena, r->path),
		.original = ms_arena_str(m->arena, r->original) };
	return MS_OK;
}

static ms_status
remove_number(struct ms_message *m, uint32_t number, struct ms_error *err)
{
	if (number >= m->n_numbers || m->recipients[number]->removed)
		return ms_error_set(err, MS_NOTFOUND, "", "no such recipient");
	m->recipients[number]->removed = true;
	m->info.n_recipients--;
	return MS_OK;
}

static ms_status
service_remove_recipient(struct ms_message *m, uint32_t number,
    struct ms_error *err)
{
	struct edit *e;

	if (m->base == NULL)
		return remove_number(m, number, err);
	if ((e = note(m, EDIT_REMOVE, MS_TOUCH_ENVELOPE, err)) == NULL)
		return MS_DENIED;
	e->number = number;
	return MS_OK;
}

static struct ms_auth_result
copy_result(struct ms_arena *a, const struct ms_auth_result *r)
{
	struct ms_field *properties = ms_arena_array(a, r->n_properties,
	    sizeof(*properties));

	for (uint32_t i = 0; i < r->n_properties; i++)
		properties[i] = (struct ms_field){
			ms_arena_str(a, r->properties[i].name),
			ms_arena_str(a, r->properties[i].value) };
	return (struct ms_auth_result){ .size = sizeof(struct ms_auth_result),
		.n_properties = r->n_properties, .method = ms_arena_str(a, r->method),
		.result = ms_arena_str(a, r->result), .reason = ms_arena_str(a, r->reason),
		.comment = ms_arena_str(a, r->comment), .properties = properties };
}

static void
append_result(struct ms_message *m, const struct ms_auth_result *r)
{
	struct auth_result *x = ms_arena_alloc(m->arena, sizeof(*x));

	x->pub = copy_result(m->arena, r);
	*m->last_result = x;
	m->last_result = &x->next;
}

static ms_status
service_add_result(struct ms_message *m, const struct ms_auth_result *r,
    struct ms_error *err)
{
	struct edit *e;

	if (r->n_properties > 32)
		return ms_error_set(err, MS_INVALID, "", "more than 32 properties");
	if (m->base == NULL) {
		append_result(m, r);
		return MS_OK;
	}
	if ((e = note(m, EDIT_RESULT, 0, err)) == NULL)
		return MS_DENIED;
	e->result = copy_result(m->arena, r);
	return MS_OK;
}

static ms_status
service_set_info(struct ms_message *m, const struct ms_message_info *info,
    struct ms_error *err)
{
	struct ms_arena *a = m->arena;

	if (m->base != NULL)
		return ms_error_set(err, MS_DENIED, "", "not for filters");
	m->info.flags = info->flags;
	m->info.reverse_path = ms_arena_str(a, info->reverse_path);
	m->info.envid = ms_arena_str(a, info->envid);
	m->info.auth = ms_arena_str(a, info->auth);
	if (info->received_us != 0)
		m->info.received_us = info->received_us;
	m->info.hold_until_us = info->hold_until_us;
	m->info.deliver_by_us = info->deliver_by_us;
	m->info.by_mode = info->by_mode;
	m->info.priority = info->priority;
	m->info.coming = info->coming;
	if (info->body != NULL && info->body != m->body) {
		message_set_body(m, info->body);
		overlay_forget(&m->overlay);
		m->info.header_octets = 0;
	}
	return MS_OK;
}

const char *const no_names[] = { NULL };

/* A fact that a filter sets, noted as an edit.  Names that end in a dot stand
   for a family. */
static ms_status
note_fact(void *arg, struct ms_str name, struct ms_str value,
    struct ms_error *err)
{
	struct ms_message *view = arg;
	struct edit *e;

	for (const char *const *g = view->gives; *g != NULL; g++) {
		struct ms_str give = ms_str_c(*g);
		bool is_family = ms_str_has_suffix(give, (struct ms_str)MS_STR("."));

		if (is_family ? !ms_str_has_prefix(name, give) : !ms_str_equal(name, give))
			continue;
		if ((e = note(view, EDIT_FACT, 0, err)) == NULL)
			return MS_DENIED;
		e->number = UINT32_MAX;
		e->name = ms_arena_str(view->arena, name);
		e->value = ms_arena_str(view->arena, value);
		return MS_OK;
	}
	return ms_error_set(err, MS_DENIED, "", "the stage did not declare this fact");
}

struct ms_message *
message_view(struct ms_message *m, struct ms_arena *arena,
    const struct ms_filter_plan *plan)
{
	struct ms_message *view = ms_arena_alloc(arena, sizeof(*view));

	view->arena = arena;
	view->base = m;
	view->touches = plan->touches;
	view->gives = plan->gives != NULL ? plan->gives : no_names;
	view->last_edit = &view->edits;
	view->view_facts = facts_view(arena, m->facts,
	    plan->needs != NULL ? plan->needs : no_names, note_fact, view);
	return view;
}

static void
apply_one(struct ms_message *m, const struct edit *e)
{
	switch (e->kind) {
	case EDIT_HEADER:
		(void)overlay_edit(&m->overlay, m->arena, m->body, e->how, e->name,
		    e->nth, e->value, NULL);
		break;
	case EDIT_BODY:
		message_set_body(m, e->body);
		overlay_forget(&m->overlay);
		m->info.header_octets = 0;
		break;
	case EDIT_REVERSE_PATH:
		m->info.reverse_path = ms_arena_str(m->arena, e->value);
		break;
	case EDIT_ADD:
		if (m->n_numbers < MESSAGE_MAX_RECIPIENTS)
			(void)message_add_recipient(m, &e->recipient);
		break;
	case EDIT_REMOVE:
		(void)remove_number(m, e->number, NULL);
		break;
	case EDIT_RESULT:
		append_result(m, &e->result);
		break;
	case EDIT_FACT:
		facts_set(m->facts, e->name, e->value);
		break;
	}
}

void
message_apply(struct ms_message *m, struct ms_message *view)
{
	pthread_mutex_lock(&m->lock);
	for (const struct edit *e = view->edits; e != NULL; e = e->next)
		apply_one(m, e);
	pthread_mutex_unlock(&m->lock);
	message_discard(view);
}

void
message_discard(struct ms_message *view)
{
	for (struct edit *e = view->edits; e != NULL; e = e->next) {
		blob_release(e->body);
		e->body = NULL;
	}
	view->edits = NULL;
	view->last_edit = &view->edits;
}

const struct ms_message_api message_service = {
	.size = sizeof(message_service),
	.info = service_info,
	.recipient = service_recipient,
	.facts = service_facts,
	.header = service_header,
	.content = service_content,
	.edit_header = service_edit_header,
	.replace_body = service_replace_body,
	.set_reverse_path = service_set_reverse_path,
	.add_recipient = service_add_recipient,
	.remove_recipient = service_remove_recipient,
	.add_result = service_add_result,
	.set_info = service_set_info,
};
