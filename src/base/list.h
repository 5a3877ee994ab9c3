/* Doubly linked list whose nodes live inside their objects. An empty list points at itself; a
 * node that is on no list is zero. Moving an object to another list is how its state changes
 * where an object has states. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/must.h"

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *next;
	struct list_node *prev;
};

struct list {
	struct list_node head;
};

/* The object that holds `node` as its member `member`. */
#define LIST_OBJECT(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *l)
{
	l->head.next = l->head.prev = &l->head;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->head.next == &l->head;
}

static inline bool list_has_node(const struct list_node *n)
{
	return n->next != NULL;
}

static inline void list_push(struct list *l, struct list_node *n) /* at the end */
{
	must(n->next == NULL);
	n->prev = l->head.prev;
	n->next = &l->head;
	n->prev->next = n;
	l->head.prev = n;
}

static inline void list_remove(struct list_node *n) /* fine when on no list */
{
	if (n->next == NULL)
		return;
	n->prev->next = n->next;
	n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

static inline struct list_node *list_first(const struct list *l) /* NULL when empty */
{
	return list_is_empty(l) ? NULL : l->head.next;
}

static inline struct list_node *list_last(const struct list *l)
{
	return list_is_empty(l) ? NULL : l->head.prev;
}

static inline struct list_node *list_pop(struct list *l) /* the first, taken off; NULL when empty */
{
	struct list_node *n = list_first(l);

	if (n)
		list_remove(n);
	return n;
}

#endif
