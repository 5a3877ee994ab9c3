"""The baseline of most routers in use: weighted keyword groups and the length, ours written
after their descriptions."""
import re

GROUPS = [
    (0.18, r"\b(prove|proof|theorem|derive|step by step|reason|logic|why|deduce|contradiction)\b"),
    (0.15, r"```|\b(function|class|python|javascript|code|sql|bug|compile|api|regex)\b"),
    (0.12, r"\b(first|then|next|finally|after that|steps?)\b"),
    (
        0.10,
        r"\b(algorithm|architecture|distributed|kernel|quantum|integral|matrix|enzyme|tensor)\b",
    ),
    (0.05, r"\b(story|poem|essay|creative|imagine)\b"),
    (0.05, r"\?"),
    (0.04, r"\b(must|at least|at most|exactly|without|only|constraint)\b"),
    (0.04, r"\b(agent|tool|execute|run|browse|fix)\b"),
    (0.03, r"\b(json|table|csv|yaml|format)\b"),
    (-0.06, r"\b(what is|define|translate|hello|thanks|who is|when did)\b"),
]
GROUPS = [(w, re.compile(p, re.I)) for w, p in GROUPS]


def score(text):
    total = min(len(text) / 4000, 1) * 0.08
    for weight, pattern in GROUPS:
        total += weight * min(len(pattern.findall(text)), 3) / 3
    return total
