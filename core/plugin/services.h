/* SPDX-License-Identifier: ISC */
/*
 * services.h - the service tables of this process, by id
 *
 * Filled by main before a plugin is opened, constant from then on: so [any]
 * thread may ask.
 */
#ifndef CORE_PLUGIN_SERVICES_H
#define CORE_PLUGIN_SERVICES_H

#include <stdbool.h>

#define SERVICES_MAX	64

/* Both are lent for ever.  A second table for an id replaces the first. */
void services_add(const char *id, const void *table);
const void *services_get(const char *id);	/* NULL: none */
bool services_has(const char *id);
/* For tests. */
void services_clear(void);

#endif
