"""HTTP/2 from the client's side: frames by hand, so that any can be sent; HPACK out as literals, in
by libnghttp2's inflater. A Link has the face of http.Link, so that cases can be played over it."""

import ctypes
import select
import socket
import ssl
import struct
import time

from .http import TIMEOUT, Answer, Broken

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
NAMES = ["DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH", "PING", "GOAWAY", "WINDOW_UPDATE",
         "CONTINUATION"]
ERRORS = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT",
          "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
          "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]
FIRST_WINDOW = 65535
ROOM = 1 << 30  # the window that we give, unless a test wants another


class Nv(ctypes.Structure):
    _fields_ = [("name", ctypes.POINTER(ctypes.c_char)), ("value", ctypes.POINTER(ctypes.c_char)),
                ("name_len", ctypes.c_size_t), ("value_len", ctypes.c_size_t), ("flags", ctypes.c_uint8)]


class Inflater:
    lib = None

    def __init__(self):
        if Inflater.lib is None:
            Inflater.lib = ctypes.CDLL("libnghttp2.so.14")
        self.handle = ctypes.c_void_p()
        assert self.lib.nghttp2_hd_inflate_new(ctypes.byref(self.handle)) == 0

    def fields(self, block):
        found, nv, flags = [], Nv(), ctypes.c_int()
        at, buffer = 0, ctypes.create_string_buffer(block, len(block))
        self.lib.nghttp2_hd_inflate_hd2.restype = ctypes.c_ssize_t
        while True:
            used = self.lib.nghttp2_hd_inflate_hd2(
                self.handle, ctypes.byref(nv), ctypes.byref(flags),
                ctypes.byref(buffer, at), ctypes.c_size_t(len(block) - at), 1)
            if used < 0:
                raise Broken(f"HPACK: {used}")
            at += used
            if flags.value & 2:
                found.append((nv.name[:nv.name_len].decode("latin-1"), nv.value[:nv.value_len].decode("latin-1")))
            if flags.value & 1:
                self.lib.nghttp2_hd_inflate_end_headers(self.handle)
                return found


def integer(value, bits, first=0):
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytearray([first | most]), value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out) + bytes([value])


def literal(name, value):
    """A field that enters no table."""
    name, value = (x if isinstance(x, bytes) else x.encode("latin-1") for x in (name, value))
    return b"\0" + integer(len(name), 7) + name + integer(len(value), 7) + value


def block(fields):
    return b"".join(literal(n, v) for n, v in fields)


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(**pairs):
    names = {"table": 1, "push": 2, "streams": 3, "window": 4, "frame": 5, "list": 6}
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", names[n], v) for n, v in pairs.items()))


def readable(sock, seconds):
    """Also where there are more descriptors than select() knows."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return poll.poll(seconds * 1000)


class Conn:
    """One connection. `heard` is every frame: (name, flags, stream, payload)."""

    def __init__(self, address, tls=True, greet=True, alpn=("h2",), **own):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.connect(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.set_alpn_protocols(list(alpn))
            self.socket = context.wrap_socket(self.socket)
        self.socket.setblocking(False)
        self.greeted = greet
        self.tls, self.raw, self.heard, self.inflater = tls, bytearray(), [], Inflater()
        self.ended, self.reset, self.acked, self.spent = False, False, 0, 0
        self.answers, self.pending, self.goaway, self.windows = {}, None, None, {}
        if greet:
            self.write(PREFACE + settings(**({"push": 0, "window": ROOM} | own)))
            if "window" not in own:
                self.write(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", ROOM - 65535)))

    def write(self, data, piece=1 << 20):
        at, deadline = 0, time.monotonic() + TIMEOUT
        while at < len(data) and not self.ended and time.monotonic() < deadline:
            try:
                step = piece if at < 8192 else max(piece, 65536)
                at += self.socket.send(data[at:at + step])
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                select.select([self.socket], [self.socket], [], 0.5)
                self.receive()
            except OSError:
                self.reset = self.ended = True

    def receive(self):
        while True:
            try:
                got = self.socket.recv(262144)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError:
                got, self.reset = b"", True
            if not got:
                self.ended = True
                return
            self.raw += got
            self.parse()

    def parse(self):
        while len(self.raw) >= 9:
            size = int.from_bytes(self.raw[:3], "big")
            if len(self.raw) < 9 + size:
                return
            kind, flags, stream = struct.unpack(">BBI", self.raw[3:9])
            payload = bytes(self.raw[9:9 + size])
            del self.raw[:9 + size]
            self.heard.append((NAMES[kind] if kind < 10 else str(kind), flags, stream, payload))
            self.take(kind, flags, stream, payload)

    def take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK and self.greeted:
            self.write(frame(SETTINGS, ACK, 0))
        elif kind == SETTINGS:
            self.acked += 1
        elif kind == PING and not flags & ACK:
            self.write(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.goaway = struct.unpack(">II", payload[:8])
        elif kind == WINDOW_UPDATE:
            self.windows[stream] = self.windows.get(stream, 0) + struct.unpack(">I", payload)[0]
        elif kind in (HEADERS, CONTINUATION, DATA, RST_STREAM):
            self.take_message(kind, flags, self.answers.setdefault(stream, Answer()), payload)

    def take_message(self, kind, flags, answer, payload):
        if kind == DATA:
            answer.body += payload
        elif kind == RST_STREAM:
            answer.rst = ERRORS[struct.unpack(">I", payload)[0]]
            answer.ended = "clean" if answer.ended == "clean" else "reset"
            return
        else:
            self.pending = (self.pending or b"") + payload
            if not flags & END_HEADERS:
                return
            fields, self.pending = self.inflater.fields(self.pending), None
            self.take_fields(answer, fields)
        if flags & END_STREAM and kind != CONTINUATION:
            answer.ended = "clean"

    @staticmethod
    def take_fields(answer, fields):
        if fields[0][0] != ":status":
            answer.trailers = fields
        elif fields[0][1].startswith("1"):
            answer.interim.append(int(fields[0][1]))
        else:
            answer.status, answer.headers = int(fields[0][1]), fields[1:]

    def wait(self, until, timeout=TIMEOUT):
        """Reads until the condition holds; gives whether it does."""
        deadline = time.monotonic() + timeout
        while not until():
            left = deadline - time.monotonic()
            if left <= 0 or self.ended:
                break
            pending = self.tls and self.socket.pending()
            if pending or readable(self.socket, min(left, 0.5)):
                self.receive()
        return until()

    def request(self, stream, path="/healthz", method="GET", more=(), end=True):
        fields = [(":method", method), (":scheme", "https"), (":authority", "test"), (":path", path), *more]
        self.write(frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block(fields)))

    def room(self, stream, sent):
        """What both windows leave of what was sent on the stream and on all."""
        return min(FIRST_WINDOW + self.windows.get(stream, 0) - sent,
                   FIRST_WINDOW + self.windows.get(0, 0) - self.spent)

    def send_body(self, stream, body, end=True):
        """As fast as the windows allow; stops where the stream ends."""
        at = 0
        over = lambda: stream in self.answers and self.answers[stream].ended != "broken"
        while at < len(body) and not over():
            if not self.wait(lambda: self.room(stream, at) > 0 or over()):
                return
            step = min(16384, len(body) - at, self.room(stream, at))
            if step <= 0:
                return
            last = end and at + step == len(body)
            self.write(frame(DATA, END_STREAM if last else 0, stream, body[at:at + step]))
            at, self.spent = at + step, self.spent + step
            self.receive()

    def answer(self, stream, timeout=TIMEOUT):
        done = lambda: stream in self.answers and self.answers[stream].ended in ("clean", "reset")
        whole = self.wait(done, timeout)
        answer = self.answers.get(stream) or Answer()
        if not whole and not self.ended:
            answer.ended = "timeout"
        return answer

    def close(self, by_reset=False):
        if by_reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


DROPPED = ("host", "connection", "transfer-encoding", "keep-alive", "proxy-connection", "upgrade")


def unchunk(data):
    body = b""
    while True:
        size, _, data = data.partition(b"\r\n")
        if int(size or b"0", 16) == 0:
            return body
        body, data = body + data[:int(size, 16)], data[int(size, 16) + 2:]


class Link:
    """http.Link's face: takes HTTP/1 requests, gives answers; one stream after the other."""

    def __init__(self, address):
        self.conn, self.stream, self.asked = Conn(address), -1, []

    def send(self, data, piece, until=None):
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        fields = [line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in lines]
        host = [v for n, v in fields if n.lower() == "host"]
        if any(n.lower() == "transfer-encoding" for n, v in fields):
            body = unchunk(body)
        whole = until is None or until >= len(data)
        if not whole:
            body = body[:max(0, until - len(head) - 4)]
        self.stream += 2
        more = [(n.lower(), v) for n, v in fields if n.lower() not in DROPPED]
        out = block([(":method", method), (":scheme", "https"), (":path", target),
                     (":authority", (host or ["test"])[0]), *more])
        bodyless = whole and not body
        frames = frame(HEADERS, END_HEADERS | (END_STREAM if bodyless else 0), self.stream, out)
        self.asked.append(self.stream)
        if len(body) > FIRST_WINDOW // 2:
            self.conn.write(frames, piece)
            self.conn.send_body(self.stream, body, whole)
            return
        for at in range(0, len(body), 1000):
            last = whole and at + 1000 >= len(body)
            frames += frame(DATA, END_STREAM if last else 0, self.stream, body[at:at + 1000])
        self.conn.spent += len(body)
        self.conn.write(frames, piece)

    def answer(self, method="GET", timeout=TIMEOUT):
        answer = self.conn.answer(self.asked.pop(0), timeout)
        if answer.ended == "reset":
            answer.ended = "broken"
        return answer

    def wait_bytes(self, timeout):
        self.conn.wait(lambda: False, timeout)

    def is_closed(self, timeout=20.0):
        return True  # a connection is for all streams

    def leave(self, by_reset=False):
        if not by_reset and self.asked and not self.conn.ended:
            self.conn.write(frame(RST_STREAM, 0, self.asked[-1], struct.pack(">I", ERRORS.index("CANCEL"))))
        self.conn.close(by_reset)
