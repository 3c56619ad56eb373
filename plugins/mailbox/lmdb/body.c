/* SPDX-License-Identifier: ISC */
/*
 * body.c - see read.h: the content of a message as a blob
 *
 * The place is looked up in a transaction that ends before anything is read.
 * Compaction may move a body in between: then the file is gone, and the place
 * is looked up once more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mansio/error.h>
#include <mansio/pack.h>

#include "read.h"
#include "segment_walk.h"

/* So small a body is read at once, which also checks it, and given as memory;
   a larger one is given as a stretch of the file. */
#define SMALL_OCTETS	65536

static ms_status
find_place(const struct ms_scope *scope, struct ms_account *account, const struct ms_id *id,
    uint32_t uid, uint64_t *blob_out, struct blob_row *out, struct ms_error *err)
{
	DB_AUTO_READ struct db_txn t;
	struct trash trash;
	struct mail mail;
	struct ms_str raw;
	struct key key;
	uint32_t day, a = account->number, m;
	ms_status st;

	if ((st = db_begin_read(&t, account->shard, scope->arena, err)) != MS_OK ||
	    (st = box_number(&t, a, id, &m)) != MS_OK)
		return st;
	st = mail_find(&t, a, m, uid, &mail);
	if (st == MS_NOTFOUND) {
		st = trash_find(&t, a, m, uid, &day, &trash);
		if (st == MS_NOTFOUND)
			return ms_error_set(err, MS_NOTFOUND, "", "no such message");
		mail = trash.mail;
	}
	if (st != MS_OK)
		return st;
	key = key_u64(mail.blob);
	st = db_get(&t, DB_BLOB, key_str(&key), &raw);
	if (st == MS_NOTFOUND || (st == MS_OK && !blob_decode(raw, out)))
		return db_damaged(&t, DB_BLOB, "blob");
	*blob_out = mail.blob;
	return st;
}

static void
log_damage(struct shard *s, const struct ms_scope *scope, uint64_t blob,
    const struct blob_row *row)
{
	char text[160];

	snprintf(text, sizeof(text), "shard %u: body %016llx in segment %08x at %llu is damaged",
	    s->number, (unsigned long long)blob, row->segment, (unsigned long long)row->offset);
	s->store->log->write(scope, MS_LOG_ERROR, text, NULL, 0);
}

static ms_status
give_small(struct shard *s, const struct ms_scope *scope, uint64_t blob,
    const struct blob_row *row, struct ms_blob **blob_out, struct ms_error *err)
{
	size_t octets = (size_t)row->stored;
	ms_status st;
	char *text;
	int fd;

	if ((st = files_take(&s->files, row->segment, &fd, err)) != MS_OK)
		return st;
	if ((text = malloc(octets + 1)) == NULL)
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	else
		st = segment_read(fd, row->offset + RECORD_HEAD, text, octets, err);
	files_give(&s->files, row->segment, fd);
	if (st == MS_OK && ms_crc32c(0, text, octets) != row->crc) {
		log_damage(s, scope, blob, row);
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "the message is damaged");
	}
	if (st == MS_OK)
		st = s->store->blob->from_memory(scope, ms_str_of(text, octets), blob_out, err);
	free(text);
	return st;
}

static ms_status
give_large(struct shard *s, const struct ms_scope *scope, const struct blob_row *row,
    struct ms_blob **blob_out, struct ms_error *err)
{
	ms_status st;
	int fd;

	if ((st = files_open(&s->files, row->segment, &fd, err)) != MS_OK)
		return st;
	st = s->store->blob->from_file(scope, fd, row->offset + RECORD_HEAD, row->stored, 0,
	    blob_out, err);
	if (st != MS_OK)
		close(fd);
	return st;
}

ms_status
read_body(struct ms_instance *self, const struct ms_scope *scope, struct ms_account *account,
    const struct ms_id *box, uint32_t uid, struct ms_blob **blob_out, struct ms_error *err)
{
	struct shard *s = account->shard;
	struct blob_row row;
	uint64_t blob = 0;
	ms_status st = MS_OK;

	(void)self;
	for (int tries = 0; tries < 2; tries++) {
		if ((st = find_place(scope, account, box, uid, &blob, &row, err)) != MS_OK)
			return st;
		if (row.transforms != 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "the message is stored in a way that this version can't read");
		st = row.stored <= SMALL_OCTETS ?
		    give_small(s, scope, blob, &row, blob_out, err) :
		    give_large(s, scope, &row, blob_out, err);
		if (st != MS_NOTFOUND)
			return st;
	}
	log_damage(s, scope, blob, &row);
	return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "the message's segment is missing");
}
