/* SPDX-License-Identifier: ISC */
/*
 * search.h - what SEARCH looks for, as a tree, and whether a message is it
 *
 * A tree is at most IMAP_MAX_DEPTH deep: its depth is the client's, so the
 * parser stops there.  A message is tested by what costs least first: the
 * row, then the digest, the header, the body; most are decided by the row.
 */
#ifndef IMAP_SEARCH_H
#define IMAP_SEARCH_H

#include "message.h"
#include "session.h"
#include "view.h"

enum {
	KEY_ALL = 1, KEY_AND, KEY_OR, KEY_NOT,
	KEY_SET,	/* numbers or UIDs */
	KEY_FLAGS,	/* of `mask` just `flags` */
	KEY_KEYWORD, KEY_RECENT,
	KEY_LARGER, KEY_SMALLER, KEY_MODSEQ,
	KEY_ARRIVED, KEY_SAVED, KEY_SENT,	/* from <= time < to */
	KEY_EMAILID, KEY_THREADID,
	KEY_SUBJECT, KEY_HEADER, KEY_BODY, KEY_TEXT
};

#define SEARCH_MAX_KEYS	5000

struct key {
	uint32_t      op;		/* KEY_... */
	bool          is_uid;		/* SET */
	struct key   *children, *next;
	struct set    set;
	struct ms_uids uids;		/* SET, once resolved */
	uint32_t      mask, flags;
	uint64_t      number;
	int64_t       from, to;
	struct ms_id  id;
	struct ms_str name;		/* of a header field */
	struct ms_str text;		/* folded; a keyword as it is */
	struct key   *next_text;
	bool          hit;		/* BODY, TEXT: this message's */
};

struct search {
	struct key  *root;
	struct key  *texts;		/* BODY and TEXT keys, by next_text */
	size_t       n_keys;
	uint32_t     want;		/* MS_ROW_... */
	bool         has_text;		/* what an index may know */
	bool         has_modseq;
	bool         has_seqs;		/* numbers were used */
	bool         has_saved;		/* "$" was */
	bool         has_charset;
	struct ms_str charset;
	bool         is_bad_charset;	/* NO, not BAD */
};

/* search_parse.c.  Charset, if there is one, and keys up to the end of the
   command. */
bool search_parse_charset(struct command *c, struct search *s);
bool search_parse_keys(struct command *c, struct search *s);

/* search_match.c */

/* Sets as UIDs of the view.  False: the reply is set. */
bool search_resolve(struct command *c, const struct view *v, struct key *key);
/* A superset of what can match, by sets alone; exact if nothing else is to
   be tested. */
struct ms_uids search_candidates(struct ms_arena *arena,
    const struct key *key, struct ms_uids all, bool *is_exact_out);

/* Does it match?  text: an arena for this message's text. */
ms_status search_match(struct search *s, struct message *m,
    struct ms_arena *text, bool *matches_out, struct ms_error *err);

/* search_terms.c */

/* What the store knows of the answer; MS_UNSUPPORTED: nothing. */
ms_status search_ask(struct command *c, const struct search *s,
    const struct view *v, struct ms_found *found_out, struct ms_error *err);

/* search_text.c */

/* A header field of that name holds the folded text; text "": there is one.
   name "": any field. */
ms_status search_in_header(struct message *m, struct ms_arena *text,
    struct ms_str name, struct ms_str needle, bool *hit_out,
    struct ms_error *err);
/* Sets `hit` of all keys whose text is in the body's parts, or, of TEXT, in
   a header. */
ms_status search_in_body(struct search *s, struct message *m,
    struct ms_arena *text, struct ms_error *err);

#endif
