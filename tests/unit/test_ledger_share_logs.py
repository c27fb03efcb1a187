"""The two logs of one movement, Transfer and its twin, put together again."""

from __future__ import annotations

from indexer.decode.abi import Event, RawLog
from indexer.ledger.accruals.share_logs import Told, earliest, twins
from indexer.ledger.placed import Place
from indexer.ledger.values import ZERO

ALICE, BOB = "0xa1", "0xb0"


def told(index: int, name: str, sender: str, receiver: str, tx: str = "0x1") -> Told:
    event = Event("0x77", index, name, {"from": sender, "to": receiver, "value": 1})
    return Told(Place(0, 1, "0xb", tx, 0, index), RawLog("0x77", index, (), b""), event)


def paired(*logs: Told) -> list[tuple[int | None, int | None]]:
    """Return the log indexes of each movement: its Transfer's and its twin's."""
    return [
        (pair.transfer and pair.transfer.place.log_index, pair.shares and pair.shares.place.log_index)
        for pair in twins(logs)
    ]


def test_either_may_be_logged_first() -> None:
    """A transfer logs its amount first, a transfer of shares its shares."""
    logs = [told(0, "Transfer", ALICE, BOB), told(1, "Shares", ALICE, BOB)]
    swapped = [told(2, "Shares", ALICE, BOB), told(3, "Transfer", ALICE, BOB)]
    assert paired(*logs, *swapped) == [(0, 1), (3, 2)]


def test_other_accounts_or_another_transaction_make_no_pair() -> None:
    """Each half stands alone where the next log is not its own."""
    assert paired(told(0, "Transfer", ALICE, BOB), told(1, "Shares", BOB, ALICE)) == [(0, None), (None, 1)]
    apart = [told(0, "Transfer", ALICE, BOB), told(1, "Shares", ALICE, BOB, tx="0x2")]
    assert paired(*apart) == [(0, None), (None, 1)]


def test_a_burn_that_logs_a_mint_is_a_pair_in_that_order_only() -> None:
    """The false mint comes before the shares; after them it is a mint of its own."""
    assert paired(told(0, "Transfer", ZERO, BOB), told(1, "Shares", ALICE, ZERO)) == [(0, 1)]
    assert paired(told(0, "Shares", ALICE, ZERO), told(1, "Transfer", ZERO, BOB)) == [(None, 0), (1, None)]


def test_a_lone_log_takes_no_partner() -> None:
    """What is known to have no twin leaves the next log to the one behind it."""
    logs = [told(0, "Shares", ALICE, ZERO), told(1, "Transfer", ALICE, ZERO), told(2, "Shares", ALICE, ZERO)]
    found = [
        (pair.transfer and pair.transfer.place.log_index, pair.shares and pair.shares.place.log_index)
        for pair in twins(logs, lambda log: log.place.log_index == 0)
    ]
    assert found == [(None, 0), (1, 2)]


def test_the_earliest_break_counts() -> None:
    """A ledger ends at its first log that cannot be held; without one it does not end."""
    one, other = (
        (told(5, "Transfer", ALICE, BOB).place, "late"),
        (told(2, "Shares", ALICE, BOB).place, "soon"),
    )
    assert earliest(one, None, other) == other
    assert earliest(None, None) is None
