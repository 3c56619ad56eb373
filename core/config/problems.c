/* SPDX-License-Identifier: ISC */
/* problems.c - see problems.h */
#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/str.h>

#define MAX_TEXT	600

struct kept {
	struct problem problem;
	uint32_t       file;	/* rank of the file's first mention */
	uint32_t       number;	/* in order of finding */
};

struct problems {
	struct ms_arena *arena;
	struct kept      kept[PROBLEMS_MAX];
	size_t           n;
	size_t           errors, warnings;
	const char     **files;
	uint32_t         n_files, max_files;
};

struct problems *
problems_new(void)
{
	struct problems *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->arena = ms_arena_new(0);
	return p;
}

void
problems_free(struct problems *p)
{
	if (p == NULL)
		return;
	ms_arena_free(p->arena);
	free(p->files);
	free(p);
}

/* Files are few; each name is kept once. */
static uint32_t
file_rank(struct problems *p, const char *file)
{
	if (file == NULL)
		file = "";
	for (uint32_t i = 0; i < p->n_files; i++)
		if (strcmp(p->files[i], file) == 0)
			return i;
	if (p->n_files == p->max_files) {
		uint32_t max = p->max_files == 0 ? 8 : p->max_files * 2;
		const char **grown = realloc(p->files, max * sizeof(*grown));

		if (grown == NULL)
			abort();
		p->files = grown;
		p->max_files = max;
	}
	p->files[p->n_files] = ms_arena_str(p->arena, ms_str_c(file)).data;
	return p->n_files++;
}

static void
add(struct problems *p, uint32_t severity, struct position at, const char *format,
    va_list args)
{
	char text[MAX_TEXT];
	struct kept *k;
	uint32_t rank;

	if (severity == PROBLEM_ERROR)
		p->errors++;
	else
		p->warnings++;
	if (p->n == PROBLEMS_MAX)
		return;
	vsnprintf(text, sizeof(text), format, args);
	/* A problem is one line, whatever octets a configuration holds. */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	rank = file_rank(p, at.file);
	k = &p->kept[p->n];
	k->problem.at = at;
	k->problem.at.file = p->files[rank];
	k->problem.severity = severity;
	k->problem.text = ms_arena_str(p->arena, ms_str_c(text)).data;
	k->file = rank;
	k->number = (uint32_t)p->n++;
}

void
problems_error(struct problems *p, struct position at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(p, PROBLEM_ERROR, at, format, args);
	va_end(args);
}

void
problems_warning(struct problems *p, struct position at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(p, PROBLEM_WARNING, at, format, args);
	va_end(args);
}

size_t
problems_errors(const struct problems *p)
{
	return p->errors;
}

size_t
problems_warnings(const struct problems *p)
{
	return p->warnings;
}

struct problems_mark
problems_mark(const struct problems *p)
{
	return (struct problems_mark){ p->n, p->errors, p->warnings };
}

void
problems_rewind(struct problems *p, struct problems_mark to)
{
	p->n = to.kept;
	p->errors = to.errors;
	p->warnings = to.warnings;
}

static int
compare(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->problem.at.line != b->problem.at.line)
		return a->problem.at.line < b->problem.at.line ? -1 : 1;
	if (a->problem.at.column != b->problem.at.column)
		return a->problem.at.column < b->problem.at.column ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

void
problems_sort(struct problems *p)
{
	qsort(p->kept, p->n, sizeof(p->kept[0]), compare);
}

const struct problem *
problems_at(const struct problems *p, size_t i)
{
	return i < p->n ? &p->kept[i].problem : NULL;
}

void
position_text(struct position at, struct ms_buf *out)
{
	ms_buf_add_c(out, at.file != NULL ? at.file : "");
	if (at.line != 0)
		ms_buf_addf(out, ":%u", at.line);
}

static const char *
severity_name(uint32_t severity)
{
	return severity == PROBLEM_ERROR ? "error" : "warning";
}

void
problems_text(const struct problems *p, struct ms_buf *out)
{
	size_t all = p->errors + p->warnings;

	for (size_t i = 0; i < p->n; i++) {
		const struct problem *one = &p->kept[i].problem;

		position_text(one->at, out);
		if (one->at.line != 0 && one->at.column != 0)
			ms_buf_addf(out, ":%u", one->at.column);
		ms_buf_addf(out, "%s%s: %s\n", one->at.file[0] != '\0' ? ": " : "",
		    severity_name(one->severity), one->text);
	}
	if (all > p->n)
		ms_buf_addf(out, "and %zu more\n", all - p->n);
}

void
problems_json(const struct problems *p, struct ms_json *out, const char *name)
{
	ms_json_array(out, name);
	for (size_t i = 0; i < p->n; i++) {
		const struct problem *one = &p->kept[i].problem;

		ms_json_object(out, NULL);
		ms_json_c(out, "file", one->at.file);
		ms_json_u64(out, "line", one->at.line);
		ms_json_u64(out, "column", one->at.column);
		ms_json_c(out, "severity", severity_name(one->severity));
		ms_json_c(out, "text", one->text);
		ms_json_end(out);
	}
	ms_json_end(out);
}
