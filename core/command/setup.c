/* SPDX-License-Identifier: ISC */
/*
 * setup.c - see setup.h
 *
 * The configuration is a template from etc/, with %WORD% filled in: the core
 * knows no protocol and no plugin.  %PORT:25% is the port base plus 25.
 */
#include "command/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mansio/address.h>
#include <mansio/arena.h>
#include <mansio/error.h>
#include <mansio/str.h>

#include "base/directory.h"
#include "command/password_input.h"
#include "net/tls.h"

#define TEMPLATE_MAX	(256 * 1024)
#define ANSWER_MAX	512

struct answers {
	char dir[PATH_MAX], hostname[ANSWER_MAX], domain[ANSWER_MAX], user[ANSWER_MAX];
	char password[PASSWORD_INPUT_MAX + 1];
	uint64_t port_base;
	bool is_loopback;		/* --port-base: ports on 127.0.0.1 */
};

/* Beside the program in a build tree, else where it was installed. */
static void
template_path(const char *name, char *out, size_t n)
{
	char exe[PATH_MAX], *slash;
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (len > 0) {
		exe[len] = '\0';
		slash = strrchr(exe, '/');
		if (slash != NULL) {
			*slash = '\0';
			snprintf(out, n, "%.3000s/../etc/%s", exe, name);
			if (access(out, R_OK) == 0)
				return;
		}
	}
	snprintf(out, n, "%s/%s", MANSIO_DATA_DIR, name);
}

static ms_status
read_file(const char *path, struct ms_buf *out, struct ms_error *err)
{
	FILE *f = fopen(path, "re");
	char *room;

	if (f == NULL)
		return ms_error_errno(err, "open %s", path);
	while ((room = ms_buf_room(out, 4096)) != NULL) {
		size_t n = fread(room, 1, 4096, f);

		if (n == 0)
			break;
		ms_buf_grown(out, n);
	}
	fclose(f);
	return ms_buf_ok(out) ? MS_OK : ms_error_set(err, MS_LIMIT, "", "%s is too large",
	    path);
}

static bool
add_word(struct ms_buf *out, struct ms_str word, const struct answers *a)
{
	struct ms_str port = MS_STR("PORT:");
	uint64_t offset;

	if (ms_str_is(word, "DIR"))
		ms_buf_add_c(out, a->dir);
	else if (ms_str_is(word, "HOSTNAME"))
		ms_buf_add_c(out, a->hostname);
	else if (ms_str_is(word, "DOMAIN"))
		ms_buf_add_c(out, a->domain);
	else if (ms_str_is(word, "USER"))
		ms_buf_add_c(out, a->user);
	else if (ms_str_has_prefix(word, port) &&
	    ms_str_to_u64(ms_str_from(word, port.len), 65535, &offset))
		ms_buf_add_u64(out, a->port_base + offset);
	else
		return false;
	return true;
}

static ms_status
fill_template(const char *name, const struct answers *a, struct ms_buf *out,
    struct ms_error *err)
{
	struct ms_buf text = MS_BUF_MAX(TEMPLATE_MAX);
	char path[PATH_MAX + 64];
	struct ms_str rest;
	ms_status st;

	template_path(name, path, sizeof(path));
	st = read_file(path, &text, err);
	rest = ms_buf_str(&text);
	while (st == MS_OK && rest.len > 0) {
		size_t open = ms_str_find_octet(rest, '%'), close;

		if (open == SIZE_MAX) {
			ms_buf_add(out, rest);
			break;
		}
		ms_buf_add(out, ms_str_sub(rest, 0, open));
		rest = ms_str_from(rest, open + 1);
		close = ms_str_find_octet(rest, '%');
		if (close == SIZE_MAX || !add_word(out, ms_str_sub(rest, 0, close), a))
			st = ms_error_set(err, MS_INVALID, "", "%s has an unknown %%WORD%%",
			    path);
		else
			rest = ms_str_from(rest, close + 1);
	}
	ms_buf_free(&text);
	return st;
}

/* Never over a file that is there. */
static ms_status
write_file(const char *dir, const char *name, struct ms_str text, mode_t mode,
    struct ms_error *err)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return ms_error_errno(err, "write %s", path);
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			close(fd);
			return ms_error_errno(err, "write %s", path);
		}
		text = ms_str_from(text, (size_t)n);
	}
	if (fsync(fd) == -1 || close(fd) == -1)
		return ms_error_errno(err, "write %s", path);
	return MS_OK;
}

static ms_status
write_from_template(const struct answers *a, const char *template, const char *name,
    struct ms_error *err)
{
	struct ms_buf text = MS_BUF_MAX(TEMPLATE_MAX);
	ms_status st = fill_template(template, a, &text, err);

	if (st == MS_OK)
		st = write_file(a->dir, name, ms_buf_str(&text), 0644, err);
	ms_buf_free(&text);
	return st;
}

static void
path_in(const struct answers *a, const char *name, char *path, size_t n)
{
	snprintf(path, n, "%s/%s", a->dir, name);
}

/* *made_out: the config is there, and ours. */
static ms_status
make_files(const struct answers *a, bool *made_out, struct ms_error *err)
{
	char tls[PATH_MAX + 16], facts[PATH_MAX + 64], cert[sizeof(tls) + 16], key[sizeof(tls) + 16];
	ms_status st;

	snprintf(tls, sizeof(tls), "%s/tls", a->dir);
	snprintf(cert, sizeof(cert), "%s/cert.pem", tls);
	snprintf(key, sizeof(key), "%s/key.pem", tls);
	if ((st = directory_make(a->dir, 0755, err)) != MS_OK)
		return st;
	st = write_from_template(a, a->is_loopback ? "setup-loopback.conf" :
	    "setup-server.conf", "mansio.conf", err);
	*made_out = st == MS_OK;
	path_in(a, "facts.json", facts, sizeof(facts));
	if (st == MS_OK && a->is_loopback && unlink(facts) == -1 && errno != ENOENT)
		st = ms_error_errno(err, "replace %s", facts);
	if (st == MS_OK && a->is_loopback)
		st = write_from_template(a, "setup-facts.json", "facts.json", err);
	if (st == MS_OK)
		st = directory_make(tls, 0755, err);
	/* A certificate that is there already (of an admin's own) stays. */
	if (st == MS_OK && access(cert, F_OK) == -1)
		st = tls_make_self_signed(a->hostname, cert, key, err);
	return st;
}

static bool
swallow(struct output *out, struct ms_str object)
{
	(void)out, (void)object;
	return true;
}

static void
set_request(struct request *r, const char *noun, const char *verb)
{
	*r = (struct request){ .noun = noun, .verb = verb };
}

static void
add_field(struct request *r, const char *name, const char *value)
{
	r->fields[r->n++] = (struct ms_field){ ms_str_c(name), ms_str_c(value) };
}

/* The domain, the account, and its postmaster (RFC 5321 4.5.1). */
static ms_status
make_entries(const struct answers *a, const char *config, struct ms_error *err)
{
	struct output out = { .row = swallow };
	char postmaster[ANSWER_MAX + 16];
	struct request r;
	struct host h;
	ms_status st;

	host_load(&h, config);
	if (problems_errors(h.problems) > 0) {
		struct ms_buf text = MS_BUF_MAX(64 * 1024);

		problems_text(h.problems, &text);
		st = ms_error_set(err, MS_INVALID, "", "%.*s", (int)text.len, text.data);
		ms_buf_free(&text);
		host_end(&h);
		return st;
	}
	st = host_start(&h, err);
	/* The data of an earlier try may be there, of which the config is gone. */
	if (st == MS_OK) {
		set_request(&r, "domain", "add");
		add_field(&r, "", a->domain);
		st = verb_run(&h, &r, true, &out, err);
		st = st == MS_EXISTS ? MS_OK : st;
	}
	if (st == MS_OK) {
		set_request(&r, "user", "add");
		add_field(&r, "", a->user);
		add_field(&r, "password", a->password);
		st = verb_run(&h, &r, true, &out, err);
		if (st == MS_EXISTS) {
			r.verb = "passwd";
			st = verb_run(&h, &r, true, &out, err);
		}
	}
	snprintf(postmaster, sizeof(postmaster), "postmaster@%s", a->domain);
	if (st == MS_OK && strcmp(postmaster, a->user) != 0) {
		set_request(&r, "alias", "add");
		add_field(&r, "", postmaster);
		add_field(&r, "", a->user);
		st = verb_run(&h, &r, true, &out, err);
		st = st == MS_EXISTS ? MS_OK : st;
	}
	host_end(&h);
	return st;
}

static void
ask(const char *question, const char *preset, char *out, size_t n)
{
	char line[ANSWER_MAX];

	printf("%s [%s]: ", question, preset);
	fflush(stdout);
	if (fgets(line, sizeof(line), stdin) == NULL)
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	snprintf(out, n, "%s", line[0] != '\0' ? line : preset);
}

static void
take(const struct request *r, const char *name, char *out, size_t n)
{
	struct ms_str v = request_option(r, name);

	if (v.data != NULL)
		snprintf(out, n, "%.*s", (int)v.len, v.data);
}

/* What would make a config that cannot be read, or an account nobody reaches. */
static ms_status
check_answers(const struct answers *a, struct ms_error *err)
{
	struct ms_path path;

	for (const char *c = a->dir; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\' || *c == '$')
			return ms_error_set(err, MS_INVALID, "",
			    "the directory's name has a character that is not for names");
	if (!ms_domain_is_valid(ms_str_c(a->hostname), MS_PATH_UTF8))
		return ms_error_set(err, MS_INVALID, "", "%s is no name of a host",
		    a->hostname);
	if (!ms_domain_is_valid(ms_str_c(a->domain), MS_PATH_UTF8))
		return ms_error_set(err, MS_INVALID, "", "%s is no domain", a->domain);
	if (ms_mailbox_parse(ms_str_c(a->user), MS_PATH_UTF8, &path, NULL) != MS_OK)
		return ms_error_set(err, MS_INVALID, "", "%s is no address", a->user);
	if (!ms_str_equal_ci(path.domain, ms_str_c(a->domain)))
		return ms_error_set(err, MS_INVALID, "", "%s is not of the domain %s",
		    a->user, a->domain);
	return MS_OK;
}

static ms_status
gather(const struct request *r, struct answers *a, struct ms_error *err)
{
	bool asks = !request_has(r, "yes");
	struct ms_str file = request_option(r, "password-file");
	char host[ANSWER_MAX] = "localhost", path[PATH_MAX + 64], preset[ANSWER_MAX];
	const char *at;

	if (request_has(r, "port-base")) {
		a->is_loopback = true;
		if (!ms_str_to_u64(request_option(r, "port-base"), 64000, &a->port_base))
			return ms_error_set(err, MS_INVALID, "",
			    "--port-base is a number up to 64000");
	}
	(void)gethostname(host, sizeof(host) - 1);
	snprintf(a->dir, sizeof(a->dir), "/var/lib/mansio");
	snprintf(a->hostname, sizeof(a->hostname), "%s", a->is_loopback ? "localhost" : host);
	take(r, "dir", a->dir, sizeof(a->dir));
	take(r, "hostname", a->hostname, sizeof(a->hostname));
	take(r, "domain", a->domain, sizeof(a->domain));
	take(r, "user", a->user, sizeof(a->user));
	if (request_argument(r, 0).len > 0)
		snprintf(a->user, sizeof(a->user), "%.*s", (int)request_argument(r, 0).len,
		    request_argument(r, 0).data);
	if (asks && !request_has(r, "dir"))
		ask("Where shall the configuration and the mail live?", "/var/lib/mansio",
		    a->dir, sizeof(a->dir));
	if (asks && !request_has(r, "hostname") && !a->is_loopback)
		ask("This server's full name, as in the DNS?", host, a->hostname,
		    sizeof(a->hostname));
	at = strchr(a->user, '@');
	if (a->domain[0] == '\0' && at != NULL)
		snprintf(a->domain, sizeof(a->domain), "%s", at + 1);
	if (asks && a->domain[0] == '\0')
		ask("The domain whose mail it takes?", "example.org", a->domain,
		    sizeof(a->domain));
	if (asks && a->user[0] == '\0') {
		snprintf(preset, sizeof(preset), "me@%.500s", a->domain);
		ask("The first account?", preset, a->user, sizeof(a->user));
	}
	if (a->domain[0] == '\0' || a->user[0] == '\0')
		return ms_error_set(err, MS_INVALID, "",
		    "--domain and --user are needed with --yes");
	if (realpath(".", path) == NULL)
		return ms_error_errno(err, "find the working directory");
	if (a->dir[0] != '/') {
		char relative[PATH_MAX];

		snprintf(relative, sizeof(relative), "%s", a->dir);
		if ((size_t)snprintf(a->dir, sizeof(a->dir), "%s/%s", path, relative) >=
		    sizeof(a->dir))
			return ms_error_set(err, MS_INVALID, "", "the path is too long");
	}
	path_in(a, "mansio.conf", path, sizeof(path));
	if (access(path, F_OK) == 0)
		return ms_error_set(err, MS_EXISTS, "",
		    "%s is there already; nothing was changed", path);
	if (check_answers(a, err) != MS_OK)
		return MS_INVALID;
	if (file.data == NULL && !asks)
		return ms_error_set(err, MS_INVALID, "", "--password-file is needed with --yes");
	snprintf(path, sizeof(path), "%.*s", (int)file.len, file.data != NULL ? file.data : "");
	return password_input(file.data != NULL ? path : NULL, a->password, err);
}

int
setup_run(const struct request *r)
{
	struct ms_error err = MS_ERROR_INIT;
	struct answers a = { 0 };
	char config[PATH_MAX + 64];
	bool is_made = false;
	ms_status st = gather(r, &a, &err);

	path_in(&a, "mansio.conf", config, sizeof(config));
	if (st == MS_OK)
		st = make_files(&a, &is_made, &err);
	if (st == MS_OK)
		st = make_entries(&a, config, &err);
	/* A config without its account would keep a second try away. */
	if (st != MS_OK && is_made)
		(void)unlink(config);
	explicit_bzero(a.password, sizeof(a.password));
	if (st != MS_OK) {
		fprintf(stderr, "mansio setup: %s\n", err.text);
		return st == MS_INVALID || st == MS_EXISTS ? 2 : 1;
	}
	printf("%s is written, with the account %s.\n\nStart the server:\n"
	    "    mansio serve -c %s\n", config, a.user, config);
	return 0;
}
