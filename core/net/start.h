/* SPDX-License-Identifier: ISC */
/*
 * start.h - a session from accept() to its greeting
 */
#ifndef CORE_NET_START_H
#define CORE_NET_START_H

#include "net/session.h"

/* Who is it, may it, and what comes first: the PROXY header, TLS, or the
   protocol. */
enum turn session_begin(struct ms_session *s);
enum turn session_proxy(struct ms_session *s);
void session_greet(struct ms_session *s);

#endif
