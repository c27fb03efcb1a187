"""Answers drawn as lines of text: columns over days, or bars beside their names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from indexer.floor.cells import plain, safe
from indexer.floor.tables import ROLLFORWARD_FLOWS

WIDTH = 48
HEIGHT = 12
LARGEST = 20
_EIGHTHS = " ▁▂▃▄▅▆▇█"

Rows = Sequence[Mapping[str, Any]]
Series = Sequence[tuple[date, Decimal | None]]
Bar = tuple[str, Decimal | None]
Draw = Callable[[Rows, str], Iterator[str]]


def plot_lines(rows: Rows, what: str = "supply") -> Iterator[str]:
    """Yield a drawing of the answer *what* for each token and chain, or product, of *rows*.

    Rows for now have no place on a grid of days and are left out.
    """
    drawn: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if what == "balances" or isinstance(row["day"], date):
            drawn[_place(row)].append(row)
    for number, (place, own) in enumerate(drawn.items()):
        if number:
            yield ""
        yield from _DRAWINGS[what](own, place)


def _place(row: Mapping[str, Any]) -> str:
    return str(row["product"]) if "token" not in row else f"{row['token']} on {row['chain_id']}"


def _over_days(column: str, title: str, *, share: bool = False, zero: bool = True) -> Draw:
    """Return what draws *column* over the days; from zero on, or between its least and its largest."""

    def draw(rows: Rows, place: str) -> Iterator[str]:
        yield f"{title} of {place}"
        series = [(row["day"], _exact(row[column])) for row in rows]
        yield from _columns(series, title, share=share, zero=zero)

    return draw


def _several(*draws: Draw) -> Draw:
    def draw(rows: Rows, place: str) -> Iterator[str]:
        for one in draws:
            yield from one(rows, place)

    return draw


def _columns(series: Series, title: str, *, share: bool, zero: bool) -> Iterator[str]:
    known = [value for _, value in series if value is not None]
    if not known:
        yield f"  no day's {title} is known; `rwa show` without --plot has the reason"
        return
    top, low = max(known), min(known)
    flat = zero or low == top
    base = low * 0 if flat else low - (top - low) / HEIGHT
    columns = [None if v is None else _level(v - base, top - base) for v in _sampled([v for _, v in series])]
    labels = {HEIGHT - 1: _short(top, share=share), 0: "0" if flat else _short(low, share=share)}
    margin = max(map(len, labels.values()))
    for line in range(HEIGHT - 1, -1, -1):
        cells = "".join(_EIGHTHS[min(max((level or 0) - 8 * line, 0), 8)] for level in columns)
        yield f"{labels.get(line, ''):>{margin}} ┤{cells}".rstrip()
    first, last = series[0][0].isoformat(), series[-1][0].isoformat()
    gap = max(len(columns) - len(first) - len(last), 1)
    yield f"{'':>{margin}}  {first}{' ' * gap}{last}"


def _flows(rows: Rows, place: str) -> Iterator[str]:
    sums: dict[str, Decimal | None] = {}
    for row in rows:
        if row["effect"] in ("mint", "burn"):
            change = None if row["amount"] is None else row["minted"] - row["burned"]
            held = sums.get(row["reason"], Decimal(0))
            sums[row["reason"]] = None if held is None or change is None else held + change
    yield f"minted (+) and burned (−) of {place}, {rows[0]['day']} to {rows[-1]['day']}"
    yield from _bars(sorted(sums.items(), key=lambda one: one[1] or 0, reverse=True))


def _rollforward(rows: Rows, place: str) -> Iterator[str]:
    whole = [row for row in rows if row["closing"] is not None]
    rows = [row for row in rows if whole and row["day"] <= whole[-1]["day"]]
    if not rows:
        yield f"roll-forward of {place}: no day is known; `rwa show rollforward` has the reason"
        return
    yield f"roll-forward of {place}, {rows[0]['day']} to {rows[-1]['day']}"
    bars: list[Bar] = [("opening", rows[0]["opening"])]
    for name in ROLLFORWARD_FLOWS:
        values = [row[name] for row in rows]
        total = None if None in values else sum(values, Decimal(0))
        if total is None or total:
            bars.append((name, total))
    yield from _bars([*bars, ("closing", rows[-1]["closing"])])


def _balances(rows: Rows, place: str) -> Iterator[str]:
    known = sorted(
        (row for row in rows if row["balance"] is not None), key=lambda row: row["balance"], reverse=True
    )
    yield f"largest balances of {place}"
    bars: list[Bar] = [
        (safe(row.get("label") or row["holder"])[:42], row["balance"]) for row in known[:LARGEST]
    ]
    if known[LARGEST:]:
        rest = sum((row["balance"] for row in known[LARGEST:]), Decimal(0))
        bars.append((f"{len(known) - LARGEST:,} others", rest))
    yield from _bars(bars)


def _bars(bars: Sequence[Bar]) -> Iterator[str]:
    """Yield a line for each name, its bar and its amount; what is not known has neither."""
    known = [abs(value) for _, value in bars if value is not None]
    if not known:
        yield "  nothing to draw; `rwa show` without --plot has the reason"
        return
    top = max(known)
    margin = max(len(name) for name, _ in bars)
    for name, value in bars:
        if value is None:
            yield f"{name:>{margin}} ┤ not known"
            continue
        eighths = max(int(abs(value) * WIDTH * 8 / top), 1) if value and top else 0
        bar = "█" * (eighths // 8) + ("", "▏", "▎", "▍", "▌", "▋", "▊", "▉")[eighths % 8]
        yield f"{name:>{margin}} ┤{bar} {_short(value)}"


def _exact(value: Decimal | float | None) -> Decimal | None:
    """Return a figure as decimal; a ratio by the digits that are printed of it."""
    return value if value is None or isinstance(value, Decimal) else Decimal(str(value))


def _sampled(values: Sequence[Decimal | None]) -> list[Decimal | None]:
    """Return at most WIDTH values: the last one of each of as many equal stretches."""
    if len(values) <= WIDTH:
        return list(values)
    return [values[(i + 1) * len(values) // WIDTH - 1] for i in range(WIDTH)]


def _level(value: Decimal, top: Decimal) -> int:
    """Return the height of *value* in eighths of a line; what is above zero is seen."""
    if value <= 0 or top <= 0:
        return 0
    return max(int(value * HEIGHT * 8 / top), 1)


def _short(value: Decimal, *, share: bool = False) -> str:
    """Return the whole part with thousands apart, or all digits below ten; a share in percent."""
    if share:
        return f"{value * 100:.2f}%"
    if abs(value) < 10:
        return plain(value)
    return f"{int(value):,}"


_DRAWINGS: Mapping[str, Draw] = {
    "supply": _over_days("supply", "supply"),
    "product": _over_days("supply", "supply"),
    "holders": _several(
        _over_days("holders", "holders"), _over_days("top10_share", "share of the 10 largest", share=True)
    ),
    "nav": _over_days("nav", "NAV", zero=False),
    "yield": _over_days("yield_7d", "yield over 7 days", share=True, zero=False),
    "flows": _flows,
    "rollforward": _rollforward,
    "balances": _balances,
}
