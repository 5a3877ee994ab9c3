#!/usr/bin/env python3
"""What a daemon does over its life: stop, reload, kill -9, slow readers, a locked store, its verbs.

    tests/run_scenes.py [--build build/asan] [--keep] [NAME-PART ...]

Each scene has a daemon of its own. The last line is "scenes: N passed, N failed".
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from decimal import Decimal

from caselib import http, routing, scenes
from caselib.ports import free_port
from caselib.world import ROOT, World

STREAM = (
    'status 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"begun"}}]}\n%s'
    'data {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n'
    'data {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}}\n'
    "data [DONE]\n"
)


def request(key, mark, stream=False, model="flux-fast", headers=""):
    body = json.dumps(
        {
            "model": model,
            "stream": stream,
            "messages": [{"role": "user", "content": f"case:{mark} hi"}],
        }
    ).encode()
    return (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n{headers}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def ask(world, key, mark, **more):
    link = http.Link(world.address)
    link.send(request(key, mark, **more), 1 << 20)
    answer = link.answer("POST")
    link.leave()
    return answer


def open_stream(world, key, mark, wait="stall\n", more=""):
    """A stream whose first content has come and whose rest waits."""
    world.plain.script(STREAM % wait, mark)
    link = http.Link(world.address)
    link.send(request(key, mark + more, stream=True), 1 << 20)
    until(lambda: (link.wait_bytes(0.02), b"begun" in link.data)[1], "the stream does not begin")
    return link


def until(holds, sentence, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, sentence
        time.sleep(0.01)


def verb(world, *words, check=True, text=None):
    done = subprocess.run(
        [str(world.build / "fluxrouter"), *words],
        capture_output=True,
        text=True,
        input=text,
        timeout=60,
    )
    assert (
        not check or done.returncode == 0
    ), f"{' '.join(words)}: {done.returncode} {done.stdout}{done.stderr}"
    return done


def usage_of(world, *words):
    return json.loads(verb(world, "usage", "--data", str(world.data), "--json", *words).stdout)


def resident_kib(world):
    status = pathlib.Path(f"/proc/{world.daemon.pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status).group(1))


# ---- scenes: each gets a world, and raises what is wrong


def scene_books_agree(world):
    """header, body, ledger, usage and verify tell the same amounts"""
    key, total = world.key("books"), 0
    for i in range(20):
        world.plain.script(f"usage {100 + i} {i} {i}\nbuiltin\n", f"b{i}")
        answer = ask(world, key, f"b{i}")
        assert answer.status == 200, answer.body
        total += int(Decimal(answer.header("x-flux-cost-usd")) * 10**9)
    rows = world.entries("books", 20)
    assert sum(r["cost_nusd"] for r in rows) == total, (rows, total)
    text = json.dumps(usage_of(world))
    assert re.search(r'"cost_usd": ?"?0\.0*%s' % str(total).rstrip("0"), text), (text, total)
    assert "ok" in verb(world, "ledger", "verify", "--data", str(world.data)).stdout


def scene_kill_9(world):
    """kill -9 loses no entry and doubles none"""
    key = world.key("killed")
    for i in range(5):
        assert ask(world, key, f"done{i}").status == 200
    links = [open_stream(world, key, f"open{i}") for i in range(5)]
    world.daemon.send_signal(signal.SIGKILL)
    world.daemon.wait()
    for link in links:
        link.leave()
    world.start()
    rows = world.entries("killed", 10)
    ends = sorted(r["end"] for r in rows)
    assert ends == ["lost"] * 5 + ["ok"] * 5, ends
    assert all(r["cost_nusd"] > 0 and r["reported"] == 0 for r in rows if r["end"] == "lost"), rows
    assert ask(world, key, "after").status == 200
    world.entries("killed", 11)
    verb(world, "ledger", "verify", "--data", str(world.data))


def dumps_core(process):
    with contextlib.suppress(PermissionError):  # of who gave its own limit away for good
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (1 << 30, 1 << 30))
    process.send_signal(signal.SIGABRT)
    return os.WCOREDUMP(os.waitpid(process.pid, 0)[1])


def scene_no_core_file(world):
    """an abort leaves no memory image behind, where that of another program would"""
    folder = tempfile.mkdtemp(dir=world.folder)
    other = subprocess.Popen(["sleep", "60"], cwd=folder)
    if not dumps_core(other):
        other.returncode = 0
        return
    other.returncode = 0
    dumped = dumps_core(world.daemon)
    world.daemon.returncode = 0
    world.start()
    assert not dumped


def scene_kill_under_load(world):
    """kill -9 under load: whoever has an answer has exactly one entry"""
    key, answered, stop = world.key("load"), [], []

    def hammer(number):
        while not stop:
            try:
                answer = ask(world, key, f"load{number}")
            except OSError:
                return
            if answer.status == 200 and answer.ended == "clean":
                answered.append(answer.header("x-flux-request-id").replace("-", ""))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        hammers = [pool.submit(hammer, number) for number in range(8)]
        until(lambda: len(answered) > 200, "too few answers", 20)
        world.daemon.send_signal(signal.SIGKILL)
        world.daemon.wait()
        stop.append(True)
        for one in hammers:
            one.result()
    world.start()
    rows = world.entries("load", len(answered))
    ok = [r["request_id"] for r in rows if r["end"] == "ok"]
    missing = set(answered) - set(ok)
    assert not missing and len(ok) == len(set(ok)), (len(answered), len(ok), len(missing))
    verb(world, "ledger", "verify", "--data", str(world.data))


def scene_reload_under_load(world):
    """ten reloads while 300 requests run: every one is answered"""
    key = world.key("storm")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(ask, world, key, f"r{i}", stream=i % 2 == 0) for i in range(300)]
        for _ in range(10):
            world.daemon.send_signal(signal.SIGHUP)
            time.sleep(0.03)
        answers = [one.result() for one in asked]
    bad = [a for a in answers if a.status != 200 or a.ended != "clean"]
    assert not bad, (len(bad), bad[0].status, bad[0].ended, bad[0].body[:200])


def made_key(world, *words):
    return verb(world, "key", "create", "--data", str(world.data), *words).stdout.strip()


def scene_held_by_others(world):
    """money that others hold is waited for; when none becomes free, 429 tells what is held"""
    key = world.key("narrow", '{"month_usd": 0.3, "clamp": false}')
    link = open_stream(world, key, "holds")
    answer = ask(world, key, "waits")
    error = json.loads(answer.body)["error"]
    assert answer.status == 429 and error["code"] == "ceiling_busy", answer.body
    assert answer.header("retry-after") and error["scope"] == "account_month", error
    assert error["limit_usd"] == 0.3 and error["spent_usd"] == 0, error
    assert 0.25 < error["held_usd"] < 0.3 and 0.25 < error["needed_usd"] < 0.3, error
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(ask, world, key, "waits")
        time.sleep(0.5)
        assert not waiting.done(), waiting.result().body
        link.leave()
        assert waiting.result().status == 200, waiting.result().body


def scene_key_with_limits(world):
    """a key for some models sees and uses no other; a key past its date is refused as expired"""
    key = made_key(world, "--account", "narrow", "--models", "small")
    assert ask(world, key, "a1").status == 200
    answer = ask(world, key, "a2", model="flux-pinned-large")
    assert answer.status == 403 and b"model_not_allowed" in answer.body, answer.body
    link = http.Link(world.address)
    link.send(f"GET /v1/models HTTP/1.1\r\nHost: t\r\nx-api-key: {key}\r\n\r\n".encode(), 99)
    listed = [m["id"] for m in json.loads(link.answer().body)["data"]]
    link.leave()
    assert "flux-pinned-small" in listed and "flux-pinned-large" not in listed, listed
    short = made_key(world, "--account", "short", "--expires", "1h")
    store = sqlite3.connect(world.data / "flux.db", isolation_level=None)
    store.execute("update keys set expires_ms = 1 where expires_ms > 0")
    store.close()
    assert b"expired_api_key" in ask(world, short, "a3").body


def scene_proxy_from_environment(world):
    """HTTPS_PROXY is used where the provider names no proxy; NO_PROXY is not"""
    key = world.key("proxy")
    before = len(world.proxy.log(""))
    assert ask(world, key, "p1", model="secure").status == 200
    assert len(world.proxy.log("")) == before
    world.restart(HTTPS_PROXY="http://user:pass@127.0.0.1:%d" % world.proxy.ports[0])
    assert ask(world, key, "p2", model="secure").status == 200
    assert len(world.proxy.log("")) + world.proxy.open_tunnels() > before, "the proxy was not asked"
    world.restart(HTTPS_PROXY="http://127.0.0.1:1", NO_PROXY="localhost")
    assert ask(world, key, "p3", model="secure").status == 200


def scene_unix_socket(world):
    """unix: listening works like the others"""
    path = f"{world.folder}/flux.sock"
    world.config.write_text(
        world.config.read_text().replace('listen: ["', f'listen: ["unix:{path}", "', 1)
    )
    world.restart()
    words = ["curl", "-s", "--unix-socket", path, "http://x/v1/models/flux-fast", "-H"]
    done = subprocess.run(
        [*words, f"x-api-key: {world.key('unix')}"], capture_output=True, text=True
    )
    assert json.loads(done.stdout)["id"] == "flux-fast", done


def scene_graceful_stop(world):
    """SIGTERM: readyz fails first, service goes on for drain_delay, streams finish, status 0"""
    key = world.key("drain")
    link = open_stream(world, key, "d", "wait 8000\n")
    world.daemon.send_signal(signal.SIGTERM)
    until(lambda: http.ask(world.address, "GET", "/readyz").status == 503, "readyz stays 200", 5.5)
    assert http.ask(world.address, "GET", "/healthz").status == 200
    assert ask(world, key, "late").status == 200
    answer = link.answer("POST")
    assert answer.ended == "clean" and b"[DONE]" in answer.body, (answer.ended, answer.body)
    assert world.daemon.wait(40) == 0
    assert [r["end"] for r in world.entries("drain", 2)] == ["ok", "ok"]


def scene_reload(world):
    """SIGHUP: a new alias works, a running stream goes on, a broken file is refused by name"""
    key = world.key("reload")
    link = open_stream(world, key, "r", "wait 1500\n")
    good = world.config.read_text()
    world.config.write_text(good + '  - {match: "brand-new", to: flux-fast}\n')
    assert ask(world, key, "n0", model="brand-new").status == 404
    world.daemon.send_signal(signal.SIGHUP)
    until(
        lambda: ask(world, key, "n1", model="brand-new").status == 200,
        "the new alias does not come",
    )
    world.config.write_text(good + '  - {match: "brand-new", to: flux-fast}\ndata: elsewhere\n')
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: "`data` is elsewhere now, but is read at start only" in world.tail(), "a change of data is not named")
    world.config.write_text(good + "  - {match: 7\nnonsense")
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: "config.yaml:" in world.tail(), "the broken file is not named")
    assert ask(world, key, "n2", model="brand-new").status == 200
    answer = link.answer("POST")
    assert answer.ended == "clean" and b"[DONE]" in answer.body, (answer.ended, answer.body)


def scene_keys(world):
    """a key made or revoked beside the daemon counts at once; its running stream finishes"""
    key = world.key("comes")
    assert ask(world, key, "k1").status == 200
    link = open_stream(world, key, "k2", "wait 2500\n")
    listed = json.loads(verb(world, "key", "list", "--data", str(world.data), "--json").stdout)
    assert key not in json.dumps(listed)
    verb(world, "key", "revoke", "--data", str(world.data), key[:18])
    until(lambda: ask(world, key, "k3").status == 401, "a revoked key is served", 10.0)
    answer = link.answer("POST")
    assert answer.ended == "clean" and b"[DONE]" in answer.body, (answer.ended, answer.body)
    assert key not in world.tail(1000)


def scene_locked_store(world):
    """a locked database holds nobody up; the entries come when it is free"""
    key = world.key("locked")
    lock = sqlite3.connect(world.data / "flux.db", isolation_level=None)
    lock.execute("begin exclusive")
    began = time.monotonic()
    for i in range(20):
        assert ask(world, key, f"l{i}").status == 200
    assert time.monotonic() - began < 30, "requests wait for the store"
    lock.execute("rollback")
    lock.close()
    assert len(world.entries("locked", 20, 10)) == 20


def scene_second_start(world):
    """a second start finds keys, entries and configuration as they were"""
    key = world.key("again")
    assert ask(world, key, "s1").status == 200
    world.entries("again", 1)
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(15) == 0
    world.start()
    assert ask(world, key, "s2").status == 200
    assert len(world.entries("again", 2)) == 2


def scene_drain_for_nobody(world):
    """client_gone: drain reads the answer to its end, and bills what the provider told"""
    key = world.key("left")
    link = open_stream(world, key, "stream", wait="wait 2000\n")
    link.leave()
    world.plain.script("read all\nwait 2000\nusage 70 7\nbuiltin\n", "whole")
    link = http.Link(world.address)
    link.send(request(key, "whole"), 1 << 20)
    until(lambda: world.plain.state("whole")["playing"], "the provider hears nothing")
    link.leave()
    rows = world.entries("left", 2)
    told = sorted((r["end"], r["reported"], r["input"], r["output"]) for r in rows)
    assert told == [("client_gone", 1, 4, 2), ("client_gone", 1, 70, 7)], told
    open_stream(world, key, "cut").leave()
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(20) == 0
    world.start()


def scene_drain_limit(world):
    """a stream that does not end is cut at drain_limit, whichever loop has it"""
    key = world.key("limit")
    for i in range(5):
        link = open_stream(world, key, f"stuck{i}")
        world.daemon.send_signal(signal.SIGTERM)
        assert world.daemon.wait(40) == 0
        link.leave()
        world.start()


def scene_slow_reader(world):
    """a client that reads nothing: the provider is held up, memory stays, its leaving ends all"""
    key = world.key("slow")
    event = 'data: {\\"choices\\":[{\\"index\\":0,\\"delta\\":{\\"content\\":\\"%s\\"}}]}\\n\\n' % (
        "x" * 4000
    )
    world.plain.script(f'status 200\nsse\nfill 400000000 "{event}"\n', "w")
    before = resident_kib(world)
    link = http.Link(world.address)
    link.send(request(key, "w", stream=True), 1 << 20)
    time.sleep(1.5)
    grown = resident_kib(world) - before
    limit = 60000 if "asan" in str(world.build) else 8000
    assert grown < limit, f"{grown} KiB more for one slow reader"
    link.leave()
    until(lambda: world.plain.log("w"), "the provider's connection stays open")
    record = world.plain.log("w")[0]
    assert record["ended"].startswith("peer_") and record["sent_bytes"] < 60e6, record["sent_bytes"]
    assert world.entries("slow", 1)[0]["end"] == "client_gone"


def upload_but_the_end(world, key, size):
    """A connection on which all of a large body but its last bytes has been sent."""
    link = socket.create_connection(world.address, 5)
    head, _, _ = request(key, "u").partition(b"Content-Length")
    try:
        link.sendall(head + b"Content-Length: %d\r\n\r\n" % size)
        link.sendall(b" " * (size - 10))
    except OSError:
        pass  # refused: there is too much already
    return link


def scene_large_bodies(world):
    """bodies past the budget get 503, small requests go on; the memory is given back afterwards"""
    key = world.key("large")
    for _ in range(3):
        links = [upload_but_the_end(world, key, 31 << 20) for _ in range(18)]
        until(lambda: b"503" in links[-1].recv(40), "the budget of bodies has no end")
        assert ask(world, key, "small").status == 200
        for link in links:
            link.close()
    if "asan" in str(world.build) or "tsan" in str(world.build):
        return
    until(lambda: resident_kib(world) < 50000, "the memory of large bodies is kept")


def body_bytes(world):
    text = http.ask(world.metrics, "GET", "/metrics").body.decode()
    return int(re.search(r"^fluxrouter_request_body_bytes (\d+)$", text, re.M)[1])


def scene_body_of_a_stream(world):
    """what a stream asked is held until its first content, and then no more"""
    key = world.key("body")
    world.plain.script("status 200\nsse\nstall\n", "waits")
    waits = http.Link(world.address)
    waits.send(request(key, "waits" + " x" * 500000, stream=True), 1 << 20)
    until(lambda: body_bytes(world) > 1000000, "the body of a request is not told")
    link = open_stream(world, key, "b", more=" x" * 500000)
    until(lambda: body_bytes(world) < 1200000, "the stream's body is kept")
    link.leave()
    waits.leave()
    until(lambda: body_bytes(world) == 0, "bodies are left over")


def scene_prompt_events(world):
    """each event is with the client at once: no 40 ms of Nagle and delayed acknowledgement"""
    key = world.key("prompt")
    events = "".join(
        f'data {{"choices":[{{"index":0,"delta":{{"content":"w{i}"}}}}]}}\nwait 10\n'
        for i in range(40)
    )
    world.plain.script("status 200\nsse\n" + events + "data [DONE]\n", "p")
    link = http.Link(world.address)
    link.send(request(key, "p", stream=True), 1 << 20)
    times = {}
    while not link.ended and len(times) < 40:
        link.wait_bytes(0.001)
        for i in range(len(times), 40):
            if b'"w%d"' % i in link.data:
                times[i] = time.monotonic()
    gaps = sorted(b - a for a, b in zip(list(times.values()), list(times.values())[1:]))
    link.leave()
    assert gaps[len(gaps) // 2] < 0.025 and gaps[-4] < 0.035, gaps[-6:]


def scene_many_streams(world):
    """300 streams at once, every one whole; nothing is left over"""
    key = world.key("many")
    world.plain.script("on * * always\ngap 1\npiece 200\nsay a b c d e f g h i j\nbuiltin\n", "m")
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(lambda _: ask(world, key, "m", stream=True), range(300)))
    bad = [a for a in answers if a.ended != "clean" or b"[DONE]" not in a.body]
    assert not bad, (len(bad), bad[0].ended, bad[0].body[:200])
    assert len(world.entries("many", 300, 10)) == 300
    leaked = world.leaked()
    assert not leaked, leaked


def scene_expect_continue(world):
    """Expect: 100-continue gets its 100 before the body, and 401 without reading it"""
    key = world.key("expect")
    for who, status in ((key, 100), ("sk-flux-nobody", 401)):
        link = http.Link(world.address)
        data = request(who, "e", headers="Expect: 100-continue\r\n")
        head, _, body = data.partition(b"\r\n\r\n")
        link.send(head + b"\r\n\r\n", 1 << 20)
        link.wait_bytes(0.3)
        assert link.data.startswith(b"HTTP/1.1 %d" % status), bytes(link.data[:80])
        if status == 100:
            link.send(body, 1 << 20)
            answer = link.answer("POST")
            assert answer.status == 200 and answer.interim == [100], answer.status
        link.leave()


def scene_verbs(world):
    """every verb explains itself; check, models and route do their work without a daemon"""
    for words in (["serve"], ["check"], ["route"], ["key"], ["usage"], ["models"], ["ledger"]):
        assert verb(world, *words, "--help").stdout.strip(), words
    assert re.match(r"fluxrouter \d", verb(world, "--version").stdout)
    verb(world, "check", "-c", str(world.config))
    bad = world.folder / "bad.yaml"
    bad.write_text(world.config.read_text().replace("lane: daily", "lane: weekly", 1))
    done = verb(world, "check", "-c", str(bad), check=False)
    assert done.returncode == 1 and re.search(r"bad\.yaml:\d+:\d+", done.stdout + done.stderr), done
    done = verb(world, "serve", "-c", str(world.config), "--listen", "0.0.0.0:0", check=False)
    assert done.returncode == 1 and "insecure: true" in done.stderr, done
    assert verb(world, "serve", "-c", str(world.config), "--demo", check=False).returncode == 2
    models = json.loads(verb(world, "models", "-c", str(world.config), "--json").stdout)
    assert "flux-fast" in json.dumps(models)
    body = '{"model":"flux-auto","messages":[{"role":"user","content":"hi"}]}'
    decision = json.loads(verb(world, "route", "-c", str(world.config), text=body).stdout)
    assert decision["tier"] in ("fast", "standard", "reasoning"), decision


def scene_metrics(world):
    """/metrics is OpenMetrics, on its own listener only"""
    key = world.key("metrics")
    ask(world, key, "x")
    answer = http.ask(world.metrics, "GET", "/metrics")
    text = answer.body.decode()
    assert answer.header("content-type").startswith("application/openmetrics-text"), answer.headers
    assert text.endswith("# EOF\n") and "# HELP" in text and "# TYPE" in text
    for line in text.splitlines():
        assert re.fullmatch(r"# .*|[a-z_]+(\{[^}]*\})? [0-9.e+-]+", line), line
    assert http.ask(world.address, "GET", "/metrics").status == 404
    assert key not in text


def scene_log(world):
    """one line per request, without content and without keys"""
    key = world.key("log")
    ask(world, key, "secretword")
    ask(world, "sk-flux-" + "B" * 43, "secretword")
    until(
        lambda: len(
            [
                l
                for l in world.tail(500).splitlines()
                if "/v1/chat/completions" in l or "flux-fast" in l
            ]
        )
        >= 1,
        "no line",
    )
    text = world.tail(500)
    assert "secretword" not in text and key not in text and "B" * 43 not in text, text
    assert "sk-of-the-provider" not in text


SCENES = {
    name[6:]: run
    for module in (globals(), vars(routing))
    for name, run in module.items()
    if name.startswith("scene_")
}
# What differs from tests/cases/main.yaml.
CONFIG = {
    "drain_limit": [("drain_limit: 5s", "drain_limit: 1s")],
    "drain_for_nobody": [
        ("  - name: plain\n", "  - name: plain\n    client_gone: drain\n"),
        ("drain_limit: 5s", "drain_limit: 1s"),
    ],
    "graceful_stop": [("drain_delay: 0s", "drain_delay: 6s"), ("drain_limit: 5s", "drain_limit: 30s")]}


def demo_prints_a_command_that_works(build):
    """serve --demo on an empty folder: a key, once, and a curl line that works"""
    with tempfile.TemporaryDirectory(prefix="flux-demo-") as folder:
        port = free_port()
        words = [
            str(ROOT / build / "fluxrouter"),
            "serve",
            "--demo",
            "--data",
            folder + "/data",
            "--listen",
            f"127.0.0.1:{port}",
        ]
        clean = {
            k: v for k, v in os.environ.items() if not k.endswith(("_API_KEY", "_PROXY", "_proxy"))
        }
        outputs = []
        for _ in range(2):
            with open(folder + "/out", "wb") as out:
                daemon = subprocess.Popen(words, stdout=out, stderr=out, env=clean, cwd=folder)
            try:
                until(
                    lambda: ready(port),
                    "the demo does not start: " + pathlib.Path(folder + "/out").read_text(),
                    15,
                )
                text = pathlib.Path(folder + "/out").read_text()
                outputs.append(text)
                if len(outputs) == 1:
                    check_demo_command(text)
            finally:
                daemon.send_signal(signal.SIGTERM)
                status = daemon.wait(30)
            assert status == 0, f"the demo ended with {status}"
        first = re.findall(r"sk-flux-[A-Za-z0-9_-]{43}", outputs[0])
        assert first and first[0] not in outputs[1], "the key is printed again"


def check_demo_command(text):
    command = re.search(r"curl (?:.*\\\n)*.*", text).group(0)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=20)
    assert re.search("demo|simulat", done.stdout, re.I) and "cost_usd" in done.stdout, (
        command,
        done.stdout,
        done.stderr,
    )


def ready(port):
    try:
        return http.ask(("127.0.0.1", port), "GET", "/readyz").status == 200
    except OSError:
        return False


def play(name, run, options):
    world = World("main", options.build, options.keep, CONFIG.get(name, []))
    return scenes.played(world, run)


def main():
    todo = {n: lambda o, n=n, r=r: play(n, r, o) for n, r in SCENES.items()}
    todo["demo"] = lambda options: demo_prints_a_command_that_works(options.build) or ""
    return scenes.perform("scenes", todo)


if __name__ == "__main__":
    sys.exit(main())
