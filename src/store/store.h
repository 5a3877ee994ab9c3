/* Where accounts, keys and the ledger are kept. One interface for every engine; SQLite is the
 * embedded one, and lives in data_dir/flux.db; PostgreSQL is for more than one host.
 *
 * THREADS: the calls here block and belong to the carrier thread and to command-line verbs, never
 * to a loop. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "fail.h"
#include "store/entry.h"

struct store;

enum store_open_how { STORE_CREATE, STORE_EXISTING, STORE_AS_IS, STORE_READ_ONLY };

/* `where` is a data directory, for SQLite, or an address, postgresql://user@host/database (which may
 * have a password in it and is never printed whole).
 *
 * STORE_CREATE makes the directory and the file where they are missing; an older schema is
 * brought up to this program's, except by STORE_AS_IS (to be written, but another program
 * serves from it) and STORE_READ_ONLY. -1: f names the file and what is wrong
 * (missing, locked, a newer schema than this program knows). */
int store_open(struct str where, enum store_open_how, struct store **out, struct fail *) MUST_USE;
void store_close(struct store **);
bool store_is_url(struct str where);
/* postgresql://user:secret@host/db?password=secret&a=b -> postgresql://user@host/db?a=b */
struct str store_without_password(struct str url, struct arena *);
/* From now on a commit may be lost by power loss until store_sync: for those who have a journal and
 * commit often. Before, and by everybody else, what was committed stays. */
void store_relax(struct store *);
/* How long a call waits for another process's lock before it fails; 5,000 at first. */
void store_set_patience(struct store *, int wait_ms);

struct store_account {
	int64_t id;
	struct str name; /* arena */
	bool on_hold;
};

struct store_key {
	int64_t id;
	int64_t account_id;
	int64_t team_id; /* 0: none, as user_id */
	int64_t user_id;
	uint8_t digest[32];      /* SHA-256 of the key */
	struct str account_name; /* arena, as all texts */
	struct str label;
	struct str prefix; /* first characters, for display */
	struct str models; /* comma list of globs; empty: all */
	struct str terms;  /* JSON object, see store/owner.h */
	int64_t created_ms;
	int64_t expires_ms; /* 0: never */
	int64_t revoked_ms; /* 0: in force */
	int64_t revision;   /* grows with every change of any key */
};

/* The account of that name, made when there is none. */
int store_account_named(struct store *, struct str name, int64_t *out_id, struct fail *) MUST_USE;
int store_key_add(struct store *, const struct store_key *, int64_t *out_id,
                  struct fail *) MUST_USE;
/* By id or display prefix. -1 also when there is none. */
int store_key_revoke(struct store *, struct str which, int64_t now_ms, struct fail *) MUST_USE;
/* The one key of that id or display prefix, texts in the arena. -1: OBJECT_NOT_FOUND;
 * INVALID_VALUE where several keys begin so. */
int store_key_find(struct store *, struct str which, struct arena *, struct store_key *out,
                   struct fail *) MUST_USE;
/* It ends at that time, unless it ends before. */
int store_key_end(struct store *, int64_t id, int64_t at_ms, struct fail *) MUST_USE;

enum store_key_state { STORE_KEY_ANY = -1, STORE_KEY_ACTIVE, STORE_KEY_EXPIRED, STORE_KEY_REVOKED };

struct store_key_ask {
	int64_t after;                        /* ids above */
	int64_t account_id, team_id, user_id; /* 0: of all */
	enum store_key_state state;
	int64_t now_ms; /* which tells active from expired */
	int64_t limit;
};
/* By id; on_key gives false to stop. */
int store_keys(struct store *, const struct store_key_ask *, struct arena *,
               bool (*on_key)(void *, const struct store_key *), void *arg, struct fail *) MUST_USE;
/* Every key with a revision above `after`, oldest first; on_key gives false to stop. */
int store_keys_after(struct store *, int64_t after, struct arena *,
                     bool (*on_key)(void *, const struct store_key *), void *arg,
                     struct fail *) MUST_USE;

/* How far a loop's journal has been carried: all entries up to that sequence are in the store. */
struct store_mark {
	uint8_t node[16];
	int loop;
	uint64_t sequence;
};

/* Writes entries, and the mark where one is given, in one transaction; an entry that is there
 * already (request id, attempt) is left as it is. */
int store_put_entries(struct store *, const struct entry *, int count, const struct store_mark *,
                      struct fail *) MUST_USE;
/* Makes what was written last through power loss. -1: not yet (a reader is in the way) or not at
 * all. */
int store_sync(struct store *, struct fail *) MUST_USE;

/* A copy of one state of it into a new file, also beside a running daemon. -1: also where the file
 * is there already, and for PostgreSQL, which has pg_dump. */
int store_backup(struct store *, struct str path, struct fail *) MUST_USE;
/* Puts a backup in the place of a data directory's SQLite store, after checking it; what was there
 * is kept under a name that *out_kept tells (empty: there was nothing). Nobody may have it open.
 * The journal stays: what it has that the backup lacks is recovered at the next start. */
int store_restore(struct str data_dir, struct str backup, struct str *out_kept,
                  struct fail *) MUST_USE;

/* 0 where there is no mark. */
int store_mark_of(struct store *, const uint8_t node[16], int loop, uint64_t *out_sequence,
                  struct fail *) MUST_USE;
/* The entry of that request and attempt; texts in the arena. Where there is none,
 * out->attempt is 0. */
int store_entry(struct store *, const uint8_t request_id[16], int attempt, struct arena *,
                struct entry *out, struct fail *) MUST_USE;

/* Every entry, by request id and attempt; its texts live until on_entry returns, which gives false
 * to stop. */
int store_entries(struct store *, bool (*on_entry)(void *, const struct entry *), void *arg,
                  struct fail *) MUST_USE;

/* Compares the sums that reports are made from with the entries themselves; on_wrong gets a
 * sentence for each difference. */
int store_verify_sums(struct store *, void (*on_wrong)(void *, struct str), void *arg,
                      struct fail *) MUST_USE;

#endif
