/* SPDX-License-Identifier: ISC */
/*
 * boxes.c - CREATE, RENAME and DELETE of mailboxes
 *
 * A name leads to a mailbox by the table "name".  A deleted mailbox loses its
 * name and keeps its rows for the retention time, then upkeep takes them away
 * in slices; its record stays, so that it can be told as gone.
 */
#include <mansio/error.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "box.h"
#include "jobs.h"
#include "properties.h"

#define MAX_RENAMED	10000	/* mailboxes below one that is renamed */

static ms_status
check_name(struct db_txn *t, struct ms_str name)
{
	uint32_t depth = 1;

	if (name.len > KEY_MAX_NAME)
		return ms_error_set(t->err, MS_LIMIT, "",
		    "a mailbox name has at most %d octets", KEY_MAX_NAME);
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.data[i];
		bool is_edge = i == 0 || i + 1 == name.len || name.data[i - 1] == '/';

		if (c < 0x20 || c == 0x7f || (c == '/' && is_edge))
			return ms_error_set(t->err, MS_INVALID, "", "not a mailbox name");
		depth += c == '/';
	}
	if (name.len == 0)
		return ms_error_set(t->err, MS_INVALID, "", "not a mailbox name");
	if (depth > MS_MAX_MAILBOX_DEPTH)
		return ms_error_set(t->err, MS_LIMIT, "", "at most %d levels",
		    MS_MAX_MAILBOX_DEPTH);
	return MS_OK;
}

/* ---- names ---- */

static ms_status
find_name(struct db_txn *t, uint32_t account, struct ms_str name, struct box *out)
{
	struct long_key key;
	struct ms_str raw;
	ms_status st;

	if (!key_name(&key, account, name))
		return MS_NOTFOUND;
	if ((st = db_get(t, DB_NAME, long_key_str(&key), &raw)) != MS_OK)
		return st;
	if (raw.len != 4)
		return db_damaged(t, DB_NAME, "number");
	st = box_load(t, account, get_u32((const uint8_t *)raw.data), out);
	return st == MS_NOTFOUND ? db_damaged(t, DB_NAME, "number") : st;
}

static ms_status
put_name(struct db_txn *t, const struct box *b)
{
	struct key number = key_number(b->number);
	struct long_key key;

	if (!key_name(&key, b->account, b->name))
		return ms_error_set(t->err, MS_LIMIT, "", "the mailbox name is too long");
	return db_put(t, DB_NAME, long_key_str(&key), key_str(&number));
}

static ms_status
remove_name(struct db_txn *t, uint32_t account, struct ms_str name)
{
	struct long_key key;
	ms_status st;

	if (!key_name(&key, account, name))
		return MS_OK;
	st = db_delete(t, DB_NAME, long_key_str(&key));
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* Numbers of the mailboxes below a name, in the arena. */
static ms_status
list_below(struct db_txn *t, uint32_t account, struct ms_str name, uint32_t limit,
    uint32_t **numbers_out, uint32_t *n_out)
{
	DB_AUTO_CURSOR struct db_cursor c = db_cursor(t, DB_NAME);
	uint32_t *numbers = ms_arena_array(t->arena, limit, sizeof(*numbers)), n = 0;
	struct ms_str head = ms_arena_printf(t->arena, "%.*s/", (int)name.len, name.data);
	struct long_key key;
	ms_status st;

	*numbers_out = numbers;
	*n_out = 0;
	if (!key_name(&key, account, head))
		return MS_OK;
	for (st = db_seek(&c, long_key_str(&key));
	    st == MS_OK && key_has_head(c.key, key.octets, key.len); st = db_next(&c)) {
		if (n == limit)
			return limit == 1 ? MS_OK : ms_error_set(t->err, MS_LIMIT, "",
			    "more than %u mailboxes below", limit);
		numbers[n++] = key_u32_at(c.value, 0);
		*n_out = n;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static ms_status
has_below(struct db_txn *t, const struct box *b, bool *out)
{
	uint32_t *numbers, n;
	ms_status st = list_below(t, b->account, b->name, 1, &numbers, &n);

	*out = n > 0;
	return st;
}

/* ---- making ---- */

static void
note_change(struct account *a, struct box *b, uint64_t modseq)
{
	b->box_modseq = modseq;
	if (modseq > a->list_modseq)
		a->list_modseq = modseq;
}

/* UIDVALIDITY never comes again in an account, also not for a name that was
   deleted and made anew. */
static uint32_t
next_uidvalidity(struct db_txn *t, struct account *a, uint32_t wanted)
{
	uint32_t now = t->now_us > 0 ? (uint32_t)(t->now_us / 1000000) : 1;
	uint32_t given = wanted != 0 ? wanted : now > a->uidvalidity ? now : a->uidvalidity + 1;

	if (given > a->uidvalidity)
		a->uidvalidity = given;
	return given;
}

/* By chance, and none that the account has or had. */
static ms_status
draw_id(struct db_txn *t, uint32_t account, struct ms_id *out)
{
	struct ms_instance *self = t->shard->store;
	uint32_t number;
	ms_status st = MS_OK;

	while (st == MS_OK) {
		self->clock->random(self->host, out->octets, sizeof(out->octets));
		st = box_number(t, account, out, &number);
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

/* b: id, name, special use, flags, uidvalidity, uidnext as wanted. */
static ms_status
make_box(struct db_txn *t, struct account *a, struct box *b, uint64_t modseq)
{
	struct key number, id;
	ms_status st;

	if ((st = db_meta_next(t, "mailbox", &b->number)) != MS_OK)
		return st;
	b->account = a->number;
	if (id_is_zero(&b->id) && (st = draw_id(t, a->number, &b->id)) != MS_OK)
		return st;
	b->uidvalidity = next_uidvalidity(t, a, b->uidvalidity);
	if (b->uidnext == 0)
		b->uidnext = 1;
	b->recent_from = 1;
	b->modseq = modseq;
	note_change(a, b, modseq);
	a->mailboxes += (b->flags & MS_BOX_NOSELECT) == 0;
	number = key_number(b->number);
	id = key_account_id(a->number, &b->id);
	if ((st = db_put(t, DB_BOX_ID, key_str(&id), key_str(&number))) != MS_OK ||
	    (st = put_name(t, b)) != MS_OK)
		return st;
	return box_save(t, b);
}

/* RFC 9051 6.3.4: the names above are made, too. */
static ms_status
make_parents(struct db_txn *t, struct account *a, struct ms_str name, uint64_t modseq)
{
	for (size_t i = 1; i < name.len; i++) {
		struct box there, b = { .name = ms_str_of(name.data, i) };
		ms_status st;

		if (name.data[i] != '/')
			continue;
		st = find_name(t, a->number, b.name, &there);
		if (st == MS_NOTFOUND)
			st = make_box(t, a, &b, modseq);
		if (st != MS_OK)
			return st;
	}
	return MS_OK;
}

static ms_status
make_account(struct db_txn *t, struct ms_str name, struct account *out)
{
	struct key number;
	ms_status st;

	if (name.len == 0 || name.len > KEY_MAX_NAME)
		return ms_error_set(t->err, MS_INVALID, "", "not a name of an account");
	*out = (struct account){ .name = ms_arena_str(t->arena, name) };
	if ((st = db_meta_next(t, "account", &out->number)) != MS_OK)
		return st;
	number = key_number(out->number);
	return db_put(t, DB_ACCOUNT, name, key_str(&number));
}

static struct ms_str
special_use_of(struct ms_str name)
{
	static const char *const uses[] = { "\\Drafts", "\\Sent", "\\Junk", "\\Trash",
		"\\Archive" };

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		if (ms_str_equal_ci(ms_str_c(uses[i] + 1), name))
			return ms_str_c(uses[i]);
	return ms_str_of("", 0);
}

/* The folders that a new account has from the start.  "Gesendet \Sent" names
   the use (RFC 6154) that a name does not tell by itself. */
static ms_status
make_folders(struct db_txn *t, struct account *a, uint64_t modseq)
{
	struct ms_instance *self = t->shard->store;
	ms_status st = MS_OK;

	for (uint32_t i = 0; st == MS_OK; i++) {
		struct ms_str text = self->conf->string(self->config, "folders", i);
		size_t use = ms_str_find(text, ms_str_c(" \\"));
		struct box there, b = { .name = text };

		if (text.data == NULL)
			break;
		if (use != SIZE_MAX) {
			b.name = ms_str_trim(ms_str_sub(text, 0, use));
			b.special_use = ms_str_from(text, use + 1);
		} else {
			b.special_use = special_use_of(text);
		}
		if (check_name(t, b.name) != MS_OK ||
		    find_name(t, a->number, b.name, &there) == MS_OK)
			continue;
		if ((st = make_parents(t, a, b.name, modseq)) == MS_OK)
			st = make_box(t, a, &b, modseq);
	}
	return st;
}

static ms_status
let_go(struct db_txn *t, struct account *a, struct box *b, uint64_t modseq);

ms_status
job_box_create(struct db_txn *t, struct ms_job_box *job)
{
	struct box there, b = { .id = job->id, .name = job->name,
		.special_use = job->special_use, .uidvalidity = job->uidvalidity,
		.uidnext = job->uidnext };
	bool is_migration = !id_is_zero(&job->id) || job->uidvalidity != 0;
	bool is_new = false;
	struct account a;
	uint64_t modseq;
	ms_status st = check_name(t, job->name);

	if (st != MS_OK)
		return st;
	st = account_find(t, job->job.key, &a);
	if (st == MS_NOTFOUND) {
		is_new = true;
		st = make_account(t, job->job.key, &a);
	}
	if (st != MS_OK)
		return st;
	st = find_name(t, a.number, job->name, &there);
	if (st == MS_OK && (there.flags & MS_BOX_NOSELECT) == 0)
		return ms_error_set(t->err, MS_EXISTS, "", "the mailbox exists");
	modseq = account_modseq(&a, job->modseq);
	if (st == MS_OK)
		st = let_go(t, &a, &there, modseq);
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (!id_is_zero(&job->id)) {
		st = box_find(t, a.number, &job->id, &there);
		if (st == MS_OK && (there.flags & MS_BOX_GONE) == 0)
			return ms_error_set(t->err, MS_EXISTS, "", "the mailbox id exists");
		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
	}
	if ((st = make_parents(t, &a, job->name, modseq)) != MS_OK ||
	    (st = make_box(t, &a, &b, modseq)) != MS_OK)
		return st;
	if (is_new && !is_migration && ms_str_is(job->name, "INBOX") &&
	    (st = make_folders(t, &a, modseq)) != MS_OK)
		return st;
	job->id = b.id;
	job->uidvalidity = b.uidvalidity;
	job->modseq_out = modseq;
	return account_save(t, &a);
}

/* ---- changing ---- */

static ms_status
rename_one(struct db_txn *t, struct account *a, struct box *b, struct ms_str name,
    uint64_t modseq)
{
	struct box there;
	ms_status st;

	if ((st = check_name(t, name)) != MS_OK)
		return st;
	st = find_name(t, a->number, name, &there);
	if (st == MS_OK)
		return ms_error_set(t->err, MS_EXISTS, "", "the mailbox exists");
	if (st != MS_NOTFOUND || (st = remove_name(t, a->number, b->name)) != MS_OK)
		return st;
	b->name = name;
	note_change(a, b, modseq);
	return put_name(t, b);
}

static ms_status
rename_all(struct db_txn *t, struct account *a, struct box *b, struct ms_str name,
    uint64_t modseq)
{
	struct ms_str old = b->name;
	uint32_t *numbers, n;
	ms_status st;

	if (ms_str_has_prefix(name, old) && name.len > old.len && name.data[old.len] == '/')
		return ms_error_set(t->err, MS_INVALID, "",
		    "a mailbox can't be moved below itself");
	if (ms_str_is(old, "INBOX"))
		return ms_error_set(t->err, MS_INVALID, "", "INBOX keeps its name");
	if ((st = list_below(t, a->number, old, MAX_RENAMED, &numbers, &n)) != MS_OK ||
	    (st = rename_one(t, a, b, name, modseq)) != MS_OK ||
	    (st = make_parents(t, a, name, modseq)) != MS_OK)
		return st;
	for (uint32_t i = 0; i < n; i++) {
		struct ms_str rest;
		struct box below;

		if ((st = box_load(t, a->number, numbers[i], &below)) != MS_OK)
			return st == MS_NOTFOUND ? db_damaged(t, DB_NAME, "number") : st;
		rest = ms_str_from(below.name, old.len);
		st = rename_one(t, a, &below, ms_arena_printf(t->arena, "%.*s%.*s",
		    (int)name.len, name.data, (int)rest.len, rest.data), modseq);
		if (st != MS_OK || (st = box_save(t, &below)) != MS_OK)
			return st;
	}
	return MS_OK;
}

ms_status
job_box_change(struct db_txn *t, struct ms_job_box *job)
{
	bool has_name, has_use;
	struct account a;
	uint64_t modseq;
	struct box b;
	ms_status st = account_find(t, job->job.key, &a);

	if (st != MS_OK || (st = box_find(t, a.number, &job->id, &b)) != MS_OK)
		return st;
	if ((b.flags & MS_BOX_GONE) != 0)
		return ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such mailbox");
	has_name = job->name.len > 0 && !ms_str_equal(job->name, b.name);
	has_use = job->special_use.data != NULL &&
	    !ms_str_equal(job->special_use, b.special_use);
	modseq = b.box_modseq;
	if (has_name || has_use)
		modseq = account_modseq(&a, job->modseq);
	if (has_name && (st = rename_all(t, &a, &b, job->name, modseq)) != MS_OK)
		return st;
	if (has_use)
		b.special_use = job->special_use;
	if (has_name || has_use)
		note_change(&a, &b, modseq);
	if (job->uidvalidity > b.uidvalidity)
		b.uidvalidity = next_uidvalidity(t, &a, job->uidvalidity);
	if (job->uidnext > b.uidnext)
		b.uidnext = job->uidnext;
	if (job->modseq > b.modseq)
		b.modseq = account_modseq(&a, job->modseq);
	job->modseq_out = modseq;
	if ((st = box_save(t, &b)) != MS_OK)
		return st;
	return account_save(t, &a);
}

/* ---- deleting ---- */

/* The mailbox loses its name and is no part of the account any more. */
static ms_status
let_go(struct db_txn *t, struct account *a, struct box *b, uint64_t modseq)
{
	int64_t due = t->now_us + t->shard->store->retention_us;
	struct key key = key_due((uint64_t)due, a->number, b->number);
	ms_status st = remove_name(t, a->number, b->name);

	if (st != MS_OK || (st = properties_drop(t, a, &b->id)) != MS_OK ||
	    (st = db_put(t, DB_DUE, key_str(&key), ms_str_of("", 0))) != MS_OK)
		return st;
	a->mailboxes -= (b->flags & MS_BOX_NOSELECT) == 0 && a->mailboxes > 0;
	a->messages -= b->messages < a->messages ? b->messages : a->messages;
	a->octets -= b->octets < a->octets ? b->octets : a->octets;
	b->flags |= MS_BOX_GONE;
	b->deleted_us = t->now_us;
	note_change(a, b, modseq);
	return box_save(t, b);
}

ms_status
job_box_delete(struct db_txn *t, struct ms_job_box *job)
{
	struct account a;
	struct box b, rest = { .flags = MS_BOX_NOSELECT };
	uint64_t modseq;
	bool is_parent;
	ms_status st = account_find(t, job->job.key, &a);

	if (st != MS_OK || (st = box_find(t, a.number, &job->id, &b)) != MS_OK)
		return st;
	if ((b.flags & MS_BOX_GONE) != 0)
		return ms_error_set(t->err, MS_NOTFOUND, "5.1.1", "no such mailbox");
	if ((st = has_below(t, &b, &is_parent)) != MS_OK)
		return st;
	if (is_parent && (b.flags & MS_BOX_NOSELECT) != 0)
		return ms_error_set(t->err, MS_CONFLICT, "", "there are mailboxes below");
	modseq = account_modseq(&a, job->modseq);
	if ((st = let_go(t, &a, &b, modseq)) != MS_OK)
		return st;
	/* RFC 9051 6.3.5: the name stays as long as there are others below. */
	rest.name = b.name;
	if (is_parent && (st = make_box(t, &a, &rest, modseq)) != MS_OK)
		return st;
	job->modseq_out = modseq;
	return account_save(t, &a);
}
