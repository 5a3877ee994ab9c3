#!/usr/bin/env python3
"""Two nodes on one PostgreSQL: a key revoked at one is refused at the other, a database that is
gone for a while never lets more through than the ceiling, and what a dead node had leased counts as
spent until an operator writes it off.

    tests/postgres.sh run tests/money/nodes.py [--build DIR]

The last line is "nodes: N passed, N failed".
"""

import argparse
import datetime
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


def charged(house, node):
    return len([1 for _, _, charge in rig.entries(house, node) if charge])


def drain(node, key):
    """Asks until money is refused; gives how many were served."""
    told = rig.Told()
    while set(told.statuses) <= {200}:
        rig.hammer([node.address], key, 50, 1, told)
    return told.statuses[200]


def leases_of_months(house, node):
    lines = house.verb(node, "ledger", "leases").splitlines()[1:]
    return [line.split() for line in lines if "account_month" in line]


def seconds_until(text):
    told = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return max(0, told.timestamp() - time.time())


def refuses_write_off(house, node, lease):
    """Gives what is wrong: nobody may write off what its node could still spend."""
    try:
        house.verb(node, "ledger", "write-off", lease, status=1)
    except AssertionError as error:
        return f"a lease in force: {error}"
    return ""


def write_off(house):
    dead, alive = house.node(), house.node()
    key = dead.account("gone", month_usd=usd(ADMITTED * rig.COST), clamp=False)
    others = {words[0] for words in leases_of_months(house, alive)}
    before = charged(house, dead)
    served = rig.hammer([dead.address], key, 4, 5).statuses[200]
    deadline = time.monotonic() + 60
    while charged(house, dead) - before < served:  # what is not carried yet would be lost with the node
        assert time.monotonic() < deadline, "entries do not come to the store"
        time.sleep(0.05)
    dead.kill()
    (lease,) = [words for words in leases_of_months(house, alive) if words[0] not in others]
    leased = round(float(lease[3]) * 1e9) // rig.COST
    more = drain(alive, key)
    print(f"  a dead node served {served} and had {leased} leased; the other served {more}", flush=True)
    if leased <= 0 or served + leased + more != ADMITTED:
        return f"{served} + {leased} + {more} are not {ADMITTED}"
    refusal = refuses_write_off(house, alive, lease[0])
    if refusal:
        return refusal
    time.sleep(seconds_until(lease[5]) + 0.1)
    house.verb(alive, "ledger", "write-off", lease[0])
    last = drain(alive, key)
    alive.stop()
    books = house.verb(alive, "ledger", "verify")
    print(f"  after it was written off {last} more were served", flush=True)
    return "" if last == leased and "ok" in books else f"{last} are not {leased}: {books}"


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
    parser.add_argument("only", nargs="?", help="part of a scene's name")
    options = parser.parse_args()
    url = os.environ.get("FLUX_POSTGRES", "none:FLUX_POSTGRES is not set")
    if url.startswith("none:"):
        print(f"nodes: 0 passed, 0 failed, 1 skipped ({url[5:]})")
        return 0
    results = [play(run, options.build, url) for run in (outage, revocation, write_off)
               if not options.only or options.only in run.__name__]
    print(f"nodes: {sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
