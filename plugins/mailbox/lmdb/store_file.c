/* SPDX-License-Identifier: ISC */
/* store_file.c - see store_file.h */
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <mansio/buf.h>
#include <mansio/error.h>
#include <mansio/str.h>

#define FILE_NAME	"store"
#define FORMAT		1
#define MAX_SHARDS	256
#define MANY_PROCESSORS	16

static bool
read_hex(struct ms_str text, struct ms_id *out)
{
	if (text.len != 2 * sizeof(out->octets))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *at = memchr(digits, text.data[i], 16);
		unsigned value;

		if (at == NULL)
			return false;
		value = (unsigned)(at - digits);
		out->octets[i / 2] = (uint8_t)(i % 2 == 0 ? value << 4 :
		    out->octets[i / 2] | value);
	}
	return true;
}

static ms_status
parse(struct ms_instance *self, struct ms_str text, struct ms_error *err)
{
	uint64_t format = 0, shards = 0;
	bool has_id = false;
	struct ms_str line;

	while (ms_str_split(&text, '\n', &line)) {
		struct ms_str word;

		if (!ms_str_split(&line, ' ', &word))
			continue;
		if (ms_str_equal(word, ms_str_c("format")))
			(void)ms_str_to_u64(line, UINT32_MAX, &format);
		else if (ms_str_equal(word, ms_str_c("shards")))
			(void)ms_str_to_u64(line, MAX_SHARDS, &shards);
		else if (ms_str_equal(word, ms_str_c("id")))
			has_id = read_hex(line, &self->id);
	}
	if (format != FORMAT)
		return ms_error_set(err, MS_INVALID, "",
		    "%s/%s: format %llu, this version knows %d",
		    self->conf->directory(self->config), FILE_NAME,
		    (unsigned long long)format, FORMAT);
	if (shards == 0 || !has_id)
		return ms_error_set(err, MS_INVALID, "", "%s/%s is damaged",
		    self->conf->directory(self->config), FILE_NAME);
	self->n_shards = (uint32_t)shards;
	return MS_OK;
}

static ms_status
write_file(struct ms_instance *self, struct ms_error *err)
{
	struct ms_buf text = MS_BUF_MAX(256);
	ms_status st = MS_OK;
	int fd;

	ms_buf_addf(&text, "format %d\nshards %u\nid ", FORMAT, self->n_shards);
	for (size_t i = 0; i < sizeof(self->id.octets); i++)
		ms_buf_addf(&text, "%02x", self->id.octets[i]);
	ms_buf_add_c(&text, "\n");
	fd = openat(self->dir_fd, FILE_NAME ".new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, text.data, text.len) != (ssize_t)text.len ||
	    fsync(fd) == -1)
		st = ms_error_errno(err, "write %s", FILE_NAME);
	if (fd != -1)
		close(fd);
	if (st == MS_OK && (renameat(self->dir_fd, FILE_NAME ".new", self->dir_fd,
	    FILE_NAME) == -1 || fsync(self->dir_fd) == -1))
		st = ms_error_errno(err, "rename %s", FILE_NAME);
	ms_buf_free(&text);
	return st;
}

static ms_status
make(struct ms_instance *self, uint32_t wanted, struct ms_error *err)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (!is_writer(self))
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "%s: there is no store yet",
		    self->conf->directory(self->config));
	self->n_shards = wanted != 0 ? wanted : processors >= MANY_PROCESSORS ? 16 : 4;
	self->clock->random(self->host, self->id.octets, sizeof(self->id.octets));
	return write_file(self, err);
}

ms_status
store_file_open(struct ms_instance *self, uint32_t wanted, struct ms_error *err)
{
	char text[512];
	ssize_t n;
	ms_status st;
	int fd = openat(self->dir_fd, FILE_NAME, O_RDONLY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT)
		return make(self, wanted, err);
	if (fd == -1)
		return ms_error_errno(err, "open %s", FILE_NAME);
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n == -1)
		return ms_error_errno(err, "read %s", FILE_NAME);
	if ((st = parse(self, ms_str_of(text, (size_t)n), err)) != MS_OK)
		return st;
	if (wanted != 0 && wanted != self->n_shards)
		return ms_error_set(err, MS_INVALID, "",
		    "shards = %u, but the store in %s was made with %u, which can't be changed: "
		    "write shards = %u, or migrate to a new store", wanted,
		    self->conf->directory(self->config), self->n_shards, self->n_shards);
	return MS_OK;
}
