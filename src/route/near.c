/* Keeps the few known names with the smallest edit distance to a word. Called when a name was not
 * found; pure but for the arena. The distance of names that only share a beginning is that of the
 * rest, so a name that the word is cut from counts as near: "gpt-5-m" is near to "gpt-5-mini". */
#include "route/near.h"

void near_init(struct near *n, struct str word)
{
	*n = (struct near){.word = word, .limit = word.len < 6 ? 2 : 4};
}

static int distance_to(const struct near *n, struct str known)
{
	struct str begin = str_part(known, 0, n->word.len);

	if (n->word.len >= 5 && str_eq_nocase(begin, n->word))
		return 1;
	return str_distance(n->word, known, n->limit);
}

void near_offer(struct near *n, struct str known)
{
	int distance = distance_to(n, known), at = n->count;

	if (distance > n->limit || (size_t)distance >= known.len)
		return;
	while (at > 0 && n->distances[at - 1] > distance)
		at--;
	if (at == NEAR_MAX)
		return;
	if (n->count < NEAR_MAX)
		n->count++;
	for (int i = n->count - 1; i > at; i--) {
		n->names[i] = n->names[i - 1];
		n->distances[i] = n->distances[i - 1];
	}
	n->names[at] = known;
	n->distances[at] = distance;
}

struct str near_sentence(const struct near *n, struct arena *arena)
{
	struct str names = STR("");

	for (int i = 0; i < n->count; i++)
		names = arena_printf(arena, "%.*s%s\"%.*s\"", STR_ARG(names),
		                     i == 0 ? "" : (i == n->count - 1 ? " or " : ", "),
		                     STR_ARG(n->names[i]));
	return n->count ? arena_printf(arena, "did you mean %.*s? ", STR_ARG(names)) : names;
}
