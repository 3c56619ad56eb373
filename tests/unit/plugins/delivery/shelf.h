/* SPDX-License-Identifier: ISC */
/*
 * shelf.h - a mailbox backend with accounts that have boxes and no mail
 *
 * Accounts are made by the job that makes their INBOX; boxes of ann are there
 * from the beginning.
 */
#ifndef TEST_DELIVERY_SHELF_H
#define TEST_DELIVERY_SHELF_H

#include <mansio/mailbox.h>
#include <mansio/mock.h>

extern const struct ms_plugin shelf_plugin;
extern const struct ms_mailbox shelf_mailbox;

/* The id of a box in shelf's eyes: its place. */
#define SHELF_INBOX	1
#define SHELF_JUNK	2

/* Forgets all accounts but ann's. */
void shelf_reset(void);
/* Accounts made; handles open. */
int shelf_made(void);
int shelf_open(void);
/* From now on each open fails so. */
void shelf_fail(ms_status status);

#endif
