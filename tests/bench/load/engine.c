/* SPDX-License-Identifier: ISC */
/* engine.c - see load.h */
#include "load.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE	(512 * 1024)

static int epoll_fd = -1;
static char *read_buf;
static gnutls_certificate_credentials_t credentials;
static double deadline;

double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void
engine_start(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	read_buf = malloc(READ_SIZE);
	if (epoll_fd < 0 || read_buf == NULL)
		fail("cannot make an epoll set");
	gnutls_certificate_allocate_credentials(&credentials);
	deadline = now() + options.limit;
}

static void
watch(struct link *l, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = l };

	if (events == l->events)
		return;
	if (epoll_ctl(epoll_fd, l->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
	    l->fd, &e) != 0)
		fail("epoll: %s", strerror(errno));
	l->events = events;
}

void
link_close(struct link *l)
{
	if (l->state == LINK_CLOSED)
		return;
	if (l->tls != NULL)
		gnutls_deinit(l->tls);
	close(l->fd);
	free(l->in);
	free(l->out);
	l->tls = NULL;
	l->in = l->out = NULL;
	l->in_len = l->out_len = l->out_sent = l->skip = 0;
	l->fd = -1;
	l->events = 0;
	l->state = LINK_CLOSED;
}

static void
lost(struct link *l)
{
	link_close(l);
	if (l->ended != NULL)
		l->ended(l);
	else
		fail("connection %ld was closed by the server", l->number);
}

static void
shake(struct link *l)
{
	int r = gnutls_handshake(l->tls);

	if (r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED) {
		watch(l, gnutls_record_get_direction(l->tls) == 1 ?
		    EPOLLOUT : EPOLLIN);
		return;
	}
	if (r != 0)
		fail("handshake: %s", gnutls_strerror(r));
	l->state = LINK_OPEN;
	watch(l, EPOLLIN);
	if (l->opened != NULL)
		l->opened(l);
}

static void
connected(struct link *l)
{
	int err = 0;
	socklen_t len = sizeof(err);

	getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err != 0)
		fail("connect: %s", strerror(err));
	if (l->tls != NULL) {
		l->state = LINK_SHAKING;
		shake(l);
		return;
	}
	l->state = LINK_OPEN;
	watch(l, EPOLLIN);
	if (l->opened != NULL)
		l->opened(l);
}

void
link_connect(struct link *l, int port, bool tls)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		fail("socket: %s", strerror(errno));
	setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	l->events = 0;
	l->state = LINK_CONNECTING;
	if (tls) {
		gnutls_init(&l->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK |
		    GNUTLS_NO_TICKETS);
		gnutls_set_default_priority(l->tls);
		gnutls_credentials_set(l->tls, GNUTLS_CRD_CERTIFICATE, credentials);
		gnutls_transport_set_int(l->tls, l->fd);
	}
	if (connect(l->fd, (struct sockaddr *)&to, sizeof(to)) == 0) {
		connected(l);
		return;
	}
	if (errno != EINPROGRESS)
		fail("connect: %s", strerror(errno));
	watch(l, EPOLLOUT);
}

static ssize_t
put(struct link *l, const char *data, size_t len)
{
	ssize_t n;

	if (l->tls == NULL) {
		n = send(l->fd, data, len, MSG_NOSIGNAL);
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
	}
	n = gnutls_record_send(l->tls, data, len);
	return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED ? 0 : n;
}

static void
flush(struct link *l)
{
	while (l->out_sent < l->out_len) {
		ssize_t n = put(l, l->out + l->out_sent, l->out_len - l->out_sent);

		if (n < 0) {	/* the end is noticed by reading */
			l->out_sent = l->out_len;
			break;
		}
		if (n == 0) {
			watch(l, EPOLLIN | EPOLLOUT);
			return;
		}
		l->out_sent += (size_t)n;
	}
	free(l->out);
	l->out = NULL;
	l->out_len = l->out_sent = 0;
	watch(l, EPOLLIN);
}

void
link_send(struct link *l, const char *data, size_t len)
{
	if (l->out == NULL) {
		ssize_t n = put(l, data, len);

		if (n < 0)
			return;
		data += n;
		len -= (size_t)n;
		if (len == 0)
			return;
	}
	l->out = realloc(l->out, l->out_len + len);
	if (l->out == NULL)
		fail("no memory");
	memcpy(l->out + l->out_len, data, len);
	l->out_len += len;
	watch(l, EPOLLIN | EPOLLOUT);
}

void
link_printf(struct link *l, const char *format, ...)
{
	char text[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		fail("a command is too long");
	link_send(l, text, (size_t)n);
}

static void
keep(struct link *l, const char *data, size_t len)
{
	l->in = realloc(l->in, l->in_len + len + 1);
	if (l->in == NULL)
		fail("no memory");
	memcpy(l->in + l->in_len, data, len);
	l->in_len += len;
}

static void
hand_line(struct link *l, char *line, size_t len)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	l->line(l, line, len);
}

static void
take(struct link *l, char *data, size_t len)
{
	while (len > 0 && l->state == LINK_OPEN) {
		char *end;
		size_t n;

		if (l->skip > 0) {
			n = l->skip < len ? l->skip : len;
			l->skip -= n;
			data += n;
			len -= n;
			continue;
		}
		end = memchr(data, '\n', len);
		if (end == NULL) {
			keep(l, data, len);
			return;
		}
		n = (size_t)(end - data);
		if (l->in != NULL) {
			char *whole;

			keep(l, data, n);
			whole = l->in;
			l->in = NULL;
			n = l->in_len;
			l->in_len = 0;
			hand_line(l, whole, n);
			free(whole);
		} else {
			hand_line(l, data, n);
		}
		len -= (size_t)(end + 1 - data);
		data = end + 1;
	}
}

static void
receive(struct link *l)
{
	while (l->state == LINK_OPEN) {
		ssize_t n;

		if (l->tls != NULL) {
			n = gnutls_record_recv(l->tls, read_buf, READ_SIZE);
			if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
				return;
		} else {
			n = recv(l->fd, read_buf, READ_SIZE, 0);
			if (n < 0 && (errno == EAGAIN || errno == EINTR))
				return;
		}
		if (n <= 0) {
			lost(l);
			return;
		}
		l->received += (uint64_t)n;
		take(l, read_buf, (size_t)n);
		/* What was not a full buffer was all there is. */
		if (l->tls == NULL && n < READ_SIZE)
			return;
	}
}

void
engine_turn(int ms)
{
	struct epoll_event events[256];
	int n = epoll_wait(epoll_fd, events, 256, ms);

	for (int i = 0; i < n; i++) {
		struct link *l = events[i].data.ptr;

		if (l->state == LINK_CONNECTING) {
			connected(l);
			continue;
		}
		if (l->state == LINK_SHAKING) {
			shake(l);
			continue;
		}
		if ((events[i].events & EPOLLOUT) && l->out != NULL)
			flush(l);
		if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			receive(l);
	}
}

void
engine_until(const long *done, long goal, const char *what)
{
	while (*done < goal) {
		if (now() > deadline)
			fail("%s: %ld of %ld after %.0f s", what, *done, goal,
			    options.limit);
		engine_turn(100);
	}
}
