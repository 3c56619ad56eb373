/* SPDX-License-Identifier: ISC */
/* compare.c - see model.h: is the store what the model is? */
#include "model.h"

const char *
model_keyword(struct suite *s, uint32_t k)
{
	return suite_printf(s, "$word%02u", k);
}

/* Some contents are long, so that segments fill up. */
const char *
model_content(struct suite *s, uint32_t content)
{
	return suite_printf(s, "content %u %*s", content, (int)(content % 17 * 100), "");
}

uint64_t
model_count(struct ms_uids uids)
{
	uint64_t n = 0;

	for (size_t i = 0; i < uids.n; i++)
		n += uids.ranges[i].last - uids.ranges[i].first + 1;
	return n;
}

static uint64_t
keywords_of(struct suite *s, const struct ms_row *row)
{
	uint64_t keywords = 0;

	for (uint32_t i = 0; i < row->n_keywords; i++)
		for (uint32_t k = 0; k < MODEL_KEYWORDS; k++)
			if (ms_str_equal(row->keywords[i], ms_str_c(model_keyword(s, k))))
				keywords |= UINT64_C(1) << k;
	return keywords;
}

static void
compare_row(struct suite *s, const struct ms_row *row, const struct model_message *x)
{
	EXPECT_NUMBER(s, row->uid, x->uid);
	EXPECT_NUMBER(s, row->flags, x->flags);
	EXPECT_NUMBER(s, row->modseq, x->modseq);
	EXPECT_NUMBER(s, row->octets, x->octets);
	EXPECT_NUMBER(s, keywords_of(s, row), x->keywords);
}

static void
compare_rows(struct model *m, const struct model_box *b, uint32_t page)
{
	struct suite *s = m->s;
	struct ms_fetch f = { .size = sizeof(f), .box = b->id, .limit = page,
		.want = MS_ROW_FLAGS | MS_ROW_SIZE | (page % 2 == 0 ? MS_ROW_DATES : 0) };
	struct ms_error err = MS_ERROR_INIT;
	uint32_t i = 0;

	for (;;) {
		struct ms_rows rows = { .size = sizeof(rows) };

		EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows,
		    &err), MS_OK);
		EXPECT_NUMBER(s, rows.modseq, b->modseq);
		if (rows.n == 0)
			break;
		for (uint32_t k = 0; k < rows.n; k++, i++) {
			EXPECT(s, i < b->n);
			compare_row(s, rows.rows[k], &b->messages[i]);
		}
		f.after = rows.rows[rows.n - 1];
	}
	EXPECT_NUMBER(s, i, b->n);
}

/* All changes since, each once, in the order of modseqs. */
static void
compare_changes(struct model *m, const struct model_box *b, uint64_t since, uint32_t page)
{
	struct suite *s = m->s;
	struct ms_fetch f = { .size = sizeof(f), .box = b->id, .limit = page,
		.want = MS_ROW_FLAGS, .changed_since = since };
	struct ms_error err = MS_ERROR_INIT;
	uint32_t found = 0, expected = 0, uid = 0;
	uint64_t modseq = since;

	for (;;) {
		struct ms_rows rows = { .size = sizeof(rows) };

		EXPECT_NUMBER(s, s->table->fetch(s->self, suite_scope(s), s->account, &f, &rows,
		    &err), MS_OK);
		if (rows.n == 0)
			break;
		for (uint32_t k = 0; k < rows.n; k++, found++) {
			const struct ms_row *row = rows.rows[k];

			EXPECT(s, row->modseq > modseq ||
			    (row->modseq == modseq && row->uid > uid && modseq > since));
			modseq = row->modseq;
			uid = row->uid;
		}
		f.after = rows.rows[rows.n - 1];
	}
	for (uint32_t i = 0; i < b->n; i++)
		expected += b->messages[i].modseq > since;
	EXPECT_NUMBER(s, found, expected);
}

static void
compare_vanished(struct model *m, const struct model_box *b, uint64_t since)
{
	struct suite *s = m->s;
	struct ms_vanished out = { .size = sizeof(out) };
	struct ms_error err = MS_ERROR_INIT;
	uint64_t expected = 0;

	EXPECT_NUMBER(s, s->table->vanished(s->self, suite_scope(s), s->account, &b->id, since,
	    (struct ms_uids){ NULL, 0 }, &out, &err), MS_OK);
	for (uint32_t i = 0; i < b->n_gone; i++) {
		bool is_in = false;

		if (b->gone[i].modseq <= since)
			continue;
		expected++;
		for (size_t k = 0; k < out.uids.n && !is_in; k++)
			is_in = b->gone[i].uid >= out.uids.ranges[k].first &&
			    b->gone[i].uid <= out.uids.ranges[k].last;
		EXPECT(s, is_in);
	}
	EXPECT_NUMBER(s, model_count(out.uids), expected);
}

static void
compare_counters(struct model *m, const struct model_box *b)
{
	struct suite *s = m->s;
	struct ms_box is = suite_status(s, &b->id);
	uint32_t unseen = 0, deleted = 0, first_unseen = 0;
	uint64_t octets = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		const struct model_message *x = &b->messages[i];

		octets += x->octets;
		deleted += (x->flags & MS_FLAG_DELETED) != 0;
		if ((x->flags & MS_FLAG_SEEN) != 0)
			continue;
		unseen++;
		if (first_unseen == 0)
			first_unseen = x->uid;
	}
	EXPECT_NUMBER(s, is.messages, b->n);
	EXPECT_NUMBER(s, is.uidnext, b->uidnext);
	EXPECT_NUMBER(s, is.unseen, unseen);
	EXPECT_NUMBER(s, is.deleted, deleted);
	EXPECT_NUMBER(s, is.first_unseen, first_unseen);
	EXPECT_NUMBER(s, is.octets, octets);
	EXPECT_NUMBER(s, is.modseq, b->modseq);
}

void
model_compare_box(struct model *m, const struct model_box *b, uint32_t page)
{
	struct suite *s = m->s;
	uint64_t back = b->modseq > page ? b->modseq - page : 1;

	compare_counters(m, b);
	compare_rows(m, b, page);
	compare_changes(m, b, back, page);
	compare_vanished(m, b, back);
	compare_vanished(m, b, 0);
	if (b->n > 0) {
		const struct model_message *x = &b->messages[page % b->n];

		EXPECT_TEXT(s, suite_body(s, &b->id, x->uid), model_content(s, x->content));
	}
}

void
model_compare_account(struct model *m)
{
	struct suite *s = m->s;
	struct ms_usage usage = { .size = sizeof(usage) };
	struct ms_error err = MS_ERROR_INIT;
	uint64_t octets = 0, messages = 0, mailboxes = 0;

	for (uint32_t i = 0; i < MODEL_BOXES; i++) {
		const struct model_box *b = &m->boxes[i];

		if (!b->is_there)
			continue;
		mailboxes++;
		messages += b->n;
		for (uint32_t k = 0; k < b->n; k++)
			octets += b->messages[k].octets;
	}
	EXPECT_NUMBER(s, s->table->usage(s->self, suite_scope(s), s->account, &usage, &err), MS_OK);
	EXPECT_NUMBER(s, usage.octets, octets);
	EXPECT_NUMBER(s, usage.messages, messages);
	EXPECT_NUMBER(s, usage.mailboxes, mailboxes);
}
