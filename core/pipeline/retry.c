/* SPDX-License-Identifier: ISC */
/* retry.c - what is tried again, in which parts and when; see attempt.h */
#include "pipeline/attempt.h"

#include <stdatomic.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/clock.h"
#include "pipeline/front_reads.h"

#define MAX_PARTS	1000	/* of one message, before it is split no more */
#define PART_NUMBERS	65536	/* theirs are below that */

static int64_t
retry_after(const struct item *item, const struct fate *f)
{
	const struct runner_options *o = runner_config();
	unsigned i = item->part.attempts;
	int64_t after = f->result.retry_after_us;

	if (after <= 0)
		after = o->retry_us[i < o->n_retry ? i : o->n_retry - 1];
	/* Spread, so that what failed together does not come back together. */
	return after + (int64_t)(random_u64() % (uint64_t)(after / 10 + 1));
}

static struct ms_part *
part_of_fates(struct attempt_run *r, struct item *item, struct fate *const *fates,
    uint32_t n, uint32_t number, bool warned)
{
	struct ms_part *p = ms_arena_alloc(r->arena, sizeof(*p));
	uint32_t *numbers = ms_arena_array(r->arena, n, sizeof(*numbers));
	uint32_t *flags = ms_arena_array(r->arena, n, sizeof(*flags));
	struct ms_str *paths = ms_arena_array(r->arena, n, sizeof(*paths));
	struct ms_buf b = MS_BUF_MAX(RECORD_MAX);
	struct part_record rec = { .numbers = numbers, .n = n, .warned = warned,
		.routed = fates[0]->target.delivery.len > 0, .expanded = paths,
		.flags = flags };

	*p = item->part;
	for (uint32_t i = 0; i < n; i++) {
		numbers[i] = fates[i]->number;
		flags[i] = fates[i]->recipient.flags;
		paths[i] = fates[i]->recipient.path;
	}
	rec.reply = ms_arena_printf(r->arena, "%s %s", fates[0]->error.enhanced,
	    fates[0]->error.text);
	rec.remote = ms_str_c(fates[0]->result.remote);
	part_encode(&rec, &b);
	p->record = ms_arena_str(r->arena, ms_buf_str(&b));
	ms_buf_free(&b);
	p->number = number;
	p->state = MS_QUEUE_WAITS;
	p->attempts = item->part.attempts + 1;
	p->next_us = clock_now_us() + retry_after(item, fates[0]);
	p->expires_us = item->message->info.received_us + runner_config()->give_up_us;
	p->delivery = fates[0]->target.delivery;
	p->destination = fates[0]->target.destination;
	return p;
}

/* Numbers for new parts of the message: drawn from a counter, so that two parts
   that are split at once never draw the same, and not those of parts that the
   queue has. */
static ms_status
draw_numbers(struct attempt_run *r, const struct item *item, uint32_t *numbers,
    uint32_t n, struct ms_error *err)
{
	static atomic_uint drawn;
	struct ms_backend queue = front_backend(runner_config()->queue);
	struct ms_queue_look look = { .size = sizeof(look), .by = MS_QUEUE_BY_MESSAGE,
		.message = &item->part.message, .limit = MAX_PARTS };
	struct ms_parts parts = { .size = sizeof(parts) };
	ms_status st = front_queue_table.find(queue.self, &r->scope.pub, &look, &parts, err);

	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	if (st == MS_OK && parts.n == MAX_PARTS)
		return ms_error_set(err, MS_LIMIT, "", "a message of too many parts");
	for (uint32_t i = 0; i < n; ) {
		bool is_free = true;

		numbers[i] = 1 + atomic_fetch_add(&drawn, 1) % (PART_NUMBERS - 1);
		for (uint32_t k = 0; st == MS_OK && k < parts.n; k++)
			is_free = is_free && parts.parts[k]->number != numbers[i];
		i += is_free;
	}
	return MS_OK;
}

/* What is to be tried again: a part for each way that it goes.  *retried_out:
   this item's own part is among them, under its number. */
ms_status
attempt_add_retries(struct attempt_run *r, struct item *item, bool warned, bool *open,
    bool *retried_out, struct ms_error *err)
{
	struct ms_job_queue *set = NULL;
	const struct ms_part **parts;
	struct fate **group;
	uint32_t max = 0, n_parts = 0, numbers[ATTEMPT_MAX_SPLIT];
	struct ms_part **made;
	ms_status st = MS_OK;

	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		f->is_grouped = attempt_end_of(f) != END_DEFERRED;
		max += !f->is_grouped;
	}
	*retried_out = max > 0;
	if (max == 0)
		return MS_OK;
	set = attempt_job(r, item, MS_JOB_QUEUE_SET);
	made = ms_arena_array(r->arena, max, sizeof(struct ms_part *));
	group = ms_arena_array(r->arena, max, sizeof(struct fate *));
	for (struct fate *f = item->fates; f != NULL; f = f->next) {
		uint32_t n = 0;

		if (f->is_grouped)
			continue;
		for (struct fate *g = f; g != NULL; g = g->next) {
			if (g->is_grouped || (n_parts < ATTEMPT_MAX_SPLIT - 1 &&
			    (f->is_put_off != g->is_put_off ||
				!ms_str_equal(f->target.delivery, g->target.delivery) ||
				!ms_str_equal(f->target.destination, g->target.destination))))
				continue;
			g->is_grouped = true;
			group[n++] = g;
		}
		/* The first keeps the number, so that nothing need be taken away. */
		made[n_parts++] = part_of_fates(r, item, group, n, item->part.number, warned);
	}
	if (n_parts > 1)
		st = draw_numbers(r, item, numbers, n_parts - 1, err);
	if (st != MS_OK)
		return st;
	parts = ms_arena_array(r->arena, n_parts, sizeof(struct ms_part *));
	for (uint32_t i = 0; i < n_parts; i++) {
		if (i > 0)
			made[i]->number = numbers[i - 1];
		parts[i] = made[i];
	}
	set->parts = parts;
	set->n_parts = n_parts;
	attempt_add_job(r, set, open);
	return MS_OK;
}
