/* SPDX-License-Identifier: ISC */
/* stream.c - see stream.h */
#include "net/stream.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "net/session.h"
#include "net/tls_session.h"
#include "net/worker.h"

static ssize_t
outcome(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ?
	    STREAM_AGAIN : STREAM_BROKEN;
}

ssize_t
stream_read(struct ms_session *s, void *buffer, size_t n)
{
	ssize_t got;

	if (s->tls != NULL)
		got = tls_read(s->tls, buffer, n);
	else
		got = outcome(recv(s->fd, buffer, n, MSG_DONTWAIT));
	if (got > 0)
		s->worker->octets_in += (uint64_t)got;
	return got;
}

ssize_t
stream_write(struct ms_session *s, const struct iovec *iov, int n, int more)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov,
	    .msg_iovlen = (size_t)n };
	ssize_t sent;

	if (s->tls != NULL)
		sent = tls_write(s->tls, iov[0].iov_base, iov[0].iov_len);
	else
		sent = outcome(sendmsg(s->fd, &m,
		    MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0)));
	if (sent > 0)
		s->worker->octets_out += (uint64_t)sent;
	return sent;
}

ssize_t
stream_send_file(struct ms_session *s, int fd, uint64_t offset, uint64_t octets)
{
	off_t at = (off_t)offset;
	ssize_t sent = sendfile(s->fd, fd, &at, (size_t)octets);

	/* A file that became shorter: it was promised that none does. */
	if (sent == 0 && octets > 0)
		return STREAM_BROKEN;
	sent = outcome(sent);
	if (sent > 0)
		s->worker->octets_out += (uint64_t)sent;
	return sent;
}

void
stream_shut(struct ms_session *s)
{
	if (s->broken)
		return;
	if (s->tls != NULL)
		tls_bye(s->tls);
	(void)shutdown(s->fd, SHUT_WR);
}
