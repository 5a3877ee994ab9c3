/* fluxrouter dialects
 *
 * What becomes of each feature of a request whose model is served by a provider that speaks
 * another dialect: the table of docs/dialects.md, from the code's own. */
#include "cli/cli.h"
#include "cli/option.h"
#include "wire/fates.h"

enum { TABLE_BYTES_MAX = 1024 * 1024 };

int cli_dialects(int argc, char **argv)
{
	static const struct option_set set = {
	    .usage = "dialects",
	    .about = "Prints as a table what becomes of each feature of a request between any two "
	             "dialects.",
	};
	struct option_words words;
	struct buf out;

	if (option_read(&set, argc, argv, &words) < 0)
		return words.status;
	buf_init(&out, TABLE_BYTES_MAX);
	fates_put(&out);
	fwrite(out.ptr, 1, out.len, stdout);
	buf_release(&out);
	return 0;
}
