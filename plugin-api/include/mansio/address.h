/* SPDX-License-Identifier: ISC */
/*
 * address.h - addresses of the envelope (RFC 5321, 6531) and of fields
 * (RFC 5322)
 *
 * Parsers take lent text and give views into it; nothing is copied but where
 * an arena is given.  Limits: limits.h.
 */
#ifndef MANSIO_ADDRESS_H
#define MANSIO_ADDRESS_H

#include <stdbool.h>

#include <mansio/arena.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {	/* what to accept */
	MS_PATH_UTF8   = 1,	/* RFC 6531 */
	MS_PATH_NULL   = 2,	/* "<>" */
	MS_PATH_LOCAL  = 4	/* "<postmaster>" without a domain, RFC 5321 4.1.1.3:
				   that name alone, in any case */
};
enum {	/* ms_path.flags */
	MS_PATH_IS_NULL    = 1,
	MS_PATH_IS_LITERAL = 2,	/* domain is "[...]" */
	MS_PATH_IS_QUOTED  = 4,	/* local part came quoted */
	MS_PATH_HAS_UTF8   = 8,
	MS_PATH_HAS_ROUTE  = 16	/* "@a,@b:" was there; it is ignored (RFC 5321 C) */
};

/* Closed.  local: as it came, quotes included. */
struct ms_path {
	struct ms_str local, domain;
	struct ms_str address;	/* local@domain, as it came */
	uint32_t      flags;
};

/* A Reverse-path or Forward-path with its angle brackets at the start of
   text (RFC 5321 4.1.2); *used_out: how many octets it took.  MS_INVALID
   with 5.1.3/5.1.7-fit text; MS_UNSUPPORTED, 5.6.7: UTF-8 without MS_PATH_UTF8. */
ms_status ms_path_parse(struct ms_str text, uint32_t accept,
    struct ms_path *path_out, size_t *used_out, struct ms_error *err);
/* The same without brackets, all of text: "ann@example.org". */
ms_status ms_mailbox_parse(struct ms_str text, uint32_t accept,
    struct ms_path *path_out, struct ms_error *err);
/* A domain of names (not a literal), RFC 5321 4.1.2 with RFC 1035's lengths;
   U-labels only with MS_PATH_UTF8.  One label is enough. */
bool ms_domain_is_valid(struct ms_str domain, uint32_t accept);
/* "[192.0.2.1]" or "[IPv6:...]". */
bool ms_address_literal_is_valid(struct ms_str literal);

/* The key by which a directory is asked: domain in lower-case A-labels, local
   part unquoted if it can be, in NFC, its case kept.  No domain: local part
   alone.  MS_INVALID: not an address. */
ms_status ms_address_key(struct ms_arena *a, const struct ms_path *path,
    struct ms_str *key_out, struct ms_error *err);
/* A domain in lower-case A-labels (IDNA 2008, non-transitional). */
ms_status ms_domain_key(struct ms_arena *a, struct ms_str domain,
    struct ms_str *key_out, struct ms_error *err);

/* One address of an address-list (RFC 5322 3.4), decoded for nobody: raw
   views; quoted strings keep their quotes. */
enum { MS_ADDRESS_MAILBOX = 1, MS_ADDRESS_GROUP, MS_ADDRESS_GROUP_END };
struct ms_address {
	uint32_t      kind;
	uint32_t      flags;	/* 0 */
	struct ms_str name;	/* display-name or group's name: unquoted (RFC 5322
				   3.2.4), words joined by a space, not decoded; without
				   one the comment after the address (RFC 8621 4.1.2.3);
				   data NULL none */
	struct ms_str route;	/* obs-route, "@a,@b"; data NULL none */
	struct ms_str local, domain;	/* local unquoted; data NULL if missing */
};
/* All addresses of a raw field value (folding and comments included); lenient;
   at most MS_MAX_ADDRESSES, then it stops.  Linear. */
void ms_addresses_parse(struct ms_arena *a, struct ms_str value,
    const struct ms_address **addresses_out, size_t *n_out);

#ifdef __cplusplus
}
#endif
#endif
