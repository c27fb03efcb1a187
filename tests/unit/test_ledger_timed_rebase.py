"""Timed rebase (Backed auto-fee, xStocks): a multiplier that no log tells, read as seldom as possible."""

from __future__ import annotations

from datetime import UTC, datetime

from eth_hash.auto import keccak
from ledger_kit import BURN, CHAIN_ID, MINT, SHARES, TOKEN, TRANSFER, deployment, scene, token, tx_hash, word

from indexer.decode.abi import selector_of
from indexer.floor.spans import BlockRef
from indexer.ledger.accruals.timed_rebase import FAMILIES, VIEW, timed_rebase
from indexer.ledger.scene import Ledger, Needs, Run

ONE, DAY = 10**18, 86_400
START = 1_700_006_400
"""A midnight; block n is made n hours after it."""

CALL = selector_of(FAMILIES, f"{VIEW}()")
Row = dict[str, object]


def block(hours: int) -> BlockRef:
    return BlockRef(hours, f"0x{hours:064x}", START + 3_600 * hours)


def log(hours: int, index: int, topics: list[bytes], data: bytes, tx: int = 0) -> Row:
    return {
        "chain_id": CHAIN_ID,
        "block_number": hours,
        "block_hash": word(hours),
        "block_time": datetime.fromtimestamp(block(hours).time, UTC).replace(tzinfo=None),
        "tx_hash": bytes.fromhex(tx_hash(hours, tx)[2:]),
        "tx_index": tx,
        "log_index": index,
        "address": bytes.fromhex(TOKEN[2:]),
        "data": data,
        **dict(zip(("topic0", "topic1", "topic2"), topics, strict=False)),
    }


def moved(hours: int, sides: tuple[str, str], amount: int, shares: int, index: int = 0) -> list[Row]:
    ends = [word(side) for side in sides]
    return [
        log(hours, index, [bytes.fromhex(TRANSFER), *ends], word(amount), index),
        log(hours, index + 1, [bytes.fromhex(SHARES), *ends], word(shares), index),
    ]


def told(hours: int, index: int, signature: str, *values: int) -> Row:
    return log(hours, index, [keccak(signature.encode())], b"".join(map(word, values)), index)


def updated(hours: int, index: int, value: int) -> Row:
    return told(hours, index, "MultiplierUpdated(uint256)", value)


def derived(
    *rows: Row, until: int, multiplier: dict[int, int | None], may_read: bool = True
) -> tuple[Ledger, list[int]]:
    """Return the ledger and the hours of the blocks that were read; *multiplier* has the answer from each hour
    on, up to the next."""
    where = deployment(reads=(VIEW,) if may_read else ())
    what = token(where, accrual="timed_rebase")
    run = Run(0, block(until), holds_start=True, why_null=None)
    reads: dict[tuple[int, str, bytes], int | None] = {}
    moments: dict[int, BlockRef | None] = {}
    while True:
        made = timed_rebase(scene(*rows, run=run, where=where, what=what, reads=reads, moments=moments))
        if not isinstance(made, Needs):
            return made, sorted(number for number, _, _ in reads)
        for at in made.moments:
            moments[at] = block(-(-(at - START) // 3_600))
        for want in made.reads:
            since = max(hour for hour in multiplier if hour <= want.block.number)
            reads[want.block.number, TOKEN, CALL] = multiplier[since]


def last(made: Ledger) -> dict[str, object]:
    return made.supply_changes.to_pylist()[-1]


def test_a_stretch_without_change_is_read_at_its_ends() -> None:
    """A hundred days of no fee take three reads: at the first log, on the first day and on the last."""
    made, read = derived(*moved(1, MINT, 10, 10), until=2_401, multiplier={0: ONE})
    assert (last(made)["supply_raw"], read) == (10, [1, 24, 2_400])


def test_where_the_ends_differ_each_day_is_read_once() -> None:
    """A fee that takes a tenth a day: one read a day, a step at each midnight, of kind fee."""
    steps = {0: ONE, 24: 9 * 10**17, 48: 81 * 10**16, 72: 729 * 10**15}
    made, read = derived(*moved(1, MINT, 1_000, 1_000), until=80, multiplier=steps)
    assert read == [1, 24, 48, 72]
    rows = [
        (r["effective_at"].hour, r["kind"], int(r["amount"].scaleb(18))) for r in made.rebases.to_pylist()
    ]
    assert rows == [(0, "fee", -100), (0, "fee", -90), (0, "fee", -81)]


def test_a_scheduled_multiplier_holds_from_its_time_on() -> None:
    """MultiplierScheduled takes effect without a log: the view is read at the first block from then on."""
    at = START + 3_600 * 30
    rows = [*moved(1, MINT, 10, 10), told(26, 0, "MultiplierScheduled(uint256,uint256)", 2 * ONE, at)]
    made, read = derived(*rows, until=40, multiplier={0: ONE, 30: 2 * ONE})
    assert 30 in read
    (row,) = made.rebases.to_pylist()
    announced = datetime.fromtimestamp(START + 3_600 * 26, UTC).replace(tzinfo=None)
    assert (row["effective_at"].hour, row["kind"], row["announced_at"]) == (6, "accrual", announced)
    assert last(made)["supply_raw"] == 20


def test_an_overridden_schedule_holds_at_its_new_time() -> None:
    """After MultiplierScheduleOverridden the first time changes nothing and the second does."""
    old, new = START + 3_600 * 28, START + 3_600 * 30
    signature = "MultiplierScheduleOverridden(uint256,uint256,uint256,uint256)"
    rows = [
        *moved(1, MINT, 10, 10),
        told(25, 0, "MultiplierScheduled(uint256,uint256)", 5 * ONE, old),
        told(26, 0, signature, 5 * ONE, old, 2 * ONE, new),
    ]
    made, _ = derived(*rows, until=40, multiplier={0: ONE, 30: 2 * ONE})
    assert [row["effective_at"].hour for row in made.rebases.to_pylist()] == [6]


def test_a_logged_multiplier_needs_no_read_at_its_block() -> None:
    """The first block of a day that logs MultiplierUpdated tells its multiplier itself."""
    rows = [*moved(1, MINT, 1_000, 1_000), updated(24, 0, 9 * 10**17), *moved(24, BURN, 9, 10, 2)]
    made, read = derived(*rows, until=30, multiplier={0: ONE, 24: 9 * 10**17})
    assert (read, last(made)["supply_raw"]) == ([1], 891)


def test_what_moved_before_an_update_of_its_block_moved_at_the_old_multiplier() -> None:
    """In the first block of a day a mint at 1, then the multiplier is doubled: the mint is no rounding."""
    rows = [*moved(1, MINT, 10, 10), *moved(24, MINT, 5, 5), updated(24, 4, 2 * ONE)]
    made, _ = derived(*rows, until=30, multiplier={0: ONE, 24: 2 * ONE})
    assert [(r["supply_raw"], r["rounding"]) for r in made.supply_changes.to_pylist()[-2:]] == [
        (15, 0),
        (30, 0),
    ]


def test_without_reads_the_supply_is_null_with_the_reason() -> None:
    """No log tells fee, period or start, so nothing but the shares is known."""
    made, read = derived(*moved(1, MINT, 10, 10), until=30, multiplier={0: ONE}, may_read=False)
    assert (last(made)["units"], last(made)["supply_raw"], read) == (10, None, [])
    assert "may not be read" in str(last(made)["why_null"])


def test_a_day_that_no_node_tells_is_null() -> None:
    """Where a read is not answered the supply is NULL from that day on, until the next that is."""
    answers = {0: ONE, 24: None, 48: 9 * 10**17}
    made, _ = derived(*moved(1, MINT, 1_000, 1_000), until=50, multiplier=answers)
    assert [row["supply_raw"] for row in made.supply_changes.to_pylist()] == [0, 1_000, None, 900]
    (row,) = made.rebases.to_pylist()
    assert int(row["amount"].scaleb(18)) == -100


def test_a_movement_that_the_multiplier_does_not_explain_ends_the_figures() -> None:
    """5 shares for 20 tokens at a multiplier of 1: it changed without a log, and nothing after it is told."""
    made, _ = derived(*moved(1, MINT, 10, 10), *moved(3, MINT, 20, 5), until=50, multiplier={0: ONE})
    assert last(made)["supply_raw"] is None
    assert "do not fit the multiplier" in str(last(made)["why_null"])


def test_a_transfer_without_its_shares_ends_the_ledger() -> None:
    """The half that is left is undecoded, and the supply NULL from there on."""
    made, _ = derived(*moved(1, MINT, 10, 10), moved(3, MINT, 5, 5)[0], until=10, multiplier={0: ONE})
    assert (last(made)["supply_raw"], made.undecoded.num_rows) == (None, 1)


def test_an_update_that_cannot_be_read_ends_the_ledger() -> None:
    """A MultiplierUpdated of another shape hides a step: the supply is NULL from there on."""
    made, _ = derived(
        *moved(1, MINT, 10, 10), told(3, 0, "MultiplierUpdated(uint256)", 1, 2), until=10, multiplier={0: ONE}
    )
    assert last(made)["supply_raw"] is None


def test_a_version_3_schedule_is_seen_at_the_next_read_only() -> None:
    """Version 3 announces nothing: a multiplier that takes effect at noon is told from the next midnight on.
    No log between could tell; it is a limit of what the chain says."""
    made, _ = derived(*moved(1, MINT, 10, 10), until=50, multiplier={0: ONE, 36: 2 * ONE})
    (row,) = made.rebases.to_pylist()
    assert (row["effective_at"].day, row["effective_at"].hour) == (17, 0)
