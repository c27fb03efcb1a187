"""Facts about USDY's and OUSG's reasons."""

import pytest
from reasons_kit import ADMIN, ALICE, BOB, OTHER, TOKEN, burn, log, mint, move, said, verdicts

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import word
from indexer.ledger.values import Call

BURN = selector_of(["usdy"], "burn(address,uint256)")
GUID = bytes(range(32))
SUBSCRIPTIONS = [
    ("MintCompleted", "user", "rwaAmountOut"),
    ("MintCompleted", "user", "cashAmountOut"),
    ("InstantMintOUSG", "sender", "ousgAmountOut"),
    ("InstantMintRebasingOUSG", "sender", "ousgAmountOut"),
    ("Subscription", "subscriber", "rwaAmount"),
    ("AdminSubscription", "recipient", "rwaAmount"),
]
REDEMPTIONS = [
    ("RedemptionRequested", "user", "rwaAmountIn"),
    ("RedemptionRequested", "user", "cashAmountIn"),
    ("RedemptionRequestedServicedOffChain", "user", "rwaTokenAmountIn"),
    ("InstantRedemptionOUSG", "sender", "ousgAmountIn"),
    ("InstantRedemptionRebasingOUSG", "sender", "ousgAmountIn"),
    ("Redemption", "redeemer", "rwaAmount"),
]


@pytest.mark.parametrize(("event", "customer", "amount"), SUBSCRIPTIONS)
def test_a_managers_subscription_is_an_issuance(event: str, customer: str, amount: str) -> None:
    """Each manager's own event beside the mint says issuance."""
    got = verdicts("ondo", mint(0, ALICE, 5), log(1, event, OTHER, **{customer: ALICE, amount: 5}))
    assert [(v.reason, v.evidence, v.party) for v in got] == [("issuance", "event", None)]


@pytest.mark.parametrize(("event", "customer", "amount"), SUBSCRIPTIONS)
def test_a_mint_to_the_manager_names_the_customer(event: str, customer: str, amount: str) -> None:
    """Rebasing variants mint to the manager, which wraps and passes on: the customer is the event's."""
    got = verdicts("ondo", mint(0, OTHER, 5), log(1, event, OTHER, **{customer: ALICE, amount: 5}))
    assert [(v.reason, v.evidence, v.party) for v in got] == [("issuance", "event", ALICE)]


@pytest.mark.parametrize(("event", "customer", "amount"), REDEMPTIONS)
def test_a_managers_request_is_a_redemption_at_the_burn(event: str, customer: str, amount: str) -> None:
    """The burn at the request is the redemption, not the later completion."""
    got = verdicts("ondo", burn(0, ALICE, 5), log(1, event, OTHER, **{customer: ALICE, amount: 5}))
    assert [(v.reason, v.evidence, v.party) for v in got] == [("redemption", "event", None)]


@pytest.mark.parametrize(("event", "customer", "amount"), REDEMPTIONS)
def test_a_burn_from_the_manager_names_the_customer(event: str, customer: str, amount: str) -> None:
    """Instant redemptions move to the manager, then burn from it; the move is escrow."""
    got = verdicts(
        "ondo",
        move(0, ALICE, OTHER, 5),
        burn(1, OTHER, 5),
        log(2, event, OTHER, **{customer: ALICE, amount: 5}),
    )
    assert [(v.reason, v.party) for v in got] == [("escrow_in", None), ("redemption", ALICE)]


def test_another_amount_is_not_the_managers() -> None:
    """An event of another amount does not explain a mint beside it."""
    assert said("ondo", mint(0, ALICE, 5), log(1, "Subscription", OTHER, subscriber=ALICE, rwaAmount=6)) == [
        ("unclassified", "default")
    ]


def test_a_mint_by_the_safe_has_no_event_and_no_reason() -> None:
    """The admin's multisig mints without a manager: unclassified, never issuance by guess."""
    assert said("ondo", mint(0, ALICE, 5), call=Call(ADMIN, TOKEN, b"\x40\xc1\x0f\x19")) == [
        ("unclassified", "default")
    ]


def test_a_refund_mints_back() -> None:
    """CashManager's RefundIssued reverses a redemption."""
    assert said("ondo", mint(0, ALICE, 5), log(1, "RefundIssued", OTHER, user=ALICE, cashAmountOut=5)) == [
        ("reversal", "event")
    ]


def test_the_burners_burn_is_forced_by_its_input() -> None:
    """burn(address,uint256) belongs to the burner's role; only the input shows it."""
    asked = Call(ADMIN, TOKEN, BURN + word(ALICE) + word(5))
    assert said("ondo", burn(0, ALICE, 5), call=asked) == [("forced", "input")]


def test_a_holders_own_burn_has_no_rule() -> None:
    """burn(uint256) says nothing of why."""
    asked = Call(ALICE, TOKEN, b"\x42\x96\x6c\x68" + word(5))
    assert said("ondo", burn(0, ALICE, 5), call=asked) == [("unclassified", "default")]


@pytest.mark.parametrize(("chain", "other"), [(5000, "eip155:5000"), (1, None)])
def test_axelars_send_is_a_bridge_out(chain: int, other: str | None) -> None:
    """The log's chain is the other one unless it is this one, and then the other is not known."""
    sent = log(1, "BridgeInitiated", OTHER, user=ALICE, chainId=chain, amount=5)
    got = verdicts("ondo", burn(0, ALICE, 5), sent)
    assert [(v.reason, v.other_chain) for v in got] == [("bridge_out", other)]


def test_axelars_arrival_is_a_bridge_in() -> None:
    """BridgeCompleted stands beside the mint."""
    assert said("ondo", mint(0, ALICE, 5), log(1, "BridgeCompleted", OTHER, user=ALICE, amount=5)) == [
        ("bridge_in", "event")
    ]


def test_layerzeros_legs_share_their_guid() -> None:
    """The guid is the same on both chains, so it links the legs."""
    out = verdicts(
        "ondo",
        burn(0, ALICE, 5),
        log(1, "OFTSent", OTHER, guid=GUID, dstEid=7, fromAddress=ALICE, amountSentLD=5),
    )
    into = verdicts(
        "ondo",
        mint(0, BOB, 5),
        log(1, "OFTReceived", OTHER, guid=GUID, srcEid=8, toAddress=BOB, amountReceivedLD=5),
    )
    assert [(v.reason, v.link, v.other_chain) for v in out + into] == [
        ("bridge_out", "0x" + GUID.hex(), "layerzero:7"),
        ("bridge_in", "0x" + GUID.hex(), "layerzero:8"),
    ]


def trade(side: int, asset: str = TOKEN, quantity: int = 5) -> object:
    return log(1, "TradeExecuted", OTHER, side=side, asset=asset, quantity=quantity)


def test_a_trade_of_global_markets_mints_or_burns() -> None:
    """Side 0 buys and mints, side 1 sells and burns; the trade names a user's id, so nobody is the party."""
    assert said("ondo", mint(0, ALICE, 5), trade(0)) == [("issuance", "event")]
    assert said("ondo", burn(0, ALICE, 5), trade(1)) == [("redemption", "event")]


@pytest.mark.parametrize("told", [trade(1), trade(0, OTHER), trade(0, TOKEN, 6)])
def test_a_trade_of_the_other_side_asset_or_quantity_says_nothing(told: object) -> None:
    """The manager trades many tokens: side, asset and quantity must all agree."""
    assert said("ondo", mint(0, ALICE, 5), told) == [("unclassified", "default")]


def test_an_admin_mint_of_global_markets_is_an_issuance() -> None:
    """AdminMint names the token and who got it."""
    told = {"recipient": ALICE, "rwaAmount": 5}
    assert said("ondo", mint(0, ALICE, 5), log(1, "AdminMint", OTHER, rwaToken=TOKEN, **told)) == [
        ("issuance", "event")
    ]
    assert said("ondo", mint(0, ALICE, 5), log(1, "AdminMint", OTHER, rwaToken=OTHER, **told)) == [
        ("unclassified", "default")
    ]


def test_a_mint_by_a_configured_operator_is_an_issuance_by_role() -> None:
    """Where the sender is known to be the issuer's, its mint needs no event; a bridge's is a crossing."""
    call = Call(ADMIN, TOKEN, b"\x40\xc1\x0f\x19")
    assert said("ondo", mint(0, ALICE, 5), call=call, roles={ADMIN: "operator"}) == [("issuance", "role")]
    assert said("ondo", mint(0, ALICE, 5), call=call, roles={ADMIN: "bridge_locker"}) == [
        ("bridge_in", "role")
    ]


def test_an_operators_burn_from_an_allowance_is_a_redemption_and_its_admin_burn_is_forced() -> None:
    """burnFrom spends what the holder allowed; burn(address,uint256) asks nobody."""
    roles = {ADMIN: "operator"}
    allowed = Call(ADMIN, TOKEN, b"\x79\xcc\x67\x90" + word(ALICE) + word(5))
    assert said("ondo", burn(0, ALICE, 5), call=allowed, roles=roles) == [("redemption", "role")]
    seized = Call(ADMIN, TOKEN, BURN + word(ALICE) + word(5))
    assert said("ondo", burn(0, ALICE, 5), call=seized, roles=roles) == [("forced", "input")]


def test_a_request_s_id_is_the_link_of_its_flow() -> None:
    """RWAHub numbers requests; CashManager's are named by epoch and customer, and a refund has the same name."""
    hub = log(1, "RedemptionRequested", OTHER, user=ALICE, redemptionId=GUID, rwaAmountIn=5)
    cash = log(1, "RedemptionRequested", OTHER, user=ALICE, epoch=7, cashAmountIn=5)
    back = log(1, "RefundIssued", OTHER, user=ALICE, epoch=7, cashAmountOut=5)
    (by_hub,) = verdicts("ondo", burn(0, ALICE, 5), hub)
    (by_cash,) = verdicts("ondo", burn(0, ALICE, 5), cash)
    (refund,) = verdicts("ondo", mint(0, ALICE, 5), back)
    assert by_hub.link == f"{OTHER}:redemption:0x{GUID.hex()}"
    assert by_cash.link == refund.link == f"{OTHER}:redemption:7:{ALICE}"
