/* SPDX-License-Identifier: ISC */
/* endpoint.c - see endpoint.h */
#include "net/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "net/net.h"

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool
endpoint_is_ipv4(const uint8_t address[16])
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

void
endpoint_print(const uint8_t address[16], char out[ENDPOINT_TEXT])
{
	if (endpoint_is_ipv4(address))
		inet_ntop(AF_INET, address + 12, out, ENDPOINT_TEXT);
	else
		inet_ntop(AF_INET6, address, out, ENDPOINT_TEXT);
}

bool
endpoint_octets(const struct sockaddr_storage *a, uint8_t out[16])
{
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)a;

		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + 12, &in->sin_addr, 4);
		return true;
	}
	if (a->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

		memcpy(out, &in6->sin6_addr, 16);
		return true;
	}
	memset(out, 0, 16);
	return false;
}

uint16_t
endpoint_port(const struct sockaddr_storage *a)
{
	if (a->ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)a)->sin_port);
	if (a->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)a)->sin6_port);
	return 0;
}

void
endpoint_any_ipv4(struct sockaddr_storage *out, uint16_t port)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;

	memset(out, 0, sizeof(*out));
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
}

bool
net_address_parse(struct ms_str text, uint8_t out[16])
{
	char copy[ENDPOINT_TEXT];

	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.data, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (strchr(copy, ':') != NULL)
		return inet_pton(AF_INET6, copy, out) == 1;
	memcpy(out, mapped, sizeof(mapped));
	return inet_pton(AF_INET, copy, out + 12) == 1;
}

/* Of "[::1]:25", "127.0.0.1:25", "*:25". */
static bool
parse_inet(struct ms_str text, struct endpoint *e)
{
	size_t colon = ms_str_find_last(text, ':');
	struct ms_str host;
	uint64_t port;
	uint8_t octets[16];

	if (colon == SIZE_MAX ||
	    !ms_str_to_u64(ms_str_from(text, colon + 1), 65535, &port))
		return false;
	host = ms_str_sub(text, 0, colon);
	e->port = (uint16_t)port;
	e->any = ms_str_equal(host, ms_str_c("*"));
	if (!e->any && host.len > 2 && host.data[0] == '[' &&
	    host.data[host.len - 1] == ']') {
		host = ms_str_sub(host, 1, host.len - 2);
		if (ms_str_find_octet(host, ':') == SIZE_MAX)
			return false;
	} else if (!e->any && ms_str_find_octet(host, ':') != SIZE_MAX)
		return false;	/* "::1:25" could mean two things */
	if (e->any || ms_str_find_octet(host, ':') != SIZE_MAX) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&e->address;

		if (!e->any && !net_address_parse(host, octets))
			return false;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(e->port);
		if (!e->any)
			memcpy(&in6->sin6_addr, octets, 16);
		return true;
	}
	if (!net_address_parse(host, octets))
		return false;
	endpoint_any_ipv4(&e->address, e->port);
	memcpy(&((struct sockaddr_in *)&e->address)->sin_addr, octets + 12, 4);
	return true;
}

ms_status
endpoint_parse(struct ms_str text, struct endpoint *out, struct ms_error *err)
{
	struct ms_str rest = ms_str_trim(text), word;
	static const struct ms_str local = MS_STR("unix:");

	memset(out, 0, sizeof(*out));
	if (ms_str_has_suffix(rest, ms_str_c(" tls"))) {
		out->tls = true;
		rest = ms_str_trim(ms_str_sub(rest, 0, rest.len - 4));
	}
	word = rest;
	if (ms_str_has_prefix(word, local)) {
		word = ms_str_from(word, local.len);
		if (word.len > 0 && word.len < sizeof(out->path) &&
		    word.data[0] == '/' &&
		    memchr(word.data, '\0', word.len) == NULL) {
			memcpy(out->path, word.data, word.len);
			return MS_OK;
		}
	} else if (parse_inet(word, out))
		return MS_OK;
	return ms_error_set(err, MS_INVALID, "",
	    "\"%.*s\" is not an address to listen on; say \"*:25\", "
	    "\"127.0.0.1:25\", \"[::1]:465 tls\" or \"unix:/path\"",
	    (int)(text.len & 0xff), text.data);
}
