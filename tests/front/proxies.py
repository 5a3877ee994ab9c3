"""Behind proxies: X-Forwarded-For from those that are trusted, and the PROXY protocol."""

import json
import socket
import struct
import time

from caselib import http

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def ask(address, before=b"", source=None, head="", path="/healthz"):
    """One request behind some bytes; the answer, or None where the connection ends without one."""
    sock = socket.socket()
    sock.settimeout(5)
    if source:
        sock.bind((source, 0))
    got = b""
    try:
        sock.connect(address)
        text = f"GET {path} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{head}\r\n"
        sock.sendall(before + text.encode())
        while True:
            more = sock.recv(65536)
            if not more:
                break
            got += more
    except OSError:
        pass
    sock.close()
    return http.parse_answer(bytearray(got), "GET", True)[0] if got else None


def peer_of(world, answer):
    """What the log says of that request's client."""
    wanted, deadline = answer.header("x-flux-request-id").replace("-", ""), time.monotonic() + 5
    while time.monotonic() < deadline:
        line = world.log_line(wanted)
        if " peer=" in line:
            return line.split(" peer=")[1].split()[0]
        time.sleep(0.01)
    return "not in the log"


def v2(command=0x21, family=0x11, body=None):
    if body is None:
        body = socket.inet_aton("203.0.113.9") + socket.inet_aton("127.0.0.1") + struct.pack(">HH", 5, 6)
    return SIGNATURE + struct.pack(">BBH", command, family, len(body)) + body


SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::7") * 2 + struct.pack(">HH", 5, 6)

# What comes before the request, and which client is seen; None: none, the connection ends.
HEADERS = [
    ("v1, IPv4", b"PROXY TCP4 203.0.113.7 127.0.0.1 56324 443\r\n", "203.0.113.7"),
    ("v1, IPv6", b"PROXY TCP6 2001:db8::1 ::1 56324 443\r\n", "2001:db8::1"),
    ("v1, unknown", b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    ("v1, unknown with addresses", b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "127.0.0.1"),
    ("v2, IPv4", v2(), "203.0.113.9"),
    ("v2, IPv6", v2(family=0x21, body=SIX), "2001:db8::7"),
    ("v2, local", v2(command=0x20, family=0, body=b""), "127.0.0.1"),
    ("v2, unspecified", v2(family=0, body=b""), "127.0.0.1"),
    ("v2 with a TLV", v2(body=v2()[16:] + b"\x04\0\3abc"), "203.0.113.9"),
    ("none", b"", None),
    ("v1, a line that never ends", b"PROXY TCP4 " + b"1" * 120, None),
    ("v1, bare LF", b"PROXY TCP4 203.0.113.7 127.0.0.1 56324 443\n", None),
    ("v1, IPv6 as IPv4", b"PROXY TCP4 2001:db8::1 ::1 56324 443\r\n", None),
    ("v1, a port too large", b"PROXY TCP4 203.0.113.7 127.0.0.1 65536 443\r\n", None),
    ("v1, a port with a zero before", b"PROXY TCP4 203.0.113.7 127.0.0.1 0443 443\r\n", None),
    ("v1, two blanks", b"PROXY TCP4  203.0.113.7 127.0.0.1 56324 443\r\n", None),
    ("v1, a word too many", b"PROXY TCP4 203.0.113.7 127.0.0.1 56324 443 x\r\n", None),
    ("v1, UDP4", b"PROXY UDP4 203.0.113.7 127.0.0.1 56324 443\r\n", None),
    ("v1, lower case", b"proxy TCP4 203.0.113.7 127.0.0.1 56324 443\r\n", None),
    ("v2, version 3", v2(command=0x31), None),
    ("v2, command 2", v2(command=0x22), None),
    ("v2, UDP", v2(family=0x12), None),
    ("v2, too short for its family", v2(body=b"12345678"), None),
    ("v2, a TLV beyond its end", v2(body=v2()[16:] + b"\x04\0\x09abc"), None),
    ("v2, 60,000 bytes", v2(body=v2()[16:] + b"\x04" + struct.pack(">H", 59000) + b"x" * 59000), None),
]

# X-Forwarded-For from a trusted peer, and who is seen.
FORWARDED = [
    ("", "127.0.0.1"),
    ("X-Forwarded-For: 203.0.113.1\r\n", "203.0.113.1"),
    ("X-Forwarded-For: 6.6.6.6, 203.0.113.1\r\n", "203.0.113.1"),
    ("X-Forwarded-For: 6.6.6.6, 203.0.113.1, 10.1.2.3\r\n", "203.0.113.1"),
    ("X-Forwarded-For: 6.6.6.6, 203.0.113.1\r\nx-forwarded-for: 10.1.2.3, 10.9.9.9\r\n", "203.0.113.1"),
    ("X-Forwarded-For: 10.1.2.3, 10.9.9.9\r\n", "10.1.2.3"),
    ("X-Forwarded-For: 203.0.113.1:5678\r\n", "203.0.113.1"),
    ("X-Forwarded-For: [2001:db8::5]:5678\r\n", "2001:db8::5"),
    ("X-Forwarded-For: 2001:DB8:0::5\r\n", "2001:db8::5"),
    ("X-Forwarded-For: 203.0.113.1, unknown\r\n", "127.0.0.1"),
    ("X-Forwarded-For: 203.0.113.1, unknown, 10.1.1.1\r\n", "10.1.1.1"),
    ("X-Forwarded-For: \r\n", "127.0.0.1"),
]


def refused_keys(world, head):
    """How many of 300 unknown keys from that client are looked up before it is slowed down."""
    key = "Authorization: Bearer sk-flux-" + "A" * 43 + "\r\n"
    statuses = [ask(world.address, head=head + key, path="/v1/models").status for _ in range(300)]
    return statuses.count(401)


def split(data, times):
    """The same in that many pieces is too slow for a loop of its own; one byte apart is enough."""
    return [data[:i] for i in range(0, len(data), max(1, len(data) // times))]


def dribble(address, before):
    """Byte by byte, with the request in the same bytes as the header's end."""
    sock = socket.create_connection(address, 5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    text = before + b"GET /healthz HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
    for at in range(len(text)):
        sock.sendall(text[at:at + 1])
        time.sleep(0.001)
    got = b""
    while more := sock.recv(65536):
        got += more
    sock.close()
    return http.parse_answer(bytearray(got), "GET", True)[0]


def check(world):
    wrong, rows = [], 0

    def expect(title, saw, wanted):
        nonlocal rows
        rows += 1
        if saw != wanted:
            wrong.append(f"{title}: {saw}, not {wanted}")

    for title, before, wanted in HEADERS:
        answer = ask(world.proxied, before)
        expect(title, peer_of(world, answer) if answer else None, wanted)
    for title, before, wanted in (HEADERS[0], HEADERS[4]):
        expect(f"{title}, byte by byte", peer_of(world, dribble(world.proxied, before)), wanted)
    expect("a header from a stranger", ask(world.proxied, HEADERS[0][1], source="127.0.0.2"), None)
    for head, wanted in FORWARDED:
        expect(f"trusted {head!r}", peer_of(world, ask(world.address, head=head)), wanted)
    stranger = ask(world.address, head=FORWARDED[1][0], source="127.0.0.2")
    expect("forwarded by a stranger", peer_of(world, stranger), "127.0.0.2")
    both = ask(world.proxied, b"PROXY TCP4 10.0.0.5 127.0.0.1 1 2\r\n", head=FORWARDED[1][0])
    expect("both, from a proxy behind a proxy", peer_of(world, both), "203.0.113.1")
    for title, before in (("UNKNOWN", b"PROXY UNKNOWN\r\n"), ("LOCAL", v2(command=0x20, family=0, body=b""))):
        known = ask(world.proxied, before, head=FORWARDED[1][0])
        expect(f"{title}, and forwarded by the trusted peer", peer_of(world, known), "203.0.113.1")
    stranger = ask(world.proxied, HEADERS[0][1], head=FORWARDED[1][0])
    expect("a stranger named, who says it is forwarded", peer_of(world, stranger), "203.0.113.7")
    seen = refused_keys(world, "X-Forwarded-For: 203.0.113.77\r\n")
    expect("unknown keys of one client", 120 <= seen <= 240 or seen, True)  # 120 on each of two loops
    answer = ask(world.address, path="/v1/models",
                 head="X-Forwarded-For: 203.0.113.78\r\nAuthorization: Bearer sk-flux-" + "B" * 43 + "\r\n")
    expect("an unknown key of another", answer.status, 401)
    return rows - len(wrong), wrong
