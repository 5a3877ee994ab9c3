"""The rules. Each gets one file (or, at the end, all of them) and yields (line, sentence)."""

import re

from . import tables

RULES = []      # (name, applies, check): check(source)
TREE_RULES = []  # (name, check): check(sources by path), yields (path, line, sentence)


def rule(name, applies):
    return lambda check: RULES.append((name, applies, check)) or check


def tree_rule(name):
    return lambda check: TREE_RULES.append((name, check)) or check


def is_c(s):
    return s.is_c


def is_ours(s):  # the product itself
    return s.is_c and s.path.startswith("src/")


def is_prose_or_code(s):
    return not s.path.startswith(("fuzz/corpus/", "LICENSE")) and not s.path.endswith(
        ("-lock.json", ".bin"))


# --- sizes ---

@rule("file-lines", is_c)
def file_lines(s):
    if len(s.lines) > tables.LIMITS["file"]:
        yield len(s.lines), f"{len(s.lines)} lines; at most {tables.LIMITS['file']}"


@rule("line-columns", lambda s: s.path.endswith((".c", ".h", ".py", ".sh")))
def line_columns(s):
    most = tables.LIMITS["python line" if s.path.endswith(".py") else "line"]
    for number, line in enumerate(s.lines, 1):
        columns = len(line.expandtabs(8))
        if columns > most and "://" not in line:
            yield number, f"{columns} columns; at most {most}"


def flat_lines(body):
    """Rows of tables and labels of switches, which make a function longer but not harder."""
    rows, depth = set(), 0
    for i, line in enumerate(body):
        if depth or re.search(r"=\s*\{\s*$|\]\s*=\s*\{|=\s*\{[^}]*$", line):
            depth += line.count("{") - line.count("}")
            rows.add(i)
        elif re.match(r"\s*(case\b.*:|default:|break;)\s*$", line):
            rows.add(i)
    return rows


@rule("function-lines", is_c)
def function_lines(s):
    for f in s.functions:
        body = s.code[f.first - 1:f.last]
        lines = len(body) - len(flat_lines(body))
        if lines > tables.LIMITS["function"]:
            yield f.first, f"{f.name} has {lines} lines; at most {tables.LIMITS['function']}"


@rule("nesting", is_c)
def nesting(s):
    for f in s.functions:
        body = s.code[f.first - 1:f.last]
        rows = flat_lines(body)
        for i, line in enumerate(body):
            tabs = len(line) - len(line.lstrip("\t"))
            starts = line[tabs:tabs + 1] not in ("", " ", "#")
            if i not in rows and starts and tabs - 1 > tables.LIMITS["nesting"]:
                yield f.first + i, f"{f.name} is nested {tabs - 1} deep; at most 3"
                break


@rule("parameters", is_c)
def parameters(s):
    for f in s.functions:
        if f.parameters - f.takes_fail > tables.LIMITS["parameters"] and f.name not in tables.WIDE:
            yield f.first, f"{f.name} has {f.parameters} parameters; at most 5 beside its fail"


# --- order of the house ---

def layer_of(path):
    inner = path.removeprefix("src/")
    return inner.split("/")[0] if "/" in inner else inner.rsplit(".", 1)[0]


def may_include(layer, header):
    target = layer_of("src/" + header)
    allowed = tables.ARROWS.get(layer, [])
    return target in (layer, "base") or target in allowed or header in allowed


@rule("arrows", is_ours)
def arrows(s):
    layer = layer_of(s.path)
    if layer not in tables.ARROWS:
        yield 1, f"{layer} has no row in the table of arrows"
        return
    for number, header in s.includes():
        if not header.endswith(".def") and not may_include(layer, header):
            yield number, f"{layer} may not include {header}"


@tree_rule("private-headers")
def private_headers(sources):
    owners = {}
    for path, s in sources.items():
        match = re.search(r"Private\s+(?:to\s+|\*\s+to\s+)(\w+)", s.text[:2000])
        if match and path.startswith("src/") and path.endswith(".h"):
            owners[path.removeprefix("src/")] = layer_of(path)
    for path, s in sources.items():
        if not is_ours(s):
            continue
        for number, header in s.includes():
            if header in owners and owners[header] != layer_of(path):
                yield path, number, f"{header} is private to {owners[header]}"


@tree_rule("own-header-first")
def own_header_first(sources):
    for path, s in sources.items():
        own = path.removeprefix("src/")[:-2] + ".h"
        includes = [header for _, header in s.includes()]
        if is_ours(s) and path.endswith(".c") and "src/" + own in sources and includes:
            if includes[0] != own:
                yield path, 1, f"include {own} first"


@rule("header-guard", lambda s: s.path.endswith(".h"))
def header_guard(s):
    guard = re.sub(r"[^A-Z0-9]", "_", s.path.removeprefix("src/").upper())
    if not re.search(rf"^#ifndef {guard}\n#define {guard}\n", s.text, re.M):
        yield 1, f"the guard is {guard}"


@rule("opening-comment", lambda s: s.path.endswith(".c"))
def opening_comment(s):
    if not s.text.startswith("/* "):
        yield 1, "begin with a comment: what it does, invariants, who calls it"


# --- words that do not belong ---

@rule("banned", is_ours)
def banned(s):
    for pattern, homes, instead in tables.BANNED:
        if s.is_in(homes):
            continue
        for number, line in enumerate(s.code, 1):
            match = re.search(rf"(?<![\w.>]){pattern}", line)
            if match and not re.match(r"\s*#\s*(pragma|undef|define)", line):
                yield number, f"{match.group(1)}: {instead}"


@rule("floats", lambda s: s.is_c and s.is_in(tables.NO_FLOATS))
def floats(s):
    for number, line in enumerate(s.code, 1):
        match = re.search(r"\b(double|float)\b", line)
        if match:
            yield number, f"{match.group(1)}: money is integer"


@rule("status-numbers", lambda s: is_ours(s) and not s.is_in(tables.STATUS_HOMES))
def status_numbers(s):
    for number, line in enumerate(s.code, 1):
        match = re.search(r"\b(40[1-9]|4[1-9]\d|50[1-9]|51\d)\b", line)
        if match and "status" in line:
            yield number, f"{match.group(1)}: statuses of failures stand in fail.def"


@rule("goto", is_ours)
def goto(s):
    for f in s.functions:
        labels = {m.group(1) for line in s.code[f.first - 1:f.last]
                  for m in re.finditer(r"\bgoto (\w+)", line)}
        if labels - {"out"} or len(labels) > 1:
            yield f.first, f"{f.name}: goto only forward, to one label `out`"


@rule("if-in-body", is_ours)
def if_in_body(s):
    for f in s.functions:
        for i, line in enumerate(s.code[f.first - 1:f.last]):
            if re.match(r"#\s*if", line):
                yield f.first + i, f"{f.name}: no #if inside a function"


@rule("unfinished", is_prose_or_code)
def unfinished(s):
    words = "TO" + "DO|FIX" + "ME|XX" + "X"
    for number, line in enumerate(s.lines, 1):
        if re.search(rf"\b({words})\b", line):
            yield number, "finish it, or take it out"


@rule("machine-paths", is_prose_or_code)
def machine_paths(s):
    if s.path == "tools/lintlib/tables.py":
        return
    for number, line in enumerate(s.lines, 1):
        match = re.search(tables.MACHINE_PATHS, line)
        if match:
            yield number, f"{match.group(1)}: exists on one machine only"


@rule("trailing-blanks", is_prose_or_code)
def trailing_blanks(s):
    if s.path.endswith(".case"):
        return
    for number, line in enumerate(s.lines, 1):
        if line != line.rstrip() and not line.endswith("\r"):
            yield number, "blanks at the line's end"


# --- tests ---

@tree_rule("tests")
def has_test(sources):
    for path in sources:
        if not re.match(r"src/(.+/)?\w+\.c$", path):
            continue
        noun = path.rsplit("/", 1)[-1][:-2]
        by = tables.TESTED_BY.get(path)
        if f"tests/unit/test_{noun}.c" in sources:
            if by:
                yield path, 1, "has a test of its own: take it out of TESTED_BY"
        elif by is None:
            yield path, 1, f"no tests/unit/test_{noun}.c, and no row in TESTED_BY"
        elif by not in sources:
            yield path, 1, f"TESTED_BY names {by}, which is not there"
    for path in tables.TESTED_BY:
        if path not in sources:
            yield path, 1, "TESTED_BY names a file that is not there"


# --- documents ---

@tree_rule("documented")
def documented(sources):
    for places, pattern, document in tables.DOCUMENTED:
        told = sources[document].text.replace("\\-", "-")
        for path, s in sources.items():
            if not s.is_in(places) or not path.startswith("src/"):
                continue
            for number, line in enumerate(s.lines, 1):
                for match in re.finditer(pattern, line):
                    if not re.search(rf"(?<!\w){re.escape(match.group(1))}(_total)?(?!\w)", told):
                        yield path, number, f"{match.group(1)} is not in {document}"


@tree_rule("fuzz")
def has_fuzz_target(sources):
    for path, target in tables.PARSERS.items():
        source = f"fuzz/{target}.c"
        if path not in sources:
            yield path, 1, "PARSERS names a file that is not there"
        elif source not in sources:
            yield path, 1, f"a parser without its {source}"
    for path, s in sources.items():
        match = re.match(r"fuzz/fuzz_(\w+)\.c$", path)
        if not match:
            continue
        if not any(p.startswith(f"fuzz/corpus/{match.group(1)}/") for p in sources):
            yield path, 1, f"no seeds in fuzz/corpus/{match.group(1)}/"
        if len(s.lines) > tables.FUZZ_LINES:
            yield path, len(s.lines), f"{len(s.lines)} lines; at most {tables.FUZZ_LINES}"
