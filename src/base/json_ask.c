/* Questions to a document that was read: find, walk, decode, convert, name the place. Nothing
 * here changes the tape. Every function takes JSON_NONE and nodes of the wrong type, so that
 * questions may be chained without a check each. Must never be asked in mid-read, nor after a
 * failed read (json_path excepted). */
#include "base/json_read.h"

#include "base/buf.h"
#include "base/json_keys.h"

static const struct json_node *node_at(const struct json *doc, uint32_t node)
{
	static const struct json_node absent = {.type = JSON_ABSENT};

	if (node == JSON_NONE)
		return &absent;
	must(node < doc->count);
	return &doc->nodes[node];
}

uint32_t json_root(const struct json *doc)
{
	return doc->count ? 0 : JSON_NONE;
}

enum json_type json_type(const struct json *doc, uint32_t node)
{
	return (enum json_type)node_at(doc, node)->type;
}

const char *json_type_name(enum json_type type)
{
	static const char *const names[] = {
	    [JSON_ABSENT] = "nothing", [JSON_NULL] = "null",        [JSON_FALSE] = "a boolean",
	    [JSON_TRUE] = "a boolean", [JSON_NUMBER] = "a number",  [JSON_STRING] = "a string",
	    [JSON_ARRAY] = "an array", [JSON_OBJECT] = "an object",
	};

	return names[type];
}

uint32_t json_get(const struct json *doc, uint32_t object, struct str key)
{
	uint32_t found;

	if (json_type(doc, object) != JSON_OBJECT ||
	    (object == 0 && !(doc->root_keys & json_key_bit(key))))
		return JSON_NONE;
	found = json_keys_find(doc, object, key);
	return found == JSON_NONE ? JSON_NONE : found + 1;
}

static int place_of_key(const struct json *doc, uint32_t key, const struct str *keys, int count)
{
	int place = 0;

	while (place < count && !json_key_is(doc, key, keys[place]))
		place++;
	return place;
}

void json_get_each(const struct json *doc, uint32_t object, const struct str *keys, int count,
                   uint32_t *out)
{
	uint32_t end = json_type(doc, object) == JSON_OBJECT ? doc->nodes[object].next : 0;

	for (int i = 0; i < count; i++)
		out[i] = JSON_NONE;
	for (uint32_t key = object + 1; key < end; key = doc->nodes[key + 1].next) {
		int place = place_of_key(doc, key, keys, count);

		if (place < count && out[place] == JSON_NONE)
			out[place] = key + 1;
	}
}

static bool is_container(const struct json_node *n)
{
	return n->type == JSON_ARRAY || n->type == JSON_OBJECT;
}

uint32_t json_first(const struct json *doc, uint32_t container)
{
	const struct json_node *n = node_at(doc, container);

	return is_container(n) && n->next > container + 1 ? container + 1 : JSON_NONE;
}

uint32_t json_next(const struct json *doc, uint32_t container, uint32_t child)
{
	bool is_key = node_at(doc, child)->marks & JSON_IS_KEY;
	uint32_t after = node_at(doc, is_key ? child + 1 : child)->next;

	return child != JSON_NONE && after < node_at(doc, container)->next ? after : JSON_NONE;
}

uint32_t json_value(uint32_t key)
{
	return key == JSON_NONE ? JSON_NONE : key + 1;
}

uint32_t json_count(const struct json *doc, uint32_t container)
{
	uint32_t count = 0;

	JSON_EACH(doc, container, child)
	count++;
	return count;
}

uint32_t json_item(const struct json *doc, uint32_t array, uint32_t position)
{
	uint32_t item = json_type(doc, array) == JSON_ARRAY ? json_first(doc, array) : JSON_NONE;

	while (position-- && item != JSON_NONE)
		item = json_next(doc, array, item);
	return item;
}

struct str json_raw(const struct json *doc, uint32_t node)
{
	const struct json_node *n = node_at(doc, node);

	if (n->type == JSON_ABSENT)
		return STR("");
	return (struct str){doc->bytes.ptr + n->start, n->end - n->start};
}

struct str json_text(const struct json *doc, uint32_t node, struct arena *arena)
{
	struct str inside;
	char *decoded;

	if (json_type(doc, node) != JSON_STRING)
		return STR("");
	inside = json_inside(doc, node);
	if (!(doc->nodes[node].marks & JSON_HAS_ESCAPES))
		return inside;
	decoded = arena_get(arena, inside.len);
	return (struct str){decoded, json_scan_decode(inside, decoded)};
}

struct str json_plain(struct str inside, struct arena *arena)
{
	char *decoded;

	if (str_find_byte(inside, '\\') == inside.len)
		return inside;
	decoded = arena_get(arena, inside.len);
	return (struct str){decoded, json_scan_decode(inside, decoded)};
}

bool json_text_is(const struct json *doc, uint32_t node, struct str text)
{
	struct str inside;

	if (json_type(doc, node) != JSON_STRING)
		return false;
	inside = json_inside(doc, node);
	if (!(doc->nodes[node].marks & JSON_HAS_ESCAPES))
		return str_eq(inside, text);
	return inside.len > text.len && json_scan_is(inside, text);
}

int json_i64(const struct json *doc, uint32_t node, int64_t lowest, int64_t highest,
             int64_t *out_value)
{
	if (json_type(doc, node) != JSON_NUMBER)
		return -1;
	return str_to_i64(json_raw(doc, node), lowest, highest, out_value);
}

int json_f64(const struct json *doc, uint32_t node, double lowest, double highest,
             double *out_value)
{
	char text[JSON_NUMBER_BYTES_MAX + 1];
	struct str raw = json_raw(doc, node);
	double value;

	if (json_type(doc, node) != JSON_NUMBER)
		return -1;
	memcpy(text, raw.ptr, raw.len);
	text[raw.len] = '\0';
	value = strtod(text, NULL);
	if (!(value >= lowest && value <= highest))
		return -1;
	*out_value = value;
	return 0;
}

int json_bool(const struct json *doc, uint32_t node, bool *out_value)
{
	enum json_type type = json_type(doc, node);

	if (type != JSON_TRUE && type != JSON_FALSE)
		return -1;
	*out_value = type == JSON_TRUE;
	return 0;
}

bool json_is_null(const struct json *doc, uint32_t node)
{
	return json_type(doc, node) == JSON_NULL;
}

enum { PATH_BYTES_MAX = 4096, PATH_KEY_BYTES_MAX = 64 };

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool is_name(struct str key)
{
	for (size_t i = 0; i < key.len; i++)
		if (!is_name_byte(key.ptr[i]))
			return false;
	return key.len > 0 && key.len <= PATH_KEY_BYTES_MAX;
}

static void put_key(struct buf *path, struct str key)
{
	size_t len = key.len;

	if (is_name(key)) {
		buf_printf(path, "%s%.*s", path->len ? "." : "", STR_ARG(key));
		return;
	}
	if (len > PATH_KEY_BYTES_MAX)
		len = PATH_KEY_BYTES_MAX;
	while (len < key.len && len && ((unsigned char)key.ptr[len] & 0xc0) == 0x80)
		len--;
	buf_printf(path, "[\"%.*s%s\"]", (int)len, key.ptr, len < key.len ? "..." : "");
}

/* Behind the child and all that belongs to it. A document that broke off may end with a key
 * alone. */
static uint32_t behind_child(const struct json *doc, uint32_t child)
{
	if (!(doc->nodes[child].marks & JSON_IS_KEY))
		return doc->nodes[child].next;
	return child + 1 < doc->count ? doc->nodes[child + 1].next : doc->count;
}

/* The child of the container that is the node or holds it. */
static uint32_t child_towards(const struct json *doc, uint32_t container, uint32_t node,
                              uint32_t *out_position)
{
	uint32_t child = container + 1, position = 0;

	for (; behind_child(doc, child) <= node; position++)
		child = behind_child(doc, child);
	*out_position = position;
	return child;
}

struct str json_path(const struct json *doc, uint32_t node, struct arena *arena)
{
	uint32_t at = 0, position;
	struct str copy;
	struct buf path;

	if (node == JSON_NONE || node >= doc->count)
		return STR("");
	buf_init(&path, PATH_BYTES_MAX);
	while (at < node) {
		uint32_t child = child_towards(doc, at, node, &position);

		if (!(doc->nodes[child].marks & JSON_IS_KEY)) {
			buf_printf(&path, "[%u]", position);
			at = child;
			continue;
		}
		put_key(&path, json_inside(doc, child));
		at = child == node ? child : child + 1;
	}
	copy = arena_copy(arena, buf_str(&path));
	buf_release(&path);
	return copy;
}

struct json_place json_place(struct str bytes, size_t offset)
{
	struct str before = str_part(bytes, 0, offset);
	struct json_place place = {.line = 1, .column = 1};

	for (size_t i = 0; i < before.len; i++) {
		place.column++;
		if (before.ptr[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return place;
}
