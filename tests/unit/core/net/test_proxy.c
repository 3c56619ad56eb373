/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "net/endpoint.h"
#include "net/proxy.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define SIG "\r\n\r\n\0\r\nQUIT\n"
#define TEXT(s) (s), sizeof(s) - 1

static const struct {
	const char *in;
	size_t      len;
	int         how;
	const char *client;	/* "" none */
	unsigned    port;
} headers[] = {
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 25\r\n"), PROXY_WHOLE,
	    "192.0.2.1", 5000 },
	{ TEXT("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n"), PROXY_WHOLE,
	    "2001:db8::1", 1 },
	{ TEXT("PROXY UNKNOWN\r\n"), PROXY_WHOLE, "", 0 },
	{ TEXT("PROXY UNKNOWN ffff:f...f:ffff what 1 2\r\n"), PROXY_WHOLE, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 25"), PROXY_MORE, "", 0 },
	{ TEXT("PROX"), PROXY_MORE, "", 0 },
	{ TEXT(""), PROXY_MORE, "", 0 },
	{ TEXT("EHLO a\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 25\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 5000\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 5000 25 \r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 ::1 ::1 1 25\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP6 192.0.2.1 192.0.2.2 1 25\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 25\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY TCP4 192.0.2.1  192.0.2.2 1 25\r\n"), PROXY_BAD, "", 0 },
	{ TEXT("PROXY \r\n"), PROXY_BAD, "", 0 },
	{ TEXT(SIG "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x13\x88\0\x19"), PROXY_WHOLE,
	    "192.0.2.1", 5000 },
	{ TEXT(SIG "\x21\x21\0\x24" "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
	    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13\x88\0\x19"), PROXY_WHOLE,
	    "2001:db8::1", 5000 },
	{ TEXT(SIG "\x20\0\0\0"), PROXY_WHOLE, "", 0 },
	{ TEXT(SIG "\x21\x11\0\x0f\xc0\0\2\1\xc0\0\2\2\x13\x88\0\x19\4\0\0"),
	    PROXY_WHOLE, "192.0.2.1", 5000 },
	{ TEXT(SIG "\x21\x31\0\1x"), PROXY_WHOLE, "", 0 },
	{ TEXT(SIG "\x21\x11\0\x0b\xc0\0\2\1\xc0\0\2\2\x13\x88\0"), PROXY_BAD, "", 0 },
	{ TEXT(SIG "\x22\x11\0\x0c"), PROXY_BAD, "", 0 },
	{ TEXT(SIG "\x11\x11\0\x0c"), PROXY_BAD, "", 0 },
	{ TEXT(SIG "\x21\x11\xff\xff"), PROXY_BAD, "", 0 },
	{ TEXT(SIG "\x21\x11\0\x0c\xc0"), PROXY_MORE, "", 0 },
	{ TEXT(SIG), PROXY_MORE, "", 0 },
	{ TEXT("\r\n\r\nQUIT"), PROXY_BAD, "", 0 },
};

ParameterizedTestParameters(proxy, header_is_read)
{
	static size_t index[N_ELEMENTS(headers)];

	for (size_t i = 0; i < N_ELEMENTS(headers); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(headers));
}

ParameterizedTest(size_t *i, proxy, header_is_read)
{
	struct proxy_header h;
	char client[ENDPOINT_TEXT] = "";
	int how = proxy_parse(ms_str_of(headers[*i].in, headers[*i].len), &h);

	cr_assert_eq(how, headers[*i].how, "header %zu gives %d", *i, how);
	if (how != PROXY_WHOLE)
		return;
	cr_assert_eq(h.octets, headers[*i].len);
	if (h.has_client)
		endpoint_print(h.client, client);
	cr_assert_str_eq(client, headers[*i].client);
	cr_assert_eq(h.client_port, headers[*i].port);
}

Test(proxy, line_without_an_end_is_bad_at_107_octets)
{
	char in[PROXY_MAX_V1];
	struct proxy_header h;

	memset(in, 'x', sizeof(in));
	memcpy(in, "PROXY UNKNOWN ", 14);
	cr_assert_eq(proxy_parse(ms_str_of(in, 106), &h), PROXY_MORE);
	cr_assert_eq(proxy_parse(ms_str_of(in, 107), &h), PROXY_BAD);
}

/* Reads as a session does: peeks, and takes only what surely belongs to the
   header.  Nothing of what follows may be taken, however it comes. */
static void
read_stepwise(const char *stream, size_t n, size_t header, size_t at_once)
{
	char come[PROXY_MAX_V2 + 16];
	size_t has = 0, at = 0;
	struct proxy_header h;
	int how;

	while ((how = proxy_parse(ms_str_of(come, has), &h)) == PROXY_MORE) {
		size_t want = proxy_more(come, has, NULL, 0);
		size_t there = n - at < at_once ? n - at : at_once;

		cr_assert_gt(want, 0);
		if (there > want)
			there = want;
		if (there > PROXY_MAX_V1)
			there = PROXY_MAX_V1;
		want = proxy_more(come, has, stream + at, there);
		cr_assert_gt(want, 0);
		if (want > there)
			want = there;
		memcpy(come + has, stream + at, want);
		has += want;
		at += want;
		cr_assert_leq(at, header, "too much was taken");
	}
	cr_assert_eq(how, PROXY_WHOLE);
	cr_assert_eq(at, header);
}

Test(proxy, header_is_taken_without_an_octet_of_what_follows)
{
	for (size_t i = 0; i < N_ELEMENTS(headers); i++) {
		char stream[300];
		size_t n = headers[i].len;

		if (headers[i].how != PROXY_WHOLE)
			continue;
		memcpy(stream, headers[i].in, n);
		memcpy(stream + n, "\x16\3\1\nEHLO\r\n", 10);
		for (size_t at_once = 1; at_once < 120; at_once++)
			read_stepwise(stream, n + 10, n, at_once);
	}
}
