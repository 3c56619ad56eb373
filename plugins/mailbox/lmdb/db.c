/* SPDX-License-Identifier: ISC */
/* db.c - see db.h */
#include "db.h"

#include <stdio.h>

#include <mansio/error.h>

const char *const db_names[N_DBS] = {
	"meta", "account", "name", "box-id", "box", "mail", "gone", "trash", "email",
	"thread", "blob", "seg", "did", "prop", "prop-ix", "due",
};

static MDB_val
val_of(struct ms_str s)
{
	MDB_val v = { .mv_size = s.len, .mv_data = (void *)(uintptr_t)s.data };

	return v;
}

static struct ms_str
str_of(const MDB_val *v)
{
	return ms_str_of(v->mv_data, v->mv_size);
}

static ms_status
result(struct db_txn *t, int rc, const char *what)
{
	if (rc == 0)
		return MS_OK;
	if (rc == MDB_NOTFOUND)
		return MS_NOTFOUND;
	t->rc = rc;
	return lmdb_error(t->err, rc, what);
}

ms_status
db_damaged(struct db_txn *t, int db, const char *what)
{
	return ms_error_set(t->err, MS_TEMPFAIL, "4.3.0",
	    "shard %u: damaged row in table %s: %s", t->shard->number, db_names[db], what);
}

ms_status
db_get(struct db_txn *t, int db, struct ms_str key, struct ms_str *value_out)
{
	MDB_val k = val_of(key), v;
	int rc = mdb_get(t->t, t->shard->dbi[db], &k, &v);

	if (rc == 0)
		*value_out = str_of(&v);
	return result(t, rc, "get");
}

ms_status
db_put(struct db_txn *t, int db, struct ms_str key, struct ms_str value)
{
	MDB_val k = val_of(key), v = val_of(value);

	t->wrote = true;
	return result(t, mdb_put(t->t, t->shard->dbi[db], &k, &v, 0), "put");
}

ms_status
db_room(struct db_txn *t, int db, struct ms_str key, size_t octets, uint8_t **room_out)
{
	MDB_val k = val_of(key), v = { .mv_size = octets, .mv_data = NULL };
	int rc;

	t->wrote = true;
	rc = mdb_put(t->t, t->shard->dbi[db], &k, &v, MDB_RESERVE);
	if (rc == 0)
		*room_out = v.mv_data;
	return result(t, rc, "put");
}

ms_status
db_delete(struct db_txn *t, int db, struct ms_str key)
{
	MDB_val k = val_of(key);
	int rc = mdb_del(t->t, t->shard->dbi[db], &k, NULL);

	if (rc != MDB_NOTFOUND)
		t->wrote = true;
	return result(t, rc, "delete");
}

ms_status
db_count(struct db_txn *t, int db, uint64_t *rows_out)
{
	MDB_stat stat;
	int rc = mdb_stat(t->t, t->shard->dbi[db], &stat);

	if (rc == 0)
		*rows_out = stat.ms_entries;
	return result(t, rc, "count");
}

ms_status
db_meta_get(struct db_txn *t, const char *name, uint64_t *value_out)
{
	struct ms_str value = { NULL, 0 };
	ms_status st = db_get(t, DB_META, ms_str_of(name, strlen(name)), &value);

	if (st == MS_NOTFOUND) {
		*value_out = 0;
		return MS_OK;
	}
	if (st != MS_OK)
		return st;
	if (value.len != 8)
		return db_damaged(t, DB_META, name);
	*value_out = get_u64((const uint8_t *)value.data);
	return MS_OK;
}

ms_status
db_meta_put(struct db_txn *t, const char *name, uint64_t value)
{
	struct key octets = key_u64(value);

	return db_put(t, DB_META, ms_str_of(name, strlen(name)), key_str(&octets));
}

ms_status
db_meta_next(struct db_txn *t, const char *name, uint32_t *number_out)
{
	uint64_t last;
	ms_status st = db_meta_get(t, name, &last);

	if (st != MS_OK)
		return st;
	if (last >= UINT32_MAX - 1)
		return ms_error_set(t->err, MS_LIMIT, "", "shard %u: no number left for a %s",
		    t->shard->number, name);
	if ((st = db_meta_put(t, name, last + 1)) == MS_OK)
		*number_out = (uint32_t)last + 1;
	return st;
}

/* ---- cursors ---- */

struct db_cursor
db_cursor(struct db_txn *t, int db)
{
	struct db_cursor c = { .t = t };
	int rc = mdb_cursor_open(t->t, t->shard->dbi[db], &c.c);

	if (rc != 0) {
		c.c = NULL;
		(void)result(t, rc, "open a cursor");
	}
	return c;
}

void
db_cursor_close(struct db_cursor *c)
{
	if (c->c != NULL)
		mdb_cursor_close(c->c);
	c->c = NULL;
}

static ms_status
move(struct db_cursor *c, struct ms_str key, MDB_cursor_op op)
{
	MDB_val k = val_of(key), v;
	int rc;

	if (c->c == NULL)
		return MS_TEMPFAIL;
	rc = mdb_cursor_get(c->c, &k, &v, op);
	if (rc == 0) {
		c->key = str_of(&k);
		c->value = str_of(&v);
	}
	return result(c->t, rc, "walk");
}

ms_status
db_seek(struct db_cursor *c, struct ms_str key)
{
	return move(c, key, MDB_SET_RANGE);
}

ms_status
db_next(struct db_cursor *c)
{
	return move(c, ms_str_of(NULL, 0), MDB_NEXT);
}

ms_status
db_prev(struct db_cursor *c)
{
	return move(c, ms_str_of(NULL, 0), MDB_PREV);
}

ms_status
db_replace(struct db_cursor *c, struct ms_str value)
{
	uint8_t key[KEY_MAX];
	MDB_val k = { .mv_size = c->key.len, .mv_data = key }, v = val_of(value);

	/* A value of another size moves what lies in the page: the key, too. */
	memcpy(key, c->key.data, c->key.len);
	c->t->wrote = true;
	return result(c->t, mdb_cursor_put(c->c, &k, &v, MDB_CURRENT), "replace");
}

ms_status
db_remove(struct db_cursor *c)
{
	c->t->wrote = true;
	return result(c->t, mdb_cursor_del(c->c, 0), "remove");
}
