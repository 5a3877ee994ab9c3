/* The texts of statements, by their number. See sql.h. */
#include "store/sql.h"

#include <stddef.h>

const char *const sql_texts[SQL_STATEMENT_COUNT] = {
#define X(name, sql) [SQL_##name] = sql,
    SQL_STATEMENTS(X)
#undef X
};
