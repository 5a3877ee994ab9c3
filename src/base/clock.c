/* Clocks and calendar arithmetic, all UTC, without the C library's shared state. Called from
 * everywhere. */
#include "base/clock.h"

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char weekday_names[7][4] = {"Thu", "Fri", "Sat", "Sun",
                                         "Mon", "Tue", "Wed"}; /* day 0 was a Thursday */

enum { MS_PER_DAY = 86400000, DAYS_PER_ERA = 146097, DAYS_TO_1970 = 719468 };

int64_t clock_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_mono_coarse_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t clock_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t day_number(int64_t wall_ms)
{
	return wall_ms >= 0 ? wall_ms / MS_PER_DAY : -((MS_PER_DAY - 1 - wall_ms) / MS_PER_DAY);
}

/* Years begin in March here, so that the leap day is the last of its year; an era is 400 years. */
struct clock_day clock_day_of(int64_t wall_ms)
{
	int64_t days = day_number(wall_ms) + DAYS_TO_1970;
	int64_t era = (days >= 0 ? days : days - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	int64_t of_era = days - era * DAYS_PER_ERA;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct clock_day out = {.day = (int)(of_year - (153 * month + 2) / 5 + 1)};

	out.month = (int)(month < 10 ? month + 3 : month - 9);
	out.year = (int)(year + era * 400 + (out.month <= 2));
	return out;
}

int64_t clock_wall_ms_of(struct clock_day d)
{
	int64_t year = d.month <= 2 ? d.year - 1 : d.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t of_era_year = year - era * 400;
	int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
	int64_t of_era = of_era_year * 365 + of_era_year / 4 - of_era_year / 100 + of_year;

	return (era * DAYS_PER_ERA + of_era - DAYS_TO_1970) * MS_PER_DAY;
}

/* `width` digits of a number that has no more, and what stands behind them. */
static char *put_digits(char *at, int64_t number, int width, char behind)
{
	for (int i = width - 1; i >= 0; i--, number /= 10)
		at[i] = (char)('0' + number % 10);
	at[width] = behind;
	return at + width + 1;
}

/* In every line of the log, so without printf. Years of four digits. */
void clock_put_rfc3339(struct buf *out, int64_t wall_ms)
{
	struct clock_day d = clock_day_of(wall_ms);
	int64_t ms = wall_ms - day_number(wall_ms) * MS_PER_DAY;
	char text[24], *at = text;

	at = put_digits(at, d.year, 4, '-');
	at = put_digits(at, d.month, 2, '-');
	at = put_digits(at, d.day, 2, 'T');
	at = put_digits(at, ms / 3600000, 2, ':');
	at = put_digits(at, ms / 60000 % 60, 2, ':');
	at = put_digits(at, ms / 1000 % 60, 2, '.');
	put_digits(at, ms % 1000, 3, 'Z');
	buf_put(out, (struct str){text, sizeof text});
}

void clock_put_http_date(struct buf *out, int64_t wall_ms)
{
	struct clock_day d = clock_day_of(wall_ms);
	int64_t ms = wall_ms - day_number(wall_ms) * MS_PER_DAY;
	int weekday = (int)(((day_number(wall_ms) % 7) + 7) % 7);

	buf_printf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekday_names[weekday], d.day,
	           month_names[d.month - 1], d.year, (int)(ms / 3600000), (int)(ms / 60000 % 60),
	           (int)(ms / 1000 % 60));
}

int clock_read_span(struct str text, int64_t *out_ms)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {
	    {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}, {'y', 31536000000}};
	static const int64_t century_ms = 3153600000000;
	int64_t count;

	if (text.len < 2 || str_to_i64(str_part(text, 0, text.len - 1), 1, 99999999, &count) < 0)
		return -1;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (text.ptr[text.len - 1] != units[i].unit || count > century_ms / units[i].ms)
			continue;
		*out_ms = count * units[i].ms;
		return 0;
	}
	return -1;
}

int clock_read_day(struct str text, int64_t *out_ms)
{
	struct clock_day got;
	int64_t year, month, day, at_ms;

	if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-' ||
	    str_to_i64(str_part(text, 0, 4), 1970, 9999, &year) < 0 ||
	    str_to_i64(str_part(text, 5, 2), 1, 12, &month) < 0 ||
	    str_to_i64(str_part(text, 8, 2), 1, 31, &day) < 0)
		return -1;
	at_ms = clock_wall_ms_of((struct clock_day){(int)year, (int)month, (int)day});
	got = clock_day_of(at_ms);
	if (got.month != month || got.day != day)
		return -1;
	*out_ms = at_ms;
	return 0;
}

/* 15:20:43 */
static int read_time(struct str text, int64_t *out_ms)
{
	int64_t hour, minute, second;

	if (text.len != 8 || text.ptr[2] != ':' || text.ptr[5] != ':' ||
	    str_to_i64(str_part(text, 0, 2), 0, 23, &hour) < 0 ||
	    str_to_i64(str_part(text, 3, 2), 0, 59, &minute) < 0 ||
	    str_to_i64(str_part(text, 6, 2), 0, 60, &second) < 0)
		return -1;
	*out_ms = ((hour * 60 + minute) * 60 + second) * 1000;
	return 0;
}

int clock_read_rfc3339(struct str text, int64_t *out_ms)
{
	struct str rest = str_part(text, 19, text.len);
	int64_t day_ms, time_ms, fraction;

	if (text.len < 20 || text.ptr[10] != 'T' || !str_ends_with(text, STR("Z")) ||
	    clock_read_day(str_part(text, 0, 10), &day_ms) < 0 ||
	    read_time(str_part(text, 11, 8), &time_ms) < 0)
		return -1;
	if (rest.len > 1 &&
	    (rest.ptr[0] != '.' || rest.len > 12 ||
	     str_to_i64(str_part(rest, 1, rest.len - 2), 0, INT64_MAX, &fraction) < 0))
		return -1;
	*out_ms = day_ms + time_ms;
	return 0;
}

int clock_read_http_date(struct str text, int64_t *out_ms)
{
	struct clock_day d = {.month = 0};
	int64_t day, year, time_ms;

	if (text.len != 29 || text.ptr[3] != ',' || !str_ends_with(text, STR(" GMT")) ||
	    str_to_i64(str_part(text, 5, 2), 1, 31, &day) < 0 ||
	    str_to_i64(str_part(text, 12, 4), 1970, 9999, &year) < 0 ||
	    read_time(str_part(text, 17, 8), &time_ms) < 0)
		return -1;
	for (int i = 0; i < 12; i++)
		if (str_eq(str_part(text, 8, 3), str_of(month_names[i])))
			d.month = i + 1;
	if (d.month == 0)
		return -1;
	d.year = (int)year;
	d.day = (int)day;
	*out_ms = clock_wall_ms_of(d) + time_ms;
	return 0;
}

int clock_read_month(struct str text, int64_t *out_ms, int64_t *out_next_ms)
{
	struct clock_day first = {.day = 1};
	int64_t year, month;

	if (text.len != 7 || text.ptr[4] != '-' ||
	    str_to_i64(str_part(text, 0, 4), 1970, 9998, &year) < 0 ||
	    str_to_i64(str_part(text, 5, 2), 1, 12, &month) < 0)
		return -1;
	first.year = (int)year;
	first.month = (int)month;
	*out_ms = clock_wall_ms_of(first);
	first.year += first.month == 12;
	first.month = first.month % 12 + 1;
	*out_next_ms = clock_wall_ms_of(first);
	return 0;
}

void clock_put_day(struct buf *b, int64_t wall_ms)
{
	struct clock_day d = clock_day_of(wall_ms);

	buf_printf(b, "%04d-%02d-%02d", d.year, d.month, d.day);
}
