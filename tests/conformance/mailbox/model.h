/* SPDX-License-Identifier: ISC */
/* model.h - the model of model.c, and how it is compared with the store */
#ifndef CONFORMANCE_MODEL_H
#define CONFORMANCE_MODEL_H

#include "suite.h"

#define MODEL_BOXES	8
#define MODEL_MESSAGES	2000
#define MODEL_KEYWORDS	48	/* beyond what fits into a word of flags */

struct model_message {
	uint32_t uid, flags, content, octets;
	uint64_t keywords, modseq;
};

struct model_gone {
	uint32_t uid;
	uint64_t modseq;
};

struct model_box {
	bool     is_there;
	struct ms_id id;
	uint32_t uidnext, n, n_gone;
	uint64_t modseq;
	struct model_message messages[MODEL_MESSAGES];
	struct model_gone    gone[MODEL_MESSAGES * 8];
};

struct model {
	struct suite    *s;
	uint64_t         seed, modseq;
	uint32_t         step, deliveries;
	struct model_box boxes[MODEL_BOXES];	/* the first is INBOX */
};

const char *model_keyword(struct suite *s, uint32_t k);
const char *model_content(struct suite *s, uint32_t content);
uint64_t model_count(struct ms_uids uids);

void model_compare_box(struct model *m, const struct model_box *b, uint32_t page);
void model_compare_account(struct model *m);

#endif
