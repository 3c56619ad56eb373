/* SPDX-License-Identifier: ISC */
/* workload.c - see workload.h */
#include "workload.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MOST	(4 * WORKLOAD_N)
#define LONG	(100 * 1024)
#define OWN	(300 * 1024)	/* beyond a quarter of a segment */

struct ledger *
ledger_new(void)
{
	void *p = mmap(NULL, sizeof(struct ledger), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void
ledger_free(struct ledger *l)
{
	munmap(l, sizeof(*l));
}

void
workload_options(struct rig *r)
{
	rig_option(r, "segment-size", 1024 * 1024);
	rig_option(r, "survivors-after", 60 * 1000000);
}

/* ---- the script --------------------------------------------------------- */

static size_t
octets_of(int i)
{
	return i % 11 == 5 ? OWN : i % 3 == 0 ? LONG : 200;
}

/* The first ones all end, so that a segment with all its ids goes. */
#define FIRST_ONES 34

static bool
has_two_parts(int i)
{
	return i >= FIRST_ONES && i % 5 == 3;
}

static uint32_t
what_of(int i)
{
	static const uint32_t turn[] = { FINISH, DEFER, BOUNCE, FINISH, LEAVE,
		DEFER_AND_FINISH };

	if (i < FIRST_ONES && i % 6 != 2)
		return FINISH;
	return has_two_parts(i) ? FINISH_ONE : turn[i % 6];
}

static char *
make_body(const char *kind, int i, size_t octets)
{
	char *body = malloc(octets + 1);
	int n;

	memset(body, 'a' + i % 26, octets);
	body[octets] = '\0';
	n = snprintf(body, 64, "%s %d\n", kind, i);
	body[n] = (char)('a' + i % 26);
	return body;
}

static uint32_t
answer(ms_status st)
{
	return st == MS_OK ? ANSWERED : st == MS_CANCELLED ? UNKNOWN : REFUSED;
}

static void
put(struct rig *r, struct ledger_entry *e, int i)
{
	struct ms_part a = { .size = sizeof(a), .state = MS_QUEUE_WAITS,
		.expires_us = rig_now(r) + INT64_C(432000000000) };
	struct ms_part b = a;
	const struct ms_part *parts[] = { &a, &b };
	char *body = make_body("message", i, octets_of(i));
	struct ms_id id = { { 0 } };

	if (has_two_parts(i)) {
		a.number = 1;
		b.number = 2;
	}
	e->put = TRIED;
	e->put = answer(rig_put_parts(r, "record", ms_str_of(body, octets_of(i)),
	    parts, has_two_parts(i) ? 2 : 1, &id));
	e->id = id;
	free(body);
}

static ms_status
bounce(struct rig *r, struct ms_id failed, int i)
{
	struct ms_part zero = { .size = sizeof(zero) };
	struct ms_part first = { .size = sizeof(first), .state = MS_QUEUE_WAITS };
	const struct ms_part *done_parts[] = { &zero }, *put_parts[] = { &first };
	size_t octets = i % 4 == 0 ? LONG : 300;
	char *body = make_body("bounce", i, octets);
	struct ms_job_queue done = { .job = { .size = sizeof(done),
		.type = MS_JOB_QUEUE_DONE, .flags = MS_JOB_JOINED,
		.key = { (const char *)failed.octets, 16 } }, .message = failed,
		.parts = done_parts, .n_parts = 1 };
	struct ms_job_queue made = { .job = { .size = sizeof(made),
		.type = MS_JOB_QUEUE_PUT,
		.key = { (const char *)failed.octets, 16 } }, .record = MS_STR("b"),
		.body = rig_blob(r, ms_str_of(body, octets)), .parts = put_parts,
		.n_parts = 1 };
	struct ms_job *jobs[] = { &done.job, &made.job };
	ms_status st = rig_run(r, jobs, 2);

	rig_release(r, made.body);
	free(body);
	return st;
}

static void
act(struct rig *r, struct ledger_entry *e, int i)
{
	if (e->put != ANSWERED)
		return;
	e->what = what_of(i);
	e->next_us = rig_now(r) + INT64_C(86400000000);
	e->op = TRIED;
	switch (e->what) {
	case FINISH:
		e->op = answer(rig_done(r, e->id, 0));
		break;
	case FINISH_ONE:
		e->op = answer(rig_done(r, e->id, 1));
		break;
	case DEFER:
		e->op = answer(rig_set(r, e->id, 0, e->next_us, "slow.example"));
		break;
	case BOUNCE:
		e->op = answer(bounce(r, e->id, i));
		break;
	case DEFER_AND_FINISH:
		e->deferred = answer(rig_set(r, e->id, 0, e->next_us, "slow.example"));
		e->op = answer(rig_done(r, e->id, 0));
		break;
	default:
		e->op = ANSWERED;
		break;
	}
}

/* Events reach whoever forgets ids at once. */
static void
note_forgotten(struct rig *r, struct ledger *l)
{
	const char *at = rig_events(r);

	l->n_forgotten = 0;
	while ((at = strstr(at, "queue/forget ")) != NULL && l->n_forgotten < 64) {
		at += strlen("queue/forget ");
		l->forgotten[l->n_forgotten++] = strtoull(at, NULL, 16);
	}
}

void
workload_run(const char *folder, struct ledger *l)
{
	struct rig *r = rig_new(folder);
	struct ms_error err = { .size = sizeof(err) };

	workload_options(r);
	if (rig_try_start(r, &err) != MS_OK) {
		rig_free(r);
		return;
	}
	for (int i = 0; i < WORKLOAD_N + 3; i++) {
		if (i < WORKLOAD_N)
			put(r, &l->entries[i], i);
		if (i >= 3)
			act(r, &l->entries[i - 3], i - 3);
		if (i % 4 == 0)
			rig_flush(r);
		if (i % 20 == 19)
			for (int k = 0; k < 3; k++) {
				rig_advance(r, 70 * 1000000);
				rig_run_tasks(r);
			}
		note_forgotten(r, l);
	}
	rig_flush(r);
	note_forgotten(r, l);
	rig_free(r);
	l->ended = 1;
}

/* ---- the check ---------------------------------------------------------- */

static char wrong[512];

#define FAIL(...) (snprintf(wrong, sizeof(wrong), __VA_ARGS__), wrong)

struct seen {
	unsigned parts[3];	/* by number */
	unsigned bounces;
	struct ms_part part;	/* the last one */
};

static const char *
look_at(struct rig *r, const struct ms_part *p, struct seen *seen)
{
	const char *body = rig_body(r, p->message);
	char kind[16];
	size_t octets;
	char *expected;
	int i;

	if (body == NULL)
		return FAIL("a part is listed, but its message is done");
	if (sscanf(body, "%15s %d", kind, &i) != 2 || i < 0 || i >= WORKLOAD_N)
		return FAIL("a message that nobody sent: %.40s", body);
	octets = strcmp(kind, "bounce") == 0 ? (i % 4 == 0 ? LONG : 300) :
	    octets_of(i);
	expected = make_body(kind, i, octets);
	if (strlen(body) != octets || memcmp(body, expected, octets) != 0) {
		free(expected);
		return FAIL("%s %d is not what was sent", kind, i);
	}
	free(expected);
	if (strcmp(kind, "bounce") == 0) {
		seen[i].bounces++;
		return "";
	}
	if (p->number > 2)
		return FAIL("message %d has part %u", i, p->number);
	seen[i].parts[p->number]++;
	seen[i].part = *p;
	return "";
}

static const char *
check_one(const struct ledger_entry *e, const struct seen *s, int i)
{
	unsigned first = has_two_parts(i) ? 1 : 0;
	unsigned n = s->parts[first], second = s->parts[2];

	if (n > 1 || second > 1 || s->bounces > 1)
		return FAIL("message %d is there twice", i);
	if (e->put == NOT_TRIED || e->put == REFUSED)
		return n + second + s->bounces == 0 ? "" :
		    FAIL("message %d was %s, and is there", i,
		    e->put == REFUSED ? "refused" : "never sent");
	if (e->put != ANSWERED)
		return "";
	if (n + second > 0 && memcmp(&s->part.message, &e->id, 16) != 0)
		return FAIL("message %d has another id", i);
	if (has_two_parts(i) && second != 1)
		return FAIL("message %d lost its second part", i);
	if (e->op == NOT_TRIED || e->what == LEAVE)
		return n == 1 ? "" : FAIL("message %d is lost", i);
	switch (e->what) {
	case FINISH:
	case FINISH_ONE:
		return "";	/* may come back: its delivery id tells */
	case DEFER:
		if (n != 1)
			return FAIL("deferred message %d is lost", i);
		if (e->op == ANSWERED && s->part.next_us != e->next_us)
			return FAIL("message %d is due at the wrong time", i);
		return "";
	case DEFER_AND_FINISH:
		if (e->op == ANSWERED && e->deferred == ANSWERED && n != 0)
			return FAIL("message %d had a row, and is not done", i);
		return "";
	case BOUNCE:
		if (n + s->bounces != 1)
			return FAIL("message %d: %u of it, %u bounces", i, n, s->bounces);
		if (e->op == ANSWERED && s->bounces != 1)
			return FAIL("message %d lost its bounce", i);
		return "";
	default:
		return "";
	}
}

static size_t
n_own_files(const char *folder)
{
	char path[128];
	struct dirent *e;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/own", folder);
	dir = opendir(path);
	while ((e = readdir(dir)) != NULL)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static uint64_t
generation_of(const struct ms_id *id)
{
	uint64_t g = 0;

	for (int i = 0; i < 8; i++)
		g = g << 8 | id->octets[i];
	return g;
}

static const char *
compare(struct rig *r, const char *folder, struct ledger *l)
{
	static struct ms_part parts[MOST];
	static struct seen seen[WORKLOAD_N];
	size_t own = 0, n = rig_list(r, MS_QUEUE_BY_MESSAGE, 0, 50, parts, MOST);
	const char *text = "";

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < n && *text == '\0'; i++) {
		text = look_at(r, &parts[i], seen);
		for (uint32_t k = 0; k < l->n_forgotten; k++)
			if (l->forgotten[k] == generation_of(&parts[i].message))
				text = FAIL("ids were forgotten, and a message of theirs is there");
	}
	for (int i = 0; i < WORKLOAD_N && *text == '\0'; i++) {
		text = check_one(&l->entries[i], &seen[i], i);
		if (octets_of(i) == OWN && seen[i].parts[0] + seen[i].parts[1] +
		    seen[i].parts[2] > 0)
			own++;
		if (seen[i].bounces > 0 && i % 4 == 0)
			own++;
	}
	if (*text == '\0' && n_own_files(folder) != own)
		text = FAIL("%zu body files for %zu bodies", n_own_files(folder), own);
	if (*text == '\0' && rig_verify(r) != 0)
		text = FAIL("verify finds damage");
	/* And it goes on: everything is delivered. */
	for (size_t i = 0; i < n && *text == '\0'; i++)
		if (rig_done(r, parts[i].message, parts[i].number) != MS_OK)
			text = FAIL("DONE is refused");
	return text;
}

const char *
workload_check(const char *folder, struct ledger *l)
{
	static struct ms_part parts[MOST];
	struct ms_error err = { .size = sizeof(err) };
	struct rig *r = rig_new(folder);
	const char *text;

	workload_options(r);
	if (rig_try_start(r, &err) != MS_OK)
		return FAIL("it does not start: %s", err.text);
	text = compare(r, folder, l);
	rig_free(r);
	if (*text != '\0')
		return text;
	r = rig_new(folder);
	workload_options(r);
	if (rig_try_start(r, &err) != MS_OK)
		return FAIL("it does not start again: %s", err.text);
	if (rig_list(r, MS_QUEUE_BY_MESSAGE, 0, 50, parts, MOST) != 0)
		text = FAIL("what was delivered came back after an orderly stop");
	rig_free(r);
	return text;
}
