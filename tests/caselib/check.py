"""Compares what was got with what a case says. Functions give sentences about what is wrong."""

import json
import re
from decimal import Decimal

from .text import parse_json, unescape

UUID7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
# All that may stand in an answer: nothing of the provider's account gets through (contract 6).
HEADERS = re.compile(
    r"x-flux-[a-z-]+|x-ratelimit-[a-z-]+|(x-)?request-id|x-should-retry|retry-after(-ms)?|date|"
    r"content-type|content-length|transfer-encoding|connection|keep-alive|cache-control|"
    r"x-accel-buffering|allow|upgrade|vary|trailer|server|www-authenticate"
)
COST = re.compile(rb',?"cost_usd":"?[0-9.]+"?,"currency":"USD"')


def fits(pattern, text):
    if pattern == "*":
        return text is not None
    if text is None:
        return False
    if pattern.startswith("~"):
        return re.fullmatch(pattern[1:], text) is not None
    return pattern == text


def subset(want, got, path="$"):
    """Objects: the named members. Arrays: every element. Texts: "*", "~regex", "!" for absent."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return [f"{path} is {got!r}, not an object"]
        wrong = []
        for name, value in want.items():
            if value == "!":
                wrong += [f"{path}.{name} should be absent"] if name in got else []
            elif name not in got:
                wrong.append(f"{path}.{name} is missing")
            else:
                wrong += subset(value, got[name], f"{path}.{name}")
        return wrong
    if isinstance(want, list):
        if not isinstance(got, list) or len(want) != len(got):
            return [f"{path} is {json.dumps(got)[:200]}, not {len(want)} elements"]
        return [w for i, (a, b) in enumerate(zip(want, got)) for w in subset(a, b, f"{path}[{i}]")]
    if isinstance(want, str) and (want == "*" or want.startswith("~")):
        return (
            []
            if fits(want, got if isinstance(got, str) else json.dumps(got))
            else [f"{path} is {got!r}, not {want}"]
        )
    same = want == got and isinstance(want, bool) == isinstance(got, bool)
    return [] if same else [f"{path} is {got!r}, not {want!r}"]


def events_of(body):
    """(name, data) of each event of an SSE body with LF line ends."""
    found = []
    for block in body.decode("utf-8", "replace").split("\n\n"):
        name, data = "", []
        for line in block.split("\n"):
            word, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if word == "event":
                name = value
            elif word == "data":
                data.append(value)
        if data:
            found.append((name, "\n".join(data)))
    return found


def check_header_lines(block, header):
    wrong = []
    for line in block.all("header"):
        name, _, pattern = line.partition(":")
        got = header(name.strip())
        if not fits(pattern.strip(), got):
            wrong.append(f"header {name.strip()} is {got!r}, not {pattern.strip()!r}")
    for name in block.all("no-header"):
        if header(name) is not None:
            wrong.append(f"header {name} should be absent, is {header(name)!r}")
    return wrong


def check_json_lines(block, body):
    wrong = []
    for text in block.all("json"):
        try:
            got = json.loads(body)
        except ValueError:
            return [f"the body is not JSON: {body[:200]!r}"]
        wrong += subset(parse_json(text, block.where), got)
    return wrong


def remove(pattern, body):
    return re.sub(pattern.encode() if isinstance(pattern, str) else pattern, b"", body)


def said_body(script):
    """The body bytes that a provider script sends, without framing."""
    out, lines = b"", script.split("\n")
    while lines:
        word, _, text = lines.pop(0).strip().partition(" ")
        name = ""
        if word == "event":
            name, _, text = text.partition(" ")
        count = 0
        if word == "fill":
            count, _, text = text.partition(" ")
        if text.startswith("<<"):
            end, taken = text[2:], []
            while lines[0].strip() != end:
                taken.append(lines.pop(0))
            lines.pop(0)
            raw = "\n".join(taken).encode()
        else:
            raw = (
                unescape(text[1:-1])
                if len(text) > 1 and text[0] == text[-1] == '"'
                else text.encode()
            )
        if word in ("body", "json"):
            out += raw
        elif word in ("event", "data"):
            out += (f"event: {name}\n" if name else "").encode()
            out += b"".join(b"data: " + l + b"\n" for l in raw.split(b"\n")) + b"\n"
        elif word == "fill":
            raw = raw or b"x"
            out += (raw * (int(count) // len(raw) + 1))[: int(count)]
    return out


def first_difference(got, want):
    at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
    from_, to = max(0, at - 60), at + 80
    shown = f"\n      got  {got[from_:to]!r}\n      want {want[from_:to]!r}"
    return f"differs at byte {at}:{shown}"


# ---- what the provider heard


def expected_heard(text, sent_body):
    """`same [model=NAME]`: the client's bytes with the model's value replaced."""
    words = text.split()
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name == "model":
            sent_body = re.sub(
                rb'("model"\s*:\s*)"[^"]*"',
                lambda m: m.group(1) + b'"' + value.encode() + b'"',
                sent_body,
                count=1,
            )
    return sent_body


def check_heard(block, record, sent_body):
    headers = {n.lower(): v for n, v in reversed(record["headers"])}
    body = record["body"].encode("latin-1")
    wrong = check_header_lines(block, lambda name: headers.get(name.lower()))
    if block.rest and block.rest != f"{record['method']} {record['target']}":
        wrong.append(f"the provider heard {record['method']} {record['target']}, not {block.rest}")
    for name in ("framing", "ended", "tls"):
        if block.has(name) and not fits(block.one(name), record[name]):
            wrong.append(f"{name} is {record[name]!r}, not {block.one(name)!r}")
    for text in block.all("body"):
        got = body
        for pattern in block.all("minus"):
            got = remove(pattern, got)
        want = expected_heard(text, sent_body) if text.split()[0] == "same" else text.encode()
        if got != want:
            wrong.append("the body that the provider heard " + first_difference(got, want))
    wrong += check_json_lines(block, body)
    names = [n.lower() for n, _ in record["headers"]]
    for name in ("host", "content-length", "authorization", "content-type"):
        if names.count(name) > 1:
            wrong.append(f"the provider heard {name} twice")
    if "sk-flux-" in record["head"] or "sk-flux-" in record["body"]:
        wrong.append("a client's key reached the provider")
    return [f"hears: {w}" for w in wrong]


# ---- what the client got


def is_messages(target, request_head):
    path = target.split("?")[0]
    return (
        path.startswith("/anthropic")
        or path.endswith(("/messages", "/count_tokens"))
        or (path.startswith("/v1/models") and b"anthropic-version" in request_head.lower())
    )


def check_error_shape(answer, target, request_head):
    """Contract 8: every error in the caller's dialect."""
    wrong = []
    if not (answer.header("content-type") or "").startswith("application/json"):
        wrong.append(f"an error of type {answer.header('content-type')!r}")
    try:
        body = json.loads(answer.body)
    except ValueError:
        return wrong + [f"an error that is not JSON: {answer.body[:200]!r}"]
    if is_messages(target, request_head):
        shape = {
            "type": "error",
            "error": {"type": "*", "message": "~(?s).{10,}"},
            "request_id": "*",
        }
    else:
        shape = {
            "error": {
                "message": "~(?s).{10,}",
                "type": "~[a-z_]+",
                "param": "*",
                "code": "~[a-z_]+|null",
            }
        }
    wrong += subset(shape, body)
    message = str(body.get("error", {}).get("message", ""))
    if "None" in message or "Traceback" in message or '{"' in message or "<html" in message.lower():
        wrong.append(f"the message is not fit for a person: {message!r}")
    if answer.header("x-flux-error-source") not in ("router", "provider"):
        wrong.append(f"x-flux-error-source is {answer.header('x-flux-error-source')!r}")
    hopeless = (400, 401, 402, 403, 404, 405, 411, 413, 415, 417, 426, 431, 501, 505)
    if answer.status in hopeless and answer.header("x-should-retry") != "false":
        wrong.append("x-should-retry: false is missing")
    return wrong


def check_always(answer, target, request_head):
    """What holds for every answer."""
    wrong = []
    request_id = answer.header("x-flux-request-id")
    if not request_id or not re.fullmatch(UUID7, request_id):
        wrong.append(f"x-flux-request-id is {request_id!r}")
    for name in ("request-id", "x-request-id"):
        if answer.header(name) != request_id:
            wrong.append(f"{name} is {answer.header(name)!r}, not the request id")
    for name, _ in answer.headers:
        if not HEADERS.fullmatch(name.lower()):
            wrong.append(f"header {name} is not on the list")
    names = [n.lower() for n, _ in answer.headers]
    wrong += [f"header {n} twice" for n in set(names) if names.count(n) > 1]
    if answer.status >= 400 and answer.body:
        wrong += check_error_shape(answer, target, request_head)
    return wrong


def check_events(block, body):
    want = [(e.partition(" ")[0], e.partition(" ")[2]) for e in block.all("event")]
    if not want:
        return []
    got = events_of(body)
    if len(got) != len(want):
        names = [f"{n or '-'} {d[:60]}" for n, d in got]
        return [f"{len(got)} events, not {len(want)}: " + " | ".join(names)]
    wrong = []
    for i, ((name, text), (got_name, data)) in enumerate(zip(want, got)):
        if (name if name != "-" else "") != got_name:
            wrong.append(f"event {i} is named {got_name!r}, not {name!r}")
        elif text.startswith("{"):
            try:
                wrong += [
                    f"event {i}: {w}"
                    for w in subset(parse_json(text, block.where), json.loads(data))
                ]
            except ValueError:
                wrong.append(f"event {i} is not JSON: {data[:100]}")
        elif text and not fits(text, data):
            wrong.append(f"event {i} is {data[:100]!r}, not {text!r}")
    return wrong


def check_body(block, answer, said):
    wrong = []
    for text in block.all("body"):
        if text.split()[:1] == ["same"]:
            want, got = said, remove(COST, answer.body)
            for pattern in block.all("minus"):
                want = remove(pattern, want)
        else:
            want, got = text.encode(), answer.body
        if got != want:
            wrong.append("the body " + first_difference(got, want))
    return wrong


def check_cost(block, answer):
    wrong = []
    want = block.one("cost")
    if want is None:
        return wrong
    in_body = re.findall(rb'"cost_usd":"?([0-9.]+)', answer.body)
    if "event-stream" not in (answer.header("content-type") or ""):
        got = answer.header("x-flux-cost-usd")
        if got is None or Decimal(got) != Decimal(want):
            wrong.append(f"x-flux-cost-usd is {got}, not {want}")
    if not in_body or Decimal(in_body[-1].decode()) != Decimal(want):
        wrong.append(f"cost_usd in the body is {in_body[-1:]}, not {want}")
    if b'"currency":"USD"' not in answer.body:
        wrong.append("no currency in the body")
    return wrong


def check_answer(block, answer, target, request_head, said):
    words = block.rest.split()
    wrong = []
    if not fits(words[0], str(answer.status)):
        return [f"status {answer.status}, not {words[0]}: {answer.body[:300]!r}"]
    if not block.has("plain"):
        wrong += check_always(answer, target, request_head)
    wanted_end = "broken" if block.has("broken") else "clean"
    if answer.ended != wanted_end:
        wrong.append(f"the answer ended {answer.ended}, not {wanted_end}: {answer.body[-200:]!r}")
    if block.has("interim") and [int(w) for w in block.one("interim").split()] != answer.interim:
        wrong.append(f"interim answers {answer.interim}")
    wrong += check_header_lines(block, answer.header)
    wrong += check_body(block, answer, said)
    wrong += check_json_lines(block, answer.body)
    wrong += check_events(block, answer.body)
    wrong += check_cost(block, answer)
    trailers = {n.lower(): v for n, v in answer.trailers}
    for line in block.all("trailer"):
        name, _, pattern = line.partition(":")
        if not fits(pattern.strip(), trailers.get(name.strip().lower())):
            wrong.append(
                f"trailer {name} is {trailers.get(name.strip().lower())!r}, not {pattern.strip()!r}"
            )
    for word in block.all("has"):
        if unescape(word) not in answer.body:
            wrong.append(f"the body has no {word!r}")
    for word in block.all("lacks"):
        if unescape(word) in answer.body:
            wrong.append(f"the body has {word!r}")
    return wrong


# ---- what the ledger holds


def check_entry(words, row):
    """`END name=value ...`; cost is decimal USD."""
    wrong = []
    if words and words[0] != "*" and str(row.get("end")) not in words[0].split("|"):
        wrong.append(f"ended {row.get('end')!r}, not {words[0]!r}")
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name == "cost":
            if row.get("cost_nusd") != int(Decimal(value) * 10**9):
                wrong.append(f"cost_nusd is {row.get('cost_nusd')}, not {Decimal(value) * 10**9}")
        elif not fits(value, str(row.get(name))):
            wrong.append(f"{name} is {row.get(name)!r}, not {value!r}")
    return [f"entry: {w}" for w in wrong]
