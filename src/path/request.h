/* One request, from its head to its line in the log. request.c is the path; relay.c its one step
 * that repeats; reply.c what goes out. Nobody else looks inside.
 *
 * Lives in its stream's arena, on its worker's loop; begins in request_start and ends when all
 * of its answer is out (or the client is gone) and all of its attempts are in the books. */
#ifndef PATH_REQUEST_H
#define PATH_REQUEST_H

#include "path/endpoint.h"
#include "ledger/price.h"
#include "path/payment.h"
#include "provider/auth.h"
#include "route/policy.h"
#include "wire/fault.h"
#include "wire/wire.h"
#include "path/worker.h"

/* The path, in order. request.c has the functions, and tells what each waits for. */
#define REQUEST_STEPS(X)                                                                           \
	X(identify)                                                                                \
	X(enter)                                                                                   \
	X(read_body)                                                                               \
	X(understand)                                                                              \
	X(choose)                                                                                  \
	X(admit)                                                                                   \
	X(prove)                                                                                   \
	X(compose)                                                                                 \
	X(ask)                                                                                     \
	X(hear)                                                                                    \
	X(relay)                                                                                   \
	X(settle)                                                                                  \
	X(finish)

enum request_step {
#define X(name) REQUEST_##name,
	REQUEST_STEPS(X)
#undef X
};

enum request_result { STEP_NEXT, STEP_WAIT, STEP_END };

/* A whole answer, as the client is to get it. */
struct attempt_answer {
	int result; /* -1: the body is none of the dialect */
	struct str pieces[WIRE_PIECES_MAX];
	int count;
	size_t bytes; /* of the pieces */
};

/* One try at one target. */
struct attempt {
	const struct target *target;
	enum health_pass pass;      /* REFUSED: none to give back */
	enum llm_dialect dialect;   /* that it is asked in */
	struct wire_job *job;       /* where that is not the client's; else NULL */
	size_t warned_bytes;        /* of its warnings that are told */
	struct talk_answer *answer; /* a whole one that was translated */
	struct exchange *exchange;
	struct auth_proof proof; /* of a provider with `auth` */
	struct journal_slot slot;
	struct entry entry;
	struct price_deal deal; /* borrows from the request's configuration */
	struct wire_meter meter;
	int64_t opened_ms; /* wall */
	int64_t asked_ns;  /* monotonic */
	bool is_composed;  /* on another thread, and so its answer was read: see away.h */
	int composing;     /* what came of that */
	struct attempt_answer *read;
	bool is_garbled; /* an event of its stream, to be translated, could not be read */
};

/* An event that is too long for one turn: read on another thread, then moved bit by bit. */
struct bulk {
	struct sse_event event; /* in relay.partial, at its front */
	struct wire_note note;
	struct wire_fault fault; /* where it is an error */
	enum wire_kind kind;
	struct buf made;                    /* of it, in the client's dialect */
	struct str pieces[WIRE_PIECES_MAX]; /* what is to be given */
	int count, at;
	bool is_taken; /* it was acted upon, and moves */
};

/* Are its events in frames of AWS's? Asked for each; the answer's head is in no cache by then. */
enum relay_framing { RELAY_UNTOLD, RELAY_PLAIN, RELAY_FRAMED };

/* The stream that is being relayed. */
struct relay {
	struct sse sse;
	enum relay_framing framing;
	struct buf partial;    /* an event that is not whole yet */
	struct buf held;       /* lifecycle frames before the first content; with it, until moved */
	size_t held_at;        /* the front of these has moved */
	struct bulk *bulk;     /* NULL: no event is too long now */
	uint64_t moved_turn;   /* of the loop, when some was moved last */
	struct buf frames;     /* AWS's: a message that is not whole yet */
	bool is_over;          /* the terminal event went by */
	bool is_broken;        /* what comes behind what was heard cannot be read */
	struct timer grace;    /* for the provider's last bytes behind it */
	struct timer patience; /* for the first content */
	bool is_silent;        /* it has not come in time */
};

struct request {
	struct worker *worker;
	struct stream *stream;
	struct arena *arena; /* the stream's */
	struct config *config;
	struct list_node node;          /* in worker->requests */
	struct list_node asking_node;   /* in worker->asking */
	uint64_t keys_ticket;           /* what it waits for there */
	struct list_node proving_node;  /* in worker->proving */
	struct timer proving;           /* how long it waits there */
	struct loop_task later;         /* goes on with parsing in the next turn */
	struct list_node entering_node; /* in worker->turnstile */
	bool is_inside;

	enum request_step step;
	struct away *away; /* see away.h; NULL: it never was */
	bool is_away;
	struct arena *scratch; /* of the turn; while away, of that work alone: it dies with it */
	struct json *events;   /* the same, for answers and events */
	bool is_running; /* inside request_resume; a resume from inside is noted in wants_resume */
	bool wants_resume;

	uint8_t id[UUID_BYTES];
	struct str id_text;
	enum llm_dialect dialect; /* of errors */
	const struct endpoint *endpoint;
	struct str path_id; /* of /v1/models/{id} */
	struct str allow;   /* 405 */
	struct fail fail;

	struct key key;
	struct payment pay;
	bool has_asked_keys;
	struct json doc;
	struct json_reader reader;
	bool is_reading_json;
	struct llm_request llm;
	bool is_understood;          /* llm was read, or fail says why not */
	struct route_wish wish;      /* of the choice */
	bool has_chosen, has_choice; /* see choice.h */
	struct feedback *feedback;   /* NULL: none was given */
	struct tokens *tokens;       /* NULL: no count was asked for */
	struct counting *counting;   /* NULL: nothing was counted exactly */
	struct carrier_point *point; /* what the store is to have before usage is told */
	int looks;
	struct decision decision;
	bool has_decision;
	bool no_retain;
	struct str warnings;
	size_t told_bytes; /* of these, in the answer's head */

	int candidate;              /* index of the one that is tried */
	bool leaves_thinking;       /* its proofs were not accepted */
	unsigned tried;             /* bits of those that were, or were passed over for good */
	int64_t told_ms;            /* the least that a provider said to wait; 0: none did */
	struct fail *before;        /* of the last attempt that failed; NULL: none did */
	const struct target *asked; /* last; NULL: none was */
	struct timer backoff;       /* before the next one */
	bool has_backed_off;        /* since that was asked */
	struct attempt now;
	int attempts;
	struct str attempts_text; /* "openai:gpt-5 connect failed; anthropic:.. ok" */
	struct str *pieces;       /* of the turn that composes and asks */
	int piece_count;
	struct relay relay;

	bool is_draining; /* the client left, and the provider's answer is read to its end */
	bool has_begun;   /* an answer's head was given to the stream */
	bool has_content; /* and content of a provider's stream behind it */
	struct timer heartbeat;
	bool heartbeat_is_due;
	int status;          /* of it */
	int64_t charge_nusd; /* of all attempts that are settled */
	int64_t waited_ns;   /* for clients and providers */
	int64_t wait_from_ns;
};

/* Of the target that is tried; it has to be set. */
static inline const struct config_model *request_model(const struct request *r)
{
	return r->now.target->model->config;
}

/* Front's on_request; server is the worker. */
void request_start(struct stream *, void *worker);
/* The only way in from outside: something happened; go on as far as that leads. */
void request_resume(struct request *);

#endif
