"""Supply over days as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from indexer.floor.cells import plain

WIDTH = 48
HEIGHT = 12
_EIGHTHS = " ▁▂▃▄▅▆▇█"

Series = Sequence[tuple[date, Decimal | None]]


def plot_lines(rows: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Yield a drawing of supply for each token and chain of *rows*; unknown days stay empty.

    *rows* are those of `rwa show supply`: the last one, for now, has no place on a grid of days.
    """
    drawn: dict[tuple[str, str], list[tuple[date, Decimal | None]]] = {}
    for row in rows:
        day, supply = row["day"], row["supply"]
        if isinstance(day, date) and (supply is None or isinstance(supply, Decimal)):
            drawn.setdefault((str(row["token"]), str(row["chain_id"])), []).append((day, supply))
    for number, ((token, chain_id), series) in enumerate(drawn.items()):
        if number:
            yield ""
        yield f"supply of {token} on {chain_id}"
        yield from _drawing(series)


def _drawing(series: Series) -> Iterator[str]:
    known = [supply for _, supply in series if supply is not None]
    if not known:
        yield "  no day's supply is known; `rwa show supply` has the reason"
        return
    top = max(known)
    columns = [_level(supply, top) for supply in _sampled([supply for _, supply in series])]
    labels = {HEIGHT - 1: _short(top), 0: "0"}
    margin = max(map(len, labels.values()))
    for line in range(HEIGHT - 1, -1, -1):
        cells = "".join(_EIGHTHS[min(max(level - 8 * line, 0), 8)] for level in columns)
        yield f"{labels.get(line, ''):>{margin}} ┤{cells}".rstrip()
    first, last = series[0][0].isoformat(), series[-1][0].isoformat()
    gap = max(len(columns) - len(first) - len(last), 1)
    yield f"{'':>{margin}}  {first}{' ' * gap}{last}"


def _sampled(values: Sequence[Decimal | None]) -> list[Decimal | None]:
    """Return at most WIDTH values: the last one of each of as many equal stretches."""
    if len(values) <= WIDTH:
        return list(values)
    return [values[(i + 1) * len(values) // WIDTH - 1] for i in range(WIDTH)]


def _level(supply: Decimal | None, top: Decimal) -> int:
    """Return the height of *supply* in eighths of a line; what is above zero is seen."""
    if supply is None or supply <= 0 or top <= 0:
        return 0
    return max(int(supply * HEIGHT * 8 / top), 1)


def _short(value: Decimal) -> str:
    """Return the whole part with thousands apart, or all digits below one."""
    return f"{int(value):,}" if value >= 1 else plain(value)
