/* SPDX-License-Identifier: ISC */
/*
 * load.h - a load generator that knows of a server its ports alone
 *
 * One thread and one epoll set drive all connections, so that the generator
 * takes little of the machine it shares with the server.  Each test first gets
 * ready (connects watchers, logs in, selects), then prints "ready" and waits
 * for a line, so that whoever runs it can read the server's clocks; then it
 * runs, prints one JSON object and holds its connections until it may end.
 *
 * A link is one connection.  Its callbacks get whole lines without CRLF;
 * octets of a literal are passed over by setting `skip`.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/gnutls.h>

struct options {
	const char *host, *user, *password, *mailbox, *to, *command;
	int         port, watch_port, smtp_port;
	long        count, sessions, users, size, repeat, batch, window, opening;
	double      limit;		/* seconds for everything */
	bool        keep, tls, pause, create;
};

extern struct options options;

struct link {
	void  (*opened)(struct link *);		/* may be NULL */
	void  (*line)(struct link *, char *line, size_t len);
	void  (*ended)(struct link *);		/* may be NULL; the link is closed */
	void   *owner;
	long    number;

	/* the engine's */
	int              fd;
	gnutls_session_t tls;
	enum { LINK_CLOSED, LINK_CONNECTING, LINK_SHAKING, LINK_OPEN } state;
	uint32_t         events;		/* what epoll was asked for */
	char            *in;			/* a line that has not ended */
	size_t           in_len;
	char            *out;			/* what the socket did not take */
	size_t           out_len, out_sent;
	size_t           skip;			/* octets of a literal to come */
	uint64_t         received;
};

/* ---- the engine ---- */

void engine_start(void);

/* Connects; `opened` is called once the connection (and TLS) stands. */
void link_connect(struct link *l, int port, bool tls);
void link_send(struct link *l, const char *data, size_t len);
void link_printf(struct link *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void link_close(struct link *l);

/* Handles what has come, for at most `ms` milliseconds. */
void engine_turn(int ms);

/* Turns until *done is at least `goal`; ends the program past the limit. */
void engine_until(const long *done, long goal, const char *what);

double now(void);
void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* ---- conversations that wait: for getting ready ---- */

/* An IMAP connection that is logged in. */
struct imap {
	struct link link;		/* first */
	long   tagged;			/* answers so far */
	long   untagged;
	long   wanted_fetches;
	long   exists;			/* the last STATUS or EXISTS said */
	long   idling;			/* the "+" has come */
	char   last[256];		/* the last tagged answer */
};

void imap_open(struct imap *m, int port, bool tls, long user);
/* One command without tag or CRLF; ends the program unless it is answered OK. */
void imap_do(struct imap *m, const char *command);
long imap_status(struct imap *m, const char *mailbox);
void imap_line(struct link *l, char *line, size_t len);

/* "user%d" with a number for "%d". */
void expand(char *out, size_t cap, const char *pattern, long number);

/* ---- mail ---- */

/* About options.size octets with CRLF, the same for the same number; every
   third is multipart.  Without lines that begin with a dot. */
size_t mail_make(char *out, long number, const char *to);
size_t mail_cap(void);

/* ---- results ---- */

struct times {
	float *v;
	size_t n, cap;
};

void times_add(struct times *t, double seconds);
double times_at(struct times *t, double quantile);	/* milliseconds */
void times_free(struct times *t);

/* Prints "ready" and waits for a line if the runner asked for that. */
void ready(void);
/* After the JSON object: keeps the connections until standard input ends. */
void done(void);

/* ---- tests ---- */

void test_smtp(void);
void test_imap_login(void);
void test_imap_append(void);
void test_imap_command(void);
void test_imap_idle(void);
void test_pop3(void);

#endif
