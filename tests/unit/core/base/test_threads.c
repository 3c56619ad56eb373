/* SPDX-License-Identifier: ISC */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/timer.h"

struct job {
	struct work work;	/* first */
	atomic_int *sum;
};

static void
add_one(struct work *w)
{
	atomic_fetch_add(((struct job *)w)->sum, 1);
}

Test(pool, runs_all_that_it_was_given_before_it_ends)
{
	struct pool *p = pool_new("test", 4);
	struct job *jobs = calloc(10000, sizeof(*jobs));
	atomic_int sum = 0;

	for (int i = 0; i < 10000; i++) {
		jobs[i].work.run = add_one;
		jobs[i].sum = &sum;
		pool_run(p, &jobs[i].work);
	}
	pool_free(p);
	cr_assert_eq(atomic_load(&sum), 10000);
	free(jobs);
}

static atomic_int inside, most;

static void
linger(struct work *w)
{
	int now = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);

	(void)w;
	while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
		continue;
	usleep(20000);
	atomic_fetch_sub(&inside, 1);
}

Test(pool, runs_side_by_side_up_to_its_ceiling)
{
	struct pool *p = pool_new("test", 3);
	struct work w[9] = { { 0 } };

	for (int i = 0; i < 9; i++) {
		w[i].run = linger;
		pool_run(p, &w[i]);
	}
	pool_free(p);
	cr_assert_eq(atomic_load(&most), 3);
}

Test(lane, refuses_when_it_is_full)
{
	struct lane l = { .max = 2 };

	cr_assert(lane_enter(&l));
	cr_assert(lane_enter(&l));
	cr_assert_not(lane_enter(&l));
	lane_leave(&l);
	cr_assert(lane_enter(&l));
}

struct alarm {
	struct timer timer;	/* first */
	atomic_int   order;
};
static atomic_int fired;

static void
fire(struct timer *t)
{
	atomic_store(&((struct alarm *)t)->order, atomic_fetch_add(&fired, 1) + 1);
}

Test(timer, fires_in_the_order_of_time_and_not_when_cancelled)
{
	struct alarm a = { .timer.fire = fire }, b = { .timer.fire = fire },
	    c = { .timer.fire = fire };
	int64_t now = clock_steady_us();

	timers_start();
	timer_arm(&a.timer, now + 60000);
	timer_arm(&b.timer, now + 20000);
	timer_arm(&c.timer, now + 40000);
	cr_assert(timer_cancel(&c.timer));
	cr_assert_not(timer_cancel(&c.timer));
	timer_arm(&a.timer, now + 30000);	/* anew: earlier */
	usleep(120000);
	cr_assert_eq(atomic_load(&b.order), 1);
	cr_assert_eq(atomic_load(&a.order), 2);
	cr_assert_eq(atomic_load(&c.order), 0);
	timers_stop();
}

Test(timer, keeps_the_heap_in_order_under_many)
{
	static struct alarm many[2000];
	int64_t now;

	timers_start();
	now = clock_steady_us();
	for (int i = 0; i < 2000; i++) {
		many[i].timer.fire = fire;
		timer_arm(&many[i].timer, now + 30000 + (i * 7919) % 2000);
	}
	for (int i = 0; i < 2000; i += 3)
		cr_assert(timer_cancel(&many[i].timer));
	usleep(150000);
	for (int i = 0; i < 2000; i++)
		cr_assert_eq(atomic_load(&many[i].order) > 0, i % 3 != 0);
	for (int i = 0; i < 2000; i++)
		for (int k = i + 1; k < i + 50 && k < 2000; k++) {
			int oi = atomic_load(&many[i].order), ok = atomic_load(&many[k].order);

			if (oi > 0 && ok > 0 && many[i].timer.due_us != many[k].timer.due_us)
				cr_assert_eq(many[i].timer.due_us < many[k].timer.due_us,
				    oi < ok);
		}
	timers_stop();
}
