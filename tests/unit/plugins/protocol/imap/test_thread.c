/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include <stdlib.h>
#include <time.h>

#include <mansio/str.h>

#include "thread.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof(*(a)))
#define MAX_MAILS	8

static struct ms_arena *arena;

static void
make_arena(void)
{
	arena = ms_arena_new(0);
}

static void
free_arena(void)
{
	ms_arena_free(arena);
}

TestSuite(thread, .init = make_arena, .fini = free_arena);

/* id, then references ("" none), subject ("Re:" before it: a reply).  Sent in
   the order of their numbers, unless a time is given. */
struct mail {
	const char *ids;	/* a letter each: its own, then its references */
	const char *subject;
	int         sent;	/* 0: as its number */
};

static const struct {
	const char *name;
	struct mail mails[MAX_MAILS];
	const char *references, *ordered;
} cases[] = {
	{ "none", { { NULL, NULL, 0 } }, "", "" },
	{ "one", { { "a", "x", 0 } }, "(1)", "(1)" },
	{ "a chain", { { "a", "x", 0 }, { "ba", "Re:x", 0 },
	    { "cab", "Re:x", 0 } }, "(1 2 3)", "(1 (2)(3))" },
	{ "a fork", { { "a", "x", 0 }, { "ba", "Re:x", 0 },
	    { "ca", "Re:x", 0 } }, "(1 (2)(3))", "(1 (2)(3))" },
	{ "a deeper fork", { { "a", "x", 0 }, { "ba", "Re:x", 0 },
	    { "cab", "Re:x", 0 }, { "dab", "Re:x", 0 }, { "eabc", "Re:x", 0 },
	    { "fa", "Re:x", 0 } }, "(1 (2 (3 5)(4))(6))",
	    "(1 (2)(3)(4)(5)(6))" },
	{ "a parent that is not there", { { "bz", "p", 0 }, { "cz", "q", 0 } },
	    "((1)(2))", "(1)(2)" },
	{ "an only child of one that is not there", { { "bz", "p", 0 } },
	    "(1)", "(1)" },
	{ "a gap in a chain", { { "a", "x", 0 }, { "dabc", "y", 0 } },
	    "(1 2)", "(1)(2)" },
	{ "two below a gap", { { "cayb", "x", 0 }, { "dayb", "y", 0 },
	    { "eay", "z", 0 } }, "((1)(2)(3))", "(1)(2)(3)" },
	{ "a reply before its parent", { { "ba", "Re:x", 0 },
	    { "a", "x", 0 } }, "(2 1)", "(1 2)" },
	{ "children by date", { { "a", "x", 1 }, { "ba", "Re:x", 9 },
	    { "ca", "Re:x", 5 } }, "(1 (3)(2))", "(1 (3)(2))" },
	{ "roots by date", { { "a", "x", 9 }, { "b", "y", 5 } }, "(2)(1)",
	    "(2)(1)" },
	{ "a loop", { { "ab", "x", 0 }, { "ba", "y", 0 } }, "(2 1)",
	    "(1)(2)" },
	{ "itself", { { "aa", "x", 0 } }, "(1)", "(1)" },
	{ "a loop of three", { { "abc", "x", 0 }, { "bca", "y", 0 },
	    { "cab", "z", 0 } }, NULL, "(1)(2)(3)" },
	{ "the same id twice", { { "a", "x", 0 }, { "a", "y", 0 },
	    { "ba", "z", 0 } }, "(1 3)(2)", "(1)(2)(3)" },
	{ "no ids", { { "-", "x", 0 }, { "-", "y", 0 } }, "(1)(2)",
	    "(1)(2)" },
	{ "no subjects", { { "a", "", 0 }, { "b", "", 0 } }, "(1)(2)",
	    "(1 2)" },
	{ "the same subject, none a reply", { { "a", "x", 0 },
	    { "b", "x", 0 } }, "((1)(2))", "(1 2)" },
	{ "a reply by subject alone", { { "a", "x", 0 }, { "b", "Re:x", 0 } },
	    "(1 2)", "(1 2)" },
	{ "a reply that came first", { { "b", "Re:x", 0 }, { "a", "x", 0 } },
	    "(2 1)", "(1 2)" },
	{ "two replies, nothing else", { { "a", "Re:x", 0 },
	    { "b", "Re:x", 0 } }, "((1)(2))", "(1 2)" },
	{ "two that lack parents", { { "bz", "x", 0 }, { "cz", "x", 0 },
	    { "dy", "x", 0 }, { "ey", "x", 0 } }, "((1)(2)(3)(4))",
	    "(1 (2)(3)(4))" },
	{ "one beside those that lack a parent", { { "bz", "x", 0 },
	    { "cz", "x", 0 }, { "d", "x", 0 } }, "((1)(2)(3))",
	    "(1 (2)(3))" },
};

static uint32_t
make_entries(const struct mail *mails, struct entry *entries)
{
	uint32_t n = 0;

	for (; n < MAX_MAILS && mails[n].ids != NULL; n++) {
		const struct mail *m = &mails[n];
		struct ms_str subject = ms_str_c(m->subject);
		size_t n_ids = strlen(m->ids);
		uint64_t *keys = ms_arena_array(arena, n_ids, sizeof(*keys));

		for (size_t i = 0; i < n_ids; i++)
			keys[i] = m->ids[i] == '-' ? 0 : (uint64_t)m->ids[i];
		entries[n] = (struct entry){ .uid = n + 1, .number = n + 1,
			.sent_us = m->sent != 0 ? m->sent : (int)n + 1,
			.keys = keys, .n_keys = (uint32_t)n_ids,
			.is_reply = ms_str_has_prefix(subject,
			    ms_str_c("Re:")) };
		entries[n].subject = ms_str_from(subject,
		    entries[n].is_reply ? 3 : 0);
	}
	return n;
}

static const char *
told(const struct forest *f)
{
	struct ms_buf out = MS_BUF_MAX(16 * 1024 * 1024);
	struct ms_str text;

	thread_put(f, &out);
	text = ms_arena_str(arena, ms_buf_str(&out));
	ms_buf_free(&out);
	return text.data;
}

ParameterizedTestParameters(thread, is_made_as_rfc5256_says)
{
	static size_t index[N_ELEMENTS(cases)];

	for (size_t i = 0; i < N_ELEMENTS(cases); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(cases));
}

ParameterizedTest(size_t *i, thread, is_made_as_rfc5256_says)
{
	struct entry entries[MAX_MAILS];
	uint32_t n = make_entries(cases[*i].mails, entries);
	struct forest f;

	cr_assert(thread_references(&f, arena, entries, n));
	if (cases[*i].references != NULL)
		cr_assert_str_eq(told(&f), cases[*i].references, "%s: %s",
		    cases[*i].name, told(&f));
	thread_ordered_subject(&f, arena, entries, n);
	cr_assert_str_eq(told(&f), cases[*i].ordered, "%s: %s",
	    cases[*i].name, told(&f));
}

/* Each message once, whatever the references are. */
Test(thread, of_anything_tells_each_message_once)
{
	uint32_t seed = 42;

	for (int round = 0; round < 3000; round++) {
		struct entry entries[20];
		bool seen[21] = { false };
		struct forest f;
		const char *p;
		unsigned count = 0;

		for (uint32_t i = 0; i < 20; i++) {
			uint64_t *keys = ms_arena_array(arena, 5,
			    sizeof(*keys));

			for (int k = 0; k < 5; k++) {
				seed = seed * 1103515245 + 12345;
				keys[k] = seed >> 20 & 31;
			}
			entries[i] = (struct entry){ .uid = i + 1,
				.number = i + 1, .sent_us = seed >> 24,
				.keys = keys, .n_keys = 1 + (seed >> 16) % 5,
				.is_reply = seed >> 15 & 1,
				.subject = ms_str_of(&"abcdefgh"[(seed >> 12) % 8],
				    (seed >> 11) & 1) };
		}
		cr_assert(thread_references(&f, arena, entries, 20));
		for (p = told(&f); *p != '\0';) {
			char *end;
			unsigned long v;

			if (*p < '0' || *p > '9') {
				p++;
				continue;
			}
			v = strtoul(p, &end, 10);
			cr_assert(v >= 1 && v <= 20 && !seen[v]);
			seen[v] = true;
			count++;
			p = end;
		}
		cr_assert_eq(count, 20);
		ms_arena_reset(arena);
	}
}

Test(thread, as_deep_as_there_are_messages_takes_no_stack_and_no_age)
{
	enum { N = 100000 };
	struct entry *entries = ms_arena_array(arena, N, sizeof(*entries));
	clock_t before = clock();
	struct forest f;

	for (uint32_t i = 0; i < N; i++) {
		uint64_t *keys = ms_arena_array(arena, 2, sizeof(*keys));

		keys[0] = i + 1;
		keys[1] = i;
		entries[i] = (struct entry){ .uid = i + 1, .number = i + 1,
			.sent_us = i, .keys = keys, .n_keys = 2 };
	}
	(void)thread_references(&f, arena, entries, N);
	cr_assert_lt((double)(clock() - before) / CLOCKS_PER_SEC, 5.0);
}
