/* SPDX-License-Identifier: ISC */
/*
 * exchange.h - one SASL exchange; inside of auth
 */
#ifndef CORE_AUTH_EXCHANGE_H
#define CORE_AUTH_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>

#include <gsasl.h>

#include "auth/auth.h"
#include "base/facts.h"
#include "base/op.h"
#include "base/pool.h"
#include "base/timer.h"

#define EXCHANGE_MAX_RESPONSE	(12 * 1024)	/* octets, decoded (RFC 4954 4.) */
#define EXCHANGE_MAX_ROUNDS	8

enum mechanism { MECH_NONE, MECH_PLAIN, MECH_LOGIN, MECH_SCRAM, MECH_SCRAM_PLUS };

struct ms_exchange {
	struct owned    owned;		/* first */
	struct owner   *owner;
	atomic_uint     holders;	/* the session's, and the work under way */
	enum mechanism  mechanism;
	unsigned        round;
	struct ms_arena *arena;		/* marked secret */
	struct ms_facts *facts;		/* the session's, held */
	char            id[24];
	uint8_t         address[16];	/* of the client, for lockouts */
	struct ms_str   binding;	/* tls-exporter, base64; data NULL: none */
	struct ms_str   login_user;	/* LOGIN: came first */
	Gsasl_session  *gsasl;
	struct ms_str   user;		/* authentication id */
	struct ms_str   account;	/* set by success */
	bool            is_over;
};

/* One step, under way. */
struct auth_work {
	struct work  work;		/* first */
	struct timer timer;		/* a delayed answer */
	struct auth_work *next, **back;	/* among the delayed */
	struct ms_op *op;
	struct ms_exchange *exchange;	/* held */
	struct ms_str user, password;	/* in the exchange's arena; the user as a
					   directory's key, so that no other spelling
					   escapes its penalty */
	bool         is_remembered;	/* no directory was asked for the password */
	struct ms_error error;
	ms_status status;
};

/* The name as a directory's key; names without a domain stay as they are. */
struct ms_str exchange_key(struct ms_exchange *e, struct ms_str user);
/* Asks the directories in order. */
ms_status exchange_verify(struct ms_exchange *e, struct ms_str user,
    struct ms_str password, struct ms_error *err);
/* The user's SCRAM keys, or made-up ones that look the same each time. */
ms_status exchange_scram_secret(struct ms_exchange *e, struct ms_str user,
    struct ms_str *secret_out, struct ms_error *err);
/* Who they are: account, senders; denied if the entry says so. */
ms_status exchange_look_up(struct ms_exchange *e, struct ms_str user,
    struct ms_error *err);

const struct auth_options *auth_config(void);
/* Octets drawn at the start, for salts of users that do not exist. */
#define AUTH_CHANCE	32
const uint8_t *auth_chance(void);
void exchange_release(struct ms_exchange *e);

#endif
