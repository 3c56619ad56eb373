/* SPDX-License-Identifier: ISC */
/*
 * tls_session.h - TLS on one connection, by GnuTLS, without blocking
 */
#ifndef CORE_NET_TLS_SESSION_H
#define CORE_NET_TLS_SESSION_H

#include <stdbool.h>
#include <sys/types.h>

#include <mansio/base.h>

struct tls;
struct tls_store;

/* The server's side, with what the store holds now. */
ms_status tls_new(struct ms_session *s, struct tls_store *store,
    struct tls **tls_out, struct ms_error *err);
void tls_free(struct tls *t);		/* accepts NULL */

enum { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_FAILED };
int tls_handshake(struct tls *t, struct ms_error *err);

/* As stream.h says. */
ssize_t tls_read(struct tls *t, void *buffer, size_t n);
ssize_t tls_write(struct tls *t, const void *data, size_t n);
/* Octets that were decrypted and not read yet. */
bool tls_has_read(const struct tls *t);
/* Says that we are done: close_notify. */
void tls_bye(struct tls *t);

void tls_set_facts(struct tls *t, struct ms_facts *facts);
ms_status tls_channel_binding(struct tls *t, struct ms_str type,
    struct ms_arena *arena, struct ms_str *binding_out, struct ms_error *err);

#endif
