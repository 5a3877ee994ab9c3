/* What is wrong with a configuration, each with its place: gathered while it is read, so that one
 * look shows all. */
#ifndef CONFIG_MISTAKE_H
#define CONFIG_MISTAKE_H

#include "base/buf.h"
#include "config/tree.h"

struct config_mistake {
	struct config_place place;
	struct str text; /* "tiers.fast[1]: no model ..." */
	bool is_warning;
	struct config_mistake *next;
};

struct config_mistakes {
	struct arena *arena;  /* of the messages; borrows */
	struct arena *values; /* of the snapshot that is being made; NULL before */
	struct str file;
	const struct config_node *root; /* NULL: places are unknown */
	struct config_mistake *first;   /* in the order of the file */
	int count;                      /* without warnings */
	int warning_count;
};

/* At the value that `path` names, "" for the file as a whole. The sentence says what is wrong and
 * what would be right; never a secret. */
void config_wrong(struct config_mistakes *, struct str path, const char *format, ...)
    PRINTF_LIKE(3, 4);
void config_wrong_at(struct config_mistakes *, struct config_place, struct str path,
                     const char *format, ...) PRINTF_LIKE(4, 5);
void config_warn(struct config_mistakes *, struct str path, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* "FILE:LINE:COLUMN: [warning: ]TEXT". Arena. */
struct str config_mistake_line(const struct config_mistakes *, const struct config_mistake *);

/* Finds what someone may have meant by a word: offer every known name, then ask. */
struct config_near {
	struct str word;
	struct str best;
	int distance;
};
void config_near_init(struct config_near *, struct str word);
void config_near_offer(struct config_near *, struct str known);
/* '; did you mean "gpt-5-mini"?', or empty when nothing is near. Arena. */
struct str config_near_text(const struct config_near *, struct arena *);

#endif
