/* SPDX-License-Identifier: ISC */
/*
 * watch.h - the topics that a session watches
 */
#ifndef CORE_NET_WATCH_H
#define CORE_NET_WATCH_H

#include <stdbool.h>

#include <mansio/base.h>

#define WATCH_MAX_TOPICS 1000

struct ms_arena;

ms_status watch_topic(struct ms_session *s, struct ms_str topic, bool on,
    struct ms_error *err);
/* Takes the next event that was heard: its topic, copied into the arena.  Of
   several under one prefix there is one event, with the prefix as its
   topic.  False: none. */
bool watch_next(struct ms_session *s, struct ms_arena *arena,
    struct ms_str *topic_out);
void watches_free(struct ms_session *s);

#endif
