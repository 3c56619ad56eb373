/* SPDX-License-Identifier: ISC */
/*
 * op.h - something under way: the core's side
 *
 * An op is counted: its maker holds it until op_finish() or op_abandon(), its
 * owner until drop().  One watcher at a time is told when it ends.  All [any].
 */
#ifndef CORE_BASE_OP_H
#define CORE_BASE_OP_H

#include <stdbool.h>

#include <mansio/op.h>

#include "base/scope.h"

/* payload_octets zeroed octets ride along; `free_payload` (or NULL) is
   called with them when the op goes.  The result has two holders: the maker
   and the scope's owner. */
struct ms_op *op_new(const struct ms_scope *scope, size_t payload_octets,
    void (*free_payload)(void *payload));
void *op_payload(const struct ms_op *op);
/* What kind of op it is: the address of something of the maker's, so that
   a service can refuse an op of another one. */
void op_set_kind(struct ms_op *op, const void *kind);
bool op_is_kind(const struct ms_op *op, const void *kind);
/* Ends it; err may be NULL.  The maker's hold ends here.  Once. */
void op_finish(struct ms_op *op, ms_status status, const struct ms_error *err);
/* An op that has ended already. */
struct ms_op *op_ended(const struct ms_scope *scope, ms_status status,
    const struct ms_error *err);

bool op_is_done(const struct ms_op *op);
ms_status op_status(const struct ms_op *op);	/* once done */
const struct ms_error *op_error(const struct ms_op *op);
/* True once the owner dropped it: the maker may stop early, and must still
   op_finish(). */
bool op_is_dropped(const struct ms_op *op);

/* done(arg) is called once, from the thread that ends the op, without locks;
   returns false, and calls nothing, if it has ended already.  One watcher at
   a time. */
bool op_watch(struct ms_op *op, void (*done)(void *arg), void *arg);
/* After it returns done() is not called any more (it may run while this
   waits). */
void op_unwatch(struct ms_op *op);
void op_drop(struct ms_op *op);			/* accepts NULL */
ms_status op_await(const struct ms_scope *scope, struct ms_op *op,
    struct ms_error *err);

/* Service ms.op/1. */
extern const struct ms_op_api op_service;

#endif
