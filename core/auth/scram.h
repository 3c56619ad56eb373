/* SPDX-License-Identifier: ISC */
/*
 * scram.h - SCRAM-SHA-256 and -PLUS (RFC 5802, 7677, 9266) by libgsasl
 */
#ifndef CORE_AUTH_SCRAM_H
#define CORE_AUTH_SCRAM_H

#include "auth/exchange.h"

ms_status scram_start(struct ms_error *err);
void scram_stop(void);
ms_status scram_begin(struct ms_exchange *e, struct ms_error *err);
/* MS_OK with *done_out 1: proven; the output is then the server's last
   message.  MS_DENIED: wrong. */
ms_status scram_step(struct ms_exchange *e, struct ms_str response,
    struct ms_str *output_out, uint32_t *done_out, struct ms_error *err);
void scram_end(struct ms_exchange *e);

#endif
