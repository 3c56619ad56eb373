/* SPDX-License-Identifier: ISC */
/* change.c - an admin's edits; see file.h */
#include "file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/address.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "password.h"

#define MAX_FIELDS	1000

/* The fields as they shall stand: those that are kept, and the new ones with
   a password made into its hashes. */
struct draft {
	struct ms_field fields[MAX_FIELDS];
	size_t n;
};

static ms_status
add_field(struct draft *d, struct ms_str name, struct ms_str value, struct ms_error *err)
{
	if (d->n == MAX_FIELDS)
		return ms_error_set(err, MS_LIMIT, "5.5.4", "more than %d fields", MAX_FIELDS);
	d->fields[d->n++] = (struct ms_field){ name, value };
	return MS_OK;
}

static ms_status
add_password(struct ms_instance *self, struct ms_arena *a, struct draft *d,
    struct ms_str password, struct ms_error *err)
{
	struct ms_str hash, keys;
	uint8_t chance[16];
	ms_status st;

	self->clock->random(self->host, chance, sizeof(chance));
	if ((st = password_hash(a, password, chance, &hash, err)) != MS_OK)
		return st;
	st = add_field(d, (struct ms_str)MS_STR("password"), hash, err);
	self->clock->random(self->host, chance, sizeof(chance));
	if (st == MS_OK)
		st = password_scram(a, password, self->iterations, chance, &keys, err);
	if (st == MS_OK)
		st = add_field(d, (struct ms_str)MS_STR("scram-sha-256"), keys, err);
	return st;
}

static bool
is_name(struct ms_str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] == '\0' ||
		    strchr("abcdefghijklmnopqrstuvwxyz0123456789-._", name.data[i]) == NULL)
			return false;
	return name.len > 0;
}

static bool
is_replaced(const struct ms_entry *entry, struct ms_str name)
{
	for (size_t i = 0; i < entry->n_fields; i++)
		if (ms_str_equal(entry->fields[i].name, name) ||
		    (ms_str_is(entry->fields[i].name, "password") &&
			ms_str_is(name, "scram-sha-256")))
			return true;
	return false;
}

static ms_status
make_draft(struct ms_instance *self, struct ms_arena *a, const struct table_entry *old,
    const struct ms_entry *entry, struct draft *d, struct ms_error *err)
{
	ms_status st = MS_OK;

	for (size_t i = 0; old != NULL && i < old->n_fields && st == MS_OK; i++)
		if (!is_replaced(entry, old->fields[i].name))
			st = add_field(d, old->fields[i].name, old->fields[i].value, err);
	for (size_t i = 0; i < entry->n_fields && st == MS_OK; i++) {
		const struct ms_field *f = &entry->fields[i];

		if (!is_name(f->name))
			return ms_error_set(err, MS_INVALID, "5.5.4",
			    "%.*s is no name of a field", (int)f->name.len, f->name.data);
		if (ms_str_is(f->name, "password"))
			st = add_password(self, a, d, f->value, err);
		else if (f->value.data != NULL)
			st = add_field(d, f->name, f->value, err);
	}
	return st;
}

/* A key fit for its file; users and aliases live in a domain that is there. */
static ms_status
check_key(struct ms_instance *self, struct ms_arena *a, const struct ms_entry *entry,
    struct ms_str *key_out, struct ms_error *err)
{
	const struct table *domains = self->tables[FILE_DOMAINS];
	struct ms_str key = entry->key, domain;
	struct ms_path path;
	ms_status st;

	if (entry->kind == MS_ENTRY_DOMAIN) {
		if (!ms_domain_is_valid(key, MS_PATH_UTF8))
			return ms_error_set(err, MS_INVALID, "5.5.4", "%.*s is no domain",
			    (int)key.len, key.data);
		return ms_domain_key(a, key, key_out, err);
	}
	if (entry->kind == MS_ENTRY_ALIAS && key.len > 1 && key.data[0] == '@') {
		if ((st = ms_domain_key(a, ms_str_from(key, 1), &domain, err)) != MS_OK)
			return st;
		*key_out = ms_arena_printf(a, "@%.*s", (int)domain.len, domain.data);
	} else {
		if ((st = ms_mailbox_parse(key, MS_PATH_UTF8, &path, err)) != MS_OK ||
		    (st = ms_address_key(a, &path, key_out, err)) != MS_OK)
			return st;
		if ((st = ms_domain_key(a, path.domain, &domain, err)) != MS_OK)
			return st;
	}
	if (table_find(domains, self->hash_key, domain) == NULL)
		return ms_error_set(err, MS_NOTFOUND, "5.1.2",
		    "the domain %.*s is not here; add it first", (int)domain.len,
		    domain.data);
	return MS_OK;
}

static bool
has_members(const struct ms_instance *self, struct ms_str domain)
{
	for (int which = FILE_USERS; which <= FILE_ALIASES; which++)
		for (size_t i = 0; i < self->tables[which]->n; i++) {
			struct ms_str key = self->tables[which]->sorted[i]->key;
			size_t at = ms_str_find_last(key, '@');

			if (at != SIZE_MAX && ms_str_equal(ms_str_from(key, at + 1), domain))
				return true;
		}
	return false;
}

/* The text as it stands but for one entry: comments and order are the admin's. */
static ms_status
rewrite(struct ms_instance *self, int which, struct ms_str key, const struct draft *d,
    struct ms_buf *out, struct ms_error *err)
{
	struct ms_buf line = MS_BUF_MAX(TABLE_MAX_LINE);
	char *text = NULL;
	struct table *probe;
	size_t octets;
	ms_status st = store_read(self, which, &text, &octets, err);

	if (st != MS_OK)
		return st;
	if (d != NULL)
		table_print(&line, key, d->fields, d->n);
	if (octets == 0)
		ms_buf_add_c(out, "# Kept by the command line; may be edited by hand, a "
		    "line an entry:\n# key: name=value; name=value\n");
	table_replace(ms_str_of(text, octets), key, ms_buf_str(&line), out);
	if (!ms_buf_ok(&line))
		st = ms_error_set(err, MS_LIMIT, "5.5.4", "the entry would be too long");
	else if (!ms_buf_ok(out))
		st = ms_error_set(err, MS_LIMIT, "4.3.1", "the file would be too large");
	else
		/* What could not be read again is not written. */
		st = table_parse(ms_buf_str(out), file_name(which), self->hash_key, &probe, err);
	if (st == MS_OK)
		table_free(probe);
	ms_buf_free(&line);
	free(text);
	return st;
}

/* With the edit's lock, the other processes' lock, and fresh tables under the
   read lock: readers go on, nobody exchanges a table. */
static ms_status
edit(struct ms_instance *self, struct ms_arena *a, uint32_t change,
    const struct ms_entry *entry, struct ms_str *key_out, struct ms_error *err)
{
	int which = file_of_kind(entry->kind);
	struct ms_buf text = MS_BUF_MAX(TABLE_MAX_OCTETS);
	struct draft *d = ms_arena_alloc(a, sizeof(*d));
	const struct table_entry *old;
	ms_status st = check_key(self, a, entry, key_out, err);

	if (st != MS_OK)
		return st;
	old = table_find(self->tables[which], self->hash_key, *key_out);
	if (change == MS_CHANGE_ADD && old != NULL)
		return ms_error_set(err, MS_EXISTS, "5.5.4", "%.*s is there already",
		    (int)key_out->len, key_out->data);
	if (change != MS_CHANGE_ADD && old == NULL)
		return ms_error_set(err, MS_NOTFOUND, "5.1.1", "there is no %.*s",
		    (int)key_out->len, key_out->data);
	if (change == MS_CHANGE_REMOVE && entry->kind == MS_ENTRY_DOMAIN &&
	    has_members(self, *key_out))
		return ms_error_set(err, MS_CONFLICT, "5.5.4",
		    "%.*s still has users or aliases", (int)key_out->len, key_out->data);
	if (change != MS_CHANGE_REMOVE)
		st = make_draft(self, a, old, entry, d, err);
	if (st == MS_OK)
		st = rewrite(self, which, *key_out, change != MS_CHANGE_REMOVE ? d : NULL,
		    &text, err);
	if (st == MS_OK)
		st = store_replace(self, which, ms_buf_str(&text), err);
	ms_buf_free(&text);
	return st;
}

ms_status
file_change(struct ms_instance *self, const struct ms_scope *scope, uint32_t change,
    const struct ms_entry *entry, struct ms_error *err)
{
	static const char *const words[] = { "", "domain", "user", "alias" };
	struct ms_str key = { NULL, 0 };
	char topic[600];
	ms_status st;
	int lock;

	if (file_of_kind(entry->kind) == -1)
		return ms_error_set(err, MS_UNSUPPORTED, "", "no such kind of entry here");
	pthread_mutex_lock(&self->edit_lock);
	lock = store_lock(self, err);
	if (lock == -1) {
		pthread_mutex_unlock(&self->edit_lock);
		return MS_TEMPFAIL;
	}
	store_refresh(self, true);
	st = store_check(self, file_of_kind(entry->kind), err);
	if (st == MS_OK) {
		pthread_rwlock_rdlock(&self->lock);
		st = edit(self, scope->arena, change, entry, &key, err);
		pthread_rwlock_unlock(&self->lock);
	}
	if (st == MS_OK)
		store_refresh(self, true);
	store_unlock(lock);
	pthread_mutex_unlock(&self->edit_lock);
	if (st == MS_OK) {
		snprintf(topic, sizeof(topic), "directory/%s/%.*s", words[entry->kind],
		    (int)key.len, key.data);
		self->bus->publish(self->host, ms_str_c(topic), ms_str_of("", 0));
	}
	return st;
}
