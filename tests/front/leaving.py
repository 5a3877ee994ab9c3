"""How connections of HTTP/2 end when the daemon does: told first that nothing new should be begun,
then which streams are served; what runs ends by itself."""

import json
import signal
import struct
import time

from caselib import h2

from .clients import STREAM

LAST = (1 << 31) - 1


def goaways(conn):
    return [struct.unpack(">II", payload[:8]) for name, _, _, payload in conn.heard if name == "GOAWAY"]


def ask_stream(world, conn, stream, mark, key):
    world.plain.script(STREAM.replace("wait 300", "wait 2500"), mark)
    messages = [{"role": "user", "content": f"case:{mark} hi"}]
    body = json.dumps({"model": "flux-fast", "stream": True, "messages": messages})
    conn.request(stream, "/v1/chat/completions", "POST", [("authorization", f"Bearer {key}"),
                                                          ("content-type", "application/json")], end=False)
    conn.write(h2.frame(h2.DATA, h2.END_STREAM, stream, body.encode()))
    assert conn.wait(lambda: b"one" in getattr(conn.answers.get(stream), "body", b"")), "the stream does not begin"


def check(world):
    key = world.key("leaving")
    idle, busy = h2.Conn(world.secure), h2.Conn(world.secure)
    idle.request(1)
    assert idle.answer(1).status == 200
    ask_stream(world, busy, 1, "leaving", key)
    world.daemon.send_signal(signal.SIGTERM)
    saw = [("first, nothing new should be begun", busy.wait(lambda: goaways(busy)) and goaways(busy)[0], (LAST, 0))]
    busy.request(3)
    saw.append(("what is on its way is served", busy.answer(3).status, 200))
    busy.wait(lambda: len(goaways(busy)) > 1)
    saw.append(("a second later, which streams are served", goaways(busy)[1:], [(3, 0)]))
    answer = busy.answer(1)
    whole = answer.body.rstrip().endswith(b"data: [DONE]")
    saw.append(("what runs ends by itself", (answer.ended, whole), ("clean", True)))
    saw.append(("then the connection ends", busy.wait(lambda: busy.ended, 20), True))
    idle.wait(lambda: idle.ended, 20)
    saw.append(("an idle one in the same two steps", goaways(idle), [(LAST, 0), (1, 0)]))
    began = time.monotonic()
    saw.append(("the daemon ends well", world.daemon.wait(20), 0))
    saw.append(("... and soon", time.monotonic() - began < 5, True))
    world.start()
    wrong = [f"{title}: {got!r}, not {wanted!r}" for title, got, wanted in saw if got != wanted]
    return len(saw) - len(wrong), wrong
