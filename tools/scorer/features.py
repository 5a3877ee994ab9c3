"""The C code's features as matrices."""
import os, struct, subprocess
import numpy as np
import scipy.sparse as sp

PROGRAM = os.environ.get("FEATURES", "build/features")
BUCKETS = 65536
_layout = None


def build():
    if "FEATURES" not in os.environ:
        subprocess.run(["make", "-s", PROGRAM], check=True, stdout=subprocess.DEVNULL)


def layout():
    """(number, counter names, fact names)"""
    global _layout
    if _layout is None:
        lines = subprocess.run(
            [PROGRAM, "--layout"], check=True, stdout=subprocess.PIPE, text=True
        ).stdout.splitlines()
        _layout = (
            int(lines[0]),
            [l[8:] for l in lines if l.startswith("counter ")],
            [l[5:] for l in lines if l.startswith("fact ")],
        )
    return _layout


def fact_names():
    return layout()[2]


def run(mode, texts, scorer):
    raw = (t.encode("utf8", "replace") for t in texts)
    given = b"".join(struct.pack("<I", len(b)) + b for b in raw)
    return subprocess.run(
        [PROGRAM, mode, scorer], input=given, stdout=subprocess.PIPE, check=True
    ).stdout


def ones(lists):
    ends = np.r_[0, np.cumsum([len(l) for l in lists])]
    columns = np.concatenate(lists).astype(np.int32) if lists else np.zeros(0, np.int32)
    m = sp.csr_matrix(
        (np.ones(len(columns), np.float32), columns, ends), shape=(len(lists), BUCKETS)
    )
    m.sum_duplicates()
    m.data[:] = 1
    return m


def read(texts, scorer):
    """ids (sparse), levels, doublings, facts of each text."""
    out = run("--read", texts, scorer)
    counters = len(layout()[1])
    at, lists, levels, doublings, facts = 0, [], [], [], []
    for _ in texts:
        n = int.from_bytes(out[at : at + 4], "little")
        lists.append(np.frombuffer(out, "<u2", n, at + 4))
        at += 4 + 2 * n
        levels.append(np.frombuffer(out, np.uint8, counters, at))
        doublings.append(out[at + counters])
        facts.append(int.from_bytes(out[at + counters + 1 : at + counters + 9], "little"))
        at += counters + 9
    assert at == len(out)
    return ones(lists), np.array(levels), np.array(doublings, float), facts


def sentences(texts, scorer):
    """ids of each sentence of all texts, one row each; sentences of one token left out."""
    return ones([ids for found in listed(texts, scorer) for ids in found if len(ids) > 6])


def of_words(words, scorer):
    """ids of each word and of its letters, one row each."""
    return ones([np.concatenate(found + [[]]) for found in listed(words, scorer)])


def listed(texts, scorer):
    """Of each text, the ids of each of its sentences."""
    out = run("--sentences", texts, scorer)
    at, lists = 0, []
    for _ in texts:
        count = int.from_bytes(out[at : at + 4], "little")
        at += 4
        lists.append([])
        for _ in range(count):
            n = int.from_bytes(out[at : at + 4], "little")
            lists[-1].append(np.frombuffer(out, "<u2", n, at + 4))
            at += 4 + 2 * n
    return lists


def score(texts, scorer="-"):
    """z, p of the text alone, p after facts, score, tier."""
    out = np.frombuffer(run("--score", texts, scorer), np.uint8).reshape(len(texts), 41)
    part = lambda a, b, kind: np.frombuffer(out[:, a:b].tobytes(), kind)
    return (
        part(0, 12, "<i4").reshape(-1, 3) / 65536,
        part(12, 24, "<u4").reshape(-1, 3) / 65536,
        part(24, 36, "<u4").reshape(-1, 3) / 65536,
        part(36, 40, "<i4"),
        out[:, 40],
    )


def unit_rows(ids):
    """Rows divided by the root of their size, as reading_weigh_words does."""
    size = np.asarray(ids.sum(1)).ravel()
    return (sp.diags(1 / np.sqrt(size + 1)) @ ids).tocsr()


def level_columns(levels):
    n, c = levels.shape
    columns = (levels + 16 * np.arange(c)).ravel()
    return sp.csr_matrix(
        (np.ones(n * c, np.float32), columns, np.arange(0, n * c + 1, c)), shape=(n, 16 * c)
    )
