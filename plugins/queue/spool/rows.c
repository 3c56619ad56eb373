/* SPDX-License-Identifier: ISC */
/* rows.c - see rows.h */
#include "rows.h"

#include <errno.h>
#include <string.h>

#include <mansio/error.h>
#include <mansio/str.h>

#define FORMAT		1u
#define MAX_READERS	4096
#define MAX_VALUE	(32u * 1024 * 1024)

ms_status
rows_error(struct rows *r, int rc, const char *what, struct ms_error *err)
{
	if (rc == MDB_SUCCESS)
		return MS_OK;
	if (rc == MDB_NOTFOUND)
		return MS_NOTFOUND;
	if (rc == MDB_MAP_FULL)
		r->is_full = true;
	return ms_error_set(err, MS_TEMPFAIL,
	    rc == ENOSPC || rc == EDQUOT ? "4.3.1" : "4.3.0",
	    "queue: %s: %s", what, mdb_strerror(rc));
}

static ms_status
open_tables(struct rows *r, struct ms_error *err)
{
	struct { const char *name; MDB_dbi *dbi; } each[] = {
		{ "meta", &r->meta }, { "seg", &r->seg }, { "msg", &r->msg },
		{ "part", &r->part }, { "due", &r->due }, { "dest", &r->dest },
		{ "made", &r->made },
	};
	uint64_t format = 0;
	MDB_txn *txn;
	ms_status st = rows_begin(r, NULL, &txn, err);

	if (st != MS_OK)
		return st;
	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]) && st == MS_OK; i++)
		st = rows_error(r, mdb_dbi_open(txn, each[i].name, MDB_CREATE,
		    each[i].dbi), each[i].name, err);
	if (st == MS_OK)
		st = rows_get_number(r, txn, "format", &format, err);
	if (st == MS_OK && format == 0)
		st = rows_put_number(r, txn, "format", FORMAT, err);
	else if (st == MS_OK && format != FORMAT)
		st = ms_error_set(err, MS_INVALID, "",
		    "queue: its format is %u, this release knows %u",
		    (unsigned)format, FORMAT);
	if (st != MS_OK) {
		mdb_txn_abort(txn);
		return st;
	}
	return rows_commit(r, txn, err);
}

static ms_status
open_env(struct rows *r, struct ms_error *err)
{
	int rc = mdb_env_create(&r->env);

	if (rc != 0) {
		r->env = NULL;
		return rows_error(r, rc, "create", err);
	}
	(void)mdb_env_set_maxdbs(r->env, 16);
	(void)mdb_env_set_maxreaders(r->env, MAX_READERS);
	rc = mdb_env_set_mapsize(r->env, (size_t)r->map);
	/* It can fail while another process opens or closes it. */
	for (int i = 0; rc == 0; i++) {
		rc = mdb_env_open(r->env, r->path, MDB_NOTLS, 0600);
		if (rc == 0 || i == 9)
			break;
		rc = rc == EAGAIN || rc == EBUSY ? 0 : rc;
	}
	if (rc != 0)
		return rows_error(r, rc, "open", err);
	return open_tables(r, err);
}

ms_status
rows_open(struct rows *r, const char *path, uint64_t map, struct ms_error *err)
{
	ms_status st;

	*r = (struct rows){ .path = path, .map = map };
	if (pthread_rwlock_init(&r->use, NULL) != 0)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no lock");
	st = open_env(r, err);
	if (st == MS_OK)
		return MS_OK;
	rows_close(r);
	return st == MS_NOTFOUND ? MS_TEMPFAIL : st;
}

void
rows_close(struct rows *r)
{
	if (r->path == NULL)
		return;
	if (r->env != NULL)
		mdb_env_close(r->env);
	pthread_rwlock_destroy(&r->use);
	*r = (struct rows){ .path = NULL };
}

ms_status
rows_reopen(struct rows *r, struct ms_error *err)
{
	ms_status st;

	pthread_rwlock_wrlock(&r->use);
	if (r->env != NULL)
		mdb_env_close(r->env);
	r->env = NULL;
	st = open_env(r, err);
	if (st != MS_OK && r->env != NULL) {
		mdb_env_close(r->env);
		r->env = NULL;
	}
	r->is_spoiled = st != MS_OK;
	pthread_rwlock_unlock(&r->use);
	return st;
}

ms_status
rows_grow(struct rows *r, struct ms_error *err)
{
	MDB_envinfo info;
	int rc;

	pthread_rwlock_wrlock(&r->use);
	rc = mdb_env_info(r->env, &info);
	if (rc == 0)
		rc = mdb_env_set_mapsize(r->env, info.me_mapsize * 2);
	if (rc == 0)
		r->map = info.me_mapsize * 2;
	r->is_full = false;
	pthread_rwlock_unlock(&r->use);
	return rows_error(r, rc, "grow", err);
}

void
rows_check_readers(struct rows *r)
{
	int dead;

	pthread_rwlock_rdlock(&r->use);
	if (r->env != NULL)
		(void)mdb_reader_check(r->env, &dead);
	pthread_rwlock_unlock(&r->use);
}

ms_status
rows_begin_read(struct rows *r, MDB_txn **txn_out, struct ms_error *err)
{
	int rc;

	pthread_rwlock_rdlock(&r->use);
	rc = r->env == NULL ? MDB_PANIC :
	    mdb_txn_begin(r->env, NULL, MDB_RDONLY, txn_out);
	if (rc == 0)
		return MS_OK;
	pthread_rwlock_unlock(&r->use);
	return rows_error(r, rc, "begin", err);
}

void
rows_end_read(struct rows *r, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	pthread_rwlock_unlock(&r->use);
}

ms_status
rows_begin(struct rows *r, MDB_txn *parent, MDB_txn **txn_out,
    struct ms_error *err)
{
	if (r->env == NULL)
		return rows_error(r, MDB_PANIC, "begin", err);
	return rows_error(r, mdb_txn_begin(r->env, parent, 0, txn_out), "begin",
	    err);
}

ms_status
rows_commit(struct rows *r, MDB_txn *txn, struct ms_error *err)
{
	int rc = mdb_txn_commit(txn);

	if (rc != 0 && rc != MDB_MAP_FULL)
		r->is_spoiled = true;
	return rows_error(r, rc, "commit", err);
}

/* ---- one row ------------------------------------------------------------ */

static MDB_val
val_of(const void *octets, size_t n)
{
	return (MDB_val){ .mv_size = n, .mv_data = (void *)(uintptr_t)octets };
}

static ms_status
get(struct rows *r, MDB_txn *txn, MDB_dbi dbi, const struct row_key *k,
    struct ms_str *out, struct ms_error *err)
{
	MDB_val key = val_of(k->octets, k->len), value;
	ms_status st = rows_error(r, mdb_get(txn, dbi, &key, &value), "get", err);

	if (st == MS_OK)
		*out = ms_str_of(value.mv_data, value.mv_size);
	return st;
}

static ms_status
put(struct rows *r, MDB_txn *txn, MDB_dbi dbi, const struct row_key *k,
    struct ms_str octets, struct ms_error *err)
{
	MDB_val key = val_of(k->octets, k->len);
	MDB_val value = val_of(octets.data, octets.len);

	return rows_error(r, mdb_put(txn, dbi, &key, &value, 0), "put", err);
}

static ms_status
del(struct rows *r, MDB_txn *txn, MDB_dbi dbi, const struct row_key *k,
    struct ms_error *err)
{
	MDB_val key = val_of(k->octets, k->len);

	return rows_error(r, mdb_del(txn, dbi, &key, NULL), "delete", err);
}

static ms_status
put_buf(struct rows *r, MDB_txn *txn, MDB_dbi dbi, const struct row_key *k,
    struct ms_buf *b, struct ms_error *err)
{
	if (!ms_buf_ok(b))
		return ms_error_set(err, MS_LIMIT, "5.3.4", "a queue row is too long");
	return put(r, txn, dbi, k, ms_buf_str(b), err);
}

static ms_status
is_damaged(const char *what, struct ms_error *err)
{
	return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "queue: damaged row in %s",
	    what);
}

ms_status
rows_get_seg(struct rows *r, MDB_txn *txn, uint64_t generation,
    struct seg_row *out, struct ms_error *err)
{
	struct row_key k;
	struct ms_str v;
	ms_status st;

	row_key_seg(&k, generation);
	st = get(r, txn, r->seg, &k, &v, err);
	if (st == MS_OK && !seg_row_decode(v, out))
		return is_damaged("seg", err);
	return st;
}

ms_status
rows_put_seg(struct rows *r, MDB_txn *txn, uint64_t generation,
    const struct seg_row *row, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(1024);
	struct row_key k;

	row_key_seg(&k, generation);
	seg_row_encode(&b, row);
	return put_buf(r, txn, r->seg, &k, &b, err);
}

ms_status
rows_del_seg(struct rows *r, MDB_txn *txn, uint64_t generation,
    struct ms_error *err)
{
	struct row_key k;

	row_key_seg(&k, generation);
	return del(r, txn, r->seg, &k, err);
}

ms_status
rows_get_msg(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct msg_row *out, struct ms_error *err)
{
	struct row_key k;
	struct ms_str v;
	ms_status st;

	row_key_msg(&k, id);
	st = get(r, txn, r->msg, &k, &v, err);
	if (st == MS_OK && !msg_row_decode(v, out))
		return is_damaged("msg", err);
	return st;
}

ms_status
rows_put_msg(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    const struct msg_row *row, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(MAX_VALUE);
	struct row_key k;

	row_key_msg(&k, id);
	msg_row_encode(&b, row);
	return put_buf(r, txn, r->msg, &k, &b, err);
}

ms_status
rows_del_msg(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_error *err)
{
	struct row_key k;

	row_key_msg(&k, id);
	return del(r, txn, r->msg, &k, err);
}

static ms_status
look_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    uint32_t number, struct ms_part *out, struct ms_error *err)
{
	struct row_key k;
	struct ms_unpack u;
	struct ms_str v;
	ms_status st;

	row_key_part(&k, id, number);
	st = get(r, txn, r->part, &k, &v, err);
	if (st != MS_OK)
		return st;
	u = ms_unpack_of(v);
	if (!part_decode(&u, out) || !ms_unpack_done(&u) || out->number != number)
		return is_damaged("part", err);
	out->message = *id;
	return MS_OK;
}

ms_status
rows_get_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    uint32_t number, struct ms_arena *arena, struct ms_part **out,
    struct ms_error *err)
{
	struct ms_part part;
	ms_status st = look_part(r, txn, id, number, &part, err);

	if (st == MS_OK)
		*out = part_copy(arena, &part);
	return st;
}

ms_status
rows_del_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    uint32_t number, struct ms_error *err)
{
	struct row_key due, dest, part;
	struct ms_part old;
	ms_status st = look_part(r, txn, id, number, &old, err);

	if (st != MS_OK)
		return st;
	/* Made before anything is deleted: `old` is lent from the page. */
	row_key_due(&due, old.next_us, id, number);
	row_key_dest(&dest, old.destination, old.next_us, id, number);
	row_key_part(&part, id, number);
	st = del(r, txn, r->due, &due, err);
	if (st == MS_OK)
		st = del(r, txn, r->dest, &dest, err);
	if (st == MS_OK)
		st = del(r, txn, r->part, &part, err);
	return st == MS_NOTFOUND ? is_damaged("due or dest", err) : st;
}

ms_status
rows_put_part(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    const struct ms_part *part, bool *existed_out, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(MAX_VALUE);
	struct ms_part kept = *part;
	struct row_key k;
	ms_status st;

	if (kept.next_us < 0)
		kept.next_us = 0;
	part_encode(&b, &kept);
	st = rows_del_part(r, txn, id, kept.number, err);
	if (st != MS_OK && st != MS_NOTFOUND)
		return st;
	*existed_out = st == MS_OK;
	row_key_part(&k, id, kept.number);
	st = put_buf(r, txn, r->part, &k, &b, err);
	if (st != MS_OK)
		return st;
	row_key_due(&k, kept.next_us, id, kept.number);
	st = put(r, txn, r->due, &k, ms_str_of("", 0), err);
	if (st != MS_OK)
		return st;
	row_key_dest(&k, kept.destination, kept.next_us, id, kept.number);
	return put(r, txn, r->dest, &k, ms_str_of("", 0), err);
}

ms_status
rows_get_made(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_str *body_out, struct ms_error *err)
{
	struct row_key k;

	row_key_msg(&k, id);
	return get(r, txn, r->made, &k, body_out, err);
}

ms_status
rows_put_made(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_str body, struct ms_error *err)
{
	struct row_key k;

	row_key_msg(&k, id);
	return put(r, txn, r->made, &k, body, err);
}

ms_status
rows_del_made(struct rows *r, MDB_txn *txn, const struct ms_id *id,
    struct ms_error *err)
{
	struct row_key k;

	row_key_msg(&k, id);
	return del(r, txn, r->made, &k, err);
}

static void
meta_key(struct row_key *k, const char *name)
{
	k->len = strlen(name);
	memcpy(k->octets, name, k->len);
}

ms_status
rows_get_number(struct rows *r, MDB_txn *txn, const char *name, uint64_t *out,
    struct ms_error *err)
{
	struct ms_unpack u;
	struct row_key k;
	struct ms_str v;
	ms_status st;

	meta_key(&k, name);
	st = get(r, txn, r->meta, &k, &v, err);
	if (st == MS_NOTFOUND) {
		*out = 0;
		return MS_OK;
	}
	if (st != MS_OK)
		return st;
	u = ms_unpack_of(v);
	*out = ms_unpack_u64(&u);
	return ms_unpack_done(&u) ? MS_OK : is_damaged("meta", err);
}

ms_status
rows_put_number(struct rows *r, MDB_txn *txn, const char *name, uint64_t value,
    struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf b = MS_BUF_MAX(16);
	struct row_key k;

	meta_key(&k, name);
	ms_pack_u64(&b, value);
	return put_buf(r, txn, r->meta, &k, &b, err);
}
