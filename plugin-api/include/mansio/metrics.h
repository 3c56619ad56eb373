/* SPDX-License-Identifier: ISC */
/*
 * metrics.h - counters, gauges and histograms for /metrics
 *
 * The core adds the plugin's and the instance's name as labels, and counts
 * calls, failures, time and queueing of every interface by itself.
 */
#ifndef MANSIO_METRICS_H
#define MANSIO_METRICS_H

#include <mansio/scope.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_METRICS_ID "ms.metrics/1"
enum { MS_METRIC_COUNTER = 1, MS_METRIC_GAUGE, MS_METRIC_HISTOGRAM };
struct ms_metric;
struct ms_metrics {
	uint32_t size;
	/* [main] In create().  labels: "" or "name=value,..."; at most 1,000
	   series an instance, then the series "other" is returned.  Lives until
	   destroy(). */
	struct ms_metric *(*series)(const struct ms_host *, uint32_t type,
	    const char *name, const char *labels, const char *help);
	/* [any] Counter: adds.  Gauge: adds, also negative.  Histogram: one
	   observation, in microseconds or octets as the name says. */
	void (*add)(struct ms_metric *, int64_t value);
};

#ifdef __cplusplus
}
#endif
#endif
