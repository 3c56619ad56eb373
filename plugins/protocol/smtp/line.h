/* SPDX-License-Identifier: ISC */
/*
 * line.h - the grammar of command lines: verb, paths, ESMTP parameters
 *
 * Pure functions over lent text; what is decoded (xtext) lies in the arena.
 * A fault says the reply that it deserves; its texts are literals and never
 * show the peer its own words again.
 */
#ifndef SMTP_LINE_H
#define SMTP_LINE_H

#include <stdbool.h>

#include <mansio/address.h>
#include <mansio/base.h>

struct smtp_fault {
	int         code;
	const char *enhanced;
	const char *text;
};

/* "RCPT TO:<a@b>" to "RCPT" and "TO:<a@b>"; trailing blanks are dropped. */
void smtp_line_split(struct ms_str line, struct ms_str *verb_out,
    struct ms_str *args_out);
/* Does the first word belong to another protocol (HTTP, TLS)?  Such a peer is
   somebody's browser made to talk to us: nothing it says is mail. */
bool smtp_line_is_foreign(struct ms_str line);

enum smtp_body { SMTP_BODY_NONE, SMTP_BODY_7BIT, SMTP_BODY_8BITMIME,
		 SMTP_BODY_BINARYMIME };

struct smtp_mail_args {
	struct ms_path path;
	enum smtp_body body;		/* RFC 6152, 3030 */
	uint64_t       size;		/* RFC 1870; 0: not announced */
	uint32_t       ret;		/* MS_MESSAGE_RET_...; RFC 3461 4.3 */
	bool           utf8;		/* RFC 6531 */
	bool           has_auth;	/* RFC 4954 5. */
	struct ms_str  auth;		/* decoded; "" for "<>" */
	struct ms_str  envid;		/* decoded, RFC 3461 4.4 */
};
/* "FROM:<a@b> SIZE=1".  False: *fault. */
bool smtp_mail_parse(struct ms_arena *a, struct ms_str args,
    struct smtp_mail_args *out, struct smtp_fault *fault);

struct smtp_rcpt_args {
	struct ms_path path;
	uint32_t       notify;		/* MS_NOTIFY_...; 0: not given */
	struct ms_str  original;	/* "rfc822;a@b", decoded; "" none */
};
/* "TO:<a@b> NOTIFY=NEVER".  utf8: MAIL said SMTPUTF8. */
bool smtp_rcpt_parse(struct ms_arena *a, struct ms_str args, bool utf8,
    struct smtp_rcpt_args *out, struct smtp_fault *fault);

/* "1000 LAST".  False: the size can't be told, so neither can the next
   command's place. */
bool smtp_bdat_parse(struct ms_str args, uint64_t *octets_out,
    bool *last_out);

#endif
