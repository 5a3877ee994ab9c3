/* Reads scripts and finds the rule for a request. Called by peer.c for each request and by
 * control.c for new lines.
 *
 *   script = { "on" METHOD TARGET [ "once" | "always" | N ] NL { act NL } }
 *   act    = WORD [ NUMBER ] [ TEXT ]
 *   TEXT   = rest of the line | "quoted with \r \n \t \0 \xHH \" \\" | <<END, then lines to END
 *
 * Lines before the first "on" are one rule; "#" begins a comment line.
 *
 * Must never touch a socket. */
#include "script.h"

enum { ACTS_FIRST = 16, TEXT_MAX = 64 << 20 };

struct act_row {
	const char *word;
	enum act_shape shape;
	enum act_turn turn;
};

#define ACT_ROW(kind, word, shape, turn) [ACT_##kind] = {word, shape, turn},
static const struct act_row act_rows[] = {ACT_TABLE(ACT_ROW)};
#undef ACT_ROW

struct reader {
	struct str rest;
	struct rule *rule;
	struct list rules;
	struct str key;
	int line;
	const char *problem;
};

enum act_turn act_turn_of(enum act_kind kind)
{
	return act_rows[kind].turn;
}

void acts_add(struct acts *a, struct act act)
{
	if (a->count == a->room) {
		a->room = a->room ? a->room * 2 : ACTS_FIRST;
		a->ptr = mem_resize(a->ptr, a->room * sizeof(*a->ptr));
	}
	a->ptr[a->count++] = act;
}

void acts_insert(struct acts *a, size_t at, const struct acts *more)
{
	size_t behind = a->count - at;

	must(at <= a->count);
	if (more->count == 0)
		return;
	for (size_t i = 0; i < more->count; i++)
		acts_add(a, more->ptr[i]);
	memmove(a->ptr + at + more->count, a->ptr + at, behind * sizeof(*a->ptr));
	memcpy(a->ptr + at, more->ptr, more->count * sizeof(*a->ptr));
}

void acts_release(struct acts *a)
{
	mem_put(a->ptr);
	*a = (struct acts){0};
}

void script_init(struct script *s)
{
	list_init(&s->rules);
}

/* Frees a rule that neither the script nor a request holds any more. */
static void rule_free_unused(struct rule *r)
{
	if (r->users > 0 || list_has_node(&r->node))
		return;
	acts_release(&r->acts);
	arena_release(&r->arena);
	mem_put(r);
}

static void rule_remove(struct rule *r)
{
	list_remove(&r->node);
	rule_free_unused(r);
}

void rule_put(struct rule **r)
{
	if (*r) {
		(*r)->users--;
		rule_free_unused(*r);
	}
	*r = NULL;
}

void script_clear(struct script *s, struct str key)
{
	struct list_node *n = s->rules.head.next;

	while (n != &s->rules.head) {
		struct rule *r = LIST_OBJECT(n, struct rule, node);

		n = n->next;
		if (key.len == 0 || str_eq(key, r->key))
			rule_remove(r);
	}
}

static struct rule *rule_new(struct reader *in)
{
	struct rule *r = mem_get(sizeof(*r));

	arena_init(&r->arena);
	r->method = r->target = STR("*");
	r->times = 1;
	r->key = arena_copy(&r->arena, in->key);
	list_push(&in->rules, &r->node);
	in->rule = r;
	return r;
}

static struct str next_word(struct str *line)
{
	struct str word = {line->ptr, 0};

	*line = str_trim(*line);
	word.ptr = line->ptr;
	while (word.len < line->len && line->ptr[word.len] != ' ' && line->ptr[word.len] != '\t')
		word.len++;
	*line = str_trim(str_part(*line, word.len, line->len));
	return word;
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 32) : NULL;

	return at ? (int)(at - digits) : 0;
}

/* The byte behind a backslash; moves *at to its last character. */
static char escaped_byte(struct str text, size_t *at)
{
	switch (text.ptr[*at]) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case 'x':
		if (*at + 2 >= text.len)
			return 'x';
		*at += 2;
		return (char)(hex_digit(text.ptr[*at - 1]) * 16 + hex_digit(text.ptr[*at]));
	default:
		return text.ptr[*at];
	}
}

static struct str unquote(struct rule *r, struct str quoted)
{
	char *out = arena_get(&r->arena, quoted.len + 1);
	size_t len = 0;

	for (size_t i = 1; i < quoted.len && quoted.ptr[i] != '"'; i++) {
		char c = quoted.ptr[i];

		if (c == '\\' && i + 1 < quoted.len) {
			i++;
			c = escaped_byte(quoted, &i);
		}
		out[len++] = c;
	}
	return (struct str){out, len};
}

/* Lines up to the one that is `end` alone; the last line end before it is not part of the text. */
static struct str read_block(struct reader *in, struct str end)
{
	struct str all = {in->rest.ptr, 0};
	struct str line;

	while (str_next_field(&in->rest, '\n', &line)) {
		in->line++;
		if (str_eq(str_trim(line), end)) {
			size_t len = (size_t)(line.ptr - all.ptr);

			return (struct str){all.ptr, len > 0 ? len - 1 : 0};
		}
	}
	in->problem = "a block has no end";
	return STR("");
}

static struct str read_text(struct reader *in, struct str rest)
{
	if (str_starts_with(rest, STR("<<")))
		return arena_copy(&in->rule->arena, read_block(in, str_part(rest, 2, rest.len)));
	if (str_starts_with(rest, STR("\"")) && str_ends_with(rest, STR("\"")) && rest.len > 1)
		return unquote(in->rule, rest);
	return arena_copy(&in->rule->arena, rest);
}

static void read_number(struct reader *in, struct str word, int64_t *out)
{
	if (str_to_i64(word, -1, INT64_MAX, out) < 0)
		in->problem = "a number is missing";
}

static void read_on(struct reader *in, struct str rest)
{
	struct rule *r = rule_new(in);
	struct str times;

	r->method = arena_copy(&r->arena, next_word(&rest));
	r->target = arena_copy(&r->arena, next_word(&rest));
	times = next_word(&rest);
	if (r->target.len == 0)
		r->target = STR("*");
	if (str_eq(times, STR("always")))
		r->times = -1;
	else if (times.len > 0 && !str_eq(times, STR("once")))
		read_number(in, times, &r->times);
}

static void add_need(struct reader *in, struct str rest, bool is_there)
{
	struct rule_need *need = arena_get(&in->rule->arena, sizeof(*need));

	*need = (struct rule_need){in->rule->needs, read_text(in, rest), is_there};
	in->rule->needs = need;
}

static void read_act(struct reader *in, struct str word, struct str rest)
{
	struct act act = {.kind = ACT_STATUS};

	while (act.kind < ACT_KINDS && !str_eq(word, str_of(act_rows[act.kind].word)))
		act.kind++;
	if (act.kind == ACT_KINDS) {
		in->problem = "unknown word";
		return;
	}
	enum act_shape shape = act_rows[act.kind].shape;

	if (shape == SHAPE_NUMBER || shape == SHAPE_NUMBER_TEXT)
		read_number(in, next_word(&rest), &act.number);
	if (shape == SHAPE_WORD_TEXT)
		act.word = arena_copy(&in->rule->arena, next_word(&rest));
	if (shape != SHAPE_NONE && shape != SHAPE_NUMBER)
		act.text = read_text(in, rest);
	acts_add(&in->rule->acts, act);
}

static void read_line(struct reader *in, struct str line)
{
	struct str rest = line;
	struct str word;

	if (str_ends_with(rest, STR("\r")))
		rest.len--;
	word = next_word(&rest);
	if (word.len == 0 || word.ptr[0] == '#')
		return;
	if (str_eq(word, STR("on"))) {
		read_on(in, rest);
		return;
	}
	if (in->rule == NULL)
		rule_new(in);
	if (str_eq(word, STR("key")))
		in->rule->key = arena_copy(&in->rule->arena, rest);
	else if (str_eq(word, STR("has")) || str_eq(word, STR("lacks")))
		add_need(in, rest, str_eq(word, STR("has")));
	else
		read_act(in, word, rest);
}

int script_add(struct script *s, struct str text, struct str key, struct buf *out_problem)
{
	struct reader in = {.rest = text, .key = key};
	struct list_node *n;
	struct str line;

	list_init(&in.rules);
	while (in.problem == NULL && str_next_field(&in.rest, '\n', &line)) {
		in.line++;
		read_line(&in, line);
	}
	while ((n = list_pop(&in.rules))) {
		if (in.problem)
			rule_free_unused(LIST_OBJECT(n, struct rule, node));
		else
			list_push(&s->rules, n);
	}
	if (in.problem == NULL)
		return 0;
	buf_printf(out_problem, "line %d: %s\n", in.line, in.problem);
	return -1;
}

static bool is_key_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static struct str key_in(struct str bytes)
{
	size_t at = str_find(bytes, STR("case:"));
	struct str key = str_part(bytes, at + 5, bytes.len);
	size_t len = 0;

	if (at >= bytes.len)
		return STR("");
	while (len < key.len && is_key_byte(key.ptr[len]))
		len++;
	return str_part(key, 0, len);
}

struct str heard_key(const struct heard *h)
{
	struct str key = key_in(buf_str(&h->head));

	return key.len > 0 ? key : key_in(buf_str(&h->body));
}

static bool meets_needs(const struct rule *r, const struct heard *h)
{
	struct str body = buf_str(&h->body);

	for (const struct rule_need *n = r->needs; n; n = n->next)
		if ((str_find(body, n->text) < body.len) != n->is_there)
			return false;
	return true;
}

static bool rule_fits(const struct rule *r, const struct heard *h, struct str key)
{
	if (!heard_is_whole(h) && (r->acts.count == 0 || r->acts.ptr[0].kind != ACT_READ))
		return false;
	if (r->key.len > 0 && !str_eq(r->key, key))
		return false;
	return str_matches_glob(h->method, r->method) && str_matches_glob(h->target, r->target) &&
	       meets_needs(r, h);
}

/* Greater is better; 0 does not fit. */
static int rule_rank(const struct rule *r, const struct heard *h, struct str key)
{
	if (!rule_fits(r, h, key))
		return 0;
	return 1 + (r->times > 0 ? 1 : 0) + (r->key.len > 0 ? 2 : 0);
}

struct rule *script_take(struct script *s, const struct heard *h)
{
	struct str key = heard_key(h);
	struct rule *best = NULL;
	int best_rank = 0;

	for (struct list_node *n = s->rules.head.next; n != &s->rules.head; n = n->next) {
		struct rule *r = LIST_OBJECT(n, struct rule, node);
		int rank = rule_rank(r, h, key);

		if (rank > best_rank) {
			best = r;
			best_rank = rank;
		}
	}
	if (best == NULL)
		return NULL;
	best->users++;
	if (best->times > 0 && --best->times == 0)
		list_remove(&best->node);
	return best;
}
