/* SPDX-License-Identifier: ISC */
/* proxy.c - see proxy.h */
#include "net/proxy.h"

#include <string.h>

#include <mansio/str.h>

#include "net/net.h"

static const char signature[12] = "\r\n\r\n\0\r\nQUIT\n";
static const char word_v1[6] = "PROXY ";

#define V2_HEAD		16
#define V2_VERSION	0x20
enum { V2_LOCAL = 0, V2_PROXY = 1 };
enum { V2_TCP4 = 0x11, V2_TCP6 = 0x21 };

static bool
begins_as(struct ms_str input, const char *word, size_t n)
{
	return memcmp(input.data, word, input.len < n ? input.len : n) == 0;
}

static uint16_t
u16(const char *p)
{
	return (uint16_t)((unsigned char)p[0] << 8 | (unsigned char)p[1]);
}

static void
client_v2(const char *p, struct proxy_header *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char family = (unsigned char)p[13];
	size_t len = u16(p + 14);

	out->has_client = false;
	if (family == V2_TCP4 && len >= 12) {
		memcpy(out->client, mapped, 12);
		memcpy(out->client + 12, p + 16, 4);
		out->client_port = u16(p + 24);
		out->has_client = true;
	} else if (family == V2_TCP6 && len >= 36) {
		memcpy(out->client, p + 16, 16);
		out->client_port = u16(p + 48);
		out->has_client = true;
	}
}

static int
parse_v2(struct ms_str in, struct proxy_header *out)
{
	unsigned char version, family;
	size_t len;

	if (in.len < V2_HEAD)
		return PROXY_MORE;
	version = (unsigned char)in.data[12];
	family = (unsigned char)in.data[13];
	len = u16(in.data + 14);
	if ((version != (V2_VERSION | V2_LOCAL) &&
	    version != (V2_VERSION | V2_PROXY)) || V2_HEAD + len > PROXY_MAX_V2)
		return PROXY_BAD;
	if (version == (V2_VERSION | V2_PROXY) &&
	    ((family == V2_TCP4 && len < 12) || (family == V2_TCP6 && len < 36)))
		return PROXY_BAD;
	if (in.len < V2_HEAD + len)
		return PROXY_MORE;
	if (version == (V2_VERSION | V2_PROXY))
		client_v2(in.data, out);
	out->octets = V2_HEAD + len;
	return PROXY_WHOLE;
}

static bool
parse_words(struct ms_str line, struct proxy_header *out)
{
	struct ms_str word[5] = { { NULL, 0 } }, rest = line;
	uint8_t to[16];
	uint64_t from_port, to_port;
	bool ipv6;
	size_t n = 0;

	while (n < 5 && ms_str_split(&rest, ' ', &word[n]))
		n++;
	if (n >= 1 && ms_str_equal(word[0], ms_str_c("UNKNOWN")))
		return true;	/* what follows is to be ignored */
	if (n != 5 || rest.data != NULL)
		return false;
	ipv6 = ms_str_equal(word[0], ms_str_c("TCP6"));
	if (!ipv6 && !ms_str_equal(word[0], ms_str_c("TCP4")))
		return false;
	for (int i = 1; i <= 2; i++)
		if ((ms_str_find_octet(word[i], ':') != SIZE_MAX) != ipv6)
			return false;
	if (!net_address_parse(word[1], out->client) ||
	    !net_address_parse(word[2], to) ||
	    !ms_str_to_u64(word[3], 65535, &from_port) ||
	    !ms_str_to_u64(word[4], 65535, &to_port))
		return false;
	out->client_port = (uint16_t)from_port;
	out->has_client = true;
	return true;
}

static int
parse_v1(struct ms_str in, struct proxy_header *out)
{
	size_t lf = ms_str_find_octet(ms_str_sub(in, 0, PROXY_MAX_V1), '\n');

	if (lf == SIZE_MAX)
		return in.len < PROXY_MAX_V1 ? PROXY_MORE : PROXY_BAD;
	if (lf <= sizeof(word_v1) || in.data[lf - 1] != '\r')
		return PROXY_BAD;
	if (!parse_words(ms_str_sub(in, sizeof(word_v1),
	    lf - 1 - sizeof(word_v1)), out))
		return PROXY_BAD;
	out->octets = lf + 1;
	return PROXY_WHOLE;
}

int
proxy_parse(struct ms_str input, struct proxy_header *out)
{
	memset(out, 0, sizeof(*out));
	if (input.len == 0)
		return PROXY_MORE;
	if (begins_as(input, word_v1, sizeof(word_v1)))
		return input.len < sizeof(word_v1) ? PROXY_MORE :
		    parse_v1(input, out);
	if (begins_as(input, signature, sizeof(signature)))
		return parse_v2(input, out);
	return PROXY_BAD;
}

size_t
proxy_more(const char *come, size_t n, const char *seen, size_t n_seen)
{
	const char *lf;
	char first;

	if (n + n_seen == 0)
		return V2_HEAD > sizeof(word_v1) ? sizeof(word_v1) : V2_HEAD;
	first = n > 0 ? come[0] : seen[0];
	if (first == signature[0]) {
		if (n < V2_HEAD)
			return V2_HEAD - n;
		n -= V2_HEAD;
		return n < u16(come + 14) ? u16(come + 14) - n : 0;
	}
	if (first != word_v1[0] || n >= PROXY_MAX_V1)
		return 0;
	lf = n_seen > 0 ? memchr(seen, '\n', n_seen) : NULL;
	if (lf != NULL)
		return (size_t)(lf - seen) + 1;
	return PROXY_MAX_V1 - n;
}
