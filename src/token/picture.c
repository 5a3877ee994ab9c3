/* Most models scale pictures down to below 5,000 tokens: Claude to 4,784, Gemini's tiles and
 * OpenAI's patches of 32 pixels, 1,536 of them times 2.46, come to less.
 *
 *	gpt-4o-mini   2,833 and 5,667 for each of up to 8 tiles: 48,169
 *	gpt-5.4 ..    10,000 patches where "detail" is "original"
 *	qwen          16,384 where vl_high_resolution_images is set, or on a server of one's own
 *
 * https://platform.openai.com/docs/guides/images-vision, "Calculating costs";
 * https://platform.claude.com/docs/en/build-with-claude/vision,
 * https://help.aliyun.com/en/model-studio/vision. Called by path/bound.c and
 * route/explain.c. */
#include "token/picture.h"

static int weight_of(struct str model)
{
	static const struct {
		struct str name;
		int weight;
	} rows[] = {
	    {STR_INIT("gpt-4o-mini"), 6}, {STR_INIT("gpt-5.3"), 2}, {STR_INIT("gpt-5.4"), 2},
	    {STR_INIT("gpt-5.5"), 2},     {STR_INIT("gpt-5.6"), 2}, {STR_INIT("qwen"), 2},
	    {STR_INIT("Qwen"), 2},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_find(model, rows[i].name) < model.len)
			return rows[i].weight;
	return 1;
}

int picture_weight(struct str here, struct str there)
{
	int weight = weight_of(here), other = weight_of(there);

	return weight > other ? weight : other;
}
