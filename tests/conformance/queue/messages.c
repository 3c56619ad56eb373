/* SPDX-License-Identifier: ISC */
/* messages.c - PUT, message(), and what is left when all is done */
#include <stdlib.h>

#include "suite.h"

static void
round_trip(struct suite *s)
{
	struct ms_id id = suite_put(s, "an envelope", (struct ms_str)MS_STR("a body"));

	EXPECT_TEXT(s, suite_record(s, id), "an envelope");
	EXPECT_TEXT(s, suite_body(s, id), "a body");
	suite_reopen(s);
	EXPECT_TEXT(s, suite_record(s, id), "an envelope");
	EXPECT_TEXT(s, suite_body(s, id), "a body");
}

static void
octets_of_any_kind(struct suite *s)
{
	static const char all[] = "\0\r\n\xff\x80 \0";
	struct ms_str octets = { all, sizeof(all) };
	struct ms_job_queue *job = suite_job(s, MS_JOB_QUEUE_PUT, NULL,
	    suite_list_of(s, suite_part(s, 0)), 1);
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);

	job->record = octets;
	job->body = ms_mock_blob(s->mock, octets);
	EXPECT_NUMBER(s, suite_run(s, job), MS_OK);
	blob->release(job->body);
	EXPECT(s, memcmp(suite_record(s, job->message), all, sizeof(all)) == 0);
	EXPECT(s, ms_str_equal(suite_body_octets(s, job->message), octets));
}

static void
bodies_of_all_sizes(struct suite *s)
{
	static const size_t sizes[] = { 0, 1, 511, 4096, 65535, 65536, 65537, 1048576,
		1048577, 4194304, 4194305, 9000000 };
	struct ms_id ids[sizeof(sizes) / sizeof(sizes[0])];
	const size_t n = sizeof(sizes) / sizeof(sizes[0]);
	char *octets = malloc(9000000);

	for (size_t i = 0; i < n; i++) {
		memset(octets, (int)('a' + i), sizes[i]);
		ids[i] = suite_put(s, "r", ms_str_of(octets, sizes[i]));
	}
	free(octets);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n; i++) {
			struct ms_str body = suite_body_octets(s, ids[i]);

			EXPECT_NUMBER(s, body.len, sizes[i]);
			for (size_t k = 0; k < body.len; k++)
				if (body.data[k] != (char)('a' + i))
					suite_fail(s, __FILE__, __LINE__, "octet %zu of %zu", k, sizes[i]);
		}
		suite_reopen(s);
	}
	for (size_t i = 0; i < n; i++)
		suite_done(s, ids[i], 0);
	EXPECT_NUMBER(s, suite_count(s), 0);
}

static void
no_body(struct suite *s)
{
	struct ms_job_queue *job = suite_job(s, MS_JOB_QUEUE_PUT, NULL,
	    suite_list_of(s, suite_part(s, 0)), 1);

	EXPECT_NUMBER(s, suite_run(s, job), MS_OK);
	EXPECT_TEXT(s, suite_body(s, job->message), "");
}

static void
ids(struct suite *s)
{
	struct ms_id last = { { 0 } };

	for (int i = 0; i < 60; i++) {
		struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));

		EXPECT(s, memcmp(&last, &id, sizeof(id)) < 0);
		EXPECT_NUMBER(s, id.octets[14], 0);
		EXPECT_NUMBER(s, id.octets[15], 0);
		last = id;
		if (i % 3 == 0)
			suite_done(s, id, 0);
		if (i % 20 == 19) {
			suite_advance(s, 1000000);
			suite_reopen(s);
		}
	}
}

static void
is_done(struct suite *s)
{
	struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));
	struct ms_id other = suite_put(s, "other", (struct ms_str)MS_STR("b"));

	suite_done(s, id, 0);
	EXPECT(s, suite_record(s, id) == NULL);
	EXPECT(s, suite_body(s, id) == NULL);
	EXPECT_NUMBER(s, suite_count(s), 1);
	suite_done(s, id, 0);	/* said again, after an answer that was lost */
	suite_reopen(s);
	EXPECT(s, suite_record(s, id) == NULL);
	EXPECT_TEXT(s, suite_record(s, other), "other");
	EXPECT_NUMBER(s, suite_count(s), 1);
}

static void
unknown(struct suite *s)
{
	struct ms_id id = { { 1, 2, 3 } };

	EXPECT(s, suite_record(s, id) == NULL);
	EXPECT_NUMBER(s, suite_run(s, suite_job(s, MS_JOB_QUEUE_SET, &id,
	    suite_list_of(s, suite_part(s, 0)), 1)), MS_NOTFOUND);
}

static void
holds_no_blob(struct suite *s)
{
	const struct ms_batch *batch = s->plugin->interface(MS_BATCH_ID);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_id id = suite_put(s, "r", (struct ms_str)MS_STR("b"));
	const struct ms_str *names;
	struct ms_str after = MS_STR("");
	size_t n = 0, pages = 0;

	EXPECT_TEXT(s, suite_body(s, id), "b");
	do {
		EXPECT_NUMBER(s, batch->held(s->self, suite_scope(s), after, 10, &names, &n,
		    &err), MS_OK);
		if (n > 0)
			after = names[n - 1];
	} while (n > 0 && ++pages < 100);
	EXPECT_NUMBER(s, n, 0);
}

const struct check message_checks[] = {
	{ "a message comes back with its record and body, also after a restart", round_trip },
	{ "records and bodies are octets of any kind", octets_of_any_kind },
	{ "bodies of all sizes are kept", bodies_of_all_sizes },
	{ "a message may have no body", no_body },
	{ "ids ascend, are never used again, and end in two zeros", ids },
	{ "a message whose last part is done is gone for ever", is_done },
	{ "a message that never was is not found", unknown },
	{ "the names of the blobs it holds come to an end", holds_no_blob },
	{ NULL, NULL },
};
