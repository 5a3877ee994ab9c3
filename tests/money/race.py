#!/usr/bin/env python3
"""Many requests of one fixed cost against a ceiling that admits a tenth of them.

    tests/money/race.py [--build DIR] [--requests 10000]

One node on SQLite admits exactly floor(ceiling / cost). Four nodes on one PostgreSQL never admit
more, and once their leases are returned at most one minimum lease per node less. FLUX_POSTGRES
names the server (tests/postgres.sh run ..). The last line is "race: N passed, N failed".
"""

import argparse
import os
import sys

sys.dont_write_bytecode = True
import rig


def usd(nusd):
    return "%d.%09d" % divmod(nusd, 10**9)


def race(house, nodes, requests):
    """Gives what is wrong, or nothing."""
    admitted = requests // 10
    ceiling = admitted * rig.COST + rig.COST // 2
    key = nodes[0].account("race", month_usd=usd(ceiling), clamp=False)
    told = rig.hammer([n.address for n in nodes], key, min(requests, rig.most_clients()))
    if requests > sum(told.statuses.values()):
        left = requests - sum(told.statuses.values())
        rig.hammer([n.address for n in nodes], key, 100, left // 100, told)
    print(f"  {len(nodes)} node(s): {dict(told.statuses)} {dict(told.codes)}", flush=True)
    if told.unanswered:
        return f"{told.unanswered} clients got no answer"
    if told.statuses[200] > admitted:
        return f"{told.statuses[200]} were admitted, {admitted} may be"
    if len(nodes) == 1 and told.statuses[200] != admitted:
        return f"{told.statuses[200]} were admitted, not {admitted}"
    return ask_again(nodes, key, admitted - told.statuses[200], told)


def ask_again(nodes, key, left, told):
    """After a clean stop all leases are back: then one node can spend what is left."""
    for node in nodes:
        node.stop()
    nodes[0].start()
    more = rig.hammer([nodes[0].address], key, 1, left + 5)
    total = told.statuses[200] + more.statuses[200]
    print(f"  after the leases came back: {more.statuses[200]} of {left} left", flush=True)
    if more.statuses[200] != left:
        return f"{total} were admitted in all, not {total + left - more.statuses[200]}"
    books = nodes[0].house.verb(nodes[0], "ledger", "verify")
    return "" if "ok" in books else books


def play(name, build, store, count, requests):
    house = rig.House(build, store)
    try:
        problem = race(house, [house.node() for _ in range(count)], requests)
    except AssertionError as error:
        problem = f"{error}"
    finally:
        house.close()
    if problem:
        print(f"FAILED race {name}: {problem}", flush=True)
    return not problem


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--requests", type=int, default=int(os.environ.get("FLUX_RACE", 10000)))
    options = parser.parse_args()
    url = os.environ.get("FLUX_POSTGRES", "none:FLUX_POSTGRES is not set")
    results = [play("on SQLite", options.build, "", 1, options.requests)]
    skipped = ""
    if url.startswith("none:"):
        skipped = f", 1 skipped ({url[5:]})"
    else:
        results.append(play("on PostgreSQL", options.build, url, 4, options.requests))
    print(f"race: {sum(results)} passed, {len(results) - sum(results)} failed{skipped}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
