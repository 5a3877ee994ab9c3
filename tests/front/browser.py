"""A browser in front of us: Debian's chromium, driven by npm's playwright-core. Only where it is
there, but for the long run, which installs it."""

import json
import pathlib
import shutil
import subprocess

from .clients import STREAM

FOLDER = pathlib.Path(__file__).resolve().parent / "browser"
MODULES = FOLDER.parent.parent.parent / "build/browser"


def install(world):
    """What is missing still; installs it in the long run."""
    if not shutil.which("chromium") and world.is_long:
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"], capture_output=True)
    missing = [name for name in ("chromium", "node", "npm") if not shutil.which(name)]
    if not missing and not (MODULES / "node_modules/playwright-core").exists():
        MODULES.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", "run.mjs"):
            shutil.copy(FOLDER / name, MODULES)
        done = subprocess.run(["npm", "ci", "--silent"], cwd=MODULES, capture_output=True)
        missing = ["playwright-core"] if done.returncode else []
    return missing


def check(world):
    missing = ["without chromium"] if world.is_quick else install(world)
    if missing:
        return 0, [], missing
    shutil.copy(FOLDER / "run.mjs", MODULES)
    world.plain.script(STREAM, "browser-stream")
    world.plain.script(STREAM.replace("wait 300\n", "stall\n"), "browser-leaves")
    world.plain.script(STREAM.replace("wait 300\n", "reset\n"), "browser-broken")
    origin = f"https://localhost:{world.secure[1]}"
    done = subprocess.run(["node", "run.mjs", origin, world.key("browser"), shutil.which("chromium")], cwd=MODULES,
                          capture_output=True, text=True, timeout=90)
    if done.returncode != 0:
        return 0, [f"the browser ended with {done.returncode}: {done.stderr[-600:]}"]
    saw = json.loads(done.stdout)
    rows = {"its protocol": (saw["protocol"], "h2"), "the status": (saw["status"], 200),
            "the stream's end": (saw["text"].rstrip().endswith("data: [DONE]"), True),
            "read while it came": (saw["pieces"] > 1 and saw["lastMs"] - saw["firstMs"] > 100, True),
            "a broken stream is an error": (saw["broken"], "TypeError"), "sixty at once": (saw["many"], 60)}
    ended = [record["ended"][:5] for record in world.plain.log("browser-leaves")]
    rows["one that leaves ends its provider's request"] = (ended, ["peer_"])
    wrong = [f"{title}: {got!r}, not {wanted!r}" for title, (got, wanted) in rows.items() if got != wanted]
    return len(rows) - len(wrong), wrong
