/* SPDX-License-Identifier: ISC */
/* siphash.c - SipHash-2-4 as its authors (Aumasson, Bernstein) define it */
#include <mansio/pack.h>

#include <endian.h>
#include <string.h>

static inline uint64_t
read_le64(const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline uint64_t
rotate(uint64_t v, unsigned bits)
{
	return v << bits | v >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline void
sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t
ms_siphash(const uint8_t key[16], const void *octets, size_t n)
{
	const unsigned char *p = octets;
	uint64_t k0 = read_le64(key), k1 = read_le64(key + 8);
	uint64_t last = (uint64_t)n << 56;
	uint64_t v[4] = {
		/* "somepseudorandomlygeneratedbytes" */
		k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
		k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573),
	};

	for (; n >= 8; n -= 8, p += 8)
		sip_word(v, read_le64(p));
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
