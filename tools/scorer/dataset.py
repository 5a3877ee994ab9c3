"""Rows of the data folder and what they say about the three tiers."""
import gzip, json, os
import numpy as np

# Mean success of fast, standard and reasoning for sets that only tell a level.
ASKS = {
    0: (0.96, 0.975, 0.985),
    1: (0.72, 0.90, 0.95),
    2: (0.45, 0.78, 0.91),
    3: (0.20, 0.50, 0.86),
}
MATHS = {
    0: (0.90, 0.97, 0.99),
    1: (0.85, 0.95, 0.98),
    2: (0.70, 0.92, 0.97),
    3: (0.55, 0.85, 0.95),
    4: (0.40, 0.75, 0.90),
    5: (0.25, 0.60, 0.85),
    6: (0.10, 0.35, 0.70),
}
ISSUES = (0.15, 0.40, 0.70)
LEVEL_ONLY = {"uncommonroute", "math_ladder", "swebench_lite"}


def read(folder, name):
    with gzip.open(os.path.join(folder, name + ".jsonl.gz"), "rt", encoding="utf8") as f:
        return [json.loads(line) for line in f]


def is_measured(row):
    return row.get("w") is not None


def target(row):
    if is_measured(row):
        middle = row.get("m")
        return row["w"], (row["w"] + row["s"]) / 2 if middle is None else middle, row["s"]
    if row["ds"] == "uncommonroute":
        return ASKS[row["level"]]
    if row["ds"] == "math_ladder":
        return MATHS[row["level"]]
    return ISSUES


def weights(rows):
    """Small sets count more than their size, sets with levels only count half."""
    sizes = {}
    for r in rows:
        sizes[r["ds"]] = sizes.get(r["ds"], 0) + 1
    w = np.array([sizes[r["ds"]] ** -0.3 * (0.5 if r["ds"] in LEVEL_ONLY else 1) for r in rows])
    return w / w.mean()
