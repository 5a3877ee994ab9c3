/* A YAML document as a tree that knows where everything stands. The configuration is loaded by
 * libcyaml; this tree is what its mistakes are found and placed with. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "base/arena.h"

enum config_node_kind { CONFIG_SCALAR, CONFIG_SEQUENCE, CONFIG_MAPPING };

struct config_place {
	int line; /* from 1 */
	int column;
};

struct config_node { /* all in the arena */
	enum config_node_kind kind;
	struct str text;                  /* of a scalar, decoded */
	struct config_place place;        /* of the value */
	struct str key;                   /* in a mapping */
	struct config_place key_place;    /* of the key */
	struct config_node *first, *last; /* children */
	struct config_node *next;
	int count;
};

struct config_tree_error {
	struct config_place place;
	struct str reason; /* arena */
};

/* NULL: not one YAML document, or it has what a configuration may not have: anchors, aliases, the
 * same key twice, keys that are no scalars, NUL, too much. */
struct config_node *config_tree_read(struct str text, struct arena *,
                                     struct config_tree_error *out_error) MUST_USE;

/* The child of that key; NULL: none, or no mapping. */
const struct config_node *config_tree_child(const struct config_node *, struct str key);

/* The place of "tiers.fast[1]": of the value, or of what comes nearest above it when it is not
 * there. */
struct config_place config_tree_place(const struct config_node *root, struct str path);

#endif
