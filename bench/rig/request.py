"""The requests of the rig, as bytes, and a plain client that checks what an engine answers.

Every engine gets the same bytes. The command to the stub (bench/canned.h) travels in the field
"user", which nobody on the way has a reason to touch.
"""

import json
import socket

QUESTION = ("Please read the following paragraph and tell me in one sentence what it is about. "
            "The harbour was quiet in the morning, and the boats lay side by side along the pier. ")


def body(command, model, total_bytes=1024):
    """A chat completion request of exactly total_bytes."""
    document = {"model": model, "user": "stub:" + command}
    if not command.startswith("json"):
        document.update(stream=True, stream_options={"include_usage": True})
    document["max_tokens"] = 2000
    document["messages"] = [{"role": "system", "content": "You are a helpful assistant."},
                            {"role": "user", "content": ""}]
    room = total_bytes - len(json.dumps(document))
    if room < 0:
        raise ValueError(f"a request of {total_bytes} bytes has no room for the command")
    document["messages"][1]["content"] = (QUESTION * (room // len(QUESTION) + 1))[:room]
    return json.dumps(document).encode()


def request(command, model, key, total_bytes=1024):
    """Head and body, with the fields that an OpenAI SDK sends."""
    content = body(command, model, total_bytes)
    head = ("POST /v1/chat/completions HTTP/1.1\r\n"
            "Host: 127.0.0.1\r\n"
            "Accept: application/json\r\n"
            "Content-Type: application/json\r\n"
            "User-Agent: OpenAI/Python 2.8.0\r\n"
            "X-Stainless-Lang: python\r\n"
            "X-Stainless-Package-Version: 2.8.0\r\n"
            "X-Stainless-OS: Linux\r\n"
            "X-Stainless-Arch: x64\r\n"
            "X-Stainless-Runtime: CPython\r\n"
            "X-Stainless-Runtime-Version: 3.11.2\r\n"
            f"Authorization: Bearer {key}\r\n"
            f"Content-Length: {len(content)}\r\n\r\n")
    return head.encode() + content


def fetch(port, raw, timeout=5.0):
    """Sends raw on a new connection, gives (status, fields, body without framing)."""
    with socket.create_connection(("127.0.0.1", port), timeout) as s:
        s.sendall(raw)
        with s.makefile("rb") as lines:
            return _read_answer(lines)


def _read_answer(lines):
    first = lines.readline().split()
    if len(first) < 2:
        raise ConnectionError("no answer")
    status, fields = int(first[1]), {}
    for line in iter(lines.readline, b"\r\n"):
        if not line:
            raise ConnectionError("cut in the head")
        name, _, value = line.decode("latin-1").partition(":")
        fields[name.lower()] = value.strip()
    if fields.get("transfer-encoding", "").lower() != "chunked":
        return status, fields, lines.read(int(fields.get("content-length", 0)))
    pieces = []
    while True:
        size = int(lines.readline().split(b";")[0], 16)
        pieces.append(lines.read(size))
        lines.readline()
        if size == 0:
            return status, fields, b"".join(pieces)


def check(port, raw, command):
    """Raises unless the engine relays the stub's answer whole: JSON that parses, all events."""
    status, _, content = fetch(port, raw)
    verb, count = command.split(":")[:2]
    if status != 200:
        raise AssertionError(f"status {status}: {content[:300]!r}")
    if verb == "json":
        document = json.loads(content)
        if document["usage"]["completion_tokens"] != 1000 or len(content) < int(count):
            raise AssertionError("the answer is not the stub's")
    elif content.count(b"\n\n") != int(count) + 3 or not content.endswith(b"data: [DONE]\n\n"):
        raise AssertionError(f"{content.count(b'data: ')} events instead of {int(count) + 3}")
    return len(content)
