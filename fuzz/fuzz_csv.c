/* Rows of fields: any bytes; reading ends, and a row that is written is read again as it was. */
#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_again(const struct str *fields, int count, struct arena *arena)
{
	struct str again[CSV_FIELDS_MAX];
	struct csv csv;
	struct buf text;

	buf_init(&text, 1 << 24);
	buf_put(&text, STR("\"\",")); /* so that a comma divides, and no line is empty */
	for (int i = 0; i + 1 < count; i++) {
		csv_put(&text, fields[i]);
		buf_put_byte(&text, i + 2 < count ? ',' : '\n');
	}
	csv_init(&csv, buf_str(&text));
	must(count < 2 || csv_row(&csv, arena, again) == count);
	for (int i = 0; i + 1 < count; i++)
		must(str_eq(fields[i], again[i + 1]));
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct str fields[CSV_FIELDS_MAX];
	struct arena arena;
	struct csv csv;
	int count;

	arena_init(&arena);
	csv_init(&csv, (struct str){(const char *)bytes, len});
	while ((count = csv_row(&csv, &arena, fields)) > 0)
		check_again(fields, count, &arena);
	must((count < 0) == (csv.problem != NULL));
	arena_release(&arena);
	return 0;
}
