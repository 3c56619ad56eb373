/* SPDX-License-Identifier: ISC */
/*
 * names.h - names of mailboxes: from the wire to the store's spelling, and
 * the patterns of LIST
 *
 * The store keeps names as UTF-8 in NFC with "/" between levels; the wire
 * has modified UTF-7 (RFC 3501 5.1.3), or UTF-8 once it was enabled (RFC
 * 6855).  Names are values: nothing here is ever a path of files.
 */
#ifndef IMAP_NAMES_H
#define IMAP_NAMES_H

#include "session.h"

/* MS_INVALID: no name (not UTF-7, a control, an empty level); MS_LIMIT: too
   long or too deep.  A last "/" is dropped. */
ms_status name_decode(struct ms_arena *arena, bool is_utf8,
    struct ms_str wire, struct ms_str *name_out);

/* The same for a command's argument; false: the reply is set. */
bool name_parse(struct command *c, struct ms_str wire, struct ms_str *name_out);
/* What may be a new mailbox's name, beyond that: no level that is "." or
   "..".  False: the reply is set. */
bool name_is_new(struct command *c, struct ms_str name);

bool name_is_inbox(struct ms_str name);
/* "a/b" of "a/b/c"; false at the top. */
bool name_parent(struct ms_str name, struct ms_str *parent_out);
/* Is it the other or below it? */
bool name_is_within(struct ms_str name, struct ms_str parent);

/* ---- patterns ---- */

/* A LIST pattern made ready.  Matching takes time in proportion to the name
   times the pattern / 64, whatever the two are. */
struct pattern;

/* reference and pattern, as the wire has them (RFC 3501 6.3.8).  NULL: it
   can match nothing. */
const struct pattern *pattern_new(struct ms_arena *arena, bool is_utf8,
    struct ms_str reference, struct ms_str text);
bool pattern_matches(const struct pattern *p, struct ms_str name);
/* The octets before its first wildcard. */
struct ms_str pattern_prefix(const struct pattern *p);

#endif
