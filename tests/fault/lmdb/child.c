/* SPDX-License-Identifier: ISC */
/* child.c - see child.h */
#include "child.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <mansio/command.h>
#include <mansio/error.h>
#include <mansio/mailbox.h>
#include <mansio/mock.h>

#define OPERATIONS	60
#define DAY_US		INT64_C(86400000000)

struct child {
	struct ms_mock           *mock;
	struct ms_instance       *self;
	const struct ms_plugin   *plugin;
	const struct ms_mailbox  *table;
	const struct ms_blob_api *blob;
	const struct ledger      *ledger;
	struct ms_account        *account;
	struct ms_id              inbox, archive;
	struct ms_arena          *arena;
	struct ledger_entry      *mine;		/* the ledger, kept up to date */
	uint32_t                  n;
	int                       fd;
	uint64_t                  chance;
};

static void
wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("# ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	fflush(stdout);
	_Exit(3);
}

static uint32_t
chance(struct child *c, uint32_t below)
{
	c->chance ^= c->chance << 13;
	c->chance ^= c->chance >> 7;
	c->chance ^= c->chance << 17;
	return (uint32_t)(c->chance >> 13) % below;
}

static struct ms_str
content(struct child *c, uint32_t number)
{
	/* Of many lengths, so that segments fill up in different ways. */
	return ms_arena_printf(c->arena, "message %u %*s", number, (int)(number * 977 % 6000), "");
}

/* ---- jobs ---- */

static void
prepare_delivery(struct child *c, struct ms_job_append *job, struct ms_error *err,
    uint32_t number)
{
	*job = (struct ms_job_append){ .box = c->inbox,
		.job = { .size = sizeof(*job), .type = MS_JOB_APPEND, .key = ms_str_c("ann"),
		.arena = c->arena, .error = err } };
	for (int i = 0; i < 4; i++)
		job->delivery_id.octets[4 + i] = (uint8_t)(number >> (24 - 8 * i));
	job->delivery_id.octets[0] = 1;
	job->body = ms_mock_blob(c->mock, content(c, number));
	job->octets = c->blob->octets(job->body);
}

static void
deliver(struct child *c, const uint32_t *numbers, uint32_t n)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_job_append jobs[8];
	struct ms_job *all[8] = { NULL };

	for (uint32_t i = 0; i < n; i++) {
		ledger_say(c->fd, 'd', numbers[i], 0);
		prepare_delivery(c, &jobs[i], &err, numbers[i]);
		all[i] = &jobs[i].job;
	}
	if (ms_mock_run(c->mock, all, n) != MS_OK)
		wrong("a delivery failed: %s", err.text);
	for (uint32_t i = 0; i < n; i++) {
		ledger_say(c->fd, 'D', numbers[i], jobs[i].uid_out);
		c->mine[numbers[i]] = (struct ledger_entry){ LEDGER_HELD, jobs[i].uid_out };
		c->blob->release(jobs[i].body);
	}
}

static void
expunge(struct child *c, uint32_t number)
{
	struct ms_error err = MS_ERROR_INIT;
	uint32_t uid = c->mine[number].uid;
	struct ms_uid_range range = { uid, uid };
	struct ms_job_expunge job = { .box = c->inbox, .uids = { &range, 1 },
		.forever = number % 3 != 0,
		.job = { .size = sizeof(job), .type = MS_JOB_EXPUNGE, .key = ms_str_c("ann"),
		.arena = c->arena, .error = &err } };
	struct ms_job *jobs[] = { &job.job };

	ledger_say(c->fd, 'x', number, uid);
	if (ms_mock_run(c->mock, jobs, 1) != MS_OK)
		wrong("an expunge failed: %s", err.text);
	if (job.gone_out.n != 1)
		wrong("UID %u was not there to be expunged", uid);
	ledger_say(c->fd, 'X', number, uid);
	c->mine[number].state = LEDGER_EXPUNGED;
}

static void
copy_and_drop(struct child *c)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_uid_range range = { 1, UINT32_MAX - 2 };
	struct ms_job_copy copy = { .from = c->inbox, .to = c->archive, .uids = { &range, 1 },
		.job = { .size = sizeof(copy), .type = MS_JOB_COPY, .key = ms_str_c("ann"),
		.arena = c->arena, .error = &err } };
	struct ms_job_box delete = { .id = c->archive,
		.job = { .size = sizeof(delete), .type = MS_JOB_BOX_DELETE,
		.key = ms_str_c("ann"), .arena = c->arena, .error = &err } };
	struct ms_job_box create = { .name = ms_str_c("Archive"),
		.job = { .size = sizeof(create), .type = MS_JOB_BOX_CREATE,
		.key = ms_str_c("ann"), .arena = c->arena, .error = &err } };
	struct ms_job *jobs[] = { &copy.job, &delete.job, &create.job };

	if (ms_mock_run(c->mock, jobs, 3) != MS_OK)
		wrong("a copy or a mailbox failed: %s", err.text);
	c->archive = create.id;
}

/* Time goes on: segments are swept and compacted, expunged mail expires. */
static void
grow_older(struct child *c, int64_t us)
{
	ms_mock_advance(c->mock, us);
	(void)ms_mock_run_tasks(c->mock);
}

static void
forget(struct child *c)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_job_forget job = { .last = { { 0, 0xff } },
		.job = { .size = sizeof(job), .type = MS_JOB_FORGET, .arena = c->arena,
		.error = &err } };
	struct ms_job *jobs[] = { &job.job };

	if (ms_mock_run(c->mock, jobs, 1) != MS_OK)
		wrong("forgetting failed: %s", err.text);
}

/* ---- looking at what is left ---- */

static void
verify(struct child *c)
{
	const struct ms_command *command = c->plugin->interface(MS_COMMAND_ID);
	struct ms_field deep = { ms_str_c("deep"), ms_str_c("") };
	struct ms_error err = MS_ERROR_INIT;
	const struct ms_scope *scope = ms_mock_scope(c->mock, 0);
	struct ms_writer *output;
	struct ms_blob *text;
	ms_status st;

	if (c->blob->begin(scope, 1 << 20, &output, &err) != MS_OK)
		abort();
	st = command->run(c->self, scope, 0, &deep, 1, output, &err);
	if (c->blob->finish(output, &text, NULL) != MS_OK)
		abort();
	if (st != MS_OK) {
		struct ms_str lines = ms_mock_blob_octets(c->mock, text);

		wrong("verify: %s\n%.*s", err.text, (int)lines.len, lines.data);
	}
	c->blob->release(text);
}

static uint32_t
number_of(struct child *c, uint32_t uid)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_blob *body;
	struct ms_str text;
	unsigned number = 0;

	if (c->table->body(c->self, ms_mock_scope(c->mock, 0), c->account, &c->inbox, uid, &body,
	    &err) != MS_OK)
		wrong("the body of UID %u: %s", uid, err.text);
	text = ms_mock_blob_octets(c->mock, body);
	if (sscanf(text.data, "message %u ", &number) != 1 || number == 0 || number > c->n ||
	    !ms_str_equal(text, content(c, number)))
		wrong("UID %u has a body that was never delivered", uid);
	c->blob->release(body);
	return number;
}

static void
compare(struct child *c)
{
	struct ms_fetch f = { .size = sizeof(f), .box = c->inbox, .want = MS_ROW_FLAGS,
		.limit = 1000 };
	uint8_t *seen = calloc(c->n + 1, 1);
	struct ms_error err = MS_ERROR_INIT;

	for (;;) {
		struct ms_rows rows = { .size = sizeof(rows) };

		if (c->table->fetch(c->self, ms_mock_scope(c->mock, 0), c->account, &f, &rows,
		    &err) != MS_OK)
			wrong("fetch: %s", err.text);
		if (rows.n == 0)
			break;
		for (uint32_t i = 0; i < rows.n; i++) {
			uint32_t uid = rows.rows[i]->uid, number = number_of(c, uid);
			struct ledger_entry *e = &c->mine[number];

			if (seen[number]++ != 0)
				wrong("message %u is there twice", number);
			if (e->state == LEDGER_EXPUNGED)
				wrong("message %u was expunged and is there", number);
			if (e->state != LEDGER_SENT && e->uid != uid)
				wrong("message %u has another UID", number);
		}
		f.after = rows.rows[rows.n - 1];
	}
	for (uint32_t i = 1; i <= c->n; i++) {
		if (c->mine[i].state == LEDGER_HELD && seen[i] == 0)
			wrong("message %u is lost", i);
		if (c->mine[i].state == LEDGER_EXPUNGING) {
			c->mine[i].state = seen[i] != 0 ? LEDGER_HELD : LEDGER_EXPUNGED;
			ledger_say(c->fd, seen[i] != 0 ? 'D' : 'X', i, c->mine[i].uid);
		}
	}
	free(seen);
}

/* ---- the whole ---- */

static struct ms_id
find_or_create(struct child *c, const char *name)
{
	struct ms_error err = MS_ERROR_INIT;
	struct ms_boxes boxes = { .size = sizeof(boxes) };
	struct ms_job_box job = { .name = ms_str_c(name),
		.job = { .size = sizeof(job), .type = MS_JOB_BOX_CREATE, .key = ms_str_c("ann"),
		.arena = c->arena, .error = &err } };
	struct ms_job *jobs[] = { &job.job };

	if (c->account == NULL && c->table->open(c->self, ms_mock_scope(c->mock, 0),
	    ms_str_c("ann"), ms_str_c(""), &c->account, &err) != MS_OK)
		c->account = NULL;
	if (c->account != NULL && c->table->list(c->self, ms_mock_scope(c->mock, 0), c->account,
	    ms_str_c(name), 0, 0, ms_str_c(""), 1, &boxes, &err) == MS_OK && boxes.n == 1)
		return boxes.boxes[0]->id;
	if (ms_mock_run(c->mock, jobs, 1) != MS_OK)
		wrong("create %s: %s", name, err.text);
	return c->account != NULL ? job.id : find_or_create(c, name);
}

static void
begin(struct child *c, const char *directory)
{
	c->plugin = ms_plugin_entry();
	c->table = c->plugin->interface(MS_MAILBOX_ID);
	c->mock = ms_mock_new(c->plugin);
	ms_mock_directory(c->mock, directory);
	ms_mock_option(c->mock, "folders", "");
	ms_mock_option(c->mock, "shards", "1");
	ms_mock_option(c->mock, "segment-size", "64KiB");
	ms_mock_option(c->mock, "map-size", "1MiB");
	ms_mock_option(c->mock, "retention", "1d");
	/* Each child lives a while after the one before. */
	ms_mock_advance(c->mock, (int64_t)c->n * 30000000);
	c->self = ms_mock_create(c->mock);
	c->blob = ms_mock_host(c->mock)->service(ms_mock_host(c->mock), MS_BLOB_ID);
}

static void
work(struct child *c)
{
	uint32_t numbers[8], n = 0, what = chance(c, 100), most = 1 + chance(c, 8);

	if (what < 45) {
		while (n < most && c->n + 1 < LEDGER_MAX)
			numbers[n++] = ++c->n;
		deliver(c, numbers, n);
	} else if (what < 85) {
		for (uint32_t i = 0; i < 3 && c->n > 0; i++) {
			uint32_t number = 1 + chance(c, c->n);

			if (c->mine[number].state == LEDGER_HELD)
				expunge(c, number);
		}
	} else if (what < 90) {
		copy_and_drop(c);
	} else if (what < 92) {
		forget(c);
	} else {
		grow_older(c, what < 97 ? INT64_C(70000000) : 2 * DAY_US);
	}
}

int
child_run(const char *directory, const struct ledger *ledger, int fd, unsigned seed,
    bool endless)
{
	static struct ledger_entry mine[LEDGER_MAX];
	struct child c = { .ledger = ledger, .fd = fd, .n = ledger->n, .mine = mine,
		.arena = ms_arena_new(0), .chance = 88172645463325252u + seed * 7919u };

	memcpy(mine, ledger->entries, sizeof(mine));
	begin(&c, directory);
	c.inbox = find_or_create(&c, "INBOX");
	c.archive = find_or_create(&c, "Archive");
	verify(&c);
	compare(&c);
	for (uint32_t i = 1; i <= c.n; i++)
		if (mine[i].state == LEDGER_SENT)
			deliver(&c, &i, 1);
	compare(&c);
	for (int i = 0; endless || i < OPERATIONS; i++) {
		work(&c);
		ms_arena_reset(c.arena);
	}
	/* Long enough for what is dead to be copied around, dropped, unlinked. */
	for (int i = 0; i < 5; i++)
		grow_older(&c, INT64_C(70000000));
	compare(&c);
	verify(&c);
	c.table->close(c.self, c.account);
	ms_mock_free(c.mock);
	ms_arena_free(c.arena);
	return 0;
}
