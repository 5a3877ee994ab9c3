#!/usr/bin/env python3
"""Does everybody tell the same? For generated exchanges in every dialect, whole and streamed, to
providers of every dialect, some cut in the middle: the usage that the client saw, the entry in the
ledger and the price computed here again from both, to the nano-dollar.

    tests/money/agree.py [--build DIR] [--count 20000] [--seed N]

The last line is "agree: N passed, N failed".
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from decimal import Decimal

from caselib import check, http
from caselib.world import World

# of tests/cases/translate.yaml, pico-dollars per token
RATES = {
    "input": 1_000_000,
    "cache_read": 100_000,
    "cache_write_5m": 1_250_000,
    "cache_write_1h": 2_000_000,
    "output": 4_000_000,
}
PLAIN_RATES = dict(RATES, cache_write_5m=1_000_000, cache_write_1h=1_000_000)
MODELS = ["talker", "elder", "responder", "messenger"]
PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/anthropic/v1/messages",
}
BATCH = 250


def body_of(dialect, model, stream, text, wants_usage):
    body = {"model": model}
    if dialect == "responses":
        body["input"] = text
    else:
        body["messages"] = [{"role": "user", "content": text}]
    if dialect == "messages":
        body["max_tokens"] = 1000
    if stream:
        body["stream"] = True
    if stream and dialect == "chat" and wants_usage:
        body["stream_options"] = {"include_usage": True}
    return body


class Exchange:
    def __init__(self, number, rand):
        self.mark = f"x{number}"
        self.dialect, self.model = rand.choice(list(PATHS)), rand.choice(MODELS)
        self.stream, self.wants_usage = rand.random() < 0.5, rand.random() < 0.7
        self.cut = rand.randrange(1, 1500) if rand.random() < 0.15 else 0
        given = [rand.choice([0, 1, 7, 999, 123456]) for _ in range(2)]
        self.tokens = [1 + rand.randrange(10 ** rand.randrange(1, 7)), rand.randrange(1, 5000), *given]
        self.text = " ".join(["word"] * rand.randrange(1, 40))

    def script(self):
        counts = f"usage {self.tokens[0]} {self.tokens[1]} {min(self.tokens[2], self.tokens[0])}"
        die = f"die {self.cut} {'reset' if self.cut % 2 else ''}\n" if self.cut else ""
        return f"on POST *\nkey {self.mark}\n{counts}\nsay {self.text}\n{die}builtin\n"

    def ask(self, world, key):
        text = f"case:{self.mark} {self.text}"
        body = json.dumps(body_of(self.dialect, self.model, self.stream, text, self.wants_usage))
        link = http.Link(world.address)
        link.send(
            f"POST {PATHS[self.dialect]} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode(),
            1 << 20,
        )
        self.answer = link.answer("POST")
        link.leave()
        self.id = (self.answer.header("x-flux-request-id") or "").replace("-", "")
        return self


# ---- what the client was told ----


def usage_objects(exchange):
    answer = exchange.answer
    if not exchange.stream or answer.status != 200:
        whole = json.loads(answer.body, parse_float=Decimal) if answer.ended == "clean" and answer.body else {}
        return [whole["usage"]] if isinstance(whole.get("usage"), dict) else []
    found = []
    for _, data in check.events_of(answer.body):
        try:
            event = json.loads(data, parse_float=Decimal)
        except ValueError:
            continue
        for holder in (event, event.get("response"), event.get("message")):
            if isinstance(holder, dict) and isinstance(holder.get("usage"), dict):
                found.append(holder["usage"])
    return found


def totals(dialect, usage):
    """(input with all that was cached, of it read from a cache, output)"""
    if dialect == "chat":
        details = usage.get("prompt_tokens_details") or {}
        return usage["prompt_tokens"], details.get("cached_tokens", 0), usage["completion_tokens"]
    if dialect == "responses":
        details = usage.get("input_tokens_details") or {}
        return usage["input_tokens"], details.get("cached_tokens", 0), usage["output_tokens"]
    read, written = usage.get("cache_read_input_tokens", 0), usage.get("cache_creation_input_tokens", 0)
    return usage["input_tokens"] + read + written, read, usage["output_tokens"]


def price(model, entry):
    rates = RATES if model == "messenger" else PLAIN_RATES
    return (sum(entry[name] * rate for name, rate in rates.items()) + 500) // 1000


def problem(exchange, rows):
    if len(rows) != 1:
        return f"{len(rows)} entries"
    entry = rows[0]
    written = entry["cache_write_5m"] + entry["cache_write_1h"]
    if entry["end"] != "ok":
        if not exchange.cut:
            return f"ended {entry['end']}"
        billed = entry["cost_nusd"] in (0, price(exchange.model, entry))
        return "" if billed and entry["charge_nusd"] == entry["cost_nusd"] else "billed otherwise"
    if price(exchange.model, entry) != entry["cost_nusd"] or entry["charge_nusd"] != entry["cost_nusd"]:
        return f"{entry['cost_nusd']} is not {price(exchange.model, entry)}"
    told = usage_objects(exchange)
    if not told:
        may_be_silent = exchange.stream and exchange.dialect == "chat" and not exchange.wants_usage
        return "" if may_be_silent else "the client was told no usage"
    last = {}
    for usage in told:  # of messages a later event says only what changed
        last.update(usage)
    seen = totals(exchange.dialect, last)
    booked = (entry["input"] + entry["cache_read"] + written, entry["cache_read"], entry["output"])
    if seen != booked:
        return f"the client saw {seen}, the books have {booked}"
    cost = int(Decimal(str(last.get("cost_usd", -1))) * 10**9)
    return "" if cost == entry["charge_nusd"] else f"the client was told {cost}"


def play(world, exchanges, key):
    world.plain.script("".join(e.script() for e in exchanges), "")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda e: e.ask(world, key), exchanges))


def check_all(exchanges, rows):
    by_id, wrong = {}, []
    for row in rows:
        by_id.setdefault(row["request_id"], []).append(row)
    for e in exchanges:
        said = problem(e, by_id.get(e.id, []))
        if said:
            kind = f"{e.dialect} to {e.model}, {'stream' if e.stream else 'whole'}, cut at {e.cut}"
            wrong.append(f"{kind}, usage {e.tokens}: {said}")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--count", type=int, default=int(os.environ.get("FLUX_EXCHANGES", 20000)))
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    rand = random.Random(options.seed)
    exchanges = [Exchange(i, rand) for i in range(options.count)]
    world = World("translate", options.build)
    try:
        key = world.key("agree")
        for at in range(0, len(exchanges), BATCH):
            play(world, exchanges[at : at + BATCH], key)
        wrong = check_all(exchanges, world.entries("agree", len(exchanges), 30))
    finally:
        status = world.stop()
    if status:
        wrong.append(f"the daemon ended with {status}: {world.last_words}")
    for line in wrong[:8]:
        print(f"FAILED agree (seed {options.seed}): {line}")
    print(f"agree: {len(exchanges) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
