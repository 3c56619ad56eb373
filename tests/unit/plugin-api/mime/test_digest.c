/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <mansio/digest.h>
#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "mime_helper.h"

#define MESSAGE								\
	"Date: Thu, 15 Feb 2007 01:02:03 +0200\r\n"			\
	"Subject: Re: [list] =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"		\
	"From: =?utf-8?q?=C3=84nn?= <Ann@example.org>, x@y\r\n"		\
	"To: Bob@Example.org\r\nCc: G: carl@example.org;\r\n"		\
	"Message-ID: <3@x>\r\nIn-Reply-To: <2@x>\r\n"			\
	"References: <1@x>\r\n <2@x>\r\n"				\
	"Content-Type: multipart/mixed; boundary=b\r\n\r\n"		\
	"--b\r\n\r\nHello there\r\n--b\r\n"				\
	"Content-Type: application/pdf\r\n\r\nx\r\n--b--\r\n"

static struct ms_digest
digest_of(struct ms_arena *a, struct ms_str message)
{
	struct ms_digest d;

	cr_assert(ms_digest_read(ms_digest_make(a, ms_mime_scan(a, message)), &d));
	return d;
}

static void
expect_text(struct ms_str text, const char *wanted, const char *what)
{
	cr_expect(ms_str_equal(text, ms_str_c(wanted)), "%s: [%.*s], wanted [%s]",
	    what, (int)text.len, text.data, wanted);
}

Test(digest, says_what_was_in_the_message)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_digest d = digest_of(a, ms_str_c(MESSAGE));
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 16);
	const struct ms_mime *m = ms_mime_scan(a, ms_str_c(MESSAGE));

	cr_expect_eq(d.octets, sizeof(MESSAGE) - 1);
	cr_expect_eq(d.header_octets, m->parts[0].header_octets);
	cr_expect_eq(d.sent_us, INT64_C(1171494123000000));
	cr_expect_eq(d.sent_zone, 120);
	expect_text(d.subject, "Re: [list] Gr\xc3\xbc\xc3\x9f" "e", "subject");
	expect_text(d.message_id, "3@x", "message_id");
	expect_text(d.preview, "Hello there", "preview");
	expect_text(d.sort_from, "ann", "sort_from");
	expect_text(d.sort_to, "bob", "sort_to");
	expect_text(d.sort_cc, "g", "sort_cc");	/* ENVELOPE's first address: the group */
	expect_text(d.display_to, "bob@example.org", "display_to");
	cr_expect(ms_str_equal(d.display_from, ms_utf8_fold(a, ms_str_c("\xc3\x84nn"))));
	cr_expect(ms_str_equal(d.base_subject,
	    ms_utf8_fold(a, ms_base_subject(a, d.subject))));
	cr_expect(d.has_attachment);

	ms_imap_envelope(a, m->parts[0].header, &out);
	expect_text(d.envelope, out.data, "envelope");
	ms_buf_reset(&out);
	ms_imap_body_structure(a, m, true, &out);
	expect_text(d.body_structure, out.data, "body_structure");
	ms_buf_reset(&out);
	ms_imap_body_structure(a, m, false, &out);
	expect_text(d.body, out.data, "body");
	ms_arena_free(a);
}

Test(digest, has_empty_texts_for_a_message_without_a_header)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_digest d = digest_of(a, ms_str_c(""));
	uint64_t key;

	cr_expect_eq(d.octets, 0);
	cr_expect_eq(d.sent_us, 0);
	expect_text(d.subject, "", "subject");
	expect_text(d.base_subject, "", "base_subject");
	expect_text(d.message_id, "", "message_id");
	expect_text(d.sort_from, "", "sort_from");
	expect_text(d.display_from, "", "display_from");
	expect_text(d.envelope, "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)", "envelope");
	cr_expect(ms_digest_thread_key(&d, 0, &key) && key == 0);
	cr_expect_not(ms_digest_thread_key(&d, 1, &key));
	cr_expect_not(d.has_attachment);
	ms_arena_free(a);
}

/* clang-format off */
static const struct {
	const char *from;	/* the field's value */
	const char *sort, *display;
} names[] = {
	{ "Ann B <ann@x>", "ann", "ann b" },
	{ "ann@x (Ann B)", "ann", "ann b" },
	{ "\"\" <Ann@X>", "ann", "ann@x" },
	{ "d", "d", "d" },
	{ "=?iso-8859-1?q?foo_aar?= <e@f.g>", "e", "foo aar" },
	{ "List: a@b;", "list", "list" },
	{ "", "", "" },
};
/* clang-format on */

Test(digest, has_the_keys_of_rfc5256_and_rfc5957)
{
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		struct ms_arena *a = ms_arena_new(0);
		struct ms_digest d = digest_of(a, ms_arena_printf(a, "From: %s\r\n\r\n", names[i].from));

		expect_text(d.sort_from, names[i].sort, names[i].from);
		expect_text(d.display_from, names[i].display, names[i].from);
		ms_arena_free(a);
	}
}

static uint64_t
key_of(const struct ms_digest *d, uint32_t i)
{
	uint64_t key;

	cr_assert(ms_digest_thread_key(d, i, &key), "%u", i);
	return key;
}

Test(thread_keys, are_the_own_id_and_then_the_references)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_digest first = digest_of(a, ms_str_c("Message-ID: <1@x>\r\n\r\n"));
	struct ms_digest second = digest_of(a, ms_str_c("Message-ID: <2@x>\r\nIn-Reply-To: your mail <1@x> <9@x>\r\n\r\n"));
	struct ms_digest third = digest_of(a, ms_str_c("References: <1@x> <2@x>\r\nIn-Reply-To: <9@x>\r\n\r\n"));

	cr_assert_eq(first.thread_keys.len, 8);
	cr_assert_eq(second.thread_keys.len, 16);	/* RFC 5256 2.2: the first of In-Reply-To */
	cr_assert_eq(third.thread_keys.len, 24);	/* and none of it if there are References */
	cr_assert_eq(key_of(&second, 1), key_of(&first, 0));
	cr_assert_eq(key_of(&third, 0), 0);
	cr_assert_eq(key_of(&third, 1), key_of(&first, 0));
	cr_assert_eq(key_of(&third, 2), key_of(&second, 0));
	cr_assert_neq(key_of(&first, 0), key_of(&second, 0));
	ms_arena_free(a);
}

Test(thread_keys, do_not_look_at_quotes)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_digest plain = digest_of(a, ms_str_c("Message-ID: <01KF8@x>\r\n\r\n"));
	struct ms_digest quoted = digest_of(a, ms_str_c("Message-ID: <\"01\\KF8\"@x>\r\n\r\n"));

	cr_assert_eq(key_of(&plain, 0), key_of(&quoted, 0));
	ms_arena_free(a);
}

Test(thread_keys, stay_the_same_on_disk)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_digest d = digest_of(a, ms_str_c("Message-ID: <1@x>\r\n\r\n"));

	cr_assert_eq(key_of(&d, 0), UINT64_C(0x37f96032bbd654d2), "%lx", key_of(&d, 0));
	ms_arena_free(a);
}

Test(thread_keys, of_too_many_are_the_first_and_the_last_ones)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 16);
	struct ms_digest all, one;

	ms_buf_add_c(&b, "Message-ID: <own@x>\r\nReferences:");
	for (unsigned i = 0; i < 300; i++)
		ms_buf_addf(&b, "\r\n <%u@x>", i);
	ms_buf_add_c(&b, "\r\n\r\n");
	all = digest_of(a, ms_buf_str(&b));
	cr_assert_eq(all.thread_keys.len, 100 * 8);
	one = digest_of(a, ms_str_c("References: <0@x> <202@x> <299@x>\r\n\r\n"));
	cr_assert_eq(key_of(&all, 1), key_of(&one, 1));
	cr_assert_eq(key_of(&all, 2), key_of(&one, 2));
	cr_assert_eq(key_of(&all, 99), key_of(&one, 3));
	ms_arena_free(a);
}

/* clang-format off */
#define MULTI(subtype)	"Content-Type: multipart/" subtype "; boundary=b\r\n\r\n"
#define PART(fields)	"--b\r\n" fields "\r\nx\r\n"
#define TEXT		PART("Content-Type: text/plain\r\n")
#define HTML		PART("Content-Type: text/html\r\n")

static const struct {
	const char *name, *message;
	bool        has_attachment;
} attachments[] = {
	{ "text", "\r\nx", false },
	{ "two forms of it", MULTI("alternative") TEXT HTML "--b--", false },
	{ "a file", MULTI("mixed") TEXT PART("Content-Type: application/pdf\r\n") "--b--", true },
	{ "a file that is the message", "Content-Type: application/pdf\r\n\r\nx", true },
	{ "a file to be shown", MULTI("mixed") TEXT PART("Content-Type: application/pdf\r\nContent-Disposition: inline\r\n") "--b--", false },
	{ "text to be saved", MULTI("mixed") TEXT PART("Content-Disposition: attachment\r\n") "--b--", true },
	{ "text with a name", MULTI("mixed") TEXT PART("Content-Type: text/plain; name=x\r\n") "--b--", true },
	{ "more text", MULTI("mixed") TEXT TEXT "--b--", false },
	{ "a picture in HTML", MULTI("related") HTML PART("Content-Type: image/png; name=x\r\nContent-ID: <x>\r\n") "--b--", false },
	{ "a picture with a name", MULTI("mixed") TEXT PART("Content-Type: image/png; name=x\r\n") "--b--", true },
	{ "a picture without", MULTI("mixed") TEXT PART("Content-Type: image/png\r\n") "--b--", false },
	{ "a signature", MULTI("signed") TEXT PART("Content-Type: application/pgp-signature; name=signature.asc\r\n") "--b--", false },
	{ "a message", MULTI("mixed") TEXT PART("Content-Type: message/rfc822\r\n") "--b--", true },
	{ "what a shown message has", MULTI("mixed") TEXT "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n"
	    "Content-Type: application/pdf\r\n\r\nx\r\n" TEXT "--b--", false },
	{ "what stands behind one", MULTI("mixed") TEXT "--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: inline\r\n\r\n"
	    "Content-Type: application/pdf\r\n\r\nx\r\n" PART("Content-Type: a/b\r\n") "--b--", true },
	{ "a calendar", MULTI("mixed") TEXT PART("Content-Type: text/calendar\r\n") "--b--", true },
};
/* clang-format on */

Test(digest, knows_attachments)
{
	for (size_t i = 0; i < N_ELEMENTS(attachments); i++) {
		struct ms_arena *a = ms_arena_new(0);

		cr_expect_eq(digest_of(a, ms_str_c(attachments[i].message)).has_attachment,
		    attachments[i].has_attachment, "%s", attachments[i].name);
		ms_arena_free(a);
	}
}

/* Each part by its number: what the tree says, the packed table says. */
static void
expect_same_parts(struct ms_arena *a, struct ms_str message)
{
	const struct ms_mime *m = ms_mime_scan(a, message);
	struct ms_digest d = digest_of(a, message);
	uint32_t numbers[2 * MS_MAX_MIME_DEPTH];

	for (uint32_t i = 0; i < m->n; i++) {
		struct ms_digest_part part;
		const struct ms_mime_part *p = &m->parts[i];
		size_t n = 0;

		/* From the part up: a message's child that is no multipart is part 1. */
		for (uint32_t q = i; q != MS_NO_PART; q = m->parts[q].parent) {
			const struct ms_mime_part *up = m->parts[q].parent != MS_NO_PART ?
			    &m->parts[m->parts[q].parent] : NULL;

			if ((up != NULL && up->is_multipart) || !m->parts[q].is_multipart)
				numbers[n++] = m->parts[q].number;
		}
		for (size_t j = 0; j < n / 2; j++) {
			uint32_t t = numbers[j];

			numbers[j] = numbers[n - 1 - j];
			numbers[n - 1 - j] = t;
		}
		if (p->is_multipart && (i == 0 || m->parts[p->parent].is_message))
			continue;	/* has no number */
		cr_assert_eq(ms_mime_find(m, numbers, n), i);
		cr_assert_eq(ms_digest_find(&d, numbers, n, &part), MS_OK);
		cr_assert_eq(part.header_offset, p->header_offset);
		cr_assert_eq(part.header_octets, p->header_octets);
		cr_assert_eq(part.body_offset, p->body_offset);
		cr_assert_eq(part.body_octets, p->body_octets);
		cr_assert_eq(part.cte, p->cte);
		cr_assert_eq(part.is_message, p->is_message);
		cr_assert_eq(part.is_multipart, p->is_multipart);
		cr_assert_eq(part.is_text, ms_str_has_prefix(p->type.value, ms_str_c("text/")));
		if (p->is_message) {
			const struct ms_mime_part *inner = &m->parts[p->first_child];

			cr_assert_eq(part.inner_header_offset, inner->header_offset);
			cr_assert_eq(part.inner_header_octets, inner->header_octets);
			cr_assert_eq(part.inner_body_offset, inner->body_offset);
			cr_assert_eq(part.inner_body_octets, inner->body_octets);
		}
	}
}

static void
check_file(struct ms_str folder, const char *name)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str message = file_read(a, ms_arena_printf(a, "%s/%s", folder.data, name).data);

	cr_assert_not_null(message.data);
	expect_same_parts(a, message);
	ms_arena_free(a);
}

Test(digest_find, finds_what_the_tree_has)
{
	struct ms_arena *a = ms_arena_new(0);
	unsigned n;

	n = folder_visit(testdata_path(a, "mime/mime4j/testmsgs"), ".msg", check_file);
	n += folder_visit(testdata_path(a, "mime/mime4j/mimetools-testmsgs"), ".msg", check_file);
	n += folder_visit(testdata_path(a, "mime/mail-parser/thirdparty"), ".eml", check_file);
	cr_assert_geq(n, 55);
	ms_arena_free(a);
}

Test(digest_find, knows_the_whole_message_and_no_other_numbers)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_digest d = digest_of(a, ms_str_c(MESSAGE));
	struct ms_digest_part part;
	uint32_t zero = 0, three = 3, deep[] = { 1, 1 };

	cr_assert_eq(ms_digest_find(&d, NULL, 0, &part), MS_OK);
	cr_assert_eq(part.header_octets + part.body_octets, d.octets);
	cr_assert(part.is_multipart);
	cr_assert_eq(ms_digest_find(&d, &zero, 1, &part), MS_NOTFOUND);
	cr_assert_eq(ms_digest_find(&d, &three, 1, &part), MS_NOTFOUND);
	cr_assert_eq(ms_digest_find(&d, deep, 2, &part), MS_NOTFOUND);
	ms_arena_free(a);
}

Test(digest, leaves_out_what_does_not_fit)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	struct ms_digest d;
	struct ms_digest_part part;
	struct ms_str octets;
	unsigned n_all = 0, n_imap = 0, n_none = 0;

	/* With ever more parts first their table goes, then all IMAP needs. */
	ms_buf_add_c(&b, "Subject: x\r\n" MULTI("mixed"));
	for (unsigned i = 0; i < 900; i++) {
		bool has_imap, has_parts;

		ms_buf_add_c(&b, "--b\r\n\r\n");
		if (i < 300)
			continue;
		ms_arena_reset(a);
		octets = ms_digest_make(a, ms_mime_scan(a, ms_buf_str(&b)));
		cr_assert_leq(octets.len, MS_MAX_DIGEST);
		cr_assert(ms_digest_read(octets, &d));
		has_imap = d.envelope.data != NULL;
		has_parts = d.parts.data != NULL;
		cr_assert_eq(has_imap, d.body_structure.data != NULL && d.body.data != NULL);
		cr_assert(has_imap || !has_parts);
		cr_assert_eq(ms_digest_find(&d, NULL, 0, &part), has_parts ? MS_OK : MS_UNSUPPORTED);
		expect_text(d.subject, "x", "subject");
		n_all += has_parts;
		n_imap += has_imap && !has_parts;
		n_none += !has_imap;
	}
	cr_assert_gt(n_all, 10);
	cr_assert_gt(n_imap, 10);
	cr_assert_gt(n_none, 10);
	ms_arena_free(a);
}

Test(digest, stays_small_for_a_hostile_header)
{
	struct ms_arena *a = ms_arena_new(0);
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1 << 20);
	static const char *const fields[] = { "Subject: ", "From: ", "To: ", "Cc: ", "Message-ID: <", "References: <" };
	struct ms_digest d;
	struct ms_str octets;

	for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
		ms_buf_add_c(&b, fields[i]);
		for (unsigned j = 0; j < 15000; j++)
			ms_buf_add_c(&b, "\xc3\xa4");
		ms_buf_add_c(&b, ">\r\n");
	}
	octets = ms_digest_make(a, ms_mime_scan(a, ms_buf_str(&b)));
	cr_assert_leq(octets.len, MS_MAX_DIGEST);
	cr_assert(ms_digest_read(octets, &d));
	cr_expect_eq(d.subject.len, 4096);
	cr_expect(ms_utf8_is_valid(d.subject, true));
	cr_expect(ms_utf8_is_valid(d.base_subject, true));
	cr_expect(ms_utf8_is_valid(d.sort_from, true));
	expect_text(d.message_id, "", "message_id");
	ms_arena_free(a);
}

Test(digest, is_none_if_it_is_damaged)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str octets = ms_digest_make(a, ms_mime_scan(a, ms_str_c(MESSAGE)));
	char *copy = ms_arena_alloc(a, octets.len + 1);
	struct ms_digest d;

	memcpy(copy, octets.data, octets.len);
	cr_assert(ms_digest_read(ms_str_of(copy, octets.len), &d));
	for (size_t n = 0; n < octets.len; n++)
		cr_expect_not(ms_digest_read(ms_str_of(copy, n), &d), "%zu", n);
	cr_expect_not(ms_digest_read(ms_str_of(copy, octets.len + 1), &d));
	copy[0] = MS_DIGEST_VERSION + 1;
	cr_expect_not(ms_digest_read(ms_str_of(copy, octets.len), &d));
	copy[0] = MS_DIGEST_VERSION;
	copy[1] |= 64;
	cr_expect_not(ms_digest_read(ms_str_of(copy, octets.len), &d));
	ms_arena_free(a);
}
