/* SPDX-License-Identifier: ISC */
/* address.c - see address.h */
#include "config/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

#include <mansio/str.h>

static bool
address_parse(int family, struct ms_str text, uint8_t *octets)
{
	char copy[INET6_ADDRSTRLEN];

	/* No scope ids and no NUL: what inet_pton() takes and nothing else. */
	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	return inet_pton(family, copy, octets) == 1;
}

static const char *
unix_parse(struct ms_str path, struct listen_address *e)
{
	if (path.len == 0 || path.data[0] != '/')
		return "names no absolute path: write \"unix:/run/mansio/NAME.sock\"";
	if (path.len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "is longer than the path of a socket may be (107 octets)";
	e->kind = LISTEN_UNIX;
	e->path = path;
	return NULL;
}

const char *
listen_address_parse(struct ms_str text, struct listen_address *address_out)
{
	static const struct ms_str local = MS_STR("unix:");
	struct listen_address e = { .kind = 0 };
	struct ms_str host;
	size_t blank = ms_str_find_octet(text, ' '), colon;
	const char *wrong;
	uint64_t port;

	if (blank != SIZE_MAX) {
		struct ms_str word = ms_str_trim(ms_str_from(text, blank));

		if (!ms_str_is(word, "tls"))
			return "has something other than \"tls\" after the address";
		e.tls = true;
		text = ms_str_sub(text, 0, blank);
	}
	if (ms_str_has_prefix(text, local)) {
		wrong = unix_parse(ms_str_from(text, local.len), &e);
		if (wrong != NULL)
			return wrong;
		*address_out = e;
		return NULL;
	}
	colon = ms_str_find_last(text, ':');
	if (colon == SIZE_MAX)
		return "names no port: write \"*:25\", \"192.0.2.1:25\" or "
		    "\"[2001:db8::1]:25\"";
	host = ms_str_sub(text, 0, colon);
	if (!ms_str_to_u64(ms_str_from(text, colon + 1), UINT16_MAX, &port))
		return "has no port from 0 to 65535 after its last colon";
	e.port = (uint16_t)port;
	if (ms_str_is(host, "*"))
		e.kind = LISTEN_ANY;
	else if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']') {
		if (!address_parse(AF_INET6, ms_str_sub(host, 1, host.len - 2), e.octets))
			return "has no IPv6 address between its brackets";
		e.kind = LISTEN_IPV6;
	} else if (address_parse(AF_INET, host, e.octets))
		e.kind = LISTEN_IPV4;
	else if (ms_str_find_octet(host, ':') != SIZE_MAX)
		return "has an IPv6 address without brackets: write "
		    "\"[2001:db8::1]:25\"";
	else
		return "has no numeric address before the port: write \"*:25\", "
		    "\"192.0.2.1:25\" or \"[2001:db8::1]:25\"";
	*address_out = e;
	return NULL;
}

/* 0.0.0.0, :: and "*"; an IPv6 wildcard is taken with IPV6_V6ONLY unless it
   is "*". */
static bool
is_wildcard(const struct listen_address *e)
{
	static const uint8_t zero[16];

	return e->kind == LISTEN_ANY ||
	    memcmp(e->octets, zero, e->kind == LISTEN_IPV4 ? 4 : 16) == 0;
}

bool
listen_address_clashes(const struct listen_address *a, const struct listen_address *b)
{
	if (a->kind == LISTEN_UNIX || b->kind == LISTEN_UNIX)
		return a->kind == b->kind && ms_str_equal(a->path, b->path);
	if (a->port != b->port || a->port == 0)
		return false;
	if (a->kind == LISTEN_ANY || b->kind == LISTEN_ANY)
		return true;
	if (a->kind != b->kind)
		return false;
	return is_wildcard(a) || is_wildcard(b) ||
	    memcmp(a->octets, b->octets, a->kind == LISTEN_IPV4 ? 4 : 16) == 0;
}

const char *
network_parse(struct ms_str text, struct network *network_out)
{
	struct network n = { .family = 0 };
	size_t slash = ms_str_find_octet(text, '/');
	struct ms_str address = slash == SIZE_MAX ? text : ms_str_sub(text, 0, slash);
	uint64_t bits;
	uint32_t max;

	if (address_parse(AF_INET, address, n.octets))
		n.family = 4;
	else if (address_parse(AF_INET6, address, n.octets))
		n.family = 6;
	else
		return "is no network: write \"10.0.0.0/8\", \"2001:db8::/32\" or one "
		    "address";
	max = n.family == 4 ? 32 : 128;
	if (slash == SIZE_MAX)
		bits = max;
	else if (!ms_str_to_u64(ms_str_from(text, slash + 1), max, &bits))
		return n.family == 4 ? "has no number from 0 to 32 after the slash" :
		    "has no number from 0 to 128 after the slash";
	n.bits = (uint32_t)bits;
	for (uint32_t i = n.bits; i < max; i++)
		if (n.octets[i / 8] & (0x80u >> (i % 8)))
			return "has bits set beyond its prefix length";
	*network_out = n;
	return NULL;
}

bool
network_contains(const struct network *network, uint32_t family, const uint8_t *address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	uint32_t whole = network->bits / 8, rest = network->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	if (family == 6 && network->family == 4 && memcmp(address, mapped, 12) == 0) {
		family = 4;
		address += 12;
	}
	if (family != network->family || memcmp(network->octets, address, whole) != 0)
		return false;
	return rest == 0 || ((network->octets[whole] ^ address[whole]) & mask) == 0;
}
