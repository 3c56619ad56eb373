/* SPDX-License-Identifier: ISC */
/* lexer.c - see lexer.h */
#include "config/lexer.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/encode.h>
#include <mansio/str.h>

#define MAX_VARIABLE	256	/* octets of a variable's name */

struct lexer {
	const char      *file;
	const char      *at, *end;
	uint32_t         line, column;
	uint16_t         indent;
	bool             line_is_blank;	/* so far */
	struct ms_arena *arena;
	struct problems *problems;
	struct tokens   *tokens;
	size_t           limit;
	size_t           errors;	/* before the token under way */
};

void
tokens_free(struct tokens *t)
{
	free(t->v);
	memset(t, 0, sizeof(*t));
}

bool
tokens_add(struct tokens *t, const struct token *one, size_t limit)
{
	if (t->n == limit)
		return false;
	if (t->n == t->max) {
		size_t max = t->max == 0 ? 256 : t->max * 2;
		struct token *grown = realloc(t->v, max * sizeof(*grown));

		if (grown == NULL)
			abort();
		t->v = grown;
		t->max = max;
	}
	t->v[t->n++] = *one;
	return true;
}

static struct position
here(const struct lexer *l)
{
	return (struct position){ l->file, l->line, l->column };
}

static size_t
left(const struct lexer *l)
{
	return (size_t)(l->end - l->at);
}

static bool
looks_at(const struct lexer *l, const char *what)
{
	size_t n = strlen(what);

	return left(l) >= n && memcmp(l->at, what, n) == 0;
}

static void
step(struct lexer *l)
{
	char c = *l->at++;

	if (c == '\n') {
		l->line++;
		l->column = 1;
		l->indent = 0;
		l->line_is_blank = true;
		return;
	}
	/* Octets 10xxxxxx go on with a character. */
	if (((unsigned char)c & 0xc0) != 0x80)
		l->column++;
	if (!l->line_is_blank || l->indent > UINT16_MAX - 8)
		return;
	if (c == '\t')
		l->indent = (uint16_t)((l->indent / 8 + 1) * 8);
	else if (c == ' ')
		l->indent++;
}

static void
skip_line(struct lexer *l)
{
	while (l->at < l->end && *l->at != '\n')
		step(l);
}

static void
skip_block_comment(struct lexer *l)
{
	struct position opened = here(l);

	step(l);
	step(l);
	while (l->at < l->end) {
		if (looks_at(l, "*/")) {
			step(l);
			step(l);
			return;
		}
		step(l);
	}
	problems_error(l->problems, opened, "comment opened here is never closed");
}

static void
skip_blanks(struct lexer *l)
{
	while (l->at < l->end) {
		if (*l->at == ' ' || *l->at == '\t' || *l->at == '\r' || *l->at == '\n')
			step(l);
		else if (*l->at == '#' || looks_at(l, "//"))
			skip_line(l);
		else if (looks_at(l, "/*"))
			skip_block_comment(l);
		else
			return;
	}
}

static bool
is_name_octet(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

/* "${NAME}" or "${NAME:-default}" at l->at.  False: it is no such thing. */
static bool
take_variable(struct lexer *l, struct ms_buf *value)
{
	struct position opened = here(l);
	const char *p = l->at + 2, *name = p, *text, *fallback = NULL;
	char copy[MAX_VARIABLE + 1];
	size_t len;

	while (p < l->end && is_name_octet(*p))
		p++;
	len = (size_t)(p - name);
	if (len == 0 || len > MAX_VARIABLE)
		return false;
	if (p + 1 < l->end && p[0] == ':' && p[1] == '-') {
		fallback = p += 2;
		while (p < l->end && *p != '}' && *p != '\n' && *p != '"')
			p++;
	}
	if (p == l->end || *p != '}')
		return false;
	memcpy(copy, name, len);
	copy[len] = '\0';
	text = getenv(copy);
	/* As in the shell, :- also stands in for an empty one. */
	if (fallback != NULL && (text == NULL || text[0] == '\0'))
		ms_buf_add(value, ms_str_of(fallback, (size_t)(p - fallback)));
	else if (text == NULL)
		problems_error(l->problems, opened, "environment variable %s is not "
		    "set; write ${%s:-DEFAULT} if it may be missing", copy, copy);
	else
		ms_buf_add_c(value, text);
	while (l->at <= p)
		step(l);
	return true;
}

static void
skip_bad_variable(struct lexer *l)
{
	problems_error(l->problems, here(l), "\"${\" begins no variable: write ${NAME} or "
	    "${NAME:-default}, or \\$ for a dollar sign in a \"string\"");
	step(l);
	step(l);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* \xHH; a NUL has no place in a configuration. */
static bool
take_hex(struct lexer *l, struct ms_buf *value)
{
	int high, low;

	if (left(l) < 4)
		return false;
	high = hex_digit(l->at[2]);
	low = hex_digit(l->at[3]);
	if (high < 0 || low < 0 || high + low == 0)
		return false;
	ms_buf_add_octet(value, (char)(high * 16 + low));
	for (int i = 0; i < 4; i++)
		step(l);
	return true;
}

/* A backslash in a double-quoted string. */
static void
take_escape(struct lexer *l, struct ms_buf *value)
{
	static const char from[] = "nrtabfve\"\\$'/";
	static const char to[] = "\n\r\t\a\b\f\v\033\"\\$'/";
	struct position at = here(l);
	const char *known;

	if (left(l) > 1 && l->at[1] == 'x' && take_hex(l, value))
		return;
	step(l);
	if (looks_at(l, "\r\n"))
		step(l);
	if (l->at == l->end)
		return;
	/* The string goes on in the next line. */
	if (*l->at == '\n') {
		step(l);
		return;
	}
	known = strchr(from, *l->at);
	if (known == NULL) {
		/* libconfuse would drop the backslash of \d in a pattern; the octet
		   is read as an ordinary one. */
		problems_error(l->problems, at, "unknown escape \\%c in a \"string\"; "
		    "write \\\\ for a backslash, or use 'single quotes'",
		    *l->at > 0x20 && *l->at < 0x7f ? *l->at : '?');
		return;
	}
	ms_buf_add_octet(value, to[known - from]);
	step(l);
}

static struct ms_str
value_keep(struct lexer *l, struct position at, struct ms_buf *value)
{
	struct ms_str kept = { "", 0 };

	if (!ms_buf_ok(value))
		problems_error(l->problems, at, "value is longer than %d octets",
		    LEXER_MAX_VALUE);
	else
		kept = ms_arena_str(l->arena, ms_buf_str(value));
	if (kept.len > 0 && !ms_utf8_is_valid(kept, false)) {
		problems_error(l->problems, at, "value is not UTF-8");
		kept.len = 0;
	}
	return kept;
}

/* The token's text, quotes left out. */
static struct ms_str
take_string(struct lexer *l)
{
	MS_AUTO_BUF struct ms_buf value = MS_BUF_MAX(LEXER_MAX_VALUE);
	struct position opened = here(l);
	char quote = *l->at;

	step(l);
	while (l->at < l->end && *l->at != '\n' && *l->at != quote) {
		if (*l->at == '\\' && quote == '"') {
			take_escape(l, &value);
		} else if (*l->at == '\\' && left(l) > 1 &&
		    (l->at[1] == '\'' || l->at[1] == '\\')) {
			ms_buf_add_octet(&value, l->at[1]);
			step(l);
			step(l);
		} else if (quote == '"' && looks_at(l, "${")) {
			if (!take_variable(l, &value))
				skip_bad_variable(l);
		} else {
			if (*l->at != '\r')
				ms_buf_add_octet(&value, *l->at);
			step(l);
		}
	}
	if (l->at == l->end || *l->at == '\n')
		problems_error(l->problems, opened,
		    "string opened here is not closed on this line");
	else
		step(l);
	return value_keep(l, opened, &value);
}

static bool
ends_word(const struct lexer *l)
{
	return strchr(" \t\r\n\"'{}(),=#", *l->at) != NULL || looks_at(l, "+=");
}

static struct ms_str
take_word(struct lexer *l, bool *has_variable)
{
	MS_AUTO_BUF struct ms_buf value = MS_BUF_MAX(LEXER_MAX_VALUE);
	struct position at = here(l);
	const char *from = l->at;
	struct ms_str word;

	/* Only a variable makes the word differ from the text. */
	while (l->at < l->end) {
		if (looks_at(l, "${")) {
			ms_buf_add(&value, ms_str_of(from, (size_t)(l->at - from)));
			from = l->at;
			if (!take_variable(l, &value))
				break;
			*has_variable = true;
			from = l->at;
		} else if (ends_word(l))
			break;
		else
			step(l);
	}
	if (!*has_variable)
		word = ms_str_of(from, (size_t)(l->at - from));
	else {
		ms_buf_add(&value, ms_str_of(from, (size_t)(l->at - from)));
		word = value_keep(l, at, &value);
	}
	if (word.len > LEXER_MAX_VALUE) {
		problems_error(l->problems, at, "value is longer than %d octets",
		    LEXER_MAX_VALUE);
		word.len = 0;
	}
	return word;
}

/* config.md: a = 1; would give "1;".  What is left of the word. */
static struct ms_str
without_semicolon(struct lexer *l, struct position at, struct ms_str word)
{
	if (word.len == 0 || word.data[word.len - 1] != ';')
		return word;
	problems_error(l->problems, at, "\"%.*s\": statements end at the line's end; "
	    "remove the \";\"", (int)(word.len < 60 ? word.len : 60), word.data);
	while (word.len > 0 && word.data[word.len - 1] == ';')
		word.len--;
	return word;
}

static bool
add(struct lexer *l, uint32_t kind, struct token *t)
{
	t->kind = (uint8_t)kind;
	return tokens_add(l->tokens, t, l->limit);
}

/* One token; false past the limit. */
static bool
take(struct lexer *l)
{
	static const char signs[] = "{}()=,";
	static const uint8_t kinds[] = { TOKEN_OPEN, TOKEN_CLOSE, TOKEN_LEFT,
	    TOKEN_RIGHT, TOKEN_EQUALS, TOKEN_COMMA };
	struct position at = here(l);
	struct token t = { .text = l->at, .line = l->line, .column = l->column,
	    .indent = l->indent, .is_first = l->line_is_blank };
	const char *sign = strchr(signs, *l->at);
	struct ms_str text;
	bool variable = false;

	l->line_is_blank = false;
	l->errors = problems_errors(l->problems);
	if (sign != NULL) {
		t.len = 1;
		step(l);
		return add(l, kinds[sign - signs], &t);
	}
	if (looks_at(l, "+=")) {
		t.len = 2;
		step(l);
		step(l);
		return add(l, TOKEN_ADD, &t);
	}
	if (*l->at == '"' || *l->at == '\'') {
		text = take_string(l);
		t.text = text.data;
		t.len = (uint32_t)text.len;
		t.is_bad = problems_errors(l->problems) > l->errors;
		return add(l, TOKEN_STRING, &t);
	}
	text = take_word(l, &variable);
	if (l->at == t.text) {
		/* A "${" that is no variable, at once. */
		skip_bad_variable(l);
		return true;
	}
	t.is_bad = problems_errors(l->problems) > l->errors;
	text = without_semicolon(l, at, text);
	if (text.len == 0 && !variable)
		return true;
	t.text = text.data;
	t.len = (uint32_t)text.len;
	return add(l, TOKEN_WORD, &t);
}

/* Refuses what has no place in a text file, once. */
static struct ms_str
check_octets(struct lexer *l, struct ms_str text)
{
	static const struct ms_str mark = MS_STR("\xef\xbb\xbf");
	struct position at = { l->file, 1, 0 };

	if (ms_str_has_prefix(text, mark))
		text = ms_str_from(text, mark.len);
	if (ms_utf8_is_valid(text, false))
		return text;
	for (size_t i = 0, start = 0; i <= text.len; i++) {
		if (i < text.len && text.data[i] != '\n')
			continue;
		if (!ms_utf8_is_valid(ms_str_sub(text, start, i - start), false)) {
			problems_error(l->problems, at, "the line is not UTF-8 text");
			break;
		}
		start = i + 1;
		at.line++;
	}
	return ms_str_of(text.data, 0);
}

bool
lexer_run(const char *file, struct ms_str text, struct ms_arena *arena,
    struct problems *problems, struct tokens *tokens, size_t limit)
{
	struct lexer l = { .file = file, .line = 1, .column = 1,
	    .line_is_blank = true, .arena = arena, .problems = problems,
	    .tokens = tokens, .limit = limit };
	struct token end = { .kind = TOKEN_END };

	text = check_octets(&l, text);
	l.at = text.data;
	l.end = text.data + text.len;
	for (;;) {
		skip_blanks(&l);
		if (l.at == l.end)
			break;
		if (!take(&l))
			return false;
	}
	end.text = "";
	end.line = l.line;
	end.column = l.column;
	end.is_first = true;
	return tokens_add(tokens, &end, limit);
}
