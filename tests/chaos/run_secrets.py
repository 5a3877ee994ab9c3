#!/usr/bin/env python3
"""Marked credentials, and whether one of them shows anywhere; addresses that callers name.

    tests/chaos/run_secrets.py [--build build/asan] [--keep] [NAME-PART ...]

The last line is "secrets: N passed, N failed".
"""

import json
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http, scenes
from caselib.ports import free_port
from caselib.world import World
from clients import TARGETS, request_of
from run_scenes import ask, until, verb

MARK = "Zq7wMARKv"  # in every credential
KEYS = {
    "api": f"sk-proj-{MARK}-provider-of-chat",
    "next": f"sk-proj-{MARK}-after-the-reload",
    "header": f"{MARK}-in-a-header",
    "proxy": f"{MARK}-of-the-proxy",
    "admin": f"{MARK}-of-the-operator-32-characters",
    "hook": f"{MARK}-of-a-webhook-and-more",
    "sample": f"{MARK}-seals-samples-32-chars",
}
CHANGES = (
    (
        "providers:\n",
        f'admin: {{listen: "127.0.0.1:@ADMIN@", key: "{KEYS["admin"]}"}}\n'
        f'webhooks: [{{url: "http://127.0.0.1:9/hook", secret: "{KEYS["hook"]}", events: [50]}}]\n'
        f'samples: {{key: "{KEYS["sample"]}", percent: 100%}}\n'
        "providers:\n"
        f'  - {{name: marked, dialects: [chat, responses, messages], base_url: "http://@PLAIN@/v1", '
        f'api_key: "{KEYS["api"]}", headers: [{{name: x-more, value: "{KEYS["header"]}"}}]}}\n'
        f'  - {{name: byproxy, dialect: chat, base_url: "https://@TLS@/v1", api_key: "{KEYS["api"]}", '
        f'proxy: "http://user:{KEYS["proxy"]}@127.0.0.1:9"}}\n',
    ),
    (
        "models:\n",
        "models:\n  - {name: marked, lane: express, price: {input: 1, output: 1}, "
        "targets: [{provider: marked, model: p}]}\n"
        "  - {name: byproxy, lane: express, price: {input: 1, output: 1}, "
        "targets: [{provider: byproxy, model: p}]}\n",
    ),
)


def seen_in(text):
    return text if isinstance(text, bytes) else text.encode()


class Ears:
    """Everything that anybody could hear, by where it was said."""

    def __init__(self, world):
        self.world, self.heard = world, []

    def hear(self, where, text):
        self.heard.append((where, seen_in(text)))

    def answer(self, where, answer):
        self.hear(where, answer.body + repr(answer.headers + answer.trailers).encode())

    def files(self):
        for path in self.world.data.rglob("*"):
            if path.is_file():
                self.hear(str(path.relative_to(self.world.data)), path.read_bytes())
        self.hear("log", (self.world.folder / "daemon.log").read_bytes())

    def check(self):
        shown = [(where, secret_in(text)) for where, text in self.heard if MARK.encode() in text]
        assert not shown, shown


def secret_in(text):
    at = text.index(MARK.encode())
    return bytes(text[max(0, at - 60) : at + 60])


REFUSALS = (401, 402, 403, 429, 400, 404, 422, 500)


def scene_nowhere(world):
    """no credential in answers, errors, headers, log, metrics, admin API, verbs, journal, store, samples"""
    ears, key = Ears(world), world.key("secret")
    for status in REFUSALS:
        told = json.dumps({"error": {"message": f"wrong key {KEYS['api']} of {KEYS['header']}"}})
        world.plain.script(f"status {status}\nheader x-key: {KEYS['api']}\njson {told}\n", f"e{status}")
        ears.answer(f"status {status}", ask(world, key, f"e{status}", model="marked"))
    ears.answer("by proxy", ask(world, key, "p1", model="byproxy"))
    for stream in (False, True):
        ears.answer("good", ask(world, key, "g1", model="marked", stream=stream))
    heard = world.plain.log("g1")[0]["headers"]
    assert ["x-more", KEYS["header"]] in [[n.lower(), v] for n, v in heard], heard
    ears.answer("metrics", http.ask(world.metrics, "GET", "/metrics"))
    hear_admin(world, ears)
    hear_reloads(world, ears)
    data, config = ["--data", str(world.data)], ["-c", str(world.config)]
    for words in (["check", *config], ["models", *config], ["connect", "codex", *config],
                  ["key", "list", *data], ["usage", *data], ["ledger", "leases", *data]):
        done = verb(world, *words, check=False)
        ears.hear(" ".join(words[:2]), done.stdout + done.stderr)
    world.entries("secret", len(REFUSALS) + 3)
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(20) == 0
    ears.files()
    ears.check()
    world.start()


def hear_admin(world, ears):
    address = ("127.0.0.1", int(re.search(r'listen: "127.0.0.1:(\d+)", key', world.config.read_text())[1]))
    for given in ("", f"Authorization: Bearer {KEYS['admin']}x\r\n", f"Authorization: Bearer {KEYS['admin']}\r\n"):
        link = http.Link(address)
        link.send(f"GET /admin/v1/keys HTTP/1.1\r\nHost: x\r\n{given}\r\n".encode(), 1 << 16)
        answer = link.answer()
        link.leave()
        assert (answer.status == 200) == given.endswith(f"{KEYS['admin']}\r\n"), answer.status
        ears.answer("admin", answer)


def hear_reloads(world, ears):
    """Mistakes right beside credentials, and a good one in the end."""
    good = world.config.read_text()
    for broken in (good.replace(f'api_key: "{KEYS["api"]}"', f'api_key: ["{KEYS["api"]}"]'),
                   good.replace(f'api_key: "{KEYS["api"]}"', f'api_kye: "{KEYS["api"]}"'),
                   good.replace(f'"{KEYS["header"]}"', f'"{KEYS["header"]}\\n"'),
                   good.replace(f'"{KEYS["admin"]}"', f'"{MARK}", "{KEYS["admin"]}"'),
                   good.replace(f'"http://user:{KEYS["proxy"]}@127.0.0.1:9"', f'"ftp://u:{KEYS["proxy"]}@x"')):
        assert broken != good
        world.config.write_text(broken)
        before = world.tail(10000).count("reload refused")
        os.kill(world.daemon.pid, signal.SIGHUP)
        until(lambda: world.tail(10000).count("reload refused") > before, "a broken file is taken")
        done = verb(world, "check", "-c", str(world.config), check=False)
        ears.hear("check", done.stdout + done.stderr)
    world.config.write_text(good)
    os.kill(world.daemon.pid, signal.SIGHUP)
    until(lambda: "reloaded" in world.tail(3), "the good one is refused")


def memory_counts(pid, texts):
    """How often each text stands in a process's own memory."""
    counts = dict.fromkeys(texts, 0)
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            fields = line.split()
            start, end = (int(n, 16) for n in fields[0].split("-"))
            if "w" not in fields[1] or end - start > 1 << 30 or "[v" in line:
                continue
            try:
                mem.seek(start)
                data = mem.read(end - start)
            except (OSError, ValueError):
                continue
            for text in texts:
                counts[text] += data.count(text.encode())
    return counts


def scene_memory(world):
    """a credential that a reload replaced is in memory no more, nor is the text of the file"""
    if os.geteuid() != 0 or "san" in str(world.build):
        return
    lines = f"# {MARK} a remark of the file that nothing needs {MARK}"
    key, text = world.key("memory"), world.config.read_text()
    old, new = KEYS["api"], KEYS["next"]
    world.config.write_text(lines + "\n" + text)
    os.kill(world.daemon.pid, signal.SIGHUP)
    until(lambda: "reloaded" in world.tail(3), "the reload is refused")
    assert ask(world, key, "m0").status == 200
    before = memory_counts(world.daemon.pid, (old, new, lines))
    assert before[old] > 0 and before[lines] == 0, before
    world.config.write_text(text.replace(old, new))
    seen = world.tail(10000).count("reloaded")
    os.kill(world.daemon.pid, signal.SIGHUP)
    until(lambda: world.tail(10000).count("reloaded") > seen, "the reload is refused")
    assert ask(world, key, "m1", model="marked").status == 200  # on a snapshot of the new one
    after, deadline = memory_counts(world.daemon.pid, (old, new, lines)), time.monotonic() + 30
    while after[old] > 0 and time.monotonic() < deadline:  # a loop that has not turned since may hold it
        time.sleep(0.05)
        after = memory_counts(world.daemon.pid, (old, new, lines))
    print(f"secrets: of the old credential {before[old]} copies before, {after[old]} after its reload")
    assert after[new] > 0 and after[old] == 0 and after[lines] == 0, after


def scene_no_core(world):
    """no core file, and no other process of the same user looks inside"""
    limits = pathlib.Path(f"/proc/{world.daemon.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0", limits), limits
    assert os.stat(f"/proc/{world.daemon.pid}/environ").st_uid == 0


def scene_closed(world):
    """nothing but loopback, and no admin API, unless it was asked for; files are their owner's alone"""
    for path in world.data.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, (path, oct(path.stat().st_mode))
    for change, why in (('listen: ["0.0.0.0:0"]', "insecure"),
                        (f'admin: {{listen: "0.0.0.0:0", key: "{KEYS["admin"]}"}}', "insecure"),
                        ('admin: {listen: "127.0.0.1:0"}', "key")):
        name = change.split(":")[0]
        text = re.sub(rf"(?m)^{name}:.*$", change.replace("\\", ""), world.config.read_text())
        (world.folder / "other.yaml").write_text(text)
        done = verb(world, "check", "-c", str(world.folder / "other.yaml"), check=False)
        assert done.returncode == 1 and why in done.stdout + done.stderr, (change, done.stdout)


class Trap(threading.Thread):
    """A listener that nobody may call."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener, self.calls = socket.create_server(("127.0.0.1", 0)), 0
        self.url = "http://127.0.0.1:%d/picture.png" % self.listener.getsockname()[1]
        self.start()

    def run(self):
        while True:
            self.listener.accept()[0].close()
            self.calls += 1


def named_by_callers(url):
    """(target, content) of whatever a caller can name by address, in each dialect."""
    chat = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}]
    responses = [{"type": "input_image", "image_url": url}, {"type": "input_file", "file_url": url}]
    source = {"type": "url", "url": url}
    messages = [{"type": "image", "source": source}, {"type": "document", "source": source}]
    tools = [{"type": "mcp", "server_label": "x", "server_url": url, "require_approval": "never"}]
    for part in chat[1:]:
        yield TARGETS[0], {"messages": [{"role": "user", "content": [chat[0], part]}]}
    for part in responses:
        yield TARGETS[1], {"input": [{"role": "user", "content": [part]}]}
    yield TARGETS[1], {"input": "hi", "tools": tools}
    for part in messages:
        yield TARGETS[2], {"max_tokens": 9, "messages": [{"role": "user", "content": [part]}]}
    mcp = [{"type": "url", "url": url, "name": "x"}]
    yield TARGETS[2], {"max_tokens": 9, "mcp_servers": mcp, "messages": [{"role": "user", "content": "hi"}]}


MODELS = ("large", "only-chat", "only-responses", "only-messages", "only-gemini", "flux-auto")


def scene_fetches_nothing(world):
    """an address in a request is fetched by nobody here, whatever dialect its target speaks"""
    trap, key, asked = Trap(), world.key("ssrf"), 0
    for target, body in named_by_callers(trap.url):
        for path in (target, "/v1/route"):
            for model in MODELS:
                link = http.Link(world.address)
                whole = json.dumps({"model": model, **body}).encode()
                more = f"Referer: {trap.url}\r\nOrigin: {trap.url}\r\nX-Forwarded-Host: {trap.url[7:-12]}\r\n"
                link.send(request_of(key, path, whole, more), 1 << 20)
                answer = link.answer("POST")
                link.leave()
                asked += 1
                assert answer.status in (200, 400, 404, 422, 502), (path, model, answer.body)
    assert asked > 80 and trap.calls == 0, (asked, trap.calls)
    print(f"secrets: {asked} requests that named an address, {trap.calls} fetched")


ONLY = "".join(
    f'  - {{name: o{d}, dialect: {d}, base_url: "http://@PLAIN@/{"v1beta" if d == "gemini" else "v1"}"}}\n'
    for d in ("chat", "responses", "messages", "gemini")
)
ONLY_MODELS = "".join(
    f"  - {{name: only-{d}, lane: express, price: {{input: 1, output: 1}}, can: [images, pdf, tools], "
    f"targets: [{{provider: o{d}, model: p}}]}}\n"
    for d in ("chat", "responses", "messages", "gemini")
)


def play(run, options):
    changes = [(a, b.replace("@ADMIN@", str(free_port()))) for a, b in CHANGES]
    changes += [("providers:\n", "providers:\n" + ONLY), ("models:\n", "models:\n" + ONLY_MODELS)]
    return scenes.played(World("main", options.build, options.keep, changes), run)


if __name__ == "__main__":
    todo = {n: (lambda o, run=run: play(run, o)) for n, run in scenes.of(globals()).items()}
    sys.exit(scenes.perform("secrets", todo))
