/* SPDX-License-Identifier: ISC */
/* stage.c - see stage.h */
#include "pipeline/stage.h"

#include <stdio.h>

#include <mansio/plugin.h>
#include <mansio/str.h>

#include "base/metrics.h"

static struct pipeline *const *all;
static size_t n_all;

/* Does one of these names cover the other?  "spf." covers "spf.result". */
static bool
names_meet(const char *const *needs, const char *const *gives)
{
	if (needs == NULL || gives == NULL)
		return false;
	for (; *needs != NULL; needs++)
		for (const char *const *g = gives; *g != NULL; g++) {
			struct ms_str need = ms_str_c(*needs), give = ms_str_c(*g);

			if (ms_str_equal(need, give) ||
			    (ms_str_has_suffix(need, (struct ms_str)MS_STR(".")) &&
				ms_str_has_prefix(give, need)) ||
			    (ms_str_has_suffix(give, (struct ms_str)MS_STR(".")) &&
				ms_str_has_prefix(need, give)))
				return true;
		}
	return false;
}

void
pipeline_link(struct pipeline *p)
{
	for (size_t i = 0; i < p->n_stages; i++) {
		struct stage *s = &p->stages[i];
		char labels[128];

		s->place = (uint32_t)i;
		s->after = 0;
		for (size_t k = 0; k < i; k++) {
			const struct stage *before = &p->stages[k];
			bool rewrites = before->plan->touches &
			    (MS_TOUCH_BODY | MS_TOUCH_ENVELOPE);

			if (rewrites || names_meet(s->plan->needs, before->plan->gives))
				s->after |= UINT64_C(1) << k;
		}
		p->at |= s->plan->at;
		if (s->lane.max == 0)
			s->lane.max = 64;
		snprintf(labels, sizeof(labels), "pipeline=\"%s\",stage=\"%s\"", p->name,
		    s->name);
		s->calls = metrics_series(MS_METRIC_COUNTER, "mansio_stage_calls_total",
		    labels, "Calls of a stage");
		s->failures = metrics_series(MS_METRIC_COUNTER,
		    "mansio_stage_failures_total", labels,
		    "Calls of a stage that gave no verdict");
		s->time_us = metrics_series(MS_METRIC_HISTOGRAM,
		    "mansio_stage_microseconds", labels, "Time of a stage's calls");
	}
}

void
pipelines_set(struct pipeline *const *pipelines, size_t n)
{
	all = pipelines;
	n_all = n;
}

struct pipeline *
pipeline_find(struct ms_str name)
{
	for (size_t i = 0; i < n_all; i++)
		if (ms_str_equal(ms_str_c(all[i]->name), name))
			return all[i];
	return NULL;
}
