"""Facts about bTokens' and xStocks' reasons."""

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
from indexer.ledger.values import Call

MINT = selector_of(["backed_token"], "mint(address,uint256)")
MESSAGE = bytes(range(32))
ISSUER = {CAROL: "issuer_float"}
BURNER = {CAROL: "burner"}


def minter(to: str, amount: int) -> Call:
    return Call(BOB, TOKEN, MINT + word(to) + word(amount))


def test_a_mint_to_the_issuers_stock_is_a_premint() -> None:
    """Batches are minted ahead: nobody has bought them yet. No input is read for it."""
    assert said("backed", mint(0, CAROL, 9), roles=ISSUER) == [("premint", "role")]
    assert not asks("backed", mint(0, CAROL, 9), roles=ISSUER)


def test_a_move_out_of_the_stock_is_the_sale() -> None:
    """A sale is a plain Transfer from the issuer's wallet: issuance, though supply stands."""
    assert said("backed", move(0, CAROL, ALICE, 9), roles=ISSUER) == [("issuance", "role")]


def test_a_move_among_the_issuers_own_is_no_sale() -> None:
    """Stock that goes from one wallet of the issuer to another is sold to nobody."""
    roles = {CAROL: "issuer_float", BOB: "burner issuer_float"}
    assert said("backed", move(0, CAROL, BOB, 9), roles=roles) == [("transfer", "role")]


@pytest.mark.parametrize("to", [CAROL, TOKEN])
def test_what_is_sent_to_be_redeemed_waits(to: str) -> None:
    """A customer redeems by sending to the burner or to the token itself, which is burned later."""
    assert said("backed", move(0, ALICE, to, 9), roles=BURNER) == [("escrow_in", "role")]


def test_what_is_sent_back_to_the_stock_waits_too() -> None:
    """Tokens that a customer sends to the issuer's wallet are on their way to redemption."""
    assert said("backed", move(0, ALICE, CAROL, 9), roles=ISSUER) == [("escrow_in", "role")]


@pytest.mark.parametrize("holder", [CAROL, TOKEN])
def test_the_burn_of_what_was_sent_is_the_redemption(holder: str) -> None:
    """The burner burns its own balance or the token's."""
    assert said("backed", burn(0, holder, 9), roles=BURNER) == [("redemption", "role")]


def test_the_burn_of_stock_is_a_retirement() -> None:
    """Stock that was never sold is withdrawn, not redeemed."""
    assert said("backed", burn(0, CAROL, 9), roles=ISSUER) == [("retire", "role")]


def test_a_burner_that_also_holds_stock_redeems() -> None:
    """Of a wallet with both roles it is not known which units it burns: the customer's claim goes first."""
    assert said("backed", burn(0, CAROL, 9), roles={CAROL: "burner issuer_float"}) == [("redemption", "role")]


def test_a_mint_to_a_customer_is_told_by_the_minters_call() -> None:
    """Where no stock is known, only the input shows the minter's function with this receiver and amount."""
    assert asks("backed", mint(0, ALICE, 9))
    assert said("backed", mint(0, ALICE, 9), call=minter(ALICE, 9)) == [("issuance", "input")]


@pytest.mark.parametrize("call", [None, minter(BOB, 9), minter(ALICE, 8), Call(BOB, TOKEN, b"")])
def test_a_mint_without_that_call_stays_unclassified(call: Call | None) -> None:
    """Another receiver or amount, or no call at hand, explains nothing."""
    assert said("backed", mint(0, ALICE, 9), call=call) == [("unclassified", "default")]


def test_the_bridge_locks_and_names_the_message() -> None:
    """CCIP's message id is the link on both chains; the addressee is the party."""
    sent = log(
        2, "MessageSent", OTHER, messageId=MESSAGE, destinationChainSelector=77, tokenReceiver=BOB, amount=9
    )
    (got,) = verdicts("backed", move(1, ALICE, CAROL, 9), sent)
    assert (got.reason, got.evidence, got.party, got.link, got.other_chain) == (
        "bridge_lock", "event", BOB, "0x" + MESSAGE.hex(), "ccip:77",
    )  # fmt: skip


def test_a_bridge_that_passes_tokens_on_locks_once() -> None:
    """Where the custody wallet is known, only the move to it is the lock."""
    sent = log(3, "MessageSent", OTHER, messageId=MESSAGE, tokenReceiver=ALICE, amount=9)
    parts = (move(1, ALICE, OTHER, 9), move(2, OTHER, CAROL, 9), sent)
    assert said("backed", *parts, roles={CAROL: "bridge_locker"}) == [
        ("transfer", "default"),
        ("bridge_lock", "event"),
    ]


def test_the_bridge_releases_the_token_that_it_names() -> None:
    """A release's amount may be rescaled by the other chain's multiplier, so it is not compared."""
    told = {"messageId": MESSAGE, "sourceChainSelector": 5, "tokenReceiver": ALICE, "amount": 10}
    released = log(2, "MessageReceived", OTHER, token=TOKEN, **told)
    foreign = log(2, "MessageReceived", OTHER, token=OTHER, **told)
    (got,) = verdicts("backed", move(1, CAROL, ALICE, 9), released)
    assert (got.reason, got.evidence, got.other_chain) == ("bridge_release", "event", "ccip:5")
    assert said("backed", move(1, CAROL, ALICE, 9), foreign) == [("transfer", "default")]


def test_custody_without_a_message_is_told_by_its_role() -> None:
    """A locker's role says lock and release where no event does."""
    roles = {CAROL: "bridge_locker"}
    assert said("backed", move(0, ALICE, CAROL, 9), move(1, CAROL, BOB, 4), roles=roles) == [
        ("bridge_lock", "role"),
        ("bridge_release", "role"),
    ]


def test_a_wrapper_is_seen_from_both_ledgers_with_one_link() -> None:
    """The vault's Deposit tells the wrapper's mint and the underlying's move; both links are its place."""
    inside = log(3, "Deposit", OTHER, sender=ALICE, owner=ALICE, assets=9, shares=7)
    (leg,) = verdicts("backed", move(1, ALICE, OTHER, 9), inside)
    own = log(3, "Deposit", TOKEN, sender=ALICE, owner=ALICE, assets=9, shares=7)
    tx = transaction(mint(2, ALICE, 7), own)
    minted = classify(tx, around("backed", accrual="erc4626"))
    assert minted is not None
    assert (leg.reason, leg.evidence) == (minted[0].reason, minted[0].evidence) == ("wrap", "event")
    assert leg.link == minted[0].link is not None


def test_an_unwrap_pays_the_underlying_out() -> None:
    """Withdraw burns the wrapper's shares and moves the underlying to the receiver."""
    out = {"sender": ALICE, "receiver": BOB, "owner": ALICE, "assets": 9, "shares": 7}
    (leg,) = verdicts("backed", move(1, OTHER, BOB, 9), log(3, "Withdraw", OTHER, **out))
    assert (leg.reason, leg.evidence, leg.party) == ("unwrap", "event", ALICE)
    (burned,) = verdicts("backed", burn(1, ALICE, 7), log(3, "Withdraw", TOKEN, **out), accrual="erc4626")
    assert (burned.reason, burned.evidence) == ("unwrap", "event")
    assert burned.link == leg.link


def test_a_vaults_words_on_a_plain_token_say_nothing() -> None:
    """A token that is no vault does not wrap, whatever its own log is called."""
    own = log(3, "Deposit", TOKEN, sender=ALICE, owner=ALICE, assets=9, shares=7)
    assert said("backed", mint(2, ALICE, 7), own) == [("unclassified", "default")]
