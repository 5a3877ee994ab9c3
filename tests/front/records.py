"""TLS records that come together: a head and its body are two, and one packet may hold both."""

import socket
import ssl

BODY = b'{"model":"flux-fast","messages":[{"role":"user","content":"case:records"}],"max_tokens":9}'
HEAD = "POST /v1/messages HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nx-api-key: {}\r\n{}\r\n\r\n"


class Records:
    """A TLS client whose records are kept until they are sent."""

    def __init__(self, address):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.come, self.go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.come, self.go)
        self.socket = socket.create_connection(address)
        self.socket.settimeout(5)
        while True:
            try:
                self.tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.hear()
        self.socket.sendall(self.go.read())

    def hear(self):
        self.socket.sendall(self.go.read())
        self.come.write(self.socket.recv(65536))

    def send(self, *pieces):
        for piece in pieces:
            self.tls.write(piece)
        self.socket.sendall(self.go.read())

    def answer(self):
        got = b""
        try:
            while b"\r\n\r\n" not in got:
                try:
                    got += self.tls.read(65536)
                except ssl.SSLWantReadError:
                    self.hear()
        except (OSError, ssl.SSLError) as what:
            return repr(what).encode()
        return got


def check(world):
    key, wrong = world.key("records"), []
    length = HEAD.format(key, f"Content-Length: {len(BODY)}").encode()
    chunked = HEAD.format(key, "Transfer-Encoding: chunked").encode()
    chunks = [b"%x\r\n%s\r\n" % (len(BODY), BODY), b"0\r\n\r\n"]
    todo = {"of a length": [length, BODY], "of a length, byte by byte": [length] + [bytes([b]) for b in BODY],
            "in chunks": [chunked] + chunks, "two requests": [length, BODY, length, BODY]}
    for title, pieces in todo.items():
        link = Records(world.secure)
        link.send(*pieces)
        said = link.answer()
        if not said.startswith(b"HTTP/1.1 200 "):
            wrong.append(f"a body {title} in one packet with its head: {said[:60]!r}")
        link.socket.close()
    return len(todo) - len(wrong), wrong
