#!/usr/bin/env python3
"""ledger/price against Python's integers: random prices, usages, mark-ups and bounds, to the nano-dollar.

    tests/money/prices.py [--build DIR] [--cases N] [--seed N]

Ends with 0 when every amount is the same, and says "N passed, N failed"."""
import argparse
import json
import os
import subprocess
import sys
import time

import exact

CASES_OF_A_SET = 20


def versions_of(found):
    names = ("service", "above") + exact.RATES + ("call", "search", "percent", "regional")
    return [{"from_ms": v[0], "unknown": bool(v[1]), "rows": [dict(zip(names, row)) for row in v[2]]} for v in found]


def usage_of(figures):
    usage = dict(zip(exact.FIGURES + ("service",), figures))
    usage["regional"] = bool(figures[-1])
    return usage


def fits(value):
    return value is None or value <= exact.MOST


def wanted(case, cost, own):
    paid = exact.version_at(own if case["own"] else cost, case["opened"])
    if "bound" in case:
        names = ("bytes", "messages", "tools", "pictures", "choices", "output", "calls", "found", "again", "service")
        held = exact.bound(paid, dict(zip(names, case["bound"])), case["markup"])
        return held if fits(held) else None
    usage = usage_of(case["usage"])
    nusd, unknown = exact.amount(exact.version_at(cost, case["opened"]), usage)
    charge, charge_unknown = exact.amount(paid, usage, case["markup"])
    return [nusd, charge, int(unknown or charge_unknown)] if fits(nusd) and fits(charge) else None


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--build", default="build")
    options.add_argument("--cases", type=int, default=int(os.environ.get("FLUX_PRICES", "100000")))
    options.add_argument("--seed", type=int, default=time.time_ns() % 10 ** 12)
    asked = options.parse_args()
    command = [f"{asked.build}/price_cases", str(asked.seed), str(-(-asked.cases // CASES_OF_A_SET))]
    program = subprocess.Popen(command, stdout=subprocess.PIPE)
    passed = failed = fit = 0
    cost = own = None
    for line in program.stdout:
        case = json.loads(line)
        if "versions" in case:
            cost, own = versions_of(case["versions"]), versions_of(case["own"])
            continue
        want = wanted(case, cost, own)
        fit += want is not None
        if want == case["result"]:
            passed += 1
            continue
        failed += 1
        if failed <= 5:
            print(f"wrong: {json.dumps(case)}\n    wanted: {want}")
    if program.wait() != 0 or passed + failed < asked.cases:
        failed += 1
        print(f"{command[0]} ended with {program.returncode} after {passed + failed} cases")
    print(f"seed {asked.seed}: {fit} amounts that fit, {passed - fit} that do not")
    print(f"prices: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
