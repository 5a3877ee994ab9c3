"""Starting and ending programs on a chosen core, and what the kernel says about them.

Nothing here knows what is being measured. CPU time of a measured run is read by build/bench/load at
the very ends of its counting; this module reads the slower figures: memory and system calls.
"""

import os
import re
import shutil
import signal
import subprocess
import time


def cores():
    """(core of the engine, core of generator and stub): two different ones where there are two."""
    all_cores = sorted(os.sched_getaffinity(0))
    return all_cores[-1], all_cores[0]


def spawn(command, core, log, env=None, cwd=None):
    """Starts command with all its future threads on one core; output goes to the file log."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        with open(log, "ab") as out:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                    env=env, cwd=cwd)
    finally:
        os.sched_setaffinity(0, mine)


def end(process):
    """SIGTERM, and SIGKILL for one that has not gone after two seconds."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(2)
    except subprocess.TimeoutExpired:
        for pid in reversed(family(process.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()


def family(pid):
    """The process and all that descend from it."""
    found = [pid]
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as children:
            for child in children.read().split():
                found += family(int(child))
    return found


def memory(pids):
    """Resident bytes in all, and the anonymous part (heap, stacks), summed over the processes."""
    sums = {"VmRSS": 0, "RssAnon": 0}
    for pid in pids:
        with open(f"/proc/{pid}/status") as status:
            for line in status:
                name, _, value = line.partition(":")
                if name in sums:
                    sums[name] += int(value.split()[0]) * 1024
    return {"rss": sums["VmRSS"], "rss_anon": sums["RssAnon"]}


class CallCounter:
    """Counts system calls of processes while a command runs: perf's tracepoint where the machine
    has it (it costs next to nothing), else strace -c (it slows the engine and so changes how many
    requests share a wake-up: the figure is then an upper bound)."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.tool = self._choose()

    def _choose(self):
        perf = ["perf", "stat", "-x,", "-e", "raw_syscalls:sys_enter", "true"]
        if shutil.which("perf") and subprocess.run(perf, capture_output=True).returncode == 0:
            return "perf"
        return "strace" if shutil.which("strace") else None

    def count(self, pids, command):
        """(system calls by the processes while command runs, its last line); None for no tool."""
        return {"perf": self._perf, "strace": self._strace, None: lambda *_: (None, "")}[
            self.tool](pids, command)

    def _perf(self, pids, command):
        out = os.path.join(self.scratch, "perf.out")
        said = subprocess.run(["perf", "stat", "-x,", "-o", out, "-e", "raw_syscalls:sys_enter",
                               "-p", ",".join(map(str, pids)), "--"] + command, check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        with open(out) as text:
            counted = re.search(r"^(\d+),.*raw_syscalls", text.read(), re.M)
        return int(counted.group(1)), said.splitlines()[-1]

    def _strace(self, pids, command):
        out = os.path.join(self.scratch, "strace.out")
        watch = ["strace", "-c", "-f", "-o", out]
        for pid in pids:
            watch += ["-p", str(pid)]
        tracer = subprocess.Popen(watch, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        with open(out) as text:
            total = re.search(r"^\S+\s+\S+\s+\S+\s+(\d+).*total$", text.read(), re.M)
        return int(total.group(1)), said.splitlines()[-1]
