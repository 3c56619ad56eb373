/* SPDX-License-Identifier: ISC */
/* tls_store.c - see tls.h and tls_store.h */
#include "net/tls_store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/x509.h>

#include <mansio/error.h>

#include "base/clock.h"
#include "base/log.h"

#define MAX_FILE	(1024 * 1024)
#define LOOK_EVERY_US	SECOND_US

struct tls_pair {
	_Atomic unsigned holders;
	gnutls_certificate_credentials_t x509;
	int64_t ends;			/* time_t of the certificate */
};

/* By what a file that changed is told. */
struct mark {
	dev_t           dev;
	ino_t           ino;
	off_t           octets;
	struct timespec changed, modified;
};

struct tls_store {
	char             *cert, *key;	/* paths */
	uint32_t          clients;
	gnutls_priority_t priority;
	_Atomic int64_t   looked_us;
	pthread_mutex_t   lock;		/* all below */
	struct tls_pair  *pair;
	struct mark       cert_mark, key_mark;
};

static struct mark
mark_of(const char *path)
{
	struct mark m;
	struct stat st;

	memset(&m, 0, sizeof(m));
	if (stat(path, &st) == 0) {
		m.dev = st.st_dev;
		m.ino = st.st_ino;
		m.octets = st.st_size;
		m.changed = st.st_ctim;
		m.modified = st.st_mtim;
	}
	return m;
}

static bool
is_same(const struct mark *a, const struct mark *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
wipe(gnutls_datum_t *d)
{
	if (d->data != NULL)
		explicit_bzero(d->data, d->size);
	free(d->data);
	d->data = NULL;
}

static ms_status
read_file(const char *path, gnutls_datum_t *out, struct ms_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t done = 0;
	ssize_t n = 1;

	if (fd < 0)
		return ms_error_errno(err, "%s", path);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MAX_FILE) {
		close(fd);
		return ms_error_set(err, MS_INVALID, "",
		    "%s: not a file of PEM data", path);
	}
	out->size = (unsigned)st.st_size;
	out->data = malloc(out->size + 1u);
	while (out->data != NULL && done < out->size && n > 0) {
		n = read(fd, out->data + done, out->size - done);
		if (n > 0)
			done += (size_t)n;
	}
	close(fd);
	if (out->data == NULL || done != out->size)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
		    "%s: cannot be read", path);
	out->data[done] = '\0';
	return MS_OK;
}

static ms_status
end_of(gnutls_certificate_credentials_t x509, int64_t *ends_out)
{
	gnutls_datum_t der;
	gnutls_x509_crt_t crt;
	time_t ends = (time_t)-1;

	if (gnutls_certificate_get_crt_raw(x509, 0, 0, &der) != 0 ||
	    gnutls_x509_crt_init(&crt) != 0)
		return MS_INVALID;
	if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) == 0)
		ends = gnutls_x509_crt_get_expiration_time(crt);
	gnutls_x509_crt_deinit(crt);
	if (ends == (time_t)-1)
		return MS_INVALID;
	*ends_out = ends;
	return MS_OK;
}

static ms_status
explain(const struct tls_store *t, int code, struct ms_error *err)
{
	if (code == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return ms_error_set(err, MS_INVALID, "",
		    "%s is not the key of the certificate %s", t->key, t->cert);
	return ms_error_set(err, MS_INVALID, "", "%s, %s: %s", t->cert, t->key,
	    gnutls_strerror(code));
}

static ms_status
load_into(struct tls_store *t, struct tls_pair *p, struct ms_error *err)
{
	gnutls_datum_t cert = { NULL, 0 }, key = { NULL, 0 };
	ms_status st = read_file(t->cert, &cert, err);
	int e;

	if (st == MS_OK)
		st = read_file(t->key, &key, err);
	if (st == MS_OK) {
		e = gnutls_certificate_set_x509_key_mem2(p->x509, &cert, &key,
		    GNUTLS_X509_FMT_PEM, NULL, 0);
		if (e < 0)
			st = explain(t, e, err);
	}
	wipe(&key);
	wipe(&cert);
	if (st == MS_OK && end_of(p->x509, &p->ends) != MS_OK)
		st = ms_error_set(err, MS_INVALID, "",
		    "%s: no certificate in it", t->cert);
	return st;
}

static ms_status
load(struct tls_store *t, struct tls_pair **pair_out, struct ms_error *err)
{
	struct tls_pair *p = calloc(1, sizeof(*p));
	ms_status st;

	if (p == NULL || gnutls_certificate_allocate_credentials(&p->x509) != 0) {
		free(p);
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	}
	atomic_init(&p->holders, 1);
	st = load_into(t, p, err);
	if (st != MS_OK) {
		tls_pair_drop(p);
		return st;
	}
	if (t->clients > 0)
		(void)gnutls_certificate_set_x509_system_trust(p->x509);
	*pair_out = p;
	return MS_OK;
}

/* TLS 1.2's plain RSA key exchange has no forward secrecy, and the key would
   have to decrypt what strangers send. */
static ms_status
set_priority(struct tls_store *t, uint32_t minimum, struct ms_error *err)
{
	const char *words = minimum >= 0x0304 ?
	    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-RSA" :
	    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA";
	int e = gnutls_priority_init(&t->priority, words, NULL);

	if (e == 0)
		return MS_OK;
	t->priority = NULL;
	return ms_error_set(err, MS_TEMPFAIL, "", "TLS priorities: %s",
	    gnutls_strerror(e));
}

ms_status
tls_store_open(const struct tls_store_options *options,
    struct tls_store **store_out, struct ms_error *err)
{
	struct tls_store *t = calloc(1, sizeof(*t));
	ms_status st;

	if (t == NULL)
		return ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	pthread_mutex_init(&t->lock, NULL);
	t->clients = options->clients;
	t->cert = strdup(options->cert);
	t->key = strdup(options->key);
	if (t->cert == NULL || t->key == NULL)
		st = ms_error_set(err, MS_TEMPFAIL, "4.3.0", "no memory");
	else
		st = set_priority(t, options->minimum, err);
	if (st == MS_OK) {
		t->cert_mark = mark_of(t->cert);
		t->key_mark = mark_of(t->key);
		st = load(t, &t->pair, err);
	}
	if (st != MS_OK) {
		tls_store_free(t);
		return st;
	}
	atomic_init(&t->looked_us, clock_steady_us());
	if (t->pair->ends < clock_now_us() / SECOND_US)
		log_printf(NULL, MS_LOG_WARNING, "%s: the certificate has expired",
		    t->cert);
	*store_out = t;
	return MS_OK;
}

void
tls_store_free(struct tls_store *t)
{
	if (t == NULL)
		return;
	tls_pair_drop(t->pair);
	if (t->priority != NULL)
		gnutls_priority_deinit(t->priority);
	pthread_mutex_destroy(&t->lock);
	free(t->cert);
	free(t->key);
	free(t);
}

/* With the lock.  Files that are bad are not read again until they change. */
static void
reload(struct tls_store *t)
{
	struct ms_error err = MS_ERROR_INIT;
	struct mark cert = mark_of(t->cert), key = mark_of(t->key);
	struct tls_pair *p = NULL;
	ms_status st;

	if (is_same(&cert, &t->cert_mark) && is_same(&key, &t->key_mark))
		return;
	t->cert_mark = cert;
	t->key_mark = key;
	st = load(t, &p, &err);
	if (st == MS_OK && p->ends < clock_now_us() / SECOND_US) {
		st = ms_error_set(&err, MS_INVALID, "",
		    "%s: the new certificate has expired", t->cert);
		tls_pair_drop(p);
	}
	if (st != MS_OK) {
		log_printf(NULL, MS_LOG_ERROR,
		    "the old certificate stays in use: %s", err.text);
		return;
	}
	tls_pair_drop(t->pair);
	t->pair = p;
	log_printf(NULL, MS_LOG_INFO, "%s: new certificate in use", t->cert);
}

void
tls_store_refresh(struct tls_store *t)
{
	atomic_store(&t->looked_us, clock_steady_us());
	pthread_mutex_lock(&t->lock);
	reload(t);
	pthread_mutex_unlock(&t->lock);
}

struct tls_pair *
tls_store_take(struct tls_store *t)
{
	struct tls_pair *p;
	int64_t looked = atomic_load(&t->looked_us), now = clock_steady_us();

	if (now - looked >= LOOK_EVERY_US &&
	    atomic_compare_exchange_strong(&t->looked_us, &looked, now))
		tls_store_refresh(t);
	pthread_mutex_lock(&t->lock);
	p = t->pair;
	atomic_fetch_add(&p->holders, 1);
	pthread_mutex_unlock(&t->lock);
	return p;
}

void
tls_pair_drop(struct tls_pair *p)
{
	if (p == NULL || atomic_fetch_sub(&p->holders, 1) > 1)
		return;
	gnutls_certificate_free_credentials(p->x509);
	free(p);
}

gnutls_certificate_credentials_t
tls_pair_credentials(const struct tls_pair *p)
{
	return p->x509;
}

gnutls_priority_t
tls_store_priority(const struct tls_store *t)
{
	return t->priority;
}

uint32_t
tls_store_clients(const struct tls_store *t)
{
	return t->clients;
}

ms_status
tls_store_expiry(struct tls_store *t, int64_t *seconds_out)
{
	pthread_mutex_lock(&t->lock);
	*seconds_out = t->pair->ends - clock_now_us() / SECOND_US;
	pthread_mutex_unlock(&t->lock);
	return MS_OK;
}
