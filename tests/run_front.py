#!/usr/bin/env python3
"""What clients meet at the door: TLS, HTTP/2, proxies in front, hostile frames; our own client and
those of others (curl, nghttp, h2load, varnishtest, a browser).

    tests/run_front.py [--build build/asan] [--keep] [--quick] [NAME-PART ...]
    FLUX_LONG=1    also what takes minutes, and installs a browser where there is none

The last line is "front: N passed, N failed[, N skipped (why)]".
"""

import argparse
import concurrent.futures
import os
import sys
import traceback

sys.dont_write_bytecode = True
from caselib.ports import free_port
from caselib.world import World
from front import browser, clients, full, hostile, leaving, places, proxies, records, scripts, slow

LONG = bool(os.environ.get("FLUX_LONG"))
MORE = """listeners:
  - {address: "127.0.0.1:%(clear)d", http2: true}
  - {address: "127.0.0.1:%(proxied)d", proxy_protocol: true}
"""
TRUSTED = "trusted_proxies: [127.0.0.1, 10.0.0.0/8]\n"


def play_hostile(world):
    return hostile.check(world, 200 if LONG else 0 if world.is_quick else 31)


# Each gives (passed, failures) and, where programs are missing, their names.
PARTS = {"hostile": play_hostile, "slow": slow.check, "proxies": proxies.check, "clients": clients.check,
         "records": records.check,
         "scripts": scripts.check, "leaving": leaving.check, "full": full.check,
         "places": places.check,
         "browser": browser.check}


# More of the configuration, for some.
CHANGES = {"full": [("threads: 2", "threads: 1\nconnections_max: %d" % full.MAX)],
           "places": [("threads: 2", "threads: 1\nrequests_max: %d\nqueue_wait: 20s" % places.PLACES)]}


def open_world(name, options):
    ports = {"clear": free_port(), "proxied": free_port()}
    changes = [("listeners:\n", TRUSTED + MORE % ports), *CHANGES.get(name, [])]
    world = World("main", options.build, options.keep, changes, via="front")
    world.is_quick, world.is_long = options.quick, LONG
    world.clear, world.proxied = (("127.0.0.1", ports[name]) for name in ("clear", "proxied"))
    return world


def played(name, options):
    """(passed, failures, skipped)"""
    world = open_world(name, options)
    try:
        passed, failures, *skipped = PARTS[name](world)
    except Exception:
        passed, failures, skipped = 0, [traceback.format_exc() + world.tail(8)], []
    status = world.stop()
    if status != 0:
        failures.append(f"the daemon ended with {status}\n{world.last_words}")
    return passed, failures, skipped[0] if skipped else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--quick", action="store_true", help="without what takes time")
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    passed, failed, skipped = 0, 0, []
    names = [name for name in PARTS if not options.what or any(w in name for w in options.what)]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:  # most of them wait most of the time
        done = pool.map(lambda name: played(name, options), names)
    for name, (good, bad, missing) in zip(names, done):
        passed, failed, skipped = passed + good, failed + len(bad), skipped + missing
        for one in bad:
            print(f"FAILED front {name}: {one}", flush=True)
    left_out = f", {len(skipped)} skipped ({', '.join(skipped)})" if skipped else ""
    print(f"front: {passed} passed, {failed} failed{left_out}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
