"""Copies of a prompt that mean the same: small talk around it, slips of the keys, big words in
front, wrapping."""
import re

PRAISE = [
    "prove",
    "rigorously",
    "step by step",
    "optimal",
    "theorem",
    "complexity",
    "analyze deeply",
    "derive",
    "optimise",
    "distributed",
    "algorithm",
    "think hard",
    "carefully",
    "advanced",
    "expert-level",
    "in depth",
    "comprehensive",
    "architecture",
    "concurrency",
    "formal",
    "critical",
    "reason",
    "PhD-level",
    "mathematically",
    "proof",
    "rigor",
    "lemma",
    "asymptotic",
    "deadlock",
    "scalable system",
    "deduce",
    "integral",
    "eigenvalue",
    "performance",
    "logic puzzle",
    "reasoning",
    "sophisticated",
    "nontrivial",
    "state-of-the-art",
    "minimize",
    "induction",
    "contradiction",
]
PLAIN = [
    "simple",
    "easy",
    "just",
    "quickly",
    "tiny",
    "trivial",
    "briefly",
    "basic",
    "short",
    "one-liner",
    "no big deal",
]
WRAPS = [
    "Here is what I need:\n{}",
    "Question: {}",
    "{}\n\nPlease answer.",
    "Task:\n{}\n\nAnswer:",
    "> {}",
    '"{}"',
    "My request is below.\n\n{}",
    "{}\n\nAnswer with care.",
    "[USER]\n{}\n[/USER]",
    "Q: {}\nA:",
]


def small_talk(path, dice):
    with open(path, encoding="utf8") as f:
        lines = [l.strip() for l in f if l.strip() and not l.startswith("#")]
    out = []
    for line in lines:
        for _ in range(90):
            out.append(re.sub(r"\{([^}]*)\}", lambda m: dice.choice(m.group(1).split("|")), line))
    return sorted(set(out))


def pad(talk, dice, size):
    said = []
    while sum(map(len, said)) < size:
        said.append(dice.choice(talk))
    return " ".join(said)


def slips(text, dice, share):
    out = list(text)
    for i in range(len(out) - 1):
        if out[i].isalpha() and dice.random() < share:
            kind = dice.randrange(4)
            if kind == 0:
                out[i], out[i + 1] = out[i + 1], out[i]
            elif kind == 1:
                out[i] = ""
            elif kind == 2:
                out[i] = dice.choice("abcdefghijklmnopqrstuvwxyz")
            else:
                out[i] += out[i]
    return "".join(out)


def stuff(text, dice):
    pool = dice.choice((PRAISE, PRAISE, PRAISE, PLAIN))
    words = [dice.choice(pool) for _ in range(dice.randint(2, 12))]
    line = dice.choice((", ", " ")).join(words) + dice.choice((": ", ". ", "\n"))
    return dice.choice((line + text, text + "\n" + line))


def any(text, talk, dice):
    kind = dice.randrange(10)
    if kind < 3:
        size = dice.choice((120, 200, 400, 1000, 2000))
        said = pad(talk, dice, size)
        return dice.choice(
            (said + "\n" + text, text + "\n" + said, said + " " + text, text + " " + said)
        )
    if kind < 6:
        return slips(text, dice, dice.choice((0.02, 0.04, 0.06)))
    if kind < 9:
        return stuff(text, dice)
    return dice.choice(WRAPS).format(text)
