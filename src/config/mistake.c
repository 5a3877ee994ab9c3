/* The list of mistakes of one configuration, kept in the order of the file.
 *
 * Called by the steps that read a configuration; a mistake never stops the reading by itself: who
 * reads on after one must have put something harmless in its place, and nothing is used when there
 * is any mistake at all. */
#include "config/mistake.h"

#include <stdarg.h>

enum { KEPT_MAX = 1000 }; /* a file with more is not read to its end by anybody */

static bool is_before(struct config_place a, struct config_place b)
{
	return a.line != b.line ? a.line < b.line : a.column < b.column;
}

static struct str sentence(struct arena *arena, struct str path, const char *format, va_list args)
{
	char text[512];
	int len = vsnprintf(text, sizeof text, format, args);

	must(len >= 0);
	return arena_printf(arena, "%.*s%s%s", STR_ARG(path), path.len ? ": " : "", text);
}

static void keep(struct config_mistakes *m, struct config_place place, struct str text,
                 bool is_warning)
{
	struct config_mistake *new = ARENA_NEW(m->arena, struct config_mistake);
	struct config_mistake **at = &m->first;

	m->count += !is_warning;
	m->warning_count += is_warning;
	if (m->count + m->warning_count > KEPT_MAX)
		return;
	*new = (struct config_mistake){.place = place, .text = text, .is_warning = is_warning};
	while (*at && !is_before(place, (*at)->place))
		at = &(*at)->next;
	new->next = *at;
	*at = new;
}

static struct config_place place_of(const struct config_mistakes *m, struct str path)
{
	return m->root ? config_tree_place(m->root, path) : (struct config_place){1, 1};
}

void config_wrong(struct config_mistakes *m, struct str path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(m, place_of(m, path), sentence(m->arena, path, format, args), false);
	va_end(args);
}

void config_wrong_at(struct config_mistakes *m, struct config_place place, struct str path,
                     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(m, place, sentence(m->arena, path, format, args), false);
	va_end(args);
}

void config_warn(struct config_mistakes *m, struct str path, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(m, place_of(m, path), sentence(m->arena, path, format, args), true);
	va_end(args);
}

struct str config_mistake_line(const struct config_mistakes *m, const struct config_mistake *one)
{
	return arena_printf(m->arena, "%.*s:%d:%d: %s%.*s", STR_ARG(m->file), one->place.line,
	                    one->place.column, one->is_warning ? "warning: " : "",
	                    STR_ARG(one->text));
}

void config_near_init(struct config_near *near, struct str word)
{
	*near = (struct config_near){.word = word, .distance = word.len < 6 ? 2 : 3};
	near->distance++;
}

void config_near_offer(struct config_near *near, struct str known)
{
	int distance = str_distance(near->word, known, near->distance);

	if (distance >= near->distance || (size_t)distance >= known.len)
		return;
	near->distance = distance;
	near->best = known;
}

struct str config_near_text(const struct config_near *near, struct arena *arena)
{
	if (near->best.len == 0)
		return STR("");
	return arena_printf(arena, "; did you mean \"%.*s\"?", STR_ARG(near->best));
}
