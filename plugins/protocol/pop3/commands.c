/* SPDX-License-Identifier: ISC */
/* commands.c - which command is welcome in which state; the small ones */
#include "pop3.h"

#include <mansio/buf.h>

#include "line.h"

/* RFC 2449; before and after the login alike, but for STLS. */
static void
command_capa(struct pop3 *x, struct ms_str args)
{
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(4096);
	struct ms_str mechanisms = pop3_mechanisms(x);
	bool first_life = x->state == POP3_AUTHORIZATION;

	(void)args;
	ms_buf_add_c(&out, "+OK what I can\r\nTOP\r\nUIDL\r\nRESP-CODES\r\n"
	    "AUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\n");
	if (pop3_has_mechanism(mechanisms, (struct ms_str)MS_STR("PLAIN")))
		ms_buf_add_c(&out, "USER\r\n");
	if (mechanisms.len > 0) {	/* RFC 5034 3: also after the login */
		ms_buf_add_c(&out, "SASL ");
		ms_buf_add(&out, mechanisms);
		ms_buf_add_c(&out, "\r\n");
	}
	if (first_life && !x->tls && !ms_str_is(pop3_fact(x, "tls.offered"), "no"))
		ms_buf_add_c(&out, "STLS\r\n");
	ms_buf_add_c(&out, "IMPLEMENTATION Mansio\r\n.\r\n");
	if (ms_buf_ok(&out))
		pop3_write(x, ms_buf_str(&out));
	else
		pop3_err(x, "[SYS/TEMP] out of memory");
}

static void
command_noop(struct pop3 *x, struct ms_str args)
{
	(void)args;
	pop3_ok(x, "yes");
}

static void
command_rset(struct pop3 *x, struct ms_str args)
{
	(void)args;
	maildrop_undelete(&x->drop);
	pop3_ok(x, "%u messages", x->drop.n);
}

static void
command_quit(struct pop3 *x, struct ms_str args)
{
	(void)args;
	if (x->state == POP3_TRANSACTION) {
		maildrop_update(x);
		return;
	}
	pop3_ok(x, "bye");
	pop3_end(x);
}

#define FIRST	(1u << POP3_AUTHORIZATION)
#define SECOND	(1u << POP3_TRANSACTION)

struct command {
	struct ms_str verb;
	uint32_t      states;
	void        (*run)(struct pop3 *x, struct ms_str args);
};

static const struct command commands[] = {
	{ MS_STR("RETR"), SECOND, pop3_retr },
	{ MS_STR("DELE"), SECOND, pop3_dele },
	{ MS_STR("TOP"), SECOND, pop3_top },
	{ MS_STR("STAT"), SECOND, pop3_stat },
	{ MS_STR("LIST"), SECOND, pop3_list },
	{ MS_STR("UIDL"), SECOND, pop3_uidl },
	{ MS_STR("NOOP"), SECOND, command_noop },
	{ MS_STR("RSET"), SECOND, command_rset },
	{ MS_STR("CAPA"), FIRST | SECOND, command_capa },
	{ MS_STR("QUIT"), FIRST | SECOND, command_quit },
	{ MS_STR("USER"), FIRST, pop3_user },
	{ MS_STR("PASS"), FIRST, pop3_pass },
	{ MS_STR("AUTH"), FIRST, pop3_auth },
	{ MS_STR("STLS"), FIRST, pop3_stls },
};

static const struct command *
find_command(struct ms_str verb)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (ms_str_equal_ci(commands[i].verb, verb))
			return &commands[i];
	return NULL;
}

static void
refuse_foreigner(struct pop3 *x)
{
	struct ms_field f = { MS_STR("client"), pop3_fact(x, "client.address") };

	x->self->log->write(x->scope, MS_LOG_INFO,
	    "refused: another protocol on a POP3 port", &f, 1);
	pop3_err(x, "this is POP3");
	pop3_end(x);
}

void
pop3_command(struct pop3 *x, struct ms_str line, uint32_t came_flags)
{
	const struct command *command;
	struct ms_str verb, rest;

	if (pop3_line_is_foreign(line)) {
		refuse_foreigner(x);
		return;
	}
	if (came_flags & (MS_CAME_BARE_CR | MS_CAME_BARE_LF | MS_CAME_NUL)) {
		pop3_junk(x, "bad octets in the line");
		return;
	}
	pop3_line_split(line, &verb, &rest);
	command = find_command(verb);
	/* AUTH may bring a long initial response, whatever RFC 5034 4. says. */
	if ((came_flags & MS_CAME_TOO_LONG) != 0 || (line.len > POP3_MAX_LINE &&
	    (command == NULL || command->run != pop3_auth)))
		pop3_junk(x, "line too long");
	else if (command == NULL)
		pop3_junk(x, "unknown command");
	else if ((command->states & (1u << x->state)) == 0)
		pop3_junk(x, x->state == POP3_AUTHORIZATION ? "log in first" :
		    "you are logged in");
	else
		command->run(x, rest);
}
