/* SPDX-License-Identifier: ISC */
/*
 * directory.h - kind: knows domains, users, aliases, credentials, limits
 *
 * Entries are named values, so LDAP attributes, SQL columns and file
 * fields are alike.  Hashes and keys leave a directory only by secret(),
 * and only to the process that hosts it: others log people in by auth.h.
 * Several directories are asked in the config's order; MS_NOTFOUND asks on.
 */
#ifndef MANSIO_DIRECTORY_H
#define MANSIO_DIRECTORY_H

#include <mansio/plugin.h>
#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MS_ENTRY_DOMAIN = 1, MS_ENTRY_USER, MS_ENTRY_ALIAS, MS_ENTRY_GROUP,
       MS_ENTRY_MAP };	/* MAP: "transport/KEY" and the like */

/*
 * Well-known names: account store (backend) quota.octets quota.messages
 * sender (an address it may use; repeated) member (repeated) target
 * (repeated) class disabled display language; others as they are.
 */
struct ms_entry {
	uint32_t      size;
	uint32_t      kind;
	struct ms_str key;		/* canonical: "ann@example.org" */
	const struct ms_field *fields;	/* a name may be repeated */
	size_t        n_fields;
	int64_t       fresh_us;		/* may be cached so long; 0: no */
};

struct ms_entries {
	uint32_t      size;
	uint32_t      n;
	const struct ms_entry *const *entries;	/* by key */
};

enum { MS_CHANGE_ADD = 1, MS_CHANGE_REMOVE, MS_CHANGE_SET };

/*
 * Interface, and a service: the same table, as all directories of the config
 * together, asked in its order; the service's functions take NULL for the
 * instance.  Who is bound to one of them has a BACKEND option.
 */
#define MS_DIRECTORY_ID "ms.directory/1"
struct ms_directory {
	uint32_t size;
	/* [worker] The key as it came, domain in lower-case A-labels.  Catch-alls
	   and sub-addresses are asked for by the caller as keys of their own. */
	ms_status (*lookup)(struct ms_instance *, const struct ms_scope *,
	    uint32_t kind, struct ms_str key, struct ms_entry *,
	    struct ms_error *);
	/* [worker] A password, or for mechanism "bearer" a token (RFC 7628), for
	   "external" a certificate's name.  Writes the user.  MS_DENIED:
	   wrong, after the same time as right, and for unknown users too.
	   NULL: there is secret(). */
	ms_status (*verify)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str mechanism, struct ms_str user, struct ms_str proof,
	    struct ms_entry *, struct ms_error *);
	/* [worker] kind "crypt": crypt(5) hash; "scram-sha-256":
	   "iterations:salt:StoredKey:ServerKey" (RFC 5803).  Several may match
	   (app passwords): one a call, i from 0. */
	ms_status (*secret)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str user, struct ms_str kind, uint32_t i,
	    struct ms_str *secret_out, struct ms_error *);
	/* [worker] Entries after that key whose key begins or, for users, whose
	   domain is `within`; "" all. */
	ms_status (*list)(struct ms_instance *, const struct ms_scope *,
	    uint32_t kind, struct ms_str within, struct ms_str after,
	    uint32_t limit, struct ms_entries *, struct ms_error *);
	/* [worker] Admin's changes; NULL or MS_UNSUPPORTED: managed elsewhere.
	   SET replaces all values of the names given.  "password" is clear
	   text on its way in and is stored hashed. */
	ms_status (*change)(struct ms_instance *, const struct ms_scope *,
	    uint32_t change, const struct ms_entry *, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
