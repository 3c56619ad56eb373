/* SPDX-License-Identifier: ISC */
/*
 * keywords.h - names of keywords and the bits that stand for them
 *
 * A mailbox numbers its keywords as they come.  The first 26 are bits of an
 * entry; those beyond are bits of a map in the mail row, and the entry says
 * that there is one.
 */
#ifndef LMDB_KEYWORDS_H
#define LMDB_KEYWORDS_H

#include "box.h"
#include "record.h"

/* System flags and keywords of a message, or those that a job names. */
struct flagset {
	uint32_t word;			/* as in an entry, without ENTRY_MORE */
	bool     has_more;
	uint8_t  more[MAIL_MORE];
};

/* From names; with `add`, unknown ones get a number, and *added_out says that
   the mailbox's record has to be saved.  MS_LIMIT: the table is full. */
ms_status flagset_make(struct db_txn *t, struct box *b, uint32_t flags,
    const struct ms_str *keywords, size_t n, bool add, struct flagset *out,
    bool *added_out);
/* Of a message: its entry and, if that says so, the map of its mail row. */
void flagset_of(uint32_t word, struct ms_str more, struct flagset *out);
/* The entry's word for it. */
static inline uint32_t
flagset_word(const struct flagset *f)
{
	return f->word | (f->has_more ? ENTRY_MORE : 0);
}
/* The map for a mail row; "" if nothing is in it. */
struct ms_str flagset_more(const struct flagset *f);
bool flagset_equal(const struct flagset *a, const struct flagset *b);
/* MS_STORE_... */
void flagset_apply(struct flagset *f, uint32_t how, const struct flagset *change);

/* Names of what is set, in the arena. */
const struct ms_str *flagset_names(const struct box *b, const struct flagset *f,
    struct ms_arena *arena, uint32_t *n_out);

#endif
