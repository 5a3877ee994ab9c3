#!/usr/bin/env python3
"""Months that turn while a request runs, and clocks that step, by a daemon whose clock is ours
(libfaketime).

    tests/money/turn.py [--build DIR]

A request belongs to the month in which it was admitted; a new month begins with all of its money; a
clock that steps back gives nothing back. The last line is "turn: N passed, N failed".
"""

import argparse
import glob
import sys
import threading
import time

sys.dont_write_bytecode = True
import rig

LIBRARY = (glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1") or [""])[0]


class Clock:
    """What the daemon takes for the time; it goes on from there."""

    def __init__(self, folder):
        self.file = folder / "clock"

    def set(self, day):
        self.file.write_text(f"@{day}\n")
        time.sleep(0.2)

    def env(self):
        return {
            "LD_PRELOAD": LIBRARY,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }


def spend(node, key, most):
    return rig.hammer([node.address], key, 1, most).statuses


def month(node, key):
    return next(c for c in node.usage(key)["ceilings"] if c["scope"] == "account_month")


def play(house):
    clock = Clock(house.folder)
    clock.set("2026-11-30 23:58:00")
    node = house.node(clock.env())
    key = node.account("turn", month_usd="0.010", clamp=False)  # ten requests
    if spend(node, key, 4)[200] != 4:
        return "November does not serve"
    house.provider.forget("")
    house.provider.script("on POST * always\nwait 1500\nusage 10 100\nbuiltin\n", "")
    told = rig.Told()
    slow = threading.Thread(target=rig.hammer, args=([node.address], key, 1, 1, told))
    slow.start()
    time.sleep(rig.GATE_S + 0.6)
    clock.set("2026-12-01 00:00:05")
    slow.join()
    house.provider.forget("")
    house.provider.script("on POST * always\nusage 10 100\nbuiltin\n", "")
    december = spend(node, key, 12)
    clock.set("2026-11-30 23:59:00")
    november = spend(node, key, 12)
    clock.set("2026-12-01 00:01:00")
    again = spend(node, key, 3)
    node.stop()
    books = house.verb(node, "ledger", "verify", env=clock.env())
    print(f"  over the turn {dict(told.statuses)}, December {dict(december)}, ", end="")
    print(f"back in November {dict(november)}, December again {dict(again)}")
    if told.statuses[200] != 1 or december[200] != 10 or november[200] != 5 or again[200]:
        return "the month that a request was admitted in did not pay for it"
    return "" if "ok" in books else books


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    options = parser.parse_args()
    if not LIBRARY:
        print("turn: 0 passed, 0 failed, 1 skipped (libfaketime is not installed)")
        return 0
    house = rig.House(options.build)
    try:
        problem = play(house)
    except AssertionError as error:
        problem = f"{error}"
    finally:
        house.close()
    if problem:
        print(f"FAILED turn: {problem}")
    print(f"turn: {int(not problem)} passed, {int(bool(problem))} failed")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
