"""Plays one case in one way: whole in pieces, with the client leaving, with the provider dying."""

import re
import time

from . import check
from .http import Broken
from .text import unescape

PIECES = (1, 7, 4096)
GONE_WITHIN_MS = 3000


class Way:
    """name; client and provider piece; what goes wrong on the way."""

    def __init__(self, name, client_piece, provider_piece, mishap=None):
        self.name, self.client_piece, self.provider_piece, self.mishap = (
            name,
            client_piece,
            provider_piece,
            mishap,
        )


def ways_of(case, long):
    ways = []
    if case.runs is None or "split" in case.runs:
        ways += [Way(f"pieces {a}/{b}", a, b) for a in PIECES for b in PIECES if long or a == b]
    if case.runs is not None and "once" in case.runs:
        ways.append(Way("once", 65536, 65536))
    single = (
        len(case.exchanges) == 1
        and len(case.exchanges[0].hears) == 1
        and not hasattr(case.exchanges[0].send, "raw")
    )
    plain = single and [g.rest.split()[0] for g in case.exchanges[0].gets] == ["200"]
    if case.runs is None and plain:
        ways += [
            Way("client leaves while asking", 4096, 4096, "gone-asking"),
            Way("client leaves while hearing", 4096, 4096, "gone-hearing"),
            Way("client resets while hearing", 4096, 4096, "reset-hearing"),
            Way("provider closes half way", 4096, 4096, "die"),
            Way("provider resets half way", 4096, 4096, "die-reset"),
        ]
    return ways


class Replay:
    def __init__(self, world, case, way, key, account, half):
        self.world, self.case, self.way, self.key = world, case, way, key
        self.api_key = world.key(account, case.terms)
        self.half = half  # bytes of the provider's answer to die after
        self.wrong, self.entries = [], []  # entries: (request id or None, words)
        self.sent_bytes = 0
        self.link = None

    def fill(self, text):
        text = text.replace("$CASE", f"case:{self.key}").replace("$KEY", self.api_key)
        text = re.sub(r"\$NEST\((\d+)\)", lambda m: "[" * int(m.group(1)), text)
        text = re.sub(r"\$NEST\((\d+)\)", lambda m: "[" * int(m.group(1)), text)
        text = re.sub(r"\$ONES\((\d+)\)", lambda m: "1" * int(m.group(1)), text)
        return re.sub(r"\$FILL\((\d+)\)", lambda m: "x" * int(m.group(1)), text)

    # ---- the client's bytes

    def request(self, send):
        """(bytes, method, target, body)"""
        if hasattr(send, "raw"):
            text = "\r\n".join(self.fill(line) for line in send.raw)
            data = unescape(text)
            if b"\r\n\r\n" not in data:
                data += b"\r\n\r\n"
            words = data.split(b"\r\n")[0].decode("latin-1").split(" ")
            return (
                data,
                words[0],
                words[1] if len(words) > 1 else "",
                data.partition(b"\r\n\r\n")[2],
            )
        method, target = send.rest.split()[:2]
        body = self.fill(send.one("body", send.one("json", ""))).encode()
        if send.has("bytes"):
            body = unescape(self.fill(send.one("bytes")))
        fields = {"Host": "test"}
        if not send.has("no-key"):
            fields["Authorization"] = f"Bearer {self.api_key}"
        if method == "POST" and not send.has("no-body"):
            fields["Content-Type"] = "application/json"
            if send.has("chunked"):
                fields["Transfer-Encoding"] = "chunked"
            else:
                fields["Content-Length"] = str(len(body))
        for line in send.all("header"):
            name, _, value = line.partition(":")
            for old in [n for n in fields if n.lower() == name.strip().lower()]:
                del fields[old]
            fields[name.strip()] = self.fill(value.strip())
        for name in send.all("no-header"):
            fields = {n: v for n, v in fields.items() if n.lower() != name.lower()}
        head = (
            f"{method} {target} HTTP/1.1\r\n"
            + "".join(f"{n}: {v}\r\n" for n, v in fields.items())
            + "\r\n"
        )
        sent = body
        if send.has("chunked"):
            size = int(send.one("chunked") or 10)
            parts = [body[i : i + size] for i in range(0, len(body), size)]
            sent = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"
        return head.encode() + sent, method, self.fill(target), body

    # ---- the provider's script

    def provider(self):
        return getattr(self.world, self.case.provider)

    def script(self, exchange):
        says = exchange.says or (["builtin\n"] * len(exchange.hears))
        text = ""
        for one in says:
            one = self.fill(one)
            if not one.lstrip().startswith("on "):
                one = "on *\n" + one
            text += self.with_mishap(one)
        return text

    def with_mishap(self, rule):
        lines = rule.split("\n")
        at = 2 if len(lines) > 1 and lines[1].strip().startswith("read ") else 1
        extra = [f"piece {self.way.provider_piece}"] if self.way.provider_piece < 65536 else []
        extra += {
            "die": [f"die {self.half}"],
            "die-reset": [f"die {self.half} reset"],
            "gone-hearing": [f"die {self.half} stall"],
            "reset-hearing": [f"die {self.half} stall"],
        }.get(self.way.mishap, [])
        return "\n".join(lines[:at] + extra + lines[at:])

    # ---- one exchange

    def records(self, count, timeout=20.0):
        deadline = time.monotonic() + timeout
        while True:
            found = self.provider().log(self.key)
            if len(found) >= count or time.monotonic() > deadline:
                return found
            time.sleep(0.005)

    def play(self):
        try:
            for number, exchange in enumerate(self.case.exchanges):
                self.key_of_exchange(number)
                if exchange.hears:
                    self.provider().script(self.script(exchange), self.key)
                self.play_exchange(exchange)
                if exchange.hears:
                    self.provider().forget(self.key)
                if self.wrong:
                    break
        except (OSError, Broken) as problem:
            self.wrong.append(f"{type(problem).__name__}: {problem}")
        if self.link:
            self.link.leave()
        return self.wrong

    def key_of_exchange(self, number):
        self.key = self.key.split(".")[0] + (f".{number}" if number else "")

    def play_exchange(self, exchange):
        data, method, target, body = self.request(exchange.send)
        time.sleep(float(exchange.send.one("after", 0)) / 1000)
        if self.link is None:
            self.link = self.world.link()
        if exchange.send.has("leaves"):
            self.play_leaving(exchange, data)
            return
        play = {
            None: self.play_whole,
            "gone-asking": self.play_gone_asking,
            "gone-hearing": self.play_gone_hearing,
            "reset-hearing": self.play_gone_hearing,
        }.get(self.way.mishap, self.play_dying)
        play(exchange, data, method, target, body)
        if exchange.closes and self.link and not self.link.is_closed():
            self.wrong.append("the daemon leaves the connection open")

    def expect_entries(self, exchange, request_id):
        blocks = [b.rest.split() for b in exchange.entries if b.rest.strip() != "none"]
        if not exchange.entries:
            blocks = [["*"]] * len(exchange.hears)
        self.entries += [(request_id, words) for words in blocks]

    def play_whole(self, exchange, data, method, target, body):
        said = check.said_body(self.fill(exchange.says[-1])) if exchange.says else b""
        head = data.partition(b"\r\n\r\n")[0]
        self.link.send(data, self.way.client_piece)
        request_id = None
        for block in exchange.gets:
            answer = self.link.answer(method)
            request_id = answer.header("x-flux-request-id") or request_id
            self.wrong += check.check_answer(block, answer, target, head, said)
        records = self.records(len(exchange.hears)) if exchange.hears else []
        most = len(exchange.hears) + sum(block.has("perhaps-again") for block in exchange.hears)
        if not len(exchange.hears) <= len(records) <= most:
            self.wrong.append(
                f"the provider heard {len(records)} requests, not {len(exchange.hears)}"
            )
        for block, record in zip(exchange.hears, records):
            self.wrong += check.check_heard(block, record, body)
            self.sent_bytes = record["sent_bytes"]
        self.expect_entries(exchange, request_id)

    def play_leaving(self, exchange, data):
        """The client leaves so long after it has asked; what the provider was asked ends at once."""
        words = exchange.send.one("leaves").split()
        self.link.send(data, self.way.client_piece)
        self.link.wait_bytes(0.001)
        time.sleep(float(words[0]) / 1000)
        self.link.leave(by_reset="reset" in words)
        self.link, left = None, time.monotonic()
        records = self.records(len(exchange.hears))
        took_ms = (time.monotonic() - left) * 1000
        if len(records) != len(exchange.hears):
            self.wrong.append(
                f"the provider heard {len(records)} requests to their end, not {len(exchange.hears)}"
            )
        elif took_ms > GONE_WITHIN_MS:
            self.wrong.append(f"the provider's connection was closed only after {took_ms:.0f} ms")
        for block, record in zip(exchange.hears, records):
            self.wrong += check.check_heard(block, record, b"")
        self.expect_entries(exchange, None)

    def play_gone_asking(self, exchange, data, method, target, body):
        self.link.send(data, self.way.client_piece, until=len(data) - max(1, len(body) // 2))
        time.sleep(0.01)
        self.link.leave()
        self.link = None

    def play_gone_hearing(self, exchange, data, method, target, body):
        self.link.send(data, self.way.client_piece)
        if not self.provider().stalls(self.key):
            self.wrong.append("the provider did not get to the middle of its answer")
        self.link.wait_bytes(0.01)
        left = time.monotonic()
        self.link.leave(by_reset=self.way.mishap == "reset-hearing")
        self.link = None
        records = self.records(1)
        took_ms = (time.monotonic() - left) * 1000
        if not records:
            self.wrong.append("the provider's connection stays open after the client has left")
        elif not records[0]["ended"].startswith("peer_"):
            self.wrong.append(f"the provider's exchange ended {records[0]['ended']}")
        elif took_ms > GONE_WITHIN_MS:
            self.wrong.append(f"the provider's connection was closed only after {took_ms:.0f} ms")
        self.entries.append((None, ["client_gone"]))

    def play_dying(self, exchange, data, method, target, body):
        self.link.send(data, self.way.client_piece)
        answer = self.link.answer(method)
        records = self.records(1)
        if len(records) != 1:
            self.wrong.append(f"the provider heard {len(records)} requests, not 1")
        if answer.status == 200:
            is_stream = "event-stream" in (answer.header("content-type") or "")
            if answer.ended == "clean" or not is_stream:
                self.wrong.append(
                    f"the client got a whole answer from half of one: {answer.body[-200:]!r}"
                )
        elif answer.status in (502, 504):
            head = data.partition(b"\r\n\r\n")[0]
            self.wrong += check.check_always(answer, target, head)
        else:
            self.wrong.append(f"status {answer.status} ({answer.ended}), not 200 broken or 502")
        self.entries.append((answer.header("x-flux-request-id"), ["broken|provider_failed"]))
