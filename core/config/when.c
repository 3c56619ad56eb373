/* SPDX-License-Identifier: ISC */
/* when.c - see when.h */
#include "config/when.h"

#include <mansio/str.h>

#include "config/units.h"

#define N_ELEMENTS(a)	(sizeof(a) / sizeof((a)[0]))
#define MAX_MEMBERS	1000	/* networks or domains of one condition */
#define MAX_DOMAIN	255	/* RFC 5321 4.5.3.1.2 */

/* The longer ones first: "<=" begins with "<". */
static const struct {
	struct ms_str sign;
	uint32_t      relation;
	bool          negated;
} relations[] = {
	{ MS_STR("<="), WHEN_AT_MOST, false }, { MS_STR(">="), WHEN_AT_LEAST, false },
	{ MS_STR("!="), WHEN_EQUAL, true }, { MS_STR("<"), WHEN_LESS, false },
	{ MS_STR(">"), WHEN_MORE, false }, { MS_STR("="), WHEN_EQUAL, false },
};

static const char allowed[] =
    "is no condition: write \"size <= 10MiB\", \"authenticated\", "
    "\"client in 10.0.0.0/8\" or \"domain = example.org\", each perhaps after \"not\"";

/* Cuts a leading word of letters off. */
static struct ms_str
cut_word(struct ms_str *rest)
{
	struct ms_str word;
	size_t n = 0;

	*rest = ms_str_trim(*rest);
	while (n < rest->len && ((rest->data[n] >= 'a' && rest->data[n] <= 'z') ||
	    rest->data[n] == '-'))
		n++;
	word = ms_str_sub(*rest, 0, n);
	*rest = ms_str_trim(ms_str_from(*rest, n));
	return word;
}

static bool
cut_relation(struct ms_str *rest, struct when *w)
{
	for (size_t i = 0; i < N_ELEMENTS(relations); i++) {
		if (!ms_str_has_prefix(*rest, relations[i].sign))
			continue;
		w->relation = relations[i].relation;
		w->negated ^= relations[i].negated;
		*rest = ms_str_trim(ms_str_from(*rest, relations[i].sign.len));
		return true;
	}
	return false;
}

static size_t
count_members(struct ms_str list)
{
	size_t n = 1;

	for (size_t i = 0; i < list.len; i++)
		n += list.data[i] == ',';
	return n;
}

static const char *
parse_networks(struct ms_str list, struct ms_arena *arena, struct when *w)
{
	size_t n = count_members(list);
	struct network *networks;
	struct ms_str one;

	if (n > MAX_MEMBERS)
		return "has more than 1000 networks";
	networks = ms_arena_array(arena, n, sizeof(*networks));
	while (ms_str_split(&list, ',', &one)) {
		const char *wrong = network_parse(ms_str_trim(one), &networks[w->n]);

		if (wrong != NULL)
			return "has something that is no network after \"in\": write "
			    "\"client in 10.0.0.0/8, 2001:db8::/32\"";
		w->n++;
	}
	w->networks = networks;
	return NULL;
}

static const char *
parse_domains(struct ms_str list, struct ms_arena *arena, struct when *w)
{
	size_t n = count_members(list);
	struct ms_str *domains, one;

	if (n > MAX_MEMBERS)
		return "has more than 1000 domains";
	domains = ms_arena_array(arena, n, sizeof(*domains));
	while (ms_str_split(&list, ',', &one)) {
		one = ms_str_trim(one);
		if (one.len == 0 || one.len > MAX_DOMAIN ||
		    ms_str_find_octet(one, ' ') != SIZE_MAX)
			return "has no domain where one should stand: write "
			    "\"domain = example.org\"";
		domains[w->n++] = ms_arena_lower(arena, one);
	}
	w->domains = domains;
	return NULL;
}

const char *
when_parse(struct ms_str text, struct ms_arena *arena, struct when *when_out,
    struct ms_buf *why)
{
	struct when w = { .subject = 0 };
	struct ms_str rest = text, word = cut_word(&rest);
	const char *wrong = NULL;

	while (ms_str_is(word, "not")) {
		w.negated = !w.negated;
		word = cut_word(&rest);
	}
	if (ms_str_is(word, "authenticated")) {
		if (rest.len > 0)
			return "has something after \"authenticated\"";
		w.subject = WHEN_AUTHENTICATED;
	} else if (ms_str_is(word, "size")) {
		if (!cut_relation(&rest, &w))
			return "has no <, <=, =, >= or > after \"size\"";
		w.subject = WHEN_SIZE;
		wrong = units_size(rest, &w.octets, why);
		if (wrong != NULL)
			return "has no size at its end: write \"size <= 10MiB\"";
	} else if (ms_str_is(word, "client")) {
		if (!ms_str_is(cut_word(&rest), "in"))
			return "has no \"in\" after \"client\"";
		w.subject = WHEN_CLIENT;
		wrong = parse_networks(rest, arena, &w);
	} else if (ms_str_is(word, "domain")) {
		if (!cut_relation(&rest, &w) || w.relation != WHEN_EQUAL)
			return "has no = or != after \"domain\"";
		w.subject = WHEN_DOMAIN;
		wrong = parse_domains(rest, arena, &w);
	} else
		return allowed;
	if (wrong != NULL)
		return wrong;
	*when_out = w;
	return NULL;
}

static bool
size_holds(const struct when *w, uint64_t octets)
{
	uint64_t bound = (uint64_t)w->octets;

	switch (w->relation) {
	case WHEN_LESS:
		return octets < bound;
	case WHEN_AT_MOST:
		return octets <= bound;
	case WHEN_EQUAL:
		return octets == bound;
	case WHEN_AT_LEAST:
		return octets >= bound;
	default:
		return octets > bound;
	}
}

static bool
client_holds(const struct when *w, const struct when_facts *facts)
{
	for (size_t i = 0; i < w->n; i++)
		if (network_contains(&w->networks[i], facts->client_family,
		    facts->client))
			return true;
	return false;
}

static bool
domain_holds(const struct when *w, struct ms_str domain)
{
	for (size_t i = 0; i < w->n; i++)
		if (ms_str_equal_ci(w->domains[i], domain))
			return true;
	return false;
}

bool
when_holds(const struct when *when, const struct when_facts *facts)
{
	switch (when->subject) {
	case WHEN_SIZE:
		return size_holds(when, facts->size_octets) != when->negated;
	case WHEN_AUTHENTICATED:
		return facts->authenticated != when->negated;
	case WHEN_CLIENT:
		/* Without a client neither "in" nor "not in" is known to hold. */
		return facts->client_family != 0 &&
		    client_holds(when, facts) != when->negated;
	default:
		return domain_holds(when, facts->domain) != when->negated;
	}
}
