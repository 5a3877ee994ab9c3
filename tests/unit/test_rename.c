/* Names and ids of tools: what fits stays, what does not is bent and found again, and proofs of
 * thinking travel unharmed. */
#include "check.h"

#include "wire/put.h"
#include "wire/whole.h"

static struct arena arena;

static const struct rename_rule openai = {.name_max = 64, .id_max = 40};
static const struct rename_rule anthropic = {.name_max = 128, .id_max = 64, .id_words = true};
static const struct rename_rule gemini = {
    .name_max = 64, .name_dots = true, .name_letters = true, .id_max = 64};
static const struct rename_rule mistral = {.name_max = 64, .id_max = RENAME_NINE_LETTERS};

#define TEN "abcdefghij"

static void test_names(void)
{
	static const struct {
		const struct rename_rule *rule;
		struct str space, name, wire;
	} rows[] = {
	    {&openai, STR_INIT(""), STR_INIT("shell"), STR_INIT("shell")},
	    {&openai, STR_INIT("mcp"), STR_INIT("read"), STR_INIT("mcp__read")},
	    {&gemini, STR_INIT(""), STR_INIT("a.b:c"), STR_INIT("a.b:c")},
	};
	struct rename r;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct rename_tool *tool;

		rename_init(&r, *rows[i].rule, &arena);
		tool = rename_add(&r, rows[i].space, rows[i].name, TALK_TOOL_FUNCTION);
		CHECK_STR(tool->wire, rows[i].wire);
		CHECK(rename_find(&r, tool->wire) == tool);
		CHECK(rename_add(&r, rows[i].space, rows[i].name, TALK_TOOL_FUNCTION) == tool);
		rename_release(&r);
	}
}

/* Whatever the name: it fits, it is found again, and no two are one. */
static void test_bent_names(void)
{
	static const struct str names[] = {
	    STR_INIT("a.b"),
	    STR_INIT("a b"),
	    STR_INIT("a_b"),
	    STR_INIT("\xc3\xa9"),
	    STR_INIT(""),
	    STR_INIT("9to5"),
	    STR_INIT("-x"),
	    STR_INIT("mcp__read"),
	    STR_INIT(TEN TEN TEN TEN TEN TEN "1234567"),
	    STR_INIT(TEN TEN TEN TEN TEN TEN "1234568"),
	};
	const struct rename_rule *rules[] = {&openai, &anthropic, &gemini};
	struct rename r;

	for (size_t k = 0; k < 3; k++) {
		rename_init(&r, *rules[k], &arena);
		rename_add(&r, STR("mcp"), STR("read"), TALK_TOOL_FUNCTION);
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			const struct rename_tool *tool =
			    rename_add(&r, STR(""), names[i], TALK_TOOL_FUNCTION);

			CHECK(tool->wire.len > 0 && tool->wire.len <= (size_t)rules[k]->name_max);
			CHECK(rename_find(&r, tool->wire) == tool);
			CHECK_STR(tool->name, names[i]);
		}
		CHECK(r.count == 1 + sizeof names / sizeof names[0]);
		rename_release(&r);
	}
}

/* A tool's name at the provider does not depend on the tools around it. */
static void test_bent_names_are_stable(void)
{
	struct rename a, b;

	rename_init(&a, openai, &arena);
	rename_init(&b, openai, &arena);
	rename_add(&b, STR(""), STR("a b"), TALK_TOOL_FUNCTION);
	rename_add(&b, STR(""), STR("a_b"), TALK_TOOL_FUNCTION);
	CHECK_STR(rename_add(&a, STR(""), STR("a.b"), TALK_TOOL_FUNCTION)->wire,
	          rename_add(&b, STR(""), STR("a.b"), TALK_TOOL_FUNCTION)->wire);
	rename_release(&a);
	rename_release(&b);
}

/* The provider's id, the client's, and the provider's again. */
static void test_ids_come_back(void)
{
	static const struct {
		enum llm_dialect client;
		const struct rename_rule *rule;
		struct str id, shown;
	} rows[] = {
	    {LLM_CHAT, &openai, STR_INIT("call_a1"), STR_INIT("call_a1")},
	    {LLM_MESSAGES, &anthropic, STR_INIT("toolu_01"), STR_INIT("toolu_01")},
	    {LLM_MESSAGES, &openai, STR_INIT("call_a1"), STR_INIT("toolu_fx0call_a1")},
	    {LLM_RESPONSES, &anthropic, STR_INIT("toolu_01"), STR_INIT("call_fx0toolu_01")},
	    {LLM_CHAT, &openai, STR_INIT("f:0"), STR_INIT("call_fx1663a30")},
	    {LLM_CHAT, &mistral, STR_INIT("D681PevKs"), STR_INIT("call_fx0D681PevKs")},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct str shown = rename_id_for_client(rows[i].id, rows[i].client, &arena);

		CHECK_STR(shown, rows[i].shown);
		CHECK_STR(rename_id_for_target(shown, rows[i].rule, &arena), rows[i].id);
	}
}

/* An id that another provider gave is bent, always alike, within the target's bounds. */
static void test_foreign_ids(void)
{
	struct str id = STR("call_0123456789012345678901234567890123456789");
	struct str nine = rename_id_for_target(STR("call_a1"), &mistral, &arena);
	struct str brief = rename_id_for_target(id, &openai, &arena);
	struct str words = rename_id_for_target(STR("call_fx1663a30"), &anthropic, &arena);

	CHECK(nine.len == 9 && brief.len <= 40 && str_starts_with(brief, STR("call_")));
	CHECK(str_find_byte(words, ':') == words.len && words.len > 0);
	CHECK_STR(rename_id_for_target(id, &openai, &arena), brief);
	CHECK(!str_eq(rename_id_for_target(STR("call_a2"), &mistral, &arena), nine));
	CHECK(!str_eq(rename_new_id(STR("r"), 0, LLM_CHAT, &arena),
	              rename_new_id(STR("r"), 1, LLM_CHAT, &arena)));
}

/* ---- when is JSON complete? ---- */

static const struct {
	struct str raw;
	bool is_over;
} wholes[] = {
    {STR_INIT(""), false},
    {STR_INIT("{"), false},
    {STR_INIT("{}"), true},
    {STR_INIT("{\\\"a\\\":\\\"}\\\"}"), true},
    {STR_INIT("{\\\"a\\\":\\\"}\\\""), false},
    {STR_INIT("{\\\"a\\\":\\\"\\\\\\\"}\\\""), false},
    {STR_INIT("{\\\"a\\\":\\\"\\\\\\\"}\\\"}"), true},
    {STR_INIT("{\\\"a\\\":[{}]"), false},
    {STR_INIT("\\u007b\\u0022}\\u0022\\u007d"), true},
    {STR_INIT(" \\n[1]"), true},
};

static void test_whole(void)
{
	for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
		struct whole w = {0};

		whole_feed(&w, wholes[i].raw);
		CHECK(whole_is_over(&w) == wholes[i].is_over);
	}
}

/* ---- proofs of thinking ---- */

static void test_seals(void)
{
	static const struct talk_seal seals[] = {
	    {TALK_SIGNATURE, LLM_MESSAGES, STR_INIT("Eq.QB+/=="), STR_INIT("")},
	    {TALK_REDACTED, LLM_MESSAGES, STR_INIT("x"), STR_INIT("")},
	    {TALK_ENCRYPTED, LLM_RESPONSES, STR_INIT("gAAA"), STR_INIT("rs_1")},
	    {TALK_UNSEALED, LLM_CHAT, STR_INIT(""), STR_INIT("")},
	};

	for (size_t i = 0; i < sizeof seals / sizeof seals[0]; i++)
		for (int client = 0; client < LLM_DIALECTS; client++) {
			struct str raw = put_seal(&seals[i], (enum llm_dialect)client, &arena);
			struct talk_seal back = put_read_seal(raw, (enum llm_dialect)client);

			CHECK_STR(back.raw, seals[i].raw);
			CHECK(back.origin == seals[i].origin);
			if (seals[i].origin != (enum llm_dialect)client) {
				CHECK(back.kind == seals[i].kind);
				CHECK_STR(back.id, seals[i].id);
			}
		}
	CHECK(put_read_seal(STR("fxr.x.y"), LLM_MESSAGES).origin == LLM_MESSAGES);
}

static void test_efforts(void)
{
	for (int e = TALK_EFFORT_LOW; e <= TALK_EFFORT_HIGH; e++)
		CHECK((int)put_effort_of_budget(put_budget_of_effort((enum talk_effort)e, 0)) == e);
	CHECK(put_budget_of_effort(TALK_EFFORT_HIGH, 4000) == 3999);
	CHECK(put_effort_of_budget(31999) == TALK_EFFORT_HIGH);
	CHECK(put_effort_of_budget(0) == TALK_EFFORT_UNSET);
}

static void test_data_urls(void)
{
	struct str type = STR(""), bytes = STR("");

	CHECK(put_read_data_url(STR("data:image/png;base64,AAAA"), &arena, &type, &bytes));
	CHECK_STR(type, STR("image/png"));
	CHECK_STR(bytes, STR("AAAA"));
	CHECK(put_read_data_url(STR("data:text/plain;charset=utf-8;base64,QQ"), &arena, &type,
	                        &bytes));
	CHECK_STR(type, STR("text/plain"));
	CHECK(!put_read_data_url(STR("https://x/y;base64,z"), &arena, &type, &bytes));
	CHECK(!put_read_data_url(STR("data:text/plain,hello"), &arena, &type, &bytes));
}

int main(void)
{
	arena_init(&arena);
	test_names();
	test_bent_names();
	test_bent_names_are_stable();
	test_ids_come_back();
	test_foreign_ids();
	test_whole();
	test_seals();
	test_efforts();
	test_data_urls();
	arena_release(&arena);
	return check_report("rename");
}
