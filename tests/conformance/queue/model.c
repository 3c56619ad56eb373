/* SPDX-License-Identifier: ISC */
/*
 * model.c - random jobs on a queue and on a model of it, compared
 *
 * The model is an array.  Everything is drawn from a seed, which the failure
 * names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

#define MAX_MESSAGES	120
#define MAX_PARTS	4
#define STEPS		900

struct model_part {
	bool     is_there;
	uint32_t state, attempts;
	int64_t  next_us;
	char     destination[16];
};

struct model_message {
	bool     is_there;
	struct ms_id id;
	char     record[24], body[24];
	struct model_part parts[MAX_PARTS];
};

struct model {
	struct suite *s;
	uint64_t random;
	struct model_message messages[MAX_MESSAGES];
	size_t   n;
};

static uint32_t
draw(struct model *m, uint32_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (uint32_t)(m->random >> 20) % below;
}

static struct ms_part *
draw_part(struct model *m, uint32_t number, struct model_part *out)
{
	static const char *const places[] = { "", "a.example", "b.example", "" };
	struct ms_part *p = suite_part(m->s, number);

	*out = (struct model_part){ .is_there = true, .attempts = draw(m, 9),
		.state = draw(m, 6) == 0 ? MS_QUEUE_HELD : MS_QUEUE_WAITS,
		.next_us = m->s->now_us + (int64_t)draw(m, 40) - 20 };
	snprintf(out->destination, sizeof(out->destination), "%s", places[draw(m, 4)]);
	p->state = out->state;
	p->attempts = out->attempts;
	p->next_us = out->next_us;
	p->destination = ms_arena_str(m->s->arena, ms_str_c(out->destination));
	return p;
}

/* When a new part is due is told by the backend: not before it was asked for,
   and not after now unless asked. */
static void
learn_times(struct model *m, struct model_message *x)
{
	struct ms_queue_look look = { .by = MS_QUEUE_BY_MESSAGE, .message = &x->id };
	const struct ms_part **all;
	size_t n;

	all = suite_find(m->s, look, 10, &n);
	for (size_t i = 0; i < n; i++) {
		struct model_part *p = &x->parts[all[i]->number];
		int64_t latest = p->next_us > m->s->now_us ? p->next_us : m->s->now_us;

		EXPECT(m->s, all[i]->next_us >= p->next_us && all[i]->next_us <= latest);
		p->next_us = all[i]->next_us;
	}
}

static struct model_message *
new_message(struct model *m)
{
	struct model_message *x = &m->messages[m->n];

	memset(x, 0, sizeof(*x));
	x->is_there = true;
	snprintf(x->record, sizeof(x->record), "record %zu", m->n);
	snprintf(x->body, sizeof(x->body), "body %zu", m->n);
	m->n++;
	return x;
}

static void
do_put(struct model *m)
{
	const struct ms_part *parts[MAX_PARTS];
	struct model_message *x;
	uint32_t n = 1 + draw(m, 3) / 2 * draw(m, MAX_PARTS);

	if (m->n == MAX_MESSAGES)
		return;
	x = new_message(m);
	for (uint32_t i = 0; i < n; i++)
		parts[i] = draw_part(m, i, &x->parts[i]);
	x->id = suite_put_parts(m->s, x->record, ms_str_c(x->body), parts, n);
	learn_times(m, x);
}

static struct model_message *
draw_message(struct model *m)
{
	for (int i = 0; i < 20 && m->n > 0; i++) {
		struct model_message *x = &m->messages[draw(m, (uint32_t)m->n)];

		if (x->is_there)
			return x;
	}
	return NULL;
}

static void
drop_part(struct model_message *x, uint32_t number)
{
	bool left = false;

	x->parts[number].is_there = false;
	for (int i = 0; i < MAX_PARTS; i++)
		left = left || x->parts[i].is_there;
	x->is_there = left;
}

static void
do_set(struct model *m)
{
	struct model_message *x = draw_message(m);
	uint32_t number = draw(m, MAX_PARTS);

	if (x != NULL)
		suite_set(m->s, x->id, draw_part(m, number, &x->parts[number]));
}

static void
do_done(struct model *m)
{
	struct model_message *x = draw_message(m);
	uint32_t number = draw(m, MAX_PARTS);

	if (x == NULL)
		return;
	suite_done(m->s, x->id, number);
	drop_part(x, number);
}

/* DONE and PUT joined, as a bounce; or DONE and SET. */
static void
do_chain(struct model *m)
{
	struct model_message *x = draw_message(m), *made;
	uint32_t number = draw(m, MAX_PARTS), other = draw(m, MAX_PARTS);
	struct model_part part;
	struct ms_job_queue *done, *second;
	const struct ms_part *p;
	ms_status st;

	if (x == NULL || m->n == MAX_MESSAGES || !x->parts[number].is_there ||
	    number == other)
		return;
	done = suite_job(m->s, MS_JOB_QUEUE_DONE, &x->id,
	    suite_list_of(m->s, suite_part(m->s, number)), 1);
	if (draw(m, 2) == 0) {
		p = draw_part(m, other, &part);
		second = suite_job(m->s, MS_JOB_QUEUE_SET, &x->id,
		    suite_list_of(m->s, p), 1);
		st = suite_run_two(m->s, done, second);
		if (st == MS_UNSUPPORTED)
			return;
		EXPECT_NUMBER(m->s, st, MS_OK);
		x->parts[other] = part;
		drop_part(x, number);
		return;
	}
	made = new_message(m);
	p = draw_part(m, 0, &made->parts[0]);
	second = suite_job(m->s, MS_JOB_QUEUE_PUT, &x->id, suite_list_of(m->s, p), 1);
	second->record = ms_str_c(made->record);
	second->body = ms_mock_blob(m->s->mock, ms_str_c(made->body));
	st = suite_run_two(m->s, done, second);
	((const struct ms_blob_api *)ms_mock_host(m->s->mock)->service(
	    ms_mock_host(m->s->mock), MS_BLOB_ID))->release(second->body);
	if (st == MS_UNSUPPORTED) {
		m->n--;
		return;
	}
	EXPECT_NUMBER(m->s, st, MS_OK);
	made->id = second->message;
	drop_part(x, number);
	learn_times(m, made);
}

/* ---- comparing ---- */

static bool
is_listed(const struct ms_queue_look *look, const struct model_message *x,
    const struct model_part *p)
{
	return x->is_there && p->is_there &&
	    (look->due_us == 0 || p->next_us <= look->due_us) &&
	    (look->state == 0 || p->state == look->state) &&
	    (look->destination.len == 0 ||
	    ms_str_equal(look->destination, ms_str_c(p->destination)));
}

static struct model_message *
find_model(struct model *m, const struct ms_id *id)
{
	for (size_t i = 0; i < m->n; i++)
		if (suite_same(&m->messages[i].id, id))
			return &m->messages[i];
	suite_fail(m->s, __FILE__, __LINE__, "a message that was never put");
}

static void
compare_list(struct model *m, struct ms_queue_look look, uint32_t page)
{
	size_t n, should = 0;
	const struct ms_part **all = suite_find(m->s, look, page, &n);

	for (size_t i = 0; i < m->n; i++)
		for (int k = 0; k < MAX_PARTS; k++)
			should += is_listed(&look, &m->messages[i], &m->messages[i].parts[k]);
	EXPECT_NUMBER(m->s, n, should);
	for (size_t i = 0; i < n; i++) {
		const struct model_message *x = find_model(m, &all[i]->message);
		const struct model_part *p;

		EXPECT(m->s, all[i]->number < MAX_PARTS);
		p = &x->parts[all[i]->number];
		EXPECT(m->s, is_listed(&look, x, p));
		EXPECT_NUMBER(m->s, all[i]->next_us, p->next_us);
		EXPECT_NUMBER(m->s, all[i]->attempts, p->attempts);
		EXPECT(m->s, ms_str_equal(all[i]->destination, ms_str_c(p->destination)));
	}
}

static void
compare_all(struct model *m)
{
	for (uint32_t by = MS_QUEUE_BY_TIME; by <= MS_QUEUE_BY_MESSAGE; by++) {
		compare_list(m, (struct ms_queue_look){ .by = by }, 1 + draw(m, 30));
		compare_list(m, (struct ms_queue_look){ .by = by,
		    .due_us = m->s->now_us, .state = MS_QUEUE_WAITS }, 1 + draw(m, 5));
		compare_list(m, (struct ms_queue_look){ .by = by,
		    .destination = MS_STR("a.example") }, 1 + draw(m, 30));
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct model_message *x = &m->messages[i];

		if (!x->is_there) {
			EXPECT(m->s, suite_record(m->s, x->id) == NULL);
			continue;
		}
		EXPECT_TEXT(m->s, suite_record(m->s, x->id), x->record);
		EXPECT_TEXT(m->s, suite_body(m->s, x->id), x->body);
	}
}

static void
run_seed(struct suite *s, uint64_t seed)
{
	struct model *m = ms_arena_alloc(s->arena, sizeof(*m));

	m->s = s;
	m->random = seed * UINT64_C(0x9e3779b97f4a7c15);
	for (uint32_t i = 0; i < STEPS; i++) {
		s->step = (uint32_t)seed * 10000 + i;
		switch (draw(m, 10)) {
		case 0: case 1: case 2:
			do_put(m);
			break;
		case 3: case 4:
			do_set(m);
			break;
		case 5: case 6: case 7:
			do_done(m);
			break;
		case 8:
			do_chain(m);
			break;
		default:
			suite_advance(s, draw(m, 3) == 0 ? 300000 : draw(m, 30));
			break;
		}
		if (i % 60 == 59)
			compare_all(m);
		if (i % 150 == 149)
			suite_reopen(s);
	}
	compare_all(m);
}

static void
one(struct suite *s)
{
	run_seed(s, 1);
}

static void
two(struct suite *s)
{
	run_seed(s, 2);
}

static void
three(struct suite *s)
{
	run_seed(s, 3);
}

const struct check model_checks[] = {
	{ "random jobs leave what a model of the queue says: seed 1", one },
	{ "random jobs leave what a model of the queue says: seed 2", two },
	{ "random jobs leave what a model of the queue says: seed 3", three },
	{ NULL, NULL },
};
