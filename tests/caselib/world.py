"""What a group of cases runs against: providers of several kinds, one daemon, its data folder."""

import atexit
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

from . import books, h2, http
from .ports import free_port

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def make_certificates(folder):
    """An authority, a server certificate for localhost and 127.0.0.1, a client certificate."""
    run = lambda *words: subprocess.run(words, cwd=folder, check=True, capture_output=True)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    run(
        "openssl",
        "req",
        "-x509",
        *curve,
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
        "-days",
        "30",
        "-subj",
        "/CN=test ca",
    )
    for name, extra in (
        ("server", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        ("client", "extendedKeyUsage=clientAuth"),
    ):
        (folder / f"{name}.ext").write_text(extra + "\n")
        run(
            "openssl",
            "req",
            *curve,
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
            "-subj",
            f"/CN={name}",
        )
        run(
            "openssl",
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            f"{name}.ext",
            "-out",
            f"{name}.pem",
        )


class Provider:
    """A fluxprovider process and its side door."""

    def __init__(self, binary, *options, listen=("127.0.0.1:0",)):
        words = [str(binary), *options, "--door", "127.0.0.1:0"]
        for one in listen:
            words += ["--listen", one]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        ports = [
            int(self.process.stdout.readline().rsplit(":", 1)[1]) for _ in range(len(listen) + 1)
        ]
        self.ports, self.door = ports[:-1], ("127.0.0.1", ports[-1])

    def script(self, text, key):
        answer = http.ask(self.door, "POST", f"/_flux/script?key={key}", text.encode())
        if answer.status != 200:
            raise RuntimeError(f"script for {key}: {answer.status} {answer.ended} {answer.body.decode()}\n{text}")

    def forget(self, key):
        http.ask(self.door, "DELETE", f"/_flux/script?key={key}")
        http.ask(self.door, "DELETE", f"/_flux/log?key={key}")

    def log(self, key):
        body = http.ask(self.door, "GET", f"/_flux/log?key={key}").body
        return [json.loads(line) for line in body.decode().splitlines()]

    def state(self, key=""):
        return json.loads(http.ask(self.door, "GET", f"/_flux/state?key={key}").body)

    def open_tunnels(self):
        """Connections open now, without this question's own."""
        return self.state()["connections"] - 1

    def stalls(self, key, timeout=20.0):
        """Waits until a request with this key has come to a stall."""
        deadline = time.monotonic() + timeout
        while self.state(key)["stalled"] == 0:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.003)
        return True

    def stop(self):
        self.process.kill()
        self.process.wait()


LISTENERS = """listeners:
  - address: 127.0.0.1:%(port)d
    certificates: [{cert_file: "%(folder)s/server.pem", key_file: "%(folder)s/server.key"}]
"""


class World:
    """One daemon for one configuration, with the providers that the configuration names."""

    def __init__(self, group, build, keep=False, changes=(), via=None):
        self.via = via  # "h2": HTTP/2 under TLS
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flux-cases-"))
        self.data, self.keep, self.build = self.folder / "data", keep, ROOT / build
        binary = self.build / "fluxprovider"
        make_certificates(self.folder)
        self.plain = Provider(binary, listen=("127.0.0.1:0", "[::1]:0"))
        tls = [
            "--tls-cert",
            str(self.folder / "server.pem"),
            "--tls-key",
            str(self.folder / "server.key"),
        ]
        self.tls = Provider(binary, *tls)
        self.mtls = Provider(binary, *tls, "--tls-ca", str(self.folder / "ca.pem"))
        self.proxy = Provider(binary, "--proxy", "--proxy-auth", "user:pass")
        self.mute = socket.create_server(("127.0.0.1", 0), backlog=128)  # that nobody accepts
        self.address = ("127.0.0.1", free_port())
        self.secure = ("127.0.0.1", free_port())
        self.metrics = ("127.0.0.1", free_port())
        self.config = self.folder / "config.yaml"
        self.books = books.books_of(self.data)
        self.write_config(group, changes)
        self.keys, self.lock = {}, threading.Lock()
        self.log = open(self.folder / "daemon.log", "wb")
        self.start()
        self.baseline = self.gauges_at_rest()

    def link(self):
        """A connection of a client, as cases are to be played."""
        return http.Link(self.address) if self.via != "h2" else h2.Link(self.secure)

    def write_config(self, group, changes):
        text = self.books.setting + (ROOT / "tests/cases" / f"{group}.yaml").read_text()
        if self.via:
            text = LISTENERS % {"port": self.secure[1], "folder": self.folder} + text
        for old, new in changes:
            text = text.replace(old, new)
        names = {
            "LISTEN": "127.0.0.1:%d" % self.address[1],
            "METRICS": "127.0.0.1:%d" % self.metrics[1],
            "PLAIN": "127.0.0.1:%d" % self.plain.ports[0],
            "V6": "[::1]:%d" % self.plain.ports[1],
            "TLS": "localhost:%d" % self.tls.ports[0],
            "MTLS": "localhost:%d" % self.mtls.ports[0],
            "PROXY": "127.0.0.1:%d" % self.proxy.ports[0],
            "MUTE": "127.0.0.1:%d" % self.mute.getsockname()[1],
            "DEAD": "127.0.0.1:%d" % free_port(),
            "FOLDER": str(self.folder),
            "CASES": str(pathlib.Path(__file__).resolve().parent.parent / "cases"),
        }
        self.config.write_text(re.sub(r"@([A-Z0-9]+)@", lambda m: names[m.group(1)], text))

    def restart(self, **env):
        """Stops and starts the daemon, with more in its environment."""
        self.daemon.send_signal(signal.SIGTERM)
        assert self.daemon.wait(20) == 0
        self.start(env)

    def start(self, env=()):
        words = [
            str(self.build / "fluxrouter"),
            "serve",
            "-c",
            str(self.config),
            "--data",
            str(self.data),
        ]
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        clean.update(env)
        self.daemon = subprocess.Popen(words, stdout=self.log, stderr=self.log, env=clean)
        atexit.register(self.daemon.kill)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.daemon.poll() is None:
            try:
                if http.ask(self.address, "GET", "/readyz").status == 200:
                    return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("the daemon does not start:\n" + self.tail())

    def key(self, account, terms=None):
        with self.lock:
            if account not in self.keys and terms:
                books.make_account(self.books, account, terms)
            if account not in self.keys:
                words = [  # the daemon has said in its data directory where the store is
                    str(self.build / "fluxrouter"),
                    "key",
                    "create",
                    "--data",
                    str(self.data),
                    "--account",
                    account,
                ]
                done = subprocess.run(words, capture_output=True, text=True, check=True)
                self.keys[account] = done.stdout.strip()
            return self.keys[account]

    def entries(self, account, expected, timeout=20.0):
        """The ledger's rows of an account, oldest first; waits until `expected` are there."""
        deadline = time.monotonic() + timeout
        while True:
            rows = self.read_entries(account)
            if len(rows) >= expected or time.monotonic() > deadline:
                return rows
            time.sleep(0.02)

    def all_entries(self):
        return self.books.rows(books.ALL)

    def read_entries(self, account):
        return self.books.rows(books.OF_ACCOUNT % account)

    def gauges(self):
        """Gauges of /metrics that count what is in use now; idle provider connections are not."""
        text = http.ask(self.metrics, "GET", "/metrics").body.decode()
        kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        found = {}
        for name, value in re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)", text, re.M):
            # How targets have been doing is to stay.
            if name.startswith("fluxrouter_target_"):
                continue
            if kinds.get(name.split("{")[0]) == "gauge":
                found[name] = float(value)
        found.pop('fluxrouter_provider_connections{state="idle"}', 0)
        found.pop("fluxrouter_loop_turn_longest_microseconds", 0)
        found.pop("fluxrouter_loop_turn_most_bytes", 0)
        return found

    def gauges_at_rest(self, timeout=20.0):
        """The gauges when the question whether we are ready has left again."""
        deadline = time.monotonic() + timeout
        while True:
            now = self.gauges()
            at_work = [now.get(f"fluxrouter_{name}") for name in ("client_connections", "requests_active")]
            if not any(at_work) or time.monotonic() > deadline:
                return now
            time.sleep(0.01)

    def leaked(self, timeout=20.0):
        """Gauges that do not come back to where they were."""
        deadline = time.monotonic() + timeout
        while True:
            now = self.gauges()
            off = {
                k: (self.baseline.get(k, 0.0), v)
                for k, v in now.items()
                if v != self.baseline.get(k, 0.0)
            }
            if not off or time.monotonic() > deadline:
                return off
            time.sleep(0.05)

    def log_line(self, request_id):
        """What the daemon wrote about a request, given its id in plain hex."""
        text = (self.folder / "daemon.log").read_text(errors="replace")
        found = [line for line in text.splitlines() if request_id in line.replace("-", "")]
        return found[-1] if found else f"no log line of {request_id}"

    def tail(self, lines=40):
        self.log.flush()
        return "\n".join(
            (self.folder / "daemon.log").read_text(errors="replace").splitlines()[-lines:]
        )

    def stop(self):
        """Ends all; gives the daemon's exit status after SIGTERM, or what it died of before."""
        died = self.daemon.poll()
        if died is None:
            self.daemon.send_signal(signal.SIGTERM)
            try:
                self.daemon.wait(30)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        self.last_words = self.tail(15)
        for provider in (self.plain, self.tls, self.mtls, self.proxy):
            provider.stop()
        self.books.close()
        self.log.close()
        self.mute.close()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)
        return died if died is not None else self.daemon.returncode
