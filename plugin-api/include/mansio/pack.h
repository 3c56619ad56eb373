/* SPDX-License-Identifier: ISC */
/*
 * pack.h - records: numbers big-endian, strings after a u32 length
 *
 * What is kept on disk or sent between processes is written and read by
 * these.  Reading never goes past the end: the first shortage marks the
 * reader bad, and all that follows reads as 0 or "".  So a decoder reads
 * every member and asks once.
 */
#ifndef MANSIO_PACK_H
#define MANSIO_PACK_H

#include <stdbool.h>

#include <mansio/buf.h>

#ifdef __cplusplus
extern "C" {
#endif

void ms_pack_u8(struct ms_buf *b, uint8_t v);
void ms_pack_u16(struct ms_buf *b, uint16_t v);
void ms_pack_u32(struct ms_buf *b, uint32_t v);
void ms_pack_u64(struct ms_buf *b, uint64_t v);
void ms_pack_i64(struct ms_buf *b, int64_t v);
void ms_pack_id(struct ms_buf *b, const struct ms_id *id);
void ms_pack_str(struct ms_buf *b, struct ms_str s);

struct ms_unpack {
	const unsigned char *at, *end;
	bool bad;
};

static inline struct ms_unpack
ms_unpack_of(struct ms_str s)
{
	const unsigned char *at = (const unsigned char *)(s.len > 0 ? s.data : "");
	struct ms_unpack u = { at, at + s.len, false };

	return u;
}
uint8_t ms_unpack_u8(struct ms_unpack *u);
uint16_t ms_unpack_u16(struct ms_unpack *u);
uint32_t ms_unpack_u32(struct ms_unpack *u);
uint64_t ms_unpack_u64(struct ms_unpack *u);
int64_t ms_unpack_i64(struct ms_unpack *u);
struct ms_id ms_unpack_id(struct ms_unpack *u);
/* Lent from the input. */
struct ms_str ms_unpack_str(struct ms_unpack *u);
/* A count that is to be followed by items of at least min_octets each: bad,
   and 0, if the rest cannot hold them.  So no count allocates memory that
   the input did not pay for. */
uint32_t ms_unpack_count(struct ms_unpack *u, size_t min_octets);
static inline bool
ms_unpack_done(const struct ms_unpack *u)	/* all read, nothing bad */
{
	return !u->bad && u->at == u->end;
}

/* CRC-32C (Castagnoli), by the processor's instruction where it has one.
   Begin with 0; feed pieces by passing the last result. */
uint32_t ms_crc32c(uint32_t crc, const void *octets, size_t n);

/* SipHash-2-4 of the octets under a 16-octet key: tables over input that a
   peer chose. */
uint64_t ms_siphash(const uint8_t key[16], const void *octets, size_t n);

#ifdef __cplusplus
}
#endif
#endif
