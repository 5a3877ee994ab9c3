#!/usr/bin/env python3
"""One process takes over from another, and nobody notices.

    tests/chaos/run_upgrade.py [--build build/asan] [--keep] [NAME-PART ...]
    FLUX_UPGRADES=100    rounds of the scene under load (10)

Each scene has a daemon of its own, started from a copy of the program that scenes may change. The
last line is "upgrade: N passed, N failed".
"""

import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http, scenes
from caselib.world import ROOT, World
from clients import TARGETS, Crowd, body_of, request_of, teach, wrong_answer, wrong_books
from run_scenes import ask, open_stream, until, verb

PR_SET_CHILD_SUBREAPER = 36  # of linux/prctl.h: successors become our children


class Upgrading(World):
    """A world whose program may be replaced, and whose daemon is whoever serves now."""

    def __init__(self, build, keep, changes=()):
        self.programs = pathlib.Path(tempfile.mkdtemp(prefix="flux-upgrade-"))
        for name in ("fluxrouter", "fluxprovider"):
            shutil.copy2(ROOT / build / name, self.programs / name)
        self.heirs = []
        super().__init__("main", self.programs, keep, changes)

    def start(self, env=()):
        super().start(env)
        self.pid = self.daemon.pid

    def replace_program(self, text):
        """A script in the place of the program; None: the program again."""
        path = self.programs / "fluxrouter"
        path.unlink()
        if text is None:
            shutil.copy2(ROOT / OPTIONS["build"] / "fluxrouter", path)
        else:
            path.write_text(text)
            path.chmod(0o755)

    def upgrade(self, timeout=20):
        """Tells the one that serves to hand over; gives the old one's number."""
        old, seen = self.pid, len(self.text())
        os.kill(old, signal.SIGUSR2)
        deadline = time.monotonic() + timeout
        while True:
            news = self.text()[seen:]
            taken = re.search(r"process (\d+) has taken over", news)
            if taken:
                break
            assert "upgrade failed" not in news, news
            assert time.monotonic() < deadline, news
            time.sleep(0.005)
        self.pid = int(taken.group(1))
        self.heirs.append(self.pid)
        return old

    def text(self):
        return (self.folder / "daemon.log").read_text(errors="replace")

    def ended(self, pid, timeout=20):
        """The status with which that process ends."""
        deadline = time.monotonic() + timeout
        while True:
            if pid == self.daemon.pid:
                status = self.daemon.poll()
            else:
                try:
                    got, status = os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:  # it went before its parent, who would have said more
                    assert "had taken over has ended" not in self.text(), self.tail(10)
                    got, status = pid, 0
                status = os.waitstatus_to_exitcode(status) if got else None
                self.heirs = [p for p in self.heirs if not got or p != pid]
            if status is not None:
                return status
            assert time.monotonic() < deadline, f"process {pid} does not end:\n{self.tail(10)}"
            time.sleep(0.01)

    def stop(self):
        status = 0
        for pid in list(self.heirs):
            try:
                os.kill(pid, signal.SIGTERM)
                status = self.ended(pid) or status
            except ProcessLookupError:  # it ended before, and its parent knows
                continue
            except AssertionError:
                os.kill(pid, signal.SIGKILL)
                status = status or 1
        status = super().stop() or status
        shutil.rmtree(self.programs, ignore_errors=True)
        return status


def verified(world):
    told = verb(world, "ledger", "verify", "--data", str(world.data)).stdout
    assert "ok" in told, told
    return told


def scene_under_load(world):
    """SIGUSR2 again and again under load: every request is answered, every answer has its entry"""
    rounds = int(os.environ.get("FLUX_UPGRADES", 10))
    key, old = world.key("load"), []
    with Crowd(world, key, 12) as crowd:
        for i in range(rounds):
            answered = crowd.answers()
            until(lambda: crowd.answers() > answered + 50, "no answers", 20)
            old.append(world.upgrade())
            if i % 3 == 0:
                os.kill(world.pid, signal.SIGHUP)
    crowd.check()
    for pid in old:
        assert world.ended(pid) == 0
    ids, kept = crowd.ids(), sum(c.kept for c in crowd.clients)
    assert kept > len(ids) / 3, "the clients keep no connections"
    problem = wrong_books(world.entries("load", len(ids)), ids)
    assert not problem, problem
    verified(world)
    print(f"upgrade: {rounds} rounds, {len(ids)} answers, {kept} on kept connections")


def scene_streams_go_on(world):
    """a stream that runs is finished by the old process, whoever serves; its entry is there"""
    key = world.key("runs")
    link = open_stream(world, key, "s", "wait 1500\n")
    old = world.upgrade()
    assert ask(world, key, "new").status == 200
    answer = link.answer("POST")
    assert answer.ended == "clean" and b"[DONE]" in answer.body, (answer.ended, answer.body)
    link.leave()
    assert world.ended(old) == 0
    assert [r["end"] for r in world.entries("runs", 2)] == ["ok", "ok"]
    verified(world)


def scene_idle_connection(world):
    """a client that was silent meanwhile is answered by the old process, which then closes"""
    key = world.key("idle")
    link = http.Link(world.address)
    link.send(request_of(key, TARGETS[0], body_of(TARGETS[0], "i1", 1, False)), 1 << 20)
    assert link.answer("POST").status == 200
    old = world.upgrade()
    time.sleep(0.3)
    link.send(request_of(key, TARGETS[0], body_of(TARGETS[0], "i2", 1, False)), 1 << 20)
    answer = link.answer("POST")
    assert answer.status == 200 and answer.header("connection") == "close", answer.headers
    assert link.is_closed()
    assert world.ended(old) == 0


BROKEN = (
    ("a configuration with a mistake", None, "config.yaml:"),
    ("a program that ends", "#!/bin/sh\nexit 7\n", "status 7"),
    ("a program that crashes", "#!/bin/sh\nkill -SEGV $$\n", "signal 11"),
    ("no program", "", "permission denied"),
)


def scene_broken_successor(world):
    """a successor that does not come up changes nothing, and the log says why"""
    key, good = world.key("broken"), world.config.read_text()
    with Crowd(world, key, 4) as crowd:
        for title, program, why in BROKEN:
            if program is None:
                world.config.write_text(good + "  - {match: 7\nnonsense")
            else:
                world.replace_program(program)
                (world.programs / "fluxrouter").chmod(0o755 if program else 0o600)
            seen = len(world.text())
            os.kill(world.pid, signal.SIGUSR2)
            until(lambda: "upgrade failed" in world.text()[seen:], title, 10)
            news = [line for line in world.text()[seen:].splitlines() if "upgrade failed" in line]
            assert why in news[0], (title, news)
            world.config.write_text(good)
        world.replace_program(None)
        answered = crowd.answers()
        until(lambda: crowd.answers() > answered + 20, "nobody serves any more")
        old = world.upgrade()
    crowd.check()
    assert world.ended(old) == 0
    text = http.ask(world.metrics, "GET", "/metrics").body.decode()
    assert 'fluxrouter_upgrades_total{result="ok"} 1' in text, text


def scene_other_schema(world):
    """a store that the new program does not know, or would have to change, stays as it is"""
    import sqlite3

    key = world.key("schema")
    for version, why in ((999, "use a newer fluxrouter"), (1, "stop that one")):
        store = sqlite3.connect(world.data / "flux.db", timeout=10)
        with store:
            was = store.execute("select value from meta where name = 'schema_version'").fetchone()
            store.execute("update meta set value = ? where name = 'schema_version'", (version,))
        seen = len(world.text())
        os.kill(world.pid, signal.SIGUSR2)
        until(lambda: "upgrade failed" in world.text()[seen:], "no word of it", 10)
        assert why in world.text()[seen:], world.text()[seen:]
        with store:
            store.execute("update meta set value = ? where name = 'schema_version'", was)
        store.close()
        assert ask(world, key, f"s{version}").status == 200


def scene_other_data(world):
    """a successor that would serve from another data directory leaves the one that serves in peace"""
    key, aside = world.key("data"), world.folder / "aside"
    assert ask(world, key, "d1").status == 200
    os.rename(world.data, aside)
    world.data.mkdir(mode=0o700)  # what `data` names is not what the process before has locked
    shutil.copy2(aside / "flux.db", world.data / "flux.db")
    seen = len(world.text())
    os.kill(world.pid, signal.SIGUSR2)
    until(lambda: re.search("upgrade failed|has taken over", world.text()[seen:]), "no word of it", 10)
    made = {p.name for p in world.data.iterdir()}
    shutil.rmtree(world.data)
    os.rename(aside, world.data)
    assert "upgrade failed" in world.text()[seen:], world.text()[seen:]
    assert "is not the data directory of the process that serves" in world.text()[seen:], world.text()[seen:]
    assert made == {"flux.db"}, made
    # A loop that opens its first segment while the folder is elsewhere tries again in a moment.
    until(lambda: ask(world, key, "d2").status == 200, "it does not serve on", 10)
    assert world.ended(world.upgrade()) == 0
    assert ask(world, key, "d3").status == 200


def scene_killed_while_leaving(world):
    """the old process is killed while it finishes: its successor settles what it had under way"""
    key = world.key("killed")
    links = [open_stream(world, key, f"k{i}") for i in range(3)]
    old = world.upgrade()
    assert ask(world, key, "after").status == 200
    os.kill(old, signal.SIGKILL)
    for link in links:
        link.leave()
    rows = world.entries("killed", 4, 15)
    assert sorted(r["end"] for r in rows) == ["lost"] * 3 + ["ok"], rows
    told = verb(world, "ledger", "leases", "--data", str(world.data)).stdout
    until(
        lambda: len(set(re.findall(r"[0-9a-f]{32}", leases(world)))) <= 1,
        f"leases of the dead are kept: {told}",
        15,
    )
    assert world.ended(old) == -signal.SIGKILL
    world.daemon.returncode = 0
    verified(world)


def leases(world):
    return verb(world, "ledger", "leases", "--data", str(world.data)).stdout


def scene_successor_killed(world):
    """the new process dies: a start on the same data directory needs to wait for nobody"""
    key = world.key("second")
    link = open_stream(world, key, "s", "wait 2500\n")
    old = world.upgrade()
    assert ask(world, key, "s1").status == 200
    os.kill(world.pid, signal.SIGKILL)
    world.heirs.remove(world.pid)  # its parent, the old process, sees it end
    until(lambda: "had taken over has ended" in world.text(), "nobody says that it ended")
    first, world.daemon = world.daemon, None
    world.start()
    assert ask(world, key, "s2").status == 200
    answer = link.answer("POST")
    assert answer.ended == "clean" and b"[DONE]" in answer.body, (answer.ended, answer.body)
    link.leave()
    assert first.wait(20) == 0
    rows = world.entries("second", 3)
    assert [r["end"] for r in rows] == ["ok"] * 3, rows
    verified(world)


def scene_ceiling(world):
    """two processes at once admit no more than a ceiling, and none of it is stuck behind them"""
    ceiling, least = 300_000_000, 2_100_000  # in nUSD; the least that is of use of what is left
    key = world.key("small", '{"month_usd":"0.3"}')
    link, statuses, old = open_stream(world, key, "c", "wait 3000\n"), [], []
    world.plain.script("on * * always\nusage 100 1000\nbuiltin\n", "spend")
    deadline = time.monotonic() + 40
    while statuses.count(402) < 3 and time.monotonic() < deadline:
        if len(statuses) in (10, 40, 80):
            old.append(world.upgrade())
        statuses.append(ask(world, key, "spend").status)
    assert link.answer("POST").ended == "clean"
    link.leave()
    assert [world.ended(pid) for pid in old] == [0] * 3
    rows = world.entries("small", statuses.count(200) + 1)
    charged = sum(r["charge_nusd"] for r in rows)
    assert set(statuses) == {200, 402}, statuses
    assert charged <= ceiling, f"{charged} charged of {ceiling}"
    assert charged > ceiling - least, f"{charged} of {ceiling}: money is stuck {statuses[-5:]}"
    verified(world)


def scene_threads_and_addresses(world):
    """the successor may have more loops or fewer, and other addresses"""
    key, text = world.key("shape"), world.config.read_text()
    port = world.address[1]
    with Crowd(world, key, 6) as crowd:
        for threads in (1, 4, 2):
            world.config.write_text(text.replace("threads: 2", f"threads: {threads}", 1))
            answered, old = crowd.answers(), world.upgrade()
            until(lambda: crowd.answers() > answered + 100, "no answers", 20)
        path = f"{world.folder}/flux.sock"
        changed = text.replace('listen: ["', f'listen: ["unix:{path}", "', 1)
        world.config.write_text(changed)
        world.upgrade()
        for _ in range(2):
            assert unix_status(path) == 200
            held = listeners(world.pid, path)
            old = world.upgrade()
            assert listeners(world.pid, path) == held, f"{held} listeners and then more"
        assert world.ended(old) == 0
        assert unix_status(path) == 200 and stat.S_ISSOCK(os.stat(path).st_mode)
    crowd.check()
    assert port == world.address[1]


def listeners(pid, path):
    """How many descriptors that process has of the socket that listens there."""
    rows = [line.split() for line in open("/proc/net/unix")]
    nodes = {f"socket:[{row[6]}]" for row in rows if row[-1] == path and row[3] == "00010000"}
    return sum(opened(pid, fd) in nodes for fd in os.listdir(f"/proc/{pid}/fd"))


def opened(pid, fd):
    """What that descriptor is; nothing where it was closed since it was listed."""
    try:
        return os.readlink(f"/proc/{pid}/fd/{fd}")
    except FileNotFoundError:
        return None


def unix_status(path):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return int(s.recv(1000)[9:12])


def scene_systemd(world):
    """pid file, messages to the service manager, and a socket that it opened"""
    world.daemon.send_signal(signal.SIGTERM)
    assert world.daemon.wait(20) == 0
    folder, said = world.folder, []
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(f"{folder}/notify")
    manager.settimeout(10)
    hear = lambda: said.append(manager.recv(1000).decode()) or said[-1]
    lent = socket.socket()
    lent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    lent.bind(world.address)
    lent.listen()
    pid = os.fork()
    if pid == 0:
        become_service(world, lent, f"{folder}/notify")
    lent.close()
    assert hear() == "READY=1"
    world.pid, world.heirs = pid, [pid]
    assert http.ask(world.address, "GET", "/readyz").status == 200
    assert int((folder / "pid").read_text()) == pid
    os.kill(pid, signal.SIGHUP)
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", hear()), said
    assert hear() == "READY=1"
    old = world.upgrade()
    heard = {hear(), hear()}
    assert heard == {"READY=1", f"MAINPID={world.pid}\nREADY=1"}, said
    assert world.ended(old) == 0
    assert int((folder / "pid").read_text()) == world.pid
    assert http.ask(world.address, "GET", "/readyz").status == 200
    os.kill(world.pid, signal.SIGTERM)
    assert hear() == "STOPPING=1"
    assert world.ended(world.pid) == 0
    assert not (folder / "pid").exists()


def become_service(world, lent, notify):
    log = os.open(world.folder / "daemon.log", os.O_WRONLY | os.O_APPEND)
    for fd in (1, 2):
        os.dup2(log, fd)
    os.dup2(lent.fileno(), 3)
    os.set_inheritable(3, True)
    env = dict(os.environ, LISTEN_FDS="1", LISTEN_PID=str(os.getpid()), NOTIFY_SOCKET=notify)
    program = str(world.programs / "fluxrouter")
    words = [program, "serve", "-c", str(world.config), "--data", str(world.data)]
    os.execve(program, [*words, "--pid-file", f"{world.folder}/pid"], env)


OPTIONS = {}


def play(run, options):
    OPTIONS["build"] = options.build
    return scenes.played(Upgrading(options.build, options.keep), run)


def main():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    todo = {n: (lambda o, run=run: play(run, o)) for n, run in scenes.of(globals()).items()}
    return scenes.perform("upgrade", todo)


if __name__ == "__main__":
    sys.exit(main())
