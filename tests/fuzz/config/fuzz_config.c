/* SPDX-License-Identifier: ISC */
/*
 * fuzz_config.c - any octets as the files of a configuration
 *
 * Files are parted by NUL: the first is the one that is read, the others are
 * what it may include as "f1", "f2" ...  What comes out of the normaliser
 * balances, whatever came in; and a configuration without mistakes, shown and
 * read again, is the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#include "../../unit/core/config/fake.h"

#define MAX_FILES	8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const top[] = { "pipeline", "domain", NULL };

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_balance(const struct normal *n)
{
	size_t depth = 0, length, lines = 0;
	char *buffer;

	for (uint32_t i = 0; i < n->n_tokens; i++) {
		check(n->owners[i] < n->n_nodes && n->tokens[i].file < n->n_files);
		check(n->tokens[i].line >= 1 && n->tokens[i].column >= 1);
		if (n->tokens[i].kind == TOKEN_OPEN)
			depth++;
		else if (n->tokens[i].kind == TOKEN_CLOSE)
			check(depth-- > 0);
	}
	check(depth == 0 || n->is_partial);
	for (uint32_t i = 1; i < n->n_nodes; i++)
		check(n->nodes[i].parent < i && n->nodes[i].begin < n->nodes[i].end);
	buffer = normal_buffer(n, &length);
	check(strlen(buffer) == length);
	for (size_t i = 0; i < length; i++)
		lines += buffer[i] == '\n';
	check(lines == n->n_tokens);
	free(buffer);
}

static void
show(const char *text, struct ms_buf *out)
{
	struct problems *p;
	struct config *c = fake_load_bare(text, &p);

	ms_buf_reset(out);
	if (problems_errors(p) == 0) {
		config_show(c, false, out);
		ms_buf_add_octet(out, '\n');
	}
	config_free(c);
	problems_free(p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[MAX_FILES] = { "main", "f1", "f2", "f3", "f4", "f5", "f6",
	    "f7" };
	struct fake_file files[MAX_FILES + 1] = { { NULL, NULL } };
	struct fake_source source = fake_source(files);
	struct ms_buf first = MS_BUF_MAX(1 << 24), again = MS_BUF_MAX(1 << 24);
	struct ms_arena *arena = ms_arena_new(0);
	struct problems *p = problems_new();
	char *text = malloc(size + 1);
	struct normal *n;
	size_t at = 0;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	for (unsigned i = 0; i < MAX_FILES && at <= size; i++) {
		files[i] = (struct fake_file){ names[i], text + at };
		at += strlen(text + at) + 1;
	}
	n = normal_read("main", &source.pub, top, arena, p);
	check_balance(n);
	normal_free(n);
	ms_arena_free(arena);
	problems_free(p);

	show(text, &first);
	if (first.len > 0 && ms_buf_ok(&first)) {
		show(first.data, &again);
		check(ms_str_equal(ms_buf_str(&first), ms_buf_str(&again)));
	}
	ms_buf_free(&first);
	ms_buf_free(&again);
	free(text);
	return 0;
}
