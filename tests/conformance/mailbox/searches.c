/* SPDX-License-Identifier: ISC */
/* searches.c - what search() says for sure must be so, and what it leaves out not */
#include "suite.h"

/* "sure/maybe"; "unsupported". */
static const char *
search(struct suite *s, const struct ms_term *terms, size_t n)
{
	struct ms_found out = { .size = sizeof(out) };
	struct ms_error err = MS_ERROR_INIT;
	ms_status st = s->table->search(s->self, suite_scope(s), s->account, &s->inbox, terms, n,
	    &out, &err);

	if (st != MS_OK)
		return ms_status_name(st);
	EXPECT_NUMBER(s, out.modseq, suite_status(s, &s->inbox).modseq);
	return suite_printf(s, "%s/%s", suite_uids_text(s, out.sure),
	    suite_uids_text(s, out.maybe));
}

static void
all_uids(struct suite *s)
{
	EXPECT_TEXT(s, search(s, NULL, 0), "/");
	for (int i = 0; i < 300; i++)
		suite_append(s, &s->inbox, "x", 0);
	EXPECT_TEXT(s, search(s, NULL, 0), "1:300/");
	suite_expunge(s, &s->inbox, "1,100:150,300");
	EXPECT_TEXT(s, search(s, NULL, 0), "2:99,151:299/");
}

/* A backend may know nothing about terms; what it claims is checked. */
static void
expect(struct suite *s, int line, const struct ms_term *terms, size_t n, const char *should)
{
	const char *is = search(s, terms, n);

	if (strcmp(is, "UNSUPPORTED") != 0 && strcmp(is, should) != 0)
		suite_fail(s, __FILE__, line, "found \"%s\", not \"%s\"", is, should);
}
#define FINDS(should, ...)						\
	do {								\
		const struct ms_term terms[] = { __VA_ARGS__ };		\
		expect(s, __LINE__, terms, sizeof(terms) / sizeof(terms[0]), should); \
	} while (0)

static void
by_terms(struct suite *s)
{
	struct ms_uid_range range = { 2, 4 };
	struct ms_uids uids = { &range, 1 };
	uint64_t modseq;

	suite_append(s, &s->inbox, "1", MS_FLAG_SEEN);
	suite_append(s, &s->inbox, "12", MS_FLAG_SEEN | MS_FLAG_FLAGGED);
	suite_append(s, &s->inbox, "123", 0);
	suite_append(s, &s->inbox, "1234", MS_FLAG_DELETED);
	suite_append(s, &s->inbox, "12345", MS_FLAG_FLAGGED);
	modseq = suite_store(s, &s->inbox, "2,5", MS_STORE_ADD, 0, "$Junk");
	FINDS("1:2/", { .op = MS_TERM_FLAGS, .number = MS_FLAG_SEEN });
	FINDS("2/", { .op = MS_TERM_FLAGS, .number = MS_FLAG_SEEN | MS_FLAG_FLAGGED });
	FINDS("3:5/", { .op = MS_TERM_FLAGS, .number = MS_FLAG_SEEN },
	    { .op = MS_TERM_NOT, .arity = 1 });
	FINDS("2,5/", { .op = MS_TERM_KEYWORD, .text = ms_str_c("$junk") });
	FINDS("/", { .op = MS_TERM_KEYWORD, .text = ms_str_c("none") });
	FINDS("4:5/", { .op = MS_TERM_LARGER, .number = 3 });
	FINDS("1:2/", { .op = MS_TERM_SMALLER, .number = 3 });
	FINDS("2,5/", { .op = MS_TERM_MODSEQ, .number = modseq });
	FINDS("2:4/", { .op = MS_TERM_UIDS, .uids = uids });
	FINDS("1:5/", { .op = MS_TERM_ARRIVED_FROM, .number = UINT64_C(1767225600123456) });
	FINDS("/", { .op = MS_TERM_ARRIVED_FROM, .number = UINT64_C(1767225600123457) });
	FINDS("1:5/", { .op = MS_TERM_ARRIVED_BEFORE, .number = UINT64_C(1767225601000000) });
	FINDS("/", { .op = MS_TERM_ARRIVED_BEFORE, .number = UINT64_C(1767225600000000) });
	FINDS("2/", { .op = MS_TERM_UIDS, .uids = uids },
	    { .op = MS_TERM_FLAGS, .number = MS_FLAG_FLAGGED },
	    { .op = MS_TERM_AND, .arity = 2 });
	FINDS("2:5/", { .op = MS_TERM_UIDS, .uids = uids },
	    { .op = MS_TERM_FLAGS, .number = MS_FLAG_FLAGGED },
	    { .op = MS_TERM_OR, .arity = 2 });
	FINDS("1,3/", { .op = MS_TERM_KEYWORD, .text = ms_str_c("$Junk") },
	    { .op = MS_TERM_LARGER, .number = 3 },
	    { .op = MS_TERM_UIDS, .uids = { NULL, 0 } },
	    { .op = MS_TERM_OR, .arity = 3 }, { .op = MS_TERM_NOT, .arity = 1 });
}

static void
what_it_can_not_know(struct suite *s)
{
	for (int i = 0; i < 4; i++)
		suite_append(s, &s->inbox, "needle", i % 2 == 0 ? MS_FLAG_SEEN : 0);
	FINDS("/1:4", { .op = MS_TERM_TEXT, .text = ms_str_c("needle") });
	FINDS("/1,3", { .op = MS_TERM_TEXT, .text = ms_str_c("needle") },
	    { .op = MS_TERM_FLAGS, .number = MS_FLAG_SEEN },
	    { .op = MS_TERM_AND, .arity = 2 });
	FINDS("1,3/2,4", { .op = MS_TERM_TEXT, .text = ms_str_c("needle") },
	    { .op = MS_TERM_FLAGS, .number = MS_FLAG_SEEN },
	    { .op = MS_TERM_OR, .arity = 2 });
	FINDS("/1:4", { .op = MS_TERM_TEXT, .text = ms_str_c("needle") },
	    { .op = MS_TERM_NOT, .arity = 1 });
}

static void
no_query(struct suite *s)
{
	suite_append(s, &s->inbox, "x", 0);
	FINDS("INVALID", { .op = MS_TERM_AND, .arity = 2 });
	FINDS("INVALID", { .op = MS_TERM_FLAGS, .number = 1 },
	    { .op = MS_TERM_FLAGS, .number = 1 });
	FINDS("INVALID", { .op = MS_TERM_FLAGS, .number = 1 }, { .op = MS_TERM_AND, .arity = 0 });
}

const struct check search_checks[] = {
	{ "all UIDs come as few ranges", all_uids },
	{ "terms find what they name", by_terms },
	{ "what only the body tells is left open", what_it_can_not_know },
	{ "a query that is none is refused", no_query },
	{ NULL, NULL },
};
