"""Movements of a share token as columns, and the odd transactions that are left to be read one by one."""

from __future__ import annotations

from ledger_kit import ALICE, BOB, OTHER, SHARES, ZERO, scene, shares, transfer

from indexer.ledger.accruals.movements import movements

TWIN = bytes.fromhex(SHARES)


def found(*rows):
    made = movements(scene(*rows), TWIN)
    entries = made.entries.select(
        ["block_number", "log_index", "from_address", "to_address", "units", "amount_raw"]
    )
    odd = list(zip(made.odd["block_number"].to_pylist(), made.odd["log_index"].to_pylist(), strict=True))
    return [
        tuple(int(v) if i > 3 else v for i, v in enumerate(row.values())) for row in entries.to_pylist()
    ], odd


def test_a_transfer_and_the_shares_behind_it_are_one_entry():
    """The entry stands at the Transfer, with its amount and the shares of the log behind it."""
    rows = (transfer(1, 0, (ALICE, BOB), 7, tx=0), shares(1, 1, (ALICE, BOB), 5, tx=0))
    assert found(*rows) == ([(1, 0, ALICE, BOB, 5, 7)], [])


def test_the_shares_may_be_logged_first():
    """Either order belongs together; the place is the Transfer's."""
    rows = (shares(1, 0, (ALICE, BOB), 5, tx=0), transfer(1, 1, (ALICE, BOB), 7, tx=0))
    assert found(*rows) == ([(1, 1, ALICE, BOB, 5, 7)], [])


def test_many_movements_of_one_transaction_are_paired_in_turn():
    """A batch is as many pairs, each its own, whatever their order within."""
    rows = (
        transfer(1, 0, (ZERO, ALICE), 7, tx=0), shares(1, 1, (ZERO, ALICE), 5, tx=0),
        shares(1, 2, (ALICE, BOB), 3, tx=0), transfer(1, 3, (ALICE, BOB), 4, tx=0),
    )  # fmt: skip
    assert found(*rows)[0] == [(1, 0, ZERO, ALICE, 5, 7), (1, 3, ALICE, BOB, 3, 4)]


def test_a_transaction_with_a_half_is_odd_and_no_other():
    """A Transfer without shares leaves its whole transaction to be read log by log, and only that one."""
    rows = (
        transfer(1, 0, (ALICE, BOB), 7, tx=0), shares(1, 1, (ALICE, BOB), 5, tx=0),
        transfer(2, 0, (ALICE, BOB), 9, tx=0),
        transfer(2, 1, (ALICE, BOB), 7, tx=1), shares(2, 2, (ALICE, BOB), 5, tx=1),
        shares(2, 3, (BOB, ALICE), 1, tx=1),
    )  # fmt: skip
    entries, odd = found(*rows)
    assert entries == [(1, 0, ALICE, BOB, 5, 7)]
    assert odd == [(2, 0), (2, 1), (2, 2), (2, 3)]


def test_logs_of_two_transactions_are_never_paired():
    """A Transfer that ends one transaction has nothing to do with the shares that begin the next."""
    rows = (transfer(1, 0, (ALICE, BOB), 7, tx=0), shares(1, 1, (ALICE, BOB), 5, tx=1))
    assert found(*rows) == ([], [(1, 0), (1, 1)])


def test_other_accounts_make_a_pair_odd():
    """A mint logged beside shares that were burned is no movement of its own."""
    rows = (transfer(1, 0, (ZERO, BOB), 7, tx=0), shares(1, 1, (ALICE, ZERO), 5, tx=0))
    assert found(*rows) == ([], [(1, 0), (1, 1)])


def test_what_does_not_decode_is_odd():
    """Shares of 39 digits and a log of another contract: the first is left over, the second is not looked at."""
    rows = (
        transfer(1, 0, (ALICE, BOB), 7, tx=0), shares(1, 1, (ALICE, BOB), 10**38, tx=0),
        transfer(2, 0, (ALICE, BOB), 7, address=OTHER),
    )  # fmt: skip
    assert found(*rows) == ([], [(1, 0), (1, 1)])


def test_no_logs_are_no_movements():
    """An empty token has no entry and nothing odd."""
    assert found() == ([], [])
