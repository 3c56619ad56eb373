/* SPDX-License-Identifier: ISC */
/*
 * bus.h - events by topic: the core's side of ms.bus/1
 *
 * Subscribers are found by hashing the topic and each prefix of it that ends
 * in "/".  heard() runs on the publisher's thread, with the bus's read lock
 * held: it only notes the event and wakes somebody.  It neither subscribes nor
 * unsubscribes.
 */
#ifndef CORE_BASE_BUS_H
#define CORE_BASE_BUS_H

#include <mansio/bus.h>

struct subscriber {
	struct subscriber *next;	/* of the topic */
	void             (*heard)(struct subscriber *, struct ms_str topic,
	    struct ms_str data);
	struct bus_topic  *topic;	/* NULL: not subscribed */
};

/* topic is copied, once for all its subscribers. */
void bus_subscribe(struct subscriber *s, struct ms_str topic);
/* After it returns heard() does not run any more.  Not subscribed: nothing. */
void bus_unsubscribe(struct subscriber *s);
struct ms_str bus_topic_of(const struct subscriber *s);
void bus_publish(struct ms_str topic, struct ms_str data);

#endif
