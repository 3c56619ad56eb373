/* SPDX-License-Identifier: ISC */
/* control.c - see control.h */
#include "command/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include <mansio/error.h>
#include <mansio/str.h>

#include "base/clock.h"
#include "base/log.h"

#define REQUEST_MAX	(256 * 1024)
#define REQUEST_WAIT_MS	10000
#define AT_ONCE		16

static struct host *host;
static int listener = -1, wake = -1;
static pthread_t thread;
static char path[108];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* all below */
static pthread_cond_t fewer = PTHREAD_COND_INITIALIZER;
static unsigned running;
static bool ending;
static int serving[AT_ONCE];	/* descriptors; -1: none */

/* Rows to a socket. */
struct socket_output {
	struct output out;	/* first */
	int  fd;
	bool broken;
};

static bool
send_all(int fd, struct ms_str s)
{
	while (s.len > 0) {
		ssize_t n = send(fd, s.data, s.len, MSG_NOSIGNAL);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = ms_str_from(s, (size_t)n);
	}
	return true;
}

static bool
socket_row(struct output *out, struct ms_str object)
{
	struct socket_output *o = (struct socket_output *)out;

	if (!o->broken)
		o->broken = !send_all(o->fd, object) ||
		    !send_all(o->fd, (struct ms_str)MS_STR("\n"));
	return !o->broken;
}

static bool
read_line(int fd, struct ms_buf *line)
{
	int64_t until = clock_steady_us() + REQUEST_WAIT_MS * INT64_C(1000);

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = (until - clock_steady_us()) / 1000;
		char *room = ms_buf_room(line, 4096);
		ssize_t n;

		if (room == NULL || left <= 0 || poll(&p, 1, (int)left) <= 0)
			return false;
		n = read(fd, room, 4096);
		if (n <= 0)
			return false;
		ms_buf_grown(line, (size_t)n);
		if (memchr(line->data, '\n', line->len) != NULL)
			return true;
	}
}

static bool
is_allowed(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
	    (who.uid == 0 || who.uid == geteuid());
}

/* Views into the JSON, which outlives the request. */
static bool
parse_request(json_t *j, struct request *r)
{
	json_t *fields = json_object_get(j, "fields"), *pair;
	size_t i;

	r->noun = json_string_value(json_object_get(j, "noun"));
	r->verb = json_string_value(json_object_get(j, "verb"));
	r->as_json = json_is_true(json_object_get(j, "json"));
	if (r->noun == NULL || r->verb == NULL || json_array_size(fields) > REQUEST_MAX_FIELDS)
		return false;
	json_array_foreach(fields, i, pair) {
		json_t *name = json_array_get(pair, 0), *value = json_array_get(pair, 1);

		if (!json_is_string(name) || !json_is_string(value))
			return false;
		r->fields[r->n++] = (struct ms_field){
			ms_str_of(json_string_value(name), json_string_length(name)),
			ms_str_of(json_string_value(value), json_string_length(value)) };
	}
	return true;
}

static void
serve_one(int fd)
{
	struct socket_output out = { .out = { .row = socket_row }, .fd = fd };
	struct ms_buf line = MS_BUF_MAX(REQUEST_MAX), end = MS_BUF_MAX(4096);
	struct ms_error err = MS_ERROR_INIT;
	struct ms_json json = ms_json_to(&end);
	struct request r = { 0 };
	ms_status st = MS_INVALID;
	json_t *j = NULL;

	if (!is_allowed(fd))
		st = ms_error_set(&err, MS_DENIED, "", "only root and the server's own user may");
	else if (!read_line(fd, &line) ||
	    (j = json_loadb(line.data, line.len, JSON_DISABLE_EOF_CHECK, NULL)) == NULL ||
	    !parse_request(j, &r))
		st = ms_error_set(&err, MS_INVALID, "", "not a request");
	else
		st = verb_run(host, &r, false, &out.out, &err);
	ms_json_object(&json, NULL);
	ms_json_i64(&json, "end", st);
	if (st != MS_OK)
		ms_json_c(&json, "error", err.text);
	ms_json_end(&json);
	(void)socket_row(&out.out, ms_buf_str(&end));
	json_decref(j);
	/* A request may hold a password. */
	if (line.data != NULL)
		explicit_bzero(line.data, line.cap);
	ms_buf_free(&line);
	ms_buf_free(&end);
}

static void
leave(int *slot)
{
	pthread_mutex_lock(&lock);
	close(*slot);
	*slot = -1;
	running--;
	pthread_cond_broadcast(&fewer);
	pthread_mutex_unlock(&lock);
}

static void *
serve_thread(void *arg)
{
	int *slot = arg;

	serve_one(*slot);
	leave(slot);
	return NULL;
}

/* NULL: the server stops. */
static int *
enter(int fd)
{
	int *slot = NULL;

	pthread_mutex_lock(&lock);
	while (running >= AT_ONCE && !ending)
		pthread_cond_wait(&fewer, &lock);
	for (size_t i = 0; !ending && slot == NULL; i++)
		if (serving[i] == -1)
			slot = &serving[i];
	if (slot != NULL) {
		*slot = fd;
		running++;
	}
	pthread_mutex_unlock(&lock);
	return slot;
}

static void
start_serving(int fd)
{
	/* Whoever asks and does not listen is not waited for much longer. */
	struct timeval patience = { .tv_sec = REQUEST_WAIT_MS / 1000 };
	pthread_attr_t attr;
	pthread_t t;
	int *slot;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	slot = enter(fd);
	if (slot == NULL) {
		close(fd);
		return;
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&t, &attr, serve_thread, slot) != 0)
		leave(slot);
	pthread_attr_destroy(&attr);
}

static void *
accept_thread(void *unused)
{
	(void)unused;
	pthread_setname_np(pthread_self(), "control");
	for (;;) {
		struct pollfd p[2] = { { .fd = listener, .events = POLLIN },
			{ .fd = wake, .events = POLLIN } };
		int fd;

		if (poll(p, 2, -1) == -1 && errno != EINTR)
			return NULL;
		if (p[1].revents != 0)
			return NULL;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd != -1)
			start_serving(fd);
		else if (errno == EMFILE || errno == ENFILE)
			usleep(100000);
	}
}

static ms_status
name_socket(const char *data_dir, struct sockaddr_un *sa, struct ms_error *err)
{
	int n;

	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "%s/run/control.sock", data_dir);
	if (n < 0 || (size_t)n >= sizeof(sa->sun_path))
		return ms_error_set(err, MS_INVALID, "",
		    "the path of the control socket is too long: %s", data_dir);
	return MS_OK;
}

ms_status
control_start(struct host *h, struct ms_error *err)
{
	struct sockaddr_un sa;
	ms_status st = name_socket(h->data_dir, &sa, err);

	if (st != MS_OK)
		return st;
	host = h;
	ending = false;
	for (size_t i = 0; i < AT_ONCE; i++)
		serving[i] = -1;
	snprintf(path, sizeof(path), "%s", sa.sun_path);
	(void)unlink(path);	/* ours alone: we hold the data directory's lock */
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	wake = eventfd(0, EFD_CLOEXEC);
	if (listener == -1 || wake == -1 ||
	    bind(listener, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    chmod(path, 0660) == -1 || listen(listener, 64) == -1)
		return ms_error_errno(err, "listen on %s", path);
	if (pthread_create(&thread, NULL, accept_thread, NULL) != 0)
		return ms_error_set(err, MS_TEMPFAIL, "", "cannot start a thread");
	return MS_OK;
}

void
control_stop(void)
{
	uint64_t one = 1;

	/* Nobody's silence holds up the end: reads and writes fail from here on. */
	pthread_mutex_lock(&lock);
	ending = true;
	for (size_t i = 0; i < AT_ONCE; i++)
		if (serving[i] != -1)
			(void)shutdown(serving[i], SHUT_RDWR);
	pthread_cond_broadcast(&fewer);
	pthread_mutex_unlock(&lock);
	if (write(wake, &one, sizeof(one)) == -1)
		return;
	pthread_join(thread, NULL);
	pthread_mutex_lock(&lock);
	while (running > 0)
		pthread_cond_wait(&fewer, &lock);
	pthread_mutex_unlock(&lock);
	close(listener);
	close(wake);
	(void)unlink(path);
}

static ms_status
send_request(int fd, const struct request *r, struct ms_error *err)
{
	struct ms_buf b = MS_BUF_MAX(REQUEST_MAX);
	struct ms_json j = ms_json_to(&b);
	bool sent;

	ms_json_object(&j, NULL);
	ms_json_c(&j, "noun", r->noun);
	ms_json_c(&j, "verb", r->verb);
	ms_json_bool(&j, "json", r->as_json);
	ms_json_array(&j, "fields");
	for (size_t i = 0; i < r->n; i++) {
		ms_json_array(&j, NULL);
		ms_json_str(&j, NULL, r->fields[i].name);
		ms_json_str(&j, NULL, r->fields[i].value);
		ms_json_end(&j);
	}
	ms_json_end(&j);
	ms_json_end(&j);
	ms_buf_add_octet(&b, '\n');
	sent = ms_buf_ok(&b) && send_all(fd, ms_buf_str(&b));
	ms_buf_free(&b);
	return sent ? MS_OK : ms_error_set(err, MS_TEMPFAIL, "",
	    "the request could not be sent");
}

static ms_status
read_answer(int fd, struct output *out, struct ms_error *err)
{
	FILE *f = fdopen(fd, "r");
	ms_status st = ms_error_set(err, MS_TEMPFAIL, "", "the server broke off");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while (f != NULL && (n = getline(&line, &cap, f)) > 0) {
		struct ms_str s = ms_str_trim(ms_str_of(line, (size_t)n));
		json_t *j, *end;

		if (!ms_str_has_prefix(s, (struct ms_str)MS_STR("{\"end\":"))) {
			(void)out->row(out, s);
			continue;
		}
		j = json_loadb(s.data, s.len, 0, NULL);
		end = json_object_get(j, "end");
		st = (ms_status)json_integer_value(end);
		if (st != MS_OK)
			ms_error_set(err, st, "", "%s",
			    json_string_value(json_object_get(j, "error")) != NULL ?
			    json_string_value(json_object_get(j, "error")) : "it failed");
		json_decref(j);
		break;
	}
	free(line);
	if (f != NULL)
		fclose(f);
	return st;
}

ms_status
control_ask(const char *data_dir, const struct request *r, struct output *out,
    struct ms_error *err)
{
	struct sockaddr_un sa;
	ms_status st = name_socket(data_dir, &sa, err);
	int fd;

	if (st != MS_OK)
		return st;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == -1) {
		st = errno == ENOENT || errno == ECONNREFUSED ? MS_NOTFOUND : MS_TEMPFAIL;
		ms_error_errno(err, "reach the server at %s", sa.sun_path);
		if (fd != -1)
			close(fd);
		return st;
	}
	st = send_request(fd, r, err);
	if (st != MS_OK) {
		close(fd);
		return st;
	}
	return read_answer(fd, out, err);
}
