/* SPDX-License-Identifier: ISC */
/*
 * metrics.h - counters, gauges, histograms: the core's side of ms.metrics/1
 *
 * Series live as long as the process.  Adding is one atomic add.
 */
#ifndef CORE_BASE_METRICS_H
#define CORE_BASE_METRICS_H

#include <mansio/buf.h>
#include <mansio/metrics.h>

/* name as Prometheus wants it ("mansio_connections_total"); the same name and
   labels give the same series. */
struct ms_metric *metrics_series(uint32_t type, const char *name,
    const char *labels, const char *help);
void metrics_add(struct ms_metric *m, int64_t value);
int64_t metrics_value(const struct ms_metric *m);
/* Text exposition format. */
void metrics_print(struct ms_buf *out);
/* Calls each(arg, name, labels, value) for all but histograms. */
void metrics_each(void (*each)(void *arg, const char *name, const char *labels,
    int64_t value), void *arg);

/* Service ms.metrics/1. */
extern const struct ms_metrics metrics_service;

#endif
