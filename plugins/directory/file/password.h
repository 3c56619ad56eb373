/* SPDX-License-Identifier: ISC */
/*
 * password.h - hashing and checking passwords
 *
 * crypt(5) by libxcrypt: yescrypt is written; bcrypt, sha512-crypt and what
 * else libxcrypt knows is read, so that accounts of other servers can move in.
 * SCRAM keys (RFC 5802 3., RFC 7677) by libgsasl.  Both cost what they are
 * meant to cost: [worker].
 */
#ifndef FILE_PASSWORD_H
#define FILE_PASSWORD_H

#include <stdbool.h>

#include <mansio/arena.h>

#define PASSWORD_MAX	1024	/* octets */

/* chance: 16 octets, fresh for each call. */
ms_status password_hash(struct ms_arena *a, struct ms_str password,
    const uint8_t chance[16], struct ms_str *hash_out, struct ms_error *err);
/* Takes as long for a hash that it does not know as for one that does not
   fit.  hash "": there is no such user. */
bool password_fits(struct ms_str password, struct ms_str hash);
/* "iterations:salt:StoredKey:ServerKey". */
ms_status password_scram(struct ms_arena *a, struct ms_str password, unsigned iterations,
    const uint8_t chance[16], struct ms_str *keys_out, struct ms_error *err);

#endif
