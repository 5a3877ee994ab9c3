#!/usr/bin/env python3
"""Stores in trouble, and more than one of us on a store: real daemons, a real PostgreSQL.

    tests/run_stores.py [--build build/asan] [--keep] [NAME-PART ...]

Whatever the store does, every request is answered, and every entry comes, once. A scene whose
means are not there (PostgreSQL, the right to mount) is skipped with a word. The last line is
"stores: N passed, N failed[, N skipped (why)]".
"""

import argparse
import atexit
import concurrent.futures
import fcntl
import json
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import time
import traceback

sys.dont_write_bytecode = True
from caselib import http
from caselib.world import ROOT, World
from run_scenes import ask, request, until, verb

SCRIPT = str(ROOT / "tests/postgres.sh")


class Skipped(Exception):
    pass


class Postgres:
    def __init__(self):
        done = subprocess.run([SCRIPT, "start"], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skipped("PostgreSQL is not installed")
        self.folder = done.stdout.strip()
        host = self.folder.replace("/", "%2F")
        atexit.register(self.tell, "remove")  # also when we are interrupted
        self.url = f"postgresql://flux:hush-hush@{host}/postgres"

    def tell(self, word):
        subprocess.run([SCRIPT, word, self.folder], check=True, capture_output=True)


class Small(World):
    """A world whose data directory is a small disk of its own."""

    def start(self, env=()):
        if not self.data.is_mount():
            self.data.mkdir(mode=0o700)
            words = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", str(self.data)]
            if subprocess.run(words, capture_output=True).returncode != 0:
                raise Skipped("mounting is not allowed")
        super().start(env)

    def stop(self):
        result = super().stop()
        subprocess.run(["umount", "-l", str(self.data)], capture_output=True)
        return result


def root(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise Skipped(f"{words[0]} is not allowed")
    return done.stdout.strip()


class Failing(World):
    """A world whose store stands on a disk that can be made to fail: the kernel turns it read-only under the open
    files. The journal has another."""

    def start(self, env=()):
        image, journal = self.folder / "disk.img", self.data / "journal"
        if not image.exists():
            self.data.mkdir(mode=0o700)
            image.write_bytes(b"")
            root("truncate", "-s", "32m", str(image))
            root("mke2fs", "-q", "-t", "ext4", "-F", str(image))
            root("mount", "-o", "loop,errors=remount-ro", str(image), str(self.data))
            journal.mkdir(mode=0o700)
            root("mount", "-t", "tmpfs", "-o", "size=256m,mode=700", "tmpfs", str(journal))
        super().start(env)

    def fail(self):
        device = root("losetup", "-n", "-O", "NAME", "-j", str(self.folder / "disk.img")).rsplit("/", 1)[-1]
        trigger = pathlib.Path("/sys/fs/ext4", device, "trigger_fs_error")
        if not trigger.exists():
            raise Skipped("no file system can be made to fail")
        trigger.write_text("1")

    def mend(self):
        """As an operator would: a check of the file system, and mounted again."""
        root("mount", "--move", str(self.data / "journal"), str(self.folder / "aside"))
        root("umount", str(self.data))
        root("e2fsck", "-p", "-f", str(self.folder / "disk.img"), check=False)
        root("mount", "-o", "loop,errors=remount-ro", str(self.folder / "disk.img"), str(self.data))
        root("mount", "--move", str(self.folder / "aside"), str(self.data / "journal"))

    def stop(self):
        result = super().stop()
        for place in (self.data / "journal", self.folder / "aside", self.data):
            root("umount", "-l", str(place), check=False)
        return result


def on(url):
    return [("metrics_listen:", f'store: "{url}"\nmetrics_listen:')]


def load(world, key, mark, count):
    """That many requests, ten at a time: all are answered, none waits for the store."""
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        began = time.monotonic()
        asked = [pool.submit(ask, world, key, f"{mark}{i}", stream=i % 2 == 0)
                 for i in range(count)]
        answers = [one.result() for one in asked]
    bad = [a for a in answers if a.status != 200 or a.ended != "clean"]
    assert not bad, (len(bad), bad[0].status, bad[0].body[:200])
    assert time.monotonic() - began < 20, "requests wait for the store"


def billed(world):
    done = verb(world, "usage", "--data", str(world.data), "--by", "day", "--json")
    return json.loads(done.stdout)["total"]["requests"]


def comes_to(world, count):
    until(lambda: billed(world) == count, f"not {count} requests are billed", 20.0)
    done = verb(world, "ledger", "verify", "--data", str(world.data))
    assert done.returncode == 0 and "ledger: ok" in done.stdout, done.stdout + done.stderr


def scene_postgres_goes(worlds):
    """PostgreSQL is killed and comes back, and is stopped and started, under load"""
    server = worlds.postgres()
    world = worlds.make(changes=on(server.url))
    key = world.key("outage")
    load(world, key, "a", 40)
    for way in ("kill", "stop"):
        server.tell(way)
        load(world, key, way, 60)
        server.tell("start")
        load(world, key, way + "again", 20)
    comes_to(world, 200)
    log = world.tail(1000)  # which of these comes first is a matter of the moment
    assert re.search("cannot connect|connection broke|not connected", log) and "hush" not in log, log
    assert "hush" not in (world.data / "store.url").read_text()


def scene_postgres_nodes(worlds):
    """two daemons on one PostgreSQL: keys, revocation and usage are of both"""
    server = worlds.postgres()
    first = worlds.make(changes=on(server.url))
    second = worlds.make(changes=on(server.url))
    key = first.key("shared")
    load(first, key, "a", 30)
    load(second, key, "b", 30)
    comes_to(first, 60)
    comes_to(second, 60)
    verb(first, "key", "revoke", "--data", str(first.data), key[:14])
    for world in (first, second):
        until(lambda: ask(world, key, "x").status == 401, "a revoked key is served", 10.0)


def scene_postgres_crash(worlds):
    """kill -9 of the daemon while PostgreSQL is away: the next start brings it all"""
    server = worlds.postgres()
    world = worlds.make(changes=on(server.url))
    key = world.key("crash")
    load(world, key, "a", 20)
    server.tell("kill")
    load(world, key, "b", 30)
    world.daemon.kill()
    world.daemon.wait()
    server.tell("start")
    world.start()
    comes_to(world, 50)


def scene_sqlite_locked(worlds):
    """SQLite locked by somebody for three seconds"""
    world = worlds.make()
    key = world.key("locked")
    lock = sqlite3.connect(world.data / "flux.db", isolation_level=None)
    lock.execute("begin exclusive")
    end = time.monotonic() + 3
    count = 0
    while time.monotonic() < end:
        load(world, key, f"l{count}", 20)
        count += 20
    lock.execute("rollback")
    lock.close()
    comes_to(world, count)


READ_LOCKS = (123, 5)  # of flux.db-shm: sqlite.org/walformat.html, "WAL locks"


def scene_sqlite_hangs_at_stop(worlds):
    """SIGTERM while the store lets nobody read, and somebody has left who asked for a new key"""
    world = worlds.make()
    ask(world, world.key("some"), "h0")
    stranger = http.Link(world.address)
    with open(world.data / "flux.db-shm", "r+b") as shm:
        until(lambda: held(shm), "no moment without a reader")
        stranger.send(request("sk-flux-" + "B" * 43, "h1"), 1 << 20)
        time.sleep(0.1)
        stranger.leave()
        world.daemon.send_signal(signal.SIGTERM)
        time.sleep(1)  # the loops have gone
    assert world.daemon.wait(15) == 0, world.tail(5)
    world.start()


def scene_leases_out_at_stop(worlds):
    """SIGTERM while SQLite takes no leases back: the seat is not left as if it had, and the next start does it"""
    world = worlds.make()
    load(world, world.key("lent", '{"month_usd": 5}'), "o", 10)
    world.entries("lent", 10)
    store = sqlite3.connect(world.data / "flux.db", isolation_level=None)
    leased = lambda: store.execute("select coalesce(sum(nusd), 0) from leases").fetchone()[0]
    until(lambda: leased() > 0, "nothing is leased")
    time.sleep(0.5)  # all that was settled has been carried
    store.execute("begin immediate")
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(15) == 0, world.tail(5)
    left = (world.data / "journal" / "seat").stat().st_size
    store.execute("rollback")
    assert leased() > 0 and left > 0, (leased(), left)
    world.start()
    until(lambda: leased() == 0, "what was leased is not given back")
    store.close()


def held(shm):
    try:
        fcntl.lockf(shm, fcntl.LOCK_EX | fcntl.LOCK_NB, READ_LOCKS[1], READ_LOCKS[0])
    except OSError:
        return False
    return True


def scene_disk_full(worlds):
    """no byte is left for SQLite: served, journalled, and carried when there is room again"""
    world = worlds.make(Small)
    key = world.key("full")
    load(world, key, "a", 10)
    world.entries("full", 10)
    filler = world.data / "filler"
    with open(filler, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    load(world, key, "b", 200)
    until(lambda: "full" in world.tail(200), "nobody says that the disk is full")
    assert len(world.read_entries("full")) < 210
    filler.unlink()
    comes_to(world, 210)


def scene_sqlite_read_only(worlds):
    """the disk under SQLite turns read-only: served and journalled; all is there after disk and daemon are mended"""
    world = worlds.make(Failing)
    key = world.key("readonly")
    load(world, key, "a", 10)
    world.entries("readonly", 10)
    world.fail()
    load(world, key, "b", 200)
    until(lambda: re.search("readonly|read-only|I/O error", world.tail(200)), "nobody says what is wrong")
    world.daemon.kill()
    world.daemon.wait()
    (world.folder / "aside").mkdir()
    world.mend()
    world.start()
    comes_to(world, 210)


def scene_backup(worlds):
    """a backup under load is whole, and a daemon starts from it"""
    world = worlds.make()
    key = world.key("kept")
    copy = world.folder / "copy.db"
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        busy = pool.submit(load, world, key, "a", 300)
        time.sleep(0.2)
        verb(world, "backup", "--data", str(world.data), "--to", str(copy))
        busy.result()
    comes_to(world, 300)
    done = subprocess.run([str(world.build / "fluxrouter"), "restore", "--data", str(world.data),
                           "--from", str(copy)], capture_output=True, text=True)
    assert done.returncode == 1 and "serves from" in done.stderr, done.stderr
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(15) == 0
    verb(world, "restore", "--data", str(world.data), "--from", str(copy))
    world.start()
    comes_to(world, 300)  # the journal has what the copy lacks


class Worlds:
    """What a scene made, to be ended whatever happens."""

    def __init__(self, options):
        self.options, self.made, self.servers = options, [], []

    def make(self, kind=World, changes=()):
        self.made.append(kind("main", self.options.build, self.options.keep, changes))
        return self.made[-1]

    def postgres(self):
        self.servers.append(Postgres())
        return self.servers[-1]

    def tail(self):
        return "\n".join("--- daemon\n" + world.tail(8) for world in self.made)

    def end(self):
        problems = []
        for world in self.made:
            status = world.stop()
            if status != 0:
                problems.append(f"a daemon ended with {status}")
        for server in self.servers:
            server.tell("remove")
        return problems


def play(run, options):
    worlds = Worlds(options)
    try:
        run(worlds)
        problem = ""
    except Skipped:
        worlds.end()
        raise
    except Exception:
        last = traceback.format_exc().splitlines()[-7:]
        problem = "\n".join(last) + "\n" + worlds.tail()
    return "; ".join([problem] * bool(problem) + worlds.end())


SCENES = {name[6:]: run for name, run in list(globals().items()) if name.startswith("scene_")}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    passed = failed = 0
    skipped = []
    for name, run in SCENES.items():
        if options.what and not any(word in name for word in options.what):
            continue
        began = time.monotonic()
        try:
            problem = play(run, options)
        except Skipped as why:
            skipped.append(str(why))
            continue
        passed, failed = passed + (not problem), failed + bool(problem)
        print(f"{name}: {time.monotonic() - began:.1f} s")
        if problem:
            print(f"FAILED stores {name}: {problem}", flush=True)
    why = f", {len(skipped)} skipped ({'; '.join(sorted(set(skipped)))})" if skipped else ""
    print(f"stores: {passed} passed, {failed} failed{why}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
