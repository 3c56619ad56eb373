/* SPDX-License-Identifier: ISC */
/*
 * tls_store.h - what a handshake takes from a store of certificates (tls.h)
 */
#ifndef CORE_NET_TLS_STORE_H
#define CORE_NET_TLS_STORE_H

#include <gnutls/gnutls.h>

#include "net/tls.h"

struct tls_pair;		/* a certificate and its key, counted */

/* The current pair; looks at the files if it has not for a second. */
struct tls_pair *tls_store_take(struct tls_store *t);
void tls_pair_drop(struct tls_pair *p);		/* accepts NULL */
gnutls_certificate_credentials_t tls_pair_credentials(const struct tls_pair *p);

gnutls_priority_t tls_store_priority(const struct tls_store *t);
uint32_t tls_store_clients(const struct tls_store *t);

#endif
