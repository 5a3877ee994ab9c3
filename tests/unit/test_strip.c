/* Foreign thinking is cut out of a request, and nothing else is touched. */
#include "check.h"

#include "wire/strip.h"
#include "wire/wire.h"

#define FOREIGN "{\"type\":\"thinking\",\"thinking\":\"x\",\"signature\":\"fxr.chat.u..\"}"
#define OWN "{\"type\":\"thinking\", \"thinking\":\"x\",\"signature\":\"Eq==\"}"
#define TEXT "{\"type\":\"text\",\"text\":\"fxr. \\u00e9\"}"
#define HEAD "{\"model\":\"m\",\"max_tokens\":9, \"messages\":["
#define SAYS(blocks) "{\"role\":\"assistant\", \"content\":[" blocks "], \"x\":1}"
#define ASKS "{\"role\":\"user\",\"content\":\"u\"}"
#define ITEM(proof) "{\"type\":\"reasoning\",\"summary\":[],\"encrypted_content\":\"" proof "\"}"

/* Compactions of ours become turns, whatever goes. */
#define SUMMARY "{\"type\":\"compaction\",\"encrypted_content\":\"fxr.summary.a\\nb\"}"
#define TURN                                                                                       \
	"{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":"  \
	"\"a\\nb\"}]}"

static const struct {
	enum strip_proof least;
	struct str in, out;
} more[] = {
    {STRIP_FOREIGN_PROOF, STR_INIT("{\"input\":[" SUMMARY "," ITEM("gA") "]}"),
     STR_INIT("{\"input\":[" TURN "," ITEM("gA") "]}")},
    {STRIP_OWN_PROOF,
     STR_INIT("{\"input\":[" SUMMARY
              "," ITEM("gA") "," ITEM("fxr.messages.s..E") "," ITEM("") "]}"),
     STR_INIT("{\"input\":[" TURN "," ITEM("") "]}")},
    {STRIP_OWN_PROOF,
     STR_INIT("{\"input\":[{\"type\":\"compaction\",\"encrypted_content\":\"gA\"}]}"),
     STR_INIT("{\"input\":[{\"type\":\"compaction\",\"encrypted_content\":\"gA\"}]}")},
};

static const struct {
	enum llm_dialect dialect;
	int count;
	struct str in, out;
} rows[] = {
    {LLM_MESSAGES, 1, STR_INIT(HEAD ASKS ", " SAYS(FOREIGN ", " TEXT) "],\"stop\":1}"),
     STR_INIT(HEAD ASKS "," SAYS(TEXT) "],\"stop\":1}")},
    {LLM_MESSAGES, 2, STR_INIT(HEAD ASKS "," SAYS(OWN "," FOREIGN "," TEXT "," FOREIGN) "]}"),
     STR_INIT(HEAD ASKS "," SAYS(OWN "," TEXT) "]}")},
    /* a message that held nothing else goes as a whole */
    {LLM_MESSAGES, 1, STR_INIT(HEAD SAYS(FOREIGN) "," ASKS "]}"), STR_INIT(HEAD ASKS "]}")},
    {LLM_MESSAGES, 1,
     STR_INIT(HEAD SAYS("{\"type\":\"redacted_thinking\",\"data\":\"fxr.a\"}," TEXT) "]}"),
     STR_INIT(HEAD SAYS(TEXT) "]}")},
    {LLM_MESSAGES, 0, STR_INIT(HEAD SAYS(OWN "," TEXT) "]}"),
     STR_INIT(HEAD SAYS(OWN "," TEXT) "]}")},
    {LLM_RESPONSES, 1,
     STR_INIT("{\"model\":\"m\",\"input\":[" ITEM("fxr.messages.s..E") "," ITEM(
         "gA") "," ASKS "],\"store\":false}"),
     STR_INIT("{\"model\":\"m\",\"input\":[" ITEM("gA") "," ASKS "],\"store\":false}")},
    {LLM_RESPONSES, 0, STR_INIT("{\"model\":\"m\",\"input\":\"fxr.\"}"),
     STR_INIT("{\"model\":\"m\",\"input\":\"fxr.\"}")},
};

static void test_more(void)
{
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
		struct json_error error;
		struct arena arena;
		struct json doc;

		json_init(&doc);
		arena_init(&arena);
		CHECK(json_read(&doc, more[i].in, &error) == 0);
		CHECK_STR(strip_thinking(&doc, LLM_RESPONSES, more[i].least, &arena), more[i].out);
		json_release(&doc);
		arena_release(&arena);
	}
}

int main(void)
{
	test_more();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct llm_request light = {0};
		struct json_error error;
		struct arena arena;
		struct json doc;
		struct fail f;

		json_init(&doc);
		arena_init(&arena);
		fail_init(&f, &arena);
		CHECK(json_read(&doc, rows[i].in, &error) == 0);
		CHECK_STR(strip_thinking(&doc, rows[i].dialect, STRIP_FOREIGN_PROOF, &arena),
		          rows[i].out);
		CHECK(wire_dialect(rows[i].dialect)->read_request(&doc, &arena, &light, &f) == 0);
		CHECK(light.foreign_proofs == rows[i].count);
		json_release(&doc);
		arena_release(&arena);
	}
	return check_report("strip");
}
