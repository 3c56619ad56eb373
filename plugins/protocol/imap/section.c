/* SPDX-License-Identifier: ISC */
/* section.c - see section.h */
#include "section.h"

#include <mansio/encode.h>
#include <mansio/error.h>
#include <mansio/header.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "respond.h"

/* Up to here a copy is cheaper than a reference. */
#define COPY_MAX	(16 * 1024)
#define STRETCH		(256 * 1024)

/* ---- parsing ------------------------------------------------------------------ */

static bool
parse_fields(struct parse *p, struct section *s)
{
	struct ms_str *fields = ms_arena_array(p->arena, SECTION_MAX_FIELDS,
	    sizeof(*fields));

	if (!parse_space(p) || !parse_octet(p, '('))
		return false;
	do {
		if (s->n_fields == SECTION_MAX_FIELDS ||
		    !parse_astring(p, &fields[s->n_fields]) ||
		    fields[s->n_fields].len == 0)
			return false;
		s->n_fields++;
	} while (parse_space(p));
	s->fields = fields;
	return parse_octet(p, ')');
}

static bool
parse_text(struct parse *p, struct section *s)
{
	static const struct {
		const char *word;
		uint32_t    kind;
	} words[] = {
		/* the longer ones first: they begin alike */
		{ "HEADER.FIELDS.NOT", SECTION_FIELDS_NOT },
		{ "HEADER.FIELDS", SECTION_FIELDS },
		{ "HEADER", SECTION_HEADER }, { "TEXT", SECTION_TEXT },
		{ "MIME", SECTION_MIME },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct ms_str rest = ms_str_from(p->in, p->at);

		if (!ms_str_has_prefix_ci(rest, ms_str_c(words[i].word)))
			continue;
		p->at += strlen(words[i].word);
		s->kind = words[i].kind;
		if (s->kind == SECTION_FIELDS || s->kind == SECTION_FIELDS_NOT)
			return parse_fields(p, s);
		/* RFC 3501 9: MIME is of a part, never of the message. */
		return s->kind != SECTION_MIME || s->n_numbers > 0;
	}
	return false;
}

static bool
parse_numbers(struct parse *p, struct section *s)
{
	uint32_t *numbers = ms_arena_array(p->arena, SECTION_MAX_NUMBERS,
	    sizeof(*numbers));

	s->numbers = numbers;
	while (s->n_numbers < SECTION_MAX_NUMBERS &&
	    parse_nz(p, &numbers[s->n_numbers])) {
		s->n_numbers++;
		if (!parse_octet(p, '.'))
			return true;
	}
	/* After a dot comes a word, or at the start anything. */
	return s->n_numbers < SECTION_MAX_NUMBERS &&
	    (s->n_numbers == 0 || parse_peek(p) != ']');
}

static void
make_label(struct parse *p, const char *name, struct section *s)
{
	static const char *const words[] = { [SECTION_HEADER] = "HEADER",
		[SECTION_FIELDS] = "HEADER.FIELDS",
		[SECTION_FIELDS_NOT] = "HEADER.FIELDS.NOT",
		[SECTION_TEXT] = "TEXT", [SECTION_MIME] = "MIME" };
	MS_AUTO_BUF struct ms_buf out = MS_BUF_MAX(1024 * 1024);
	bool has_word = s->kind >= SECTION_HEADER && s->kind <= SECTION_MIME;

	ms_buf_add_c(&out, name);
	ms_buf_add_octet(&out, '[');
	for (uint32_t i = 0; i < s->n_numbers; i++) {
		if (i > 0)
			ms_buf_add_octet(&out, '.');
		ms_buf_add_u64(&out, s->numbers[i]);
	}
	if (has_word) {
		if (s->n_numbers > 0)
			ms_buf_add_octet(&out, '.');
		ms_buf_add_c(&out, words[s->kind]);
	}
	for (size_t i = 0; i < s->n_fields; i++) {
		bool is_atom = true;

		ms_buf_add_c(&out, i == 0 ? " (" : " ");
		for (size_t j = 0; j < s->fields[i].len; j++)
			is_atom = is_atom && parse_is_atom_octet(
			    (unsigned char)s->fields[i].data[j]);
		if (is_atom)
			ms_buf_add(&out, s->fields[i]);
		else
			respond_string(&out, s->fields[i]);
	}
	if (s->n_fields > 0)
		ms_buf_add_octet(&out, ')');
	ms_buf_add_octet(&out, ']');
	if (s->has_partial) {
		ms_buf_add_octet(&out, '<');
		ms_buf_add_u64(&out, s->offset);
		ms_buf_add_octet(&out, '>');
	}
	s->label = ms_arena_str(p->arena, ms_buf_str(&out));
}

bool
section_parse(struct parse *p, const char *name, struct section *out)
{
	struct section s = { .kind = SECTION_ALL, .is_peek = out->is_peek };
	bool is_binary = strcmp(name, "BODY") != 0;

	if (!parse_octet(p, '[') || !parse_numbers(p, &s))
		return false;
	if (is_binary)
		s.kind = strcmp(name, "BINARY") == 0 ? SECTION_BINARY :
		    SECTION_BINARY_SIZE;
	else if (parse_peek(p) != ']' && !parse_text(p, &s))
		return false;
	if (!parse_octet(p, ']'))
		return false;
	if (s.kind != SECTION_BINARY_SIZE && parse_octet(p, '<')) {
		if (!parse_u32(p, &s.offset) || !parse_octet(p, '.') ||
		    !parse_nz(p, &s.octets) || !parse_octet(p, '>'))
			return false;
		s.has_partial = true;
	}
	make_label(p, name, &s);
	*out = s;
	return true;
}

/* ---- octets ------------------------------------------------------------------- */

struct ms_str
section_pick_fields(struct ms_arena *arena, struct ms_str header,
    const struct ms_str *fields, size_t n, bool is_not)
{
	struct ms_str rest = header;
	struct ms_header_field field;
	char *out = ms_arena_alloc(arena, header.len + 2);
	size_t len = 0;

	while (ms_header_next(&rest, &field)) {
		bool is_named = false;

		for (size_t i = 0; i < n && !is_named; i++)
			is_named = ms_str_equal_ci(field.name, fields[i]);
		if (is_named == is_not)
			continue;
		memcpy(out + len, field.whole.data, field.whole.len);
		len += field.whole.len;
	}
	memcpy(out + len, "\r\n", 2);
	return ms_str_of(out, len + 2);
}

static void
cut(const struct section *s, uint64_t *offset, uint64_t *octets)
{
	uint64_t from;

	if (!s->has_partial)
		return;
	/* RFC 3501 6.4.5: past the end it is the empty string. */
	from = s->offset < *octets ? s->offset : *octets;
	*offset += from;
	*octets -= from;
	if (*octets > s->octets)
		*octets = s->octets;
}

static void
put_literal_head(struct command *c, uint64_t octets)
{
	respond_text(c, "{");
	respond_u64(c, octets);
	respond_text(c, "}\r\n");
}

/* By a copy if it is small, else by reference. */
static ms_status
put_blob(struct command *c, struct ms_blob *blob, const struct section *s,
    uint64_t offset, uint64_t octets, bool is_binary, struct ms_error *err)
{
	struct ms_instance *self = c->session->self;
	char *room;
	size_t got = 0, n;

	cut(s, &offset, &octets);
	if (octets > COPY_MAX) {
		if (is_binary)
			respond_text(c, "~");
		put_literal_head(c, octets);
		respond_flush_all(c);
		c->session->octets_out += octets;
		c->queued = self->session->write_blob(c->session->peer, blob,
		    offset, octets, MS_SEND_RAW);
		return MS_OK;
	}
	if (is_binary)
		respond_text(c, "~");
	put_literal_head(c, octets);
	room = ms_buf_room(&c->out, (size_t)octets);
	while (room != NULL && got < octets) {
		ms_status st = self->blob->read(c->scope, blob, offset + got,
		    room + got, (size_t)octets - got, &n, err);

		if (st != MS_OK)
			return st;
		if (n == 0)
			return ms_error_set(err, MS_TEMPFAIL, "4.3.0",
			    "a body ends before its length");
		got += n;
	}
	if (room != NULL)
		ms_buf_grown(&c->out, got);
	return MS_OK;
}

static ms_status
put_fields(struct message *m, const struct section *s, uint64_t offset,
    uint64_t octets, struct ms_error *err)
{
	const struct ms_blob_api *api = m->command->session->self->blob;
	struct ms_str text;
	struct ms_blob *blob;
	ms_status st = message_read(m, offset, octets, MS_MAX_HEADER_OCTETS,
	    &text, err);

	if (st != MS_OK)
		return st;
	text = section_pick_fields(m->scope.arena, text, s->fields,
	    s->n_fields, s->kind == SECTION_FIELDS_NOT);
	if (text.len <= COPY_MAX) {
		offset = 0;
		octets = text.len;
		cut(s, &offset, &octets);
		put_literal_head(m->command, octets);
		respond_str(m->command, ms_str_of(text.data + offset,
		    (size_t)octets));
		return MS_OK;
	}
	/* As large as that, it goes by reference like a body. */
	st = api->from_memory(m->command->scope, text, &blob, err);
	if (st != MS_OK)
		return st;
	st = put_blob(m->command, blob, s, 0, text.len, false, err);
	api->release(blob);
	return st;
}

/* The decoded octets of a part, as a blob of their own. */
static ms_status
decode(struct message *m, const struct ms_digest_part *part, bool *has_nul,
    struct ms_blob **out, struct ms_error *err)
{
	const struct ms_blob_api *api = m->command->session->self->blob;
	MS_AUTO_BUF struct ms_buf plain = MS_BUF_MAX(2 * STRETCH);
	struct ms_decoder decoder = { 0 };
	struct ms_writer *writer;
	uint64_t at = 0;
	ms_status st;

	st = api->begin(m->command->scope, part->body_octets + 64, &writer,
	    err);
	if (st != MS_OK)
		return st;
	for (;;) {
		struct ms_str piece = { "", 0 };
		uint64_t left = part->body_octets - at;

		if (left > 0)
			st = api->view(&m->scope, m->body,
			    part->body_offset + at,
			    left < STRETCH ? (size_t)left : STRETCH, &piece,
			    err);
		if (st != MS_OK)
			break;
		if (piece.len > 0)
			ms_decode_piece(&decoder, part->cte, piece, &plain);
		else
			ms_decode_end(&decoder, part->cte, &plain);
		*has_nul = *has_nul || ms_str_find_octet(ms_buf_str(&plain),
		    '\0') != SIZE_MAX;
		st = api->write(writer, ms_buf_str(&plain), err);
		if (st != MS_OK || piece.len == 0)
			break;
		ms_buf_reset(&plain);
		at += piece.len;
	}
	if (st != MS_OK) {
		api->abort(writer);
		return st;
	}
	return api->finish(writer, out, err);
}

static bool
is_plain(const struct ms_digest_part *part)
{
	return part->is_multipart || part->is_message ||
	    part->cte == MS_CTE_7BIT || part->cte == MS_CTE_8BIT ||
	    part->cte == MS_CTE_BINARY;
}

static ms_status
put_binary(struct message *m, const struct section *s,
    const struct ms_digest_part *part, struct ms_error *err)
{
	struct command *c = m->command;
	struct ms_blob *blob = NULL;
	bool has_nul = false;
	ms_status st;

	/* Identity encodings need no copy; a literal8 always may be one. */
	if (s->n_numbers == 0 || is_plain(part)) {
		uint64_t offset = s->n_numbers == 0 ? 0 : part->body_offset;
		uint64_t octets = s->n_numbers == 0 ?
		    c->session->self->blob->octets(m->body) :
		    part->body_octets;

		if (s->kind == SECTION_BINARY)
			return put_blob(c, m->body, s, offset, octets,
			    part->cte == MS_CTE_BINARY, err);
		respond_u64(c, octets);
		return MS_OK;
	}
	if (part->cte == MS_CTE_UNKNOWN)
		return ms_error_set(err, MS_UNSUPPORTED, "",
		    "an unknown Content-Transfer-Encoding");
	st = decode(m, part, &has_nul, &blob, err);
	if (st != MS_OK)
		return st;
	if (s->kind == SECTION_BINARY)
		st = put_blob(c, blob, s, 0,
		    c->session->self->blob->octets(blob), has_nul, err);
	else
		respond_u64(c, c->session->self->blob->octets(blob));
	c->session->self->blob->release(blob);
	return st;
}

/* Of the message itself, header and text follow from one number, which each
   digest has. */
static ms_status
find_part(struct message *m, const struct section *s,
    struct ms_digest_part *part, struct ms_error *err)
{
	uint64_t octets = m->command->session->self->blob->octets(m->body);
	ms_status st;

	if (s->n_numbers > 0)
		return message_find_part(m, s->numbers, s->n_numbers, part,
		    err);
	st = message_need_digest(m, err);
	if (st != MS_OK)
		return st;
	*part = (struct ms_digest_part){ .cte = MS_CTE_8BIT };
	part->header_octets = m->digest.header_octets < octets ?
	    m->digest.header_octets : octets;
	part->body_offset = part->header_octets;
	part->body_octets = octets - part->header_octets;
	return MS_OK;
}

ms_status
section_prepare(struct message *m, const struct section *s,
    struct ms_error *err)
{
	struct ms_digest_part part;
	ms_status st = message_open_body(m, err);

	if (st != MS_OK || (s->n_numbers == 0 && s->kind == SECTION_ALL))
		return st;
	st = find_part(m, s, &part, err);
	if (st == MS_NOTFOUND)
		return MS_OK;
	if (st == MS_OK && part.cte == MS_CTE_UNKNOWN &&
	    s->kind >= SECTION_BINARY && s->n_numbers > 0 && !is_plain(&part))
		return MS_UNSUPPORTED;
	return st;
}

ms_status
section_put(struct message *m, const struct section *s, struct ms_error *err)
{
	struct command *c = m->command;
	struct ms_digest_part part;
	uint64_t offset, octets;
	bool is_inner = s->n_numbers > 0;
	ms_status st;

	if (s->n_numbers == 0 && s->kind == SECTION_ALL)
		return put_blob(c, m->body, s, 0,
		    c->session->self->blob->octets(m->body), false, err);
	st = find_part(m, s, &part, err);
	if (st == MS_NOTFOUND)
		goto nothing;
	if (st != MS_OK)
		return st;
	switch (s->kind) {
	case SECTION_ALL:
		return put_blob(c, m->body, s, part.body_offset,
		    part.body_octets, false, err);
	case SECTION_MIME:
		return put_blob(c, m->body, s, part.header_offset,
		    part.header_octets, false, err);
	case SECTION_BINARY:
	case SECTION_BINARY_SIZE:
		return put_binary(m, s, &part, err);
	case SECTION_TEXT:
		offset = is_inner ? part.inner_body_offset : part.body_offset;
		octets = is_inner ? part.inner_body_octets : part.body_octets;
		break;
	default:
		offset = is_inner ? part.inner_header_offset :
		    part.header_offset;
		octets = is_inner ? part.inner_header_octets :
		    part.header_octets;
		break;
	}
	/* RFC 3501 6.4.5: these are of messages alone. */
	if (is_inner && !part.is_message)
		goto nothing;
	if (s->kind == SECTION_FIELDS || s->kind == SECTION_FIELDS_NOT)
		return put_fields(m, s, offset, octets, err);
	return put_blob(c, m->body, s, offset, octets, false, err);
nothing:
	respond_text(c, s->kind == SECTION_BINARY_SIZE ? "0" : "NIL");
	return MS_OK;
}
