/* SPDX-License-Identifier: ISC */
/*
 * lexer.h - one file of a configuration as tokens, each with its place
 *
 * The lexical rules are libconfuse's, made safe: words, strings in "double"
 * quotes (escapes, ${VARIABLE}, ${VARIABLE:-default}) and 'single' ones (all
 * literal but \' and \\), comments by # // and slash-star.  What libconfuse
 * would drop or take silently is an error here (an unset variable, a string
 * that runs over its line, a ";") or taken as meant (*:25).
 * The text must be UTF-8; a byte order mark is dropped, CR is a blank.
 */
#ifndef CORE_CONFIG_LEXER_H
#define CORE_CONFIG_LEXER_H

#include <stdbool.h>

#include <mansio/arena.h>

#include "config/problems.h"

#define LEXER_MAX_VALUE	65536	/* octets of one string, variables filled in */

enum {
	TOKEN_END = 0,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OPEN,		/* { */
	TOKEN_CLOSE,
	TOKEN_LEFT,		/* ( */
	TOKEN_RIGHT,
	TOKEN_EQUALS,
	TOKEN_ADD,		/* += */
	TOKEN_COMMA
};

struct token {
	const char *text;	/* what a word or string stands for; no NUL after it */
	uint32_t    len;
	uint32_t    line;
	uint32_t    column;	/* in characters */
	uint16_t    indent;	/* of its line, tabs to the next multiple of 8 */
	uint16_t    file;	/* left to the caller */
	uint8_t     kind;	/* TOKEN_... */
	bool        is_first;	/* on its line */
	bool        is_bad;	/* something in it was complained about */
};

struct tokens {
	struct token *v;
	size_t        n, max;
};

void tokens_free(struct tokens *t);
/* False: more than `limit` of them. */
bool tokens_add(struct tokens *t, const struct token *one, size_t limit);

static inline struct ms_str
token_str(const struct token *t)
{
	return ms_str_of(t->text, t->len);
}

static inline bool
token_is_text(const struct token *t)
{
	return t->kind == TOKEN_WORD || t->kind == TOKEN_STRING;
}

/* Adds the tokens of a text and a TOKEN_END.  Problems are noted and passed
   over; false only past `limit`.  text is lent to the tokens; what had to be
   changed lives in the arena. */
bool lexer_run(const char *file, struct ms_str text, struct ms_arena *arena,
    struct problems *problems, struct tokens *tokens, size_t limit);

#endif
