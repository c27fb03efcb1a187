"""DSToken: shares told by TxShares, a multiplier told by the provider in force, to nearest."""

from __future__ import annotations

from eth_hash.auto import keccak
from ledger_kit import ALICE, BOB, BURN, MINT, TOKEN, deployment, raw, scene, token, transfer, word

from indexer.config.model import Companion
from indexer.ledger.accruals.dstoken import dstoken, rate_of
from indexer.ledger.scene import Ledger

ONE = 10**18
PROVIDER, SECOND = "0x" + "e1" * 20, "0x" + "e2" * 20
Row = dict[str, object]


def told(signature: str, topics: list[object], data: list[object]) -> tuple[list[bytes], bytes]:
    return [keccak(signature.encode()), *(word(t) for t in topics)], b"".join(word(d) for d in data)  # type: ignore[arg-type]


def service(block: int, index: int, address: str, number: int = 8196) -> Row:
    topics, data = told("DSServiceSet(uint256,address)", [], [number, address])
    return raw(block, index, topics, data)


def rate(block: int, index: int, old: int, new: int, provider: str = PROVIDER) -> Row:
    topics, data = told("RebasingRateUpdated(uint256,uint256)", [], [old, new])
    return raw(block, index, topics, data, address=provider)


def moved(
    block: int, sides: tuple[str, str], amount: int, shares: int, multiplier: int, tx: int = 0
) -> list[Row]:
    topics, data = told("TxShares(address,address,uint256,uint256)", [*sides], [shares, multiplier])
    return [transfer(block, 10 + 2 * tx, sides, amount, tx=tx), raw(block, 11 + 2 * tx, topics, data, tx=tx)]


def ledger(*rows: Row, companions: tuple[str, ...] = (PROVIDER, SECOND), decimals: int = 6) -> Ledger:
    where = deployment(
        decimals=decimals,
        companions=tuple(Companion("provider", a, ("dstoken_provider",), None, None) for a in companions),
    )
    return dstoken(scene(*rows, where=where, what=token(where, accrual="dstoken")))


def supplies(made: Ledger) -> list[tuple[int, int | None]]:
    return [(row["block_number"], row["supply_raw"]) for row in made.supply_changes.to_pylist()]


def test_without_shares_it_is_a_plain_token() -> None:
    """A DSToken of versions 1 to 3 logs no TxShares: a unit is a base unit."""
    made = ledger(service(1, 0, BOB, 4), transfer(2, 0, MINT, 5))
    assert [(r["units"], r["supply_raw"]) for r in made.supply_changes.to_pylist()] == [(5, 5)]


def test_a_token_that_turns_to_shares_is_plain_until_then() -> None:
    """Version 4 moves nothing before its provider is set: what moved before was plain, and stays known."""
    old = [service(1, 0, BOB, 4), transfer(2, 0, MINT, 5), transfer(3, 0, (ALICE, BOB), 2)]
    made = ledger(*old, service(4, 0, PROVIDER), *moved(5, MINT, 7, 7 * 10**12, ONE))
    assert supplies(made) == [(2, 5), (4, None), (5, None)]
    assert [(e["units"], e["amount_raw"]) for e in made.entries.to_pylist()] == [(5, 5), (2, 2), (None, 7)]
    assert "turned to shares" in made.entries.to_pylist()[-1]["why_null"]
    assert "turned to shares" in made.supply_changes.to_pylist()[-1]["why_null"]


def test_until_a_provider_is_set_the_supply_is_null() -> None:
    """The views revert while no rebasing provider is set, so supply is NULL with that reason, then 0."""
    made = ledger(service(1, 0, BOB, 4), service(3, 0, PROVIDER), *moved(4, MINT, 7, 7 * 10**12, ONE))
    assert supplies(made) == [(1, None), (3, 0), (4, 7)]
    assert "provider is not set" in made.supply_changes.to_pylist()[0]["why_null"]


def test_a_base_unit_is_rounded_to_nearest_twice() -> None:
    """With 6 decimals half a base unit of shares is one base unit, and a share less is none."""
    told_rate = rate_of(ONE, 6)
    assert [told_rate.of(n) for n in (499_999_999_999, 500_000_000_000, 1_499_999_999_999)] == [0, 1, 1]
    assert told_rate.min_units == 500_000_000_000


def test_a_rate_change_is_a_rebase_without_an_entry() -> None:
    """RebasingRateUpdated moves the supply and no units: a rebase carries what it moved."""
    made = ledger(service(1, 0, PROVIDER), *moved(2, MINT, 10, 10**13, ONE), rate(3, 0, ONE, 2 * ONE))
    assert supplies(made)[-1] == (3, 20)
    (row,) = made.rebases.to_pylist()
    assert (row["amount"].scaleb(6), row["numerator"], row["contract"]) == (10, 2 * ONE, PROVIDER)


def test_a_rate_of_a_provider_that_is_not_in_force_moves_nothing() -> None:
    """What another provider says counts from when the token names it."""
    rows = [service(1, 0, PROVIDER), *moved(2, MINT, 10, 10**13, ONE), rate(3, 0, 5 * ONE, 3 * ONE, SECOND)]
    assert supplies(ledger(*rows))[-1] == (2, 10)
    assert supplies(ledger(*rows, service(4, 0, SECOND)))[-1] == (4, 30)


def test_a_new_provider_s_multiplier_is_told_by_its_own_first_change() -> None:
    """A provider logs nothing when it starts: its first change says what held before, and a movement under
    another provider says nothing of it."""
    rows = [service(1, 0, PROVIDER), *moved(2, MINT, 10, 10**13, ONE), service(3, 0, SECOND)]
    assert supplies(ledger(*rows, rate(4, 0, 7 * ONE, ONE, SECOND)))[-2:] == [(3, 70), (4, 10)]
    back = [service(4, 0, PROVIDER), *moved(5, MINT, 1, 10**12, ONE)]
    assert supplies(ledger(*rows, *back))[-3:] == [(3, None), (4, 10), (5, 11)]


def test_a_provider_that_is_not_a_companion_leaves_the_supply_null() -> None:
    """Between movements its changes are not seen, so no supply is told, and the reason names it."""
    made = ledger(service(1, 0, PROVIDER), *moved(2, MINT, 10, 10**13, ONE), companions=())
    assert supplies(made)[-1] == (2, None)
    assert PROVIDER in made.supply_changes.to_pylist()[-1]["why_null"]


def test_the_multiplier_of_a_movement_overrules_what_was_seen() -> None:
    """TxShares carries the multiplier in force: from a missed change on it is right again."""
    rows = [service(1, 0, PROVIDER), *moved(2, MINT, 10, 10**13, ONE), *moved(3, MINT, 2, 10**12, 2 * ONE)]
    assert supplies(ledger(*rows))[-1] == (3, 22)


def test_a_transfer_without_its_shares_ends_the_ledger() -> None:
    """Where the token has a provider each Transfer has its TxShares; one without is undecoded, the rest NULL."""
    made = ledger(service(1, 0, PROVIDER), transfer(2, 0, MINT, 5))
    assert supplies(made)[-1] == (2, None)
    assert made.undecoded.num_rows == 1


def test_burning_to_nearest_stays_within_one_unit_of_rounding() -> None:
    """A burn of a base unit at a third takes shares that are worth a little more: the rest is rounding."""
    third = 333_333_333_333_333_333
    rows = [service(1, 0, PROVIDER), *moved(2, MINT, 3, 9 * 10**12, third)]
    made = ledger(*rows, *moved(3, BURN, 1, 3_000_000_000_000, third))
    last = made.supply_changes.to_pylist()[-1]
    assert (last["supply_raw"], abs(last["rounding"]) <= last["rounding_bound"]) == (2, True)
    assert last["contract"] == TOKEN
    assert made.entries["from_address"].to_pylist()[-1] == ALICE
