/* SPDX-License-Identifier: ISC */
/* lists.c - find(): orders, pages, what is left out */
#include "suite.h"

static void
fill(struct suite *s, uint32_t n)
{
	static const char *const places[] = { "b.example", "a.example", "a", "c.example" };

	for (uint32_t i = 0; i < n; i++) {
		struct ms_part *p = suite_part(s, i % 3), *q = suite_part(s, 3);
		const struct ms_part *parts[] = { p, q };
		struct ms_id id;

		p->destination = ms_str_c(places[i % 4]);
		p->sender = ms_str_c(i % 2 == 0 ? "ann@example.com" : "");
		p->state = i % 5 == 0 ? MS_QUEUE_HELD : MS_QUEUE_WAITS;
		id = suite_put_parts(s, "r", (struct ms_str)MS_STR("b"), parts, 2);
		suite_advance(s, i % 7);
		if (i % 4 == 3) {
			q->next_us = s->now_us + (int64_t)(i % 11) - 5;
			q->destination = ms_str_c(places[i % 3]);
			suite_set(s, id, q);
		}
	}
}

static int
compare(uint32_t by, const struct ms_part *a, const struct ms_part *b)
{
	int c = 0;

	if (by == MS_QUEUE_BY_DESTINATION)
		c = ms_str_compare(a->destination, b->destination);
	if (c == 0 && by != MS_QUEUE_BY_MESSAGE && a->next_us != b->next_us)
		c = a->next_us < b->next_us ? -1 : 1;
	if (c == 0)
		c = memcmp(&a->message, &b->message, sizeof(a->message));
	return c != 0 ? c : a->number < b->number ? -1 : a->number > b->number;
}

static void
orders(struct suite *s)
{
	static const uint32_t pages[] = { 1, 7, 1000 };

	fill(s, 60);
	for (int round = 0; round < 2; round++) {
		for (uint32_t by = MS_QUEUE_BY_TIME; by <= MS_QUEUE_BY_MESSAGE; by++)
			for (size_t k = 0; k < 3; k++) {
				struct ms_queue_look look = { .by = by };
				size_t n;
				const struct ms_part **all = suite_find(s, look, pages[k], &n);

				EXPECT_NUMBER(s, n, 120);
				for (size_t i = 1; i < n; i++)
					if (compare(by, all[i - 1], all[i]) >= 0)
						suite_fail(s, __FILE__, __LINE__,
						    "order %u, page %u: place %zu", by, pages[k], i);
			}
		suite_reopen(s);
	}
}

static size_t
count(struct suite *s, struct ms_queue_look look)
{
	size_t n, again;

	(void)suite_find(s, look, 1000, &n);
	(void)suite_find(s, look, 2, &again);
	EXPECT_NUMBER(s, again, n);
	return n;
}

static void
filters(struct suite *s)
{
	fill(s, 60);
	for (uint32_t by = MS_QUEUE_BY_TIME; by <= MS_QUEUE_BY_MESSAGE; by++) {
		struct ms_queue_look look = { .by = by, .state = MS_QUEUE_HELD };
		size_t n;
		const struct ms_part **all;

		EXPECT_NUMBER(s, count(s, look), 12);
		look.sender = (struct ms_str)MS_STR("ann@example.com");
		EXPECT_NUMBER(s, count(s, look), 6);
		look.state = 0;
		EXPECT_NUMBER(s, count(s, look), 30);
		look = (struct ms_queue_look){ .by = by, .destination = MS_STR("c.example") };
		EXPECT_NUMBER(s, count(s, look), 15);
		look.destination = (struct ms_str)MS_STR("nowhere");
		EXPECT_NUMBER(s, count(s, look), 0);
		look = (struct ms_queue_look){ .by = by };
		all = suite_find(s, look, 1000, &n);
		look.message = &all[50]->message;
		EXPECT_NUMBER(s, count(s, look), 2);
		look = (struct ms_queue_look){ .by = by, .due_us = s->now_us };
		all = suite_find(s, look, 1000, &n);
		for (size_t i = 0; i < n; i++)
			EXPECT(s, all[i]->next_us <= s->now_us);
	}
}

static void
goes_on(struct suite *s)
{
	struct ms_queue_look look = { .size = sizeof(look), .by = MS_QUEUE_BY_TIME,
		.limit = 10 };
	struct ms_parts page = { .size = sizeof(page) };
	struct ms_error err = MS_ERROR_INIT;
	struct ms_id first = suite_put(s, "first", (struct ms_str)MS_STR("b"));

	suite_advance(s, 1);
	EXPECT_NUMBER(s, s->table->find(s->self, suite_scope(s), &look, &page, &err), MS_OK);
	EXPECT_NUMBER(s, page.n, 1);
	look.after = page.parts[0];
	EXPECT_NUMBER(s, s->table->find(s->self, suite_scope(s), &look, &page, &err), MS_OK);
	EXPECT_NUMBER(s, page.n, 0);
	/* What comes later stands behind; what the page ended with may be gone. */
	suite_done(s, first, 0);
	(void)suite_put(s, "second", (struct ms_str)MS_STR("b"));
	EXPECT_NUMBER(s, s->table->find(s->self, suite_scope(s), &look, &page, &err), MS_OK);
	EXPECT_NUMBER(s, page.n, 1);
}

static void
many(struct suite *s)
{
	struct ms_queue_look look = { .by = MS_QUEUE_BY_TIME };
	struct ms_id last;
	size_t n;

	for (int i = 0; i < 1500; i++) {
		last = suite_put(s, "r", (struct ms_str)MS_STR("b"));
		if (i % 2 == 0)
			suite_done(s, last, 0);
	}
	(void)suite_find(s, look, 64, &n);
	EXPECT_NUMBER(s, n, 750);
	suite_reopen(s);
	(void)suite_find(s, look, 64, &n);
	EXPECT_NUMBER(s, n, 750);
}

const struct check list_checks[] = {
	{ "parts are listed by time, by destination and by message, in pages of any size", orders },
	{ "a list is narrowed by state, destination, sender, message and time", filters },
	{ "a page goes on after the last item of the one before", goes_on },
	{ "a long queue is listed whole", many },
	{ NULL, NULL },
};
