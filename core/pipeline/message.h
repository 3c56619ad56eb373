/* SPDX-License-Identifier: ISC */
/*
 * message.h - a message in the core: what stands behind struct ms_message
 *
 * A message is owned by one session, handover or maker and used by one thread
 * at a time, but for filter calls: those get a view each (message_view), which
 * reads the message and notes edits of its own; the views' edits are applied,
 * in the order of the pipeline, when all calls that ran side by side are over.
 */
#ifndef CORE_PIPELINE_MESSAGE_H
#define CORE_PIPELINE_MESSAGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <mansio/arena.h>
#include <mansio/filter.h>
#include <mansio/message.h>
#include <mansio/plugin.h>

#include "base/scope.h"
#include "pipeline/overlay.h"

#define MESSAGE_MAX_RECIPIENTS	100000	/* the protocols' own limits are lower */

struct pipeline;

struct recipient {
	struct ms_recipient pub;	/* first */
	bool removed;
};

struct auth_result {
	struct auth_result   *next;
	struct ms_auth_result pub;
};

/* What a filter call wants changed; applied or dropped as a whole. */
enum edit_kind { EDIT_HEADER, EDIT_BODY, EDIT_REVERSE_PATH, EDIT_ADD, EDIT_REMOVE,
	EDIT_RESULT, EDIT_FACT };
struct edit {
	struct edit *next;
	enum edit_kind kind;
	uint32_t      how;		/* MS_HEADER_... */
	int32_t       nth;
	uint32_t      number;		/* EDIT_REMOVE; EDIT_FACT: recipient, UINT32_MAX none */
	struct ms_str name, value;
	struct ms_blob *body;		/* held */
	struct ms_recipient recipient;
	struct ms_auth_result result;
};

struct ms_message {
	struct owned    owned;		/* first */
	struct owner   *owner;
	atomic_uint     holders;	/* its owner, and each filter call under way */
	/* A call that overstays its time may still read while others go on. */
	pthread_mutex_t lock;
	struct ms_arena *arena;
	struct ms_message_info info;	/* n_recipients: those that were not removed */
	char            id[24];		/* info.id lies here */
	struct recipient **recipients;	/* by number, also the removed */
	uint32_t        n_numbers, cap_recipients;
	struct ms_facts *facts;
	struct auth_result *results, **last_result;
	struct overlay  overlay;
	struct ms_blob *body;		/* held; info.body is it */
	struct ms_session *session;	/* NULL: none */
	struct pipeline *pipeline;	/* NULL: none (a handover's) */
	struct ms_buf   trace;		/* lines of what stages said */
	uint32_t        decision;	/* MS_QUARANTINE, MS_DISCARD: what a stage
					   wants done with what is accepted; 0 */
	char            decision_label[64];
	/* A view: */
	struct ms_message *base;	/* NULL: this is no view */
	uint32_t        touches;
	const char *const *gives;
	struct edit    *edits, **last_edit;
	struct ms_facts *view_facts;
};

/* scope: its owner gives the message up.  parent: facts it sees. */
struct ms_message *message_new(const struct ms_scope *scope,
    struct ms_facts *parent);
struct ms_message *message_hold(struct ms_message *m);
/* One holder less; accepts NULL. */
void message_release(struct ms_message *m);
/* The same, by whoever made it, before its owner ends. */
void message_drop(struct ms_message *m);
void message_set_id(struct ms_message *m, struct ms_str id);
/* Copies it; the number is given here. */
struct recipient *message_add_recipient(struct ms_message *m,
    const struct ms_recipient *r);
void message_set_body(struct ms_message *m, struct ms_blob *body);
/* As it would be delivered now; to be released. */
ms_status message_content(struct ms_message *m, struct ms_blob **blob_out,
    struct ms_error *err);

/* A view for one filter call, in the arena; touches, needs and gives are its
   plan's. */
struct ms_message *message_view(struct ms_message *m, struct ms_arena *arena,
    const struct ms_filter_plan *plan);
/* Applies what the view noted, or drops it. */
void message_apply(struct ms_message *m, struct ms_message *view);
void message_discard(struct ms_message *view);
/* A list of names without any: facts_view()'s NULL would mean all. */
extern const char *const no_names[];

/* Service ms.message/1. */
extern const struct ms_message_api message_service;

#endif
