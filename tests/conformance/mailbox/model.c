/* SPDX-License-Identifier: ISC */
/*
 * model.c - ten thousand random operations beside a model in plain arrays
 *
 * After each operation its answer is compared with the model's, now and then
 * everything is, and the store is closed and opened in between.  MANSIO_SEED
 * and MANSIO_STEPS change what is done and how much of it.
 */
#include "model.h"

#include <stdlib.h>

static uint32_t
chance(struct model *m, uint32_t below)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return (uint32_t)(m->seed >> 11) % below;
}

static struct model_box *
any_box(struct model *m)
{
	struct model_box *living[MODEL_BOXES];
	uint32_t n = 0;

	for (uint32_t i = 0; i < MODEL_BOXES; i++)
		if (m->boxes[i].is_there)
			living[n++] = &m->boxes[i];
	return living[chance(m, n)];
}

/* A random set among the UIDs that are, were and will be. */
static struct ms_uids
any_uids(struct model *m, const struct model_box *b)
{
	struct ms_uid_range *ranges = ms_arena_array(m->s->arena, 8, sizeof(*ranges));
	struct ms_uids uids = { ranges, 0 };
	uint32_t at = 1 + chance(m, b->uidnext), most = 1 + chance(m, 6);

	while (uids.n < most) {
		uint32_t first = at + chance(m, 5);

		ranges[uids.n++] = (struct ms_uid_range){ first, first + chance(m, 9) };
		at = ranges[uids.n - 1].last + 2 + chance(m, 20);
	}
	return uids;
}

static bool
contains(struct ms_uids uids, uint32_t uid)
{
	for (size_t i = 0; i < uids.n; i++)
		if (uid >= uids.ranges[i].first && uid <= uids.ranges[i].last)
			return true;
	return uids.n == 0;
}

static struct model_message *
add(struct model *m, struct model_box *b, struct model_message what)
{
	if (b->n == MODEL_MESSAGES || b->n_gone > MODEL_MESSAGES)
		suite_fail(m->s, __FILE__, __LINE__, "the model is full");
	b->messages[b->n] = what;
	b->messages[b->n].uid = b->uidnext++;
	return &b->messages[b->n++];
}

/* Takes a message out and notes that it vanished. */
static void
take_out(struct model_box *b, uint32_t i, uint64_t modseq)
{
	b->gone[b->n_gone++] = (struct model_gone){ b->messages[i].uid, modseq };
	memmove(&b->messages[i], &b->messages[i + 1], (b->n - i - 1) * sizeof(b->messages[0]));
	b->n--;
}

/* ---- operations ---- */

static void
do_append(struct model *m)
{
	struct model_box *b = any_box(m);
	struct suite *s = m->s;
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct model_message what = { .flags = chance(m, 32), .content = m->step };
	struct ms_str names[3];
	struct ms_job_append job = { .box = b->id, .flags = what.flags, .keywords = names };
	const char *text;

	if (b->n >= MODEL_MESSAGES - 40)
		return;
	for (uint32_t n = chance(m, 3); job.n_keywords < n; job.n_keywords++) {
		uint32_t k = chance(m, MODEL_KEYWORDS);

		names[job.n_keywords] = ms_str_c(model_keyword(s, k));
		what.keywords |= UINT64_C(1) << k;
	}
	if (chance(m, 2) == 0) {
		m->deliveries++;
		for (int i = 0; i < 4; i++)
			job.delivery_id.octets[4 + i] = (uint8_t)(m->deliveries >> (24 - 8 * i));
		job.delivery_number = chance(m, 3);
	}
	text = model_content(s, what.content);
	what.octets = (uint32_t)strlen(text);
	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	job.octets = what.octets;
	job.body = ms_mock_blob(s->mock, ms_str_c(text));
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	EXPECT_NUMBER(s, job.repeated_out, 0);
	EXPECT(s, job.modseq_out > m->modseq);
	m->modseq = b->modseq = what.modseq = job.modseq_out;
	EXPECT_NUMBER(s, job.uid_out, add(m, b, what)->uid);
	if (job.delivery_id.octets[7] != 0 && chance(m, 4) == 0) {
		uint32_t uid = job.uid_out;

		job.place.len = 0;
		EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
		EXPECT_NUMBER(s, job.repeated_out, 1);
		EXPECT_NUMBER(s, job.uid_out, uid);
	}
	blob->release(job.body);
}

static void
do_store(struct model *m)
{
	struct model_box *b = any_box(m);
	struct suite *s = m->s;
	uint32_t k = chance(m, MODEL_KEYWORDS), flags = chance(m, 32);
	uint64_t keywords = chance(m, 2) == 0 ? UINT64_C(1) << k : 0, since = UINT64_MAX;
	struct ms_str name = ms_str_c(model_keyword(s, k));
	struct ms_job_store job = { .box = b->id, .how = 1 + chance(m, 3), .flags = flags,
		.keywords = &name, .n_keywords = keywords != 0 };
	uint32_t changed = 0, failed = 0;

	if (chance(m, 4) == 0)
		since = b->modseq - chance(m, 20);
	suite_job(s, &job.job, sizeof(job), MS_JOB_STORE);
	job.uids = any_uids(m, b);
	job.unchanged_since = since;
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	for (uint32_t i = 0; i < b->n; i++) {
		struct model_message *x = &b->messages[i];
		uint32_t f = x->flags;
		uint64_t w = x->keywords;

		if (!contains(job.uids, x->uid))
			continue;
		if (x->modseq > since) {
			EXPECT(s, contains(job.failed_out, x->uid) && job.failed_out.n > 0);
			failed++;
			continue;
		}
		f = job.how == MS_STORE_ADD ? f | flags : job.how == MS_STORE_REMOVE ?
		    f & ~flags : flags;
		w = job.how == MS_STORE_ADD ? w | keywords : job.how == MS_STORE_REMOVE ?
		    w & ~keywords : keywords;
		if (f == x->flags && w == x->keywords)
			continue;
		EXPECT(s, job.changed_out.n > 0 && contains(job.changed_out, x->uid));
		EXPECT(s, job.modseq_out > m->modseq);
		x->flags = f;
		x->keywords = w;
		x->modseq = job.modseq_out;
		changed++;
	}
	EXPECT_NUMBER(s, model_count(job.changed_out), changed);
	EXPECT_NUMBER(s, model_count(job.failed_out), failed);
	if (changed > 0)
		m->modseq = b->modseq = job.modseq_out;
}

static void
do_expunge(struct model *m)
{
	struct model_box *b = any_box(m);
	struct suite *s = m->s;
	struct ms_job_expunge job = { .box = b->id, .only_deleted = chance(m, 2),
		.forever = chance(m, 2) };
	uint32_t gone = 0;

	suite_job(s, &job.job, sizeof(job), MS_JOB_EXPUNGE);
	if (chance(m, 20) > 0)
		job.uids = any_uids(m, b);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	for (uint32_t i = 0; i < b->n; ) {
		if (!contains(job.uids, b->messages[i].uid) ||
		    (job.only_deleted != 0 && (b->messages[i].flags & MS_FLAG_DELETED) == 0)) {
			i++;
			continue;
		}
		EXPECT(s, job.gone_out.n > 0 && contains(job.gone_out, b->messages[i].uid));
		take_out(b, i, job.modseq_out);
		gone++;
	}
	EXPECT_NUMBER(s, model_count(job.gone_out), gone);
	if (gone > 0) {
		EXPECT(s, job.modseq_out > m->modseq);
		m->modseq = b->modseq = job.modseq_out;
	}
}

static void
do_copy(struct model *m)
{
	struct model_box *from = any_box(m), *to = any_box(m);
	struct suite *s = m->s;
	struct ms_job_copy job = { .from = from->id, .to = to->id, .move = chance(m, 2) };
	uint32_t n = from->n, done = 0;

	if (to->n >= MODEL_MESSAGES - 100)
		return;
	suite_job(s, &job.job, sizeof(job), MS_JOB_COPY);
	job.uids = any_uids(m, from);
	EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	for (uint32_t i = 0, at = 0; i < n; i++) {
		struct model_message what = from->messages[at];

		if (!contains(job.uids, what.uid)) {
			at++;
			continue;
		}
		EXPECT(s, job.from_out.n > 0 && contains(job.from_out, what.uid));
		if (job.move != 0)
			take_out(from, at, job.modseq_out);
		else
			at++;
		what.modseq = job.modseq_out;
		EXPECT(s, contains(job.to_out, add(m, to, what)->uid));
		done++;
	}
	EXPECT_NUMBER(s, model_count(job.from_out), done);
	EXPECT_NUMBER(s, model_count(job.to_out), done);
	if (done == 0)
		return;
	EXPECT(s, job.modseq_out > m->modseq);
	m->modseq = to->modseq = job.modseq_out;
	if (job.move != 0)
		from->modseq = job.modseq_out;
}

static void
do_box(struct model *m)
{
	struct suite *s = m->s;
	struct model_box *b = &m->boxes[1 + chance(m, MODEL_BOXES - 1)];
	struct ms_job_box job = { .id = b->id };

	if (!b->is_there) {
		struct ms_id none = { { 0 } };

		job.id = none;
		job.name = ms_str_c(suite_printf(s, "box%u", m->step));
		suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
		EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
		*b = (struct model_box){ .is_there = true, .id = job.id, .uidnext = 1,
			.modseq = job.modseq_out };
	} else if (chance(m, 2) == 0) {
		job.name = ms_str_c(suite_printf(s, "renamed%u", m->step));
		suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CHANGE);
		EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
	} else {
		suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_DELETE);
		EXPECT_NUMBER(s, suite_run(s, &job.job), MS_OK);
		b->is_there = false;
	}
	EXPECT(s, job.modseq_out > m->modseq);
	m->modseq = job.modseq_out;
}

/* ---- the run ---- */

static void
one_step(struct model *m)
{
	uint32_t what = chance(m, 100);

	if (what < 40)
		do_append(m);
	else if (what < 70)
		do_store(m);
	else if (what < 82)
		do_expunge(m);
	else if (what < 96)
		do_copy(m);
	else
		do_box(m);
	if (chance(m, 40) == 0)
		model_compare_box(m, any_box(m), 1 + chance(m, 200));
	if (chance(m, 500) == 0) {
		suite_reopen(m->s);
		for (uint32_t i = 0; i < MODEL_BOXES; i++)
			if (m->boxes[i].is_there)
				model_compare_box(m, &m->boxes[i], 100);
		model_compare_account(m);
	}
}

static uint64_t
number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void
run_model(struct suite *s)
{
	static struct model m;
	uint64_t steps = number_from("MANSIO_STEPS", 10000);

	m = (struct model){ .s = s, .seed = number_from("MANSIO_SEED", 88172645463325252) };
	m.boxes[0] = (struct model_box){ .is_there = true, .id = s->inbox, .uidnext = 1,
		.modseq = suite_status(s, &s->inbox).modseq };
	m.modseq = m.boxes[0].modseq;
	for (m.step = 1; m.step <= steps; m.step++) {
		s->step = m.step;
		one_step(&m);
		if (m.step % 100 == 0)
			ms_arena_reset(s->arena);
	}
	suite_reopen(s);
	for (uint32_t i = 0; i < MODEL_BOXES; i++)
		if (m.boxes[i].is_there)
			model_compare_box(&m, &m.boxes[i], 100);
	model_compare_account(&m);
}

const struct check model_checks[] = {
	{ "ten thousand random operations agree with a model", run_model },
	{ NULL, NULL },
};
