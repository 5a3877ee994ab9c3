"""Turns rounds into ratios, prints them as Markdown and keeps them in bench/history."""

import datetime
import json
import os
import platform
import statistics
import subprocess

HISTORY = "bench/history"
BASE = "nginx"


def ratio(runs, name, figure):
    """Median over the rounds of engine / nginx in the same round; None without both."""
    pairs = zip(runs.get(name, []), runs.get(BASE, []))
    ratios = [a[figure] / b[figure] for a, b in pairs
              if a.get(figure) is not None and b.get(figure)]
    return statistics.median(ratios) if ratios else None


def spread(runs, name, figure):
    """How far the rounds lie apart: (greatest - least) / 2 of the ratio."""
    pairs = zip(runs.get(name, []), runs.get(BASE, []))
    ratios = [a[figure] / b[figure] for a, b in pairs if a.get(figure) and b.get(figure)]
    return (max(ratios) - min(ratios)) / 2 if ratios else 0.0


def median(runs, name, figure):
    values = [r[figure] for r in runs.get(name, []) if r.get(figure) is not None]
    return statistics.median(values) if values else None


def _cell(value, form="{:.2f}"):
    return "-" if value is None else form.format(value)


def _table(head, rows):
    widths = [max(len(str(row[i])) for row in [head] + rows) for i in range(len(head))]
    lines = [head, ["-" * w for w in widths]] + rows
    return "\n".join("| " + " | ".join(str(c).ljust(w) for c, w in zip(line, widths)) + " |"
                     for line in lines) + "\n"


def _verdict(case, runs):
    if case.bar is None:
        return "", ""
    got = ratio(runs, "fluxrouter", FIGURES[case.figure])
    verdict = "" if got is None else "holds" if got <= case.bar else "MISSED"
    return f"{case.bar:.2f}", verdict


FIGURES = {"cpu": "cpu_us", "added_p50": "added_p50_us"}


def ratios_table(results, engines, figure, title, skip=()):
    """One figure of every case, nginx = 1.00, with the half width of the rounds."""
    rows = []
    for case, runs in results:
        if case.name in skip or median(runs, BASE, figure) is None:
            continue
        cells = [f"{_cell(ratio(runs, n, figure))} ±{spread(runs, n, figure):.2f}"
                 if runs.get(n) else "-" for n in engines if n != BASE]
        bar = _verdict(case, runs) if FIGURES[case.figure] == figure else ("", "")
        rows.append([case.name, case.what, _cell(median(runs, BASE, figure), "{:.1f}")]
                    + cells + list(bar))
    head = ["case", "what", "nginx's own"] + [n for n in engines if n != BASE] + ["bar", ""]
    return f"\n{title}\n\n" + _table(head, rows) if rows else ""


def counts_table(results, engines):
    """System calls, and times that the process went to sleep, per request."""
    rows = []
    for case, runs in results:
        rows.append([case.name] + [
            f"{_cell(median(runs, n, 'calls'))} / {_cell(median(runs, n, 'sleeps'))}"
            if runs.get(n) else "-" for n in engines])
    return "\nSystem calls / sleeps per request (or event)\n\n" + _table(["case"] + engines, rows)


def start_table(runs, engines):
    rows = [["start to first answer, ms (bar 100)"]
            + [_cell(median(runs, n, "start_ms"), "{:.1f}") for n in engines]]
    return "\nStart\n\n" + _table([""] + engines, rows)


def memory_table(found, engines):
    figures = sorted({f for one in found.values() for f in one}, key=_memory_order)
    rows = []
    for figure in figures:
        cells = []
        for name in engines:
            value = found.get(name, {}).get(figure)
            cells.append("-" if value is None else f"{value:.1f}" if "cpu" in figure
                         else f"{value / 1024:.1f}")
        rows.append([figure.replace("_", " ") + ("" if "cpu" in figure else ", KiB")] + cells)
    return ("\nMemory, and the cost (µs) of a 1 KiB request beside open streams; bars: idle anon "
            "6,144 KiB,\n10 KiB per stream, binary 2,048 KiB, cost flat\n\n") + _table(
        [""] + engines, rows)


def _memory_order(figure):
    number = "".join(c for c in figure if c.isdigit())
    return (int(number or 0), figure)


def _first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except OSError:
        return ""
    return (done.stdout or done.stderr).strip().split("\n")[0]


def _cpu_model():
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def machine():
    dirty = _first_line(["git", "status", "--porcelain", "--untracked-files=no"])
    return {"cpu": _cpu_model(), "cores": os.cpu_count(), "kernel": platform.release(),
            "compiler": _first_line([os.environ.get("CC", "cc"), "--version"]),
            "commit": _first_line(["git", "rev-parse", "--short", "HEAD"])
            + ("-changed" if dirty else "")}


def save(document):
    """Keeps the run; gives the path."""
    os.makedirs(HISTORY, exist_ok=True)
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    path = os.path.join(HISTORY, f"{day}-{document['machine']['commit']}.json")
    with open(path, "w") as out:
        json.dump(document, out, indent=1)
        out.write("\n")
    return path
