/* Copies of an SQLite store. Only files of store/ include it. */
#ifndef STORE_SQLITE_BACKUP_H
#define STORE_SQLITE_BACKUP_H

#include "store/engine.h"

int sqlite_backup(struct store *, struct str path, struct fail *) MUST_USE;

#endif
