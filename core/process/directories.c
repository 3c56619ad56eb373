/* SPDX-License-Identifier: ISC */
/* directories.c - see directories.h */
#include "process/directories.h"

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

static struct ms_backend all[DIRECTORIES_MAX];
static size_t n_all;

void
directories_set(const struct ms_backend *backends, size_t n)
{
	n_all = n < DIRECTORIES_MAX ? n : DIRECTORIES_MAX;
	for (size_t i = 0; i < n_all; i++)
		all[i] = backends[i];
}

static const struct ms_directory *
table_of(size_t i)
{
	return all[i].table;
}

static ms_status
all_lookup(struct ms_instance *unused, const struct ms_scope *scope, uint32_t kind,
    struct ms_str key, struct ms_entry *entry_out, struct ms_error *err)
{
	ms_status st = ms_error_set(err, MS_NOTFOUND, "5.1.1", "not found");

	(void)unused;
	for (size_t i = 0; st == MS_NOTFOUND && i < n_all; i++) {
		st = table_of(i)->lookup(all[i].self, scope, kind, key, entry_out, err);
		if (st == MS_UNSUPPORTED)	/* has no entries of that kind */
			st = MS_NOTFOUND;
	}
	return st;
}

static ms_status
all_verify(struct ms_instance *unused, const struct ms_scope *scope,
    struct ms_str mechanism, struct ms_str user, struct ms_str proof,
    struct ms_entry *entry_out, struct ms_error *err)
{
	(void)unused;
	for (size_t i = 0; i < n_all; i++) {
		struct ms_entry found = { .size = sizeof(found) };
		ms_status st = table_of(i)->lookup(all[i].self, scope, MS_ENTRY_USER, user,
		    &found, err);

		if (st == MS_NOTFOUND && i + 1 < n_all)
			continue;
		if (!MS_HAS(table_of(i), verify))
			break;
		return table_of(i)->verify(all[i].self, scope, mechanism, user, proof,
		    entry_out, err);
	}
	return ms_error_set(err, MS_DENIED, "5.7.8", "authentication failed");
}

static ms_status
all_secret(struct ms_instance *unused, const struct ms_scope *scope, struct ms_str user,
    struct ms_str kind, uint32_t i, struct ms_str *secret_out, struct ms_error *err)
{
	(void)unused, (void)scope, (void)user, (void)kind, (void)i, (void)secret_out;
	return ms_error_set(err, MS_DENIED, "", "secrets stay with their directory");
}

/* The smallest keys above `after` of all of them, merged; a key that several
   have is shown as the first one has it. */
static ms_status
all_list(struct ms_instance *unused, const struct ms_scope *scope, uint32_t kind,
    struct ms_str within, struct ms_str after, uint32_t limit, struct ms_entries *out,
    struct ms_error *err)
{
	struct ms_entries lists[DIRECTORIES_MAX];
	uint32_t at[DIRECTORIES_MAX] = { 0 }, n = 0;
	const struct ms_entry **merged;

	(void)unused;
	if (limit == 0 || limit > 10000)
		limit = 10000;
	for (size_t i = 0; i < n_all; i++) {
		ms_status st;

		lists[i] = (struct ms_entries){ .size = sizeof(lists[i]) };
		st = table_of(i)->list(all[i].self, scope, kind, within, after, limit,
		    &lists[i], err);
		if (st == MS_UNSUPPORTED || st == MS_NOTFOUND)
			lists[i].n = 0;
		else if (st != MS_OK)
			return st;
	}
	merged = ms_arena_array(scope->arena, limit, sizeof(struct ms_entry *));
	while (n < limit) {
		const struct ms_entry *least = NULL;

		for (size_t i = 0; i < n_all; i++)
			if (at[i] < lists[i].n && (least == NULL ||
			    ms_str_compare(lists[i].entries[at[i]]->key, least->key) < 0))
				least = lists[i].entries[at[i]];
		if (least == NULL)
			break;
		for (size_t i = 0; i < n_all; i++)
			if (at[i] < lists[i].n &&
			    ms_str_equal(lists[i].entries[at[i]]->key, least->key))
				at[i]++;
		merged[n++] = least;
	}
	out->n = n;
	out->entries = merged;
	return MS_OK;
}

/* Additions go to the first that takes changes; others to the one that has it. */
static ms_status
all_change(struct ms_instance *unused, const struct ms_scope *scope, uint32_t change,
    const struct ms_entry *entry, struct ms_error *err)
{
	ms_status st = ms_error_set(err, MS_UNSUPPORTED, "",
	    "no directory here can be changed by command");

	(void)unused;
	for (size_t i = 0; i < n_all; i++) {
		if (!MS_HAS(table_of(i), change))
			continue;
		st = table_of(i)->change(all[i].self, scope, change, entry, err);
		if (change == MS_CHANGE_ADD ? st != MS_UNSUPPORTED :
		    st != MS_UNSUPPORTED && st != MS_NOTFOUND)
			break;
	}
	return st;
}

const struct ms_directory directories_service = {
	.size = sizeof(directories_service),
	.lookup = all_lookup,
	.verify = all_verify,
	.secret = all_secret,
	.list = all_list,
	.change = all_change,
};
