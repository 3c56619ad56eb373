/* SPDX-License-Identifier: ISC */
/*
 * limits.h - limits of formats and protocols, all in one table
 *
 * Those that an admin may set are options of the config; these are not.
 * Beyond a limit stored mail is shown as opaque octets, never refused.
 */
#ifndef MANSIO_LIMITS_H
#define MANSIO_LIMITS_H

#define MS_MAX_HEADER_OCTETS	(256 * 1024)	/* a header block that is parsed */
#define MS_MAX_FIELD_OCTETS	(64 * 1024)	/* one field */
#define MS_MAX_FIELDS		1000
#define MS_MAX_ADDRESSES	1000		/* parsed of one field */
#define MS_MAX_MIME_DEPTH	32		/* deeper parts are opaque */
#define MS_MAX_MIME_PARTS	1000
#define MS_MAX_MIME_KEPT	(4 * 1024 * 1024)	/* octets of memory for the headers of one message's parts */
#define MS_MAX_MIME_TEXT	(16 * 1024)	/* body octets kept for a preview */
#define MS_MAX_PARAMS		64
#define MS_MAX_PARAM_PIECES	100		/* RFC 2231 continuations */
#define MS_MAX_BOUNDARY		998		/* RFC 2046 says 70; the wild has more */
#define MS_MAX_LOCAL_PART	64		/* RFC 5321 4.5.3.1.1 */
#define MS_MAX_DOMAIN		255		/* RFC 5321 4.5.3.1.2 */
#define MS_MAX_PATH		256		/* RFC 5321 4.5.3.1.3, with <> */
#define MS_MAX_COMMAND_LINE	512		/* RFC 5321 4.5.3.1.4, with CRLF */
#define MS_MAX_AUTH_LINE	12288		/* RFC 4954 4. */
#define MS_MAX_TEXT_LINE	998		/* RFC 5322 2.1.1; longer is flagged */
#define MS_MAX_ENVID		100		/* RFC 3461 5.4 */
#define MS_MAX_RECEIVED		100		/* RFC 5321 6.3: more is a loop */
#define MS_MAX_MAILBOX_NAME	1024		/* octets of UTF-8 */
#define MS_MAX_MAILBOX_DEPTH	32
#define MS_MAX_KEYWORD		64		/* octets of one IMAP keyword */
#define MS_MAX_DIGEST		(60 * 1024)	/* fits a backend's row of 64 KiB */

#endif
