/* SPDX-License-Identifier: ISC */
/* fuzz_record.c - the queue's records of messages and parts */
#include <stdint.h>
#include <stdlib.h>

#include <mansio/str.h>

#include "base/blob.h"
#include "pipeline/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_str in = { (const char *)data, size };
	struct ms_blob *body = blob_copy_memory(ms_str_c("A: b\r\n\r\nbody"));
	struct ms_buf again = MS_BUF_MAX(RECORD_MAX);
	struct ms_message *m;
	struct part_record p;
	struct owner owner;
	struct scope scope;

	owner_init(&owner);
	scope_init(&scope, &owner, ms_str_of("f", 1), ms_arena_new(0), NULL, 0);
	if (record_decode(&scope.pub, in, body, &m, NULL) == MS_OK) {
		record_encode(m, &again);
		if (ms_buf_ok(&again) &&
		    record_decode(&scope.pub, ms_buf_str(&again), body, &m, NULL) != MS_OK)
			abort();
	}
	if (part_decode(in, scope.pub.arena, &p, NULL) == MS_OK && p.n != UINT32_MAX) {
		ms_buf_reset(&again);
		part_encode(&p, &again);
		if (!ms_str_equal(ms_buf_str(&again), in))
			abort();
	}
	ms_buf_free(&again);
	blob_release(body);
	owner_fini(&owner);
	ms_arena_free(scope.pub.arena);
	return 0;
}
