"""Steps of requests: which event tells which step, what joins them, and what only echoes another."""

from __future__ import annotations

import pytest
from ledger_kit import ALICE, BOB, CAROL, OTHER, TOKEN, deployment, scene, token
from observed_kit import HASH, NOTHING, entries, entry, picked, say

from indexer.config.model import REASON_RULES, Companion, Role
from indexer.decode.abi import keccak, load_family
from indexer.floor.tables import MAX_UNITS
from indexer.ledger.reasons.common import word
from indexer.ledger.requests import REQUESTS, request_events
from indexer.ledger.told import Told
from indexer.ledger.values import ZERO, Call

ID = bytes.fromhex(HASH[2:])
QUEUE = "0x" + "99" * 20


def made(reasons: str, *events: Told, names: tuple[str, ...], **rest: object) -> list[tuple[object, ...]]:
    """Return the columns *names* of the table that *events* make; *rest* goes to the scene's parts."""
    where = deployment(companions=rest.get("companions", ()), roles=rest.get("roles", ()))
    what = token(where, reasons=reasons, accrual=rest.get("accrual", "plain"))
    given = scene(where=where, what=what, calls=rest.get("calls"))
    return picked(request_events(given, events, rest.get("transfers", NOTHING)), *names)


PHASES = ("request_id", "kind", "phase", "holder", "units")


def test_who_tells_requests_is_a_known_set_of_rules() -> None:
    """Every key of the tellers is one of the rules that a token may name."""
    assert REQUESTS.keys() <= set(REASON_RULES)


def test_every_event_is_one_of_an_abi_file() -> None:
    """No teller waits for an event that no ABI file has, under arguments that none has."""
    from observed_kit import FAMILIES  # noqa: PLC0415 - beside its only use

    known = set(load_family(FAMILIES).topics.values())
    assert {name for teller in REQUESTS.values() for name in teller.events} <= known


def test_tbill_queue_is_joined_by_its_id() -> None:
    """A queued redemption and its processing share an id; what is paid and the fee are the second's."""
    rows = made(
        "openeden",
        say(1, 0, "AddToWithdrawalQueue", sender=ALICE, receiver=BOB, shares=50, id=ID),
        say(
            2, 3, "ProcessWithdraw", sender=ALICE, receiver=BOB, actualAssets=51, actualShare=50, totalFee=2,
            prevId=ID,
        ),
        names=(*PHASES, "receiver", "asset_amount", "fee"),
    )  # fmt: skip
    named = f"{TOKEN}:{HASH}"
    assert rows == [
        (named, "redemption", "requested", ALICE, 50, BOB, None, None),
        (named, "redemption", "settled", ALICE, 50, BOB, 51, 2),
    ]


def test_an_instant_redemption_has_no_id() -> None:
    """The vault gives a redemption at once the empty id; the second version calls its fee txFee."""
    rows = made(
        "openeden",
        say(
            2, 3, "ProcessWithdraw", sender=ALICE, actualAssets=51, actualShare=50, txFee=2, prevId=bytes(32)
        ),
        names=("request_id", "phase", "fee"),
    )
    assert rows == [(None, "settled", 2)]


def test_usdo_express_queue() -> None:
    """USDO's queue: asked for, cancelled; minted at once against a named asset."""
    rows = made(
        "openeden",
        say(1, 0, "AddToRedemptionQueue", from_=ALICE, to=ALICE, usdoAmt=9, id=ID),
        say(2, 0, "ProcessRedemptionCancel", from_=ALICE, to=ALICE, usdoAmt=9, id=ID),
        say(3, 0, "InstantMint", underlying=CAROL, from_=ALICE, to=BOB, reqAmt=100, receiveAmt=99, fee=1),
        names=("kind", "phase", "units", "asset", "asset_amount", "receiver"),
    )
    assert rows == [
        ("redemption", "requested", 9, None, None, None),
        ("redemption", "cancelled", 9, None, None, None),
        ("subscription", "settled", 99, CAROL, 100, BOB),
    ]


def test_a_hub_counts_mints_and_redemptions_apart() -> None:
    """A step without a user has the user of its own request: a mint and a redemption may share a number."""
    one = (1).to_bytes(32, "big")
    rows = made(
        "ondo",
        say(1, 0, "MintRequested", user=ALICE, depositId=one, collateralAmountDeposited=70, feeAmount=1),
        say(2, 0, "RedemptionRequested", user=BOB, redemptionId=one, rwaAmountIn=5),
        say(3, 0, "PriceIdSetForDeposit", depositIdSet=one, priceIdSet=4),
        say(4, 0, "ClaimableTimestampSet", depositId=one, claimTimestamp=1),
        say(5, 0, "PriceIdSetForRedemption", redemptionIdSet=one, priceIdSet=4),
        say(6, 0, "MintCompleted", user=ALICE, depositId=one, rwaAmountOut=68, price=103),
        names=("kind", "phase", "holder", "units"),
    )
    assert rows == [
        ("subscription", "requested", ALICE, None),
        ("redemption", "requested", BOB, 5),
        ("subscription", "approved", ALICE, None),
        ("subscription", "claimable", ALICE, None),
        ("redemption", "approved", BOB, None),
        ("subscription", "settled", ALICE, 68),
    ]


def test_a_request_that_is_overwritten_has_a_new_holder() -> None:
    """DepositorOverwritten changes who asked, for the steps after it."""
    rows = made(
        "ondo",
        say(1, 0, "MintRequested", user=ALICE, depositId=ID),
        say(2, 0, "DepositorOverwritten", depositId=ID, newDepositor=BOB, newDepositAmount=60),
        say(3, 0, "ClaimableTimestampSet", depositId=ID, claimTimestamp=1),
        names=("phase", "holder", "asset_amount"),
    )
    assert rows == [("requested", ALICE, 0), ("changed", BOB, 60), ("claimable", BOB, None)]


def test_an_epoch_joins_a_users_steps() -> None:
    """The first cash manager names a request by epoch and user."""
    rows = made(
        "ondo",
        say(1, 0, "RedemptionRequested", user=ALICE, epoch=3, cashAmountIn=5),
        say(2, 0, "RefundIssued", user=ALICE, epoch=3, cashAmountOut=5),
        names=("request_id", "phase"),
    )
    assert rows == [
        (f"{TOKEN}:redemption:3:{ALICE}", "requested"),
        (f"{TOKEN}:redemption:3:{ALICE}", "refunded"),
    ]


@pytest.mark.parametrize(("accrual", "units"), [("nav", 10), ("price_rebase", 1_030)])
def test_a_manager_that_wraps_tells_both_tokens_units(accrual: str, units: int) -> None:
    """InstantMintRebasingOUSG is read in units of the token that is derived."""
    rows = made(
        "ondo",
        say(
            1, 0, "InstantMintRebasingOUSG", sender=ALICE, usdcAmountIn=1_031, ousgAmountOut=10,
            rousgAmountOut=1_030,
        ),
        names=("kind", "units", "asset_amount"),
        accrual=accrual,
    )  # fmt: skip
    assert rows == [("subscription", units, 1_031)]


def test_a_trade_of_another_asset_is_not_told() -> None:
    """Global Markets' manager trades many assets: only the token's own count."""
    rows = made(
        "ondo",
        say(1, 0, "TradeExecuted", executionId=7, asset=OTHER, quantity=1, price=2),
        say(1, 1, "TradeExecuted", executionId=8, asset=TOKEN, quantity=3, price=4),
        names=("request_id", "kind", "phase", "units", "price"),
    )
    assert rows == [(f"{TOKEN}:8", "trade", "settled", 3, 4)]


def test_the_redemption_contract_names_the_customer() -> None:
    """Where the redemption contract burns, its own event is the row and the token's is dropped."""
    companion = Companion("redemption", OTHER, ("superstate_redemption",), None, 0)
    rows = made(
        "superstate",
        say(1, 0, "OffchainRedeem", burner=OTHER, src=OTHER, amount=5),
        say(
            1, 1, "RedeemV2", OTHER, redeemer=ALICE, to=BOB, superstateTokenInAmount=5, usdcOutAmountAfterFee=50,
            usdcOutAmountBeforeFee=53,
        ),
        say(2, 0, "OffchainRedeem", burner=BOB, src=BOB, amount=6),
        names=("holder", "receiver", "units", "asset_amount", "fee"),
        companions=(companion,),
    )  # fmt: skip
    assert rows == [(ALICE, BOB, 5, 50, 3), (BOB, None, 6, None, None)]


def test_a_pool_repeats_what_the_queue_tells() -> None:
    """Maple: with a queue each step is told once, by the queue; a full processing is no cancellation."""
    rows = made(
        "maple",
        say(1, 0, "RequestCreated", QUEUE, tx=0, requestId=4, owner=ALICE, shares=9),
        say(1, 1, "RedemptionRequested", tx=0, owner_=ALICE, shares_=9, escrowedShares_=9),
        say(2, 0, "RequestDecreased", QUEUE, tx=0, requestId=4, shares=2),
        say(2, 1, "SharesRemoved", tx=0, owner_=ALICE, shares_=2),
        say(3, 0, "Withdraw", tx=0, caller_=QUEUE, receiver_=ALICE, owner_=QUEUE, assets_=8, shares_=7),
        say(3, 1, "RequestProcessed", QUEUE, tx=0, requestId=4, owner=ALICE, shares=7, assets=8),
        say(3, 2, "RequestRemoved", QUEUE, tx=0, requestId=4),
        say(4, 0, "RequestRemoved", QUEUE, tx=0, requestId=4),
        names=PHASES,
        companions=(Companion("queue", QUEUE, ("maple_queue",), None, 0),),
    )
    named = f"{QUEUE}:4"
    assert rows == [
        (named, "redemption", "requested", ALICE, 9),
        (named, "redemption", "changed", ALICE, 2),
        (named, "redemption", "settled", ALICE, 7),
        (named, "redemption", "cancelled", ALICE, None),
    ]


def test_requests_without_ids_are_numbered_by_holder() -> None:
    """Where the pool alone tells, each holder's requests are counted; a part taken back is a change."""
    manager = Role(QUEUE, "escrow", None, None, "test", "high")
    rows = made(
        "maple",
        say(1, 0, "RedemptionRequested", owner_=ALICE, shares_=9, escrowedShares_=9),
        say(2, 0, "RedemptionRequested", owner_=BOB, shares_=4, escrowedShares_=4),
        say(3, 0, "SharesRemoved", owner_=ALICE, shares_=2),
        say(4, 0, "Withdraw", caller_=QUEUE, receiver_=ALICE, owner_=QUEUE, assets_=8, shares_=7),
        say(5, 0, "SharesRemoved", owner_=BOB, shares_=4),
        say(6, 0, "RedemptionRequested", owner_=ALICE, shares_=1, escrowedShares_=1),
        names=("request_id", "phase", "units"),
        roles=(manager,),
    )
    assert rows == [
        (f"{ALICE}:1", "requested", 9),
        (f"{BOB}:1", "requested", 4),
        (f"{ALICE}:1", "changed", 2),
        (f"{ALICE}:1", "settled", 7),
        (f"{BOB}:1", "cancelled", 4),
        (f"{ALICE}:2", "requested", 1),
    ]


def test_benji_is_told_what_it_was_when_it_settles() -> None:
    """A submitted transaction has the kind that its settlement tells; an open one has none, and says so."""
    other = bytes(31) + b"\x07"
    rows = made(
        "franklin",
        say(1, 0, "TransactionSubmitted", QUEUE, account=ALICE, transactionId=ID),
        say(1, 1, "TransactionSubmitted", QUEUE, account=BOB, transactionId=other),
        say(
            2, 0, "TransactionSettled", OTHER, account=ALICE, transactionType=5, transactionId=ID, price=10**18,
            amount=7, shares=7,
        ),
        names=("request_id", "kind", "phase", "holder", "units", "why_null"),
    )  # fmt: skip
    named, silent = f"0x{other.hex()}", "this step tells no units"
    assert rows == [
        (HASH, "redemption", "requested", ALICE, None, silent),
        (named, None, "requested", BOB, None, f"{silent}; no step of this request tells its kind"),
        (HASH, "redemption", "settled", ALICE, 7, None),
    ]


def test_a_figure_that_does_not_fit_is_null_with_its_reason() -> None:
    """2^256−1 shares are no DECIMAL(38,0)."""
    rows = made(
        "openeden",
        say(1, 0, "AddToWithdrawalQueue", sender=ALICE, shares=2**256 - 1, id=ID),
        say(2, 0, "AddToWithdrawalQueue", sender=ALICE, shares=MAX_UNITS, id=ID),
        names=("units", "why_null"),
    )
    assert rows == [(None, "units does not fit 38 digits"), (MAX_UNITS, None)]


def asked(nonce: int) -> str:
    """Return the id of a request to mint 5 to ALICE."""
    return f"{TOKEN}:0x{keccak(word(ALICE) + word(5) + word(nonce)).hex()}"


def test_a_mint_settles_the_request_that_its_input_names() -> None:
    """Two equal requests differ in their nonce, which the second call's input carries."""
    call = Call(BOB, TOKEN, keccak(b"mintTo(address,uint256,uint256)")[:4] + word(ALICE) + word(5) + word(2))
    minted = entry(4, 0, (ZERO, ALICE), 5, reason="issuance")
    rows = made(
        "matrixdock",
        say(1, 0, "MintRequest", receiver=ALICE, amount=5, nonce=1),
        say(2, 0, "MintRequest", receiver=ALICE, amount=5, nonce=2),
        say(5, 0, "RequestRevoked", req=bytes.fromhex(asked(1).split(":0x")[1])),
        say(6, 0, "Redeem", customer=BOB, amount=3),
        names=PHASES,
        transfers=entries(minted),
        calls={minted["tx_hash"]: call},
    )
    assert rows == [
        (asked(1), "mint", "requested", ALICE, 5),
        (asked(2), "mint", "requested", ALICE, 5),
        (asked(2), "mint", "settled", ALICE, 5),
        (asked(1), "mint", "cancelled", ALICE, 5),
        (None, "redemption", "settled", BOB, 3),
    ]


def test_without_its_input_a_mint_settles_the_only_request_alike() -> None:
    """A mint whose input nobody has settles one equal request, and none where there are two."""
    transfers = entries(entry(4, 0, (ZERO, ALICE), 5, reason="issuance"))
    one = say(1, 0, "MintRequest", receiver=ALICE, amount=5, nonce=1)
    two = say(2, 0, "MintRequest", receiver=ALICE, amount=5, nonce=2)
    names = ("request_id", "phase")
    assert made("matrixdock", one, names=names, transfers=transfers)[1:] == [(asked(1), "settled")]
    assert made("matrixdock", one, two, names=names, transfers=transfers)[2:] == []


def offer(asset: str, amount: int) -> tuple[object, ...]:
    """Return an asset of an offer as the contracts have it: its sort, address, amount, id and price."""
    return (1, asset, amount, 0, (ZERO, 0, 0))


def test_an_offer_is_filled_in_parts() -> None:
    """dOTC V2: a fill names no asset, so it is read beside its offer; the last one settles."""
    rows = made(
        "swarm",
        say(
            1, 0, "CreatedOffer", OTHER, maker=ALICE, offerId=0,
            dotcOffer=(ALICE, 0, offer(TOKEN, 10), offer(CAROL, 1_000), ()),
        ),
        say(
            1, 1, "CreatedOffer", OTHER, maker=ALICE, offerId=1,
            dotcOffer=(ALICE, 0, offer(BOB, 10), offer(CAROL, 1_000), ()),
        ),
        say(2, 0, "TakenOffer", OTHER, offerId=0, taker=BOB, depositAssetAmount=4, withdrawalAssetAmount=400),
        say(2, 1, "TakenOffer", OTHER, offerId=1, taker=BOB, depositAssetAmount=4, withdrawalAssetAmount=400),
        say(3, 0, "TakenOffer", OTHER, offerId=0, taker=BOB, depositAssetAmount=6, withdrawalAssetAmount=600),
        names=(*PHASES, "asset", "asset_amount", "receiver"),
    )  # fmt: skip
    named = f"{OTHER}:0"
    assert rows == [
        (named, "trade", "requested", ALICE, 10, CAROL, 1_000, None),
        (named, "trade", "changed", ALICE, 4, CAROL, 400, BOB),
        (named, "trade", "settled", ALICE, 6, CAROL, 600, BOB),
    ]


def test_the_token_may_be_what_is_wanted() -> None:
    """dOTC V1: the maker pays another asset; a whole fill takes what is left, whatever scale it is logged in."""
    rows = made(
        "swarm",
        say(
            1, 0, "CreatedOffer", OTHER, maker=ALICE, offerId=5, isFullType=True,
            depositAsset=offer(CAROL, 1_000), withdrawalAsset=offer(TOKEN, 10),
        ),
        say(
            2, 0, "TakenOffer", OTHER, offerId=5, takenBy=BOB, isFullyTaken=True, amountToReceive=10**30,
            amountPaid=10,
        ),
        names=("phase", "units", "asset", "asset_amount"),
    )  # fmt: skip
    assert rows == [("requested", 10, CAROL, 1_000), ("settled", 10, CAROL, 1_000)]


def test_amounts_of_an_unknown_scale_are_null() -> None:
    """The first dOTC's offers are told without amounts, and say why."""
    rows = made(
        "swarm",
        say(1, 0, "CreatedOffer", OTHER, maker=ALICE, offerId=1, tokenIn=TOKEN, tokenOut=CAROL, amountIn=10),
        say(2, 0, "CreatedOrder", OTHER, offerId=1, orderedBy=BOB, amountPaid=1),
        say(3, 0, "CompletedOffer", OTHER, offerId=1),
        names=("phase", "units", "asset_amount", "why_null"),
    )
    why = "the first dOTC scales its amounts by rules that its logs do not tell"
    assert rows == [(phase, None, None, why) for phase in ("requested", "changed", "settled")]


def test_securitize_ramps_settle_at_once() -> None:
    """On-ramp and off-ramp name asset, rate and fee."""
    rows = made(
        "securitize",
        say(
            1, 0, "Swap", OTHER, from_=ALICE, newWalletTo=BOB, dsTokenValue=9, liquidityValue=10, rate=11, fee=1,
            liquidityToken=CAROL,
        ),
        say(
            2, 0, "RedemptionCompleted", OTHER, redeemer=BOB, dsTokenValue=9, liquidityValue=10, rate=11, fee=1,
            liquidityToken=CAROL,
        ),
        names=("kind", "holder", "receiver", "units", "asset", "asset_amount", "price", "fee"),
    )  # fmt: skip
    assert rows == [
        ("subscription", ALICE, BOB, 9, CAROL, 10, 11, 1),
        ("redemption", BOB, None, 9, CAROL, 10, 11, 1),
    ]
