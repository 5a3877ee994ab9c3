#!/usr/bin/env python3
"""Checks the checker: fluxprovider does what its script says, byte for byte.

    tests/run_provider.py [--build DIR]
"""

import argparse
import json
import sys
import time

sys.dont_write_bytecode = True
from caselib import http
from caselib.world import ROOT, Provider

REQUEST = (
    b'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 14\r\n\r\n{"a":"case:k"}'
)


def raw(provider, script, request=REQUEST, key="k", pieces=4096):
    """What comes back to a request until the connection ends or is silent for 0.3 s."""
    provider.forget(key)
    provider.script(script, key)
    link = http.Link(("127.0.0.1", provider.ports[0]))
    link.send(request, pieces)
    link.wait_bytes(0.3)
    got = bytes(link.data), link.ended, link.reset
    link.leave()
    return got


def check_counted(p):
    got, ended, _ = raw(p, "status 418 Teapot\nheader a: b\nbody one\nbody two\n")
    return got == b"HTTP/1.1 418 Teapot\r\na: b\r\ncontent-length: 6\r\n\r\nonetwo" and not ended


def check_chunked(p):
    got, _, _ = raw(
        p, "status 200\nchunked\nchunk-extension ;x=1\nbody one\nfill 5 ab\ntrailer t: v\n"
    )
    return (
        got == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        b"3;x=1\r\none\r\n5;x=1\r\nababa\r\n0\r\nt: v\r\n\r\n"
    )


def check_sse(p):
    got, _, _ = raw(p, "status 200\nsse\nevent a {}\ndata [DONE]\n")
    return got.endswith(
        b"\r\n\r\n13\r\nevent: a\ndata: {}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"
    )


def check_wrong_length(p):
    got, ended, _ = raw(p, "status 200\nlength 99\nbody x\nclose\n")
    return got.endswith(b"content-length: 99\r\n\r\nx") and ended


def check_reset(p):
    got, ended, reset = raw(p, "reset\n")
    return got == b"" and reset


def check_half_close(p):
    got, ended, reset = raw(p, "send abc\nhalf-close\nstall\n")
    return got == b"abc" and ended and not reset


def check_garbage(p):
    return raw(p, 'send "\\x00\\xff\\r\\n"\nclose\n')[0] == b"\x00\xff\r\n"


def check_die(p):
    return raw(p, "die 20\nstatus 200\nfill 1000\n")[0] == b"HTTP/1.1 200 OK\r\nco" + b"n"


def check_stall(p):
    got, ended, _ = raw(p, "die 9 stall\nstatus 200\nfill 1000\n")
    return got == b"HTTP/1.1 " and not ended and p.log("k")[-1]["ended"] == "peer_closed"


def check_gap(p):
    began = time.monotonic()
    got, _, _ = raw(p, "piece 1\ngap 5\nsend 0123456789\n")
    return got == b"0123456789" and 0.04 < time.monotonic() - began < 20


def check_early(p):
    head = REQUEST.replace(b"14", b"99")
    return raw(p, "read 5\nstatus 413\nbody no\n", head)[0].startswith(b"HTTP/1.1 413")


def check_pieces_heard(p):
    chunked = (
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'7;x\r\n case:k\r\n3\r\n\xff\x00"\r\n0\r\nT: v\r\n\r\n'
    )
    bodies = set()
    for piece in (1, 2, 3, 7, 4096):
        raw(p, "status 200\n", chunked, pieces=piece)
        record = p.log("k")[-1]
        bodies.add(
            (
                record["body"],
                record["framing"],
                record["trailers"],
                record["wire_bytes"],
                record["whole"],
            )
        )
    return bodies == {(' case:k\u00ff\0"', "chunked", "T: v\r\n", len(chunked), True)}


def check_record(p):
    raw(p, "status 200\nbody x\n")
    r = p.log("k")[-1]
    return (
        (r["method"], r["target"], r["headers"][0], r["ended"], r["scripted"])
        == ("POST", "/v1/chat/completions", ["Host", "x"], "answered", True)
        and r["sent_bytes"] == 39
        or r
    )


def check_order(p):
    p.forget("k")
    p.script(
        "on GET *\nbody never\non POST */chat/* always\nbody standing\non * * 2\nbody twice\n", "k"
    )
    link = http.Link(("127.0.0.1", p.ports[0]))
    got = []
    for _ in range(4):
        link.send(REQUEST, 4096)
        got.append(link.answer("POST").body)
    link.leave()
    return got == [b"twice", b"twice", b"standing", b"standing"]


def check_bad_script(p):
    answer = http.ask(p.door, "POST", "/_flux/script", b"status 200\nfrob\n")
    return answer.status == 400 and b"line 2" in answer.body


def check_dialects(p):
    def ask(path, body):
        return http.ask(
            ("127.0.0.1", p.ports[0]), "POST", path, json.dumps(body).encode()
        ).body.decode()

    tool = {"tools": [{"name": "f"}], "stream": True}
    p.script('on * * 3\ntool f {"a":1}\nusage 7 5 3 2 1\nbuiltin\n', "t")
    chat = ask(
        "/v1/chat/completions",
        {"model": "m", "m": "case:t", **tool, "stream_options": {"include_usage": True}},
    )
    responses = ask("/v1/responses", {"model": "m", "m": "case:t", **tool})
    messages = ask("/v1/messages", {"model": "m", "m": "case:t", **tool})
    return (
        chat.endswith("data: [DONE]\n\n")
        and '"prompt_tokens":7' in chat
        and '"tool_calls"' in chat
        and "response.completed" in responses
        and '"reasoning_tokens":2' in responses
        and "function_call" in responses
        and "message_stop" in messages
        and '"cache_creation_input_tokens":1' in messages
        and "input_json_delta" in messages
    )


def check_needs(p):
    """Parts of a task are told apart by what a request holds; calls are numbered."""
    p.script(
        'on * * always\nhas "tools"\nlacks two\ncall f {"a":1}\nbuiltin\n'
        "on * * always\nhas two\ncustom g text\nbuiltin\n"
        "on * * always\nlacks tools\nsay none\nbuiltin\n",
        "n",
    )

    def ask(path, **body):
        body = json.dumps({"mark": "case:n", **body}).encode()
        return json.loads(http.ask(p.door, "POST", path, body).body)

    first = ask("/v1/messages", tools=[])
    assert first["content"][0]["id"] == "toolu_scripted0001", first
    held = ask("/v1/messages", tools=[], messages=[{"type": "tool_result"}])
    assert held["content"][0]["id"] == "toolu_scripted0002", held
    custom = ask("/v1/responses", tools=["two"])["output"][0]
    assert (custom["type"], custom["input"]) == ("custom_tool_call", "text"), custom
    call = ask("/v1/chat/completions", tools=["two"])["choices"][0]["message"]["tool_calls"][0]
    assert call["custom"] == {"name": "g", "input": "text"}, call
    plain = ask("/v1beta/models/m:generateContent", tools=["two"])
    part = plain["candidates"][0]["content"]["parts"][0]
    assert part["functionCall"] == {"name": "g", "args": {"input": "text"}}, part
    return ask("/v1/messages")["content"][0]["text"] == "none"


def check_v6(p):
    return http.ask(("::1", p.ports[1]), "GET", "/v1/models").status == 200


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    build = parser.parse_args().build
    provider = Provider(ROOT / build / "fluxprovider", listen=("127.0.0.1:0", "[::1]:0"))
    passed = failed = 0
    for name, check in [(n, f) for n, f in globals().items() if n.startswith("check_")]:
        result = check(provider)
        if result is True:
            passed += 1
        else:
            failed += 1
            print(f"FAILED provider {name[6:]}: {result}")
    provider.stop()
    print(f"provider: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
