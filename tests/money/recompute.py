#!/usr/bin/env python3
"""Every cost and charge in the books, computed again from the entries and the configuration, to the nano-dollar.

    tests/money/recompute.py --config FILE.yaml [--store DIR/flux.db | --entries FILE.json] [--markup PERCENT]...

Independent of the program: prices come from the YAML, formulas from docs/ledger.md, ids of prices from their
definition; integers have no end. FILE.json has an entry a line, members as the columns of the table `entries`.
Mark-ups are those of the configuration, of the store's plans and accounts, and of --markup. Prints what differs; ends
with 0 when nothing does."""
import argparse
import decimal
import json
import sqlite3
import sys

import exact
from prices_of import Prices, percent


def usage_of(entry):
    usage = {figure: entry[figure] for figure in exact.FIGURES}
    usage["service"], usage["regional"] = entry["service"], bool(entry["regional"])
    return usage


def name(entry):
    identity = entry["request_id"]
    return f"{identity.hex() if isinstance(identity, bytes) else identity}/{entry['attempt']} {entry['model']}"


def differences(entry, prices):
    usage = usage_of(entry)
    version = prices.costs.get(entry["price_version"])
    paid = prices.charges.get(entry["charge_version"])
    if not version:
        yield f"price version {entry['price_version']} is not in the configuration"
    if not paid:
        yield f"charge version {entry['charge_version']} is not in the configuration"
    if not version or not paid:
        return
    cost, unknown = exact.amount(version, usage)
    charge, charge_unknown = exact.amount(paid[0], usage, paid[1])
    if not any(usage[figure] for figure in exact.FIGURES):
        unknown = charge_unknown = bool(entry["unpriced"])  # nothing was used: nothing is unpriced
    wants = {"cost_nusd": min(cost, exact.MOST), "charge_nusd": min(charge, exact.MOST),
             "unpriced": int(unknown or charge_unknown)}
    for column, want in wants.items():
        if entry[column] != want:
            yield f"{column} is {entry[column]}, not {want}"


def entries_of(asked):
    if asked.entries:
        with open(asked.entries, encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines if line.strip())
        return
    store = sqlite3.connect(f"file:{asked.store}?mode=ro", uri=True, timeout=10)
    store.row_factory = sqlite3.Row
    yield from (dict(row) for row in store.execute("SELECT * FROM entries ORDER BY request_id, attempt"))
    store.close()


def markups_of(path):
    """What is set on plans and accounts."""
    store = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    rows = store.execute("SELECT terms FROM owners")
    terms = [json.loads(row[0] or "{}", parse_float=decimal.Decimal) for row in rows]
    store.close()
    return [exact.WHOLE + int(decimal.Decimal(t["markup_percent"]) * 100) for t in terms if "markup_percent" in t]


def recompute(entries, prices, say=print):
    """(entries that are right, entries that are not)"""
    right = wrong = 0
    for entry in entries:
        found = list(differences(entry, prices))
        for difference in found:
            say(f"{name(entry)}: {difference}")
        right, wrong = right + (not found), wrong + bool(found)
    return right, wrong


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--config", default="etc/catalog.yaml")
    options.add_argument("--store", default="flux-data/flux.db")
    options.add_argument("--entries")
    options.add_argument("--markup", action="append", default=[])
    asked = options.parse_args()
    markups = [exact.WHOLE + percent(m) for m in asked.markup]
    markups += [] if asked.entries else markups_of(asked.store)
    with open(asked.config, encoding="utf-8") as config:
        prices = Prices(config.read(), markups)
    right, wrong = recompute(entries_of(asked), prices)
    print(f"recompute: {right} passed, {wrong} failed")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
