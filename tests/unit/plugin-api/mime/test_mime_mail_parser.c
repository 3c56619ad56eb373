/* SPDX-License-Identifier: ISC */
/*
 * test_mime_mail_parser.c - messages of Stalwart mail-parser's tests
 *
 * N.eml is a message; N.json what that parser finds in it with LF line ends,
 * N.crlf.json with CRLF.  Compared are the tree, types and parameters, where
 * bodies begin and end, and leaves' bodies after decoding.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

#include <mansio/encode.h>
#include <mansio/str.h>

#include "mime_helper.h"

/* Where we differ, and why. */
static const struct {
	const char *name;
	const char *tree;	/* ours, and nothing else is compared; NULL: as the
				   file says, but bodies are not compared */
} exceptions[] = {
	/* RFC 2046 5.1.2: an outer multipart's boundary is to be recognized at
	   any level of inner nesting.  That parser looks for the innermost. */
	{ "malformed/001.eml", "multipart/mixed(multipart/mixed,text/plain)" },
	{ "malformed/009.eml", "multipart/mixed(multipart/mixed(text/plain,text/plain),text/plain)" },
	{ "malformed/011.eml", "multipart/mixed(multipart/mixed(text/plain,text/plain),text/plain)" },
	{ "malformed/016.eml", "multipart/mixed(multipart/mixed(multipart/mixed(text/plain)),text/plain)" },
	/* The same, where it ends a header as well. */
	{ "thirdparty/015.eml", "multipart/mixed(text/plain,message/rfc822(multipart/alternative),"
	    "message/rfc822(multipart/alternative),message/rfc822(text/plain))" },
	/* A multipart whose header goes over into its first delimiter line, with
	   no empty line between: that line, longer than the outer boundary with
	   which it begins, is the inner multipart's. */
	{ "malformed/007.eml", "multipart/mixed(multipart/mixed(text/plain))" },
	/* Two Content-Type fields, multipart/alternative and text/plain: the
	   first counts, and its boundary does stand in the body. */
	{ "malformed/020.eml", "multipart/related(multipart/alternative(text/html,text/plain),image/png)" },
	/* RFC 2045 6.8: in base64 other characters are ignored.  That parser
	   shows such text as it is. */
	{ "rfc/000.eml", NULL },
	{ "thirdparty/002.eml", NULL },
	/* An octet that is not in the charset is U+FFFD for us. */
	{ "malformed/019.eml", NULL },
	/* RFC 2046 5.1.1: a boundary stands at the beginning of a line, not
	   behind "invalid"; with CRLF this UTF-16 is none any more. */
	{ "thirdparty/005.eml", NULL },
	/* Of two parameters of one name the first counts. */
	{ "thirdparty/010.eml", "multipart/mixed(text/plain)" },
};

struct compared {
	struct ms_arena      *arena;
	const char           *name;
	struct ms_str         message;
	const struct ms_mime *mime;
	bool                  with_bodies;
};

static unsigned n_leaves;

static uint64_t
number_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static struct ms_str
text_of(const json_t *string)
{
	return ms_str_of(json_string_value(string), json_string_length(string));
}

/* The value of a field that is an object: {"ContentType": {...}}. */
static json_t *
field_of(const json_t *part, const char *name)
{
	json_t *field;
	size_t i;

	json_array_foreach(json_object_get(part, "headers"), i, field)
		/* Unknown names are {"other": ...}. */
		if (ms_str_equal(text_of(json_object_get(field, "name")), ms_str_c(name)))
			return json_object_get(json_object_get(field, "value"), "ContentType");
	return NULL;
}

static void
compare_params(const struct compared *c, uint32_t at, const json_t *field,
    const struct ms_params *ours)
{
	json_t *attribute;
	size_t i;

	json_array_foreach(json_object_get(field, "attributes"), i, attribute) {
		struct ms_str name = text_of(json_object_get(attribute, "name"));
		struct ms_str value = text_of(json_object_get(attribute, "value"));
		struct ms_str our = ms_params_get(ours, name.data);

		cr_expect(ms_str_equal(our, value), "%s part %u, %s: [%.*s], wanted [%.*s]",
		    c->name, at, name.data, (int)our.len, our.data, (int)value.len, value.data);
	}
}

static void
compare_fields(const struct compared *c, uint32_t at, const json_t *part)
{
	const struct ms_mime_part *ours = &c->mime->parts[at];
	const json_t *type = field_of(part, "content_type");
	const json_t *disposition = field_of(part, "content_disposition");
	struct ms_str major, minor, both;

	if (type != NULL) {
		major = text_of(json_object_get(type, "c_type"));
		minor = text_of(json_object_get(type, "c_subtype"));
		both = ms_arena_printf(c->arena, "%s/%s", major.data, minor.data);
		cr_expect(ms_str_equal_ci(ours->type.value, both), "%s part %u: %.*s, wanted %s",
		    c->name, at, (int)ours->type.value.len, ours->type.value.data, both.data);
		compare_params(c, at, type, &ours->type);
	}
	if (disposition != NULL)
		compare_params(c, at, disposition, &ours->disposition);
}

/* As UTF-8, by the charset that the part tells. */
static struct ms_str
decoded_text(const struct compared *c, const struct ms_mime_part *part)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1 << 22);
	struct ms_str octets = decoded_body(c->arena, c->message, part);
	struct ms_str charset = ms_params_get(&part->type, "charset");

	if (charset.data != NULL && ms_charset_decode(&out, charset, octets) == MS_OK)
		return ms_arena_str(c->arena, ms_buf_str(&out));
	return ms_utf8_repair(c->arena, octets);
}

static void
compare_leaf(const struct compared *c, uint32_t at, const json_t *part,
    const char *kind, const json_t *content)
{
	const struct ms_mime_part *ours = &c->mime->parts[at];
	struct ms_str wanted, body;
	char *octets;

	n_leaves++;
	cr_expect_eq(ours->body_offset, number_of(part, "offset_body"), "%s part %u: body at %lu, wanted %lu",
	    c->name, at, ours->body_offset, number_of(part, "offset_body"));
	if (!c->with_bodies)
		return;
	cr_expect_eq(ours->body_offset + ours->body_octets, number_of(part, "offset_end"),
	    "%s part %u: end at %lu, wanted %lu", c->name, at,
	    ours->body_offset + ours->body_octets, number_of(part, "offset_end"));
	if (strcmp(kind, "Text") == 0 || strcmp(kind, "Html") == 0) {
		wanted = text_of(content);
		body = decoded_text(c, ours);
	} else {
		octets = ms_arena_alloc(c->arena, json_array_size(content) + 1);
		for (size_t i = 0; i < json_array_size(content); i++)
			octets[i] = (char)json_integer_value(json_array_get(content, i));
		wanted = ms_str_of(octets, json_array_size(content));
		body = decoded_body(c->arena, c->message, ours);
	}
	cr_expect(ms_str_equal(body, wanted), "%s part %u:\n[%.*s] %zu\nwanted\n[%.*s] %zu", c->name, at,
	    (int)body.len, body.data, body.len, (int)wanted.len, wanted.data, wanted.len);
}

static uint32_t
compare_message(const struct compared *c, uint32_t at, const json_t *message);

/* Compares one part; gives the number of the next of the same message. */
static uint32_t
compare_part(const struct compared *c, uint32_t at, const json_t *part)
{
	const struct ms_mime_part *ours = &c->mime->parts[at];
	json_t *body = json_object_get(part, "body");
	const char *kind = json_object_iter_key(json_object_iter(body));
	const json_t *content = json_object_iter_value(json_object_iter(body));

	compare_fields(c, at, part);
	if (strcmp(kind, "Multipart") == 0) {
		cr_expect(ours->is_multipart, "%s part %u is no multipart", c->name, at);
		cr_expect_eq(ours->n_children, json_array_size(content),
		    "%s part %u: %u children, wanted %zu", c->name, at, ours->n_children,
		    json_array_size(content));
		return at + 1;
	}
	if (strcmp(kind, "Message") == 0) {
		cr_expect(ours->is_message, "%s part %u is no message", c->name, at);
		return ours->is_message ? compare_message(c, at + 1, content) : at + 1;
	}
	cr_expect(!ours->is_multipart && !ours->is_message, "%s part %u is no leaf", c->name, at);
	compare_leaf(c, at, part, kind, content);
	return at + 1;
}

/* Its parts stand in the same order; the depth is that of the test data. */
static uint32_t
compare_message(const struct compared *c, uint32_t at, const json_t *message)
{
	json_t *parts = json_object_get(message, "parts"), *part;
	size_t i;

	json_array_foreach(parts, i, part) {
		if (at >= c->mime->n) {
			cr_expect_fail("%s: too few parts", c->name);
			return at;
		}
		at = compare_part(c, at, part);
	}
	return at;
}

static void
compare(struct ms_str folder, const char *name, struct ms_str message,
    const char *suffix)
{
	struct ms_arena *a = ms_arena_new(0);
	struct compared c = { a, NULL, message, ms_mime_scan(a, message), true };
	struct ms_str path = ms_arena_printf(a, "%s/%.*s%s", folder.data,
	    (int)strlen(name) - 4, name, suffix);
	json_error_t error;
	json_t *json = json_load_file(path.data, JSON_ALLOW_NUL, &error);
	uint32_t n;

	c.name = path.data;
	cr_assert_not_null(json, "%s: %s", path.data, error.text);
	for (size_t i = 0; i < N_ELEMENTS(exceptions); i++) {
		struct ms_str tree;

		if (!ms_str_has_suffix(ms_arena_printf(a, "%s/%s", folder.data, name),
		    ms_str_c(exceptions[i].name)))
			continue;
		c.with_bodies = false;
		if (exceptions[i].tree == NULL)
			break;
		tree = tree_text(a, c.mime);
		cr_expect(ms_str_equal(tree, ms_str_c(exceptions[i].tree)), "%s: %s, wanted %s",
		    path.data, tree.data, exceptions[i].tree);
		goto out;
	}
	n = compare_message(&c, 0, json);
	cr_expect_eq(n, c.mime->n, "%s: %u parts, wanted %u (%s)", path.data, c.mime->n, n,
	    tree_text(a, c.mime).data);
out:
	json_decref(json);
	ms_arena_free(a);
}

static void
compare_both(struct ms_str folder, const char *name)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str message = file_read(a, ms_arena_printf(a, "%s/%s", folder.data, name).data);
	char *lf = ms_arena_alloc(a, message.len + 1);
	size_t n = 0;

	cr_assert_not_null(message.data);
	for (size_t i = 0; i < message.len; i++)
		if (message.data[i] != '\r' || i + 1 == message.len || message.data[i + 1] != '\n')
			lf[n++] = message.data[i];
	compare(folder, name, ms_str_of(lf, n), ".json");
	compare(folder, name, with_crlf(a, ms_str_of(lf, n)), ".crlf.json");
	ms_arena_free(a);
}

Test(mail_parser, finds_in_messages_what_we_find)
{
	static const char *const folders[] = { "mime/mail-parser/rfc",
		"mime/mail-parser/malformed", "mime/mail-parser/thirdparty" };
	struct ms_arena *a = ms_arena_new(0);
	unsigned n = 0;

	for (size_t i = 0; i < N_ELEMENTS(folders); i++)
		n += folder_visit(testdata_path(a, folders[i]), ".eml", compare_both);
	cr_assert_geq(n, 32);
	cr_assert_geq(n_leaves, 100);
	ms_arena_free(a);
}
