"""Who dawdles over HTTP/1, in plain, under TLS and behind a proxy: each has its time, and holds up
nobody else."""

import socket
import ssl
import threading
import time

from caselib import http

HEAD = b"POST /v1/messages HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"


def drip(sock, data, gap, most):
    """Byte by byte until the other side answers or ends; (what it said, after how many seconds)."""
    began, got, at = time.monotonic(), b"", 0
    sock.settimeout(gap)
    while time.monotonic() - began < most:
        try:
            if at < len(data):
                sock.sendall(data[at:at + 1])
                at += 1
            more = sock.recv(65536)
            got += more
            if not more:
                break
        except (TimeoutError, socket.timeout, ssl.SSLWantReadError):
            continue
        except OSError:
            break
        if got:
            sock.settimeout(3)
    return got, time.monotonic() - began


def secured(world):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(world.secure))


def with_key(world, more):
    return HEAD + f"x-api-key: {world.key('slow')}\r\n{more}\r\n".encode()


def begun(sock, data):
    sock.sendall(data)
    return sock


def rows(world):
    """Title, connection, what it drips, gap in seconds, what must come, within which seconds."""
    plain = lambda: socket.create_connection(world.address)
    head = b"GET /healthz HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 1000
    length = with_key(world, "Content-Length: 1000000\r\n")
    chunks = with_key(world, "Transfer-Encoding: chunked\r\n")
    return [
        ("a head, in plain", plain(), head, 0.5, b"408", (9, 14)),
        ("a head, under TLS", secured(world), head, 0.5, b"408", (9, 14)),
        ("a TLS handshake that is not begun", socket.create_connection(world.secure), b"", 1, b"", (9, 14)),
        ("a TLS handshake, byte by byte", socket.create_connection(world.secure),
         b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 1000, 0.5, b"", (9, 14)),
        ("a PROXY header", socket.create_connection(world.proxied), b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1" + b"1" * 50, 0.5,
         b"", (9, 14)),
        ("a body of a length, a byte a second", begun(plain(), length), b" " * 1000, 1, b"408", (29, 36)),
        ("a body of a length under TLS", begun(secured(world), length), b" " * 1000, 1, b"408", (29, 36)),
        ("a body in chunks, a byte a second", begun(plain(), chunks), b"1\r\n \r\n" * 200, 1, b"408", (29, 36)),
        ("a body that does not come", begun(plain(), length), b"", 1, b"408", (29, 36)),
    ]


def announce(world):
    """Twenty bodies of 32 MB are announced; a twenty-first that comes is served."""
    head = with_key(world, "Content-Length: 33000000\r\n")
    held = [begun(socket.create_connection(world.address), head + b"{") for _ in range(20)]
    time.sleep(0.3)
    body = b'{"model":"flux-fast","messages":[{"role":"user","content":"' + b"x" * 2000000 + b'"}]}'
    link = http.Link(world.address)
    link.send(with_key(world, f"Content-Length: {len(body)}\r\n").replace(b"/v1/messages", b"/v1/messages/count_tokens")
              + body, 1 << 20)
    status = link.answer("POST").status
    for one in held:
        one.close()
    link.leave()
    return status


def check(world):
    todo = [row for row in rows(world) if not world.is_quick or row[5][0] < 20]
    results = {}

    def play(title, sock, data, gap, wanted, within):
        said, took = drip(sock, data, gap, within[1] + 5)
        fits = (wanted in said[:20] if wanted else len(said) < 20) and within[0] <= took <= within[1] + 3
        results[title] = None if fits else f"{said[:40]!r} after {took:.0f} s"

    threads = [threading.Thread(target=play, args=row) for row in todo]
    for thread in threads:
        thread.start()
    saw = announce(world)
    results["announced bodies hold up nobody"] = None if saw == 200 else f"{saw}, not 200"
    for thread in threads:
        thread.join()
    wrong = [f"{title}: {what}" for title, what in results.items() if what]
    return len(todo) + 1 - len(wrong), wrong
