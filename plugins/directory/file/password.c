/* SPDX-License-Identifier: ISC */
/* password.c - see password.h */
#include "password.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include <gsasl.h>

#include <mansio/buf.h>
#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/str.h>

/* A setting like those that password_hash() makes; no password is behind it. */
#define NOBODY "$y$j9T$0000000000000000000000$"

static void
wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

ms_status
password_hash(struct ms_arena *a, struct ms_str password, const uint8_t chance[16],
    struct ms_str *hash_out, struct ms_error *err)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], text[PASSWORD_MAX + 1];
	struct crypt_data *data;
	const char *hash;

	if (password.len == 0 || password.len > PASSWORD_MAX ||
	    memchr(password.data, '\0', password.len) != NULL)
		return ms_error_set(err, MS_INVALID, "5.5.4",
		    "a password has 1 to %d octets, none of them NUL", PASSWORD_MAX);
	if (crypt_gensalt_rn("$y$", 0, (const char *)chance, 16, setting,
		sizeof(setting)) == NULL)
		return ms_error_errno(err, "make a salt");
	data = calloc(1, sizeof(*data));
	if (data == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "out of memory");
	memcpy(text, password.data, password.len);
	text[password.len] = '\0';
	hash = crypt_r(text, setting, data);
	wipe(text, sizeof(text));
	if (hash != NULL && hash[0] != '*')
		*hash_out = ms_arena_str(a, ms_str_c(hash));
	else
		hash = NULL;
	wipe(data, sizeof(*data));
	free(data);
	return hash != NULL ? MS_OK : ms_error_set(err, MS_TEMPFAIL, "4.3.0",
	    "the password could not be hashed");
}

/* Without a look at where they differ. */
static bool
is_same(const char *a, struct ms_str b)
{
	unsigned char differ = 0;

	if (strlen(a) != b.len)
		return false;
	for (size_t i = 0; i < b.len; i++)
		differ |= (unsigned char)(a[i] ^ b.data[i]);
	return differ == 0;
}

bool
password_fits(struct ms_str password, struct ms_str hash)
{
	char text[PASSWORD_MAX + 1], setting[CRYPT_OUTPUT_SIZE];
	struct crypt_data *data;
	const char *made;
	bool fits = false, known = hash.len > 0 && hash.len < sizeof(setting);

	if (password.len > PASSWORD_MAX || (password.len > 0 &&
	    memchr(password.data, '\0', password.len) != NULL))
		return false;
	data = calloc(1, sizeof(*data));
	if (data == NULL)
		return false;
	memcpy(text, password.data, password.len);
	text[password.len] = '\0';
	if (known) {
		memcpy(setting, hash.data, hash.len);
		setting[hash.len] = '\0';
		made = crypt_r(text, setting, data);
		if (made != NULL && made[0] != '*')
			fits = is_same(made, hash);
		else
			known = false;
	}
	if (!known)
		(void)crypt_r(text, NOBODY, data);
	wipe(text, sizeof(text));
	wipe(data, sizeof(*data));
	free(data);
	return fits;
}

ms_status
password_scram(struct ms_arena *a, struct ms_str password, unsigned iterations,
    const uint8_t chance[16], struct ms_str *keys_out, struct ms_error *err)
{
	char text[PASSWORD_MAX + 1], *prepared = NULL;
	char salted[32], client[32], server[32], stored[32];
	struct ms_buf b = MS_BUF_MAX(512);
	int rc;

	if (password.len > PASSWORD_MAX)
		return ms_error_set(err, MS_INVALID, "5.5.4", "the password is too long");
	memcpy(text, password.data, password.len);
	text[password.len] = '\0';
	rc = gsasl_saslprep(text, 0, &prepared, NULL);
	wipe(text, sizeof(text));
	if (rc != GSASL_OK)
		return ms_error_set(err, MS_INVALID, "5.5.4",
		    "the password is not fit for SASL: %s", gsasl_strerror(rc));
	rc = gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, prepared, iterations,
	    (const char *)chance, 16, salted, client, server, stored);
	wipe(prepared, strlen(prepared));
	gsasl_free(prepared);
	if (rc != GSASL_OK)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "SCRAM keys: %s",
		    gsasl_strerror(rc));
	ms_buf_addf(&b, "%u:", iterations);
	ms_base64_encode(&b, ms_str_of((const char *)chance, 16), 0);
	ms_buf_add_octet(&b, ':');
	ms_base64_encode(&b, ms_str_of(stored, sizeof(stored)), 0);
	ms_buf_add_octet(&b, ':');
	ms_base64_encode(&b, ms_str_of(server, sizeof(server)), 0);
	*keys_out = ms_arena_str(a, ms_buf_str(&b));
	ms_buf_free(&b);
	wipe(salted, sizeof(salted));
	wipe(client, sizeof(client));
	wipe(server, sizeof(server));
	return MS_OK;
}
