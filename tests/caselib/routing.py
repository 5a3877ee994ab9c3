"""Scenes of decisions that were kept: what replay, feedback and tune make of them."""

import json
import re
import subprocess
import time

from . import http

HARD = "Prove by induction that every tree with n vertices has n - 1 edges, and derive its spectrum."


def post(world, path, key, body):
    text = json.dumps(body).encode()
    link = http.Link(world.address)
    link.send(
        f"POST {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text,
        1 << 20,
    )
    answer = link.answer("POST")
    link.leave()
    return answer


def ask(world, key, turns, **more):
    body = {"model": "flux-auto", "max_tokens": 100, "messages": turns, **more}
    answer = post(world, "/v1/chat/completions", key, body)
    assert answer.status == 200, answer.body
    return answer


def user(text):
    return {"role": "user", "content": text}


def verb(world, *words, status=0):
    done = subprocess.run(
        [str(world.build / "fluxrouter"), *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def replay(world, text, *words):
    """What replay says of the configuration with these changes, once all records are written."""
    changed = world.folder / "changed.yaml"
    config = world.config.read_text()
    changed.write_text(text + "\n" + config)
    time.sleep(0.8)
    out = verb(world, "replay", "-c", str(changed), "--data", str(world.data), "--json", *words)
    return json.loads(out)


def session(world, key, requests):
    """An agent's session of so many requests, each with all the turns before it."""
    turns, tiers = [user("case:s1 Rename the function in utils.py, please.")], []
    for i in range(requests):
        tiers.append(ask(world, key, turns).header("x-flux-tier"))
        turns += [{"role": "assistant", "content": f"Step {i}."}, user("yes, go on")]
        if i == requests // 2:
            turns.append(user(HARD))
    return tiers


def scene_replay(world):
    """replay tells tier mix, changes and costs to the nano-dollar, and what a long session costs"""
    key = world.key("replayed")
    for text in ("hi", "thanks!", HARD, "Translate to German: good morning"):
        ask(world, key, [user("case:one " + text)])
    tiers = session(world, key, 100)
    ranks = [("fast", "standard", "reasoning").index(t) for t in tiers]
    assert ranks == sorted(ranks) and ranks[-1] == 2, tiers
    spent = sum(e["cost_nusd"] for e in world.entries("replayed", 104))
    usd = lambda nusd: json.loads("%d.%09d" % divmod(nusd, 10**9))
    same = replay(world, "")
    assert same["requests"] == same["in_the_books"] == 104, same
    assert same["changed"] == 0 and same["moved"] == [] and same["difference_usd"] == 0, same
    assert same["was"]["cost_usd"] == same["now"]["cost_usd"] == usd(spent), (same, spent)
    assert same["was"]["tiers"] == same["now"]["tiers"], same
    lengths = {s["requests_each"]: s for s in same["sessions"]}
    assert lengths["100 and more"]["sessions"] == 1, lengths
    assert lengths["100 and more"]["was_more_than_one_tier"] == 1, lengths
    capped = replay(world, "tier_ceiling: standard")
    assert capped["now"]["tiers"]["reasoning"] == 0 and capped["changed"] > 0, capped
    assert capped["now"]["cost_usd"] < capped["was"]["cost_usd"], capped
    assert capped["was"]["config"] != capped["now"]["config"], capped
    floor = replay(world, "tier_floor: reasoning")
    assert floor["now"]["tiers"]["reasoning"] == 104, floor
    future = ["--from", "2100-01-01"]
    text = verb(world, "replay", "-c", str(world.config), "--data", str(world.data), *future, status=1)
    assert "no decision records" in text, text
    page = verb(world, "replay", "-c", str(world.config), "--data", str(world.data), "--changed")
    assert re.search(r"104 requests, decided by configuration \w+; now by \w+", page), page
    assert "case:" not in "".join(
        p.read_bytes().decode("latin1") for p in (world.data / "decisions").iterdir()
    )
