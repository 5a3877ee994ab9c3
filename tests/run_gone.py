#!/usr/bin/env python3
"""The client leaves: in every phase of a request, on every endpoint, by closing, resetting, or closing one half.

    tests/run_gone.py [--build build/asan] [--keep] [--jobs N]

Each time the provider's request must end at once (or be read to its end where the provider is drained), the
ledger must have the entries that are due and no others, and afterwards nothing may be held or open. Prints a row
for each phase; the last line is "gone: N passed, N failed".
"""

import argparse
import concurrent.futures
import itertools
import json
import socket
import sys
import time

sys.dont_write_bytecode = True
from caselib import http
from caselib.world import World

GONE_WITHIN_S = 15.0  # what stalls would never end by itself
WAYS = ("close", "reset", "half")
SERVED = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
TOLD = {
    "count_tokens": "/v1/messages/count_tokens",
    "route": "/v1/route",
    "feedback": "/v1/feedback",
    "models": "/v1/models",
    "usage": "/v1/usage",
}
HALF = {
    "chat": 'data {"choices":[{"index":0,"delta":{"content":"begun"}}]}\n',
    "responses": 'event response.output_text.delta {"type":"response.output_text.delta",'
    '"sequence_number":1,"item_id":"m","output_index":0,"content_index":0,"delta":"begun"}\n',
    "messages": 'event message_start {"type":"message_start","message":{"id":"m","type":"message",'
    '"role":"assistant","model":"m","content":[],"usage":{"input_tokens":9,"output_tokens":1}}}\n'
    'event content_block_start {"type":"content_block_start","index":0,'
    '"content_block":{"type":"text","text":""}}\n'
    'event content_block_delta {"type":"content_block_delta","index":0,'
    '"delta":{"type":"text_delta","text":"begun"}}\n',
}


class Leaving:
    """One request whose client leaves."""

    def __init__(self, world, keys, phase, endpoint, stream, way):
        self.world, self.keys, self.phase = world, keys, phase
        self.endpoint, self.stream, self.way = endpoint, stream, way
        self.mark = "-".join((phase, endpoint, "stream" if stream else "whole", way))

    def body(self, model, size=0):
        text = f"case:{self.mark} " + "x" * size
        turns = [{"role": "user", "content": text}]
        said = {"input": text} if self.endpoint == "responses" else {"messages": turns}
        said.update(model=model, stream=self.stream)
        said["max_output_tokens" if self.endpoint == "responses" else "max_tokens"] = 600
        return json.dumps(said).encode()

    def request(self, model="one", key="rich", size=0):
        body = self.body(model, size)
        path = {**SERVED, **TOLD}[self.endpoint]
        method = "GET" if self.endpoint in ("models", "usage") else "POST"
        return (
            f"{method} {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {self.keys[key]}\r\n"
            f"X-Flux-Tags: {self.mark}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body

    def send(self, **more):
        self.link.send(self.request(**more), 1 << 20)

    def records(self):
        return self.world.plain.log(self.mark)

    def until(self, holds, sentence, timeout=30.0):
        deadline = time.monotonic() + timeout
        while not holds():
            assert time.monotonic() < deadline, sentence
            time.sleep(0.005)

    def has_come(self, text):
        self.link.wait_bytes(0.01)
        return text in self.link.data

    # ---- the phases: each brings the request there, and gives the entries that are due

    def to_head(self):
        self.link.send(self.request()[:40], 1 << 20)
        return []

    def to_body(self):
        data = self.request(size=20000)
        self.link.send(data, 1 << 20, until=len(data) - 5000)
        return []

    def to_reading(self):
        self.send(size=3000000)
        return None if self.endpoint in SERVED else []

    def to_key(self):
        self.keys = {"rich": "sk-flux-" + self.mark.replace("-", "_").ljust(43, "x")[:43]}
        self.send()
        return []

    def to_money(self):
        before = self.metric("fluxrouter_ceiling_waits_total")
        self.send(key="poor")
        self.until(lambda: self.metric("fluxrouter_ceiling_waits_total") > before, "no wait for money")
        return []

    def to_connecting(self):
        self.send(model="mute")
        time.sleep(1)
        return [("client_gone", 0)]

    def to_first_byte(self):
        self.world.plain.script("read all\nstall\n", self.mark)
        self.send()
        self.until(lambda: self.world.plain.state(self.mark)["stalled"], "the provider hears nothing")
        return [("client_gone", 1)]

    def to_counting(self):
        self.world.plain.script("read all\nstall\n", self.mark)
        self.send(model="counted")
        self.until(lambda: self.world.plain.state(self.mark)["stalled"], "the provider hears nothing")
        return []

    def to_heartbeat(self):
        entries = self.to_first_byte()
        self.until(lambda: self.has_come(b": keep-alive\n"), "no sign of life")
        return entries

    def to_backoff(self):
        self.world.plain.script("read all\nstatus 503\n", self.mark)
        self.send(model="twice")
        self.until(self.records, "the provider hears nothing")
        time.sleep(0.5)  # the daemon has heard it, too
        return [("provider_failed", 0)]

    def to_middle(self, then="stall\n"):
        begun = f"sse\n{HALF[self.endpoint]}" if self.stream else 'length 900\njson {"id":"begun\n'
        self.world.plain.script(f"read all\nstatus 200\n{begun}{then}", self.mark)
        self.send(model="drained" if "drain" in self.phase else "one")
        if self.stream:
            self.until(lambda: self.has_come(b"begun"), "the stream does not begin")
        else:
            self.until(lambda: self.world.plain.state(self.mark)["stalled"], "no half of an answer")
        return [("client_gone", 1)]

    def to_drained(self):
        self.world.plain.script("read all\nwait 2000\nusage 70 7\nbuiltin\n", self.mark)
        self.send(model="drained")
        self.until(lambda: self.world.plain.state(self.mark)["playing"], "the provider hears nothing")
        return [("client_gone", 77000)]

    def metric(self, name):
        text = http.ask(self.world.metrics, "GET", "/metrics").body.decode()
        return sum(float(l.split(" ")[1]) for l in text.splitlines() if l.split(" ")[0] == name)

    # ---- leaving, and what must come of it

    def leave(self):
        if self.way == "half":
            self.link.socket.shutdown(socket.SHUT_WR)
        else:
            self.link.leave(by_reset=self.way == "reset")

    def check_provider(self):
        """What the provider was at is cut at once, or read to its end."""
        heard = self.phase in ("counting", "first_byte", "heartbeat", "middle", "drained", "backoff")
        if heard:
            self.until(self.records, "the provider's connection stays open", GONE_WITHIN_S)
        ends = [record["ended"] for record in self.records()]
        wanted = "answered" if self.phase in ("drained", "backoff") else "peer_"
        if self.phase == "reading":
            return
        assert len(ends) == heard, ends
        assert all(end.startswith(wanted) for end in ends), ends

    def entries(self, expected):
        rows = [r for r in self.world.all_entries() if r["tags"] == self.mark]
        deadline = time.monotonic() + 30
        while expected is not None and len(rows) < len(expected) and time.monotonic() < deadline:
            time.sleep(0.05)
            rows = [r for r in self.world.all_entries() if r["tags"] == self.mark]
        return rows

    def check_entries(self, expected):
        rows = self.entries(expected)
        if expected is None:  # it may have gone out before we left
            assert len(rows) <= 1 and all(r["end"] in ("client_gone", "ok") for r in rows), rows
            return
        told = [(r["end"], r["cost_nusd"]) for r in rows]
        assert len(told) == len(expected), (expected, told)
        for (end, cost), (is_end, is_cost) in zip(expected, told):
            assert end == is_end, (expected, told)
            assert is_cost == cost if cost != 1 else is_cost > 0, (expected, told)

    def play(self):
        self.link = http.Link(self.world.address)
        expected = getattr(self, "to_" + self.phase)()
        self.leave()
        self.check_provider()
        if self.way == "half":
            self.link.leave()
        self.check_entries(expected)
        self.world.plain.forget(self.mark)


def played(leaving):
    try:
        leaving.play()
        return ""
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"


def todo(world, keys):
    early = ("head", "body", "reading", "key", "money", "connecting")
    for phase in early + ("first_byte", "backoff", "middle", "drained"):
        for endpoint, stream, way in itertools.product(SERVED, (False, True), WAYS):
            yield Leaving(world, keys, phase, endpoint, stream, way)
    for endpoint, way in itertools.product(SERVED, WAYS):
        yield Leaving(world, keys, "heartbeat", endpoint, True, way)
    for endpoint, phase, way in itertools.product(TOLD, ("head", "reading", "key"), WAYS):
        yield Leaving(world, keys, phase, endpoint, False, way)
    for way in WAYS:
        yield Leaving(world, keys, "counting", "count_tokens", False, way)
    for endpoint, way in itertools.product(("count_tokens", "route", "feedback"), WAYS):
        yield Leaving(world, keys, "body", endpoint, False, way)


def hold_all(world, keys):
    """A request that holds nearly all that the poor account may spend, and stays."""
    holder = Leaving(world, keys, "holds", "chat", False, "close")
    holder.link = http.Link(world.address)
    world.plain.script("read all\nstall\n", holder.mark)
    holder.send(key="poor")
    holder.until(lambda: world.plain.state(holder.mark)["stalled"], "nobody holds the money")
    return holder


def show(results):
    for phase in dict.fromkeys(leaving.phase for leaving, _ in results):
        rows = [(l, problem) for l, problem in results if l.phase == phase]
        bad = sum(bool(problem) for _, problem in rows)
        print(f"{phase:12s} {len(rows) - bad:3d} as they should be, {bad} not")
        for leaving, problem in rows:
            if problem:
                print(f"FAILED {leaving.mark}: {problem}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--jobs", type=int, default=8)
    options = parser.parse_args()
    world = World("gone", options.build, options.keep)
    keys = {"rich": world.key("rich"), "poor": world.key("poor", '{"month_usd": 0.001}')}
    holder = hold_all(world, keys)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        leavings = list(todo(world, keys))
        results = list(zip(leavings, pool.map(played, leavings)))
    holder.link.leave()
    show(results)
    failed = sum(bool(problem) for _, problem in results)
    leaked = world.leaked()
    status = world.stop()
    problems = [f"{k}: {a} before, {b} after" for k, (a, b) in leaked.items()]
    for problem in problems + ([world.last_words] if status else []):
        failed += 1
        print(f"FAILED {problem}")
    print(f"gone: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
