"""The table of hostile and of merely unusual HTTP/1.1 input.

Every row is one connection's bytes: a chat request shaped by the row, and behind it a plain request
(the tail) whose fate shows whether the server still trusts its own idea of where messages end.

    ACCEPT   both are answered with 200
    REFUSE   answered with an error that can be read, nothing goes on to the provider, and the
             connection is closed
    EITHER   the RFC leaves it open or servers differ: only boundaries must be agreed on
    DENY     well formed, but nobody here serves it: no 2xx, the tail may be served or not
    WAIT     incomplete for ever, sent without a tail: no 2xx, nothing goes on

Sections are of RFC 9112 unless said otherwise. Ids are unique per sending, in the query and in the
body, so that whoever sees a request can be asked which one it was.
"""

import itertools
import json

ACCEPT, REFUSE, EITHER, DENY, WAIT = "accept", "refuse", "either", "deny", "wait"

PATH = "/v1/chat/completions"
_numbers = itertools.count(1)


def new_id(kind):
    return f"{kind}-{next(_numbers):06d}"


def body_of(ident):
    return json.dumps({"model": "flux-fast", "user": ident,
                       "messages": [{"role": "user", "content": "Say yes."}]}).encode()


class Sending:
    """One row made concrete: the bytes, and the ids of its requests."""

    def __init__(self, key):
        self.key = key
        self.first, self.tail, self.hidden = new_id("first"), new_id("tail"), new_id("hidden")

    def body(self):
        return body_of(self.first)

    def target(self, ident=None):
        return f"{PATH}?id={ident or self.first}".encode()

    def fields(self):
        return (b"Authorization: Bearer " + self.key.encode() + b"\r\n"
                b"Content-Type: application/json\r\n")

    def whole(self, ident):
        """A plain, correct request."""
        content = body_of(ident)
        return (b"POST " + self.target(ident) + b" HTTP/1.1\r\nHost: a\r\n" + self.fields()
                + b"Content-Length: %d\r\n\r\n" % len(content) + content)


def chunk(content, size=None, end=b"\r\n", line_end=b"\r\n"):
    size = b"%x" % len(content) if size is None else size
    return size + line_end + content + end


# --- shapes: each gives the first request of a Sending ------------------------------------------

def line(text, host=b"Host: a\r\n"):
    """A request line of its own; %T stands for the target."""
    def build(s):
        content = s.body()
        return (text.replace(b"%T", s.target()) + b"\r\n" + host + s.fields()
                + b"Content-Length: %d\r\n\r\n" % len(content) + content)
    return build


def length(*values, more=b""):
    """Content-Length fields; %N stands for the right number."""
    def build(s):
        content = s.body()
        lines = b"".join(b"Content-Length:" + v.replace(b"%N", b"%d" % len(content)) + b"\r\n"
                         for v in values)
        return (b"POST " + s.target() + b" HTTP/1.1\r\nHost: a\r\n" + s.fields() + lines + more
                + b"\r\n" + content)
    return build


def field(extra, framing=b"Content-Length: %N\r\n", version=b"HTTP/1.1"):
    """Lines of its own in a request that is else correct."""
    def build(s):
        content = s.body()
        return (b"POST " + s.target() + b" " + version + b"\r\nHost: a\r\n" + s.fields() + extra
                + framing.replace(b"%N", b"%d" % len(content)) + b"\r\n" + content)
    return build


def hosts(lines, version=b"HTTP/1.1"):
    def build(s):
        content = s.body()
        return (b"POST " + s.target() + b" " + version + b"\r\n" + lines + s.fields()
                + b"Content-Length: %d\r\n\r\n" % len(content) + content)
    return build


def coding(lines, version=b"HTTP/1.1"):
    """Transfer-Encoding lines of its own before a correctly chunked body."""
    return chunked(lambda c: chunk(c) + b"0\r\n\r\n", lines, version)


def chunked(make, lines=b"Transfer-Encoding: chunked\r\n", version=b"HTTP/1.1"):
    """A body of its own shape below a correct chunked head."""
    def build(s):
        return (b"POST " + s.target() + b" " + version + b"\r\nHost: a\r\n" + s.fields() + lines
                + b"\r\n" + make(s.body()))
    return build


def hiding(lines, inside):
    """A request whose body, read with the other framing, holds a whole second request. `inside`
    gets (outer body, hidden request) and gives (length to announce, body bytes)."""
    def build(s):
        announced, content = inside(s.body(), s.whole(s.hidden))
        return (b"POST " + s.target() + b" HTTP/1.1\r\nHost: a\r\n" + s.fields()
                + lines.replace(b"%N", b"%d" % announced) + b"\r\n" + content)
    return build


def cl_te(outer, hidden):
    content = chunk(outer) + b"0\r\n\r\n" + hidden
    return len(content), content


def te_cl(outer, hidden):
    size = b"%x\r\n" % len(outer + hidden)
    return len(size) + len(outer), chunk(outer + hidden) + b"0\r\n\r\n"


def after_body(outer, hidden):
    return len(outer + hidden), outer + hidden


def lf_only(s):
    return line(b"POST %T HTTP/1.1")(s).replace(b"\r\n", b"\n")


def cr_only(s):
    return line(b"POST %T HTTP/1.1")(s).replace(b"\r\n", b"\r")


def get_with_body(s):
    hidden = s.whole(s.hidden)
    return (b"GET /v1/models?id=" + s.first.encode() + b" HTTP/1.1\r\nHost: a\r\n" + s.fields()
            + b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden)


def cut_body(s):
    return line(b"POST %T HTTP/1.1")(s)[:-10]


def raw(text):
    return lambda s: text


BIG = 64 << 10

LINES = [
    ("plain", ACCEPT, line(b"POST %T HTTP/1.1")),
    ("empty line before the request (2.2)", EITHER, line(b"\r\nPOST %T HTTP/1.1")),
    ("absolute form (3.2.2)", ACCEPT, line(b"POST http://a%T HTTP/1.1")),
    ("absolute form, other host", EITHER, line(b"POST http://b%T HTTP/1.1")),
    ("two spaces in the line (3)", REFUSE, line(b"POST  %T HTTP/1.1")),
    ("tab in the line", REFUSE, line(b"POST\t%T HTTP/1.1")),
    ("space behind the version", REFUSE, line(b"POST %T HTTP/1.1 ")),
    ("space before the method", REFUSE, line(b" POST %T HTTP/1.1")),
    ("space in the target", REFUSE, line(b"POST %T x HTTP/1.1")),
    ("no version (HTTP/0.9)", REFUSE, line(b"POST %T")),
    ("HTTP/2.0", REFUSE, line(b"POST %T HTTP/2.0")),
    ("HTTP/1.2", EITHER, line(b"POST %T HTTP/1.2")),
    ("HTTP/1.10", REFUSE, line(b"POST %T HTTP/1.10")),
    ("HTTP/1.1x", REFUSE, line(b"POST %T HTTP/1.1x")),
    ("http/1.1", REFUSE, line(b"POST %T http/1.1")),
    ("HTTP/1,1", REFUSE, line(b"POST %T HTTP/1,1")),
    ("no method", REFUSE, line(b"%T HTTP/1.1")),
    ("method with a bad character", REFUSE, line(b"PO(ST %T HTTP/1.1")),
    ("method in lower case", DENY, line(b"post %T HTTP/1.1")),
    ("target without slash", REFUSE, line(b"POST v1/x HTTP/1.1")),
    ("fragment in the target", REFUSE, line(b"POST %T#x HTTP/1.1")),
    ("NUL in the target", REFUSE, line(b"POST %T\0 HTTP/1.1")),
    ("control byte in the target", REFUSE, line(b"POST %T\x01 HTTP/1.1")),
    ("byte 0x80 in the target", EITHER, line(b"POST %T\x80 HTTP/1.1")),
    ("bare CR in the line", REFUSE, line(b"POST %T\r HTTP/1.1")),
    ("CONNECT", DENY, raw(b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n")),
    ("TRACE", DENY, raw(b"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n")),
    ("POST *", DENY, raw(b"POST * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")),
    ("HTTP/2 preface", EITHER, raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
    ("TLS hello", REFUSE, raw(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n")),
    ("target of 64 KiB", REFUSE, line(b"POST %T" + b"a" * BIG + b" HTTP/1.1")),
    ("LF line ends throughout (2.2)", REFUSE, lf_only),
    ("CR line ends throughout", REFUSE, cr_only),
]

LENGTHS = [
    ("length with spaces around", ACCEPT, length(b"  %N  ")),
    ("length with tabs around (5)", ACCEPT, length(b"\t%N\t")),
    ("length with leading zeros", EITHER, length(b" 000%N")),
    ("two lengths that differ (6.3)", REFUSE, length(b" %N", b" 5")),
    ("two lengths that differ, other order", REFUSE, length(b" 5", b" %N")),
    ("two equal lengths", REFUSE, length(b" %N", b" %N")),
    ("list of equal lengths", REFUSE, length(b" %N, %N")),
    ("list of lengths that differ", REFUSE, length(b" %N, 5")),
    ("length +N", REFUSE, length(b" +%N")),
    ("length -N", REFUSE, length(b" -%N")),
    ("length 0x23", REFUSE, length(b" 0x23")),
    ("length 1e2", REFUSE, length(b" 1e2")),
    ("length N.0", REFUSE, length(b" %N.0")),
    ("length with a space inside", REFUSE, length(b" 1 %N")),
    ("length with a letter behind", REFUSE, length(b" %Nx")),
    ("length empty", REFUSE, length(b"")),
    ("length quoted", REFUSE, length(b' "%N"')),
    ("length over 2^63", REFUSE, length(b" 9223372036854775808")),
    ("length 2^64 + N", REFUSE, length(b" 18446744073709551700")),
    ("length of 40 digits", REFUSE, length(b" " + b"9" * 40)),
    ("length with NUL behind", REFUSE, length(b" %N\0")),
    ("length with vertical tab", REFUSE, length(b" \x0b%N")),
    ("length longer than what comes", WAIT, cut_body),
]

CODINGS = [
    ("chunked", ACCEPT, coding(b"Transfer-Encoding: chunked\r\n")),
    ("Chunked in mixed case", ACCEPT, coding(b"transfer-ENCODING: ChUnKeD\r\n")),
    ("length and chunked (6.1)", REFUSE,
     hiding(b"Content-Length: %N\r\nTransfer-Encoding: chunked\r\n", cl_te)),
    ("chunked and length", REFUSE,
     hiding(b"Transfer-Encoding: chunked\r\nContent-Length: %N\r\n", cl_te)),
    ("chunked hides behind a length", REFUSE,
     hiding(b"Transfer-Encoding: chunked\r\nContent-Length: %N\r\n", te_cl)),
    ("length 0 and chunked", REFUSE,
     coding(b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n")),
    ("unknown coding", REFUSE, coding(b"Transfer-Encoding: xchunked\r\n")),
    ("unknown coding and length", REFUSE,
     hiding(b"Transfer-Encoding: xchunked\r\nContent-Length: %N\r\n", cl_te)),
    ("gzip", REFUSE, coding(b"Transfer-Encoding: gzip\r\n")),
    ("gzip, chunked", REFUSE, coding(b"Transfer-Encoding: gzip, chunked\r\n")),
    ("identity", REFUSE, coding(b"Transfer-Encoding: identity\r\n")),
    ("identity and length", REFUSE,
     hiding(b"Transfer-Encoding: identity\r\nContent-Length: %N\r\n", cl_te)),
    ("chunked, identity", REFUSE, coding(b"Transfer-Encoding: chunked, identity\r\n")),
    ("chunked, chunked", REFUSE, coding(b"Transfer-Encoding: chunked, chunked\r\n")),
    ("chunked twice", REFUSE,
     coding(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
    ("chunked, then identity, two lines", REFUSE,
     coding(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")),
    ("coding empty", REFUSE, coding(b"Transfer-Encoding:\r\n")),
    ("chunked with comma behind", EITHER, coding(b"Transfer-Encoding: chunked,\r\n")),
    ("chunked quoted", REFUSE, coding(b'Transfer-Encoding: "chunked"\r\n')),
    ("chunked with parameter", REFUSE, coding(b"Transfer-Encoding: chunked;q=1\r\n")),
    ("chunked with vertical tab", REFUSE, coding(b"Transfer-Encoding: \x0bchunked\r\n")),
    ("chunked with NUL", REFUSE, coding(b"Transfer-Encoding: chunked\0\r\n")),
    ("chunked folded (5.2)", REFUSE, coding(b"Transfer-Encoding:\r\n chunked\r\n")),
    ("chunked in HTTP/1.0 (6.1)", REFUSE, coding(b"Transfer-Encoding: chunked\r\n", b"HTTP/1.0")),
    ("underscore instead of dash", EITHER,
     hiding(b"Content-Length: %N\r\nTransfer_Encoding: chunked\r\n", cl_te)),
    ("Content_Length instead of dash", EITHER,
     hiding(b"Content-Length: %N\r\nContent_Length: 0\r\n", after_body)),
    ("Connection names Content-Length", EITHER,
     hiding(b"Connection: Content-Length\r\nContent-Length: %N\r\n", after_body)),
    ("Connection names Transfer-Encoding", EITHER,
     coding(b"Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n")),
]

FIELDS = [
    ("tabs and spaces around a value", ACCEPT, field(b"X-A: \t b \t\r\n")),
    ("empty value", ACCEPT, field(b"X-A:\r\n")),
    ("bytes over 0x7f in a value", EITHER, field(b"X-A: \xc3\xa9\r\n")),
    ("space before the colon (5.1)", REFUSE, field(b"X-A : b\r\n")),
    ("tab before the colon", REFUSE, field(b"X-A\t: b\r\n")),
    ("length with space before the colon", REFUSE, field(b"", b"Content-Length : %N\r\n")),
    ("chunked with space before the colon", REFUSE,
     hiding(b"Content-Length: %N\r\nTransfer-Encoding : chunked\r\n", cl_te)),
    ("folded value (5.2)", REFUSE, field(b"X-A: b\r\n c\r\n")),
    ("folded by a tab", REFUSE, field(b"X-A: b\r\n\tc\r\n")),
    ("first field begins with a space", REFUSE, hosts(b" Host: a\r\n")),
    ("space before a name", REFUSE, field(b" X-A: b\r\n")),
    ("no colon", REFUSE, field(b"X-A\r\n")),
    ("empty name", REFUSE, field(b": b\r\n")),
    ("bad character in a name", REFUSE, field(b"X(A: b\r\n")),
    ("byte over 0x7f in a name", REFUSE, field(b"X\xc3\xa9: b\r\n")),
    ("NUL in a name", REFUSE, field(b"X\0A: b\r\n")),
    ("NUL in a value (RFC 9110 5.5)", REFUSE, field(b"X-A: b\0c\r\n")),
    ("control byte in a value", EITHER, field(b"X-A: b\x01c\r\n")),
    ("DEL in a value", EITHER, field(b"X-A: b\x7fc\r\n")),
    ("bare CR in a value (2.2)", REFUSE, field(b"X-A: b\rc\r\n")),
    ("bare CR hides a length", REFUSE, field(b"X-A: b\rContent-Length: 0\r\n")),
    ("bare LF ends a field", REFUSE, field(b"X-A: b\n")),
    ("bare LF hides chunked", REFUSE,
     hiding(b"Content-Length: %N\r\nX-A: b\nTransfer-Encoding: chunked\r\n", cl_te)),
    ("CR CR LF", REFUSE, field(b"X-A: b\r\r\n")),
    ("field of 64 KiB", REFUSE, field(b"X-A: " + b"b" * BIG + b"\r\n")),
    ("name of 64 KiB", REFUSE, field(b"X" * BIG + b": b\r\n")),
    ("1,000 fields", REFUSE, field(b"X-A: b\r\n" * 1000)),
    ("a head of 1 MiB", REFUSE, field(b"X-A: bbbbbbbbbbbbbbbbbbbbbbbbb\r\n" * (1 << 15))),
    ("Expect of something unknown", EITHER, field(b"Expect: the-unexpected\r\n")),
    ("Upgrade: h2c", ACCEPT, field(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                   b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")),
    ("GET with a request as its body", EITHER, get_with_body),
]

HOSTS = [
    ("no Host (3.2)", REFUSE, hosts(b"")),
    ("no Host in HTTP/1.0", EITHER, hosts(b"Connection: keep-alive\r\n", b"HTTP/1.0")),
    ("two Hosts", REFUSE, hosts(b"Host: a\r\nHost: b\r\n")),
    ("two equal Hosts", REFUSE, hosts(b"Host: a\r\nHost: a\r\n")),
    ("Host empty", EITHER, hosts(b"Host:\r\n")),
    ("Host with a space", REFUSE, hosts(b"Host: a b\r\n")),
    ("Host with a slash", REFUSE, hosts(b"Host: a/b\r\n")),
    ("Host list", REFUSE, hosts(b"Host: a, b\r\n")),
    ("Host with user", REFUSE, hosts(b"Host: x@a\r\n")),
    ("Host with a bad port", REFUSE, hosts(b"Host: a:8x\r\n")),
    ("Host folded", REFUSE, hosts(b"Host: a\r\n b\r\n")),
    ("HTTP/1.0 with length", EITHER, hosts(b"Host: a\r\n", b"HTTP/1.0")),
]

END = b"0\r\n\r\n"

CHUNKS = [
    ("several chunks", ACCEPT, chunked(lambda c: chunk(c[:9]) + chunk(c[9:]) + END)),
    ("chunk extension (7.1.1)", ACCEPT, chunked(lambda c: chunk(c, b"%x;a=b" % len(c)) + END)),
    ("chunk extension in quotes", ACCEPT,
     chunked(lambda c: chunk(c, b'%x;a="b;c"' % len(c)) + END)),
    ("upper case and zeros in the size", ACCEPT,
     chunked(lambda c: chunk(c, b"00%X" % len(c)) + END)),
    ("trailer (7.1.2)", ACCEPT, chunked(lambda c: chunk(c) + b"0\r\nX-A: b\r\n\r\n")),
    ("trailer Content-Length", EITHER,
     chunked(lambda c: chunk(c) + b"0\r\nContent-Length: 5\r\n\r\n")),
    ("trailer Transfer-Encoding", EITHER,
     chunked(lambda c: chunk(c) + b"0\r\nTransfer-Encoding: chunked\r\n\r\n")),
    ("trailer Host", EITHER, chunked(lambda c: chunk(c) + b"0\r\nHost: b\r\n\r\n")),
    ("trailer Authorization", EITHER,
     chunked(lambda c: chunk(c) + b"0\r\nAuthorization: Bearer x\r\n\r\n")),
    ("trailer with bare LF", REFUSE, chunked(lambda c: chunk(c) + b"0\r\nX-A: b\n\r\n")),
    ("trailer without colon", REFUSE, chunked(lambda c: chunk(c) + b"0\r\nX-A\r\n\r\n")),
    ("trailer with space before the colon", REFUSE,
     chunked(lambda c: chunk(c) + b"0\r\nX-A : b\r\n\r\n")),
    ("trailer of 1 MiB", REFUSE,
     chunked(lambda c: chunk(c) + b"0\r\n" + b"X-A: bbbbbbbbbbbbbbbbbbbbbbbbb\r\n" * (1 << 15)
             + b"\r\n")),
    ("size with 0x", REFUSE, chunked(lambda c: chunk(c, b"0x%x" % len(c)) + END)),
    ("size with +", REFUSE, chunked(lambda c: chunk(c, b"+%x" % len(c)) + END)),
    ("size negative", REFUSE, chunked(lambda c: chunk(c, b"-%x" % len(c)) + END)),
    ("size with a space before", REFUSE, chunked(lambda c: chunk(c, b" %x" % len(c)) + END)),
    ("size with a space behind", EITHER, chunked(lambda c: chunk(c, b"%x " % len(c)) + END)),
    ("size empty", REFUSE, chunked(lambda c: chunk(c, b"") + END)),
    ("size over 2^64", REFUSE, chunked(lambda c: chunk(c, b"1%016x" % len(c)) + END)),
    ("size over 2^63", REFUSE, chunked(lambda c: chunk(c, b"8000000000000000") + END)),
    ("size of 400 zeros", EITHER, chunked(lambda c: chunk(c, b"0" * 400 + b"%x" % len(c)) + END)),
    ("size with a letter behind", REFUSE, chunked(lambda c: chunk(c, b"%xg" % len(c)) + END)),
    ("size with NUL", REFUSE, chunked(lambda c: chunk(c, b"%x\0" % len(c)) + END)),
    ("size line ends with LF", REFUSE, chunked(lambda c: chunk(c, line_end=b"\n") + END)),
    ("size line ends with CR", REFUSE, chunked(lambda c: chunk(c, line_end=b"\r") + END)),
    ("LF inside an extension", REFUSE, chunked(lambda c: chunk(c, b"%x;a\nb" % len(c)) + END)),
    ("CR inside an extension", REFUSE, chunked(lambda c: chunk(c, b"%x;a\rb" % len(c)) + END)),
    ("NUL inside an extension", REFUSE, chunked(lambda c: chunk(c, b"%x;a\0b" % len(c)) + END)),
    ("extension of 1 MiB", REFUSE,
     chunked(lambda c: chunk(c, b"%x;" % len(c) + b"a" * (1 << 20)) + END)),
    ("chunk ends with LF", REFUSE, chunked(lambda c: chunk(c, end=b"\n") + END)),
    ("chunk ends with nothing", REFUSE, chunked(lambda c: chunk(c, end=b"") + END)),
    ("chunk longer than its size", REFUSE, chunked(lambda c: chunk(c, b"%x" % (len(c) - 2)) + END)),
    ("last chunk ends with LF", REFUSE, chunked(lambda c: chunk(c) + b"0\n\r\n")),
    ("body ends with LF", REFUSE, chunked(lambda c: chunk(c) + b"0\r\n\n")),
    ("last chunk has an extension", ACCEPT, chunked(lambda c: chunk(c) + b"0;a=b\r\n\r\n")),
    ("no last chunk", REFUSE, chunked(chunk)),
]

ROWS = ([("line",) + row for row in LINES] + [("length",) + row for row in LENGTHS]
        + [("coding",) + row for row in CODINGS] + [("field",) + row for row in FIELDS]
        + [("host",) + row for row in HOSTS] + [("chunk",) + row for row in CHUNKS])
