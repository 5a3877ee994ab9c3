"""The scripts of tests/front/vtc, by varnishtest: HTTP/1.1 and HTTP/2 as Varnish's people test it."""

import pathlib
import shutil
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent / "vtc"


def check(world):
    if not shutil.which("varnishtest"):
        return 0, [], ["varnishtest"]
    passed, wrong = 0, []
    for script in sorted(FOLDER.glob("*.vtc")):
        address = "%s %d" % world.clear
        done = subprocess.run(["varnishtest", "-D", f"flux={address}", str(script)], capture_output=True, text=True)
        passed += done.returncode == 0
        if done.returncode != 0:
            lines = [line for line in done.stdout.splitlines() if line.startswith("----")]
            wrong.append(f"{script.name}: {lines[:3] or done.stdout[-300:]}")
    return passed, wrong
