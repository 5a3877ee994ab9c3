/* The provider's memory of what it received: one JSON line per request; README has the members. */
#ifndef TESTS_PROVIDER_RECORD_H
#define TESTS_PROVIDER_RECORD_H

#include "heard.h"
#include "base/list.h"

/* How an exchange ended, with the word in the record. */
#define ENDING_TABLE(X)                                                                            \
	X(ANSWERED, "answered")       /* all that the script says was sent */                      \
	X(CLOSED, "closed")           /* the script closed the connection */                       \
	X(RESET, "reset")             /* the script reset it */                                    \
	X(DIED, "died")               /* `die` cut the answer */                                   \
	X(PEER_CLOSED, "peer_closed") /* the client closed before the end */                       \
	X(PEER_RESET, "peer_reset")   /* the client reset before the end */                        \
	X(TUNNELLED, "tunnelled")     /* a CONNECT went through */

#define ENDING_ENUM(name, word) ENDING_##name,
enum ending { ENDING_TABLE(ENDING_ENUM) ENDINGS };
#undef ENDING_ENUM

/* Times in milliseconds since the first byte of the request; -1: did not happen. */
struct record {
	const struct heard *heard;
	enum ending ending;
	bool is_scripted; /* a rule was found */
	int64_t connection;
	int64_t number; /* of this request on its connection, from 1 */
	int64_t sent_bytes;
	int64_t heard_ms;
	int64_t answered_ms; /* first byte of the answer */
	int64_t ended_ms;
	struct str tls; /* "TLSv1.3 sni=NAME client=SUBJECT", or empty */
};

struct record_book {
	struct list lines;
	int64_t next_number;
	size_t kept_bytes;
	size_t kept_max; /* 0: keep nothing in memory */
	FILE *file;      /* NULL: none */
};

void record_book_init(struct record_book *, size_t kept_max, FILE *file);
void record_book_clear(struct record_book *, struct str key); /* empty: all */
void record_book_add(struct record_book *, const struct record *);
/* All lines of that key (empty: of all), oldest first. */
void record_book_put(const struct record_book *, struct str key, struct buf *out);

#endif
