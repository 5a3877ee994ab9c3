/* What a client said: one HTTP/1 request, read tolerantly. This reader is an oracle of the tests
 * and shares nothing with src/front: it takes nearly anything, keeps every byte it saw, and judges
 * nothing. Any split of the input gives the same result. */
#ifndef TESTS_PROVIDER_HEARD_H
#define TESTS_PROVIDER_HEARD_H

#include "base/arena.h"
#include "base/buf.h"

enum heard_state { HEARD_HEAD, HEARD_BODY, HEARD_DONE, HEARD_BROKEN };
enum heard_framing { HEARD_NO_BODY, HEARD_LENGTH, HEARD_CHUNKED };
enum heard_chunk { CHUNK_LINE, CHUNK_BYTES, CHUNK_END, CHUNK_TRAILER };

struct heard_field {
	struct str name;
	struct str value;
};

struct heard {
	enum heard_state state;
	enum heard_framing framing;
	enum heard_chunk chunk;
	struct buf head;     /* the bytes up to and with the blank line */
	struct buf body;     /* without its framing */
	struct buf line;     /* the unfinished chunk line or trailer */
	struct buf trailers; /* trailer lines as they came */
	int64_t body_left;   /* of the body, or of the current chunk */
	int64_t wire_bytes;  /* all bytes of this request */
	struct arena arena;  /* holds the fields below */
	struct str method;
	struct str target;
	struct str version;
	struct heard_field *fields;
	size_t field_count;
};

void heard_init(struct heard *);
void heard_release(struct heard *);
void heard_clear(struct heard *); /* ready for the next request */

/* Takes bytes up to the end of one request; gives how many it took. */
size_t heard_feed(struct heard *, const char *bytes, size_t count) MUST_USE;

bool heard_has_head(const struct heard *);
bool heard_is_whole(const struct heard *);
struct str heard_field(const struct heard *, struct str name); /* the first; empty where absent */
bool heard_keeps_alive(const struct heard *);                  /* what the client wishes */

#endif
