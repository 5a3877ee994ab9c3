/* Prints the fates of all features. Called by the verb `dialects`, and by the test that holds the
 * document to it. */
#include "wire/fates.h"

#include "wire/translate.h"

static bool is_column(int client, int target)
{
	return client != target &&
	       translate_is_possible((enum llm_dialect)client, (enum llm_dialect)target);
}

/* Every pair in order, by a function that puts its cell. */
static void put_cells(struct buf *out, int f, void put(struct buf *, int f, int client, int target))
{
	for (int client = 0; client < LLM_DIALECTS; client++)
		for (int target = 0; target < LLM_WIRES; target++)
			if (is_column(client, target))
				put(out, f, client, target);
	buf_put_byte(out, '\n');
}

static void put_title(struct buf *out, int f, int client, int target)
{
	(void)f;
	buf_printf(out, " %s to %s |", llm_dialect_name((enum llm_dialect)client),
	           llm_dialect_name((enum llm_dialect)target));
}

static void put_rule(struct buf *out, int f, int client, int target)
{
	(void)f;
	(void)client;
	(void)target;
	buf_put(out, STR(" --- |"));
}

static void put_fate(struct buf *out, int f, int client, int target)
{
	enum feature_fate fate =
	    translate_fate((enum feature)f, (enum llm_dialect)client, (enum llm_dialect)target);

	buf_printf(out, " %s |", feature_fate_name(fate));
}

static bool is_asked(int f)
{
	for (int client = 0; client < LLM_DIALECTS; client++)
		if (translate_row((enum llm_dialect)client)->reads[f] != FEATURE_LACKS)
			return true;
	return false;
}

void fates_put(struct buf *out)
{
	buf_put(out, STR("| feature |"));
	put_cells(out, 0, put_title);
	buf_put(out, STR("| --- |"));
	put_cells(out, 0, put_rule);
	for (int f = 0; f < FEATURE_COUNT; f++) {
		if (!is_asked(f))
			continue;
		buf_printf(out, "| %s |", feature_words((enum feature)f));
		put_cells(out, f, put_fate);
	}
}
