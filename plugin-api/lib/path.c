/* SPDX-License-Identifier: ISC */
/* path.c - see address.h: addresses of the envelope, RFC 5321 4.1.2, 6531 3.3 */
#include <mansio/address.h>
#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include <arpa/inet.h>

#include "ascii.h"
#include "utf8_sequence.h"

static ms_status
refuse(struct ms_error *err, const char *why)
{
	return ms_error_set(err, MS_INVALID, "5.1.3", "%s", why);
}

/* Octets of a Dot-string at the front; it may stop anywhere. */
static size_t
dot_string_octets(struct ms_str s, uint32_t *flags)
{
	size_t n = 0;

	while (n < s.len) {
		size_t more = 1;

		if (ascii_is_high(s.data[n])) {
			more = utf8_sequence(s.data + n, s.len - n);
			if (more == 0)
				break;
			*flags |= MS_PATH_HAS_UTF8;
		} else if (s.data[n] == '.') {
			if (n == 0 || s.data[n - 1] == '.')
				break;
		} else if (!ascii_is_atext(s.data[n])) {
			break;
		}
		n += more;
	}
	return n > 0 && s.data[n - 1] == '.' ? 0 : n;
}

/* Octets of a Quoted-string at the front, its quotes included; 0: none. */
static size_t
quoted_octets(struct ms_str s, uint32_t *flags)
{
	size_t n = 1;

	while (n < s.len) {
		size_t more = 1;

		if (s.data[n] == '"') {
			*flags |= MS_PATH_IS_QUOTED;
			return n + 1;
		}
		if (s.data[n] == '\\') {
			/* quoted-pairSMTP = %d92 %d32-126 */
			if (++n == s.len || s.data[n] < ' ' || s.data[n] > '~')
				return 0;
		} else if (ascii_is_high(s.data[n])) {
			more = utf8_sequence(s.data + n, s.len - n);
			if (more == 0)
				return 0;
			*flags |= MS_PATH_HAS_UTF8;
		} else if (s.data[n] < ' ' || s.data[n] > '~') {
			return 0;
		}
		n += more;
	}
	return 0;
}

/* Octets that a domain may have; whether it is one is asked later. */
static size_t
domain_octets(struct ms_str s)
{
	size_t n = 0;

	if (s.len > 0 && s.data[0] == '[') {
		n = ms_str_find_octet(s, ']');
		return n == SIZE_MAX ? s.len : n + 1;
	}
	while (n < s.len && (ascii_is_alnum(s.data[n]) || s.data[n] == '-' ||
	    s.data[n] == '.' || ascii_is_high(s.data[n])))
		n++;
	return n;
}

/* A Mailbox at the front; *used_out octets of it. */
static ms_status
mailbox_read(struct ms_str text, uint32_t accept, struct ms_path *p,
    size_t *used_out, struct ms_error *err)
{
	size_t local, domain;

	local = text.len > 0 && text.data[0] == '"' ? quoted_octets(text, &p->flags) :
	    dot_string_octets(text, &p->flags);
	if (local == 0)
		return refuse(err, "bad local part");
	if (local > MS_MAX_LOCAL_PART)
		return refuse(err, "local part longer than 64 octets");
	p->local = ms_str_sub(text, 0, local);
	if (local == text.len || text.data[local] != '@') {
		/* RFC 5321 4.1.1.3: this name alone needs no domain. */
		if ((accept & MS_PATH_LOCAL) == 0 ||
		    !ms_str_is_ci(p->local, "postmaster"))
			return refuse(err, "no domain");
		p->domain = ms_str_of("", 0);
		p->address = p->local;
		*used_out = local;
		return MS_OK;
	}
	domain = domain_octets(ms_str_from(text, local + 1));
	p->domain = ms_str_sub(text, local + 1, domain);
	p->address = ms_str_sub(text, 0, local + 1 + domain);
	if (domain > 0 && p->domain.data[0] == '[') {
		p->flags |= MS_PATH_IS_LITERAL;
		if (!ms_address_literal_is_valid(p->domain))
			return refuse(err, "bad address literal");
	} else if (!ms_domain_is_valid(p->domain, MS_PATH_UTF8)) {
		return refuse(err, "bad domain");
	}
	if (ascii_has_high(p->domain.data, p->domain.len))
		p->flags |= MS_PATH_HAS_UTF8;
	if (p->address.len > MS_MAX_PATH - 2)
		return refuse(err, "address longer than 254 octets");
	if ((p->flags & MS_PATH_HAS_UTF8) && !(accept & MS_PATH_UTF8))
		return ms_error_set(err, MS_UNSUPPORTED, "5.6.7",
		    "a non-ASCII address needs SMTPUTF8");
	*used_out = p->address.len;
	return MS_OK;
}

/* A-d-l ":", e.g. "@a.example,@b.example:"; its octets, or 0. */
static size_t
route_octets(struct ms_str s, uint32_t accept)
{
	size_t at = 0;

	for (;;) {
		size_t n;

		if (at == s.len || s.data[at] != '@')
			return 0;
		n = domain_octets(ms_str_from(s, at + 1));
		if (!ms_domain_is_valid(ms_str_sub(s, at + 1, n), accept))
			return 0;
		at += 1 + n;
		if (at == s.len || (s.data[at] != ',' && s.data[at] != ':'))
			return 0;
		if (s.data[at++] == ':')
			return at;
	}
}

ms_status
ms_path_parse(struct ms_str text, uint32_t accept, struct ms_path *path_out,
    size_t *used_out, struct ms_error *err)
{
	struct ms_path p = { { "", 0 }, { "", 0 }, { "", 0 }, 0 };
	size_t at = 1, used;
	ms_status st;

	if (text.len == 0 || text.data[0] != '<')
		return refuse(err, "no \"<\"");
	if (text.len > 1 && text.data[1] == '>') {
		if ((accept & MS_PATH_NULL) == 0)
			return refuse(err, "the null path is not allowed here");
		p.flags = MS_PATH_IS_NULL;
		*path_out = p;
		*used_out = 2;
		return MS_OK;
	}
	if (text.len > 1 && text.data[1] == '@') {
		used = route_octets(ms_str_from(text, at), accept);
		if (used == 0)
			return refuse(err, "bad source route");
		p.flags = MS_PATH_HAS_ROUTE;
		at += used;
	}
	st = mailbox_read(ms_str_from(text, at), accept, &p, &used, err);
	if (st != MS_OK)
		return st;
	at += used;
	if (at == text.len || text.data[at] != '>')
		return refuse(err, "no \">\" after the address");
	*path_out = p;
	*used_out = at + 1;
	return MS_OK;
}

ms_status
ms_mailbox_parse(struct ms_str text, uint32_t accept, struct ms_path *path_out,
    struct ms_error *err)
{
	struct ms_path p = { { "", 0 }, { "", 0 }, { "", 0 }, 0 };
	size_t used;
	ms_status st = mailbox_read(text, accept, &p, &used, err);

	if (st != MS_OK)
		return st;
	if (used != text.len)
		return refuse(err, "more than an address");
	*path_out = p;
	return MS_OK;
}

/* RFC 5321 4.1.2: all quoted forms are equal; this is the shortest. */
static void
add_local_key(struct ms_buf *out, struct ms_str local)
{
	char bare[MS_MAX_LOCAL_PART * 3];	/* NFC makes it 3 times as long at most */
	uint32_t flags = 0;
	size_t n = 0;

	if (local.len < 2 || local.data[0] != '"' || local.len > sizeof(bare)) {
		ms_buf_add(out, local);
		return;
	}
	for (size_t i = 1; i + 1 < local.len; i++) {
		if (local.data[i] == '\\' && i + 2 < local.len)
			i++;
		bare[n++] = local.data[i];
	}
	if (n > 0 && dot_string_octets(ms_str_of(bare, n), &flags) == n) {
		ms_buf_add(out, ms_str_of(bare, n));
		return;
	}
	ms_buf_add_octet(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (bare[i] == '"' || bare[i] == '\\')
			ms_buf_add_octet(out, '\\');
		ms_buf_add_octet(out, bare[i]);
	}
	ms_buf_add_octet(out, '"');
}

/* IPv6 in RFC 5952's one spelling. */
static void
add_literal_key(struct ms_buf *out, struct ms_str literal)
{
	char text[INET6_ADDRSTRLEN + 16];
	struct in6_addr in6;
	size_t n = literal.len - 7;	/* without "[IPv6:" and "]" */

	if (ms_str_has_prefix_ci(literal, ms_str_of("[IPv6:", 6)) && n < sizeof(text)) {
		memcpy(text, literal.data + 6, n);
		text[n] = '\0';
		if (inet_pton(AF_INET6, text, &in6) == 1 &&
		    inet_ntop(AF_INET6, &in6, text, sizeof(text)) != NULL) {
			ms_buf_add_c(out, "[ipv6:");
			ms_buf_add_c(out, text);
			ms_buf_add_octet(out, ']');
			return;
		}
	}
	ms_buf_add(out, literal);
}

ms_status
ms_address_key(struct ms_arena *a, const struct ms_path *path,
    struct ms_str *key_out, struct ms_error *err)
{
	MS_AUTO_BUF struct ms_buf key = MS_BUF_MAX(4 * MS_MAX_PATH);
	struct ms_str local, domain;
	ms_status st;

	if ((path->flags & MS_PATH_IS_NULL) || path->local.len == 0)
		return refuse(err, "the null path is no address");
	if (ms_utf8_nfc(a, path->local, &local) != MS_OK)
		return refuse(err, "bad local part");
	add_local_key(&key, local);
	if (path->domain.len > 0) {
		ms_buf_add_octet(&key, '@');
		if (path->domain.data[0] == '[') {
			if (!ms_address_literal_is_valid(path->domain))
				return refuse(err, "bad address literal");
			add_literal_key(&key, path->domain);
		} else {
			st = ms_domain_key(a, path->domain, &domain, err);
			if (st != MS_OK)
				return st;
			ms_buf_add(&key, domain);
		}
	}
	if (!ms_buf_ok(&key))
		return refuse(err, "address too long");
	*key_out = ms_arena_str(a, ms_buf_str(&key));
	return MS_OK;
}
