"""Prices of recorded chains beside what the contracts' own views answered at the same block."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from decimal import Decimal

import pytest
from recorded_scene import Recorded, source

from indexer.ledger.figures import moment
from indexer.ledger.navs import price_rows

RANGES = "0x1cfC55b81b900599466F1E03385F464F040e304F"
RATES = "0x3FC8B893181065aAd90Bb87FD9326dC07Ff36773"
SECOND = "0x978Ad6a5f7198b0f72863cDE9Bd5Ee67C8784b79"
TBILL_ORACLE = "0x588dAbB9665Ab5859e51b7345eB23a45D8bdDE44"
CHECKPOINTS = "0x01490D8Bee9a602Cd009e48cd17c1DD1c62cF2C5"
AGENT = "0x5767749Ba35a0FE9F33029B89d80d8B2D8534088"


def in_force(rows: Sequence[dict], times: Sequence[int]) -> list[dict | None]:
    """Return the row that stands at the end of each block: the last one up to it, by block and by time."""
    dates = [row["published_at"] for row in rows]
    out: list[dict | None] = []
    for block, time in enumerate(times):
        at = bisect.bisect_right(dates, moment(time))
        while at and (rows[at - 1]["block_number"] or 0) > block:
            at -= 1
        out.append(rows[at - 1] if at else None)
    return out


def priced(rows: Sequence[dict], times: Sequence[int], decimals: int) -> list[int | None]:
    """Return the price at the end of each block, scaled as the contract scales it."""
    prices = [row and row["price"] for row in in_force(rows, times)]
    return [None if price is None else int(price.scaleb(decimals)) for price in prices]


def official(made: Recorded, kind: str = "official") -> list[dict]:
    return [row for row in made.fed(price_rows).to_pylist() if row["kind"] == kind]


@pytest.mark.parametrize("token", ["USDY", "rUSDY"])
def test_the_range_oracle_is_exact_from_its_logs_once_its_first_range_is_over(token: str) -> None:
    """From the first logged range on the price is the oracle's at every block, and None where it is paused."""
    made = Recorded("rusdy_audit2023", token, [source("range_oracle", RANGES, 18)])
    truth = Recorded("rusdy_audit2023", "rUSDY", []).truth["oraclePrice"]
    told = priced(official(made), made.times, 18)
    known = next(block for block, price in enumerate(told) if price)
    assert known == 86
    assert told[known:] == [None if price is None else int(price) for price in truth[known:]]
    assert not made.asked


def test_the_days_of_the_first_range_are_read_once_each() -> None:
    """With getPrice allowed every block has the oracle's price, from one read a day of the unknown range."""
    made = Recorded("rusdy_audit2023", "rUSDY", [source("range_oracle", RANGES, 18)], ["getPrice"])
    truth = made.truth["oraclePrice"]
    told = priced(official(made), made.times, 18)
    first = made.scene.logs["block_number"][0].as_py()
    start = next(block for block in range(first, len(told)) if told[block] is not None)
    assert told[start:] == [None if price is None else int(price) for price in truth[start:]]
    days = {made.times[block] // 86400 for block, _, _ in made.asked}
    assert len(days) == len(made.asked) == 26


def test_set_prices_are_the_oracle_s_at_every_block() -> None:
    """The price that RWAPriceSet tells is the one that rOUSG computes with, until its oracle is another."""
    made = Recorded("rousg", "rOUSG", [source("rwa_price", RATES, 18)])
    told = priced(official(made), made.times, 18)
    truth = [None if price is None else int(price) for price in made.truth["oraclePrice"]]
    first = next(block for block, price in enumerate(truth) if price)
    assert [block for block in range(first, len(told)) if told[block] != truth[block]] == list(
        range(235, 340)
    )


def test_a_second_oracle_takes_over_where_its_range_is_read() -> None:
    """After OracleSet rOUSG's price is the range oracle's, exact from its one logged range on."""
    made = Recorded("rousg", "rOUSG", [source("range_oracle", SECOND, 18)])
    told = priced(official(made), made.times, 18)
    truth = [None if price is None else int(price) for price in made.truth["oraclePrice"]]
    known = next(block for block, price in enumerate(told) if price)
    assert known == 297
    assert told[known:] == truth[known:]


def test_the_vault_computes_with_its_oracle_s_price() -> None:
    """TBILL's rate at every block is the price in force, the constructor's first one too, cut to 6 decimals."""
    made = Recorded("tbill", "TBILL", [source("vault_price", TBILL_ORACLE, 8)])
    told = priced(official(made), made.times, 8)
    truth = made.truth["rate_tbillUsdc"]
    assert [
        (b, told[b], truth[b]) for b in range(12, len(told)) if told[b] // 100 != int(truth[b] or 0)
    ] == []


def test_checkpoints_are_dated_by_their_own_timestamp() -> None:
    """Each of Superstate's 92 checkpoints is an official NAV of the day before the chain learnt it."""
    made = Recorded("ustb", "USTB", [source("price_checkpoints", CHECKPOINTS, 6)])
    rows = official(made)
    assert len(rows) == 92
    assert rows[0]["price"] == Decimal("10.001314")
    assert all(row["effective_at"] < row["published_at"] for row in rows)


def test_a_vault_is_read_once_a_day() -> None:
    """cUSDO's assets per share are the view's at each day's first block, one read a day."""
    made = Recorded("usdo", "cUSDO", [source("erc4626", None, 18)], ["convertToAssets"])
    for row in official(made):
        assert int(row["price"].scaleb(18)) == int(made.truth["assetsPer1e18"][row["block_number"]])
    days = {made.times[block] // 86400 for block, _, _ in made.asked}
    assert len(days) == len(made.asked) > 100


def test_what_a_deposit_paid_is_near_the_vault_s_own_figure() -> None:
    """A transaction's price differs by one base unit at most from convertToAssets of its block or the one before."""
    made = Recorded("usdo", "cUSDO", [source("erc4626", None, 18)])
    rows = official(made, "transaction")
    assert rows
    for row in rows:
        price = int(row["price"].scaleb(18))
        near = [made.truth["assetsPer1e18"][row["block_number"] - back] for back in (0, 1)]
        assert min(abs(price - int(one)) for one in near) <= 1


def test_maple_s_exit_price_is_read_once_a_day() -> None:
    """Exit assets per share are the view's at each day's first block, and withdrawals paid just that."""
    made = Recorded("maple", "syrupUSDC", [source("erc4626_exit", None, 6)], ["convertToExitAssets"])
    for row in official(made, "exit"):
        assert int(row["price"].scaleb(6)) == int(made.truth["exitAssetsPer1e6"][row["block_number"]])
    assert len({made.times[block] // 86400 for block, _, _ in made.asked}) == len(made.asked) > 100
    for row in official(made, "transaction"):
        near = int(made.truth["exitAssetsPer1e6"][row["block_number"]])
        assert int(row["price"].scaleb(6)) == near


def test_settlements_tell_the_last_known_price() -> None:
    """BENJI's price is what its transfer agent last settled at, wherever it has settled anything."""
    made = Recorded("benji", "BENJI", [source("settled", AGENT, 18)])
    rows = official(made)
    told = priced(rows, made.times, 18)
    truth = made.truth["lastKnownPrice"]
    known = [block for block, price in enumerate(told) if price is not None]
    assert [(b, told[b], truth[b]) for b in known if told[b] != int(truth[b] or 0)] == []
    assert len(rows) < 400
