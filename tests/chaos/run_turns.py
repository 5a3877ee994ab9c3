#!/usr/bin/env python3
"""What a turn of the loop does when something large passes: it must stay little, for all that is on
that loop waits meanwhile.

    tests/chaos/run_turns.py [--build build/asan] [--times N] [NAME-PART ...]

Checked are the bytes that a turn went through (fluxrouter_loop_turn_most_bytes): the same whatever
else the machine has to do. With --times N each case has daemons of its own, and the best of the
longest turns of N runs is shown beside them: times of a busy machine say nothing.
The last line is "turns: N passed, N failed".
"""

import argparse
import json
import pathlib
import re
import ssl
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import h2, http
from caselib.world import World
from clients import TARGETS, request_of

CHAT, RESPONSES, MESSAGES = TARGETS
MEGABYTES = 10
MOST_BYTES = 2 << 20  # of a turn; what is encrypted and sent counts twice
MODEL = "  - {name: %s, lane: express, price: {input: 1, output: 1}, targets: [{provider: %s, model: p}]}\n"
KEYS = "{style: aws-keys, region: us-east-1, access_key_id: AKIDEXAMPLE, secret_access_key: secret}"
CHANGES = (
    ("threads: 2", "threads: 1"),
    ("context: 400000", ""),
    ("models:\n", "models:\n" + MODEL % ("turned", "spoken") + MODEL % ("signed", "cloud")),
    ("providers:\n", 'providers:\n  - {name: spoken, dialect: messages, base_url: "http://@PLAIN@/v1"}\n'
     '  - {name: cloud, dialect: messages, base_url: "http://@PLAIN@", kind: bedrock, auth: ' + KEYS + "}\n"),
)


class SecureLink(http.Link):
    """HTTP/1 under TLS."""

    def __init__(self, address):
        super().__init__(address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket.setblocking(True)
        self.socket = context.wrap_socket(self.socket)

    def send(self, data, piece, until=None):
        self.socket.sendall(data)

    def answer(self, method="GET", timeout=60):
        self.socket.settimeout(timeout)
        while not (parsed := http.parse_answer(self.data, method, self.ended)):
            got = self.socket.recv(1 << 18)
            self.data, self.ended = self.data + got, not got
        del self.data[:parsed[1]]
        return parsed[0]


LINKS = {"plain": (http.Link, "address"), "tls": (SecureLink, "secure"), "h2": (h2.Link, "secure")}
TEXT = 'some "words" of a long text, \\n'


def words(megabytes):
    return TEXT * (int(megabytes * (1 << 20)) // (len(TEXT) + 3))


def one_text(model, megabytes=MEGABYTES, **more):
    text = "case:large " + words(megabytes)
    return {"model": model, "max_tokens": 9} | more | {"messages": [{"role": "user", "content": text}]}


def many_turns(model, megabytes=MEGABYTES, **more):
    """As agents have them: hundreds of short turns, with tools."""
    turns, text = [], words(0.004)
    for i in range(int(megabytes * 256 / 2)):
        turns.append({"role": "user", "content": text})
        turns.append({"role": "assistant", "content": text})
    turns.append({"role": "user", "content": "go on"})
    return {"model": model, "max_tokens": 9} | more | {"messages": turns}


def small(model, **more):
    return one_text(model, 0, **more)


def ask(target=CHAT, body=one_text, model="flux-pinned-small", via="plain", status=200, script="", least=0, cut=0,
        **more):
    """A request, and that its answer has `least` bytes; `cut`: bytes of its body that are spoiled."""
    def play(world):
        if script:
            world.plain.script("on * * always\n" + script, "large")
        raw = json.dumps(body(model, **more)).encode()
        raw = raw[:len(raw) - cut] + b"}" * cut
        make, where = LINKS[via]
        link = make(getattr(world, where))
        link.send(request_of(world.key("turns"), target, raw), 1 << 20)
        answer = link.answer("POST", 60)
        link.leave()
        assert (answer.status, answer.ended) == (status, "clean"), (answer.status, answer.body[:300])
        assert len(answer.body) >= least, len(answer.body)
        world.plain.forget("large")
        world.plain.forget("")
    return play


def answered(how, **more):
    """A small request with a large answer."""
    return ask(body=small, script=how, least=MEGABYTES << 19, **more)


def filled(before, after, size=MEGABYTES << 20):
    """Acts: body bytes, quoted, with a long text between them."""
    quoted = lambda text: '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'
    return f"body {quoted(before)}\nfill {size} some words of a long text, \nbody {quoted(after)}\n"


USAGE = '"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}'
CHAT_ANSWER = ('{"id":"c","object":"chat.completion","created":1,"model":"p","choices":[{"index":0,"message":'
               '{"role":"assistant","content":"', '"},"finish_reason":"stop"}],' + USAGE + "}")
MESSAGES_ANSWER = ('{"id":"m","type":"message","role":"assistant","model":"p","content":[{"type":"text","text":"',
                   '"}],"stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":9}}')
CHUNK = 'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"p","choices":[{"index":0,"delta":'
DELTA = CHUNK + '{"content":"', '"}}]}\n\n'
LAST = CHUNK + '{},"finish_reason":"stop"}],' + USAGE + "}\n\ndata: [DONE]\n\n"
SPOKEN_FIRST = """event message_start {"type":"message_start","message":{"id":"m","type":"message","role":"assistant",\
"model":"p","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}
event content_block_start {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
"""
SPOKEN_DELTA = ('event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
                '"delta":{"type":"text_delta","text":"', '"}}\n\n')
SPOKEN_LAST = """event content_block_stop {"type":"content_block_stop","index":0}
event message_delta {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9}}
event message_stop {"type":"message_stop"}
"""


def whole(answer, **more):
    return "header content-type: application/json\n" + filled(*answer, **more)


def many(event):
    """Acts: as many short events of 256 bytes as are large together."""
    text = ("some words" + "." * (246 - len("".join(event)))).join(event)
    again = text.replace('"', '\\"').replace("\n", "\\n")
    return f'fill {MEGABYTES << 20} "{again}"\n'


MANY = "sse\n" + many(DELTA) + filled(LAST, "", 0)
ONE = "sse\n" + filled(*DELTA) + filled(LAST, "", 0)
SPOKEN_MANY = "sse\n" + SPOKEN_FIRST + many(SPOKEN_DELTA) + SPOKEN_LAST
SPOKEN_ONE = "sse\n" + SPOKEN_FIRST + filled(*SPOKEN_DELTA) + SPOKEN_LAST

CASES = {
    "nothing": ask(body=small),
    "ask, one text": ask(),
    "ask, turns": ask(body=many_turns),
    "ask, scored": ask(model="flux-auto", body=many_turns),
    "ask, responses": ask(target=RESPONSES, body=lambda model: {"model": model, "input": words(MEGABYTES)}),
    "ask, messages": ask(target=MESSAGES, body=many_turns),
    "ask, tls": ask(via="tls"),
    "ask, h2": ask(via="h2"),
    "ask, tls to provider": ask(model="flux-pinned-secure"),
    "ask, translated": ask(model="flux-pinned-turned"),
    "ask, turns translated": ask(model="flux-pinned-turned", body=many_turns),
    "ask, signed": ask(model="flux-pinned-signed", target=MESSAGES, script=whole(MESSAGES_ANSWER, size=9)),
    "ask, signed and translated": ask(model="flux-pinned-signed", script=whole(MESSAGES_ANSWER, size=9)),
    "ask, counted": ask(target="/v1/messages/count_tokens", body=many_turns),
    "ask, explained": ask(target="/v1/route", model="flux-auto", body=many_turns),
    "ask, broken JSON": ask(cut=3, status=400),
    "ask, streamed": ask(stream=True),
    "answer": answered(whole(CHAT_ANSWER)),
    "answer, tls": answered(whole(CHAT_ANSWER), via="tls"),
    "answer, h2": answered(whole(CHAT_ANSWER), via="h2"),
    "answer, chunked": answered(whole(CHAT_ANSWER) + "chunked\n"),
    "answer, translated": answered(whole(MESSAGES_ANSWER), model="flux-pinned-turned"),
    "stream, many events": answered(MANY, stream=True),
    "stream, one event": answered(ONE, stream=True),
    "stream, many events, tls": answered(MANY, stream=True, via="tls"),
    "stream, many events, h2": answered(MANY, stream=True, via="h2"),
    "stream, many events, translated": answered(SPOKEN_MANY, stream=True, model="flux-pinned-turned"),
    "stream, one event, translated": answered(SPOKEN_ONE, stream=True, model="flux-pinned-turned"),
}


def metric(world, name):
    text = http.ask(world.metrics, "GET", "/metrics").body.decode()
    return int(re.search(rf"^fluxrouter_loop_turn_{name} (\d+)$", text, re.M)[1])


def played(world, play, times):
    """Of a turn: the most bytes, the best of the longest in us; with one run, since the daemon began."""
    longest = []
    for _ in range(times):
        if times > 1:
            world.restart()
            CASES["nothing"](world)
        play(world)
        longest.append(metric(world, "longest_microseconds"))
    return metric(world, "most_bytes"), min(longest)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build")
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("what", nargs="*")
    options = parser.parse_args()
    world = World("main", options.build, False, CHANGES, via="front")
    passed = failed = most = 0
    for name, play in CASES.items():
        if options.what and not any(w in name for w in options.what):
            continue
        try:
            many, longest = played(world, play, options.times)
            assert many <= MOST_BYTES, f"a turn went through {many} bytes"
            passed, most = passed + 1, max(most, many)
            if options.times > 1:
                print(f"turns: {name:34} {many:8} bytes {longest:6} us", flush=True)
        except Exception as problem:
            failed += 1
            print(f"FAILED turns {name}: {type(problem).__name__} {problem}"[:600], flush=True)
            world.restart()
    status = world.stop()
    if status != 0:
        print(f"FAILED turns: the daemon ended with {status}\n{world.last_words}")
    print(f"turns: {MEGABYTES} MB in and out, at most {most} bytes in a turn")
    print(f"turns: {passed} passed, {failed + (status != 0)} failed")
    return 1 if failed or status != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
