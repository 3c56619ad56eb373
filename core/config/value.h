/* SPDX-License-Identifier: ISC */
/*
 * value.h - one value of an option, from text to what it stands for
 */
#ifndef CORE_CONFIG_VALUE_H
#define CORE_CONFIG_VALUE_H

#include "config/address.h"
#include "config/schema.h"
#include "config/when.h"

struct config_value {
	struct ms_str   text;		/* a NUL follows it */
	struct position at;
	int64_t         number;		/* by type: count, octets, us, 0 and 1, rank */
	int64_t         span_us;	/* of a rate */
	union {				/* by type, in the snapshot's arena */
		const struct listen_address *listen;
		const struct network  *network;
		const struct when     *when;
		struct ms_config      *reference;	/* set by the checks */
	} as;
};

/* False: it is wrong, and noted.  text must live as long as the value. */
bool value_parse(const struct ms_option *o, struct ms_str text, struct position at,
    struct ms_arena *arena, struct problems *problems, struct config_value *value_out);

/* The next of the words in `choices`; false past the last. */
bool choice_next(struct ms_str *choices, struct ms_str *word_out);
/* "a, b or c" */
void choices_text(const char *choices, struct ms_buf *out);

#endif
