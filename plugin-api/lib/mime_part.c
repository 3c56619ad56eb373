/* SPDX-License-Identifier: ISC */
/*
 * mime_part.c - what a part's header says about it
 *
 * Of several fields of one name the first counts, as it does for those who
 * show mail: whoever takes the last one sees another message.
 */
#include "mime_internal.h"

#include <mansio/encode.h>
#include <mansio/limits.h>
#include <mansio/str.h>

#include "ascii.h"

/* RFC 2045 5.1: token. */
static bool
is_token(struct ms_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (c <= ' ' || c == 127 ||
		    memchr("()<>@,;:\\\"/[]?=", c, 15) != NULL)
			return false;
	}
	return s.len > 0;
}

/* "type/subtype", both tokens; UTF-8 is no token and no known type either. */
static bool
is_type(struct ms_str s)
{
	size_t slash = ms_str_find_octet(s, '/');

	return slash != SIZE_MAX && is_token(ms_str_of(s.data, slash)) &&
	    is_token(ms_str_from(s, slash + 1));
}

bool
mime_type_is(const struct ms_mime_part *part, const char *major)
{
	return ms_str_has_prefix(part->type.value, ms_str_c(major));
}

bool
mime_type_is_message(const struct ms_mime_part *part)
{
	return ms_str_is(part->type.value, "message/rfc822") ||
	    ms_str_is(part->type.value, "message/global");
}

struct ms_str
mime_encoding_token(struct ms_arena *a, struct ms_str content_encoding)
{
	struct ms_str s = content_encoding;
	size_t end;

	if (ms_str_find_octet(s, '(') != SIZE_MAX)
		s = ms_header_uncomment(a, s);
	s = ms_str_trim(s);
	/* "base64;" is seen now and then. */
	for (end = 0; end < s.len && s.data[end] != ';' &&
	    !ascii_is_blank(s.data[end]); end++)
		;
	s.len = end;
	return is_token(s) ? s : ms_str_of("", 0);
}

/* Which member takes the field "Content-..."; NULL: none. */
static struct ms_str *
member_of(struct ms_mime_part *part, struct ms_str name)
{
	const struct {
		const char    *name;
		struct ms_str *member;
	} members[] = {
		{ "type", &part->content_type },
		{ "transfer-encoding", &part->content_encoding },
		{ "disposition", &part->content_disposition },
		{ "id", &part->content_id },
		{ "description", &part->content_description },
		{ "language", &part->content_language },
		{ "location", &part->content_location },
		{ "md5", &part->content_md5 },
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (ms_str_equal_ci(name, ms_str_c(members[i].name)))
			return members[i].member;
	return NULL;
}

static void
read_fields(struct ms_arena *a, struct ms_mime_part *part,
    struct ms_str header)
{
	static const struct ms_str content = MS_STR("content-");
	struct ms_header_field field;

	for (uint32_t n = 0; n < MS_MAX_FIELDS &&
	    ms_header_next(&header, &field); n++) {
		struct ms_str *member;

		if (!ms_str_has_prefix_ci(field.name, content) ||
		    field.value.len > MS_MAX_FIELD_OCTETS)
			continue;
		member = member_of(part, ms_str_from(field.name, content.len));
		if (member == NULL || member->data != NULL)
			continue;
		*member = ms_header_unfold(a, field.value);
		if (member->data == NULL)	/* there, though empty */
			*member = ms_str_of("", 0);
	}
}

static void
set_default_type(struct ms_mime_part *part, bool in_digest)
{
	part->type.value = in_digest ? ms_str_c("message/rfc822") :
	    ms_str_c("text/plain");
	part->type.params = NULL;
	part->type.n = 0;
}

/* Data NULL: no boundary that a line could begin with. */
static struct ms_str
boundary_of(const struct ms_mime_part *part)
{
	struct ms_str b = ms_params_get(&part->type, "boundary");

	/* RFC 2046 5.1.1: white space at its end was added in transport. */
	while (b.len > 0 && ascii_is_blank(b.data[b.len - 1]))
		b.len--;
	if (b.len == 0 || b.len > MS_MAX_BOUNDARY)
		b.data = NULL;
	return b;
}

void
mime_part_describe(struct ms_arena *a, struct ms_mime_part *part,
    struct ms_str header, bool in_digest, struct ms_str *boundary_out)
{
	struct ms_str encoding;

	boundary_out->data = NULL;
	boundary_out->len = 0;
	read_fields(a, part, header);

	if (part->content_type.data != NULL) {
		ms_params_parse(a, part->content_type, &part->type);
		/* RFC 2045 5.2: what is no type is taken for text/plain. */
		if (!is_type(part->type.value))
			set_default_type(part, false);
	} else {
		/* RFC 2046 5.1.5: the default within a multipart/digest. */
		set_default_type(part, in_digest);
	}
	if (mime_type_is(part, "multipart/")) {
		*boundary_out = boundary_of(part);
		/* RFC 2046 5.1.1: it must have one; without it is invalid. */
		if (boundary_out->data == NULL)
			set_default_type(part, false);
	}
	if (part->content_disposition.data != NULL)
		ms_params_parse(a, part->content_disposition,
		    &part->disposition);

	encoding = part->content_encoding.data != NULL ?
	    mime_encoding_token(a, part->content_encoding) : ms_str_of("", 0);
	part->cte = encoding.len > 0 ? ms_cte_of(encoding) : MS_CTE_7BIT;
}
