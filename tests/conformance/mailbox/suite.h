/* SPDX-License-Identifier: ISC */
/*
 * suite.h - the conformance suite for mailbox backends
 *
 * What mailbox.h promises, checked against any plugin that offers
 * ms.mailbox/1 and ms.batch/1, on the mock host.  Each check begins with an
 * empty store that has one account, "ann", with its INBOX.  Checks are plain
 * functions, results go out as TAP.
 */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <setjmp.h>
#include <stdbool.h>

#include <mansio/buf.h>
#include <mansio/error.h>
#include <mansio/mailbox.h>
#include <mansio/mock.h>

struct suite {
	const struct ms_plugin  *plugin;
	void                   (*configure)(struct ms_mock *);
	char                     directory[256];
	struct ms_mock          *mock;
	struct ms_instance      *self;
	const struct ms_mailbox *table;
	struct ms_account       *account;	/* "ann" */
	struct ms_id             inbox;
	struct ms_arena         *arena;		/* of the check */
	int64_t                  now_us;

	uint32_t                 step;		/* of a long check, told with a failure */
	char                     why[512];
	jmp_buf                  stop;
};

struct check {
	const char *name;
	void      (*run)(struct suite *);
};

extern const struct check box_checks[], message_checks[], flag_checks[], change_checks[],
    copy_checks[], property_checks[], delivery_checks[], search_checks[], model_checks[],
    migration_checks[];

/* Runs all, prints TAP; the number of checks that failed.  configure: options
   of the plugin, or NULL.  only: a part of the names of those to run, or NULL. */
int conformance_mailbox(const struct ms_plugin *plugin, void (*configure)(struct ms_mock *),
    const char *only);

/* ---- for the checks ---- */

/* The check ends here, failed. */
void suite_fail(struct suite *s, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));
#define EXPECT(s, condition)						\
	do {								\
		if (!(condition))					\
			suite_fail((s), __FILE__, __LINE__, "%s", #condition); \
	} while (0)
#define EXPECT_NUMBER(s, is, should)					\
	suite_number((s), __FILE__, __LINE__, #is, (uint64_t)(is), (uint64_t)(should))
#define EXPECT_TEXT(s, is, should)					\
	suite_text((s), __FILE__, __LINE__, #is, (is), (should))
void suite_number(struct suite *s, const char *file, int line, const char *what, uint64_t is,
    uint64_t should);
void suite_text(struct suite *s, const char *file, int line, const char *what,
    const char *is, const char *should);

/* A new store with the account and its INBOX; s->stop must be set.  end: removes
   it, also after a failure. */
void suite_begin(struct suite *s, const struct ms_plugin *plugin,
    void (*configure)(struct ms_mock *));
void suite_end(struct suite *s);
/* Stops the plugin and starts it again on what it left; or each alone. */
void suite_reopen(struct suite *s);
void suite_stop(struct suite *s);
void suite_start(struct suite *s);
const struct ms_scope *suite_scope(struct suite *s);

/* The head of a job, and running it. */
void suite_job(struct suite *s, struct ms_job *job, size_t size, uint32_t type);
ms_status suite_run(struct suite *s, struct ms_job *job);

/* These fail the check if the plugin does. */
struct ms_id suite_create(struct suite *s, const char *name);
uint32_t suite_append(struct suite *s, const struct ms_id *box, const char *text,
    uint32_t flags);
/* how, flags, keyword (or NULL); the modseq. */
uint64_t suite_store(struct suite *s, const struct ms_id *box, const char *uids, uint32_t how,
    uint32_t flags, const char *keyword);
/* uids "": all; the UIDs that went, as text. */
const char *suite_expunge(struct suite *s, const struct ms_id *box, const char *uids);
struct ms_box suite_status(struct suite *s, const struct ms_id *box);
bool suite_has_box(struct suite *s, const struct ms_id *box);

/* "1:3,7" and back. */
struct ms_uids suite_uids(struct suite *s, const char *text);
const char *suite_uids_text(struct suite *s, struct ms_uids uids);
/* All rows, in pages of that many: "1 \Seen $Junk,2 ", modseqs left out. */
const char *suite_rows(struct suite *s, const struct ms_id *box, uint32_t page);
/* Rows changed since, "UID ..." in the order given. */
const char *suite_changes(struct suite *s, const struct ms_id *box, uint64_t since,
    uint32_t page);
const char *suite_body(struct suite *s, const struct ms_id *box, uint32_t uid);
const char *suite_vanished(struct suite *s, const struct ms_id *box, uint64_t since);
/* Names, one a line, with flags and special use. */
const char *suite_names(struct suite *s, const char *top);
const char *suite_printf(struct suite *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
