"""docs/ledger.md, "Prices" and "The bound", once more: with Python's integers, from the formulas as they are written
there, not from the program. Used by prices.py (random prices) and recompute.py (real entries)."""

RATES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "audio_input",
         "audio_output", "image_input", "image_output")
FIGURES = RATES[:4] + ("output", "reasoning", "audio_input", "audio_output", "image_input", "image_output",
                       "searches", "calls")
WHOLE = 10000
MOST = 2 ** 63 - 1


def version_at(versions, opened_ms):
    """The last that holds by then; what is before all of them is priced by the first."""
    found = versions[0]
    for version in versions[1:]:
        if version["from_ms"] <= opened_ms:
            found = version
    return found


def row_of(version, service, tokens):
    rows = [r for r in version["rows"] if r["service"] == service and (r["above"] == 0 or tokens > r["above"])]
    return max(rows, key=lambda r: r["above"]) if rows else None


def less(whole, part):
    return max(whole - part, 0)


def exact(row, usage, markup):
    """(numerator, denominator) of nano-dollars."""
    u = usage
    written = less(less(u["output"], u["audio_output"]), u["image_output"])
    reasoning = min(written, u["reasoning"])
    tokens = {"input": less(less(u["input"], u["audio_input"]), u["image_input"]), "output": written - reasoning,
              "reasoning": reasoning}
    pico = sum(tokens.get(rate, u[rate]) * row[rate] for rate in RATES) * row["percent"]
    scale = WHOLE
    if u["regional"]:
        pico, scale = pico * row["regional"], scale * WHOLE
    pico += (u["calls"] * row["call"] + u["searches"] * row["search"]) * 1000 * scale
    return pico * markup, 1000 * scale * WHOLE


def half_up(fraction):
    return (2 * fraction[0] + fraction[1]) // (2 * fraction[1])


def amount(version, usage, markup=WHOLE):
    """(nano-dollars, unknown)"""
    tokens = sum(usage[rate] for rate in RATES[:4])
    row = row_of(version, usage["service"], tokens)
    unknown = version["unknown"] or row is None
    return half_up(exact(row or row_of(version, 0, tokens), usage, markup)), bool(unknown)


def bound(version, b, markup=WHOLE):
    """None: nothing bounds it."""
    text = (b["bytes"] + 16 * (b["messages"] + 1) + 64 * b["tools"] + (1024 if b["tools"] else 0)
            + b["found"] * b["calls"])
    if b["again"]:
        text += b["again"] * b["calls"] + b["found"] * b["calls"] * (b["calls"] - 1) // 2
    if version["unknown"] or row_of(version, b["service"], 0) is None:
        return None
    most = 0
    for row in version["rows"]:
        if row["service"] not in (0, b["service"]) or row["above"] >= text + 8192 * b["pictures"]:
            continue
        dear = max(row["input"], row["cache_write_5m"], row["cache_write_1h"])
        out = max(row["output"], row["reasoning"], row["audio_output"], row["image_output"])
        pico = text * dear + 8192 * b["pictures"] * max(dear, row["image_input"]) + b["choices"] * b["output"] * out
        top = (pico * row["percent"] * max(WHOLE, row["regional"])
               + b["calls"] * max(row["call"], row["search"]) * 1000 * WHOLE * WHOLE) * markup
        most = max(most, -(-top // (1000 * WHOLE ** 3)))
    return most
