/* YAML text to a tree of nodes with marks, by libyaml's events.
 *
 *	tiers:                     mapping 1:1
 *	  fast: [a, b]             key "fast" 2:3, sequence 2:9, scalars 2:10 and 2:13
 *
 * Stricter than YAML, because a configuration that can be read in two ways is a mistake: one
 * document, scalar keys, no key twice in a mapping, and no anchors (with them a small file can mean
 * a huge one). Pure but for the arena. Called by config.c; must never print what it read, for there
 * may be secrets in it. */
#include "config/tree.h"

#include "limits.h"

#include <yaml.h>

struct reading {
	yaml_parser_t parser;
	struct arena *arena;
	struct config_tree_error *error;
	int nodes;
};

static struct config_place place_of(yaml_mark_t mark)
{
	return (struct config_place){(int)mark.line + 1, (int)mark.column + 1};
}

static int refuse(struct reading *r, struct config_place place, const char *reason)
{
	r->error->place = place;
	r->error->reason = arena_copy(r->arena, str_of(reason));
	return -1;
}

/* The next event, or -1 with libyaml's own words. The caller deletes it. */
static int next_event(struct reading *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	r->error->place = place_of(r->parser.problem_mark);
	r->error->reason = arena_printf(
	    r->arena, "not YAML: %s%s%s", r->parser.problem ? r->parser.problem : "unreadable",
	    r->parser.context ? " " : "", r->parser.context ? r->parser.context : "");
	return -1;
}

static int read_node(struct reading *, const yaml_event_t *, int depth, struct config_node **out);

static void add_child(struct config_node *parent, struct config_node *child)
{
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
	parent->count++;
}

/* What may be a credential is not left behind in freed memory. */
static void drop_event(yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT)
		explicit_bzero(event->data.scalar.value, event->data.scalar.length);
	yaml_event_delete(event);
}

static void drop_parser(yaml_parser_t *p)
{
	explicit_bzero(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	explicit_bzero(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
	yaml_parser_delete(p);
}

static int read_items(struct reading *r, struct config_node *parent, int depth)
{
	for (;;) {
		yaml_event_t event;
		struct config_node *child;
		int result = 0;
		bool ended;

		if (next_event(r, &event) < 0)
			return -1;
		ended = event.type == YAML_SEQUENCE_END_EVENT;
		if (!ended)
			result = read_node(r, &event, depth, &child);
		drop_event(&event);
		if (ended || result < 0)
			return result;
		add_child(parent, child);
	}
}

static int read_value(struct reading *r, struct config_node *parent, const struct config_node *key,
                      int depth)
{
	yaml_event_t event;
	struct config_node *value;
	int result;

	if (next_event(r, &event) < 0)
		return -1;
	result = read_node(r, &event, depth, &value);
	drop_event(&event);
	if (result < 0)
		return -1;
	value->key = key->text;
	value->key_place = key->place;
	if (config_tree_child(parent, key->text))
		return refuse(r, key->place, "the same key stands here twice");
	add_child(parent, value);
	return 0;
}

static int read_members(struct reading *r, struct config_node *parent, int depth)
{
	for (;;) {
		yaml_event_t event;
		struct config_node *key;
		int result = 0;
		bool ended;

		if (next_event(r, &event) < 0)
			return -1;
		ended = event.type == YAML_MAPPING_END_EVENT;
		if (!ended)
			result = read_node(r, &event, depth, &key);
		drop_event(&event);
		if (ended || result < 0)
			return result;
		if (key->kind != CONFIG_SCALAR)
			return refuse(r, key->place, "a key must be a plain word");
		if (read_value(r, parent, key, depth) < 0)
			return -1;
	}
}

static bool has_anchor(const yaml_event_t *event)
{
	return event->type == YAML_ALIAS_EVENT ||
	       (event->type == YAML_SCALAR_EVENT && event->data.scalar.anchor) ||
	       (event->type == YAML_SEQUENCE_START_EVENT && event->data.sequence_start.anchor) ||
	       (event->type == YAML_MAPPING_START_EVENT && event->data.mapping_start.anchor);
}

static int read_scalar(struct reading *r, const yaml_event_t *event, struct config_node *node)
{
	struct str text = {(const char *)event->data.scalar.value, event->data.scalar.length};

	if (str_find_byte(text, '\0') < text.len)
		return refuse(r, node->place, "a NUL character has no place here");
	node->kind = CONFIG_SCALAR;
	node->text = arena_copy(r->arena, text);
	return 0;
}

static int read_node(struct reading *r, const yaml_event_t *event, int depth,
                     struct config_node **out)
{
	struct config_node *node = ARENA_NEW(r->arena, struct config_node);

	*out = node;
	node->place = place_of(event->start_mark);
	if (has_anchor(event))
		return refuse(r, node->place,
		              "anchors (&name) and aliases (*name) are not supported; a text that "
		              "begins with * or & stands in quotes");
	if (++r->nodes > LIMIT_CONFIG_NODES || depth > LIMIT_CONFIG_DEPTH)
		return refuse(r, node->place, "too many values, or nested too deep");
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(r, event, node);
	node->kind = event->type == YAML_MAPPING_START_EVENT ? CONFIG_MAPPING : CONFIG_SEQUENCE;
	return node->kind == CONFIG_MAPPING ? read_members(r, node, depth + 1)
	                                    : read_items(r, node, depth + 1);
}

static int read_document(struct reading *r, struct config_node **out)
{
	*out = NULL;
	for (;;) {
		yaml_event_t event;
		yaml_event_type_t type;
		int result = 0;

		if (next_event(r, &event) < 0)
			return -1;
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && *out)
			result = refuse(r, place_of(event.start_mark),
			                "a second document begins here; one is all there may be");
		else if (type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT ||
		         type == YAML_MAPPING_START_EVENT || type == YAML_ALIAS_EVENT)
			result = read_node(r, &event, 0, out);
		drop_event(&event);
		if (result < 0 || type == YAML_STREAM_END_EVENT)
			return result;
	}
}

struct config_node *config_tree_read(struct str text, struct arena *arena,
                                     struct config_tree_error *error)
{
	struct reading r = {.arena = arena, .error = error};
	struct config_node *root = NULL;
	int result;

	if (text.len == 0) {
		refuse(&r, (struct config_place){1, 1}, "there is nothing in it");
		return NULL;
	}
	must(yaml_parser_initialize(&r.parser));
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	result = read_document(&r, &root);
	if (result == 0 && !root)
		result = refuse(&r, (struct config_place){1, 1}, "there is nothing in it");
	drop_parser(&r.parser);
	return result < 0 ? NULL : root;
}

const struct config_node *config_tree_child(const struct config_node *parent, struct str key)
{
	if (!parent || parent->kind != CONFIG_MAPPING)
		return NULL;
	for (const struct config_node *n = parent->first; n; n = n->next)
		if (str_eq(n->key, key))
			return n;
	return NULL;
}

static const struct config_node *item(const struct config_node *parent, int64_t index)
{
	const struct config_node *n = parent->kind == CONFIG_SEQUENCE ? parent->first : NULL;

	while (n && index-- > 0)
		n = n->next;
	return n;
}

/* One step of a path: "[3]" or "name" with an optional dot before it. */
static const struct config_node *step(const struct config_node *from, struct str *path)
{
	struct str part;
	size_t end = 0;
	int64_t index = 0;

	if (path->ptr[0] == '.')
		*path = str_part(*path, 1, path->len);
	if (path->len > 0 && path->ptr[0] == '[') {
		end = str_find_byte(*path, ']');
		part = str_part(*path, 1, end - 1);
		*path = str_part(*path, end + 1, path->len);
		return str_to_i64(part, 0, INT32_MAX, &index) < 0 ? NULL : item(from, index);
	}
	while (end < path->len && path->ptr[end] != '.' && path->ptr[end] != '[')
		end++;
	part = str_part(*path, 0, end);
	*path = str_part(*path, end, path->len);
	return config_tree_child(from, part);
}

struct config_place config_tree_place(const struct config_node *root, struct str path)
{
	const struct config_node *at = root;

	while (path.len > 0) {
		const struct config_node *next = step(at, &path);

		if (!next)
			break;
		at = next;
	}
	return at->place;
}
