/* SPDX-License-Identifier: ISC */
/*
 * section.h - reading one section of a snapshot
 *
 * For the core; a plugin has ms.config/1, which is made of the same functions.
 * Asking for an option that the section does not have is a programmer's
 * mistake: empty, or an abort() after section_be_strict().  Strings have a NUL
 * after them.
 */
#ifndef CORE_CONFIG_SECTION_H
#define CORE_CONFIG_SECTION_H

#include "config/config.h"
#include "config/address.h"
#include "config/when.h"

uint32_t section_kind(const struct ms_config *s);	/* CONFIG_... */
const char *section_keyword(const struct ms_config *s);
struct ms_str section_title(const struct ms_config *s);	/* "" without one */
/* By which others refer to it: the title, without one the keyword. */
struct ms_str section_name(const struct ms_config *s);
struct position section_position(const struct ms_config *s);
const struct ms_config *section_parent(const struct ms_config *s);
const struct config *section_config(const struct ms_config *s);
/* The plugin of an instance or stage (or of what is nested in it). */
const struct ms_plugin *section_plugin(const struct ms_config *s);
/* Its table for the interface, NULL: none. */
const void *section_interface(const struct ms_config *s, const char *interface);
/* An instance's data directory: DATA-DIR/KEYWORD/NAME. */
const char *section_directory(const struct ms_config *s);

bool section_has(const struct ms_config *s, const char *name);	/* declared */
bool section_is_set(const struct ms_config *s, const char *name);	/* written */
/* Where it is written; else the section's own place. */
struct position section_option_position(const struct ms_config *s, const char *name);

struct ms_str section_string(const struct ms_config *s, const char *name);
const char *section_c(const struct ms_config *s, const char *name);
/* Also the rank of a CHOICE, from 0; a word that stands in for a number
   (threads = auto) is negative. */
int64_t section_number(const struct ms_config *s, const char *name);
int64_t section_span_us(const struct ms_config *s, const char *name);
/* Elements of a list (1 for a scalar). */
uint32_t section_count(const struct ms_config *s, const char *name);
struct ms_str section_item(const struct ms_config *s, const char *name, uint32_t i);
int64_t section_item_number(const struct ms_config *s, const char *name, uint32_t i);
const struct listen_address *section_listen(const struct ms_config *s, const char *name,
    uint32_t i);
const struct network *section_network(const struct ms_config *s, const char *name,
    uint32_t i);
const struct when *section_when(const struct ms_config *s, const char *name, uint32_t i);
/* The i-th nested section of that name; name NULL: of all, in file order. */
const struct ms_config *section_nested(const struct ms_config *s, const char *name,
    uint32_t i);

/* The instance that a BACKEND (list) names; NULL: empty. */
struct ms_config *section_reference(const struct ms_config *s, const char *name,
    uint32_t i);

/* All that its BACKEND options name, one after the other; NULL past the last. */
struct ms_config *section_any_reference(const struct ms_config *s, uint32_t i);

/* Whoever made an instance for the section keeps it here. */
void section_set_instance(struct ms_config *s, void *instance);
void *section_instance(const struct ms_config *s);

/* What a plugin refused through ms.config/1 since the last take; false: nothing. */
bool section_take_refusal(const struct config *c, struct position *at_out,
    struct ms_str *text_out);

void section_be_strict(bool strict);

/* Service ms.config/1. */
extern const struct ms_config_api section_service;

#endif
