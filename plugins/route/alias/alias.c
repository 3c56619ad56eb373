/* SPDX-License-Identifier: ISC */
/*
 * alias.c - a route by the directory: aliases, sub-addresses, catch-alls
 *
 * For a domain that the directory knows, in this order: an alias of the very
 * address; its user; both again with the local part in small letters (RFC 5321
 * 2.4 lets us), and without the sub-address (RFC 5233); the domain's catch-all,
 * an alias "@domain"; else there is no such user.  A domain that the directory
 * does not know is none of ours: the next route is asked.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/address.h>
#include <mansio/config.h>
#include <mansio/directory.h>
#include <mansio/error.h>
#include <mansio/route.h>
#include <mansio/str.h>

struct ms_instance {
	const struct ms_config_api *config_api;
	const struct ms_config     *config;
	const struct ms_directory  *directory;
	struct ms_instance         *directory_self;	/* NULL: all of them */
	struct ms_str delivery, delimiter;
	bool          refuses_unknown;
};

/* What one question is about. */
struct question {
	struct ms_instance        *self;
	const struct ms_scope     *scope;
	const struct ms_recipient *recipient;
	struct ms_route_answer    *answer;
	struct ms_error           *err;
};

static ms_status
look_up(const struct question *q, uint32_t kind, struct ms_str key,
    struct ms_entry *entry)
{
	ms_status st;

	*entry = (struct ms_entry){ .size = sizeof(*entry) };
	st = q->self->directory->lookup(q->self->directory_self, q->scope, kind, key,
	    entry, q->err);
	/* A directory that cannot be asked says nothing of the address. */
	return st == MS_OK || st == MS_NOTFOUND ? st : MS_TEMPFAIL;
}

static ms_status
expand(const struct question *q, const struct ms_entry *alias, struct ms_str key)
{
	struct ms_arena *a = q->scope->arena;
	const struct ms_recipient **list = ms_arena_array(a, alias->n_fields,
	    sizeof(struct ms_recipient *));
	uint32_t n = 0;

	for (size_t i = 0; i < alias->n_fields; i++) {
		struct ms_recipient *r;

		if (!ms_str_is(alias->fields[i].name, "target"))
			continue;
		r = ms_arena_alloc(a, sizeof(*r));
		*r = *q->recipient;
		r->size = sizeof(*r);
		r->path = alias->fields[i].value;
		r->flags = ms_str_equal_ci(r->path, key) ? MS_RECIPIENT_FINAL : 0;
		list[n++] = r;
	}
	if (n == 0)
		return ms_error_set(q->err, MS_PERMFAIL, "5.1.1", "the alias has no target");
	q->answer->action = MS_ROUTE_EXPAND;
	q->answer->recipients = list;
	q->answer->n = n;
	return MS_OK;
}

static void
deliver(const struct question *q, const struct ms_entry *user)
{
	q->answer->action = MS_ROUTE_DELIVER;
	q->answer->delivery = q->self->delivery;
	/* One handover for all of ours: a body is read and described once. */
	q->answer->destination = (struct ms_str)MS_STR("");
	q->answer->account = user->key;
	for (size_t i = 0; i < user->n_fields; i++)
		if (ms_str_is(user->fields[i].name, "account"))
			q->answer->account = user->fields[i].value;
}

/* MS_NOTFOUND: neither alias nor user. */
static ms_status
try_key(const struct question *q, struct ms_str key)
{
	struct ms_entry entry;
	ms_status st = MS_NOTFOUND;

	if (!(q->recipient->flags & MS_RECIPIENT_FINAL))
		st = look_up(q, MS_ENTRY_ALIAS, key, &entry);
	if (st == MS_OK)
		return expand(q, &entry, key);
	if (st != MS_NOTFOUND)
		return st;
	st = look_up(q, MS_ENTRY_USER, key, &entry);
	if (st == MS_OK)
		deliver(q, &entry);
	return st;
}

static struct ms_str
join(struct ms_arena *a, struct ms_str local, struct ms_str domain)
{
	return ms_arena_printf(a, "%.*s@%.*s", (int)local.len, local.data, (int)domain.len,
	    domain.data);
}

static ms_status
try_address(const struct question *q, struct ms_str local, struct ms_str domain)
{
	struct ms_arena *a = q->scope->arena;
	struct ms_str small = ms_arena_lower(a, local);
	struct ms_str delimiter = q->self->delimiter;
	size_t cut;
	ms_status st = try_key(q, join(a, local, domain));

	if (st == MS_NOTFOUND && !ms_str_equal(small, local))
		st = try_key(q, join(a, small, domain));
	cut = delimiter.len > 0 ? ms_str_find(small, delimiter) : SIZE_MAX;
	if (st == MS_NOTFOUND && cut != SIZE_MAX && cut > 0) {
		st = try_key(q, join(a, ms_str_sub(local, 0, cut), domain));
		if (st == MS_NOTFOUND)
			st = try_key(q, join(a, ms_str_sub(small, 0, cut), domain));
	}
	if (st == MS_NOTFOUND) {
		struct ms_entry entry;

		st = look_up(q, MS_ENTRY_ALIAS, join(a, ms_str_of("", 0), domain), &entry);
		if (st == MS_OK)
			st = expand(q, &entry, ms_str_of("", 0));
	}
	return st;
}

/* "postmaster" without a domain (RFC 5321 4.1.1.3) is that of our first. */
static ms_status
first_domain(const struct question *q, struct ms_str *domain_out)
{
	struct ms_entries entries = { .size = sizeof(entries) };
	ms_status st = q->self->directory->list(q->self->directory_self, q->scope,
	    MS_ENTRY_DOMAIN, ms_str_of("", 0), ms_str_of("", 0), 1, &entries, q->err);

	if (st == MS_OK && entries.n == 0)
		return MS_NOTFOUND;
	if (st == MS_OK)
		*domain_out = entries.entries[0]->key;
	return st;
}

static ms_status
alias_resolve(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_message *message, const struct ms_recipient *recipient,
    struct ms_route_answer *answer, struct ms_error *err)
{
	const struct question q = { self, scope, recipient, answer, err };
	struct ms_str key, local, domain;
	struct ms_entry entry;
	struct ms_path path;
	size_t at;
	ms_status st;

	(void)message;
	if (ms_str_is_ci(recipient->path, "postmaster")) {
		local = (struct ms_str)MS_STR("postmaster");
		st = first_domain(&q, &domain);
		if (st != MS_OK)
			return st == MS_NOTFOUND ? MS_OK : st;
	} else {
		if (ms_mailbox_parse(recipient->path, MS_PATH_UTF8, &path, err) != MS_OK ||
		    ms_address_key(scope->arena, &path, &key, err) != MS_OK) {
			answer->action = MS_ROUTE_REFUSE;
			return ms_error_set(err, MS_PERMFAIL, "5.1.3", "not an address");
		}
		at = ms_str_find_last(key, '@');
		local = ms_str_sub(key, 0, at);
		domain = ms_str_from(key, at + 1);
	}
	st = look_up(&q, MS_ENTRY_DOMAIN, domain, &entry);
	if (st == MS_NOTFOUND)
		return MS_OK;		/* not ours: pass */
	if (st == MS_OK)
		st = try_address(&q, local, domain);
	if (st == MS_NOTFOUND && !self->refuses_unknown)
		return MS_OK;
	if (st == MS_NOTFOUND || st == MS_PERMFAIL) {
		answer->action = MS_ROUTE_REFUSE;
		return st == MS_PERMFAIL ? st :
		    ms_error_set(err, MS_NOTFOUND, "5.1.1", "no such user here");
	}
	return st;
}

static ms_status
alias_create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **instance_out, struct ms_error *err)
{
	struct ms_instance *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "", "out of memory");
	self->config_api = host->service(host, MS_CONFIG_ID);
	self->config = config;
	self->directory = host->service(host, MS_DIRECTORY_ID);
	self->delivery = self->config_api->string(config, "deliver", 0);
	self->delimiter = self->config_api->string(config, "delimiter", 0);
	self->refuses_unknown = ms_str_is(self->config_api->string(config, "unknown", 0),
	    "reject");
	*instance_out = self;
	return MS_OK;
}

static ms_status
alias_start(struct ms_instance *self, struct ms_error *err)
{
	struct ms_backend backend;
	ms_status st = self->config_api->backend(self->config, "directory", &backend, err);

	if (st == MS_OK) {
		self->directory = backend.table;
		self->directory_self = backend.self;
	}
	return st == MS_NOTFOUND ? MS_OK : st;
}

static void
alias_stop(struct ms_instance *self)
{
	(void)self;
}

static void
alias_destroy(struct ms_instance *self)
{
	free(self);
}

static const struct ms_route alias_route = {
	.size = sizeof(alias_route), .resolve = alias_resolve,
};

static const void *
alias_interface(const char *id)
{
	return strcmp(id, MS_ROUTE_ID) == 0 ? &alias_route : NULL;
}

static const struct ms_option options[] = {
	{ .name = "deliver", .type = MS_OPT_BACKEND, .choices = "ms.delivery/1",
	    .help = "the delivery agent for users of the directory" },
	{ .name = "directory", .type = MS_OPT_BACKEND, .initial = "",
	    .choices = MS_DIRECTORY_ID, .flags = MS_OPT_ADVANCED,
	    .help = "the one directory to ask; else all, in their order" },
	{ .name = "delimiter", .type = MS_OPT_STRING, .initial = "+",
	    .help = "what begins a sub-address, ann+lists@; empty: there are none" },
	{ .name = "unknown", .type = MS_OPT_CHOICE, .initial = "reject",
	    .choices = "reject pass",
	    .help = "an address of our domains that nobody has: refused, or for the next route" },
	{ .name = NULL },
};

static const char *const needs[] = { MS_CONFIG_ID, MS_DIRECTORY_ID, NULL };

static const struct ms_plugin plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "alias", .version = "0.1.0", .license = "ISC",
	.summary = "aliases, sub-addresses and catch-alls of the directory",
	.options = options, .option_stride = sizeof(struct ms_option),
	.touches = MS_TOUCH_ENVELOPE, .needs = needs,
	.create = alias_create, .start = alias_start, .stop = alias_stop,
	.destroy = alias_destroy, .interface = alias_interface,
};

const struct ms_plugin *
ms_plugin_entry(void)
{
	return &plugin;
}
