/* SPDX-License-Identifier: ISC */
/*
 * accept.c - taking connections in (see listener.h)
 *
 * Without descriptors accept() fails and the socket stays readable: a loop
 * that does not end.  One descriptor is kept back; it is given up to accept
 * the connection and close it, and then nothing is accepted for a moment.
 */
#include "net/listener.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/endpoint.h"
#include "net/limits.h"
#include "net/net_internal.h"
#include "net/parker.h"
#include "net/session.h"
#include "net/slot.h"
#include "net/worker.h"

#define ACCEPT_AT_ONCE	64
#define PAUSE_US	(SECOND_US / 4)
#define TELL_EVERY_US	MINUTE_US

static _Atomic int spare = -1;
static _Atomic int64_t paused_until;	/* 0: not paused */
static _Atomic int64_t told_at;

/* Any descriptor will do, and this one needs no path. */
static int
spare_open(void)
{
	return eventfd(0, EFD_CLOEXEC);
}

void
listeners_start(void)
{
	atomic_store(&spare, spare_open());
	atomic_store(&paused_until, 0);
	atomic_store(&told_at, 0);
}

void
listeners_stop(void)
{
	int fd = atomic_exchange(&spare, -1);

	if (fd >= 0)
		close(fd);
}

static void
each_door(void (*each)(struct door *))
{
	for (struct section *s = net_sections(); s != NULL; s = s->next)
		for (struct door *d = s->doors; d != NULL; d = d->next)
			if (d->fd >= 0)
				each(d);
}

static void
resume(struct door *d)
{
	(void)parkers_add(d, NULL);
}

int64_t
doors_resume(int64_t now_us)
{
	int64_t until = atomic_load(&paused_until);

	if (until == 0 || net_is_stopping())
		return INT64_MAX;
	if (now_us < until)
		return until;
	if (atomic_compare_exchange_strong(&paused_until, &until, 0))
		each_door(resume);
	return INT64_MAX;
}

/* No descriptor, no memory for one. */
static void
refuse_one(struct door *d, int why)
{
	int64_t now = clock_steady_us(), told = atomic_load(&told_at);
	int fd = atomic_exchange(&spare, -1);

	if (fd >= 0) {
		int refused;

		close(fd);
		refused = accept4(d->fd, NULL, NULL, SOCK_CLOEXEC);
		if (refused >= 0)
			close(refused);
		atomic_store(&spare, spare_open());
	}
	atomic_store(&paused_until, now + PAUSE_US);
	each_door(parkers_remove);
	if ((told == 0 || now - told > TELL_EVERY_US) &&
	    atomic_compare_exchange_strong(&told_at, &told, now))
		log_printf(NULL, MS_LOG_ERROR, "%s: connections are refused: %s",
		    d->address, strerror(why));
}

static void
take_in(struct door *d, int fd, const struct sockaddr_storage *peer)
{
	bool over;
	struct ms_session *s;

	if (!limits_enter(d->section, &over)) {
		close(fd);
		return;
	}
	s = session_new(d, fd);
	if (s == NULL) {
		limits_leave(d->section, over);
		close(fd);
		return;
	}
	s->over = s->counted_over = over;
	s->peer_family = peer->ss_family;
	if (endpoint_octets(peer, s->peer))
		s->peer_port = endpoint_port(peer);
	workers_push(s);
}

void
door_accept(struct door *d)
{
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(peer);
		int fd = accept4(d->fd, (struct sockaddr *)&peer, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			take_in(d, fd, &peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM)
			refuse_one(d, errno);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}
