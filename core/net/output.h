/* SPDX-License-Identifier: ISC */
/*
 * output.h - what waits to be sent
 *
 * A list of chunks: octets, and stretches of blobs by reference.  A worker
 * lends a chunk for small answers and gets it back when it is sent, so that
 * a session which is not behind holds no output memory.  Blobs go out by
 * sendfile() or straight from memory where that can be; what is encrypted or
 * dot-stuffed is made chunk by chunk as the peer takes it.
 */
#ifndef CORE_NET_OUTPUT_H
#define CORE_NET_OUTPUT_H

#include <stdbool.h>

#include <mansio/session.h>

#define CHUNK_OCTETS (16 * 1024)	/* one TLS record of the largest size */

struct chunk {
	struct chunk   *next;
	struct ms_blob *blob;		/* NULL: octets in data */
	uint64_t        offset, left;	/* of the blob */
	bool            stuff;		/* MS_SEND_DOT */
	bool            at_start;	/* stuffing: of a line */
	bool            after_cr;
	uint32_t        start, end, cap;
	char            data[];
};

struct output {
	struct chunk *first, *last;
	uint64_t      octets;		/* that wait */
	uint64_t      held;		/* of memory, about */
};

enum sent {
	SENT_ALL,
	SENT_SOME,	/* the peer takes no more now */
	SENT_ENOUGH,	/* much was sent; others first */
	SENT_FAILED
};

void output_write(struct ms_session *s, struct ms_str octets);
void output_blob(struct ms_session *s, struct ms_blob *blob, uint64_t offset,
    uint64_t octets, uint32_t how);
enum sent output_flush(struct ms_session *s);
void output_drop(struct ms_session *s);

/* Makes wire octets of text: doubles dots at starts of lines.  Returns how
   many of data were taken; *n_out went to out, at most cap.  [any] */
size_t output_stuff(const char *data, size_t n, char *out, size_t cap,
    bool *at_start, bool *after_cr, size_t *n_out);

#endif
