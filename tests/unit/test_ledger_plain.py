"""Plain tokens: the Transfer log is the whole truth."""

from __future__ import annotations

from decimal import Decimal

from ledger_kit import (
    ALICE,
    BOB,
    BURN,
    LATE,
    MINT,
    MOVE,
    OTHER,
    TRANSFER,
    deployment,
    moment,
    raw,
    scene,
    transfer,
    word,
)

from indexer.ledger.accruals.plain import plain
from indexer.ledger.values import ZERO

LARGEST = 10**38 - 1


def changes(*rows: dict[str, object], **rest: object) -> list[tuple[str, object, object]]:
    """Return (cause, supply_raw, why_null) of each change of supply."""
    made = plain(scene(*rows, **rest)).supply_changes.to_pylist()
    return [(row["cause"], row["supply_raw"], row["why_null"]) for row in made]


def test_effects_follow_the_zero_account() -> None:
    """From the zero account is a mint, to it a burn, between others a move, from it to itself none."""
    sides = (MINT, BURN, MOVE, (ZERO, ZERO))
    made = plain(scene(*(transfer(1, n, side, 5) for n, side in enumerate(sides))))
    assert made.entries["effect"].to_pylist() == ["mint", "burn", "move", "none"]


def test_an_entry_says_what_its_log_says() -> None:
    """Place, time, accounts and amount of an entry are those of the log, to the last digit."""
    (row,) = plain(scene(transfer(7, 3, MOVE, 10**30 + 1, tx=2))).entries.to_pylist()
    assert (row["block_number"], row["log_index"], row["tx_index"], row["entry"]) == (7, 3, 2, 0)
    assert (row["block_time"], row["from_address"], row["to_address"]) == (moment(7), ALICE, BOB)
    assert (row["amount_raw"], row["units"]) == (10**30 + 1, 10**30 + 1)
    assert row["amount"] == Decimal("1000000000000.000000000000000001")


def test_amounts_are_in_the_token_s_decimals() -> None:
    """Six decimals: 1,500,000 base units are one and a half."""
    (row,) = plain(scene(transfer(1, 0, MINT, 1_500_000), where=deployment(decimals=6))).entries.to_pylist()
    assert row["amount"] == Decimal("1.5")


def test_an_amount_beyond_token_units_keeps_its_base_units() -> None:
    """38 digits of base units at 6 decimals do not fit DECIMAL(38,18): that column is NULL and says so."""
    (row,) = plain(scene(transfer(1, 0, MINT, LARGEST), where=deployment(decimals=6))).entries.to_pylist()
    assert (row["amount_raw"], row["amount"]) == (LARGEST, None)
    assert row["why_null"] == "the amount in token units does not fit DECIMAL(38,18)"


def test_supply_is_minted_less_burned() -> None:
    """Each mint and burn is a change with the running total; moves are none."""
    rows = (transfer(1, 0, MINT, 10**30), transfer(2, 0, MOVE, 5), transfer(3, 0, BURN, 10**29))
    assert changes(*rows) == [("mint", 10**30, None), ("burn", 9 * 10**29, None)]


def test_logs_of_other_contracts_are_no_entries() -> None:
    """A companion's Transfer moves nothing of the token."""
    assert changes(transfer(1, 0, MINT, 5, address=OTHER)) == []


def test_burning_more_than_was_minted_is_never_a_negative_supply() -> None:
    """From the burn that passes zero on the supply is NULL, with the place."""
    found = changes(transfer(1, 0, MINT, 5), transfer(2, 1, BURN, 6), transfer(3, 0, MINT, 9))
    why = "more is burned than was ever minted from block 2 log 1 on"
    assert found == [("mint", 5, None), ("burn", None, why), ("mint", None, why)]


def test_a_total_beyond_38_digits_is_null() -> None:
    """Two amounts that fit make a total that does not: NULL, and the reason."""
    found = changes(transfer(1, 0, MINT, LARGEST), transfer(2, 0, MINT, 1))
    assert found == [("mint", LARGEST, None), ("mint", None, "the total has more than 38 digits")]


def test_a_total_is_known_again_below_38_digits() -> None:
    """The total is kept whole beyond what a column holds, so a later burn brings it back exactly."""
    found = changes(transfer(1, 0, MINT, LARGEST), transfer(2, 0, MINT, 7), transfer(3, 0, BURN, 8))
    assert found[-1] == ("burn", LARGEST - 1, None)


def test_the_largest_word_is_undecoded_and_ends_the_totals() -> None:
    """2^256 − 1 is no entry; from its log on the supply is NULL with the place and the reason."""
    made = plain(scene(transfer(1, 0, MINT, 5), transfer(2, 4, MINT, 2**256 - 1), transfer(3, 0, BURN, 5)))
    assert made.undecoded["reason"].to_pylist() == ["amount over 38 digits"]
    assert made.entries["block_number"].to_pylist() == [1, 3]
    why = "block 2 log 4 cannot be held: amount over 38 digits"
    rows = made.supply_changes.to_pylist()
    assert [(r["cause"], r["supply_raw"], r["why_null"]) for r in rows] == [
        ("mint", 5, None),
        ("undecoded", None, why),
        ("burn", None, why),
    ]


def test_what_breaks_after_the_last_change_still_breaks() -> None:
    """A log that cannot be held behind the last mint ends the totals with a row of its own."""
    nft = raw(2, 0, [bytes.fromhex(TRANSFER), word(ALICE), word(BOB), word(1)], b"")
    last = changes(transfer(1, 0, MINT, 5), nft)[-1]
    assert last == ("undecoded", None, "block 2 log 0 cannot be held: ERC-721 Transfer: four topics")


def test_a_history_that_starts_late_has_flows_and_no_totals() -> None:
    """Entries keep their amounts; every total is NULL with the run's reason."""
    rows = (transfer(100, 0, MINT, 5), transfer(101, 0, BURN, 50))
    made = plain(scene(*rows, run=LATE))
    assert made.entries["amount_raw"].to_pylist() == [5, 50]
    assert changes(*rows, run=LATE) == [("mint", None, LATE.why_null), ("burn", None, LATE.why_null)]


def test_a_token_without_logs_has_empty_tables() -> None:
    """No log, no row: every table has its columns and nothing in it."""
    made = plain(scene())
    assert [t.num_rows for t in (made.entries, made.supply_changes, made.rebases, made.undecoded)] == [0] * 4
