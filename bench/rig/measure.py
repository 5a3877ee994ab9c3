"""Runs cases and gives figures. A round is every engine once (A B C, then A B C again), so that
what changes on the machine meanwhile meets all of them; every ratio is taken within its round."""

import json
import os
import statistics
import subprocess
import sys
import time

from . import case as case_table
from . import process, request

LOAD = os.path.abspath("build/bench/load")
PRICE_BYTES = 512  # what a gateway may add to a body: cost_usd and currency in its usage


class LoadFailed(Exception):
    """The generator ended early: its own sentence."""


class Bench:
    """The stub, the running engines, and where their files lie."""

    def __init__(self, scratch, scale):
        self.scratch, self.scale = scratch, scale
        self.engine_core, self.load_core = process.cores()
        self.stub, self.stub_port = None, None
        self.engines = {}
        self.calls = process.CallCounter(scratch)

    def start_stub(self, port):
        self.stub_port = port
        self.stub = process.spawn([os.path.abspath("build/bench/stub"), str(port)],
                                  self.load_core, os.path.join(self.scratch, "stub.log"))
        time.sleep(0.1)
        if self.stub.poll() is not None:
            raise SystemExit("bench: the stub does not start, see its log")

    def add(self, kind, port):
        engine = kind(self.scratch, port, self.stub_port, self.engine_core)
        started = engine.start()
        self.engines[engine.name] = engine
        return started

    def stop(self):
        for engine in self.engines.values():
            engine.stop()
        process.end(self.stub)

    def request_file(self, raw):
        path = os.path.join(self.scratch, "request")
        with open(path, "wb") as out:
            out.write(raw)
        return path

    def load_command(self, port, raw, options):
        return ([LOAD, "--port", str(port), "--request", self.request_file(raw)]
                + [str(o) for o in options])

    def load(self, port, raw, options):
        """Runs the generator to its end; gives its last line."""
        log = os.path.join(self.scratch, "load.out")
        if os.path.exists(log):
            os.unlink(log)
        ran = process.spawn(self.load_command(port, raw, options), self.load_core, log)
        if ran.wait() != 0:
            with open(log) as text:
                raise LoadFailed(text.read()[-2000:].strip())
        with open(log) as text:
            return json.loads(text.read().splitlines()[-1])

    def hold(self, engine, streams, command):
        """Opens streams and keeps them; gives the generator's process once all are open."""
        ran = subprocess.Popen(
            self.load_command(engine.port, engine.request(command),
                              ["--connections", streams, "--hold", 3600, "--settle", 0]),
            stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.load_core}))
        line = ran.stdout.readline()
        if json.loads(line or "{}").get("open") != streams:
            process.end(ran)
            raise SystemExit(f"bench: {engine.name} does not open {streams} streams")
        return ran


def closed_options(case, scale, watched, body_bytes, warmup=0):
    requests = max(int(case.requests * scale), case.connections * 2)
    return ["--connections", case.connections, "--requests", requests,
            "--warmup", max(requests // 10, case.connections, int(warmup)),
            "--body-min", body_bytes, "--body-max", body_bytes + PRICE_BYTES,
            "--watch", ",".join(map(str, watched))]


def paced_options(case, scale, watched):
    return ["--connections", max(int(case.connections * min(scale, 1)), 10),
            "--settle", 1, "--hold", max(int(5 * scale), 1),
            "--watch", ",".join(map(str, watched))]


def figures_of(result):
    """What one run says, per request or, of paced streams, per event."""
    count = result["requests"] or result["events"]
    return {"cpu_us": result["cpu_ns"] / count / 1000,
            "per_s": count / result["seconds"],
            "sleeps": result["switches"] / count,
            "p50_us": result["p50_us"], "p99_us": result["p99_us"]}


def run_once(bench, case, engine, body_bytes, part=1.0):
    raw = engine.request(case.command, case.model, case.request_bytes)
    pids = engine.pids()
    if case.is_paced:
        options = paced_options(case, bench.scale, pids)
    else:
        options = closed_options(case, bench.scale * part * engine.share, pids, body_bytes,
                                 engine.warmup * min(bench.scale, 1))
    figures = figures_of(bench.load(engine.port, raw, options))
    figures.update(process.memory(pids))
    return figures


def run_direct(bench, case, engine, body_bytes):
    """The same load without anybody between: for the added latency."""
    raw = engine.request(case.command, case.model, case.request_bytes)
    return figures_of(bench.load(bench.stub_port, raw, closed_options(
        case, bench.scale, [bench.stub.pid], body_bytes)))


def call_runs(case, scale):
    """Options of a shorter and a longer run."""
    if case.is_paced:
        streams = max(int(case.connections * min(scale, 1)), 10)
        return [["--connections", streams, "--hold", seconds] for seconds in (1, 3)]
    few = case.connections * 4
    many = few * (5 if case.connections > 1 else 100)
    return [["--connections", case.connections, "--requests", n] for n in (few, many)]


def count_calls(bench, case, engine):
    """System calls per request (or event): of a longer run less those of a shorter one, so that
    opening and closing connections does not count."""
    raw = engine.request(case.command, case.model, case.request_bytes)
    counts = []
    for options in call_runs(case, bench.scale):
        command = bench.load_command(engine.port, raw, options)
        calls, said = bench.calls.count(
            engine.pids(), ["taskset", "-c", str(bench.load_core)] + command)
        if calls is None:
            return None
        result = json.loads(said)
        counts.append((calls, result["requests"] or result["events"]))
    return (counts[1][0] - counts[0][0]) / (counts[1][1] - counts[0][1])


def takes_part(case, engine):
    return ((not case.engines or engine.name in case.engines)
            and (not engine.cases or case.name in engine.cases))


def _forgiven(engine, case, why):
    """A peer that answers wrongly has no figure; anybody else's failure ends the run."""
    if engine.share == 1.0:
        raise SystemExit(f"bench: {engine.name}, {case.name}: {why}")
    print(f"bench: {engine.name} is left out of {case.name}: {why}", file=sys.stderr)
    return engine.name


def run_case(bench, case, rounds):
    """{engine: [figures of each round]}; with the key "direct" where the case adds latency."""
    names = [n for n, e in bench.engines.items() if takes_part(case, e)]
    first = bench.engines[names[0]]
    body_bytes = 0 if case.is_paced else request.check(
        bench.stub_port, first.request(case.command, case.model, case.request_bytes),
        case.command)
    for name in names if not case.is_paced else []:
        engine = bench.engines[name]
        request.check(engine.port, engine.request(case.command, case.model,
                                                  case.request_bytes), case.command)
    runs = {name: [] for name in names}
    for _ in range(rounds):
        direct = run_direct(bench, case, first, body_bytes) if case.figure == "added_p50" else None
        for name in list(names):
            try:
                figures = run_once(bench, case, bench.engines[name], body_bytes)
            except LoadFailed as why:
                names.remove(_forgiven(bench.engines[name], case, why))
                runs[name] = []
                continue
            if direct:
                figures["added_p50_us"] = figures["p50_us"] - direct["p50_us"]
            runs[name].append(figures)
    for name in names:
        calls = count_calls(bench, case, bench.engines[name])
        for figures in runs[name]:
            figures["calls"] = calls
    return runs


def run_start(bench, kinds, port, rounds):
    """Milliseconds from exec to the first answered request, on an existing data directory."""
    runs = {kind.name: [] for kind in kinds}
    for _ in range(rounds):
        for i, kind in enumerate(kinds):
            engine = kind(os.path.join(bench.scratch, "start"), port + i, bench.stub_port,
                          bench.engine_core)
            runs[kind.name].append({"start_ms": engine.start() * 1000})
            engine.stop()
    return runs


def run_memory(bench, kinds, port, streams):
    """RssAnon of a fresh engine: idle, then with each number of open streams, and what a stream
    adds, in bytes. And the cost of a 1 KiB request beside the most streams, against none."""
    found = {}
    for i, kind in enumerate(kinds):
        engine = kind(os.path.join(bench.scratch, "memory"), port + i, bench.stub_port,
                      bench.engine_core)
        engine.start()
        try:
            found[kind.name] = _memory_of(bench, engine, streams)
            found[kind.name].update(engine.sizes())
        finally:
            engine.stop()
    return found


def _median_cpu(bench, case, engine):
    return statistics.median(run_once(bench, case, engine, 1024, 0.2)["cpu_us"]
                             for _ in range(3))


def _memory_of(bench, engine, streams):
    json_1k = next(c for c in case_table.CASES if c.name == "json-1k")
    idle = process.memory(engine.pids())
    figures = {"idle_rss": idle["rss"], "idle_rss_anon": idle["rss_anon"],
               "cpu_us_at_0": _median_cpu(bench, json_1k, engine)}
    for count in streams:
        holder = bench.hold(engine, count, "pace:1000000:60000")
        try:
            time.sleep(0.5)
            anon = process.memory(engine.pids())["rss_anon"]
            figures[f"rss_anon_at_{count}"] = anon
            figures[f"per_stream_at_{count}"] = (anon - idle["rss_anon"]) / count
            if count == max(streams):
                figures[f"cpu_us_at_{count}"] = _median_cpu(bench, json_1k, engine)
        finally:
            process.end(holder)
            time.sleep(1)
    return figures
