#!/usr/bin/env python3
"""kill -9 at random moments under load, again and again, against one ceiling.

    tests/money/crash.py [--build DIR] [--rounds 30] [--seed N]

Every third restart is itself killed while it recovers. In the end: every request that was answered
with 200 has exactly one entry, the books agree (`ledger verify`), and what was charged is not above
the ceiling. FLUX_POSTGRES adds a second play on PostgreSQL, whose server is killed too. The last
line is "crash: N passed, N failed".
"""

import argparse
import os
import random
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
import rig
from race import usd


def load_until_dead(node, key, told, rand):
    """Clients that ask as long as somebody answers; the node is killed in the middle of it."""
    timer = threading.Timer(rig.GATE_S + rand.uniform(0.02, 0.4), node.kill)
    timer.start()
    rig.hammer([node.address], key, 20, 400, told)
    timer.join()
    node.kill()


def restart(node, round_number, rand):
    if round_number % 3 == 2:
        node.start(wait=False)
        time.sleep(rand.uniform(0, 0.15))
        node.kill()
    node.start()


def wrong_entries(house, node, told, ceiling):
    """Answered requests against the store's rows."""
    found = {}
    for name, attempt, charge in rig.entries(house, node):
        found.setdefault(name, []).append((attempt, charge))
    lost = [i for i in told.ids if i not in found]
    doubled = [i for i, them in found.items() if len({a for a, _ in them}) != len(them)]
    unpaid = [i for i in told.ids if i in found and found[i][0][1] != rig.COST]
    total = sum(charge for them in found.values() for _, charge in them)
    print(f"  answered {len(told.ids)}, entries {len(found)}, charged {total} of {ceiling}")
    if len(told.ids) < 100:
        return f"only {len(told.ids)} requests were answered: {told.statuses} {told.codes}"
    if lost or doubled or unpaid:
        return f"lost {lost[:3]}, doubled {doubled[:3]}, unpaid {unpaid[:3]}"
    return f"charged {total - ceiling} too much" if total > ceiling else ""


def crash(house, rounds, seed):
    rand, told, node = random.Random(seed), rig.Told(), house.node()
    ceiling = 100 * rounds * rig.COST  # the last third meets it
    key = node.account("crash", month_usd=usd(ceiling), clamp=False)
    for i in range(rounds):
        load_until_dead(node, key, told, rand)
        restart(node, i, rand)
    node.stop()
    books = house.verb(node, "ledger", "verify")
    return wrong_entries(house, node, told, ceiling) or ("" if "ok" in books else books)


def play(name, build, store, rounds, seed):
    house = rig.House(build, store)
    try:
        problem = crash(house, rounds, seed)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        problem = f"{error}"
    finally:
        house.close()
    if problem:
        print(f"FAILED crash {name} (seed {seed}): {problem}", flush=True)
    return not problem


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--rounds", type=int, default=int(os.environ.get("FLUX_CRASHES", 30)))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    url = os.environ.get("FLUX_POSTGRES", "none:FLUX_POSTGRES is not set")
    results = [play("on SQLite", options.build, "", options.rounds, options.seed)]
    skipped = ""
    if url.startswith("none:"):
        skipped = f", 1 skipped ({url[5:]})"
    else:
        results.append(play("on PostgreSQL", options.build, url, options.rounds // 3, options.seed))
    print(f"crash: {sum(results)} passed, {len(results) - sum(results)} failed{skipped}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
