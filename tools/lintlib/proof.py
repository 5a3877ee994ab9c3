"""A sample for each rule that it must object to: a rule that finds nothing anywhere may be broken.
tools/lint tries them all before it looks at the project."""

from . import rules, source, tables

HEAD = '/* Sample. */\n'
DEEP = "".join("\t" * n + "if (x) {\n" for n in range(1, 6))

# rule -> path and text of a file that breaks it
SAMPLES = {
    "file-lines": ("src/base/a.c", HEAD + "int a;\n" * 601),
    "line-columns": ("src/base/a.c", HEAD + "\t" * 12 + "int abcdef;\n"),
    "function-lines": ("src/base/a.c", "void f(void)\n{\n" + "\tx();\n" * 61 + "}\n"),
    "nesting": ("src/base/a.c", "void f(int x)\n{\n" + DEEP + "\t" * 6 + "x();\n}\n"),
    "parameters": ("src/base/a.c", "int f(int a, int b, int c,\n      int d, int e, int g)\n{\n}\n"),
    "arrows": ("src/wire/a.c", '#include "front/stream.h"\n'),
    "header-guard": ("src/wire/a.h", "#ifndef A_H\n#define A_H\n#endif\n"),
    "opening-comment": ("src/wire/a.c", "int a;\n"),
    "banned": ("src/wire/a.c", "void f(void)\n{\n\tfree(x);\n}\n"),
    "floats": ("src/ledger/a.c", "double a;\n"),
    "status-numbers": ("src/path/request.c", "\tif (status == 404)\n"),
    "goto": ("src/wire/a.c", "void f(void)\n{\n\tgoto end;\nend:\n\treturn;\n}\n"),
    "if-in-body": ("src/wire/a.c", "void f(void)\n{\n#ifdef X\n#endif\n}\n"),
    "unfinished": ("docs/a.md", "TO" "DO\n"),
    "machine-paths": ("docs/a.md", "see /ho" "me/me\n"),
    "trailing-blanks": ("docs/a.md", "a \n"),
}
TREE_SAMPLES = {
    "private-headers": {
        "src/front/a.h": "/* A. Private to front. */\n",
        "src/wire/a.c": '#include "front/a.h"\n',
    },
    "own-header-first": {
        "src/wire/a.h": "",
        "src/wire/a.c": '#include "base/buf.h"\n#include "wire/a.h"\n',
    },
    "tests": {"src/wire/a.c": ""},
    "fuzz": {"fuzz/fuzz_a.c": ""},
    "documented": {
        "src/path/reply.c": 'STR("X-Flux-Unheard-Of")\n',
        **{document: "" for _, _, document in tables.DOCUMENTED},
    },
}
# what must be let pass
FINE = {
    "function-lines": ("src/base/a.c", "int a[] = {\n" + "\t1,\n" * 99 + "};\n"),
    "parameters": ("src/base/a.c", "int f(int a, int b, int c, int d, int e,\n"
                                   "      struct fail *f)\n{\n}\n"),
    "banned": ("src/wire/a.c", "/* free(x) */\nvoid f(void)\n{\n\tx->free(y, \"free(z)\");\n}\n"),
}


def objects(name, sample):
    check = next(check for rule, _, check in rules.RULES if rule == name)
    return bool(list(check(source.Source(*sample))))


def prove():
    """Names of rules that do not do what they say."""
    wrong = [name for name, _, _ in rules.RULES if not objects(name, SAMPLES[name])]
    wrong += [name for name, sample in FINE.items() if objects(name, sample)]
    for name, check in rules.TREE_RULES:
        sources = {path: source.Source(path, text) for path, text in TREE_SAMPLES[name].items()}
        if not any(found[0] in sources for found in check(sources)):
            wrong.append(name)
    return wrong, len(SAMPLES) + len(FINE) + len(TREE_SAMPLES)
