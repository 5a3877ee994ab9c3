"""The project's files as the rules see them: lines, code without comments and texts, functions.

Not a C parser. It relies on the project's format (clang-format): a function's head begins in the
first column, its body is between a { and a } that stand there alone."""

import re
import subprocess
from pathlib import Path


def read_text(path):
    """Empty for what is not text."""
    raw = path.read_bytes()
    return "" if b"\0" in raw[:4096] else raw.decode("utf-8", errors="replace")


class Function:
    def __init__(self, name, inside, first, last):
        self.name = name
        self.parameters = count_parameters(inside)
        self.takes_fail = bool(re.search(r"struct fail \*\w+\s*$", inside))
        self.first = first  # line numbers of the head and of the closing brace, from 1
        self.last = last


class Source:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = self.text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.is_c = path.endswith((".c", ".h"))
        self.code = blank(self.text).split("\n") if self.is_c else []
        self.functions = list(find_functions(self.code)) if self.is_c else []

    def is_in(self, places):
        return any(self.path.startswith(place) for place in places)

    def includes(self):
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'#include "([^"]+)"', line)
            if match:
                yield number, match.group(1)


def blank(text):
    """C with the insides of comments, strings and characters replaced by blanks, lines kept."""

    def hide(match):
        found = match.group(0)
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + re.sub(r"[^\n]", " ", found[1:-1]) + found[-1]

    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, hide, text, flags=re.S)


def head_of(code, brace):
    """The line where the head begins that ends above a brace in the first column."""
    first = brace - 1
    while first > 0 and not re.match(r"[A-Za-z_]", code[first]):
        first -= 1
    while first > 0 and re.match(r"[A-Za-z_]", code[first - 1]) and not code[first - 1].rstrip(
    ).endswith((";", ")", "}")):
        first -= 1
    return first


def count_parameters(inside):
    """Commas at the outermost level, in what stands between the head's parentheses."""
    depth, count = 0, 1
    for c in inside:
        depth += c in "(["
        depth -= c in ")]"
        count += c == "," and depth == 0
    return 0 if inside.strip() in ("", "void") else count


def find_functions(code):
    for number, line in enumerate(code):
        if line.rstrip() != "{":
            continue
        first = head_of(code, number)
        head = " ".join(code[first:number])
        match = re.search(r"\b(\w+)\s*\((.*)\)[^()]*$", head)
        last = next((i for i in range(number, len(code)) if code[i].rstrip() == "}"), None)
        if match and last:
            yield Function(match.group(1), match.group(2), first + 1, last + 1)


def list_files(root):
    """Tracked files and new ones, in order; what git ignores is not the project's."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root,
                            capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = set(listed.stdout.splitlines())
    else:  # an unpacked archive
        found = (p.relative_to(root) for p in root.rglob("*") if p.is_file())
        paths = {str(p) for p in found
                 if p.parts[0] not in ("build", "flux-data") and "node_modules" not in p.parts}
    return sorted(p for p in paths if (Path(root) / p).is_file())
