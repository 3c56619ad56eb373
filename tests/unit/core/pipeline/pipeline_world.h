/* SPDX-License-Identifier: ISC */
/*
 * pipeline_world.h - what tests of the pipeline room share: a scope, filters
 * and routes that do as they are told
 */
#ifndef TEST_PIPELINE_WORLD_H
#define TEST_PIPELINE_WORLD_H

#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/blob.h"
#include "base/facts.h"
#include "base/op.h"
#include "base/timer.h"
#include "pipeline/message.h"
#include "pipeline/run.h"

static struct owner owner;
static struct scope scope;

static inline void
world_begin(void)
{
	owner_init(&owner);
	scope_init(&scope, &owner, ms_str_of("test", 4), ms_arena_new(0), NULL, 0);
	timers_start();
	run_start(8);
}

static inline void
world_end(void)
{
	owner_fini(&owner);
	run_stop();
	timers_stop();
	ms_arena_free(scope.pub.arena);
}

static inline struct ms_message *
message_of(const char *from, const char *to, const char *content)
{
	struct ms_message *m = message_new(&scope.pub, NULL);
	struct ms_recipient r = { .size = sizeof(r), .path = ms_str_c(to),
		.original = { "", 0 } };
	struct ms_blob *b = blob_copy_memory(ms_str_c(content));

	m->info.reverse_path = ms_arena_str(m->arena, ms_str_c(from));
	message_add_recipient(m, &r);
	message_set_body(m, b);
	blob_release(b);
	return m;
}

static inline const char *
content_of(struct ms_message *m)
{
	struct ms_blob *b;
	char *text;
	size_t n;

	cr_assert_eq(message_content(m, &b, NULL), MS_OK);
	text = ms_arena_alloc(scope.pub.arena, blob_octets(b) + 1);
	cr_assert_eq(blob_read(b, 0, text, blob_octets(b), &n, NULL), MS_OK);
	blob_release(b);
	return text;
}

#endif
