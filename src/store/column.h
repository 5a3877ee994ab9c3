/* Columns of `entries`, after request_id: X(kind, SQL name, field of struct entry). Everything
 * that names columns is made from this table: the INSERT, the SELECT, the values that go in and
 * come out, on every engine. A new column is a row here and a migration in schema.c.
 *
 *	INT      an integer field
 *	TEXT     a struct str
 *	SERVICE  the number of an enum
 *	DIALECT, TIER, END   the word of an enum; TIER is null without has_tier */
#ifndef STORE_COLUMN_H
#define STORE_COLUMN_H

#define ENTRY_COLUMNS(X)                                                                           \
	X(INT, "attempt", attempt)                                                                 \
	X(INT, "account_id", account_id)                                                           \
	X(INT, "key_id", key_id)                                                                   \
	X(INT, "opened_ms", opened_ms)                                                             \
	X(INT, "closed_ms", closed_ms)                                                             \
	X(INT, "held_nusd", held_nusd)                                                             \
	X(INT, "cost_nusd", cost_nusd)                                                             \
	X(INT, "charge_nusd", charge_nusd)                                                         \
	X(INT, "input", usage.input)                                                               \
	X(INT, "cache_read", usage.cache_read)                                                     \
	X(INT, "cache_write_5m", usage.cache_write_5m)                                             \
	X(INT, "cache_write_1h", usage.cache_write_1h)                                             \
	X(INT, "output", usage.output)                                                             \
	X(INT, "reasoning", usage.reasoning)                                                       \
	X(INT, "audio_input", usage.audio_input)                                                   \
	X(INT, "audio_output", usage.audio_output)                                                 \
	X(INT, "image_input", usage.image_input)                                                   \
	X(INT, "calls", usage.calls)                                                               \
	X(INT, "reported", usage.reported) /* 0: the figures are estimates */                      \
	X(TEXT, "model", model)                                                                    \
	X(TEXT, "provider", provider)                                                              \
	X(INT, "price_version", price_version)                                                     \
	X(DIALECT, "dialect", dialect)                                                             \
	X(TIER, "tier", tier)                                                                      \
	X(INT, "lane", lane)                                                                       \
	X(INT, "stream", stream)                                                                   \
	X(END, "\"end\"", end)                                                                     \
	X(INT, "status", status)                                                                   \
	X(INT, "duration_ms", duration_ms)                                                         \
	X(INT, "first_byte_ms", first_byte_ms)                                                     \
	X(INT, "team_id", team_id)                                                                 \
	X(INT, "user_id", user_id)                                                                 \
	X(TEXT, "tags", tags)                                                                      \
	X(INT, "image_output", usage.image_output)                                                 \
	X(INT, "searches", usage.searches)                                                         \
	X(SERVICE, "service", usage.service)                                                       \
	X(INT, "regional", usage.is_regional)                                                      \
	X(INT, "charge_version", charge_version)                                                   \
	X(INT, "unpriced", is_unpriced) /* 1: no price was known of some of it */

#define COLUMN_NAME(kind, column, field) ", " column
#define COLUMN_MARK(kind, column, field) ",?"
#define COLUMN_ONE(kind, column, field) +1

#define ENTRY_NAMES "request_id" ENTRY_COLUMNS(COLUMN_NAME)
#define ENTRY_MARKS "?" ENTRY_COLUMNS(COLUMN_MARK)

/* SQL_TOGETHER of them. */
#define ENTRY_ROW "(" ENTRY_MARKS ")"
#define ENTRY_ROWS                                                                                 \
	ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW            \
	          "," ENTRY_ROW "," ENTRY_ROW

enum { ENTRY_WIDTH = 1 ENTRY_COLUMNS(COLUMN_ONE), SQL_TOGETHER = 8 };

#endif
