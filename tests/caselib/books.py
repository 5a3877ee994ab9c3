"""What a daemon wrote into its store, read past the daemon: SQLite's file, or a PostgreSQL through psql."""

import contextlib
import itertools
import json
import os
import sqlite3
import subprocess
import threading

OF_ACCOUNT = ("SELECT e.* FROM entries e JOIN owners a ON a.kind = 1 AND a.id = e.account_id"
              " WHERE a.name = '%s' ORDER BY e.request_id, e.attempt")
ALL = "SELECT * FROM entries"
BYTES = ("request_id", "node")
NEXT_REVISION = "UPDATE meta SET value = value + 1 WHERE name = 'revision'"
NEW_ACCOUNT = ("INSERT INTO owners SELECT 1, max(id) + 1, 0, 0, 0, '%s', '%s', 0, 0, 0,"
               " (SELECT value FROM meta WHERE name = 'revision') FROM owners")


def quoted(text):
    return text.replace("'", "''")


def make_account(books, name, terms):
    """An account that is there, with its terms, before it has a key."""
    books.change(NEXT_REVISION, NEW_ACCOUNT % (quoted(name), quoted(terms)))


class SqliteBooks:
    def __init__(self, data):
        self.path, self.setting = data / "flux.db", ""

    def rows(self, query):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)) as store:
            store.row_factory = sqlite3.Row
            return [self.plain(dict(row)) for row in store.execute(query)]

    @staticmethod
    def plain(row):
        return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}

    def change(self, *statements):
        with contextlib.closing(sqlite3.connect(self.path, timeout=10)) as store, store:
            for statement in statements:
                store.execute(statement)

    def close(self):
        pass


class PostgresBooks:
    """A database of its own on the server that FLUX_POSTGRES names; one psql for all questions."""

    numbers = itertools.count(1)

    def __init__(self, server):
        name = f"case_{os.getpid()}_{next(self.numbers)}"
        subprocess.run(["psql", "-qX", server, "-c", f"CREATE DATABASE {name}"], check=True)
        self.url = server.rsplit("/", 1)[0] + "/" + name
        self.setting = f'store: "{self.url}"\n'
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.psql = subprocess.Popen(["psql", "-AtqX", self.url], **pipes)
        self.lock = threading.Lock()

    def ask(self, query):
        with self.lock:
            self.psql.stdin.write(f"{query};\n\\echo END\n")
            self.psql.stdin.flush()
            return list(iter(lambda: self.psql.stdout.readline().rstrip("\n"), "END"))

    def rows(self, query):
        return [self.plain(json.loads(line)) for line in self.ask(f"SELECT row_to_json(r) FROM ({query}) r")]

    @staticmethod
    def plain(row):
        return {name: value.removeprefix("\\x") if name in BYTES else value for name, value in row.items()}

    def change(self, *statements):
        self.ask("BEGIN; " + "; ".join(statements) + "; COMMIT")

    def close(self):
        self.psql.stdin.close()
        self.psql.wait()


def books_of(data):
    """As FLUX_CASES_ON says: sqlite, or postgres beneath tests/postgres.sh run."""
    if os.environ.get("FLUX_CASES_ON", "sqlite") == "sqlite":
        return SqliteBooks(data)
    server = os.environ.get("FLUX_POSTGRES", "none:not beneath tests/postgres.sh run")
    if server.startswith("none:"):
        print(f"cases: 0 passed, 0 failed, 1 skipped ({server[5:]})")
        raise SystemExit(0)
    return PostgresBooks(server)
