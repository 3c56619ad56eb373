/* SPDX-License-Identifier: ISC */
/* suite.c - see suite.h */
#include "suite.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT_MAX ((size_t)16 << 20)

/* ---- failing ---- */

void
suite_fail(struct suite *s, const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	size_t n;
	va_list args;

	n = (size_t)snprintf(s->why, sizeof(s->why), "%s:%d: ", base != NULL ? base + 1 : file,
	    line);
	if (s->step > 0)
		n += (size_t)snprintf(s->why + n, sizeof(s->why) - n, "step %u: ", s->step);
	va_start(args, format);
	vsnprintf(s->why + n, sizeof(s->why) - n, format, args);
	va_end(args);
	longjmp(s->stop, 1);
}

void
suite_number(struct suite *s, const char *file, int line, const char *what, uint64_t is,
    uint64_t should)
{
	if (is != should)
		suite_fail(s, file, line, "%s is %llu, not %llu", what, (unsigned long long)is,
		    (unsigned long long)should);
}

void
suite_text(struct suite *s, const char *file, int line, const char *what, const char *is,
    const char *should)
{
	if (strcmp(is, should) != 0)
		suite_fail(s, file, line, "%s is \"%s\", not \"%s\"", what, is, should);
}

/* ---- beginning and ending ---- */

static void
open_plugin(struct suite *s)
{
	s->mock = ms_mock_new(s->plugin);
	ms_mock_directory(s->mock, s->directory);
	if (s->configure != NULL)
		s->configure(s->mock);
	if (s->now_us != 0)
		ms_mock_set_time(s->mock, s->now_us);
	s->self = ms_mock_create(s->mock);
	s->table = s->plugin->interface(MS_MAILBOX_ID);
}

static void
open_account(struct suite *s)
{
	struct ms_error err = MS_ERROR_INIT;

	if (s->table->open(s->self, suite_scope(s), ms_str_c("ann"), ms_str_c(""), &s->account,
	    &err) != MS_OK)
		suite_fail(s, __FILE__, __LINE__, "open: %s", err.text);
}

void
suite_begin(struct suite *s, const struct ms_plugin *plugin,
    void (*configure)(struct ms_mock *))
{
	const char *tmp = getenv("TMPDIR");

	s->plugin = plugin;
	s->configure = configure;
	s->account = NULL;
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
	s->inbox = suite_create(s, "INBOX");
	open_account(s);
}

void
suite_stop(struct suite *s)
{
	if (s->account != NULL)
		s->table->close(s->self, s->account);
	s->account = NULL;
	if (s->mock != NULL)
		ms_mock_free(s->mock);
	s->mock = NULL;
}

void
suite_start(struct suite *s)
{
	open_plugin(s);
	open_account(s);
}

void
suite_reopen(struct suite *s)
{
	suite_stop(s);
	suite_start(s);
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
	suite_stop(s);
	ms_arena_free(s->arena);
	(void)nftw(s->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- jobs ---- */

const struct ms_scope *
suite_scope(struct suite *s)
{
	return ms_mock_scope(s->mock, 0);
}

void
suite_job(struct suite *s, struct ms_job *job, size_t size, uint32_t type)
{
	struct ms_error *err = ms_arena_alloc(s->arena, sizeof(*err));

	err->size = sizeof(*err);
	*job = (struct ms_job){ .size = (uint32_t)size, .type = type,
		.key = ms_str_c("ann"), .arena = s->arena, .error = err };
}

ms_status
suite_run(struct suite *s, struct ms_job *job)
{
	return ms_mock_run(s->mock, &job, 1);
}

static void
must(struct suite *s, const char *what, struct ms_job *job)
{
	if (suite_run(s, job) != MS_OK)
		suite_fail(s, __FILE__, __LINE__, "%s: %s: %s", what,
		    ms_status_name(job->status), job->error->text);
}

struct ms_id
suite_create(struct suite *s, const char *name)
{
	struct ms_job_box job = { .name = ms_str_c(name) };

	suite_job(s, &job.job, sizeof(job), MS_JOB_BOX_CREATE);
	must(s, "CREATE", &job.job);
	return job.id;
}

uint32_t
suite_append(struct suite *s, const struct ms_id *box, const char *text, uint32_t flags)
{
	struct ms_job_append job = { .box = *box, .octets = strlen(text), .flags = flags,
		.arrived_us = INT64_C(1767225600123456) };

	suite_job(s, &job.job, sizeof(job), MS_JOB_APPEND);
	job.body = ms_mock_blob(s->mock, ms_str_c(text));
	must(s, "APPEND", &job.job);
	((const struct ms_blob_api *)ms_mock_host(s->mock)->service(ms_mock_host(s->mock),
	    MS_BLOB_ID))->release(job.body);
	return job.uid_out;
}

uint64_t
suite_store(struct suite *s, const struct ms_id *box, const char *uids, uint32_t how,
    uint32_t flags, const char *keyword)
{
	struct ms_str name = ms_str_c(keyword);
	struct ms_job_store job = { .box = *box, .uids = suite_uids(s, uids), .how = how,
		.flags = flags, .keywords = &name, .n_keywords = keyword != NULL,
		.unchanged_since = UINT64_MAX };

	suite_job(s, &job.job, sizeof(job), MS_JOB_STORE);
	must(s, "STORE", &job.job);
	return job.modseq_out;
}

const char *
suite_expunge(struct suite *s, const struct ms_id *box, const char *uids)
{
	struct ms_job_expunge job = { .box = *box, .uids = suite_uids(s, uids) };

	suite_job(s, &job.job, sizeof(job), MS_JOB_EXPUNGE);
	must(s, "EXPUNGE", &job.job);
	return suite_uids_text(s, job.gone_out);
}

static bool
find_status(struct suite *s, const struct ms_id *box, struct ms_box *out)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str after = ms_str_c("");

	for (;;) {
		struct ms_boxes boxes = { .size = sizeof(boxes) };

		if (s->table->list(s->self, suite_scope(s), s->account, ms_str_c(""), 1, 0, after,
		    3, &boxes, &err) != MS_OK)
			suite_fail(s, __FILE__, __LINE__, "list: %s", err.text);
		if (boxes.n == 0)
			return false;
		for (uint32_t i = 0; i < boxes.n; i++)
			if (memcmp(&boxes.boxes[i]->id, box, sizeof(*box)) == 0) {
				*out = *boxes.boxes[i];
				return true;
			}
		after = boxes.boxes[boxes.n - 1]->name;
	}
}

bool
suite_has_box(struct suite *s, const struct ms_id *box)
{
	struct ms_box out;

	return find_status(s, box, &out);
}

struct ms_box
suite_status(struct suite *s, const struct ms_id *box)
{
	struct ms_box out;

	if (!find_status(s, box, &out))
		suite_fail(s, __FILE__, __LINE__, "list: the mailbox is not in it");
	return out;
}

/* ---- texts ---- */

static const char *
take(struct suite *s, struct ms_buf *text)
{
	const char *copy = ms_arena_str(s->arena, ms_buf_str(text)).data;

	ms_buf_free(text);
	return copy;
}

const char *
suite_printf(struct suite *s, const char *format, ...)
{
	struct ms_buf text = MS_BUF_MAX(TEXT_MAX);
	va_list args;

	va_start(args, format);
	ms_buf_addv(&text, format, args);
	va_end(args);
	return take(s, &text);
}

struct ms_uids
suite_uids(struct suite *s, const char *text)
{
	struct ms_str rest = ms_str_c(text), word;
	struct ms_uid_range *ranges = ms_arena_array(s->arena, strlen(text) / 2 + 1,
	    sizeof(*ranges));
	struct ms_uids uids = { ranges, 0 };

	while (text[0] != '\0' && ms_str_split(&rest, ',', &word)) {
		struct ms_str first, last = word;
		uint64_t a = 0, b = 0;

		(void)ms_str_split(&last, ':', &first);
		(void)ms_str_to_u64(first, UINT32_MAX, &a);
		if (last.data == NULL || last.len == 0 || !ms_str_to_u64(last, UINT32_MAX, &b))
			b = a;
		ranges[uids.n++] = (struct ms_uid_range){ (uint32_t)a, (uint32_t)b };
	}
	return uids;
}

const char *
suite_uids_text(struct suite *s, struct ms_uids uids)
{
	struct ms_buf text = MS_BUF_MAX(TEXT_MAX);

	for (size_t i = 0; i < uids.n; i++) {
		if (i > 0)
			ms_buf_add_c(&text, ",");
		ms_buf_add_u64(&text, uids.ranges[i].first);
		if (uids.ranges[i].last == uids.ranges[i].first)
			continue;
		ms_buf_add_c(&text, ":");
		ms_buf_add_u64(&text, uids.ranges[i].last);
	}
	return take(s, &text);
}

static void
add_row(struct ms_buf *text, const struct ms_row *row)
{
	static const char *const flags[] = { "\\Seen", "\\Answered", "\\Flagged", "\\Deleted",
		"\\Draft" };

	if (text->len > 0)
		ms_buf_add_c(text, ",");
	ms_buf_add_u64(text, row->uid);
	for (unsigned i = 0; i < 5; i++)
		if ((row->flags >> i & 1) != 0)
			ms_buf_addf(text, " %s", flags[i]);
	for (uint32_t i = 0; i < row->n_keywords; i++)
		ms_buf_addf(text, " %.*s", (int)row->keywords[i].len, row->keywords[i].data);
}

static const char *
rows_text(struct suite *s, struct ms_fetch *f)
{
	struct ms_buf text = MS_BUF_MAX(TEXT_MAX);
	struct ms_error err = MS_ERROR_INIT;

	for (;;) {
		struct ms_rows rows = { .size = sizeof(rows) };

		if (s->table->fetch(s->self, suite_scope(s), s->account, f, &rows, &err) != MS_OK) {
			ms_buf_free(&text);
			suite_fail(s, __FILE__, __LINE__, "fetch: %s", err.text);
		}
		if (rows.n == 0)
			return take(s, &text);
		if (rows.n > f->limit)
			suite_fail(s, __FILE__, __LINE__, "fetch: more rows than asked for");
		for (uint32_t i = 0; i < rows.n; i++)
			add_row(&text, rows.rows[i]);
		f->after = rows.rows[rows.n - 1];
	}
}

const char *
suite_rows(struct suite *s, const struct ms_id *box, uint32_t page)
{
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS, .box = *box,
		.limit = page };

	return rows_text(s, &f);
}

const char *
suite_changes(struct suite *s, const struct ms_id *box, uint64_t since, uint32_t page)
{
	struct ms_fetch f = { .size = sizeof(f), .want = MS_ROW_FLAGS, .box = *box,
		.limit = page, .changed_since = since };

	return rows_text(s, &f);
}

const char *
suite_body(struct suite *s, const struct ms_id *box, uint32_t uid)
{
	const struct ms_host *host = ms_mock_host(s->mock);
	const struct ms_blob_api *blob = host->service(host, MS_BLOB_ID);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_blob *body;
	struct ms_str text;
	ms_status st;

	st = s->table->body(s->self, suite_scope(s), s->account, box, uid, &body, &err);
	if (st != MS_OK)
		return ms_status_name(st);
	text = ms_arena_str(s->arena, ms_mock_blob_octets(s->mock, body));
	blob->release(body);
	return text.data;
}

const char *
suite_vanished(struct suite *s, const struct ms_id *box, uint64_t since)
{
	struct ms_vanished out = { .size = sizeof(out) };
	struct ms_error err = MS_ERROR_INIT;

	if (s->table->vanished(s->self, suite_scope(s), s->account, box, since,
	    (struct ms_uids){ NULL, 0 }, &out, &err) != MS_OK)
		suite_fail(s, __FILE__, __LINE__, "vanished: %s", err.text);
	EXPECT(s, out.complete == 1);
	return suite_uids_text(s, out.uids);
}

const char *
suite_names(struct suite *s, const char *top)
{
	struct ms_buf text = MS_BUF_MAX(TEXT_MAX);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_str after = ms_str_c("");

	for (;;) {
		struct ms_boxes boxes = { .size = sizeof(boxes) };

		if (s->table->list(s->self, suite_scope(s), s->account, ms_str_c(top), 0, 0,
		    after, 2, &boxes, &err) != MS_OK)
			suite_fail(s, __FILE__, __LINE__, "list: %s", err.text);
		if (boxes.n == 0)
			return take(s, &text);
		for (uint32_t i = 0; i < boxes.n; i++) {
			const struct ms_box *b = boxes.boxes[i];

			ms_buf_addf(&text, "%s%.*s%s%.*s%s", text.len > 0 ? "," : "",
			    (int)b->name.len, b->name.data, b->special_use.len > 0 ? " " : "",
			    (int)b->special_use.len, b->special_use.data,
			    (b->flags & MS_BOX_NOSELECT) != 0 ? " \\Noselect" : "");
		}
		after = ms_arena_str(s->arena, boxes.boxes[boxes.n - 1]->name);
	}
}
