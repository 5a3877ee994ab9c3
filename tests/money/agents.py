#!/usr/bin/env python3
"""Ten agents at once, each with prompts of 140 KB and max_tokens of 32,000, on five dollars: what
all may cost at most is far more than that, what they do cost is not.

    tests/money/agents.py [--build DIR]

Refused is only what the money that is spent leaves no room for: with 402, never with 429 for money
that others merely hold. The last line is "agents: N passed, N failed".
"""

import argparse
import json
import sys
import threading

sys.dont_write_bytecode = True
import rig
from caselib import http

CEILING = 5 * 10**9
COST = 112_500_000  # 35,000 tokens in at 3 USD per million, 500 out at 15
PROMPT = ("The quick brown fox jumps over the lazy dog, and so on. " * 2500)[:140_000]
BODY = json.dumps(
    {"model": "agent", "max_tokens": 32000, "messages": [{"role": "user", "content": PROMPT}]}
).encode()
MODEL = """  - name: agent
    lane: deep
    price: {input: 3, output: 15}
    context: 200000
    max_output: 64000
    targets: [{provider: plain, model: provider-agent}]
"""


def one_agent(node, key, told, lock):
    """Asks until it is refused."""
    while True:
        link = http.Link(node.address)
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
        )
        link.send(head.encode() + BODY, 1 << 20)
        answer = link.answer("POST", 30)
        link.leave()
        with lock:
            told.append((answer.status, json.loads(answer.body)))
        if answer.status != 200:
            return


def problem(told):
    statuses = [status for status, _ in told]
    if set(statuses) != {200, 402}:
        return f"statuses {sorted(set(statuses))}: {told[-1]}"
    if statuses.count(200) * COST > CEILING:
        return f"{statuses.count(200)} were served: more than the ceiling"
    for status, body in told:
        if status == 402:
            error = body["error"]
            left = float(error["limit_usd"]) - float(error["spent_usd"])
            if left >= float(error["needed_usd"]):
                return f"refused although {left} USD were left: {error}"
    served = statuses.count(200)
    print(f"  served {served} of {CEILING // COST} that could be, then 402")
    return "" if (served + 4) * COST > CEILING else f"only {served} were served"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    options = parser.parse_args()
    rig.CONFIG = rig.CONFIG.replace("tiers:", MODEL + "tiers:")
    house = rig.House(options.build, rules="wait 50\nusage 35000 500\nbuiltin\n")
    told, lock = [], threading.Lock()
    try:
        node = house.node()
        key = node.account("agents", month_usd="5")
        threads = [
            threading.Thread(target=one_agent, args=(node, key, told, lock)) for _ in range(10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said = problem(told)
    finally:
        house.close()
    if said:
        print(f"FAILED agents: {said}")
    print(f"agents: {int(not said)} passed, {int(bool(said))} failed")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
