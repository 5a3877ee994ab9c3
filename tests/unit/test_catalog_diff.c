/* What another price list has otherwise: nothing about itself, a line for each difference. */
#include "base/buf.h"
#include "check.h"
#include "cli/catalog_diff.h"

#include <unistd.h>

#define PROVIDER                                                                                   \
	"providers: [{name: p, dialect: chat, base_url: \"http://h\", api_key: \"${NOT_SET}\"}]\n"
#define ONE                                                                                        \
	PROVIDER                                                                                   \
	    "models:\n"                                                                            \
	    "  - name: a\n    lane: deep\n    context: 1000\n"                                     \
	    "    price: {input: 1, output: 5, rows: [{service: flex, percent: \"50%\"}]}\n"        \
	    "    targets: [{provider: p, model: a-1}]\n"                                           \
	    "  - {name: b, lane: deep, price: {input: 2, output: 6}, targets: [{provider: p, "     \
	    "model: b-1}]}\n"
#define OTHER                                                                                      \
	PROVIDER                                                                                   \
	    "models:\n"                                                                            \
	    "  - name: A\n    lane: deep\n    context: 2000\n"                                     \
	    "    price: {input: 1.5, output: 5, rows: [{above: 9, input: 3, output: 7}]}\n"        \
	    "    targets: [{provider: p, model: a-1}]\n"                                           \
	    "  - {name: c, lane: deep, price: {input: 4, output: 8}, targets: [{provider: p, "     \
	    "model: c-1}]}\n"

static struct config *read_catalog(const char *text)
{
	char name[] = "/tmp/flux-catalog-XXXXXX";
	int fd = mkstemp(name);
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	if (config_read_catalog(str_of(name), &c, &f) < 0) /* a key that is not set is no matter */
		printf("    %.*s\n", STR_ARG(f.message));
	must(c != NULL);
	unlink(name);
	arena_release(&arena);
	return c;
}

static void test_catalogs(void)
{
	struct config *one = read_catalog(ONE), *other = read_catalog(OTHER);
	struct buf out;

	buf_init(&out, 4096);
	CHECK(catalog_diff(one, one, &out) == 0 && out.len == 0);
	CHECK(catalog_diff(one, other, &out) == 6);
	CHECK_STR(buf_str(&out),
	          STR("~ a: context 1000 -> 2000\n"
	              "~ a: input 1 -> 1.5, cache_read 1 -> 1.5, cache_write_5m 1 -> 1.5, "
	              "cache_write_1h 1 -> 1.5, audio_input 1 -> 1.5, image_input 1 -> 1.5\n"
	              "- a [flex]\n"
	              "+ a [standard above 9]: input 3 output 7\n"
	              "- b\n"
	              "+ c: input 4 output 8\n"));
	buf_release(&out);
	config_put(&one);
	config_put(&other);
}

/* Numbers from binary fractions, zeros that say nothing, providers that we do not have. */
static void test_table(void)
{
	static const struct str table =
	    STR_INIT("provider\tid\tapi\tin_usd_per_m\tout\tcache_read\tcontext\n"
	             "p\ta-1\tx\t0.99999999999999\t5.0000004\t0\t0\n"
	             "p\tb-1\tx\t2.5\t6\t0.2\t4096\r\n"
	             "p\tnew\tx\t0.09999999999999999\t1e3\t0\t1\n"
	             "strange\tb-1\tx\t9\t9\t9\t9\n"
	             "\n");
	struct config *c = read_catalog(ONE);
	struct buf out;

	buf_init(&out, 4096);
	CHECK(catalog_diff_table(c, table, &out) == 2);
	CHECK_STR(buf_str(&out),
	          STR("~ b: input 2 -> 2.5, cache_read 2 -> 0.2, context 0 -> 4096  (p/b-1)\n"
	              "+ p/new: input 0.1 output 0\n"));
	CHECK(catalog_diff_table(c, STR(""), &out) == 0);
	CHECK(catalog_diff_table(c, STR("no\tcolumns\nx\ty\n"), &out) == 0);
	buf_release(&out);
	config_put(&c);
}

static void test_built_in(void)
{
	struct config *c = NULL;
	struct arena arena;
	struct fail f;

	arena_init(&arena);
	fail_init(&f, &arena);
	CHECK(config_read_catalog(STR(""), &c, &f) == 0 && c->model_count > 30);
	for (int i = 0; c && i < c->provider_count; i++)
		CHECK(c->providers[i].api_key_count == 1 &&
		      c->providers[i].api_keys[0].len == 0);
	config_put(&c);
	arena_release(&arena);
}

int main(void)
{
	test_catalogs();
	test_table();
	test_built_in();
	return check_report("catalog_diff");
}
