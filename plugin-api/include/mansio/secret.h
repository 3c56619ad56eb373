/* SPDX-License-Identifier: ISC */
/*
 * secret.h - keys and passwords, in as few processes as can be
 *
 * A secret is named by an option of type MS_OPT_SECRET or by "KIND/NAME"
 * (dkim/example.org/2026a).  What can be done without seeing it is done
 * without: sign() runs where the key lives, perhaps in another process.
 */
#ifndef MANSIO_SECRET_H
#define MANSIO_SECRET_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MS_SIGN_RSA_SHA256 = 1, MS_SIGN_ED25519 };	/* RFC 6376, RFC 8463 */

#define MS_SECRET_ID "ms.secret/1"
struct ms_secret_api {
	uint32_t size;
	/* [worker] The octets, in memory that is wiped with the scope's arena.
	   MS_DENIED: not placed where this process may read it. */
	ms_status (*read)(const struct ms_scope *, struct ms_str name,
	    struct ms_str *value_out, struct ms_error *);
	/* [worker] Signs the digest (RSA) or the data (Ed25519). */
	ms_status (*sign)(const struct ms_scope *, struct ms_str name,
	    uint32_t algorithm, struct ms_str data,
	    struct ms_str *signature_out, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
