#!/usr/bin/env python3
"""Sends a daemon 100,000 mixed requests and looks whether it is then as it was.

    tests/run_leak.py [--build build] [--requests 100000] [--workers 16] [--seed 1]

A first round of 30,000 (the same mix) fills pools, caches and heaps; then the baseline is taken.
After the second round and a few seconds of rest:

    descriptors, without idle links to providers    no more than at the baseline
    gauges of /metrics                               as at the baseline: connections, requests,
                                                     attempts, bodies, backlog
    anonymous memory                                 at most MARGIN_KB more
    rows in the ledger                               one for each attempt that /metrics counts

The mix is the table KINDS: every endpoint, JSON and streams, refusals, clients that leave at four
moments, providers that reset, close, stall, send garbage and refuse. Each kind says what the client
must see. The last line is "leak: N passed, N failed".
"""

import argparse
import json
import os
import random
import re
import socket
import sqlite3
import struct
import sys
import threading
import time
from collections import Counter

sys.dont_write_bytecode = True
from caselib import http
from caselib.world import World

FIRST_ROUND = 30000
MARGIN_KB = 1024  # for 100,000 requests: 10 bytes for each would show
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/anthropic/v1/messages"
BEGUN = 'status 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"begun"}}]}\n'
SCRIPTS = {  # of the provider, by the mark in the request
    "hold": BEGUN + "stall\n",
    "mute": "stall\n",
    "streamreset": BEGUN + "wait 0\nreset\n",
    "streamclose": BEGUN + "wait 0\nclose\n",
    "reset": "reset\n",
    "cut": 'status 200\nheader Content-Type: application/json\nlength 900\nbody {"id":\nclose\n',
    "garbage": "send ICY 200 what\\r\\n\\r\\n\nclose\n",
    "fault": 'status 500\njson {"error":{"message":"no"}}\n',
    "busy": 'status 429\nheader Retry-After: 1\njson {"error":{"message":"slow down"}}\n',
    "dribble": "builtin\npiece 11\n",
}


class Link:
    """A client's connection that reads answers just well enough, and fast."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        got = self.socket.recv(1 << 16)
        self.data += got
        return bool(got)

    def until(self, text):
        while text not in self.data:
            if not self.more():
                return False
        return True

    def answer(self):
        """(status, whole?) of the next answer."""
        if not self.until(b"\r\n\r\n"):
            return 0, False
        head, _, self.data = self.data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        if status == 100:
            return self.answer()
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if length:
            while len(self.data) < int(length[1]):
                if not self.more():
                    return status, False
            self.data = self.data[int(length[1]) :]
            return status, True
        if not self.until(b"\r\n0\r\n\r\n"):
            return status, False
        self.data = self.data.partition(b"\r\n0\r\n\r\n")[2]
        return status, True

    def close(self, reset=False):
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def body_of(target, stream, mark, model, fill=0):
    text = f"case:{mark} hello " + "x" * fill
    body = {"model": model, "stream": stream}
    if target == RESPONSES:
        body["input"] = text
    else:
        body["messages"] = [{"role": "user", "content": text}]
    if target == MESSAGES:
        body["max_tokens"] = 64
    return json.dumps(body).encode()


class Worker:
    """One client: a kept connection for what ends well, others for what does not."""

    def __init__(self, world, key, seed):
        self.world, self.key, self.random = world, key, random.Random(seed)
        self.link = None

    def head(self, method, target, *fields, key=None):
        lines = [f"{method} {target} HTTP/1.1", "Host: t", *fields]
        lines += [f"Authorization: Bearer {key or self.key}", "", ""]
        return "\r\n".join(lines).encode()

    def post(self, target, body, key=None):
        return self.head("POST", target, f"Content-Length: {len(body)}", key=key) + body

    def ask(self, data):
        """On the kept connection; a connection that was closed meanwhile is opened again."""
        self.link = self.link or Link(self.world.address)
        self.link.send(data)
        result = self.link.answer()
        if not result[1]:
            self.drop()
        return result

    def drop(self, reset=False):
        if self.link:
            self.link.close(reset)
        self.link = None

    def want(self, data, status, whole=True):
        got = self.ask(data)
        if status >= 400 and self.link:
            self.drop()  # a refusal may close
        return None if got == (status, whole) else f"{got}, not {(status, whole)}"

    # Kinds: each gives None, or what was wrong.

    def good(self, target, stream):
        model = self.random.choice(("flux-fast", "flux-auto", "flux-pinned-small"))
        fill = self.random.choice((0, 0, 0, 900, 40000))
        return self.want(self.post(target, body_of(target, stream, "plain", model, fill)), 200)

    def secure(self):
        body = body_of(CHAT, True, "plain", "flux-pinned-secure")
        return self.want(self.post(CHAT, body), 200)

    def dribbled(self):
        return self.want(self.post(CHAT, body_of(CHAT, True, "dribble", "flux-fast")), 200)

    def chunked(self):
        body = body_of(CHAT, False, "plain", "flux-fast", 3000)
        parts = [body[i : i + 1000] for i in range(0, len(body), 1000)] + [b""]
        text = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
        return self.want(self.head("POST", CHAT, "Transfer-Encoding: chunked") + text, 200)

    def expected(self):
        body = body_of(CHAT, False, "plain", "flux-fast")
        fields = (f"Content-Length: {len(body)}", "Expect: 100-continue")
        return self.want(self.head("POST", CHAT, *fields) + body, 200)

    def pipelined(self):
        one = self.post(CHAT, body_of(CHAT, False, "plain", "flux-fast"))
        first = self.want(one * 3, 200)
        rest = [self.link.answer() if self.link else None for _ in range(2)]
        return first or (None if rest == [(200, True)] * 2 else f"pipelined {rest}")

    def read_only(self):
        target = self.random.choice(("/v1/models", "/v1/models/flux-auto", "/healthz", "/readyz"))
        return self.want(self.head("GET", target), 200)

    def route(self):
        body = body_of(CHAT, False, "plain", "flux-auto")
        return self.want(self.post("/v1/route", body), 200)

    def refused(self):
        good = body_of(CHAT, False, "plain", "flux-fast")
        data, status = self.random.choice(
            (
                (self.post(CHAT, b'{"model":'), 400),
                (self.post(CHAT, body_of(CHAT, False, "plain", "no-such-model")), 404),
                (self.post("/v1/nothing", good), 404),
                (self.post(CHAT, b'{"model":"flux-fast","messages":7}'), 400),
                (b"GET / HTTP/1.1\r\nHost: t\r\nX : y\r\n\r\n", 400),
                (self.head("POST", CHAT, "Content-Length: 99999999999"), 413),
            )
        )
        return self.want(data, status)

    def unknown_key(self):
        """401, and 429 when there were too many from this address."""
        self.drop()
        data = self.post(CHAT, body_of(CHAT, False, "x", "flux-fast"), key="sk-flux-" + "A" * 43)
        status = self.ask(data)[0]
        self.drop()
        return None if status in (401, 429) else f"status {status}"

    def dead(self):
        return self.want(self.post(CHAT, body_of(CHAT, False, "x", "flux-pinned-dead")), 502)

    def provider_fails(self):
        mark, stream, status, whole = self.random.choice(
            (
                ("streamreset", True, 200, False),
                ("streamclose", True, 200, False),
                ("reset", False, 502, True),
                ("cut", False, 502, True),
                ("garbage", True, 502, True),
                ("fault", False, 502, True),
                ("busy", False, 429, True),
            )
        )
        got = self.ask(self.post(CHAT, body_of(CHAT, stream, mark, "flux-fast")))
        self.drop()
        if got == (status, whole) or (mark.startswith("stream") and got[0] in (200, 502)):
            return None  # a broken stream ends with an error event, or was caught before its head
        return f"{mark}: {got}, not {(status, whole)}"

    def leave_while_asking(self):
        data = self.post(CHAT, body_of(CHAT, False, "plain", "flux-fast", 5000))
        link = Link(self.world.address)
        link.send(data[: self.random.randrange(1, len(data))])
        link.close(self.random.random() < 0.5)

    def leave_while_waiting(self):
        link = Link(self.world.address)
        link.send(self.post(CHAT, body_of(CHAT, False, "mute", "flux-fast")))
        time.sleep(self.random.random() * 0.005)
        link.close(self.random.random() < 0.5)

    def leave_stream(self):
        link = Link(self.world.address)
        link.send(self.post(CHAT, body_of(CHAT, True, "hold", "flux-fast")))
        begun = link.until(b"begun")
        link.close(self.random.random() < 0.5)
        return None if begun else "the stream did not begin"

    def leave_unread(self):
        link = Link(self.world.address)
        link.send(self.post(CHAT, body_of(CHAT, True, "plain", "flux-fast")))
        link.close()


KINDS = [  # weight, name, act
    (10, "chat", lambda w: w.good(CHAT, False)),
    (10, "chat stream", lambda w: w.good(CHAT, True)),
    (10, "responses", lambda w: w.good(RESPONSES, False)),
    (10, "responses stream", lambda w: w.good(RESPONSES, True)),
    (10, "messages", lambda w: w.good(MESSAGES, False)),
    (10, "messages stream", lambda w: w.good(MESSAGES, True)),
    (3, "TLS", Worker.secure),
    (2, "small pieces", Worker.dribbled),
    (2, "chunked", Worker.chunked),
    (2, "expect", Worker.expected),
    (2, "pipelined", Worker.pipelined),
    (3, "read only", Worker.read_only),
    (2, "route", Worker.route),
    (6, "refused", Worker.refused),
    (1, "unknown key", Worker.unknown_key),
    (2, "dead provider", Worker.dead),
    (7, "provider fails", Worker.provider_fails),
    (2, "client leaves while asking", Worker.leave_while_asking),
    (2, "client leaves while waiting", Worker.leave_while_waiting),
    (4, "client leaves a stream", Worker.leave_stream),
    (1, "client leaves at once", Worker.leave_unread),
]


def play(world, key, requests, workers, seed, wrong):
    """`requests` of the mix over `workers` connections; gives how many of each kind."""
    counts, lock, kinds = Counter(), threading.Lock(), [k[1] for k in KINDS]
    acts = {k[1]: k[2] for k in KINDS}

    def run(number):
        worker, done = Worker(world, key, seed * 1000 + number), Counter()
        chosen = worker.random.choices(kinds, [k[0] for k in KINDS], k=requests // workers)
        for kind in chosen:
            try:
                problem = acts[kind](worker)
            except OSError as error:
                problem = f"{error}"
                worker.drop()
            done[kind] += 1
            if problem:
                with lock:
                    wrong[f"{kind}: {problem}"] += 1
        worker.drop()
        with lock:
            counts.update(done)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(workers)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return counts


def samples(world):
    text = http.ask(world.metrics, "GET", "/metrics").body.decode()
    return {n: float(v) for n, v in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)", text, re.M)}


def measure(world):
    """Of the daemon at rest: descriptors, gauges, memory; waits until nothing is under way."""
    deadline = time.monotonic() + 30
    while world.leaked(0.5) and time.monotonic() < deadline:
        pass
    time.sleep(2)
    pid, fds = world.daemon.pid, []
    for _ in range(10):  # the least: the connection that asks for /metrics is among them for a moment
        now = samples(world)
        idle = int(now.get('fluxrouter_provider_connections{state="idle"}', 0))
        time.sleep(0.1)
        fds.append(len(os.listdir(f"/proc/{pid}/fd")) - idle)
    status = open(f"/proc/{pid}/status").read()
    memory = {k: int(re.search(rf"{k}:\s+(\d+)", status)[1]) for k in ("RssAnon", "VmRSS")}
    journal = len(list((world.data / "journal").glob("*.fluxj")))
    at_rest = {"fds": min(fds), "idle": idle, "journal files": journal, **memory}
    return at_rest, world.gauges(), now


def count_entries(world):
    store = sqlite3.connect(f"file:{world.data}/flux.db?mode=ro", uri=True, timeout=5)
    try:
        return store.execute("select count(*) from entries").fetchone()[0]
    finally:
        store.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--build", default="build")
    parser.add_argument("--requests", type=int, default=100000)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    world, wrong, results = World("main", asked.build), Counter(), []

    def check(name, holds, told):
        results.append(holds)
        print(f"{'ok    ' if holds else 'FAILED'} {name}: {told}", flush=True)

    for key, acts in SCRIPTS.items():
        world.plain.script("on * * always\n" + acts, key)
    key = world.key("leak")
    for name, requests in (("first round", FIRST_ROUND), ("second round", asked.requests)):
        began = time.monotonic()
        counts = play(world, key, requests, asked.workers, asked.seed + requests, wrong)
        taken = time.monotonic() - began
        if name == "first round":
            before, gauges_before, _ = measure(world)
            print(f"{name}: {sum(counts.values())} requests in {taken:.0f} s; at rest {before}")
    after, gauges_after, now = measure(world)
    print(f"{name}: {sum(counts.values())} requests in {taken:.0f} s; at rest {after}")
    for kind, count in sorted(counts.items()):
        print(f"{count:8d} {kind}")
    check("answers", not wrong, f"{sum(wrong.values())} were not as they must be")
    for problem, count in wrong.most_common(20):
        print(f"{count:8d} {problem}")
    check("descriptors", after["fds"] <= before["fds"], f"{before['fds']} -> {after['fds']}")
    check("gauges", gauges_after == gauges_before, f"{gauges_before} -> {gauges_after}")
    growth = after["RssAnon"] - before["RssAnon"]
    check("memory", growth <= MARGIN_KB, f"{growth:+d} KiB anonymous; margin {MARGIN_KB}")
    attempts = int(sum(v for n, v in now.items() if n.startswith("fluxrouter_attempts_total{")))
    entries = count_entries(world)
    check("ledger", entries == attempts > 0, f"{attempts} attempts, {entries} entries")
    status = world.stop()
    check("exit", status == 0, f"status {status} on SIGTERM")
    print(f"leak: {results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
