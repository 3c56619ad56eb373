/* SPDX-License-Identifier: ISC */
/*
 * The isemail suite (testdata/address): which strings are addresses.  What
 * must be refused is refused by the parsers of the envelope; what is fit for
 * SMTP they take; what is fit for header fields alone is found there.
 */
#include <mansio/address.h>

#include <stdio.h>
#include <stdlib.h>

#include "text.h"

#define MAX_FILE (1 << 20)

enum want { REFUSED, ENVELOPE, FIELD };

/* Where the suite and the RFCs differ, with the rule that decides.  None do
   among the cases at hand. */
static const struct {
	const char *id, *rule;
	enum want   want;
} exceptions[] = {
	{ NULL, NULL, REFUSED },	/* the end */
};

struct test_case {
	char   id[16], category[64];
	char   address[1024];
	size_t len;
};

/* Text of the element in the test, entities kept; false: not there. */
static bool
element(struct ms_str test, const char *name, struct ms_str *out)
{
	char open[64], close[64];
	size_t from, to;

	snprintf(open, sizeof(open), "<%s>", name);
	snprintf(close, sizeof(close), "</%s>", name);
	from = ms_str_find(test, ms_str_c(open));
	if (from == SIZE_MAX)
		return false;
	test = ms_str_from(test, from + strlen(open));
	to = ms_str_find(test, ms_str_c(close));
	if (to == SIZE_MAX)
		return false;
	*out = ms_str_sub(test, 0, to);
	return true;
}

/* Entities, and U+2400 to U+2421, which stand for control characters. */
static void
decode(struct ms_str s, struct test_case *t)
{
	static const struct { const char *name; char c; } entities[] = {
		{ "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&amp;", '&' },
		{ "&apos;", '\'' },
	};

	while (s.len > 0 && t->len < sizeof(t->address)) {
		size_t used = 1;
		char c = s.data[0];

		for (size_t i = 0; i < N_ELEMENTS(entities); i++)
			if (ms_str_has_prefix(s, ms_str_c(entities[i].name))) {
				c = entities[i].c;
				used = strlen(entities[i].name);
			}
		if (ms_str_has_prefix(s, LIT("&#"))) {
			long code = s.data[2] == 'x' ? strtol(s.data + 3, NULL, 16) :
			    strtol(s.data + 2, NULL, 10);

			c = code == 0x2421 ? 0x7f : (char)(code >= 0x2400 ? code - 0x2400 : code);
			used = ms_str_find_octet(s, ';') + 1;
		} else if (ms_str_has_prefix(s, LIT("\xe2\x90"))) {
			c = s.data[2] == '\xa1' ? 0x7f : (char)(s.data[2] & 0x3f);
			used = 3;
		}
		t->address[t->len++] = c;
		s = ms_str_from(s, used);
	}
}

static bool
next_case(struct ms_str *rest, struct test_case *t)
{
	size_t from = ms_str_find(*rest, LIT("<test id=\"")), end;
	struct ms_str test, text;

	memset(t, 0, sizeof(*t));
	if (from == SIZE_MAX)
		return false;
	test = ms_str_from(*rest, from + 10);
	end = ms_str_find(test, LIT("</test>"));
	if (end == SIZE_MAX)
		return false;
	*rest = ms_str_from(test, end);
	test = ms_str_sub(test, 0, end);
	text = ms_str_sub(test, 0, ms_str_find_octet(test, '"'));
	snprintf(t->id, sizeof(t->id), "%.*s", (int)text.len, text.data);
	cr_assert(element(test, "category", &text), "test %s", t->id);
	snprintf(t->category, sizeof(t->category), "%.*s", (int)text.len, text.data);
	if (element(test, "address", &text))
		decode(text, t);
	return true;
}

static enum want
wanted(const struct test_case *t)
{
	static const char *const envelope[] = {
		"ISEMAIL_VALID_CATEGORY", "ISEMAIL_RFC5321", "ISEMAIL_DNSWARN",
	};

	for (size_t i = 0; exceptions[i].id != NULL; i++)
		if (strcmp(exceptions[i].id, t->id) == 0)
			return exceptions[i].want;
	for (size_t i = 0; i < N_ELEMENTS(envelope); i++)
		if (strcmp(envelope[i], t->category) == 0)
			return ENVELOPE;
	return strcmp(t->category, "ISEMAIL_ERR") == 0 ? REFUSED : FIELD;
}

static bool
is_mailbox(struct ms_str s)
{
	struct ms_path p;

	return ms_mailbox_parse(s, MS_PATH_UTF8, &p, NULL) == MS_OK;
}

static bool
is_path(struct ms_str s)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(2000);
	struct ms_path p;
	size_t used;

	ms_buf_add_octet(&b, '<');
	ms_buf_add(&b, s);
	ms_buf_add_octet(&b, '>');
	return ms_path_parse(ms_buf_str(&b), MS_PATH_UTF8, &p, &used, NULL) == MS_OK &&
	    used == b.len;
}

static bool
is_one_of_a_field(struct ms_str s)
{
	struct ms_arena *a = ms_arena_new(0);
	const struct ms_address *list;
	size_t n;
	bool is_one;

	ms_addresses_parse(a, s, &list, &n);
	is_one = n == 1 && list[0].kind == MS_ADDRESS_MAILBOX && list[0].local.data != NULL &&
	    list[0].domain.len > 0;
	ms_arena_free(a);
	return is_one;
}

Test(address_suite, is_followed)
{
	static char file[MAX_FILE];
	const char *dir = getenv("MANSIO_TESTDATA");
	struct test_case t;
	struct ms_str rest;
	char path[4096];
	size_t n = 0;
	FILE *f;

	if (dir == NULL)
		cr_skip("no MANSIO_TESTDATA");
	snprintf(path, sizeof(path), "%s/address/tests.xml", dir);
	f = fopen(path, "rb");
	if (f == NULL)
		cr_skip("no address suite");
	rest = ms_str_of(file, fread(file, 1, sizeof(file), f));
	fclose(f);
	for (; next_case(&rest, &t); n++) {
		struct ms_str s = ms_str_of(t.address, t.len);
		enum want want = wanted(&t);

		cr_expect_eq(is_mailbox(s), want == ENVELOPE, "test %s: \"%s\" is %s", t.id,
		    t.address, t.category);
		cr_expect_eq(is_path(s), want == ENVELOPE, "test %s: \"<%s>\" is %s", t.id,
		    t.address, t.category);
		if (want != REFUSED)
			cr_expect(is_one_of_a_field(s), "test %s: \"%s\" is %s", t.id,
			    t.address, t.category);
	}
	cr_expect_geq(n, 50, "only %zu cases were read", n);
}
