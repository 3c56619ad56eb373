/* SPDX-License-Identifier: ISC */
/* pack.c - see pack.h */
#include <mansio/pack.h>

#include <endian.h>
#include <string.h>

static void
pack_octets(struct ms_buf *b, const void *octets, size_t n)
{
	ms_buf_add(b, ms_str_of(octets, n));
}

void
ms_pack_u8(struct ms_buf *b, uint8_t v)
{
	ms_buf_add_octet(b, (char)v);
}

void
ms_pack_u16(struct ms_buf *b, uint16_t v)
{
	v = htobe16(v);
	pack_octets(b, &v, sizeof(v));
}

void
ms_pack_u32(struct ms_buf *b, uint32_t v)
{
	v = htobe32(v);
	pack_octets(b, &v, sizeof(v));
}

void
ms_pack_u64(struct ms_buf *b, uint64_t v)
{
	v = htobe64(v);
	pack_octets(b, &v, sizeof(v));
}

void
ms_pack_i64(struct ms_buf *b, int64_t v)
{
	ms_pack_u64(b, (uint64_t)v);
}

void
ms_pack_id(struct ms_buf *b, const struct ms_id *id)
{
	pack_octets(b, id->octets, sizeof(id->octets));
}

void
ms_pack_str(struct ms_buf *b, struct ms_str s)
{
	if (s.len > UINT32_MAX) {
		b->failed = true;
		return;
	}
	ms_pack_u32(b, (uint32_t)s.len);
	ms_buf_add(b, s);
}

/* Copies n octets, or zeros once the input is short. */
static void
unpack_octets(struct ms_unpack *u, void *out, size_t n)
{
	if (u->bad || n > (size_t)(u->end - u->at)) {
		u->bad = true;
		memset(out, 0, n);
		return;
	}
	memcpy(out, u->at, n);
	u->at += n;
}

uint8_t
ms_unpack_u8(struct ms_unpack *u)
{
	uint8_t v;

	unpack_octets(u, &v, sizeof(v));
	return v;
}

uint16_t
ms_unpack_u16(struct ms_unpack *u)
{
	uint16_t v;

	unpack_octets(u, &v, sizeof(v));
	return be16toh(v);
}

uint32_t
ms_unpack_u32(struct ms_unpack *u)
{
	uint32_t v;

	unpack_octets(u, &v, sizeof(v));
	return be32toh(v);
}

uint64_t
ms_unpack_u64(struct ms_unpack *u)
{
	uint64_t v;

	unpack_octets(u, &v, sizeof(v));
	return be64toh(v);
}

int64_t
ms_unpack_i64(struct ms_unpack *u)
{
	return (int64_t)ms_unpack_u64(u);
}

struct ms_id
ms_unpack_id(struct ms_unpack *u)
{
	struct ms_id id;

	unpack_octets(u, id.octets, sizeof(id.octets));
	return id;
}

struct ms_str
ms_unpack_str(struct ms_unpack *u)
{
	uint32_t n = ms_unpack_u32(u);
	struct ms_str s = { "", 0 };

	if (u->bad || n > (size_t)(u->end - u->at)) {
		u->bad = true;
		return s;
	}
	s = ms_str_of((const char *)u->at, n);
	u->at += n;
	return s;
}

uint32_t
ms_unpack_count(struct ms_unpack *u, size_t min_octets)
{
	uint32_t n = ms_unpack_u32(u);

	if (u->bad ||
	    (min_octets > 0 && n > (size_t)(u->end - u->at) / min_octets)) {
		u->bad = true;
		return 0;
	}
	return n;
}
