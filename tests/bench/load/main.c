/* SPDX-License-Identifier: ISC */
/* main.c - the load generator's options; see load.h */
#include "load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct options options = {
	.user = "user%d@bench.test", .password = "pw", .mailbox = "INBOX",
	.to = "user%d@bench.test", .command = "NOOP", .count = 1, .sessions = 1,
	.users = 1, .size = 4096, .repeat = 1, .batch = 1, .window = 1,
	.opening = 32, .limit = 60,
};

static const struct {
	const char *name;
	void      (*run)(void);
} tests[] = {
	{ "smtp", test_smtp },
	{ "imap-login", test_imap_login },
	{ "imap-append", test_imap_append },
	{ "imap-command", test_imap_command },
	{ "imap-idle", test_imap_idle },
	{ "pop3", test_pop3 },
};

#define N_TESTS	(sizeof(tests) / sizeof(tests[0]))

/* What an option sets; a `bool` takes no argument. */
static const struct {
	const char  *name;
	const char **text;
	long        *number;
	int         *small;
	double      *seconds;
	bool        *flag;
} known[] = {
	{ .name = "user", .text = &options.user },
	{ .name = "password", .text = &options.password },
	{ .name = "mailbox", .text = &options.mailbox },
	{ .name = "to", .text = &options.to },
	{ .name = "command", .text = &options.command },
	{ .name = "port", .small = &options.port },
	{ .name = "watch-port", .small = &options.watch_port },
	{ .name = "smtp-port", .small = &options.smtp_port },
	{ .name = "count", .number = &options.count },
	{ .name = "sessions", .number = &options.sessions },
	{ .name = "users", .number = &options.users },
	{ .name = "size", .number = &options.size },
	{ .name = "repeat", .number = &options.repeat },
	{ .name = "batch", .number = &options.batch },
	{ .name = "window", .number = &options.window },
	{ .name = "opening", .number = &options.opening },
	{ .name = "limit", .seconds = &options.limit },
	{ .name = "keep", .flag = &options.keep },
	{ .name = "tls", .flag = &options.tls },
	{ .name = "pause", .flag = &options.pause },
	{ .name = "create", .flag = &options.create },
};

#define N_KNOWN	(sizeof(known) / sizeof(known[0]))

static void
set(size_t i, const char *value)
{
	if (known[i].flag != NULL)
		*known[i].flag = true;
	else if (known[i].text != NULL)
		*known[i].text = value;
	else if (known[i].number != NULL)
		*known[i].number = strtol(value, NULL, 10);
	else if (known[i].small != NULL)
		*known[i].small = (int)strtol(value, NULL, 10);
	else
		*known[i].seconds = strtod(value, NULL);
}

static void
parse(int argc, char **argv)
{
	struct option list[N_KNOWN + 1] = { 0 };
	int c, i;

	for (size_t k = 0; k < N_KNOWN; k++) {
		list[k].name = known[k].name;
		list[k].has_arg = known[k].flag != NULL ? no_argument :
		    required_argument;
	}
	while ((c = getopt_long(argc, argv, "", list, &i)) == 0)
		set((size_t)i, optarg);
	if (c != -1)
		exit(2);
	if (options.sessions < 1 || options.users < 1 || options.count < 1 ||
	    options.repeat < 1 || options.batch < 1 || options.size < 0 ||
	    options.size > 64 * 1024 * 1024)
		fail("a number is out of range");
}

int
main(int argc, char **argv)
{
	struct rlimit r;

	if (argc < 2)
		fail("usage: load TEST --port N [--OPTION VALUE ...]");
	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	for (size_t i = 0; i < N_TESTS; i++) {
		if (strcmp(argv[1], tests[i].name) != 0)
			continue;
		parse(argc - 1, argv + 1);
		engine_start();
		tests[i].run();
		done();
		return 0;
	}
	fail("there is no test %s", argv[1]);
}
