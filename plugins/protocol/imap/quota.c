/* SPDX-License-Identifier: ISC */
/* quota.c - see quota.h */
#include "quota.h"

#include <mansio/directory.h>
#include <mansio/str.h>

#include "names.h"
#include "respond.h"

static void
take_field(const struct ms_entry *user, const char *name, uint64_t *out)
{
	for (size_t i = 0; i < user->n_fields; i++)
		if (ms_str_equal(user->fields[i].name, ms_str_c(name)))
			(void)ms_str_to_u64(user->fields[i].value,
			    UINT64_MAX, out);
}

void
quota_limits(struct command *c, uint64_t *octets, uint64_t *messages)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_page(c);
	struct ms_entry user = { .size = sizeof(user) };
	struct ms_error err = { .size = sizeof(err) };

	*octets = self->quota;
	*messages = 0;
	/* A directory that is away keeps nobody from his mail: the default
	   holds until it is back. */
	if (self->directory == NULL || self->directory->lookup(NULL, &scope,
	    MS_ENTRY_USER, ms_str_c(c->session->account_name), &user, &err) !=
	    MS_OK)
		return;
	take_field(&user, "quota.octets", octets);
	take_field(&user, "quota.messages", messages);
}

static bool
put_quota(struct command *c)
{
	struct session *s = c->session;
	struct ms_scope scope = command_scope(c);
	struct ms_error err = { .size = sizeof(err) };
	struct ms_usage used = { .size = sizeof(used) };
	uint64_t octets, messages;
	ms_status st = s->self->mailbox->usage(s->self->backend.self, &scope,
	    s->account, &used, &err);

	if (st != MS_OK) {
		reply_status(c, st, &err);
		return false;
	}
	quota_limits(c, &octets, &messages);
	respond_text(c, "* QUOTA \"\" (");
	if (octets > 0) {
		/* RFC 9208 5.1: in units of 1024 octets. */
		respond_text(c, "STORAGE ");
		respond_u64(c, (used.octets + 1023) / 1024);
		respond_text(c, " ");
		respond_u64(c, octets / 1024);
	}
	if (messages > 0) {
		respond_text(c, octets > 0 ? " MESSAGE " : "MESSAGE ");
		respond_u64(c, used.messages);
		respond_text(c, " ");
		respond_u64(c, messages);
	}
	respond_text(c, ")\r\n");
	return true;
}

bool
getquota_parse(struct command *c)
{
	struct ms_str *root = ms_arena_alloc(c->arena, sizeof(*root));

	c->state = root;
	return parse_space(&c->parse) && parse_astring(&c->parse, root) &&
	    parse_is_end(&c->parse);
}

enum progress
getquota_run(struct command *c)
{
	const struct ms_str *root = c->state;

	if (root->len > 0)
		reply(c, REPLY_NO, "NONEXISTENT", "There is no such root");
	else if (put_quota(c))
		reply(c, REPLY_OK, NULL, "GETQUOTA completed");
	return PROGRESS_DONE;
}

bool
getquotaroot_parse(struct command *c)
{
	struct ms_str *name = ms_arena_alloc(c->arena, sizeof(*name)), wire;

	c->state = name;
	return parse_space(&c->parse) && parse_astring(&c->parse, &wire) &&
	    parse_is_end(&c->parse) && name_parse(c, wire, name);
}

enum progress
getquotaroot_run(struct command *c)
{
	const struct ms_str *name = c->state;

	/* RFC 9208 4.1.2: the mailbox need not be there. */
	respond_text(c, "* QUOTAROOT ");
	respond_mailbox(c, *name);
	respond_text(c, " \"\"\r\n");
	if (put_quota(c))
		reply(c, REPLY_OK, NULL, "GETQUOTAROOT completed");
	return PROGRESS_DONE;
}
