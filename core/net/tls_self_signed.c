/* SPDX-License-Identifier: ISC */
/* tls_self_signed.c - a certificate for a server that has none yet (tls.h) */
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <mansio/error.h>

#include "base/clock.h"

#define TEN_YEARS	(INT64_C(3653) * 24 * 60 * 60)

static int
make_key(gnutls_x509_privkey_t key)
{
	return gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
	    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

/* Who tries a server out on their own machine often names it by number. */
static int
add_loopback_addresses(gnutls_x509_crt_t crt)
{
	static const unsigned char v4[4] = { 127, 0, 0, 1 };
	static const unsigned char v6[16] = { [15] = 1 };
	int e = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, v4,
	    sizeof(v4), GNUTLS_FSAN_APPEND);

	return e != 0 ? e : gnutls_x509_crt_set_subject_alt_name(crt,
	    GNUTLS_SAN_IPADDRESS, v6, sizeof(v6), GNUTLS_FSAN_APPEND);
}

static int
fill_in(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const char *name)
{
	time_t now = (time_t)(clock_now_us() / SECOND_US);
	unsigned char serial[16];
	unsigned n = (unsigned)strlen(name);
	int e = gnutls_x509_crt_set_version(crt, 3);

	random_octets(serial, sizeof(serial));
	serial[0] &= 0x7f;	/* a positive number */
	serial[0] |= 0x40;
	if (e == 0)
		e = gnutls_x509_crt_set_key(crt, key);
	if (e == 0)
		e = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	/* An hour back, for clients whose clocks are late. */
	if (e == 0)
		e = gnutls_x509_crt_set_activation_time(crt, now - 60 * 60);
	if (e == 0)
		e = gnutls_x509_crt_set_expiration_time(crt,
		    now + (time_t)TEN_YEARS);
	if (e == 0)
		e = gnutls_x509_crt_set_dn_by_oid(crt,
		    GNUTLS_OID_X520_COMMON_NAME, 0, name, n < 64 ? n : 64);
	if (e == 0)
		e = gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME,
		    name, n, GNUTLS_FSAN_SET);
	if (e == 0 && strcmp(name, "localhost") == 0)
		e = add_loopback_addresses(crt);
	if (e == 0)
		e = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (e == 0)
		e = gnutls_x509_crt_set_key_usage(crt,
		    GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (e == 0)
		e = gnutls_x509_crt_set_key_purpose_oid(crt,
		    GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (e == 0)
		e = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	return e;
}

/* A file that is there already may be somebody's real key: it stays. */
static ms_status
write_file(const char *path, mode_t mode, const gnutls_datum_t *pem,
    struct ms_error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	size_t done = 0;
	ms_status st = MS_OK;

	if (fd < 0 && errno == EEXIST)
		return ms_error_set(err, MS_EXISTS, "", "%s exists", path);
	if (fd < 0)
		return ms_error_errno(err, "%s", path);
	while (st == MS_OK && done < pem->size) {
		ssize_t n = write(fd, pem->data + done, pem->size - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			st = ms_error_errno(err, "%s", path);
	}
	if (st == MS_OK && fsync(fd) != 0)
		st = ms_error_errno(err, "%s", path);
	close(fd);
	if (st != MS_OK)
		(void)unlink(path);
	return st;
}

static ms_status
write_both(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
    const char *cert_path, const char *key_path, struct ms_error *err)
{
	gnutls_datum_t cert_pem = { NULL, 0 }, key_pem = { NULL, 0 };
	ms_status st;

	if (gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &cert_pem) != 0 ||
	    gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
	    GNUTLS_PKCS_PLAIN, &key_pem) != 0)
		st = ms_error_set(err, MS_TEMPFAIL, "", "no memory");
	else
		st = write_file(key_path, 0600, &key_pem, err);
	if (st == MS_OK) {
		st = write_file(cert_path, 0644, &cert_pem, err);
		if (st != MS_OK)
			(void)unlink(key_path);
	}
	if (key_pem.data != NULL)
		explicit_bzero(key_pem.data, key_pem.size);
	gnutls_free(key_pem.data);
	gnutls_free(cert_pem.data);
	return st;
}

ms_status
tls_make_self_signed(const char *name, const char *cert_path,
    const char *key_path, struct ms_error *err)
{
	gnutls_x509_privkey_t key = NULL;
	gnutls_x509_crt_t crt = NULL;
	ms_status st = MS_OK;
	int e = gnutls_x509_privkey_init(&key);

	if (e == 0)
		e = gnutls_x509_crt_init(&crt);
	if (e == 0)
		e = make_key(key);
	if (e == 0)
		e = fill_in(crt, key, name);
	if (e != 0)
		st = ms_error_set(err, MS_TEMPFAIL, "", "a certificate for %s: %s",
		    name, gnutls_strerror(e));
	else
		st = write_both(crt, key, cert_path, key_path, err);
	if (crt != NULL)
		gnutls_x509_crt_deinit(crt);
	if (key != NULL)
		gnutls_x509_privkey_deinit(key);
	return st;
}
