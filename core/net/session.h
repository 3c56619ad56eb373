/* SPDX-License-Identifier: ISC */
/*
 * session.h - one connection, as the files of this room see it
 *
 * A session belongs to the worker that runs it, or to nobody while it is
 * parked (slot.h); so nothing in it is locked, but for what says so.  What it
 * costs while parked is this struct, its facts, the head of its arena and
 * what of its input and output is not done; buffers are the worker's.
 */
#ifndef CORE_NET_SESSION_H
#define CORE_NET_SESSION_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/scope.h"
#include "net/body.h"
#include "net/line.h"
#include "net/net.h"
#include "net/output.h"

struct door;			/* listener.h */
struct client;			/* limits.h */
struct tls;			/* tls_session.h */
struct watches;			/* watch.h */
struct worker;			/* worker.h */

#define NET_OUTPUT_MARK		(64 * 1024)
#define NET_LOW_MARK		(NET_OUTPUT_MARK / 4)
#define NET_BYTES_MAX		(64 * 1024)	/* of MS_WAIT_BYTES */
#define NET_LINE_DEFAULT	1000		/* for line_max 0 */
#define NET_MAX_OPS		1000		/* in one wait */
#define NET_MAX_CARRY		4096

/* A second life's memory is that of a mailbox session; before the login a
   stranger gets little. */
#define NET_ARENA_STRANGER	(256 * 1024)
#define NET_ARENA_KNOWN		(16 * 1024 * 1024)

#define NET_DEFAULT_TIMEOUT_US	(5 * MINUTE_US)	/* RFC 5321 4.5.3.2.7 */
#define NET_STEP_DEADLINE_US	(60 * SECOND_US)
#define NET_HANDSHAKE_US	(30 * SECOND_US)
#define NET_PROXY_US		(10 * SECOND_US)
/* A peer takes some output within this time, or it is gone. */
#define NET_OUTPUT_US		(2 * MINUTE_US)
#define NET_LINGER_US		(2 * SECOND_US)

enum phase {
	PHASE_START,		/* accepted */
	PHASE_PROXY,		/* waits for the PROXY header */
	PHASE_HANDSHAKE,	/* of implicit TLS */
	PHASE_OPEN,		/* to be greeted */
	PHASE_LIVE,
	PHASE_STARTTLS,		/* the handshake in the middle */
	PHASE_DRAIN,		/* sends what is left */
	PHASE_LINGER		/* all is sent; reads away what the peer still says */
};

/* What hand_over() asked for. */
struct hand_over {
	char  *account;		/* NUL at the end; NULL: back to the first life */
	size_t carry_octets;
	char   carry[];
};

/* A place in the parker's heap (parker.h). */
struct alarm {
	_Atomic int64_t due_us;		/* when it is to be woken; the owner's */
	_Atomic int64_t armed_us;	/* under what time it stands in the heap */
	uint32_t        place;		/* there; 0: not in it.  The parker's lock */
	uint32_t        parker;
};

struct ms_session {
	struct scope  scope;
	struct owner  owner;
	char          id[16];
	uint64_t      handle;
	struct ms_session *next;	/* in the queue of what is ready */
	int64_t       queued_us;

	struct door   *door;
	struct client *client;		/* counted there; NULL: not */
	struct worker *worker;		/* that runs it now */
	int            fd;
	uint8_t        phase;
	bool in_epoll;
	bool alive;			/* open() was called, close() not */
	bool known;			/* in its second life */
	bool over;			/* past a limit: told so and ended */
	bool counted_over;		/* limits.h counts it as such */
	bool came_closed;		/* input has ended */
	bool broken;			/* nothing can be sent any more */
	bool told_closed;
	bool ending;			/* ends after this step */
	bool retire;			/* to be told; waits for a quiet moment */
	bool lingers;			/* the peer spoke on after our end */
	bool ops_watched;
	bool tls_starting;		/* start_tls() was called in this step */
	bool tls_failed;
	bool socket_dry;		/* the last read got all there was */
	bool pipelined;			/* nothing was read since the last step */
	uint8_t  io_wants;		/* TLS: what the handshake waits for */
	uint8_t  peer[16];		/* address, IPv4 mapped; counted by it */
	uint16_t peer_port;
	uint16_t peer_family;

	struct ms_facts *facts;
	void          *state;		/* the plugin's */
	char          *account;		/* NULL: nobody is logged in */
	struct ms_wait wait;
	int64_t        wait_until_us;	/* its deadline */
	int64_t        output_until_us;	/* 0: no output waits */
	int64_t        end_at_us;	/* 0, or ended then whatever happens */
	struct alarm   alarm;

	struct output  out;
	char          *in;		/* unread input while parked, or NULL */
	uint32_t       in_octets, in_cap;
	uint32_t       eaten;		/* of a line that is too long */
	struct body   *body;		/* NULL: none under way */
	struct tls    *tls;
	struct tls    *tls_next;	/* start_tls(): once output is sent */
	struct ms_op  *tls_op;
	struct watches *watches;
	struct hand_over *hand_over;
	void          *extra;
	void         (*free_extra)(void *);
};

/* A socket that came in by that door; the session takes it over.  NULL: no
   place for it. */
struct ms_session *session_new(struct door *door, int fd);
/* Closes and frees; the owner's last call. */
void session_free(struct ms_session *s);

/* Protocol calls (life.c).  Each runs one step and takes over what it waits
   for next. */
void life_open(struct ms_session *s);
void life_step(struct ms_session *s, struct ms_came *came);
void life_retire(struct ms_session *s);
/* Once hand_over() was called and the step has returned. */
void life_change(struct ms_session *s);
void life_close(struct ms_session *s);
/* Ends it when the output is sent; at once. */
void session_end(struct ms_session *s);
void session_cut(struct ms_session *s);

/* What a worker does next with a session it ran (turn.c). */
enum turn { TURN_ON, TURN_PARK, TURN_YIELD, TURN_END };
enum turn session_turn(struct ms_session *s);
/* The nearest time at which it has to do something by itself. */
int64_t session_deadline(const struct ms_session *s);
/* Owner only, after TURN_PARK: false, something came meanwhile. */
/* Keeps what the worker holds for it, for another worker. */
void session_set_aside(struct ms_session *s);
bool session_park(struct ms_session *s);
void session_unpark(struct ms_session *s);

#endif
