"""Answers as Vega-Lite specifications: pure functions from the rows of `rwa show` to the words of a picture.

Amounts become floating point here and only here, since a picture has fewer digits than a float. What is not known is
left out of a line, and said below the title.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from indexer.floor.tables import ROLLFORWARD_FLOWS
from indexer.serve.marks import SMALL, Chart, Spec, areas, bars, lines, number, prices, ranked, waterfall

Rows = Sequence[Mapping[str, Any]]

MOST_BARS = 110
"""Bars that can be told apart; where there are more days they are summed by week or month."""

LARGEST = 20
"""Balances that are drawn; the others are one bar."""


def supply(rows: Rows) -> Chart:
    """Return supply stacked by chain; where a name means several tokens each has its own panel."""
    parts: list[Spec] = []
    notes: list[str] = []
    for token, own in _by(rows, "token").items():
        copies = sorted({str(row["chain"]) for row in own if row.get("is_copy")})
        if copies:
            notes.append(f"{token} on {', '.join(copies)} copies what is locked elsewhere: not stacked")
        stacked = [row for row in own if not row.get("is_copy")]
        holes = _holes(stacked)
        if holes:
            last = max(holes)
            many = (
                f"{len(holes):,} days, the last {last}, which are" if len(holes) > 1 else f"{last}, which is"
            )
            notes.append(f"{token}: a chain is not known on {many} left out")
        values = [
            _day(row) | {"series": row["chain"], "value": number(row["supply"])}
            for row in stacked
            if row["day"] not in holes
        ]
        parts.append(areas(values, f"supply of {token}", "chain"))
    return Chart("Supply by chain", "token units at the close of UTC days", tuple(parts), tuple(notes))


def product(rows: Rows) -> Chart:
    """Return a product's supply: what circulates, is under way, and is told of elsewhere."""
    names = {"circulating": "circulating", "in_transit": "in transit", "elsewhere": "elsewhere (from files)"}
    parts: list[Spec] = []
    notes: list[str] = []
    for name, own in _by(rows, "product").items():
        values = [
            _day(row) | {"series": shown, "value": number(row[column])}
            for row in own
            for column, shown in names.items()
            if row[column] is not None
        ]
        notes += _unknown(own, "circulating", name)
        parts.append(areas(values, f"units of {name}", "part"))
    return Chart("Supply of a product", "token units at the close of UTC days", tuple(parts), tuple(notes))


def rollforward(rows: Rows) -> Chart:
    """Return a waterfall from the first opening to the last closing, a panel for each token and chain."""
    drawn: set[date] = set()
    parts: list[Spec] = []
    notes: list[str] = []
    for name, unsorted in _places(rows).items():
        ordered = sorted(unsorted, key=lambda row: row["day"])
        own = trimmed(ordered)
        drawn |= {row["day"] for row in own}
        if own and len(own) < len(ordered):
            notes.append(f"{name}: known and drawn from {own[0]['day']} to {own[-1]['day']}")
        steps = _steps(own)
        if isinstance(steps, str):
            notes.append(f"{name}: {steps}")
        else:
            parts.append(waterfall(steps, name))
    basis = rows[0]["basis"] if rows else "total"
    days = f"{min(drawn)} to {max(drawn)}" if drawn else None
    unit = "token units over these UTC days"
    return Chart(f"Roll-forward of {basis} supply", unit, tuple(parts), tuple(notes), days)


def flows(rows: Rows) -> Chart:
    """Return what was minted upwards and what was burned downwards, by reason."""
    moved = [row for row in rows if row["effect"] in ("mint", "burn")]
    notes = [f"{n:,} rows have an unknown amount" for n in [sum(row["amount"] is None for row in moved)] if n]
    step, bins = _binned([row["day"] for row in moved])
    parts = []
    for name, own in _places(moved).items():
        sums: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
        for row in own:
            if row["amount"] is not None:
                sums[bins[row["day"]], row["reason"]] += row["minted"] - row["burned"]
        values = [
            {"day": day.isoformat(), "series": reason, "value": number(amount)}
            for (day, reason), amount in sorted(sums.items())
        ]
        parts.append(bars(values, step, f"minted (+), burned (−): {name}", "reason"))
    return Chart("Flows by reason", f"token units a {step}, UTC", tuple(parts), tuple(notes))


def holders(rows: Rows) -> Chart:
    """Return how many hold, who came and went, and how concentrated it is."""
    parts: list[Spec] = []
    notes: list[str] = []
    for name, own in _places(_without_twins(rows)).items():
        counts = [
            _day(row) | {"series": column, "value": row[column]}
            for row in own
            for column in ("addresses", "holders", "entities")
            if row[column] is not None
        ]
        step, bins = _binned([row["day"] for row in own])
        sums: dict[tuple[date, str], int] = defaultdict(int)
        for row in own:
            for column, sign in (("entered", 1), ("exited", -1)):
                sums[bins[row["day"]], column] += sign * (row[column] or 0)
        turns = [{"day": d.isoformat(), "series": s, "value": v} for (d, s), v in sorted(sums.items()) if v]
        parts += [
            lines(counts, f"holders: {name}", "count", ("holders", "entities", "addresses"), whole=True),
            bars(turns, step, f"entered (+), exited (−) a {step}", "", height=SMALL),
            _concentration(own),
        ]
        notes += _unknown(own, "holders", name)
        if any(row["lower_bound"] for row in own):
            notes.append(
                f"{name}: an omnibus wallet holds for others, so there are more holders than are counted"
            )
    return Chart(
        "Holders and concentration", "addresses, and shares of what holders have", tuple(parts), tuple(notes)
    )


def balances(rows: Rows) -> Chart:
    """Return the largest balances and what all the others have together."""
    parts: list[Spec] = []
    notes: list[str] = []
    for name, own in _places(rows).items():
        known = [row for row in own if row["balance"] is not None]
        notes += [f"{name}: {row['why_null']}" for row in own if row["balance"] is None][:1]
        known.sort(key=lambda row: row["balance"], reverse=True)
        top, rest = known[:LARGEST], known[LARGEST:]
        values = [
            {"name": _who(row), "value": number(row["balance"]), "role": row["role"] or "no role"}
            for row in top
        ]
        if rest:
            others = sum((row["balance"] for row in rest), Decimal(0))
            values.append({"name": f"{len(rest):,} others", "value": number(others), "role": "others"})
        parts.append(ranked(values, name))
    return Chart("Largest balances", "token units", tuple(parts), tuple(notes))


def nav(rows: Rows) -> Chart:
    """Return the price in force and the value of what circulates; days on which the price was stale are marked."""
    parts: list[Spec] = []
    notes: list[str] = []
    for name, own in _places(rows).items():
        known = [row for row in own if row["nav"] is not None]
        currency = " and ".join(sorted({row["currency"] for row in known}))
        values = [
            _day(row)
            | {"series": row["kind"] or "", "value": number(row["nav"]), "stale": bool(row["nav_stale"])}
            for row in known
        ]
        parts.append(prices(values, f"{currency} for one unit: {name}"))
        worth = [
            _day(row) | {"series": "value", "value": number(row["value"])} for row in known if row["value"]
        ]
        parts.append(areas(worth, f"on-chain value, {currency}", "", height=SMALL))
        notes += _unknown(own, "nav", name)
        if any(row["nav_stale"] for row in known):
            notes.append(f"{name}: rings mark closes at which the price was out of date")
    return Chart("NAV and on-chain value", "at the close of UTC days", tuple(parts), tuple(notes))


def yields(rows: Rows) -> Chart:
    """Return the yields of 7 and 30 days and of each accrual period, as shares of a year."""
    names = {"yield_7d": "7 days", "yield_30d": "30 days", "yield_period": "last accrual period"}
    parts: list[Spec] = []
    notes: list[str] = []
    for name, own in _places(rows).items():
        values = [
            _day(row) | {"series": shown, "value": row[column]}
            for row in own
            for column, shown in names.items()
            if row[column] is not None
        ]
        parts.append(lines(values, f"yield a year: {name}", "window", tuple(names.values()), axis=".2%"))
        if not values:
            notes += sorted({f"{name}: {row['why_null']}" for row in own if row["why_null"]})[:1]
        notes += sorted({f"{name}: by {row['method']}, {row['source']}" for row in own if row["source"]})[-1:]
    return Chart(
        "Yield", "simple, a year of 365 days, from the total-return index", tuple(parts), tuple(notes)
    )


CHARTS: Mapping[str, Callable[[Rows], Chart]] = {
    "supply": supply,
    "product": product,
    "rollforward": rollforward,
    "flows": flows,
    "holders": holders,
    "balances": balances,
    "nav": nav,
    "yield": yields,
}
"""Each picture by the name that `rwa show` takes; entries of the ledger have none."""


def _concentration(rows: Rows) -> Spec:
    names = {
        "top1_share": "largest",
        "top5_share": "5 largest",
        "top10_share": "10 largest",
        "top50_share": "50 largest",
    }
    values = [
        _day(row) | {"series": shown, "value": row[column]}
        for row in rows
        for column, shown in names.items()
        if row[column] is not None
    ]
    part = lines(values, "share of what holders have", "held by the", tuple(names.values()), axis=".0%")
    part["height"] = SMALL
    part["encoding"]["y"]["scale"] = {"domain": [0, 1]}
    return part


def trimmed(rows: Rows) -> Rows:
    """Return the days from the first to the last of which everything is known; a day that is not over is left out."""
    known = [
        all(row[name] is not None for name in ("opening", *ROLLFORWARD_FLOWS, "closing")) for row in rows
    ]
    if True not in known:
        return []
    return rows[known.index(True) : len(known) - known[::-1].index(True)]


def _steps(rows: Rows) -> list[tuple[str, Decimal, Decimal]] | str:
    """Return each bar of a waterfall as name, from, to; a sentence where a figure is not known."""
    if not rows:
        return "no day of which everything is known"
    gap = next(
        (r for r in rows if any(r[n] is None for n in ("opening", *ROLLFORWARD_FLOWS, "closing"))), None
    )
    if gap is not None:
        return f"no waterfall, since a figure of {gap['day']} is not known ({gap['why_null']})"
    opening, closing = rows[0]["opening"], rows[-1]["closing"]
    steps = [("opening", Decimal(0), opening)]
    at = opening
    for name in ROLLFORWARD_FLOWS:
        change = sum((row[name] for row in rows), Decimal(0))
        if change:
            steps.append((name.replace("_", " "), at, at + change))
            at += change
    return [*steps, ("closing", Decimal(0), closing)]


def _by(rows: Rows, column: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[str(row[column])].append(row)
    return found


def _places(rows: Rows) -> dict[str, list[Mapping[str, Any]]]:
    """Return the rows of each token and chain by the name of both."""
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[f"{row['token']} on {row['chain']}"].append(row)
    return found


def _holes(rows: Rows) -> set[date]:
    """Return the days on which a chain that had begun is not known: a stack without it would be too low."""
    days = {row["day"] for row in rows}
    holes = {row["day"] for row in rows if row["supply"] is None}
    for own in _by(rows, "chain").values():
        last = max(row["day"] for row in own)
        holes |= {day for day in days if day > last}
    return holes


def _without_twins(rows: Rows) -> Rows:
    """Return *rows* without those of all chains of a token that has one chain only: they say the same."""
    chains: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        chains[row["token"]].add(row["chain_id"])
    return [row for row in rows if row["chain_id"] != "all" or len(chains[row["token"]]) > 2]


def _day(row: Mapping[str, Any]) -> Spec:
    return {"day": row["day"].isoformat()}


def _who(row: Mapping[str, Any]) -> str:
    """Return a holder as its label, if it has one, and enough of its address to find it."""
    short = f"{row['holder'][:10]}…{row['holder'][-6:]}"
    return f"{row['label'][:40]} {short}" if row.get("label") else short


def _unknown(rows: Rows, column: str, name: str) -> Iterator[str]:
    """Yield the sentence that says how many days are not drawn, and why the last of them is not."""
    gaps = [row for row in rows if row[column] is None]
    if gaps:
        why = gaps[-1]["why_null"] or "no reason told"
        many = f"{len(gaps):,} days" if len(gaps) > 1 else "a day"
        yield f"{name}: {column} is not known on {many} (last {gaps[-1]['day']}: {why})"


def _binned(days: Sequence[date]) -> tuple[str, Mapping[date, date]]:
    """Return day, week or month, whichever makes few enough bars, and the first day of each one's bin."""
    span = (max(days) - min(days)).days + 1 if days else 0
    if span <= MOST_BARS:
        return "day", {day: day for day in days}
    if span <= 7 * MOST_BARS:
        return "week", {day: day - timedelta(days=day.weekday()) for day in days}
    return "month", {day: day.replace(day=1) for day in days}
