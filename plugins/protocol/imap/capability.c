/* SPDX-License-Identifier: ISC */
/* capability.c - see capability.h */
#include "capability.h"

#include <inttypes.h>

#include <mansio/str.h>

#include "respond.h"

static const char early[] = "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE";

static const char late[] =
    "IMAP4rev1 LITERAL+ SASL-IR ID ENABLE IDLE BINARY CHILDREN CONDSTORE "
    "CREATE-SPECIAL-USE ESEARCH LIST-EXTENDED LIST-STATUS MOVE MULTIAPPEND "
    "NAMESPACE OBJECTID PREVIEW QRESYNC QUOTA QUOTA=RES-MESSAGE "
    "QUOTA=RES-STORAGE SAVEDATE SEARCHRES SORT SORT=DISPLAY SPECIAL-USE "
    "STATUS=SIZE THREAD=ORDEREDSUBJECT THREAD=REFERENCES UIDPLUS UNSELECT "
    "UTF8=ACCEPT WITHIN";

static struct ms_str
fact(struct session *s, const char *name)
{
	struct ms_instance *self = s->self;

	return self->facts->get(self->session->facts(s->peer),
	    ms_str_c(name));
}

bool
capability_has_tls(struct session *s)
{
	return fact(s, "tls.version").len > 0;
}

bool
capability_offers_tls(struct session *s)
{
	return !capability_has_tls(s) &&
	    !ms_str_is(fact(s, "tls.offered"), "no");
}

bool
capability_has_mechanism(struct session *s, const struct ms_scope *scope,
    struct ms_str mechanism)
{
	struct ms_str all = s->self->auth->mechanisms(scope, s->peer), word;

	while (ms_str_split(&all, ' ', &word))
		if (word.len > 0 && ms_str_equal_ci(word, mechanism))
			return true;
	return false;
}

static void
add_mechanisms(struct session *s, const struct ms_scope *scope,
    struct ms_buf *out)
{
	struct ms_str all = s->self->auth->mechanisms(scope, s->peer), word;
	bool has_plain = false;

	while (ms_str_split(&all, ' ', &word)) {
		if (word.len == 0)
			continue;
		ms_buf_add_c(out, " AUTH=");
		ms_buf_add(out, word);
		has_plain = has_plain || ms_str_is_ci(word, "PLAIN");
	}
	/* LOGIN is PLAIN by another name: RFC 3501 6.2.3. */
	if (!has_plain)
		ms_buf_add_c(out, " LOGINDISABLED");
}

void
capability_add_late(struct session *s, struct ms_buf *out)
{
	ms_buf_add_c(out, late);
	/* RFC 7889 */
	ms_buf_add_c(out, " APPENDLIMIT=");
	ms_buf_add_u64(out, s->self->max_size);
}

void
capability_add(struct session *s, const struct ms_scope *scope,
    struct ms_buf *out)
{
	if (s->state != STATE_FRESH) {
		capability_add_late(s, out);
		return;
	}
	ms_buf_add_c(out, early);
	if (capability_offers_tls(s))
		ms_buf_add_c(out, " STARTTLS");
	add_mechanisms(s, scope, out);
}

enum progress
capability_run(struct command *c)
{
	respond_text(c, "* CAPABILITY ");
	capability_add(c->session, c->scope, &c->out);
	respond_text(c, "\r\n");
	reply(c, REPLY_OK, NULL, "CAPABILITY completed");
	return PROGRESS_DONE;
}

/* ---- ENABLE, RFC 5161 ---------------------------------------------------- */

static const struct {
	const char *name;
	uint32_t    bits;
} enables[] = {
	{ "CONDSTORE", ENABLED_CONDSTORE },
	/* RFC 7162 3.2.3: QRESYNC brings CONDSTORE. */
	{ "QRESYNC", ENABLED_QRESYNC | ENABLED_CONDSTORE },
	{ "UTF8=ACCEPT", ENABLED_UTF8 },
};

#define N_ENABLES	(sizeof(enables) / sizeof(*enables))

bool
enable_parse(struct command *c)
{
	struct parse *p = &c->parse;
	bool *asked = ms_arena_array(c->arena, N_ENABLES, sizeof(*asked));
	struct ms_str word;

	c->state = asked;
	do {
		if (!parse_space(p) || !parse_atom(p, &word))
			return false;
		/* RFC 5161 3.1: what is not known is passed over. */
		for (size_t i = 0; i < N_ENABLES; i++)
			if (ms_str_equal_ci(word, ms_str_c(enables[i].name)))
				asked[i] = true;
	} while (!parse_is_end(p));
	return true;
}

enum progress
enable_run(struct command *c)
{
	struct session *s = c->session;
	const bool *asked = c->state;
	uint32_t before = s->enabled;

	for (size_t i = 0; i < N_ENABLES; i++) {
		if (!asked[i])
			continue;
		if (enables[i].bits & ENABLED_CONDSTORE)
			enable_condstore(c);
		s->enabled |= enables[i].bits;
	}
	respond_text(c, "* ENABLED");
	for (size_t i = 0; i < N_ENABLES; i++)
		/* RFC 5161 3.2: what was on before is not listed. */
		if (asked[i] && (before & enables[i].bits) !=
		    enables[i].bits) {
			respond_text(c, " ");
			respond_text(c, enables[i].name);
		}
	respond_text(c, "\r\n");
	reply(c, REPLY_OK, NULL, "ENABLE completed");
	return PROGRESS_DONE;
}

void
enable_condstore(struct command *c)
{
	struct session *s = c->session;

	if (s->enabled & ENABLED_CONDSTORE)
		return;
	s->enabled |= ENABLED_CONDSTORE;
	/* RFC 7162 3.1: with a mailbox selected, its HIGHESTMODSEQ is told
	   at once. */
	if (s->state == STATE_SELECTED)
		ms_buf_addf(&c->out,
		    "* OK [HIGHESTMODSEQ %" PRIu64 "] now with modseqs\r\n",
		    s->selected.told_flags < s->selected.told_gone ?
		    s->selected.told_flags : s->selected.told_gone);
}
