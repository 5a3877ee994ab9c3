/* Contents of some requests, sealed, for a few days: so that a scorer that reads words otherwise
 * can be tried on them. Only where the operator asks for it (`samples:`), never of a request that
 * says X-Flux-No-Retain.
 *
 * Files DIR/LL-MMMMMMMMMMMMM.fluxs of frames, little-endian:
 *
 *	"FXS1"  u32 length of what is sealed  id of the request, 16 bytes  sealed: nonce, text, tag
 *
 * Sealed is the request's body, with the frame's first 24 bytes beside it (base/cipher.h).
 *
 * THREADS: a sampler is used on its loop, or after that has ended. */
#ifndef TRACE_SAMPLE_H
#define TRACE_SAMPLE_H

#include "base/cipher.h"
#include "base/loop.h"
#include "base/map.h"
#include "trace/trace.h"

enum { SAMPLE_BODY_BYTES = 256 * 1024 }; /* of longer ones no sample is taken */

struct sampler;

/* The directory is made with the first sample; copied. keep_ms: files older than that are deleted,
 * also while nothing comes. */
struct sampler *sampler_open(struct loop *, struct str dir, int64_t keep_ms);
void sampler_close(struct sampler **);
void sampler_put(struct sampler *, const struct cipher_key *, const uint8_t id[TRACE_ID_BYTES],
                 struct str body);

/* Whether that request is one of the `percent` of which samples are taken: by its id alone. */
bool sample_is_drawn(const uint8_t id[TRACE_ID_BYTES], int percent);

/* Where the samples of a directory are, by request id; expired ones are left out. */
struct samples {
	struct arena arena;
	struct map places;
	int64_t bytes; /* of all */
};
void samples_read(struct samples *, struct str dir, int64_t keep_ms);
void samples_release(struct samples *);
/* Puts the body of that request. -1: there is none, or another key sealed it. */
int samples_get(const struct samples *, const struct cipher_key *, const uint8_t id[TRACE_ID_BYTES],
                struct buf *out_body) MUST_USE;

struct cipher_key sample_key(struct str secret);

#endif
