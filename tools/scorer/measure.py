"""RouteLLM's metrics (their evaluate.py: ten quantile bins, trapezoid), AUC, mixes of three
tiers, intervals."""
import numpy as np
from sklearn.metrics import roc_auc_score


def curve(score, weak, strong):
    order = np.asarray(score, float) + 1e-9 * np.random.RandomState(0).rand(len(score))
    edges = np.quantile(order, np.linspace(0, 1, 11))[:-1]
    points = sorted(
        (100 * (order >= e).mean(), np.where(order >= e, strong, weak).mean()) for e in edges
    )
    x = np.array([0.0] + [p[0] for p in points] + [100.0])
    return x, np.array([weak.mean()] + [p[1] for p in points] + [strong.mean()])


def gap_recovered(score, weak, strong):
    """APGR, CPT50, CPT80."""
    x, y = curve(score, weak, strong)
    gap = strong.mean() - weak.mean()
    return (
        (np.trapz(y, x) / 100 - weak.mean()) / gap,
        calls_for(x, y, weak.mean() + 0.5 * gap),
        calls_for(x, y, weak.mean() + 0.8 * gap),
    )


def calls_for(x, y, want):
    for i in range(1, len(x)):
        if y[i] >= want:
            return x[i - 1] + (x[i] - x[i - 1]) * (want - y[i - 1]) / max(1e-12, y[i] - y[i - 1])
    return 100.0


def auc(score, weak):
    return roc_auc_score(weak < 0.5, score)


PRICE = np.array([1.0, 5.0, 25.0])


def mix(p, outcome, share):
    """Mean quality, as a share of all-reasoning, at `share` of its cost: tier = argmax p -
    lambda price."""
    points = []
    for toll in np.r_[0, np.geomspace(1e-4, 0.4, 160)]:
        tier = (p - toll * PRICE).argmax(1)
        points.append((PRICE[tier].mean(), outcome[np.arange(len(tier)), tier].mean()))
    points.sort()
    return (
        np.interp(share * 25, [a for a, _ in points], [b for _, b in points]) / outcome[:, 2].mean()
    )


def best_static(outcome, share):
    """The best blend of two tiers without looking at the prompt."""
    mean, cost, best = outcome.mean(0), share * 25, 0
    for a in range(3):
        for b in range(a + 1, 3):
            if PRICE[a] <= cost <= PRICE[b]:
                t = (cost - PRICE[a]) / (PRICE[b] - PRICE[a])
                best = max(best, mean[a] + t * (mean[b] - mean[a]))
    return best / mean[2]


def interval(figure, n, rounds=200, seed=5):
    """95 % bootstrap interval of figure(indices)."""
    dice = np.random.RandomState(seed)
    got = np.array([figure(dice.randint(0, n, n)) for _ in range(rounds)])
    return np.quantile(got, [0.025, 0.975], axis=0)
