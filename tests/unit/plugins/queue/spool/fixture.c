/* SPDX-License-Identifier: ISC */
/* fixture.c - see fixture.h */
#include "fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

char folder[64];
struct rig *rig;

void
setup(void)
{
	rig_make_folder(folder);
	rig = rig_new(folder);
}

void
teardown(void)
{
	if (rig != NULL)
		rig_free(rig);
	rig_remove_folder(folder);
}

void
small_segments(struct rig *r)
{
	rig_option(r, "segment-size", 1024 * 1024);
	rig_option(r, "survivors-after", 60 * 1000000);
}

void
restart(void (*options)(struct rig *))
{
	int64_t now = rig_now(rig);

	rig_free(rig);
	rig = rig_new(folder);
	rig_set_time(rig, now);
	if (options != NULL)
		options(rig);
	rig_start(rig);
}

struct ms_id
put(const char *text)
{
	struct ms_id id;

	cr_assert_eq(rig_put(rig, text, ms_str_c(text), &id), MS_OK);
	return id;
}

struct ms_id
put_long(char c, size_t octets)
{
	char *body = malloc(octets);
	struct ms_id id;

	memset(body, c, octets);
	cr_assert_eq(rig_put(rig, "long", ms_str_of(body, octets), &id), MS_OK);
	free(body);
	return id;
}

bool
same(struct ms_id a, struct ms_id b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

size_t
n_files(const char *in)
{
	char path[128];
	struct dirent *e;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", folder, in);
	dir = opendir(path);
	cr_assert_not_null(dir);
	while ((e = readdir(dir)) != NULL)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

size_t
n_events(const char *topic)
{
	const char *at = rig_events(rig);
	size_t n = 0;

	while ((at = strstr(at, topic)) != NULL) {
		at += strlen(topic);
		n++;
	}
	return n;
}

size_t
n_due(void)
{
	static struct ms_part parts[MOST];

	return rig_list(rig, MS_QUEUE_BY_TIME, rig_now(rig), 100, parts, MOST);
}

size_t
n_all(void)
{
	static struct ms_part parts[MOST];

	return rig_list(rig, MS_QUEUE_BY_MESSAGE, 0, 100, parts, MOST);
}

void
fill_job(struct ms_job_queue *job, uint32_t type, const struct ms_id *key,
    const struct ms_part *const *parts, size_t n)
{
	*job = (struct ms_job_queue){ .job = { .size = sizeof(*job), .type = type,
		.key = ms_str_of((const char *)key->octets, 16) }, .message = *key,
		.parts = parts, .n_parts = n };
}
