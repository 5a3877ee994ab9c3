"""What the named facts weigh before any operator's log: doublings of the odds for fast,
standard, reasoning.

No public data teaches these; they are an engineer's estimates, checked on the tuning half of
tests/routing, and the
table that an operator's own log may refit."""

WEIGHTS = {
    "tools": (-0.5, 0, 0),
    "many tools": (-1.5, -0.2, 0),
    "big tool schemas": (-0.5, -0.2, 0),
    "agent's tools": (-6, 0, 0.2),
    "forced tool": (3, 1.5, 1),
    "images": (-2, 0, 0.3),
    "audio": (-1, 0, 0.3),
    "files": (-1, 0, 0.2),
    "answer schema": (0.3, 0.2, 0.1),
    "big answer schema": (-2, 0, 0),
    "short answer": (4, 2, 1.5),
    "long answer": (-0.5, -0.1, 0.2),
    "logprobs": (2, 1, 1),
    "several answers": (0.3, 0.2, 0.2),
    "stop words": (1, 0.5, 0.5),
    "completion": (4, 2, 1.5),
    "some thinking": (-1.5, -0.1, 0.2),
    "system: transform": (5, 3, 2.5),
    "system: hard topic": (-1.5, -1.2, 0.2),
    "system: agent": (-1, 0, 0),
    "no words": (0, 0, 0),
    "greeting": (4, 2.5, 2),
    "one-liner": (1.5, 1, 0.7),
    "long paste": (0, 0.2, 0),
    "transform": (4, 2.5, 2),
    "transform a paste": (2, 1.5, 1.5),
    "grounded answer": (3, 2, 1.5),
    "proof": (-2, -2.5, 0),
    "mathematics": (-0.3, -0.3, 0.1),
    "hard fault": (-2, -2.5, 0),
    "fault hunt": (-0.5, 0, 0.2),
    "design": (-1.5, -2, 0.2),
    "optimise": (-0.6, -1, 0.2),
    "many constraints": (-0.3, -0.3, 0.1),
    "code": (-0.7, 0.2, -0.1),
    "write": (0, 0.5, 0.3),
    "look-up": (3, 1.5, 1),
    "weighing": (0, 0, 0),
    "nothing hard": (0, 0, -0.9),
}


def weights(names):
    assert not set(WEIGHTS) - set(names), set(WEIGHTS) - set(names)
    return [[64 * x for x in WEIGHTS.get(n, (0, 0, 0))] for n in names]
