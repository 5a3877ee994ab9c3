#!/usr/bin/env python3
"""What operators do beside a running daemon: the admin API, revocation, webhooks, retention.

    tests/run_admin.py [--build build/asan] [--keep] [NAME-PART ...]

Each scene has a daemon of its own. The last line is "admin: N passed, N failed".
"""

import concurrent.futures
import hashlib
import hmac
import json
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from http import server as http_server

sys.dont_write_bytecode = True
from decimal import Decimal

from caselib import http, scenes
from caselib.ports import free_port
from caselib.world import World

ADMIN_KEY = "admin-key-of-the-tests-0123456789"


class Admin:
    """The admin API of a world."""

    def __init__(self, world, key=ADMIN_KEY):
        self.world, self.key = world, key

    def ask(self, method, path, body=None, headers=""):
        link = http.Link(self.world.admin)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        credential = f"Authorization: Bearer {self.key}\r\n" if self.key else ""
        link.send(
            f"{method} /admin/v1{path} HTTP/1.1\r\nHost: t\r\n{credential}{headers}"
            f"Content-Length: {len(data)}\r\n\r\n".encode() + data,
            1 << 20,
        )
        answer = link.answer(method)
        link.leave()
        return answer

    def do(self, method, path, body=None, status=None):
        """The answer's JSON; the status must be as expected (200, 201 for POST)."""
        answer = self.ask(method, path, body)
        wanted = status or (201 if method == "POST" else 200)
        assert answer.status == wanted, (method, path, answer.status, answer.body)
        return json.loads(answer.body)


def serve(world, key, model="small", mark="x"):
    body = {"model": model, "messages": [{"role": "user", "content": f"case:{mark} hi"}]}
    return post(world, key, "/v1/chat/completions", body)


def post(world, key, path, body):
    data = json.dumps(body)
    link = http.Link(world.address)
    link.send(
        f"POST {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n{data}".encode(),
        1 << 20,
    )
    answer = link.answer("POST")
    link.leave()
    return answer


def until(holds, sentence, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, sentence
        time.sleep(0.01)


def verb(world, *words, status=0):
    done = subprocess.run(
        [str(world.build / "fluxrouter"), *words], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


# ---- scenes


def scene_owners(world):
    """an account with a plan, a team, a user and a key of theirs, which serves"""
    admin = Admin(world)
    names = [plan["name"] for plan in admin.do("GET", "/plans")["data"]]
    assert names == ["free", "payg", "builder", "scale"], names
    account = admin.do("POST", "/accounts", {"name": "acme", "plan": "payg"})
    assert account["plan"] == "payg" and account["terms"] == {}, account
    admin.do("POST", "/teams", {"account": "acme", "name": "search"})
    user = {"account": "acme", "team": "search", "name": "joe@example.com"}
    admin.do("POST", "/users", user)
    key = admin.do("POST", "/keys", {"account": "acme", "user": "joe@example.com", "label": "l"})
    assert key["team"] == "search" and re.fullmatch(r"sk-flux-\S{43}", key["key"]), key
    assert serve(world, key["key"]).status == 200
    shown = admin.do("GET", f"/keys/{key['id']}")
    assert "key" not in shown and shown["state"] == "active", shown
    assert admin.do("GET", f"/keys/{key['prefix']}") == shown
    world.entries("acme", 1)
    usage = admin.do("GET", "/usage?by=account,team,user,key,model,lane,provider,day")
    (row,) = [row for row in usage["rows"] if row["account"] == "acme"]
    assert row["provider"] == "plain" and row["lane"] == "express" and row["requests"] == 1, row
    assert row["team"] == "search" and row["user"] == "joe@example.com", row


def scene_on_hold(world):
    """an account on hold is refused in each dialect, and served again when it is off"""
    admin = Admin(world)
    admin.do("POST", "/accounts", {"name": "paused"})
    key = admin.do("POST", "/keys", {"account": "paused", "label": "l"})["key"]
    assert serve(world, key).status == 200
    admin.do("PATCH", "/accounts/paused", {"on_hold": True})
    until(lambda: serve(world, key).status == 402, "an account on hold is served")
    for path, body in (
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/responses", {"input": "hi"}),
        ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}),
    ):
        answer = post(world, key, path, {"model": "small", **body})
        error = json.loads(answer.body)["error"]
        assert answer.status == 402 and error["code"] == "account_on_hold", (path, answer.body)
    admin.do("PATCH", "/accounts/paused", {"on_hold": False})
    until(lambda: serve(world, key).status == 200, "an account off hold is refused")


def scene_used_budget(world):
    """what was spent stays spent: through ceilings that fall, rise and go, and a reload"""
    admin = Admin(world)
    admin.do("POST", "/accounts", {"name": "frugal", "terms": {"month_usd": 1}})
    key = admin.do("POST", "/keys", {"account": "frugal", "label": "l"})["key"]
    world.plain.script("on POST * always\nusage 1000000 10\nbuiltin\n", "big")
    assert serve(world, key, mark="big").status == 200
    spent = month_of(world, key)["spent_usd"]
    assert 0.25 < spent < 0.26, spent
    for month_usd in (0.1, 5, None, 0.2):
        admin.do("PATCH", "/accounts/frugal", {"terms": {"month_usd": month_usd}})
        world.daemon.send_signal(signal.SIGHUP)
        expected = 200 if month_usd in (5, None) else 402
        until(lambda: serve(world, key, mark="x").status == expected, f"not {expected}: {month_usd}")
        limit = month_of(world, key)
        assert limit is None or limit["spent_usd"] >= spent, (month_usd, limit)
    assert month_of(world, key)["spent_usd"] >= spent


def month_of(world, key):
    """Of GET /v1/usage: the account's month; None without a ceiling on it."""
    link = http.Link(world.address)
    link.send(f"GET /v1/usage HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n\r\n".encode(), 1 << 20)
    limits = json.loads(link.answer("GET").body)["limits"]
    link.leave()
    return next((limit for limit in limits if limit["scope"] == "account_month"), None)


def scene_credential(world):
    """no key, a wrong key, a gateway's key: 401; a reload changes it; nothing is echoed or logged"""
    key = world.key("someone")
    for wrong in ("", "wrong-key-of-somebody", key, ADMIN_KEY + "x", ADMIN_KEY[:-1]):
        answer = Admin(world, wrong).ask("GET", "/plans")
        assert answer.status == 401 and answer.header("www-authenticate"), (wrong, answer.status)
        assert not wrong or wrong.encode() not in answer.body
    assert Admin(world).ask("GET", "/plans").header("cache-control") == "no-store"
    world.config.write_text(world.config.read_text().replace(ADMIN_KEY, "another-key-of-the-tests"))
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: Admin(world).ask("GET", "/plans").status == 401, "the old key still counts")
    assert Admin(world, "another-key-of-the-tests").ask("GET", "/plans").status == 200
    text = world.tail(1000)
    assert ADMIN_KEY not in text and "another-key" not in text and key not in text


def scene_targets(world):
    """how targets do is told, no credential with it, and lives through a reload"""
    text = world.config.read_text().replace("health: {breaker: false}", "health: {failures: 2}")
    world.config.write_text(text)
    world.restart()
    world.plain.script("on * * always\nstatus 503\n", "ill")
    key = world.key("someone")
    for _ in range(2):
        assert serve(world, key, mark="ill").status == 502
    world.config.write_text(text.replace("threads: 2", "threads: 2 "))
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: b'reloads_total{result="ok"} 1' in world_metrics(world), "no reload")
    answer = Admin(world).ask("GET", "/targets?model=small")
    (target,) = json.loads(answer.body)["data"]
    assert target["breaker"] == "open" and target["failed"] == 2 and target["probe_in_s"] > 0, target
    assert target["last_failure"] == {"code": "provider_error", "status": 503}, target
    assert b"sk-" not in answer.body and b"http" not in answer.body
    rows = world_metrics(world)
    name = f'target="{target["name"]}"'.encode()
    assert b"fluxrouter_target_state{%s} 2\n" % name in rows, rows
    assert rows.endswith(b"# EOF\n")
    world.plain.forget("ill")


def world_metrics(world):
    return http.ask(world.metrics, "GET", "/metrics").body


def scene_guessing(world):
    """who keeps guessing is told to wait"""
    statuses = []
    while 429 not in statuses and len(statuses) < 400:
        answer = Admin(world, f"guess-{len(statuses)}").ask("GET", "/plans")
        statuses.append(answer.status)
    assert set(statuses) == {401, 429} and answer.header("retry-after"), set(statuses)


def scene_closed(world):
    """without admin: nothing listens; off loopback needs insecure; a short key is refused"""
    text = world.config.read_text()
    world.config.write_text("\n".join(l for l in text.splitlines() if not l.startswith("admin:")))
    world.restart()
    try:
        Admin(world).ask("GET", "/plans")
        raise AssertionError("somebody answers")
    except OSError:
        pass
    assert http.ask(world.address, "GET", "/admin/v1/plans").status == 404
    assert http.ask(world.metrics, "GET", "/admin/v1/plans").status == 404
    for listen, key, words in (
        ("0.0.0.0:8687", ADMIN_KEY, "insecure: true"),
        ("127.0.0.1:8687", "short", "too short"),
        ("127.0.0.1:8687", "${NOT_SET_ANYWHERE}", "NOT_SET_ANYWHERE"),
    ):
        bad = world.folder / "bad.yaml"
        bad.write_text(re.sub(r"(?m)^admin:.*$", f'admin: {{listen: "{listen}", key: "{key}"}}', text))
        told = verb(world, "check", "-c", str(bad), status=1)
        assert words in told and "admin." in told and ADMIN_KEY not in told, told


def scene_odd_requests(world):
    """methods, paths and bodies that are none; a body that is too long; many at once"""
    admin = Admin(world)
    for method, path, body, status, words in (
        ("GET", "/nothing", None, 404, b"endpoint_not_found"),
        ("DELETE", "/plans", None, 405, b"GET, POST"),
        ("POST", "/accounts", b"{", 400, b"invalid_json"),
        ("POST", "/accounts", b'{"name":"a","name":"b"}', 400, b"duplicate"),
        ("POST", "/accounts", {"nam": "x"}, 400, b"unsupported_parameter"),
        ("POST", "/accounts", b" " * (2 << 20), 413, b"body_too_large"),
        ("GET", "/usage?by=moon", None, 400, b"by"),
        ("GET", "/invoices?account=nobody&month=2026-11", None, 404, b"not_found"),
    ):
        answer = admin.ask(method, path, body)
        assert answer.status == status and words in answer.body, (path, answer.status, answer.body)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        asked = [pool.submit(admin.do, "POST", "/accounts", {"name": f"a{i}"}) for i in range(64)]
        ids = {one.result()["id"] for one in asked}
    assert len(ids) == 64
    after, seen = 0, []
    while True:
        page = admin.do("GET", f"/accounts?limit=7&after={after}")
        seen += [a["id"] for a in page["data"]]
        if not page["has_more"]:
            break
        after = seen[-1]
    assert seen == sorted(set(seen)) and ids <= set(seen), seen


def scene_leaving(world):
    """a caller that leaves while the store is locked harms nobody, and the answer is not lost"""
    lock = sqlite3.connect(world.data / "flux.db", isolation_level=None)
    lock.execute("begin exclusive")
    links = [http.Link(world.admin) for _ in range(8)]
    for i, link in enumerate(links):
        body = json.dumps({"name": f"left{i}"})
        link.send(
            f"POST /admin/v1/accounts HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode(),
            1 << 20,
        )
    time.sleep(0.2)
    began = time.monotonic()
    assert http.ask(world.address, "GET", "/healthz").status == 200
    assert time.monotonic() - began < 4.5, "the service waits for the admin's store"  # that waits 5 s
    for link in links[:4]:
        link.leave()
    lock.execute("rollback")
    lock.close()
    assert all(link.answer("POST").status == 201 for link in links[4:])
    names = [a["name"] for a in Admin(world).do("GET", "/accounts?limit=1000")["data"]]
    assert sum(name.startswith("left") for name in names) == 8, names


def scene_revocation(world):
    """a key that is revoked by the API, or by a verb, is refused within 2 s; times are printed"""
    admin, times = Admin(world), []
    for by_api in (True, False, True, False):
        key = admin.do("POST", "/keys", {"account": "default"})
        assert serve(world, key["key"]).status == 200
        began = time.monotonic()
        if by_api:
            admin.do("DELETE", f"/keys/{key['id']}")
        else:
            verb(world, "key", "revoke", "--data", str(world.data), str(key["id"]))
        until(lambda: serve(world, key["key"]).status == 401, "a revoked key is served", 10.0)
        times.append(time.monotonic() - began)
    print(f"revoked within {max(times) * 1000:.0f} ms at most, of 4", flush=True)
    old = admin.do("POST", "/keys", {"account": "default"})
    new = admin.do("POST", f"/keys/{old['id']}/rotate", {"overlap": "1h"})
    assert serve(world, old["key"]).status == serve(world, new["key"]).status == 200
    again = admin.do("POST", f"/keys/{new['id']}/rotate", {})
    until(lambda: serve(world, new["key"]).status == 401, "a rotated key is served", 4.0)
    assert serve(world, again["key"]).status == 200


def charge_by(rates, row):
    """What an entry without pictures, sound and calls comes to by an invoice's rates."""
    standard = next(r for r in rates["rows"] if r["service"] == "standard" and r["above"] == 0)
    figures = {"input": row["input"], "cache_read": row["cache_read"], "reasoning": row["reasoning"],
               "output": row["output"] - row["reasoning"]}
    pico = sum(tokens * standard[f"{figure}_pusd"] for figure, tokens in figures.items())
    per_nano = 1000 * 10**8
    return (pico * standard["percent_bp"] * rates["markup_bp"] + per_nano // 2) // per_nano


def scene_invoice(world):
    """an invoice's sum is the sum of the entries and of the headers; the same twice"""
    key, total = world.key("payer"), 0
    for i in range(9):
        world.plain.script(f"usage {100 + i} {i} {i}\nbuiltin\n", f"i{i}")
        answer = serve(world, key, ("small", "medium", "large")[i % 3], f"i{i}")
        assert answer.status == 200, answer.body
        total += int(Decimal(answer.header("x-flux-cost-usd")) * 10**9)
    rows = world.entries("payer", 9)
    month = time.strftime("%Y-%m", time.gmtime())
    printed = verb(world, "invoice", "--data", str(world.data), "--account", "payer", "--month", month)
    assert re.search(r"(?m)^total .*%s$" % re.escape(str(Decimal(total).scaleb(-9).normalize())), printed)
    text = Admin(world).ask("GET", f"/invoices?account=payer&month={month}").body
    invoice = json.loads(text, parse_float=Decimal)
    assert invoice["total"]["charge_usd"] * 10**9 == total, (invoice, total)
    assert sum(r["charge_nusd"] for r in rows) == total
    assert sum(line["charge_usd"] for line in invoice["lines"]) * 10**9 == total
    assert [line["model"] for line in invoice["lines"]] == ["large", "medium", "small"], invoice
    assert invoice["total"]["requests"] == 9
    assert Admin(world).ask("GET", f"/invoices?account=payer&month={month}").body == text
    for row in rows:
        rates = invoice["prices"]["%08x" % row["charge_version"]]
        assert charge_by(rates, row) == row["charge_nusd"], (rates, dict(row))
    checked = verb(world, "ledger", "verify", "--data", str(world.data))
    assert "prices: 9 entries computed again\nledger: ok" in checked, checked


class Receiver(http_server.HTTPServer):
    """What webhooks are sent to. Refuses the first `refusals`."""

    def __init__(self, refusals):
        super().__init__(("127.0.0.1", 0), Hook)
        self.refusals, self.got, self.lock = refusals, [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Hook(http_server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with self.server.lock:
            self.server.got.append((dict(self.headers), body, time.time()))
            refused = len(self.server.got) <= self.server.refusals
        self.send_response(500 if refused else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def check_hook(headers, body, secret):
    when, mark = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", headers["X-Flux-Signature"]).groups()
    wanted = hmac.new(secret.encode(), when.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(mark, wanted) and abs(int(when) - time.time()) < 60, headers
    assert headers["Content-Type"] == "application/json"
    return json.loads(body)


def scene_webhooks(world):
    """50, 80 and 100 % are told once, signed, in order; refused ones come again; a restart is silent"""
    receiver, few = Receiver(1), Receiver(0)
    hooks = (
        f'webhooks:\n  - {{url: "http://127.0.0.1:{receiver.server_port}/h", secret: whsec-1}}\n'
        f'  - {{url: "http://127.0.0.1:{few.server_port}", secret: whsec-2, events: [100]}}\n'
    )
    world.config.write_text(hooks + world.config.read_text())
    world.daemon.send_signal(signal.SIGHUP)
    admin = Admin(world)
    admin.do("POST", "/accounts", {"name": "near"})
    key = admin.do("POST", "/keys", {"account": "near"})
    world.plain.script("usage 1000 0 0\nbuiltin\n", "w0")
    cost = Decimal(serve(world, key["key"], mark="w0").header("x-flux-cost-usd"))
    world.entries("near", 1)
    # More than what one answer may cost must be left, or the ceiling would refuse it.
    admin.do("PATCH", "/accounts/near", {"terms": {"month_usd": str(cost * 2)}})
    until(lambda: len(receiver.got) >= 2, "no webhook comes")
    told = [check_hook(h, b, "whsec-1") for h, b, _ in receiver.got]
    assert told[0] == told[1] and told[0]["data"]["percent"] == 50, told
    assert told[0]["data"]["scope"] == "account_month", told
    assert told[0]["data"]["owner"]["name"] == "near", told
    assert receiver.got[0][0]["X-Flux-Signature"] and receiver.got[1][2] - receiver.got[0][2] > 0.9
    admin.do("PATCH", "/accounts/near", {"terms": {"month_usd": str(cost)}})
    until(lambda: len(receiver.got) >= 4 and few.got, "80 and 100 % are not told")
    percents = sorted(json.loads(b)["data"]["percent"] for _, b, _ in receiver.got[2:])
    assert percents == [80, 100], percents
    assert check_hook(*few.got[0][:2], "whsec-2")["data"]["percent"] == 100
    world.restart()
    time.sleep(3)
    assert len(receiver.got) == 4 and len(few.got) == 1, (len(receiver.got), len(few.got))
    assert [row["done_ms"] > 0 for row in world.books.rows("select done_ms from alerts")] == [True] * 3
    for server in (receiver, few):
        server.shutdown()
        server.server_close()


def scene_dead_webhook(world):
    """a webhook that nobody answers, or that never ends, holds up neither requests nor the stop"""
    hooks = f'webhooks: [{{url: "http://127.0.0.1:{free_port()}/h"}}, {{url: "http://127.0.0.1:{world.plain.ports[0]}/x"}}]\n'
    world.config.write_text(hooks + world.config.read_text())
    world.restart()
    admin = Admin(world)
    key = admin.do("POST", "/keys", {"account": "default"})
    assert serve(world, key["key"]).status == 200
    admin.do("PATCH", "/accounts/default", {"terms": {"month_usd": "0.000000001"}})
    until(lambda: "webhook 127.0.0.1" in world.tail(200), "nothing is tried")
    began = time.monotonic()
    assert http.ask(world.address, "GET", "/healthz").status == 200
    assert time.monotonic() - began < 4.5


def make_old(world, days):
    """Entries, their sums and what was spent, as if it had been that many days ago."""
    ms = days * 86400000
    files = list((world.data / "journal").glob("*.fluxj"))
    world.books.change(
        f"update entries set opened_ms = opened_ms - {ms}, closed_ms = closed_ms - {ms}",
        f"update days set day = day - {days}",
        "delete from spent",
    )
    for path in files:  # and in the journal: the records' times, and their checksums
        age_journal(path, ms)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def age_journal(path, ms):
    data = bytearray(path.read_bytes())
    for at in range(0, len(data), 256):
        if data[at + 4] not in (3, 4):
            continue
        for field in (56, 64):
            then = int.from_bytes(data[at + field : at + field + 8], "little")
            data[at + field : at + field + 8] = max(then - ms, 0).to_bytes(8, "little")
        data[at : at + 4] = crc32c(data[at + 4 : at + 256]).to_bytes(4, "little")
    path.write_bytes(data)


def scene_purge(world):
    """old entries go, day sums stay, recovery brings nothing back, ledger verify agrees"""
    key = world.key("old")
    for i in range(5):
        assert serve(world, key, mark=f"o{i}").status == 200
    world.entries("old", 5)
    before = Admin(world).do("GET", "/usage?by=account,key,model")
    world.daemon.send_signal(signal.SIGKILL)
    world.daemon.wait()
    make_old(world, 500)
    then = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 499 * 86400))
    told = verb(world, "usage", "purge", "--data", str(world.data), "--before", then)
    assert told.startswith("5 entries"), told
    assert "ok" in verb(world, "ledger", "verify", "--data", str(world.data))
    world.start()
    assert world.read_entries("old") == [], "purged entries came back"
    after = Admin(world).do("GET", "/usage?by=account,key,model")
    assert after["rows"] == before["rows"], (before, after)
    assert serve(world, key, mark="new").status == 200
    assert len(world.entries("old", 1)) == 1
    assert "ok" in verb(world, "ledger", "verify", "--data", str(world.data))


def scene_retention(world):
    """with a retention the daemon purges by itself"""
    key = world.key("old")
    assert serve(world, key).status == 200
    world.entries("old", 1)
    world.daemon.send_signal(signal.SIGKILL)
    world.daemon.wait()
    make_old(world, 500)
    world.config.write_text("retention: 400d\n" + world.config.read_text())
    world.start()
    until(lambda: world.read_entries("old") == [], "nothing is purged")
    assert Admin(world).do("GET", "/usage?by=account")["rows"][0]["requests"] == 1


USAGE_HEAD = "start_time,end_time,model,num_model_requests,input_tokens,output_tokens,input_cached_tokens"
COST_HEAD = "usage_date_utc,model,token_type,cost_usd"


def scene_reconcile(world):
    """an export that says what the ledger says has no difference; one that does not is told"""
    key = world.key("many")
    for i in range(6):
        world.plain.script(f"usage {100 + i} {i} {10 + i}\nbuiltin\n", f"r{i}")
        assert serve(world, key, ("small", "medium")[i % 2], f"r{i}").status == 200
    rows = world.entries("many", 6)
    day = int(time.time() // 86400 * 86400)
    lines = {}
    for r in rows:
        sums = lines.setdefault(r["model"], [0, 0, 0, 0, Decimal(0)])
        for i, figure in enumerate((1, r["input"] + r["cache_read"], r["output"], r["cache_read"])):
            sums[i] += figure
        sums[4] += Decimal(r["cost_nusd"]) / 10**9
    usage, cost = world.folder / "usage.csv", world.folder / "cost.csv"

    def write(more=0):
        text = [USAGE_HEAD]
        for model, (n, given, out, cached, _) in lines.items():
            text.append(f"{day},{day + 86400},{model}-2025-08-07,{n},{given + more},{out},{cached}")
        usage.write_text("\n".join(text) + "\n")
        date = time.strftime("%Y-%m-%d", time.gmtime(day))
        text = [COST_HEAD]
        for model, sums in lines.items():
            half = sums[4] / 2
            text.append(f"{date},{model.title()},input_no_cache,{half}")
            text.append(f"{date},{model.title()},output,{half + Decimal(more) / 10**5}")
        cost.write_text("\n".join(text) + "\n")

    words = ["reconcile", "--data", str(world.data), "--provider", "plain"]
    write()
    for path in (usage, cost):
        assert "no difference" in verb(world, *words, str(path)), path
    write(more=1)
    told = verb(world, *words, str(usage), status=1)
    assert len(re.findall(r"(?m)^20\d\d-\d\d-\d\d  (small|medium) +input tokens", told)) == 2, told
    assert "2 differences" in told
    told = json.loads(verb(world, *words, "--json", str(cost), status=1))
    assert [d["figure"] for d in told["differences"]] == ["cost", "cost"], told
    assert "no difference" in verb(world, *words, "--tolerance", "0.01", str(cost))
    told = verb(world, "reconcile", "--data", str(world.data), str(usage), status=1)
    assert "0 here" in told, told


def play(run, options):
    port = free_port()
    line = f'admin: {{listen: "127.0.0.1:{port}", key: "{ADMIN_KEY}"}}\nthreads: 2'
    world = World("main", options.build, options.keep, [("threads: 2", line)])
    world.admin = ("127.0.0.1", port)
    return scenes.played(world, run)


def main():
    todo = scenes.of(globals()).items()
    return scenes.perform("admin", {n: lambda o, run=run: play(run, o) for n, run in todo})


if __name__ == "__main__":
    sys.exit(main())
