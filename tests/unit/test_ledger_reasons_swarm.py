"""Facts about Swarm's reasons: offers of three generations, and the wrapper."""

import pytest
from reasons_kit import (
    ALICE,
    BOB,
    CAROL,
    OTHER,
    TOKEN,
    asks,
    burn,
    log,
    mint,
    move,
    said,
    transaction,
    verdicts,
)
from reasons_kit import context as around

from indexer.decode.abi import selector_of
from indexer.ledger.reasons import classify
from indexer.ledger.reasons.common import word
from indexer.ledger.values import Call, Event

DOTC, ESCROW, MAKER, TAKER = OTHER, CAROL, ALICE, BOB
HELD = {ESCROW: "escrow"}
LINK = f"{DOTC}:7"


def asset(address: str, amount: int) -> tuple[object, ...]:
    return (1, address, amount, 0)


def offers(given: str) -> list[Event]:
    """Return the CreatedOffer of each generation that gives 9 of *given*."""
    other = OTHER if given == TOKEN else TOKEN
    priced = (*asset(given, 9), (other, 0, 0)), (*asset(other, 4), (other, 0, 0))
    return [
        log(1, "CreatedOffer", DOTC, offerId=7, maker=MAKER, tokenIn=given, tokenOut=other, amountIn=9),
        log(
            1, "CreatedOffer", DOTC,
            offerId=7, maker=MAKER, depositAsset=asset(given, 9), withdrawalAsset=asset(other, 4),
        ),
        log(1, "CreatedOffer", DOTC, offerId=7, maker=MAKER, dotcOffer=(MAKER, 0, *priced, ())),
    ]  # fmt: skip


def fills() -> list[Event]:
    return [
        log(1, "CreatedOrder", DOTC, offerId=7, orderedBy=TAKER, amountPaid=4),
        log(1, "TakenOffer", DOTC, offerId=7, takenBy=TAKER, amountPaid=4),
        log(1, "TakenOffer", DOTC, offerId=7, taker=TAKER, withdrawalAssetAmount=4),
    ]


@pytest.mark.parametrize("made", offers(TOKEN))
def test_a_makers_deposit_waits_in_escrow(made: Event) -> None:
    """Each generation's CreatedOffer tells the move into escrow; contract and id are the link."""
    (got,) = verdicts("swarm", move(0, MAKER, ESCROW, 9), made, roles=HELD)
    assert (got.reason, got.evidence, got.link) == ("escrow_in", "event", LINK)


@pytest.mark.parametrize("made", offers(OTHER))
def test_an_offer_of_another_asset_tells_no_deposit(made: Event) -> None:
    """A move of the token beside an offer that gives something else is none of its business."""
    assert said("swarm", move(0, MAKER, TAKER, 9), made, roles=HELD) == [("transfer", "default")]


@pytest.mark.parametrize(("made", "filled"), list(zip(offers(TOKEN), fills(), strict=True)))
def test_a_fill_is_a_transfer_from_the_maker(made: Event, filled: Event) -> None:
    """The taker gets the maker's tokens out of escrow: never an issuance; the earlier offer names the maker."""
    (got,) = verdicts("swarm", move(0, ESCROW, TAKER, 8), filled, roles=HELD, opened=(made,))
    assert (got.reason, got.evidence, got.party, got.link) == ("transfer", "event", MAKER, LINK)


def test_ids_count_for_their_contract() -> None:
    """An offer of the same number on another contract is another offer."""
    made = offers(TOKEN)[0]._replace(contract=TAKER)
    (got,) = verdicts("swarm", move(0, ESCROW, TAKER, 8), fills()[0], roles=HELD, opened=(made,))
    assert (got.reason, got.party) == ("transfer", None)


@pytest.mark.parametrize("name", ["CanceledOffer", "AdminRemoveOffer"])
def test_a_cancelled_offer_goes_back(name: str) -> None:
    """What returns to the maker leaves escrow; what goes to another in that transaction does not."""
    ended = log(2, name, DOTC, offerId=7)
    parts = (move(0, ESCROW, TAKER, 1), move(1, ESCROW, MAKER, 8), ended)
    other, back = verdicts("swarm", *parts, roles=HELD, opened=(offers(TOKEN)[0],))
    assert (back.reason, back.evidence, back.link) == ("escrow_out", "event", LINK)
    assert other.evidence == "role"


def test_the_escrow_of_the_second_generation_speaks_for_itself() -> None:
    """Its own events tell deposits, withdrawals, cancels and fees."""
    legs = (
        move(0, MAKER, ESCROW, 9), log(1, "OfferDeposited", ESCROW, offerId=7, maker=MAKER, amount=9),
        move(2, ESCROW, TAKER, 3), log(3, "OfferWithdrawn", ESCROW, offerId=7, taker=TAKER, amount=3),
        move(4, ESCROW, MAKER, 5), log(5, "OfferCancelled", ESCROW, offerId=7, maker=MAKER, amountToWithdraw=5),
        move(6, ESCROW, OTHER, 1), log(7, "FeesWithdrew", ESCROW, offerId=7, to=OTHER, amountToWithdraw=1),
    )  # fmt: skip
    assert [r for r, _ in said("swarm", *legs)] == ["escrow_in", "transfer", "escrow_out", "fee"]


def test_a_move_into_escrow_without_an_offer_is_told_by_the_role() -> None:
    """The escrow's role stands in where no event does."""
    assert said("swarm", move(0, MAKER, ESCROW, 9), roles=HELD) == [("escrow_in", "role")]


def test_the_wrapper_is_told_by_its_role() -> None:
    """No event names a wrap, so moves to and from the wrapper are told by its role."""
    roles = {CAROL: "wrapper"}
    assert said("swarm", move(0, ALICE, CAROL, 9), move(1, CAROL, BOB, 4), roles=roles) == [
        ("wrap", "role"),
        ("unwrap", "role"),
    ]


@pytest.mark.parametrize(("leg", "function"), [(mint(0, ALICE, 9), "wrap"), (burn(0, ALICE, 9), "unwrap")])
def test_an_xtoken_is_told_by_the_call_of_its_wrapper(leg: object, function: str) -> None:
    """The xToken's mint and burn are told by the input that asks for as much."""
    selector = selector_of(["swarm_wrapper"], f"{function}(address,uint256)")
    called = Call(ALICE, CAROL, selector + word(TOKEN) + word(9))
    less = Call(ALICE, CAROL, selector + word(TOKEN) + word(8))
    assert asks("swarm", leg, wraps="token")
    assert said("swarm", leg, call=called, wraps="token") == [(function, "input")]
    assert said("swarm", leg, call=less, wraps="token") == [("unclassified", "default")]


def test_a_tokens_own_mint_says_nothing_of_why() -> None:
    """Swarm's tokens log Transfer alone; no call is read for them."""
    tx = transaction(mint(0, ALICE, 9))._replace(asked=False)
    got = classify(tx, around("swarm"))
    assert got is not None
    assert [(v.reason, v.evidence) for v in got] == [("unclassified", "default")]
