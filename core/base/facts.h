/* SPDX-License-Identifier: ISC */
/*
 * facts.h - named values: the core's side of ms.facts/1
 *
 * A list, as there are a dozen; in an arena of its own, made at the first
 * set, so that an idle connection has none to pay for.  Facts may have a
 * parent whose facts they see.  Locked inside: filters of one message read
 * and set side by side.
 */
#ifndef CORE_BASE_FACTS_H
#define CORE_BASE_FACTS_H

#include <mansio/facts.h>

/* parent may be NULL; it is held. */
struct ms_facts *facts_new(struct ms_facts *parent);
/* They are counted: a call that overstays its time may still look at the
   facts of a connection that is gone. */
struct ms_facts *facts_hold(struct ms_facts *f);
void facts_free(struct ms_facts *f);		/* one holder less; accepts NULL */
struct ms_str facts_get(const struct ms_facts *f, struct ms_str name);
struct ms_str facts_get_c(const struct ms_facts *f, const char *name);
/* The value is copied; data NULL forgets it. */
void facts_set(struct ms_facts *f, struct ms_str name, struct ms_str value);
void facts_set_c(struct ms_facts *f, const char *name, const char *value);
/* The i-th of those whose name begins so, own ones first; false past the last. */
uint32_t facts_at(const struct ms_facts *f, struct ms_str prefix, uint32_t i,
    struct ms_field *field_out);

/* A view given to a filter call: reads only names in `needs` (NULL: all),
   notes sets in `edits` by calling set(arg,...) instead of setting.  Lives in
   the arena. */
struct ms_facts *facts_view(struct ms_arena *arena, struct ms_facts *base,
    const char *const *needs,
    ms_status (*set)(void *arg, struct ms_str name, struct ms_str value,
	struct ms_error *err), void *arg);

/* Service ms.facts/1. */
extern const struct ms_facts_api facts_service;

#endif
