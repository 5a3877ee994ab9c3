#!/usr/bin/env python3
"""Credentials of clouds that are fetched: by each style, ahead of their end, failing, slow, over a reload.

    tests/run_cloud.py [--build build/asan] [--keep] [NAME-PART ...]

A server of this file plays token endpoints and metadata services; the scripted provider plays the clouds. Signatures
and tokens are checked by other programs than ours. The last line is "cloud: N passed, N failed".
"""

import base64
import concurrent.futures
import datetime
import email.utils
import hashlib
import hmac
import http.server
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True

from caselib import http as client
from caselib.world import World


class Tokens(http.server.BaseHTTPRequestHandler):
    """Gives out credentials; what it does is in the server's dictionary `now`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + self.server.now["skew"], usegmt=True)

    def answer(self, status, body, kind="application/json"):
        body = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        now = self.server.now
        with self.server.lock:
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
            self.server.heard.append((self.command, self.path, dict(self.headers), body))
        time.sleep(now["wait"])
        with self.server.lock:
            self.server.busy -= 1
        if now["refuse"]:
            self.answer(*now["refuse"])
        else:
            self.grant()

    do_GET = do_POST = do_PUT = handle_any

    def name(self):
        """Each credential has a number, and is known by it to those that look at the provider's log."""
        with self.server.lock:
            self.server.issued.append(time.monotonic())
            return len(self.server.issued) - 1

    def keys(self):
        until = time.time() + self.server.now["skew"] + self.server.now["life"]
        return {
            "Code": "Success",
            "AccessKeyId": f"AKID{self.name()}",
            "SecretAccessKey": "secret/of+aws",
            "Token": "session/of+aws=",
            "Expiration": datetime.datetime.fromtimestamp(until, datetime.timezone.utc).strftime(
                "%Y-%m-%dT%H:%M:%SZ"
            ),
        }

    def grant(self):
        if self.path == "/imds/latest/api/token":
            self.answer(200, "metadata-token", "text/plain")
        elif self.path == "/imds/latest/meta-data/iam/security-credentials/":
            self.answer(200, "role of this machine\n", "text/plain")
        elif self.path.startswith("/imds/") or self.path.startswith("/container/"):
            self.answer(200, json.dumps(self.keys()))
        elif self.path.startswith("/sts"):
            k = self.keys()
            self.answer(
                200,
                "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                f"<SessionToken>{k['Token']}</SessionToken><SecretAccessKey>{k['SecretAccessKey']}"
                f"</SecretAccessKey><Expiration>{k['Expiration']}</Expiration><AccessKeyId>"
                f"{k['AccessKeyId']}</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
                "</AssumeRoleWithWebIdentityResponse>",
                "text/xml",
            )
        else:
            token = {"access_token": f"token-{self.name()}", "expires_in": self.server.now["life"]}
            self.answer(200, json.dumps({**token, "token_type": "Bearer"}))


class TokenServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *unused):
        pass  # a daemon that ends while it is answered

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Tokens)
        self.lock = threading.Lock()
        self.heard, self.issued = [], []
        self.busy = self.most_busy = 0
        self.now = {"life": 3600, "wait": 0, "refuse": None, "skew": 0}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def asked(self, path):
        with self.lock:
            return [h for h in self.heard if h[1].startswith(path)]


def make_keys(folder):
    """A service account's key, with its public half; a container's and an identity's token."""
    run = lambda *words: subprocess.run(words, cwd=folder, check=True, capture_output=True)
    run("openssl", "genrsa", "-out", "account.key", "2048")
    run("openssl", "rsa", "-in", "account.key", "-pubout", "-out", "account.pub")
    account = {
        "type": "service_account",
        "client_email": "flux@project.example",
        "private_key_id": "key-1",
        "private_key": (folder / "account.key").read_text(),
        "token_uri": "http://127.0.0.1:1/never-asked",
    }
    (folder / "account.json").write_text(json.dumps(account))
    (folder / "container").write_text("token-of-the-container\n")
    (folder / "identity").write_text("eyJ.identity.token\n")


class Cloud(World):
    """A daemon with the configuration auth.yaml and a token server."""

    def __init__(self, build, keep, **now):
        self.tokens = TokenServer()
        self.tokens.now.update(now)
        self.keys_folder = pathlib.Path(tempfile.mkdtemp(prefix="flux-cloud-"))
        make_keys(self.keys_folder)
        changes = [
            ("TOKENS", "127.0.0.1:%d" % self.tokens.server_port),
            ("KEYS", str(self.keys_folder)),
        ]
        super().__init__("auth", build, keep, changes)

    def ask(self, model, mark, key=None):
        """(status, body, headers' lookup, seconds)"""
        chat = model.startswith("entra") or model == "flux-fast"
        body = json.dumps(
            {
                "model": model,
                "max_tokens": 10,
                "messages": [{"role": "user", "content": f"case:{mark} hi"}],
            }
        ).encode()
        head = (
            f"POST /v1/{'chat/completions' if chat else 'messages'} HTTP/1.1\r\nHost: t\r\n"
            f"Authorization: Bearer {key or self.key('cloud')}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        link = client.Link(self.address)
        link.send(head.encode() + body, 1 << 20)
        answer = link.answer("POST", 20)
        link.leave()
        answer.seconds = time.monotonic() - began
        return answer

    def script(self, model, mark):
        if not model.startswith("entra") and model != "flux-fast":
            self.plain.script(MESSAGE, mark)
        else:
            self.plain.script("on * * always\nbuiltin\n", mark)

    def record(self, mark):
        return self.plain.log(mark)[-1]

    def settle(self):
        """All that is fetched at the start was fetched."""
        until(lambda: self.metric('result="ok"') >= 7, "not all credentials were fetched")

    def metric(self, label):
        text = client.ask(self.metrics, "GET", "/metrics").body.decode()
        found = re.search(r"fluxrouter_credential_refreshes_total\{%s\} (\d+)" % label, text)
        return int(found.group(1))

    def stop(self):
        self.tokens.shutdown()
        shutil.rmtree(self.keys_folder, ignore_errors=True)
        return super().stop()


MESSAGE = (
    "on * * always\nstatus 200\n"
    'json {"id":"msg_1","type":"message","role":"assistant","model":"claude-1","content":'
    '[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","stop_sequence":null,"usage":'
    '{"input_tokens":10,"output_tokens":5}}\n'
)


def until(holds, sentence, timeout=30.0):
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, sentence
        time.sleep(0.02)


def header(record, name):
    return next((v for n, v in record["headers"] if n.lower() == name), None)


def signature_of(record, secret):
    """Of what the provider heard, by the algorithm's description."""
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d+)/([\w-]+)/(\w+)/aws4_request, "
        r"SignedHeaders=([\w;-]+), Signature=(\w+)",
        header(record, "authorization"),
    )
    key_id, day, region, service, names, signature = found.groups()
    path = urllib.parse.quote(record["target"], safe="/-._~")
    lines = "".join(f"{n}:{header(record, n)}\n" for n in names.split(";"))
    digest = hashlib.sha256(record["body"].encode("latin-1")).hexdigest()
    canonical = f"POST\n{path}\n\n{lines}\n{names}\n{digest}"
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            header(record, "x-amz-date"),
            f"{day}/{region}/{service}/aws4_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = b"AWS4" + secret.encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    assert hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == signature, record["head"]
    return key_id, region, names


def is_signed(folder, token):
    """A JSON Web Token, by the account's public key."""
    head, claims, signature = token.split(".")
    read = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    (folder / "signature").write_bytes(read(signature))
    (folder / "text").write_text(f"{head}.{claims}")
    words = ["openssl", "dgst", "-sha256", "-verify", "account.pub", "-signature", "signature", "text"]
    return (
        json.loads(read(head)),
        json.loads(read(claims)),
        subprocess.run(words, cwd=folder, capture_output=True).returncode == 0,
    )


# ---- scenes: each gets a world's maker, and raises what is wrong


def scene_each_style(make):
    """each style's credential reaches the provider, signatures are right, tokens come from their place alone"""
    world = make()
    world.settle()
    for model in ("google", "google-machine", "entra", "keys", "machine", "container", "identity"):
        world.script(model, model)
        answer = world.ask(model, model)
        assert answer.status == 200, (model, answer.body)
        record, proof = world.record(model), header(world.record(model), "authorization")
        if model in ("google", "google-machine", "entra"):
            assert re.fullmatch(r"Bearer token-\d", proof), (model, proof)
        else:
            secret = "secret-static" if model == "keys" else "secret/of+aws"
            key_id, region, names = signature_of(record, secret)
            assert key_id.startswith("AKID"), key_id
            assert region == ("us-east-1" if model == "keys" else "eu-west-1"), region
            assert ("x-amz-security-token" in names) == (model != "keys"), names
            assert header(record, "x-amz-security-token") == (
                None if model == "keys" else "session/of+aws="
            )
    check_what_was_asked(world)


def check_what_was_asked(world):
    heard = world.tokens
    (jwt,) = heard.asked("/google/token")
    form = urllib.parse.parse_qs(jwt[3])
    head, claims, good = is_signed(world.keys_folder, form["assertion"][0])
    assert good and head == {"alg": "RS256", "typ": "JWT", "kid": "key-1"}, head
    assert claims["iss"] == "flux@project.example" and claims["exp"] - claims["iat"] == 3600
    assert claims["aud"] == f"http://127.0.0.1:{heard.server_port}/google/token", claims
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    (machine,) = heard.asked("/metadata")
    assert machine[2]["metadata-flavor"] == "Google"
    (entra,) = heard.asked("/entra/tenant-1/oauth2/v2.0/token")
    assert urllib.parse.parse_qs(entra[3])["client_secret"] == ["secret-of-entra"]
    imds = heard.asked("/imds")
    assert [h[0] for h in imds] == ["PUT", "GET", "GET"], imds
    assert imds[2][1].endswith("/role%20of%20this%20machine"), imds[2]
    assert all(h[2]["x-aws-ec2-metadata-token"] == "metadata-token" for h in imds[1:])
    (container,) = heard.asked("/container/creds")
    assert container[2]["authorization"] == "token-of-the-container"
    (sts,) = heard.asked("/sts")
    assert urllib.parse.parse_qs(sts[3])["WebIdentityToken"] == ["eyJ.identity.token"]


def scene_refreshed_under_load(make):
    """credentials that live 3 s are replaced under load; no request fails, none carries one that is over"""
    world = make(life=3)
    world.settle()
    world.key("cloud")
    sent, stop = [], time.monotonic() + 7

    def work(index):
        count = 0
        while time.monotonic() < stop:
            mark = f"load{index}x{count}"
            world.script("entra", mark)
            began = time.monotonic()
            answer = world.ask("entra", mark)
            sent.append((mark, began, answer.status))
            count += 1

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    fetched = len(world.tokens.asked("/entra"))
    assert len(sent) > 50 and all(status == 200 for _, _, status in sent), sent[:3]
    issued, used = world.tokens.issued, set()
    for mark, began, _ in sent:
        token = int(header(world.record(mark), "authorization").rsplit("-", 1)[1])
        assert began < issued[token] + 3.05, f"{mark}: token {token} was over"
        used.add(token)
    assert 3 <= fetched <= 6 and len(used) >= 3, (fetched, used)


def scene_refused(make):
    """a credential that is refused costs its target alone; the log has a code and no secret; later it goes on"""
    world = make(refuse=(401, '{"error":"invalid_client","error_description":"secret-of-entra"}'))
    until(lambda: world.metric('result="failed"') >= 6, "nothing was tried")
    world.script("entra", "refused")
    answer = world.ask("entra", "refused")
    assert answer.status == 502 and b"credential" in answer.body, answer.body
    assert "no credential" in answer.header("x-flux-attempts"), answer.header("x-flux-attempts")
    assert answer.seconds < 4, answer.seconds
    world.script("flux-fast", "spare")
    answer = world.ask("flux-fast", "spare")
    assert answer.status == 200 and answer.header("x-flux-model") == "spare", answer.body
    assert header(world.record("spare"), "authorization") == "Bearer sk-of-the-provider"
    text = (world.folder / "daemon.log").read_text()
    assert "status 401 (invalid_client)" in text, text[-800:]
    assert "secret" not in text.replace("client_secret", ""), text[-800:]
    world.tokens.now["refuse"] = None
    until(lambda: world.ask("entra", "refused").status == 200, "it does not go on")
    rows = world.entries("cloud", 3)
    assert rows[0]["end"] == "rejected" and rows[0]["cost_nusd"] == 0, rows[0]


def scene_old_one_lasts(make):
    """while refreshing fails, a token that is still good is used"""
    world = make(life=5)
    world.settle()
    world.tokens.now["refuse"] = (500, "no")
    until(lambda: world.metric('result="failed"') >= 1, "no refresh was tried")
    world.script("entra", "old")
    assert world.ask("entra", "old").status == 200
    until(lambda: world.ask("entra", "old").status == 502, "a token that is over was used")
    world.tokens.now["refuse"] = None
    until(lambda: world.ask("entra", "old").status == 200, "it does not go on")


def scene_slow(make):
    """before the first token requests wait for it, bounded, and it is asked for once"""
    world = make(wait=1.5)
    world.key("cloud")
    for i in range(20):
        world.script("entra", f"slow{i}")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda i: world.ask("entra", f"slow{i}"), range(20)))
    assert all(a.status == 200 for a in answers), [a.status for a in answers]
    assert len(world.tokens.asked("/entra")) == 1, world.tokens.asked("/entra")
    world = make(wait=25)
    world.script("entra", "late")
    answer = world.ask("entra", "late")
    assert answer.status == 502 and 4 < answer.seconds < 24, (answer.status, answer.seconds)


def scene_reload(make):
    """a reload keeps tokens of what did not change, and fetches what did"""
    world = make()
    world.settle()
    before = len(world.tokens.heard)
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: "reloaded" in world.tail(), "no reload")
    time.sleep(0.3)
    assert len(world.tokens.heard) == before, world.tokens.heard[before:]
    text = world.config.read_text()
    world.config.write_text(text.replace("client-1", "client-2"))
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: len(world.tokens.asked("/entra")) == 2, "the new one was not fetched")
    world.script("entra", "reloaded")
    until(lambda: world.ask("entra", "reloaded").status == 200, "no answer")
    assert len(world.tokens.heard) == before + 1, world.tokens.heard[before:]
    world.config.write_text(text.replace("account.json", "account.pub"))
    world.daemon.send_signal(signal.SIGHUP)
    until(lambda: "reload refused" in world.tail(), "a key file that is none was taken")
    assert "auth.key_file: the key file is not JSON" in world.tail(), world.tail()


def scene_clocks(make):
    """the other side's clock may be ten minutes off: lives are right, signatures follow after one refusal"""
    world = make(life=300, skew=600)
    world.settle()
    world.script("machine", "clock")
    assert world.ask("machine", "clock").status == 200
    stamp = lambda record: datetime.datetime.strptime(
        header(record, "x-amz-date") + "+0000", "%Y%m%dT%H%M%SZ%z"
    ).timestamp()
    ahead = stamp(world.record("clock")) - time.time()
    assert 590 < ahead < 610, ahead
    date = email.utils.formatdate(time.time() - 900, usegmt=True)
    world.plain.script(f"on * * once\nstatus 403\nheader Date: {date}\njson {{}}\n" + MESSAGE, "off")
    assert world.ask("keys", "off").status == 502
    world.script("keys", "off2")
    until(lambda: world.ask("keys", "off2").status == 200, "no answer")
    behind = stamp(world.record("off2")) - time.time()
    assert -910 < behind < -890, behind
    signature_of(world.record("off2"), "secret-static")


def run(scene, build, keep):
    worlds = []

    def make(**now):
        worlds.append(Cloud(build, keep, **now))
        return worlds[-1]

    wrong = []
    try:
        scene(make)
    except Exception as e:  # whatever it is, the scene failed
        wrong.append(f"{type(e).__name__}: {e}")
        wrong += [w.tail(15) for w in worlds]
    for world in worlds:
        status = world.stop()
        if status != 0:
            wrong.append(f"the daemon ended with {status}: {world.last_words}")
    return wrong


def main(words):
    build = "build"
    if "--build" in words:
        at = words.index("--build")
        build = words[at + 1]
        del words[at : at + 2]
    keep = "--keep" in words
    words = [w for w in words if w != "--keep"]
    scenes = [
        (name[6:], scene)
        for name, scene in globals().items()
        if name.startswith("scene_") and (not words or any(w in name for w in words))
    ]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for (name, scene), wrong in zip(
            scenes, pool.map(lambda s: run(s[1], build, keep), scenes)
        ):
            failed += bool(wrong)
            for line in wrong:
                print(f"FAILED {name}: {scene.__doc__}\n    {line}")
    print(f"cloud: {len(scenes) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
