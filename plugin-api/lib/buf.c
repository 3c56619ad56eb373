/* SPDX-License-Identifier: ISC */
/* buf.c - see buf.h */
#include <mansio/buf.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_FIRST_CAP 64

void
ms_buf_free(struct ms_buf *b)
{
	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
}

void
ms_buf_reset(struct ms_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Makes cap hold that many octets more and a NUL. */
static bool __attribute__((noinline))
buf_grow(struct ms_buf *b, size_t octets)
{
	size_t max = b->max < SIZE_MAX ? b->max : SIZE_MAX - 1;
	size_t need, cap;
	char *data;

	if (b->failed)
		return false;
	if (b->len > max || octets > max - b->len)
		goto fail;
	need = b->len + octets + 1;
	cap = b->cap < BUF_FIRST_CAP ? BUF_FIRST_CAP : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > max + 1)
		cap = max + 1;
	data = realloc(b->data, cap);
	if (data == NULL)
		goto fail;
	b->data = data;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

static inline bool
buf_has_room(struct ms_buf *b, size_t octets)
{
	return (octets < b->cap - b->len && !b->failed) || buf_grow(b, octets);
}

void
ms_buf_add(struct ms_buf *b, struct ms_str octets)
{
	if (octets.len == 0 || !buf_has_room(b, octets.len))
		return;
	memcpy(b->data + b->len, octets.data, octets.len);
	b->len += octets.len;
	b->data[b->len] = '\0';
}

void
ms_buf_add_c(struct ms_buf *b, const char *s)
{
	if (s != NULL)
		ms_buf_add(b, ms_str_of(s, strlen(s)));
}

void
ms_buf_add_octet(struct ms_buf *b, char c)
{
	if (!buf_has_room(b, 1))
		return;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
}

void
ms_buf_add_u64(struct ms_buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	ms_buf_add(b, ms_str_of(digits + at, sizeof(digits) - at));
}

void
ms_buf_addv(struct ms_buf *b, const char *format, va_list args)
{
	va_list again;
	int n;

	if (b->failed)
		return;
	va_copy(again, args);
	n = vsnprintf(b->data != NULL ? b->data + b->len : NULL, b->cap - b->len,
	    format, args);
	if (n < 0) {
		b->failed = true;
	} else if ((size_t)n < b->cap - b->len) {
		b->len += (size_t)n;
	} else if (buf_grow(b, (size_t)n)) {
		(void)vsnprintf(b->data + b->len, b->cap - b->len, format, again);
		b->len += (size_t)n;
	}
	va_end(again);
	if (b->data != NULL)	/* takes back what a failed try left */
		b->data[b->len] = '\0';
}

void
ms_buf_addf(struct ms_buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ms_buf_addv(b, format, args);
	va_end(args);
}

char *
ms_buf_room(struct ms_buf *b, size_t octets)
{
	return buf_has_room(b, octets) ? b->data + b->len : NULL;
}

void
ms_buf_grown(struct ms_buf *b, size_t octets)
{
	if (b->data == NULL)
		return;
	b->len += octets;
	b->data[b->len] = '\0';
}

void
ms_buf_consume(struct ms_buf *b, size_t octets)
{
	if (b->data == NULL || octets == 0)
		return;
	if (octets > b->len)
		octets = b->len;
	b->len -= octets;
	memmove(b->data, b->data + octets, b->len);
	b->data[b->len] = '\0';
}

void
ms_buf_trim(struct ms_buf *b)
{
	if (b->len == 0)
		ms_buf_free(b);
}
