"""Scenes of decisions that were kept: what replay, feedback and tune make of them."""

import json
import pathlib
import re
import signal
import subprocess
import time

from . import http

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

HARD = "Prove by induction that every tree with n vertices has n - 1 edges, and derive its spectrum."


def post(world, path, key, body, headers={}):
    text = json.dumps(body).encode()
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    link = http.Link(world.address)
    link.send(
        f"POST {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
        f"{more}Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n".encode()
        + text,
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


def replay(world, text, **written):
    """What replay says of the configuration with these changes, once so many records are written."""
    changed = world.folder / "changed.yaml"
    config = world.config.read_text()
    changed.write_text(text + "\n" + config)
    words = [str(world.build / "fluxrouter"), "replay", "-c", str(changed), "--data", str(world.data), "--json"]
    deadline = time.monotonic() + 30
    while True:
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)  # fails while there is none
        said = json.loads(done.stdout) if done.returncode == 0 else {}
        if written.items() <= said.items():
            return said
        assert time.monotonic() < deadline, (written, said, done.stderr)
        time.sleep(0.05)


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
    same = replay(world, "", requests=104)
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


def scene_feedback(world):
    """feedback is taken for the account's own requests only, and refused in the contract's words"""
    key, other = world.key("said"), world.key("stranger")
    tell = lambda k, body: post(world, "/v1/feedback", k, body)
    served = ask(world, key, [user("case:one hi")]).header("x-flux-request-id")
    good = {"request_id": served, "should_be": "reasoning"}
    answer = tell(key, good)
    assert answer.status == 200, answer.body
    said = json.loads(answer.body)
    assert said == {**good, "object": "feedback", "was": said["was"]}, said
    assert said["was"] in ("fast", "standard"), said
    unknown = "019aab41-0000-7000-8000-000000000000"
    for k, body, status, code in (
        (other, good, 404, "request_not_found"),
        (key, {**good, "request_id": unknown}, 404, "request_not_found"),
        (key, {**good, "request_id": "7"}, 400, "invalid_value"),
        (key, {**good, "should_be": "best"}, 400, "invalid_value"),
        (key, {"should_be": "fast"}, 400, "missing_field"),
        (key, [], 400, "invalid_value"),
        ("sk-flux-" + "B" * 43, good, 401, "invalid_api_key"),
    ):
        answer = tell(k, body)
        assert answer.status == status, (body, answer.status, answer.body)
        assert json.loads(answer.body)["error"]["code"] == code, answer.body
    replay(world, "", requests=1)
    world.config.write_text("decisions: off\n" + world.config.read_text())
    world.restart()
    ask(world, key, [user("case:one hi")])
    answer = tell(key, good)
    assert answer.status == 403 and b"endpoint_not_served" in answer.body, answer.body
    assert replay(world, "")["requests"] == 1


def scene_feedback_left_alone(world):
    """clients that leave while their feedback is looked up cost nothing and break nothing"""
    key = world.key("gone")
    served = ask(world, key, [user("case:one hi")]).header("x-flux-request-id")
    body = json.dumps({"request_id": served, "should_be": "fast"}).encode()
    for _ in range(30):
        link = http.Link(world.address)
        link.send(
            f"POST /v1/feedback HTTP/1.1\r\nHost: t\r\nx-api-key: {key}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body,
            1 << 20,
        )
        link.leave()
    assert post(world, "/v1/feedback", key, json.loads(body)).status == 200


def tune(world, out, *words, status=0):
    data = ["--data", str(world.data)]
    return verb(world, "tune", "-c", str(world.config), *data, "-o", str(out), *words, status=status)


def scene_tune(world):
    """feedback and labelled requests make another scorer file, always the same, that a reload uses"""
    key, out = world.key("tuned"), world.folder / "tuned.bin"
    asks = [(f"case:one hello number {i}, good morning!", "standard") for i in range(105)]
    asks += [(f"case:one {HARD} Take n = {i}.", "reasoning") for i in range(105)]
    ids = [ask(world, key, [user(text)]).header("x-flux-request-id") for text, _ in asks]
    replay(world, "", requests=210)
    assert "too few labels" in tune(world, out, status=1) and not out.exists()
    for request_id, (_, tier) in zip(ids, asks):
        body = {"request_id": request_id, "should_be": tier}
        assert post(world, "/v1/feedback", key, body).status == 200
    said = tune(world, out)
    assert "labels: 210 (fast 0, standard 105, reasoning 105), 210 from feedback" in said, said
    right = [int(n) for n in re.findall(r"kept apart, \w+ +(\d+) of", said)]
    assert len(right) == 2 and right[1] > right[0], said
    first = out.read_bytes()
    tune(world, out)
    assert out.read_bytes() == first, "the same labels gave another file"
    assert replay(world, f"scorer_file: {out}")["now"]["tiers"]["fast"] == 0
    before = ask(world, key, [user("case:one hello number 7, good morning!")])
    assert before.header("x-flux-tier") == "fast"
    world.config.write_text(f"scorer_file: {out}\n" + world.config.read_text())
    world.daemon.send_signal(signal.SIGHUP)
    for _ in range(100):
        after = ask(world, key, [user("case:one hello number 7, good morning!")])
        if after.header("x-flux-tier") == "standard":
            break
        time.sleep(0.05)
    line = after.header("x-flux-decision")
    assert after.header("x-flux-tier") == "standard", line
    assert re.search(r"scorer=([0-9a-f]{8})", said) is None
    assert re.search(r"scorer ([0-9a-f]{8})", said).group(1) in line, (said, line)
    labels = world.folder / "labels.jsonl"
    text = (ROOT / "tests/routing/tuning.jsonl").read_text()
    labels.write_text(text.replace('"tier": "fast"', '"tier": "standard"'))
    empty = ["--data", str(world.folder / "nowhere"), "--requests", str(labels)]
    assert "written: " in tune(world, out, *empty)
    out.write_bytes(first[:-1])
    verb(world, "check", "-c", str(world.config), status=1)


def other_words(world, out):
    """A scorer file like the built-in one but for one weight of one word, with its checksum."""
    scorer = bytearray((ROOT / "src/route/scorer.bin").read_bytes())
    scorer[-4] = (scorer[-4] + 1) % 100
    crc = 0xFFFFFFFF
    for byte in scorer[24:]:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    scorer[16:20] = (crc ^ 0xFFFFFFFF).to_bytes(4, "little")
    out.write_bytes(scorer)
    return out


def scene_samples(world):
    """contents are kept only where the operator asks, sealed, and never against the client's word"""
    key, secret = world.key("sampled"), "a secret of sixteen or more"
    scorer = other_words(world, world.folder / "other.bin")
    ask(world, key, [user("case:one hello before samples")])
    assert not (world.data / "samples").exists()
    samples = f'samples: {{key: "{secret}", percent: 100%}}\n'
    world.config.write_text(samples + world.config.read_text())
    world.restart()
    for i in range(20):
        ask(world, key, [user(f"case:one hello number {i} {HARD if i % 2 else ''}")])
    body = {"model": "flux-auto", "max_tokens": 9, "messages": [user("case:one private words")]}
    quiet = {"X-Flux-No-Retain": "1"}
    assert post(world, "/v1/chat/completions", key, body, quiet).status == 200
    kept = replay(world, f"scorer_file: {scorer}", requests=22, sampled=20)
    assert kept["requests"] == 22 and kept["sampled"] == 20 and kept["other_scorer"] == 2, kept
    assert kept["changed"] == 0, kept
    without = world.config.read_text().replace(secret, "another secret of the same kind")
    world.config.write_text(without)
    lost = replay(world, f"scorer_file: {scorer}")
    assert lost["sampled"] == 0 and lost["other_scorer"] == 22, lost
    for path in (world.data / "samples").iterdir():
        assert b"hello" not in path.read_bytes() and path.stat().st_mode & 0o777 == 0o600
