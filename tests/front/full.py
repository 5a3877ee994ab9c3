"""One connection, or stream, too many: told so where it can be, at no cost to those that are there.
The world has connections_max: 20 and one loop."""

import socket
import time

from caselib import h2, http

MAX = 20


def dial(address):
    try:
        return http.Link(address)
    except OSError:  # refused as soon as it was there
        return None


def count_refused(world, address, more):
    """Opens so many connections beyond the maximum; what became of those, and of one of the first."""
    held, ends = [], []
    for i in range(MAX + more):
        held.append(dial(address))
        time.sleep(0.002)
    for link in held[MAX:]:
        if link is None:
            ends.append(b"closed")
            continue
        link.wait_bytes(0.3)
        ends.append(bytes(link.data[9:12]) if link.data else b"closed" if link.ended else b"open")
    held[0].send(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n", 100)
    first = held[0].answer().status
    for link in filter(None, held):
        link.leave()
    return ends, first


def rest(world):
    """Until the daemon has seen that they are gone."""
    deadline = time.monotonic() + 30
    while world.gauges().get("fluxrouter_client_connections") and time.monotonic() < deadline:
        time.sleep(0.02)


def streams(world):
    conn = h2.Conn(world.secure)
    conn.wait(lambda: conn.acked)
    ask = [("x-api-key", world.key("full"))]
    for i in range(MAX + 10):
        conn.request(2 * i + 1, "/v1/messages", "POST", ask, end=False)
    refused = lambda: [s for s, a in conn.answers.items() if getattr(a, "rst", "") == "REFUSED_STREAM"]
    conn.wait(lambda: len(refused()) >= 10, 20)
    conn.write(h2.frame(h2.DATA, h2.END_STREAM, 1, b"{}"))
    saw = len(refused()), min(refused(), default=0), conn.answer(1).status
    conn.close()
    return saw


def check(world):
    saw = [("HTTP/1.1 in plain is told so", count_refused(world, world.address, 3), ([b"503"] * 3, 200))]
    rest(world)
    ends, _ = count_refused(world, world.proxied, 3)
    saw.append(("where nobody would understand, it is closed", ends, [b"closed"] * 3))
    rest(world)
    saw.append(("streams beyond are refused, to be sent again", streams(world), (10, 2 * MAX + 1, 400)))
    rest(world)
    saw.append(("then there is room", http.ask(world.address, "GET", "/healthz").status, 200))
    wrong = [f"{title}: {got!r}, not {wanted!r}" for title, got, wanted in saw if got != wanted]
    return len(saw) - len(wrong), wrong
