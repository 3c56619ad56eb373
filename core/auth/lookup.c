/* SPDX-License-Identifier: ISC */
/* lookup.c - what an exchange asks the directories; see exchange.h */
#include "auth/exchange.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <mansio/address.h>
#include <mansio/arena.h>
#include <mansio/buf.h>
#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "auth/remember.h"
#include "base/clock.h"
#include "base/facts.h"

#define DIRECTORY_TIMEOUT_US	(30 * SECOND_US)
#define MAX_SENDERS		(16 * 1024)

static const struct ms_directory *
table_of(size_t i)
{
	return auth_config()->directories[i].table;
}

static struct ms_instance *
self_of(size_t i)
{
	return auth_config()->directories[i].self;
}

static void
init_scope(struct scope *s, struct ms_exchange *e)
{
	scope_init(s, NULL, ms_str_c(e->id), e->arena, auth_config()->host,
	    clock_steady_us() + DIRECTORY_TIMEOUT_US);
}

struct ms_str
exchange_key(struct ms_exchange *e, struct ms_str user)
{
	struct ms_path path;
	struct ms_str key;

	if (ms_mailbox_parse(user, MS_PATH_UTF8, &path, NULL) == MS_OK &&
	    ms_address_key(e->arena, &path, &key, NULL) == MS_OK)
		return key;
	return user;
}

ms_status
exchange_verify(struct ms_exchange *e, struct ms_str user, struct ms_str password,
    struct ms_error *err)
{
	struct ms_str key = exchange_key(e, user);
	uint64_t since = remember_now();
	struct scope scope;
	ms_status st = MS_DENIED;
	bool asked = false;

	init_scope(&scope, e);
	for (size_t i = 0; i < auth_config()->n_directories; i++) {
		struct ms_entry found = { .size = sizeof(found) };

		if (!MS_HAS(table_of(i), verify))
			continue;
		/* Of several directories the one that knows the user decides; the
		   last is asked in any case, so that an unknown user costs what a
		   known one does. */
		if (i + 1 < auth_config()->n_directories &&
		    table_of(i)->lookup(self_of(i), &scope.pub, MS_ENTRY_USER, key, &found,
			err) == MS_NOTFOUND)
			continue;
		asked = true;
		st = table_of(i)->verify(self_of(i), &scope.pub,
		    (struct ms_str)MS_STR("plain"), key, password, &found, err);
		if (st != MS_NOTFOUND)
			break;
		st = MS_DENIED;
	}
	if (!asked)
		return ms_error_set(err, MS_TEMPFAIL, "4.7.0", "no directory verifies passwords");
	if (st == MS_OK)
		remember_add(key, password, since);
	return st;
}

static bool
split_scram(struct ms_str s, struct ms_str out[4])
{
	for (size_t i = 0; i < 4; i++)
		if (!ms_str_split(&s, ':', &out[i]))
			return false;
	return s.data == NULL;
}

/* Of the keys that were looked at last: what the directory's users have. */
static _Atomic uint64_t usual_iterations = 10000;

/* Keys for a user who does not exist: the same salt each time, as a real one
   has, as many iterations, and no password that fits. */
static struct ms_str
made_up_secret(struct ms_exchange *e, struct ms_str user)
{
	struct ms_buf b = MS_BUF_MAX(512);
	uint8_t digest[32], stored[64];
	struct ms_str out;

	if (gnutls_hmac_fast(GNUTLS_MAC_SHA256, auth_chance(), AUTH_CHANCE, user.data,
	    user.len, digest) != 0)
		memset(digest, 0, sizeof(digest));
	random_octets(stored, sizeof(stored));
	ms_buf_add_u64(&b, usual_iterations);
	ms_buf_add_octet(&b, ':');
	ms_base64_encode(&b, ms_str_of((const char *)digest, 16), 0);
	ms_buf_add_octet(&b, ':');
	ms_base64_encode(&b, ms_str_of((const char *)stored, 32), 0);
	ms_buf_add_octet(&b, ':');
	ms_base64_encode(&b, ms_str_of((const char *)stored + 32, 32), 0);
	out = ms_arena_str(e->arena, ms_buf_str(&b));
	ms_buf_free(&b);
	return out;
}

ms_status
exchange_scram_secret(struct ms_exchange *e, struct ms_str user,
    struct ms_str *secret_out, struct ms_error *err)
{
	struct ms_str key = exchange_key(e, user), parts[4];
	struct scope scope;
	uint64_t iterations;

	init_scope(&scope, e);
	for (size_t i = 0; i < auth_config()->n_directories; i++) {
		ms_status st;

		if (!MS_HAS(table_of(i), secret))
			continue;
		st = table_of(i)->secret(self_of(i), &scope.pub, key,
		    (struct ms_str)MS_STR("scram-sha-256"), 0, secret_out, err);
		if (st == MS_OK && split_scram(*secret_out, parts)) {
			if (ms_str_to_u64(parts[0], UINT32_MAX, &iterations))
				usual_iterations = iterations;
			return MS_OK;
		}
		if (st != MS_OK && st != MS_NOTFOUND)
			return st;
	}
	*secret_out = made_up_secret(e, key);
	return MS_OK;
}

static void
set_senders(struct ms_exchange *e, const struct ms_entry *entry, struct ms_str key)
{
	struct ms_buf b = MS_BUF_MAX(MAX_SENDERS);

	ms_buf_add(&b, key);
	for (size_t i = 0; i < entry->n_fields; i++)
		if (ms_str_is(entry->fields[i].name, "sender")) {
			ms_buf_add_octet(&b, ' ');
			ms_buf_add(&b, entry->fields[i].value);
		}
	facts_set(e->facts, (struct ms_str)MS_STR("auth.senders"), ms_buf_str(&b));
	ms_buf_free(&b);
}

ms_status
exchange_look_up(struct ms_exchange *e, struct ms_str user, struct ms_error *err)
{
	struct ms_str key = exchange_key(e, user), account = key;
	struct ms_entry entry = { .size = sizeof(entry) };
	struct scope scope;
	ms_status st = MS_NOTFOUND;

	init_scope(&scope, e);
	for (size_t i = 0; st == MS_NOTFOUND && i < auth_config()->n_directories; i++)
		st = table_of(i)->lookup(self_of(i), &scope.pub, MS_ENTRY_USER, key, &entry,
		    err);
	if (st != MS_OK)
		return st == MS_NOTFOUND ? MS_DENIED : st;
	for (size_t i = 0; i < entry.n_fields; i++) {
		if (ms_str_is(entry.fields[i].name, "disabled") &&
		    !ms_str_is(entry.fields[i].value, "no"))
			return ms_error_set(err, MS_DENIED, "5.7.13", "the account is disabled");
		if (ms_str_is(entry.fields[i].name, "account"))
			account = entry.fields[i].value;
	}
	e->user = ms_arena_str(e->arena, key);
	e->account = ms_arena_str(e->arena, account);
	facts_set(e->facts, (struct ms_str)MS_STR("auth.user"), e->user);
	set_senders(e, &entry, key);
	return MS_OK;
}
