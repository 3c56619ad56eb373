/* SPDX-License-Identifier: ISC */
/*
 * internal.h - what the parts of the mock host know of each other
 *
 * A world is what a mock and those beside it share: clock, blobs, log, bus,
 * canned answers.  All heads of handles lie in its arena until it ends, so
 * that one which is used after its release is found, not followed.
 */
#ifndef MANSIO_MOCK_INTERNAL_H
#define MANSIO_MOCK_INTERNAL_H

#include <stdbool.h>

#include <mansio/buf.h>
#include <mansio/bus.h>
#include <mansio/clock.h>
#include <mansio/directory.h>
#include <mansio/log.h>
#include <mansio/metrics.h>
#include <mansio/mock.h>
#include <mansio/scope.h>
#include <mansio/task.h>

#define MOCK_OUTPUT_MARK	((size_t)64 * 1024)
#define MOCK_MAX_BUF		((size_t)1 << 30)

/* Says what was done wrong, by plugin or test, and aborts. */
__attribute__((noreturn, format(printf, 1, 2)))
void mock_die(const char *format, ...);

/* ---- who gives up what: scope.c ---- */

struct owned {
	struct owned  *next, **back;	/* back NULL: nobody's */
	void         (*give_up)(struct owned *);
};

struct owner {
	struct owned *first;
	bool          cancelled;
};

struct mock_scope {
	struct ms_scope pub;		/* first; its size is this struct's */
	struct owner   *owner;
};

void owner_join(struct owner *o, struct owned *x);
void owner_leave(struct owned *x);
/* Everything that is left goes. */
void owner_end(struct owner *o);
struct owner *scope_owner(const struct ms_scope *scope);
void scope_init(struct mock_scope *s, struct ms_mock *m, struct owner *owner,
    struct ms_arena *arena);
/* Whose scope it is; dies without a host of the mock. */
struct ms_mock *scope_mock(const struct ms_scope *scope);

/* ---- the world ---- */

struct override {
	struct override *next;
	const char      *id;
	const void      *table;		/* NULL: hidden */
};

struct canned_verdict {
	struct canned_verdict *next;
	uint32_t               at, recipient;
	struct ms_verdict      verdict;
};

struct canned_login {
	struct canned_login *next;
	struct ms_str        user, password, account;
};

struct canned_entry {
	struct canned_entry *next;
	struct ms_entry      entry;
};

struct submitted {
	struct submitted *next;
	struct ms_str     text;
};

struct world {
	struct ms_arena       *arena;
	struct owner           owner;	/* what belongs to no session */
	int64_t                now_us, steady_us, tick_us;
	uint64_t               chance;
	struct ms_buf          log, events;
	struct ms_mock        *mocks;		/* the first is the main one */
	struct ms_blob        *blobs;
	struct ms_mock_session *sessions;
	struct ms_facts       *facts;		/* of every connection */
	struct override       *overrides;
	struct canned_verdict *verdicts;
	struct canned_login   *logins;
	struct canned_entry   *entries;		/* by key */
	struct submitted      *submitted;
	struct ms_metric      *metrics;
	uint32_t               n_messages, n_sessions;
	const struct ms_filter_plan *judging;	/* whose call runs; NULL: none */
};

struct ms_mock {
	struct ms_host          host;	/* first */
	struct ms_mock         *next;
	struct world           *world;
	const struct ms_plugin *plugin;
	struct ms_config       *config;
	struct ms_instance     *instance;
	bool                    created, started;
	char                   *directory;
	bool                    owns_directory;
	struct mock_scope       scope;		/* host.scope */
	struct pending         *pending;	/* tasks.c */
	struct subscription    *subscriptions;
};

/* The one that made the instance, or NULL. */
struct ms_mock *world_find(struct world *w, const struct ms_instance *self);
const void *world_service(struct world *w, const char *id);
const char *mock_directory_path(struct ms_mock *m);

/* ---- config.c, units.c ---- */

struct ms_config *config_new(struct ms_mock *m);
void config_option(struct ms_config *root, const char *name, const char *value);
void config_backend(struct ms_config *root, const char *name, const char *title,
    struct ms_backend backend);
void config_title(struct ms_config *root, const char *title);
/* What is missing gets its initial value. */
ms_status config_complete(struct ms_config *root, struct ms_error *err);
/* NULL, or why it is none. */
const char *units_parse(uint32_t type, struct ms_str text, int64_t *number_out,
    int64_t *span_out);

/* ---- facts.c ---- */

struct ms_facts *facts_new(struct world *w, struct ms_facts *parent);
struct ms_str facts_get(const struct ms_facts *f, const char *name);
void facts_put(struct ms_facts *f, struct ms_str name, struct ms_str value);

/* ---- blob.c ---- */

struct ms_blob *blob_of_octets(struct world *w, struct ms_str octets);
/* A hold of the mock's own, which no leak check counts. */
void blob_own(struct ms_blob *b);
void blob_disown(struct ms_blob *b);	/* accepts NULL */
uint64_t blob_octets(const struct ms_blob *b);
/* In the arena, NUL after them. */
struct ms_str blob_read_all(struct ms_blob *b, struct ms_arena *arena);
struct ms_str writer_octets(const struct ms_writer *w);
ms_status writer_write(struct ms_writer *w, struct ms_str octets,
    struct ms_error *err);
uint32_t blobs_held(const struct world *w);
void blobs_free(struct world *w);

/* ---- op.c ---- */

/* Ended, with that status. */
struct ms_op *op_ended(const struct ms_scope *scope, ms_status status,
    const struct ms_error *err);
void op_set_payload(struct ms_op *op, const void *kind, void *payload);
/* The payload that a service put there; dies if the op is another's or was
   never waited for. */
void *op_payload(const struct ms_op *op, const void *kind);
/* It is told to the plugin that it has ended. */
void op_tell(struct ms_op *op, struct ms_came *came);

/* ---- jobs.c ---- */

ms_status jobs_run(struct ms_mock *m, const struct ms_scope *scope,
    struct ms_instance *self, const struct ms_batch *batch,
    struct ms_job *const *jobs, size_t n);

/* ---- tasks.c ---- */

void bus_publish(struct world *w, struct ms_str topic, struct ms_str data);
bool topic_matches(struct ms_str watched, struct ms_str topic);

/* ---- message.c, overlay.c ---- */

struct ms_message *message_new(struct world *w, struct owner *owner,
    struct ms_facts *parent);
void message_add(struct ms_message *msg, struct ms_str path);
void message_set_body(struct ms_message *msg, struct ms_blob *body);
/* Overlay and body, in the world's memory. */
struct ms_str message_octets(struct ms_message *msg);
/* "FROM\nTO\n\n" and the octets; the message can't be changed afterwards. */
struct ms_str message_submit(struct ms_message *msg);
void message_drop(struct ms_message *msg);
void message_place(struct ms_message *msg, uint32_t number);

struct overlay_field {
	struct overlay_field *next;
	struct ms_str         name, whole;
};

/* A header, and what was changed in it. */
struct overlay {
	struct overlay_field *prepended, *fields;
	bool                  is_apart;	/* fields are the whole header */
	bool                  has_end;	/* it had an empty line */
	size_t                octets;	/* of the header as it came */
};

/* Takes a header apart; nothing happens the second time. */
void overlay_read(struct overlay *o, struct ms_arena *a, struct ms_str content);
ms_status overlay_edit(struct overlay *o, struct ms_arena *a, uint32_t edit,
    struct ms_str name, int32_t nth, struct ms_str value, struct ms_error *err);
const struct overlay_field *overlay_find(const struct overlay *o,
    struct ms_str name, uint32_t nth);
uint32_t overlay_count(const struct overlay *o);
/* What was prepended, and the rest of the header. */
void overlay_write(const struct overlay *o, bool with_fields, struct ms_buf *out);

/* ---- auth.c ---- */

/* The account that the exchange logged in; len 0: nobody. */
struct ms_str exchange_account(const struct ms_exchange *e);

/* ---- frame.c ---- */

struct frame {
	uint32_t framing, flags;
	uint64_t left, line, count;
	bool     at_start, after_cr, in_header, paused, done;
	uint32_t held;			/* of ".\r", not yet judged */
	struct ms_writer *into;
	uint64_t max;
	ms_status status;
	struct ms_error error;
};

enum { FRAME_MORE, FRAME_HEADER, FRAME_END };

/* A new body, or the rest of the one before. */
void frame_begin(struct frame *f, bool is_new, const struct ms_wait *wait);
/* *used_out octets are done with. */
int frame_take(struct frame *f, struct ms_str in, size_t *used_out);
void frame_came(const struct frame *f, int how, struct ms_came *came);
uint32_t octets_flags(struct ms_str octets);
/* True: a line came.  *is_flood: and it is far too long. */
bool line_take(struct ms_str in, size_t max, struct ms_str *line_out,
    size_t *used_out, uint32_t *flags_out, bool *is_flood);

/* ---- session.c, talk.c ---- */

struct watch {
	struct watch *next;
	struct ms_str topic;
	struct ms_str heard;		/* data NULL: nothing */
};

struct ms_session {
	struct ms_mock_session *next;
	struct ms_mock   *mock;
	const struct ms_protocol *protocol;
	struct owner      owner;
	struct mock_scope whole;	/* the session's own */
	struct ms_facts  *facts;
	struct ms_buf     in, sent;
	size_t            unsent;	/* as write() tells it */
	size_t            unsent_memory;	/* of it, not by reference */
	size_t            drained;	/* octets of sent that the peer has */
	struct ms_wait    wait;
	struct ms_op     *ops[64];	/* those of wait */
	struct frame      body;
	bool              has_body;
	void             *state;
	struct watch     *watches;
	uint32_t          n_watches;
	bool              alive, closed, ending, peer_gone, pipelined, in_step;
	bool              flooded;
	/* hand_over() was called: */
	bool              hands_over;
	struct ms_str     account, carry;
};

struct ms_mock_session {
	struct ms_session s;
};

void session_watch_drop(struct ms_session *s);
void session_hear(struct ms_session *s, struct ms_str topic);
void session_free(struct ms_mock_session *s);

/* ---- the tables ---- */

extern const struct ms_scope_api mock_scope_service;
extern const struct ms_config_api mock_config_service;
extern const struct ms_log mock_log_service;
extern const struct ms_clock mock_clock_service;
extern const struct ms_metrics mock_metrics_service;
extern const struct ms_facts_api mock_facts_service;
extern const struct ms_blob_api mock_blob_service;
extern const struct ms_op_api mock_op_service;
extern const struct ms_commit mock_commit_service;
extern const struct ms_bus mock_bus_service;
extern const struct ms_timer mock_timer_service;
extern const struct ms_message_api mock_message_service;
extern const struct ms_pipeline mock_pipeline_service;
extern const struct ms_auth mock_auth_service;
extern const struct ms_directory mock_directory_service;
extern const struct ms_session_api mock_session_service;

#endif
