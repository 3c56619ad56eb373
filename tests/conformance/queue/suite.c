/* SPDX-License-Identifier: ISC */
/* suite.c - see suite.h */
#include "suite.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- failing ---- */

void
suite_fail(struct suite *s, const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	size_t n;
	va_list args;

	n = (size_t)snprintf(s->why, sizeof(s->why), "%s:%d: ",
	    base != NULL ? base + 1 : file, line);
	if (s->step > 0)
		n += (size_t)snprintf(s->why + n, sizeof(s->why) - n, "step %u: ", s->step);
	va_start(args, format);
	vsnprintf(s->why + n, sizeof(s->why) - n, format, args);
	va_end(args);
	longjmp(s->stop, 1);
}

void
suite_number(struct suite *s, const char *file, int line, const char *what,
    int64_t is, int64_t should)
{
	if (is != should)
		suite_fail(s, file, line, "%s is %lld, not %lld", what, (long long)is,
		    (long long)should);
}

void
suite_text(struct suite *s, const char *file, int line, const char *what,
    const char *is, const char *should)
{
	if (is == NULL || strcmp(is, should) != 0)
		suite_fail(s, file, line, "%s is \"%s\", not \"%s\"", what,
		    is != NULL ? is : "(none)", should);
}

/* ---- beginning and ending ---- */

static void
open_plugin(struct suite *s)
{
	s->mock = ms_mock_new(s->plugin);
	ms_mock_directory(s->mock, s->directory);
	if (s->configure != NULL)
		s->configure(s->mock);
	ms_mock_roles(s->mock, MS_ROLE_ACCEPT | MS_ROLE_RUN);
	ms_mock_set_time(s->mock, s->now_us);
	s->self = ms_mock_create(s->mock);
	s->table = s->plugin->interface(MS_QUEUE_ID);
}

void
suite_begin(struct suite *s, const struct ms_plugin *plugin,
    void (*configure)(struct ms_mock *))
{
	const char *tmp = getenv("TMPDIR");

	s->plugin = plugin;
	s->configure = configure;
	s->mock = NULL;
	s->why[0] = '\0';
	s->step = 0;
	s->now_us = INT64_C(1767225600000000);
	s->arena = ms_arena_new(0);
	snprintf(s->directory, sizeof(s->directory), "%s/mansio-conformance-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(s->directory) == NULL)
		abort();
	open_plugin(s);
}

void
suite_reopen(struct suite *s)
{
	ms_mock_free(s->mock);
	s->mock = NULL;
	open_plugin(s);
}

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	(void)info, (void)type, (void)ftw;
	return remove(path);
}

void
suite_end(struct suite *s)
{
	if (s->mock != NULL)
		ms_mock_free(s->mock);
	s->mock = NULL;
	ms_arena_free(s->arena);
	(void)nftw(s->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const struct ms_scope *
suite_scope(struct suite *s)
{
	return ms_mock_scope(s->mock, 0);
}

void
suite_advance(struct suite *s, int64_t us)
{
	s->now_us += us;
	ms_mock_advance(s->mock, us);
	ms_mock_run_tasks(s->mock);
}

/* ---- jobs ---- */

static const struct ms_blob_api *
blobs(struct suite *s)
{
	const struct ms_host *host = ms_mock_host(s->mock);

	return host->service(host, MS_BLOB_ID);
}

struct ms_job_queue *
suite_job(struct suite *s, uint32_t type, const struct ms_id *message,
    const struct ms_part *const *parts, size_t n)
{
	struct ms_job_queue *job = ms_arena_alloc(s->arena, sizeof(*job));
	struct ms_error *err = ms_arena_alloc(s->arena, sizeof(*err));

	err->size = sizeof(*err);
	*job = (struct ms_job_queue){ .job = { .size = sizeof(*job), .type = type,
		.arena = s->arena, .error = err, .key = MS_STR("") },
		.record = MS_STR(""), .parts = parts, .n_parts = n };
	if (message != NULL) {
		struct ms_id *id = ms_arena_alloc(s->arena, sizeof(*id));

		*id = *message;
		job->message = *message;
		job->job.key = ms_str_of((const char *)id->octets, sizeof(id->octets));
	}
	return job;
}

ms_status
suite_run(struct suite *s, struct ms_job_queue *job)
{
	struct ms_job *jobs[] = { &job->job };

	return ms_mock_run(s->mock, jobs, 1);
}

ms_status
suite_run_two(struct suite *s, struct ms_job_queue *a, struct ms_job_queue *b)
{
	struct ms_job *jobs[] = { &a->job, &b->job };

	a->job.flags |= MS_JOB_JOINED;
	return ms_mock_run(s->mock, jobs, 2);
}

struct ms_part *
suite_part(struct suite *s, uint32_t number)
{
	struct ms_part *p = ms_arena_alloc(s->arena, sizeof(*p));

	*p = (struct ms_part){ .size = sizeof(*p), .number = number,
		.state = MS_QUEUE_WAITS, .next_us = s->now_us,
		.expires_us = s->now_us + INT64_C(432000000000),
		.delivery = MS_STR(""), .destination = MS_STR(""), .sender = MS_STR(""),
		.owner = MS_STR(""), .record = MS_STR("") };
	return p;
}

const struct ms_part *const *
suite_list_of(struct suite *s, const struct ms_part *p)
{
	const struct ms_part **list = ms_arena_array(s->arena, 1, sizeof(struct ms_part *));

	list[0] = p;
	return list;
}

static void
must(struct suite *s, const char *what, struct ms_job_queue *job)
{
	if (suite_run(s, job) != MS_OK)
		suite_fail(s, __FILE__, __LINE__, "%s: %s: %s", what,
		    ms_status_name(job->job.status), job->job.error->text);
}

struct ms_id
suite_put_parts(struct suite *s, const char *record, struct ms_str body,
    const struct ms_part *const *parts, size_t n)
{
	struct ms_job_queue *job = suite_job(s, MS_JOB_QUEUE_PUT, NULL, parts, n);

	job->record = ms_str_c(record);
	job->body = ms_mock_blob(s->mock, body);
	must(s, "PUT", job);
	blobs(s)->release(job->body);
	return job->message;
}

struct ms_id
suite_put(struct suite *s, const char *record, struct ms_str body)
{
	return suite_put_parts(s, record, body, suite_list_of(s, suite_part(s, 0)), 1);
}

void
suite_done(struct suite *s, struct ms_id id, uint32_t number)
{
	must(s, "DONE", suite_job(s, MS_JOB_QUEUE_DONE, &id,
	    suite_list_of(s, suite_part(s, number)), 1));
}

void
suite_set(struct suite *s, struct ms_id id, const struct ms_part *part)
{
	must(s, "SET", suite_job(s, MS_JOB_QUEUE_SET, &id, suite_list_of(s, part), 1));
}

/* ---- reads ---- */

static bool
read_message(struct suite *s, struct ms_id id, struct ms_str *record,
    struct ms_str *body)
{
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_scope *scope = suite_scope(s);
	struct ms_blob *blob = NULL;
	ms_status st = s->table->message(s->self, scope, &id, record,
	    body != NULL ? &blob : NULL, &err);

	if (st == MS_NOTFOUND)
		return false;
	if (st != MS_OK)
		suite_fail(s, __FILE__, __LINE__, "message: %s", err.text);
	*record = ms_arena_str(s->arena, *record);
	if (body != NULL) {
		*body = ms_arena_str(s->arena, ms_mock_blob_octets(s->mock, blob));
		blobs(s)->release(blob);
	}
	return true;
}

const char *
suite_record(struct suite *s, struct ms_id id)
{
	struct ms_str record;

	return read_message(s, id, &record, NULL) ? record.data : NULL;
}

struct ms_str
suite_body_octets(struct suite *s, struct ms_id id)
{
	struct ms_str record, body;

	if (!read_message(s, id, &record, &body))
		suite_fail(s, __FILE__, __LINE__, "the message is done");
	return body;
}

const char *
suite_body(struct suite *s, struct ms_id id)
{
	struct ms_str record, body;

	return read_message(s, id, &record, &body) ? body.data : NULL;
}

const struct ms_part **
suite_find(struct suite *s, struct ms_queue_look look, uint32_t page,
    size_t *n_out)
{
	size_t cap = 64, n = 0;
	const struct ms_part **all = ms_arena_array(s->arena, cap, sizeof(struct ms_part *));

	look.size = sizeof(look);
	look.limit = page;
	look.after = NULL;
	for (;;) {
		struct ms_parts parts = { .size = sizeof(parts) };
		struct ms_error err = MS_ERROR_INIT;
		struct ms_part *key = ms_arena_alloc(s->arena, sizeof(*key));

		if (s->table->find(s->self, suite_scope(s), &look, &parts, &err) != MS_OK)
			suite_fail(s, __FILE__, __LINE__, "find: %s", err.text);
		if (parts.n > page)
			suite_fail(s, __FILE__, __LINE__, "%u parts on a page of %u",
			    parts.n, page);
		if (parts.n == 0)
			break;
		if (n + parts.n > cap) {
			const struct ms_part **more = ms_arena_array(s->arena,
			    2 * (cap + page), sizeof(struct ms_part *));

			memcpy(more, all, n * sizeof(struct ms_part *));
			all = more;
			cap = 2 * (cap + page);
		}
		for (uint32_t i = 0; i < parts.n; i++)
			all[n++] = parts.parts[i];
		/* Only the members of the key: a backend reads no others. */
		*key = (struct ms_part){ .size = sizeof(*key),
			.message = all[n - 1]->message, .number = all[n - 1]->number,
			.next_us = all[n - 1]->next_us,
			.destination = all[n - 1]->destination };
		look.after = key;
	}
	*n_out = n;
	return all;
}

size_t
suite_count(struct suite *s)
{
	struct ms_queue_look look = { .by = MS_QUEUE_BY_MESSAGE };
	size_t n;

	(void)suite_find(s, look, 100, &n);
	return n;
}

size_t
suite_count_due(struct suite *s)
{
	struct ms_queue_look look = { .by = MS_QUEUE_BY_TIME, .due_us = s->now_us };
	size_t n;

	(void)suite_find(s, look, 100, &n);
	return n;
}

bool
suite_same(const struct ms_id *a, const struct ms_id *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
