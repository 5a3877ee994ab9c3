"""Reads *.case files into plain objects. tests/cases/README describes the lines."""

import json
import pathlib


class Block:
    """A headline (word, rest) and the indented lines below it as (word, text) pairs."""

    def __init__(self, word, rest, where):
        self.word, self.rest, self.where = word, rest, where
        self.lines = []

    def all(self, word):
        return [text for name, text in self.lines if name == word]

    def one(self, word, default=None):
        found = self.all(word)
        return found[0] if found else default

    def has(self, word):
        return any(name == word for name, _ in self.lines)


class Exchange:
    """One `send` of the client with what belongs to it."""

    def __init__(self, send):
        self.send = send
        self.says, self.hears, self.gets, self.entries = [], [], [], []
        self.closes = False


class Case:
    def __init__(self, title, where):
        self.title, self.where = title, where
        self.group, self.runs, self.alone = "main", None, False
        self.provider, self.terms = "plain", None
        self.exchanges = []


def unescape(text):
    """C-like escapes; the result is bytes."""
    out, i = bytearray(), 0
    simple = {"r": 13, "n": 10, "t": 9, "0": 0, "\\": 92, '"': 34}
    while i < len(text):
        if text[i] == "\\" and i + 1 < len(text):
            i += 1
            if text[i] == "x":
                out.append(int(text[i + 1 : i + 3], 16))
                i += 2
            else:
                out.append(simple[text[i]])
        else:
            out += text[i].encode()
        i += 1
    return bytes(out)


def read_block_lines(block, lines):
    """Indented lines of a block. `<<END` takes the lines up to END, without common indentation."""
    while lines and (lines[0][1].startswith(("\t", "  ")) or not lines[0][1].strip()):
        number, line = lines.pop(0)
        if not line.strip() or line.strip().startswith("#"):
            continue
        word, _, text = line.strip().partition(" ")
        if text.startswith("<<"):
            text = read_here(lines, text[2:].strip())
        block.lines.append((word, text))


def read_here(lines, end):
    taken = []
    while lines[0][1].strip() != end:
        taken.append(lines.pop(0)[1])
    lines.pop(0)
    indent = min((len(l) - len(l.lstrip("\t ")) for l in taken if l.strip()), default=0)
    return "\n".join(l[indent:] for l in taken)


def raw_lines(lines):
    """The indented lines as they stand, for scripts of the provider and raw requests."""
    taken = []
    while lines and (lines[0][1].startswith(("\t", "  ")) or not lines[0][1].strip()):
        taken.append(lines.pop(0)[1])
    while taken and not taken[-1].strip():
        taken.pop()
    indent = min((len(l) - len(l.lstrip("\t ")) for l in taken if l.strip()), default=0)
    return [l[indent:] for l in taken]


def add_block(case, word, rest, where, lines):
    block = Block(word, rest, where)
    if word == "group":
        case.group = rest
    elif word == "at":
        case.provider = rest
    elif word == "runs":
        case.runs = rest.split()
    elif word == "terms":
        case.terms = rest
    elif word == "alone":
        case.alone = True
    elif word == "send":
        if rest.startswith("raw"):
            block.raw = raw_lines(lines)
        else:
            read_block_lines(block, lines)
        case.exchanges.append(Exchange(block))
    elif word == "says":
        case.exchanges[-1].says.append("\n".join(raw_lines(lines)) + "\n")
    elif word in ("hears", "get", "entry"):
        read_block_lines(block, lines)
        getattr(
            case.exchanges[-1], {"hears": "hears", "get": "gets", "entry": "entries"}[word]
        ).append(block)
    elif word == "close":
        case.exchanges[-1].closes = True
    else:
        raise SystemExit(f"{where}: unknown word {word!r}")


def read_cases(path):
    cases = []
    lines = list(enumerate(pathlib.Path(path).read_text().split("\n"), 1))
    while lines:
        number, line = lines.pop(0)
        where = f"{pathlib.Path(path).name}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.strip().partition(" ")
        if word == "case":
            cases.append(Case(rest, where))
        elif not cases:
            raise SystemExit(f"{where}: a file begins with `case`")
        else:
            add_block(cases[-1], word, rest, where, lines)
    return cases


def parse_json(text, where):
    try:
        return json.loads(text)
    except ValueError as problem:
        raise SystemExit(f"{where}: not JSON: {problem}: {text[:80]}")
