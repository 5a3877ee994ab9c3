#!/usr/bin/env python3
"""Replays tests/cases/*.case against a real daemon and fluxprovider. See tests/cases/README.

    tests/run_cases.py [--build build/asan] [--long] [--via h2] [--keep] [--jobs N] [PART-OF-FILE-OR-TITLE ...]

The last line is "cases: N passed, N failed"; each way of playing a case counts as one.
"""

import argparse
import concurrent.futures
import pathlib
import sys
import time
import traceback

sys.dont_write_bytecode = True
from caselib import check, replay, text
from caselib.world import ROOT, World

sys.path.append(str(ROOT / "tests/money"))
import recompute
from prices_of import Prices


class Tally:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def note(self, case, way, wrong):
        if not wrong:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAILED {case.where} {case.title} [{way}]")
        for line in wrong[:12]:
            print(f"    {line}")
        sys.stdout.flush()


def settle_entries(expected, rows):
    """Exactly one row for each expected entry: first by request id, then in any order."""
    wrong, left = [], list(rows)
    for request_id, words in sorted(expected, key=lambda e: e[0] is None):
        wanted = request_id.replace("-", "") if request_id else None
        found = [r for r in left if wanted is None or r["request_id"] == wanted]
        fitting = [r for r in found if not check.check_entry(words, r)] or found
        if not fitting:
            wrong.append(
                f"entry: none for request {request_id or '(unknown)'}, wanted {' '.join(words)}"
            )
            continue
        wrong += check.check_entry(words, fitting[0])
        left.remove(fitting[0])
    wrong += [f"entry: one too many: request {r['request_id']} ended {r.get('end')}" for r in left]
    return wrong


def run_case(world, case, number, long, tally):
    """All ways of one case in turn, under an account of its own; then its entries together."""
    account, expected, half = f"case-{number}", [], 0
    any_wrong = False
    for index, way in enumerate(replay.ways_of(case, long)):
        one = replay.Replay(world, case, way, f"c{number}-{index}", account, half)
        try:
            wrong = one.play()
        except Exception:
            wrong = traceback.format_exc().splitlines()[-6:]
        half = max(1, one.sent_bytes // 2) if one.sent_bytes else half
        expected += one.entries
        if world.daemon.poll() is not None:
            wrong.append(f"the daemon died ({world.daemon.returncode})")
        any_wrong = any_wrong or bool(wrong)
        tally.note(case, way.name, wrong)
    if not any_wrong:  # a failed way leaves its entries unknown
        rows = world.entries(account, len(expected))
        wrong = settle_entries(expected, rows)
        if wrong:
            wrong += [world.log_line(row["request_id"]) for row in rows]
        tally.note(case, "ledger", wrong)


def wrong_prices(world):
    """What tests/money makes of the whole ledger and the configuration, to the nano-dollar."""
    wrong, prices = [], Prices(world.config.read_text())
    recompute.recompute(world.all_entries(), prices, wrong.append)
    return wrong


def run_group(group, cases, options, tally):
    world = World(group, options.build, options.keep, via=options.via)
    numbered = list(enumerate(cases))
    try:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            todo = [
                pool.submit(run_case, world, c, n, options.long, tally)
                for n, c in numbered
                if not c.alone
            ]
            for one in concurrent.futures.as_completed(todo):
                one.result()
        for number, case in numbered:
            if case.alone:
                run_case(world, case, number, options.long, tally)
        leaked = world.leaked()
        end = text.Case(f"group {group}", group)
        tally.note(
            end,
            "nothing leaked",
            [f"gauge {k}: {a} before, {b} after" for k, (a, b) in leaked.items()],
        )
        tally.note(end, "prices computed again", wrong_prices(world))
    finally:
        status = world.stop()
        problems = [] if status == 0 else [f"the daemon ended with {status}", world.last_words]
        tally.note(text.Case(f"group {group}", group), "clean stop", problems)


def is_http1(case):
    asks = [e.send for e in case.exchanges]
    upgrades = any("upgrade" in line.lower() for s in asks for line in s.all("header"))
    return upgrades or any(e.closes or hasattr(e.send, "raw") for e in case.exchanges)


def chosen(options):
    cases = []
    for path in sorted((ROOT / "tests/cases").glob("*.case")):
        cases += text.read_cases(path)
    if options.via:  # what is about HTTP/1 itself is left out
        cases = [c for c in cases if "http.case" not in c.where and not is_http1(c)]
    if options.what:
        cases = [c for c in cases if any(w in c.where or w in c.title for w in options.what)]
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--via", choices=["h2"], help="clients speak HTTP/2 under TLS")
    parser.add_argument("--keep", action="store_true", help="keep the data folder")
    parser.add_argument("--jobs", type=int, default=6)
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    tally, began = Tally(), time.monotonic()
    cases = chosen(options)
    for group in sorted({c.group for c in cases}):
        run_group(group, [c for c in cases if c.group == group], options, tally)
    print(f"{len(cases)} cases in {time.monotonic() - began:.1f} s")
    print(f"cases: {tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
