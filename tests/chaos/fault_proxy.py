"""A proxy in front of the scripted provider that breaks things on purpose.

What breaks is told by the request's text, "lane:PHASE.FAULT:" ; where no request has been read yet
(connect, tls) each fault has a port of its own. Answers are fetched whole from the provider and
said again in pieces, so that a fault comes at an exact place:

    body      after the request's head and some of its body
    head      in the middle of the answer's head
    before    behind the head and all events before the first content
    middle    behind the first event with content; in the middle of an answer that is no stream
    end       before the last event; before the last byte
    after     when everything was said
"""

import asyncio
import socket
import struct
import threading

from caselib import http

FAULTS = {
    "connect": ("refuse", "reset", "close", "half-close", "garbage", "stall"),
    "tls": ("refuse", "reset", "close", "half-close", "garbage", "truncate", "stall", "slow"),
}
CONTENT = b"alpha"  # the first word of what the provider is told to say
LAST = (b"data: [DONE]", b"event: response.completed", b"event: message_stop")
GARBAGE = b"\x00\xff\x13garbage \r\r\n\x80\r\n\r\n"
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # TLS: fatal, handshake_failure (RFC 8446 6)
SLOW_PIECES, SLOW_S = 8, 0.02


def lane_of(data):
    """(phase, fault) that a request asks for; (None, None): none."""
    at = data.find(b"lane:")
    if at < 0:
        return None, None
    phase, _, fault = data[at + 5 : at + 40].split(b":")[0].decode().partition(".")
    return phase, fault


def split_answer(head, body):
    """What stands before each place, as a list of (place, bytes)."""
    events = [e + b"\n\n" for e in body.split(b"\n\n") if e.strip()]
    if b"event-stream" not in head:
        half = len(body) // 2
        return [("before", b""), ("middle", body[:half]), ("end", body[half:-1]), ("after", body[-1:])]
    first = next(i for i, e in enumerate(events) if CONTENT in e)
    last = next(i for i, e in enumerate(events) if e.startswith(LAST))
    return [
        ("before", b"".join(events[:first])),
        ("middle", events[first]),
        ("end", b"".join(events[first + 1 : last])),
        ("after", b"".join(events[last:])),
    ]


class Peer:
    """One connection from the daemon."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    def socket(self):
        return self.writer.get_extra_info("socket")

    async def say(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def say_slowly(self, data):
        step = max(1, len(data) // SLOW_PIECES)
        for at in range(0, len(data), step):
            await self.say(data[at : at + step])
            await asyncio.sleep(SLOW_S)

    async def wait_for_end(self):
        while await self.reader.read(1 << 16):
            pass

    async def fault(self, fault):
        """Breaks the connection; the caller closes it."""
        if fault == "reset":
            linger = struct.pack("ii", 1, 0)
            self.socket().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        elif fault == "half-close":
            self.writer.write_eof()
            await self.wait_for_end()
        elif fault == "garbage":
            await self.say(GARBAGE)
            await self.wait_for_end()
        elif fault == "stall":
            await asyncio.sleep(100)  # longer than anybody waits

    async def request(self):
        """Head and body of the next request; faults of phase `body` happen here."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(http.parse_fields(head.split(b"\r\n", 1)[1][:-4]) and self.length_of(head))
        body = await self.reader.readexactly(min(length, 8192))
        phase, fault = lane_of(body)
        if phase == "body" and fault != "slow":
            await self.fault(fault)
            raise ConnectionError
        for _ in range(SLOW_PIECES if phase == "body" else 0):
            body += await self.reader.readexactly(min(length - len(body), 8192))
            await asyncio.sleep(SLOW_S)
        body += await self.reader.readexactly(length - len(body))
        return head, body

    @staticmethod
    def length_of(head):
        fields = http.parse_fields(head.split(b"\r\n", 1)[1][:-4])
        return [v for n, v in fields if n.lower() == "content-length"][0]


class FaultProxy:
    """A thread with all the listeners. ports: "lanes", and "PHASE.FAULT" of connect and tls."""

    def __init__(self, provider_port, tls_port):
        self.provider, self.tls = provider_port, tls_port
        self.ports, self.held, self.tasks = {}, [], set()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        asyncio.run_coroutine_threadsafe(self.listen(), self.loop).result(10)

    async def listen(self):
        await self.serve("lanes", self.serve_lanes)
        for phase, faults in FAULTS.items():
            for fault in faults:
                if phase == "connect" and fault in ("refuse", "stall"):
                    self.ports[f"connect.{fault}"] = self.dead_port(fault)
                else:
                    serve = self.serve_connect if phase == "connect" else self.serve_tls
                    await self.serve(f"{phase}.{fault}", serve, fault)

    async def serve(self, name, run, *arguments):
        async def on_connection(reader, writer):
            # asyncio itself keeps none whose peer has closed, and may drop it in the middle
            self.tasks.add(task := asyncio.current_task())
            peer = Peer(reader, writer)
            try:
                await run(peer, *arguments)
            except (OSError, EOFError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()
                self.tasks.remove(task)

        server = await asyncio.start_server(on_connection, "127.0.0.1", 0, backlog=1000)
        self.held.append(server)
        self.ports[name] = server.sockets[0].getsockname()[1]

    def dead_port(self, fault):
        """Bound and not listening: refused. Listening, with a queue that is full: SYNs are dropped."""
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        self.held.append(s)
        if fault == "stall":
            s.listen(0)
            for _ in range(4):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(s.getsockname())
                self.held.append(filler)
        return s.getsockname()[1]

    async def serve_connect(self, peer, fault):
        await peer.fault(fault)

    async def serve_tls(self, peer, fault):
        hello = await peer.reader.read(1 << 16)
        if fault == "refuse":
            await peer.say(ALERT)
        elif fault in ("truncate", "slow"):
            await self.pass_tls(peer, hello, fault)
        else:
            await peer.fault(fault)

    async def pass_tls(self, peer, hello, fault):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.tls)
        writer.write(hello)
        answer = await reader.read(1 << 16)
        if fault == "truncate":
            await peer.say(answer[:40])
            writer.close()
            return
        await peer.say_slowly(answer)
        await asyncio.gather(self.copy(reader, peer.writer), self.copy(peer.reader, writer))

    @staticmethod
    async def copy(reader, writer):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def fetch(self, head, body):
        """The provider's own answer to that request: its head and its body, without framing."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.provider)
        writer.write(head + body)
        data, parsed = b"", None
        while not parsed:
            data += await reader.read(1 << 16)
            parsed = http.parse_answer(data, "POST", False)
        writer.close()
        answer = parsed[0]
        kept = [(n, v) for n, v in answer.headers if n.lower() == "content-type"]
        lines = [b"HTTP/1.1 %d OK" % answer.status] + [f"{n}: {v}".encode() for n, v in kept]
        return b"\r\n".join(lines) + b"\r\n", answer.body

    async def serve_lanes(self, peer):
        while True:
            head, body = await peer.request()
            phase, fault = lane_of(body)
            answer_head, answer = await self.fetch(head, body)
            await self.answer(peer, phase, fault, answer_head, answer)
            if phase == "after" and fault != "stall":
                return

    async def answer(self, peer, phase, fault, head, body):
        chunked = b"event-stream" in head or fault in ("truncate", "garbage")
        framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
        head += framing + b"\r\n\r\n"
        if phase == "head":
            await peer.say(head[:30])
            if fault != "slow":
                await peer.fault(fault)
                raise ConnectionError
            await peer.say_slowly(head[30:])
        else:
            await peer.say(head)
        frame = (lambda data: b"%x\r\n%s\r\n" % (len(data), data)) if chunked else (lambda data: data)
        for place, data in split_answer(head, body):
            if data:
                await peer.say(frame(data))
            if place == phase != "after":
                await self.break_off(peer, fault, chunked, frame)
        rest = b"0\r\n\r\n" if chunked else b""
        if phase == "after" and fault == "garbage":
            rest += GARBAGE
        await peer.say(rest)
        if phase == "after" and fault == "reset":
            await peer.fault(fault)

    async def break_off(self, peer, fault, chunked, frame):
        if fault == "slow":
            await asyncio.sleep(SLOW_S * SLOW_PIECES)
            return
        if fault == "garbage":
            await peer.say(frame(b"\n\ndata: {" + GARBAGE + b"\n\n") + b"0\r\n\r\n")
        elif fault == "truncate":
            await peer.say(b"0\r\n\r\n")
        else:
            await peer.fault(fault)
        raise ConnectionError
