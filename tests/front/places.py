"""Places (requests_max) that several requests leave in one turn of the loop: as many of those that wait go in.
The world has one loop, four places and a long wait."""

import json
import time

from caselib import h2

PLACES = 4
STREAM = ('on * * always\nstatus 200\nsse\ndata {"choices":[{"index":0,"delta":{"content":"begun"}}]}\nstall\n')


def begin(conn, world, count):
    """Streams that begin where they find a place, and do not end."""
    body = json.dumps({"model": "flux-fast", "stream": True, "messages": [{"role": "user", "content": "case:places"}]})
    fields = [("authorization", f"Bearer {world.key('places')}"), ("content-type", "application/json")]
    for stream in range(1, 2 * count, 2):
        conn.request(stream, "/v1/chat/completions", "POST", fields, end=False)
        conn.write(h2.frame(h2.DATA, h2.END_STREAM, stream, body.encode()))


def begun(conn, count, wait):
    """How many have, once so many have or the time is up."""
    seen = lambda: sum(b"begun" in answer.body for answer in conn.answers.values())
    conn.wait(lambda: seen() >= count, wait)
    return seen()


def check(world):
    world.plain.script(STREAM, "places")
    inside, waiting = h2.Conn(world.secure), h2.Conn(world.secure)
    begin(inside, world, PLACES)
    saw = [("there is room for", begun(inside, PLACES, 20), PLACES)]
    begin(waiting, world, PLACES)
    saw.append(("and for no other", begun(waiting, 1, 0.5), 0))
    inside.close()  # one event: all its streams are gone
    began = time.monotonic()
    saw.append(("their places go to", begun(waiting, PLACES, 20), PLACES))
    saw.append(("at once", time.monotonic() - began < 15, True))  # else after the 20 s of queue_wait
    waiting.close()
    wrong = [f"{title}: {got!r}, not {wanted!r}" for title, got, wanted in saw if got != wanted]
    return len(saw) - len(wrong), wrong
