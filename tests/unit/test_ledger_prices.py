"""Price sources on small scenes: what each kind tells, and what it does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from eth_hash.auto import keccak
from ledger_kit import (
    ALICE,
    MINT,
    OTHER,
    TOKEN,
    deployment,
    moment,
    raw,
    run_to,
    scene,
    seconds,
    transfer,
    word,
)

from indexer.config.model import PRICES as KINDS
from indexer.config.model import Companion, Price
from indexer.floor.spans import BlockRef
from indexer.ledger.navs import PRICES, price_rows
from indexer.ledger.prices.observation import stale_at
from indexer.ledger.prices.ranges import DAY
from indexer.ledger.scene import Needs, Scene

THIRD = "0x" + "99" * 20
FEED = "0x" + "11" * 32


def source(kind: str, contract: str | None = OTHER, decimals: int = 8, **more: object) -> Price:
    price = Price(kind, contract, decimals, "USD", "on_change", 24, None, "a document", "high")
    return replace(price, **more)


def told(
    block: int, index: int, signature: str, *args: int | str, address: str = OTHER, topics: int = 0
) -> dict:
    """Return a log of *signature*, whose first *topics* arguments are indexed."""
    given = [word(arg) for arg in args]
    return raw(
        block, index, [keccak(signature.encode()), *given[:topics]], b"".join(given[topics:]), address=address
    )


def seen(
    price: Price,
    *rows: Mapping[str, object],
    reads: tuple[str, ...] = (),
    others: tuple[Price, ...] = (),
    **more: object,
) -> Scene:
    """Return a scene of a token minted in block 1, with price sources whose contracts are companions."""
    prices = (price, *others)
    contracts = {one.contract for one in prices if one.contract} - {TOKEN}
    companions = () if reads else tuple(Companion(one, one, (), None, None) for one in sorted(contracts))
    where = replace(deployment(companions=companions, reads=reads), prices=prices)
    made = sorted([transfer(1, 0, MINT, 100), *rows], key=lambda row: (row["block_number"], row["log_index"]))
    return scene(*made, where=where, **more)


def prices(made: Scene) -> list[tuple[Decimal | None, str | None]]:
    rows = price_rows(made)
    assert not isinstance(rows, Needs)
    return [(row["price"], row["why_null"]) for row in rows.to_pylist()]


def rows_of(made: Scene) -> list[dict]:
    rows = price_rows(made)
    assert not isinstance(rows, Needs)
    return rows.to_pylist()


def test_the_configuration_and_the_ledger_name_the_same_kinds() -> None:
    """Every kind that a file may name has a source, and no source goes by another name."""
    assert set(KINDS) == set(PRICES)


def test_a_token_without_a_price_source_has_no_rows() -> None:
    """Without a configured source nothing is known and nothing is said."""
    assert price_rows(scene(transfer(1, 0, MINT, 100))).num_rows == 0


def test_a_source_that_tells_nothing_says_so() -> None:
    """A configured oracle without a log makes one row without a price, from the token's first log on."""
    (row,) = rows_of(seen(source("rwa_price")))
    assert (row["price"], row["effective_at"]) == (None, moment(1))
    assert row["why_null"] == "the price source rwa_price tells nothing in the covered blocks"


def test_a_par_holds_from_the_first_log_and_never_goes_stale() -> None:
    """Par is the document's figure to its last digit, cited, and has no block."""
    (row,) = rows_of(seen(source("par", None, 18, value="1.05")))
    assert (row["price"], row["kind"], row["source"]) == (Decimal("1.05"), "par", "par: a document")
    assert (row["effective_at"], row["block_number"], row["stale_at"]) == (moment(1), None, None)


def test_a_set_price_is_dated_by_the_oracle() -> None:
    """RWAPriceSet tells its own time; the price before the first one holds from the oracle's first log on."""
    made = seen(
        source("rwa_price", decimals=18),
        told(2, 0, "RoleGranted(bytes32,address,address)", 1, ALICE, ALICE, topics=3),
        told(9, 0, "RWAPriceSet(int256,int256,uint256)", 10**20, 2 * 10**20, seconds(8)),
    )
    first, second = rows_of(made)
    assert (first["price"], first["effective_at"], first["block_number"]) == (100, moment(2), 2)
    assert (second["price"], second["effective_at"], second["published_at"]) == (200, moment(8), moment(9))


def test_a_corrected_price_keeps_its_date() -> None:
    """PriceUpdated corrects the price of an id: the same date, learnt later."""
    made = seen(
        source("rwa_price", decimals=18),
        told(2, 0, "PriceAdded(uint256,uint256,uint256)", 7, 10**18, seconds(2), topics=1),
        told(3, 0, "PriceAdded(uint256,uint256,uint256)", 8, 2 * 10**18, seconds(3), topics=1),
        told(5, 0, "PriceUpdated(uint256,uint256,uint256)", 7, 10**18, 3 * 10**18, topics=1),
        told(6, 0, "PriceUpdated(uint256,uint256,uint256)", 1, 10**18, 3 * 10**18, topics=1),
    )
    rows = [(row["price"], row["effective_at"], row["published_at"]) for row in rows_of(made)]
    assert rows == [(1, moment(2), moment(2)), (3, moment(2), moment(5)), (2, moment(3), moment(3))]


def test_a_checkpoint_is_the_nav_of_its_timestamp() -> None:
    """NewCheckpoint is official, dated by its timestamp, not by when the oracle starts to use it."""
    made = seen(
        source("price_checkpoints", decimals=6),
        told(9, 0, "NewCheckpoint(uint64,uint64,uint128)", seconds(4), seconds(12), 10_001_314),
    )
    (row,) = rows_of(made)
    assert (row["price"], row["kind"]) == (Decimal("10.001314"), "official")
    assert (row["effective_at"], row["published_at"]) == (moment(4), moment(9))


def test_a_log_that_cannot_be_read_is_a_gap_with_its_reason() -> None:
    """A price log of another shape makes a row without a price."""
    log = told(9, 0, "NewCheckpoint(uint64,uint64,uint128)", 1, 2)
    ((price, why),) = prices(seen(source("price_checkpoints"), log))
    assert price is None
    assert why is not None
    assert why.startswith("block 9 log 0 cannot be read: NewCheckpoint")


def test_a_vault_goes_over_to_another_oracle_with_the_price_it_has() -> None:
    """SetTBillPriceFeed swaps the oracle: the new one's last price holds from there, the old one's no more."""
    made = seen(
        source("vault_price"),
        told(2, 0, "UpdatePrice(uint256,uint256)", 0, 101_000_000),
        told(3, 0, "UpdatePrice(uint256,uint256)", 0, 105_000_000, address=THIRD),
        told(4, 0, "SetTBillPriceFeed(address)", THIRD, address=TOKEN),
        told(5, 0, "UpdatePrice(uint256,uint256)", 101_000_000, 102_000_000),
        told(6, 0, "UpdatePrice(uint256,uint256)", 105_000_000, 106_000_000, address=THIRD),
        others=(source("vault_price", THIRD),),
    )
    rows = sorted(rows_of(made), key=lambda row: row["published_at"])
    assert [(row["price"], row["published_at"]) for row in rows] == [
        (Decimal("1.01"), moment(2)), (Decimal("1.05"), moment(4)), (Decimal("1.06"), moment(6)),
    ]  # fmt: skip
    assert rows[1]["effective_at"] == moment(3)


def test_a_vault_s_price_is_unknown_after_a_swap_to_a_stranger() -> None:
    """An oracle that is not configured has no price here, and the row names it."""
    made = seen(
        source("vault_price"),
        told(2, 0, "UpdatePrice(uint256,uint256)", 0, 101_000_000),
        told(4, 0, "SetTBillPriceFeed(address)", THIRD, address=TOKEN),
        told(5, 0, "UpdatePrice(uint256,uint256)", 101_000_000, 102_000_000),
    )
    why = f"the vault takes its price from {THIRD} here, which is not configured"
    assert prices(made) == [(Decimal("1.01"), None), (None, why)]


def test_a_close_price_of_the_vault_s_oracle_is_not_its_price() -> None:
    """UpdateCloseNavPrice bounds the price and is not it."""
    made = seen(source("vault_price"), told(2, 0, "UpdateCloseNavPrice(uint256,uint256)", 1, 101_000_000))
    assert prices(made) == [(None, "the price source vault_price tells nothing in the covered blocks")]


def test_an_aggregator_s_answer_is_dated_by_itself() -> None:
    """AnswerUpdated tells its time; an answer of zero is no price."""
    made = seen(
        source("chainlink"),
        told(5, 0, "AnswerUpdated(int256,uint256,uint256)", 10_123_456_789, 1, seconds(4), topics=2),
        told(6, 0, "AnswerUpdated(int256,uint256,uint256)", 0, 2, seconds(6), topics=2),
    )
    assert prices(made) == [(Decimal("101.23456789"), None), (None, "the price told is not above zero")]
    assert rows_of(made)[0]["effective_at"] == moment(4)


@pytest.mark.parametrize("feed", ["ACRED_FUNDAMENTAL", "0x" + b"ACRED_FUNDAMENTAL".ljust(32, b"\0").hex()])
def test_an_adapter_s_other_feeds_are_passed_over(feed: str) -> None:
    """Of a RedStone adapter only the source's feed counts, given by name or by id."""
    mine = int.from_bytes(b"ACRED_FUNDAMENTAL".ljust(32, b"\0"), "big")
    made = seen(
        source("redstone", feed=feed),
        told(5, 0, "ValueUpdate(uint256,bytes32,uint256)", 108_000_000_000, mine, seconds(5)),
        told(5, 1, "ValueUpdate(uint256,bytes32,uint256)", 100_000_000, 5, seconds(5)),
    )
    assert prices(made) == [(Decimal(1080), None)]


def test_a_feed_without_its_logs_is_read() -> None:
    """A feed that is no companion is asked for its latest round, signed, and dated by the round."""
    asked = keccak(b"latestRoundData()")[:4]
    price = source("chainlink")
    made = seen(price, reads=("latestRoundData",), run=run_to(10))
    needs = price_rows(made)
    assert isinstance(needs, Needs)
    (read,) = needs.reads
    assert (read.block.number, read.address, read.call) == (1, OTHER, asked)
    answer = b"".join(word(part) for part in (7, 99_000_000, 5, seconds(0), 7))
    made.reads[1, OTHER, asked] = answer
    (row,) = rows_of(made)
    assert (row["price"], row["effective_at"], row["block_number"]) == (Decimal("0.99"), moment(0), 1)


def test_a_negative_answer_is_no_price() -> None:
    """An answer below zero is read as signed and refused."""
    price = source("chainlink")
    made = seen(price, reads=("latestRoundData",), run=run_to(10))
    answer = b"".join(word(part) for part in (7, 2**256 - 5, 5, seconds(0), 7))
    made.reads[1, OTHER, keccak(b"latestRoundData()")[:4]] = answer
    assert prices(made) == [(None, "the price told is not above zero")]


def test_a_view_is_asked_at_the_first_block_of_each_day() -> None:
    """First the days' first blocks are wanted, then the view at each of them and at the token's first log."""
    price = source("erc4626", None, 6)
    day = (seconds(1) // DAY + 1) * DAY
    run = run_to()._replace(frontier=BlockRef(9000, "0x" + "ff" * 32, day + DAY))
    made = seen(price, reads=("convertToAssets",), run=run, moments={})
    assert price_rows(made) == Needs(moments=(day, day + DAY))
    made.moments[day] = BlockRef(5000, "0xd1", day + 3)
    made.moments[day + DAY] = None
    needs = price_rows(made)
    assert isinstance(needs, Needs)
    assert [read.block.number for read in needs.reads] == [1, 5000]
    call = keccak(b"convertToAssets(uint256)")[:4] + word(10**18)
    assert {read.call for read in needs.reads} == {call}
    made.reads[1, TOKEN, call] = word(1_000_000)
    made.reads[5000, TOKEN, call] = None
    assert prices(made) == [
        (Decimal(1), None),
        (None, "convertToAssets has no answer: it reverts, or no endpoint keeps that state"),
        (None, "no endpoint was asked for the first block of the day"),
    ]


def test_a_view_that_may_not_be_read_leaves_what_deposits_paid() -> None:
    """Without the read one row says so, and the day's last deposit of a whole share or more tells a price."""
    deposit = "Deposit(address,address,uint256,uint256)"
    made = seen(
        source("erc4626", None, 6),
        told(4, 0, deposit, ALICE, ALICE, 9_100_000, 2 * 10**18, address=TOKEN, topics=2),
        told(5, 0, deposit, ALICE, ALICE, 2_100_000, 2 * 10**18, address=TOKEN, topics=2),
        told(6, 0, deposit, ALICE, ALICE, 3, 10**12, address=TOKEN, topics=2),
    )
    first, second = rows_of(made)
    assert "does not allow convertToAssets" in first["why_null"]
    assert (second["price"], second["kind"], second["block_number"]) == (Decimal("1.05"), "transaction", 5)


def test_a_settlement_s_price_is_told_once_a_day() -> None:
    """Many settlements of one day at one price are one row; another price or day is another."""
    dividend = "DividendDistributed(address,uint256,int256,uint256,uint256)"
    settle = "TransactionSettled(address,uint256,uint8,bytes32,uint256,uint256,uint256)"
    late = 1 + DAY // 12
    made = seen(
        source("settled", decimals=18),
        told(2, 0, dividend, ALICE, 1, 5, 10**18, 7, topics=2),
        told(2, 1, dividend, ALICE, 1, 6, 10**18, 8, topics=2),
        told(3, 0, settle, ALICE, 1, 7, 9, 10**18, 5, 5, topics=3),
        told(4, 0, settle, ALICE, 1, 7, 9, 10**18 - 1, 5, 5, topics=3),
        told(late, 0, settle, ALICE, 1, 7, 9, 10**18 - 1, 5, 5, topics=3),
        run=run_to(late),
    )
    assert [(row["price"], row["block_number"]) for row in rows_of(made)] == [
        (1, 2), (Decimal("0.999999999999999999"), 4), (Decimal("0.999999999999999999"), late),
    ]  # fmt: skip


def test_a_paused_range_oracle_has_no_price_until_it_is_unpaused() -> None:
    """Pause and unpause are rows, and the days between are not told."""
    day = (seconds(1) // DAY) * DAY
    rate = 10**27 + 10**23
    range_set = "RangeSet(uint256,uint256,uint256,uint256,uint256)"
    blocks = [2, 2 + DAY // 24, 2 + DAY // 12 * 2]
    made = seen(
        source("range_oracle", decimals=18),
        told(blocks[0], 0, range_set, 1, day, day + 30 * DAY, rate, 10**18, topics=1),
        told(blocks[1], 0, "Paused(address)", ALICE),
        told(blocks[2], 0, "Unpaused(address)", ALICE),
        run=run_to(blocks[2] + 5),
    )
    rows = rows_of(made)
    assert [row["why_null"] for row in rows if row["price"] is None] == ["the oracle is paused"]
    assert [row["effective_at"] for row in rows if row["block_number"]] == [moment(block) for block in blocks]
    assert rows[0]["price"] == Decimal("1.0001")


def test_the_first_range_is_read_once_where_a_day_needs_it() -> None:
    """Where only the constructor told the range in force, ranges(0) is read at the frontier."""
    day = (seconds(1) // DAY) * DAY
    range_set = "RangeSet(uint256,uint256,uint256,uint256,uint256)"
    made = seen(
        source("range_oracle", decimals=18),
        told(2, 0, range_set, 1, day + 2 * DAY, day + 30 * DAY, 10**27, 2 * 10**18, topics=1),
        run=run_to(2 + DAY // 4),
    )
    assert prices(made)[0] == (None, "the oracle's first range is in no log, and was not read")
    made = made._replace(deployment=replace(made.deployment, reads=("ranges",)))
    needs = price_rows(made)
    assert isinstance(needs, Needs)
    (read,) = needs.reads
    assert read.block == made.run.frontier
    assert read.call == keccak(b"ranges(uint256)")[:4] + word(0)
    made.reads[read.block.number, OTHER, read.call] = b"".join(
        word(part) for part in (day, day + 2 * DAY, 10**27, 10**18)
    )
    assert [price for price, _ in prices(made)] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("price", "decimals", "held"),
    [
        (10**30, 36, Decimal("0.000001")),
        (10**17 + 1, 36, None),
        (10**30, 0, None),
        (10**37, 18, Decimal(10**19)),
    ],
)
def test_a_price_is_exact_or_not_there(price: int, decimals: int, held: Decimal | None) -> None:
    """What DECIMAL(38,18) does not hold to its last digit is NULL with that reason."""
    log = told(9, 0, "NewCheckpoint(uint64,uint64,uint128)", 1, 2, price)
    why = None if held is not None else "the price does not fit DECIMAL(38,18)"
    assert prices(seen(source("price_checkpoints", decimals=decimals), log)) == [(held, why)]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("cadence", "effective", "stale"),
    [
        ("continuous", "2024-03-01T12:00", "2024-03-02T12:00"),
        ("daily", "2024-03-01T12:00", "2024-03-03T12:00"),
        ("business_day", "2024-02-29T21:00", "2024-03-02T21:00"),
        ("business_day", "2024-03-01T21:00", "2024-03-05T21:00"),
        ("business_day", "2024-03-02T21:00", "2024-03-05T21:00"),
        ("monthly", "2024-03-01T00:00", "2024-04-02T00:00"),
    ],
)
def test_a_price_is_stale_after_its_cadence_and_grace(cadence: str, effective: str, stale: str) -> None:
    """With a day of grace: Friday's NAV is due again on Monday, so it is stale from Tuesday on."""
    assert stale_at(at(effective), cadence, 24) == at(stale)


def test_a_price_that_changes_only_by_a_log_is_never_stale() -> None:
    """A source that speaks on change has no date by which it is due."""
    assert stale_at(0, "on_change", 24) is None


def test_deposits_of_less_than_a_share_tell_no_price() -> None:
    """A vault that was paid for parts of a share only has no transaction price at all."""
    deposit = "Deposit(address,address,uint256,uint256)"
    rows = [told(n, 0, deposit, ALICE, ALICE, 3, 10**12, address=TOKEN, topics=2) for n in (5, 6)]
    assert [row["kind"] for row in rows_of(seen(source("erc4626", None, 6), *rows))] == ["official"]


def test_a_value_too_short_to_name_its_feed_is_a_gap() -> None:
    """A ValueUpdate of another shape may be of the source's feed, so it is a gap with its reason."""
    log = told(5, 0, "ValueUpdate(uint256,bytes32,uint256)", 108)
    ((price, why),) = prices(seen(source("redstone", feed="ACRED_FUNDAMENTAL"), log))
    assert price is None
    assert why is not None
    assert why.startswith("block 5 log 0 cannot be read: ValueUpdate")
