/* SPDX-License-Identifier: ISC */
/* mime_helper.c - see mime_helper.h */
#include "mime_helper.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/encode.h>
#include <mansio/str.h>

#define MAX_FILE (8 << 20)

struct ms_str
testdata_path(struct ms_arena *a, const char *path)
{
	const char *root = getenv("MANSIO_TESTDATA");

	if (root == NULL)
		cr_skip("MANSIO_TESTDATA is not set");
	return ms_arena_printf(a, "%s/%s", root, path);
}

struct ms_str
file_read(struct ms_arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct ms_str s = { NULL, 0 };
	long octets;
	char *data;

	if (f == NULL)
		return s;
	if (fseek(f, 0, SEEK_END) == 0 && (octets = ftell(f)) >= 0 &&
	    octets < MAX_FILE && fseek(f, 0, SEEK_SET) == 0) {
		data = ms_arena_alloc(a, (size_t)octets + 1);
		s = ms_str_of(data, fread(data, 1, (size_t)octets, f));
	}
	fclose(f);
	return s;
}

unsigned
folder_visit(struct ms_str path, const char *suffix,
    void (*visit)(struct ms_str folder, const char *name))
{
	struct dirent **entries;
	int n = scandir(path.data, &entries, NULL, alphasort);
	unsigned visited = 0;

	for (int i = 0; i < n; i++) {
		if (ms_str_has_suffix(ms_str_c(entries[i]->d_name), ms_str_c(suffix))) {
			visit(path, entries[i]->d_name);
			visited++;
		}
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return visited;
}

struct ms_str
with_crlf(struct ms_arena *a, struct ms_str s)
{
	char *out = ms_arena_alloc(a, 2 * s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '\n' && (i == 0 || s.data[i - 1] != '\r'))
			out[n++] = '\r';
		out[n++] = s.data[i];
	}
	return ms_str_of(out, n);
}

struct ms_str
tree_text(struct ms_arena *a, const struct ms_mime *m)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 20);
	uint32_t at = 0;

	for (;;) {
		const struct ms_mime_part *p = &m->parts[at];

		ms_buf_add(&out, p->type.value);
		if (p->first_child != MS_NO_PART) {
			ms_buf_add_octet(&out, '(');
			at = p->first_child;
			continue;
		}
		while (p->next == MS_NO_PART && p->parent != MS_NO_PART) {
			ms_buf_add_octet(&out, ')');
			p = &m->parts[p->parent];
		}
		if (p->next == MS_NO_PART)
			return ms_arena_str(a, ms_buf_str(&out));
		ms_buf_add_octet(&out, ',');
		at = p->next;
	}
}

struct ms_str
decoded_body(struct ms_arena *a, struct ms_str message,
    const struct ms_mime_part *part)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(MAX_FILE);
	struct ms_str body = ms_str_sub(message, part->body_offset,
	    part->body_octets);
	struct ms_decoder d;

	if (part->cte != MS_CTE_BASE64 && part->cte != MS_CTE_QP)
		return body;
	memset(&d, 0, sizeof(d));
	ms_decode_piece(&d, part->cte, body, &out);
	ms_decode_end(&d, part->cte, &out);
	return ms_arena_str(a, ms_buf_str(&out));
}
