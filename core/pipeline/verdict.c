/* SPDX-License-Identifier: ISC */
/* verdict.c - see verdict.h */
#include "pipeline/verdict.h"

#include <stdio.h>
#include <string.h>

void
verdict_init(struct ms_verdict *v)
{
	memset(v, 0, sizeof(*v));
	v->size = sizeof(*v);
}

void
verdict_merge(struct ms_verdict *into, const struct ms_verdict *v)
{
	int32_t score = into->score + v->score;
	int64_t delay = into->delay_us > v->delay_us ? into->delay_us : v->delay_us;

	/* ACCEPT ends a point for the stages after it; it is no decision that
	   could outweigh another. */
	if (v->action > into->action) {
		*into = *v;
		into->size = sizeof(*into);
	}
	into->score = score;
	into->delay_us = delay;
}

void
verdict_of_status(struct ms_verdict *v, ms_status status,
    const struct ms_error *err)
{
	static const struct {
		ms_status   status;
		uint32_t    action, code;
		const char *enhanced, *text;
	} table[] = {
		{ MS_NOTFOUND, MS_REJECT, 550, "5.1.1", "no such user here" },
		{ MS_DENIED, MS_REJECT, 550, "5.7.1", "relaying denied" },
		{ MS_OVERQUOTA, MS_REJECT, 552, "5.2.2", "mailbox is full" },
		{ MS_LIMIT, MS_REJECT, 552, "5.3.4", "too large" },
		{ MS_PERMFAIL, MS_REJECT, 554, "5.0.0", "rejected" },
	};
	const char *enhanced = "4.3.0", *text = "temporary failure, try again later";

	verdict_init(v);
	v->action = MS_DEFER;
	v->code = 451;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].status == status) {
			v->action = table[i].action;
			v->code = table[i].code;
			enhanced = table[i].enhanced;
			text = table[i].text;
		}
	if (err != NULL && err->enhanced[0] != '\0' &&
	    (err->enhanced[0] == '5') == (v->action == MS_REJECT))
		enhanced = err->enhanced;
	if (err != NULL && err->text[0] != '\0')
		text = err->text;
	/* RFC 5321 4.2.2: 452 is for room that lacks, here or in a mailbox. */
	if (strcmp(enhanced, "4.3.1") == 0 || strcmp(enhanced, "4.2.2") == 0)
		v->code = 452;
	snprintf(v->enhanced, sizeof(v->enhanced), "%s", enhanced);
	snprintf(v->text, sizeof(v->text), "%.*s", (int)sizeof(v->text) - 1, text);
}

const char *
verdict_name(uint32_t action)
{
	static const char *const names[] = { "none", "accept", "quarantine", "discard",
		"defer", "reject", "hang-up" };

	return action < sizeof(names) / sizeof(names[0]) ? names[action] : "defer";
}
