"""Others' clients over TLS and HTTP/2: curl, nghttp, h2load; certificates that change."""

import json
import os
import re
import shutil
import signal
import ssl
import socket
import subprocess
import time

from caselib import h2

STREAM = ('on *\nstatus 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"one"}}]}\nwait 300\n'
          'data {"choices":[{"index":0,"delta":{"content":"two"},"finish_reason":"stop"}]}\n'
          'data {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2,"total_tokens":6}}\ndata [DONE]\n')


def run(*words, text=None):
    return subprocess.run(words, capture_output=True, text=True, input=text, timeout=60)


def body(mark, stream=False):
    return json.dumps({"model": "flux-fast", "stream": stream,
                       "messages": [{"role": "user", "content": f"case:{mark} hi"}]})


def curl(world, *words, path="/healthz", port=None):
    return run("curl", "-sS", "--max-time", "20", "--cacert", str(world.folder / "ca.pem"), *words,
               f"https://localhost:{port or world.secure[1]}{path}")


def curl_versions(world):
    rows = [(["--http1.1"], "1.1 200"), (["--http2"], "2 200"), (["--tlsv1.3"], "2 200"),
            (["--tls-max", "1.2"], "2 200"), (["--tls-max", "1.2", "--http1.1"], "1.1 200"),
            (["--no-alpn"], "1.1 200")]
    for words, wanted in rows:
        done = curl(world, *words, "-o", "/dev/null", "-w", "%{http_version} %{http_code}")
        yield f"curl {' '.join(words)}", done.stdout or done.stderr, wanted
    for old in ("1.0", "1.1"):
        done = curl(world, "--tls-max", old, "--ciphers", "DEFAULT@SECLEVEL=0")
        yield f"curl --tls-max {old} is refused", done.returncode, 35
    weak = curl(world, "--tls-max", "1.2", "--ciphers", "AES128-SHA:@SECLEVEL=0")
    yield "a cipher without forward secrecy is refused", weak.returncode, 35
    plain = run("curl", "-sS", f"http://localhost:{world.secure[1]}/healthz")
    yield "plain HTTP where TLS is spoken ends", plain.returncode != 0, True


def curl_requests(world):
    key = ["-H", f"Authorization: Bearer {world.key('front')}", "-H", "Content-Type: application/json"]
    for version in ("--http1.1", "--http2"):
        done = curl(world, version, *key, "-d", body("curl"), path="/v1/chat/completions")
        yield f"curl {version}: an answer", "choices" in done.stdout, True
        mark = f"curl-stream{version}"
        world.plain.script(STREAM, mark)
        done = curl(world, version, "-N", "-D", "-", *key, "-H", "TE: trailers", "-d", body(mark, True),
                    path="/v1/chat/completions")
        told = re.search(r"data: \[DONE\]\s+(x-flux-cost-usd: \S+)\s*$", done.stdout, re.I)
        yield f"curl {version}: a stream with its trailer", bool(told) or done.stdout[-200:], True
        mark = f"curl-broken{version}"
        world.plain.script(STREAM.replace("wait 300\n", "reset\n"), mark)
        done = curl(world, version, "-N", *key, "-d", body(mark, True), path="/v1/chat/completions")
        yield f"curl {version}: a broken stream fails", done.returncode in (18, 56, 92), True
    large = json.dumps({"model": "flux-fast", "messages": [{"role": "user", "content": "x" * 9000000}]})
    done = run("curl", "-sS", "--cacert", str(world.folder / "ca.pem"), *key, "-H", "Expect: 100-continue",
               "-d", "@-", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
               f"https://localhost:{world.secure[1]}/v1/messages/count_tokens", text=large)
    yield "curl --http2: 9 MB with 100-continue", done.stdout, "2 200"
    url = f"https://localhost:{world.secure[1]}/healthz"
    done = run("curl", "-sS", "--cacert", str(world.folder / "ca.pem"), "--http1.1", "-w", "%{num_connects} ",
               url, url)
    yield "curl: the connection is kept", re.findall(r"\d+ ", done.stdout), ["1 ", "0 "]
    done = run("curl", "-sS", "--http2-prior-knowledge", "-w", " %{http_version}",
               f"http://localhost:{world.clear[1]}/healthz")
    yield "curl: HTTP/2 with prior knowledge", done.stdout, '{"status":"ok"} 2'
    done = run("curl", "-sS", "-w", " %{http_version}", f"http://localhost:{world.clear[1]}/healthz")
    yield "curl: HTTP/1.1 at the same address", done.stdout, '{"status":"ok"} 1.1'


def nghttp(world):
    url = f"https://localhost:{world.secure[1]}/healthz"
    done = run("nghttp", "-v", "--no-verify-peer", url)
    yield "nghttp: an answer", ":status: 200" in done.stdout and '"ok"' in done.stdout, True
    done = run("nghttp", "-n", "-s", "-m", "50", "--no-verify-peer", url)
    yield "nghttp: fifty at once", done.stdout.count(" 200 "), 50
    done = run("nghttp", "-n", "-s", "-w", "1", "-W", "1", "--no-verify-peer", url)
    yield "nghttp: windows of one byte", " 200 " in done.stdout, True
    done = run("nghttp", "-n", "-s", "-c", "0", "--no-verify-peer", url)
    yield "nghttp: no table for its fields", " 200 " in done.stdout, True
    (world.folder / "ask.json").write_text(body("nghttp"))
    done = run("nghttp", "-v", "--expect-continue", "-d", str(world.folder / "ask.json"),
               "-H", "content-type: application/json",
               "-H", f"authorization: Bearer {world.key('front')}", "--no-verify-peer",
               f"https://localhost:{world.secure[1]}/v1/chat/completions")
    yield "nghttp: 100-continue", re.findall(r":status: (\d+)", done.stdout) or done.stdout, ["100", "200"]


def h2load(world):
    url = f"https://localhost:{world.secure[1]}/healthz"
    for title, words in (("20,000 requests, 8 connections, 25 streams", ["-n20000", "-c8", "-m25"]),
                         ("2,000 requests over HTTP/1.1", ["-n2000", "-c8", "--h1"]),
                         ("400 connections", ["-n4000", "-c400", "-m10"])):
        done = run("h2load", *words, url)
        found = re.search(r"(\d+) succeeded, (\d+) failed", done.stdout)
        wanted = words[0][2:]
        yield f"h2load: {title}", found and found.groups(), (wanted, "0")


def shown(address, name="localhost"):
    """The common name of the certificate that is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with context.wrap_socket(socket.create_connection(address), server_hostname=name) as s:
        der = s.getpeercert(True)
    done = subprocess.run(["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=der, capture_output=True)
    return done.stdout.decode().strip().split("CN = ")[-1]


def sign(folder, name, key="server.key"):
    run("openssl", "req", "-x509", "-key", str(folder / key), "-out", str(folder / f"{name}.pem"), "-days", "30",
        "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}")


def reload(world, wanted):
    before = world.tail(1000).count("reload")
    world.daemon.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 30
    while world.tail(1000).count("reload") == before and time.monotonic() < deadline:
        time.sleep(0.02)
    deadline = time.monotonic() + 30  # each loop hears of it in its own time
    while shown(world.secure) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)


def certificates(world):
    pem, old = world.folder / "server.pem", (world.folder / "server.pem").read_text()
    open_conn = h2.Conn(world.secure)
    yield "the certificate", shown(world.secure), "server"
    sign(world.folder, "renewed")
    pem.write_text((world.folder / "renewed.pem").read_text())
    reload(world, "renewed")
    yield "after SIGHUP a new one", {shown(world.secure) for _ in range(20)}, {"renewed"}
    open_conn.request(1)
    yield "what was open stays", open_conn.answer(1).status, 200
    pem.write_text("no certificate\n")
    reload(world, "renewed")
    yield "a broken file: the old one stays", {shown(world.secure) for _ in range(20)}, {"renewed"}
    yield "... and the log says so", "reload refused" in world.tail() and "server.pem" in world.tail(), True
    pem.write_text((world.folder / "client.pem").read_text())
    reload(world, "renewed")
    yield "another's certificate: the same", shown(world.secure), "renewed"
    yield "... and the log says why", "key values mismatch" in world.tail(3), True
    done = run(str(world.build / "fluxrouter"), "check", "-c", str(world.config))
    place = re.search(r":\d+:\d+: listeners\[2\]\.certificates\[0\]: .*mismatch", done.stdout)
    yield "check says it with its place", bool(place) or done.stdout, True
    pem.write_text(old)
    reload(world, "server")
    yield "a good file again", shown(world.secure), "server"


PARTS = [(curl_versions, "curl"), (curl_requests, "curl"), (certificates, "openssl"), (nghttp, "nghttp"),
         (h2load, "h2load")]


def check(world):
    """(passed, failures, skipped)"""
    passed, wrong, skipped = 0, [], []
    for part, program in PARTS:
        if not shutil.which(program):
            skipped.append(program)
            continue
        for title, saw, wanted in part(world):
            passed += saw == wanted
            if saw != wanted:
                wrong.append(f"{title}: {saw!r}, not {wanted!r}")
    return passed, wrong, skipped
