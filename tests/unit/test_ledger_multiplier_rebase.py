"""Multiplier rebase (USDO): shares that no log tells follow from the multiplier in force at each log."""

from __future__ import annotations

from eth_hash.auto import keccak
from ledger_kit import BURN, LATE, MINT, MOVE, deployment, raw, scene, token, transfer, word

from indexer.ledger.accruals.multiplier_rebase import multiplier_rebase
from indexer.ledger.scene import Ledger, Run

ONE = 10**18
Row = dict[str, object]


def bonus(block: int, index: int, value: int) -> Row:
    return raw(block, index, [keccak(b"BonusMultiplier(uint256)"), word(value)], b"")


def ledger(*rows: Row, run: Run | None = None) -> Ledger:
    where = deployment()
    return multiplier_rebase(
        scene(*rows, run=run, where=where, what=token(where, accrual="multiplier_rebase"))
    )


def totals(made: Ledger) -> list[tuple[int | None, int | None]]:
    return [(row["units"], row["supply_raw"]) for row in made.supply_changes.to_pylist()]


def test_mint_rebase_mint_in_one_block() -> None:
    """Each mint counts at the multiplier of its own log: 10 at 1, then 10 at 2 are 15 shares worth 30."""
    made = ledger(bonus(1, 0, ONE), transfer(2, 0, MINT, 10), bonus(2, 1, 2 * ONE), transfer(2, 2, MINT, 10))
    assert totals(made) == [(0, 0), (10, 10), (10, 20), (15, 30)]
    assert made.entries["units"].to_pylist() == [10, 5]


def test_a_step_is_a_rebase_with_what_it_added() -> None:
    """The first multiplier is no step; the next is a rebase, of the supply it made."""
    made = ledger(bonus(1, 0, ONE), transfer(2, 0, MINT, 10), bonus(3, 0, 3 * ONE))
    (row,) = made.rebases.to_pylist()
    assert (row["amount"].scaleb(18), row["multiplier"], row["kind"], row["cause"]) == (
        20,
        3,
        "accrual",
        "log",
    )


def test_what_the_division_cuts_is_rounding() -> None:
    """5 at a multiplier of 2 are 2 shares, worth 4: the fifth is rounding, within ⌈2⌉ + 1."""
    last = ledger(bonus(1, 0, 2 * ONE), transfer(2, 0, MINT, 5)).supply_changes.to_pylist()[-1]
    assert (last["supply_raw"], last["rounding"], last["rounding_bound"]) == (4, -1, 3)


def test_min_units_are_the_shares_worth_one_base_unit() -> None:
    """At 0.4 a share is worth nothing and three are worth one; at 2 one share is worth two."""
    rows = ledger(bonus(1, 0, 4 * 10**17), bonus(2, 0, 2 * ONE)).supply_changes.to_pylist()
    assert [row["min_units"] for row in rows] == [3, 1]


def test_moves_are_exact_at_10_to_the_30() -> None:
    """Shares of 10^30 are cut in whole numbers, to the last digit."""
    huge, multiplier = 10**30 + 1, ONE + 7
    made = ledger(bonus(1, 0, multiplier), transfer(2, 0, MINT, huge), transfer(3, 0, MOVE, huge // 3))
    assert made.entries["units"].to_pylist() == [huge * ONE // multiplier, huge // 3 * ONE // multiplier]


def test_before_any_multiplier_the_supply_is_null() -> None:
    """A Transfer before the first BonusMultiplier has no shares that could be known, nor has what follows."""
    made = ledger(transfer(1, 0, MINT, 5), bonus(2, 0, ONE), transfer(3, 0, BURN, 1))
    assert {supply for _, supply in totals(made)} == {None}
    assert "multiplier is not known" in made.supply_changes.to_pylist()[0]["why_null"]
    assert made.entries["units"].to_pylist() == [None, 1]


def test_a_multiplier_of_zero_ends_the_ledger() -> None:
    """The contract cannot divide by it: the log is undecoded and the supply NULL from there on."""
    made = ledger(bonus(1, 0, ONE), transfer(2, 0, MINT, 5), bonus(3, 0, 0), transfer(4, 0, MINT, 5))
    assert totals(made)[-1] == (None, None)
    assert made.undecoded["reason"].to_pylist() == [
        "a multiplier of zero, by which the contract cannot divide"
    ]


def test_more_burned_than_minted_is_null() -> None:
    """A log that is missing may show as a burn of more than there is; the supply is NULL with that reason."""
    made = ledger(bonus(1, 0, ONE), transfer(2, 0, BURN, 5))
    assert "more is burned" in made.supply_changes.to_pylist()[-1]["why_null"]


def test_a_run_that_does_not_hold_the_start_has_entries_and_no_totals() -> None:
    """Transfers of a late run are there; stocks are NULL with the run's reason."""
    made = ledger(bonus(200, 0, ONE), transfer(201, 0, MINT, 5), run=LATE)
    assert made.entries["amount_raw"].to_pylist() == [5]
    assert {row["why_null"] for row in made.supply_changes.to_pylist()} == {LATE.why_null}
