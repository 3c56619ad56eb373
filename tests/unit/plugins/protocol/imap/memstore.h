/* SPDX-License-Identifier: ISC */
/*
 * memstore.h - a mailbox backend in memory, whole enough for IMAP
 *
 * A plugin beside the tested one, for one thread.  What it does is what
 * mailbox.h asks of a backend, in the simplest way: arrays that are walked.
 */
#ifndef TEST_IMAP_MEMSTORE_H
#define TEST_IMAP_MEMSTORE_H

#include <mansio/mailbox.h>
#include <mansio/mock.h>

extern const struct ms_plugin memstore_plugin;
extern const struct ms_mailbox memstore_mailbox;

/* Behind the back of every session, as somebody else's doing. */

/* Delivers to a mailbox that is there; returns the UID. */
uint32_t memstore_deliver(struct ms_mock *m, const char *account,
    const char *box, const char *content);
/* The same without a digest: as after a migration. */
uint32_t memstore_deliver_bare(struct ms_mock *m, const char *account,
    const char *box, const char *content);
void memstore_flag(struct ms_mock *m, const char *account, const char *box,
    uint32_t uid, uint32_t flags, const char *keyword);
void memstore_expunge(struct ms_mock *m, const char *account, const char *box,
    uint32_t first, uint32_t last);
void memstore_delete_box(struct ms_mock *m, const char *account,
    const char *box);
/* "mailbox/ACCOUNT/ID" of it; static. */
const char *memstore_topic(const char *account, const char *box);
/* Expunges up to now are forgotten: vanished() says it is not complete. */
void memstore_forget(const char *account, const char *box);
/* From now on an expunged message can, or can't, still be read. */
void memstore_keep_trash(bool keeps);
/* From now on body() of that UID fails so; 0 none. */
void memstore_damage(uint32_t uid, ms_status status);
/* From now on jobs fail so; MS_OK none. */
void memstore_fail_jobs(ms_status status);
/* From now on search() with terms knows this; sure 0 and maybe 0: nothing.
   What it was asked is in words: "HEADER(Subject,x) NOT AND2". */
void memstore_knows(uint32_t sure, uint32_t maybe_first, uint32_t maybe_last);
const char *memstore_asked(void);
/* Jobs run since the start. */
uint32_t memstore_jobs(void);
/* Account handles that are open. */
int memstore_open_accounts(void);
/* Rows given by fetch() since the start. */
uint64_t memstore_rows(void);
/* Forgets everything. */
void memstore_reset(void);

#endif
