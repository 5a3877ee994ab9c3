/* Names and ids of tools, mapped.
 *
 * A name that has to change always gets a tail of its hash, also where the changed name would be
 * free: so a tool's name at the provider depends on the tool alone, not on what else is in the
 * list, and the provider's prompt cache stays warm.
 *
 * 	call_fx0toolu_01Ab     wrapped for a chat or responses client, bytes as they are
 * 	toolu_fx166756e633a30  the same for messages, bytes as hexadecimal ("func:0")
 *
 * Called by the driver and the flow. Must never map two names to one, nor one id to two. */
#include "wire/rename.h"

#include "base/encode.h"
#include "base/hash.h"

enum { TAIL_BYTES = 9, /* _ and 8 hexadecimal digits */ ID_MAX = 256 };

void rename_init(struct rename *r, struct rename_rule rule, struct arena *arena)
{
	*r = (struct rename){.arena = arena, .rule = rule};
	map_init(&r->by_wire, arena);
	map_init(&r->by_name, arena);
	map_init(&r->spaced, arena);
	map_init(&r->calls, arena);
}

void rename_release(struct rename *r)
{
	map_release(&r->by_wire);
	map_release(&r->by_name);
	map_release(&r->spaced);
	map_release(&r->calls);
	r->count = 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_word(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_words(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_word(s.ptr[i]))
			return false;
	return true;
}

static bool name_takes(const struct rename_rule *rule, char c)
{
	return is_word(c) || (rule->name_dots && (c == '.' || c == ':'));
}

static bool name_fits(const struct rename_rule *rule, struct str name)
{
	if (name.len == 0 || name.len > (size_t)rule->name_max)
		return false;
	if (rule->name_letters && !is_letter(name.ptr[0]) && name.ptr[0] != '_')
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!name_takes(rule, name.ptr[i]))
			return false;
	return true;
}

/* The name with what does not fit as _, and a tail. */
static struct str bend(const struct rename *r, struct str name, uint64_t hash)
{
	size_t room = (size_t)r->rule.name_max - TAIL_BYTES - 1;
	struct str kept = str_part(name, 0, room);
	char *out = arena_get(r->arena, (size_t)r->rule.name_max + 1);
	size_t len = 0;

	if (r->rule.name_letters && (kept.len == 0 || !is_letter(kept.ptr[0])))
		out[len++] = '_';
	for (size_t i = 0; i < kept.len; i++)
		out[len++] = name_takes(&r->rule, kept.ptr[i]) ? kept.ptr[i] : '_';
	len += (size_t)snprintf(out + len, TAIL_BYTES + 1, "_%08x", (unsigned)hash);
	return (struct str){out, len};
}

static struct str free_name(const struct rename *r, struct str joined, struct str key)
{
	uint64_t hash = hash_stable(key);
	struct str wire = joined;

	if (!name_fits(&r->rule, joined))
		wire = bend(r, joined, hash);
	while (map_get(&r->by_wire, wire))
		wire = bend(r, joined, ++hash);
	return wire;
}

struct rename_tool *rename_add(struct rename *r, struct str space, struct str name,
                               enum talk_tool_kind kind)
{
	struct str key = ARENA_JOIN(r->arena, space, STR("\n"), name);
	struct rename_tool *tool = map_get(&r->by_name, key);
	struct str joined = name;

	if (tool)
		return tool;
	if (space.len)
		joined = ARENA_JOIN(r->arena, space, STR("__"), name);
	tool = ARENA_NEW(r->arena, struct rename_tool);
	*tool = (struct rename_tool){.name = name, .space = space, .kind = kind};
	tool->wire = free_name(r, joined, key);
	map_put(&r->by_name, key, tool);
	map_put(&r->by_wire, tool->wire, tool);
	if (space.len && map_get(&r->spaced, name) == NULL)
		map_put(&r->spaced, name, tool);
	r->count++;
	return tool;
}

const struct rename_tool *rename_find(const struct rename *r, struct str wire)
{
	return map_get(&r->by_wire, wire);
}

struct rename_tool *rename_choose(const struct rename *r, struct str name)
{
	struct rename_tool *tool = map_get(&r->by_name, ARENA_JOIN(r->arena, STR("\n"), name));

	return tool ? tool : map_get(&r->spaced, name);
}

/* ---- calls ---- */

void rename_note_call(struct rename *r, struct str key, const struct talk_part *call)
{
	struct rename_call *known = ARENA_NEW(r->arena, struct rename_call);

	*known = (struct rename_call){.id = call->id, .name = call->name, .kind = call->call};
	map_put(&r->calls, key, known);
}

const struct rename_call *rename_find_call(const struct rename *r, struct str key)
{
	return map_get(&r->calls, key);
}

void rename_forget_calls(struct rename *r)
{
	map_release(&r->calls);
	map_init(&r->calls, r->arena);
}

/* ---- ids ---- */

static struct str prefix_of(enum llm_dialect client)
{
	return client == LLM_MESSAGES ? STR("toolu_") : STR("call_");
}

static struct str as_hex(struct str bytes, struct arena *arena)
{
	char room[2 * ID_MAX];
	struct buf hex = {.ptr = room, .cap = sizeof room, .max = sizeof room};

	encode_hex(&hex, str_part(bytes, 0, ID_MAX));
	return arena_copy(arena, buf_str(&hex));
}

struct str rename_new_id(struct str request_id, int number, enum llm_dialect client,
                         struct arena *arena)
{
	struct str seed = ARENA_JOIN(arena, request_id, STR("/"), arena_i64(arena, number));
	uint8_t digest[HASH_SHA256_BYTES];

	hash_sha256(seed, digest);
	return ARENA_JOIN(arena, prefix_of(client),
	                  as_hex((struct str){(char *)digest, 12}, arena));
}

struct str rename_id_for_client(struct str id, enum llm_dialect client, struct arena *arena)
{
	struct str prefix = prefix_of(client);

	if (str_starts_with(id, prefix) && is_words(id))
		return id;
	if (id.len > ID_MAX)
		return rename_new_id(id, 0, client, arena);
	if (is_words(id))
		return ARENA_JOIN(arena, prefix, STR("fx0"), id);
	return ARENA_JOIN(arena, prefix, STR("fx1"), as_hex(id, arena));
}

static struct str from_hex(struct str hex, struct arena *arena)
{
	size_t len = hex.len / 2;
	char *out = arena_get(arena, len + 1);

	if (encode_read_hex(hex, (uint8_t *)out, len) < 0)
		return STR("");
	return (struct str){out, len};
}

/* What we wrapped; empty: it is not wrapped. */
static struct str unwrap(struct str id, struct arena *arena)
{
	size_t head = str_starts_with(id, STR("toolu_")) ? 6 : 5;

	if (head == 5 && !str_starts_with(id, STR("call_")))
		return STR("");
	id = str_part(id, head, id.len);
	if (str_starts_with(id, STR("fx0")))
		return str_part(id, 3, id.len);
	return str_starts_with(id, STR("fx1")) ? from_hex(str_part(id, 3, id.len), arena) : STR("");
}

static struct str hash_id(struct str id, const struct rename_rule *rule, struct arena *arena)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	uint8_t digest[HASH_SHA256_BYTES];
	char *nine = arena_get(arena, RENAME_NINE_LETTERS + 1);

	hash_sha256(id, digest);
	if (rule->id_max != RENAME_NINE_LETTERS)
		return ARENA_JOIN(arena, STR("call_"),
		                  as_hex((struct str){(char *)digest, 12}, arena));
	for (int i = 0; i < RENAME_NINE_LETTERS; i++)
		nine[i] = digits[digest[i] % 36];
	return (struct str){nine, RENAME_NINE_LETTERS};
}

static bool id_fits(struct str id, const struct rename_rule *rule)
{
	bool is_nine = rule->id_max == RENAME_NINE_LETTERS;

	if (id.len == 0 || id.len > (size_t)rule->id_max)
		return false;
	if ((rule->id_words || is_nine) && !is_words(id))
		return false;
	return !is_nine || (id.len == RENAME_NINE_LETTERS && str_find_byte(id, '_') == id.len &&
	                    str_find_byte(id, '-') == id.len);
}

struct str rename_id_for_target(struct str id, const struct rename_rule *rule, struct arena *arena)
{
	struct str own = unwrap(id, arena);

	if (own.len == 0)
		own = id;
	return id_fits(own, rule) ? own : hash_id(own, rule, arena);
}
