"""Share rebase: from STBT's logs, inputs and reads to entries, totals and steps of the multiplier."""

from __future__ import annotations

from decimal import Decimal

import pytest
from eth_abi import encode
from eth_hash.auto import keccak
from ledger_kit import (
    ALICE,
    BOB,
    BURN,
    LATE,
    MINT,
    MOVE,
    OTHER,
    TOKEN,
    deployment,
    raw,
    scene,
    seconds,
    shares,
    token,
    transfer,
    tx_hash,
)

from indexer.floor.spans import BlockRef
from indexer.ledger.accruals.share_rebase import TOTAL_SUPPLY, share_rebase
from indexer.ledger.scene import Ledger, Needs, ReadWanted, Scene, TxWanted
from indexer.ledger.values import Call

HUGE = 10**30
Rows = list[dict[str, object]]


def moved(block: int, sides: tuple[str, str], units: int, amount: int, tx: int = 0) -> Rows:
    """Return TransferShares and the Transfer that follows it, in one transaction."""
    first = 10 * tx
    return [shares(block, first, sides, units, tx=tx), transfer(block, first + 1, sides, amount, tx=tx)]


def distributed(block: int, interest: int, total: int) -> dict[str, object]:
    topic = keccak(b"InterestsDistributed(int256,uint256,uint256,uint256)")
    data = encode(["int256", "uint256", "uint256", "uint256"], [interest, total, 0, 0])
    return raw(block, 90, [topic], data)


def issued(amount: int, target: str = TOKEN) -> Call:
    return called(
        "issue(address,uint256,bytes)", ["address", "uint256", "bytes"], [ALICE, amount, b""], target
    )


def redeemed(amount: int) -> Call:
    return called("redeem(uint256,bytes)", ["uint256", "bytes"], [amount, b""], TOKEN)


def called(signature: str, types: list[str], values: list[object], target: str) -> Call:
    return Call(BOB, target, keccak(signature.encode())[:4] + encode(types, values))


def story(**rest: object) -> Scene:
    """Return HUGE issued, as much again distributed, one issue of 101 (50 shares) and one redeem of 7 (4 shares)."""
    rows = [
        *moved(1, MINT, HUGE, HUGE),
        distributed(2, HUGE, 2 * HUGE),
        *moved(3, MINT, 50, 100),
        *moved(4, BURN, 4, 8),
        *moved(5, MOVE, 10**20, 2 * 10**20),
    ]
    where = deployment(reads=rest.pop("views", ()))
    what = token(where, accrual="share_rebase", events=("stbt",))
    return scene(*rows, where=where, what=what, **rest)


CALLS = {
    tx_hash(1, 0): issued(HUGE),
    tx_hash(3, 0): issued(101),
    tx_hash(4, 0): redeemed(7),
}
BLIND = dict.fromkeys(CALLS)


def ledger(made: Scene) -> Ledger:
    found = share_rebase(made)
    assert isinstance(found, Ledger)
    return found


def test_the_inputs_of_mints_and_burns_are_needed_first() -> None:
    """Derive asks for each transaction that changed supply, once, and for no other."""
    found = share_rebase(story())
    wanted = [TxWanted(block, "0x" + f"{block:064x}", tx_hash(block, 0), 0) for block in (1, 3, 4)]
    assert found == Needs(transactions=tuple(wanted))


def test_totals_are_exact_with_inputs() -> None:
    """Shares come from the logs, the total supply from what was asked: neither is the rounded amount logged."""
    rows = ledger(story(calls=CALLS)).supply_changes.to_pylist()
    assert [(r["cause"], r["units"], r["supply_raw"]) for r in rows] == [
        ("mint", HUGE, HUGE),
        ("rebase", HUGE, 2 * HUGE),
        ("mint", HUGE + 50, 2 * HUGE + 101),
        ("burn", HUGE + 46, 2 * HUGE + 94),
    ]
    assert {row["why_null"] for row in rows} == {None}


def test_entries_are_in_shares_and_amounts() -> None:
    """An entry's units are its shares; its amount is the change of supply, or the logged one of a move."""
    rows = ledger(story(calls=CALLS)).entries.to_pylist()
    assert [(r["effect"], r["units"], r["amount_raw"]) for r in rows] == [
        ("mint", HUGE, HUGE),
        ("mint", 50, 101),
        ("burn", 4, 7),
        ("move", 10**20, 2 * 10**20),
    ]


def test_a_distribution_is_a_rebase() -> None:
    """InterestsDistributed is a step of the multiplier: total supply over total shares, and the interest."""
    (row,) = ledger(story(calls=CALLS)).rebases.to_pylist()
    assert (row["numerator"], row["denominator"], row["multiplier"]) == (2 * HUGE, HUGE, 2)
    assert (row["amount"], row["kind"], row["cause"]) == (Decimal(10**12), "accrual", "log")


def test_min_units_are_the_least_shares_worth_one_base_unit() -> None:
    """⌈T ÷ S⌉ shares make a balance of one: where S falls far below T, few shares are worth nothing."""
    rows = [*moved(1, MINT, HUGE, HUGE), distributed(2, -HUGE + 3, 3)]
    where = deployment()
    made = scene(
        *rows, where=where, what=token(where, accrual="share_rebase"), calls={tx_hash(1, 0): issued(HUGE)}
    )
    least = ledger(made).supply_changes.to_pylist()[-1]["min_units"]
    assert (least, (least * 3) // HUGE, ((least - 1) * 3) // HUGE) == (-(-HUGE // 3), 1, 0)


def test_without_inputs_the_total_is_null_with_its_bound() -> None:
    """From the first input that is not at hand on, the total is NULL and the reason bounds it."""
    rows = ledger(story(calls=BLIND)).supply_changes.to_pylist()
    assert [row["supply_raw"] for row in rows] == [HUGE, 2 * HUGE, None, None]
    assert rows[2]["units"] == HUGE + 50
    assert "its input is not at hand; it is between" in rows[2]["why_null"]


def test_without_inputs_amounts_are_null_with_a_reason() -> None:
    """A mint whose amount nobody tells has its shares, no amount, and a reason."""
    rows = ledger(story(calls=BLIND)).entries.to_pylist()
    assert [(r["units"], r["amount_raw"]) for r in rows[1:3]] == [(50, None), (4, None)]
    assert all(row["why_null"] for row in rows[1:3])


def test_an_input_to_another_contract_tells_nothing() -> None:
    """Behind a helper the outer input does not name the amount, whatever it looks like."""
    rows = ledger(story(calls=CALLS | {tx_hash(3, 0): issued(101, target=OTHER)})).supply_changes.to_pylist()
    assert [row["supply_raw"] for row in rows] == [HUGE, 2 * HUGE, None, None]


def test_where_reads_are_allowed_they_are_asked_for() -> None:
    """What neither input nor a later total tells is read at the blocks in question, and nowhere else."""
    found = share_rebase(story(calls=BLIND, views=("totalSupply",)))
    blocks = [BlockRef(n, "0x" + f"{n:064x}", seconds(n)) for n in (3, 4)]
    assert found == Needs(reads=tuple(ReadWanted(block, TOKEN, TOTAL_SUPPLY) for block in blocks))


def test_reads_give_totals_and_are_counted() -> None:
    """With the reads the totals are exact again, and each row says how many its total rests on."""
    reads = {(3, TOKEN, TOTAL_SUPPLY): 2 * HUGE + 101, (4, TOKEN, TOTAL_SUPPLY): 2 * HUGE + 94}
    made = ledger(story(calls=BLIND, views=("totalSupply",), reads=reads))
    assert [row["supply_raw"] for row in made.supply_changes.to_pylist()][2:] == [
        2 * HUGE + 101,
        2 * HUGE + 94,
    ]
    assert [row["cause"] for row in made.supply_changes.to_pylist()] == ["mint", "rebase", "mint", "burn"]
    assert [row["reads_used"] for row in made.supply_changes.to_pylist()] == [0, 0, 1, 2]


def test_a_read_that_nobody_answers_leaves_it_null() -> None:
    """Reads that were refused are None: the totals stay NULL with their bound."""
    reads = dict.fromkeys(((3, TOKEN, TOTAL_SUPPLY), (4, TOKEN, TOTAL_SUPPLY)))
    rows = ledger(story(calls=BLIND, views=("totalSupply",), reads=reads)).supply_changes.to_pylist()
    assert [row["supply_raw"] for row in rows][2:] == [None, None]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param([transfer(3, 0, MINT, 5)], id="alone"),
        pytest.param([shares(3, 0, MOVE, 5, tx=0), transfer(3, 1, MINT, 5, tx=0)], id="other accounts"),
    ],
)
def test_a_transfer_without_its_shares_ends_the_ledger(odd: Rows) -> None:
    """A Transfer that no TransferShares explains cannot be held: it is undecoded and the totals end there."""
    where = deployment()
    made = ledger(
        scene(
            *moved(1, MINT, HUGE, HUGE), *odd, where=where, what=token(where, accrual="share_rebase"),
            calls={tx_hash(1, 0): issued(HUGE)},
        )
    )  # fmt: skip
    last = made.supply_changes.to_pylist()[-1]
    assert (last["cause"], last["block_number"], last["supply_raw"]) == ("undecoded", 3, None)
    assert "cannot be held: a Transfer" in last["why_null"]
    told = ["a TransferShares without its Transfer"] * (len(odd) - 1) + [
        "a Transfer without its TransferShares"
    ]
    assert made.undecoded["reason"].to_pylist() == told


def test_shares_without_their_transfer_end_the_ledger_and_later_moves_stay() -> None:
    """A TransferShares that no Transfer follows is undecoded; the totals end there, entries do not."""
    where = deployment()
    odd = [shares(3, 0, MINT, 5, tx=0), *moved(4, MOVE, 7, 7)]
    made = ledger(
        scene(
            *moved(1, MINT, HUGE, HUGE), *odd, where=where, what=token(where, accrual="share_rebase"),
            calls={tx_hash(1, 0): issued(HUGE)},
        )
    )  # fmt: skip
    assert made.undecoded["reason"].to_pylist() == ["a TransferShares without its Transfer"]
    assert made.supply_changes.to_pylist()[-1]["supply_raw"] is None
    assert made.entries["block_number"].to_pylist() == [1, 4]


def test_a_history_that_starts_late_has_amounts_and_no_totals() -> None:
    """Before the run nobody knows the shares: amounts asked are there, units and totals are NULL."""
    rows = [*moved(101, MINT, 50, 100), distributed(102, 5, 1_000)]
    where = deployment()
    what = token(where, accrual="share_rebase")
    made = ledger(scene(*rows, where=where, what=what, run=LATE, calls={tx_hash(101, 0): issued(101)}))
    assert [row["amount_raw"] for row in made.entries.to_pylist()] == [101]
    for row in made.supply_changes.to_pylist():
        assert (row["units"], row["supply_raw"], row["why_null"]) == (None, None, LATE.why_null)
