/* SPDX-License-Identifier: ISC */
/*
 * boxes.h - CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 3501 6.3.3-7)
 *
 * A subscription is a property of its mailbox, "subscribed/ACCOUNT", so that
 * it follows a rename; that of a name whose mailbox was deleted (RFC 3501
 * 6.3.6 keeps it) is one of the account, "subscribed/ACCOUNT/NAME".
 */
#ifndef IMAP_BOXES_H
#define IMAP_BOXES_H

#include "session.h"

bool create_parse(struct command *c);
enum progress create_run(struct command *c);
bool delete_parse(struct command *c);
enum progress delete_run(struct command *c);
bool rename_parse(struct command *c);
enum progress rename_run(struct command *c);
enum progress subscribe_run(struct command *c);
enum progress unsubscribe_run(struct command *c);

/* "subscribed/ACCOUNT", and with a name behind it if that is not empty. */
struct ms_str subscription_name(struct command *c, struct ms_str box);
/* Is that mailbox, or that name of none, subscribed? */
ms_status subscription_is_there(struct command *c, const struct ms_id *box,
    struct ms_str property, bool *is_there_out, struct ms_error *err);

#endif
