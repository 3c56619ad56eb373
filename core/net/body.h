/* SPDX-License-Identifier: ISC */
/*
 * body.h - framing of a message's octets, and their way into a writer
 *
 * The scanner is pure and knows nothing of sockets: it is shown what has
 * come, takes the dots out in place and says where the body ends.  It works
 * line by line with memchr(), as fast as memory allows.  SMTP's end of data is
 * CRLF.CRLF and nothing else (RFC 5321 4.1.1.4): a dot after a bare LF is text,
 * so that no other server's notion of a line can smuggle a message.
 */
#ifndef CORE_NET_BODY_H
#define CORE_NET_BODY_H

#include <stdbool.h>

#include <mansio/session.h>

struct body_scan {
	uint32_t framing;	/* MS_BODY_... */
	uint32_t flags;		/* MS_CAME_... seen so far */
	uint64_t left;		/* COUNT: octets to come */
	uint64_t line;		/* octets of the line so far */
	bool     at_start;	/* of a line, after CRLF */
	bool     after_cr;	/* the last octet was a CR, and a LF may follow */
	bool     in_header;	/* to stop at its end */
};

enum { BODY_MORE, BODY_HEADER, BODY_END };

void body_scan_init(struct body_scan *b, uint32_t framing, uint64_t count,
    bool stop_at_header);
/* Takes octets: data[0..*kept_out) is the body's then, *used_out are done
   with, and the caller shows the others again with more behind them.  After
   BODY_HEADER it goes on with the rest. */
int body_scan(struct body_scan *b, char *data, size_t n, size_t *kept_out,
    size_t *used_out);
/* CLOSE: nothing follows any more. */
void body_scan_end(struct body_scan *b);

/* A body on its way. */
struct body {
	struct body_scan  scan;
	struct ms_writer *into;		/* NULL: counted only */
	uint64_t          max;		/* past it nothing is kept; 0: no limit */
	uint64_t          count;	/* octets of the body so far */
	ms_status         status;	/* why the rest is not kept */
	bool              paused;	/* after the header */
	bool              done;
	struct ms_error  *error;	/* NULL: none */
};

/* A new one, or the one that `old` is the beginning of: not at its end yet
   (an event or the end of the header came between), or the chunk before of the
   same writer (RFC 3030: a message is what all chunks give together). */
struct body *body_begin(struct body *old, const struct ms_wait *wait);
void body_free(struct body *b);		/* accepts NULL */
/* Scans and writes; may block on the disk.  *used_out as above. */
int body_take(struct body *b, char *data, size_t n, size_t *used_out);
/* True: so much too long that it will not even be read on. */
bool body_is_flood(const struct body *b);
void body_came(const struct body *b, int how, struct ms_came *came);

#endif
