"""Facts about the reasons of Maple's pools and their copies."""

import pytest
from reasons_kit import ALICE, BOB, CAROL, OTHER, TOKEN, asks, burn, log, mint, move, said, verdicts

from indexer.ledger.values import ZERO

QUEUE, ROUTER = OTHER, CAROL
LINK = f"{QUEUE}:12"


def deposit(at: int, caller: str, owner: str, shares: int) -> object:
    return log(at, "Deposit", TOKEN, caller_=caller, owner_=owner, shares_=shares)


def test_a_deposit_is_an_issuance() -> None:
    """The pool's own Deposit tells the mint to its owner."""
    got = verdicts("maple", deposit(0, BOB, ALICE, 5), mint(1, ALICE, 5))
    assert [(v.reason, v.evidence, v.party) for v in got] == [("issuance", "event", None)]


def test_a_routers_customer_is_who_gets_the_shares() -> None:
    """The router deposits to itself and passes as many shares on: that account is the party."""
    parts = (deposit(0, ROUTER, ROUTER, 5), mint(1, ROUTER, 5), move(2, ROUTER, ALICE, 5))
    minted, passed = verdicts("maple", *parts)
    assert (minted.reason, minted.party) == ("issuance", ALICE)
    assert passed.reason == "transfer"


def test_a_depositor_that_moves_other_amounts_is_its_own_customer() -> None:
    """A later move of another amount is its own business."""
    parts = (deposit(0, ALICE, ALICE, 5), mint(1, ALICE, 5), move(2, ALICE, BOB, 4))
    assert verdicts("maple", *parts)[0].party is None


@pytest.mark.parametrize("effect", ["mint", "none"])
def test_the_bootstrap_is_bought_by_the_first_depositor(effect: str) -> None:
    """Its units stay with the zero account for ever, Transfer(0x0 -> 0x0): the depositor paid for them."""
    told = log(
        2, "BootstrapMintPerformed", caller_=ALICE, receiver_=ALICE, shares_=95, bootStrapMintAmount_=5
    )
    first = mint(0, ZERO, 5)._replace(effect=effect)
    parts = (first, mint(1, ALICE, 95), told, deposit(3, ALICE, ALICE, 95))
    got = verdicts("maple", *parts)
    assert [(v.reason, v.evidence, v.party) for v in got] == [
        ("issuance", "event", ALICE),
        ("issuance", "event", None),
    ]


def test_a_mint_of_the_bootstraps_amount_to_somebody_is_none() -> None:
    """Only the zero account's units are the bootstrap."""
    told = log(2, "BootstrapMintPerformed", caller_=ALICE, receiver_=ALICE, shares_=5, bootStrapMintAmount_=5)
    assert said("maple", mint(1, ALICE, 5), told) == [("unclassified", "default")]


def test_a_request_waits_with_the_manager_under_the_queues_id() -> None:
    """RedemptionRequested tells the move; RequestCreated beside it gives the link."""
    parts = (
        move(0, ALICE, QUEUE, 5),
        log(1, "RequestCreated", QUEUE, requestId=12, owner=ALICE, shares=5),
        log(2, "RedemptionRequested", owner_=ALICE, shares_=5, escrowedShares_=5),
    )
    (got,) = verdicts("maple", *parts)
    assert (got.reason, got.evidence, got.link) == ("escrow_in", "event", LINK)


def test_a_request_without_a_queue_has_no_link() -> None:
    """The cyclical manager numbers nothing."""
    told = log(2, "WithdrawRequested", owner_=ALICE, assets_=6, escrowedShares_=5)
    (got,) = verdicts("maple", move(0, ALICE, QUEUE, 5), told)
    assert (got.reason, got.link) == ("escrow_in", None)


def test_removed_shares_come_back() -> None:
    """SharesRemoved of the pool tells the move back; the same words of the pool's manager do not."""
    told = log(2, "SharesRemoved", owner_=ALICE, shares_=5)
    ended = log(1, "RequestRemoved", QUEUE, requestId=12)
    (got,) = verdicts("maple", move(0, QUEUE, ALICE, 5), ended, told)
    assert (got.reason, got.evidence, got.link) == ("escrow_out", "event", LINK)
    assert said("maple", move(0, QUEUE, ALICE, 5), told._replace(contract=BOB)) == [("transfer", "default")]


def test_a_processed_request_burns_for_its_owner() -> None:
    """The queue burns from itself; RequestProcessed names the requester and the id."""
    parts = (
        burn(0, QUEUE, 5),
        log(1, "Withdraw", caller_=QUEUE, receiver_=BOB, owner_=QUEUE, shares_=5),
        log(2, "RequestProcessed", QUEUE, requestId=12, owner=ALICE, shares=5),
    )
    (got,) = verdicts("maple", *parts)
    assert (got.reason, got.evidence, got.party, got.link) == ("redemption", "event", ALICE, LINK)


def test_equal_requests_of_one_batch_keep_their_owners() -> None:
    """Several requests of one amount are told in their order."""
    parts = [
        part
        for n, owner in enumerate((ALICE, BOB))
        for part in (
            burn(3 * n, QUEUE, 5),
            log(3 * n + 1, "Withdraw", caller_=QUEUE, receiver_=owner, owner_=QUEUE, shares_=5),
            log(3 * n + 2, "RequestProcessed", QUEUE, requestId=n, owner=owner, shares=5),
        )
    ]
    assert [(v.party, v.link) for v in verdicts("maple", *parts)] == [
        (ALICE, f"{QUEUE}:0"),
        (BOB, f"{QUEUE}:1"),
    ]


def test_without_the_queue_the_payee_is_the_party() -> None:
    """Withdraw alone names who was paid."""
    told = log(1, "Withdraw", caller_=QUEUE, receiver_=ALICE, owner_=QUEUE, shares_=5)
    (got,) = verdicts("maple", burn(0, QUEUE, 5), told)
    assert (got.reason, got.party) == ("redemption", ALICE)


def test_the_cyclical_manager_hands_back_before_the_burn() -> None:
    """Its shares go back to the owner, whose burn is the redemption."""
    parts = (
        move(0, OTHER, ALICE, 5),
        log(1, "WithdrawalProcessed", OTHER, account_=ALICE, sharesToRedeem_=5),
        burn(2, ALICE, 5),
        log(3, "Withdraw", caller_=ALICE, receiver_=ALICE, owner_=ALICE, shares_=5),
    )
    assert said("maple", *parts) == [("escrow_out", "event"), ("redemption", "event")]


def test_a_mint_without_a_deposit_is_unclassified() -> None:
    """A pool's initial supply has no event."""
    assert said("maple", mint(0, ALICE, 5)) == [("unclassified", "default")]


def test_a_copys_changes_are_crossings_by_default() -> None:
    """On another chain only Chainlink's pool mints and burns; nothing there says so."""
    got = verdicts("maple", mint(0, ALICE, 5), burn(1, ALICE, 4), kind="lock_release_copy")
    assert [(v.reason, v.rule, v.evidence) for v in got] == [
        ("bridge_in", "copy@1", "default"),
        ("bridge_out", "copy@1", "default"),
    ]


def test_chainlinks_pool_tells_all_four_crossings() -> None:
    """Burned, Minted, Locked and Released name what the pool did with what it holds."""
    pool = OTHER
    parts = (
        burn(0, pool, 5),
        log(1, "Burned", pool, sender=BOB, amount=5),
        mint(2, ALICE, 6),
        log(3, "Minted", pool, sender=BOB, recipient=ALICE, amount=6),
        move(4, ALICE, pool, 7),
        log(5, "Locked", pool, sender=BOB, amount=7),
        move(6, pool, ALICE, 8),
        log(7, "Released", pool, sender=BOB, recipient=ALICE, amount=8),
    )
    assert said("maple", *parts) == [
        ("bridge_out", "event"), ("bridge_in", "event"), ("bridge_lock", "event"), ("bridge_release", "event"),
    ]  # fmt: skip


def test_no_call_is_ever_asked_for() -> None:
    """Pool and managers tell all."""
    assert not asks("maple", mint(0, ALICE, 5), burn(1, ALICE, 5))
