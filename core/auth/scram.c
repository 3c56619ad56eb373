/* SPDX-License-Identifier: ISC */
/* scram.c - see scram.h; the only file that knows libgsasl */
#include "auth/scram.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

static Gsasl *gsasl;

/* "iterations:salt:StoredKey:ServerKey", each as gsasl wants it: base64. */
static int
give_secret(Gsasl_session *session, Gsasl_property property)
{
	struct ms_exchange *e = gsasl_session_hook_get(session);
	const char *user = gsasl_property_fast(session, GSASL_AUTHID);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str secret, part[4];
	size_t which = property == GSASL_SCRAM_ITER ? 0 : property == GSASL_SCRAM_SALT ? 1 :
	    property == GSASL_SCRAM_STOREDKEY ? 2 : 3;

	if (user == NULL || exchange_scram_secret(e, ms_str_c(user), &secret, &err) != MS_OK)
		return GSASL_AUTHENTICATION_ERROR;
	for (size_t i = 0; i < 4; i++)
		if (!ms_str_split(&secret, ':', &part[i]))
			return GSASL_AUTHENTICATION_ERROR;
	return gsasl_property_set_raw(session, property, part[which].data, part[which].len);
}

static int
callback(Gsasl *ctx, Gsasl_session *session, Gsasl_property property)
{
	struct ms_exchange *e = gsasl_session_hook_get(session);

	(void)ctx;
	switch (property) {
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
	case GSASL_SCRAM_STOREDKEY:
	case GSASL_SCRAM_SERVERKEY:
		return give_secret(session, property);
	case GSASL_CB_TLS_EXPORTER:
		if (e->binding.data == NULL)
			return GSASL_NO_CB_TLS_EXPORTER;
		return gsasl_property_set_raw(session, property, e->binding.data,
		    e->binding.len);
	default:
		return GSASL_NO_CALLBACK;	/* a password is never asked for in clear */
	}
}

ms_status
scram_start(struct ms_error *err)
{
	int rc = gsasl_init(&gsasl);

	if (rc != GSASL_OK)
		return ms_error_set(err, MS_TEMPFAIL, "", "libgsasl: %s", gsasl_strerror(rc));
	gsasl_callback_set(gsasl, callback);
	return MS_OK;
}

void
scram_stop(void)
{
	if (gsasl != NULL)
		gsasl_done(gsasl);
	gsasl = NULL;
}

ms_status
scram_begin(struct ms_exchange *e, struct ms_error *err)
{
	int rc = gsasl_server_start(gsasl, e->mechanism == MECH_SCRAM_PLUS ?
	    "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", &e->gsasl);

	if (rc != GSASL_OK)
		return ms_error_set(err, MS_UNSUPPORTED, "5.5.4", "%s", gsasl_strerror(rc));
	gsasl_session_hook_set(e->gsasl, e);
	return MS_OK;
}

ms_status
scram_step(struct ms_exchange *e, struct ms_str response, struct ms_str *output_out,
    uint32_t *done_out, struct ms_error *err)
{
	const char *authid, *authzid;
	char *output = NULL;
	size_t n = 0;
	int rc = gsasl_step(e->gsasl, response.data, response.len, &output, &n);

	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE) {
		free(output);
		return rc == GSASL_MECHANISM_PARSE_ERROR || rc == GSASL_SASLPREP_ERROR ?
		    ms_error_set(err, MS_INVALID, "5.5.2", "not a SCRAM message") :
		    ms_error_set(err, MS_DENIED, "5.7.8", "authentication failed");
	}
	*output_out = ms_arena_str(e->arena, ms_str_of(output != NULL ? output : "", n));
	free(output);
	*done_out = rc == GSASL_OK;
	authid = gsasl_property_fast(e->gsasl, GSASL_AUTHID);
	authzid = gsasl_property_fast(e->gsasl, GSASL_AUTHZID);
	if (authid != NULL)
		e->user = ms_arena_str(e->arena, ms_str_c(authid));
	if (rc == GSASL_OK && authzid != NULL && authzid[0] != '\0' &&
	    strcmp(authzid, authid) != 0)
		return ms_error_set(err, MS_DENIED, "5.7.8", "not allowed to act as another");
	return MS_OK;
}

void
scram_end(struct ms_exchange *e)
{
	if (e->gsasl != NULL)
		gsasl_finish(e->gsasl);
	e->gsasl = NULL;
}
