/* SPDX-License-Identifier: ISC */
/* memstore_jobs.c - see memstore.h: the jobs, and others' doings by them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mansio/blob.h>
#include <mansio/clock.h>
#include <mansio/digest.h>
#include <mansio/str.h>

#include "memstore_internal.h"

static ms_status failure;
static uint32_t n_jobs;
static uint32_t next_id;

static struct ms_id
make_id(char kind)
{
	struct ms_id id = { { 0 } };

	next_id++;
	id.octets[0] = (uint8_t)kind;
	memcpy(id.octets + 8, &next_id, sizeof(next_id));
	return id;
}

/* ---- mailboxes --------------------------------------------------------------------- */

static struct box *
add_box(struct ms_account *a, struct ms_str name)
{
	struct box *b = calloc(1, sizeof(*b));

	if (b == NULL || name.len >= sizeof(b->name))
		abort();
	memcpy(b->name, name.data, name.len);
	b->id = make_id('b');
	b->uidvalidity = 1700000000 + next_id;
	b->uidnext = 1;
	b->recent_from = 1;
	b->modseq = b->box_modseq = ++a->modseq;
	b->next = a->boxes;
	a->boxes = b;
	return b;
}

static void
add_parents(struct ms_account *a, struct ms_str name)
{
	size_t at;

	while ((at = ms_str_find_last(name, '/')) != SIZE_MAX) {
		name.len = at;
		if (memstore_box_named(a, name) == NULL)
			add_box(a, name)->is_name_only = true;
	}
}

static ms_status
create_box(struct ms_job_box *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *b;

	if (a == NULL) {
		a = calloc(1, sizeof(*a));
		if (a == NULL || job->job.key.len >= sizeof(a->name))
			abort();
		memcpy(a->name, job->job.key.data, job->job.key.len);
		a->next = memstore_accounts;
		memstore_accounts = a;
	}
	b = memstore_box_named(a, job->name);
	if (b != NULL && !b->is_name_only)
		return MS_EXISTS;
	if (b == NULL) {
		add_parents(a, job->name);
		b = add_box(a, job->name);
	}
	b->is_name_only = false;
	if (job->special_use.len < sizeof(b->special_use) &&
	    job->special_use.len > 0)
		memcpy(b->special_use, job->special_use.data,
		    job->special_use.len);
	job->id = b->id;
	job->modseq_out = b->modseq;
	return MS_OK;
}

static ms_status
change_box(struct ms_job_box *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *box = memstore_box(a, &job->id);
	struct ms_str old;

	if (box == NULL)
		return MS_NOTFOUND;
	if (memstore_box_named(a, job->name) != NULL)
		return MS_EXISTS;
	old = ms_str_c(strdup(box->name));
	add_parents(a, job->name);
	for (struct box *b = a->boxes; b != NULL; b = b->next) {
		char name[sizeof(b->name)];
		size_t len = strlen(b->name);

		if (len < old.len || memcmp(b->name, old.data, old.len) != 0 ||
		    (len > old.len && b->name[old.len] != '/'))
			continue;
		snprintf(name, sizeof(name), "%.*s%s", (int)job->name.len,
		    job->name.data, b->name + old.len);
		memcpy(b->name, name, sizeof(name));
		b->box_modseq = ++a->modseq;
	}
	free((char *)(uintptr_t)old.data);
	return MS_OK;
}

static void
drop_properties(struct ms_account *a, const struct ms_id *box)
{
	struct property **at = &a->properties, *p;

	while ((p = *at) != NULL) {
		if (memcmp(&p->box, box, sizeof(*box)) != 0) {
			at = &p->next;
			continue;
		}
		*at = p->next;
		free(p->name);
		free(p->value);
		free(p);
	}
}

static ms_status
delete_box(struct ms_instance *self, struct ms_job_box *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *b = memstore_box(a, &job->id), **at;
	bool has_children = false;
	size_t len;

	if (b == NULL)
		return MS_NOTFOUND;
	len = strlen(b->name);
	for (struct box *x = a->boxes; x != NULL; x = x->next)
		if (strncmp(x->name, b->name, len) == 0 && x->name[len] == '/')
			has_children = true;
	drop_properties(a, &b->id);
	for (size_t i = 0; i < b->n; i++) {
		self->blob->release(b->mails[i].body);
		free((char *)(uintptr_t)b->mails[i].digest.data);
	}
	free(b->mails);
	b->mails = NULL;
	b->n = b->room = 0;
	a->modseq++;
	if (has_children) {
		b->is_name_only = true;
		b->id = make_id('b');
		return MS_OK;
	}
	for (at = &a->boxes; *at != b; at = &(*at)->next)
		;
	*at = b->next;
	free(b);
	return MS_OK;
}

/* ---- messages ------------------------------------------------------------------------ */

static uint32_t
keyword_bits(struct box *b, const struct ms_str *keywords, uint32_t n,
    bool makes)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = 0;

		while (k < b->n_keywords && !ms_str_equal_ci(
		    ms_str_c(b->keywords[k]), keywords[i]))
			k++;
		if (k == b->n_keywords) {
			if (!makes || k == MAX_KEYWORDS)
				continue;
			memcpy(b->keywords[k], keywords[i].data,
			    keywords[i].len);
			b->n_keywords++;
		}
		bits |= 1u << k;
	}
	return bits;
}

static struct mail *
add_mail(struct ms_account *a, struct box *b)
{
	if (b->n == b->room) {
		b->room = b->room == 0 ? 16 : b->room * 2;
		b->mails = realloc(b->mails, b->room * sizeof(*b->mails));
		if (b->mails == NULL)
			abort();
	}
	b->mails[b->n] = (struct mail){ .uid = b->uidnext++,
		.modseq = b->modseq = ++a->modseq };
	return &b->mails[b->n++];
}

static struct ms_str
copy_text(struct ms_str s)
{
	char *copy = malloc(s.len + 1);

	if (copy == NULL)
		abort();
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	return ms_str_of(copy, s.len);
}

static ms_status
append(struct ms_instance *self, struct ms_job_append *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *b = memstore_box(a, &job->box);
	struct mail *m;

	if (b == NULL)
		return MS_NOTFOUND;
	m = add_mail(a, b);
	m->flags = job->flags;
	m->keywords = keyword_bits(b, job->keywords, job->n_keywords, true);
	m->octets = job->octets;
	m->arrived_us = job->arrived_us;
	m->saved_us = self->clock->now_us(self->host);
	m->body = self->blob->hold(job->body);
	m->email_id = make_id('m');
	m->thread_id = make_id('t');
	m->digest = copy_text(job->digest);
	job->uid_out = m->uid;
	job->uidvalidity_out = b->uidvalidity;
	job->modseq_out = m->modseq;
	return MS_OK;
}

static ms_status
store(struct ms_job_store *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *b = memstore_box(a, &job->box);
	uint64_t modseq;
	uint32_t words;

	if (b == NULL)
		return MS_NOTFOUND;
	if (job->uids.n == 0)
		abort();
	modseq = a->modseq + 1;
	words = keyword_bits(b, job->keywords, job->n_keywords,
	    job->how != MS_STORE_REMOVE);
	job->changed_out = job->failed_out = (struct ms_uids){ NULL, 0 };
	for (size_t i = 0; i < b->n; i++) {
		struct mail *m = &b->mails[i];
		uint32_t flags = job->flags, keywords = words;

		if (m->gone || !memstore_has(job->uids, m->uid))
			continue;
		if (m->modseq > job->unchanged_since) {
			memstore_add_uid(job->job.arena, &job->failed_out,
			    m->uid);
			continue;
		}
		if (job->how == MS_STORE_ADD) {
			flags |= m->flags;
			keywords |= m->keywords;
		} else if (job->how == MS_STORE_REMOVE) {
			flags = m->flags & ~flags;
			keywords = m->keywords & ~keywords;
		}
		if (flags == m->flags && keywords == m->keywords)
			continue;
		m->flags = flags;
		m->keywords = keywords;
		m->modseq = b->modseq = a->modseq = modseq;
		memstore_add_uid(job->job.arena, &job->changed_out, m->uid);
	}
	job->modseq_out = b->modseq;
	return MS_OK;
}

static ms_status
expunge(struct ms_job_expunge *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *b = memstore_box(a, &job->box);
	uint64_t modseq = a != NULL ? a->modseq + 1 : 0;

	if (b == NULL)
		return MS_NOTFOUND;
	job->gone_out = (struct ms_uids){ NULL, 0 };
	for (size_t i = 0; i < b->n; i++) {
		struct mail *m = &b->mails[i];

		if (m->gone ||
		    (job->uids.n > 0 && !memstore_has(job->uids, m->uid)) ||
		    (job->only_deleted && !(m->flags & MS_FLAG_DELETED)))
			continue;
		m->gone = true;
		m->modseq = b->modseq = a->modseq = modseq;
		memstore_add_uid(job->job.arena, &job->gone_out, m->uid);
	}
	job->modseq_out = b->modseq;
	return MS_OK;
}

static ms_status
copy(struct ms_instance *self, struct ms_job_copy *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct box *from = memstore_box(a, &job->from);
	struct box *to = memstore_box(a, &job->to);
	size_t n;

	if (from == NULL || to == NULL)
		return MS_NOTFOUND;
	if (job->uids.n == 0)
		abort();
	job->from_out = job->to_out = (struct ms_uids){ NULL, 0 };
	n = from->n;
	for (size_t i = 0; i < n; i++) {
		struct mail m = from->mails[i], *made;
		uint32_t words = 0;

		if (m.gone || !memstore_has(job->uids, m.uid))
			continue;
		for (uint32_t k = 0; k < from->n_keywords; k++) {
			struct ms_str word = ms_str_c(from->keywords[k]);

			if (m.keywords >> k & 1)
				words |= keyword_bits(to, &word, 1, true);
		}
		made = add_mail(a, to);
		made->flags = m.flags;
		made->keywords = words;
		made->octets = m.octets;
		made->arrived_us = m.arrived_us;
		made->saved_us = self->clock->now_us(self->host);
		made->body = self->blob->hold(m.body);
		made->email_id = m.email_id;
		made->thread_id = m.thread_id;
		made->digest = copy_text(m.digest);
		memstore_add_uid(job->job.arena, &job->from_out, m.uid);
		memstore_add_uid(job->job.arena, &job->to_out, made->uid);
		if (job->move) {
			from->mails[i].gone = true;
			from->mails[i].modseq = from->modseq = a->modseq;
		}
	}
	job->uidvalidity_out = to->uidvalidity;
	job->modseq_out = to->modseq;
	job->from_modseq_out = from->modseq;
	return MS_OK;
}

static ms_status
mark(struct ms_job_mark *job)
{
	struct box *b = memstore_box(memstore_account(job->job.key),
	    &job->box);

	if (b == NULL)
		return MS_NOTFOUND;
	job->recent_from_out = b->recent_from;
	if (job->recent_from > b->recent_from)
		b->recent_from = job->recent_from;
	return MS_OK;
}

static ms_status
set_property(struct ms_job_property *job)
{
	struct ms_account *a = memstore_account(job->job.key);
	struct property **at, *p;

	if (a == NULL)
		return MS_NOTFOUND;
	for (at = &a->properties; (p = *at) != NULL; at = &p->next) {
		int order = memcmp(&p->box, &job->box, sizeof(job->box));

		if (order > 0 || (order == 0 && ms_str_compare(
		    ms_str_c(p->name), job->name) >= 0))
			break;
	}
	if (p != NULL && memcmp(&p->box, &job->box, sizeof(job->box)) == 0 &&
	    ms_str_equal(ms_str_c(p->name), job->name)) {
		*at = p->next;
		free(p->name);
		free(p->value);
		free(p);
	} else if (job->value.data == NULL) {
		return MS_NOTFOUND;
	}
	if (job->value.data == NULL)
		return MS_OK;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	p->box = job->box;
	p->name = strndup(job->name.data, job->name.len);
	p->value = strndup(job->value.data, job->value.len);
	p->modseq = ++a->modseq;
	p->next = *at;
	*at = p;
	return MS_OK;
}

static ms_status
run_one(struct ms_instance *self, struct ms_job *job)
{
	switch (job->type) {
	case MS_JOB_BOX_CREATE:
		return create_box((struct ms_job_box *)job);
	case MS_JOB_BOX_CHANGE:
		return change_box((struct ms_job_box *)job);
	case MS_JOB_BOX_DELETE:
		return delete_box(self, (struct ms_job_box *)job);
	case MS_JOB_APPEND:
		return append(self, (struct ms_job_append *)job);
	case MS_JOB_STORE:
		return store((struct ms_job_store *)job);
	case MS_JOB_EXPUNGE:
		return expunge((struct ms_job_expunge *)job);
	case MS_JOB_COPY:
		return copy(self, (struct ms_job_copy *)job);
	case MS_JOB_MARK:
		return mark((struct ms_job_mark *)job);
	case MS_JOB_PROPERTY:
		return set_property((struct ms_job_property *)job);
	default:
		return MS_UNSUPPORTED;
	}
}

static void
run(struct ms_instance *self, const struct ms_scope *scope,
    struct ms_job *const *jobs, size_t n)
{
	(void)scope;
	for (size_t i = 0; i < n; i++) {
		n_jobs++;
		jobs[i]->status = failure != MS_OK ? failure :
		    run_one(self, jobs[i]);
	}
}

static uint32_t
shards(struct ms_instance *self)
{
	(void)self;
	return 1;
}

static uint32_t
shard_of(struct ms_instance *self, struct ms_str key)
{
	(void)self, (void)key;
	return 0;
}

const struct ms_batch memstore_batch = {
	.size = sizeof(memstore_batch), .shards = shards,
	.shard_of = shard_of, .run = run,
};

/* ---- the plugin ------------------------------------------------------------------------ */

static struct ms_instance instance;

static ms_status
create(const struct ms_host *host, const struct ms_config *config,
    struct ms_instance **out, struct ms_error *err)
{
	(void)config, (void)err;
	instance.host = host;
	instance.blob = host->service(host, MS_BLOB_ID);
	instance.clock = host->service(host, MS_CLOCK_ID);
	*out = &instance;
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
	if (strcmp(id, MS_MAILBOX_ID) == 0)
		return &memstore_mailbox;
	return strcmp(id, MS_BATCH_ID) == 0 ? &memstore_batch : NULL;
}

static const struct ms_option options[] = { { .name = NULL } };
static const char *const needs[] = { MS_BLOB_ID, MS_CLOCK_ID, NULL };

const struct ms_plugin memstore_plugin = {
	.magic = MS_PLUGIN_MAGIC, .size = sizeof(memstore_plugin),
	.abi_major = MS_ABI_MAJOR, .abi_minor = MS_ABI_MINOR,
	.name = "memstore", .version = "1", .license = "ISC",
	.summary = "keeps mailboxes in memory for a test", .options = options,
	.option_stride = sizeof(struct ms_option), .needs = needs,
	.create = create, .start = start, .stop = nothing, .destroy = nothing,
	.interface = interface,
};

/* ---- others' doings ----------------------------------------------------------------------- */

static struct box *
must_find(const char *account, const char *box)
{
	struct box *b = memstore_box_named(
	    memstore_account(ms_str_c(account)), ms_str_c(box));

	if (b == NULL) {
		fprintf(stderr, "no mailbox %s of %s\n", box, account);
		abort();
	}
	return b;
}

static uint32_t
deliver(struct ms_mock *m, const char *account, const char *box,
    const char *content, bool with_digest)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_job_append job = {
		.job = { .size = sizeof(job), .type = MS_JOB_APPEND,
		    .key = ms_str_c(account), .arena = arena },
		.box = must_find(account, box)->id,
		.body = ms_mock_blob(m, ms_str_c(content)),
		.octets = strlen(content),
		.arrived_us = instance.clock->now_us(instance.host),
	};

	if (with_digest)
		job.digest = ms_digest_make(arena, ms_mime_scan(arena,
		    ms_str_c(content)));
	if (append(&instance, &job) != MS_OK)
		abort();
	instance.blob->release(job.body);
	ms_arena_free(arena);
	return job.uid_out;
}

uint32_t
memstore_deliver(struct ms_mock *m, const char *account, const char *box,
    const char *content)
{
	return deliver(m, account, box, content, true);
}

uint32_t
memstore_deliver_bare(struct ms_mock *m, const char *account,
    const char *box, const char *content)
{
	return deliver(m, account, box, content, false);
}

void
memstore_flag(struct ms_mock *m, const char *account, const char *box,
    uint32_t uid, uint32_t flags, const char *keyword)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_uid_range range = { uid, uid };
	struct ms_str word = ms_str_c(keyword);
	struct ms_job_store job = {
		.job = { .size = sizeof(job), .type = MS_JOB_STORE,
		    .key = ms_str_c(account), .arena = arena },
		.box = must_find(account, box)->id, .uids = { &range, 1 },
		.how = MS_STORE_ADD, .flags = flags, .keywords = &word,
		.n_keywords = keyword != NULL, .unchanged_since = UINT64_MAX,
	};

	(void)m;
	if (store(&job) != MS_OK)
		abort();
	ms_arena_free(arena);
}

void
memstore_expunge(struct ms_mock *m, const char *account, const char *box,
    uint32_t first, uint32_t last)
{
	struct ms_arena *arena = ms_arena_new(0);
	struct ms_uid_range range = { first, last };
	struct ms_job_expunge job = {
		.job = { .size = sizeof(job), .type = MS_JOB_EXPUNGE,
		    .key = ms_str_c(account), .arena = arena },
		.box = must_find(account, box)->id, .uids = { &range, 1 },
	};

	(void)m;
	if (expunge(&job) != MS_OK)
		abort();
	ms_arena_free(arena);
}

void
memstore_delete_box(struct ms_mock *m, const char *account, const char *box)
{
	struct ms_job_box job = {
		.job = { .size = sizeof(job), .type = MS_JOB_BOX_DELETE,
		    .key = ms_str_c(account) },
		.id = must_find(account, box)->id,
	};

	(void)m;
	if (delete_box(&instance, &job) != MS_OK)
		abort();
}

void
memstore_fail_jobs(ms_status status)
{
	failure = status;
}

uint32_t
memstore_jobs(void)
{
	return n_jobs;
}

void
memstore_reset(void)
{
	struct ms_account *a;

	while ((a = memstore_accounts) != NULL) {
		struct box *b;
		struct property *p;

		while ((b = a->boxes) != NULL) {
			for (size_t i = 0; i < b->n; i++) {
				instance.blob->release(b->mails[i].body);
				free((char *)(uintptr_t)
				    b->mails[i].digest.data);
			}
			a->boxes = b->next;
			free(b->mails);
			free(b);
		}
		while ((p = a->properties) != NULL) {
			a->properties = p->next;
			free(p->name);
			free(p->value);
			free(p);
		}
		memstore_accounts = a->next;
		free(a);
	}
}
