/* SPDX-License-Identifier: ISC */
/*
 * read.h - the reading half: the functions of mailbox.h
 *
 * Each call is one read transaction that ends with it, of at most some
 * thousand messages or the heads of a mailbox's chunks.  Results are copied
 * into the scope's arena, in one piece where they are many.
 */
#ifndef LMDB_READ_H
#define LMDB_READ_H

#include <mansio/mailbox.h>

#include "box.h"
#include "message.h"

#define READ_MAX_OCTETS	((size_t)4 << 20)	/* of digests in a page */
#define READ_MAX_ROWS	1000	/* of a page, storage.md 7: rule 1 */

struct ms_account {
	struct shard *shard;
	uint32_t      number;
};

ms_status read_open(struct ms_instance *, const struct ms_scope *, struct ms_str name,
    struct ms_str actor, struct ms_account **account_out, struct ms_error *);
void read_close(struct ms_instance *, struct ms_account *);
ms_status read_list(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    struct ms_str name, uint32_t counters, uint64_t since, struct ms_str after,
    uint32_t limit, struct ms_boxes *, struct ms_error *);
ms_status read_fetch(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    const struct ms_fetch *, struct ms_rows *, struct ms_error *);
ms_status read_vanished(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    const struct ms_id *box, uint64_t since, struct ms_uids within, struct ms_vanished *,
    struct ms_error *);
ms_status read_search(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    const struct ms_id *box, const struct ms_term *terms, size_t n, struct ms_found *,
    struct ms_error *);
ms_status read_body(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    const struct ms_id *box, uint32_t uid, struct ms_blob **blob_out, struct ms_error *);
ms_status read_properties(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    const struct ms_id *box, struct ms_str name, uint64_t since,
    const struct ms_property *after, uint32_t limit, struct ms_properties *,
    struct ms_error *);
ms_status read_usage(struct ms_instance *, const struct ms_scope *, struct ms_account *,
    struct ms_usage *, struct ms_error *);
ms_status read_accounts(struct ms_instance *, const struct ms_scope *, struct ms_str having,
    struct ms_str after, uint32_t limit, struct ms_accounts *, struct ms_error *);

/* ---- pages of fetch() other than a mailbox by UID ---- */

/* By modseq, mailbox, UID: what changed, or a whole account. */
ms_status fetch_by_modseq(struct db_txn *t, const struct ms_account *account,
    const struct ms_fetch *f, uint32_t limit, struct ms_rows *out);
/* The expunged ones of a mailbox that can be restored. */
ms_status fetch_expunged(struct db_txn *t, const struct ms_account *account,
    const struct ms_fetch *f, uint32_t limit, struct ms_rows *out);

/* Fills rows of one mailbox; keeps what neighbours have in common. */
struct row_maker {
	struct db_txn     *t;
	struct ms_arena   *arena;	/* of the results */
	const struct box  *box;
	struct ms_str     *keywords;	/* the mailbox's, copied once */
	struct db_cursor   mail;
	uint32_t           want;
	bool               is_walking;	/* the cursor stands on a mail row */
	struct {
		uint32_t             word, n;
		const struct ms_str *names;
	} known[16];			/* keywords of flag words seen lately */
};

void row_maker_begin(struct row_maker *m, struct db_txn *t, struct ms_arena *arena,
    const struct box *b, uint32_t want);
void row_maker_end(struct row_maker *m);
#define AUTO_ROW_MAKER __attribute__((cleanup(row_maker_end)))
ms_status row_make(struct row_maker *m, const struct entry *e, struct ms_row *row);
/* From an expunged one. */
void row_make_expunged(struct row_maker *m, const struct trash *trash, struct ms_row *row);

#endif
