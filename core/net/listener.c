/* SPDX-License-Identifier: ISC */
/* listener.c - see listener.h */
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/facts.h"
#include "base/metrics.h"
#include "net/endpoint.h"

#define BACKLOG 4096

static ms_status
bind_inet(struct door *d, const struct endpoint *e, struct ms_error *err)
{
	struct sockaddr_storage at = e->address;
	socklen_t len = sizeof(at);
	int one = 1, zero = 0;

	d->fd = socket(at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (d->fd < 0 && errno == EAFNOSUPPORT && e->any) {
		/* "*" on a machine without IPv6. */
		endpoint_any_ipv4(&at, e->port);
		d->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC |
		    SOCK_NONBLOCK, 0);
	}
	if (d->fd < 0)
		return ms_error_errno(err, "%s: socket", d->address);
	/* Sockets that are accepted inherit the last two. */
	(void)setsockopt(d->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void)setsockopt(d->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (at.ss_family == AF_INET6)
		(void)setsockopt(d->fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    e->any ? &zero : &one, sizeof(one));
	len = at.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
	    sizeof(struct sockaddr_in);
	if (bind(d->fd, (struct sockaddr *)&at, len) != 0)
		return ms_error_errno(err, "%s: bind", d->address);
	if (listen(d->fd, BACKLOG) != 0)
		return ms_error_errno(err, "%s: listen", d->address);
	len = sizeof(at);
	if (getsockname(d->fd, (struct sockaddr *)&at, &len) == 0)
		d->port = endpoint_port(&at);
	return MS_OK;
}

/* A socket that nobody listens on is left over from a crash. */
static bool
is_stale(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;
	bool stale;

	if (fd < 0)
		return false;
	stale = stat(at->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)at, sizeof(*at)) != 0 &&
	    errno == ECONNREFUSED;
	close(fd);
	return stale;
}

static ms_status
bind_local(struct door *d, const struct endpoint *e, struct ms_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(e->path) >= sizeof(at.sun_path))
		return ms_error_set(err, MS_INVALID, "",
		    "%s: the path is longer than %zu octets", d->address,
		    sizeof(at.sun_path) - 1);
	memcpy(at.sun_path, e->path, strlen(e->path));
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0)
		return ms_error_errno(err, "%s: socket", d->address);
	if (is_stale(&at))
		(void)unlink(at.sun_path);
	/* The mode of the descriptor becomes that of the name. */
	(void)fchmod(d->fd, 0660);
	if (bind(d->fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		return ms_error_errno(err, "%s: bind", d->address);
	d->path = strdup(e->path);
	if (chmod(e->path, 0660) != 0)
		return ms_error_errno(err, "%s: chmod", d->address);
	if (listen(d->fd, BACKLOG) != 0)
		return ms_error_errno(err, "%s: listen", d->address);
	return MS_OK;
}

static ms_status
door_open(struct section *section, const char *address, struct ms_error *err)
{
	struct door *d = calloc(1, sizeof(*d));
	struct endpoint e;
	ms_status st;

	if (d == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	d->fd = -1;
	d->section = section;
	d->next = section->doors;
	section->doors = d;
	snprintf(d->address, sizeof(d->address), "%s", address);
	st = endpoint_parse(ms_str_c(address), &e, err);
	if (st != MS_OK)
		return st;
	d->tls = e.tls;
	d->local = e.path[0] != '\0';
	if (d->tls && section->pub.tls == NULL)
		return ms_error_set(err, MS_INVALID, "",
		    "%s: TLS without a certificate", address);
	return d->local ? bind_local(d, &e, err) : bind_inet(d, &e, err);
}

static void
set_facts(struct section *s)
{
	s->facts = facts_new(NULL);
	facts_set_c(s->facts, "listener", s->pub.title);
	facts_set_c(s->facts, "tls.offered",
	    s->pub.tls != NULL && s->pub.tls_mode != NET_TLS_NONE ? "yes" : "no");
	if (s->pub.tls_mode == NET_TLS_REQUIRED)
		facts_set_c(s->facts, "tls.required", "yes");
	for (size_t i = 0; i < s->pub.n_facts; i++)
		facts_set(s->facts, s->pub.facts[i].name, s->pub.facts[i].value);
}

static void
find_series(struct section *s)
{
	char labels[160];

	snprintf(labels, sizeof(labels), "listener=%s", s->pub.title);
	s->opened_total = metrics_series(MS_METRIC_COUNTER,
	    "mansio_connections_total", labels, "Connections accepted.");
	s->now_open = metrics_series(MS_METRIC_GAUGE,
	    "mansio_connections_open", labels, "Connections open now.");
}

ms_status
section_open(const struct net_listener *listener, struct section **section_out,
    struct ms_error *err)
{
	struct section *s = calloc(1, sizeof(*s));
	const struct ms_protocol_plan *plan = NULL;
	ms_status st = MS_OK;

	if (s == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	s->pub = *listener;
	s->given = listener;
	set_facts(s);
	find_series(s);
	if (MS_HAS(listener->protocol, plan))
		plan = listener->protocol->plan(listener->self);
	if (plan != NULL && MS_REACHES(plan, alpn))
		s->alpn = plan->alpn;
	for (size_t i = 0; listener->addresses[i] != NULL && st == MS_OK; i++)
		st = door_open(s, listener->addresses[i], err);
	if (st != MS_OK) {
		section_shut(s);
		section_free(s);
		return st;
	}
	*section_out = s;
	return MS_OK;
}

void
section_shut(struct section *section)
{
	for (struct door *d = section->doors; d != NULL; d = d->next) {
		if (d->fd >= 0)
			close(d->fd);
		d->fd = -1;
		if (d->path != NULL)
			(void)unlink(d->path);
	}
}

void
section_free(struct section *section)
{
	struct door *d;

	while ((d = section->doors) != NULL) {
		section->doors = d->next;
		free(d->path);
		free(d);
	}
	facts_free(section->facts);
	free(section);
}
