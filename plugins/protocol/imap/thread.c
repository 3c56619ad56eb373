/* SPDX-License-Identifier: ISC */
/* thread.c - see thread.h */
#include "thread.h"

#include <stdlib.h>
#include <string.h>

#include <mansio/str.h>

#define MAX_NODES	1000000
/* Steps up a thread while looking for loops, of one search in all and in one
   walk: a chain longer than that is cut. */
#define MAX_STEPS	UINT64_C(100000000)
#define MAX_WALK	5000

struct threading {
	struct forest *f;
	uint64_t      *keys;	/* open addressing; 0 empty */
	uint32_t      *found;
	size_t         mask;
	uint64_t       steps;
};

/* ---- nodes ------------------------------------------------------------------ */

static void
begin(struct forest *f, struct ms_arena *arena, const struct entry *entries,
    uint32_t n, uint32_t room)
{
	*f = (struct forest){ .arena = arena, .entries = entries,
		.n_entries = n, .n = n, .room = room };
	f->nodes = ms_arena_array(arena, room, sizeof(*f->nodes));
	for (uint32_t i = 0; i < room; i++)
		f->nodes[i] = (struct node){ NO_NODE, NO_NODE, NO_NODE,
			i >= n };
}

static size_t
slot(const struct threading *t, uint64_t key)
{
	size_t i = (size_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 20) &
	    t->mask;

	while (t->keys[i] != 0 && t->keys[i] != key)
		i = (i + 1) & t->mask;
	return i;
}

/* The node of a message id; makes one of a message that is not there. */
static uint32_t
node_of(struct threading *t, uint64_t key)
{
	size_t i = slot(t, key);

	if (t->keys[i] == 0) {
		t->keys[i] = key;
		t->found[i] = t->f->n++;
	}
	return t->found[i];
}

/* Is it the other or below it?  Also true where the walk is too long. */
static bool
is_below(struct threading *t, uint32_t node, uint32_t other)
{
	for (int i = 0; i < MAX_WALK; i++) {
		if (node == other)
			return true;
		if (node == NO_NODE)
			return false;
		node = t->f->nodes[node].parent;
		t->steps++;
	}
	return true;
}

/* RFC 5256 3., step 1. */
static void
link_references(struct threading *t, uint32_t i)
{
	struct node *nodes = t->f->nodes;
	const struct entry *e = &t->f->entries[i];
	uint32_t before = NO_NODE;

	for (uint32_t k = 1; k < e->n_keys; k++) {
		uint32_t at;

		if (e->keys[k] == 0)
			continue;
		at = node_of(t, e->keys[k]);
		if (before != NO_NODE && nodes[at].parent == NO_NODE &&
		    !is_below(t, before, at))
			nodes[at].parent = before;
		before = at;
	}
	nodes[i].parent = NO_NODE;
	if (before != NO_NODE && !is_below(t, before, i))
		nodes[i].parent = before;
}

/* ---- order -------------------------------------------------------------------- */

struct place {		/* of a node among its siblings */
	uint32_t parent, node;
	int64_t  sent_us;
	uint32_t uid;
};

static int
compare_places(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->sent_us != y->sent_us)
		return x->sent_us < y->sent_us ? -1 : 1;
	return (x->uid > y->uid) - (x->uid < y->uid);
}

/* Who stands for a node: itself, or the first child of one that is not
   there. */
static const struct entry *
speaker(const struct forest *f, uint32_t node)
{
	if (f->nodes[node].is_gone)
		node = f->nodes[node].first;
	return &f->entries[node];
}

/* Links all children of all nodes, sorted by date. */
static void
link_children(struct forest *f)
{
	struct place *places = ms_arena_array(f->arena, f->n_entries + 1,
	    sizeof(*places));
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++)
		f->nodes[i].first = f->nodes[i].next = NO_NODE;
	for (uint32_t i = 0; i < f->n_entries; i++)
		if (f->nodes[i].parent != NO_NODE)
			places[n++] = (struct place){ f->nodes[i].parent, i,
			    f->entries[i].sent_us, f->entries[i].uid };
	qsort(places, n, sizeof(*places), compare_places);
	for (uint32_t i = n; i > 0; i--) {
		const struct place *p = &places[i - 1];

		f->nodes[p->node].next = f->nodes[p->parent].first;
		f->nodes[p->parent].first = p->node;
	}
}

/* Whatever has no parent, and of what is not there only what has children. */
static void
find_roots(struct forest *f)
{
	struct place *places = ms_arena_array(f->arena, f->n + 1,
	    sizeof(*places));
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		const struct entry *e;

		if (f->nodes[i].parent != NO_NODE ||
		    (f->nodes[i].is_gone && f->nodes[i].first == NO_NODE))
			continue;
		e = speaker(f, i);
		places[n++] = (struct place){ 0, i, e->sent_us, e->uid };
	}
	qsort(places, n, sizeof(*places), compare_places);
	f->roots = ms_arena_array(f->arena, n + 1, sizeof(*f->roots));
	f->n_roots = n;
	for (uint32_t i = 0; i < n; i++)
		f->roots[i] = places[i].node;
}

/* ---- pruning, step 3 ------------------------------------------------------------ */

/* The next above that stays: one that is there, or the topmost. */
static uint32_t
staying_parent(struct forest *f, uint32_t node)
{
	uint32_t top = f->nodes[node].parent, at = top, above;

	while (top != NO_NODE && f->nodes[top].is_gone &&
	    f->nodes[top].parent != NO_NODE)
		top = f->nodes[top].parent;
	/* Those between point there from now on. */
	for (; at != top && at != NO_NODE; at = above) {
		above = f->nodes[at].parent;
		f->nodes[at].parent = top;
	}
	return top;
}

static void
prune(struct forest *f)
{
	for (uint32_t i = 0; i < f->n_entries; i++)
		f->nodes[i].parent = staying_parent(f, i);
	for (uint32_t i = f->n_entries; i < f->n; i++)
		f->nodes[i].next = 0;	/* children, for now */
	for (uint32_t i = 0; i < f->n_entries; i++)
		if (f->nodes[i].parent != NO_NODE &&
		    f->nodes[f->nodes[i].parent].is_gone)
			f->nodes[f->nodes[i].parent].next++;
	/* An only child takes the place of one that is not there. */
	for (uint32_t i = 0; i < f->n_entries; i++) {
		uint32_t parent = f->nodes[i].parent;

		if (parent != NO_NODE && f->nodes[parent].is_gone &&
		    f->nodes[parent].next == 1)
			f->nodes[i].parent = NO_NODE;
	}
}

/* ---- the same subject, step 5 ----------------------------------------------------- */

struct titled {
	struct ms_str subject;
	uint32_t      order;	/* among the roots */
};

static int
compare_titled(const void *a, const void *b)
{
	const struct titled *x = a, *y = b;
	int order = ms_str_compare(x->subject, y->subject);

	return order != 0 ? order : (x->order > y->order) -
	    (x->order < y->order);
}

static bool
is_reply(const struct forest *f, uint32_t node)
{
	return !f->nodes[node].is_gone && f->entries[node].is_reply;
}

static void
take_children(struct forest *f, uint32_t to, uint32_t from)
{
	for (uint32_t i = f->nodes[from].first; i != NO_NODE;
	    i = f->nodes[i].next)
		f->nodes[i].parent = to;
	f->nodes[from].first = NO_NODE;
}

/* Of roots first..last, which have one subject. */
static void
merge(struct forest *f, const struct titled *titled, uint32_t n)
{
	uint32_t table = f->roots[titled[0].order];

	for (uint32_t i = 1; i < n; i++) {
		uint32_t at = f->roots[titled[i].order];

		if (!f->nodes[table].is_gone && (f->nodes[at].is_gone ||
		    (is_reply(f, table) && !is_reply(f, at))))
			table = at;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = f->roots[titled[i].order], both;

		if (at == table)
			continue;
		if (f->nodes[table].is_gone && f->nodes[at].is_gone) {
			take_children(f, table, at);
		} else if (f->nodes[table].is_gone ||
		    (is_reply(f, at) && !is_reply(f, table))) {
			f->nodes[at].parent = table;
		} else {
			both = f->n++;
			f->nodes[both].is_gone = true;
			f->nodes[table].parent = f->nodes[at].parent = both;
			table = both;
		}
	}
}

static void
merge_subjects(struct forest *f)
{
	struct titled *titled = ms_arena_array(f->arena, f->n_roots + 1,
	    sizeof(*titled));
	uint32_t n = 0, first = 0;

	for (uint32_t i = 0; i < f->n_roots; i++) {
		struct ms_str subject = speaker(f, f->roots[i])->subject;

		if (subject.len > 0)
			titled[n++] = (struct titled){ subject, i };
	}
	qsort(titled, n, sizeof(*titled), compare_titled);
	for (uint32_t i = 1; i <= n; i++)
		if (i == n || !ms_str_equal(titled[i].subject,
		    titled[first].subject)) {
			if (i - first > 1)
				merge(f, titled + first, i - first);
			first = i;
		}
}

/* ---- the two algorithms ------------------------------------------------------------ */

bool
thread_references(struct forest *f, struct ms_arena *arena,
    const struct entry *entries, uint32_t n)
{
	struct threading t = { .f = f };
	uint64_t room = n;
	size_t slots = 16;

	for (uint32_t i = 0; i < n; i++)
		room += entries[i].n_keys;
	if (room > MAX_NODES)
		return false;
	/* A merge of subjects makes one for at most each second root. */
	begin(f, arena, entries, n, (uint32_t)room + n / 2 + 1);
	while (slots < 2 * room)
		slots *= 2;
	t.keys = ms_arena_array(arena, slots, sizeof(*t.keys));
	t.found = ms_arena_array(arena, slots, sizeof(*t.found));
	t.mask = slots - 1;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t own = entries[i].n_keys > 0 ? entries[i].keys[0] : 0;
		size_t at;

		/* A second one of that id has none of its own. */
		if (own == 0 || t.keys[at = slot(&t, own)] != 0)
			continue;
		t.keys[at] = own;
		t.found[at] = i;
	}
	for (uint32_t i = 0; i < n; i++) {
		link_references(&t, i);
		if (t.steps > MAX_STEPS)
			return false;
	}
	prune(f);
	link_children(f);
	find_roots(f);
	merge_subjects(f);
	link_children(f);
	find_roots(f);
	return true;
}

static int
compare_subjects(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = ms_str_compare(x->subject, y->subject);

	if (order != 0)
		return order;
	if (x->sent_us != y->sent_us)
		return x->sent_us < y->sent_us ? -1 : 1;
	return (x->uid > y->uid) - (x->uid < y->uid);
}

void
thread_ordered_subject(struct forest *f, struct ms_arena *arena,
    struct entry *entries, uint32_t n)
{
	uint32_t first = 0;

	if (n > 0)
		qsort(entries, n, sizeof(*entries), compare_subjects);
	begin(f, arena, entries, n, n + 1);
	for (uint32_t i = 1; i < n; i++) {
		if (ms_str_equal(entries[i].subject, entries[first].subject))
			f->nodes[i].parent = first;
		else
			first = i;
	}
	link_children(f);
	find_roots(f);
}

/* ---- telling ------------------------------------------------------------------------- */

static void
put_root(const struct forest *f, uint32_t node, uint32_t *waiting,
    struct ms_buf *out)
{
	size_t depth = 0;

	ms_buf_add_octet(out, '(');
	if (f->nodes[node].is_gone) {
		node = f->nodes[node].first;
		waiting[depth++] = f->nodes[node].next;
		ms_buf_add_octet(out, '(');
	}
	for (;;) {
		uint32_t child = f->nodes[node].first;

		ms_buf_add_u64(out, f->entries[node].number);
		if (child != NO_NODE) {
			ms_buf_add_octet(out, ' ');
			if (f->nodes[child].next != NO_NODE) {
				ms_buf_add_octet(out, '(');
				waiting[depth++] = f->nodes[child].next;
			}
			node = child;
			continue;
		}
		/* A branch ends; on with the next beside it, or beside one
		   above. */
		for (;;) {
			ms_buf_add_octet(out, ')');
			if (depth == 0)
				return;
			node = waiting[--depth];
			if (node != NO_NODE)
				break;
		}
		ms_buf_add_octet(out, '(');
		waiting[depth++] = f->nodes[node].next;
	}
}

void
thread_put(const struct forest *f, struct ms_buf *out)
{
	uint32_t *waiting = ms_arena_array(f->arena, f->n + 1,
	    sizeof(*waiting));

	for (uint32_t i = 0; i < f->n_roots; i++)
		put_root(f, f->roots[i], waiting, out);
}
