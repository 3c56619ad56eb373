/* SPDX-License-Identifier: ISC */
/* fuzz_jobs.c - requests and answers of mailbox jobs, from another process */
#include <stdint.h>
#include <stdlib.h>

#include <mansio/arena.h>
#include <mansio/str.h>

#include "pipeline/jobs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_str in = { (const char *)data, size };
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_buf again = MS_BUF_MAX(JOBS_MAX_REQUEST), third = MS_BUF_MAX(JOBS_MAX_REQUEST);
	struct ms_job **jobs, **same;
	size_t n, m;

	if (jobs_decode_request(in, arena, &jobs, &n, NULL) == MS_OK) {
		/* What was understood reads the same when it is written again. */
		if (jobs_encode_request(jobs, n, &again, NULL) != MS_OK ||
		    jobs_decode_request(ms_buf_str(&again), arena, &same, &m, NULL) != MS_OK ||
		    m != n || jobs_encode_request(same, m, &third, NULL) != MS_OK ||
		    !ms_str_equal(ms_buf_str(&again), ms_buf_str(&third)))
			abort();
		(void)jobs_decode_answer(in, jobs, n, NULL);
		ms_buf_reset(&again);
		jobs_encode_answer(jobs, n, &again);
		if (jobs_decode_answer(ms_buf_str(&again), same, n, NULL) != MS_OK)
			abort();
	}
	ms_buf_free(&again);
	ms_buf_free(&third);
	ms_arena_free(arena);
	return 0;
}
