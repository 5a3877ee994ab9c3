#!/usr/bin/env python3
"""What the verbs of the command line say and how they end, beside a daemon with a few entries.

    tests/run_verbs.py [--build build/asan]

Each row of VERBS: the words, the exit status, a pattern that standard output and error together must
hold. DATA stands for the data folder, ID and KEY for a key that has spent, OTHER for one to
revoke, EMPTY for a configuration without models.
The last line is "verbs: N passed, N failed".
"""

import argparse
import json
import re
import sqlite3
import subprocess
import sys
import threading
import time
from http import server as http_server

sys.dont_write_bytecode = True
from caselib import http
from caselib.world import World

VERBS = [
    ("", 2, r"usage: fluxrouter VERB"),
    ("--help", 0, r"usage: fluxrouter VERB"),
    ("help", 0, r"usage: fluxrouter VERB"),
    ("--version", 0, r"^fluxrouter \d+\.\d+"),
    ("frobnicate", 2, r'no verb "frobnicate"'),
    ("dialects", 0, r"(?m)^\| logprobs \|.* exact \|.* refused \|"),
    ("dialects --help", 0, r"between any two dialects"),
    ("serve --help", 0, r"--listen"),
    ("key", 2, r"Usage: fluxrouter key VERB"),
    ("key --help", 0, r"show-usage"),
    ("key frob", 2, r'key has no verb "frob"'),
    ("key create --help", 0, r"--account"),
    ("key create --data DATA --account", 2, r"account"),
    ("key create --data DATA --account=", 2, r"needs a name"),
    ("key create --data DATA --expires soon", 2, r"is not a span such as"),
    ("key create --data DATA --account \t", 2, r"no control characters"),
    ("key create --data DATA --frob", 2, r"frob"),
    ("key create --data /proc/nothing", 1, r"fluxrouter: "),
    ("key create --data DATA --account other --label two --expires 1d", 0, r"^sk-flux-\S{43}\n$"),
    ("key list --data DATA", 0, r"(?m)^ +\d+ .*spender.*never.*active"),
    ("key list --data DATA/", 0, r"other +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +active +two"),
    ("key list --data DATA --json", 0, r'"account": ?"spender"'),
    ("key list --data /nowhere", 1, r"fluxrouter: "),
    ("key list --help", 0, r"Lists all keys"),
    ("key show-usage --data DATA", 2, r"which key"),
    ("key show-usage --data DATA 999", 1, r'no key has the id or prefix "999"'),
    ("key show-usage --data DATA nobody", 1, r"no key has the id"),
    ("key show-usage --data DATA ID", 0, r"(?m)^small +3 "),
    ("key show-usage --data DATA KEY", 0, r"(?m)^small +3 "),
    ("key show-usage --data /nowhere 1", 1, r"fluxrouter: "),
    ("key show-usage --help", 0, r"by model"),
    ("key revoke --data DATA", 2, r"which key"),
    ("key revoke --data DATA 999", 1, r"999"),
    ("key revoke --data /nowhere 1", 1, r"fluxrouter: "),
    ("key revoke --data DATA OTHER", 0, r"^$"),
    ("key revoke --help", 0, r"revoke"),
    ("key list --data DATA", 0, r"other .*revoked"),
    ("usage --data DATA", 0, r"(?s)day .*small .*total"),
    ("usage --data DATA --by account", 0, r"(?m)^spender +3 "),
    ("usage --data DATA --by model,account --json", 0, r'"account": ?"spender"'),
    ("usage --data DATA --by moon", 2, r'--by "moon" is none of'),
    ("usage --data DATA --from 2020-01-01 --to 2020-12-31", 0, r"total +0 "),
    ("usage --data DATA --from 2020-01-01 --to 2020-12-31 --json", 0, r'"2020-01-01"'),
    ("usage --data DATA --from yesterday", 2, r'--from "yesterday" is not a day'),
    ("usage --data DATA --to 2020-13-01", 2, r'--to "2020-13-01" is not a day'),
    ("usage --data DATA --by account,model --csv", 0, r"(?m)^spender,small,3,"),
    ("usage --data DATA --by provider,lane,team,user,tag", 0, r"(?m)^ +plain +express .* 3 "),
    ("usage --data DATA --csv --json", 2, r"do not go together"),
    ("usage purge --data DATA", 2, r"is not a day"),
    ("usage purge --data DATA --before 9999-01-01", 2, r"only days that are over"),
    ("usage purge --data DATA --before 2020-01-01 --keep-sums --drop-sums", 2, r"go together"),
    ("usage purge --data DATA --before 2020-01-01", 0, r"^0 entries were purged"),
    ("usage purge --help", 0, r"--before"),
    ("invoice --data DATA --account spender --month MONTH", 0, r"(?m)^small +[0-9a-f]{8} +3 "),
    ("invoice --data DATA --account spender --month MONTH --csv", 0, r"spender,\d{4}-\d\d,small,"),
    ("invoice --data DATA --account spender --month MONTH --json", 0, r'"object":"invoice"'),
    ("invoice --data DATA --account nobody --month MONTH", 1, r'no account "nobody"'),
    ("invoice --data DATA --month MONTH", 2, r"--account is missing"),
    ("invoice --data DATA --account spender --month 2026-13", 2, r"is not a month"),
    ("invoice --help", 0, r"--month"),
    ("reconcile --data DATA", 2, r"which file"),
    ("reconcile --data DATA /nowhere.csv", 1, r"/nowhere.csv: No such file"),
    ("reconcile --data DATA CONFIG", 1, r"none of a usage or cost export"),
    ("reconcile --data DATA --tolerance x CONFIG", 2, r"no amount"),
    ("reconcile --help", 0, r"--tolerance"),
    ("plan", 2, r"Usage: fluxrouter plan VERB"),
    ("account --help", 0, r"create"),
    ("team frob", 2, r'team has no verb "frob"'),
    ("user create --help", 0, r"--account"),
    ("plan list --data DATA", 0, r"(?m)^ +3  builder .*included_usd"),
    ("plan list --data DATA --json", 0, r'"object":"plan","id":1'),
    ("plan create gold --data DATA --set month_usd=50 --set clamp=false --set models=gpt-*", 0,
     r'gold .*"month_usd":50.*"clamp":false,"models":"gpt-\*"'),
    ("plan create gold --data DATA", 1, r"already"),
    ("plan set gold --data DATA --set clamp= --json", 0, r'"terms":\{"month_usd":50,"models"'),
    ("plan set gold --data DATA --set clamp", 2, r"is not TERM=VALUE"),
    ("plan set gold --data DATA --set clap=1", 1, r'no term "clap"'),
    ("plan set gold --data DATA --set month_usd=much", 1, r"month_usd"),
    ("account create acme --data DATA --plan gold", 0, r"acme +gold +open"),
    ("account create --data DATA", 2, r"which account"),
    ("account set acme --data DATA --hold", 0, r"on hold"),
    ("account set acme --data DATA --hold --release", 2, r"do not go together"),
    ("account set acme --data DATA --release --plan -", 0, r"acme +open"),
    ("account list --data DATA", 0, r"(?s)spender.*acme"),
    ("team create red --data DATA --account acme", 0, r"red +acme +open"),
    ("team create red --data DATA", 1, r"account"),
    ("user create joe --data DATA --account acme --team red --set month_usd=1", 0, r"joe +acme/red"),
    ("user list --data DATA --account acme", 0, r"joe"),
    ("user set joe --data DATA --account acme --name joseph", 0, r"joseph"),
    ("user set joseph --data DATA", 1, r"needs its account"),
    ("team close red --data DATA --account acme", 0, r"red +acme +closed"),
    ("key create --data DATA --account acme --user joseph --set rpm=5", 0, r"^sk-flux-\S{43}\n$"),
    ("key create --data DATA --account acme --user nobody", 1, r'no user "nobody"'),
    ("key create --data DATA --user 1", 0, r"^sk-flux-\S{43}\n$"),
    ("key list --data DATA --account acme", 0, r"(?m)^ +\d+ .*acme.*\(red/joseph\)$"),
    ("key set --data DATA ID --label new --set rpm=9", 0, r'"label":"new".*"rpm":9'),
    ("key set --data DATA ID --label - --set rpm=", 0, r'"label":"","models":"","terms":\{\}'),
    ("key set --data DATA 999 --label x", 1, r"no key has the id"),
    ("key set --data DATA", 2, r"which key"),
    ("key rotate --data DATA", 2, r"which key"),
    ("key rotate --data DATA ID --overlap soon", 1, r"overlap"),
    ("key rotate --data DATA ID --overlap 7d", 0, r"^sk-flux-\S{43}\n$"),
    ("key create --data DATA --from LIST", 0, r"(?s)^sk-flux-\S{43},new,blue,amy@x.org,l1\n.*\n$"),
    ("key list --data DATA --account new", 0, r"\(blue/amy@x.org\)"),
    ("user list --data DATA --account new", 0, r'bob .*\n'),
    ("key create --data DATA --from /nowhere.csv", 1, r"/nowhere.csv"),
    ("key create --data DATA --from CONFIG", 1, r"there is no column"),
    ("usage --data /nowhere", 1, r"fluxrouter: "),
    ("usage --help", 0, r"--by"),
    ("ledger", 2, r"verify .*agree"),
    ("ledger --help", 0, r"verify .*agree"),
    ("ledger frob", 2, r'ledger has no verb "frob"'),
    ("ledger verify --help", 0, r"nano-dollar"),
    ("ledger verify --data DATA", 0, r"ledger: ok"),
    ("ledger verify --data /nowhere", 1, r"fluxrouter: "),
    ("ledger leases --data DATA", 0, r"(?s)node .*"),
    ("ledger leases --help", 0, r"expired"),
    ("ledger write-off", 2, r"which node\?"),
    ("ledger write-off --data DATA nobody", 2, r"is no node"),
    ("ledger write-off --data DATA 01234567-89ab-cdef-0123-456789abcdef", 1, r"no lease"),
    ("backup --help", 0, r"--to"),
    ("backup --data DATA", 2, r"where to\?"),
    ("backup --data DATA --to FOLDER/copy.db", 0, r"the store of .* is in .*copy\.db"),
    ("backup --data DATA --to FOLDER/copy.db", 1, r"there already"),
    ("restore --help", 0, r"--from"),
    ("restore --data DATA", 2, r"from where\?"),
    ("restore --data DATA --from FOLDER/copy.db", 1, r"another fluxrouter serves"),
    ("restore --data FOLDER/new --from FOLDER/copy.db", 0, r"is the store of"),
    ("restore --data FOLDER/new --from CONFIG", 1, r"no SQLite file"),
    ("usage --data FOLDER/new --by account", 0, r"(?m)^spender +3 "),
    ("restore --data FOLDER/new --from FOLDER/copy.db", 0, r"kept in .*before-restore-2"),
    ("catalog", 2, r"needs `diff FILE` or `show`"),
    ("catalog --help", 0, r"ends with 1 when"),
    ("catalog show", 0, r'^\{"models":\[\{"name":"[^"]+","prices":\[\{"id":\d+,"from_ms":'),
    ("catalog show -c /nowhere.yaml", 1, r"/nowhere.yaml"),
    ("catalog diff CONFIG -c CONFIG", 0, r"^0 differences\n$"),
    ("catalog diff CONFIG -c DEARER", 1, r"^~ small: input 2.25 -> 0.25, .*\n1 difference\n$"),
    ("catalog diff TABLE -c CONFIG", 1, r"^~ small: .*9.5.*\n1 difference\n$"),
    ("catalog diff /nowhere.yaml", 1, r"^fluxrouter: /nowhere.yaml"),
    ("catalog diff LIST", 1, r"^fluxrouter: "),
    ("catalog diff FOLDER", 1, r"cannot be read"),
    ("catalog diff /dev/zero", 1, r"is longer than 64 MiB"),
    ("reconcile --data DATA -", 1, r"the export is empty"),
    ("check --help", 0, r"check"),
    ("check -c CONFIG", 0, r""),
    ("check -c /nowhere.yaml", 1, r"/nowhere.yaml"),
    ("models -c CONFIG", 0, r"(?m)^small +express"),
    ("models -c CONFIG --json", 0, r'"flux-pinned-small"'),
    ("models -c /nowhere.yaml", 1, r"/nowhere.yaml"),
    ("models -c EMPTY", 1, r"there are no models"),
    ("models --help", 0, r"--json"),
    ("connect --help", 0, r"--url"),
    ("connect", 2, r"connect what\?"),
    ("connect emacs", 2, r"no client that is known"),
    ("connect claude --key a\tb", 2, r"no blanks or quotes"),
    ("connect claude -c /nowhere.yaml", 1, r"/nowhere.yaml"),
    ("connect claude -c CONFIG --model nothing-like-it", 1, r"nothing-like-it"),
    ("connect claude -c CONFIG --url https://gw.example/ --key sk-flux-1", 0,
     r"(?s)BASE_URL=https://gw.example/anthropic\n.*_KEY=sk-flux-1\n.*MODEL=flux-auto\n"
     r".*MAX_CONTEXT_TOKENS=200000\n.*MAX_OUTPUT_TOKENS=64000\n"),
    ("connect codex -c CONFIG --model small", 0,
     r'(?s)model = "small".*model_context_window = 400000\n.*compact_token_limit = 272000\n'
     r'.*base_url = "http://127.0.0.1:8686/v1"'),
    ("connect codex -c CONFIG --model flux-reasoning", 0, r"compact_token_limit = 872000\n"),
    ("connect codex -c CONFIG --model greedy", 0, r'(?s)^((?!window).)*wire_api = "responses"\n$'),
    ("connect opencode -c CONFIG --wire messages", 0,
     r'(?s)@ai-sdk/anthropic.*"http://127.0.0.1:8686/anthropic/v1".*"context": 400000, "output": 128000'
     r'.*"context": 200000, "output": 64000'),
    ("connect pi -c CONFIG --wire responses", 0, r'(?s):8686/v1",\n.*"openai-responses"'),
    ("connect pi -c CONFIG --wire telex", 2, r"no wire"),
    ("connect sdk -c CONFIG", 0, r"OPENAI_BASE_URL=http://127.0.0.1:8686/v1\n"),
    ("route --help", 0, r"body"),
    ("route -c /nowhere.yaml", 1, r"/nowhere.yaml"),
    ("serve -c /nowhere.yaml", 1, r"/nowhere.yaml"),
]


LIST = """account,team,email,label,expires,month_usd
new,blue,amy@x.org,l1,1y,5
new,blue,bob,"l, 2",,
new,,,,2030-01-01,
"""


TABLE = "provider\tid\tin_usd_per_m\tout\tcontext\nplain\tprovider-small-2026-01-01\t9.5\t2\t400000\n"


def write_catalogs(world):
    """The configuration with another price of one model, and a table that has one otherwise."""
    dearer, table = world.folder / "dearer.yaml", world.folder / "table.tsv"
    dearer.write_text(open(world.config).read().replace("input: 0.25,", "input: 2.25,", 1))
    table.write_text(TABLE)
    return {"DEARER": str(dearer), "TABLE": str(table)}


def spend(world, key):
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": "hi"}]}).encode()
    for _ in range(3):
        link = http.Link(world.address)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n"
        link.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body, 1 << 20)
        assert link.answer("POST").status == 200
        link.leave()
    world.entries("spender", 3)


def key_id(world, key):
    store = sqlite3.connect(f"file:{world.data}/flux.db?mode=ro", uri=True, timeout=5)
    found = store.execute("select id from keys where prefix = ?", (key[:14],)).fetchone()
    store.close()
    return str(found[0])


def words_of(text, names):
    words = re.sub(r"\b(%s)\b" % "|".join(names), lambda m: names[m[1]], text).split(" ")
    return [w for w in words if w]


def run(world, words, status, pattern, **environment):
    """None, or what was wrong."""
    done = subprocess.run(
        [str(world.build / "fluxrouter"), *words],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    said = done.stdout + done.stderr
    if done.returncode != status:
        return f"status {done.returncode}, not {status}: {said}"
    return None if re.search(pattern, said) else f"says {said!r}, without {pattern!r}"


def check_metrics(world):
    """The side door: what is not there, a wrong method, a broken head."""
    wrong = []
    for method, target, status in (
        ("GET", "/metrics", 200),
        ("GET", "/metrics/x", 404),
        ("POST", "/metrics", 405),
    ):
        got = http.ask(world.metrics, method, target).status
        if got != status:
            wrong.append(f"metrics {method} {target}: status {got}, not {status}")
    link = http.Link(world.metrics)
    link.send(b"GET /metrics HTTP/1.1\r\nHost : t\r\n\r\n", 99)
    if link.answer("GET").status != 400:
        wrong.append("metrics: a space before the colon is not refused")
    link.leave()
    return wrong


def check_found(world):
    """Without a configuration: models of a key, of a local server, or a word that there are none."""
    wrong = []
    keyed = run(world, ["models"], 0, r"(?m)^gpt-\S+ ", OPENAI_API_KEY="sk-test")
    if keyed:
        wrong.append(f"models with a key: {keyed}")
    try:
        server = http_server.HTTPServer(("127.0.0.1", 11434), LocalServer)
    except OSError:
        return wrong  # somebody's own Ollama
    threading.Thread(target=server.serve_forever, daemon=True).start()
    local = run(world, ["models"], 0, r"(?m)^tiny-local ")
    if local:
        wrong.append(f"models with a local server: {local}")
    server.shutdown()
    server.server_close()
    return wrong


class LocalServer(http_server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"object":"list","data":[{"id":"tiny-local","object":"model"}]}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def check_unknown_keys(world):
    """Refused, and after so many from one address told to wait."""
    key, statuses = "sk-flux-" + "A" * 43, []
    while 429 not in statuses and len(statuses) < 600:
        link = http.Link(world.address)
        head = f"GET /v1/models HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n\r\n"
        link.send(head.encode(), 1 << 20)
        answer = link.answer("GET")
        statuses.append(answer.status)
        link.leave()
    good = set(statuses) == {401, 429} and answer.header("retry-after")
    return [] if good else [f"unknown keys: {sorted(set(statuses))}, or no retry-after"]


def check_wrong_books(world):
    """An amount that somebody changed in the store is found, and no other word changes."""
    store = sqlite3.connect(world.data / "flux.db", timeout=5)
    store.execute("update entries set cost_nusd = cost_nusd + 1")
    store.commit()
    store.close()
    problem = run(world, ["ledger", "verify", "--data", str(world.data)], 1, r"ledger: WRONG")
    return [f"ledger verify: {problem}"] if problem else []


def check_connect(world):
    """What is to be pasted is JSON, with every figure and with none."""
    wrong = []
    for client, at in [("opencode", ["provider", "flux"]), ("pi", ["providers", "flux"])]:
        for model, window in [("flux-fast", 400000), ("greedy", None)]:
            words = ["connect", client, "-c", world.config, "--model", model]
            done = subprocess.run(
                [world.build / "fluxrouter", *words], capture_output=True, text=True, timeout=60
            )
            told = json.loads(done.stdout)
            for key in at:
                told = told[key]
            if (f'{window}' in done.stdout) != (window is not None) or "models" not in told:
                wrong.append(f"connect {client} for {model}: {done.stdout}")
    return wrong


def check_proxy_variable(world):
    """A proxy of the environment that is none is named before anything is served."""
    words = ["models", "-c", str(world.config)]
    problem = run(world, words, 1, r"the variable HTTPS_PROXY", HTTPS_PROXY="ftp://x")
    return [f"HTTPS_PROXY: {problem}"] if problem else []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    world = World("main", parser.parse_args().build)
    key, other = world.key("spender"), world.key("other")
    spend(world, key)
    names = {"DATA": str(world.data), "CONFIG": str(world.config), "FOLDER": str(world.folder)}
    names |= {"KEY": key[:14], "OTHER": other[:14], "ID": key_id(world, key)}
    names |= {"MONTH": time.strftime("%Y-%m", time.gmtime()), "LIST": str(world.folder / "l.csv")}
    (world.folder / "l.csv").write_text(LIST)
    names["EMPTY"] = str(world.folder / "empty.yaml")
    (world.folder / "empty.yaml").write_text('listen: ["127.0.0.1:1"]\n')
    names |= write_catalogs(world)
    failed = []
    for text, status, pattern in VERBS:
        problem = run(world, words_of(text, names), status, pattern)
        if problem:
            failed.append(text)
            print(f"FAILED fluxrouter {text}: {problem}", flush=True)
    checks = [check_metrics, check_found, check_proxy_variable, check_connect]
    for check in (*checks, check_unknown_keys, check_wrong_books):
        wrong = check(world)
        print("".join(f"FAILED {told}\n" for told in wrong), end="", flush=True)
        failed += wrong[:1]
    world.stop()
    print(f"verbs: {len(VERBS) + 6 - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
