"""Daemons whose requests cost the same each, and many clients at once: for the tests of ceilings."""

import asyncio
import json
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from caselib import http  # noqa: E402
from caselib.ports import free_port  # noqa: E402
from caselib.world import Provider  # noqa: E402

COST = 1_000_000  # nano-dollars: 100 output tokens at 10 USD per million; input costs nothing
ADMIN_KEY = "admin-key-of-the-tests-0123456789"
GATE_S = 0.3  # that all clients have to connect
BODY = json.dumps(
    {"model": "fixed", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}
).encode()
CONFIG = """
listen: ["127.0.0.1:%(port)d"]
metrics_listen: "off"
drain_delay: 0s
drain_limit: 5s
%(store)s
admin: {listen: "127.0.0.1:%(admin)d", key: %(key)s}
providers:
  - {name: plain, dialects: [chat, responses, messages], base_url: "http://127.0.0.1:%(provider)d/v1"}
models:
  - name: fixed
    lane: deep
    price: {input: 0, output: 10}
    max_output: 100
    targets: [{provider: plain, model: provider-fixed}]
tiers: {fast: [fixed], standard: [fixed], reasoning: [fixed]}
"""


class House:
    """One scripted provider, and the nodes in front of it."""

    def __init__(self, build="build", store="", rules="usage 10 100\nbuiltin\n"):
        self.build, self.store = ROOT / build, store
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flux-money-"))
        self.provider = Provider(self.build / "fluxprovider", "--no-log")
        self.provider.script("on POST * always\n" + rules, "")
        self.nodes = []

    def node(self, env=()):
        self.nodes.append(Node(self, len(self.nodes), env))
        return self.nodes[-1]

    def verb(self, node, *words, status=0, env=()):
        env = dict(os.environ, **dict(env))
        done = subprocess.run(
            [str(self.build / "fluxrouter"), *words, "--data", str(node.data)],
            capture_output=True,
            text=True,
            env=env,
            timeout=120,
        )
        assert done.returncode == status, (words, done.stdout[-800:], done.stderr[-800:])
        return done.stdout

    def close(self):
        for node in self.nodes:
            node.kill()
        self.provider.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Node:
    def __init__(self, house, number, env=()):
        self.house, self.number, self.env = house, number, dict(os.environ, **dict(env))
        self.data = house.folder / f"node{number}"
        self.address = ("127.0.0.1", free_port())
        self.admin = ("127.0.0.1", free_port())
        self.config = house.folder / f"node{number}.yaml"
        self.config.write_text(
            CONFIG
            % {
                "port": self.address[1],
                "admin": self.admin[1],
                "key": ADMIN_KEY,
                "provider": house.provider.ports[0],
                "store": f'store: "{house.store}"' if house.store else "",
            }
        )
        self.process = None
        self.start()

    def start(self, wait=True):
        words = [str(self.house.build / "fluxrouter"), "serve", "-c", str(self.config)]
        log = open(self.house.folder / f"node{self.number}.log", "ab")
        self.process = subprocess.Popen(
            [*words, "--data", str(self.data)], stdout=log, stderr=log, env=self.env
        )
        deadline = time.monotonic() + 30
        while wait and time.monotonic() < deadline:
            try:
                if http.ask(self.address, "GET", "/readyz").status == 200:
                    return
            except OSError:
                assert self.process.poll() is None, self.tail()
                time.sleep(0.02)
        assert not wait, "the daemon does not start:\n" + self.tail()

    def tail(self):
        return (self.house.folder / f"node{self.number}.log").read_text()[-1500:]

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.tail()

    def ask(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else b""
        link = http.Link(self.admin)
        link.send(
            f"{method} /admin/v1{path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode() + data,
            1 << 20,
        )
        answer = link.answer(method)
        link.leave()
        assert answer.status in (200, 201), (method, path, answer.status, answer.body)
        return json.loads(answer.body)

    def account(self, name, **terms):
        """A key of a new account with these terms."""
        self.ask("POST", "/accounts", {"name": name, "terms": terms})
        return self.ask("POST", "/keys", {"account": name, "label": "test"})["key"]

    def usage(self, key):
        link = http.Link(self.address)
        link.send(
            f"GET /v1/usage HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n\r\n".encode(),
            1 << 20,
        )
        answer = link.answer("GET")
        link.leave()
        return json.loads(answer.body)


def entries(house, node):
    """(request id in hexadecimal, attempt, charge) of every entry, as the engine itself tells."""
    if not house.store:
        store = sqlite3.connect(f"file:{node.data}/flux.db?mode=ro", uri=True, timeout=5)
        rows = store.execute("select hex(request_id), attempt, charge_nusd from entries").fetchall()
        store.close()
        return [(name.lower(), attempt, charge) for name, attempt, charge in rows]
    words = "select encode(request_id, 'hex'), attempt, charge_nusd from entries"
    done = subprocess.run(
        ["psql", "-AtF,", house.store, "-c", words], capture_output=True, text=True, check=True
    )
    rows = [line.split(",") for line in done.stdout.splitlines()]
    return [(name, int(attempt), int(charge)) for name, attempt, charge in rows]


class Told:
    """What clients were told."""

    def __init__(self):
        self.statuses, self.codes, self.ids = Counter(), Counter(), []
        self.unanswered = 0


def request(key):
    return (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY


async def read_answer(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(
        line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
    )
    body = await reader.readexactly(int(fields.get("content-length", "0")))
    return int(head.split()[1]), fields, body


async def one_client(address, key, count, told, gate):
    """`count` requests on one connection, begun when the gate opens."""
    writer = None
    try:
        reader, writer = await asyncio.open_connection(*address)
        await gate.wait()
        for _ in range(count):
            writer.write(request(key))
            status, fields, body = await read_answer(reader)
            told.statuses[status] += 1
            if status == 200:
                told.ids.append(fields["x-flux-request-id"].replace("-", ""))
            else:
                told.codes[json.loads(body)["error"]["code"]] += 1
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        told.unanswered += 1
    finally:
        if writer:
            writer.close()


async def rush(addresses, key, clients, count, told):
    gate = asyncio.Event()
    tasks = [
        asyncio.create_task(one_client(addresses[i % len(addresses)], key, count, told, gate))
        for i in range(clients)
    ]
    await asyncio.sleep(GATE_S + clients / 5000)
    gate.set()
    await asyncio.gather(*tasks)


def most_clients():
    """At once, of this process: half of its descriptors are the daemon's, for providers."""
    return min(10000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 200)


def hammer(addresses, key, clients, count=1, told=None):
    told = told or Told()
    asyncio.run(rush(addresses, key, clients, count, told))
    return told
