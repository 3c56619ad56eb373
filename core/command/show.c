/* SPDX-License-Identifier: ISC */
/* show.c - see show.h */
#include "command/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <mansio/str.h>

#define MAX_ROWS	100000	/* aligned together; more come as further tables */
#define MAX_COLUMNS	32
#define MAX_WIDTH	60

struct shower {
	struct output out;	/* first */
	bool    as_json;
	json_t *rows;		/* waiting for their table */
};

/* One value on one line. */
static void
add_value(struct ms_buf *b, const json_t *v)
{
	size_t i;
	json_t *item;

	if (json_is_string(v)) {
		ms_buf_add(b, ms_str_of(json_string_value(v), json_string_length(v)));
	} else if (json_is_integer(v)) {
		ms_buf_addf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	} else if (json_is_boolean(v)) {
		ms_buf_add_c(b, json_is_true(v) ? "yes" : "no");
	} else if (json_is_array(v)) {
		json_array_foreach((json_t *)(uintptr_t)v, i, item) {
			if (i > 0)
				ms_buf_add_octet(b, ',');
			add_value(b, item);
		}
	} else if (json_is_object(v)) {
		char *text = json_dumps(v, JSON_COMPACT);

		if (text != NULL)
			ms_buf_add_c(b, text);
		free(text);
	}
	for (size_t k = 0; k < b->len; k++)
		if ((unsigned char)b->data[k] < ' ')
			b->data[k] = ' ';
}

static void
print_cell(const json_t *v, size_t width, bool last)
{
	struct ms_buf b = MS_BUF_MAX(64 * 1024);

	add_value(&b, v);
	if (last)
		printf("%.*s", (int)b.len, b.data != NULL ? b.data : "");
	else
		printf("%-*.*s  ", (int)width, (int)b.len, b.data != NULL ? b.data : "");
	ms_buf_free(&b);
}

/* A single row of many members: a line each. */
static void
print_page(const json_t *row)
{
	const char *name;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)row, name, v) {
		const char *text = json_string_value(v);

		if (text != NULL && strchr(text, '\n') != NULL) {
			printf("%s:\n%s\n", name, text);
		} else {
			printf("%-28s ", name);
			print_cell(v, 0, true);
			printf("\n");
		}
	}
}

static void
print_table(json_t *rows)
{
	const char *columns[MAX_COLUMNS];
	size_t widths[MAX_COLUMNS], n = 0, i;
	const char *name;
	json_t *row, *v;

	json_array_foreach(rows, i, row) {
		json_object_foreach(row, name, v) {
			struct ms_buf b = MS_BUF_MAX(64 * 1024);
			size_t c = 0;

			while (c < n && strcmp(columns[c], name) != 0)
				c++;
			if (c == MAX_COLUMNS)
				continue;
			if (c == n) {
				columns[n] = name;
				widths[n++] = strlen(name);
			}
			add_value(&b, v);
			if (b.len > widths[c])
				widths[c] = b.len < MAX_WIDTH ? b.len : MAX_WIDTH;
			ms_buf_free(&b);
		}
	}
	for (size_t c = 0; c < n; c++)
		printf("%-*s%s", c + 1 < n ? (int)widths[c] : 0, columns[c],
		    c + 1 < n ? "  " : "\n");
	json_array_foreach(rows, i, row) {
		for (size_t c = 0; c < n; c++)
			print_cell(json_object_get(row, columns[c]), widths[c], c + 1 == n);
		printf("\n");
	}
}

static void
flush_rows(struct shower *s)
{
	size_t n = json_array_size(s->rows);

	if (n == 1 && json_object_size(json_array_get(s->rows, 0)) > 8)
		print_page(json_array_get(s->rows, 0));
	else if (n > 0)
		print_table(s->rows);
	json_array_clear(s->rows);
}

static bool
show_row(struct output *out, struct ms_str object)
{
	struct shower *s = (struct shower *)out;
	json_t *row, *text;

	if (s->as_json)
		return printf("%.*s\n", (int)object.len, object.data) >= 0;
	row = json_loadb(object.data, object.len, 0, NULL);
	if (!json_is_object(row)) {
		json_decref(row);
		return true;
	}
	text = json_object_get(row, "text");
	if (json_is_string(text) && json_object_size(row) == 1) {
		flush_rows(s);
		fwrite(json_string_value(text), 1, json_string_length(text), stdout);
	} else {
		json_array_append(s->rows, row);
		if (json_array_size(s->rows) >= MAX_ROWS)
			flush_rows(s);
	}
	json_decref(row);
	return !ferror(stdout);
}

struct shower *
show_new(bool as_json)
{
	struct shower *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->out.row = show_row;
	s->as_json = as_json;
	s->rows = json_array();
	return s;
}

struct output *
show_output(struct shower *s)
{
	return &s->out;
}

void
show_end(struct shower *s)
{
	flush_rows(s);
	json_decref(s->rows);
	fflush(stdout);
	free(s);
}
