/* SPDX-License-Identifier: ISC */
/*
 * handshake.h - TLS handshakes of sessions, without holding a worker
 */
#ifndef CORE_NET_HANDSHAKE_H
#define CORE_NET_HANDSHAKE_H

#include "net/session.h"

/* Implicit TLS: before the protocol is opened. */
enum turn handshake_first(struct ms_session *s);
/* start_tls() was called: sends what is before it, then begins. */
enum turn handshake_begin(struct ms_session *s);
/* Goes on with one that is under way. */
enum turn handshake_turn(struct ms_session *s);

#endif
