"""Facts about TBILL's reasons."""

import pytest
from reasons_kit import ALICE, BOB, HASH, OTHER, TOKEN, burn, log, mint, move, said, verdicts

from indexer.ledger.values import Call

ID = bytes.fromhex("10e3" + "00" * 29 + "c1")
LINK = f"{TOKEN}:0x{ID.hex()}"
PROCESSED = {"actualShare": 5, "shares": 5, "prevId": ID}


def spoken(*parts: object) -> list[tuple[str, str, str | None, str | None]]:
    return [
        (v.reason, v.evidence, v.party, v.link) for v in verdicts("openeden", *parts, roles={TOKEN: "escrow"})
    ]


@pytest.mark.parametrize("variant", ["pFee", "txsFee"])
def test_a_deposit_is_an_issuance_in_every_version(variant: str) -> None:
    """V2's ProcessDeposit has other fees than V3's to V5's, and the same meaning."""
    deposit = log(2, "ProcessDeposit", sender=ALICE, receiver=ALICE, shares=5, **{variant: 1})
    assert spoken(mint(0, ALICE, 5), deposit) == [("issuance", "event", None, None)]


def test_a_deposit_for_another_names_who_paid() -> None:
    """The sender is the party where the receiver is another."""
    deposit = log(2, "ProcessDeposit", sender=ALICE, receiver=BOB, shares=5)
    assert spoken(mint(0, BOB, 5), deposit) == [("issuance", "event", ALICE, None)]


def test_deposit_alone_is_an_issuance() -> None:
    """Deposit(receiver, assets, shares) says the same where ProcessDeposit is missing."""
    assert spoken(mint(0, ALICE, 5), log(1, "Deposit", receiver=ALICE, shares=5)) == [
        ("issuance", "event", None, None)
    ]


def test_a_request_is_escrow_in_by_its_event() -> None:
    """redeem moves the shares to the vault; the queue's id is the link."""
    queued = log(1, "AddToWithdrawalQueue", sender=ALICE, receiver=BOB, shares=5, id=ID)
    assert spoken(move(0, ALICE, TOKEN, 5), queued) == [("escrow_in", "event", None, LINK)]


def test_processing_burns_for_the_customer_and_keeps_the_link() -> None:
    """The vault's burn names the customer of the request, request by request."""
    parts = (
        burn(0, TOKEN, 5),
        log(1, "Withdraw", sender=TOKEN, receiver=ALICE, owner=TOKEN, shares=5),
        log(2, "ProcessWithdraw", sender=ALICE, receiver=ALICE, **PROCESSED),
        burn(3, TOKEN, 5),
        log(4, "Withdraw", sender=TOKEN, receiver=BOB, owner=TOKEN, shares=5),
        log(5, "ProcessWithdraw", sender=BOB, receiver=BOB, **PROCESSED),
    )
    assert spoken(*parts) == [("redemption", "event", ALICE, LINK), ("redemption", "event", BOB, LINK)]


@pytest.mark.parametrize("variant", ["pFee", "txFee"])
def test_every_version_of_process_withdraw_is_a_redemption(variant: str) -> None:
    """V2's event has one fee, later ones three."""
    done = log(2, "ProcessWithdraw", sender=ALICE, receiver=ALICE, **PROCESSED, **{variant: 1})
    assert spoken(burn(0, TOKEN, 5), done) == [("redemption", "event", ALICE, LINK)]


def test_an_instant_redemption_has_no_request() -> None:
    """redeemIns burns at once; an id of zero is no link."""
    done = log(2, "ProcessWithdraw", sender=ALICE, receiver=ALICE, actualShare=5)
    assert spoken(burn(0, ALICE, 5), done) == [("redemption", "event", None, None)]


def test_withdraw_alone_is_a_redemption_for_the_receiver() -> None:
    """Withdraw says it where ProcessWithdraw tells another amount."""
    parts = (
        burn(0, TOKEN, 4),
        log(1, "Withdraw", sender=TOKEN, receiver=ALICE, owner=TOKEN, shares=4),
        log(2, "ProcessWithdraw", sender=ALICE, receiver=ALICE, **PROCESSED),
    )
    assert spoken(*parts) == [("redemption", "event", ALICE, None)]


@pytest.mark.parametrize("back_to", [ALICE, BOB])
def test_a_cancelled_request_is_escrow_out(back_to: str) -> None:
    """The shares go back to the requester or to the receiver named in the request."""
    cancelled = log(1, "ProcessRedeemCancel", sender=ALICE, receiver=BOB, shares=5, prevId=ID)
    party = None if back_to == ALICE else ALICE
    assert spoken(move(0, TOKEN, back_to, 5), cancelled) == [("escrow_out", "event", party, LINK)]


def test_a_stray_transfer_to_the_vault_is_a_transfer() -> None:
    """Shares sent to the vault without a request wait for no redemption, whatever the vault's role."""
    assert spoken(move(0, ALICE, TOKEN, 5)) == [("transfer", "default", None, None)]


def test_the_set_up_mints_are_a_migration() -> None:
    """V2's initialize mints V1's holders their shares: Initialized stands in the same transaction."""
    assert (
        spoken(mint(0, ALICE, 5), mint(1, BOB, 6), log(2, "Initialized", version=1))
        == [("migration", "event", None, None)] * 2
    )


def test_a_reissue_is_one_recovery_in_two_legs() -> None:
    """A holder's shares are burned and minted to the new wallet; both legs have one link."""
    again = log(4, "ReIssue", oldWallet=ALICE, newWallet=BOB, amount=5)
    link = f"{HASH}:4"
    assert spoken(burn(0, ALICE, 5), mint(1, BOB, 5), again) == [
        ("recovery", "event", BOB, link),
        ("recovery", "event", ALICE, link),
    ]


def test_the_owners_burn_is_forced() -> None:
    """BurnFrom is the owner's act on a holder."""
    assert said("openeden", burn(0, ALICE, 5), log(1, "BurnFrom", from_=ALICE, amount=5)) == [
        ("forced", "event")
    ]


def test_the_owners_mint_stays_unclassified() -> None:
    """MintTo says who got shares and not why; the rule that saw it is named."""
    got = verdicts("openeden", mint(0, ALICE, 5), log(1, "MintTo", to=ALICE, amount=5))
    assert [(v.reason, v.rule) for v in got] == [("unclassified", "openeden-admin-mint@1")]


def express(at: int, name: str, **told: object) -> object:
    return log(at, name, OTHER, **told)


def test_the_express_mints_for_whom_it_names() -> None:
    """InstantMint goes to the receiver; the payer is the party where it is another."""
    got = verdicts(
        "openeden", mint(0, ALICE, 5), express(1, "InstantMint", from_=BOB, to=ALICE, receiveAmt=5, fee=1)
    )
    assert [(v.reason, v.evidence, v.party) for v in got] == [("issuance", "event", BOB)]


def test_a_mint_that_is_wrapped_at_once_goes_to_the_express() -> None:
    """InstantMintAndWrap mints USDO to the express, which puts it into cUSDO: an issuance and a wrap."""
    vault = "0x" + "c0" * 20
    told = express(5, "InstantMintAndWrap", from_=ALICE, to=ALICE, usdoAmt=5, cusdoAmt=4)
    wrapped = log(4, "Deposit", vault, sender=OTHER, owner=ALICE, assets=5, shares=4)
    minted, moved = verdicts("openeden", mint(0, OTHER, 5), move(2, OTHER, vault, 5), wrapped, told)
    assert (minted.reason, minted.party) == ("issuance", ALICE)
    assert (moved.reason, moved.party, moved.link) == ("wrap", ALICE, f"{HASH}:4")


@pytest.mark.parametrize("more", [{}, {"payout": 4, "usycFee": 0}])
def test_an_instant_redemption_burns(more: dict[str, int]) -> None:
    """InstantRedeem has five arguments in the express's first version and eight in its second."""
    told = express(1, "InstantRedeem", from_=ALICE, to=BOB, reqAmt=5, **more)
    assert said("openeden", burn(0, ALICE, 5), told) == [("redemption", "event")]


def test_a_manual_redemption_burns() -> None:
    """ManualRedeem is settled off the chain."""
    assert said("openeden", burn(0, ALICE, 5), express(1, "ManualRedeem", from_=ALICE, reqAmt=5)) == [
        ("redemption", "event")
    ]


def test_usdo_is_burned_at_the_request_and_a_cancel_mints_it_back() -> None:
    """Opposite to TBILL's queue; request and reversal carry the request's id, which counts for the express."""
    told = {"from_": ALICE, "to": BOB, "usdoAmt": 5, "id": ID}
    (asked,) = verdicts("openeden", burn(0, ALICE, 5), express(1, "AddToRedemptionQueue", **told))
    (back,) = verdicts("openeden", mint(0, ALICE, 5), express(1, "ProcessRedemptionCancel", **told))
    assert (asked.reason, asked.evidence) == ("redemption", "event")
    assert (back.reason, back.evidence) == ("reversal", "event")
    assert asked.link == back.link == f"{OTHER}:0x{ID.hex()}"


def test_usdos_own_mint_and_burn_events_tell_nothing() -> None:
    """USDO logs Mint and Burn beside every Transfer: they repeat the fact."""
    parts = (mint(0, ALICE, 5), log(1, "Mint", to=ALICE, amount=5))
    assert said("openeden", *parts) == [("unclassified", "default")]


def test_a_pool_by_its_role_burns_to_another_chain() -> None:
    """What a bridge's pool burns crosses; what it or its sender mints came over."""
    roles = {BOB: "bridge_locker"}
    assert said("openeden", burn(0, BOB, 5), roles=roles) == [("bridge_out", "role")]
    assert said("openeden", mint(0, ALICE, 5), call=Call(BOB, TOKEN, b""), roles=roles) == [
        ("bridge_in", "role")
    ]


def test_chainlinks_pool_tells_by_event() -> None:
    """A pool that is a companion says itself what it burned and minted."""
    assert said("openeden", burn(0, OTHER, 5), log(1, "Burned", OTHER, sender=BOB, amount=5)) == [
        ("bridge_out", "event")
    ]


def test_cusdos_withdraw_is_an_unwrap_and_tbills_a_redemption() -> None:
    """The same event of two tokens: only the vault that wraps unwraps."""
    parts = (
        burn(0, ALICE, 5),
        log(1, "Withdraw", sender=ALICE, receiver=ALICE, owner=ALICE, assets=6, shares=5),
    )
    assert said("openeden", *parts) == [("redemption", "event")]
    assert said("openeden", *parts, accrual="erc4626") == [("unwrap", "event")]
