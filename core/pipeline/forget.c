/* SPDX-License-Identifier: ISC */
/* forget.c - see forget.h */
#include "pipeline/forget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#include "base/bus.h"
#include "base/log.h"

static struct front *stores[FORGET_MAX_STORES];
static size_t n_stores;
static struct subscriber subscriber;

struct forgetting {
	struct ms_job_forget job;
	struct ms_op *op;
};

static void
forgotten(void *arg)
{
	struct forgetting *f = arg;

	if (f->job.job.status != MS_OK)
		log_printf(NULL, MS_LOG_WARNING,
		    "delivery ids could not be forgotten; the next start tries again");
	op_drop(f->op);
	free(f);
}

static bool
parse_generation(struct ms_str hex, uint8_t out[8])
{
	if (hex.len != 16)
		return false;
	for (size_t i = 0; i < 8; i++) {
		unsigned v = 0;

		for (size_t k = 0; k < 2; k++) {
			char c = hex.data[2 * i + k];

			if (c >= '0' && c <= '9')
				v = v << 4 | (unsigned)(c - '0');
			else if (c >= 'a' && c <= 'f')
				v = v << 4 | (unsigned)(c - 'a' + 10);
			else
				return false;
		}
		out[i] = (uint8_t)v;
	}
	return true;
}

static void
heard(struct subscriber *s, struct ms_str topic, struct ms_str data)
{
	uint8_t generation[8];

	(void)s, (void)topic;
	if (!parse_generation(data, generation))
		return;
	for (size_t i = 0; i < n_stores; i++) {
		struct forgetting *f = calloc(1, sizeof(*f));
		struct ms_job *jobs[1];

		if (f == NULL)
			return;		/* a hint, and it comes again */
		f->job.job = (struct ms_job){ .size = sizeof(f->job),
			.type = MS_JOB_FORGET, .status = MS_TEMPFAIL,
			.key = MS_STR("") };
		memcpy(f->job.first.octets, generation, sizeof(generation));
		memset(f->job.last.octets, 0xff, sizeof(f->job.last.octets));
		memcpy(f->job.last.octets, generation, sizeof(generation));
		jobs[0] = &f->job.job;
		f->op = front_commit(NULL, stores[i], jobs, 1);
		if (!op_watch(f->op, forgotten, f))
			forgotten(f);
	}
}

void
forget_start(struct front *const *fronts, size_t n)
{
	n_stores = n < FORGET_MAX_STORES ? n : FORGET_MAX_STORES;
	for (size_t i = 0; i < n_stores; i++)
		stores[i] = fronts[i];
	subscriber.heard = heard;
	bus_subscribe(&subscriber, (struct ms_str)MS_STR("queue/forget"));
}

void
forget_stop(void)
{
	bus_unsubscribe(&subscriber);
	n_stores = 0;
}
