/* SPDX-License-Identifier: ISC */
/* search_parse.c - SEARCH's keys (RFC 3501 6.4.4, 9.), see search.h */
#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "respond.h"
#include "search.h"

#define SECOND_US	INT64_C(1000000)
#define DAY_US		(86400 * SECOND_US)
#define MAX_TEXT	8192	/* octets of one string to look for */

static struct key *parse_key(struct command *c, struct search *s,
    uint32_t depth);

static struct key *
new_key(struct command *c, struct search *s, uint32_t op)
{
	struct key *k;

	if (s->n_keys == SEARCH_MAX_KEYS)
		return NULL;
	s->n_keys++;
	k = ms_arena_alloc(c->arena, sizeof(*k));
	k->op = op;
	return k;
}

/* ---- words without arguments ------------------------------------------------- */

static const struct {
	const char *word;
	uint32_t    mask, flags;
} flag_keys[] = {
	{ "ANSWERED", MS_FLAG_ANSWERED, MS_FLAG_ANSWERED },
	{ "DELETED", MS_FLAG_DELETED, MS_FLAG_DELETED },
	{ "DRAFT", MS_FLAG_DRAFT, MS_FLAG_DRAFT },
	{ "FLAGGED", MS_FLAG_FLAGGED, MS_FLAG_FLAGGED },
	{ "SEEN", MS_FLAG_SEEN, MS_FLAG_SEEN },
	{ "UNANSWERED", MS_FLAG_ANSWERED, 0 },
	{ "UNDELETED", MS_FLAG_DELETED, 0 },
	{ "UNDRAFT", MS_FLAG_DRAFT, 0 },
	{ "UNFLAGGED", MS_FLAG_FLAGGED, 0 },
	{ "UNSEEN", MS_FLAG_SEEN, 0 },
};

static struct key *
negate(struct command *c, struct search *s, struct key *child)
{
	struct key *k = child != NULL ? new_key(c, s, KEY_NOT) : NULL;

	if (k != NULL)
		k->children = child;
	return k;
}

static struct key *
recent_and_unseen(struct command *c, struct search *s)
{
	struct key *both = new_key(c, s, KEY_AND);
	struct key *recent = new_key(c, s, KEY_RECENT);
	struct key *unseen = new_key(c, s, KEY_FLAGS);

	if (both == NULL || recent == NULL || unseen == NULL)
		return NULL;
	unseen->mask = MS_FLAG_SEEN;
	recent->next = unseen;
	both->children = recent;
	s->want |= MS_ROW_FLAGS;
	return both;
}

static struct key *
parse_plain(struct command *c, struct search *s, struct ms_str word,
    bool *is_known)
{
	*is_known = true;
	for (size_t i = 0; i < sizeof(flag_keys) / sizeof(*flag_keys); i++) {
		struct key *k;

		if (!ms_str_equal_ci(word, ms_str_c(flag_keys[i].word)))
			continue;
		if ((k = new_key(c, s, KEY_FLAGS)) != NULL) {
			k->mask = flag_keys[i].mask;
			k->flags = flag_keys[i].flags;
			s->want |= MS_ROW_FLAGS;
		}
		return k;
	}
	if (ms_str_is_ci(word, "ALL") ||
	    ms_str_is_ci(word, "SAVEDATESUPPORTED"))
		return new_key(c, s, KEY_ALL);
	if (ms_str_is_ci(word, "RECENT"))
		return new_key(c, s, KEY_RECENT);
	if (ms_str_is_ci(word, "OLD"))
		return negate(c, s, new_key(c, s, KEY_RECENT));
	if (ms_str_is_ci(word, "NEW"))
		return recent_and_unseen(c, s);
	*is_known = false;
	return NULL;
}

/* ---- words with arguments ---------------------------------------------------- */

/* A string in the charset of the search, folded. */
static bool
parse_text(struct command *c, struct search *s, struct ms_str *out)
{
	MS_AUTO_BUF struct ms_buf utf8 = MS_BUF_MAX(8 * MAX_TEXT);
	struct ms_str text;

	if (!parse_space(&c->parse) || !parse_astring(&c->parse, &text) ||
	    text.len > MAX_TEXT)
		return false;
	if (s->charset.len > 0) {
		if (ms_charset_decode(&utf8, s->charset, text) != MS_OK) {
			s->is_bad_charset = true;
			return false;
		}
		text = ms_buf_str(&utf8);
	}
	*out = ms_arena_str(c->arena, ms_utf8_fold(c->arena, text));
	return true;
}

static struct key *
parse_field(struct command *c, struct search *s, struct ms_str word,
    bool *is_known)
{
	static const struct {
		const char *word;
		uint32_t    op;
		const char *name;
	} words[] = {
		{ "SUBJECT", KEY_SUBJECT, "" }, { "FROM", KEY_HEADER, "From" },
		{ "TO", KEY_HEADER, "To" }, { "CC", KEY_HEADER, "Cc" },
		{ "BCC", KEY_HEADER, "Bcc" }, { "HEADER", KEY_HEADER, NULL },
		{ "BODY", KEY_BODY, "" }, { "TEXT", KEY_TEXT, "" },
	};
	size_t i = 0, n = sizeof(words) / sizeof(*words);
	struct key *k;

	while (i < n && !ms_str_equal_ci(word, ms_str_c(words[i].word)))
		i++;
	*is_known = i < n;
	if (i == n || (k = new_key(c, s, words[i].op)) == NULL)
		return NULL;
	s->want |= MS_ROW_DIGEST;
	s->has_text = true;
	k->name = ms_str_c(words[i].name);
	if (words[i].name == NULL && (!parse_space(&c->parse) ||
	    !parse_astring(&c->parse, &k->name) || k->name.len == 0))
		return NULL;
	if (!parse_text(c, s, &k->text))
		return NULL;
	if (k->op == KEY_BODY || k->op == KEY_TEXT) {
		k->next_text = s->texts;
		s->texts = k;
	}
	return k;
}

static struct key *
parse_time(struct command *c, struct search *s, struct ms_str word,
    bool *is_known)
{
	static const struct {
		const char *prefix;
		uint32_t    op, want;
	} kinds[] = {
		{ "SENT", KEY_SENT, MS_ROW_DIGEST },
		{ "SAVED", KEY_SAVED, MS_ROW_DATES },
		{ "", KEY_ARRIVED, MS_ROW_DATES },
	};
	struct ms_str rest = word;
	size_t i = 0;
	int64_t day;
	bool is_before, is_on, is_since;
	struct key *k;

	while (!ms_str_has_prefix_ci(word, ms_str_c(kinds[i].prefix)))
		i++;
	rest = ms_str_from(word, strlen(kinds[i].prefix));
	is_before = ms_str_is_ci(rest, "BEFORE");
	is_on = ms_str_is_ci(rest, "ON");
	is_since = ms_str_is_ci(rest, "SINCE");
	*is_known = is_before || is_on || is_since;
	if (!*is_known || !parse_space(&c->parse) ||
	    !parse_date(&c->parse, &day) ||
	    (k = new_key(c, s, kinds[i].op)) == NULL)
		return NULL;
	k->from = is_before ? INT64_MIN : day;
	k->to = is_before ? day : is_on ? day + DAY_US : INT64_MAX;
	s->want |= kinds[i].want;
	return k;
}

/* RFC 5032 */
static struct key *
parse_age(struct command *c, struct search *s, bool is_older)
{
	struct ms_instance *self = c->session->self;
	int64_t border = self->clock->now_us(self->host);
	struct key *k = new_key(c, s, KEY_ARRIVED);
	uint32_t seconds;

	if (k == NULL || !parse_space(&c->parse) ||
	    !parse_nz(&c->parse, &seconds))
		return NULL;
	border -= seconds * SECOND_US;
	k->from = is_older ? INT64_MIN : border;
	k->to = is_older ? border + 1 : INT64_MAX;
	s->want |= MS_ROW_DATES;
	return k;
}

/* RFC 7162 3.1.5: the name and type of an entry may stand before; all ours
   have one modseq. */
static struct key *
parse_modseq(struct command *c, struct search *s)
{
	struct parse *p = &c->parse;
	struct key *k = new_key(c, s, KEY_MODSEQ);
	struct ms_str entry;

	if (k == NULL || !parse_space(p))
		return NULL;
	if (parse_peek(p) == '"' && (!parse_string(p, &entry) ||
	    !parse_space(p) || !(parse_word(p, "priv") ||
	    parse_word(p, "shared") || parse_word(p, "all")) ||
	    !parse_space(p)))
		return NULL;
	if (!parse_u64(p, INT64_MAX, &k->number))
		return NULL;
	s->has_modseq = true;
	return k;
}

/* RFC 8474 5.4: as FETCH gave it; any other matches nothing. */
static struct key *
parse_id(struct command *c, struct search *s, uint32_t op, char letter)
{
	struct key *k = new_key(c, s, op);
	struct ms_str text;
	bool is_good;

	if (k == NULL || !parse_space(&c->parse) ||
	    !parse_astring(&c->parse, &text))
		return NULL;
	is_good = text.len == 33 && text.data[0] == letter;
	for (size_t i = 1; i < text.len && is_good; i++) {
		char x = text.data[i];
		int digit = x >= '0' && x <= '9' ? x - '0' :
		    x >= 'a' && x <= 'f' ? x - 'a' + 10 : -1;
		uint8_t *octet = &k->id.octets[(i - 1) / 2];

		is_good = digit >= 0;
		*octet = (uint8_t)(*octet << 4 | (digit & 15));
	}
	s->want |= MS_ROW_IDS;
	return is_good ? k : negate(c, s, new_key(c, s, KEY_ALL));
}

static struct key *
parse_number_key(struct command *c, struct search *s, uint32_t op)
{
	struct key *k = new_key(c, s, op);

	if (k == NULL || !parse_space(&c->parse) ||
	    !parse_u64(&c->parse, UINT64_MAX, &k->number))
		return NULL;
	s->want |= MS_ROW_SIZE;
	return k;
}

static struct key *
parse_keyword(struct command *c, struct search *s, bool is_not)
{
	struct key *k = new_key(c, s, KEY_KEYWORD);

	if (k == NULL || !parse_space(&c->parse) ||
	    !parse_atom(&c->parse, &k->text))
		return NULL;
	s->want |= MS_ROW_FLAGS;
	return is_not ? negate(c, s, k) : k;
}

static struct key *
parse_or(struct command *c, struct search *s, uint32_t depth)
{
	struct key *k = new_key(c, s, KEY_OR);

	if (k == NULL || !parse_space(&c->parse) ||
	    (k->children = parse_key(c, s, depth)) == NULL ||
	    !parse_space(&c->parse) ||
	    (k->children->next = parse_key(c, s, depth)) == NULL)
		return NULL;
	return k;
}

static struct key *
parse_uids(struct command *c, struct search *s, bool is_uid)
{
	struct key *k = new_key(c, s, KEY_SET);

	if (k == NULL || !parse_set(&c->parse, &k->set))
		return NULL;
	k->is_uid = is_uid;
	s->has_saved |= k->set.has_saved;
	s->has_seqs |= !is_uid && !k->set.has_saved;
	return k;
}

static struct key *
parse_word_key(struct command *c, struct search *s, uint32_t depth)
{
	struct ms_str word;
	struct key *k;
	bool is_known;

	if (!parse_atom(&c->parse, &word))
		return NULL;
	if ((k = parse_plain(c, s, word, &is_known)) != NULL || is_known)
		return k;
	if ((k = parse_field(c, s, word, &is_known)) != NULL || is_known)
		return k;
	if ((k = parse_time(c, s, word, &is_known)) != NULL || is_known)
		return k;
	if (ms_str_is_ci(word, "NOT"))
		return parse_space(&c->parse) ?
		    negate(c, s, parse_key(c, s, depth)) : NULL;
	if (ms_str_is_ci(word, "OR"))
		return parse_or(c, s, depth);
	if (ms_str_is_ci(word, "UID"))
		return parse_space(&c->parse) ? parse_uids(c, s, true) : NULL;
	if (ms_str_is_ci(word, "KEYWORD"))
		return parse_keyword(c, s, false);
	if (ms_str_is_ci(word, "UNKEYWORD"))
		return parse_keyword(c, s, true);
	if (ms_str_is_ci(word, "LARGER"))
		return parse_number_key(c, s, KEY_LARGER);
	if (ms_str_is_ci(word, "SMALLER"))
		return parse_number_key(c, s, KEY_SMALLER);
	if (ms_str_is_ci(word, "OLDER"))
		return parse_age(c, s, true);
	if (ms_str_is_ci(word, "YOUNGER"))
		return parse_age(c, s, false);
	if (ms_str_is_ci(word, "MODSEQ"))
		return parse_modseq(c, s);
	if (ms_str_is_ci(word, "EMAILID"))
		return parse_id(c, s, KEY_EMAILID, 'M');
	if (ms_str_is_ci(word, "THREADID"))
		return parse_id(c, s, KEY_THREADID, 'T');
	return NULL;
}

/* Keys one after the other, all of which must hold. */
static struct key *
parse_all(struct command *c, struct search *s, uint32_t depth)
{
	struct key *all = new_key(c, s, KEY_AND), **at;

	if (all == NULL)
		return NULL;
	at = &all->children;
	do {
		*at = parse_key(c, s, depth);
		if (*at == NULL)
			return NULL;
		at = &(*at)->next;
	} while (parse_space(&c->parse) && parse_peek(&c->parse) != ')');
	return all;
}

static struct key *
parse_key(struct command *c, struct search *s, uint32_t depth)
{
	int next = parse_peek(&c->parse);
	struct key *k;

	/* NOT, OR and parentheses come back here. */
	if (depth == IMAP_MAX_DEPTH)
		return NULL;
	if (next == '(') {
		/* Spaces within parentheses are taken, as others take them. */
		(void)parse_octet(&c->parse, '(');
		(void)parse_space(&c->parse);
		k = parse_all(c, s, depth + 1);
		return k != NULL && parse_octet(&c->parse, ')') ? k : NULL;
	}
	if ((next >= '0' && next <= '9') || next == '*' || next == '$')
		return parse_uids(c, s, false);
	return parse_word_key(c, s, depth + 1);
}

bool
search_parse_charset(struct command *c, struct search *s)
{
	struct ms_str name;

	if (!parse_astring(&c->parse, &name))
		return false;
	s->has_charset = true;
	if (ms_str_is_ci(name, "UTF-8") || ms_str_is_ci(name, "US-ASCII"))
		return true;
	s->charset = name;
	s->is_bad_charset = !ms_charset_is_known(name);
	return true;
}

bool
search_parse_keys(struct command *c, struct search *s)
{
	s->root = s->is_bad_charset ? NULL : parse_all(c, s, 0);
	if (s->is_bad_charset) {
		reply(c, REPLY_NO, "BADCHARSET (US-ASCII UTF-8)",
		    "That charset is not known");
		return true;
	}
	return s->root != NULL && parse_is_end(&c->parse);
}
