/* Providers' exports: any bytes; what is read is sorted, and each day lies in what it says. */
#include "ledger/bill.h"

#include "base/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_rows(const struct bill *b)
{
	for (int i = 0; i < b->count; i++) {
		must(b->rows[i].day >= b->first_day && b->rows[i].day <= b->last_day);
		must(i == 0 || bill_compare_rows(&b->rows[i - 1], &b->rows[i]) < 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena arena;
	struct bill b;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	if (bill_read((struct str){(const char *)bytes, len}, &arena, &b, &f) == 0)
		check_rows(&b);
	else
		must(fail_is_set(&f) && f.message.len > 0);
	arena_release(&arena);
	return 0;
}
