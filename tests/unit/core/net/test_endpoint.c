/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/str.h>

#include "net/endpoint.h"
#include "net/net.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *network, *address;
	bool        has;
} networks[] = {
	{ "10.0.0.0/8", "10.255.0.1", true },
	{ "10.0.0.0/8", "11.0.0.1", false },
	{ "127.0.0.1", "127.0.0.1", true },
	{ "127.0.0.1", "127.0.0.2", false },
	{ "0.0.0.0/0", "192.0.2.1", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::/0", "192.0.2.1", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "192.0.2.128/25", "192.0.2.128", true },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "::ffff:10.0.0.0/104", "10.1.2.3", true },
};

ParameterizedTestParameters(network, has_what_its_prefix_says)
{
	static size_t index[N_ELEMENTS(networks)];

	for (size_t i = 0; i < N_ELEMENTS(networks); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(networks));
}

ParameterizedTest(size_t *i, network, has_what_its_prefix_says)
{
	struct network n;
	uint8_t address[16];

	cr_assert_eq(network_parse(ms_str_c(networks[*i].network), &n), NULL);
	cr_assert(net_address_parse(ms_str_c(networks[*i].address), address));
	cr_assert_eq(network_contains(&n, 6, address), networks[*i].has, "%s in %s",
	    networks[*i].address, networks[*i].network);
}

Test(network, refuses_what_is_none)
{
	static const char *const bad[] = { "", "/8", "10.0.0.0/", "10.0.0.0/33",
	    "10.0.0.0/-1", "::/129", "localhost", "10.0.0", "10.0.0.0/8/8",
	    "10.0.0.256", "10.1.2.3/8", ":::", "1:2:3:4:5:6:7:8:9" };
	struct network n;

	for (size_t i = 0; i < N_ELEMENTS(bad); i++)
		cr_assert_neq(network_parse(ms_str_c(bad[i]), &n), NULL, "%s", bad[i]);
}

static const struct {
	const char *text;
	int         family;	/* 0: refused */
	unsigned    port;
	bool        tls, any;
} endpoints[] = {
	{ "*:25", AF_INET6, 25, false, true },
	{ "*:465 tls", AF_INET6, 465, true, true },
	{ "[::1]:25", AF_INET6, 25, false, false },
	{ "127.0.0.1:0", AF_INET, 0, false, false },
	{ "127.0.0.1:993  tls", AF_INET, 993, true, false },
	{ "unix:/run/lmtp", AF_UNIX, 0, false, false },
	{ "::1:25", 0, 0, false, false },
	{ "127.0.0.1", 0, 0, false, false },
	{ "127.0.0.1:65536", 0, 0, false, false },
	{ "127.0.0.1:25 ssl", 0, 0, false, false },
	{ "[127.0.0.1]:25", 0, 0, false, false },
	{ "localhost:25", 0, 0, false, false },
	{ "unix:relative", 0, 0, false, false },
	{ "unix:", 0, 0, false, false },
	{ ":25", 0, 0, false, false },
	{ "*", 0, 0, false, false },
	{ "", 0, 0, false, false },
};

ParameterizedTestParameters(endpoint, is_read_as_the_config_says_it)
{
	static size_t index[N_ELEMENTS(endpoints)];

	for (size_t i = 0; i < N_ELEMENTS(endpoints); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(endpoints));
}

ParameterizedTest(size_t *i, endpoint, is_read_as_the_config_says_it)
{
	struct endpoint e;
	ms_status st = endpoint_parse(ms_str_c(endpoints[*i].text), &e, NULL);

	if (endpoints[*i].family == 0) {
		cr_assert_eq(st, MS_INVALID, "%s", endpoints[*i].text);
		return;
	}
	cr_assert_eq(st, MS_OK, "%s", endpoints[*i].text);
	if (endpoints[*i].family == AF_UNIX)
		cr_assert_str_eq(e.path, "/run/lmtp");
	else
		cr_assert_eq(e.address.ss_family, endpoints[*i].family);
	cr_assert_eq(e.port, endpoints[*i].port);
	cr_assert_eq(e.tls, endpoints[*i].tls);
	cr_assert_eq(e.any, endpoints[*i].any);
}
