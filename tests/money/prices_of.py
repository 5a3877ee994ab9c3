"""The prices of a configuration, read from its YAML by a reader of its own: nothing is asked of the program. It knows
the shape that our catalogs have: blocks by indentation, {flow: maps}, [flow, lists], quoted and plain words."""
import datetime
import re

from exact import RATES, WHOLE

SERVICES = ("standard", "flex", "priority", "batch", "fast")
FALLBACKS = {"cache_read": "input", "cache_write_5m": "input", "cache_write_1h": "cache_write_5m",
             "reasoning": "output", "audio_input": "input", "audio_output": "output", "image_input": "input",
             "image_output": "output"}
NAMES = dict({rate: rate for rate in RATES}, cache_write_5m="cache_write")
FLOORS = {"express": 1, "daily": 2, "deep": 4}

# ---- YAML, as much as is needed ----

TOKEN = re.compile(r"""\s*(?:\#[^\n]*
  | ("(?:[^"\\]|\\.)*") | ('[^']*')
  | ([{}\[\],]) | (:)(?=[\s,}\]]|$)
  | ((?:[^\s,{}\[\]:#] | :(?=\S) | (?<=\S)\# | [^\S\n]+(?=[^\s,{}\[\]:#]))+))""", re.X)


def tokens_of(text):
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            at += 1
            continue
        at = found.end()
        quoted, single, mark, colon, plain = found.groups()
        if quoted is not None:
            yield "word", quoted[1:-1].replace('\\"', '"')
        elif single is not None:
            yield "word", single[1:-1]
        elif mark or colon:
            yield "mark", mark or colon
        elif plain is not None:
            yield "word", plain.strip()


def flow(tokens):
    kind, text = tokens.pop(0)
    if kind == "word":
        return text
    result = {} if text == "{" else []
    while tokens[0] != ("mark", "}" if text == "{" else "]"):
        if tokens[0] == ("mark", ","):
            tokens.pop(0)
        elif text == "{":
            key = tokens.pop(0)[1]
            tokens.pop(0)
            result[key] = flow(tokens)
        else:
            result.append(flow(tokens))
    tokens.pop(0)
    return result


def lines_of(text):
    """(indent, text), comments and empty lines left out, flows that go on over lines joined."""
    out = []
    for line in text.split("\n"):
        is_quoted = line.split("#")[0].count('"') % 2
        bare = line if is_quoted else re.sub(r'(^|\s)#.*$', "", line)
        if not bare.strip():
            continue
        if out and open_marks(out[-1][1]) > 0:
            out[-1] = (out[-1][0], out[-1][1] + " " + bare.strip())
        else:
            out.append((len(bare) - len(bare.lstrip()), bare.strip()))
    return out


def open_marks(text):
    bare = re.sub(r'"[^"]*"', "", text)
    return sum(bare.count(c) for c in "{[") - sum(bare.count(c) for c in "}]")


KEY = re.compile(r'^("[^"]*"|[A-Za-z_][\w.-]*)\s*:(?:\s+(.*))?$')


def scalar(text):
    return flow(list(tokens_of(text)))


def block(lines, indent):
    """Takes the lines of one node off the front."""
    if lines[0][1].startswith("- "):
        items = []
        while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
            inner = indent + 2
            lines[0] = (inner, lines[0][1][2:].strip())
            items.append(block(lines, inner) if KEY.match(lines[0][1]) else scalar(lines.pop(0)[1]))
        return items
    result = {}
    while lines and lines[0][0] == indent:
        found = KEY.match(lines[0][1])
        if not found:
            return scalar(lines.pop(0)[1])
        lines.pop(0)
        key, rest = found.group(1).strip('"'), found.group(2)
        if rest:
            result[key] = scalar(rest)
        elif lines and (lines[0][0] > indent or lines[0][0] == indent and lines[0][1].startswith("- ")):
            result[key] = block(lines, lines[0][0])
    return result


def yaml(text):
    lines = lines_of(text)
    return block(lines, lines[0][0]) if lines else {}


# ---- prices ----


def scaled(text, digits):
    whole, _, rest = text.partition(".")
    return int(whole + rest.ljust(digits, "0")[:digits])


def percent(text):
    sign = -1 if text.startswith("-") else 1
    return sign * scaled(text.strip("%-"), 2)


def rates_of(raw, base):
    row = dict(base)
    for rate in ("input", "output"):
        row[rate] = scaled(raw[rate], 6)
    for rate in RATES:
        if rate not in ("input", "output"):
            row[rate] = scaled(raw[NAMES[rate]], 6) if NAMES[rate] in raw else row[FALLBACKS[rate]]
    row["call"] = scaled(raw["per_call"], 9) if "per_call" in raw else base["call"]
    search = row["call"] if "per_call" in raw else base["search"]
    row["search"] = scaled(raw["per_search"], 9) if "per_search" in raw else search
    return row


def version_of(raw):
    day = datetime.date.fromisoformat(raw["from"]) if "from" in raw else datetime.date(1970, 1, 1)
    unknown = raw.get("unknown") in ("true", "yes", "on")
    base = dict({rate: 0 for rate in RATES}, call=0, search=0, service=0, above=0, percent=WHOLE,
                regional=percent(raw.get("regional", "100%")))
    rows = [base if unknown else rates_of(raw, base)]
    own = [r for r in raw.get("rows", []) if "input" in r]
    for r in own:
        rows.append(dict(rates_of(r, rows[0]), service=SERVICES.index(r.get("service", "standard")),
                         above=int(r.get("above", 0)), percent=percent(r.get("percent", "100%"))))
    for r in [r for r in raw.get("rows", []) if "input" not in r]:
        service = SERVICES.index(r["service"])
        for row in [x for x in rows if x["service"] == 0 and x["above"] >= int(r.get("above", 0))]:
            if not any(x["service"] == service and x["above"] == row["above"] for x in rows):
                rows.append(dict(row, service=service, percent=percent(r["percent"])))
    from_ms = (day - datetime.date(1970, 1, 1)).days * 86400000
    return {"from_ms": from_ms, "unknown": unknown, "rows": rows}


def floored(version, lane):
    least = FLOORS[lane] * 10 ** 6
    rows = []
    for row in version["rows"]:
        low = -(-least * WHOLE // row["percent"])
        rows.append(dict(row, **{rate: max(row[rate], low)
                                 for rate in ("output", "reasoning", "audio_output", "image_output")}))
    return dict(version, rows=rows)


# ---- the names by which entries call them ----

MASK = 2 ** 64 - 1


def siphash(data):
    """SipHash-2-4 with the zero key."""
    a, b, c, d = 0x736f6d6570736575, 0x646f72616e646f6d, 0x6c7967656e657261, 0x7465646279746573

    def turn(x, bits):
        return (x << bits | x >> 64 - bits) & MASK

    def rounds(n):
        nonlocal a, b, c, d
        for _ in range(n):
            a = (a + b) & MASK
            b = turn(b, 13) ^ a
            a = turn(a, 32)
            c = (c + d) & MASK
            d = turn(d, 16) ^ c
            a = (a + d) & MASK
            d = turn(d, 21) ^ a
            c = (c + b) & MASK
            b = turn(b, 17) ^ c
            c = turn(c, 32)

    whole = len(data) // 8 * 8
    words = [int.from_bytes(data[i:i + 8], "little") for i in range(0, whole, 8)]
    words.append(int.from_bytes(data[whole:], "little") | (len(data) & 255) << 56)
    for word in words:
        d ^= word
        rounds(2)
        a ^= word
    c ^= 255
    rounds(4)
    return a ^ b ^ c ^ d


def mixed(value, figure):
    return siphash((value & MASK).to_bytes(8, "little") + (figure & MASK).to_bytes(8, "little"))


def name_of(value):
    return value >> 32 or 1


def version_id(version):
    value = int(version["unknown"])
    for row in version["rows"]:
        for key in ("service", "above") + RATES + ("call", "search", "percent", "regional"):
            value = mixed(value, row[key])
    return name_of(value)


def charge_id(version, markup):
    return version_id(version) if markup == WHOLE else name_of(mixed(mixed(0, version_id(version)), markup))


class Prices:
    """Every price of a configuration by its id, and every mark-up."""

    def __init__(self, text, markups=()):
        tree = yaml(text)
        free = version_of({"input": "0", "output": "0"})
        charges = tree.get("charges", [])
        self.markups = {WHOLE, *markups} | {WHOLE + percent(c["markup"]) for c in charges if "markup" in c}
        self.costs = {version_id(free): free}
        paid = [free] + [version_of(c["price"]) for c in charges if "price" in c]
        for model in tree.get("models", []):
            for raw in model.get("prices", [model.get("price")]):
                version = version_of(raw)
                self.costs[version_id(version)] = version
                paid += [version] if version["unknown"] else [version, floored(version, model.get("lane", "daily"))]
        self.charges = {charge_id(v, m): (v, m) for v in paid for m in self.markups}
