"""HTTP/2 that no honest client speaks, in raw frames, and what becomes of each.

Every row is a function that gets a connection and the world and gives what it saw, and the words that
must be in it. After all of them the same daemon serves as before, holds no connection, no body and no
descriptor more."""

import os
import struct
import threading
import time

from caselib import h2
from caselib.h2 import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY,
                        RST_STREAM, SETTINGS, WINDOW_UPDATE, block, frame, literal, settings)

ROWS = []


def row(title, *wanted, slow=False, **options):
    def keep(run):
        ROWS.append((title, wanted, slow, options, run))
        return run
    return keep


def word(value):
    return struct.pack(">I", value)


def seen(conn, wait=20.0):
    """How the connection is after some time, or as soon as it has ended."""
    conn.wait(lambda: conn.ended, wait)
    if conn.goaway:
        return "GOAWAY " + h2.ERRORS[conn.goaway[1]] + (", closed" if conn.ended else ", open")
    return ("reset" if conn.reset else "closed") if conn.ended else "open"


def of_stream(conn, stream=1, wait=20.0):
    answer = conn.answer(stream, wait)
    reset = getattr(answer, "rst", None)
    if conn.goaway and not answer.status and not reset:
        return "GOAWAY " + h2.ERRORS[conn.goaway[1]]
    return f"{answer.status or 'no answer'}, " + (f"RST_STREAM {reset}" if reset else answer.ended)


def open_block(fields=b""):
    base = [(":method", "GET"), (":scheme", "https"), (":authority", "t"), (":path", "/healthz")]
    return block(base) + fields


# --- the rules of requests ---

for name, fields in {
        "upper case in a name": literal("X-Upper", "1"),
        "connection": literal("connection", "keep-alive"),
        "transfer-encoding": literal("transfer-encoding", "chunked"),
        "upgrade": literal("upgrade", "h2c"),
        "te other than trailers": literal("te", "gzip"),
        "CR LF in a value": literal("x-a", "b\r\nx-evil: 1"),
        "NUL in a value": literal("x-a", b"b\0c"),
        "blank around a value": literal("x-a", " b "),
        "a name with a blank": literal("x a", "b"),
        "a name with a colon": literal("x:a", "b"),
        "an empty name": literal("", "b"),
        "a pseudo-field behind fields": literal("a", "b") + literal(":path", "/"),
        "a pseudo-field twice": literal(":path", "/"),
        "an unknown pseudo-field": literal(":proto", "x"),
        "content-length twice": literal("content-length", "1") + literal("content-length", "2"),
        "content-length no number": literal("content-length", "+5"),
        "content-length without a body": literal("content-length", "5")}.items():
    def run(conn, world, fields=fields):
        conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, open_block(fields)))
        return of_stream(conn)
    ROWS.append((f"field: {name}", ("RST_STREAM PROTOCOL_ERROR",), False, {}, run))

for name, fields, wanted in (
        ("host and :authority differ", literal("host", "other"), "400, clean"),
        ("an expectation that is none", literal("expect", "more"), "417, clean"),
        ("101 fields", literal("x", "y") * 101, "431, clean"),
        ("a field of 40,000 bytes", literal("x", "y" * 20000) * 2, "431, clean")):
    def run(conn, world, fields=fields):
        out = open_block(fields)
        conn.write(frame(HEADERS, END_STREAM, 1, out[:16000]))
        parts = [out[i:i + 16000] for i in range(16000, len(out), 16000)] or [b""]
        for i, part in enumerate(parts):
            conn.write(frame(CONTINUATION, END_HEADERS if i == len(parts) - 1 else 0, 1, part))
        return of_stream(conn)
    ROWS.append((f"field: {name}", (wanted,), False, {}, run))


def pseudo(**given):
    fields = {"method": "GET", "scheme": "https", "authority": "t", "path": "/healthz"} | given
    return block([(f":{n}", v) for n, v in fields.items() if v is not None])


for name, out, wanted in (
        ("no :path", pseudo(path=None), "RST_STREAM PROTOCOL_ERROR"),
        ("no :method", pseudo(method=None), "RST_STREAM PROTOCOL_ERROR"),
        ("an empty :path", pseudo(path=""), "RST_STREAM PROTOCOL_ERROR"),
        ("a blank in :path", pseudo(path="/a HTTP/1.1"), "RST_STREAM PROTOCOL_ERROR|400"),
        ("CR LF in :path", pseudo(path="/a\r\nx: y"), "RST_STREAM PROTOCOL_ERROR|400"),
        ("a blank in :method", pseudo(method="GET /x"), "RST_STREAM PROTOCOL_ERROR|400"),
        ("userinfo in :authority", pseudo(authority="a@b"), "RST_STREAM PROTOCOL_ERROR|400"),
        ("CONNECT", block([(":method", "CONNECT"), (":authority", "a:1")]), "400"),
        ("a path that is none", pseudo(path="healthz"), "RST_STREAM PROTOCOL_ERROR|400")):
    def run(conn, world, out=out):
        conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, out))
        return of_stream(conn)
    ROWS.append((f"head: {name}", (wanted,), False, {}, run))


@row("body shorter than content-length", "RST_STREAM PROTOCOL_ERROR")
def short_body(conn, world):
    conn.request(1, "/v1/messages", "POST", [("content-length", "10"), ("x-api-key", world.key("h"))], end=False)
    conn.write(frame(DATA, END_STREAM, 1, b"12345"))
    return of_stream(conn)


@row("body longer than content-length", "RST_STREAM PROTOCOL_ERROR")
def long_body(conn, world):
    conn.request(1, "/v1/messages", "POST", [("content-length", "3"), ("x-api-key", world.key("h"))], end=False)
    conn.write(frame(DATA, 0, 1, b"12345"))
    return of_stream(conn)


# --- frames ---

@row("DATA on stream 0", "GOAWAY PROTOCOL_ERROR")
def data_zero(conn, world):
    conn.write(frame(DATA, 0, 0, b"x"))
    return seen(conn)


@row("HEADERS on an even stream", "GOAWAY PROTOCOL_ERROR")
def even(conn, world):
    conn.request(2)
    return seen(conn)


@row("DATA on a stream that was never opened", "GOAWAY PROTOCOL_ERROR|STREAM_CLOSED")
def idle_data(conn, world):
    conn.write(frame(DATA, 0, 5, b"x"))
    return seen(conn)


@row("a frame of 16,385 bytes", "GOAWAY FRAME_SIZE_ERROR")
def too_long(conn, world):
    conn.request(1, method="POST", end=False)
    conn.write(frame(DATA, 0, 1, b"x" * 16385))
    return seen(conn)


@row("padding longer than its frame", "GOAWAY PROTOCOL_ERROR")
def padding(conn, world):
    conn.write(frame(HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + open_block()[:20]))
    return seen(conn)


@row("HPACK that is none", "GOAWAY COMPRESSION_ERROR")
def hpack(conn, world):
    conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff\xff\xff"))
    return seen(conn)


@row("HPACK: a table larger than agreed", "GOAWAY COMPRESSION_ERROR")
def table(conn, world):
    conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe1\xff\x03" + open_block()))
    return seen(conn)


@row("HPACK bomb: 4 KiB, named 10,000 times", "GOAWAY ENHANCE_YOUR_CALM")
def bomb(conn, world):
    first = b"\x40" + literal("x" * 10, "y" * 3900)[1:]
    out = open_block(first) + b"\xbe" * 10000
    conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, out))
    return of_stream(conn)


@row("SETTINGS: a window above 2^31-1", "GOAWAY FLOW_CONTROL_ERROR")
def huge_window(conn, world):
    conn.write(settings(window=1 << 31))
    return seen(conn)


@row("WINDOW_UPDATE beyond 2^31-1, connection", "GOAWAY FLOW_CONTROL_ERROR")
def overflow(conn, world):
    conn.write(frame(WINDOW_UPDATE, 0, 0, word(0x7fffffff)) * 2)
    return seen(conn)


@row("WINDOW_UPDATE beyond 2^31-1, stream", "RST_STREAM FLOW_CONTROL_ERROR")
def overflow_stream(conn, world):
    conn.request(1, "/v1/messages", "POST", [("x-api-key", world.key("h"))], end=False)
    conn.write(frame(WINDOW_UPDATE, 0, 1, word(0x7fffffff)) * 2)
    return of_stream(conn)


@row("no preface", "GOAWAY PROTOCOL_ERROR|closed|reset", greet=False)
def no_preface(conn, world):
    conn.write(b"GET / HTTP/1.1\r\nHost: t\r\n\r\n")
    return seen(conn)


@row("CONTINUATION without HEADERS", "GOAWAY PROTOCOL_ERROR")
def lone_continuation(conn, world):
    conn.write(frame(CONTINUATION, END_HEADERS, 1, open_block()))
    return seen(conn)


@row("another frame within a head", "GOAWAY PROTOCOL_ERROR")
def interleaved(conn, world):
    conn.write(frame(HEADERS, END_STREAM, 1, open_block()) + frame(PING, 0, 0, b"12345678"))
    return seen(conn)


# --- floods ---

def flood(conn, one, times=20000, batch=64):
    sent = 0
    while sent < times and not conn.ended and not conn.goaway:
        conn.write(one * batch)
        sent += batch
        conn.receive()
    return f"{seen(conn)} after {'<' if sent < times else ''}{sent}"


@row("rapid reset (CVE-2023-44487)", "GOAWAY ENHANCE_YOUR_CALM")
def rapid_reset(conn, world):
    for i in range(3000):
        conn.request(2 * i + 1, "/v1/models")
        conn.write(frame(RST_STREAM, 0, 2 * i + 1, word(8)))
        conn.receive()
        if conn.goaway or conn.ended:
            break
    return f"{seen(conn)} after {i + 1}"


@row("made to reset (CVE-2025-8671)", "GOAWAY ENHANCE_YOUR_CALM|GOAWAY PROTOCOL_ERROR")
def made_reset(conn, world):
    fields = [("x-api-key", world.key("h")), ("content-type", "application/json")]  # it waits for its body
    for i in range(3000):
        conn.request(2 * i + 1, "/v1/messages", "POST", fields, end=False)
        conn.write(frame(WINDOW_UPDATE, 0, 2 * i + 1, word(0x7fffffff)) * 2)
        conn.answer(2 * i + 1, 1)
        if conn.goaway or conn.ended:
            break
    return f"{seen(conn)} after {i + 1}"


@row("malformed heads, one after the other", "GOAWAY ENHANCE_YOUR_CALM|GOAWAY PROTOCOL_ERROR")
def malformed(conn, world):
    for i in range(3000):
        conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, open_block(literal("upgrade", "x"))))
        conn.receive()
        if conn.goaway or conn.ended:
            break
    return f"{seen(conn)} after {i + 1}"


@row("CONTINUATION flood, empty", "GOAWAY ENHANCE_YOUR_CALM|GOAWAY INTERNAL_ERROR|GOAWAY PROTOCOL_ERROR")
def continuation_empty(conn, world):
    conn.write(frame(HEADERS, END_STREAM, 1, open_block()))
    return flood(conn, frame(CONTINUATION, 0, 1), batch=8)


@row("CONTINUATION flood, full", "GOAWAY ENHANCE_YOUR_CALM|GOAWAY INTERNAL_ERROR|GOAWAY PROTOCOL_ERROR")
def continuation_full(conn, world):
    conn.write(frame(HEADERS, END_STREAM, 1, open_block()))
    return flood(conn, frame(CONTINUATION, 0, 1, literal("x", "y" * 16000)), batch=1)


@row("PING flood", "GOAWAY ENHANCE_YOUR_CALM")
def pings(conn, world):
    return flood(conn, frame(PING, 0, 0, b"12345678"))


@row("PING flood, nothing read", "closed|reset|GOAWAY ENHANCE_YOUR_CALM")
def pings_unread(conn, world):
    conn.socket.settimeout(2)
    try:
        for _ in range(4000):
            conn.socket.sendall(frame(PING, 0, 0, b"12345678") * 100)
    except OSError:
        pass
    conn.socket.setblocking(False)
    return seen(conn)


@row("SETTINGS flood", "GOAWAY ENHANCE_YOUR_CALM")
def settings_flood(conn, world):
    return flood(conn, settings(window=65535))


@row("PRIORITY flood", "GOAWAY ENHANCE_YOUR_CALM")
def priorities(conn, world):
    return flood(conn, frame(PRIORITY, 0, 1, word(3) + b"\x10"))


@row("flood of frames that nobody knows", "GOAWAY ENHANCE_YOUR_CALM")
def unknown(conn, world):
    return flood(conn, frame(0xee, 0, 0, b"x"), 600000, 2000)


@row("flood of empty DATA", "GOAWAY ENHANCE_YOUR_CALM")
def empty_data(conn, world):
    conn.request(1, "/v1/messages", "POST", [("x-api-key", world.key("h"))], end=False)
    return flood(conn, frame(DATA, 0, 1))


@row("WINDOW_UPDATE flood", "GOAWAY ENHANCE_YOUR_CALM")
def updates(conn, world):
    return flood(conn, frame(WINDOW_UPDATE, 0, 0, word(1)))


def begin_many(conn, world, first, last):
    fields = [("x-api-key", world.key("h")), ("content-type", "application/json")]  # each waits for its body
    for stream in range(first, last + 1, 2):
        conn.request(stream, "/v1/messages", "POST", fields, end=False)


def end_them(conn, *streams):
    """How those are answered whose body has come."""
    for stream in streams:
        conn.write(frame(DATA, END_STREAM, stream, b"{}"))
    return " ".join(of_stream(conn, stream) for stream in streams)


@row("101 streams at once: one is refused", "RST_STREAM REFUSED_STREAM; 400, clean 400, clean; 400, clean")
def streams(conn, world):
    begin_many(conn, world, 1, 201)
    saw, others = of_stream(conn, 201), end_them(conn, 1, 199)
    begin_many(conn, world, 203, 203)
    return f"{saw}; {others}; {end_them(conn, 203)}"


@row("100 streams, reset, 100 others, in one go", "0 refused, 400, clean 400, clean")
def streams_anew(conn, world):
    conn.wait(lambda: conn.acked, 20)
    write, said = conn.write, []
    conn.write = said.append
    begin_many(conn, world, 1, 199)
    said += [frame(RST_STREAM, 0, stream, word(8)) for stream in range(1, 200, 2)]
    begin_many(conn, world, 201, 399)
    conn.write = write
    conn.write(b"".join(said))
    answers = end_them(conn, 201, 399)
    refused = [s for s, a in conn.answers.items() if getattr(a, "rst", "") == "REFUSED_STREAM"]
    return f"{len(refused)} refused, {answers}"


@row("101 streams at once, from who has read no SETTINGS", "RST_STREAM REFUSED_STREAM", greet=False)
def streams_early(conn, world):
    conn.write(h2.PREFACE + settings())
    begin_many(conn, world, 1, 201)
    return of_stream(conn, 201)


@row("1,000 streams at once", "GOAWAY ENHANCE_YOUR_CALM")
def many_streams(conn, world):
    begin_many(conn, world, 1, 1999)
    return seen(conn)


# --- what dawdles ---

@row("a head that does not go on", "GOAWAY ENHANCE_YOUR_CALM", slow=10)
def slow_head(conn, world):
    conn.write(frame(HEADERS, END_STREAM, 1, open_block()))
    began = time.monotonic()
    return f"{seen(conn, 20)} after {time.monotonic() - began:.0f} s"


@row("a malformed head, and others go on", "200, clean", slow=12)
def malformed_alone(conn, world):
    conn.write(frame(HEADERS, END_HEADERS | END_STREAM, 1, open_block(literal("upgrade", "x"))))
    for i in range(12):
        time.sleep(1)
        conn.receive()
    conn.request(3, "/healthz")
    return of_stream(conn, 3)


@row("a preface that does not come", "closed|GOAWAY", slow=10, greet=False)
def slow_preface(conn, world):
    began = time.monotonic()
    return f"{seen(conn, 20)} after {time.monotonic() - began:.0f} s"


@row("a body that does not go on", "408, ", slow=31)
def slow_body(conn, world):
    conn.request(1, "/v1/messages", "POST", [("x-api-key", world.key("h"))], end=False)
    conn.write(frame(DATA, 0, 1, b"{"))
    began = time.monotonic()
    return f"{of_stream(conn, 1, 45)} after {time.monotonic() - began:.0f} s"


@row("a body of a byte a second", "408, ", slow=31)
def drip_body(conn, world):
    conn.request(1, "/v1/messages", "POST", [("x-api-key", world.key("h"))], end=False)
    began = time.monotonic()
    while time.monotonic() - began < 45 and 1 not in conn.answers:
        conn.write(frame(DATA, 0, 1, b" "))
        conn.wait(lambda: 1 in conn.answers, 1)
    return f"{of_stream(conn, 1, 3)} after {time.monotonic() - began:.0f} s"


def asks_long(conn, world, mark):
    world.plain.script('on *\nstatus 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"begun"}}]}\n'
                       + 'data {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n' % ("x" * 60000) * 40, mark)
    body = ('{"model":"flux-fast","stream":true,"messages":[{"role":"user","content":"case:%s"}]}' % mark).encode()
    conn.request(1, "/v1/chat/completions", "POST", [("authorization", f"Bearer {world.key('h')}"),
                                                     ("content-type", "application/json")], end=False)
    conn.write(frame(DATA, END_STREAM, 1, body))


@row("a window of 0 and a long answer: bounded", "held", window=0)
def no_window(conn, world):
    asks_long(conn, world, "h-nowindow")
    conn.wait(lambda: 1 in conn.answers and conn.answers[1].status, 20)
    time.sleep(1)
    moved = len(conn.answers[1].body)
    return f"{conn.answers[1].status}, {moved} bytes, provider held back" if moved == 0 else f"{moved} bytes"


@row("a window of 0 for two minutes", "RST_STREAM ENHANCE_YOUR_CALM", slow=121, window=0)
def stalled_window(conn, world):
    asks_long(conn, world, "h-stalled")
    began = time.monotonic()
    return f"{of_stream(conn, 1, 140)} after {time.monotonic() - began:.0f} s"


@row("a byte of window a second", "RST_STREAM ENHANCE_YOUR_CALM", slow=121, window=0)
def tiny_window(conn, world):
    asks_long(conn, world, "h-tiny")
    began = time.monotonic()
    while time.monotonic() - began < 140 and not hasattr(conn.answers.get(1), "rst") and not conn.ended:
        conn.write(frame(WINDOW_UPDATE, 0, 1, word(1)))
        conn.wait(lambda: conn.ended, 1)
    return f"{of_stream(conn, 1, 1)} after {time.monotonic() - began:.0f} s"


@row("a socket that is not read for two minutes", "closed|reset", slow=121)
def unread_socket(conn, world):
    asks_long(conn, world, "h-unread")
    began = time.monotonic()
    time.sleep(125)
    conn.socket.settimeout(5)
    while True:
        try:
            if not conn.socket.recv(1 << 20):
                break
        except OSError:
            break
    return f"closed after {time.monotonic() - began:.0f} s" if time.monotonic() - began < 133 else "open"


def play(one, world, results):
    title, wanted, slow, options, run = one
    try:
        conn = h2.Conn(world.secure, **options)
        if options.get("greet", True):
            assert conn.wait(lambda: conn.acked, 20), "the settings are not acknowledged"
        saw = run(conn, world)
        conn.close()
    except Exception as error:
        saw = f"{type(error).__name__}: {error}"
    fits = all(any(w in saw for w in words.split("|")) for words in wanted)
    results.append((title, saw, fits))


def descriptors(world):
    return len(os.listdir(f"/proc/{world.daemon.pid}/fd"))


def check(world, seconds):
    """Plays all rows that take no longer; gives (passed, failures)."""
    results, before = [], descriptors(world)
    rows = [r for r in ROWS if r[2] <= seconds]
    threads = [threading.Thread(target=play, args=(r, world, results)) for r in rows if r[2]]
    for thread in threads:
        thread.start()
    for one in [r for r in rows if not r[2]]:
        play(one, world, results)
    for thread in threads:
        thread.join()
    for title, saw, fits in results:
        print(f"  {'' if fits else 'WRONG '}{title:48} {saw}")
    failures = [f"{title}: {saw}" for title, saw, fits in results if not fits]
    leaked = world.leaked()
    failures += [f"gauge {name}: {a} before, {b} after" for name, (a, b) in leaked.items()]
    if descriptors(world) > before + 16:
        failures.append(f"{descriptors(world)} descriptors, {before} before")
    return len(results) + 2 - len(failures), failures
