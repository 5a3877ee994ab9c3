#!/usr/bin/env python3
"""Two nodes on one PostgreSQL: a key revoked at one is refused at the other, and a database that is
gone for a while never lets more through than the ceiling.

    tests/postgres.sh run tests/money/nodes.py [--build DIR]

The last line is "nodes: N passed, N failed".
"""

import argparse
import os
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import rig
from race import usd

ADMITTED = 600


def status_of(node, key):
    told = rig.hammer([node.address], key, 1)
    return next(iter(told.statuses), 0)


def revocation(house):
    """Gives what is wrong, or nothing."""
    here, there = house.node(), house.node()
    key = here.account("far", month_usd="1")
    if status_of(there, key) != 200:
        return "the other node does not know a new key"
    made = here.ask("GET", "/keys?account=far")
    here.ask("DELETE", f"/keys/{made['data'][0]['id']}")
    began = time.monotonic()
    while status_of(there, key) == 200:
        if time.monotonic() - began > 5:
            return "the other node still serves a key that was revoked 5 s ago"
    took = time.monotonic() - began
    print(f"  a revoked key is refused by the other node after {took * 1000:.0f} ms", flush=True)
    return "" if took <= 2 else f"refused only after {took:.1f} s"


def server(verb):
    subprocess.run(["bash", str(rig.ROOT / "tests/postgres.sh"), verb, os.environ["FLUX_POSTGRES_DIR"]],
                   check=True, stdout=subprocess.DEVNULL)


def until_answered(nodes, key):
    """The store is back: then every node says 200, or 402."""
    deadline = time.monotonic() + 40
    for node in nodes:
        while status_of(node, key) not in (200, 402):
            assert time.monotonic() < deadline, "a node does not come back: " + node.tail()
            time.sleep(0.2)


def outage(house):
    nodes = [house.node(), house.node()]
    addresses = [n.address for n in nodes]
    key = nodes[0].account("cut", month_usd=usd(ADMITTED * rig.COST), clamp=False)
    told = rig.hammer(addresses, key, 20, 5)
    server("kill")
    rig.hammer(addresses, key, 40, 20, told)
    print(f"  without a store: {dict(told.statuses)} {dict(told.codes)}", flush=True)
    refused = set(told.codes) - {"ledger_unavailable", "account_monthly_ceiling", "ceiling_busy"}
    server("start")
    if refused or told.statuses[200] > ADMITTED or told.unanswered:
        return f"{dict(told.codes)}, {told.unanswered} unanswered"
    until_answered(nodes, key)
    for node in nodes:
        node.stop()
    served = len({name for name, _, charge in rig.entries(house, nodes[0]) if charge})
    nodes[0].start()
    more = rig.hammer([nodes[0].address], key, 1, ADMITTED)
    print(f"  served {served}, and {more.statuses[200]} when all leases were back", flush=True)
    if served + more.statuses[200] != ADMITTED:
        return f"{served} and {more.statuses[200]} are not {ADMITTED}"
    books = house.verb(nodes[0], "ledger", "verify")
    return "" if "ok" in books else books


def play(run, build, url):
    house = rig.House(build, url)
    try:
        problem = run(house)
    except AssertionError as error:
        problem = f"{error}"
    finally:
        house.close()
    if problem:
        print(f"FAILED nodes, {run.__name__}: {problem}", flush=True)
    return not problem


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    options = parser.parse_args()
    url = os.environ.get("FLUX_POSTGRES", "none:FLUX_POSTGRES is not set")
    if url.startswith("none:"):
        print(f"nodes: 0 passed, 0 failed, 1 skipped ({url[5:]})")
        return 0
    results = [play(run, options.build, url) for run in (outage, revocation)]
    print(f"nodes: {sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
