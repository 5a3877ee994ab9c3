#!/usr/bin/env python3
"""One daemon in front of fluxprovider, each client in turn. run.sh installs them and calls this."""

import json
import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import agents
from agents import node, url
from caselib import check, http
from caselib.world import World

CACHE = agents.CACHE
# Models with so little room that agents must compact.
SMALL = [("context: 200000", "context: 60000"), ("max_output: 32000", "max_output: 8000")]


def run_sdk(world, name):
    env = dict(
        os.environ,
        FLUX_URL=url(world.address),
        FLUX_KEY=world.key(f"sdk-{name}"),
        FLUX_DOOR=url(world.plain.door),
    )
    env.update(agents.sdk_settings(world, env["FLUX_KEY"]))
    done = subprocess.run([node(), f"{name}.mjs", *sys.argv[1:]], cwd=HERE, env=env, timeout=300)
    return done.returncode == 0


def report(name, problem):
    if problem:
        print(f"FAILED {name}: {problem}")
    print(f"{name}: {0 if problem else 1} passed, {1 if problem else 0} failed", flush=True)
    return not problem


skipped = set()  # agents that were told of


def run_row(world, row):
    do, agent, *rest = row
    try:
        return do(world, agent, *rest)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def run_agents(world, rows):
    """Two at a time."""
    missing = {row[1].name for row in rows if not agents.runs(row[1])}
    for name in sorted(missing - skipped):
        print(f"{name}: 0 passed, 0 failed, 1 skipped (FLUX_CLIS=1 installs and runs it)")
    skipped.update(missing)
    rows = [row for row in rows if row[1].name not in missing]
    with ThreadPoolExecutor(2) as pool:
        problems = pool.map(lambda row: run_row(world, row), rows)
        shown = [
            report(f"{row[0].__name__[3:]} of {row[1].name} on {row[2]} by {row[3]}", problem)
            for row, problem in zip(rows, problems)
        ]
    return all(shown)


class RealModel:
    """The tiny model of FLUX_MODELS behind a server of its own, when there is one."""

    def __init__(self):
        self.file = (
            pathlib.Path(os.environ.get("FLUX_MODELS") or "/nonexistent") / "stories260K.gguf"
        )
        self.process = None
        if self.file.exists() and (CACHE / "model/node_modules").exists():
            words = [node(), str(HERE / "model/serve.mjs"), str(CACHE / "model"), str(self.file)]
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
            self.port = int(self.process.stdout.readline().split()[1])

    def changes(self):
        if self.process is None:
            return []
        provider = (
            f'  - {{name: real, dialect: chat, base_url: "http://127.0.0.1:{self.port}/v1"}}\n'
        )
        model = (
            "  - {name: real, lane: express, price: {input: 1, output: 2}, "
            "targets: [{provider: real, model: stories}]}\n"
        )
        return [("providers:\n", "providers:\n" + provider), ("\nmodels:\n", "\nmodels:\n" + model)]

    def ask(self, world, stream, tokens, timeout=20):
        body = json.dumps(
            {
                "model": "real",
                "stream": stream,
                "max_tokens": tokens,
                "stream_options": {"include_usage": True},
                "messages": [{"role": "user", "content": "Once upon a time"}],
            }
        ).encode()
        link = http.Link(world.address)
        link.send(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\n"
            f"Authorization: Bearer {world.key('real')}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body,
            1 << 20,
        )
        answer = link.answer("POST", timeout)
        link.leave()
        return answer

    def problem(self, world):
        whole = json.loads(self.ask(world, False, 40).body)
        told, usage = whole["choices"][0]["message"]["content"], whole["usage"]
        price = Decimal(usage["prompt_tokens"] + 2 * usage["completion_tokens"]) / 10**6
        events = [
            json.loads(data)
            for _, data in check.events_of(self.ask(world, True, 40).body)
            if data != "[DONE]"
        ]
        streamed = "".join(c["delta"].get("content", "") for e in events for c in e["choices"])
        self.ask(world, True, 200, timeout=0.03)
        cancelled = self.process.stdout.readline().strip()
        rows = world.entries("real", 3)
        if Decimal(str(usage["cost_usd"])) != price or rows[0]["cost_nusd"] != int(price * 10**9):
            return f"cost {usage['cost_usd']} and {rows[0]['cost_nusd']}, not {price}"
        if len(told) < 20 or streamed != told or cancelled != "cancelled":
            return f"told {told!r}, streamed {streamed!r}, {cancelled}"
        return "" if rows[-1]["end"] == "client_gone" else f"ended {rows[-1]['end']}"

    def run(self, world):
        if self.process is None:
            print(
                "real model: 0 passed, 0 failed, "
                "1 skipped (FLUX_MODELS names no folder with stories260K.gguf)"
            )
            return True
        return report("real model", self.problem(world))

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()


def main():
    real = RealModel()
    world = World("main", os.environ.get("FLUX_BUILD", "build"), changes=real.changes())
    fine = True
    try:
        fine = real.run(world) and fine
        for name in ("openai", "anthropic"):
            fine = run_sdk(world, name) and fine
        fine = run_agents(world, agents.tier_rows()) and fine
        leaked = world.leaked()
        fine = report("clients leave nothing behind", str(leaked) if leaked else "") and fine
    finally:
        status = world.stop()
        real.stop()
    fine = (
        report(
            "daemon after the clients", f"ended with {status}\n{world.last_words}" if status else ""
        )
        and fine
    )
    fine = translate() and fine
    return 0 if compact() and fine else 1


def translate():
    """The same clients where every provider speaks one dialect alone."""
    world = World("translate", os.environ.get("FLUX_BUILD", "build"))
    try:
        fine = True
        for name in ("translate", "parse", "vercel", "langchain", "runner"):
            fine = run_sdk(world, name) and fine
        fine = run_agents(world, agents.dialect_rows()) and fine
    finally:
        status = world.stop()
    return report("daemon after translating", f"ended with {status}" if status else "") and fine


def compact():
    """Conversations that outgrow their model's window."""
    world = World("translate", os.environ.get("FLUX_BUILD", "build"), changes=SMALL)
    try:
        fine = run_agents(world, agents.window_rows())
    finally:
        status = world.stop()
    return report("daemon after compaction", f"ended with {status}" if status else "") and fine


if __name__ == "__main__":
    sys.exit(main())
