/* SPDX-License-Identifier: ISC */
/* tasks.c - see tasks.h */
#include "process/tasks.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/scope.h"
#include "base/timer.h"
#include "plugin/instance.h"

#define MAX_EVENTS	256	/* kept for one task; the oldest go: events are hints */

struct event {
	struct event *next;
	struct ms_str topic, data;	/* behind it */
};

struct task {
	struct work      work;		/* first */
	struct task     *next;
	struct instance *instance;
	uint64_t         number;
	struct timer     timer;
	/* Under the lock: */
	bool             is_due, is_queued, runs;
	struct ms_str    due_data;	/* malloc'ed */
	struct event    *events, **last_event;
	unsigned         n_events;
};

struct subscription {
	struct subscriber subscriber;	/* first */
	struct subscription *next;
	struct task      *task;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static struct task *tasks;
static struct subscription *subscriptions;
static struct pool *pool;

static void run_task(struct work *w);

static struct task *
find_task(const struct ms_host *host, uint64_t number)	/* with the lock */
{
	struct instance *instance = instance_of_host(host);
	struct task *t = tasks;

	while (t != NULL && (t->instance != instance || t->number != number))
		t = t->next;
	if (t == NULL) {
		t = calloc(1, sizeof(*t));
		if (t == NULL)
			abort();
		t->instance = instance;
		t->number = number;
		t->last_event = &t->events;
		t->next = tasks;
		tasks = t;
	}
	return t;
}

static void
queue_task(struct task *t)		/* with the lock */
{
	if (pool == NULL || t->is_queued || t->runs)
		return;
	t->is_queued = true;
	t->work.run = run_task;
	pool_run(pool, &t->work);
}

static void
call(struct task *t, const struct ms_task *what)
{
	const struct ms_tasks *table = instance_interface(t->instance, MS_TASKS_ID);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_arena *arena;
	struct owner owner;
	struct scope scope;
	ms_status st;

	if (table == NULL)
		return;
	arena = ms_arena_new(0);
	owner_init(&owner);
	scope_init(&scope, &owner, ms_str_of("", 0), arena, instance_host(t->instance), 0);
	st = table->run(instance_self(t->instance), &scope.pub, what, &err);
	if (st != MS_OK)
		log_printf(NULL, MS_LOG_WARNING, "a task of %s failed: %s",
		    instance_plugin(t->instance)->name, err.text);
	owner_fini(&owner);
	ms_arena_free(arena);
}

static void
run_task(struct work *w)
{
	struct task *t = (struct task *)w;

	pthread_mutex_lock(&lock);
	t->is_queued = false;
	t->runs = true;
	while (t->is_due || t->events != NULL) {
		struct ms_task what = { .size = sizeof(what), .number = t->number };
		struct event *e = NULL;
		char *owned = NULL;

		if (t->is_due) {
			t->is_due = false;
			what.came = MS_TASK_DUE;
			what.data = t->due_data;
			owned = (char *)(uintptr_t)t->due_data.data;
			t->due_data = ms_str_of(NULL, 0);
		} else {
			e = t->events;
			t->events = e->next;
			if (t->events == NULL)
				t->last_event = &t->events;
			t->n_events--;
			what.came = MS_TASK_EVENT;
			what.topic = e->topic;
			what.data = e->data;
		}
		pthread_mutex_unlock(&lock);
		call(t, &what);
		free(owned);
		free(e);
		pthread_mutex_lock(&lock);
	}
	t->runs = false;
	pthread_mutex_unlock(&lock);
}

static void
timer_fired(struct timer *timer)
{
	struct task *t = (struct task *)((char *)timer - offsetof(struct task, timer));

	pthread_mutex_lock(&lock);
	t->is_due = true;
	queue_task(t);
	pthread_mutex_unlock(&lock);
}

static void
service_run_at(const struct ms_host *host, uint64_t number, int64_t after_us,
    uint32_t jitter, struct ms_str data)
{
	struct task *t;

	if (instance_of_host(host) == NULL || data.len > 4096)
		return;
	if (jitter && after_us > 10)
		after_us += (int64_t)(random_u64() % (uint64_t)(after_us / 10));
	pthread_mutex_lock(&lock);
	t = find_task(host, number);
	free((char *)(uintptr_t)t->due_data.data);
	t->due_data = ms_str_of(NULL, 0);
	if (data.len > 0) {
		char *copy = malloc(data.len);

		if (copy == NULL)
			abort();
		memcpy(copy, data.data, data.len);
		t->due_data = ms_str_of(copy, data.len);
	}
	t->timer.fire = timer_fired;
	pthread_mutex_unlock(&lock);
	/* Outside: timer_fired() takes the lock on the timer's thread. */
	timer_arm(&t->timer, clock_steady_us() + (after_us > 0 ? after_us : 0));
}

static void
service_cancel(const struct ms_host *host, uint64_t number)
{
	struct task *t;

	if (instance_of_host(host) == NULL)
		return;
	pthread_mutex_lock(&lock);
	t = find_task(host, number);
	t->is_due = false;
	pthread_mutex_unlock(&lock);
	(void)timer_cancel(&t->timer);
}

static void
service_publish(const struct ms_host *host, struct ms_str topic, struct ms_str data)
{
	(void)host;
	bus_publish(topic, data);
}

static void
heard(struct subscriber *subscriber, struct ms_str topic, struct ms_str data)
{
	struct task *t = ((struct subscription *)subscriber)->task;
	struct event *e;

	pthread_mutex_lock(&lock);
	for (e = t->events; e != NULL; e = e->next)
		if (ms_str_equal(e->topic, topic) && ms_str_equal(e->data, data))
			break;
	if (e == NULL) {
		char *text;

		e = calloc(1, sizeof(*e) + topic.len + data.len + 1);
		if (e == NULL)
			abort();
		text = (char *)(e + 1);
		memcpy(text, topic.data, topic.len);
		if (data.len > 0)
			memcpy(text + topic.len, data.data, data.len);
		e->topic = ms_str_of(text, topic.len);
		e->data = ms_str_of(text + topic.len, data.len);
		*t->last_event = e;
		t->last_event = &e->next;
		if (++t->n_events > MAX_EVENTS) {
			struct event *old = t->events;

			t->events = old->next;
			t->n_events--;
			free(old);
		}
	}
	queue_task(t);
	pthread_mutex_unlock(&lock);
}

static void
service_subscribe(const struct ms_host *host, struct ms_str topic, uint64_t number)
{
	struct subscription *s;

	if (instance_of_host(host) == NULL)
		return;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->subscriber.heard = heard;
	pthread_mutex_lock(&lock);
	s->task = find_task(host, number);
	s->next = subscriptions;
	subscriptions = s;
	pthread_mutex_unlock(&lock);
	bus_subscribe(&s->subscriber, topic);
}

void
tasks_start(void)
{
	pthread_mutex_lock(&lock);
	pool = pool_new("task", 2);
	/* What fell due while instances started, before there were threads. */
	for (struct task *t = tasks; t != NULL; t = t->next)
		if (t->is_due || t->events != NULL)
			queue_task(t);
	pthread_mutex_unlock(&lock);
}

void
tasks_stop(void)
{
	struct pool *ending;

	for (struct subscription *s = subscriptions, *next; s != NULL; s = next) {
		next = s->next;
		bus_unsubscribe(&s->subscriber);
		free(s);
	}
	subscriptions = NULL;
	pthread_mutex_lock(&lock);
	ending = pool;
	pool = NULL;
	pthread_mutex_unlock(&lock);
	pool_free(ending);
	/* After the tasks, which arm their own timers again while they run. */
	for (struct task *t = tasks; t != NULL; t = t->next)
		(void)timer_cancel(&t->timer);
	for (struct task *t = tasks, *next; t != NULL; t = next) {
		next = t->next;
		while (t->events != NULL) {
			struct event *e = t->events;

			t->events = e->next;
			free(e);
		}
		free((char *)(uintptr_t)t->due_data.data);
		free(t);
	}
	tasks = NULL;
}

const struct ms_timer timer_service = {
	.size = sizeof(timer_service), .run_at = service_run_at, .cancel = service_cancel,
};

const struct ms_bus bus_service = {
	.size = sizeof(bus_service), .publish = service_publish,
	.subscribe = service_subscribe,
};
