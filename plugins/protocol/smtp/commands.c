/* SPDX-License-Identifier: ISC */
/* commands.c - which command is welcome in which state; the small ones */
#include "smtp.h"

#include <mansio/buf.h>

#include "line.h"
#include "login.h"
#include "trace.h"

/* ---- greeting -------------------------------------------------------------- */

static void
connect_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_CONNECT, UINT32_MAX, &r);
	if (r.code == 0) {
		smtp_say(x, 220, "", "%.*s %s Mansio", (int)x->hostname.len,
		    x->hostname.data, x->self->lmtp ? "LMTP" : "ESMTP");
		return;
	}
	smtp_log_refusal(x, "connect", &r, err);
	smtp_answer(x, &r);
	/* RFC 5321 3.1: after 554 the server waits for QUIT. */
	x->state = SMTP_REFUSED;
}

void
smtp_refuse_early(struct smtp *x)
{
	struct smtp_reply r;

	smtp_reply_set(&r, 554, "5.5.0", "wait for the greeting");
	smtp_log_refusal(x, "connect", &r, NULL);
	smtp_answer(x, &r);
	smtp_end(x);
}

bool
smtp_is_turned_away(struct smtp *x)
{
	if (smtp_fact(x, "client.over").len > 0) {
		smtp_say(x, 421, "4.7.0", "too many connections");
		smtp_end(x);	/* the core has told the log */
		return true;
	}
	/* People's own programs and local ones are let off. */
	if (x->self->submission || x->self->lmtp ||
	    smtp_fact(x, "client.early").len == 0)
		return false;
	smtp_refuse_early(x);
	return true;
}

void
smtp_greet(struct smtp *x)
{
	smtp_judge(x, x->self->pipeline->run(x->scope, x->session, NULL,
	    MS_AT_CONNECT, 0), connect_judged);
}

/* ---- EHLO, HELO, LHLO --------------------------------------------------------- */

void
smtp_note_protocol(struct smtp *x)
{
	struct ms_facts *facts = x->self->session->facts(x->session);

	(void)x->self->facts->set(facts, ms_str_c("client.helo"),
	    ms_str_c(x->helo), NULL);
	(void)x->self->facts->set(facts, ms_str_c("client.protocol"),
	    smtp_trace_with(x->self->lmtp, x->esmtp, x->tls, x->logged_in,
	    x->utf8), NULL);
	x->noted_utf8 = x->utf8;
}

static void
say_extensions(struct smtp *x)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(4096);
	struct ms_str mechanisms = smtp_login_mechanisms(x);

	ms_buf_add_c(&out, "250-");
	ms_buf_add(&out, x->hostname);
	ms_buf_add_c(&out, "\r\n250-PIPELINING\r\n250-SIZE ");
	ms_buf_add_u64(&out, x->self->max_size);
	ms_buf_add_c(&out, "\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n"
	    "250-BINARYMIME\r\n250-DSN\r\n");
	if (!x->tls && !x->logged_in &&
	    !ms_str_is(smtp_fact(x, "tls.offered"), "no"))
		ms_buf_add_c(&out, "250-STARTTLS\r\n");
	if (mechanisms.len > 0 && !x->logged_in) {
		ms_buf_add_c(&out, "250-AUTH ");
		ms_buf_add(&out, mechanisms);
		ms_buf_add_c(&out, "\r\n");
	}
	ms_buf_add_c(&out, "250 ENHANCEDSTATUSCODES\r\n");
	if (ms_buf_ok(&out))
		smtp_write(x, ms_buf_str(&out));
	else
		smtp_say(x, 421, "4.3.0", "out of memory");
}

static void
helo_judged(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err)
{
	struct smtp_reply r;

	smtp_decision(x, op, status, err, MS_AT_HELO, UINT32_MAX, &r);
	if (r.code != 0) {
		smtp_log_refusal(x, "helo", &r, err);
		x->helo[0] = '\0';
		x->state = SMTP_FRESH;
		smtp_answer(x, &r);
		return;
	}
	x->state = SMTP_READY;
	if (x->esmtp || x->self->lmtp)
		say_extensions(x);
	else
		smtp_say(x, 250, "", "%.*s", (int)x->hostname.len,
		    x->hostname.data);
}

static bool
can_be_helo(struct ms_str name)
{
	if (name.len == 0 || name.len > SMTP_MAX_HELO)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.data[i] <= ' ' || name.data[i] == 0x7f)
			return false;
	return true;
}

static void
hello(struct smtp *x, struct ms_str args, bool esmtp)
{
	/* RFC 5321 4.1.4: a second EHLO is a RSET, too.  The name is taken as
	   it is, for half the world's is wrong; a filter may be stricter. */
	args = ms_str_sub(args, 0, ms_str_find_octet(args, ' '));
	if (!can_be_helo(args)) {
		smtp_say_junk(x, 501, "5.5.4", "say your name");
		return;
	}
	smtp_reset(x);
	memcpy(x->helo, args.data, args.len);
	x->helo[args.len] = '\0';
	x->esmtp = esmtp;
	smtp_note_protocol(x);
	smtp_judge(x, x->self->pipeline->run(x->scope, x->session, NULL,
	    MS_AT_HELO, 0), helo_judged);
}

static void
command_ehlo(struct smtp *x, struct ms_str args)
{
	hello(x, args, true);
}

static void
command_helo(struct smtp *x, struct ms_str args)
{
	hello(x, args, false);
}

/* ---- small ones ---------------------------------------------------------------- */

static void
command_rset(struct smtp *x, struct ms_str args)
{
	if (args.len > 0) {
		smtp_say_junk(x, 501, "5.5.4", "RSET takes no argument");
		return;
	}
	smtp_reset(x);
	smtp_say(x, 250, "2.0.0", "Ok");
}

static void
command_noop(struct smtp *x, struct ms_str args)
{
	(void)args;
	smtp_say(x, 250, "2.0.0", "Ok");
}

/* S33: the same for known and unknown, without a look at the directory. */
static void
command_vrfy(struct smtp *x, struct ms_str args)
{
	if (args.len == 0)
		smtp_say_junk(x, 501, "5.5.4", "say whom");
	else
		smtp_say(x, 252, "2.5.0", "send some mail and see");
}

static void
command_expn(struct smtp *x, struct ms_str args)
{
	(void)args;
	smtp_say(x, 502, "5.5.1", "lists are not shown");
}

static void
command_help(struct smtp *x, struct ms_str args)
{
	(void)args;
	smtp_say(x, 214, "2.0.0", "RFC 5321 tells it all");
}

static void
command_quit(struct smtp *x, struct ms_str args)
{
	(void)args;
	smtp_reset(x);
	smtp_say(x, 221, "2.0.0", "Bye");
	smtp_end(x);
}

/* ---- state x command ------------------------------------------------------------ */

#define IN(state)	(1u << (state))
#define ANY_BUT_REFUSED	(IN(SMTP_FRESH) | IN(SMTP_READY) | IN(SMTP_MAIL) | \
			 IN(SMTP_RCPT) | IN(SMTP_CHUNKS) | IN(SMTP_SPOILT))
#define ANY		(IN(SMTP_REFUSED) | ANY_BUT_REFUSED)

enum { FOR_SMTP = 1, FOR_LMTP = 2, FOR_BOTH = 3 };

struct command {
	struct ms_str verb;
	uint32_t      where;		/* FOR_... */
	uint32_t      states;
	uint32_t      line_max;
	void        (*run)(struct smtp *x, struct ms_str args);
};

static const struct command commands[] = {
	{ MS_STR("RCPT"), FOR_BOTH, IN(SMTP_MAIL) | IN(SMTP_RCPT),
	  SMTP_MAX_ENVELOPE_LINE, smtp_rcpt },
	{ MS_STR("MAIL"), FOR_BOTH, IN(SMTP_READY),
	  SMTP_MAX_ENVELOPE_LINE, smtp_mail },
	{ MS_STR("DATA"), FOR_BOTH, IN(SMTP_MAIL) | IN(SMTP_RCPT),
	  SMTP_MAX_COMMAND, smtp_data },
	/* In any state: its octets follow, welcome or not (S22). */
	{ MS_STR("BDAT"), FOR_BOTH, ANY, SMTP_MAX_COMMAND, smtp_bdat },
	{ MS_STR("RSET"), FOR_BOTH, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_rset },
	{ MS_STR("NOOP"), FOR_BOTH, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_noop },
	{ MS_STR("QUIT"), FOR_BOTH, ANY, SMTP_MAX_COMMAND, command_quit },
	{ MS_STR("EHLO"), FOR_SMTP, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_ehlo },
	{ MS_STR("HELO"), FOR_SMTP, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_helo },
	{ MS_STR("LHLO"), FOR_LMTP, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_ehlo },
	{ MS_STR("AUTH"), FOR_SMTP, IN(SMTP_READY), MS_MAX_AUTH_LINE - 2,
	  smtp_auth },
	{ MS_STR("STARTTLS"), FOR_BOTH, IN(SMTP_READY) | IN(SMTP_MAIL) |
	  IN(SMTP_RCPT), SMTP_MAX_COMMAND, smtp_starttls },
	{ MS_STR("VRFY"), FOR_BOTH, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_vrfy },
	{ MS_STR("EXPN"), FOR_BOTH, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_expn },
	{ MS_STR("HELP"), FOR_BOTH, ANY_BUT_REFUSED, SMTP_MAX_COMMAND,
	  command_help },
};

static const struct command *
find_command(const struct smtp *x, struct ms_str verb)
{
	uint32_t where = x->self->lmtp ? FOR_LMTP : FOR_SMTP;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if ((commands[i].where & where) != 0 &&
		    ms_str_equal_ci(commands[i].verb, verb))
			return &commands[i];
	return NULL;
}

static void
say_out_of_order(struct smtp *x)
{
	static const char *const texts[] = {
		[SMTP_REFUSED] = "you were refused; QUIT",
		[SMTP_FRESH] = "introduce yourself first",
		[SMTP_READY] = "MAIL comes first",
		[SMTP_MAIL] = "not within a transaction",
		[SMTP_RCPT] = "not within a transaction",
		[SMTP_CHUNKS] = "only BDAT or RSET now",
		[SMTP_SPOILT] = "the transaction failed; RSET",
	};

	smtp_say(x, 503, "5.5.1", "%s", texts[x->state]);
}

void
smtp_command(struct smtp *x, struct ms_str line, uint32_t came_flags)
{
	const struct command *command;
	struct smtp_reply r;
	struct ms_str verb, args;

	if (smtp_line_is_foreign(line)) {
		smtp_reply_set(&r, 554, "5.7.0", "this is SMTP");
		smtp_log_refusal(x, "command", &r, NULL);
		smtp_answer(x, &r);
		smtp_end(x);
		return;
	}
	/* RFC 5321 2.3.8: CR and LF come as a pair alone. */
	if (came_flags & (MS_CAME_BARE_CR | MS_CAME_BARE_LF | MS_CAME_NUL)) {
		smtp_say_junk(x, 500, "5.5.2", "bad octets in the line");
		return;
	}
	smtp_line_split(line, &verb, &args);
	command = find_command(x, verb);
	if ((came_flags & MS_CAME_TOO_LONG) != 0 ||
	    line.len > (command != NULL ? command->line_max : SMTP_MAX_COMMAND))
		smtp_say_junk(x, 500, "5.5.2", "line too long");
	else if (command == NULL)
		smtp_say_junk(x, 500, "5.5.1", "unknown command");
	else if ((command->states & (1u << x->state)) == 0)
		say_out_of_order(x);
	else
		command->run(x, args);
}
