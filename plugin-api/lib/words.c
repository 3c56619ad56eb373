/* SPDX-License-Identifier: ISC */
/*
 * words.c - see header.h: encoded words, RFC 2047
 *
 * Lenient, as mail in the wild needs it: a word may stand anywhere, be longer
 * than 75 octets and have spaces in Q text.  Octets of adjoining words of one
 * charset are put together before they are converted, for many senders cut
 * within a character.
 *
 * Linear: where the next "=?" and "?=" stand is searched once and remembered,
 * so that a long row of half words is not searched to its end for each.
 */
#include <mansio/encode.h>
#include <mansio/header.h>
#include <mansio/str.h>

#include "ascii.h"
#include "utf8_sequence.h"

#define WORD_MAX_CHARSET 64

struct word {
	struct ms_str charset;	/* without RFC 2231 5's language */
	struct ms_str text;
	bool          is_base64;
	size_t        end;	/* offset after it */
};

struct finder {
	struct ms_str text;
	size_t next_start, next_end;	/* of "=?" and "?=" from where last asked */
};

struct joiner {
	struct ms_arena *arena;
	struct ms_str  text;	/* the whole */
	struct ms_buf *out;	/* UTF-8 */
	struct ms_buf  octets;	/* of the words not yet converted */
	struct ms_str  charset;	/* theirs */
	size_t         start, end;	/* where they stand in the text */
};

static size_t
find_from(struct ms_str s, size_t from, struct ms_str what)
{
	size_t at = ms_str_find(ms_str_from(s, from), what);

	return at == SIZE_MAX ? SIZE_MAX : from + at;
}

static size_t
next_start(struct finder *f, size_t from)
{
	static const struct ms_str mark = MS_STR("=?");

	if (f->next_start < from)
		f->next_start = find_from(f->text, from, mark);
	return f->next_start;
}

static size_t
next_end(struct finder *f, size_t from)
{
	static const struct ms_str mark = MS_STR("?=");

	if (f->next_end < from)
		f->next_end = find_from(f->text, from, mark);
	return f->next_end;
}

/* Is there a word at this "=?"? */
static bool
word_parse(struct finder *f, size_t at, struct word *w)
{
	struct ms_str s = ms_str_from(f->text, at + 2);
	size_t mark, text, end, inner;
	char method;

	mark = ms_str_find_octet(ms_str_sub(s, 0, WORD_MAX_CHARSET), '?');
	if (mark == SIZE_MAX || mark == 0 || s.len < mark + 3 || s.data[mark + 2] != '?')
		return false;
	w->charset = ms_str_sub(s, 0, mark);
	method = ascii_lower(s.data[mark + 1]);
	if (method != 'b' && method != 'q')
		return false;
	w->is_base64 = method == 'b';
	text = at + 2 + mark + 3;
	end = next_end(f, text);
	/* Another word that begins inside: this one was never closed. */
	inner = next_start(f, text);
	if (end == SIZE_MAX || (inner < end && inner + 1 < end))
		return false;
	w->text = ms_str_sub(f->text, text, end - text);
	w->end = end + 2;
	mark = ms_str_find_octet(w->charset, '*');
	if (mark != SIZE_MAX)
		w->charset.len = mark;
	return ms_charset_is_known(w->charset);
}

static void
decode_q(struct ms_buf *out, struct ms_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c == '_') {
			c = ' ';
		} else if (c == '=' && i + 2 < text.len &&
		    ascii_hex(text.data[i + 1]) >= 0 && ascii_hex(text.data[i + 2]) >= 0) {
			c = (char)(ascii_hex(text.data[i + 1]) << 4 |
			    ascii_hex(text.data[i + 2]));
			i += 2;
		}
		ms_buf_add_octet(out, c);
	}
}

/* False: nothing of it could be decoded. */
static bool
decode_word(struct ms_buf *out, const struct word *w)
{
	struct ms_decoder d = { 0 };
	size_t before = out->len;

	if (w->is_base64) {
		ms_decode_piece(&d, MS_CTE_BASE64, w->text, out);
		ms_decode_end(&d, MS_CTE_BASE64, out);
	} else {
		decode_q(out, w->text);
	}
	return out->len > before || w->text.len == 0;
}

/* Of a header value no line may come, nor a NUL that hides what follows. */
static void
make_one_line(struct ms_buf *b, size_t from)
{
	for (size_t i = from; i < b->len; i++)
		if (b->data[i] == '\r' || b->data[i] == '\n' || b->data[i] == '\0')
			b->data[i] = ' ';
}

static void
add_plain(struct joiner *j, size_t from, size_t to)
{
	struct ms_str text = ms_str_sub(j->text, from, to - from);
	size_t before = j->out->len;

	if (!ms_utf8_is_valid(text, true))
		text = ms_utf8_repair(j->arena, text);
	ms_buf_add(j->out, text);
	make_one_line(j->out, before);
}

static void
join_flush(struct joiner *j)
{
	size_t before = j->out->len;

	if (j->charset.data != NULL && ms_charset_decode(j->out, j->charset,
	    ms_buf_str(&j->octets)) != MS_OK)
		add_plain(j, j->start, j->end);
	make_one_line(j->out, before);
	ms_buf_reset(&j->octets);
	j->charset = ms_str_of(NULL, 0);
}

static bool
join_word(struct joiner *j, size_t at, const struct word *w)
{
	if (j->charset.data != NULL && !ms_str_equal_ci(j->charset, w->charset))
		join_flush(j);
	if (!decode_word(&j->octets, w))
		return false;
	if (j->charset.data == NULL)
		j->start = at;
	j->charset = w->charset;
	j->end = w->end;
	return true;
}

static bool
is_blank(struct ms_str s)
{
	return ms_str_trim(s).len == 0;
}

struct ms_str
ms_words_decode(struct ms_arena *a, struct ms_str text)
{
	/* One octet of text gives at most three (U+FFFD for a bad one). */
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(SIZE_MAX / 4);
	struct joiner j = { .arena = a, .out = &out, .octets = MS_BUF_MAX(SIZE_MAX / 4) };
	size_t plain = 0, at, from = 0;
	bool after_word = false;
	struct finder f;

	if (ms_str_find_octet(text, '\n') != SIZE_MAX)
		text = ms_header_unfold(a, text);
	j.text = f.text = text;
	f.next_start = find_from(text, 0, ms_str_of("=?", 2));
	f.next_end = find_from(text, 0, ms_str_of("?=", 2));
	while ((at = next_start(&f, from)) != SIZE_MAX) {
		struct word w;

		from = at + 1;
		if (!word_parse(&f, at, &w))
			continue;
		/* RFC 2047 6.2: white space between two words is not shown. */
		if (!after_word || !is_blank(ms_str_sub(text, plain, at - plain))) {
			join_flush(&j);
			add_plain(&j, plain, at);
		}
		after_word = join_word(&j, at, &w);
		if (!after_word) {
			join_flush(&j);
			add_plain(&j, at, w.end);
		}
		plain = from = w.end;
	}
	join_flush(&j);
	ms_buf_free(&j.octets);
	add_plain(&j, plain, text.len);
	return ms_arena_str(a, ms_buf_str(&out));
}

void
ms_words_encode(struct ms_buf *out, struct ms_str utf8)
{
	/* RFC 2047 2: 75 octets at most, 12 of them the frame; whole groups. */
	enum { MOST = (75 - 12) / 4 * 3 };
	size_t at = 0;

	if (!ascii_has_high(utf8.data, utf8.len)) {
		ms_buf_add(out, utf8);
		return;
	}
	while (at < utf8.len) {
		char octets[MOST];
		size_t n = 0;

		if (at > 0)
			ms_buf_add_octet(out, ' ');
		/* RFC 2047 5: a character is not cut. */
		while (at < utf8.len) {
			size_t len = utf8_sequence(utf8.data + at, utf8.len - at);
			const char *from = len > 0 ? utf8.data + at : UTF8_REPLACEMENT;
			size_t add = len > 0 ? len : 3;

			if (n + add > MOST)
				break;
			for (size_t i = 0; i < add; i++)
				octets[n++] = from[i];
			at += len > 0 ? len : 1;
		}
		ms_buf_add_c(out, "=?UTF-8?B?");
		ms_base64_encode(out, ms_str_of(octets, n), 0);
		ms_buf_add_c(out, "?=");
	}
}
