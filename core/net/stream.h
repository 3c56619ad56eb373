/* SPDX-License-Identifier: ISC */
/*
 * stream.h - octets to and from the peer, in clear or by TLS
 */
#ifndef CORE_NET_STREAM_H
#define CORE_NET_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <mansio/base.h>

enum {			/* instead of a number of octets */
	STREAM_AGAIN  = -1,	/* nothing now: park */
	STREAM_BROKEN = -2
};

/* 0: the peer ended its side. */
ssize_t stream_read(struct ms_session *s, void *buffer, size_t n);
/* more: further octets follow at once. */
ssize_t stream_write(struct ms_session *s, const struct iovec *iov, int n,
    int more);
/* Clear connections only. */
ssize_t stream_send_file(struct ms_session *s, int fd, uint64_t offset,
    uint64_t octets);
/* Says that nothing more will come from us. */
void stream_shut(struct ms_session *s);

#endif
