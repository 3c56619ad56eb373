/* SPDX-License-Identifier: ISC */
/*
 * show.h - rows for people: a table, a page of text, or the JSON itself
 */
#ifndef CORE_COMMAND_SHOW_H
#define CORE_COMMAND_SHOW_H

#include "command/verb.h"

struct shower;

/* Rows of one shape are gathered and aligned when show_end() is called. */
struct shower *show_new(bool as_json);
struct output *show_output(struct shower *s);
void show_end(struct shower *s);

#endif
