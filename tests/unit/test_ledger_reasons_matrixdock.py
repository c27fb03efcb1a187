"""Facts about STBT's and wSTBT's reasons."""

from reasons_kit import ADMIN, ALICE, BOB, HASH, OTHER, TOKEN, asks, burn, log, mint, move, said, verdicts

from indexer.decode.abi import keccak, selector_of
from indexer.ledger.reasons.common import word
from indexer.ledger.values import Call

BIG = 10**30
MINT_TO = selector_of(["mtoken"], "mintTo(address,uint256,uint256)")


def test_issued_is_an_issuance_though_amounts_differ_by_a_wei() -> None:
    """The event logs an amount recomputed from shares; the entry holds what totalSupply did."""
    parts = (log(1, "Issued", _operator=ADMIN, _to=ALICE, _value=BIG - 1), mint(2, ALICE, BIG))
    assert said("matrixdock", *parts) == [("issuance", "event")]


def test_issued_explains_an_entry_of_unknown_amount() -> None:
    """A NULL amount does not hide the reason."""
    parts = (log(1, "Issued", _operator=ADMIN, _to=ALICE, _value=BIG), mint(2, ALICE, None))
    assert said("matrixdock", *parts) == [("issuance", "event")]


def test_redeem_of_the_issuers_own_stock_is_a_redemption() -> None:
    """redeem burns from the issuer, to whom the customer had sent the tokens."""
    parts = (log(1, "Redeemed", _operator=ADMIN, _from=ADMIN, _value=BIG), burn(2, ADMIN, BIG - 1))
    assert said("matrixdock", *parts) == [("redemption", "event")]


def test_redeem_from_is_a_redemption_of_the_holder() -> None:
    """redeemFrom burns from the holder by allowance."""
    parts = (log(1, "Redeemed", _operator=ADMIN, _from=ALICE, _value=BIG), burn(2, ALICE, BIG))
    assert said("matrixdock", *parts) == [("redemption", "event")]


def test_the_burn_of_the_last_share_is_a_redemption() -> None:
    """It logs Transfer(.., 0x0, 0), and Redeemed all the same."""
    parts = (log(1, "Redeemed", _operator=ADMIN, _from=ALICE, _value=0), burn(2, ALICE, 0))
    assert said("matrixdock", *parts) == [("redemption", "event")]


def test_a_controllers_redemption_is_forced() -> None:
    """controllerRedeem burns without asking the holder."""
    parts = (
        log(1, "ControllerRedemption", _controller=ADMIN, _tokenHolder=ALICE, _value=BIG),
        burn(2, ALICE, BIG),
    )
    assert said("matrixdock", *parts) == [("forced", "event")]


def test_a_controllers_transfer_is_forced_and_its_neighbour_is_not() -> None:
    """Of two equal moves in a transaction the one beside the event is the seizure."""
    parts = (
        move(0, ALICE, BOB, BIG),
        move(4, ALICE, BOB, BIG),
        log(5, "ControllerTransfer", _controller=ADMIN, _from=ALICE, _to=BOB, _value=BIG),
    )
    assert said("matrixdock", *parts) == [("transfer", "default"), ("forced", "event")]


def test_a_seizure_into_the_bridges_locker_is_forced() -> None:
    """An event speaks before a role."""
    parts = (
        move(4, ALICE, BOB, 1),
        log(5, "ControllerTransfer", _controller=ADMIN, _from=ALICE, _to=BOB, _value=1),
    )
    assert said("matrixdock", *parts, roles={BOB: "bridge_locker"}) == [("forced", "event")]


def test_the_locker_locks_and_releases_by_role() -> None:
    """STBT's bridge has no event on the token: the locker's role tells."""
    parts = (move(0, ALICE, BOB, BIG), move(1, BOB, ALICE, BIG))
    assert said("matrixdock", *parts, roles={BOB: "bridge_locker"}) == [
        ("bridge_lock", "role"),
        ("bridge_release", "role"),
    ]


def test_a_wrap_shows_on_both_ledgers_with_one_link() -> None:
    """STBT moves to the wrapper, wSTBT is minted; the Wrap log's place joins the legs."""
    wrap = log(3, "Wrap", OTHER, sender=ALICE, stbtAmount=BIG, shares=7)
    below = verdicts("matrixdock", move(1, ALICE, OTHER, BIG - 1), wrap, token=TOKEN)
    above = verdicts("matrixdock", mint(2, ALICE, 7), wrap, token=OTHER)
    assert [(v.reason, v.evidence, v.link) for v in below] == [("wrap", "event", f"{HASH}:3")]
    assert above == below


def test_an_unwrap_shows_on_both_ledgers_with_one_link() -> None:
    """wSTBT is burned, STBT moves back from the wrapper."""
    unwrap = log(3, "Unwrap", OTHER, sender=ALICE, stbtAmount=BIG, shares=7)
    below = verdicts("matrixdock", move(1, OTHER, ALICE, BIG - 1), unwrap, token=TOKEN)
    above = verdicts("matrixdock", burn(2, ALICE, 7), unwrap, token=OTHER)
    assert [(v.reason, v.evidence, v.link) for v in below] == [("unwrap", "event", f"{HASH}:3")]
    assert above == below


def test_a_plain_transfer_to_the_wrapper_wraps_nothing() -> None:
    """Without a Wrap the tokens are only sent there."""
    assert said("matrixdock", move(1, ALICE, OTHER, 5), roles={OTHER: "wrapper"}) == [("transfer", "default")]


def test_interest_explains_no_entry() -> None:
    """InterestsDistributed moves supply without a Transfer; a mint beside it needs its own event."""
    parts = (log(1, "InterestsDistributed", interest=-5, newTotalSupply=BIG), mint(2, ALICE, 5))
    assert said("matrixdock", *parts) == [("unclassified", "default")]


def test_golds_mint_is_told_by_the_second_call_alone() -> None:
    """mintTo is called twice; the call that mints logs a bare Transfer, so its input is asked for."""
    called = Call(ADMIN, TOKEN, MINT_TO + word(ALICE) + word(BIG) + word(5))
    assert asks("matrixdock", mint(0, ALICE, BIG))
    assert not asks("matrixdock", mint(0, ALICE, BIG), events=("stbt",))
    (got,) = verdicts("matrixdock", mint(0, ALICE, BIG), call=called)
    named = keccak(word(ALICE) + word(BIG) + word(5)).hex()
    assert (got.reason, got.evidence, got.link) == ("issuance", "input", f"{TOKEN}:0x{named}")
    assert said("matrixdock", mint(0, BOB, BIG), call=called) == [("unclassified", "default")]


def test_a_request_to_mint_explains_no_mint() -> None:
    """MintRequest is only a wish, even beside a mint of its amount."""
    parts = (mint(0, ALICE, 5), log(1, "MintRequest", receiver=ALICE, amount=5, nonce=1))
    assert said("matrixdock", *parts) == [("unclassified", "default")]


def test_golds_redemption_burns_from_the_operator_for_the_customer() -> None:
    """Redeem names the customer, whose tokens the operator had been sent."""
    (got,) = verdicts("matrixdock", burn(0, ADMIN, 5), log(1, "Redeem", customer=ALICE, amount=5))
    assert (got.reason, got.evidence, got.party) == ("redemption", "event", ALICE)


def test_gold_crosses_by_a_burn_here_and_a_mint_there() -> None:
    """The party is the account at the other end, where it is another one; no id joins the two."""
    sent = log(1, "CCSendToken", sender=ALICE, receiver=BOB, value=5)
    got = log(1, "CCReceiveToken", sender=ALICE, receiver=BOB, value=5)
    (out,) = verdicts("matrixdock", burn(0, ALICE, 5), sent)
    (into,) = verdicts("matrixdock", mint(0, BOB, 5), got)
    assert (out.reason, out.evidence, out.party, out.link) == ("bridge_out", "event", BOB, None)
    assert (into.reason, into.evidence, into.party, into.link) == ("bridge_in", "event", ALICE, None)
    assert not asks("matrixdock", burn(0, ALICE, 5), sent)


def test_silvers_custody_fee_is_minted() -> None:
    """ReconcileSupply mints the fee to its collector."""
    assert said("matrixdock", mint(0, BOB, 5), log(1, "ReconcileSupply", amount=5)) == [("fee", "event")]


def test_a_foreign_contracts_words_are_not_believed() -> None:
    """The same event of another contract says nothing of the token."""
    assert said("matrixdock", burn(0, ADMIN, 5), log(1, "Redeem", OTHER, customer=ALICE, amount=5)) == [
        ("unclassified", "default")
    ]
