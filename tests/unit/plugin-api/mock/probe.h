/* SPDX-License-Identifier: ISC */
/*
 * probe.h - a plugin that does what the test tells it
 *
 * It speaks a line protocol and stores jobs, so that each service of the mock
 * can be looked at from a plugin's side.
 */
#ifndef TEST_MOCK_PROBE_H
#define TEST_MOCK_PROBE_H

#include <mansio/blob.h>
#include <mansio/bus.h>
#include <mansio/clock.h>
#include <mansio/mailbox.h>
#include <mansio/mock.h>
#include <mansio/scope.h>
#include <mansio/task.h>

extern const struct ms_plugin probe_plugin;

struct ms_instance {
	const struct ms_host           *host;
	const struct ms_config         *config;
	const struct ms_config_api     *config_api;
	const struct ms_scope_api      *scope;
	const struct ms_blob_api       *blob;
	const struct ms_op_api         *op;
	const struct ms_session_api    *session;
	const struct ms_message_api    *message;
	const struct ms_facts_api      *facts;
	const struct ms_auth           *auth;
	const struct ms_pipeline       *pipeline;
	const struct ms_timer          *timer;
	const struct ms_bus            *bus;
	const struct ms_clock          *clock;
};

/* What the last step was given, as text: "LINE 3 abc more", and the tasks and
   jobs that ran. */
extern char probe_came[8192];
/* The next wait is this one, once. */
extern struct ms_wait probe_next;
/* What run() says of each job; prepare() of all. */
extern ms_status probe_job_status, probe_prepare_status;

struct ms_mock *probe_start(void);

#endif
