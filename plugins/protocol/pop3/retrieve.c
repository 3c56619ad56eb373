/* SPDX-License-Identifier: ISC */
/* retrieve.c - looking at messages: STAT, LIST, UIDL, RETR, TOP, DELE */
#include "pop3.h"

#include <stdio.h>

#include <mansio/error.h>

#include "line.h"

#define PIECE (16 * 1024)

/* The message of that number; false: the peer has been told. */
static bool
find_message(struct pop3 *x, struct ms_str *args, uint32_t *i_out)
{
	uint64_t number;

	if (!pop3_number(args, &number)) {
		pop3_junk(x, "say a number");
		return false;
	}
	if (number == 0 || number > x->drop.n ||
	    maildrop_is_deleted(&x->drop, (uint32_t)number - 1)) {
		pop3_err(x, "no such message");
		return false;
	}
	*i_out = (uint32_t)number - 1;
	return true;
}

/* No more arguments than were due. */
static bool
is_spent(struct pop3 *x, struct ms_str args)
{
	if (ms_str_trim(args).len == 0)
		return true;
	pop3_junk(x, "too many arguments");
	return false;
}

void
pop3_stat(struct pop3 *x, struct ms_str args)
{
	const struct maildrop *d = &x->drop;

	if (is_spent(x, args))
		pop3_ok(x, "%u %llu", d->n - d->n_deleted,
		    (unsigned long long)(d->total - d->deleted_octets));
}

/* ---- listings ------------------------------------------------------------------ */

/* UIDVALIDITY and UID: what a migration keeps, a unique-id keeps (P06). */
static int
print_item(const struct pop3 *x, uint32_t i, bool uids, char *out, size_t size)
{
	if (uids)
		return snprintf(out, size, "%u %08x%08x", i + 1,
		    x->drop.uidvalidity, x->drop.uids[i]);
	return snprintf(out, size, "%u %llu", i + 1,
	    (unsigned long long)x->drop.octets[i]);
}

void
pop3_list_on(struct pop3 *x)
{
	char block[4096];
	size_t len = 0;

	x->wants = POP3_WANTS_ROOM;
	for (; x->list_next < x->drop.n; x->list_next++) {
		if (maildrop_is_deleted(&x->drop, x->list_next))
			continue;
		if (sizeof(block) - len < 64) {
			pop3_write(x, ms_str_of(block, len));
			len = 0;
			if (pop3_is_full(x))
				return;
		}
		len += (size_t)print_item(x, x->list_next, x->list_uids,
		    block + len, sizeof(block) - len);
		block[len++] = '\r';
		block[len++] = '\n';
	}
	memcpy(block + len, ".\r\n", 3);	/* the loop left room */
	pop3_write(x, ms_str_of(block, len + 3));
	x->wants = POP3_WANTS_COMMAND;
}

static void
list(struct pop3 *x, struct ms_str args, bool uids)
{
	char item[64];
	uint32_t i;

	if (ms_str_trim(args).len > 0) {
		if (!find_message(x, &args, &i) || !is_spent(x, args))
			return;
		print_item(x, i, uids, item, sizeof(item));
		pop3_ok(x, "%s", item);
		return;
	}
	pop3_ok(x, "%u messages", x->drop.n - x->drop.n_deleted);
	x->list_next = 0;
	x->list_uids = uids;
	pop3_list_on(x);
}

void
pop3_list(struct pop3 *x, struct ms_str args)
{
	list(x, args, false);
}

void
pop3_uidl(struct pop3 *x, struct ms_str args)
{
	list(x, args, true);
}

/* ---- bodies ---------------------------------------------------------------------- */

static struct ms_blob *
open_body(struct pop3 *x, uint32_t i)
{
	const struct ms_mailbox *store = x->self->mailbox.table;
	struct ms_error err = MS_ERROR_INIT;
	struct ms_blob *blob = NULL;
	ms_status st;

	st = store->body(x->self->mailbox.self, x->scope, x->drop.account,
	    &x->drop.box, x->drop.uids[i], &blob, &err);
	if (st == MS_OK)
		return blob;
	if (st == MS_NOTFOUND)
		pop3_err(x, "the message is gone");
	else
		pop3_failure(x, "the message can't be read", st, &err);
	return NULL;
}

void
pop3_retr(struct pop3 *x, struct ms_str args)
{
	struct ms_blob *blob;
	uint64_t octets;
	uint32_t i;

	if (!find_message(x, &args, &i) || !is_spent(x, args))
		return;
	blob = open_body(x, i);
	if (blob == NULL)
		return;
	octets = x->self->blob->octets(blob);
	pop3_ok(x, "%llu octets", (unsigned long long)octets);
	x->unsent = x->self->session->write_blob(x->session, blob, 0, octets,
	    MS_SEND_DOT);
	x->self->blob->release(blob);
}

/* Octets of the header and so many lines. */
static ms_status
find_top(struct pop3 *x, struct ms_blob *blob, uint64_t lines,
    uint64_t *octets_out, struct ms_error *err)
{
	struct pop3_top top = { .lines = lines };
	char piece[PIECE];
	uint64_t at = 0;
	size_t n;
	ms_status st;

	do {
		st = x->self->blob->read(x->scope, blob, at, piece,
		    sizeof(piece), &n, err);
		if (st != MS_OK)
			return st;
		at += pop3_top_piece(&top, ms_str_of(piece, n));
	} while (n > 0 && !top.done);
	*octets_out = at;
	return MS_OK;
}

void
pop3_top(struct pop3 *x, struct ms_str args)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_blob *blob;
	uint64_t lines, octets;
	uint32_t i;
	ms_status st;

	if (!find_message(x, &args, &i))
		return;
	if (!pop3_number(&args, &lines) || args.len > 0) {
		pop3_junk(x, "say a message and how many lines");
		return;
	}
	blob = open_body(x, i);
	if (blob == NULL)
		return;
	st = find_top(x, blob, lines, &octets, &err);
	if (st == MS_OK) {
		pop3_ok(x, "the top of it");
		x->unsent = x->self->session->write_blob(x->session, blob, 0,
		    octets, MS_SEND_DOT);
	} else
		pop3_failure(x, "the message can't be read", st, &err);
	x->self->blob->release(blob);
}

void
pop3_dele(struct pop3 *x, struct ms_str args)
{
	uint32_t i;

	if (!find_message(x, &args, &i) || !is_spent(x, args))
		return;
	maildrop_delete(&x->drop, i);
	pop3_ok(x, "message %u will be deleted", i + 1);
}
