"""Facts about what an address held before an entry, and what a day minted."""

import pyarrow as pa
from ledger_kit import ALICE, BOB, BURN, MINT, MOVE, scene, seconds, transfer

from indexer.ledger.accruals.plain import plain
from indexer.ledger.holdings import DAY, Minted, holdings
from indexer.ledger.scene import Needs


def entries(*rows: dict[str, object]) -> pa.Table:
    made = plain(scene(*rows))
    assert not isinstance(made, Needs)
    return made.entries


def test_holdings_are_those_before_the_entry() -> None:
    """The entry itself and what follows it do not count; an address never seen held nothing."""
    told = holdings(
        entries(transfer(1, 0, MINT, 9), transfer(1, 1, MOVE, 4), transfer(2, 0, BURN, 5)), complete=True
    )
    assert [told.before(ALICE, row) for row in range(4)] == [0, 9, 5, 0]
    assert [told.before(BOB, row) for row in range(3)] == [0, 0, 4]
    assert told.before("0x" + "dd" * 20, 3) == 0


def test_a_move_to_oneself_changes_nothing() -> None:
    """Both sides are the same account."""
    told = holdings(entries(transfer(1, 0, MINT, 9), transfer(1, 1, (ALICE, ALICE), 4)), complete=True)
    assert told.before(ALICE, 2) == 9


def test_a_late_start_knows_no_holdings() -> None:
    """Where the first entries are missing a sum would be a guess."""
    told = holdings(entries(transfer(1, 0, MINT, 9)), complete=False)
    assert told.before(ALICE, 1) is None


def test_an_unknown_amount_hides_what_follows() -> None:
    """NULL units are contagious for the address."""
    table = entries(transfer(1, 0, MINT, 9), transfer(1, 1, MINT, 9), transfer(2, 0, MOVE, 4))
    units = pa.array([9, None, 4], table.schema.field("units").type)
    told = holdings(table.set_column(table.column_names.index("units"), "units", units), complete=True)
    assert [told.before(ALICE, row) for row in (1, 2, 3)] == [9, None, None]
    assert told.before(BOB, 3) == 4


def test_a_days_mints_are_those_of_its_utc_day() -> None:
    """Burns and moves are no mints, and yesterday's are another day's."""
    later = 1 + DAY // 12
    told = holdings(
        entries(transfer(1, 0, MINT, 9), transfer(1, 1, MOVE, 4), transfer(later, 0, MINT, 7)), complete=True
    )
    assert told.minted(seconds(1) // DAY) == (Minted(0, ALICE, 9),)
    assert told.minted(seconds(later) // DAY) == (Minted(2, ALICE, 7),)
    assert told.minted(0) == ()
