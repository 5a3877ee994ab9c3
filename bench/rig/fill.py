"""Data directories as they are after years: many keys, many ledger entries (bench/run --long).

Rows are written straight into the SQLite file while no daemon runs: each is a copy of a row that
FluxRouter itself has written, with other keys, so a new column needs no change here. A daemon then
serves from that directory, and a request's cost there is compared with that of a new one.
"""

import os
import sqlite3
import time

from . import request
from .engine import Fluxrouter

NUMBERS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "

KEYS = {"id": "(SELECT max(id) FROM keys) + n.i", "digest": "randomblob(32)", "label": "'bench-' || n.i",
        "revision": "(SELECT max(revision) FROM keys) + n.i"}

# Below every id of a real request (UUIDv7 of today), and growing, as the real ones do.
ENTRIES = {"request_id": "CAST(char(1) || printf('%015d', n.i) AS BLOB)",
           "attempt": "1", "key_id": "1 + n.i % 1000",
           "closed_ms": "t.closed_ms - n.i % 31536000 * 1000"}

DAYS = {"day": "t.day - n.i % 365", "key_id": "2 + n.i / 365"}


def copies(database, table, changed, count):
    """Inserts count copies of the first row of table, with the changed columns."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    missing = set(changed) - set(columns)
    if missing:
        raise SystemExit(f"bench: table {table} has no column {missing}: bench/rig/fill.py is old")
    values = ", ".join(changed.get(c, f"t.{c}") for c in columns)
    database.execute(NUMBERS.format(count=count) + f"INSERT INTO {table} SELECT {values} FROM n, "
                     f"(SELECT * FROM {table} LIMIT 1) t")


class Aged(Fluxrouter):
    """FluxRouter on a directory that is filled before it is measured."""

    cases = ("json-1k",)
    specials = ()

    def prepare(self):
        super().prepare()
        path = os.path.join(self.data, "flux.db")
        self.start()
        request.fetch(self.port, self.request("json:1024"))
        self._await_entry(path)
        self.stop()
        database = sqlite3.connect(path, isolation_level=None)
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -262144"):
            database.execute("PRAGMA " + setting).fetchall()
        self.fill(database)
        database.execute("PRAGMA journal_mode = WAL").fetchall()
        database.close()

    @staticmethod
    def _await_entry(path):
        for _ in range(200):
            time.sleep(0.05)
            database = sqlite3.connect(path)
            count = database.execute("SELECT count(*) FROM entries").fetchone()[0]
            database.close()
            if count:
                return
        raise SystemExit("bench: no entry arrives in the store")


class ManyKeys(Aged):
    name = "flux-100k-keys"

    @staticmethod
    def fill(database):
        copies(database, "keys", KEYS, 100_000)


class ManyEntries(Aged):
    name = "flux-10m-rows"

    @staticmethod
    def fill(database):
        copies(database, "entries", ENTRIES, 10_000_000)
        copies(database, "days", DAYS, 365 * 100)


AGED = (ManyKeys, ManyEntries)
