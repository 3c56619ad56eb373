/* SPDX-License-Identifier: ISC */
#include <pthread.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <mansio/arena.h>
#include <mansio/error.h>

#include "base/clock.h"
#include "base/op.h"

static struct owner owner;
static struct scope scope;
static struct ms_arena *arena;

static void
set_up(void)
{
	arena = ms_arena_new(0);
	owner_init(&owner);
	scope_init(&scope, &owner, ms_str_of("t", 1), arena, NULL, 0);
}

static void
count(void *arg)
{
	(*(int *)arg)++;
}

Test(op, tells_its_watcher_once_when_it_ends, .init = set_up)
{
	struct ms_op *op = op_new(&scope.pub, 0, NULL);
	int told = 0;

	cr_assert(op_watch(op, count, &told));
	cr_assert_eq(told, 0);
	op_finish(op, MS_OK, NULL);
	cr_assert_eq(told, 1);
	cr_assert(op_is_done(op));
	owner_fini(&owner);
	cr_assert_eq(told, 1);
}

Test(op, does_not_call_a_watcher_that_comes_too_late, .init = set_up)
{
	struct ms_op *op = op_ended(&scope.pub, MS_DENIED, NULL);
	int told = 0;

	cr_assert_not(op_watch(op, count, &told));
	cr_assert_eq(op_status(op), MS_DENIED);
	owner_fini(&owner);
	cr_assert_eq(told, 0);
}

Test(op, calls_nobody_after_it_was_dropped, .init = set_up)
{
	struct ms_op *op = op_new(&scope.pub, 0, NULL);
	int told = 0;

	cr_assert(op_watch(op, count, &told));
	op_drop(op);
	cr_assert(op_is_dropped(op));
	op_finish(op, MS_OK, NULL);
	cr_assert_eq(told, 0);
	owner_fini(&owner);
}

Test(op, is_given_up_with_its_owner_and_may_end_later, .init = set_up)
{
	struct ms_op *op = op_new(&scope.pub, 64, NULL);

	owner_fini(&owner);
	cr_assert(op_is_dropped(op));
	op_finish(op, MS_OK, NULL);	/* ASan would see a second freeing */
}

static int freed;

static void
free_payload(void *payload)
{
	freed += *(int *)payload;
}

Test(op, frees_its_payload_with_the_last_holder, .init = set_up)
{
	struct ms_op *op = op_new(&scope.pub, sizeof(int), free_payload);

	*(int *)op_payload(op) = 7;
	op_finish(op, MS_OK, NULL);
	cr_assert_eq(freed, 0);
	op_drop(op);
	cr_assert_eq(freed, 7);
	owner_fini(&owner);
}

static void *
finish_soon(void *arg)
{
	struct ms_error err = MS_ERROR_INIT;

	usleep(20000);
	ms_error_set(&err, MS_LIMIT, "5.3.4", "too large");
	op_finish(arg, MS_LIMIT, &err);
	return NULL;
}

Test(op, is_awaited_across_threads_with_its_error, .init = set_up)
{
	struct ms_op *op = op_new(&scope.pub, 0, NULL);
	struct ms_error err = MS_ERROR_INIT;
	pthread_t t;

	pthread_create(&t, NULL, finish_soon, op);
	cr_assert_eq(op_await(&scope.pub, op, &err), MS_LIMIT);
	cr_assert_str_eq(err.enhanced, "5.3.4");
	cr_assert_str_eq(err.text, "too large");
	pthread_join(t, NULL);
	owner_fini(&owner);
}

Test(op, gives_up_waiting_at_the_deadline, .init = set_up)
{
	struct ms_op *op = op_new(&scope.pub, 0, NULL);
	struct ms_error err = MS_ERROR_INIT;
	int64_t began = clock_steady_us();

	scope.pub.deadline_us = began + 30000;
	cr_assert_eq(op_await(&scope.pub, op, &err), MS_TEMPFAIL);
	cr_assert(clock_steady_us() - began >= 30000);
	op_finish(op, MS_OK, NULL);
	owner_fini(&owner);
}

Test(op, knows_its_kind, .init = set_up)
{
	static const int mine = 0, other = 0;
	struct ms_op *op = op_ended(&scope.pub, MS_OK, NULL);

	cr_assert_not(op_is_kind(op, &mine));
	op_set_kind(op, &mine);
	cr_assert(op_is_kind(op, &mine));
	cr_assert_not(op_is_kind(op, &other));
	cr_assert_not(op_is_kind(NULL, &mine));
	owner_fini(&owner);
}

Test(scope, gives_arenas_that_end_with_the_owner_or_before, .init = set_up)
{
	struct ms_arena *a[300];

	for (int i = 0; i < 300; i++) {
		a[i] = scope_service.arena_new(&scope.pub, 100);
		(void)ms_arena_alloc(a[i], 10);
	}
	for (int i = 0; i < 300; i += 2)
		scope_service.arena_free(a[i]);
	owner_fini(&owner);	/* the others: LeakSanitizer would tell */
	ms_arena_free(arena);
}

Test(scope, says_when_nobody_waits_any_more, .init = set_up)
{
	cr_assert_eq(scope_service.is_cancelled(&scope.pub), 0);
	owner_cancel(&owner);
	cr_assert_eq(scope_service.is_cancelled(&scope.pub), 1);
	owner_fini(&owner);
}

Test(scope, makes_ids_of_twelve_characters_that_differ)
{
	char a[16], b[16];
	struct ms_str x = scope_new_id(a), y = scope_new_id(b);

	cr_assert_eq(x.len, 12);
	cr_assert_eq(y.len, 12);
	cr_assert_neq(memcmp(a, b, 12), 0);
}
