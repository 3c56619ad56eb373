/* SPDX-License-Identifier: ISC */
/* runner.c - see runner.h: looking for what is due, and the threads */
#include "pipeline/runner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "pipeline/attempt.h"
#include "pipeline/front_reads.h"

#define MAX_IN_WORK	4096		/* parts */
#define PAGE		256
#define N_MARKS		65536
#define FULL_LOOK_US	SECOND_US	/* from the start of the queue, at least so often */
/* While deliveries are under way, news gather for so long: a few large batches
   cost a fraction of the commits that many small ones do. */
#define GATHER_US	5000

struct key {
	struct ms_id id;
	uint32_t     number, is_used;
};

static struct runner_options o;
static struct pool *threads;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static pthread_cond_t changed;
static bool ending, kicked, look_from_start;
static unsigned n_waiting;		/* for a change of what is in work */
static struct key in_work[2 * MAX_IN_WORK];	/* open addressing */
static uint32_t n_in_work;
/* When something of this hash was last put down.  A page of the queue that is
   older may show it as it was before: it is passed over then, and found anew by
   the next look from the start.  A hash that two parts share costs that second. */
static uint32_t marks[N_MARKS], n_put_down;
static struct subscriber news;
static struct ms_metric *busy_gauge;

const struct runner_options *
runner_config(void)
{
	return &o;
}

void
runner_pool_run(struct work *w)
{
	pool_run(threads, w);
}

static size_t
slot_of(const struct ms_id *id, uint32_t number)
{
	uint64_t a, b;

	memcpy(&a, id->octets, sizeof(a));
	memcpy(&b, id->octets + 8, sizeof(b));
	return (size_t)((a ^ b * UINT64_C(0x9e3779b97f4a7c15) ^
	    number * UINT64_C(0xff51afd7ed558ccd)) >> 17) % (2 * MAX_IN_WORK);
}

static uint32_t *
mark_of(const struct ms_part *p)
{
	uint64_t a;

	memcpy(&a, p->message.octets + 6, sizeof(a));
	return &marks[((a ^ p->number) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % N_MARKS];
}

static bool
take_up(const struct ms_part *p)	/* false: it is in work */
{
	size_t i = slot_of(&p->message, p->number);

	for (; in_work[i].is_used; i = (i + 1) % (2 * MAX_IN_WORK))
		if (in_work[i].number == p->number &&
		    memcmp(&in_work[i].id, &p->message, sizeof(p->message)) == 0)
			return false;
	in_work[i] = (struct key){ p->message, p->number, 1 };
	n_in_work++;
	return true;
}

static void
put_down(const struct ms_part *p)
{
	size_t i = slot_of(&p->message, p->number);

	while (in_work[i].number != p->number ||
	    memcmp(&in_work[i].id, &p->message, sizeof(p->message)) != 0)
		i = (i + 1) % (2 * MAX_IN_WORK);
	in_work[i].is_used = 0;
	n_in_work--;
	*mark_of(p) = ++n_put_down;
	for (i = (i + 1) % (2 * MAX_IN_WORK); in_work[i].is_used;
	    i = (i + 1) % (2 * MAX_IN_WORK)) {
		struct key k = in_work[i];
		size_t at = slot_of(&k.id, k.number);

		in_work[i].is_used = 0;
		while (in_work[at].is_used)
			at = (at + 1) % (2 * MAX_IN_WORK);
		in_work[at] = k;
	}
}

void
runner_run_over(struct attempt_run *r)
{
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < r->n; i++)
		put_down(&r->items[i].part);
	metrics_add(busy_gauge, -(int64_t)r->n);
	if (n_in_work == 0 || n_waiting > 0)
		pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	/* Ops and messages end with the owner: before the arena they point into. */
	owner_fini(&r->owner);
	ms_arena_free(r->arena);	/* r lies in it */
}

bool
runner_claim(const struct ms_part *part, int64_t patience_us)
{
	int64_t until = clock_steady_us() + patience_us;
	struct timespec ts = { (time_t)(until / SECOND_US),
		(long)(until % SECOND_US * 1000) };
	bool taken = false;
	int rc = 0;

	pthread_mutex_lock(&lock);
	n_waiting++;
	while (!ending && rc == 0 &&
	    (n_in_work >= MAX_IN_WORK || !(taken = take_up(part))))
		rc = pthread_cond_timedwait(&changed, &lock, &ts);
	n_waiting--;
	pthread_mutex_unlock(&lock);
	return taken;
}

void
runner_let_go(const struct ms_part *part)
{
	pthread_mutex_lock(&lock);
	put_down(part);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static struct attempt_run *
run_new(void)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct attempt_run *r = ms_arena_alloc(arena, sizeof(*r));

	r->arena = arena;
	owner_init(&r->owner);
	scope_init(&r->scope, &r->owner, ms_str_of("", 0), arena, o.host, 0);
	return r;
}

static void
run_begin(struct work *w)
{
	attempt_begin((struct attempt_run *)w);
}

static void
add_part(struct attempt_run *r, const struct ms_part *p)
{
	struct item *item = &r->items[r->n++];

	item->part = *p;
	item->part.delivery = ms_arena_str(r->arena, p->delivery);
	item->part.destination = ms_arena_str(r->arena, p->destination);
	item->part.sender = ms_arena_str(r->arena, p->sender);
	item->part.owner = ms_str_of("", 0);
	item->part.record = ms_arena_str(r->arena, p->record);
}

/* One page from after `*after`; false: it was the last. */
static bool
look(struct ms_part *after, bool *has_after)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_queue_look what = { .size = sizeof(what), .by = MS_QUEUE_BY_TIME,
		.due_us = clock_now_us(), .state = MS_QUEUE_WAITS, .limit = PAGE,
		.after = *has_after ? after : NULL };
	struct ms_parts parts = { .size = sizeof(parts) };
	struct ms_error err = MS_ERROR_INIT;
	struct attempt_run *r = NULL;
	struct ms_backend queue = front_backend(o.queue);
	struct scope scope;
	bool more = false, stops = false;
	uint32_t before;
	ms_status st;

	scope_init(&scope, NULL, ms_str_of("", 0), arena, o.host, 0);
	pthread_mutex_lock(&lock);
	before = n_put_down;
	pthread_mutex_unlock(&lock);
	st = front_queue_table.find(queue.self, &scope.pub, &what, &parts, &err);
	if (st != MS_OK && st != MS_NOTFOUND)
		log_printf(NULL, MS_LOG_ERROR, "the queue cannot be read: %s", err.text);
	for (uint32_t i = 0; st == MS_OK && i < parts.n && !stops; i++) {
		const struct ms_part *p = parts.parts[i];
		bool taken;

		pthread_mutex_lock(&lock);
		n_waiting++;
		while (n_in_work >= MAX_IN_WORK && !ending)
			pthread_cond_wait(&changed, &lock);
		n_waiting--;
		stops = ending;
		/* Signed: the count may wrap around. */
		taken = !ending && (int32_t)(*mark_of(p) - before) <= 0 && take_up(p);
		if (taken)
			metrics_add(busy_gauge, 1);
		pthread_mutex_unlock(&lock);
		if (!taken)
			continue;
		if (r == NULL)
			r = run_new();
		add_part(r, p);
		if (r->n == ATTEMPT_MAX_PARTS) {
			r->work.run = run_begin;
			runner_pool_run(&r->work);
			r = NULL;
		}
	}
	if (r != NULL) {
		r->work.run = run_begin;
		runner_pool_run(&r->work);
	}
	if (st == MS_OK && parts.n > 0 && !stops) {
		const struct ms_part *last = parts.parts[parts.n - 1];

		/* The key's members alone are read (queue.h). */
		*after = (struct ms_part){ .size = sizeof(*after), .number = last->number,
			.message = last->message, .next_us = last->next_us,
			.destination = ms_str_of("", 0) };
		*has_after = true;
		more = parts.n >= PAGE;
	}
	ms_arena_free(arena);
	return more;
}

/* When to look again, at the latest; with the lock. */
static int64_t
next_look(int64_t last, int64_t last_full)
{
	if (!kicked)
		return last_full + FULL_LOOK_US;
	return n_in_work > 0 ? last + GATHER_US : 0;
}

static void *
runner_thread(void *unused)
{
	struct ms_part after;
	bool has_after = false;
	int64_t last = 0, last_full = 0;

	(void)unused;
	pthread_setname_np(pthread_self(), "runner");
	pthread_mutex_lock(&lock);
	while (!ending) {
		int64_t now = clock_steady_us(), next = next_look(last, last_full);
		struct timespec ts = { (time_t)(next / SECOND_US),
			(long)(next % SECOND_US * 1000) };

		if (now < next) {
			pthread_cond_timedwait(&changed, &lock, &ts);
			continue;
		}
		/* News stand at the end, so the look goes on where the last one
		   ended; what fell due in between, or was retried, or came when the
		   clock had jumped, is found from the start. */
		if (look_from_start || now >= last_full + FULL_LOOK_US) {
			has_after = false;
			last_full = now;
		}
		kicked = look_from_start = false;
		last = now;
		pthread_mutex_unlock(&lock);
		while (look(&after, &has_after))
			continue;
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void
heard_news(struct subscriber *s, struct ms_str topic, struct ms_str data)
{
	(void)s, (void)topic, (void)data;
	pthread_mutex_lock(&lock);
	/* Whoever works ends with a signal, and gathering has a deadline. */
	if (!kicked)
		pthread_cond_broadcast(&changed);
	kicked = true;
	pthread_mutex_unlock(&lock);
}

void
runner_kick(void)
{
	pthread_mutex_lock(&lock);
	kicked = look_from_start = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

uint32_t
runner_busy(void)
{
	uint32_t n;

	pthread_mutex_lock(&lock);
	n = n_in_work;
	pthread_mutex_unlock(&lock);
	return n;
}

void
runner_start(const struct runner_options *options)
{
	pthread_condattr_t attr;

	o = *options;
	busy_gauge = metrics_series(MS_METRIC_GAUGE, "mansio_queue_parts_in_work", "",
	    "Parts of queued messages that are being delivered");
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&changed, &attr);
	pthread_condattr_destroy(&attr);
	ending = false;
	kicked = look_from_start = true;
	threads = pool_new("deliver", o.threads > 0 ? o.threads : 2);
	if (pthread_create(&thread, NULL, runner_thread, NULL) != 0)
		abort();
	news.heard = heard_news;
	bus_subscribe(&news, (struct ms_str)MS_STR("queue/"));
}

void
runner_stop(void)
{
	bus_unsubscribe(&news);
	pthread_mutex_lock(&lock);
	ending = true;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	pthread_mutex_lock(&lock);
	while (n_in_work > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	pool_free(threads);
	threads = NULL;
}
