/* SPDX-License-Identifier: ISC */
/* mime_helper.h - what the tests of this folder share */
#ifndef MIME_HELPER_H
#define MIME_HELPER_H

#include <mansio/mime.h>

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* The folder of test data that is not in the tree, joined with path; skips
   the test if there is none. */
struct ms_str testdata_path(struct ms_arena *a, const char *path);
/* All of a file; data NULL: it is not there. */
struct ms_str file_read(struct ms_arena *a, const char *path);
/* Calls visit for each file of the folder with that end, in order of names;
   returns how many there were. */
unsigned folder_visit(struct ms_str path, const char *suffix,
    void (*visit)(struct ms_str folder, const char *name));
/* With each lone LF made CRLF. */
struct ms_str with_crlf(struct ms_arena *a, struct ms_str s);
/* "multipart/mixed(text/plain,message/rfc822(text/plain))" */
struct ms_str tree_text(struct ms_arena *a, const struct ms_mime *m);
/* A leaf's body after its transfer encoding. */
struct ms_str decoded_body(struct ms_arena *a, struct ms_str message,
    const struct ms_mime_part *part);

#endif
