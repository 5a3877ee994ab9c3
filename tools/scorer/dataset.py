"""Rows of the data folder and what they say about the three tiers."""
import gzip, json, os
import numpy as np

# Mean success of fast, standard and reasoning for sets that only tell a level.
ASKS = {0: (.96, .975, .985), 1: (.72, .90, .95), 2: (.45, .78, .91), 3: (.20, .50, .86)}
MATHS = {0: (.90, .97, .99), 1: (.85, .95, .98), 2: (.70, .92, .97), 3: (.55, .85, .95), 4: (.40, .75, .90),
         5: (.25, .60, .85), 6: (.10, .35, .70)}
ISSUES = (.15, .40, .70)
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
    w = np.array([sizes[r["ds"]] ** -.3 * (.5 if r["ds"] in LEVEL_ONLY else 1) for r in rows])
    return w / w.mean()
