/* Reads the single values of a configuration.
 *
 *	time    5s 250ms 2m 1h 90 (seconds) 0.5
 *	size    64KiB 512MiB 1GiB 1048576
 *	price   0.25 (US dollars per million tokens, at most six digits behind the point)
 *	secret  sk-... | ${NAME} | file:/run/secrets/key
 *
 * A secret's value never gets into a message: a mistake names the variable or the file. Called by
 * make.c while the daemon starts or reloads, so files are read where they stand. */
#include "config/value.h"

#include "base/clock.h"
#include "base/decimal.h"

#include <errno.h>

enum { SECRET_BYTES_MAX = 16 * 1024 };

static bool is_name_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The variable that "${NAME}" at the front of the text names. -1: it is no such thing. */
static int variable_name(struct str text, struct str *out)
{
	size_t end = str_find_byte(text, '}');

	if (!str_starts_with(text, STR("${")) || end == text.len || end == 2)
		return -1;
	*out = str_part(text, 2, end - 2);
	for (size_t i = 0; i < out->len; i++)
		if (!is_name_byte(out->ptr[i]))
			return -1;
	return 0;
}

static void put_variable(struct config_mistakes *m, struct str path, struct str name,
                         struct buf *out)
{
	const char *value = getenv(arena_copy(m->arena, name).ptr);

	if (!value)
		config_wrong(m, path, "the environment has no variable %.*s", STR_ARG(name));
	else
		buf_put(out, str_of(value));
}

struct str config_value_text(struct config_mistakes *m, struct str path, const char *raw)
{
	struct str text = str_of(raw), name, result;
	struct buf out;

	if (str_find(text, STR("${")) == text.len)
		return arena_copy(m->values, text);
	buf_init(&out, SECRET_BYTES_MAX);
	while (text.len > 0) {
		size_t at = str_find(text, STR("${"));

		buf_put(&out, str_part(text, 0, at));
		text = str_part(text, at, text.len);
		if (text.len == 0)
			break;
		if (variable_name(text, &name) < 0) {
			config_wrong(m, path, "has a \"${\" that is no ${NAME}");
			break;
		}
		put_variable(m, path, name, &out);
		text = str_part(text, name.len + 3, text.len);
	}
	if (buf_is_over(&out))
		config_wrong(m, path, "is longer than %d bytes", SECRET_BYTES_MAX);
	result = arena_copy(m->values, buf_str(&out));
	buf_release(&out);
	return result;
}

/* A secret goes into a header: nothing may be in it that ends one. */
static bool is_fit_for_header(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < 0x20 || text.ptr[i] >= 0x7f)
			return false;
	return true;
}

static struct str read_first_line(struct config_mistakes *m, struct str path, struct str name)
{
	char line[SECRET_BYTES_MAX];
	FILE *file = fopen(arena_copy(m->arena, name).ptr, "re");
	struct str secret;

	if (!file || !fgets(line, sizeof line, file)) {
		config_wrong(m, path, "cannot read a line of the file %.*s (%s)", STR_ARG(name),
		             file ? "it is empty" : strerror(errno));
		line[0] = '\0';
	}
	if (file)
		fclose(file);
	secret = str_of(line);
	while (secret.len > 0 && strchr(" \t\r\n", secret.ptr[secret.len - 1]))
		secret.len--;
	secret = arena_copy(m->values, str_trim(secret));
	explicit_bzero(line, sizeof line);
	return secret;
}

struct str config_value_secret(struct config_mistakes *m, struct str path, const char *text)
{
	struct str value = config_value_text(m, path, text);

	if (str_starts_with(value, STR("file:")))
		value = read_first_line(m, path, str_part(value, 5, value.len));
	if (!is_fit_for_header(value))
		config_wrong(m, path, "has a character that cannot stand in a header");
	return value;
}

struct str config_value_file(struct config_mistakes *m, struct str path, const char *text)
{
	struct str name = config_value_text(m, path, text);

	if (name.len > 0 && access(name.ptr, R_OK) < 0)
		config_wrong(m, path, "cannot read the file %.*s (%s)", STR_ARG(name),
		             strerror(errno));
	return name;
}

/* A number with a unit: how many of the smallest one, by a table. The row with an empty unit comes
 * last. */
struct unit {
	struct str suffix;
	int scale;     /* digits that may stand behind the point */
	int64_t times; /* smallest units in one of this, divided by 10^scale */
};

static int read_with_unit(struct str text, const struct unit *units, int64_t highest, int64_t *out)
{
	const struct unit *u = units;
	struct decimal_range range = {0, highest};
	int64_t number;

	while (!str_ends_with(text, u->suffix))
		u++;
	range.highest = highest / u->times;
	if (decimal_read(str_part(text, 0, text.len - u->suffix.len), u->scale, range, &number) < 0)
		return -1;
	*out = number * u->times;
	return 0;
}

int64_t config_value_ms(struct config_mistakes *m, struct str path, const char *text,
                        int64_t fallback)
{
	static const struct unit units[] = {
	    {STR_INIT("ms"), 0, 1},   {STR_INIT("s"), 3, 1}, {STR_INIT("m"), 3, 60},
	    {STR_INIT("h"), 3, 3600}, {STR_INIT(""), 3, 1},
	};
	const int64_t week_ms = 7LL * 24 * 3600 * 1000;
	int64_t ms = fallback;

	if (text && read_with_unit(str_of(text), units, week_ms, &ms) < 0)
		config_wrong(m, path,
		             "\"%.64s\" is no time; write it as 250ms, 5s, 2m, 1h or a number of "
		             "seconds, a week at most",
		             text);
	return ms;
}

int64_t config_value_bytes(struct config_mistakes *m, struct str path, const char *text,
                           int64_t fallback)
{
	static const struct unit units[] = {
	    {STR_INIT("KiB"), 0, 1 << 10},
	    {STR_INIT("MiB"), 0, 1 << 20},
	    {STR_INIT("GiB"), 0, 1 << 30},
	    {STR_INIT(""), 0, 1},
	};
	int64_t bytes = fallback;

	if (text && read_with_unit(str_of(text), units, 1LL << 42, &bytes) < 0)
		config_wrong(m, path,
		             "\"%.64s\" is no size; write it as 64KiB, 512MiB, 1GiB or a number of "
		             "bytes",
		             text);
	return bytes;
}

static int64_t value_money(struct config_mistakes *m, struct str path, const char *text, int scale,
                           int64_t fallback)
{
	struct decimal_range range = {0, 10 * 1000LL * 1000 * 1000};
	int64_t value = fallback;

	if (text && decimal_read(str_of(text), scale, range, &value) < 0)
		config_wrong(m, path,
		             "\"%.64s\" is no price: it %s; write US dollars in digits, as in 0.25",
		             text, decimal_problem(str_of(text), scale, range));
	return value;
}

int64_t config_value_pusd(struct config_mistakes *m, struct str path, const char *text,
                          int64_t fallback)
{
	return value_money(m, path, text, 6, fallback);
}

int64_t config_value_nusd(struct config_mistakes *m, struct str path, const char *text,
                          int64_t fallback)
{
	return value_money(m, path, text, 9, fallback);
}

int64_t config_value_bp(struct config_mistakes *m, struct str path, const char *text,
                        struct decimal_range range, int64_t fallback)
{
	struct str percent = text ? str_of(text) : STR("");
	int64_t bp = fallback;

	if (text && (!str_ends_with(percent, STR("%")) ||
	             decimal_read(str_part(percent, 0, percent.len - 1), 2, range, &bp) < 0))
		config_wrong(
		    m, path,
		    "\"%.64s\" is no percentage from %lld%% to %lld%%; write it as 50%% or "
		    "12.5%%",
		    text, (long long)range.lowest / 100, (long long)range.highest / 100);
	return bp;
}

int64_t config_value_day_s(struct config_mistakes *m, struct str path, const char *text,
                           int64_t fallback)
{
	int64_t ms;

	if (!text)
		return fallback;
	if (clock_read_day(str_of(text), &ms) == 0)
		return ms / 1000;
	config_wrong(m, path, "\"%.64s\" is no day; write it as 2026-11-22", text);
	return fallback;
}

int64_t config_value_usd(struct config_mistakes *m, struct str path, const char *text)
{
	struct decimal_range range = {0, INT64_C(1000) * 1000 * 1000 * 1000 * 1000 * 1000};
	int64_t nusd = INT64_MAX;

	if (decimal_read(str_of(text), 9, range, &nusd) < 0)
		config_wrong(m, path,
		             "is \"%s\", which %s; it must be US dollars such as 20 or 0.25", text,
		             decimal_problem(str_of(text), 9, range));
	return nusd;
}

int config_value_quality(struct config_mistakes *m, struct str path, const char *text)
{
	static const struct {
		const char *name;
		int value;
	} presets[] = {{"eco", 25}, {"balanced", 50}, {"best", 75}};
	int64_t value = 50;

	for (size_t i = 0; text && i < sizeof presets / sizeof presets[0]; i++)
		if (str_eq(str_of(text), str_of(presets[i].name)))
			return presets[i].value;
	if (text && str_to_i64(str_of(text), 0, 100, &value) < 0)
		config_wrong(m, path,
		             "\"%.64s\" is neither eco, balanced, best nor a number from 0 "
		             "to 100",
		             text);
	return (int)value;
}

int config_value_percent(struct config_mistakes *m, struct str path, const char *text)
{
	struct str number = text ? str_of(text) : STR("");
	int64_t value = 0;

	if (str_ends_with(number, STR("%")))
		number.len--;
	if (text && str_to_i64(number, 1, 99, &value) < 0)
		config_wrong(m, path, "\"%.64s\" is no share from 1%% to 99%%", text);
	return (int)value;
}

struct url config_value_url(struct config_mistakes *m, struct str path, struct str text)
{
	struct url url = {.port = 0};
	const char *problem = text.len ? url_read(text, &url) : NULL;

	if (problem)
		config_wrong(m, path, "the URL %s; write it as https://host/path", problem);
	else if (url.host.len && !str_eq(url.scheme, STR("http")) &&
	         !str_eq(url.scheme, STR("https")))
		config_wrong(m, path, "is neither an http:// nor an https:// URL");
	return url;
}

void config_value_listen(struct config_mistakes *m, struct str path, struct str text,
                         bool *out_is_local)
{
	const char *problem;
	struct str host;
	int port;

	*out_is_local = true;
	if (str_starts_with(text, STR("unix:"))) {
		if (text.len <= 5 || text.len > 5 + 107)
			config_wrong(m, path, "the path behind unix: must have 1 to 107 bytes");
		return;
	}
	problem = url_read_host_port(text, &host, &port);
	if (problem)
		config_wrong(m, path,
		             "the address %s; write it as 127.0.0.1:8686, [::1]:8686 or unix:/path",
		             problem);
	else
		*out_is_local = url_is_loopback(host);
}
