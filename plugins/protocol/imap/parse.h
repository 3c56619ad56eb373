/* SPDX-License-Identifier: ISC */
/*
 * parse.h - tokens of an IMAP command (RFC 3501 9.)
 *
 * A command stands whole in memory: its lines with their CRLFs and the
 * octets of its literals between them, as they came.  Each function takes one
 * token at the cursor and moves it behind; on false the cursor is where it
 * was.  What comes out is a view into the command, or lies in the arena if it had
 * to be unquoted.
 */
#ifndef IMAP_PARSE_H
#define IMAP_PARSE_H

#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/query.h>

struct parse {
	struct ms_str    in;
	size_t           at;
	struct ms_arena *arena;
};

static inline bool
parse_is_end(const struct parse *p)
{
	return p->at >= p->in.len;
}

/* The next octet, or -1 at the end. */
static inline int
parse_peek(const struct parse *p)
{
	return p->at < p->in.len ? (unsigned char)p->in.data[p->at] : -1;
}

/* Takes that octet if it is the next. */
static inline bool
parse_octet(struct parse *p, char c)
{
	if (p->at >= p->in.len || p->in.data[p->at] != c)
		return false;
	p->at++;
	return true;
}

/* One space; or some, as there are clients that send two. */
static inline bool
parse_space(struct parse *p)
{
	if (!parse_octet(p, ' '))
		return false;
	while (parse_octet(p, ' '))
		;
	return true;
}

/* RFC 3501's ATOM-CHAR, and what may follow within an atom. */
bool parse_is_atom_octet(unsigned char c);

bool parse_tag(struct parse *p, struct ms_str *tag_out);
bool parse_atom(struct parse *p, struct ms_str *atom_out);
/* Takes an atom if it is this word, whatever its case. */
bool parse_word(struct parse *p, const char *word);
/* quoted or literal; literal8 (RFC 3516) too if allowed. */
bool parse_string(struct parse *p, struct ms_str *string_out);
bool parse_string8(struct parse *p, bool *is_binary_out,
    struct ms_str *string_out);
bool parse_astring(struct parse *p, struct ms_str *string_out);
/* data NULL: NIL. */
bool parse_nstring(struct parse *p, struct ms_str *string_out);
/* RFC 3501 list-mailbox: an atom that may hold % and *, or a string. */
bool parse_list_mailbox(struct parse *p, struct ms_str *pattern_out);
bool parse_u64(struct parse *p, uint64_t max, uint64_t *number_out);
bool parse_u32(struct parse *p, uint32_t *number_out);
/* nz-number */
bool parse_nz(struct parse *p, uint32_t *number_out);

/*
 * A sequence-set as it was written.  0 stands for "*": what it means depends on the
 * mailbox, view.h.  has_saved: it was "$" (RFC 5182).
 */
struct set {
	const struct ms_uid_range *ranges;
	size_t                     n;
	bool                       has_saved;
};

bool parse_set(struct parse *p, struct set *set_out);

/* Flags of STORE and APPEND: with or without parentheses. */
struct flags {
	uint32_t             flags;		/* MS_FLAG_... */
	uint32_t             n_keywords;
	const struct ms_str *keywords;
	bool                 has_recent;	/* "\Recent" was among them */
};

bool parse_flag_list(struct parse *p, struct flags *flags_out);
bool parse_flags_bare(struct parse *p, struct flags *flags_out);

/* A quoted date-time, and a date, quoted or not. */
bool parse_date_time(struct parse *p, int64_t *time_us_out);
bool parse_date(struct parse *p, int64_t *day_us_out);

/* The literal that a line announces at its end: its size, and how. */
struct literal {
	uint64_t octets;
	size_t   at;		/* where in the line it begins */
	bool     is_binary;	/* "~{": RFC 3516 */
	bool     is_sync;	/* wants a "+" before it comes */
	bool     is_too_large;	/* more than 63 bits */
};

bool parse_literal_at_end(struct ms_str line, struct literal *literal_out);

#endif
