/* SPDX-License-Identifier: ISC */
/* probe.c - see probe.h */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char probe_came[8192];
struct ms_wait probe_next;
ms_status probe_job_status, probe_prepare_status;

static struct ms_instance probe;

static void
note(const char *what, uint64_t number, struct ms_str text, const char *end)
{
	size_t at = strlen(probe_came);

	snprintf(probe_came + at, sizeof(probe_came) - at, "%s%s %llu %.*s%s",
	    at > 0 ? "|" : "", what, (unsigned long long)number,
	    (int)(text.len < 200 ? text.len : 200), text.data, end);
}

/* ---- ms.protocol/1 ---- */

static void
wait_next(struct ms_wait *wait)
{
	uint32_t size = wait->size;

	if (probe_next.what != 0) {
		*wait = probe_next;
		wait->size = size;
		probe_next = (struct ms_wait){ .what = 0 };
		return;
	}
	wait->what = MS_WAIT_LINE;
	wait->line_max = 100;
	wait->timeout_us = 1000000;
}

static ms_status
probe_open(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, void **state, struct ms_wait *wait)
{
	(void)scope;
	*state = session;
	self->session->write(session, ms_str_c("hello\r\n"));
	wait_next(wait);
	return MS_OK;
}

/* Words of the peer that make it do something. */
static void
obey(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, struct ms_str line, struct ms_wait *wait)
{
	struct ms_exchange *e;
	struct ms_error err = { .size = sizeof(err) };

	if (ms_str_is(line, "quit")) {
		wait->what = 0;
	} else if (ms_str_is(line, "flood")) {
		static const char much[70000];

		for (int i = 0; i < 6; i++)
			self->session->write(session, ms_str_of(much, sizeof(much)));
	} else if (ms_str_is(line, "watch")) {
		(void)self->session->watch(session, ms_str_c("mailbox/"), 1, NULL);
		wait->what |= MS_WAIT_EVENT;
	} else if (ms_str_is(line, "tls")) {
		(void)self->session->write(session, ms_str_c("go\r\n"));
		self->op->drop(self->session->start_tls(session, NULL));
	} else if (ms_str_is(line, "login")) {
		struct ms_auth_step step = { .size = sizeof(step) };
		struct ms_op *op;

		if (self->auth->begin(scope, session, ms_str_c("PLAIN"), &e, &err) != MS_OK)
			return;
		op = self->auth->step(scope, e, ms_str_of("\0ann\0pw", 7));
		(void)self->op->is_done(op);
		if (self->auth->result(op, &step, &err) == MS_OK &&
		    self->session->hand_over(session, e, ms_str_c("baggage"), &err) == MS_OK)
			wait->what = 0;
	}
}

static ms_status
probe_step(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, void *state, const struct ms_came *came,
    struct ms_wait *wait)
{
	static const char *const names[] = { "?", "LINE", "BYTES", "BODY", "EVENT",
		"OUTPUT", "OP", "TIMEOUT", "CLOSED" };
	char flags[64] = "";

	(void)state;
	if (came->flags != 0 || came->status != MS_OK)
		snprintf(flags, sizeof(flags), " flags=%#x status=%d", (unsigned)came->flags,
		    (int)came->status);
	note(names[came->what], came->what == MS_CAME_BODY ? came->count : came->input.len,
	    came->input, flags);
	wait_next(wait);
	if (came->what == MS_CAME_LINE)
		obey(self, scope, session, came->input, wait);
	return MS_OK;
}

static ms_status
probe_resume(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_session *session, struct ms_str carry, void **state,
    struct ms_wait *wait)
{
	struct ms_str account = self->facts->get(self->session->facts(session),
	    ms_str_c("auth.account"));

	(void)scope;
	*state = session;
	note("RESUME", carry.len, account, "");
	wait_next(wait);
	return MS_OK;
}

static void
probe_close(struct ms_instance *self, struct ms_session *session, void *state)
{
	(void)self;
	note("CLOSE", state == session, ms_str_c(""), "");
}

static const struct ms_protocol_plan *
probe_plan(struct ms_instance *self)
{
	static const char *const none[] = { NULL };
	static const struct ms_protocol_plan plan = { .size = sizeof(plan), .alpn = none,
		.service = "probe" };

	(void)self;
	return &plan;
}

static const struct ms_protocol protocol = {
	.size = sizeof(protocol), .plan = probe_plan, .open = probe_open,
	.step = probe_step, .resume = probe_resume, .close = probe_close,
};

/* ---- ms.batch/1: the shard is the key's first octet ---- */

static uint32_t
probe_shards(struct ms_instance *self)
{
	(void)self;
	return 4;
}

static uint32_t
probe_shard_of(struct ms_instance *self, struct ms_str key)
{
	(void)self;
	return key.len > 0 ? (uint32_t)(key.data[0] - '0') : 0;
}

static ms_status
probe_prepare(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n, struct ms_error *err)
{
	(void)self, (void)scope, (void)err;
	note("PREPARE", n, jobs[0]->key, "");
	return probe_prepare_status;
}

static void
probe_run(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	(void)self, (void)scope;
	note("RUN", n, jobs[0]->key, "");
	for (size_t i = 0; i < n; i++)
		jobs[i]->status = probe_job_status;
}

static const struct ms_batch batch = {
	.size = sizeof(batch), .shards = probe_shards, .shard_of = probe_shard_of,
	.run = probe_run, .prepare = probe_prepare,
};

/* ---- ms.tasks/1 ---- */

static ms_status
probe_task(struct ms_instance *self, const struct ms_scope *scope,
    const struct ms_task *task, struct ms_error *err)
{
	(void)self, (void)scope, (void)err;
	note(task->came == MS_TASK_DUE ? "DUE" : "HEARD", task->number,
	    task->came == MS_TASK_DUE ? task->data : task->topic, "");
	return MS_OK;
}

static const struct ms_tasks tasks = { .size = sizeof(tasks), .run = probe_task };

/* ---- the plugin ---- */

static ms_status
create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **out, struct ms_error *err)
{
	(void)err;
	probe = (struct ms_instance){ host, config, host->service(host, MS_CONFIG_ID),
		host->service(host, MS_SCOPE_ID), host->service(host, MS_BLOB_ID),
		host->service(host, MS_OP_ID), host->service(host, MS_SESSION_ID),
		host->service(host, MS_MESSAGE_ID), host->service(host, MS_FACTS_ID),
		host->service(host, MS_AUTH_ID), host->service(host, MS_PIPELINE_ID),
		host->service(host, MS_TIMER_ID), host->service(host, MS_BUS_ID),
		host->service(host, MS_CLOCK_ID) };
	*out = &probe;
	return MS_OK;
}

static ms_status
start(struct ms_instance *self, struct ms_error *err)
{
	(void)self, (void)err;
	return MS_OK;
}

static void
nothing(struct ms_instance *self)
{
	(void)self;
}

static const void *
interface(const char *id)
{
	if (strcmp(id, MS_PROTOCOL_ID) == 0)
		return &protocol;
	if (strcmp(id, MS_BATCH_ID) == 0)
		return &batch;
	return strcmp(id, MS_TASKS_ID) == 0 ? &tasks : NULL;
}

static const struct ms_option to_options[] = {
	{ .name = "pace", .type = MS_OPT_RATE, .initial = "10/s", .help = "how fast" },
	{ .name = NULL },
};

static const struct ms_option options[] = {
	{ .name = "size", .type = MS_OPT_SIZE, .initial = "1KiB", .minimum = "1KiB",
	  .maximum = "1GiB", .help = "a size" },
	{ .name = "time", .type = MS_OPT_DURATION, .initial = "0", .help = "a time" },
	{ .name = "rate", .type = MS_OPT_RATE, .initial = "5/10m", .maximum = "1/s",
	  .help = "a rate" },
	{ .name = "count", .type = MS_OPT_INT, .initial = "auto", .choices = "auto many",
	  .help = "a number" },
	{ .name = "flag", .type = MS_OPT_BOOL, .initial = "no", .help = "yes or no" },
	{ .name = "word", .type = MS_OPT_CHOICE, .initial = "red", .choices = "red green",
	  .help = "a colour" },
	{ .name = "names", .type = MS_OPT_STRING_LIST, .initial = "a, b",
	  .help = "some names" },
	{ .name = "store", .type = MS_OPT_BACKEND, .initial = "", .choices = MS_MAILBOX_ID,
	  .help = "a store" },
	{ .name = "to", .type = MS_OPT_SECTION, .nested = to_options,
	  .help = "one destination" },
	{ .name = NULL },
};

static const char *const needs[] = { MS_CONFIG_ID, MS_SCOPE_ID, NULL };

const struct ms_plugin probe_plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(probe_plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR, .name = "probe",
	.version = "1", .license = "ISC", .summary = "does what a test says",
	.options = options, .option_stride = sizeof(struct ms_option), .needs = needs,
	.create = create, .start = start, .stop = nothing, .destroy = nothing,
	.interface = interface,
};

struct ms_mock *
probe_start(void)
{
	struct ms_mock *m = ms_mock_new(&probe_plugin);

	(void)ms_mock_create(m);
	return m;
}
