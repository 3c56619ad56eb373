/* SPDX-License-Identifier: ISC */
/*
 * mailbox.h - kind: stores mailboxes
 *
 * An account is a tree of mailboxes with one owner; it never spans two
 * shards.  Reads are the functions of struct ms_mailbox, writes are jobs
 * (batch.h).  IMAP, POP3, JMAP, Sieve, local delivery, migration and the
 * conformance suite call the same table that a backend fills in.
 *
 * Reads are pages.  A call returns at most `limit` items and opens and
 * closes its read transaction itself; the next page begins after the last
 * item of this one, named by its key (`after`; only the key's members are
 * read; NULL or "": from the start).  An empty page is the end.  So nothing
 * is pinned while a client is slow, there is no cursor to leak over a parked
 * session or to lose when the backend is exchanged, and a page can come from
 * LMDB (seek and walk), Maildir (an array), PostgreSQL (WHERE key > $1 LIMIT
 * n) or RADOS (omap after key) alike.  Each page is a consistent view of its
 * own; the modification sequence tells whether two pages saw the same.
 *
 * Thread rules.  All functions are [worker] and run side by side, also for
 * one account: what they share in an account handle is locked by the
 * backend.  An open account that nobody calls holds no descriptor, no
 * transaction, no lock and at most a few hundred octets.
 *
 * What a backend keeps: UIDs ascend and are never used again under one
 * UIDVALIDITY, no error makes it renumber; each change gets a modseq above
 * all that the account had (one value a job), so that it orders the changes
 * of a mailbox (RFC 7162) and of an account (RFC 8620 states) alike; an
 * expunged UID is remembered with its modseq.
 *
 * Who else acts: the core's side of the table checks rights (RFC 4314),
 * publishes "mailbox/ACCOUNT/ID" after a commit and fills in limits of quota.
 * A backend knows neither rights nor the bus (but for watch()).
 */
#ifndef MANSIO_MAILBOX_H
#define MANSIO_MAILBOX_H

#include <mansio/batch.h>
#include <mansio/query.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_account;		/* the backend's, from open() to close() */

enum {	/* system flags, RFC 9051 2.3.2 */
	MS_FLAG_SEEN = 1, MS_FLAG_ANSWERED = 2, MS_FLAG_FLAGGED = 4,
	MS_FLAG_DELETED = 8, MS_FLAG_DRAFT = 16
};

/* ---- mailboxes -------------------------------------------------------- */

enum {	/* ms_box.flags */
	MS_BOX_NOSELECT = 1,	/* a name alone, with children or none */
	MS_BOX_GONE     = 2	/* deleted since `since`: id and modseq only */
};

struct ms_box {
	uint32_t      size;
	uint32_t      flags;
	struct ms_id  id;		/* MAILBOXID, RFC 8474; survives a rename */
	struct ms_str name;		/* UTF-8 in NFC, "/" between levels, "INBOX";
					   a value, never a path of files */
	struct ms_str special_use;	/* "\\Junk", RFC 6154; "" none */
	uint32_t      uidvalidity, uidnext;
	uint64_t      modseq;		/* HIGHESTMODSEQ, RFC 7162 */
	uint64_t      box_modseq;	/* of name, special use, properties */
	uint64_t      octets;		/* RFC 8438 */
	uint32_t      messages, unseen, deleted;
	uint32_t      first_unseen;	/* UID; 0 none */
	uint32_t      recent_from;	/* UIDs from here nobody was told of */
	const struct ms_str *keywords;	/* used in it */
	uint32_t      n_keywords;
};

struct ms_boxes {
	uint32_t        size;
	uint32_t        n;
	const struct ms_box *const *boxes;	/* by name, as memcmp orders */
	uint64_t        modseq;		/* of the account's list of mailboxes */
};

/* ---- messages --------------------------------------------------------- */

enum {	/* which members of a row are wanted; uid and modseq always are */
	MS_ROW_FLAGS   = 1 << 0,	/* flags and keywords */
	MS_ROW_SIZE    = 1 << 1,
	MS_ROW_DATES   = 1 << 2,
	MS_ROW_IDS     = 1 << 3,
	MS_ROW_DIGEST  = 1 << 4,
	MS_ROW_EXPUNGED = 1 << 5	/* instead of the living: the expunged that can
					   still be restored */
};

struct ms_row {
	uint32_t      size;
	uint32_t      uid;
	uint64_t      modseq;
	uint32_t      flags;		/* MS_FLAG_... */
	uint32_t      n_keywords;
	const struct ms_str *keywords;
	uint64_t      octets;		/* RFC822.SIZE, exact */
	int64_t       arrived_us;	/* INTERNALDATE */
	int64_t       saved_us;		/* RFC 8514; 0 unknown */
	struct ms_id  box;		/* for fetch over a whole account */
	struct ms_id  email_id;		/* same content, same id */
	struct ms_id  thread_id;	/* zero: NIL */
	/* libmansio's compact description of the message, made once at
	   delivery: ENVELOPE, BODYSTRUCTURE, offsets of header and parts, sort
	   keys, preview.  Its first octet is its version.  Stored unread by
	   the backend; "": none, the caller parses and may keep it (MARK). */
	struct ms_str digest;
};

struct ms_fetch {
	uint32_t        size;
	uint32_t        want;		/* MS_ROW_... */
	struct ms_id    box;		/* zero: the whole account (JMAP) */
	struct ms_uids  uids;		/* n 0: all.  Ascends, see query.h */
	const struct ms_id *email_ids;	/* only these; with a zero box */
	size_t          n_email_ids;
	uint64_t        changed_since;	/* only a modseq above; 0: all */
	const struct ms_row *after;	/* key: uid; modseq, box, uid */
	uint32_t        limit;		/* rows; the backend may give fewer */
	uint32_t        flags;		/* 0 */
};

struct ms_rows {
	uint32_t        size;
	uint32_t        n;
	const struct ms_row *const *rows;	/* by uid; with changed_since or
						   a zero box by modseq, box, uid */
	uint64_t        modseq;		/* HIGHESTMODSEQ of this page's view */
};

struct ms_vanished {
	uint32_t       size;
	uint32_t       complete;	/* 0: older expunges are forgotten: take all
					   UIDs that search() does not name */
	struct ms_uids uids;
	uint64_t       modseq;
};

/* ---- properties: whatever hangs on a mailbox or an account ------------- */

/*
 * One mechanism for METADATA (RFC 5464), ACL (RFC 4314), subscriptions,
 * named searches (RFC 5466), Sieve scripts and state, JMAP settings:
 *	"shared/comment" "private/ANN/comment"    "subscribed/ANN"
 *	"acl/ANN" = "lrswi"    "filter/NAME"    "sieve/NAME"
 */
struct ms_property {
	uint32_t      size;
	uint32_t      flags;		/* 1: gone since `since` */
	struct ms_id  box;		/* zero: the account's own */
	struct ms_str name;
	struct ms_str value;		/* at most 64 KiB */
	uint64_t      modseq;
};

struct ms_properties {
	uint32_t        size;
	uint32_t        n;
	const struct ms_property *const *properties;	/* by box, name */
};

struct ms_usage {		/* RFC 9208; what is used.  Limits: directory.h */
	uint32_t size;
	uint32_t flags;		/* 0 */
	uint64_t octets, messages, mailboxes, annotation_octets;
};

struct ms_accounts {
	uint32_t      size;
	uint32_t      n;
	const struct ms_str *names;	/* ascending */
};

/* ---- reads: interface, and what a BACKEND option gives ------------------ */

#define MS_MAILBOX_ID "ms.mailbox/1"
struct ms_mailbox {
	uint32_t size;

	/* [worker] name: the account, as in the directory.  actor: on whose
	   behalf ("" the server's own: all rights).  MS_NOTFOUND: no such
	   account; CREATE of a first mailbox makes it.  MS_TEMPFAIL also while
	   the account moves between backends; soon again. */
	ms_status (*open)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str name, struct ms_str actor,
	    struct ms_account **account_out, struct ms_error *);
	/* [worker] Accepts NULL. */
	void (*close)(struct ms_instance *, struct ms_account *);

	/* [worker] Mailboxes whose name begins so, and either is equal or goes
	   on with "/"; "" all.  counters 0: the numbers may be left 0.  since
	   (box_modseq) above 0: only changed ones, with the gone. */
	ms_status (*list)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, struct ms_str name, uint32_t counters,
	    uint64_t since, struct ms_str after, uint32_t limit,
	    struct ms_boxes *, struct ms_error *);

	/* [worker] Metadata of messages. */
	ms_status (*fetch)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, const struct ms_fetch *, struct ms_rows *,
	    struct ms_error *);

	/* [worker] What was expunged after `since`, of `within` (n 0: of all):
	   QRESYNC.  Costs what changed, not what there is. */
	ms_status (*vanished)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, const struct ms_id *box, uint64_t since,
	    struct ms_uids within, struct ms_vanished *, struct ms_error *);

	/* [worker] No terms: all UIDs, as few ranges as there are gaps; each
	   backend can do that.  With terms: a hint; MS_UNSUPPORTED: scan. */
	ms_status (*search)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, const struct ms_id *box,
	    const struct ms_term *terms, size_t n, struct ms_found *,
	    struct ms_error *);

	/* [worker] The content, to be released; also of an expunged one while it
	   can be restored, so that a session that still shows it can read it
	   (RFC 2180).  MS_NOTFOUND otherwise. */
	ms_status (*body)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, const struct ms_id *box, uint32_t uid,
	    struct ms_blob **blob_out, struct ms_error *);

	/* [worker] Properties whose name begins so; box zero: the account's,
	   NULL: of all mailboxes and the account.  since: as in list(). */
	ms_status (*properties)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, const struct ms_id *box, struct ms_str name,
	    uint64_t since, const struct ms_property *after, uint32_t limit,
	    struct ms_properties *, struct ms_error *);

	/* [worker] */
	ms_status (*usage)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, struct ms_usage *, struct ms_error *);

	/* [worker] Account names; having not "": only those with a mailbox
	   that has a property of that name ("acl/ann": what others share with
	   ann).  Also for migration, verification, listing. */
	ms_status (*accounts)(struct ms_instance *, const struct ms_scope *,
	    struct ms_str having, struct ms_str after, uint32_t limit,
	    struct ms_accounts *, struct ms_error *);

	/* [worker] Called by the core when a session's watch() makes somebody wait
	   (on 1), or nobody any more (0), for news of the account.  A backend that can be changed by others than its own
	   batches (a Maildir, another node) now looks, and publishes (bus.h)
	   what it sees.  NULL or MS_UNSUPPORTED: there are no others. */
	ms_status (*watch)(struct ms_instance *, const struct ms_scope *,
	    struct ms_account *, uint32_t on, struct ms_error *);
};

/* ---- writes: jobs for ms.batch/1; job.key is the account's name ------------ */

enum {
	MS_JOB_BOX_CREATE = 0x100, MS_JOB_BOX_CHANGE, MS_JOB_BOX_DELETE,
	MS_JOB_APPEND, MS_JOB_STORE, MS_JOB_EXPUNGE, MS_JOB_COPY, MS_JOB_RESTORE,
	MS_JOB_MARK, MS_JOB_PROPERTY, MS_JOB_FORGET
};

/* CREATE, CHANGE (RENAME, with all below it), DELETE (RFC 9051 6.3.4-6). */
struct ms_job_box {
	struct ms_job job;
	struct ms_id  id;		/* CREATE: zero: out, made; else as given */
	struct ms_str name;		/* CREATE, CHANGE: parents are made */
	struct ms_str special_use;
	/* CREATE, for migration; 0: the backend's choice.  CHANGE: raises. */
	uint32_t      uidvalidity, uidnext;
	uint64_t      modseq;
	uint64_t      modseq_out;
};

struct ms_job_append {
	struct ms_job job;
	struct ms_id  box;
	struct ms_blob *body;		/* held until the job is done */
	uint64_t      octets;
	uint32_t      flags;		/* MS_FLAG_... */
	uint32_t      n_keywords;
	const struct ms_str *keywords;
	int64_t       arrived_us;
	struct ms_str digest;
	struct ms_id  email_id;		/* zero: made */
	struct ms_id  thread_id;	/* zero: found by thread_keys, or made */
	const uint64_t *thread_keys;	/* hashes of Message-ID and References: who
					   shares one of them, shares a thread */
	uint32_t      n_thread_keys;
	/* A delivery: the message's id and the number of the recipient, which is
	   written over the id's last two octets; that is the key.  Seen before:
	   MS_OK, the old uid, repeated 1; survives EXPUNGE, ends by FORGET.
	   Zero: none. */
	uint32_t      delivery_number;
	struct ms_id  delivery_id;
	/* Quota that must hold within the transaction; 0: none. */
	uint64_t      limit_octets, limit_messages;
	/* For migration, else 0: exactly these.  MS_EXISTS if taken. */
	uint32_t      uid;
	uint32_t      repeated_out;
	uint64_t      modseq;
	int64_t       saved_us;		/* RFC 8514; 0: now */
	uint32_t      uid_out, uidvalidity_out;	/* RFC 4315 APPENDUID */
	uint64_t      modseq_out;
	struct ms_str place;		/* batch.h, prepare() */
};

enum { MS_STORE_ADD = 1, MS_STORE_REMOVE, MS_STORE_REPLACE };

struct ms_job_store {
	struct ms_job  job;
	struct ms_id   box;
	struct ms_uids uids;		/* missing ones are passed over */
	uint32_t       how;		/* MS_STORE_... */
	uint32_t       flags;
	const struct ms_str *keywords;
	uint32_t       n_keywords;
	uint32_t       reserved;
	/* RFC 7162 3.1.3: a message with a higher modseq is left alone and
	   named in failed_out; UINT64_MAX: no condition.  0 fails all. */
	uint64_t       unchanged_since;
	uint64_t       modseq;		/* for migration: exactly this; else 0 */
	struct ms_uids changed_out;	/* really changed: only these got the modseq */
	struct ms_uids failed_out;	/* MODIFIED; the job is still MS_OK */
	uint64_t       modseq_out;
};

struct ms_job_expunge {
	struct ms_job  job;
	struct ms_id   box;
	struct ms_uids uids;		/* n 0: all */
	uint32_t       only_deleted;	/* 1: those with \Deleted */
	uint32_t       forever;		/* 1: not to be restored */
	uint64_t       modseq;		/* for migration: remember these as vanished
					   then, also if they never were here; else 0 */
	struct ms_uids gone_out;
	uint64_t       modseq_out;
};

/* COPY, MOVE (RFC 6851) within an account.  Between accounts: an append by
   the same blob, then an expunge.  RESTORE: undelete, to box `to`. */
struct ms_job_copy {
	struct ms_job  job;
	struct ms_id   from, to;
	struct ms_uids uids;
	uint32_t       move;		/* 1: and expunge, as one */
	uint32_t       uidvalidity_out;
	uint64_t       limit_octets, limit_messages;
	struct ms_uids from_out, to_out;	/* COPYUID: pairwise, ascending */
	uint64_t       modseq_out;
	uint64_t       from_modseq_out;	/* move: of the source */
};

/* Things that may be lost in a crash without harm: what was told as recent,
   a digest made anew. */
struct ms_job_mark {
	struct ms_job job;
	struct ms_id  box;
	uint32_t      recent_from;	/* 0: leave.  Only ever raised; the value
					   before comes back, so that one of two
					   sessions gets \Recent */
	uint32_t      recent_from_out;
	uint32_t      uid;		/* 0: no digest */
	uint32_t      reserved;
	struct ms_str digest;
};

struct ms_job_property {
	struct ms_job job;
	struct ms_id  box;
	struct ms_str name;
	struct ms_str value;		/* data NULL: remove */
	uint64_t      unchanged_since;	/* as above: else MS_CONFLICT */
	uint64_t      modseq_out;
};

/* All deliveries with these ids are final: forget first..last, in all shards.
   job.key is "". */
struct ms_job_forget {
	struct ms_job job;
	struct ms_id  first, last;
};

#ifdef __cplusplus
}
#endif
#endif
