/* SPDX-License-Identifier: ISC */
/* deliveries.c - exactly once: delivery ids */
#include "suite.h"

static struct ms_id
message_id(uint64_t generation, uint32_t place)
{
	struct ms_id id = { { 0 } };

	for (int i = 0; i < 8; i++)
		id.octets[i] = (uint8_t)(generation >> (56 - 8 * i));
	for (int i = 0; i < 4; i++)
		id.octets[10 + i] = (uint8_t)(place >> (24 - 8 * i));
	return id;
}

static struct ms_job_append
deliver(struct suite *s, struct ms_id id, uint32_t number, const char *text)
{
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_job_append job = { .box = s->inbox, .delivery_id = id,
		.delivery_number = number, .octets = strlen(text) };

	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	job.body = ms_mock_blob(s->mock, ms_str_c(text));
	if (suite_run(s, &job.job) != MS_OK)
		suite_fail(s, __FILE__, __LINE__, "deliver: %s", job.job.error->text);
	blob->release(job.body);
	return job;
}

static void
once(struct suite *s)
{
	struct ms_id id = message_id(77, 8);
	struct ms_job_append again;

	EXPECT_NUMBER(s, deliver(s, id, 0, "first").uid_out, 1);
	EXPECT_NUMBER(s, deliver(s, id, 1, "second recipient").uid_out, 2);
	EXPECT_NUMBER(s, deliver(s, message_id(77, 16), 0, "other").uid_out, 3);
	again = deliver(s, id, 0, "first");
	EXPECT_NUMBER(s, again.uid_out, 1);
	EXPECT_NUMBER(s, again.repeated_out, 1);
	EXPECT_NUMBER(s, again.uidvalidity_out, suite_status(s, &s->inbox).uidvalidity);
	suite_reopen(s);
	again = deliver(s, id, 1, "second recipient");
	EXPECT_NUMBER(s, again.uid_out, 2);
	EXPECT_NUMBER(s, again.repeated_out, 1);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 3);
}

static void
survives_expunge(struct suite *s)
{
	struct ms_id id = message_id(77, 8);
	struct ms_job_append again;

	deliver(s, id, 0, "text");
	suite_expunge(s, &s->inbox, "1");
	again = deliver(s, id, 0, "text");
	EXPECT_NUMBER(s, again.repeated_out, 1);
	EXPECT_NUMBER(s, again.uid_out, 1);
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 0);
}

static void
forgotten(struct suite *s)
{
	struct ms_job_forget job = { .first = message_id(77, 8), .last = message_id(77, 16) };

	deliver(s, message_id(76, 8), 0, "before");
	deliver(s, message_id(77, 8), 0, "first");
	deliver(s, message_id(77, 16), 3, "last");
	deliver(s, message_id(77, 24), 0, "after");
	suite_job(s, &job.job, sizeof(job), MS_JOB_FORGET);
	job.job.key = ms_str_c("");
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, deliver(s, message_id(76, 8), 0, "before").repeated_out, 1);
	EXPECT_NUMBER(s, deliver(s, message_id(77, 24), 0, "after").repeated_out, 1);
	EXPECT_NUMBER(s, deliver(s, message_id(77, 8), 0, "first").repeated_out, 0);
	EXPECT_NUMBER(s, deliver(s, message_id(77, 16), 3, "last").repeated_out, 0);
}

static void
in_one_batch(struct suite *s)
{
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_blob *body = ms_mock_blob(s->mock, ms_str_c("text"));
	struct ms_job_append jobs[100];
	struct ms_job *all[100];

	for (uint32_t i = 0; i < 100; i++) {
		jobs[i] = (struct ms_job_append){ .box = s->inbox, .octets = 4, .body = body,
			.delivery_id = message_id(5, 8 * (i / 2)), .delivery_number = 0 };
		suite_job(s, &jobs[i].job, sizeof(jobs[i]), MS_JOB_APPEND);
		all[i] = &jobs[i].job;
	}
	EXPECT_NUMBER(s, ms_mock_run(s->mock, all, 100), MS_OK);
	blob->release(body);
	for (uint32_t i = 0; i < 100; i++) {
		EXPECT_NUMBER(s, jobs[i].repeated_out, i % 2);
		EXPECT_NUMBER(s, jobs[i].uid_out, i / 2 + 1);
	}
	EXPECT_NUMBER(s, suite_status(s, &s->inbox).messages, 50);
}

const struct check delivery_checks[] = {
	{ "a delivery that comes again is the same message", once },
	{ "a delivery id survives the expunge", survives_expunge },
	{ "deliveries are forgotten by ranges", forgotten },
	{ "a delivery may come again in the same batch", in_one_batch },
	{ NULL, NULL },
};
