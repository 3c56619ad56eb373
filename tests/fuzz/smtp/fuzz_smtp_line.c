/* SPDX-License-Identifier: ISC */
/* fuzz_smtp_line.c - command lines of SMTP: verb, paths, parameters, chunks */
#include <stdint.h>
#include <stdlib.h>

#include <mansio/arena.h>
#include <mansio/str.h>

#include "line.h"
#include "survey.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is decoded goes into header fields and the queue: one line, always. */
static void
must_be_one_line(struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0')
			abort();
}

static void
must_be_a_reply(const struct smtp_fault *f)
{
	if (f->code < 500 || f->code > 559 || f->enhanced[0] != '5' ||
	    f->text[0] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ms_arena *a = ms_arena_new(0);
	struct ms_str line = ms_str_of((const char *)data, size), verb, args;
	struct smtp_mail_args mail;
	struct smtp_rcpt_args rcpt;
	struct smtp_fault fault = { .code = 0 };
	struct smtp_text text = { .found = 0 };
	uint64_t n;
	bool last;

	(void)smtp_line_is_foreign(line);
	smtp_line_split(line, &verb, &args);
	if (smtp_mail_parse(a, args, &mail, &fault)) {
		must_be_one_line(mail.envid);
		must_be_one_line(mail.auth);
		must_be_one_line(mail.path.address);
	} else
		must_be_a_reply(&fault);
	for (int utf8 = 0; utf8 < 2; utf8++)
		if (smtp_rcpt_parse(a, args, utf8 != 0, &rcpt, &fault)) {
			must_be_one_line(rcpt.original);
			must_be_one_line(rcpt.path.address);
		} else
			must_be_a_reply(&fault);
	if (smtp_bdat_parse(args, &n, &last) && n > INT64_MAX)
		abort();
	smtp_text_piece(&text, line);
	smtp_text_end(&text);
	ms_arena_free(a);
	return 0;
}
