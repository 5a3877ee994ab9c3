/* Counting what a request says. Up to INLINE_BYTES it is done at once, in about a millisecond; what
 * is longer, or needs its vocabulary read first, is done away from the loop (away.h). Called by
 * tokens.c and request.c. */
#include "path/counting.h"

#include "path/away.h"
#include "token/shelf.h"
#include "token/tally.h"

enum { INLINE_BYTES = 64 * 1024 };

struct counting {
	struct arena arena;
	struct tally tally;
	enum vocab_cut cut;
	bool is_exact; /* the model's own vocabulary is there */
	bool is_done;
	int64_t tokens;
};

static void end(struct counting **counting)
{
	arena_release(&(*counting)->arena);
	mem_put(*counting);
	*counting = NULL;
}

/* On the pool. */
static void work(struct request *r)
{
	struct counting *c = r->counting;
	const struct vocab *v = shelf_take(c->cut);

	tally_take(&c->tally, &r->llm, &c->arena);
	c->is_exact = c->is_exact && v;
	c->tokens = tally_count(&c->tally, v, &c->arena);
	arena_release(&c->arena); /* here, as it is long */
	c->is_done = true;
}

static void start(struct request *r, struct str model)
{
	struct counting *c = r->counting = mem_get(sizeof *c);
	bool is_ready, is_long = stream_body(r->stream).len > INLINE_BYTES;

	arena_init(&c->arena);
	c->is_exact = shelf_knows(model, &c->cut) && shelf_has(c->cut);
	is_ready = shelf_look(c->cut) || !shelf_has(c->cut);
	if (is_long || !is_ready) {
		away_go(r, work);
		return;
	}
	tally_take(&c->tally, &r->llm, &c->arena);
	c->tokens = tally_count(&c->tally, shelf_look(c->cut), &c->arena);
	c->is_done = true;
}

bool counting_ask(struct request *r, struct str model, int64_t *out_tokens)
{
	if (!r->counting)
		start(r, model);
	if (r->is_away || !r->counting->is_done) /* is_done is the pool's while it is away */
		return false;
	*out_tokens = r->counting->tokens;
	return true;
}

bool counting_would_be_exact(struct str model)
{
	enum vocab_cut cut;

	return shelf_knows(model, &cut) && shelf_has(cut);
}

int64_t counting_exact(const struct request *r)
{
	const struct counting *c = r->counting;

	return c && c->is_done && c->is_exact ? c->tokens : 0;
}

/* What our estimate finds too long for every window is counted exactly, where that can be done for
 * all of them, and decided again. */
static const struct model *countable(const struct request *r)
{
	const struct model *last = NULL;

	for (int i = 0; i < r->decision.rejected_count; i++) {
		const struct route_rejected *rejected = &r->decision.rejected[i];

		if (rejected->lack != ROUTE_CONTEXT)
			continue;
		last = rejected->model;
		if (!counting_would_be_exact(last->targets[0].config->model))
			return NULL;
	}
	return last;
}

enum choice_result counting_choose(struct request *r)
{
	enum choice_result result = choice_make(r, counting_exact(r));
	const struct model *model;
	int64_t tokens;

	if (result != CHOICE_NONE || r->counting || (model = countable(r)) == NULL)
		return result;
	fail_init(&r->fail, r->arena);
	return counting_ask(r, model->targets[0].config->model, &tokens) ? counting_choose(r)
	                                                                 : CHOICE_WAITS;
}

void counting_release(struct request *r)
{
	if (r->counting)
		end(&r->counting);
}
