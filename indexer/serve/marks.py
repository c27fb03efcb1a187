"""The parts that pictures are put together from, as Vega-Lite: areas, lines, bars, a waterfall, and the frame."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from textwrap import wrap
from typing import Any, NamedTuple

Spec = dict[str, Any]

WIDTH, HEIGHT = 860, 380
SMALL = 150
COLOURS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#D55E00",
    "#8C8C8C",
    "#F0E442",
    "#332288",
    "#117733",
)
"""Okabe and Ito's, which people with any colour vision tell apart, and three more."""

AMOUNTS = "replace(format(datum.value, '~s'), 'G', 'B')"
"""An axis label: 1.2M, 3B."""

LINES = ("#0072B2", "#E69F00", "#8C8C8C", "#CC79A7")
DASHES = ([1, 0], [1, 0], [3, 2], [1, 0])
"""How the lines of one part look, in the order of its legend; they are told apart in print too."""

REASONS = {
    "issuance": "#009E73", "redemption": "#D55E00", "distribution": "#F0E442", "bridge_in": "#56B4E9",
    "bridge_out": "#0072B2", "forced": "#CC79A7", "unclassified": "#8C8C8C", "fee": "#332288",
}  # fmt: skip
"""Reasons that have one colour in every picture; the others take what is left."""

UP, DOWN, STILL = "#009E73", "#D55E00", "#4A5560"


class Chart(NamedTuple):
    """What is drawn: the title, the unit, and the parts below each other; *notes* say what is not in it,
    *days* which days it shows where these are not all that were asked."""

    title: str
    unit: str
    parts: tuple[Spec, ...]
    notes: tuple[str, ...] = ()
    days: str | None = None


def whole(chart: Chart, name: str, days: str, sources: Sequence[str]) -> Spec:
    """Return the whole picture: title, unit and days above it, notes and sources below."""
    notes = [f"Note: {note}" for note in chart.notes[:6]]
    below = [*(line for text in (*notes, *sources) for line in wrap(text, 150))]
    foot = {
        "width": WIDTH,
        "height": 14 * len(below) + 4,
        "view": {"stroke": None},
        "data": {"values": [{"line": line, "at": number} for number, line in enumerate(below)]},
        "mark": {"type": "text", "align": "left", "baseline": "top", "fontSize": 11, "color": "#5B6570"},
        "encoding": {
            "x": {"value": 0},
            "y": {"field": "at", "type": "ordinal", "axis": None, "scale": {"paddingOuter": 0}},
            "text": {"field": "line", "type": "nominal"},
        },
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": {
            "text": f"{name}: {chart.title}",
            "subtitle": f"{chart.unit}{f' · {days}' if days else ''}",
        },
        "background": "white",
        "padding": 16,
        "vconcat": [*chart.parts, foot],
        "resolve": {
            "scale": {"color": "independent", "strokeDash": "independent", "x": "independent"},
            "legend": {"color": "independent", "strokeDash": "independent"},
        },
        "config": _CONFIG,
    }


_CONFIG: Spec = {
    "font": "Helvetica, Arial, sans-serif",
    "title": {
        "anchor": "start",
        "fontSize": 17,
        "subtitleFontSize": 12,
        "subtitleColor": "#5B6570",
        "offset": 12,
    },
    "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "gridColor": "#E6E9ED"},
    "legend": {"labelFontSize": 11, "titleFontSize": 11, "orient": "right"},
    "view": {"stroke": "#D5DAE0"},
    "range": {"category": list(COLOURS)},
}
_X = {
    "field": "day",
    "type": "temporal",
    "timeUnit": "utcyearmonthdate",
    "title": None,
    "axis": {"labelOverlap": True, "format": "%Y-%m-%d"},
}


def _base(values: list[Spec], height: int) -> Spec:
    return {"width": WIDTH, "height": height, "data": {"values": values}}


def _y(title: str, axis: str | None = None, **more: Any) -> Spec:
    labels: Spec = {"format": axis} if axis else {"labelExpr": AMOUNTS}
    return {"field": "value", "type": "quantitative", "axis": labels | {"title": title}, **more}


def _colour(title: str) -> Spec:
    return {"field": "series", "type": "nominal", "title": title or None}


def _tips(axis: str = ",.6~f") -> list[Spec]:
    return [
        {
            "field": "day",
            "type": "temporal",
            "timeUnit": "utcyearmonthdate",
            "title": "day",
            "format": "%Y-%m-%d",
        },
        {"field": "series", "type": "nominal", "title": " "},
        {"field": "value", "type": "quantitative", "format": axis},
    ]


def areas(values: list[Spec], title: str, legend: str, height: int = HEIGHT) -> Spec:
    """Return areas stacked upon each other; a figure holds until the next."""
    colour = _colour(legend) | ({} if legend else {"legend": None})
    mark = {"type": "area", "interpolate": "step-after", "opacity": 0.85}
    encoding = {"x": _X, "y": _y(title, stack="zero"), "color": colour, "tooltip": _tips()}
    return _base(values, height) | {"mark": mark, "encoding": encoding}


def lines(
    values: list[Spec],
    title: str,
    legend: str,
    order: Sequence[str],
    *,
    axis: str | None = None,
    whole: bool = False,
) -> Spec:
    """Return a line for each series, in the *order* of the legend; a figure holds until the next."""
    y = _y(title, "d" if whole else axis, scale={"zero": whole})
    mark = {"type": "line", "interpolate": "step-after", "strokeWidth": 1.8}
    there = {value["series"] for value in values}
    names = [name for name in order if name in there]
    colour = _colour(legend) | {
        "scale": {"domain": names, "range": [LINES[order.index(name)] for name in names]}
    }
    dash = {
        "field": "series",
        "type": "nominal",
        "title": legend,
        "scale": {"domain": names, "range": [DASHES[order.index(name)] for name in names]},
    }
    tips = _tips(axis or ",.6~f")
    encoding = {"x": _X, "y": y, "color": colour, "strokeDash": dash, "tooltip": tips}
    return _base(values, HEIGHT) | {"mark": mark, "encoding": encoding}


def bars(values: list[Spec], step: str, title: str, legend: str, height: int = HEIGHT) -> Spec:
    """Return bars up and down from zero, stacked by series, a day, week or month (*step*) wide."""
    unit = {"day": "utcyearmonthdate", "week": "utcyearmonthdate", "month": "utcyearmonth"}[step]
    days = {"day": 1, "week": 7, "month": 30}[step]
    span = _span(values, days)
    wide = max(1.0, min(40.0, 0.8 * WIDTH * days / (span + days)))
    mark = {"type": "bar", "width": wide}
    x = _X | {"timeUnit": unit, "scale": {"padding": wide / 2 + 4}}
    colour = _colour(legend) | {"scale": _reason_colours({value["series"] for value in values})}
    encoding = {"x": x, "y": _y(title, stack="zero"), "color": colour, "tooltip": _tips()}
    rule = {"mark": {"type": "rule", "color": STILL}, "encoding": {"y": {"datum": 0}}}
    return _base(values, height) | {"layer": [{"mark": mark, "encoding": encoding}, rule]}


def _reason_colours(names: set[str]) -> Spec:
    """Return a colour for each of *names*: the one it always has, or one that none of them has."""
    left = (colour for colour in COLOURS if colour not in {REASONS[name] for name in names & REASONS.keys()})
    domain = sorted(names)
    return {"domain": domain, "range": [REASONS.get(name) or next(left, "#4A5560") for name in domain]}


def _span(values: Sequence[Spec], days: int) -> int:
    told = sorted(date.fromisoformat(value["day"]) for value in values)
    return (told[-1] - told[0]).days + days if told else days


def prices(values: list[Spec], title: str) -> Spec:
    """Return a line of prices with a ring wherever one was stale."""
    line = {
        "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 1.8, "color": COLOURS[0]},
        "encoding": {
            "x": _X,
            "y": _y(title, scale={"zero": False}) | {"axis": {"format": ",.6~f", "title": title}},
        },
    }
    stale = {
        "transform": [{"filter": "datum.stale"}],
        "mark": {"type": "point", "color": DOWN, "size": 22, "filled": False},
        "encoding": {"x": _X, "y": {"field": "value", "type": "quantitative"}, "tooltip": _tips()},
    }
    return _base(values, HEIGHT) | {"layer": [line, stale]}


def ranked(values: list[Spec], name: str) -> Spec:
    """Return horizontal bars in the order given."""
    height = 22 * max(len(values), 1)
    return _base(values, height) | {
        "mark": {"type": "bar"},
        "encoding": {
            "y": {
                "field": "name",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelLimit": 320},
            },
            "x": _y(f"balance: {name}"),
            "color": {"field": "role", "type": "nominal", "title": "role"},
            "tooltip": [
                {"field": "name", "title": "holder"},
                {"field": "value", "format": ",.6~f"},
                {"field": "role"},
            ],
        },
    }


def waterfall(steps: Sequence[tuple[str, Decimal, Decimal]], name: str) -> Spec:
    """Return a bar for each of *steps* (name, from, to), the first and the last from zero."""
    values = [
        {
            "step": step,
            "low": number(min(start, end)),
            "high": number(max(start, end)),
            "change": number(end - start),
            "kind": "stock" if step in ("opening", "closing") else "up" if end > start else "down",
        }
        for step, start, end in steps
    ]
    x = {"field": "step", "type": "ordinal", "sort": None, "title": None, "axis": {"labelAngle": -30}}
    colour = {
        "field": "kind",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": ["stock", "up", "down"], "range": [STILL, UP, DOWN]},
    }
    y = {
        "field": "low",
        "type": "quantitative",
        "axis": {"labelExpr": AMOUNTS, "title": f"supply: {name}"},
        "scale": {"zero": True},
    }
    tips = [{"field": "step"}, {"field": "change", "type": "quantitative", "format": "+,.6~f"}]
    bar = {
        "mark": {"type": "bar", "width": {"band": 0.7}},
        "encoding": {"x": x, "y": y, "y2": {"field": "high"}, "color": colour, "tooltip": tips},
    }
    text = {
        "transform": [
            {
                "calculate": "replace(format(datum.change, datum.kind == 'stock' ? '.4~s' : '+.4~s'), 'G', 'B')",
                "as": "label",
            }
        ],
        "mark": {"type": "text", "dy": -7, "fontSize": 11, "color": STILL},
        "encoding": {
            "x": x,
            "y": {"field": "high", "type": "quantitative"},
            "text": {"field": "label", "type": "nominal"},
        },
    }
    return _base(values, HEIGHT) | {"layer": [bar, text]}


def number(value: Decimal | float) -> float:
    """Return an amount as a picture has it."""
    return float(value)
