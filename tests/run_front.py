#!/usr/bin/env python3
"""What clients meet at the door: TLS, HTTP/2, hostile frames; our own client and those of others.

    tests/run_front.py [--build build/asan] [--keep] [--quick] [NAME-PART ...]
    FLUX_LONG=1    also what takes minutes (a stalled window, a socket that nobody reads)

The last line is "front: N passed, N failed[, N skipped (why)]".
"""

import argparse
import os
import sys
import traceback

sys.dont_write_bytecode = True
from caselib.world import World
from front import hostile

LONG = bool(os.environ.get("FLUX_LONG"))


def play_hostile(world):
    return hostile.check(world, 200 if LONG else 0 if world.is_quick else 31)


PARTS = {"hostile": play_hostile}


def played(name, options):
    """(passed, failures)"""
    world = World("main", options.build, options.keep, via="front")
    world.is_quick = options.quick
    try:
        passed, failures = PARTS[name](world)
    except Exception:
        passed, failures = 0, [traceback.format_exc() + world.tail(8)]
    status = world.stop()
    if status != 0:
        failures.append(f"the daemon ended with {status}\n{world.last_words}")
    return passed, failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--quick", action="store_true", help="without what takes time")
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    passed, failed = 0, 0
    for name in PARTS:
        if options.what and not any(w in name for w in options.what):
            continue
        good, bad = played(name, options)
        passed, failed = passed + good, failed + len(bad)
        for one in bad:
            print(f"FAILED front {name}: {one}", flush=True)
    print(f"front: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
