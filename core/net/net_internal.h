/* SPDX-License-Identifier: ISC */
/*
 * net_internal.h - what net.c keeps, for the other files of this room
 */
#ifndef CORE_NET_NET_INTERNAL_H
#define CORE_NET_NET_INTERNAL_H

#include "net/net.h"

/* Of the listener; NULL: none. */
struct tls_store *net_session_store(const struct ms_session *s);
/* Nobody is let in any more. */
bool net_is_stopping(void);
/* len 0: it has not ended well. */
struct ms_str net_account_of(struct ms_exchange *exchange);

#endif
