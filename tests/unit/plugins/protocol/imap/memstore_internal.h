/* SPDX-License-Identifier: ISC */
/* memstore_internal.h - what memstore's two files share */
#ifndef TEST_IMAP_MEMSTORE_INTERNAL_H
#define TEST_IMAP_MEMSTORE_INTERNAL_H

#include <stdbool.h>

#include <mansio/arena.h>

#include "memstore.h"

#define MAX_KEYWORDS	32

struct mail {
	uint32_t        uid, flags, keywords;	/* bits of the box's */
	uint64_t        modseq, octets;
	int64_t         arrived_us, saved_us;
	bool            gone;		/* modseq is then that of the expunge */
	struct ms_blob *body;
	struct ms_id    email_id, thread_id;
	struct ms_str   digest;		/* heap */
};

struct box {
	struct box  *next;
	struct ms_id id;
	char         name[1100];
	char         special_use[32];
	bool         is_name_only;
	uint32_t     uidvalidity, uidnext, recent_from;
	uint64_t     modseq, box_modseq, forgotten;
	char         keywords[MAX_KEYWORDS][72];
	uint32_t     n_keywords;
	struct mail *mails;		/* by uid */
	size_t       n, room;
};

struct property {
	struct property *next;
	struct ms_id     box;
	char            *name, *value;
	uint64_t         modseq;
};

struct ms_account {
	struct ms_account *next;
	char               name[256];
	uint64_t           modseq;
	struct box        *boxes;
	struct property   *properties;	/* by box and name */
};

struct ms_instance {
	const struct ms_host     *host;
	const struct ms_blob_api *blob;
	const struct ms_clock    *clock;
};

extern struct ms_account *memstore_accounts;
extern bool memstore_keeps_trash;
extern const struct ms_batch memstore_batch;

struct ms_account *memstore_account(struct ms_str name);
struct box *memstore_box(struct ms_account *a, const struct ms_id *id);
struct box *memstore_box_named(struct ms_account *a, struct ms_str name);
bool memstore_has(struct ms_uids set, uint32_t uid);
void memstore_add_uid(struct ms_arena *arena, struct ms_uids *set,
    uint32_t uid);

#endif
