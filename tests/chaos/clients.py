"""Clients that ask without a pause and check every answer: the load of the tests in this folder.

Each client has a mark of its own, and the provider is told to answer it with a text of its own; so
an answer that belongs to another request shows. A connection is kept until the answer says that it
closes. What a client may not see: a refused or reset connection, an end without an answer, another
status than 200, another text than its own, a stream without its last event.
"""

import json
import pathlib
import sys
import threading
import time
from decimal import Decimal

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from caselib import http

TARGETS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
LAST_EVENTS = (b"data: [DONE]", b"event: response.completed", b"event: message_stop")


def body_of(target, mark, number, stream, model="small"):
    text = f"case:{mark} {'long ' * (number % 50)}?"
    body = {"model": model, "stream": stream}
    if target == TARGETS[1]:
        body["input"] = text
    else:
        body["messages"] = [{"role": "user", "content": text}]
    if target == TARGETS[2]:
        body["max_tokens"] = 64
    return json.dumps(body).encode()


def request_of(key, target, body, headers=""):
    return (
        f"POST {target} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {key}\r\n{headers}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def teach(provider, mark, acts=""):
    """What the provider says to whoever has that mark."""
    provider.script(f"on * * always\n{acts}say answer {mark} of the provider\nbuiltin\n", mark)


def wrong_answer(answer, mark, target, stream):
    """What is not right about a 200 that `mark` asked for; empty: nothing."""
    if answer.status != 200 or answer.ended != "clean":
        return f"{answer.status} {answer.ended} {bytes(answer.body[:200])!r}"
    text = answer.body
    if stream and LAST_EVENTS[TARGETS.index(target)] not in text:
        return f"a stream ends without its last event: {bytes(text[-200:])!r}"
    words = {mark, "answer", "provider"}
    missing = [word for word in words if word.encode() not in text]
    return f"not our text, {missing}: {bytes(text[-300:])!r}" if missing else ""


class Asking(threading.Thread):
    """Calls ask(turn) again and again until it is told to stop; `wrong` is what went wrong."""

    pause = 0.0

    def __init__(self, world, key, number, mark):
        super().__init__(daemon=True)
        self.world, self.key, self.number, self.mark = world, key, number, mark
        self.link, self.stopping, self.wrong = None, False, []

    def run(self):
        turn = 0
        while not self.stopping:
            try:
                self.ask(turn)
            except (OSError, AssertionError, http.Broken) as error:
                self.wrong.append(f"{self.mark} turn {turn}: {type(error).__name__} {error}")
                self.link = None
            turn += 1
            time.sleep(self.pause)
        if self.link:
            self.link.leave()


class Client(Asking):
    """`ids`: of the right answers; `kept`: how often a connection served again."""

    def __init__(self, world, key, number):
        super().__init__(world, key, number, f"m{number:03d}x")
        self.ids, self.kept = [], 0

    def connect(self):
        if self.link is None:
            self.link = http.Link(self.world.address)
        else:
            self.kept += 1

    def ask(self, turn):
        target, stream = TARGETS[(self.number + turn) % 3], turn % 2 == 0
        self.connect()
        self.link.send(
            request_of(self.key, target, body_of(target, self.mark, turn, stream)), 1 << 20
        )
        answer = self.link.answer("POST", 30)
        problem = wrong_answer(answer, self.mark, target, stream)
        if problem:
            raise AssertionError(problem)
        self.ids.append(answer.header("x-flux-request-id").replace("-", ""))
        if (answer.header("connection") or "").lower() == "close" or turn % 20 == 19:
            self.link.leave()
            self.link = None


class Crowd:
    """Some clients at once."""

    def __init__(self, world, key, count, pause=0.0):
        self.clients = [Client(world, key, number) for number in range(count)]
        for client in self.clients:
            teach(world.plain, client.mark)
            client.pause = pause

    def __enter__(self):
        for client in self.clients:
            client.start()
        return self

    def answers(self):
        return sum(len(client.ids) for client in self.clients)

    def __exit__(self, kind, *_):
        for client in self.clients:
            client.stopping = True
        for client in self.clients:
            client.join(40)
        if kind:
            self.check()

    def ids(self):
        return [i for client in self.clients for i in client.ids]

    def check(self):
        wrong = [sentence for client in self.clients for sentence in client.wrong]
        assert not wrong, f"{len(wrong)} of {self.answers()} requests failed:\n" + "\n".join(wrong[:5])


def wrong_books(rows, ids):
    """Entries against answers: each answer has one entry, and there is no other."""
    found = [row["request_id"] for row in rows if row["end"] == "ok"]
    lost, more = set(ids) - set(found), set(found) - set(ids)
    if len(found) != len(set(found)):
        return f"{len(found) - len(set(found))} entries twice"
    return f"lost {len(lost)}, more {len(more)}" if lost or more else ""


def nusd(text):
    return int(Decimal(text) * 10**9)
