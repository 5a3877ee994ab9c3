/* Runs of tokens and strings in blocks: what must not depend on where a block ends. */
#include "base/json_read.h"

#include "check.h"

/* What the reader makes of a string of plain bytes with `piece` at every place: 1 and whether it
 * has escapes, or -1. */
static int read_around(struct json *doc, size_t before, const char *piece, size_t behind)
{
	char text[600], document[1024];
	struct json_error error;
	uint32_t node;
	int len;

	memset(text, 'x', sizeof text);
	len = snprintf(document, sizeof document, "{\"k\":\"%.*s%s%.*s\", \"n\": 12}", (int)before,
	               text, piece, (int)behind, text);
	if (json_read(doc, (struct str){document, (size_t)len}, &error) < 0)
		return -1;
	node = json_get(doc, 0, STR("k"));
	CHECK(json_raw(doc, node).len == before + strlen(piece) + behind + 2);
	CHECK_STR(json_raw(doc, json_get(doc, 0, STR("n"))), STR("12"));
	return doc->nodes[node].marks & JSON_HAS_ESCAPES ? 2 : 1;
}

/* Blocks of any size end somewhere: every escape, and every wrong one, at every place of them. */
static void test_escapes_at_every_place(void)
{
	static const struct {
		const char *piece;
		int result;
	} rows[] = {
	    {"", 1},
	    {"\\n", 2},
	    {"\\\"", 2},
	    {"\\\\", 2},
	    {"\\\\\\\"", 2},
	    {"\\u00e9", 2},
	    {"\\ud83d\\ude00", 2},
	    {"\xc3\xa9", 1},
	    {"\\n\\n\\n\\n", 2},
	    {"\\x", -1},
	    {"\\ud83d", -1},
	    {"\n", -1},
	    {"\xc3", -1},
	    {"\\", -1},
	};
	struct json doc;

	json_init(&doc);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		for (size_t at = 0; at < 2 * 130; at++)
			if (!CHECK(read_around(&doc, at / 2, rows[i].piece, at % 2 ? 70 : 500) ==
			           rows[i].result))
				printf("    %s behind %zu\n", rows[i].piece, at / 2);
	json_release(&doc);
}

/* Pieces that are likely to meet at the edges of blocks, mostly backslashes. */
static size_t put_random(char *out, size_t max, uint32_t *seed)
{
	static const char *const pieces[] = {
	    "\\\\", "\\\"", "\\n",      "a",       "some words ",
	    "\\/",  "\\t",  "\xc3\xa9", "\\u00e9", "and more of them"};
	static const char *const wrong[] = {"\\", "\n", "\xc3", "\\x", "\""};
	bool is_good = true;
	size_t len = 0;

	while (len + 20 < max) {
		const char *piece;

		*seed = *seed * 1664525u + 1013904223u;
		piece = pieces[(*seed >> 16) % 10];
		if (is_good && (*seed >> 8) % 251 == 0) {
			piece = wrong[(*seed >> 16) % 5];
			is_good = false;
		}
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return len;
}

static bool is_same(const struct json_node *a, const struct json_node *b)
{
	return a->start == b->start && a->end == b->end && a->next == b->next &&
	       a->type == b->type && a->marks == b->marks;
}

/* In one go, which is by blocks, and in slices that are too short for them. */
static void test_slices_of_long_texts(void)
{
	uint32_t seed = 1;
	int good = 0;

	for (int i = 0; i < 3000; i++) {
		char text[1400] = "[\"";
		size_t len = 2 + put_random(text + 2, 400 + (size_t)i % 900, &seed);
		struct json whole, sliced;
		struct json_reader reader;
		struct json_error error;
		enum json_step step;
		int read;

		text[len++] = '"';
		text[len++] = ']';
		json_init(&whole);
		json_init(&sliced);
		read = json_read(&whole, (struct str){text, len}, &error);
		json_reader_init(&reader, &sliced, (struct str){text, len});
		while ((step = json_reader_step(&reader, 50)) == JSON_MORE)
			;
		CHECK((read == 0) == (step == JSON_DONE));
		if (read < 0)
			CHECK(error.offset == reader.error.offset);
		else
			CHECK(is_same(&whole.nodes[0], &sliced.nodes[0]) &&
			      is_same(&whole.nodes[1], &sliced.nodes[1]));
		good += read == 0;
		json_release(&whole);
		json_release(&sliced);
	}
	CHECK(good > 500 && good < 2500);
}

int main(void)
{
	test_escapes_at_every_place();
	test_slices_of_long_texts();
	return check_report("json_run");
}
