/* SPDX-License-Identifier: ISC */
/* directory.c - ms.directory/1 with the entries of ms_mock_entry() */
#include "internal.h"

#include <mansio/error.h>

static ms_status
service_lookup(struct ms_instance *self, const struct ms_scope *scope,
    uint32_t kind, struct ms_str key, struct ms_entry *entry, struct ms_error *err)
{
	(void)self;
	if (kind < MS_ENTRY_DOMAIN || kind > MS_ENTRY_MAP)
		mock_die("lookup() of the unknown kind %u", (unsigned)kind);
	for (const struct canned_entry *e = scope_mock(scope)->world->entries; e != NULL;
	    e = e->next)
		if (e->entry.kind == kind && ms_str_equal(e->entry.key, key)) {
			uint32_t size = entry->size;

			if (size < sizeof(*entry))
				mock_die("lookup() into an entry of no size");
			*entry = e->entry;
			entry->size = size;
			return MS_OK;
		}
	return ms_error_set(err, MS_NOTFOUND, "", "no such entry");
}

static ms_status
service_verify(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_str mechanism, struct ms_str user, struct ms_str proof,
    struct ms_entry *entry, struct ms_error *err)
{
	(void)mechanism;
	for (const struct canned_login *l = scope_mock(scope)->world->logins; l != NULL;
	    l = l->next)
		if (ms_str_equal(l->user, user) && ms_str_equal(l->password, proof))
			return service_lookup(self, scope, MS_ENTRY_USER, l->account, entry,
			    err);
	return ms_error_set(err, MS_DENIED, "5.7.8", "authentication failed");
}

static bool
is_within(const struct ms_entry *e, struct ms_str within)
{
	size_t at = ms_str_find_last(e->key, '@');

	return ms_str_has_prefix(e->key, within) || (e->kind == MS_ENTRY_USER &&
	    at != SIZE_MAX && ms_str_equal(ms_str_from(e->key, at + 1), within));
}

static ms_status
service_list(struct ms_instance *self, const struct ms_scope *scope,
    uint32_t kind, struct ms_str within, struct ms_str after, uint32_t limit,
    struct ms_entries *entries, struct ms_error *err)
{
	const struct ms_entry **list = ms_arena_array(scope->arena, limit,
	    sizeof(struct ms_entry *));
	uint32_t n = 0;

	(void)self, (void)err;
	for (const struct canned_entry *e = scope_mock(scope)->world->entries;
	    e != NULL && n < limit; e = e->next)
		if (e->entry.kind == kind && is_within(&e->entry, within) &&
		    (after.len == 0 || ms_str_compare(e->entry.key, after) > 0))
			list[n++] = &e->entry;
	entries->n = n;
	entries->entries = list;
	return MS_OK;
}

const struct ms_directory mock_directory_service = {
	.size = sizeof(mock_directory_service), .lookup = service_lookup,
	.verify = service_verify, .list = service_list,
};

static size_t
count_fields(struct ms_str text)
{
	struct ms_str piece;
	size_t n = 0;

	while (ms_str_split(&text, ';', &piece))
		n += ms_str_trim(piece).len > 0;
	return n;
}

void
ms_mock_entry(struct ms_mock *m, uint32_t kind, const char *key,
    const char *fields)
{
	struct ms_arena *a = m->world->arena;
	struct canned_entry **at = &m->world->entries, *e = ms_arena_alloc(a, sizeof(*e));
	struct ms_str rest = ms_arena_str(a, ms_str_c(fields)), piece;
	size_t n = count_fields(rest);
	struct ms_field *list = ms_arena_array(a, n, sizeof(*list));

	e->entry = (struct ms_entry){ .size = sizeof(e->entry), .kind = kind,
		.key = ms_arena_str(a, ms_str_c(key)), .fields = list };
	while (ms_str_split(&rest, ';', &piece)) {
		size_t equals;

		piece = ms_str_trim(piece);
		equals = ms_str_find_octet(piece, '=');
		if (piece.len == 0)
			continue;
		if (equals == SIZE_MAX)
			mock_die("the entry %s has a field without a value: %s", key, fields);
		list[e->entry.n_fields++] = (struct ms_field){
			ms_str_trim(ms_str_sub(piece, 0, equals)),
			ms_str_trim(ms_str_from(piece, equals + 1)) };
	}
	while (*at != NULL && ms_str_compare((*at)->entry.key, e->entry.key) <= 0)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
}
