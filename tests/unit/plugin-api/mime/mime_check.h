/* SPDX-License-Identifier: ISC */
/*
 * mime_check.h - what holds of every scanned message
 *
 * Used by unit tests and fuzz targets.
 */
#ifndef MIME_CHECK_H
#define MIME_CHECK_H

#include <mansio/mime.h>

/* NULL: all is well; else what is not, in a static text. */
const char *mime_check(const struct ms_mime *m, struct ms_str message);
/* Do two scans say the same?  NULL: yes; else in what they differ. */
const char *mime_differ(const struct ms_mime *a, const struct ms_mime *b);
/* Is it one parenthesized list of IMAP, of strings, numbers, NIL and lists, and
   nothing else?  n_out: how many stand in it. */
bool imap_is_list(struct ms_str s, size_t *n_out);
/* Scanned in pieces of 1 to `most` octets, whose lengths follow from seed. */
const struct ms_mime *mime_scan_pieces(struct ms_arena *arena,
    struct ms_str message, uint32_t seed, size_t most);

#endif
