/* SPDX-License-Identifier: ISC */
/*
 * auth.h - logging people in, for all protocols: the service ms.auth/1
 *
 * SASL exchanges run here, beside the directories: PLAIN and LOGIN ask
 * verify(), SCRAM works on the stored keys by libgsasl.  A password that was
 * verified is remembered for a while by a keyed digest, so that the next
 * login costs no password hash.  Delays and lockouts are here too, and wrong
 * password and unknown user look alike.
 */
#ifndef CORE_AUTH_AUTH_H
#define CORE_AUTH_AUTH_H

#include <stdbool.h>

#include <mansio/auth.h>
#include <mansio/directory.h>

enum { AUTH_PLAIN_TLS_ONLY = 0, AUTH_PLAIN_LOOPBACK, AUTH_PLAIN_ALWAYS };

struct auth_options {
	/* Asked in this order; table is a struct ms_directory. */
	const struct ms_backend *directories;
	size_t   n_directories;
	const char *const *mechanisms;	/* NULL at the end; NULL: all that there are */
	uint32_t plain;			/* AUTH_PLAIN_...: without TLS */
	uint32_t failures;		/* then locked out; 0: never */
	int64_t  within_us, for_us;
	int64_t  remember_us;		/* a verified password; 0: not at all */
	const char *hostname;
	const struct ms_host *host;
};

ms_status auth_start(const struct auth_options *options, struct ms_error *err);
void auth_stop(void);

/* For net: who logged in by this exchange; len 0: nobody. */
struct ms_str auth_account_of(struct ms_exchange *e);

/* Service ms.auth/1. */
extern const struct ms_auth auth_service;

#endif
