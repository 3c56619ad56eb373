/* SPDX-License-Identifier: ISC */
/* output.c - see output.h */
#include "net/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/blob.h"
#include "base/log.h"
#include "net/session.h"
#include "net/stream.h"
#include "net/worker.h"

/* A blob that is so small goes into a chunk with its neighbours: cheaper than
   system calls of its own. */
#define BLOB_COPIED	(12 * 1024)
/* A blob's share of the memory that a session may hold. */
#define BLOB_HELD	512
/* So much is sent in one go, then other sessions have their turn. */
#define SEND_AT_ONCE	(1024 * 1024)
#define MAX_IOV		16

static struct chunk *
chunk_new(struct ms_session *s)
{
	struct chunk *c = s->worker->spare;

	s->worker->spare = NULL;
	if (c == NULL) {
		c = malloc(sizeof(*c) + CHUNK_OCTETS);
		if (c == NULL)
			abort();
	}
	memset(c, 0, sizeof(*c));
	c->cap = CHUNK_OCTETS;
	return c;
}

static void
chunk_free(struct ms_session *s, struct chunk *c)
{
	if (c->blob != NULL) {
		s->out.held -= BLOB_HELD;
		blob_release(c->blob);
		free(c);
		return;
	}
	s->out.held -= c->cap;
	if (s->worker->spare == NULL)
		s->worker->spare = c;
	else
		free(c);
}

static void
append(struct ms_session *s, struct chunk *c)
{
	if (s->out.last != NULL)
		s->out.last->next = c;
	else
		s->out.first = c;
	s->out.last = c;
}

/* The last chunk if it takes so many octets, else a new one. */
static struct chunk *
chunk_with_room(struct ms_session *s, size_t octets)
{
	struct chunk *c = s->out.last;

	if (c != NULL && c->blob == NULL && c->cap - c->end >= octets)
		return c;
	c = chunk_new(s);
	s->out.held += c->cap;
	append(s, c);
	return c;
}

void
output_write(struct ms_session *s, struct ms_str octets)
{
	s->out.octets += octets.len;
	while (octets.len > 0) {
		struct chunk *c = chunk_with_room(s, 1);
		size_t n = c->cap - c->end;

		if (n > octets.len)
			n = octets.len;
		memcpy(c->data + c->end, octets.data, n);
		c->end += (uint32_t)n;
		octets.data += n;
		octets.len -= n;
	}
}

static bool
read_whole(struct ms_blob *blob, uint64_t offset, char *to, size_t octets)
{
	size_t n;

	for (size_t done = 0; done < octets; done += n)
		if (blob_read(blob, offset + done, to + done, octets - done, &n,
		    NULL) != MS_OK || n == 0)
			return false;	/* the sending will say why */
	return true;
}

/* What ends a stuffed text: RFC 5321 4.1.1.4. */
static struct ms_str
stuffing_end(bool at_start, bool after_cr)
{
	static const char end[] = "\r\n.\r\n";
	/* A CR at the very end is completed, not followed by another. */
	size_t skip = after_cr ? 1 : at_start ? 2 : 0;

	return ms_str_of(end + skip, sizeof(end) - 1 - skip);
}

#define STUFFING_END	5	/* at most */

static bool
copy_stuffed(struct ms_session *s, struct ms_blob *blob, uint64_t offset,
    size_t octets)
{
	struct ms_str raw = blob_memory_at(blob, offset), end;
	bool at_start = true, after_cr = false;
	struct chunk *c;
	size_t made;

	if (raw.len < octets) {
		if (!read_whole(blob, offset, s->worker->scratch, octets))
			return false;
		raw.data = s->worker->scratch;
	}
	/* Few lines begin with a dot; where many do it may not fit. */
	c = chunk_with_room(s, octets + octets / 16 + STUFFING_END);
	if (output_stuff(raw.data, octets, c->data + c->end,
	    c->cap - c->end - STUFFING_END, &at_start, &after_cr, &made) < octets)
		return false;
	end = stuffing_end(at_start, after_cr);
	memcpy(c->data + c->end + made, end.data, end.len);
	c->end += (uint32_t)(made + end.len);
	s->out.octets += made + end.len;
	return true;
}

/* True: it was small and is copied. */
static bool
copy_small(struct ms_session *s, struct ms_blob *blob, uint64_t offset,
    uint64_t octets, uint32_t how)
{
	struct chunk *c;

	if (octets > BLOB_COPIED)
		return false;
	if (how == MS_SEND_DOT)
		return copy_stuffed(s, blob, offset, (size_t)octets);
	c = chunk_with_room(s, (size_t)octets);
	if (!read_whole(blob, offset, c->data + c->end, (size_t)octets))
		return false;
	c->end += (uint32_t)octets;
	s->out.octets += octets;
	return true;
}

void
output_blob(struct ms_session *s, struct ms_blob *blob, uint64_t offset,
    uint64_t octets, uint32_t how)
{
	struct chunk *c;
	uint64_t has = blob_octets(blob);

	if (offset > has)
		offset = has;
	if (octets > has - offset)
		octets = has - offset;
	if (copy_small(s, blob, offset, octets, how))
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	c->blob = blob_hold(blob);
	c->offset = offset;
	c->left = octets;
	c->stuff = how == MS_SEND_DOT;
	c->at_start = true;
	s->out.octets += octets;
	s->out.held += BLOB_HELD;
	append(s, c);
}

size_t
output_stuff(const char *data, size_t n, char *out, size_t cap, bool *at_start,
    bool *after_cr, size_t *n_out)
{
	size_t in = 0, made = 0;

	while (in < n) {
		const char *lf;
		size_t len = n - in;

		if (*at_start && data[in] == '.') {
			/* The dot and its double stay together. */
			if (cap - made < 2)
				break;
			out[made++] = '.';
		}
		if (made == cap)
			break;
		if (len > cap - made)
			len = cap - made;
		lf = memchr(data + in, '\n', len);
		if (lf != NULL)
			len = (size_t)(lf - (data + in)) + 1;
		memcpy(out + made, data + in, len);
		made += len;
		in += len;
		if (lf != NULL)
			*at_start = len > 1 ? lf[-1] == '\r' : *after_cr;
		else
			*at_start = false;
		*after_cr = data[in - 1] == '\r';
	}
	*n_out = made;
	return in;
}

static void
finish_stuffing(struct ms_session *s, struct chunk *blob, struct chunk *c)
{
	struct ms_str end = stuffing_end(blob->at_start, blob->after_cr);

	memcpy(c->data + c->end, end.data, end.len);
	c->end += (uint32_t)end.len;
	s->out.octets += end.len;
	blob->stuff = false;
}

static bool
read_stuffed(struct ms_session *s, struct chunk *blob, struct chunk *c)
{
	char *raw = s->worker->scratch;
	size_t n = 0, made, taken;

	if (blob->left > 0) {
		size_t want = blob->left < CHUNK_OCTETS ? (size_t)blob->left :
		    CHUNK_OCTETS;

		if (blob_read(blob->blob, blob->offset, raw, want, &n, NULL) !=
		    MS_OK || n == 0)
			return false;
		taken = output_stuff(raw, n, c->data, c->cap - STUFFING_END,
		    &blob->at_start, &blob->after_cr, &made);
		c->end = (uint32_t)made;
		blob->offset += taken;
		blob->left -= taken;
		s->out.octets += made;
		s->out.octets -= taken;
	}
	if (blob->left == 0)
		finish_stuffing(s, blob, c);
	return true;
}

static bool
read_plain(struct chunk *blob, struct chunk *c)
{
	size_t n, want = blob->left < c->cap ? (size_t)blob->left : c->cap;

	if (blob_read(blob->blob, blob->offset, c->data, want, &n, NULL) !=
	    MS_OK || n == 0)
		return false;
	c->end = (uint32_t)n;
	blob->offset += n;
	blob->left -= n;
	return true;
}

/* Puts a chunk of octets before the blob that is the first. */
static bool
make_chunk(struct ms_session *s)
{
	struct chunk *blob = s->out.first;
	struct chunk *c = chunk_new(s);
	bool good;

	s->out.held += c->cap;
	good = blob->stuff ? read_stuffed(s, blob, c) : read_plain(blob, c);
	if (!good) {
		log_printf(&s->scope.pub, MS_LOG_ERROR,
		    "a body cannot be read, the connection is cut");
		chunk_free(s, c);
		return false;
	}
	c->next = blob;
	s->out.first = c;
	return true;
}

static bool
is_spent(const struct chunk *c)
{
	return c->blob != NULL ? c->left == 0 && !c->stuff : c->start == c->end;
}

static void
drop_spent(struct ms_session *s)
{
	struct chunk *c;

	while ((c = s->out.first) != NULL && is_spent(c)) {
		s->out.first = c->next;
		if (s->out.first == NULL)
			s->out.last = NULL;
		chunk_free(s, c);
	}
}

static void
consume(struct ms_session *s, size_t n)
{
	s->out.octets -= n;
	for (struct chunk *c = s->out.first; c != NULL && n > 0; c = c->next) {
		uint64_t has = c->blob != NULL ? c->left : c->end - c->start;
		size_t take = n < has ? n : (size_t)has;

		if (c->blob != NULL) {
			c->offset += take;
			c->left -= take;
		} else
			c->start += (uint32_t)take;
		n -= take;
	}
	drop_spent(s);
}

static bool
view(const struct ms_session *s, const struct chunk *c, struct iovec *out)
{
	struct ms_str m;

	if (c->blob == NULL) {
		*out = (struct iovec){
			(char *)(uintptr_t)c->data + c->start, c->end - c->start };
		return true;
	}
	if (c->stuff || c->left == 0)
		return false;
	m = blob_memory_at(c->blob, c->offset);
	if (m.len == 0)
		return false;
	if (m.len > c->left)
		m.len = (size_t)c->left;
	if (s->tls != NULL && m.len > CHUNK_OCTETS)
		m.len = CHUNK_OCTETS;
	*out = (struct iovec){ (void *)(uintptr_t)m.data, m.len };
	return true;
}

/* Sends the beginning of the list in one call; a number of octets or
   STREAM_... . */
static ssize_t
send_some(struct ms_session *s)
{
	struct iovec iov[MAX_IOV];
	int n = 0, most = s->tls != NULL ? 1 : MAX_IOV;
	struct chunk *c = s->out.first;
	uint64_t offset, octets;
	int fd;

	for (; c != NULL && n < most; c = c->next) {
		bool whole;

		if (is_spent(c))
			continue;
		if (!view(s, c, &iov[n]))
			break;
		whole = c->blob == NULL || iov[n].iov_len == c->left;
		n++;
		if (!whole)
			break;
	}
	/* A blob of which all is read may stand behind its last octets: "more
	   follows" would then hold them back for the kernel's 200 ms. */
	while (c != NULL && is_spent(c))
		c = c->next;
	if (n > 0)
		return stream_write(s, iov, n, c != NULL);
	c = s->out.first;
	if (c->blob != NULL && !c->stuff && s->tls == NULL &&
	    blob_file_at(c->blob, c->offset, &fd, &offset, &octets)) {
		if (octets > c->left)
			octets = c->left;
		if (octets > SEND_AT_ONCE)
			octets = SEND_AT_ONCE;
		return stream_send_file(s, fd, offset, octets);
	}
	return make_chunk(s) ? 0 : STREAM_BROKEN;
}

enum sent
output_flush(struct ms_session *s)
{
	size_t sent = 0;

	drop_spent(s);
	while (s->out.first != NULL) {
		ssize_t n = send_some(s);

		if (n == STREAM_AGAIN)
			return SENT_SOME;
		if (n == STREAM_BROKEN)
			return SENT_FAILED;
		consume(s, (size_t)n);
		sent += (size_t)n;
		if (sent >= SEND_AT_ONCE && s->out.first != NULL)
			return SENT_ENOUGH;
	}
	return SENT_ALL;
}

void
output_drop(struct ms_session *s)
{
	struct chunk *c;

	while ((c = s->out.first) != NULL) {
		s->out.first = c->next;
		chunk_free(s, c);
	}
	s->out.last = NULL;
	s->out.octets = 0;
}
