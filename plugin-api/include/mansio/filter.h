/* SPDX-License-Identifier: ISC */
/*
 * filter.h - kind: looks at a connection or a message and says what it thinks
 *
 * One function, called at the points that the instance asked for.  It reads
 * facts and message, may note edits (message.h), and fills in a verdict.  A
 * refusal is a verdict, not a failure: a negative status means that the
 * filter could not judge, and the stage's `on-error` decides.
 *
 * Everything that crosses is data, a lent view or a handle, and nothing
 * is called back after the return: so the same .so runs isolated, and
 * shadowed: verdict and edits are then logged, compared and dropped.
 * The filter does not know which (except MS_SCOPE_DRY: leave no trace).
 * A call that overstays its deadline counts as failed there and then; what it
 * was lent stays valid until it returns, and its verdict is dropped.
 */
#ifndef MANSIO_FILTER_H
#define MANSIO_FILTER_H

#include <mansio/message.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {	/* the points, in their order; also bits of ms_filter_plan.at */
	MS_AT_CONNECT = 1 << 0,	/* before the greeting */
	MS_AT_HELO    = 1 << 1,
	MS_AT_AUTH    = 1 << 2,	/* after a login */
	MS_AT_MAIL    = 1 << 3,
	MS_AT_RCPT    = 1 << 4,	/* each recipient, look->recipient */
	MS_AT_DATA    = 1 << 5,	/* before the body is asked for */
	MS_AT_HEADER  = 1 << 6,	/* the header has come, the body not yet */
	MS_AT_BODY    = 1 << 7,	/* all has come, before the reply */
	MS_AT_SEND    = 1 << 8,	/* on the way out, before a delivery */
	MS_AT_OUTCOME = 1 << 9	/* it was accepted, refused, delivered, or
				   given up: learn, report; no verdict */
};

enum {	/* what to do, the mildest first; the strictest of all stages wins */
	MS_NO_OPINION = 0,
	MS_ACCEPT,		/* skip the stages that follow at this point */
	MS_QUARANTINE,		/* accept, keep aside; `label` says why */
	MS_DISCARD,		/* say yes, deliver to nobody */
	MS_DEFER,		/* 4xx */
	MS_REJECT,		/* 5xx */
	MS_HANG_UP		/* 421 or nothing, then close */
};

/* ms_verdict.code with MS_HANG_UP: close without a word.  What became of the
   message is not known: either answer could be a lie. */
#define MS_CODE_SILENT	UINT32_MAX

struct ms_verdict {
	uint32_t size;
	uint32_t action;	/* preset to MS_NO_OPINION */
	int32_t  score;		/* thousandths; added up by the pipeline */
	uint32_t code;		/* SMTP reply code; 0: by the action */
	int64_t  delay_us;	/* tarpit: answer so much later; no thread waits */
	char     enhanced[12];	/* RFC 3463, or "" */
	char     text[240];	/* for the peer */
	char     label[64];	/* for log, trace and counters: the rule's name */
};

struct ms_look {
	uint32_t           size;
	uint32_t           at;		/* MS_AT_..., one bit */
	struct ms_facts   *session;	/* the connection's facts; NULL: none */
	struct ms_message *message;	/* NULL before MAIL */
	uint32_t           recipient;	/* MS_AT_RCPT, MS_AT_SEND: which */
	uint32_t           n;		/* recipients when `each` was made */
	struct ms_verdict *verdict;	/* for all; filled by the filter */
	/* A verdict for each recipient, where this can be said to the peer (LMTP,
	   PRDR) or done by us; NULL: not wanted.  What is left at
	   MS_NO_OPINION follows `verdict`. */
	struct ms_verdict *const *each;
	/* The filter's own, from its first call for a connection to forget():
	   a milter keeps its socket here.  Preset to NULL. */
	void             **state;
};

/* What an instance wants and touches; may depend on its configuration. */
struct ms_filter_plan {
	uint32_t size;
	uint32_t at;			/* MS_AT_... or'ed */
	uint32_t touches;		/* MS_TOUCH_..., what it edits */
	uint32_t cost;			/* 1 memory, 2 disk, 3 DNS, 4 network,
					   5 scanner: the cheaper goes first */
	const char *const *needs;	/* facts read; "spf." a whole family */
	const char *const *gives;	/* facts set; both end with NULL */
};

#define MS_FILTER_ID "ms.filter/1"
struct ms_filter {
	uint32_t size;
	/* [main] After create().  Constant for the instance. */
	const struct ms_filter_plan *(*plan)(struct ms_instance *);
	/* [worker] One call at a time for one connection, many connections at
	   once.  Within the scope's deadline. */
	ms_status (*judge)(struct ms_instance *, const struct ms_scope *,
	    const struct ms_look *, struct ms_error *);
	/* [worker] The connection is over; only called with a state set. */
	void (*forget)(struct ms_instance *, void *state);
	/* [worker] Optional.  A user or admin said what this is (moved into
	   or out of Junk, by any protocol).  spam: 1, 0; account "" the site. */
	ms_status (*learn)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str account, struct ms_blob *content, uint32_t spam,
	    struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
