/* SPDX-License-Identifier: ISC */
/* status.c - see status.h */
#include "status.h"

#include <mansio/str.h>

#include "account.h"
#include "capability.h"
#include "names.h"
#include "respond.h"
#include "uids.h"

enum {
	ITEM_MESSAGES = 0, ITEM_RECENT, ITEM_UIDNEXT, ITEM_UIDVALIDITY,
	ITEM_UNSEEN, ITEM_HIGHESTMODSEQ, ITEM_SIZE, ITEM_MAILBOXID,
	ITEM_DELETED, ITEM_APPENDLIMIT, ITEM_DELETED_STORAGE, N_ITEMS
};

static const char *const words[N_ITEMS] = {
	"MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN",
	"HIGHESTMODSEQ", "SIZE", "MAILBOXID", "DELETED", "APPENDLIMIT",
	"DELETED-STORAGE",
};

bool
status_has_modseq(uint32_t items)
{
	return items & 1u << ITEM_HIGHESTMODSEQ;
}

bool
status_parse_items(struct parse *p, uint32_t *out)
{
	uint32_t items = 0;

	if (!parse_octet(p, '('))
		return false;
	do {
		uint32_t i = 0;

		while (i < N_ITEMS && !parse_word(p, words[i]))
			i++;
		if (i == N_ITEMS)
			return false;
		items |= 1u << i;
	} while (parse_space(p));
	*out = items;
	return parse_octet(p, ')');
}

/* Messages that nobody was told of; most often none. */
static uint64_t
count_recent(struct command *c, const struct ms_box *box)
{
	struct ms_instance *self = c->session->self;
	struct ms_scope scope = command_page(c);
	struct ms_error err = { .size = sizeof(err) };
	struct ms_found found = { .size = sizeof(found) };
	struct ms_uid_range fresh = { box->recent_from, UINT32_MAX };

	if (box->recent_from >= box->uidnext || box->messages == 0)
		return 0;
	if (fresh.first == 0)
		fresh.first = 1;
	if (self->mailbox->search(self->backend.self, &scope,
	    c->session->account, &box->id, NULL, 0, &found, &err) != MS_OK)
		return 0;
	return uids_count(uids_and(scope.arena, found.sure,
	    (struct ms_uids){ &fresh, 1 }));
}

/* RFC 9208 4.1.4: the sizes of what EXPUNGE would take. */
static uint64_t
count_deleted(struct command *c, const struct ms_box *box)
{
	struct ms_instance *self = c->session->self;
	struct ms_error err = { .size = sizeof(err) };
	struct ms_row after = { .size = sizeof(after) };
	uint64_t octets = 0;

	while (box->deleted > 0) {
		struct ms_scope scope = command_page(c);
		struct ms_rows rows = { .size = sizeof(rows) };
		struct ms_fetch fetch = { .size = sizeof(fetch),
			.want = MS_ROW_FLAGS | MS_ROW_SIZE, .box = box->id,
			.after = after.uid != 0 ? &after : NULL,
			.limit = IMAP_PAGE_ROWS };

		if (self->mailbox->fetch(self->backend.self, &scope,
		    c->session->account, &fetch, &rows, &err) != MS_OK ||
		    rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++)
			if (rows.rows[i]->flags & MS_FLAG_DELETED)
				octets += rows.rows[i]->octets;
		after.uid = rows.rows[rows.n - 1]->uid;
	}
	return octets;
}

void
status_put(struct command *c, const struct ms_box *box, uint32_t items)
{
	const char *space = "";

	respond_text(c, "* STATUS ");
	respond_mailbox(c, box->name);
	respond_text(c, " (");
	for (uint32_t i = 0; i < N_ITEMS; i++) {
		const uint64_t numbers[N_ITEMS] = {
			[ITEM_MESSAGES] = box->messages,
			[ITEM_UIDNEXT] = box->uidnext,
			[ITEM_UIDVALIDITY] = box->uidvalidity,
			[ITEM_UNSEEN] = box->unseen,
			[ITEM_HIGHESTMODSEQ] = box->modseq,
			[ITEM_SIZE] = box->octets,
			[ITEM_DELETED] = box->deleted,
			[ITEM_APPENDLIMIT] = c->session->self->max_size,
		};

		if (!(items & 1u << i))
			continue;
		respond_text(c, space);
		space = " ";
		respond_text(c, words[i]);
		respond_text(c, " ");
		if (i == ITEM_MAILBOXID) {
			respond_text(c, "(");
			respond_id(&c->out, 'F', &box->id);
			respond_text(c, ")");
		} else {
			respond_u64(c, i == ITEM_RECENT ?
			    count_recent(c, box) : i == ITEM_DELETED_STORAGE ?
			    count_deleted(c, box) : numbers[i]);
		}
	}
	respond_text(c, ")\r\n");
}

bool
status_parse(struct command *c)
{
	struct status *s = ms_arena_alloc(c->arena, sizeof(*s));
	struct parse *p = &c->parse;
	struct ms_str wire;

	c->state = s;
	return parse_space(p) && parse_astring(p, &wire) && parse_space(p) &&
	    status_parse_items(p, &s->items) && parse_is_end(p) &&
	    name_parse(c, wire, &s->name);
}

enum progress
status_run(struct command *c)
{
	struct status *s = c->state;
	const struct ms_box *box;

	if (status_has_modseq(s->items))
		enable_condstore(c);
	if (!account_need(c, s->name, false, &box))
		return PROGRESS_DONE;
	status_put(c, box, s->items);
	reply(c, REPLY_OK, NULL, "STATUS completed");
	return PROGRESS_DONE;
}
