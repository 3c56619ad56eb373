/* SPDX-License-Identifier: ISC */
/*
 * test_mime_mime4j.c - messages of Apache James Mime4j's tests
 *
 * N.msg is a message, N_decoded.xml its tree as the events of a parser tell
 * it, with the name of a file that holds the decoded body of each leaf.
 */
#include <criterion/criterion.h>
#include <string.h>

#include <mansio/encode.h>
#include <mansio/str.h>

#include "mime_helper.h"

/* Where we differ, and why. */
enum { SAME, OTHER_BODIES, LONGER_BODY };
static const struct {
	const char *name;
	const char *tree;	/* ours; NULL: as the file says */
	int         bodies;
} exceptions[] = {
	/* RFC 2046 5.2.1 allows message/rfc822 no encoding but 7bit, 8bit and
	   binary; what is in base64 is not taken apart: BODY[1.1] of it would
	   have no octets in the message. */
	{ "bad-newlines-multiple-parts-base64", "L", OTHER_BODIES },
	{ "base64encoded-rfc822message", "L", OTHER_BODIES },
	/* That parser takes a first line that is no field for the body's.  RFC
	   5322 2.1: the body begins behind an empty line.  To see it earlier
	   would move where signatures and other readers see it. */
	{ "malformedHeaderStartsBody-nocrlfcrlf", NULL, OTHER_BODIES },
	{ "malformedHeaderStartsBody-noheader", NULL, OTHER_BODIES },
	/* Base64 that breaks off within four characters: two or three of them
	   hold one or two octets, which that parser drops and we do not. */
	{ "frag", NULL, LONGER_BODY },
	{ "multi-frag", NULL, LONGER_BODY },
};

/* The names of body files in document order, and the tree: L a leaf, M(...) a
   message, P(...) a multipart. */
struct wanted {
	struct ms_buf tree;
	struct ms_str names[64];
	size_t n;
};

static void
add_node(struct ms_buf *tree, const char *node)
{
	if (tree->len > 0 && tree->data[tree->len - 1] != '(')
		ms_buf_add_octet(tree, ',');
	ms_buf_add_c(tree, node);
}

static void
read_xml(struct ms_str xml, struct wanted *w)
{
	static const struct ms_str name_is = MS_STR(" name=\"");
	struct ms_str rest = xml, text, tag;
	unsigned depth = 0;

	/* Only tags matter: in text brackets are written as entities. */
	while (ms_str_split(&rest, '<', &text) && ms_str_split(&rest, '>', &tag)) {
		size_t name = ms_str_find(tag, name_is);

		if (ms_str_is(tag, "message") && depth++ > 0)
			add_node(&w->tree, "M(");
		else if (ms_str_is(tag, "multipart"))
			add_node(&w->tree, "P(");
		else if (ms_str_is(tag, "/multipart"))
			ms_buf_add_octet(&w->tree, ')');
		else if (ms_str_is(tag, "/message") && --depth > 0)
			ms_buf_add_octet(&w->tree, ')');
		else if (name != SIZE_MAX && w->n < N_ELEMENTS(w->names)) {
			add_node(&w->tree, "L");
			tag = ms_str_from(tag, name + name_is.len);
			cr_assert(ms_str_split(&tag, '"', &w->names[w->n]));
			w->n++;
		}
		if (rest.len == 0)
			break;
	}
}

static void
write_tree(const struct ms_mime *m, struct ms_buf *tree)
{
	uint32_t at = 0;

	for (;;) {
		const struct ms_mime_part *p = &m->parts[at];

		add_node(tree, p->is_multipart ? "P(" : p->is_message ? "M(" : "L");
		if (p->first_child != MS_NO_PART) {
			at = p->first_child;
			continue;
		}
		if (p->is_multipart)
			ms_buf_add_octet(tree, ')');
		while (p->next == MS_NO_PART && p->parent != MS_NO_PART) {
			ms_buf_add_octet(tree, ')');
			p = &m->parts[p->parent];
		}
		if (p->next == MS_NO_PART)
			return;
		at = p->next;
	}
}

static unsigned n_bodies;

static void
compare_bodies(struct ms_arena *a, struct ms_str folder, const char *name,
    struct ms_str message, const struct ms_mime *m, const struct wanted *w,
    int bodies)
{
	size_t leaf = 0;

	for (uint32_t i = 0; i < m->n && leaf < w->n; i++) {
		struct ms_str body, wanted;

		if (m->parts[i].is_multipart || m->parts[i].is_message)
			continue;
		wanted = file_read(a, ms_arena_printf(a, "%s/%.*s", folder.data,
		    (int)w->names[leaf].len, w->names[leaf].data).data);
		cr_expect_not_null(wanted.data);
		body = decoded_body(a, message, &m->parts[i]);
		if (bodies == LONGER_BODY && ms_str_has_prefix(body, wanted) &&
		    body.len <= wanted.len + 2)
			body = wanted;
		/* That parser writes line ends as CRLF. */
		cr_expect(ms_str_equal(with_crlf(a, body), with_crlf(a, wanted)),
		    "%s, leaf %zu: %zu octets:\n[%.*s]\nwanted %zu:\n[%.*s]", name, leaf, body.len,
		    (int)body.len, body.data, wanted.len, (int)wanted.len, wanted.data);
		leaf++;
		n_bodies++;
	}
}

static void
compare(struct ms_str folder, const char *name)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str base = ms_str_of(name, strlen(name) - 4), xml, message;
	MS_AUTO_BUF struct ms_buf tree = MS_BUF_MAX(1 << 16);
	struct wanted w = { .tree = MS_BUF_MAX(1 << 16) };
	const struct ms_mime *m;
	int bodies = SAME;

	message = file_read(a, ms_arena_printf(a, "%s/%s", folder.data, name).data);
	xml = file_read(a, ms_arena_printf(a, "%s/%.*s_decoded.xml", folder.data,
	    (int)base.len, base.data).data);
	cr_assert_not_null(message.data);
	cr_assert_not_null(xml.data, "%s", name);
	m = ms_mime_scan(a, message);
	write_tree(m, &tree);
	read_xml(xml, &w);
	for (size_t i = 0; i < N_ELEMENTS(exceptions); i++) {
		if (!ms_str_equal(base, ms_str_c(exceptions[i].name)))
			continue;
		bodies = exceptions[i].bodies;
		if (exceptions[i].tree != NULL) {
			ms_buf_reset(&w.tree);
			ms_buf_add_c(&w.tree, exceptions[i].tree);
		}
	}
	cr_expect_str_eq(tree.data, w.tree.data, "%s: %s, wanted %s", name, tree.data, w.tree.data);
	if (bodies != OTHER_BODIES)
		compare_bodies(a, folder, name, message, m, &w, bodies);
	ms_buf_free(&w.tree);
	ms_arena_free(a);
}

Test(mime4j, takes_messages_apart_as_we_do)
{
	struct ms_arena *a = ms_arena_new(0);
	unsigned n;

	n = folder_visit(testdata_path(a, "mime/mime4j/testmsgs"), ".msg", compare);
	n += folder_visit(testdata_path(a, "mime/mime4j/mimetools-testmsgs"), ".msg", compare);
	cr_assert_geq(n, 48);
	cr_assert_geq(n_bodies, 95);
	ms_arena_free(a);
}
