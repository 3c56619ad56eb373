/* SPDX-License-Identifier: ISC */
/* tasks.c - ms.timer/1 and ms.bus/1: noted, and run when the test says so */
#include "internal.h"

#include <mansio/error.h>

#define MAX_DATA	4096

struct pending {
	struct pending *next;
	uint32_t        came;
	uint64_t        number;
	int64_t         due_us;		/* DUE */
	struct ms_str   topic, data;
};

struct subscription {
	struct subscription *next;
	struct ms_str        topic;
	uint64_t             number;
};

static struct ms_mock *
mock_of(const struct ms_host *host)
{
	if (host == NULL)
		mock_die("a service was called without a host");
	return (struct ms_mock *)(uintptr_t)host;
}

static const struct ms_tasks *
tasks_of(struct ms_mock *m)
{
	const struct ms_tasks *tasks = m->plugin->interface(MS_TASKS_ID);

	if (tasks == NULL)
		mock_die("the plugin %s asks for a task and does not offer " MS_TASKS_ID,
		    m->plugin->name);
	return tasks;
}

static void
add(struct ms_mock *m, const struct pending *p)
{
	struct ms_arena *a = m->world->arena;
	struct pending **at = &m->pending, *x = ms_arena_alloc(a, sizeof(*x));

	*x = *p;
	x->topic = ms_arena_str(a, p->topic);
	x->data = ms_arena_str(a, p->data);
	/* By time; those of one time as they came.  Events are due at once. */
	while (*at != NULL && (*at)->due_us <= x->due_us)
		at = &(*at)->next;
	x->next = *at;
	*at = x;
}

static void
service_cancel(const struct ms_host *host, uint64_t number)
{
	struct pending **at = &mock_of(host)->pending;

	while (*at != NULL)
		if ((*at)->came == MS_TASK_DUE && (*at)->number == number)
			*at = (*at)->next;
		else
			at = &(*at)->next;
}

static void
service_run_at(const struct ms_host *host, uint64_t number, int64_t after_us,
    uint32_t jitter, struct ms_str data)
{
	struct ms_mock *m = mock_of(host);

	(void)jitter;
	(void)tasks_of(m);
	if (after_us < 0 || data.len > MAX_DATA)
		mock_die("run_at() with a time of the past or more than %d octets of data",
		    MAX_DATA);
	service_cancel(host, number);
	add(m, &(struct pending){ .came = MS_TASK_DUE, .number = number,
	    .due_us = m->world->steady_us + after_us, .topic = MS_STR(""), .data = data });
}

const struct ms_timer mock_timer_service = {
	.size = sizeof(mock_timer_service), .run_at = service_run_at,
	.cancel = service_cancel,
};

/* ---- ms.bus/1 ---- */

/* A prefix ends with "/". */
bool
topic_matches(struct ms_str watched, struct ms_str topic)
{
	return watched.len > 0 && watched.data[watched.len - 1] == '/' ?
	    ms_str_has_prefix(topic, watched) : ms_str_equal(topic, watched);
}

void
bus_publish(struct world *w, struct ms_str topic, struct ms_str data)
{
	ms_buf_add(&w->events, topic);
	ms_buf_add_octet(&w->events, ' ');
	ms_buf_add(&w->events, data);
	ms_buf_add_octet(&w->events, '\n');
	for (struct ms_mock *m = w->mocks; m != NULL; m = m->next)
		for (const struct subscription *s = m->subscriptions; s != NULL; s = s->next)
			if (topic_matches(s->topic, topic))
				add(m, &(struct pending){ .came = MS_TASK_EVENT,
				    .number = s->number, .topic = topic, .data = data });
	for (struct ms_mock_session *s = w->sessions; s != NULL; s = s->s.next)
		session_hear(&s->s, topic);
}

static void
service_publish(const struct ms_host *host, struct ms_str topic, struct ms_str data)
{
	if (topic.len == 0 || data.len > MAX_DATA)
		mock_die("publish() without a topic or with more than %d octets of data",
		    MAX_DATA);
	bus_publish(mock_of(host)->world, topic, data);
}

static void
service_subscribe(const struct ms_host *host, struct ms_str topic, uint64_t number)
{
	struct ms_mock *m = mock_of(host);
	struct subscription *s = ms_arena_alloc(m->world->arena, sizeof(*s));

	(void)tasks_of(m);
	s->topic = ms_arena_str(m->world->arena, topic);
	s->number = number;
	s->next = m->subscriptions;
	m->subscriptions = s;
}

const struct ms_bus mock_bus_service = {
	.size = sizeof(mock_bus_service), .publish = service_publish,
	.subscribe = service_subscribe,
};

struct ms_str
ms_mock_events(struct ms_mock *m)
{
	return ms_arena_str(m->world->arena, ms_buf_str(&m->world->events));
}

/* ---- running ---- */

static void
run_one(struct ms_mock *m, const struct pending *p)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_arena *arena = ms_arena_new(0);
	struct owner owner = { NULL, false };
	struct mock_scope scope;
	const struct ms_task task = { .size = sizeof(task), .came = p->came,
		.number = p->number, .topic = p->topic, .data = p->data };
	ms_status st;

	scope_init(&scope, m, &owner, arena);
	st = tasks_of(m)->run(ms_mock_instance(m), &scope.pub, &task, &err);
	if (st != MS_OK)
		ms_buf_addf(&m->world->log, "error task %llu failed reason=%s\n",
		    (unsigned long long)p->number, err.text);
	owner_end(&owner);
	ms_arena_free(arena);
}

/* A task that arms itself anew at once runs by the next call. */
uint32_t
ms_mock_run_tasks(struct ms_mock *m)
{
	struct pending *due = NULL, **last = &due;
	uint32_t n = 0;

	while (m->pending != NULL && m->pending->due_us <= m->world->steady_us) {
		*last = m->pending;
		m->pending = m->pending->next;
		last = &(*last)->next;
		*last = NULL;
	}
	for (; due != NULL; due = due->next, n++)
		run_one(m, due);
	return n;
}
