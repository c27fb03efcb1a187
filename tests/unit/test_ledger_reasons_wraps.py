"""Facts about rUSDY, rOUSG and mUSD: shares over an underlying, seen from both ledgers."""

import pytest
from reasons_kit import ADMIN, ALICE, BOB, HASH, OTHER, TOKEN, Leg, asks, burn, log, mint, move, transaction
from reasons_kit import context as around

from indexer.decode.abi import selector_of
from indexer.ledger.reasons import classify
from indexer.ledger.reasons.common import word
from indexer.ledger.values import ZERO, Call, Event, Tx, Verdict

SHARES = 70_009
UNDERLYING = 7
ADMIN_BURN = selector_of(["rousg"], "burn(address,uint256)")
UNWRAP = selector_of(["rousg"], "unwrap(uint256)")


def shares(at: int, giver: str, taker: str, value: int = SHARES, contract: str = TOKEN) -> Event:
    return log(at, "TransferShares", contract, from_=giver, to=taker, sharesValue=value)


def paid(at: int, to: str, value: int = UNDERLYING) -> Event:
    """Return the underlying's Transfer out of the rebasing token."""
    return log(at, "Transfer", OTHER, from_=TOKEN, to=to, value=value)


def rebasing(*parts: Leg | Event, call: Call | None = None) -> list[Verdict]:
    """Return the verdicts on the rebasing token's ledger: amounts are in tokens, units in shares."""
    tx = transaction(*parts, call=call)
    entries = tuple(e._replace(units=SHARES if e.effect in ("mint", "burn") else 0) for e in tx.entries)
    return answered(tx._replace(entries=entries))


def answered(tx: Tx) -> list[Verdict]:
    got = classify(tx, around("ondo"))
    assert got is not None
    return got


def test_a_mint_of_shares_is_a_wrap() -> None:
    """The contract has no other way to mint; the log of its shares is the link."""
    (got,) = rebasing(mint(1, ALICE, 900), shares(2, ZERO, ALICE))
    assert (got.reason, got.evidence, got.link) == ("wrap", "event", f"{HASH}:2")


@pytest.mark.parametrize("logged", [UNDERLYING * 10_000, UNDERLYING])
def test_the_underlyings_move_in_is_the_same_wrap(logged: int) -> None:
    """Both dialects, the second with shares 10,000 times too small, tell the move with the same link."""
    parts = (move(1, ALICE, OTHER, UNDERLYING), shares(2, ZERO, ALICE, logged, OTHER))
    (got,) = answered(transaction(*parts))
    assert (got.reason, got.evidence, got.link) == ("wrap", "event", f"{HASH}:2")


def test_a_plain_transfer_to_the_wrapper_is_none() -> None:
    """Of two moves to the wrapper only the one of the wrapped amount is the wrap."""
    parts = (
        move(0, ALICE, OTHER, 3),
        move(1, ALICE, OTHER, UNDERLYING),
        shares(2, ZERO, ALICE, 70_000, OTHER),
    )
    assert [v.reason for v in answered(transaction(*parts))] == ["transfer", "wrap"]


def test_a_burn_that_pays_its_account_is_an_unwrap() -> None:
    """The underlying, rounded down, goes back to whom the shares were burned of."""
    (got,) = rebasing(paid(0, ALICE), burn(1, ALICE, 900), shares(2, ALICE, ZERO))
    assert (got.reason, got.evidence, got.link) == ("unwrap", "event", f"{HASH}:2")


def test_a_burn_that_pays_another_is_forced() -> None:
    """The admin's burn takes the underlying for itself."""
    (got,) = rebasing(paid(0, ADMIN), burn(1, ALICE, 900), shares(2, ALICE, ZERO))
    assert (got.reason, got.evidence) == ("forced", "event")


def test_the_audits_dialect_tells_a_burn_by_shares_burnt() -> None:
    """Its burns have no Transfer: SharesBurnt tells them, and who is paid tells which they were."""
    burnt = log(0, "SharesBurnt", account=ALICE, sharesAmount=SHARES)
    done = log(2, "TokensBurnt", account=ALICE, tokensBurnt=900)
    assert [v.reason for v in rebasing(burn(0, ALICE, 900), burnt, paid(1, ALICE), done)] == ["unwrap"]
    assert [v.reason for v in rebasing(burn(0, ALICE, 900), burnt, paid(1, ADMIN), done)] == ["forced"]


def test_a_payment_of_another_amount_is_not_this_burns() -> None:
    """Without the right payment the call is asked for, and tells."""
    parts = (paid(0, ALICE, 6), burn(1, ALICE, 900), shares(2, ALICE, ZERO))
    assert asks("ondo", *parts)
    forced = Call(ADMIN, TOKEN, ADMIN_BURN + word(ALICE) + word(900))
    assert [(v.reason, v.evidence) for v in rebasing(*parts, call=forced)] == [("forced", "input")]
    own = Call(ALICE, TOKEN, UNWRAP + word(900))
    assert [(v.reason, v.evidence) for v in rebasing(*parts, call=own)] == [("unwrap", "input")]
    assert [v.reason for v in rebasing(*parts, call=Call(ALICE, TOKEN, b""))] == ["unclassified"]


def test_a_logged_mint_that_never_was_is_named() -> None:
    """rOUSG's admin burn logs Transfer(0x0 -> caller): units 0, a rule that names it, and the burn is forced."""
    false = mint(1, ADMIN, 0)._replace(effect="none")
    parts = (paid(0, ADMIN), false, burn(2, ALICE, 900), shares(2, ALICE, ZERO))
    nothing, burned = rebasing(*parts)
    assert (nothing.reason, nothing.rule, nothing.evidence) == ("forced", "ondo-false-mint@1", "event")
    assert (burned.reason, burned.evidence) == ("forced", "event")


def test_the_false_mint_of_one_burn_does_not_force_another() -> None:
    """A batch with an admin burn and an unwrap tells them apart by the place of the false mint."""
    false = mint(1, ADMIN, 0)._replace(effect="none")
    parts = (
        paid(0, ADMIN), false, burn(2, ALICE, 900), shares(2, ALICE, ZERO),
        paid(5, BOB), burn(7, BOB, 900), shares(7, BOB, ZERO),
    )  # fmt: skip
    assert [v.reason for v in rebasing(*parts)] == ["forced", "forced", "unwrap"]


@pytest.mark.parametrize(("payee", "reason"), [(ALICE, "unwrap"), (ADMIN, "forced")])
def test_the_underlyings_ledger_tells_the_payment(payee: str, reason: str) -> None:
    """The move out of the wrapper is the other leg, with the link of the burn."""
    parts = (move(1, OTHER, payee, UNDERLYING), shares(2, ALICE, ZERO, SHARES, OTHER))
    (got,) = answered(transaction(*parts))
    assert (got.reason, got.evidence, got.link) == (reason, "event", f"{HASH}:2")


def test_shares_of_a_transfer_are_neither() -> None:
    """TransferShares between two holders is a plain move."""
    got = answered(transaction(move(1, ALICE, BOB, 900), shares(2, ALICE, BOB)))
    assert [v.reason for v in got] == ["transfer"]


def test_nothing_that_moves_from_the_zero_account_to_itself_is_no_false_mint() -> None:
    """A false mint names who burned; a Transfer of nothing between zero and zero forces nobody."""
    tx = transaction(mint(1, ZERO, 0))
    (got,) = answered(tx._replace(entries=tuple(e._replace(effect="none") for e in tx.entries)))
    assert got.reason == "unclassified"
