/* SPDX-License-Identifier: ISC */
/* test_host.c - config, blobs, clock, tasks, jobs, messages of the mock host */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))
#define STR(s) ((struct ms_str)MS_STR(s))

/* ---- config ---- */

static const struct { const char *name, *value; int64_t number, span; } values[] = {
	{ "size", "2KiB", 2048, 0 }, { "size", "1GiB", 1 << 30, 0 },
	{ "time", "30s", 30000000, 0 }, { "time", "250ms", 250000, 0 },
	{ "time", "2w", INT64_C(1209600000000), 0 }, { "rate", "3/m", 3, 60000000 },
	{ "rate", "5/10m", 5, 600000000 }, { "count", "-7", -7, 0 },
	{ "count", "auto", -1, 0 }, { "count", "many", -2, 0 }, { "flag", "yes", 1, 0 },
};

Test(config, reads_numbers_with_their_units)
{
	for (size_t i = 0; i < N_ELEMENTS(values); i++) {
		struct ms_mock *m = ms_mock_new(&probe_plugin);
		struct ms_instance *self;

		ms_mock_option(m, values[i].name, values[i].value);
		self = ms_mock_create(m);
		cr_assert_eq(self->config_api->number(self->config, values[i].name),
		    values[i].number, "%s", values[i].value);
		cr_assert_eq(self->config_api->span_us(self->config, values[i].name),
		    values[i].span, "%s", values[i].value);
		ms_mock_free(m);
	}
}

static const struct { const char *name, *value; } wrong[] = {
	{ "size", "1000" }, { "size", "1kb" }, { "size", "1B" }, { "size", "2GiB" },
	{ "time", "-1s" }, { "rate", "5" }, { "rate", "100/s" }, { "flag", "true" },
	{ "word", "blue" }, { "nothing", "1" }, { "to.a.nothing", "1" },
};

ParameterizedTestParameters(config, refuses_what_the_core_would)
{
	static size_t index[N_ELEMENTS(wrong)];

	for (size_t i = 0; i < N_ELEMENTS(wrong); i++)
		index[i] = i;
	return cr_make_param_array(size_t, index, N_ELEMENTS(wrong));
}

ParameterizedTest(size_t *i, config, refuses_what_the_core_would, .signal = SIGABRT)
{
	ms_mock_option(ms_mock_new(&probe_plugin), wrong[*i].name, wrong[*i].value);
}

Test(config, has_lists_sections_and_initial_values)
{
	struct ms_mock *m = ms_mock_new(&probe_plugin);
	const struct ms_config *to;
	struct ms_instance *self;

	ms_mock_title(m, "mine");
	ms_mock_option(m, "to.mx.example.org.pace", "1/m");
	ms_mock_option(m, "to.other", NULL);
	self = ms_mock_create(m);
	cr_assert(ms_str_is(self->config_api->title(self->config), "mine"));
	cr_assert(ms_str_is(self->config_api->string(self->config, "names", 1), "b"));
	cr_assert_null(self->config_api->string(self->config, "names", 2).data);
	cr_assert(ms_str_is(self->config_api->string(self->config, "word", 0), "red"));
	to = self->config_api->section(self->config, "to", 0);
	cr_assert(ms_str_is(self->config_api->title(to), "mx.example.org"));
	cr_assert_eq(self->config_api->span_us(to, "pace"), 60000000);
	to = self->config_api->section(self->config, "to", 1);
	cr_assert_eq(self->config_api->number(to, "pace"), 10);
	cr_assert_null(self->config_api->section(self->config, "to", 2));
	ms_mock_free(m);
}

Test(config, dies_of_an_option_that_was_not_declared, .signal = SIGABRT)
{
	struct ms_instance *self = ms_mock_create(ms_mock_new(&probe_plugin));

	(void)self->config_api->number(self->config, "sizes");
}

Test(config, gives_the_backend_that_the_test_named)
{
	struct ms_mock *m = ms_mock_new(&probe_plugin);
	struct ms_backend backend = { &probe_plugin, NULL }, got;
	struct ms_instance *self;

	ms_mock_backend(m, "store", "mail", backend);
	self = ms_mock_create(m);
	cr_assert_eq(self->config_api->backend(self->config, "store", &got, NULL), MS_OK);
	cr_assert_eq(got.table, &probe_plugin);
	cr_assert(ms_str_is(self->config_api->string(self->config, "store", 0), "mail"));
	ms_mock_free(m);
	m = probe_start();
	self = ms_mock_instance(m);
	cr_assert_eq(self->config_api->backend(self->config, "store", &got, NULL),
	    MS_NOTFOUND);
	ms_mock_free(m);
}

Test(host, says_what_service_is_missing)
{
	struct ms_error err = { .size = sizeof(err) };
	struct ms_mock *m = ms_mock_new(&probe_plugin);

	ms_mock_service(m, MS_SCOPE_ID, NULL);
	cr_assert_eq(ms_mock_try_create(m, &err), MS_UNSUPPORTED);
	cr_assert_not_null(strstr(err.text, MS_SCOPE_ID));
	ms_mock_free(m);
}

Test(host, makes_a_directory_and_takes_it_away)
{
	struct ms_mock *m = probe_start();
	struct ms_instance *self = ms_mock_instance(m);
	char path[300], file[400];
	FILE *f;

	snprintf(path, sizeof(path), "%s", self->config_api->directory(self->config));
	cr_assert_eq(access(path, W_OK), 0);
	snprintf(file, sizeof(file), "%s/x", path);
	f = fopen(file, "w");
	cr_assert_not_null(f);
	fclose(f);
	ms_mock_free(m);
	cr_assert_neq(access(path, F_OK), 0);
}

/* ---- blobs ---- */

Test(blob, of_memory_is_read_viewed_and_counted)
{
	struct ms_mock *m = probe_start();
	const struct ms_blob_api *blob = ms_mock_instance(m)->blob;
	const struct ms_scope *scope = ms_mock_scope(m, 0);
	struct ms_blob *b;
	struct ms_str view;
	char two[2];
	size_t n;

	cr_assert_eq(blob->from_memory(scope, STR("hello"), &b, NULL), MS_OK);
	cr_assert_eq(ms_mock_blobs_held(m), 1);
	cr_assert_eq(blob->read(scope, b, 4, two, 2, &n, NULL), MS_OK);
	cr_assert_eq(n, 1);
	cr_assert_eq(two[0], 'o');
	cr_assert_eq(blob->view(scope, b, 1, 3, &view, NULL), MS_OK);
	cr_assert(ms_str_is(view, "ell"));
	cr_assert_eq(blob->hold(b), b);
	blob->release(b);
	cr_assert_eq(ms_mock_blobs_held(m), 1);
	blob->release(b);
	cr_assert_eq(ms_mock_blobs_held(m), 0);
	ms_mock_free(m);
}

Test(blob, of_a_file_owns_or_borrows_the_descriptor)
{
	struct ms_mock *m = probe_start();
	const struct ms_blob_api *blob = ms_mock_instance(m)->blob;
	const struct ms_scope *scope = ms_mock_scope(m, 0);
	int fd = open("/tmp", O_TMPFILE | O_RDWR, 0600), pipes[2];
	struct ms_blob *b;

	cr_assert_eq(write(fd, "0123456789", 10), 10);
	cr_assert_eq(blob->from_file(scope, fd, 2, 3, MS_FILE_LENT, &b, NULL), MS_OK);
	cr_assert(ms_str_is(ms_mock_blob_octets(m, b), "234"));
	blob->release(b);
	cr_assert_neq(fcntl(fd, F_GETFD), -1);
	cr_assert_eq(blob->from_file(scope, fd, 9, 3, 0, &b, NULL), MS_OK);
	{
		char buffer[3];
		size_t n;

		cr_assert_eq(blob->read(scope, b, 0, buffer, 3, &n, NULL), MS_TEMPFAIL);
	}
	blob->release(b);
	cr_assert_eq(fcntl(fd, F_GETFD), -1);
	cr_assert_eq(pipe(pipes), 0);
	cr_assert_eq(blob->from_file(scope, pipes[0], 0, 1, 0, &b, NULL), MS_INVALID);
	ms_mock_free(m);
}

Test(blob, dies_of_a_second_release, .signal = SIGABRT)
{
	struct ms_mock *m = probe_start();
	struct ms_blob *b = ms_mock_blob(m, STR("x"));

	ms_mock_instance(m)->blob->release(b);
	ms_mock_instance(m)->blob->release(b);
}

Test(writer, joins_what_it_is_given_up_to_its_maximum)
{
	struct ms_mock *m = probe_start();
	const struct ms_blob_api *blob = ms_mock_instance(m)->blob;
	const struct ms_scope *scope = ms_mock_scope(m, 0);
	struct ms_blob *piece = ms_mock_blob(m, STR("..cde..")), *b;
	struct ms_writer *w;

	cr_assert_eq(blob->begin(scope, 5, &w, NULL), MS_OK);
	cr_assert_eq(blob->write(w, STR("ab"), NULL), MS_OK);
	cr_assert_eq(blob->copy(w, piece, 2, 3, NULL), MS_OK);
	cr_assert_eq(blob->finish(w, &b, NULL), MS_OK);
	cr_assert(ms_str_is(ms_mock_blob_octets(m, b), "abcde"));
	cr_assert_eq(blob->begin(scope, 5, &w, NULL), MS_OK);
	cr_assert_eq(blob->write(w, STR("abcdef"), NULL), MS_LIMIT);
	blob->abort(w);
	ms_mock_free(m);
}

Test(writer, dies_of_a_use_after_its_end, .signal = SIGABRT)
{
	struct ms_mock *m = probe_start();
	const struct ms_blob_api *blob = ms_mock_instance(m)->blob;
	struct ms_writer *w;

	(void)blob->begin(ms_mock_scope(m, 0), 5, &w, NULL);
	blob->abort(w);
	(void)blob->write(w, STR("x"), NULL);
}

/* ---- time and tasks ---- */

Test(clock, stands_still_until_it_is_told)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);
	int64_t now = self->clock->now_us(self->host);
	int64_t steady = self->clock->steady_us(self->host);

	cr_assert_eq(now, INT64_C(1767225600000000));
	ms_mock_advance(m, 5);
	cr_assert_eq(self->clock->now_us(self->host), now + 5);
	ms_mock_set_time(m, 7);
	cr_assert_eq(self->clock->now_us(self->host), 7);
	cr_assert_eq(self->clock->steady_us(self->host), steady + 5);
	ms_mock_tick(m, 10);
	cr_assert_eq(self->clock->steady_us(self->host), steady + 15);
	cr_assert_eq(self->clock->steady_us(self->host), steady + 25);
	ms_mock_free(m);
}

Test(tasks, run_when_they_are_due_and_once)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);

	self->timer->run_at(self->host, 2, 2000, 0, STR("later"));
	self->timer->run_at(self->host, 1, 9000, 0, STR("first time"));
	self->timer->run_at(self->host, 1, 1000, 0, STR("sooner"));
	self->timer->run_at(self->host, 3, 1500, 0, STR(""));
	self->timer->cancel(self->host, 3);
	cr_assert_eq(ms_mock_run_tasks(m), 0);
	ms_mock_advance(m, 2000);
	cr_assert_eq(ms_mock_run_tasks(m), 2);
	cr_assert_str_eq(probe_came, "DUE 1 sooner|DUE 2 later");
	ms_mock_advance(m, 20000);
	cr_assert_eq(ms_mock_run_tasks(m), 0);
	ms_mock_free(m);
}

Test(tasks, hear_of_topics_below_a_prefix)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);

	self->bus->subscribe(self->host, STR("queue/"), 5);
	self->bus->subscribe(self->host, STR("directory/1"), 6);
	self->bus->publish(self->host, STR("queue/a"), STR("x"));
	self->bus->publish(self->host, STR("directory/12"), STR(""));
	cr_assert_eq(ms_mock_run_tasks(m), 1);
	cr_assert_str_eq(probe_came, "HEARD 5 queue/a");
	cr_assert_str_eq(ms_mock_events(m).data, "queue/a x\ndirectory/12 \n");
	ms_mock_free(m);
}

/* ---- jobs ---- */

static struct ms_job_property jobs[3];
static struct ms_job *job_list[3];

static void
make_jobs(const char *a, const char *b, const char *c)
{
	const char *keys[] = { a, b, c };

	for (size_t i = 0; i < 3; i++) {
		jobs[i] = (struct ms_job_property){ .job = { .size = sizeof(jobs[i]),
		    .type = MS_JOB_PROPERTY, .key = ms_str_c(keys[i]) } };
		job_list[i] = &jobs[i].job;
	}
}

Test(jobs, are_run_shard_by_shard_in_their_order)
{
	struct ms_mock *m = probe_start();

	make_jobs("2b", "1x", "2a");
	cr_assert_eq(ms_mock_run(m, job_list, 3), MS_OK);
	cr_assert_str_eq(probe_came, "PREPARE 1 1x|RUN 1 1x|PREPARE 2 2b|RUN 2 2b");
	ms_mock_free(m);
}

Test(jobs, are_not_run_if_prepare_fails)
{
	struct ms_mock *m = probe_start();

	make_jobs("2b", "2c", "2a");
	probe_prepare_status = MS_TEMPFAIL;
	cr_assert_eq(ms_mock_run(m, job_list, 3), MS_TEMPFAIL);
	cr_assert_str_eq(probe_came, "PREPARE 3 2b");
	cr_assert_eq(jobs[2].job.status, MS_TEMPFAIL);
	ms_mock_free(m);
}

Test(jobs, give_the_worst_status)
{
	struct ms_mock *m = probe_start();

	make_jobs("2b", "2c", "2a");
	probe_job_status = MS_OVERQUOTA;
	cr_assert_eq(ms_mock_run(m, job_list, 3), MS_OVERQUOTA);
	ms_mock_free(m);
}

Test(jobs, die_of_a_chain_over_two_shards, .signal = SIGABRT)
{
	struct ms_mock *m = probe_start();

	make_jobs("2b", "1x", "2a");
	jobs[0].job.flags = MS_JOB_JOINED;
	(void)ms_mock_run(m, job_list, 3);
}

Test(jobs, die_of_a_status_that_run_forgot, .signal = SIGABRT)
{
	struct ms_mock *m = probe_start();

	make_jobs("2b", "1x", "2a");
	probe_job_status = INT32_MIN;
	(void)ms_mock_run(m, job_list, 3);
}

/* ---- messages ---- */

static const char *const to[] = { "bob@example.org", "cyd@example.org", NULL };

static struct ms_message *
message(struct ms_mock *m)
{
	return ms_mock_message(m, "ann@example.net", to,
	    STR("A: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n"));
}

Test(message, shows_its_header_and_envelope)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);
	struct ms_message *msg = message(m);
	const struct ms_message_info *info = self->message->info(msg);
	struct ms_field field;

	cr_assert(ms_str_is(info->reverse_path, "ann@example.net"));
	cr_assert_eq(info->n_recipients, 2);
	cr_assert_eq(info->n_headers, 3);
	cr_assert_eq(info->header_octets, 29);
	cr_assert(ms_str_is(self->message->recipient(msg, 1)->path, "cyd@example.org"));
	cr_assert_eq(self->message->header(ms_mock_scope(m, 0), msg, STR("A"), 1, &field,
	    NULL), MS_OK);
	cr_assert(ms_str_is(ms_str_trim(field.value), "3"));
	cr_assert_eq(self->message->header(ms_mock_scope(m, 0), msg, STR("A"), 2, &field,
	    NULL), MS_NOTFOUND);
	ms_mock_free(m);
}

Test(message, shows_edits_of_its_header)
{
	struct ms_mock *m = probe_start();
	const struct ms_message_api *api = ms_mock_instance(m)->message;
	struct ms_message *msg = message(m);

	cr_assert_eq(api->edit_header(msg, MS_HEADER_PREPEND, STR("T"), 0, STR("0"), NULL),
	    MS_OK);
	cr_assert_str_eq(ms_mock_message_octets(m, msg).data,
	    "T: 0\r\nA: 1\r\nB: 2\r\n folded\r\na: 3\r\n\r\nbody\r\n");
	cr_assert_eq(api->edit_header(msg, MS_HEADER_APPEND, STR("Z"), 0, STR("9"), NULL),
	    MS_OK);
	cr_assert_eq(api->edit_header(msg, MS_HEADER_CHANGE, STR("A"), 1, STR("4"), NULL),
	    MS_OK);
	cr_assert_eq(api->edit_header(msg, MS_HEADER_REMOVE, STR("b"), -1, STR(""), NULL),
	    MS_OK);
	cr_assert_eq(api->edit_header(msg, MS_HEADER_INSERT, STR("I"), 1, STR("5"), NULL),
	    MS_OK);
	cr_assert_eq(api->edit_header(msg, MS_HEADER_CHANGE, STR("A"), 7, STR("4"), NULL),
	    MS_NOTFOUND);
	cr_assert_eq(api->edit_header(msg, MS_HEADER_PREPEND, STR("X"), 0,
	    STR("1\r\nEvil: 1"), NULL), MS_INVALID);
	cr_assert_str_eq(ms_mock_message_octets(m, msg).data,
	    "T: 0\r\nI: 5\r\nA: 1\r\nA: 4\r\nZ: 9\r\n\r\nbody\r\n");
	ms_mock_free(m);
}

Test(message, dies_of_a_change_after_it_was_submitted, .signal = SIGABRT)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);
	struct ms_message *msg = message(m);

	self->op->drop(self->pipeline->submit(ms_mock_scope(m, 0), msg, 0));
	cr_assert_eq(ms_mock_n_submitted(m), 1);
	(void)self->message->set_reverse_path(msg, STR(""), NULL);
}

Test(message, is_refused_by_the_queue_if_the_test_says_so)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);
	struct ms_op *op;

	ms_mock_verdict(m, MS_AT_SEND, UINT32_MAX, MS_DEFER, 0, "4.3.1", "full");
	op = self->pipeline->submit(ms_mock_scope(m, 0), message(m), 0);
	cr_assert_eq(self->op->await(ms_mock_scope(m, 0), op, NULL), MS_TEMPFAIL);
	cr_assert_eq(ms_mock_n_submitted(m), 0);
	ms_mock_free(m);
}

Test(op, must_be_waited_for_before_its_result_is_read, .signal = SIGABRT)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);
	struct ms_op *op = self->pipeline->run(ms_mock_scope(m, 0), NULL, NULL,
	    MS_AT_CONNECT, UINT32_MAX);

	(void)self->pipeline->verdict(op, UINT32_MAX);
}

Test(op, tells_the_canned_verdict_of_each_recipient)
{
	struct ms_mock *m = probe_start();
	const struct ms_instance *self = ms_mock_instance(m);
	struct ms_op *op;

	ms_mock_verdict(m, MS_AT_BODY, 1, MS_REJECT, 550, "5.7.1", "no");
	op = self->pipeline->run(ms_mock_scope(m, 0), NULL, message(m), MS_AT_BODY,
	    UINT32_MAX);
	(void)self->op->is_done(op);
	cr_assert_eq(self->pipeline->verdict(op, UINT32_MAX)->action, MS_NO_OPINION);
	cr_assert_eq(self->pipeline->verdict(op, 0)->action, MS_NO_OPINION);
	cr_assert_eq(self->pipeline->verdict(op, 1)->code, 550);
	ms_mock_free(m);
}
