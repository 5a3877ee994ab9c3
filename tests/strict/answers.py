"""Reads a stream of HTTP/1.1 answers as strictly as a row needs: where each begins and ends."""


class Answers:
    """Feed it bytes; `statuses` grows by one per complete answer (1xx left out), `bodies` with it.
    `broken` is set when what comes is not an answer."""

    def __init__(self):
        self.statuses, self.bodies, self.broken = [], [], False
        self._rest = b""

    def feed(self, piece):
        self._rest += piece
        while not self.broken and self._take():
            pass

    def _take(self):
        """One answer off the front; False when it is not there whole."""
        head, mark, rest = self._rest.partition(b"\r\n\r\n")
        if not mark:
            self.broken = bool(head) and not head.startswith(b"HTTP/1."[:len(head)])
            return False
        if not head.startswith(b"HTTP/1."):
            self.broken = True
            return False
        status, fields = int(head[9:12]), self._fields(head)
        if status < 200:
            self._rest = rest
            return True
        body, rest = self._body(status, fields, rest)
        if body is None:
            return False
        self.statuses.append(status)
        self.bodies.append(body)
        self._rest = rest
        return True

    @staticmethod
    def _fields(head):
        lines = head.split(b"\r\n")[1:]
        return {n.strip().lower(): v.strip().lower() for n, _, v in
                (line.partition(b":") for line in lines)}

    def _body(self, status, fields, rest):
        if fields.get(b"transfer-encoding") == b"chunked":
            return self._chunks(rest)
        if status == 204 or status == 304:
            return b"", rest
        if b"content-length" not in fields:  # up to the end of the connection: the last one
            return rest, b""
        size = int(fields[b"content-length"])
        return (rest[:size], rest[size:]) if len(rest) >= size else (None, rest)

    def _chunks(self, rest):
        body = b""
        while True:
            line, mark, rest = rest.partition(b"\r\n")
            if not mark:
                return None, rest
            size = int(line.split(b";")[0], 16)
            if size == 0:
                _, mark, rest = (b"\r\n" + rest).partition(b"\r\n\r\n")
                return (body, rest) if mark else (None, rest)
            if len(rest) < size + 2:
                return None, rest
            body, rest = body + rest[:size], rest[size + 2:]
