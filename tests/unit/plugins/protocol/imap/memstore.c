/* SPDX-License-Identifier: ISC */
/* memstore.c - see memstore.h: reading; memstore_jobs.c writes */
#include "memstore_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

struct ms_account *memstore_accounts;
bool memstore_keeps_trash = true;
static uint32_t damaged_uid;
static ms_status damage;
static int n_open;
static uint64_t n_rows;

/* ---- looking up --------------------------------------------------------------- */

struct ms_account *
memstore_account(struct ms_str name)
{
	struct ms_account *a = memstore_accounts;

	while (a != NULL && !ms_str_equal(ms_str_c(a->name), name))
		a = a->next;
	return a;
}

struct box *
memstore_box(struct ms_account *a, const struct ms_id *id)
{
	struct box *b = a != NULL ? a->boxes : NULL;

	while (b != NULL && memcmp(&b->id, id, sizeof(*id)) != 0)
		b = b->next;
	return b;
}

struct box *
memstore_box_named(struct ms_account *a, struct ms_str name)
{
	struct box *b = a != NULL ? a->boxes : NULL;

	while (b != NULL && !ms_str_equal(ms_str_c(b->name), name))
		b = b->next;
	return b;
}

bool
memstore_has(struct ms_uids set, uint32_t uid)
{
	for (size_t i = 0; i < set.n; i++)
		if (uid >= set.ranges[i].first && uid <= set.ranges[i].last)
			return true;
	return false;
}

void
memstore_add_uid(struct ms_arena *arena, struct ms_uids *set, uint32_t uid)
{
	struct ms_uid_range *r = (struct ms_uid_range *)(uintptr_t)set->ranges;

	if (set->n > 0 && r[set->n - 1].last + 1 == uid) {
		r[set->n - 1].last = uid;
		return;
	}
	if ((set->n & (set->n - 1)) == 0) {
		struct ms_uid_range *grown = ms_arena_array(arena,
		    set->n * 2 + 1, sizeof(*grown));

		if (set->n > 0)
			memcpy(grown, r, set->n * sizeof(*grown));
		set->ranges = r = grown;
	}
	r[set->n++] = (struct ms_uid_range){ uid, uid };
}

/* ---- ms.mailbox/1 ---------------------------------------------------------------- */

static ms_status
open_account(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str name, struct ms_str actor, struct ms_account **out,
    struct ms_error *err)
{
	(void)self, (void)scope, (void)err;
	if (!ms_str_equal(name, actor) || memstore_account(name) == NULL)
		return MS_NOTFOUND;
	n_open++;
	*out = memstore_account(name);
	return MS_OK;
}

static void
close_account(struct ms_instance *self, struct ms_account *account)
{
	(void)self;
	n_open -= account != NULL;
}

static const struct ms_box *
show_box(struct ms_arena *arena, const struct box *b)
{
	struct ms_box *out = ms_arena_alloc(arena, sizeof(*out));

	*out = (struct ms_box){ .size = sizeof(*out), .id = b->id,
		.flags = b->is_name_only ? MS_BOX_NOSELECT : 0,
		.name = ms_arena_str(arena, ms_str_c(b->name)),
		.special_use = ms_arena_str(arena, ms_str_c(b->special_use)),
		.uidvalidity = b->uidvalidity, .uidnext = b->uidnext,
		.modseq = b->modseq, .box_modseq = b->box_modseq,
		.recent_from = b->recent_from, .n_keywords = b->n_keywords };
	struct ms_str *keywords = ms_arena_array(arena, MAX_KEYWORDS,
	    sizeof(*keywords));

	for (uint32_t i = 0; i < b->n_keywords; i++)
		keywords[i] = ms_arena_str(arena, ms_str_c(b->keywords[i]));
	out->keywords = keywords;
	for (size_t i = 0; i < b->n; i++) {
		const struct mail *m = &b->mails[i];

		if (m->gone)
			continue;
		out->messages++;
		out->octets += m->octets;
		out->deleted += (m->flags & MS_FLAG_DELETED) != 0;
		if (m->flags & MS_FLAG_SEEN)
			continue;
		if (out->unseen++ == 0)
			out->first_unseen = m->uid;
	}
	return out;
}

static int
compare_boxes(const void *a, const void *b)
{
	const struct box *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static ms_status
list(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_str name, uint32_t counters,
    uint64_t since, struct ms_str after, uint32_t limit, struct ms_boxes *out,
    struct ms_error *err)
{
	const struct ms_box **boxes = ms_arena_array(scope->arena, limit,
	    sizeof(*boxes));
	struct box *sorted[1000];
	size_t n = 0;

	(void)self, (void)counters, (void)since, (void)err;
	for (struct box *b = account->boxes; b != NULL; b = b->next)
		if (n < 1000)
			sorted[n++] = b;
	if (n > 0)
		qsort(sorted, n, sizeof(*sorted), compare_boxes);
	out->n = 0;
	out->boxes = boxes;
	out->modseq = account->modseq;
	for (size_t i = 0; i < n && out->n < limit; i++) {
		struct ms_str at = ms_str_c(sorted[i]->name);

		if (name.len > 0 && (!ms_str_has_prefix(at, name) ||
		    (at.len > name.len && at.data[name.len] != '/')))
			continue;
		if (after.len == 0 || ms_str_compare(at, after) > 0)
			boxes[out->n++] = show_box(scope->arena, sorted[i]);
	}
	return MS_OK;
}

static const struct ms_row *
show_mail(struct ms_arena *arena, const struct box *b, const struct mail *m,
    uint32_t want)
{
	struct ms_row *row = ms_arena_alloc(arena, sizeof(*row));
	struct ms_str *keywords;

	row->size = sizeof(*row);
	row->uid = m->uid;
	row->modseq = m->modseq;
	row->box = b->id;
	if (want & MS_ROW_FLAGS) {
		row->flags = m->flags;
		keywords = ms_arena_array(arena, MAX_KEYWORDS,
		    sizeof(*keywords));
		for (uint32_t i = 0; i < b->n_keywords; i++)
			if (m->keywords >> i & 1)
				keywords[row->n_keywords++] =
				    ms_str_c(b->keywords[i]);
		row->keywords = keywords;
	}
	if (want & MS_ROW_SIZE)
		row->octets = m->octets;
	if (want & MS_ROW_DATES) {
		row->arrived_us = m->arrived_us;
		row->saved_us = m->saved_us;
	}
	if (want & MS_ROW_IDS) {
		row->email_id = m->email_id;
		row->thread_id = m->thread_id;
	}
	if (want & MS_ROW_DIGEST)
		row->digest = m->digest;
	return row;
}

/* The mail after (modseq, uid): by uid, or by modseq and then uid. */
static const struct mail *
next_mail(const struct box *b, const struct ms_fetch *f, uint64_t modseq,
    uint32_t uid, size_t *from)
{
	bool wants_gone = f->want & MS_ROW_EXPUNGED;
	const struct mail *best = NULL;

	for (size_t i = f->changed_since == 0 ? *from : 0; i < b->n; i++) {
		const struct mail *m = &b->mails[i];

		if (m->gone != wants_gone ||
		    (m->gone && !memstore_keeps_trash) ||
		    (f->uids.n > 0 && !memstore_has(f->uids, m->uid)))
			continue;
		if (f->changed_since == 0) {
			if (m->uid > uid) {
				*from = i + 1;
				return m;
			}
			continue;
		}
		if (m->modseq <= f->changed_since || m->modseq < modseq ||
		    (m->modseq == modseq && m->uid <= uid))
			continue;
		if (best == NULL || m->modseq < best->modseq)
			best = m;
	}
	return best;
}

static ms_status
fetch(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_fetch *f, struct ms_rows *out,
    struct ms_error *err)
{
	const struct ms_row **rows = ms_arena_array(scope->arena, f->limit,
	    sizeof(*rows));
	uint64_t modseq = f->after != NULL ? f->after->modseq : 0;
	uint32_t uid = f->after != NULL ? f->after->uid : 0;
	struct box *b = memstore_box(account, &f->box);
	const struct mail *m;
	size_t from = 0;

	(void)self, (void)err;
	if (b == NULL)
		return MS_NOTFOUND;
	out->n = 0;
	while (out->n < f->limit &&
	    (m = next_mail(b, f, modseq, uid, &from)) != NULL) {
		rows[out->n++] = show_mail(scope->arena, b, m, f->want);
		uid = m->uid;
		modseq = m->modseq;
	}
	n_rows += out->n;
	out->rows = rows;
	out->modseq = b->modseq;
	return MS_OK;
}

static ms_status
vanished(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, uint64_t since,
    struct ms_uids within, struct ms_vanished *out, struct ms_error *err)
{
	struct box *b = memstore_box(account, box);

	(void)self, (void)err;
	if (b == NULL)
		return MS_NOTFOUND;
	out->complete = since >= b->forgotten;
	out->uids = (struct ms_uids){ NULL, 0 };
	out->modseq = b->modseq;
	for (size_t i = 0; i < b->n; i++)
		if (b->mails[i].gone && b->mails[i].modseq > since &&
		    b->mails[i].modseq > b->forgotten &&
		    (within.n == 0 || memstore_has(within, b->mails[i].uid)))
			memstore_add_uid(scope->arena, &out->uids,
			    b->mails[i].uid);
	return MS_OK;
}

static uint32_t known_sure, known_first, known_last;
static char asked[2000];

static void
note_term(const struct ms_term *t, char *out, size_t room)
{
	static const char *const words[] = { [MS_TERM_AND] = "AND",
		[MS_TERM_OR] = "OR", [MS_TERM_NOT] = "NOT",
		[MS_TERM_UIDS] = "UIDS", [MS_TERM_FLAGS] = "FLAGS",
		[MS_TERM_KEYWORD] = "KEYWORD", [MS_TERM_LARGER] = "LARGER",
		[MS_TERM_SMALLER] = "SMALLER", [MS_TERM_MODSEQ] = "MODSEQ",
		[MS_TERM_ARRIVED_FROM] = "ARRIVED_FROM",
		[MS_TERM_ARRIVED_BEFORE] = "ARRIVED_BEFORE",
		[MS_TERM_SENT_FROM] = "SENT_FROM",
		[MS_TERM_SENT_BEFORE] = "SENT_BEFORE",
		[MS_TERM_SAVED_FROM] = "SAVED_FROM",
		[MS_TERM_SAVED_BEFORE] = "SAVED_BEFORE",
		[MS_TERM_EMAIL_ID] = "EMAIL_ID",
		[MS_TERM_THREAD_ID] = "THREAD_ID",
		[MS_TERM_HEADER] = "HEADER", [MS_TERM_BODY] = "BODY",
		[MS_TERM_TEXT] = "TEXT" };

	if (t->op <= MS_TERM_NOT)
		snprintf(out, room, " %s%u", words[t->op], t->arity);
	else if (t->op == MS_TERM_UIDS)
		snprintf(out, room, " UIDS(%zu)", t->uids.n);
	else if (t->text.data != NULL)
		snprintf(out, room, " %s(%.*s%s%.*s)", words[t->op],
		    (int)t->name.len, t->name.len > 0 ? t->name.data : "",
		    t->name.len > 0 ? "," : "", (int)t->text.len,
		    t->text.data);
	else
		snprintf(out, room, " %s(%llu)", words[t->op],
		    (unsigned long long)t->number);
}

static ms_status
search_terms(const struct ms_term *terms, size_t n, struct ms_arena *arena,
    struct ms_found *out)
{
	asked[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(asked);

		note_term(&terms[i], asked + len, sizeof(asked) - len);
	}
	if (known_sure == 0 && known_first == 0)
		return MS_UNSUPPORTED;
	out->sure = out->maybe = (struct ms_uids){ NULL, 0 };
	if (known_sure != 0)
		memstore_add_uid(arena, &out->sure, known_sure);
	for (uint32_t uid = known_first; uid != 0 && uid <= known_last; uid++)
		memstore_add_uid(arena, &out->maybe, uid);
	return MS_OK;
}

static ms_status
search(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box,
    const struct ms_term *terms, size_t n, struct ms_found *out,
    struct ms_error *err)
{
	struct box *b = memstore_box(account, box);

	(void)self, (void)err;
	if (b == NULL)
		return MS_NOTFOUND;
	if (n > 0)
		return search_terms(terms, n, scope->arena, out);
	out->sure = out->maybe = (struct ms_uids){ NULL, 0 };
	out->modseq = b->modseq;
	for (size_t i = 0; i < b->n; i++)
		if (!b->mails[i].gone)
			memstore_add_uid(scope->arena, &out->sure,
			    b->mails[i].uid);
	return MS_OK;
}

static ms_status
body(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, uint32_t uid,
    struct ms_blob **out, struct ms_error *err)
{
	struct box *b = memstore_box(account, box);

	(void)scope, (void)err;
	if (uid == damaged_uid && damage != MS_OK)
		return damage;
	for (size_t i = 0; b != NULL && i < b->n; i++)
		if (b->mails[i].uid == uid &&
		    (!b->mails[i].gone || memstore_keeps_trash)) {
			*out = self->blob->hold(b->mails[i].body);
			return MS_OK;
		}
	return MS_NOTFOUND;
}

static ms_status
properties(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, const struct ms_id *box, struct ms_str name,
    uint64_t since, const struct ms_property *after, uint32_t limit,
    struct ms_properties *out, struct ms_error *err)
{
	const struct ms_property **found = ms_arena_array(scope->arena, limit,
	    sizeof(*found));

	(void)self, (void)since, (void)err;
	out->n = 0;
	out->properties = found;
	/* The list is kept by box and name. */
	for (struct property *p = account->properties;
	    p != NULL && out->n < limit; p = p->next) {
		struct ms_property *row;
		struct ms_str at = ms_str_c(p->name);

		if ((box != NULL &&
		    memcmp(&p->box, box, sizeof(*box)) != 0) ||
		    !ms_str_has_prefix(at, name))
			continue;
		if (after != NULL) {
			int order = memcmp(&p->box, &after->box,
			    sizeof(p->box));

			if (order < 0 || (order == 0 &&
			    ms_str_compare(at, after->name) <= 0))
				continue;
		}
		row = ms_arena_alloc(scope->arena, sizeof(*row));
		*row = (struct ms_property){ .size = sizeof(*row),
			.box = p->box, .name = at,
			.value = ms_str_c(p->value), .modseq = p->modseq };
		found[out->n++] = row;
	}
	return MS_OK;
}

static ms_status
usage(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_account *account, struct ms_usage *out, struct ms_error *err)
{
	(void)self, (void)scope, (void)err;
	for (struct box *b = account->boxes; b != NULL; b = b->next) {
		out->mailboxes++;
		for (size_t i = 0; i < b->n; i++)
			if (!b->mails[i].gone) {
				out->messages++;
				out->octets += b->mails[i].octets;
			}
	}
	return MS_OK;
}

const struct ms_mailbox memstore_mailbox = {
	.size = sizeof(memstore_mailbox), .open = open_account,
	.close = close_account, .list = list, .fetch = fetch,
	.vanished = vanished, .search = search, .body = body,
	.properties = properties, .usage = usage,
};

/* ---- for tests --------------------------------------------------------------------- */

void
memstore_keep_trash(bool keeps)
{
	memstore_keeps_trash = keeps;
}

void
memstore_damage(uint32_t uid, ms_status status)
{
	damaged_uid = uid;
	damage = status;
}

void
memstore_knows(uint32_t sure, uint32_t maybe_first, uint32_t maybe_last)
{
	known_sure = sure;
	known_first = maybe_first;
	known_last = maybe_last;
}

const char *
memstore_asked(void)
{
	return asked;
}

int
memstore_open_accounts(void)
{
	return n_open;
}

uint64_t
memstore_rows(void)
{
	return n_rows;
}

static struct box *
must_find(const char *account, const char *box)
{
	struct box *b = memstore_box_named(
	    memstore_account(ms_str_c(account)), ms_str_c(box));

	if (b == NULL) {
		fprintf(stderr, "no mailbox %s of %s\n", box, account);
		abort();
	}
	return b;
}

const char *
memstore_topic(const char *account, const char *box)
{
	static char topic[512];
	const struct box *b = must_find(account, box);
	size_t len = (size_t)snprintf(topic, sizeof(topic), "mailbox/%s/",
	    account);

	for (size_t i = 0; i < sizeof(b->id.octets); i++)
		len += (size_t)snprintf(topic + len, sizeof(topic) - len,
		    "%02x", b->id.octets[i]);
	return topic;
}

void
memstore_forget(const char *account, const char *box)
{
	struct box *b = must_find(account, box);

	b->forgotten = b->modseq;
}
