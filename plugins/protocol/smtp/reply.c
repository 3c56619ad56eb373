/* SPDX-License-Identifier: ISC */
/* reply.c - replies, and what the pipeline's decisions become at the wire */
#include "smtp.h"

#include <stdarg.h>
#include <stdio.h>

#define MAX_REPLY 512	/* RFC 5321 4.5.3.1.5, with CRLF */

void
smtp_write(struct smtp *x, struct ms_str octets)
{
	x->unsent = x->self->session->write(x->session, octets);
}

/* Printable ASCII: no reply is ever two, whatever a filter said. */
static void
clean(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
			text[i] = '?';
}

void
smtp_say(struct smtp *x, int code, const char *enhanced, const char *format,
    ...)
{
	char line[MAX_REPLY];
	va_list args;
	size_t len;
	int n;

	n = snprintf(line, 40, "%03d %.11s%s", code, enhanced,
	    enhanced[0] != '\0' ? " " : "");
	len = (size_t)n;
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n > 0)
		len += (size_t)n < sizeof(line) - len - 2 ? (size_t)n :
		    sizeof(line) - len - 2;
	clean(line, len);
	line[len++] = '\r';
	line[len++] = '\n';
	smtp_write(x, ms_str_of(line, len));
}

void
smtp_say_junk(struct smtp *x, int code, const char *enhanced, const char *text)
{
	if (++x->junk < SMTP_MAX_JUNK) {
		smtp_say(x, code, enhanced, "%s", text);
		return;
	}
	smtp_say(x, 421, "4.7.0", "too many commands that make no sense");
	smtp_end(x);
}

void
smtp_reply_set(struct smtp_reply *out, int code, const char *enhanced,
    const char *text)
{
	out->code = code;
	out->hang_up = code == 421;
	out->silent = false;
	snprintf(out->enhanced, sizeof(out->enhanced), "%s", enhanced);
	snprintf(out->text, sizeof(out->text), "%s", text);
}

void
smtp_answer(struct smtp *x, const struct smtp_reply *reply)
{
	if (!reply->silent)
		smtp_say(x, reply->code, reply->enhanced, "%s", reply->text);
	if (reply->hang_up)
		smtp_end(x);
}

/* Is it an enhanced code of that class: "5.7.1" for '5'? */
static bool
is_of_class(const char *enhanced, char class)
{
	return enhanced[0] == class && enhanced[1] == '.';
}

/* ---- failures ------------------------------------------------------------ */

void
smtp_failure(ms_status status, const struct ms_error *err,
    struct smtp_reply *out)
{
	const char *enhanced = err != NULL ? err->enhanced : "";

	/* The error's text is for our log: it may name files and hosts. */
	switch (status) {
	case MS_PERMFAIL:
		smtp_reply_set(out, 554, is_of_class(enhanced, '5') ?
		    enhanced : "5.0.0", "the message can't be accepted");
		return;
	case MS_NOTFOUND:
		smtp_reply_set(out, 550, "5.1.1", "no such user here");
		return;
	case MS_DENIED:
		smtp_reply_set(out, 550, is_of_class(enhanced, '5') ?
		    enhanced : "5.7.1", "not permitted");
		return;
	case MS_OVERQUOTA:
		smtp_reply_set(out, 452, "4.2.2", "the mailbox is full");
		return;
	default:
		break;
	}
	if (!is_of_class(enhanced, '4'))
		enhanced = "4.3.0";
	if (strcmp(enhanced, "4.3.1") == 0)	/* RFC 3463 3.4: system full */
		smtp_reply_set(out, 452, enhanced, "no room at the moment");
	else
		smtp_reply_set(out, 451, enhanced, "try again later");
}

/* ---- verdicts ------------------------------------------------------------ */

static int
default_code(uint32_t action, uint32_t at, const char *enhanced)
{
	if (action == MS_DEFER) {
		if (strcmp(enhanced, "4.2.2") == 0 ||
		    strcmp(enhanced, "4.3.1") == 0 ||
		    strcmp(enhanced, "4.5.3") == 0)
			return 452;
		return at == MS_AT_CONNECT ? 421 : at == MS_AT_RCPT ? 450 : 451;
	}
	if (strcmp(enhanced, "5.2.2") == 0 || strcmp(enhanced, "5.3.4") == 0)
		return 552;
	return at == MS_AT_CONNECT || at == MS_AT_DATA ? 554 : 550;
}

static void
from_verdict(const struct ms_verdict *v, uint32_t at, struct smtp_reply *out)
{
	bool defer = v->action == MS_DEFER, given;
	char class = defer ? '4' : '5';
	const char *enhanced;

	if (v->action == MS_HANG_UP) {
		smtp_reply_set(out, 421, is_of_class(v->enhanced, '4') ?
		    v->enhanced : "4.7.0", v->text[0] != '\0' ? v->text :
		    "closing");
		out->silent = v->code == MS_CODE_SILENT;
		return;
	}
	/* A code of another class than the action would turn a refusal into an
	   acceptance, or a delay into a bounce. */
	given = v->code / 100 == (defer ? 4u : 5u);
	enhanced = is_of_class(v->enhanced, class) ? v->enhanced :
	    defer ? "4.7.0" : "5.7.1";
	smtp_reply_set(out, given ? (int)v->code :
	    default_code(v->action, at, enhanced), enhanced,
	    v->text[0] != '\0' ? v->text :
	    defer ? "try again later" : "refused");
}

void
smtp_decision(struct smtp *x, struct ms_op *op, ms_status status,
    const struct ms_error *err, uint32_t at, uint32_t number,
    struct smtp_reply *out)
{
	const struct ms_verdict *v = x->self->pipeline->verdict(op, number);

	out->code = 0;
	out->hang_up = out->silent = false;
	if (v != NULL && v->action >= MS_DEFER) {
		from_verdict(v, at, out);
		return;
	}
	if (status != MS_OK)
		smtp_failure(status, err, out);
}

/* ---- the log ------------------------------------------------------------- */

static void
log_refusal(struct smtp *x, const char *stage, struct ms_str to,
    const struct smtp_reply *reply, const struct ms_error *err)
{
	struct ms_field f[9];
	char code[16];
	size_t n = 0;

	if (!x->self->log->wants(x->scope, MS_LOG_INFO))
		return;
	snprintf(code, sizeof(code), "%d %.11s", reply->code, reply->enhanced);
	f[n++] = (struct ms_field){ MS_STR("stage"), ms_str_c(stage) };
	f[n++] = (struct ms_field){ MS_STR("code"), ms_str_c(code) };
	f[n++] = (struct ms_field){ MS_STR("reason"), ms_str_c(reply->text) };
	f[n++] = (struct ms_field){ MS_STR("client"),
	    smtp_fact(x, "client.address") };
	f[n++] = (struct ms_field){ MS_STR("helo"), ms_str_c(x->helo) };
	if (x->message != NULL)
		f[n++] = (struct ms_field){ MS_STR("from"),
		    x->self->message->info(x->message)->reverse_path };
	if (to.len > 0)
		f[n++] = (struct ms_field){ MS_STR("to"), to };
	if (x->logged_in)
		f[n++] = (struct ms_field){ MS_STR("account"),
		    smtp_fact(x, "auth.account") };
	if (err != NULL && err->text[0] != '\0')
		f[n++] = (struct ms_field){ MS_STR("error"), ms_str_c(err->text) };
	x->self->log->write(x->scope, MS_LOG_INFO, "refused", f, n);
}

void
smtp_log_refusal(struct smtp *x, const char *stage,
    const struct smtp_reply *reply, const struct ms_error *err)
{
	log_refusal(x, stage, ms_str_of("", 0), reply, err);
}

void
smtp_log_recipient(struct smtp *x, struct ms_str to,
    const struct smtp_reply *reply, const struct ms_error *err)
{
	log_refusal(x, "rcpt", to, reply, err);
}
