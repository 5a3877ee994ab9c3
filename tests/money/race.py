#!/usr/bin/env python3
"""Many requests of one fixed cost against a ceiling that admits a tenth of them.

    tests/money/race.py [--build DIR] [--requests 10000]

One node on SQLite admits exactly floor(ceiling / cost). Four nodes on one PostgreSQL never admit
more, and once their leases are returned at most one minimum lease per node less. Who waits for the
house's money is served as soon as a reload raises its ceiling, and not once its key is revoked.
FLUX_POSTGRES names the server (tests/postgres.sh run ..). The last line is "race: N passed, N failed".
"""

import argparse
import os
import signal
import sys
import threading
import time

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


def set_house(node, nusd):
    text = node.config.read_text().split("ceilings:")[0]
    node.config.write_text(text + f"ceilings: {{global_month_usd: {usd(nusd)}}}\n")


def reload(node):
    set_house(node, rig.COST * 3)
    node.process.send_signal(signal.SIGHUP)


def revoke(node):
    node.ask("DELETE", f"/keys/{node.ask('GET', '/keys')['data'][-1]['id']}")
    time.sleep(1)


def wait_while(name, act, second, build):
    """The first of two holds most of the house's money for 4 s; the second waits for it."""
    house = rig.House(build, rules="wait 4000\nusage 10 100\nbuiltin\n")
    try:
        node = house.node()
        key = node.account("waits", month_usd=1, clamp=False)
        set_house(node, rig.COST * 3 // 2)
        node.stop()
        node.start()
        told = rig.Told()
        words = ([node.address], key, 2, 1, told)
        clients = threading.Thread(target=rig.hammer, args=words)
        clients.start()
        time.sleep(2)
        act(node)
        clients.join()
        wanted = {200: 2} if second == 200 else {200: 1, second: 1}
        problem = "" if told.statuses == wanted else f"{dict(told.statuses)}, {dict(told.codes)}"
    except AssertionError as error:
        problem = f"{error}"
    finally:
        house.close()
    if problem:
        print(f"FAILED {name} while one waits: {problem}", flush=True)
    return not problem


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--requests", type=int, default=int(os.environ.get("FLUX_RACE", 10000)))
    options = parser.parse_args()
    url = os.environ.get("FLUX_POSTGRES", "none:FLUX_POSTGRES is not set")
    results = [play("on SQLite", options.build, "", 1, options.requests)]
    results.append(wait_while("reload", reload, 200, options.build))
    results.append(wait_while("revoke", revoke, 401, options.build))
    skipped = ""
    if url.startswith("none:"):
        skipped = f", 1 skipped ({url[5:]})"
    else:
        results.append(play("on PostgreSQL", options.build, url, 4, options.requests))
    print(f"race: {sum(results)} passed, {len(results) - sum(results)} failed{skipped}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
