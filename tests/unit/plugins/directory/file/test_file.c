/* SPDX-License-Identifier: ISC */
#include <crypt.h>
#include <string.h>

#include <criterion/criterion.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "password.h"
#include "table.h"

static const uint8_t key[16] = { 7 };
static const uint8_t chance[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static struct ms_str
field(const struct table *t, const char *entry, const char *name)
{
	const struct table_entry *e = table_find(t, key, ms_str_c(entry));

	return e != NULL ? table_field(e, name) : ms_str_of(NULL, 0);
}

Test(table, reads_entries_comments_and_escapes)
{
	struct table *t;

	cr_assert_eq(table_parse(ms_str_c("# users\n\nann@x: a=1; b = two ; c=x%3By%0A\n"
	    "@x:target=ann@x\nempty@x:\n"), "users", key, &t, NULL), MS_OK);
	cr_assert_eq(t->n, 3);
	cr_assert(ms_str_is(field(t, "ann@x", "b"), "two"));
	cr_assert(ms_str_is(field(t, "ann@x", "c"), "x;y\n"));
	cr_assert(ms_str_is(field(t, "@x", "target"), "ann@x"));
	cr_assert_null(field(t, "ann@x", "d").data);
	cr_assert_null(table_find(t, key, ms_str_c("ANN@x")));
	table_free(t);
}

static const struct { const char *text, *wrong; } bad[] = {
	{ "a@x: ok=1\nno colon here\n", "users:2:" }, { "a@x: novalue\n", "users:1:" },
	{ "a@x:\nb@x:\na@x:\n", "users:3:" }, { "a@x: =1\n", "users:1:" },
	{ ": a=1\n", "users:1:" },
};

Test(table, names_the_line_that_is_wrong)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ms_error err = MS_ERROR_INIT;
		struct table *t;

		cr_assert_eq(table_parse(ms_str_c(bad[i].text), "users", key, &t, &err),
		    MS_TEMPFAIL, "%zu", i);
		cr_assert_not_null(strstr(err.text, bad[i].wrong), "%s", err.text);
	}
}

Test(table, goes_on_after_a_key)
{
	struct table *t;

	cr_assert_eq(table_parse(ms_str_c("c:\na:\nb:\n"), "t", key, &t, NULL), MS_OK);
	cr_assert_eq(table_after(t, ms_str_c("")), 0);
	cr_assert_eq(table_after(t, ms_str_c("a")), 1);
	cr_assert_eq(table_after(t, ms_str_c("aa")), 1);
	cr_assert_eq(table_after(t, ms_str_c("c")), 3);
	table_free(t);
}

Test(table, knows_a_domain_in_large_letters)
{
	struct table *t;

	cr_assert_eq(table_parse(ms_str_c("Ann@Example.ORG: a=1\n"), "users", key, &t, NULL),
	    MS_OK);
	cr_assert(ms_str_is(field(t, "Ann@example.org", "a"), "1"));
	table_free(t);
	cr_assert_eq(table_parse(ms_str_c("Example.ORG:\n"), "domains", key, &t, NULL), MS_OK);
	cr_assert_not_null(table_find(t, key, ms_str_c("example.org")));
	table_free(t);
}

Test(table, replaces_one_entry_and_leaves_the_rest_as_it_is)
{
	struct ms_buf b = MS_BUF_MAX(1000);
	struct ms_str text = MS_STR("# mine\n\nbob@x:   a=1 ; \n# of ann\nann@X: a=2\nend@x:");

	table_replace(text, ms_str_c("ann@x"), ms_str_c("ann@x: a=3\n"), &b);
	cr_assert_str_eq(b.data, "# mine\n\nbob@x:   a=1 ; \n# of ann\nann@x: a=3\nend@x:\n");
	ms_buf_reset(&b);
	table_replace(text, ms_str_c("ann@x"), ms_str_of("", 0), &b);
	cr_assert_str_eq(b.data, "# mine\n\nbob@x:   a=1 ; \n# of ann\nend@x:\n");
	ms_buf_reset(&b);
	table_replace(text, ms_str_c("new@x"), ms_str_c("new@x:\n"), &b);
	cr_assert_str_eq(b.data, "# mine\n\nbob@x:   a=1 ; \n# of ann\nann@X: a=2\nend@x:\nnew@x:\n");
	ms_buf_free(&b);
}

Test(password, fits_its_own_yescrypt_hash_alone)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str hash;

	cr_assert_eq(password_hash(a, ms_str_c("secret"), chance, &hash, NULL), MS_OK);
	cr_assert(ms_str_has_prefix(hash, ms_str_c("$y$")));
	cr_assert(password_fits(ms_str_c("secret"), hash));
	cr_assert_not(password_fits(ms_str_c("secrets"), hash));
	cr_assert_not(password_fits(ms_str_c(""), hash));
	cr_assert_not(password_fits(ms_str_c("secret"), ms_str_of(hash.data, hash.len - 1)));
	cr_assert_not(password_fits(ms_str_c("secret"), ms_str_c("")));
	cr_assert_not(password_fits(ms_str_c("secret"), ms_str_c("secret")), "no clear text");
	cr_assert_not(password_fits(ms_str_of("secret\0x", 8), hash));
	ms_arena_free(a);
}

Test(password, reads_bcrypt_and_sha512_crypt)
{
	static const char *const settings[] = { "$2b$05$CCCCCCCCCCCCCCCCCCCCC.",
		"$6$saltsalt$" };

	for (int i = 0; i < 2; i++) {
		const char *hash = crypt("pw", settings[i]);

		cr_assert_not_null(hash);
		cr_assert(password_fits(ms_str_c("pw"), ms_str_c(hash)), "%s", hash);
		cr_assert_not(password_fits(ms_str_c("pW"), ms_str_c(hash)));
	}
}

/* RFC 7677 3.: user "user", password "pencil", 4096 rounds, its salt. */
Test(password, makes_the_scram_keys_of_rfc7677)
{
	static const uint8_t salt[16] = { 0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
		0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81 };
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str keys;

	cr_assert_eq(password_scram(a, ms_str_c("pencil"), 4096, salt, &keys, NULL), MS_OK);
	cr_assert(ms_str_is(keys, "4096:W22ZaJ0SNY7soEsUEjb6gQ==:"
	    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
	    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="), "%.*s", (int)keys.len, keys.data);
	ms_arena_free(a);
}
