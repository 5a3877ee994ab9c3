/* Edits by offset. Invariant: the list ascends, so that the pieces fall out in one pass. Called
 * when a request is composed and when a usage object gets its cost. Must never move a byte that
 * no edit names. */
#include "wire/edit.h"

void wire_edit_add(struct wire_edits *e, struct wire_edit edit)
{
	int place = e->count;

	must(e->count < WIRE_EDITS_MAX);
	while (place > 0 && e->list[place - 1].at > edit.at) {
		e->list[place] = e->list[place - 1];
		place--;
	}
	e->list[place] = edit;
	e->count++;
}

void wire_edit_replace(struct wire_edits *e, const struct json *doc, uint32_t node,
                       struct str value)
{
	struct str old = json_raw(doc, node);

	wire_edit_add(e, (struct wire_edit){.at = (size_t)(old.ptr - doc->bytes.ptr),
	                                    .cut = old.len,
	                                    .put = value});
}

void wire_edit_add_member(struct wire_edits *e, const struct json *doc, uint32_t object,
                          struct str key_and_value, struct arena *arena)
{
	struct str raw = json_raw(doc, object);
	bool is_empty = json_first(doc, object) == JSON_NONE;
	size_t end = (size_t)(raw.ptr - doc->bytes.ptr) + raw.len - 1;
	struct str put = ARENA_JOIN(arena, is_empty ? STR("") : STR(","), key_and_value);

	wire_edit_add(e, (struct wire_edit){.at = end, .put = put});
}

int wire_edit_pieces(const struct wire_edits *e, struct str document, struct str *out_pieces,
                     size_t *out_bytes)
{
	size_t from = 0, bytes = 0;
	int pieces = 0;

	for (int i = 0; i < e->count; i++) {
		const struct wire_edit *edit = &e->list[i];

		must(edit->at >= from);
		if (edit->at > from)
			out_pieces[pieces++] = str_part(document, from, edit->at - from);
		if (edit->put.len)
			out_pieces[pieces++] = edit->put;
		bytes += edit->at - from + edit->put.len;
		from = edit->at + edit->cut;
	}
	if (from < document.len)
		out_pieces[pieces++] = str_part(document, from, document.len);
	*out_bytes = bytes + document.len - from;
	return pieces;
}
