/* SPDX-License-Identifier: ISC */
/*
 * mock.h - a host for unit tests of plugins, without the core
 *
 * libmansio-mock offers the services of the contract over plain memory: the
 * clock stands still until told, ops have ended when they begin, blobs are
 * memory or files, jobs run at once on the backend, the log is kept.  A test
 * drives a plugin by its tables and looks at what it left.  Not there are
 * dial, resolver and secret: a test that needs one gives a table of its own by
 * ms_mock_service().
 *
 *	struct ms_mock *mock = ms_mock_new(ms_plugin_entry());
 *	ms_mock_option(mock, "limit", "1000");
 *	struct ms_instance *self = ms_mock_create(mock);	fails the test
 *
 * Mistakes of the test abort() with a message, and so does a plugin that
 * breaks the contract: it asks for an option or reads a fact that it did not
 * declare, releases a blob twice, uses a writer, op, message or session after
 * its end, reads an op's result before it waited for it, writes far past the
 * output mark, leaves a job without a status, waits for what nobody can
 * bring.  What it was lent ends on time, so that a sanitizer finds the rest.
 * One thread.
 */
#ifndef MANSIO_MOCK_H
#define MANSIO_MOCK_H

#include <mansio/arena.h>
#include <mansio/auth.h>
#include <mansio/batch.h>
#include <mansio/config.h>
#include <mansio/message.h>
#include <mansio/pipeline.h>
#include <mansio/protocol.h>
#include <mansio/str.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ms_mock;

/* The entry is checked as the core would; aborts on what it would refuse. */
struct ms_mock *ms_mock_new(const struct ms_plugin *plugin);
/* stop, destroy, and all memory; its directory, too. */
void ms_mock_free(struct ms_mock *m);

/* ---- the instance's section; before create ---- */
/* By text as in a config, units included; a list: once for each element. */
void ms_mock_option(struct ms_mock *m, const char *name, const char *value);
/* An option of a nested section is named "to.TITLE.pace"; "to.TITLE" with the
   value NULL makes a section of defaults.  An option of type BACKEND of which
   nothing but the title is asked needs ms_mock_option() alone. */
void ms_mock_backend(struct ms_mock *m, const char *name, const char *title,
    struct ms_backend backend);
void ms_mock_title(struct ms_mock *m, const char *title);
void ms_mock_roles(struct ms_mock *m, uint32_t roles);
/* A directory of its own, made empty, removed by free (path NULL, and where
   nothing is said); or one that stays. */
void ms_mock_directory(struct ms_mock *m, const char *path);
/* Replaces or hides (table NULL) a service. */
void ms_mock_service(struct ms_mock *m, const char *id, const void *table);

/* create and start; a failure prints its error and aborts. */
struct ms_instance *ms_mock_create(struct ms_mock *m);
/* The same, giving the status instead. */
ms_status ms_mock_try_create(struct ms_mock *m, struct ms_error *err);
struct ms_instance *ms_mock_instance(struct ms_mock *m);
/* A further mock shares clock, blobs and services with it: a second plugin. */
struct ms_mock *ms_mock_beside(struct ms_mock *m,
    const struct ms_plugin *plugin);

/* ---- what calls need ---- */
const struct ms_host *ms_mock_host(struct ms_mock *m);
/* Fresh arena each time; lives until free.  flags: MS_SCOPE_... */
const struct ms_scope *ms_mock_scope(struct ms_mock *m, uint32_t flags);
void ms_mock_set_time(struct ms_mock *m, int64_t now_us);	/* 2026-01-01 at first */
void ms_mock_advance(struct ms_mock *m, int64_t us);
/* From now on each look at the clock lets so much time pass: for limits on the
   time that something takes. */
void ms_mock_tick(struct ms_mock *m, int64_t us);
struct ms_blob *ms_mock_blob(struct ms_mock *m, struct ms_str octets);
/* All its octets, NUL after them, in the mock's memory. */
struct ms_str ms_mock_blob_octets(struct ms_mock *m, struct ms_blob *b);
/* Blobs made and not released: a leak check. */
uint32_t ms_mock_blobs_held(struct ms_mock *m);
/* A message by envelope and content; recipients end with NULL. */
struct ms_message *ms_mock_message(struct ms_mock *m, const char *from,
    const char *const *to, struct ms_str content);
/* Content with the overlay's edits, as text. */
struct ms_str ms_mock_message_octets(struct ms_mock *m, struct ms_message *msg);
/* Connection facts that sessions and looks have: "client.address" ... */
void ms_mock_fact(struct ms_mock *m, const char *name, const char *value);
/* All of them, for a look that a test makes itself. */
struct ms_facts *ms_mock_facts(struct ms_mock *m);
/* ms.directory/1: an entry; fields as "name=value; name=value". */
void ms_mock_entry(struct ms_mock *m, uint32_t kind, const char *key,
    const char *fields);

/* Runs jobs on the plugin's own ms.batch/1, as the core would: sharded,
   prepare() then run().  Returns the worst status. */
ms_status ms_mock_run(struct ms_mock *m, struct ms_job *const *jobs, size_t n);
/* Runs timers that are due, and events that were published, through
   ms.tasks/1; returns how many. */
uint32_t ms_mock_run_tasks(struct ms_mock *m);
/* Calls judge() of the plugin's own ms.filter/1 as a stage that is held to its
   plan: points, touches, facts.  Edits take effect at once.  The verdict is
   preset here. */
ms_status ms_mock_judge(struct ms_mock *m, uint32_t at,
    struct ms_message *message, uint32_t recipient,
    struct ms_verdict *verdict_out);

/* ---- what it left ---- */
/* A counter, gauge or histogram: the sum of what was added. */
int64_t ms_mock_metric(struct ms_mock *m, const char *name, const char *labels);
/* Log lines, "level text name=value ..." each with a newline. */
struct ms_str ms_mock_log(struct ms_mock *m);
/* Topics published, "topic data\n". */
struct ms_str ms_mock_events(struct ms_mock *m);

/* ---- a session of a protocol plugin ---- */
struct ms_mock_session;
/* Connects: open() runs. */
struct ms_mock_session *ms_mock_connect(struct ms_mock *m);
/* Gives input; steps run until nothing that is waited for is there.  Lines,
   literals and bodies are framed as the core does; the peer reads at once.
   Nothing happens once the session is closed. */
void ms_mock_send(struct ms_mock_session *s, struct ms_str octets);
void ms_mock_send_c(struct ms_mock_session *s, const char *text);
/* What was written since the last call (BODYs by reference filled in). */
struct ms_str ms_mock_sent(struct ms_mock_session *s);
/* An event, heard if its topic is watched; the peer goes; time passes (what the
   wait says as its timeout). */
void ms_mock_event(struct ms_mock_session *s, const char *topic);
void ms_mock_hang_up(struct ms_mock_session *s);
void ms_mock_timeout(struct ms_mock_session *s);
/* The server wants to stop: what retire() says. */
ms_status ms_mock_retire(struct ms_mock_session *s);
/* 1 once the plugin ended it (or hang_up). */
uint32_t ms_mock_is_closed(struct ms_mock_session *s);
const struct ms_wait *ms_mock_waits(struct ms_mock_session *s);

/* ---- what its services answer ---- */
/* ms.auth/1: this pair logs in, by PLAIN; others are denied.  PLAIN is offered
   where the facts have a tls.version, or client.address is the loopback. */
void ms_mock_login(struct ms_mock *m, const char *user, const char *password,
    const char *account);
/* ms.pipeline/1: the verdict at a point (MS_AT_...), for recipient number or
   UINT32_MAX; sticks until changed.  MS_AT_SEND is submit()'s: what a
   submission THROUGH tells of each; for all, MS_DEFER makes the queue fail. */
void ms_mock_verdict(struct ms_mock *m, uint32_t at, uint32_t recipient,
    uint32_t action, uint32_t code, const char *enhanced, const char *text);
/* Messages submitted so far; the i-th as an SMTP transcript: "FROM\nTO\nTO\n\n"
   and its content. */
uint32_t ms_mock_n_submitted(struct ms_mock *m);
struct ms_str ms_mock_submitted(struct ms_mock *m, uint32_t i);

#ifdef __cplusplus
}
#endif
#endif
