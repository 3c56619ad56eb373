/* SPDX-License-Identifier: ISC */
/*
 * accept.h - from a body that has come to the reply
 *
 * Line ends of chunks, loops, the trace field, what submission repairs; then
 * the stages, the queue, and the reply or replies.
 */
#ifndef SMTP_ACCEPT_H
#define SMTP_ACCEPT_H

#include "smtp.h"

/* All content is in the writer. */
void smtp_take_content(struct smtp *x);
/* The reply after the last octet, for LMTP one for each recipient; the
   transaction is over. */
void smtp_refuse_content(struct smtp *x, const struct smtp_reply *reply,
    const struct ms_error *err);

#endif
