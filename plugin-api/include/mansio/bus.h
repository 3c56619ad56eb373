/* SPDX-License-Identifier: ISC */
/*
 * bus.h - telling other instances and processes that something changed
 *
 * Reaches all processes of this host (a backend may carry it further).  An
 * event is a hint: it can be merged with its like or lost in a crash, so who
 * gets one looks at the source (changes of a mailbox, what is due in the
 * queue) and looks there now and then without one.  Topics are paths:
 *	mailbox/ACCOUNT/MAILBOX-ID   data: new HIGHESTMODSEQ, decimal
 *	queue/DESTINATION            data: ""
 *	directory/KIND/KEY           something changed: drop what you cached
 *	PLUGIN/...                   the plugin's own
 */
#ifndef MANSIO_BUS_H
#define MANSIO_BUS_H

#include <mansio/task.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MS_BUS_ID "ms.bus/1"
struct ms_bus {
	uint32_t size;
	/* [any] Copies; data at most 4 KiB. */
	void (*publish)(const struct ms_host *, struct ms_str topic,
	    struct ms_str data);
	/* [main] To come as MS_TASK_EVENT with that number.  A prefix ends
	   with "/".  (A session subscribes by session.h.) */
	void (*subscribe)(const struct ms_host *, struct ms_str topic,
	    uint64_t number);
};

#ifdef __cplusplus
}
#endif
#endif
