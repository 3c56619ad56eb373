/* SPDX-License-Identifier: ISC */
/* test_values.c - units, addresses, networks, conditions, similar names */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/str.h>

#include "config/address.h"
#include "config/similar.h"
#include "config/units.h"
#include "config/when.h"

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))

#define INDEXES(table)							\
	static size_t index[N_ELEMENTS(table)];				\
									\
	for (size_t i = 0; i < N_ELEMENTS(table); i++)			\
		index[i] = i;						\
	return cr_make_param_array(size_t, index, N_ELEMENTS(table))

/* ---- units ---- */

static const struct {
	char        type;	/* d, s, i */
	const char *text;
	int64_t     value;
} right_units[] = {
	{ 'd', "30s", 30000000 }, { 'd', "1500ms", 1500000 }, { 'd', "5m", 300000000 },
	{ 'd', "4h", INT64_C(14400000000) }, { 'd', "14d", INT64_C(1209600000000) },
	{ 'd', "2w", INT64_C(1209600000000) }, { 'd', "0", 0 }, { 'd', "0s", 0 },
	{ 's', "512B", 512 }, { 's', "1KiB", 1024 }, { 's', "50MiB", 52428800 },
	{ 's', "10GiB", INT64_C(10737418240) }, { 's', "1TiB", INT64_C(1099511627776) },
	{ 's', "0", 0 }, { 'i', "0", 0 }, { 'i', "200", 200 }, { 'i', "-7", -7 },
	{ 'i', "9223372036854775807", INT64_MAX },
};

ParameterizedTestParameters(units, are_understood)
{
	INDEXES(right_units);
}

ParameterizedTest(size_t *i, units, are_understood)
{
	struct ms_buf why = MS_BUF_MAX(200);
	struct ms_str text = ms_str_c(right_units[*i].text);
	int64_t value = -1;
	const char *wrong = right_units[*i].type == 'd' ? units_duration(text, &value, &why) :
	    right_units[*i].type == 's' ? units_size(text, &value, &why) :
	    units_int(text, &value, &why);

	cr_assert_null(wrong, "%s %s", right_units[*i].text, wrong);
	cr_assert_eq(value, right_units[*i].value, "%s: %lld", right_units[*i].text,
	    (long long)value);
	ms_buf_free(&why);
}

static const struct {
	char        type;
	const char *text, *said;
} wrong_units[] = {
	{ 'd', "30", "write 30s" }, { 'd', "", "begin with a number" },
	{ 'd', "s", "begin with a number" }, { 'd', "1.5h", "fraction" },
	{ 'd', "30sec", "unknown unit \"sec\"" }, { 'd', "-5s", "negative" },
	{ 'd', "10M", "unknown unit" }, { 'd', "1h30m", "unknown unit" },
	{ 'd', "9223372036854775807w", "too large" },
	{ 'd', "99999999999999999999s", "too large" },
	{ 's', "50", "write 50B" }, { 's', "50M", "write 50MiB" },
	{ 's', "50MB", "write 50MiB" }, { 's', "1k", "write 1KiB" },
	{ 's', "9000000000TiB", "too large" }, { 's', "5 MiB", "unknown unit" },
	{ 'i', "5s", "takes no unit" }, { 'i', "five", "begin with a number" },
	{ 'i', "--5", "not a number" }, { 'i', "-", "not a number" },
	{ 'i', "9223372036854775808", "too large" }, { 'i', "0x10", "takes no unit" },
	{ 'r', "200", "COUNT/TIME" }, { 'r', "/m", "whole number" },
	{ 'r', "5/", "time stands after" }, { 'r', "5/10", "time stands after" },
	{ 'r', "5/0m", "time stands after" }, { 'r', "-5/m", "whole number" },
};

ParameterizedTestParameters(units, say_what_is_wrong)
{
	INDEXES(wrong_units);
}

ParameterizedTest(size_t *i, units, say_what_is_wrong)
{
	struct ms_buf why = MS_BUF_MAX(200);
	struct ms_str text = ms_str_c(wrong_units[*i].text);
	int64_t value, span;
	const char *wrong;

	switch (wrong_units[*i].type) {
	case 'd':
		wrong = units_duration(text, &value, &why);
		break;
	case 's':
		wrong = units_size(text, &value, &why);
		break;
	case 'r':
		wrong = units_rate(text, &value, &span, &why);
		break;
	default:
		wrong = units_int(text, &value, &why);
	}
	cr_assert_not_null(wrong, "\"%s\" was taken", wrong_units[*i].text);
	cr_assert_not_null(strstr(wrong, wrong_units[*i].said), "\"%s\" %s",
	    wrong_units[*i].text, wrong);
	ms_buf_free(&why);
}

Test(units, rates_have_a_count_and_a_span)
{
	struct ms_buf why = MS_BUF_MAX(200);
	int64_t count, span;

	cr_assert_null(units_rate(ms_str_c("200/m"), &count, &span, &why));
	cr_assert_eq(count, 200);
	cr_assert_eq(span, 60000000);
	cr_assert_null(units_rate(ms_str_c("5/10m"), &count, &span, &why));
	cr_assert_eq(count, 5);
	cr_assert_eq(span, 600000000);
}

/* ---- addresses ---- */

static const struct {
	const char *text;
	uint32_t    kind;
	uint16_t    port;
	bool        tls;
} right_listeners[] = {
	{ "*:25", LISTEN_ANY, 25, false }, { "*:465 tls", LISTEN_ANY, 465, true },
	{ "192.0.2.1:25", LISTEN_IPV4, 25, false }, { "127.0.0.1:0", LISTEN_IPV4, 0, false },
	{ "[::1]:993  tls", LISTEN_IPV6, 993, true }, { "[2001:db8::1]:25", LISTEN_IPV6, 25, false },
	{ "unix:/run/mansio/lmtp.sock", LISTEN_UNIX, 0, false },
};

ParameterizedTestParameters(listener, is_understood)
{
	INDEXES(right_listeners);
}

ParameterizedTest(size_t *i, listener, is_understood)
{
	struct listen_address a;
	const char *wrong = listen_address_parse(ms_str_c(right_listeners[*i].text), &a);

	cr_assert_null(wrong, "%s %s", right_listeners[*i].text, wrong);
	cr_assert_eq(a.kind, right_listeners[*i].kind);
	cr_assert_eq(a.port, right_listeners[*i].port);
	cr_assert_eq(a.tls, right_listeners[*i].tls);
}

static const char *const wrong_listeners[] = {
	"", "25", ":25", "*", "*:", "*:65536", "*:x", "*:25 ssl", "*:25 tls tls", "localhost:25",
	"::1:25", "[::1]", "[::1]25", "[127.0.0.1]:25", "192.0.2.256:25", "unix:", "unix:run/x",
	"mx.example.org:25", "[fe80::1%eth0]:25",
};

ParameterizedTestParameters(listener, is_refused)
{
	INDEXES(wrong_listeners);
}

ParameterizedTest(size_t *i, listener, is_refused)
{
	struct listen_address a;

	cr_assert_not_null(listen_address_parse(ms_str_c(wrong_listeners[*i]), &a),
	    "\"%s\" was taken", wrong_listeners[*i]);
}

static const struct {
	const char *a, *b;
	bool        clash;
} pairs[] = {
	{ "*:25", "*:25", true }, { "*:25", "*:26", false }, { "*:25", "127.0.0.1:25", true },
	{ "[::1]:25", "*:25", true }, { "127.0.0.1:25", "[::1]:25", false },
	{ "0.0.0.0:25", "127.0.0.1:25", true }, { "0.0.0.0:25", "[::1]:25", false },
	{ "127.0.0.1:25", "127.0.0.2:25", false }, { "*:0", "*:0", false },
	{ "unix:/a", "unix:/a", true }, { "unix:/a", "unix:/b", false },
	{ "unix:/a", "*:0", false }, { "[::]:25", "[::1]:25", true },
};

ParameterizedTestParameters(listener, clashes_as_the_kernel_says)
{
	INDEXES(pairs);
}

ParameterizedTest(size_t *i, listener, clashes_as_the_kernel_says)
{
	struct listen_address a, b;

	cr_assert_null(listen_address_parse(ms_str_c(pairs[*i].a), &a));
	cr_assert_null(listen_address_parse(ms_str_c(pairs[*i].b), &b));
	cr_assert_eq(listen_address_clashes(&a, &b), pairs[*i].clash, "%s %s", pairs[*i].a,
	    pairs[*i].b);
	cr_assert_eq(listen_address_clashes(&b, &a), pairs[*i].clash);
}

Test(network, contains_what_shares_its_prefix)
{
	static const uint8_t ten[4] = { 10, 1, 2, 3 }, eleven[4] = { 11, 1, 2, 3 };
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 10, 1, 2, 3 };
	static const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
	struct network n;

	cr_assert_null(network_parse(ms_str_c("10.0.0.0/8"), &n));
	cr_assert(network_contains(&n, 4, ten));
	cr_assert(network_contains(&n, 6, mapped));
	cr_assert_not(network_contains(&n, 4, eleven));
	cr_assert_not(network_contains(&n, 6, six));
	cr_assert_null(network_parse(ms_str_c("10.0.0.0/15"), &n));
	cr_assert(network_contains(&n, 4, ten));
	cr_assert_null(network_parse(ms_str_c("10.2.0.0/15"), &n));
	cr_assert_not(network_contains(&n, 4, ten));
	cr_assert_null(network_parse(ms_str_c("2001:db8::/32"), &n));
	cr_assert(network_contains(&n, 6, six));
	cr_assert_null(network_parse(ms_str_c("0.0.0.0/0"), &n));
	cr_assert(network_contains(&n, 4, eleven));
}

static const char *const wrong_networks[] = {
	"", "/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.1/8", "2001:db8::/129", "10.0.0/8", "x",
};

ParameterizedTestParameters(network, is_refused)
{
	INDEXES(wrong_networks);
}

ParameterizedTest(size_t *i, network, is_refused)
{
	struct network n;

	cr_assert_not_null(network_parse(ms_str_c(wrong_networks[*i]), &n), "\"%s\"",
	    wrong_networks[*i]);
}

/* ---- conditions ---- */

static const uint8_t client[4] = { 10, 0, 0, 7 };
static const struct when_facts facts = { .size_octets = 10485760, .authenticated = true,
    .client_family = 4, .client = client, .domain = MS_STR("Example.org") };

static const struct {
	const char *text;
	bool        holds;
} conditions[] = {
	{ "size <= 10MiB", true }, { "size < 10MiB", false }, { "size > 10MiB", false },
	{ "size >= 10MiB", true }, { "size = 10MiB", true }, { "size != 10MiB", false },
	{ "not size > 1KiB", false }, { "size<=10MiB", true }, { "authenticated", true },
	{ "not authenticated", false }, { "not not authenticated", true },
	{ "client in 10.0.0.0/8", true }, { "client in 192.0.2.1, 10.0.0.7", true },
	{ "client in 192.0.2.0/24", false }, { "not client in 10.0.0.0/8", false },
	{ "domain = example.org", true }, { "domain = EXAMPLE.ORG", true },
	{ "domain != example.org", false }, { "domain = a.org, example.org", true },
	{ "domain = example.com", false }, { "not domain = example.com", true },
};

ParameterizedTestParameters(condition, holds_or_not)
{
	INDEXES(conditions);
}

ParameterizedTest(size_t *i, condition, holds_or_not)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_buf why = MS_BUF_MAX(200);
	struct when w;
	const char *wrong = when_parse(ms_str_c(conditions[*i].text), arena, &w, &why);

	cr_assert_null(wrong, "%s %s", conditions[*i].text, wrong);
	cr_assert_eq(when_holds(&w, &facts), conditions[*i].holds, "%s",
	    conditions[*i].text);
	ms_arena_free(arena);
}

static const char *const wrong_conditions[] = {
	"", "not", "size", "size 10MiB", "size <= 10", "size <= 10M", "authenticated yes",
	"client 10.0.0.0/8", "client in", "client in x", "client in 10.0.0.0/8,", "domain",
	"domain < a", "domain = ", "domain = a b", "sender = x", "size <= 10MiB and authenticated",
};

ParameterizedTestParameters(condition, is_refused)
{
	INDEXES(wrong_conditions);
}

ParameterizedTest(size_t *i, condition, is_refused)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_buf why = MS_BUF_MAX(200);
	struct when w;

	cr_assert_not_null(when_parse(ms_str_c(wrong_conditions[*i]), arena, &w, &why),
	    "\"%s\" was taken", wrong_conditions[*i]);
	ms_arena_free(arena);
	ms_buf_free(&why);
}

Test(condition, on_the_client_holds_neither_way_without_one)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_buf why = MS_BUF_MAX(200);
	struct when_facts nobody = { .client_family = 0 };
	struct when w;

	cr_assert_null(when_parse(ms_str_c("client in 10.0.0.0/8"), arena, &w, &why));
	cr_assert_not(when_holds(&w, &nobody));
	cr_assert_null(when_parse(ms_str_c("not client in 10.0.0.0/8"), arena, &w, &why));
	cr_assert_not(when_holds(&w, &nobody));
	ms_arena_free(arena);
}

/* ---- did you mean ---- */

static const struct {
	const char *a, *b;
	uint32_t    distance;
} distances[] = {
	{ "on-eror", "on-error", 1 }, { "tiemout", "timeout", 1 }, { "rspmad", "rspamd", 1 },
	{ "max-sise", "max-size", 1 }, { "same", "same", 0 }, { "listen", "lisen", 1 },
	{ "abcd", "dcba", 3 }, { "a", "abcdef", 3 }, { "", "ab", 2 }, { "hotsnmae", "hostname", 2 },
};

ParameterizedTestParameters(similar, counts_edits)
{
	INDEXES(distances);
}

ParameterizedTest(size_t *i, similar, counts_edits)
{
	cr_assert_eq(similar_distance(ms_str_c(distances[*i].a), ms_str_c(distances[*i].b)),
	    distances[*i].distance, "%s %s: %u", distances[*i].a, distances[*i].b,
	    similar_distance(ms_str_c(distances[*i].a), ms_str_c(distances[*i].b)));
	cr_assert_eq(similar_distance(ms_str_c(distances[*i].b), ms_str_c(distances[*i].a)),
	    distances[*i].distance);
}

Test(similar, takes_the_nearest_and_none_that_is_far)
{
	struct similar s = similar_to(ms_str_c("timeot"));

	similar_offer(&s, ms_str_c("time"));
	cr_assert(ms_str_is(s.best, "time"));
	similar_offer(&s, ms_str_c("timeout"));
	similar_offer(&s, ms_str_c("listen"));
	cr_assert(ms_str_is(s.best, "timeout"));
	s = similar_to(ms_str_c("ab"));
	similar_offer(&s, ms_str_c("xy"));
	cr_assert_null(s.best.data);
}
