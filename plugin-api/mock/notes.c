/* SPDX-License-Identifier: ISC */
/* notes.c - log, clock and metrics: kept to be looked at */
#include "internal.h"

static struct world *
world_of(const struct ms_host *host)
{
	if (host == NULL)
		mock_die("a service was called without a host");
	return ((struct ms_mock *)(uintptr_t)host)->world;
}

/* ---- ms.log/1 ---- */

static void
service_log(const struct ms_scope *scope, uint32_t level, const char *text,
    const struct ms_field *fields, size_t n)
{
	static const char *const names[] = { "trace", "debug", "info", "warning",
		"error" };
	struct ms_buf *b = &scope_mock(scope)->world->log;

	if (level > MS_LOG_ERROR)
		mock_die("a log record has the unknown level %u", (unsigned)level);
	ms_buf_addf(b, "%s %s", names[level], text);
	for (size_t i = 0; i < n; i++) {
		ms_buf_add_octet(b, ' ');
		ms_buf_add(b, fields[i].name);
		ms_buf_add_octet(b, '=');
		ms_buf_add(b, fields[i].value);
	}
	ms_buf_add_octet(b, '\n');
}

static uint32_t
service_wants(const struct ms_scope *scope, uint32_t level)
{
	(void)scope, (void)level;
	return 1;
}

const struct ms_log mock_log_service = {
	.size = sizeof(mock_log_service), .write = service_log, .wants = service_wants,
};

struct ms_str
ms_mock_log(struct ms_mock *m)
{
	return ms_arena_str(m->world->arena, ms_buf_str(&m->world->log));
}

/* ---- ms.clock/1 ---- */

static void
tick(struct world *w)
{
	w->now_us += w->tick_us;
	w->steady_us += w->tick_us;
}

static int64_t
service_now(const struct ms_host *host)
{
	tick(world_of(host));
	return world_of(host)->now_us;
}

static int64_t
service_steady(const struct ms_host *host)
{
	tick(world_of(host));
	return world_of(host)->steady_us;
}

/* The same in each run: splitmix64. */
static void
service_random(const struct ms_host *host, void *octets, size_t n)
{
	struct world *w = world_of(host);
	uint8_t *to = octets;

	for (size_t i = 0; i < n; i++) {
		uint64_t z = w->chance += UINT64_C(0x9e3779b97f4a7c15);

		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		to[i] = (uint8_t)(z >> 56);
	}
}

const struct ms_clock mock_clock_service = {
	.size = sizeof(mock_clock_service), .now_us = service_now,
	.steady_us = service_steady, .random = service_random,
};

void
ms_mock_set_time(struct ms_mock *m, int64_t now_us)
{
	m->world->now_us = now_us;
}

void
ms_mock_advance(struct ms_mock *m, int64_t us)
{
	if (us < 0)
		mock_die("time does not run backwards; ms_mock_set_time() lets it jump");
	m->world->now_us += us;
	m->world->steady_us += us;
}

void
ms_mock_tick(struct ms_mock *m, int64_t us)
{
	if (us < 0)
		mock_die("time does not run backwards");
	m->world->tick_us = us;
}

/* ---- ms.metrics/1 ---- */

struct ms_metric {
	struct ms_metric *next;
	uint32_t          type;
	struct ms_str     name, labels;
	int64_t           value;
};

static struct ms_metric *
find_metric(struct world *w, const char *name, const char *labels)
{
	struct ms_metric *x = w->metrics;

	while (x != NULL && !(ms_str_equal(x->name, ms_str_c(name)) &&
	    ms_str_equal(x->labels, ms_str_c(labels))))
		x = x->next;
	return x;
}

static struct ms_metric *
service_series(const struct ms_host *host, uint32_t type, const char *name,
    const char *labels, const char *help)
{
	struct world *w = world_of(host);
	struct ms_metric *x = find_metric(w, name, labels);

	if (type < MS_METRIC_COUNTER || type > MS_METRIC_HISTOGRAM)
		mock_die("the metric %s has the unknown type %u", name, (unsigned)type);
	if (help == NULL || help[0] == '\0')
		mock_die("the metric %s has no help", name);
	if (x != NULL)
		return x;
	x = ms_arena_alloc(w->arena, sizeof(*x));
	x->type = type;
	x->name = ms_arena_str(w->arena, ms_str_c(name));
	x->labels = ms_arena_str(w->arena, ms_str_c(labels));
	x->next = w->metrics;
	w->metrics = x;
	return x;
}

static void
service_add(struct ms_metric *x, int64_t value)
{
	if (x->type == MS_METRIC_COUNTER && value < 0)
		mock_die("the counter %s was to go down", x->name.data);
	x->value += value;
}

const struct ms_metrics mock_metrics_service = {
	.size = sizeof(mock_metrics_service), .series = service_series,
	.add = service_add,
};

int64_t
ms_mock_metric(struct ms_mock *m, const char *name, const char *labels)
{
	const struct ms_metric *x = find_metric(m->world, name, labels);

	if (x == NULL)
		mock_die("there is no metric %s{%s}", name, labels);
	return x->value;
}
