/* SPDX-License-Identifier: ISC */
/* net.c - starting and stopping the room (see net.h) */
#include "net/net.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <mansio/error.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/limits.h"
#include "net/listener.h"
#include "net/net_internal.h"
#include "net/parker.h"
#include "net/session.h"
#include "net/slot.h"
#include "net/worker.h"

#define WORKERS_A_CORE	4
#define LOOK_EVERY_US	(20 * 1000)
#define TELL_EVERY_US	(30 * SECOND_US)

static struct net_options options;
static struct section *sections;
static atomic_bool stopping;

struct section *
net_sections(void)
{
	return sections;
}

bool
net_is_stopping(void)
{
	return atomic_load(&stopping);
}

struct tls_store *
net_session_store(const struct ms_session *s)
{
	const struct net_listener *l = &s->door->section->pub;

	return l->tls_mode == NET_TLS_NONE && !s->door->tls ? NULL : l->tls;
}

struct ms_str
net_account_of(struct ms_exchange *exchange)
{
	if (options.account_of == NULL)
		return ms_str_of(NULL, 0);
	return options.account_of(exchange);
}

static unsigned
processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

ms_status
net_start(const struct net_options *given, struct ms_error *err)
{
	ms_status st;

	options = *given;
	sections = NULL;
	atomic_store(&stopping, false);
	/* sendfile() has no flag against it. */
	(void)signal(SIGPIPE, SIG_IGN);
	limits_start(&options);
	listeners_start();
	st = slots_start(options.max_connections + LIMITS_MAX_OVER, err);
	if (st == MS_OK)
		st = workers_start(options.workers > 0 ? options.workers :
		    WORKERS_A_CORE * processors(),
		    options.at_work > 0 ? options.at_work :
		    processors() > 1 ? processors() : 2, err);
	if (st == MS_OK)
		st = parkers_start(options.parkers > 0 ? options.parkers : 1,
		    err);
	return st;
}

ms_status
net_add_listener(const struct net_listener *listener, struct ms_error *err)
{
	struct section *s, **at = &sections;
	ms_status st = section_open(listener, &s, err);

	if (st != MS_OK)
		return st;
	while (*at != NULL)
		at = &(*at)->next;
	*at = s;
	return MS_OK;
}

static void
tell_listening(const struct door *d)
{
	if (d->local)
		log_printf(NULL, MS_LOG_INFO, "%s listens on %s",
		    d->section->pub.title, d->address);
	else
		log_printf(NULL, MS_LOG_INFO, "%s listens on %s, port %u",
		    d->section->pub.title, d->address, d->port);
}

void
net_accept(void)
{
	for (struct section *s = sections; s != NULL; s = s->next)
		for (struct door *d = s->doors; d != NULL; d = d->next) {
			struct ms_error err = MS_ERROR_INIT;

			tell_listening(d);
			if (parkers_add(d, &err) != MS_OK)
				log_printf(NULL, MS_LOG_ERROR, "%s", err.text);
		}
}

uint16_t
net_port_of(const struct net_listener *listener, size_t n)
{
	for (struct section *s = sections; s != NULL; s = s->next) {
		size_t doors = 0;

		if (s->given != listener)
			continue;
		/* The list has the last address first. */
		for (struct door *d = s->doors; d != NULL; d = d->next)
			doors++;
		for (struct door *d = s->doors; d != NULL; d = d->next)
			if (--doors == n)
				return d->port;
	}
	return 0;
}

uint32_t
net_connections(void)
{
	return limits_now();
}

static void
retire(uint64_t handle)
{
	workers_wake(handle, WAKE_RETIRE);
}

static void
cut(uint64_t handle)
{
	workers_wake(handle, WAKE_KILL);
}

static void
pause_a_little(void)
{
	struct timespec t = { .tv_nsec = LOOK_EVERY_US * 1000 };

	(void)nanosleep(&t, NULL);
}

/* Sessions that are in a step now notice at its end; who blocks long is told
   about. */
static void
end_sessions(void)
{
	int64_t until = clock_steady_us() + options.grace_us;
	int64_t tell = until + TELL_EVERY_US;

	slots_each(retire);
	while (limits_now() > 0 && clock_steady_us() < until)
		pause_a_little();
	slots_each(cut);
	while (limits_now() > 0) {
		pause_a_little();
		if (clock_steady_us() < tell)
			continue;
		log_printf(NULL, MS_LOG_WARNING,
		    "%u connections are still in a step", limits_now());
		tell += TELL_EVERY_US;
		slots_each(cut);
	}
}

void
net_stop(void)
{
	struct section *s;

	atomic_store(&stopping, true);
	for (s = sections; s != NULL; s = s->next) {
		for (struct door *d = s->doors; d != NULL; d = d->next)
			if (d->fd >= 0)
				parkers_remove(d);
	}
	end_sessions();
	parkers_stop();
	workers_stop();
	for (s = sections; s != NULL; s = s->next)
		section_shut(s);
	while ((s = sections) != NULL) {
		sections = s->next;
		section_free(s);
	}
	listeners_stop();
	limits_stop();
	slots_stop();
}
