/* The frozen numbers that the scorer runs on: one file, little-endian, at most 512 KiB, built by
 * tools/train.
 *
 *   header    "FLUXSCOR"  u32 version  u32 bytes  u32 crc32c of the rest  u32 layout
 *   scalars   i32[16]     bias[3] scale[3] length[3] salience_floor later_margin
 *                         padding_floor 0 0 0 0
 *   levels    i16[counters][16][3]
 *   structure i16[facts][3]
 *   isotonic  3 x { i32 from, i32 step, u16[34] }
 *   sketch    u16[256][3]       probabilities of typical requests, for a wished share
 *   (to 64)   zeros
 *   buckets   i8[65536][4]      fast standard reasoning salience
 *
 * Built into the program; an operator may name another. THREADS: the scorer in use is an atomic
 * pointer; a scorer that has been in use is never freed, since a decision may be looking at it. */
#ifndef ROUTE_SCORER_FILE_H
#define ROUTE_SCORER_FILE_H

#include "base/buf.h"
#include "fail.h"
#include "route/feature.h"
#include "route/structure.h"

#define SCORER_MAX_BYTES (512 * 1024)
#define SCORER_VERSION 1
#define SCORER_STEPS 32
#define SCORER_SKETCH 256

struct scorer_curve {
	int32_t from; /* of the first knot */
	int32_t step;
	uint16_t knot[SCORER_STEPS + 1]; /* 1/65536, never falling */
};

/* Weights are in 1/65536 of success unless said otherwise. */
struct scorer {
	int32_t bias[SCORE_TIERS];
	int32_t scale[SCORE_TIERS];  /* of one unit of a bucket, 1/2^24 */
	int32_t length[SCORE_TIERS]; /* per doubling of 16 and feature_set_work */
	int32_t
	    salience_floor;    /* mean salience of a sentence below which it is small talk, 1/256 */
	int32_t padding_floor; /* the same where small talk is most of the text */
	int32_t later_margin;  /* 1/64 of a doubling of odds that later messages are let off */
	int16_t levels[FEATURE_COUNTERS][FEATURE_LEVELS][SCORE_TIERS];
	int16_t structure[STRUCTURE_FACTS][SCORE_TIERS]; /* 1/64 of a doubling of odds */
	struct scorer_curve curve[SCORE_TIERS];
	uint16_t sketch[SCORER_SKETCH][SCORE_TIERS];
	const int8_t (*buckets)[4]; /* borrows the file's bytes */
	uint64_t hash;              /* of the file, */
	uint64_t words_hash;        /* of all but the weights of facts, */
	char version[17];           /* and the first in hex */
	struct lexicon lexicon;
	const struct scorer *before; /* the one in use before this: kept, for decisions under way */
};

/* The scorer that decides in this process; at first the built-in one. Never fails. */
const struct scorer *scorer_current(void);

/* The file that was built in. */
struct str scorer_builtin_bytes(void);

/* Reads a scorer; `out` borrows `bytes`. -1: damaged, or made for other features. */
int scorer_read(struct str bytes, struct scorer *out, struct fail *) MUST_USE;

/* The file again with other weights of facts; `bytes` are a scorer that scorer_read takes. */
void scorer_put_refitted(struct buf *out, struct str bytes,
                         const int16_t structure[STRUCTURE_FACTS][SCORE_TIERS]);

/* Makes a file the current scorer. The bytes are copied and stay for the life of the process. */
int scorer_use(struct str bytes, struct fail *) MUST_USE;
int scorer_use_file(const char *path, struct fail *) MUST_USE;

/* What the weights depend on besides the code: a number over the names of counters, facts and all
 * words. */
uint32_t scorer_layout(void);

#endif
