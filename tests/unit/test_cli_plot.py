from datetime import date, timedelta
from decimal import Decimal

from indexer.cli.plot import HEIGHT, WIDTH, plot_lines


def rows(*supplies):
    """Rows of `rwa show supply`, one a day."""
    first = date(2025, 1, 1)
    return [
        {"token": "ustb", "chain_id": "eip155:1", "day": first + timedelta(days=n), "supply": supply}
        for n, supply in enumerate(supplies)
    ]


def test_the_highest_day_reaches_the_top():
    """The largest supply fills its column, which is named at the side."""
    drawn = list(plot_lines(rows(Decimal(10**30), Decimal(10**30) / 2)))
    assert drawn[1] == f"{10**30:,} ┤█"
    assert len(drawn) == HEIGHT + 2


def test_a_supply_above_zero_is_always_seen():
    """A tiny supply beside a huge one still leaves a mark, zero leaves none."""
    drawn = list(plot_lines(rows(Decimal(1), Decimal(10**30), Decimal(0))))
    assert drawn[HEIGHT].endswith("┤▁█")


def test_long_histories_fit_the_width():
    """Hundreds of days are drawn in a fixed number of columns."""
    drawn = list(plot_lines(rows(*map(Decimal, range(1, 1000)))))
    assert max(len(line) for line in drawn) <= WIDTH + 8


def test_what_is_unknown_is_said():
    """Where no day is known there is a sentence in place of a drawing."""
    assert "no day's supply is known" in list(plot_lines(rows(None, None)))[1]


def test_each_chain_has_its_own_drawing():
    """Supplies of two chains are never drawn as one."""
    two = [*rows(Decimal(1)), {**rows(Decimal(2))[0], "chain_id": "eip155:137"}]
    titles = [line for line in plot_lines(two) if line.startswith("supply of")]
    assert titles == ["supply of ustb on eip155:1", "supply of ustb on eip155:137"]
