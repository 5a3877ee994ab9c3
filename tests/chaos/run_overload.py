#!/usr/bin/env python3
"""More than can be served at once: what is admitted stays quick, the rest is told so at once.

    tests/chaos/run_overload.py [--build build/asan] [--keep] [NAME-PART ...]

The last line is "overload: N passed, N failed".
"""

import json
import pathlib
import re
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http, scenes
from caselib.world import World
from clients import TARGETS, request_of
from run_scenes import ask, open_stream, request, until

PLACES, QUEUE, WAIT_S, LONG_WAIT_S, SERVED_S = 8, 8, 0.4, 4, 0.1
CHANGES = (
    ("threads: 2", f"threads: 1\nrequests_max: {PLACES}\nqueue_max: {QUEUE}\nqueue_wait: @WAIT@ms"),
    ("models:\n", "models:\n  - {name: turned, lane: express, price: {input: 1, output: 1}, "
     "targets: [{provider: spoken, model: p}]}\n"),
    ("providers:\n", 'providers:\n  - {name: spoken, dialect: messages, base_url: "http://@PLAIN@/v1"}\n'),
    ("context: 400000", ""),
)


def metric(world, name):
    text = http.ask(world.metrics, "GET", "/metrics").body.decode()
    return int(re.search(rf"^{name} (\d+)$", text, re.M)[1])


def is_overloaded(answer):
    error = json.loads(answer.body)["error"]
    assert answer.status == 503 and error["code"] == "overloaded", answer.body
    assert int(answer.header("retry-after")) >= 1, answer.headers
    return True


def scene_queue(world):
    """requests_max run, queue_max wait in their order, the next is refused; nobody waits for ever"""
    key = world.key("queue")
    links = [open_stream(world, key, f"q{i}", f"wait {LONG_WAIT_S * 2500}\n") for i in range(PLACES)]
    until(lambda: metric(world, "fluxrouter_requests_active") == PLACES, "not all are inside")
    waiting = []
    for i in range(QUEUE):
        waiting.append(http.Link(world.address))
        waiting[-1].send(request(key, f"w{i}"), 1 << 20)
        until(lambda: metric(world, "fluxrouter_requests_queued") == i + 1, "it does not wait")
    assert is_overloaded(ask(world, key, "more"))
    assert http.ask(world.address, "GET", "/healthz").status == 200
    assert ask(world, "sk-flux-" + "A" * 43, "bad").status == 401
    assert all(is_overloaded(link.answer("POST")) for link in waiting)
    assert not world.plain.log("w0"), "the provider heard of one that was refused"
    for link in links:
        assert link.answer("POST").ended == "clean"
        link.leave()
    late = open_stream(world, key, "late", "wait 200\n")
    assert ask(world, key, "after").status == 200
    assert late.answer("POST").ended == "clean"
    assert metric(world, "fluxrouter_overloaded_total") == QUEUE + 1


def scene_leaving_the_queue(world):
    """whoever leaves while it waits makes room for another, and costs nothing"""
    key = world.key("leave")
    links = [open_stream(world, key, f"q{i}") for i in range(PLACES)]
    for i in range(3 * QUEUE):
        link = http.Link(world.address)
        link.send(request(key, "gone"), 1 << 20)
        until(lambda: metric(world, "fluxrouter_requests_queued") == 1, "it does not wait")
        link.leave()
        until(lambda: metric(world, "fluxrouter_requests_queued") == 0, "it waits for nobody")
    for link in links:
        link.leave()
    assert not world.plain.log("gone")
    assert len(world.entries("leave", PLACES)) == PLACES


class Arrivals(threading.Thread):
    """Requests at a steady rate, whether or not those before have been answered."""

    def __init__(self, world, key, per_second, seconds):
        super().__init__()
        self.world, self.key, self.rate, self.seconds = world, key, per_second, seconds
        self.served, self.refused, self.lock, self.asked = [], [], threading.Lock(), []

    def one(self):
        began = time.monotonic()
        answer = ask(self.world, self.key, "steady")
        took = time.monotonic() - began
        good = answer.status == 200 or is_overloaded(answer)
        with self.lock:
            (self.served if answer.status == 200 else self.refused).append(took)
        assert good

    def run(self):
        began = time.monotonic()
        for i in range(int(self.rate * self.seconds)):
            time.sleep(max(0, began + i / self.rate - time.monotonic()))
            self.asked.append(threading.Thread(target=self.one))
            self.asked[-1].start()
        for one in self.asked:
            one.join(20)


def spread(times):
    times = sorted(times)
    return times[len(times) // 2], times[len(times) * 99 // 100]


def scene_twice_as_much(world):
    """at twice what can be served, latency of what is admitted holds, and the rest is refused at once"""
    problems = [press(world, "twice0")]
    while problems[-1] and len(problems) < 4:  # this machine does other things, too
        problems.append(press(world, f"twice{len(problems)}"))
    assert not problems[-1], problems


def press(world, name):
    """A quarter of what can be served, then twice as much; gives what is wrong."""
    key = world.key(name)
    world.plain.script(f"on * * always\nread all\nwait {SERVED_S * 1000:.0f}\nbuiltin\n", "steady")
    capacity = PLACES / SERVED_S
    quiet = Arrivals(world, key, capacity / 4, 2)
    quiet.run()
    busy = Arrivals(world, key, capacity * 2, 4)
    busy.run()
    if quiet.refused:
        return f"{len(quiet.refused)} refused at a quarter of what can be served"
    q50, q99 = spread(quiet.served)
    b50, b99 = spread(busy.served)
    r50, r99 = spread(busy.refused)
    share = len(busy.served) / (len(busy.served) + len(busy.refused))
    print(
        f"overload: capacity {capacity:.0f}/s; a quarter of it: p50 {q50 * 1e3:.0f} ms, p99 {q99 * 1e3:.0f} ms; "
        f"twice: {share:.0%} served, p50 {b50 * 1e3:.0f} ms, p99 {b99 * 1e3:.0f} ms; "
        f"refused in p50 {r50 * 1e3:.0f} ms, p99 {r99 * 1e3:.0f} ms"
    )
    bound = SERVED_S * (1 + QUEUE / PLACES) + WAIT_S
    served = len(quiet.served) + len(busy.served)
    assert len(world.entries(name, served)) == served
    if b99 >= 2 * bound:
        return f"p99 {b99:.3f} s, where {bound:.3f} s are the most"
    return "" if 0.25 < share < 0.75 else f"{share:.0%} were served"


def large(model, megabytes):
    text = 'some "words" of a long text, \\n' * (megabytes << 20 >> 5)
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}).encode()


def scene_large_prompt(world):
    """a prompt of 10 MB holds up small streams on its loop for some milliseconds at most"""
    key = world.key("large")
    rows = []
    for model, limit in (("flux-pinned-small", 31), ("flux-auto", 31), ("flux-pinned-turned", 31)):
        longest, body = [], large(model, 10)
        while len(longest) < 30 and (not longest or min(longest) >= limit):  # the best of some, as above
            before = turns_above(world)
            link = http.Link(world.address)
            link.send(request_of(key, TARGETS[0], body), 1 << 20)
            answer = link.answer("POST", 60)
            link.leave()
            assert answer.status == 200, answer.body[:300]
            longest.append(max([ms for ms, n in turns_above(world) if n > dict(before)[ms]] or [0]))
        rows.append((model, min(longest)))
        assert min(longest) < limit, f"{model}: turns of {longest} ms"
    print("overload: 10 MB, longest turn below " + ", ".join(f"{m} {2 * ms:.0f} ms" for m, ms in rows))


def turns_above(world):
    """How many turns took longer than each bound, in ms."""
    text = http.ask(world.metrics, "GET", "/metrics").body.decode()
    rows = re.findall(r'loop_turn_seconds_bucket\{le="([0-9.]+)"\} (\d+)', text)
    total = int(re.search(r"loop_turn_seconds_count (\d+)", text)[1])
    return [(float(le) * 1000, total - int(n)) for le, n in rows]


def play(run, options):
    wait_s = LONG_WAIT_S if "queue" in run.__name__ else WAIT_S
    changes = [(old, new.replace("@WAIT@", f"{wait_s * 1000:.0f}")) for old, new in CHANGES]
    return scenes.played(World("main", options.build, options.keep, changes), run)


if __name__ == "__main__":
    todo = {n: (lambda o, run=run: play(run, o)) for n, run in scenes.of(globals()).items()}
    sys.exit(scenes.perform("overload", todo))
