#!/usr/bin/env python3
"""Agents that ask again and again, as they really do, and what that costs the provider: nothing.

    tests/chaos/run_storm.py [--build build/asan] [--keep] [NAME-PART ...]

Claude Code sends ten requests where a key is refused, with back-off; Codex sends a request six times
where a server fails; SDKs send it three times, and wait as long as Retry-After says. The last line is
"storm: N passed, N failed".
"""

import concurrent.futures
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http, scenes
from caselib.world import World
from run_scenes import ask, made_key, until, verb

AGENTS, WORKERS = 40, 10
LOOKUPS = 120  # of unknown keys, from one address, in a minute, on each of two loops
CLAUDE_CODE_401, CODEX_5XX, SDK = 10, 6, 3  # requests for one, in all


def storm(world, tries, one):
    """What each of AGENTS agents got, asking `tries` times."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        asked = [pool.submit(one, agent, turn) for agent in range(AGENTS) for turn in range(tries)]
        return [each.result() for each in asked]


def heard_by(world):
    return sum(p.state()["requests"] for p in (world.plain, world.tls))


def refused_for_nothing(world, account, answers, before):
    assert heard_by(world) == before, f"the provider heard {heard_by(world) - before} requests"
    assert not account or not world.read_entries(account), "refusals have entries"
    assert all(a.ended == "clean" for a in answers)


def scene_bad_keys(world):
    """Claude Code with a wrong key: 401, `x-should-retry: false`, soon not even a look-up; nobody else notices"""
    key, before = world.key("good"), heard_by(world)
    wrong = "sk-flux-" + "A" * 43
    answers = storm(world, CLAUDE_CODE_401, lambda agent, _: ask(world, wrong, f"a{agent}"))
    assert {a.status for a in answers} <= {401, 429}, {a.status for a in answers}
    assert all(a.header("x-should-retry") == "false" for a in answers if a.status == 401)
    limited = [a for a in answers if a.status == 429]
    assert len(limited) >= len(answers) - 2 * LOOKUPS - WORKERS, len(limited)
    assert all(int(a.header("retry-after")) >= 1 for a in limited)
    refused_for_nothing(world, "", answers, before)
    assert ask(world, key, "fine").status == 200


def scene_revoked(world):
    """the same with a key that was revoked, and with an expired one"""
    key = made_key(world, "--account", "gone")
    verb(world, "key", "revoke", "--data", str(world.data), key[:18])
    token = f"x-api-key: {key}\r\n"
    models = lambda: http.ask(world.address, "GET", "/v1/models", fields=token)
    until(lambda: models().status == 401, "the revoked key is served")
    before = heard_by(world)
    answers = storm(world, CLAUDE_CODE_401, lambda agent, _: ask(world, key, f"r{agent}"))
    assert {a.status for a in answers} <= {401, 429}
    refused_for_nothing(world, "gone", answers, before)


def scene_our_limits(world):
    """SDKs against our own rate: all but the allowed are 429 with Retry-After, and cost nothing"""
    key, allowed = world.key("limited", '{"rpm":"5"}'), 5
    before = heard_by(world)
    answers = storm(world, SDK, lambda agent, _: ask(world, key, f"l{agent}"))
    good = [a for a in answers if a.status == 200]
    rest = [a for a in answers if a.status != 200]
    assert len(good) <= allowed + 2 and {a.status for a in rest} == {429}, len(good)
    assert all(int(a.header("retry-after")) >= 1 for a in rest)
    bare = [a for a in answers if not a.header("x-ratelimit-limit-requests")]
    assert not bare, (bare[0].status, bare[0].headers, len(bare))
    assert heard_by(world) - before == len(good)
    assert len(world.entries("limited", len(good))) == len(good)


def scene_ceiling(world):
    """no money left: 402, no retry helps, the provider hears nothing"""
    key, before = world.key("poor", '{"month_usd":"0.000001"}'), heard_by(world)
    answers = storm(world, CODEX_5XX, lambda agent, _: ask(world, key, f"p{agent}"))
    assert {a.status for a in answers} == {402}, {a.status for a in answers}
    assert all(a.header("x-should-retry") == "false" for a in answers)
    refused_for_nothing(world, "poor", answers, before)


def scene_brown_out(world):
    """Codex while the provider fails: our own attempts do not multiply its requests, and its breaker opens"""
    key, before = world.key("brown"), heard_by(world)
    world.plain.script('on * * always\nstatus 529\njson {"error":{"message":"overloaded"}}\n', "brown")
    answers = storm(world, CODEX_5XX, lambda agent, _: ask(world, key, "brown", model="flux-pinned-small"))
    assert all(a.status in (502, 503) for a in answers), {a.status for a in answers}
    heard, asked = heard_by(world) - before, len(answers)
    print(f"storm: {asked} requests of Codex in a brown-out, {heard} reached the provider")
    assert heard <= asked * 1.2 + 10, f"{heard} requests at the provider for {asked}"


def play(run, options):
    return scenes.played(World("main", options.build, options.keep), run)


if __name__ == "__main__":
    todo = {n: (lambda o, run=run: play(run, o)) for n, run in scenes.of(globals()).items()}
    sys.exit(scenes.perform("storm", todo))
