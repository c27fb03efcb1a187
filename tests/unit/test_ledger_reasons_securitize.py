"""Facts about BUIDL's and BUIDL-I's reasons."""

import pytest
from eth_abi import encode
from reasons_kit import ADMIN, ALICE, BOB, CAROL, HASH, OTHER, TOKEN, burn, log, mint, move, said, verdicts

from indexer.decode.abi import selector_of
from indexer.ledger.values import Call

CUSTOM = selector_of(["dstoken"], "issueTokensCustom(address,uint256,uint256,uint256,string,uint64)")
LOCKS = selector_of(
    ["dstoken"], "issueTokensWithMultipleLocks(address,uint256,uint256,uint256[],string,uint64[])"
)

SILENT = Call(ADMIN, TOKEN, b"\x01\x02\x03\x04")
"""A call that names no reason."""


def custom(to: str, value: int, reason: str) -> bytes:
    types = ["address", "uint256", "uint256", "uint256", "string", "uint64"]
    return CUSTOM + encode(types, [to, value, 1, 0, reason, 0])


def issue(at: int, to: str, value: int, contract: str = TOKEN) -> tuple[object, object]:
    """Return Issue and the mint that follows it, as the token logs them."""
    return log(at, "Issue", contract, to=to, value=value), mint(at + 1, to, value)


def test_an_issue_to_one_holder_is_an_issuance() -> None:
    """Issue beside the mint, and an input without a bridge's mark."""
    assert said("securitize", *issue(0, ALICE, 5), call=SILENT) == [("issuance", "event")]


def test_issues_to_several_holders_are_not_decided() -> None:
    """A bulk issue may pay dividends: unclassified until their shape is looked at."""
    assert said("securitize", *issue(0, ALICE, 5), *issue(3, BOB, 6)) == [("unclassified", "event")] * 2


@pytest.mark.parametrize("reason", ["BRIDGE", "bridge", " Bridge "])
def test_an_issue_for_the_bridge_is_told_by_its_input(reason: str) -> None:
    """No event names it: the reason in the call does, in whatever case."""
    asked = Call(ADMIN, TOKEN, custom(ALICE, 5, reason))
    assert said("securitize", *issue(0, ALICE, 5), call=asked) == [("bridge_in", "input")]


@pytest.mark.parametrize("reason", ["vesting", "BRIDGEWATER", ""])
def test_another_reason_is_not_the_bridge(reason: str) -> None:
    """Only the whole word counts."""
    asked = Call(ADMIN, TOKEN, custom(ALICE, 5, reason))
    assert said("securitize", *issue(0, ALICE, 5), call=asked) == [("issuance", "event")]


def test_an_issue_with_locks_for_the_bridge_is_told_too() -> None:
    """Every issuing function with a reason is read."""
    types = ["address", "uint256", "uint256", "uint256[]", "string", "uint64[]"]
    asked = Call(ADMIN, TOKEN, LOCKS + encode(types, [ALICE, 5, 1, [], "BRIDGE", []]))
    assert said("securitize", *issue(0, ALICE, 5), call=asked) == [("bridge_in", "input")]


def test_a_batch_marks_only_the_issue_that_crossed() -> None:
    """Inside a multisig's batch the reason counts for its own holder and value, once."""
    asked = Call(ADMIN, OTHER, b"\x01\x02\x03\x04" + custom(ALICE, 5, "BRIDGE") + custom(ALICE, 5, "sale"))
    parts = (*issue(0, ALICE, 5), *issue(3, ALICE, 5))
    assert said("securitize", *parts, call=asked) == [("bridge_in", "input"), ("issuance", "event")]


def test_without_its_input_an_issue_is_an_issuance_by_default() -> None:
    """The issue's own log does not say that it did not come over the bridge: only the input would."""
    assert said("securitize", *issue(0, ALICE, 5), call=None) == [("issuance", "default")]


def test_the_bridges_own_logs_come_first() -> None:
    """DSTokenBridgeReceive and DSTokenBridgeSend name the other chain in Wormhole's numbers."""
    into = log(
        5, "DSTokenBridgeReceive", OTHER, sourceChainId=5, dsToken=TOKEN, investorWallet=ALICE, value=5
    )
    out = log(5, "DSTokenBridgeSend", OTHER, targetChainId=6, dsToken=TOKEN, investorWallet=ALICE, value=5)
    parts = (log(0, "Burn", burner=ALICE, value=5, reason="bridge"), burn(1, ALICE, 5))
    got = verdicts("securitize", *issue(0, ALICE, 5), into) + verdicts("securitize", *parts, out)
    assert [(v.reason, v.evidence, v.other_chain) for v in got] == [
        ("bridge_in", "event", "wormhole:5"),
        ("bridge_out", "event", "wormhole:6"),
    ]


def test_the_bridge_of_another_token_is_not_ours() -> None:
    """One bridge serves several tokens; its log names the token."""
    into = log(
        5, "DSTokenBridgeReceive", OTHER, sourceChainId=5, dsToken=OTHER, investorWallet=ALICE, value=5
    )
    assert said("securitize", *issue(0, ALICE, 5), into, call=SILENT) == [("issuance", "event")]


@pytest.mark.parametrize(
    ("reason", "want"),
    [
        ("BRIDGE", ("bridge_out", "event")),
        ("bridge", ("bridge_out", "event")),
        ("REDEMPTION", ("redemption", "event")),
        ("Redeem", ("redemption", "event")),
        ("court order", ("unclassified", "default")),
        ("", ("unclassified", "default")),
    ],
)
def test_a_burn_is_what_its_reason_says(reason: str, want: tuple[str, str]) -> None:
    """The reason text decides, and an unknown text decides nothing."""
    assert said("securitize", log(0, "Burn", burner=ALICE, value=5, reason=reason), burn(1, ALICE, 5)) == [
        want
    ]


def test_a_burn_from_the_redemption_wallet_is_a_redemption_by_role() -> None:
    """Tokens sent to the wallet are escrowed; their burn redeems them, for whom is not known."""
    parts = (
        move(0, ALICE, BOB, 5),
        log(1, "Burn", burner=BOB, value=5, reason="monthly"),
        burn(2, BOB, 5),
    )
    got = verdicts("securitize", *parts, roles={BOB: "redeem_wallet"})
    assert [(v.reason, v.evidence, v.party) for v in got] == [
        ("escrow_in", "role", None),
        ("redemption", "role", None),
    ]


def test_an_omnibus_burn_names_the_investor_behind_the_wallet() -> None:
    """OmnibusBurn stands beside Burn and names who redeemed."""
    parts = (
        log(0, "OmnibusBurn", omnibusWallet=BOB, who=CAROL, value=5, reason="redemption"),
        log(1, "Burn", burner=BOB, value=5, reason="redemption"),
        burn(2, BOB, 5),
    )
    assert [(v.reason, v.party) for v in verdicts("securitize", *parts)] == [("redemption", CAROL)]


def test_a_seizure_is_forced() -> None:
    """Seize moves tokens without the holder; supply stays."""
    parts = (log(0, "Seize", from_=ALICE, to=BOB, value=5, reason="court order"), move(1, ALICE, BOB, 5))
    assert said("securitize", *parts) == [("forced", "event")]


def test_a_class_swap_is_one_link_on_both_ledgers() -> None:
    """As much is burned of one class as is issued of the other, in one transaction."""
    burned = log(0, "Burn", TOKEN, burner=ALICE, value=5, reason="swap")
    issued = log(2, "Issue", OTHER, to=ALICE, value=5)
    out = verdicts("securitize", burned, burn(1, ALICE, 5), issued, token=TOKEN)
    into = verdicts("securitize", burned, issued, mint(3, ALICE, 5), token=OTHER)
    assert [(v.reason, v.evidence, v.link) for v in out] == [("class_swap", "event", f"{HASH}:0")]
    assert into == out


def test_two_classes_of_unequal_value_are_no_swap() -> None:
    """Another value in the other class is another act."""
    parts = (log(0, "Burn", OTHER, burner=ALICE, value=4, reason="swap"), *issue(2, ALICE, 5))
    assert said("securitize", *parts, call=SILENT) == [("issuance", "event")]


def test_the_on_ramp_names_who_paid() -> None:
    """A swap of cash for new tokens is an issuance to the new wallet."""
    swap = log(5, "Swap", OTHER, from_=BOB, dsTokenValue=5, newWalletTo=ALICE)
    got = verdicts("securitize", *issue(0, ALICE, 5), swap)
    assert [(v.reason, v.rule, v.party) for v in got] == [("issuance", "securitize-on-ramp@1", BOB)]


def test_the_off_ramp_redeems_for_its_customer() -> None:
    """The tokens move in and are burned; the event names the redeemer."""
    done = log(5, "RedemptionCompleted", OTHER, redeemer=ALICE, dsTokenValue=5)
    got = verdicts("securitize", move(0, ALICE, OTHER, 5), burn(2, OTHER, 5), done)
    assert [(v.reason, v.evidence, v.party) for v in got] == [
        ("escrow_in", "event", None),
        ("redemption", "event", ALICE),
    ]
