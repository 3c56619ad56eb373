/* SPDX-License-Identifier: ISC */
/* normalise.c - see normalise.h */
#include "config/normalise.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "config/reader.h"

static void *
grow(void *array, size_t *max, size_t n, size_t each)
{
	void *grown;

	if (n < *max)
		return array;
	*max = *max == 0 ? 256 : *max * 2;
	grown = reallocarray(array, *max, each);
	if (grown == NULL)
		abort();
	return grown;
}

uint32_t
reader_add_node(struct reader *r, uint32_t kind, uint32_t parent)
{
	struct normal *n = r->normal;
	uint32_t number = n->n_nodes;
	struct node *node;

	n->nodes = grow(n->nodes, &r->max_nodes, number, sizeof(*n->nodes));
	n->n_nodes++;
	node = &n->nodes[number];
	*node = (struct node){ .kind = kind, .parent = parent, .next = NORMAL_NONE,
	    .child = NORMAL_NONE, .last_child = NORMAL_NONE, .name = NORMAL_NONE,
	    .title = NORMAL_NONE, .begin = (uint32_t)r->out.n, .end = (uint32_t)r->out.n };
	if (kind == NODE_ROOT)
		return number;
	if (n->nodes[parent].last_child == NORMAL_NONE)
		n->nodes[parent].child = number;
	else
		n->nodes[n->nodes[parent].last_child].next = number;
	n->nodes[parent].last_child = number;
	return number;
}

static void
give_up(struct reader *r, const struct walk *w, const char *why)
{
	if (!r->is_over)
		problems_error(r->problems, (struct position){ w->path, 0, 0 }, "%s", why);
	r->is_over = true;
}

uint32_t
reader_emit(struct reader *r, const struct walk *w, const struct token *t, uint32_t node)
{
	struct normal *n = r->normal;
	uint32_t number = (uint32_t)r->out.n;
	struct token copy = *t;

	copy.file = w->file;
	if (!tokens_add(&r->out, &copy, NORMAL_MAX_TOKENS)) {
		give_up(r, w, "the configuration has too many words");
		return number - 1;
	}
	n->owners = grow(n->owners, &r->max_owners, number, sizeof(*n->owners));
	n->owners[number] = node;
	n->nodes[node].end = number + 1;
	return number;
}

static uint16_t
add_file(struct reader *r, const char *path)
{
	struct normal *n = r->normal;

	n->files = grow(n->files, &r->max_files, n->n_files, sizeof(*n->files));
	n->files[n->n_files] = path;
	return (uint16_t)n->n_files++;
}

static bool
is_open(const struct reader *r, const uint64_t identity[2])
{
	for (uint32_t i = 0; i < r->n_open; i++)
		if (r->open[i].identity[0] == identity[0] &&
		    r->open[i].identity[1] == identity[1])
			return true;
	return false;
}

/* Reads one file; `at` is the include that names it. */
static void
read_file(struct reader *r, const char *path, struct position at, uint32_t parent,
    uint32_t depth)
{
	struct ms_buf text = { .max = NORMAL_MAX_OCTETS + (1u << 20) };
	struct ms_error err = MS_ERROR_INIT;
	struct walk w = { .reader = r, .path = path, .base = parent, .base_depth = depth };
	uint64_t identity[2];
	ms_status st;

	if (r->is_over)
		return;
	if (r->normal->n_files == NORMAL_MAX_FILES) {
		give_up(r, &w, "the configuration has more than 4096 files");
		return;
	}
	st = r->source->read(r->source, path, NORMAL_MAX_OCTETS - r->octets, &text, identity,
	    &err);
	if (st != MS_OK) {
		problems_error(r->problems, at, "%s", err.text);
		r->is_over = r->is_over || st == MS_LIMIT;
		ms_buf_free(&text);
		return;
	}
	/* Also what is not used, being a loop: it bounds the work. */
	r->octets += text.len;
	if (is_open(r, identity)) {
		problems_error(r->problems, at, "include loop: %s is being read already",
		    path);
		ms_buf_free(&text);
		return;
	}
	r->open[r->n_open].identity[0] = identity[0];
	r->open[r->n_open].identity[1] = identity[1];
	r->n_open++;
	w.file = add_file(r, path);
	/* Tokens point into the text, so it lives as long as they do. */
	if (lexer_run(path, ms_arena_str(r->arena, ms_buf_str(&text)), r->arena,
	    r->problems, &w.in, NORMAL_MAX_TOKENS)) {
		ms_buf_free(&text);
		walk_run(&w);
	} else
		give_up(r, &w, "the configuration has too many words");
	ms_buf_free(&text);
	tokens_free(&w.in);
	r->n_open--;
}

/* The directory of a path with its slash, "" for the working directory. */
static struct ms_str
directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return ms_str_of(path, slash == NULL ? 0 : (size_t)(slash - path) + 1);
}

static bool
has_wildcard(struct ms_str pattern)
{
	return ms_str_find_octet(pattern, '*') != SIZE_MAX ||
	    ms_str_find_octet(pattern, '?') != SIZE_MAX ||
	    ms_str_find_octet(pattern, '[') != SIZE_MAX;
}

void
reader_include(struct reader *r, const struct walk *w, const struct token *pattern,
    uint32_t parent, uint32_t depth)
{
	struct position at = { w->path, pattern->line, pattern->column };
	struct ms_str wanted = token_str(pattern);
	struct ms_str directory = directory_of(w->path);
	MS_AUTO_BUF struct ms_buf full = MS_BUF_MAX(8192);
	struct ms_error err = MS_ERROR_INIT;
	const char **paths;
	bool is_glob = has_wildcard(wanted);
	size_t n;

	if (r->n_open > NORMAL_MAX_INCLUDES - 1) {
		problems_error(r->problems, at, "files include each other more than %d deep",
		    NORMAL_MAX_INCLUDES);
		return;
	}
	if (wanted.len == 0) {
		problems_error(r->problems, at, "include() names no file");
		return;
	}
	if (wanted.data[0] != '/')
		for (size_t i = 0; i < directory.len; i++) {
			/* A directory that is called "conf[1]" is no pattern. */
			if (is_glob && strchr("*?[\\", directory.data[i]) != NULL)
				ms_buf_add_octet(&full, '\\');
			ms_buf_add_octet(&full, directory.data[i]);
		}
	ms_buf_add(&full, wanted);
	if (!ms_buf_ok(&full)) {
		problems_error(r->problems, at, "the file name is too long");
		return;
	}
	if (!is_glob) {
		read_file(r, ms_arena_str(r->arena, ms_buf_str(&full)).data, at, parent,
		    depth);
		return;
	}
	if (r->source->match(r->source, r->arena, full.data, &paths, &n, &err) != MS_OK) {
		problems_error(r->problems, at, "%s", err.text);
		return;
	}
	for (size_t i = 0; i < n; i++)
		read_file(r, paths[i], at, parent, depth);
}

/* ---- options that are set twice ---- */

static const struct normal *sorted;	/* for qsort(); one thread reads configs */

static int
compare_sets(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	const struct node *x = &sorted->nodes[a], *y = &sorted->nodes[b];
	int order;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	order = ms_str_compare(node_name(sorted, x), node_name(sorted, y));
	if (order != 0)
		return order;
	return a < b ? -1 : a > b;
}

/* libconfuse takes the last one and says nothing. */
static void
check_repeated(struct reader *r)
{
	struct normal *n = r->normal;
	uint32_t *sets = calloc(n->n_nodes, sizeof(*sets));
	size_t count = 0;

	if (sets == NULL)
		abort();
	for (uint32_t i = 0; i < n->n_nodes; i++)
		if (n->nodes[i].kind == NODE_SET)
			sets[count++] = i;
	sorted = n;
	qsort(sets, count, sizeof(*sets), compare_sets);
	for (size_t i = 1; i < count; i++) {
		const struct node *a = &n->nodes[sets[i - 1]], *b = &n->nodes[sets[i]];
		MS_AUTO_BUF struct ms_buf first = MS_BUF_MAX(4200);
		struct ms_str name = node_name(n, b);

		if (a->parent != b->parent || !ms_str_equal(node_name(n, a), name))
			continue;
		position_text(normal_position(n, a->name), &first);
		problems_error(r->problems, normal_position(n, b->name),
		    "\"%.*s\" is set already at %s", (int)(name.len < 60 ? name.len : 60),
		    name.data, ms_buf_ok(&first) ? first.data : "another place");
	}
	free(sets);
}

struct normal *
normal_read(const char *path, const struct normal_source *source,
    const char *const *top_keywords, struct ms_arena *arena, struct problems *problems)
{
	struct normal *n = ms_arena_alloc(arena, sizeof(*n));
	struct reader r = { .normal = n, .arena = arena, .problems = problems,
	    .source = source, .top_keywords = top_keywords };
	uint32_t root = reader_add_node(&r, NODE_ROOT, 0);
	struct position at = { ms_arena_str(arena, ms_str_c(path)).data, 0, 0 };

	read_file(&r, at.file, at, root, 0);
	n->tokens = r.out.v;
	n->n_tokens = (uint32_t)r.out.n;
	n->nodes[root].end = n->n_tokens;
	n->is_partial = r.is_over;
	check_repeated(&r);
	return n;
}

void
normal_free(struct normal *n)
{
	if (n == NULL)
		return;
	free(n->tokens);
	free(n->owners);
	free(n->nodes);
	free(n->files);
}

/* ---- the buffer ---- */

/* In double quotes, where libconfuse knows escapes for all of it. */
static size_t
quote(char *to, struct ms_str s)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	to[n++] = '"';
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (c >= 0x20 && c != 0x7f && c != '"' && c != '\\' && c != '$') {
			to[n++] = (char)c;
			continue;
		}
		to[n++] = '\\';
		to[n++] = 'x';
		to[n++] = hex[c >> 4];
		to[n++] = hex[c & 15];
	}
	to[n++] = '"';
	return n;
}

static bool
is_left_out(const struct normal *n, uint32_t token)
{
	const struct node *node = &n->nodes[n->owners[token]];

	return node->is_blank || node->title == token;
}

char *
normal_buffer(const struct normal *n, size_t *length_out)
{
	size_t length = 0, room = 1;
	char *buffer;

	for (uint32_t i = 0; i < n->n_tokens; i++)
		room += 3 + 4 * (size_t)n->tokens[i].len;
	buffer = malloc(room);
	if (buffer == NULL)
		abort();
	for (uint32_t i = 0; i < n->n_tokens; i++) {
		const struct token *t = &n->tokens[i];

		if (is_left_out(n, i))
			;
		else if (token_is_text(t))
			length += quote(buffer + length, token_str(t));
		else {
			memcpy(buffer + length, t->text, t->len);
			length += t->len;
		}
		buffer[length++] = '\n';
	}
	buffer[length] = '\0';
	*length_out = length;
	return buffer;
}

void
normal_blank(struct normal *n, uint32_t node)
{
	const struct node *top = &n->nodes[node];

	/* Nodes of a section are numbered after it, and before what follows. */
	for (uint32_t i = node; i < n->n_nodes; i++) {
		if (n->nodes[i].begin >= top->end && i != node)
			break;
		n->nodes[i].is_blank = true;
	}
}
