/* What the dialects share in reading answers: counts, the model's name, and the quick look that
 * spares parsing an event that can only be content. Pure. */
#ifndef WIRE_NOTE_H
#define WIRE_NOTE_H

#include "wire/wire.h"

/* A count of tokens; -1: it is none. */
int note_figure(const struct json *, uint32_t node, int64_t *out) MUST_USE;
int64_t note_count(const struct json *, uint32_t object,
                   struct str key); /* 0 where absent or odd */
bool note_is_count(const struct json *, uint32_t object, struct str key);
/* total - *part, where *part is brought down to total if it claims more: never negative. */
int64_t note_without(int64_t total, int64_t *part);
void note_model(struct wire_noting *, const struct json *, uint32_t node);

/* Parses an event's data into n->scratch; false: it is not JSON. */
bool note_parse(struct wire_noting *, struct str data);

/* After the first content: true when nothing in these bytes can be usage, an error or a
 * lifecycle event, so that it need not be parsed. */
bool note_is_plain_content(const struct wire_noting *, struct str data);
/* Of events with names only deltas are counted: the frames around them, keep-alives, and the
 * whole text again at its end are no tokens. */
void note_count_content(struct wire_noting *, enum wire_kind, const struct sse_event *);

/* The member of the object whose value is `value`, with the comma that belongs to it: what to
 * cut to be rid of it. */
struct str note_member_with_comma(const struct json *, uint32_t object, uint32_t value);

/* The edits of every dialect: model and output limit. */
void wire_edit_common(const struct llm_request *, const struct wire_change *, struct arena *,
                      struct wire_edits *out);
void wire_edit_no_store(const struct llm_request *, struct arena *, struct wire_edits *out);

#endif
