/* Decimal text to integers at a scale and back, exactly.
 *
 *	decimal = [-] ( 0 | 1-9 *digit ) [ . 1*digit ]
 *
 * Every digit is carried; what cannot be held is refused, never rounded. Called by config for
 * prices, by json_write and the books for amounts. Must never touch a double. */
#include "base/decimal.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits_in_front(struct str s)
{
	size_t count = 0;

	while (count < s.len && is_digit(s.ptr[count]))
		count++;
	return count;
}

/* The text taken apart: sign, digits before and behind the point. */
struct decimal_parts {
	bool negative;
	struct str whole;
	struct str fraction;
};

static const char *take_apart(struct str text, struct decimal_parts *out_parts)
{
	struct decimal_parts parts = {.negative = str_starts_with(text, STR("-"))};
	struct str rest = str_part(text, parts.negative, text.len);

	parts.whole = str_part(rest, 0, digits_in_front(rest));
	rest = str_part(rest, parts.whole.len, rest.len);
	if (parts.whole.len == 0)
		return "is not a decimal number";
	if (parts.whole.len > 1 && parts.whole.ptr[0] == '0')
		return "begins with a zero too many";
	if (rest.len && rest.ptr[0] == '.') {
		parts.fraction = str_part(rest, 1, digits_in_front(str_part(rest, 1, rest.len)));
		rest = str_part(rest, 1 + parts.fraction.len, rest.len);
		if (parts.fraction.len == 0)
			return "has no digits behind the point";
	}
	if (rest.len && (rest.ptr[0] == 'e' || rest.ptr[0] == 'E'))
		return "has an exponent; write it out";
	if (rest.len)
		return "is not a decimal number";
	*out_parts = parts;
	return NULL;
}

/* Negative values are built downwards, so that the lowest fits too. */
static bool append_digit(int64_t *value, int digit, bool negative)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, negative ? -digit : digit, value);
}

static bool append_digits(int64_t *value, struct str digits, bool negative)
{
	for (size_t i = 0; i < digits.len; i++)
		if (!append_digit(value, digits.ptr[i] - '0', negative))
			return false;
	return true;
}

static bool build(const struct decimal_parts *parts, int scale, int64_t *value)
{
	*value = 0;
	if (!append_digits(value, parts->whole, parts->negative) ||
	    !append_digits(value, parts->fraction, parts->negative))
		return false;
	for (int i = (int)parts->fraction.len; i < scale; i++)
		if (!append_digit(value, 0, parts->negative))
			return false;
	return true;
}

static const char *too_fine(int scale)
{
	static const char *const sentences[DECIMAL_SCALE_MAX + 1] = {
	    "has digits behind the point",
	    "has more than 1 digit behind the point",
	    "has more than 2 digits behind the point",
	    "has more than 3 digits behind the point",
	    "has more than 4 digits behind the point",
	    "has more than 5 digits behind the point",
	    "has more than 6 digits behind the point",
	    "has more than 7 digits behind the point",
	    "has more than 8 digits behind the point",
	    "has more than 9 digits behind the point",
	    "has more than 10 digits behind the point",
	    "has more than 11 digits behind the point",
	    "has more than 12 digits behind the point",
	    "has more than 13 digits behind the point",
	    "has more than 14 digits behind the point",
	    "has more than 15 digits behind the point",
	    "has more than 16 digits behind the point",
	    "has more than 17 digits behind the point",
	    "has more than 18 digits behind the point",
	};

	return sentences[scale];
}

/* NULL and the value, or what is wrong. */
static const char *read_exact(struct str text, int scale, struct decimal_range range,
                              int64_t *out_value)
{
	struct decimal_parts parts;
	const char *problem;
	int64_t value;

	must(scale >= 0 && scale <= DECIMAL_SCALE_MAX);
	problem = take_apart(text, &parts);
	if (problem)
		return problem;
	if (parts.negative && range.lowest >= 0)
		return "is negative";
	if (parts.fraction.len > (size_t)scale)
		return too_fine(scale);
	if (!build(&parts, scale, &value))
		return parts.negative ? "is too small" : "is too large";
	if (value < range.lowest || value > range.highest)
		return value < range.lowest ? "is too small" : "is too large";
	*out_value = value;
	return NULL;
}

int decimal_read(struct str text, int scale, struct decimal_range range, int64_t *out_value)
{
	return read_exact(text, scale, range, out_value) ? -1 : 0;
}

const char *decimal_problem(struct str text, int scale, struct decimal_range range)
{
	int64_t value;

	return read_exact(text, scale, range, &value);
}

void decimal_put(struct buf *out, int64_t value, int scale)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char text[32];
	size_t at = sizeof text;
	bool needed = false; /* a digit behind the point that is not a trailing zero */

	must(scale >= 0 && scale <= DECIMAL_SCALE_MAX);
	for (int i = 0; i < scale; i++, rest /= 10) {
		needed = needed || rest % 10;
		if (needed)
			text[--at] = (char)('0' + rest % 10);
	}
	if (needed)
		text[--at] = '.';
	do
		text[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		text[--at] = '-';
	buf_put(out, (struct str){text + at, sizeof text - at});
}

void buf_put_nusd(struct buf *out, int64_t cost_nusd)
{
	decimal_put(out, cost_nusd, 9);
}
