/* SPDX-License-Identifier: ISC */
/*
 * tls.h - certificates and keys of ours, re-read when their files change
 *
 * A store is one tls section of the config.  Sessions take its current
 * credentials at their handshake; the files are looked at then, at most once a
 * second, and taken if they changed, certificate and key fit each other and
 * the certificate has not expired: else the old pair stays and the log says
 * so.
 */
#ifndef CORE_NET_TLS_H
#define CORE_NET_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include <mansio/base.h>

struct tls_store;

struct tls_store_options {
	const char *cert, *key;		/* PEM files */
	uint32_t    minimum;		/* 0x0303: TLS 1.2; 0x0304 */
	uint32_t    clients;		/* 0 none, 1 optional, 2 required */
};

/* Reads the files; what is wrong with them is an error that names the file. */
ms_status tls_store_open(const struct tls_store_options *options,
    struct tls_store **store_out, struct ms_error *err);
void tls_store_free(struct tls_store *t);
/* Days until the certificate ends (negative: it has), and its names. */
ms_status tls_store_expiry(struct tls_store *t, int64_t *seconds_out);
/* Looks at the files now. */
void tls_store_refresh(struct tls_store *t);
/* Writes a self-signed certificate (ECDSA P-256, 10 years) for a name and its
   key, mode 0600. */
ms_status tls_make_self_signed(const char *name, const char *cert_path,
    const char *key_path, struct ms_error *err);

#endif
