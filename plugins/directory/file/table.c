/* SPDX-License-Identifier: ISC */
/* table.c - see table.h */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/pack.h>
#include <mansio/str.h>

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static struct ms_str
unescape(struct ms_arena *a, struct ms_str s)
{
	char *out = ms_arena_alloc(a, s.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '%' && i + 2 < s.len && hex_of(s.data[i + 1]) >= 0 &&
		    hex_of(s.data[i + 2]) >= 0) {
			out[n++] = (char)(hex_of(s.data[i + 1]) * 16 + hex_of(s.data[i + 2]));
			i += 2;
		} else {
			out[n++] = s.data[i];
		}
	}
	return ms_str_of(out, n);
}

static size_t
bucket_of(const struct table *t, const uint8_t hash_key[16], struct ms_str key)
{
	return (size_t)(ms_siphash(hash_key, key.data, key.len) % t->n_buckets);
}

/* "name=value; name=value"; NULL if it is right, else what is wrong. */
static const char *
parse_fields(struct table *t, struct table_entry *e, struct ms_str rest)
{
	struct ms_str part, all = rest;
	struct ms_field *fields;
	size_t n = 0, max = 1;

	for (size_t i = 0; i < all.len; i++)
		max += all.data[i] == ';';
	fields = ms_arena_array(t->arena, max, sizeof(*fields));
	while (ms_str_split(&rest, ';', &part)) {
		size_t eq;

		part = ms_str_trim(part);
		if (part.len == 0)
			continue;
		eq = ms_str_find_octet(part, '=');
		if (eq == SIZE_MAX || eq == 0)
			return "a field must be name=value";
		fields[n].name = ms_arena_str(t->arena, ms_str_trim(ms_str_sub(part, 0, eq)));
		fields[n++].value = unescape(t->arena,
		    ms_str_trim(ms_str_from(part, eq + 1)));
	}
	e->fields = fields;
	e->n_fields = n;
	return NULL;
}

/* A domain is the same in small letters and in large ones. */
static struct ms_str
key_of(struct ms_arena *a, struct ms_str escaped)
{
	struct ms_str key = unescape(a, ms_str_trim(escaped));
	size_t at = ms_str_find_last(key, '@'), cut = at == SIZE_MAX ? 0 : at + 1;
	struct ms_str domain = ms_arena_lower(a, ms_str_from(key, cut));

	return ms_arena_printf(a, "%.*s%.*s", (int)cut, key.data, (int)domain.len,
	    domain.data);
}

static const char *
parse_line(struct table *t, struct ms_str line, const uint8_t hash_key[16])
{
	struct table_entry *e;
	size_t colon, bucket;
	const char *wrong;

	line = ms_str_trim(line);
	if (line.len == 0 || line.data[0] == '#')
		return NULL;
	if (line.len > TABLE_MAX_LINE)
		return "the line is too long";
	colon = ms_str_find_octet(line, ':');
	if (colon == SIZE_MAX || colon == 0)
		return "an entry begins with its key and ':'";
	e = ms_arena_alloc(t->arena, sizeof(*e));
	e->key = key_of(t->arena, ms_str_sub(line, 0, colon));
	if ((wrong = parse_fields(t, e, ms_str_from(line, colon + 1))) != NULL)
		return wrong;
	if (table_find(t, hash_key, e->key) != NULL)
		return "the key stands here a second time";
	bucket = bucket_of(t, hash_key, e->key);
	e->next = t->buckets[bucket];
	t->buckets[bucket] = e;
	t->sorted[t->n++] = e;
	return NULL;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct table_entry *x = *(struct table_entry *const *)a;
	const struct table_entry *y = *(struct table_entry *const *)b;

	return ms_str_compare(x->key, y->key);
}

ms_status
table_parse(struct ms_str text, const char *name, const uint8_t hash_key[16],
    struct table **table_out, struct ms_error *err)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct table *t = ms_arena_alloc(arena, sizeof(*t));
	size_t lines = 1, number = 0;
	struct ms_str line;

	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	t->arena = arena;
	t->n_buckets = lines + lines / 2 + 1;
	t->buckets = ms_arena_array(arena, t->n_buckets, sizeof(struct table_entry *));
	t->sorted = ms_arena_array(arena, lines, sizeof(struct table_entry *));
	while (ms_str_split(&text, '\n', &line)) {
		const char *wrong = parse_line(t, line, hash_key);

		number++;
		if (wrong != NULL) {
			table_free(t);
			return ms_error_set(err, MS_TEMPFAIL, "4.3.5", "%s:%zu: %s", name,
			    number, wrong);
		}
	}
	if (t->n > 1)
		qsort(t->sorted, t->n, sizeof(struct table_entry *), compare_entries);
	*table_out = t;
	return MS_OK;
}

void
table_free(struct table *t)
{
	if (t != NULL)
		ms_arena_free(t->arena);	/* t lies in it */
}

const struct table_entry *
table_find(const struct table *t, const uint8_t hash_key[16], struct ms_str key)
{
	const struct table_entry *e = t->buckets[bucket_of(t, hash_key, key)];

	while (e != NULL && !ms_str_equal(e->key, key))
		e = e->next;
	return e;
}

size_t
table_after(const struct table *t, struct ms_str after)
{
	size_t low = 0, high = t->n;

	if (after.len == 0)
		return 0;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ms_str_compare(t->sorted[mid]->key, after) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct ms_str
table_field(const struct table_entry *e, const char *name)
{
	for (size_t i = 0; i < e->n_fields; i++)
		if (ms_str_equal(e->fields[i].name, ms_str_c(name)))
			return e->fields[i].value;
	return ms_str_of(NULL, 0);
}

static void
print_escaped(struct ms_buf *out, struct ms_str s, bool is_key)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c < ' ' || c == 0x7f || c == ';' || c == '%' || (is_key && (c == ':' || c == '#')) ||
		    (c == ' ' && (i == 0 || i + 1 == s.len)))
			ms_buf_addf(out, "%%%02X", c);
		else
			ms_buf_add_octet(out, (char)c);
	}
}

void
table_print(struct ms_buf *out, struct ms_str key, const struct ms_field *fields,
    size_t n)
{
	print_escaped(out, key, true);
	ms_buf_add_octet(out, ':');
	for (size_t i = 0; i < n; i++) {
		ms_buf_add_c(out, i > 0 ? "; " : " ");
		ms_buf_add(out, fields[i].name);
		ms_buf_add_octet(out, '=');
		print_escaped(out, fields[i].value, false);
	}
	ms_buf_add_octet(out, '\n');
}

void
table_replace(struct ms_str text, struct ms_str key, struct ms_str line,
    struct ms_buf *out)
{
	struct ms_arena *arena = ms_arena_new(0);
	bool is_there = false;
	struct ms_str l;

	while (text.len > 0 && ms_str_split(&text, '\n', &l)) {
		struct ms_str entry = ms_str_trim(l);
		size_t colon = ms_str_find_octet(entry, ':');

		if (entry.len == 0 || entry.data[0] == '#' || colon == SIZE_MAX ||
		    !ms_str_equal(key_of(arena, ms_str_sub(entry, 0, colon)), key)) {
			ms_buf_add(out, l);
			ms_buf_add_octet(out, '\n');
		} else if (!is_there) {
			ms_buf_add(out, line);
			is_there = true;
		}
		ms_arena_reset(arena);
	}
	if (!is_there)
		ms_buf_add(out, line);
	ms_arena_free(arena);
}
