/* SPDX-License-Identifier: ISC */
/* verbs.c - see verbs.h */
#include "verbs.h"

#include <mansio/str.h>

#include "append.h"
#include "boxes.h"
#include "capability.h"
#include "fetch.h"
#include "list.h"
#include "login.h"
#include "misc.h"
#include "quota.h"
#include "searching.h"
#include "select.h"
#include "status.h"
#include "store.h"

#define IN	STATE_LOGGED_IN
#define SEL	STATE_SELECTED
#define ACC	VERB_ACCOUNT

static const struct verb idle = { "IDLE", IN, ACC, NULL, idle_run, NULL };

static const struct verb verbs[] = {
	/* the most frequent first */
	{ "FETCH", SEL, ACC | VERB_UID | VERB_KEEPS_SEQS, fetch_parse,
	    fetch_run, NULL },
	{ "NOOP", STATE_ANY, 0, NULL, noop_run, NULL },
	{ "STORE", SEL, ACC | VERB_UID | VERB_KEEPS_SEQS, store_parse,
	    store_run, NULL },
	{ "SEARCH", SEL, ACC | VERB_UID | VERB_KEEPS_SEQS, search_parse,
	    search_run, search_release },
	{ "SORT", SEL, ACC | VERB_UID | VERB_KEEPS_SEQS, sort_parse, sort_run,
	    sort_release },
	{ "THREAD", SEL, ACC | VERB_UID | VERB_KEEPS_SEQS, thread_parse,
	    thread_run, thread_release },
	{ "SELECT", IN, ACC | VERB_NO_NOTICES, select_parse, select_run,
	    NULL },
	{ "STATUS", IN, ACC, status_parse, status_run, NULL },
	{ "APPEND", IN, ACC, append_parse, append_run, append_release },
	{ "LOGIN", STATE_FRESH, 0, login_parse, login_run, NULL },
	{ "AUTHENTICATE", STATE_FRESH, 0, authenticate_parse,
	    authenticate_run, NULL },
	{ "CAPABILITY", STATE_ANY, 0, NULL, capability_run, NULL },
	{ "LOGOUT", STATE_ANY, VERB_NO_NOTICES, NULL, logout_run, NULL },
	{ "ID", STATE_ANY, 0, id_parse, id_run, NULL },
	{ "ENABLE", IN, 0, enable_parse, enable_run, NULL },
	{ "STARTTLS", STATE_FRESH, 0, NULL, starttls_run, NULL },
	{ "EXAMINE", IN, ACC | VERB_NO_NOTICES, select_parse, examine_run,
	    NULL },
	{ "LIST", IN, ACC, list_parse, list_run, NULL },
	{ "LSUB", IN, ACC, lsub_parse, list_run, NULL },
	{ "COPY", SEL, ACC | VERB_UID, copy_parse, copy_run, NULL },
	{ "MOVE", SEL, ACC | VERB_UID, copy_parse, move_run, NULL },
	{ "EXPUNGE", SEL, ACC | VERB_UID, expunge_parse, expunge_run, NULL },
	{ "CLOSE", SEL, ACC | VERB_NO_NOTICES, NULL, close_run, NULL },
	{ "UNSELECT", SEL, ACC | VERB_NO_NOTICES, NULL, unselect_run, NULL },
	{ "CHECK", SEL, 0, NULL, noop_run, NULL },
	{ "NAMESPACE", IN, 0, NULL, namespace_run, NULL },
	{ "GETQUOTA", IN, ACC, getquota_parse, getquota_run, NULL },
	{ "GETQUOTAROOT", IN, ACC, getquotaroot_parse, getquotaroot_run,
	    NULL },
	{ "CREATE", IN, ACC, create_parse, create_run, NULL },
	{ "DELETE", IN, ACC, delete_parse, delete_run, NULL },
	{ "RENAME", IN, ACC, rename_parse, rename_run, NULL },
	{ "SUBSCRIBE", IN, ACC, delete_parse, subscribe_run, NULL },
	{ "UNSUBSCRIBE", IN, ACC, delete_parse, unsubscribe_run, NULL },
};

const struct verb *
verb_find(struct ms_str name, bool is_uid)
{
	if (!is_uid && ms_str_equal_ci(name, ms_str_c(idle.name)))
		return &idle;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (ms_str_equal_ci(name, ms_str_c(verbs[i].name)))
			return !is_uid || (verbs[i].flags & VERB_UID) ?
			    &verbs[i] : NULL;
	return NULL;
}

const struct verb *
verb_idle(void)
{
	return &idle;
}
