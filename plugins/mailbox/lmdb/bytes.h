/* SPDX-License-Identifier: ISC */
/*
 * bytes.h - big-endian numbers at any address
 *
 * For rows of fixed form that are read by the ten thousand; all others go
 * through pack.h.
 */
#ifndef LMDB_BYTES_H
#define LMDB_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t
get_u32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return be32toh(v);
}

static inline uint64_t
get_u64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return be64toh(v);
}

static inline void
put_u32(uint8_t *at, uint32_t v)
{
	v = htobe32(v);
	memcpy(at, &v, sizeof(v));
}

static inline void
put_u64(uint8_t *at, uint64_t v)
{
	v = htobe64(v);
	memcpy(at, &v, sizeof(v));
}

#endif
