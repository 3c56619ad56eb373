/* SPDX-License-Identifier: ISC */
/* log.c - see log.h */
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <mansio/date.h>
#include <mansio/error.h>
#include <mansio/json.h>
#include <mansio/str.h>

#include "base/clock.h"

#define LOG_MAX_RECORD	(16 * 1024)
#define LOG_MAX_QUEUED	(4 * 1024 * 1024)
#define LOG_MAX_VALUE	1024	/* of a field: longer ones are cut, so that no peer
				   can make a record too long to be written */
/* Records gather for so long, or until they are so many octets: a write and a
   wake-up for each cost more than the record.  Warnings go at once. */
#define LOG_GATHER_US	(10 * 1000)
#define LOG_GATHER	(64 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static pthread_cond_t more;
static struct ms_buf queued = MS_BUF_MAX(LOG_MAX_QUEUED);
static struct timespec due;	/* when what is queued goes */
static uint64_t dropped;
static bool running, ending, wants_reopen, in_a_hurry;
static pthread_t thread;

/* Set before the thread starts. */
static char path[4096];		/* "": not a file */
static bool is_json, is_syslog;
static int fd = STDERR_FILENO;	/* the thread's alone while it runs */
static atomic_uint wanted = MS_LOG_INFO;

static const char *const level_names[] = { "trace", "debug", "info", "warning",
	"error" };

static bool torn;		/* the last write ended amid a line; the thread's too */

static void
write_all(struct ms_str s)
{
	if (torn && s.len > 0)
		torn = write(fd, "\n", 1) != 1;
	while (s.len > 0) {
		ssize_t n = write(fd, s.data, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return;		/* nowhere left to complain */
		torn = n > 0 && s.data[n - 1] != '\n';
		s = ms_str_of(s.data + n, s.len - (size_t)n);
	}
}

/* RFC 3164's framing, as /dev/log takes it: one datagram a record. */
static void
send_syslog(struct ms_str records)
{
	struct ms_str line;

	while (ms_str_split(&records, '\n', &line)) {
		struct ms_buf b = MS_BUF_MAX(LOG_MAX_RECORD + 64);

		if (line.len == 0)
			continue;
		ms_buf_addf(&b, "<22>mansio[%d]: ", (int)getpid());	/* mail.info */
		ms_buf_add(&b, line);
		(void)send(fd, b.data, b.len, MSG_NOSIGNAL);
		ms_buf_free(&b);
	}
}

static int
open_target(struct ms_error *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	int s;

	if (path[0] != '\0') {
		s = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
		if (s == -1)
			ms_error_errno(err, "open the log %s", path);
		return s;
	}
	if (!is_syslog)
		return STDERR_FILENO;
	s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s != -1 && connect(s, (struct sockaddr *)&sa, sizeof(sa)) == -1) {
		close(s);
		s = -1;
	}
	if (s == -1)
		ms_error_errno(err, "reach the system log at /dev/log");
	return s;
}

/* With the lock.  False: the end, and nothing is left. */
static bool
wait_for_records(void)
{
	while (queued.len == 0 && !wants_reopen && !ending)
		pthread_cond_wait(&more, &lock);
	while (!in_a_hurry && !wants_reopen && !ending &&
	    pthread_cond_timedwait(&more, &lock, &due) == 0)
		continue;
	return queued.len > 0 || wants_reopen || !ending;
}

static void *
log_thread(void *unused)
{
	struct ms_buf writing = MS_BUF_MAX(LOG_MAX_QUEUED);

	(void)unused;
	pthread_setname_np(pthread_self(), "log");
	pthread_mutex_lock(&lock);
	while (wait_for_records()) {
		struct ms_buf swap = queued;
		bool reopen = wants_reopen;
		uint64_t lost = dropped;

		queued = writing;
		writing = swap;
		wants_reopen = in_a_hurry = false;
		dropped = 0;
		pthread_mutex_unlock(&lock);
		if (lost > 0)
			ms_buf_addf(&writing, "%llu log records were dropped\n",
			    (unsigned long long)lost);
		if (reopen) {
			struct ms_error err = MS_ERROR_INIT;
			int fresh = open_target(&err);

			if (fresh == -1)
				ms_buf_addf(&writing, "the log stays where it is: %s\n",
				    err.text);
			if (fresh != -1 && fd != STDERR_FILENO)
				close(fd);
			if (fresh != -1)
				fd = fresh;
		}
		if (is_syslog)
			send_syslog(ms_buf_str(&writing));
		else
			write_all(ms_buf_str(&writing));
		ms_buf_reset(&writing);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	ms_buf_free(&writing);
	return NULL;
}

ms_status
log_start(const struct log_options *options, struct ms_error *err)
{
	struct ms_str to = ms_str_c(options->to);
	struct ms_str file = MS_STR("file:");
	pthread_condattr_t attr;

	path[0] = '\0';
	is_syslog = ms_str_has_prefix(to, (struct ms_str)MS_STR("syslog:"));
	if (ms_str_has_prefix(to, file))
		snprintf(path, sizeof(path), "%s", options->to + file.len);
	else if (!is_syslog && !ms_str_is(to, "stderr:"))
		return ms_error_set(err, MS_INVALID, "",
		    "a log goes to stderr:, syslog: or file:PATH, not to %s", options->to);
	is_json = options->json;
	atomic_store(&wanted, options->level);
	fd = open_target(err);
	if (fd == -1) {
		fd = STDERR_FILENO;
		return MS_TEMPFAIL;
	}
	ending = in_a_hurry = false;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&more, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&thread, NULL, log_thread, NULL) != 0)
		return ms_error_set(err, MS_TEMPFAIL, "", "cannot start the log's thread");
	pthread_mutex_lock(&lock);
	running = true;
	pthread_mutex_unlock(&lock);
	return MS_OK;
}

void
log_stop(void)
{
	pthread_mutex_lock(&lock);
	if (!running) {
		pthread_mutex_unlock(&lock);
		return;
	}
	running = false;
	ending = true;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&more);
	ms_buf_free(&queued);
	if (fd != STDERR_FILENO)
		close(fd);
	fd = STDERR_FILENO;
	is_syslog = false;
}

void
log_reopen(void)
{
	pthread_mutex_lock(&lock);
	wants_reopen = true;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

bool
log_wants(uint32_t level)
{
	return level >= atomic_load_explicit(&wanted, memory_order_relaxed);
}

/* A value as text shows it: quoted if it is empty or has more than printable
   octets without spaces, quotes and '='. */
static void
add_text_value(struct ms_buf *b, struct ms_str v)
{
	bool plain = v.len > 0;

	for (size_t i = 0; plain && i < v.len; i++)
		plain = (unsigned char)v.data[i] > ' ' && v.data[i] != '"' &&
		    v.data[i] != '=' && v.data[i] != 0x7f && v.data[i] != '\\';
	if (plain)
		ms_buf_add(b, v);
	else
		ms_json_quote(b, v);
}

static struct ms_str
cut(struct ms_str s)
{
	return s.len > LOG_MAX_VALUE ? ms_str_sub(s, 0, LOG_MAX_VALUE) : s;
}

/* A record is a line, whatever is quoted in it. */
static void
add_line_text(struct ms_buf *b, struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++)
		ms_buf_add_octet(b, (unsigned char)s.data[i] < ' ' || s.data[i] == 0x7f ? '?' :
		    s.data[i]);
}

static void
format_record(struct ms_buf *b, const struct ms_scope *scope, uint32_t level,
    const char *text, const struct ms_field *fields, size_t n)
{
	const char *name = level_names[level <= MS_LOG_ERROR ? level : MS_LOG_ERROR];
	struct ms_json j = ms_json_to(b);

	if (!is_json) {
		ms_date_add_3339(b, clock_now_us());
		ms_buf_add_octet(b, ' ');
		ms_buf_add_c(b, name);
		ms_buf_add_octet(b, ' ');
		if (scope != NULL && scope->id.len > 0) {
			ms_buf_add(b, scope->id);
			ms_buf_add_c(b, ": ");
		}
		add_line_text(b, ms_str_c(text));
		for (size_t i = 0; i < n; i++) {
			ms_buf_add_octet(b, ' ');
			ms_buf_add(b, fields[i].name);
			ms_buf_add_octet(b, '=');
			add_text_value(b, cut(fields[i].value));
		}
	} else {
		struct ms_buf time = MS_BUF_MAX(64);
		char key[64];

		ms_date_add_3339(&time, clock_now_us());
		ms_json_object(&j, NULL);
		ms_json_str(&j, "time", ms_buf_str(&time));
		ms_json_c(&j, "level", name);
		if (scope != NULL && scope->id.len > 0)
			ms_json_str(&j, "id", scope->id);
		ms_json_c(&j, "event", text);
		for (size_t i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "%.*s", (int)fields[i].name.len,
			    fields[i].name.data);
			ms_json_str(&j, key, cut(fields[i].value));
		}
		ms_json_end(&j);
		ms_buf_free(&time);
	}
	ms_buf_add_octet(b, '\n');
}

void
log_write(const struct ms_scope *scope, uint32_t level, const char *text,
    const struct ms_field *fields, size_t n)
{
	struct ms_buf b = MS_BUF_MAX(LOG_MAX_RECORD);

	if (!log_wants(level))
		return;
	format_record(&b, scope, level, text, fields, n);
	pthread_mutex_lock(&lock);
	if (!running) {
		write_all(ms_buf_str(&b));
	} else if (!ms_buf_ok(&b) || queued.len + b.len > LOG_MAX_QUEUED) {
		dropped++;
	} else {
		bool was_empty = queued.len == 0, was_in_a_hurry = in_a_hurry;
		int64_t then = clock_steady_us() + LOG_GATHER_US;

		if (was_empty)
			due = (struct timespec){ (time_t)(then / SECOND_US),
				(long)(then % SECOND_US * 1000) };
		ms_buf_add(&queued, ms_buf_str(&b));
		in_a_hurry = in_a_hurry || level >= MS_LOG_WARNING ||
		    queued.len >= LOG_GATHER;
		if (was_empty || in_a_hurry != was_in_a_hurry)
			pthread_cond_signal(&more);
	}
	pthread_mutex_unlock(&lock);
	ms_buf_free(&b);
}

void
log_printf(const struct ms_scope *scope, uint32_t level, const char *format, ...)
{
	struct ms_buf b = MS_BUF_MAX(LOG_MAX_RECORD);
	va_list args;

	if (!log_wants(level))
		return;
	va_start(args, format);
	ms_buf_addv(&b, format, args);
	va_end(args);
	if (b.data != NULL)
		log_write(scope, level, b.data, NULL, 0);
	ms_buf_free(&b);
}

static uint32_t
service_wants(const struct ms_scope *scope, uint32_t level)
{
	(void)scope;
	return log_wants(level);
}

const struct ms_log log_service = {
	.size = sizeof(log_service),
	.write = log_write,
	.wants = service_wants,
};
