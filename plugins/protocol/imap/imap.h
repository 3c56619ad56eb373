/* SPDX-License-Identifier: ISC */
/*
 * imap.h - the instance: services, options and limits that every session of
 * one `imap` section shares
 *
 * Constant after start().
 */
#ifndef IMAP_IMAP_H
#define IMAP_IMAP_H

#include <mansio/auth.h>
#include <mansio/blob.h>
#include <mansio/clock.h>
#include <mansio/config.h>
#include <mansio/directory.h>
#include <mansio/facts.h>
#include <mansio/log.h>
#include <mansio/mailbox.h>
#include <mansio/op.h>
#include <mansio/session.h>

/* A command line without its literals.  RFC 2683 3.2.1.5 asks for 8000; before
   the login an ID of 30 fields and values (RFC 2971 3.3) is the longest. */
#define IMAP_MAX_LINE_FRESH	(34 * 1024)
#define IMAP_MAX_LINE		(64 * 1024)
/* A command with its literals, APPEND's message apart. */
#define IMAP_MAX_COMMAND_FRESH	(40 * 1024)
#define IMAP_MAX_COMMAND	(1024 * 1024)
/* One literal that is kept in memory.  RFC 7888 5.: before the login servers
   are advised to accept no more than 4096. */
#define IMAP_MAX_LITERAL_FRESH	4096
#define IMAP_MAX_LITERAL	(64 * 1024)
#define IMAP_MAX_TAG		256
/* What a peer may get wrong before it logged in. */
#define IMAP_MAX_JUNK		3
#define IMAP_MAX_JUNK_LATER	50
#define IMAP_MAX_FRESH_COMMANDS	100
#define IMAP_MAX_LOGIN_FAILURES	20
/* Parentheses within parentheses, in any command. */
#define IMAP_MAX_DEPTH		32
#define IMAP_MAX_KEYWORDS	100	/* named in one command */
/* Responses of a command that wait for a slow peer, in memory; all lists are
   told in portions far smaller. */
#define IMAP_MAX_OUTPUT		(32 * 1024 * 1024)
/* Octets of memory that one command may use for what it parsed and found. */
#define IMAP_COMMAND_BUDGET	(64 * 1024 * 1024)
#define IMAP_PAGE_BUDGET	(32 * 1024 * 1024)

/* Rows of one page: so many that a page is worth its read transaction, so few
   that its memory (some 200 octets a row, 1 KiB with its digest) stays below
   what the C library gives back to the system and has to fetch again. */
#define IMAP_PAGE_ROWS		400
#define IMAP_PAGE_DIGESTS	96

struct ms_instance {
	const struct ms_host        *host;
	const struct ms_config      *section;
	const struct ms_config_api  *config;
	const struct ms_scope_api   *scope;
	const struct ms_session_api *session;
	const struct ms_facts_api   *facts;
	const struct ms_auth        *auth;
	const struct ms_op_api      *op;
	const struct ms_commit      *commit;
	const struct ms_blob_api    *blob;
	const struct ms_clock       *clock;
	const struct ms_log         *log;
	const struct ms_directory   *directory;	/* of all; NULL: none */
	struct ms_backend            backend;
	const struct ms_mailbox     *mailbox;	/* backend.table */
	int64_t                      idle_timeout_us;
	int64_t                      login_timeout_us;
	int64_t                      output_timeout_us;
	int64_t                      keepalive_us;
	int64_t                      search_limit_us;
	uint64_t                     max_size;	/* octets of one message */
	uint64_t                     quota;	/* octets, where the directory says nothing */
};

#endif
