/* SPDX-License-Identifier: ISC */
/*
 * drop.h - a mailbox backend with one INBOX, as small as POP3 needs it
 *
 * A plugin beside the tested one.  Messages are those of drop_add(); what is
 * expunged is told by drop_left().
 */
#ifndef TEST_POP3_DROP_H
#define TEST_POP3_DROP_H

#include <mansio/mailbox.h>
#include <mansio/mock.h>

extern const struct ms_plugin drop_plugin;
extern const struct ms_mailbox drop_mailbox;

#define DROP_ACCOUNT	"ann@example.org"
#define DROP_VALIDITY	0x1234abcd

/* In the INBOX of DROP_ACCOUNT. */
void drop_add(uint32_t uid, const char *content);
/* UIDs still there, "1 2 7". */
const char *drop_left(void);
/* Gone by somebody else's doing. */
void drop_take(uint32_t uid);
/* From now on each job, or each open, fails so; MS_OK: none. */
void drop_fail_jobs(ms_status status);
void drop_fail_open(ms_status status);
/* Open account handles. */
int drop_open_accounts(void);

#endif
