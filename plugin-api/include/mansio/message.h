/* SPDX-License-Identifier: ISC */
/*
 * message.h - one message on its way: envelope, body by reference, header
 * overlay, facts, results
 *
 * The body never changes in place.  What stages want changed is noted as
 * edits: an overlay over the header, another blob for the body, other
 * recipients.  An edit made inside a filter call takes effect when that call
 * has returned in time and its stage counts (is not shadowed); edits of
 * stages that ran side by side are applied in the order of the pipeline.  So
 * a message reads the same to a stage whether its neighbours were fast or
 * slow, in this process or in another.
 */
#ifndef MANSIO_MESSAGE_H
#define MANSIO_MESSAGE_H

#include <mansio/blob.h>
#include <mansio/facts.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {	/* ms_message_info.flags */
	MS_MESSAGE_SMTPUTF8   = 1 << 0,	/* RFC 6531 */
	MS_MESSAGE_8BIT       = 1 << 1,	/* RFC 6152 */
	MS_MESSAGE_BINARY     = 1 << 2,	/* RFC 3030 */
	MS_MESSAGE_REQUIRETLS = 1 << 3,	/* RFC 8689 */
	MS_MESSAGE_RET_FULL   = 1 << 4,	/* RFC 3461 4.3 */
	MS_MESSAGE_RET_HDRS   = 1 << 5,
	MS_MESSAGE_OWN        = 1 << 6,	/* sent by one of our accounts */
	MS_MESSAGE_BOUNCE     = 1 << 7	/* made here, null reverse-path */
};

struct ms_message_info {
	uint32_t      size;
	uint32_t      flags;
	struct ms_id  delivery_id;	/* zero until accepted; then its place in the queue,
					   last two octets 0 for the recipient's number */
	struct ms_str id;		/* the same for people, as in the log */
	struct ms_str reverse_path;	/* "" is the null reverse-path */
	struct ms_str envid;		/* RFC 3461 4.4, decoded */
	struct ms_str auth;		/* RFC 4954 5., AUTH= decoded */
	int64_t       received_us;
	int64_t       hold_until_us;	/* RFC 4865; 0: none */
	int64_t       deliver_by_us;	/* RFC 2852; 0: none */
	int32_t       by_mode;		/* 'R' or 'N', 'T' added as 0x100 */
	int32_t       priority;		/* RFC 6710: -9..9 */
	uint32_t      n_recipients;
	uint32_t      n_headers;	/* fields, the overlay included */
	uint64_t      header_octets;	/* of the body blob as it came */
	struct ms_blob *body;		/* NULL before it has come; lent */
	struct ms_writer *coming;	/* set_info: into which it comes, so that
					   stages at MS_AT_HEADER see the header */
};

enum {	/* RFC 3461 4.1 */
	MS_NOTIFY_NEVER = 1, MS_NOTIFY_SUCCESS = 2, MS_NOTIFY_FAILURE = 4,
	MS_NOTIFY_DELAY = 8
};

enum {	/* ms_recipient.flags */
	MS_RECIPIENT_FINAL = 1	/* an alias names itself: deliver, expand no more */
};

struct ms_recipient {
	uint32_t      size;
	uint32_t      notify;		/* MS_NOTIFY_...; 0: not given */
	uint32_t      number;		/* stable within the message, from 0 */
	uint32_t      flags;		/* MS_RECIPIENT_... */
	struct ms_str path;		/* forward-path, without <> and route */
	struct ms_str original;		/* RFC 3461 4.2 "rfc822;a@b", or "" */
	struct ms_facts *facts;
	struct ms_str account;		/* in a handover: of ours, by the route; or "" */
};

enum {
	MS_HEADER_PREPEND = 1,	/* above all fields; trace fields (RFC 5321 4.4) */
	MS_HEADER_APPEND,
	MS_HEADER_INSERT,	/* milter insheader: nth counts all fields */
	MS_HEADER_CHANGE,	/* the nth field of that name */
	MS_HEADER_REMOVE	/* nth -1: all of that name */
};

/* One method's result, RFC 8601 2.2; the core writes one field for all. */
struct ms_auth_result {
	uint32_t      size;
	uint32_t      n_properties;
	struct ms_str method;		/* "spf", "dkim" ... */
	struct ms_str result;		/* "pass", "fail" ... */
	struct ms_str reason;		/* or "" */
	struct ms_str comment;		/* or "" */
	const struct ms_field *properties;	/* "smtp.mailfrom" = ... */
};

#define MS_MESSAGE_ID "ms.message/1"
struct ms_message_api {
	uint32_t size;

	/* [worker] Lent until the call that was given the message returns. */
	const struct ms_message_info *(*info)(struct ms_message *);
	/* [worker] The i-th, i < n_recipients. */
	const struct ms_recipient *(*recipient)(struct ms_message *, uint32_t i);
	/* [worker] */
	struct ms_facts *(*facts)(struct ms_message *);
	/* [worker] The nth field (from 0) of that name, of any name if its len
	   is 0, as the overlay shows it: raw value with folding, in the arena.
	   MS_NOTFOUND past the last. */
	ms_status (*header)(const struct ms_scope *, struct ms_message *,
	    struct ms_str name, uint32_t nth, struct ms_field *field_out,
	    struct ms_error *);
	/* [worker] The content as it would be delivered now: overlay and body
	   as one blob, to be released. */
	ms_status (*content)(const struct ms_scope *, struct ms_message *,
	    struct ms_blob **blob_out, struct ms_error *);

	/* [worker] Edits.  Everything is copied.  A CR, LF or NUL that does
	   not belong to folding is MS_INVALID: no header injection.  MS_DENIED:
	   the stage did not declare this touch. */
	ms_status (*edit_header)(struct ms_message *, uint32_t edit,
	    struct ms_str name, int32_t nth, struct ms_str value,
	    struct ms_error *);
	/* Header and body anew, or the body alone (milter replacebody): what
	   follows the header is taken from the blob. */
	ms_status (*replace_body)(struct ms_message *, struct ms_blob *,
	    struct ms_error *);
	ms_status (*set_reverse_path)(struct ms_message *, struct ms_str path,
	    struct ms_error *);
	ms_status (*add_recipient)(struct ms_message *,
	    const struct ms_recipient *, struct ms_error *);
	ms_status (*remove_recipient)(struct ms_message *, uint32_t number,
	    struct ms_error *);
	ms_status (*add_result)(struct ms_message *,
	    const struct ms_auth_result *, struct ms_error *);
	/* [worker] Envelope parameters and body, by who makes the message: a
	   protocol, Sieve, a DSN.  Not for filters (MS_DENIED). */
	ms_status (*set_info)(struct ms_message *,
	    const struct ms_message_info *, struct ms_error *);
};

#ifdef __cplusplus
}
#endif
#endif
