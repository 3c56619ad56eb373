/* SPDX-License-Identifier: ISC */
/* link.c - see link.h: the running half's side */
#include "link.h"

#include <stdio.h>

#include <mansio/crash.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "change.h"
#include "heal.h"
#include "segments.h"

ms_status
link_open_segment(struct run *run, struct link_segment *out,
    struct ms_error *err)
{
	struct segment *seg;
	ms_status st;

	if (io_is_full(run->folders.accept, run->limits->reserve))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.1",
		    "the spool's file system is full");
	st = segments_make(run, SEGMENT_ACCEPT, &seg, err);
	if (st != MS_OK)
		return st;
	*out = (struct link_segment){ .fd = seg->fd,
		.generation = seg->generation, .octets = run->limits->segment };
	memcpy(out->key, seg->key, sizeof(out->key));
	run_arm_flush(run);	/* its row; the folder tells of it till then */
	return MS_OK;
}

void
link_published(struct run *run, uint64_t generation, uint64_t mark,
    const struct note *notes, size_t n)
{
	struct segment *seg;
	bool spare = false;

	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, generation);
	for (size_t i = 0; i < n && seg != NULL; i++) {
		struct ms_id id = id_of(generation, notes[i].offset);

		tail_push(&seg->tail, &notes[i], ENTRY_LIVE);
		if (notes[i].flags & NOTE_LATER)
			run_want_rows(run, &id);
	}
	if (seg != NULL) {
		seg->mark = mark;
		spare = mark > seg->row.octets / 4;
	}
	pthread_mutex_unlock(&run->lock);
	if (spare)
		segments_arm_spare(run);
	run->sv->bus->publish(run->sv->host,
	    (struct ms_str)MS_STR("queue/new"), ms_str_of("", 0));
}

void
link_close_segment(struct run *run, uint64_t generation, uint64_t end)
{
	struct segment *seg;

	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, generation);
	if (seg != NULL && seg->state == SEGMENT_OPEN) {
		seg->state = SEGMENT_ENDED;
		seg->end = end;
		seg->ended_us = run->sv->clock->now_us(run->sv->host);
	}
	pthread_mutex_unlock(&run->lock);
	run_arm_flush(run);
}

ms_status
link_cut_segment(struct run *run, uint64_t generation, uint64_t end,
    struct ms_error *err)
{
	struct segment *seg;
	struct change c;
	ms_status st;

	pthread_mutex_lock(&run->writer);
	link_close_segment(run, generation, end);
	pthread_mutex_lock(&run->lock);
	seg = segments_find(run, generation);
	if (seg != NULL)
		seg->no_reuse = true;	/* its disk has failed us */
	pthread_mutex_unlock(&run->lock);
	st = change_begin(&c, run, err);
	if (st == MS_OK)
		st = change_commit(&c, err);
	MS_CRASH("spool.cut");
	if (st != MS_OK)
		(void)heal(run);
	pthread_mutex_unlock(&run->writer);
	return st;
}

struct link_backlog
link_backlog(struct run *run)
{
	struct link_backlog b = { .is_full = io_is_full(run->folders.accept,
	    run->limits->reserve) };

	pthread_mutex_lock(&run->lock);
	for (size_t i = 0; i < run->n; i++) {
		const struct tail *t = &run->segments[i]->tail;
		const struct entry *oldest = t->live > 0 ? tail_oldest(t) : NULL;

		b.octets += t->live_octets;
		b.messages += t->live;
		if (oldest != NULL && (b.oldest_us == 0 ||
		    oldest->note.next_us < b.oldest_us))
			b.oldest_us = oldest->note.next_us;
	}
	pthread_mutex_unlock(&run->lock);
	return b;
}

int
link_own_folder(struct run *run)
{
	return run->folders.own;
}

void
link_own_name(struct run *run, char name_out[LINK_OWN_NAME])
{
	char generation[IO_NAME_OCTETS];
	uint32_t next;

	pthread_mutex_lock(&run->lock);
	if (run->own_generation == 0 || run->own_next == UINT32_MAX) {
		run->own_generation = segments_new_generation(run);
		run->own_next = 0;
	}
	io_name(run->own_generation, generation);
	next = run->own_next++;
	pthread_mutex_unlock(&run->lock);
	(void)snprintf(name_out, LINK_OWN_NAME, "%s-%08x", generation,
	    (unsigned)next);
}
