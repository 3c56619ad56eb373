/* SPDX-License-Identifier: ISC */
/*
 * normalise.h - the files of a configuration made ready for libconfuse
 *
 * Reads a file and what it includes (globs relative to the including file,
 * sorted by name, 16 deep), checks what libconfuse would pass over silently
 * (braces, strings, variables, ";", repeated options), and leaves one
 * sequence of tokens, of which statements are made.  normal_buffer() writes
 * them for libconfuse, one token a line: so line N of the buffer is token
 * N - 1, and each error has file, line and column.  Titles are kept here and
 * left blank there: so any section may have one or not, and none is replaced
 * by another.
 *
 * Bounded in octets, files, tokens and depth; linear in the size of the input.
 */
#ifndef CORE_CONFIG_NORMALISE_H
#define CORE_CONFIG_NORMALISE_H

#include "config/lexer.h"

#define NORMAL_MAX_OCTETS	(64u << 20)	/* of all files */
#define NORMAL_MAX_FILES	4096
#define NORMAL_MAX_TOKENS	(8u << 20)
#define NORMAL_MAX_INCLUDES	16	/* deep */
#define NORMAL_MAX_DEPTH	16	/* of sections */
#define NORMAL_MAX_SECTIONS	200000
#define NORMAL_NONE		UINT32_MAX

enum {
	NODE_ROOT = 0,
	NODE_SET,		/* name = value, name = { values } */
	NODE_ADD,		/* name += ... */
	NODE_SECTION		/* name { } or name "title" { } */
};

/* A statement.  Indexes of nodes and tokens; NORMAL_NONE: none. */
struct node {
	uint32_t kind;
	uint32_t parent, next, child, last_child;
	uint32_t name, title;		/* tokens */
	uint32_t begin, end;		/* its tokens, end not among them */
	bool     is_blank;		/* taken out after an error */
	void    *data;			/* the parser's own */
};

struct normal {
	struct token *tokens;		/* TOKEN_WORD, STRING, OPEN, CLOSE, EQUALS,
					   ADD, COMMA alone */
	uint32_t     *owners;		/* the node of each token */
	uint32_t      n_tokens;
	struct node  *nodes;		/* nodes[0] is the root */
	uint32_t      n_nodes;
	const char  **files;		/* by token.file, as shown to people */
	uint32_t      n_files;
	bool          is_partial;	/* a bound was passed; an error says which */
};

/* Where files come from; a test or fuzzer brings its own. */
struct normal_source {
	/* MS_NOTFOUND: no such file; MS_LIMIT: longer than max. */
	ms_status (*read)(const struct normal_source *, const char *path, size_t max,
	    struct ms_buf *text, uint64_t identity_out[2], struct ms_error *);
	/* Paths that match, sorted; none is no failure. */
	ms_status (*match)(const struct normal_source *, struct ms_arena *,
	    const char *pattern, const char ***paths_out, size_t *n_out,
	    struct ms_error *);
};
extern const struct normal_source normal_disk;

/* Never NULL: problems tell how good it is.  Everything in it lives in the
   arena, but for the tables that normal_free() gives back.  top_keywords (NULL
   at the end) are sections that stand at the top level alone: they help to
   find a brace that is missing. */
struct normal *normal_read(const char *path, const struct normal_source *source,
    const char *const *top_keywords, struct ms_arena *arena,
    struct problems *problems);
void normal_free(struct normal *n);

static inline struct position
normal_position(const struct normal *n, uint32_t token)
{
	const struct token *t;

	if (token >= n->n_tokens)
		return (struct position){ n->n_files > 0 ? n->files[0] : "", 0, 0 };
	t = &n->tokens[token];
	return (struct position){ n->files[t->file], t->line, t->column };
}

static inline struct ms_str
normal_str(const struct normal *n, uint32_t token)
{
	return token == NORMAL_NONE ? ms_str_of("", 0) : token_str(&n->tokens[token]);
}

static inline struct ms_str
node_name(const struct normal *n, const struct node *node)
{
	return normal_str(n, node->name);
}

/* The buffer for libconfuse; free() it.  *length_out counts no NUL. */
char *normal_buffer(const struct normal *n, size_t *length_out);
/* Takes a statement out of what normal_buffer() will write; a section with
   all that is in it. */
void normal_blank(struct normal *n, uint32_t node);

#endif
