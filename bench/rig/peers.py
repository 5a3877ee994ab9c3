"""Gateways that npm installs, measured with the same requests (bench/run --peers).

They are installed into build/peers, with the versions below, and started as their own
documentation says. Both run on node and do far less per second than the rest, so they get a part
of the requests (`share`); figures are per request, so that does not change them.

Portkey's own lock file is needed: with later versions of hono every stream is an error; and its
repository patches async-retry by one argument, which its package does not carry along. It binds
all interfaces; the rig makes it bind the loopback.
"""

import json
import os
import shutil
import subprocess

from .engine import Engine
from . import request

PLACE = os.path.abspath("build/peers")

LOOPBACK_ONLY = """
const net = require('net'), listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...given) {
  const at = typeof given[0] === 'object' ? given[0] : {port: given[0]};
  const done = given.find((g) => typeof g === 'function');
  return listen.call(this, {...at, host: '127.0.0.1'}, done);
};
"""


def _run(command, where):
    done = subprocess.run(command, cwd=where, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{' '.join(command)}: {done.stderr[-500:]}")
    return done.stdout


def _fresh(name):
    where = os.path.join(PLACE, name)
    shutil.rmtree(where, ignore_errors=True)
    os.makedirs(where)
    return where


class Peer(Engine):
    """A gateway on node. install() gives the folder; it is done once."""

    share = 0.05
    warmup = 1000  # what node compiles, it compiles before that
    cases = ("json-1k", "json-32k", "sse", "one")
    specials = ("start",)

    @classmethod
    def is_there(cls):
        if not shutil.which("node") or not shutil.which("npm"):
            return False
        if os.path.exists(os.path.join(PLACE, cls.name, "done")):
            return True
        try:
            where = cls.install(_fresh(cls.name))
            open(os.path.join(where, "done"), "w").close()
        except OSError as why:
            print(f"bench: {cls.name} cannot be installed: {why}")
            return False
        return True

    def place(self):
        return os.path.join(PLACE, self.name)

    def environment(self):
        return {**os.environ, "HOME": self.dir, "NODE_ENV": "production"}

    @classmethod
    def version(cls):
        node = subprocess.run(["node", "--version"], capture_output=True, text=True)
        return f"{cls.package} on node {node.stdout.strip()}"


class Portkey(Peer):
    name = "portkey"
    package = "@portkey-ai/gateway@1.15.2"

    @classmethod
    def install(cls, where):
        with open(os.path.join(where, "package.json"), "w") as out:
            json.dump({"dependencies": {"@portkey-ai/gateway": "1.15.2"},
                       "overrides": {"@hono/node-server": "1.13.5", "hono": "4.9.7"}}, out)
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"], where)
        path = os.path.join(where, "node_modules/async-retry/lib/index.js")
        with open(path) as text:
            patched = text.read().replace("fn(bail, num)", "fn(bail, num, op)")
        with open(path, "w") as out:
            out.write(patched)
        return where

    def prepare(self):
        self.loopback = self.write_plain("loopback.js", LOOPBACK_ONLY)

    def command(self):
        main = "node_modules/@portkey-ai/gateway/build/start-server.js"
        return ["node", "--require", self.loopback, os.path.join(self.place(), main),
                "--headless", f"--port={self.port}"]

    def request(self, command, model="flux-fast", total_bytes=1024):
        raw = request.request(command, model, self.key, total_bytes)
        line, rest = raw.split(b"\r\n", 1)
        host = f"x-portkey-custom-host: http://127.0.0.1:{self.stub_port}/v1\r\n"
        return line + b"\r\nx-portkey-provider: openai\r\n" + host.encode() + rest


class LlmRouter(Peer):
    name = "llm-router"
    package = "@khanglvm/llm-router@2.6.2"

    @classmethod
    def install(cls, where):
        """Its dependency is not to be had and not needed for serving, so: the package alone."""
        file = _run(["npm", "pack", "--silent", cls.package], where).split()[-1]
        _run(["tar", "xzf", file], where)
        return where

    def prepare(self):
        self.config = self.write_plain("config.json", json.dumps({
            "version": 2, "providers": [{
                "id": "stub", "name": "stub", "format": "openai", "formats": ["openai"],
                "baseUrl": f"http://127.0.0.1:{self.stub_port}/v1", "apiKey": "bench",
                "models": [{"id": "stub-1"}]}]}))

    def command(self):
        return ["node", os.path.join(self.place(), "package/src/cli-entry.js"), "start-runtime",
                f"--config={self.config}", f"--port={self.port}"]

    def request(self, command, model="flux-fast", total_bytes=1024):
        return request.request(command, "stub/stub-1", self.key, total_bytes)


PEERS = (Portkey, LlmRouter)
