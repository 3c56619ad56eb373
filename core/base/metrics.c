/* SPDX-License-Identifier: ISC */
/* metrics.c - see metrics.h */
#include "base/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_BUCKETS	24	/* of a histogram: powers of 4, from 1 */
#define MAX_SERIES	10000

struct ms_metric {
	struct ms_metric *next;
	uint32_t          type;
	char              name[96], labels[160], help[120];
	_Atomic int64_t   value;	/* of a histogram: the sum */
	_Atomic uint64_t  buckets[];	/* of a histogram: N_BUCKETS */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* the list */
static struct ms_metric *first, **last = &first;
static size_t n_series;

static struct ms_metric *
find(const char *name, const char *labels)	/* with the lock */
{
	struct ms_metric *m = first;

	while (m != NULL && (strcmp(m->name, name) != 0 || strcmp(m->labels, labels) != 0))
		m = m->next;
	return m;
}

struct ms_metric *
metrics_series(uint32_t type, const char *name, const char *labels,
    const char *help)
{
	struct ms_metric *m;

	pthread_mutex_lock(&lock);
	if (n_series >= MAX_SERIES)
		labels = "other=1";
	m = find(name, labels);
	if (m == NULL) {
		m = calloc(1, sizeof(*m) + (type == MS_METRIC_HISTOGRAM ?
		    N_BUCKETS * sizeof(m->buckets[0]) : 0));
		if (m == NULL)
			abort();
		m->type = type;
		snprintf(m->name, sizeof(m->name), "%s", name);
		snprintf(m->labels, sizeof(m->labels), "%s", labels);
		snprintf(m->help, sizeof(m->help), "%s", help);
		*last = m;
		last = &m->next;
		n_series++;
	}
	pthread_mutex_unlock(&lock);
	return m;
}

static unsigned
bucket_of(int64_t value)
{
	unsigned i = 0;

	while (i + 1 < N_BUCKETS && value > (INT64_C(1) << (2 * i)))
		i++;
	return i;
}

void
metrics_add(struct ms_metric *m, int64_t value)
{
	atomic_fetch_add_explicit(&m->value, value, memory_order_relaxed);
	if (m->type == MS_METRIC_HISTOGRAM)
		atomic_fetch_add_explicit(&m->buckets[bucket_of(value)], 1,
		    memory_order_relaxed);
}

int64_t
metrics_value(const struct ms_metric *m)
{
	return atomic_load_explicit(&m->value, memory_order_relaxed);
}

static void
print_histogram(struct ms_buf *out, struct ms_metric *m)
{
	const char *comma = m->labels[0] != '\0' ? "," : "";
	uint64_t sum = 0;

	for (unsigned i = 0; i < N_BUCKETS; i++) {
		sum += atomic_load_explicit(&m->buckets[i], memory_order_relaxed);
		if (i + 1 < N_BUCKETS)
			ms_buf_addf(out, "%s_bucket{%s%sle=\"%lld\"} %llu\n", m->name,
			    m->labels, comma, (long long)(INT64_C(1) << (2 * i)),
			    (unsigned long long)sum);
		else
			ms_buf_addf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", m->name,
			    m->labels, comma, (unsigned long long)sum);
	}
	ms_buf_addf(out, "%s_sum{%s} %lld\n%s_count{%s} %llu\n", m->name, m->labels,
	    (long long)metrics_value(m), m->name, m->labels, (unsigned long long)sum);
}

void
metrics_print(struct ms_buf *out)
{
	static const char *const types[] = { "", "counter", "gauge", "histogram" };

	pthread_mutex_lock(&lock);
	for (struct ms_metric *m = first; m != NULL; m = m->next) {
		if (find(m->name, m->labels) == m && m->help[0] != '\0')
			ms_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help,
			    m->name, types[m->type <= MS_METRIC_HISTOGRAM ? m->type : 0]);
		if (m->type == MS_METRIC_HISTOGRAM)
			print_histogram(out, m);
		else if (m->labels[0] != '\0')
			ms_buf_addf(out, "%s{%s} %lld\n", m->name, m->labels,
			    (long long)metrics_value(m));
		else
			ms_buf_addf(out, "%s %lld\n", m->name, (long long)metrics_value(m));
	}
	pthread_mutex_unlock(&lock);
}

void
metrics_each(void (*each)(void *, const char *, const char *, int64_t),
    void *arg)
{
	pthread_mutex_lock(&lock);
	for (struct ms_metric *m = first; m != NULL; m = m->next)
		if (m->type != MS_METRIC_HISTOGRAM)
			each(arg, m->name, m->labels, metrics_value(m));
	pthread_mutex_unlock(&lock);
}

static struct ms_metric *
service_series(const struct ms_host *host, uint32_t type, const char *name,
    const char *labels, const char *help)
{
	char full[96];

	(void)host;
	snprintf(full, sizeof(full), "mansio_%s", name);
	return metrics_series(type, full, labels, help);
}

const struct ms_metrics metrics_service = {
	.size = sizeof(metrics_service),
	.series = service_series,
	.add = metrics_add,
};
