"""The provider behind everything: answers each chat request and records which ones it saw.

It reads plain, correct HTTP/1.1 only: what a proxy sends on. `sloppy` makes it read a field name
with underscores as one with dashes, as some application servers do: with that the smuggling check
must find something, or it finds nothing at all.
"""

import json
import re
import socket
import threading


class Backend:
    def __init__(self, sloppy=False):
        self.sloppy = sloppy
        self.seen = []  # ids in the order of arrival
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as lines:
            try:
                while self._serve_one(connection, lines):
                    pass
            except (OSError, ValueError):
                pass

    def _serve_one(self, connection, lines):
        first = lines.readline()
        if not first.strip():
            return False
        fields = {}
        for line in iter(lines.readline, b"\r\n"):
            if not line:
                return False
            name, _, value = line.partition(b":")
            name = name.strip().lower()
            fields[name.replace(b"_", b"-") if self.sloppy else name] = value.strip().lower()
        ident = self._ident(first, self._body(fields, lines))
        self.seen.append(ident)
        connection.sendall(answer(ident))
        return True

    @staticmethod
    def _body(fields, lines):
        if fields.get(b"transfer-encoding") != b"chunked":
            return lines.read(int(fields.get(b"content-length", 0)))
        body = b""
        while True:
            size = int(lines.readline().split(b";")[0], 16)
            body += lines.read(size)
            if size == 0:
                for _ in iter(lines.readline, b"\r\n"):
                    pass
                return body
            lines.readline()

    @staticmethod
    def _ident(first, body):
        try:
            return json.loads(body)["user"]
        except (ValueError, KeyError, TypeError):
            found = re.search(rb"id=([a-z]+-\d+)", first)
            return found.group(1).decode() if found else "?"


def answer(ident):
    body = json.dumps({
        "id": "chatcmpl-strict", "object": "chat.completion", "created": 1764000000,
        "model": "strict", "choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": ident}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}).encode()
    return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body)
