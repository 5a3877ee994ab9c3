/* Growing a trie of linked nodes from the texts, then laying it out. Tokens come by rank, and what
 * is frequent has a low rank: nodes are laid out in the order in which they grew, so that what is
 * asked for most lies together. A node's children are put where all their places are free, and no
 * two nodes have the same way, so that the byte alone tells whose child a node is. Called by
 * vocab.c. */
#include "token/trie.h"

enum { TWO_BYTES = 1 << 16, TRIES = 32, WAYS_MAX = 1 << 23, SPAN = 256 };

struct sprout {
	uint32_t child, next; /* 0: none */
	uint32_t token, place;
	uint32_t byte;
};

struct bush {
	struct sprout *sprouts;
	uint32_t count;
};

/* ---- growing ---- */

static uint32_t child_of(struct bush *b, uint32_t at, unsigned char byte)
{
	uint32_t *link = &b->sprouts[at].child;

	while (*link && b->sprouts[*link].byte != byte)
		link = &b->sprouts[*link].next;
	if (!*link) {
		*link = b->count++;
		b->sprouts[*link] = (struct sprout){.token = NO_TOKEN, .byte = byte};
	}
	return *link;
}

static void grow(struct trie *t, struct bush *b, struct str text, uint32_t token)
{
	const unsigned char *p = (const unsigned char *)text.ptr;
	uint32_t *root = text.len > 1 ? &t->roots[p[0] << 8 | p[1]] : NULL, at;

	if (!root) {
		t->bytes[p[0]] = token;
		return;
	}
	if (!*root) {
		*root = b->count++;
		b->sprouts[*root] = (struct sprout){.token = NO_TOKEN, .byte = SPAN};
	}
	at = *root;
	for (size_t i = 2; i < text.len; i++)
		at = child_of(b, at, p[i]);
	b->sprouts[at].token = token;
}

/* ---- laying out ---- */

/* Places up to `end` that are free are linked, unless they were of no use too often. */
struct layout {
	struct trie_node *nodes;
	struct spot {
		uint32_t next, before; /* free ones; the first of all is 0, which is none */
		uint8_t tries;
		bool is_used, is_way; /* the place; a way of that figure */
	} * spots;
	uint32_t places, end; /* all places from `end` on are free, and not linked */
};

static void make_room(struct layout *l, uint32_t places)
{
	uint32_t had = l->places;

	if (places <= had)
		return;
	l->places = 2 * places;
	l->nodes = mem_resize(l->nodes, l->places * sizeof *l->nodes);
	l->spots = mem_resize(l->spots, l->places * sizeof *l->spots);
	memset(l->nodes + had, 0, (l->places - had) * sizeof *l->nodes);
	memset(l->spots + had, 0, (l->places - had) * sizeof *l->spots);
}

static void unlink_spot(struct layout *l, uint32_t place)
{
	struct spot *spot = &l->spots[place];

	l->spots[spot->before].next = spot->next;
	l->spots[spot->next].before = spot->before;
}

/* Behind the first, which is asked again only when newer ones are used. */
static void link_spot(struct layout *l, uint32_t place)
{
	uint32_t last = l->spots[0].before;

	l->spots[place].before = last;
	l->spots[place].next = 0;
	l->spots[last].next = place;
	l->spots[0].before = place;
}

static void take(struct layout *l, uint32_t place)
{
	while (l->end <= place)
		link_spot(l, l->end++);
	if (l->spots[place].tries < TRIES)
		unlink_spot(l, place);
	l->spots[place].is_used = true;
}

static bool fits(const struct bush *b, const struct layout *l, uint32_t way, uint32_t child)
{
	if (l->spots[way].is_way)
		return false;
	for (; child; child = b->sprouts[child].next)
		if (l->spots[way + b->sprouts[child].byte].is_used)
			return false;
	return true;
}

/* A way to children of which `child` is the first. */
static uint32_t find_way(const struct bush *b, struct layout *l, uint32_t child)
{
	uint32_t byte = b->sprouts[child].byte, place = l->spots[0].next;

	for (int i = 0; i < TRIES && place; i++, place = l->spots[place].next) {
		if (place > byte && fits(b, l, place - byte, child))
			return place - byte;
		if (++l->spots[place].tries == TRIES)
			unlink_spot(l, place);
	}
	return l->end; /* no way is there or beyond, and no place is used */
}

/* -1: there is no room. */
static int lay_children(struct bush *b, struct layout *l, const struct sprout *parent)
{
	uint32_t way = find_way(b, l, parent->child);

	if (way >= WAYS_MAX)
		return -1;
	l->spots[way].is_way = true;
	l->nodes[parent->place].way |= way << TRIE_WAY_SHIFT;
	for (uint32_t at = parent->child; at; at = b->sprouts[at].next) {
		struct sprout *child = &b->sprouts[at];

		child->place = way + child->byte;
		if (child->token == NO_TOKEN)
			child->token = parent->token;
		l->nodes[child->place] = (struct trie_node){TRIE_CHILD | child->byte, child->token};
		take(l, child->place);
	}
	return 0;
}

static int lay_all(struct bush *b, struct layout *l)
{
	for (uint32_t i = 1; i < b->count; i++) {
		make_room(l, l->end + 2 * SPAN);
		if (b->sprouts[i].child && lay_children(b, l, &b->sprouts[i]) < 0)
			return -1;
	}
	return 0;
}

/* Nodes of two bytes are nobody's children. */
static void lay_roots(struct trie *t, struct bush *b, struct layout *l)
{
	for (uint32_t i = 0; i < TWO_BYTES; i++) {
		struct sprout *sprout = &b->sprouts[t->roots[i]];

		if (!t->roots[i])
			continue;
		if (sprout->token == NO_TOKEN)
			sprout->token = t->bytes[i >> 8];
		make_room(l, l->end + 2 * SPAN);
		t->roots[i] = sprout->place = l->end;
		l->nodes[l->end].best = sprout->token;
		take(l, l->end);
	}
}

int trie_make(struct trie *t, const char *texts, const uint32_t *starts, uint32_t count)
{
	struct bush b = {.count = 1};
	struct layout l = {.end = 1};
	int result;

	b.sprouts = mem_get((starts[count] + 1) * sizeof *b.sprouts);
	t->roots = mem_get(TWO_BYTES * sizeof *t->roots);
	for (uint32_t i = 0; i < count; i++)
		if (starts[i + 1] > starts[i])
			grow(t, &b, (struct str){texts + starts[i], starts[i + 1] - starts[i]},
			     i | (starts[i + 1] - starts[i]) << TRIE_LEN_SHIFT);
	lay_roots(t, &b, &l);
	result = lay_all(&b, &l);
	t->nodes = mem_resize(l.nodes, (l.end + 2 * SPAN) * sizeof *l.nodes);
	mem_put(b.sprouts);
	mem_put(l.spots);
	return result;
}

void trie_release(struct trie *t)
{
	mem_put(t->roots);
	mem_put(t->nodes);
	*t = (struct trie){0};
}
