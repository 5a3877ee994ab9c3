#!/usr/bin/env python3
"""As much as goes, while a tenth of what the provider does fails, clients leave, and things change.

    tests/chaos/run_load.py [--build build/asan] [--seconds 15] [--keep]
    FLUX_LONG=1          300 seconds

Every tenth request meets a reset, a stall, a refusal or a cut; every twentieth client leaves at some
moment; the configuration is read again all the time, sometimes a broken one; in the middle a new process
takes over. Afterwards: every 200 had the content that its request asked for, streams that were cut say so,
each answer has its entries and no entry is without a request, the ledger verifies, and memory is as after
the first part. The last line is "load: N passed, N failed".
"""

import argparse
import ctypes
import os
import pathlib
import random
import re
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http
from clients import LAST_EVENTS, TARGETS, Asking, body_of, request_of
from run_matrix import Chaos
from run_scenes import verb
from run_upgrade import OPTIONS, PR_SET_CHILD_SUBREAPER, Upgrading

CLIENTS, CHANGE_S = 16, 2.0
FAULTS = ("head.reset", "before.close", "before.garbage", "body.reset", "head.stall", "middle.reset",
          "middle.truncate", "end.close")
MARGIN_KB = 8 * 1024


class World(Upgrading, Chaos):
    write_config = Chaos.write_config


class Client(Asking):
    """Asks flux-fast: the provider that breaks things, with a good one behind it."""

    def __init__(self, world, key, number, seed):
        super().__init__(world, key, number, f"l{number:03d}l")
        self.random = random.Random(seed)
        self.asked = {}  # request id -> entries that it must have; 0: one or more
        self.left = self.cut = self.moved = 0

    def ask(self, turn):
        target, stream = self.random.choice(TARGETS), self.random.random() < 0.5
        fault = self.random.choice(FAULTS) if self.random.random() < 0.1 else ""
        text = f"{self.mark} lane:{fault}:" if fault else self.mark
        link = http.Link(self.world.address)
        link.send(request_of(self.key, target, body_of(target, text, turn, stream, "flux-fast")), 1 << 20)
        if self.random.random() < 0.05:
            time.sleep(self.random.random() * 0.02)
            link.leave(by_reset=self.random.random() < 0.5)
            self.left += 1
            return
        answer = link.answer("POST", 30)
        link.leave()
        self.check(answer, target, stream, fault)

    def check(self, answer, target, stream, fault):
        name = (answer.header("x-flux-request-id") or "").replace("-", "")
        attempts = (answer.header("x-flux-attempts") or "").split("; ")
        cuts = stream and fault.startswith(("middle", "end"))
        last = LAST_EVENTS[TARGETS.index(target)] in answer.body
        words = b"alpha" if cuts else self.mark.encode()  # a cut one may have the first word alone
        if answer.status != 200 or words not in answer.body:
            raise AssertionError(f"{fault or 'no fault'}: {answer.status} {bytes(answer.body[:200])!r}")
        if (answer.ended == "clean") == cuts or (stream and last == cuts):
            raise AssertionError(f"{fault or 'no fault'}: ended {answer.ended}, last event {last}")
        self.asked[name] = 0 if stream else len(attempts)
        self.cut += cuts
        self.moved += len(attempts) > 1


def change(world, good, number):
    """A reload; every third a broken file, which must change nothing."""
    if number % 3 == 2:
        world.config.write_text(good + "  - {match: 7\n")
    else:
        world.config.write_text(good + f"# {number}\n")
    os.kill(world.pid, signal.SIGHUP)
    time.sleep(0.05)
    world.config.write_text(good)


def anonymous_kb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status).group(1))


def spend(world, seconds):
    """The load itself; gives what was measured on the way."""
    good, began, number, old = world.config.read_text(), time.monotonic(), 0, None
    early_kb = 0
    while (spent := time.monotonic() - began) < seconds:
        time.sleep(min(CHANGE_S, seconds / 8))
        change(world, good, number)
        number += 1
        if old is None and spent > seconds / 3:
            old = world.upgrade()
            taken = time.monotonic()
        if old and not early_kb and time.monotonic() - taken > seconds / 5:
            early_kb = anonymous_kb(world.pid)
    return old, early_kb, number


def wrong_books(world, clients):
    expected = {name: count for c in clients for name, count in c.asked.items()}
    deadline, rows = time.monotonic() + 20, {}
    while time.monotonic() < deadline:
        rows = {}
        for row in world.read_entries("load"):
            rows.setdefault(row["request_id"], []).append(row["attempt"])
        if all(len(rows.get(name, [])) >= max(count, 1) for name, count in expected.items()):
            break
        time.sleep(0.2)
    lost = set(expected) - set(rows)
    odd = [n for n, a in rows.items() if sorted(a) != list(range(1, len(a) + 1))]
    miscounted = [n for n, c in expected.items() if c and n in rows and len(rows[n]) != c]
    left = sum(c.left for c in clients)
    more = len(set(rows) - set(expected))
    print(f"load: {len(rows)} requests in the books, {more} of {left} clients that left among them")
    found = [f"{len(lost)} answers without an entry"] * bool(lost)
    found += [f"{len(odd)} requests whose attempts are not 1, 2, ..."] * bool(odd)
    found += [f"{len(miscounted)} with more or fewer entries than attempts"] * bool(miscounted)
    return found + [f"{more - left} entries that nobody asked for"] * (more > left)


def play(world, seconds, seed):
    key = world.key("load")
    clients = [Client(world, key, n, seed + n) for n in range(CLIENTS)]
    for c in clients:
        world.plain.script(f"on * * always\nsay alpha {c.mark} beta gamma omega\nbuiltin\n", c.mark)
        c.start()
    old, early_kb, changes = spend(world, seconds)
    for c in clients:
        c.stopping = True
    for c in clients:
        c.join(40)
    late_kb = anonymous_kb(world.pid)
    answers = sum(len(c.asked) for c in clients)
    wrong = [sentence for c in clients for sentence in c.wrong]
    print(
        f"load: {answers} answers in {seconds} s, {sum(c.moved for c in clients)} from a second target, "
        f"{sum(c.cut for c in clients)} cut, {sum(c.left for c in clients)} clients left; {changes} reloads, "
        f"a new process; {early_kb} KiB, at the end {late_kb}"
    )
    found = [f"{len(wrong)} wrong answers, such as {wrong[0]}"] if wrong else []
    found += wrong_books(world, clients)
    if old is None or world.ended(old, 60) != 0:
        found.append("the old process did not end well")
    if "san" not in str(OPTIONS["build"]) and late_kb - early_kb > MARGIN_KB:
        found.append(f"memory grows: {early_kb} KiB, then {late_kb}")
    told = verb(world, "ledger", "verify", "--data", str(world.data), check=False)
    return found + ([told.stdout + told.stderr] if told.returncode else [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--seconds", type=int, default=300 if os.environ.get("FLUX_LONG") else 15)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    OPTIONS["build"] = options.build
    world = World(options.build, options.keep)
    found = play(world, options.seconds, options.seed)
    tail = world.tail(3)
    if world.stop():
        found.append(f"the daemon ended badly\n{tail}")
    for sentence in found:
        print(f"FAILED load (seed {options.seed}): {sentence}")
    print(f"load: {6 - len(found)} passed, {len(found)} failed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
