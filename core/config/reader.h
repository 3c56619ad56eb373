/* SPDX-License-Identifier: ISC */
/*
 * reader.h - what the two halves of the normaliser share: normalise.c (files,
 * results) and statements.c (the statements of one file)
 */
#ifndef CORE_CONFIG_READER_H
#define CORE_CONFIG_READER_H

#include "config/normalise.h"

struct reader {
	struct normal   *normal;
	struct ms_arena *arena;
	struct problems *problems;
	const struct normal_source *source;
	const char *const *top_keywords;
	struct tokens    out;		/* becomes normal->tokens */
	size_t           max_owners, max_nodes, max_files;
	size_t           octets;
	uint32_t         sections;
	bool             is_over;	/* a bound was passed: nothing more is read */
	struct {
		uint64_t identity[2];
	} open[NORMAL_MAX_INCLUDES + 1];	/* the chain of including files */
	uint32_t         n_open;
};

/* One file whose tokens are being made into statements. */
struct walk {
	struct reader *reader;
	struct tokens  in;
	size_t         at;
	uint16_t       file;
	const char    *path;
	uint32_t       base;		/* the section that includes it, or the root */
	uint32_t       base_depth;
	struct {
		uint32_t node;
		size_t   opener;	/* the section's keyword in `in` */
		bool     is_judged;	/* is_indented is known */
		bool     is_indented;
	} open[NORMAL_MAX_DEPTH];
	uint32_t       n_open;
	size_t         missing;		/* closing braces that the file lacks */
};

/* normalise.c */
uint32_t reader_add_node(struct reader *r, uint32_t kind, uint32_t parent);
/* Returns the token's number. */
uint32_t reader_emit(struct reader *r, const struct walk *w, const struct token *t,
    uint32_t node);
/* Reads the files of include(pattern) into the section. */
void reader_include(struct reader *r, const struct walk *w, const struct token *pattern,
    uint32_t parent, uint32_t depth);

/* statements.c */
void walk_run(struct walk *w);

#endif
