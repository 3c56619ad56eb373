/* SPDX-License-Identifier: ISC */
/*
 * suite.h - the conformance suite for queue backends
 *
 * What queue.h promises, checked against any plugin that offers ms.queue/1
 * and ms.batch/1, on the mock host.  Each check begins with an empty queue.
 * Checks are plain functions, results go out as TAP.
 */
#ifndef CONFORMANCE_QUEUE_SUITE_H
#define CONFORMANCE_QUEUE_SUITE_H

#include <setjmp.h>
#include <stdbool.h>

#include <mansio/buf.h>
#include <mansio/error.h>
#include <mansio/mock.h>
#include <mansio/queue.h>

struct suite {
	const struct ms_plugin *plugin;
	void                  (*configure)(struct ms_mock *);
	char                    directory[256];
	struct ms_mock         *mock;
	struct ms_instance     *self;
	const struct ms_queue  *table;
	struct ms_arena        *arena;	/* of the check */
	int64_t                 now_us;

	uint32_t                step;	/* of a long check, told with a failure */
	char                    why[512];
	jmp_buf                 stop;
};

struct check {
	const char *name;
	void      (*run)(struct suite *);
};

extern const struct check message_checks[], part_checks[], chain_checks[],
    list_checks[], model_checks[];

/* Runs all, prints TAP; the number of checks that failed.  configure: options
   of the plugin.  only: a part of the names of those to run, or NULL. */
int conformance_queue(const struct ms_plugin *plugin,
    void (*configure)(struct ms_mock *), const char *only);

/* ---- for the checks ---- */

/* The check ends here, failed. */
void suite_fail(struct suite *s, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));
#define EXPECT(s, condition)						\
	do {								\
		if (!(condition))					\
			suite_fail((s), __FILE__, __LINE__, "%s", #condition); \
	} while (0)
#define EXPECT_NUMBER(s, is, should)					\
	suite_number((s), __FILE__, __LINE__, #is, (int64_t)(is), (int64_t)(should))
#define EXPECT_TEXT(s, is, should)					\
	suite_text((s), __FILE__, __LINE__, #is, (is), (should))
void suite_number(struct suite *s, const char *file, int line, const char *what,
    int64_t is, int64_t should);
void suite_text(struct suite *s, const char *file, int line, const char *what,
    const char *is, const char *should);

/* An empty queue; s->stop must be set.  end: removes it, also after a failure. */
void suite_begin(struct suite *s, const struct ms_plugin *plugin,
    void (*configure)(struct ms_mock *));
void suite_end(struct suite *s);
/* Stops the plugin and starts it again on what it left. */
void suite_reopen(struct suite *s);
const struct ms_scope *suite_scope(struct suite *s);
/* Time passes; tasks that fall due run. */
void suite_advance(struct suite *s, int64_t us);

/* A job on one message; key NULL: none (a PUT). */
struct ms_job_queue *suite_job(struct suite *s, uint32_t type,
    const struct ms_id *message, const struct ms_part *const *parts, size_t n);
ms_status suite_run(struct suite *s, struct ms_job_queue *job);
/* Both joined. */
ms_status suite_run_two(struct suite *s, struct ms_job_queue *a,
    struct ms_job_queue *b);
/* In the check's arena, by number, waiting. */
struct ms_part *suite_part(struct suite *s, uint32_t number);
const struct ms_part *const *suite_list_of(struct suite *s, const struct ms_part *p);

/* These fail the check if the plugin does.  One part, number 0. */
struct ms_id suite_put(struct suite *s, const char *record, struct ms_str body);
struct ms_id suite_put_parts(struct suite *s, const char *record,
    struct ms_str body, const struct ms_part *const *parts, size_t n);
void suite_done(struct suite *s, struct ms_id id, uint32_t number);
void suite_set(struct suite *s, struct ms_id id, const struct ms_part *part);

/* Record and body as text; NULL: the message is done. */
const char *suite_record(struct suite *s, struct ms_id id);
const char *suite_body(struct suite *s, struct ms_id id);
struct ms_str suite_body_octets(struct suite *s, struct ms_id id);
/* All that a look finds, in pages of that many, in the arena; *n_out of them. */
const struct ms_part **suite_find(struct suite *s, struct ms_queue_look look,
    uint32_t page, size_t *n_out);
size_t suite_count(struct suite *s);	/* parts there are */
size_t suite_count_due(struct suite *s);
bool suite_same(const struct ms_id *a, const struct ms_id *b);

#endif
