#!/usr/bin/env python3
"""Every fault of a provider, at every moment, in every dialect: what the client gets, what the books say.

    tests/chaos/run_matrix.py [--build build/asan] [--keep] [--long] [PHASE or PHASE.FAULT ...]

tests/chaos/matrix.table says what must come of each. Each row is played in four ways (three dialects,
and chat to a provider of messages), whole and as a stream, with no other target and with one behind
it; without --long (FLUX_LONG) every way meets a part of the rows, and every row one way at least.
Afterwards nothing may be left: gauges, descriptors, memory are as before, each attempt has one entry,
and the ledger verifies. Prints the matrix; the last line is "matrix: N passed, N failed".
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
from collections import namedtuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http, world
from clients import LAST_EVENTS, TARGETS, body_of, request_of
from fault_proxy import FAULTS, FaultProxy

WAYS = ("chat", "responses", "messages", "chat>messages")
Row = namedtuple("Row", "phase fault shape attempt alone entry pair")
Cell = namedtuple("Cell", "row way stream pair")
ERRORS = {"chat": b'"error"', "responses": b"event: error", "messages": b"event: error"}
LIMITS = "connect_timeout: {0}s, first_byte_timeout: {0}s, idle_timeout: {0}s"
PATIENCE_S = 60  # where no limit is to be met; of slow machines, too
BIG = 2 << 20  # more than the sockets between take at once
MARGIN_KB = 6 * 1024  # of anonymous memory: pools and heaps that a first round fills
WORKERS = 24


def read_table():
    text = (pathlib.Path(__file__).parent / "matrix.table").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [Row(*(field.strip() for field in re.split(r"\s{2,}", line.strip()))) for line in lines]


def all_cells(rows):
    for row in rows:
        for way in WAYS:
            for stream in (False, True):
                if row.shape == "any" or (row.shape == "stream") == stream:
                    yield from (Cell(row, way, stream, pair) for pair in (False, True))


def short_cells(rows):
    """Row by row another of the ways, and of the shapes, each alone and in a pair."""
    for i, row in enumerate(rows):
        mine = [c for c in all_cells([row]) if c.way == WAYS[i % 4]]
        yield from (c for c in mine if row.shape != "any" or c.stream == (i // 4 % 2 == 0))


# ---- the world


def lanes():
    return [f"{phase}.{fault}" for phase, faults in FAULTS.items() for fault in faults]


def provider_row(name, url, dialects, more=""):
    return f'  - {{name: {name}, dialects: [{dialects}], base_url: "{url}/v1", api_key: sk-of-the-provider{more}}}\n'


def model_row(name, *targets):
    rows = ", ".join(
        f"{{provider: {t}, model: p, weight: {w}}}" for t, w in zip(targets, (1000, 1))
    )
    return f"  - {{name: {name}, lane: express, price: {{input: 1, output: 1}}, targets: [{rows}]}}\n"


def url_of(lane, ports):
    scheme, host = ("https", "localhost") if lane.startswith("tls") else ("http", "127.0.0.1")
    return f"{scheme}://{host}:{ports['lanes' if lane == 'stalls' else lane]}"


def config_of(proxy, ca_file, stall_s):
    """Each lane, and those for all later phases, for both sets of dialects; limits where they are met."""
    every, one = "chat, responses, messages", "messages"
    providers = provider_row("good", "http://@PLAIN@", every)
    providers += provider_row("goodT", "http://@PLAIN@", one)
    models = model_row("good", "good") + model_row("goodT", "goodT")
    for lane in ["lanes", "stalls", *lanes()]:
        for t, dialects in (("", every), ("T", one)):
            more = ", " + LIMITS.format(stall_s if "stall" in lane else PATIENCE_S)
            more += f', ca_file: "{ca_file}"' if lane.startswith("tls") else ""
            name = lane.replace(".", "-") + t
            providers += provider_row(name, url_of(lane, proxy.ports), dialects, more)
            models += model_row(f"alone-{name}", name) + model_row(f"pair-{name}", name, f"good{t}")
    return (
        'listen: ["@LISTEN@"]\nmetrics_listen: "@METRICS@"\nthreads: 2\ndrain_delay: 0s\ndrain_limit: 5s\n'
        "health: {breaker: false, backoff: 10ms}\n"
        f"providers:\n{providers}models:\n{models}tiers:\n"
        "  fast: [alone-stalls, good]\n  standard: [alone-stallsT, goodT]\n  reasoning: [good]\n"
    )


class Chaos(world.World):
    def write_config(self, group, changes):
        self.fault_proxy = FaultProxy(self.plain.ports[0], self.tls.ports[0])
        # what is watched by a sanitizer takes seconds to come to where it stalls
        text = config_of(self.fault_proxy, self.folder / "ca.pem", 12 if "san" in str(self.build) else 5)
        names = {
            "LISTEN": "127.0.0.1:%d" % self.address[1],
            "METRICS": "127.0.0.1:%d" % self.metrics[1],
            "PLAIN": "127.0.0.1:%d" % self.plain.ports[0],
        }
        self.config.write_text(re.sub(r"@([A-Z]+)@", lambda m: names[m.group(1)], text))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon.pid}/fd")) - self.idle_links()

    def idle_links(self):
        text = http.ask(self.metrics, "GET", "/metrics").body.decode()
        return int(re.search(r'provider_connections\{state="idle"\} (\d+)', text).group(1))

    def anonymous_kb(self):
        status = pathlib.Path(f"/proc/{self.daemon.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1))


# ---- one cell


def stalls(cell):
    return cell.row.fault == "stall" and cell.row.phase not in (*FAULTS, "after")


def model_of(cell):
    """In a pair another target of the same model follows; but for time no request is moved that named its model."""
    t = "T" if cell.way == WAYS[3] else ""
    lane = f"{cell.row.phase}-{cell.row.fault}" if cell.row.phase in FAULTS else "lanes"
    if stalls(cell):
        if cell.pair:
            return "flux-standard" if t else "flux-fast"
        lane = "stalls"
    return f"flux-pinned-{'pair' if cell.pair else 'alone'}-{lane}{t}"


def dialect_of(cell):
    return cell.way.split(">")[0]


def ask(chaos, key, cell, mark):
    target = TARGETS[WAYS.index(dialect_of(cell))]
    text = f"{mark} lane:{cell.row.phase}.{cell.row.fault}:"
    if cell.row.phase == "body":
        text += "x" * BIG
    body = body_of(target, text, 0, cell.stream, model_of(cell))
    link = http.Link(chaos.address)
    link.send(request_of(key, target, body), 1 << 20)
    answer = link.answer("POST", PATIENCE_S)
    link.leave()
    return answer


def is_whole(cell, answer, mark):
    last = LAST_EVENTS[WAYS.index(dialect_of(cell))]
    if answer.status != 200 or answer.ended != "clean":
        return f"{answer.status} {answer.ended} {bytes(answer.body[:160])!r}"
    if mark.encode() not in answer.body or b"omega" not in answer.body:
        return f"not our text: {bytes(answer.body[-160:])!r}"
    return "" if not cell.stream or last in answer.body else "a stream without its last event"


def is_cut(cell, answer, code):
    last = LAST_EVENTS[WAYS.index(dialect_of(cell))]
    if answer.status != 200 or answer.ended != "broken":
        return f"{answer.status} {answer.ended}, where a stream should break"
    if last in answer.body:
        return "a broken stream has its last event"
    tail = bytes(answer.body[-400:])
    if ERRORS[dialect_of(cell)] not in tail or code.encode() not in tail:
        return f"no error event with {code}: {tail!r}"
    return ""


def is_refused(answer, status, code):
    if answer.status != int(status) or answer.ended != "clean":
        return f"{answer.status} {answer.ended} {bytes(answer.body[:160])!r}"
    told = re.search(rb'"code":\s*"([a-z_]+)"', answer.body)
    if code != "*" and (not told or told[1].decode() != code):
        return f"code {told and told[1]!r}, not {code}"
    return ""


def wrong_outcome(cell, answer, mark):
    want = cell.row.alone if not cell.pair or cell.row.pair == "same" else cell.row.pair
    if want in ("ok", "moved"):
        return is_whole(cell, answer, mark)
    first, code = want.split()
    return is_cut(cell, answer, code) if first == "cut" else is_refused(answer, first, code)


def wrong_attempts(cell, answer):
    if cell.row.attempt == "-":
        return ""
    told = (answer.header("x-flux-attempts") or "").split("; ")
    if cell.stream and cell.row.attempt == "ok":
        return ""  # the head went out before the end was known
    moved = cell.pair and cell.row.pair == "moved"
    if len(told) != (2 if moved and not cell.stream else 1):
        return f"attempts {told}"
    how = told[0].partition(" ")[2]
    return "" if how in cell.row.attempt.split("|") else f"attempt ended '{how}'"


def wrong_entry(cell, rows):
    """The books of this request, the fault's entry first. (message_start tells one output token.)"""
    end, price = cell.row.entry.split()
    ends = [end] + ["ok"] * (cell.pair and cell.row.pair == "moved")
    if [r["end"] for r in rows] != ends:
        return f"entries {[r['end'] for r in rows]}, not {ends}"
    r = rows[0]
    right = {
        "0": r["cost_nusd"] == 0,
        "input": r["cost_nusd"] > 0 and r["output"] <= ("messages" in cell.way),
        "part": r["cost_nusd"] > 0 and r["input"] > 0,
        "told": r["reported"] == 1 and r["input"] > 0 and r["output"] > 0,
    }[price]
    return "" if right else f"entry costs {r['cost_nusd']} for {r['input']}+{r['output']}, not {price}"


class Play:
    def __init__(self, chaos, cells):
        self.chaos, self.cells, self.asked = chaos, cells, {}
        self.key = chaos.key("chaos")
        self.problems, self.asked_twice = {}, set()

    @staticmethod
    def went_elsewhere(answer):
        """One conversation of a thousand has the other target for its first."""
        told = answer.header("x-flux-attempts") or ""
        return answer.header("x-flux-provider") in ("good", "goodT") and ";" not in told and (
            told == "" or told.endswith(" ok")
        )

    def one(self, number, mark=""):
        cell, mark = self.cells[number], mark or f"c{number:04d}c"
        acts = f"on * * always\nsay alpha {mark} beta gamma omega\nbuiltin\n"
        self.chaos.plain.script(acts, mark)
        self.chaos.tls.script(acts, mark)
        try:
            answer = ask(self.chaos, self.key, cell, mark)
        except (OSError, http.Broken) as error:
            return number, f"{type(error).__name__} {error}"
        if cell.pair and not stalls(cell) and self.went_elsewhere(answer):
            self.asked_twice.add(answer.header("x-flux-request-id").replace("-", ""))
            return self.one(number, mark + "again")
        self.asked[number] = (answer.header("x-flux-request-id") or "").replace("-", "")
        return number, wrong_outcome(cell, answer, mark) or wrong_attempts(cell, answer)

    def run(self):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for number, problem in pool.map(self.one, range(len(self.cells))):
                if problem:
                    self.problems[number] = problem
        self.read_books()

    def read_books(self):
        deadline, rows = time.monotonic() + PATIENCE_S, {}
        while time.monotonic() < deadline:
            rows = {}
            for row in self.chaos.read_entries("chaos"):
                rows.setdefault(row["request_id"], []).append(row)
            if set(self.asked.values()) <= set(rows):
                break
            time.sleep(0.1)
        for number, request_id in self.asked.items():
            problem = wrong_entry(self.cells[number], rows.get(request_id, []))
            if problem and number not in self.problems:
                self.problems[number] = problem
        self.extra = set(rows) - set(self.asked.values()) - self.asked_twice


def print_matrix(play):
    """A line for each row; a letter for each way: whole alone, whole pair, stream alone, stream pair."""
    print(f"{'':22}" + "".join(f"{way:>15}" for way in WAYS) + "    . right   X wrong")
    for row in dict.fromkeys(cell.row for cell in play.cells):
        marks = {way: ["-"] * 4 for way in WAYS}
        for number, cell in enumerate(play.cells):
            if cell.row == row:
                at = 2 * cell.stream + cell.pair
                marks[cell.way][at] = "X" if number in play.problems else "."
        name = f"{row.phase} {row.fault} {row.shape if row.shape != 'any' else ''}"
        print(f"{name:22}" + "".join(f"{''.join(marks[way]):>15}" for way in WAYS))


def leaks(chaos, before, play):
    """What is not as it was. Attempts that ended are what the books have."""
    found = [f"gauge {k}: {v}" for k, v in chaos.leaked(PATIENCE_S).items()]
    fds, kb = before
    deadline = time.monotonic() + PATIENCE_S
    while (now := chaos.descriptors()) > fds and time.monotonic() < deadline:
        time.sleep(0.1)
    if now > fds:
        found.append(f"{now} descriptors, {fds} before")
    grown = chaos.anonymous_kb() - kb
    if grown > MARGIN_KB and "san" not in str(chaos.build):
        found.append(f"{grown} KiB more memory")
    told = subprocess.run(
        [str(chaos.build / "fluxrouter"), "ledger", "verify", "--data", str(chaos.data)],
        capture_output=True,
        text=True,
    )
    if told.returncode:
        found.append(told.stdout + told.stderr)
    text = http.ask(chaos.metrics, "GET", "/metrics").body.decode()
    attempts = sum(int(n) for n in re.findall(r"fluxrouter_attempts_total\{[^}]*\} (\d+)", text))
    entries = len(chaos.read_entries("chaos"))
    if attempts != entries:
        found.append(f"{attempts} attempts, {entries} entries")
    if play.extra:
        found.append(f"{len(play.extra)} requests in the books that nobody asked")
    return found


def wanted(rows, what):
    return [r for r in rows if not what or r.phase in what or f"{r.phase}.{r.fault}" in what]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--long", action="store_true", default=bool(os.environ.get("FLUX_LONG")))
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    rows = wanted(read_table(), options.what)
    cells = list(all_cells(rows) if options.long else short_cells(rows))
    chaos = Chaos("main", options.build, options.keep)
    Play(chaos, cells[:: max(1, len(cells) // 40)]).run()  # fills pools and heaps
    chaos.leaked(10)
    before = chaos.descriptors(), chaos.anonymous_kb()
    play, began = Play(chaos, cells), time.monotonic()
    earlier = {row["request_id"] for row in chaos.read_entries("chaos")}
    play.run()
    play.extra -= earlier
    print_matrix(play)
    left = leaks(chaos, before, play)
    for number, problem in sorted(play.problems.items())[: 1000 if options.long else 40]:
        cell = play.cells[number]
        shape = "stream" if cell.stream else "whole"
        pair = "pair" if cell.pair else "alone"
        print(f"FAILED {cell.row.phase}.{cell.row.fault} {cell.way} {shape} {pair}: {problem}")
    for sentence in left:
        print(f"FAILED left behind: {sentence}")
    status = chaos.stop()
    if status:
        print(f"FAILED the daemon ended with {status}\n{chaos.last_words}")
    failed = len(play.problems) + len(left) + (status != 0)
    passed = len(cells) - len(play.problems) + 6 - len(left)
    print(f"{len(cells)} cells in {time.monotonic() - began:.0f} s")
    print(f"matrix: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
