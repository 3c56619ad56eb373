/* SPDX-License-Identifier: ISC */
/* domain.c - see address.h: domains and address literals */
#include <mansio/address.h>
#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include <idn2.h>

#include "ascii.h"

#define MAX_LABEL	63	/* RFC 1035 2.3.4 */
#define MAX_NAME	253	/* the same: 255 on the wire, first length and root off */

/* RFC 5321 4.1.2: sub-domain = Let-dig [Ldh-str] */
static bool
is_ascii_domain(struct ms_str s)
{
	size_t label = 0;

	if (s.len == 0 || s.len > MAX_NAME)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c == '.') {
			if (label == 0 || s.data[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!ascii_is_alnum(c) && (c != '-' || label == 0))
			return false;
		if (++label > MAX_LABEL)
			return false;
	}
	return label > 0 && s.data[s.len - 1] != '-';
}

static size_t
count_dots(struct ms_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.data[i] == '.';
	return n;
}

/* U-labels to A-labels.  MS_INVALID: not IDNA 2008, or too long. */
static ms_status
to_a_labels(struct ms_str domain, char out[MS_MAX_DOMAIN + 1], size_t *len_out)
{
	char in[MS_MAX_DOMAIN + 1];
	uint8_t *ace = NULL;
	struct ms_str s;

	if (domain.len > MS_MAX_DOMAIN || !ms_utf8_is_valid(domain, false))
		return MS_INVALID;
	memcpy(in, domain.data, domain.len);
	in[domain.len] = '\0';
	if (idn2_lookup_u8((const uint8_t *)in, &ace,
	    IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
		return MS_INVALID;
	s = ms_str_c((const char *)ace);
	/* The mapping knows dots that RFC 6531 does not. */
	if (!is_ascii_domain(s) || count_dots(s) != count_dots(domain)) {
		idn2_free(ace);
		return MS_INVALID;
	}
	memcpy(out, s.data, s.len + 1);
	*len_out = s.len;
	idn2_free(ace);
	return MS_OK;
}

bool
ms_domain_is_valid(struct ms_str domain, uint32_t accept)
{
	char ace[MS_MAX_DOMAIN + 1];
	size_t len;

	if (!ascii_has_high(domain.data, domain.len))
		return is_ascii_domain(domain);
	return (accept & MS_PATH_UTF8) != 0 && to_a_labels(domain, ace, &len) == MS_OK;
}

ms_status
ms_domain_key(struct ms_arena *a, struct ms_str domain, struct ms_str *key_out,
    struct ms_error *err)
{
	char ace[MS_MAX_DOMAIN + 1];
	size_t len;

	if (is_ascii_domain(domain)) {
		*key_out = ms_arena_lower(a, domain);
		return MS_OK;
	}
	if (!ascii_has_high(domain.data, domain.len) || to_a_labels(domain, ace, &len) != MS_OK)
		return ms_error_set(err, MS_INVALID, "5.1.2", "bad domain");
	*key_out = ms_arena_lower(a, ms_str_of(ace, len));
	return MS_OK;
}

/* Snum 3("." Snum) */
static bool
is_ipv4(struct ms_str s)
{
	struct ms_str part;
	unsigned n = 0;

	while (ms_str_split(&s, '.', &part)) {
		uint64_t value;

		if (++n > 4 || part.len > 3 || !ms_str_to_u64(part, 255, &value))
			return false;
	}
	return n == 4;
}

/* Counts the groups between colons, the IPv4 form at the end as two.  False:
   something else is in it. */
static bool
count_groups(struct ms_str s, bool v4_ok, unsigned *n)
{
	struct ms_str group;

	if (s.len == 0)
		return true;
	while (ms_str_split(&s, ':', &group)) {
		if (s.data == NULL && v4_ok && is_ipv4(group)) {
			*n += 2;
			return true;
		}
		if (group.len < 1 || group.len > 4 || ++*n > 8)
			return false;
		for (size_t i = 0; i < group.len; i++)
			if (ascii_hex(group.data[i]) < 0)
				return false;
	}
	return true;
}

static bool
is_ipv6(struct ms_str s)
{
	size_t gap = ms_str_find(s, ms_str_of("::", 2));
	unsigned n = 0;

	if (gap == SIZE_MAX)
		return count_groups(s, true, &n) && n == 8;
	/* RFC 5321 4.1.3: the gap stands for two groups or more. */
	return count_groups(ms_str_sub(s, 0, gap), false, &n) &&
	    count_groups(ms_str_from(s, gap + 2), true, &n) && n <= 6;
}

bool
ms_address_literal_is_valid(struct ms_str literal)
{
	static const struct ms_str tag = MS_STR("IPv6:");
	struct ms_str s;

	if (literal.len < 3 || literal.data[0] != '[' ||
	    literal.data[literal.len - 1] != ']')
		return false;
	s = ms_str_sub(literal, 1, literal.len - 2);
	/* No other tag is registered. */
	if (ms_str_has_prefix_ci(s, tag))
		return is_ipv6(ms_str_from(s, tag.len));
	return is_ipv4(s);
}
