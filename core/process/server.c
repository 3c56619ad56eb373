/* SPDX-License-Identifier: ISC */
/* server.c - `mansio serve`; see server.h */
#include "process/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/queue.h>
#include <mansio/str.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/section.h"
#include "net/net.h"
#include "pipeline/run.h"
#include "pipeline/runner.h"
#include "pipeline/submit.h"
#include "process/wiring.h"

#define REMEMBER_US	(5 * MINUTE_US)	/* a verified password */

static void
print_problems(struct host *h)
{
	struct ms_buf text = MS_BUF_MAX(1024 * 1024);

	problems_sort(h->problems);
	problems_text(h->problems, &text);
	if (text.len > 0)
		fwrite(text.data, 1, text.len, stderr);
	ms_buf_free(&text);
}

static ms_status
start_log(const struct config *c, struct ms_error *err)
{
	struct log_options o = {
		.to = section_c(c->log, "to"),
		.json = section_number(c->log, "format") == 1,
		.level = MS_LOG_DEBUG + (uint32_t)section_number(c->log, "level"),
	};

	return log_start(&o, err);
}

static ms_status
start_auth(struct host *h, struct ms_error *err)
{
	const struct ms_config *a = h->config->auth, *lockout = section_nested(a, "lockout", 0);
	struct auth_options o = { .plain = (uint32_t)section_number(a, "plain"),
		.failures = 10, .within_us = 10 * MINUTE_US, .for_us = HOUR_US,
		.remember_us = REMEMBER_US, .hostname = section_c(h->config->root, "hostname") };
	uint32_t n = section_count(a, "mechanisms");
	const char **mechanisms = ms_arena_array(h->arena, n + 1, sizeof(char *));
	struct ms_backend *directories;
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++)
		if (section_item(a, "mechanisms", i).len > 0)
			mechanisms[k++] = section_item(a, "mechanisms", i).data;
	o.mechanisms = mechanisms;
	if (lockout != NULL) {
		o.failures = (uint32_t)section_number(lockout, "failures");
		o.within_us = section_number(lockout, "within");
		o.for_us = section_number(lockout, "for");
	}
	o.n_directories = wiring_directories(h->config, h->arena, &directories);
	o.directories = directories;
	return auth_start(&o, err);
}

static void
start_delivery(struct host *h)
{
	const struct ms_config *q = h->config->queue;
	struct runner_options o = { .queue = h->queue,
		.hostname = section_c(h->config->root, "hostname"),
		.bounces = section_c(q, "bounces"),
		.give_up_us = section_number(q, "give-up"), .warn_us = section_number(q, "warn"),
		.threads = 2 };
	uint32_t n = section_count(q, "retry");

	for (uint32_t i = 0; i < n && o.n_retry < RUNNER_MAX_RETRY; i++)
		o.retry_us[o.n_retry++] = section_item_number(q, "retry", i);
	if (o.n_retry == 0)
		o.retry_us[o.n_retry++] = 5 * MINUTE_US;
	wiring_agents(h->instances, h->arena, &o);
	submit_start(h->queue);
	runner_start(&o);
	h->is_running = true;
}

static ms_status
start_net(struct host *h, struct ms_error *err)
{
	const struct ms_config *l = h->config->limits;
	int64_t threads = section_number(l, "threads");
	struct net_options o = {
		.workers = threads > 0 ? (unsigned)threads : 0,
		.max_connections = (uint32_t)section_number(l, "connections"),
		.per_client = (uint32_t)section_number(l, "per-client"),
		.grace_us = section_number(l, "shutdown-grace"),
		.account_of = auth_account_of,
	};
	ms_status st = net_start(&o, err);

	if (st == MS_OK)
		st = wiring_listeners(h->config, h->instances, h->arena, err);
	return st;
}

/* As many descriptors as the kernel lets us have: a connection is one. */
static void
raise_limits(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);	/* a file's limit is an error, not a death */
}

static void
write_pid(const struct host *h)
{
	char path[4200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/run/pid", h->data_dir);
	f = fopen(path, "we");
	if (f == NULL)
		return;
	fprintf(f, "%ld\n", (long)getpid());
	fclose(f);
}

/* SIGHUP: logs were rotated.  SIGTERM, SIGINT: the end. */
static void
wait_for_end(sigset_t *signals)
{
	int sig;

	while (sigwait(signals, &sig) == 0) {
		if (sig == SIGHUP) {
			log_reopen();
			log_printf(NULL, MS_LOG_INFO, "the log was opened anew");
			continue;
		}
		log_printf(NULL, MS_LOG_INFO, "stopping on signal %d", sig);
		return;
	}
}

static int
serve(struct host *h, const struct server_hooks *hooks, sigset_t *signals)
{
	struct ms_error err = MS_ERROR_INIT;
	bool net = false, auth = false, delivery = false, commands = false;
	ms_status st = host_start(h, &err);

	if (st == MS_OK && h->queue == NULL)
		st = ms_error_set(&err, MS_INVALID, "", "the config has no queue");
	if (st == MS_OK) {
		run_start(64);
		wiring_pipelines(h->config, h->arena);
		st = start_auth(h, &err);
		auth = st == MS_OK;
	}
	if (auth) {
		start_delivery(h);
		delivery = true;
		st = start_net(h, &err);
		net = true;
	}
	if (st == MS_OK && hooks != NULL) {
		st = hooks->start(h, &err);
		commands = st == MS_OK;
	}
	if (st == MS_OK) {
		write_pid(h);
		net_accept();
		log_printf(NULL, MS_LOG_INFO, "mansio %s is ready, workers = single: one "
		    "process without walls between its parts", MANSIO_VERSION);
		wait_for_end(signals);
	} else {
		log_printf(NULL, MS_LOG_ERROR, "cannot start: %s", err.text);
	}
	if (commands)
		hooks->stop();
	if (net)
		net_stop();
	if (delivery)
		runner_stop();
	if (h->is_serving && h->queue != NULL)
		run_stop();
	if (auth)
		auth_stop();
	return st == MS_OK ? 0 : 2;
}

int
server_run(const char *config_path, const struct server_hooks *hooks)
{
	struct ms_error err = MS_ERROR_INIT;
	struct host h;
	sigset_t signals;
	int status;

	raise_limits();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);	/* all threads: sigwait() takes them */
	host_load(&h, config_path);
	print_problems(&h);
	if (problems_errors(h.problems) > 0) {
		host_end(&h);
		return 1;
	}
	if (start_log(h.config, &err) != MS_OK) {
		fprintf(stderr, "mansio: %s\n", err.text);
		host_end(&h);
		return 2;
	}
	status = serve(&h, hooks, &signals);
	host_end(&h);
	log_stop();
	return status;
}
