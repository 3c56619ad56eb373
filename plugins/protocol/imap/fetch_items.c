/* SPDX-License-Identifier: ISC */
/* fetch_items.c - FETCH's items: reading them, and writing a response */
#include <inttypes.h>

#include <mansio/date.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "capability.h"
#include "fetch.h"
#include "notices.h"
#include "respond.h"

/* Items whose value is in the row, and what of the row they need. */
static const struct {
	const char *word;
	uint32_t    kind;
	uint32_t    want;
} plain_items[] = {
	{ "UID", ITEM_UID, 0 },
	{ "FLAGS", ITEM_FLAGS, MS_ROW_FLAGS },
	{ "MODSEQ", ITEM_MODSEQ, 0 },
	{ "RFC822.SIZE", ITEM_SIZE, MS_ROW_SIZE },
	{ "INTERNALDATE", ITEM_INTERNALDATE, MS_ROW_DATES },
	{ "ENVELOPE", ITEM_ENVELOPE, MS_ROW_DIGEST },
	{ "BODYSTRUCTURE", ITEM_BODYSTRUCTURE, MS_ROW_DIGEST },
	{ "EMAILID", ITEM_EMAILID, MS_ROW_IDS },
	{ "THREADID", ITEM_THREADID, MS_ROW_IDS },
	{ "SAVEDATE", ITEM_SAVEDATE, MS_ROW_DATES },
};

static bool
add_item(struct fetch *f, uint32_t kind, uint32_t want)
{
	if (kind != ITEM_SECTION && (f->has & 1u << kind))
		return true;
	if (f->n_items == FETCH_MAX_ITEMS)
		return false;
	f->items[f->n_items++].kind = kind;
	f->has |= 1u << kind;
	f->want |= want;
	return true;
}

static bool
add_section(struct command *c, struct fetch *f, const char *name,
    bool is_peek)
{
	struct section *s = ms_arena_alloc(c->arena, sizeof(*s));

	if (!section_parse(&c->parse, name, s) ||
	    !add_item(f, ITEM_SECTION, MS_ROW_DIGEST))
		return false;
	s->is_peek = is_peek;
	if (!is_peek && s->kind != SECTION_BINARY_SIZE)
		f->sets_seen = true;
	f->items[f->n_items - 1].section = s;
	return true;
}

/* RFC822, RFC822.HEADER, RFC822.TEXT: sections by older names. */
static bool
add_rfc822(struct command *c, struct fetch *f, struct ms_str word)
{
	struct section *s = ms_arena_alloc(c->arena, sizeof(*s));

	s->kind = ms_str_is_ci(word, "RFC822") ? SECTION_ALL :
	    ms_str_is_ci(word, "RFC822.HEADER") ? SECTION_HEADER :
	    SECTION_TEXT;
	s->is_peek = s->kind == SECTION_HEADER;
	s->label = ms_str_c(s->kind == SECTION_ALL ? "RFC822" :
	    s->kind == SECTION_HEADER ? "RFC822.HEADER" : "RFC822.TEXT");
	if (!add_item(f, ITEM_SECTION, MS_ROW_DIGEST))
		return false;
	f->sets_seen = f->sets_seen || !s->is_peek;
	f->items[f->n_items - 1].section = s;
	return true;
}

/* The letters, digits and dots of an item's name. */
static struct ms_str
take_word(struct parse *p)
{
	size_t from = p->at;

	while (p->at < p->in.len) {
		char c = p->in.data[p->at];

		if ((c < 'A' || c > 'Z') && (c < 'a' || c > 'z') &&
		    (c < '0' || c > '9') && c != '.')
			break;
		p->at++;
	}
	return ms_str_of(p->in.data + from, p->at - from);
}

static bool
parse_preview(struct parse *p)
{
	size_t at = p->at;

	/* RFC 8970 3.1: (LAZY) allows NIL where it would take long; ours is
	   kept ready, so both are the same. */
	if (!parse_space(p) || !parse_octet(p, '(')) {
		p->at = at;
		return true;
	}
	return parse_word(p, "LAZY") && parse_octet(p, ')');
}

static bool
parse_item(struct command *c, struct fetch *f)
{
	struct parse *p = &c->parse;
	struct ms_str word = take_word(p);

	if (ms_str_is_ci(word, "BODY"))
		return parse_peek(p) == '[' ?
		    add_section(c, f, "BODY", false) :
		    add_item(f, ITEM_BODY, MS_ROW_DIGEST);
	if (ms_str_is_ci(word, "BODY.PEEK"))
		return add_section(c, f, "BODY", true);
	if (ms_str_is_ci(word, "BINARY"))
		return add_section(c, f, "BINARY", false);
	if (ms_str_is_ci(word, "BINARY.PEEK"))
		return add_section(c, f, "BINARY", true);
	if (ms_str_is_ci(word, "BINARY.SIZE"))
		return add_section(c, f, "BINARY.SIZE", true);
	if (ms_str_is_ci(word, "RFC822") ||
	    ms_str_is_ci(word, "RFC822.HEADER") ||
	    ms_str_is_ci(word, "RFC822.TEXT"))
		return add_rfc822(c, f, word);
	if (ms_str_is_ci(word, "PREVIEW"))
		return parse_preview(p) &&
		    add_item(f, ITEM_PREVIEW, MS_ROW_DIGEST);
	for (size_t i = 0; i < sizeof(plain_items) / sizeof(*plain_items);
	    i++)
		if (ms_str_equal_ci(word, ms_str_c(plain_items[i].word)))
			return add_item(f, plain_items[i].kind,
			    plain_items[i].want);
	return false;
}

/* RFC 3501 6.4.5: macros stand alone. */
static bool
parse_macro(struct command *c, struct fetch *f)
{
	struct parse *p = &c->parse;
	bool is_fast = parse_word(p, "FAST");
	bool is_all = !is_fast && parse_word(p, "ALL");
	bool is_full = !is_fast && !is_all && parse_word(p, "FULL");

	if (!is_fast && !is_all && !is_full)
		return false;
	(void)add_item(f, ITEM_FLAGS, MS_ROW_FLAGS);
	(void)add_item(f, ITEM_INTERNALDATE, MS_ROW_DATES);
	(void)add_item(f, ITEM_SIZE, MS_ROW_SIZE);
	if (!is_fast)
		(void)add_item(f, ITEM_ENVELOPE, MS_ROW_DIGEST);
	if (is_full)
		(void)add_item(f, ITEM_BODY, MS_ROW_DIGEST);
	return true;
}

bool
fetch_parse_items(struct command *c, struct fetch *f)
{
	struct parse *p = &c->parse;

	f->items = ms_arena_array(c->arena, FETCH_MAX_ITEMS,
	    sizeof(*f->items));
	/* RFC 3501 6.4.8: the UID is part of it. */
	if (c->is_uid)
		(void)add_item(f, ITEM_UID, 0);
	if (parse_macro(c, f))
		return true;
	if (!parse_octet(p, '('))
		return parse_item(c, f);
	do
		if (!parse_item(c, f))
			return false;
	while (parse_space(p));
	return parse_octet(p, ')');
}

/* ---- responses -------------------------------------------------------------- */

#define ONLY_LINE	(1u << ITEM_UID | 1u << ITEM_FLAGS | 1u << ITEM_MODSEQ)

static void
put_date(struct ms_buf *out, const char *name, int64_t time_us)
{
	ms_buf_add_c(out, name);
	ms_buf_add_c(out, " \"");
	ms_date_add_imap(out, time_us, 0);
	ms_buf_add_octet(out, '"');
}

static bool
is_zero(const struct ms_id *id)
{
	static const struct ms_id zero;

	return memcmp(id, &zero, sizeof(zero)) == 0;
}

static ms_status
put_preview(struct message *m, struct ms_buf *out, struct ms_error *err)
{
	ms_status st = message_need_digest(m, err);

	if (st != MS_OK)
		return st;
	ms_buf_add_c(out, "PREVIEW ");
	respond_string(out, m->digest.preview);
	return MS_OK;
}

static void
put_flags(struct command *c, const struct ms_row *row)
{
	respond_text(c, "FLAGS (");
	respond_flags(&c->out, row->flags,
	    selected_is_recent(&c->session->selected, row->uid),
	    row->keywords, row->n_keywords);
	respond_text(c, ")");
}

static ms_status
put_item(struct command *c, const struct fetch_item *item, struct message *m,
    struct ms_error *err)
{
	const struct ms_row *row = m->row;
	struct ms_buf *out = &c->out;

	switch (item->kind) {
	case ITEM_UID:
		ms_buf_add_c(out, "UID ");
		ms_buf_add_u64(out, row->uid);
		return MS_OK;
	case ITEM_FLAGS:
		put_flags(c, row);
		return MS_OK;
	case ITEM_MODSEQ:
		ms_buf_add_c(out, "MODSEQ (");
		ms_buf_add_u64(out, row->modseq);
		ms_buf_add_octet(out, ')');
		return MS_OK;
	case ITEM_SIZE:
		ms_buf_add_c(out, "RFC822.SIZE ");
		ms_buf_add_u64(out, row->octets);
		return MS_OK;
	case ITEM_INTERNALDATE:
		put_date(out, "INTERNALDATE", row->arrived_us);
		return MS_OK;
	case ITEM_SAVEDATE:
		if (row->saved_us != 0)
			put_date(out, "SAVEDATE", row->saved_us);
		else
			ms_buf_add_c(out, "SAVEDATE NIL");
		return MS_OK;
	case ITEM_EMAILID:
		ms_buf_add_c(out, "EMAILID (");
		respond_id(out, 'M', &row->email_id);
		ms_buf_add_octet(out, ')');
		return MS_OK;
	case ITEM_THREADID:
		if (is_zero(&row->thread_id)) {
			ms_buf_add_c(out, "THREADID NIL");
			return MS_OK;
		}
		ms_buf_add_c(out, "THREADID (");
		respond_id(out, 'T', &row->thread_id);
		ms_buf_add_octet(out, ')');
		return MS_OK;
	case ITEM_ENVELOPE:
		ms_buf_add_c(out, "ENVELOPE ");
		return message_add_envelope(m, out, err);
	case ITEM_BODY:
		ms_buf_add_c(out, "BODY ");
		return message_add_structure(m, false, out, err);
	case ITEM_BODYSTRUCTURE:
		ms_buf_add_c(out, "BODYSTRUCTURE ");
		return message_add_structure(m, true, out, err);
	case ITEM_PREVIEW:
		return put_preview(m, out, err);
	default:
		ms_buf_add(out, item->section->label);
		ms_buf_add_octet(out, ' ');
		return section_put(m, item->section, err);
	}
}

/* What may fail is tried before a word of the response is written. */
static ms_status
prepare(struct fetch *f, struct message *m, struct ms_error *err)
{
	ms_status st = MS_OK;

	for (size_t i = 0; i < f->n_items && st == MS_OK; i++)
		if (f->items[i].kind == ITEM_SECTION)
			st = section_prepare(m, f->items[i].section, err);
	return st;
}

/* What a body that was read made of the message (RFC 7162 3.2.4). */
static void
put_implied(struct command *c, const struct fetch *f,
    const struct ms_row *row)
{
	if (c->session->enabled & ENABLED_CONDSTORE) {
		if (!(f->has & 1u << ITEM_UID))
			ms_buf_addf(&c->out, "UID %" PRIu32 " ", row->uid);
		if (!(f->has & 1u << ITEM_MODSEQ))
			ms_buf_addf(&c->out, "MODSEQ (%" PRIu64 ") ",
			    row->modseq);
	}
	if (!(f->has & 1u << ITEM_FLAGS)) {
		put_flags(c, row);
		ms_buf_add_octet(&c->out, ' ');
	}
}

ms_status
fetch_put(struct command *c, struct fetch *f, struct message *m,
    bool was_made_seen, struct ms_error *err)
{
	struct session *s = c->session;
	uint64_t sent = s->octets_out;
	size_t start = c->out.len;
	ms_status st;

	if ((f->has & ~ONLY_LINE) == 0 && !was_made_seen) {
		notice_fetch(c, m->seq, m->row,
		    (f->has & 1u << ITEM_UID ? LINE_UID : 0) |
		    (f->has & 1u << ITEM_FLAGS ? LINE_FLAGS : 0) |
		    (f->has & 1u << ITEM_MODSEQ ? LINE_MODSEQ : 0));
		return MS_OK;
	}
	st = prepare(f, m, err);
	if (st != MS_OK)
		return st;
	respond_text(c, "* ");
	respond_u64(c, m->seq);
	respond_text(c, " FETCH (");
	if (was_made_seen)
		put_implied(c, f, m->row);
	for (size_t i = 0; i < f->n_items && st == MS_OK; i++) {
		if (i > 0)
			ms_buf_add_octet(&c->out, ' ');
		st = put_item(c, &f->items[i], m, err);
	}
	if (st == MS_OK) {
		respond_text(c, ")\r\n");
		return MS_OK;
	}
	if (s->octets_out != sent || c->out.len < start)
		/* Half of it is with the client. */
		s->is_over = true;
	else
		c->out.len = start;
	return st;
}
