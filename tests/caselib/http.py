"""The client side of a case: a connection that sends in pieces, a strict reader of answers."""

import select
import socket
import struct
import time

TIMEOUT = 30.0


class Answer:
    """status, headers [(name, value)], body, interim statuses. ended: clean, broken, timeout."""

    def __init__(self):
        self.status, self.headers, self.body = 0, [], b""
        self.interim, self.trailers, self.ended = [], [], "broken"

    def header(self, name):
        found = [v for n, v in self.headers if n.lower() == name.lower()]
        return found[0] if found else None


class Broken(Exception):
    pass


def parse_fields(block):
    fields = []
    for line in block.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if not colon or name.strip() != name or not name:
            raise Broken(f"bad field line {line!r}")
        fields.append((name.decode("latin-1"), value.strip().decode("latin-1")))
    return fields


def parse_chunks(data, at):
    """Gives (body, trailers, end) or None while incomplete; raises Broken on bad framing."""
    body = bytearray()
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return bytes(body), None, at
        try:
            size = int(data[at:end].split(b";")[0], 16)
        except ValueError:
            raise Broken(f"bad chunk size {bytes(data[at:end])!r}")
        if size == 0:
            stop = data.find(b"\r\n\r\n", end)
            if data[end : end + 4] == b"\r\n\r\n":
                return bytes(body), [], end + 4
            if stop < 0:
                return bytes(body), None, at
            return bytes(body), parse_fields(bytes(data[end + 2 : stop])), stop + 4
        if len(data) < end + 2 + size + 2:
            return bytes(body) + bytes(data[end + 2 : end + 2 + size]), None, at
        body += data[end + 2 : end + 2 + size]
        if data[end + 2 + size : end + 4 + size] != b"\r\n":
            raise Broken("chunk does not end with CRLF")
        at = end + 4 + size


def parse_answer(data, method, at_end):
    """Gives (Answer, bytes used), or None while incomplete. at_end: nothing more will come."""
    answer, at = Answer(), 0
    while True:
        end = data.find(b"\r\n\r\n", at)
        if end < 0:
            return (answer, len(data)) if at_end else None
        first, _, rest = bytes(data[at:end]).partition(b"\r\n")
        parts = first.split(b" ", 2)
        if len(parts) < 2 or parts[0] not in (b"HTTP/1.1", b"HTTP/1.0"):
            raise Broken(f"bad status line {first!r}")
        answer.status = int(parts[1])
        answer.headers = parse_fields(rest) if rest else []
        at = end + 4
        if answer.status >= 200 or answer.status == 101:
            break
        answer.interim.append(answer.status)
    length, coding = answer.header("content-length"), answer.header("transfer-encoding")
    if length is not None and coding is not None:
        raise Broken("content-length beside transfer-encoding")
    if method == "HEAD" or answer.status in (204, 304, 101):
        answer.ended = "clean"
        return answer, at
    if coding is not None:
        answer.body, trailers, used = parse_chunks(data, at)
        if trailers is None:
            return (answer, len(data)) if at_end else None
        answer.trailers, answer.ended = trailers, "clean"
        return answer, used
    if length is not None:
        answer.body = bytes(data[at : at + int(length)])
        if len(answer.body) < int(length):
            return (answer, len(data)) if at_end else None
        answer.ended = "clean"
        return answer, at + int(length)
    answer.body = bytes(data[at:])
    answer.ended = "clean" if at_end else "broken"
    return (answer, len(data)) if at_end else None


class Link:
    """One connection to the daemon."""

    def __init__(self, address):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.data, self.ended, self.reset = bytearray(), False, False

    def receive(self):
        try:
            got = self.socket.recv(262144)
        except BlockingIOError:
            return
        except OSError:
            got, self.reset = b"", True
        if got:
            self.data += got
        else:
            self.ended = True

    def send(self, bytes_out, piece, until=None):
        """Sends in pieces, reading what comes meanwhile; stops early where the daemon closes."""
        at, end = 0, len(bytes_out) if until is None else until
        deadline = time.monotonic() + TIMEOUT
        while at < end and not self.reset and time.monotonic() < deadline:
            step = piece if at < 8192 else max(piece, 65536)  # the rest of long bodies goes faster
            try:
                at += self.socket.send(bytes_out[at : min(at + step, end)])
            except BlockingIOError:
                select.select([self.socket] if not self.ended else [], [self.socket], [], 0.5)
                self.receive()
            except OSError:
                self.receive()
                break

    def answer(self, method="GET", timeout=TIMEOUT):
        deadline = time.monotonic() + timeout
        while True:
            parsed = parse_answer(self.data, method, self.ended)
            if parsed:
                answer, used = parsed
                del self.data[:used]
                return answer
            left = deadline - time.monotonic()
            if left <= 0:
                answer = Answer()
                partial = parse_answer(self.data, method, True)
                if partial:
                    answer = partial[0]
                answer.ended = "timeout"
                return answer
            select.select([self.socket], [], [], left)
            self.receive()

    def wait_bytes(self, timeout):
        """Reads whatever comes until the timeout."""
        deadline = time.monotonic() + timeout
        while not self.ended:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                return
            self.receive()

    def is_closed(self, timeout=20.0):
        """Whether the daemon closes now without another byte."""
        self.wait_bytes(timeout)
        return self.ended and not self.data

    def leave(self, by_reset=False):
        if by_reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def ask(address, method, target, body=b"", timeout=30.0, fields=""):
    """One plain request on a connection of its own, for control endpoints."""
    link = Link(address)
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n{fields}\r\n"
    )
    link.send(head.encode() + body, 1 << 20)
    answer = link.answer(method, timeout)
    link.leave()
    return answer
