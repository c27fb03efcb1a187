"""Facts about USTB's and USCC's reasons, one for each dialect of their contracts."""

import pytest
from reasons_kit import ADMIN, ALICE, BOB, OTHER, TOKEN, burn, log, mint, move, said, verdicts

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import word
from indexer.ledger.values import ZERO, Call

ADMIN_BURN = selector_of(["superstate_token"], "burn(address,uint256)")
TRANSFER_FROM = selector_of(["superstate_token"], "transferFrom(address,address,uint256)")


def call(*data: bytes, sender: str = ADMIN, target: str = TOKEN) -> Call:
    return Call(sender, target, b"".join(data))


def test_a_mint_is_an_issuance() -> None:
    """Mint beside the Transfer says issuance in every version."""
    assert said("superstate", mint(0, ALICE, 5), log(1, "Mint", minter=ADMIN, to=ALICE, amount=5)) == [
        ("issuance", "event")
    ]


def test_a_bulk_mint_explains_each_entry_once() -> None:
    """bulkMint logs an event an entry; an entry more than events has none."""
    parts = [p for k in range(3) for p in (mint(2 * k, ALICE, 5), log(2 * k + 1, "Mint", to=ALICE, amount=5))]
    assert said("superstate", *parts, mint(9, ALICE, 5)) == [("issuance", "event")] * 3 + [
        ("unclassified", "default")
    ]


def test_subscribe_of_versions_3_and_4_is_an_issuance_by_subscription() -> None:
    """Subscribe is heard before the Mint that stands beside it."""
    got = verdicts(
        "superstate",
        mint(1, ALICE, 5),
        log(2, "Mint", minter=ALICE, to=ALICE, amount=5),
        log(3, "Subscribe", subscriber=ALICE, superstateTokenOutAmount=5),
    )
    assert [(v.reason, v.rule, v.party) for v in got] == [("issuance", "superstate-subscribe@1", None)]


def test_subscribe_v2_names_the_subscriber_who_pays_for_another() -> None:
    """The party is the subscriber where the shares go to another address."""
    got = verdicts(
        "superstate",
        mint(1, BOB, 5),
        log(3, "SubscribeV2", subscriber=ALICE, to=BOB, superstateTokenOutAmount=5),
    )
    assert [(v.reason, v.rule, v.party) for v in got] == [("issuance", "superstate-subscribe@1", ALICE)]


def test_the_holders_own_burn_is_a_redemption() -> None:
    """Versions 1 to 3: burner and holder are one, as in a transfer to the token itself."""
    assert said("superstate", burn(0, ALICE, 5), log(1, "Burn", burner=ALICE, from_=ALICE, amount=5)) == [
        ("redemption", "event")
    ]


def test_the_admins_early_burn_is_forced_by_its_input() -> None:
    """Versions 1 to 3: burn(address,uint256) is the admin's, and only the input shows it."""
    asked = call(ADMIN_BURN, word(ALICE), word(5))
    parts = (burn(0, ALICE, 5), log(1, "Burn", burner=ADMIN, from_=ALICE, amount=5))
    assert said("superstate", *parts, call=asked) == [("forced", "input")]


def test_the_admins_early_burn_is_found_inside_a_multisigs_call() -> None:
    """The multisig is sender to the token, its input carries the admin's burn."""
    asked = call(b"\x6a\x76\x12\x02", bytes(32), ADMIN_BURN, word(ALICE), word(5), bytes(28), target=OTHER)
    parts = (burn(0, ALICE, 5), log(1, "Burn", burner=OTHER, from_=ALICE, amount=5))
    assert said("superstate", *parts, call=asked) == [("forced", "input")]


def test_a_spenders_transfer_to_the_token_is_a_redemption() -> None:
    """Versions 1 to 3: transferFrom to the token itself burns and logs the spender as burner."""
    asked = call(TRANSFER_FROM, word(ALICE), word(TOKEN), word(5), sender=BOB)
    parts = (burn(0, ALICE, 5), log(1, "Burn", burner=BOB, from_=ALICE, amount=5))
    assert said("superstate", *parts, call=asked) == [("redemption", "input")]


def test_a_burn_through_a_contract_that_the_holder_called_is_a_redemption() -> None:
    """The holder sent the transaction, so it is the holder's will."""
    asked = call(b"\xf8\x12\x9c\xd2", sender=ALICE, target=OTHER)
    parts = (burn(0, ALICE, 5), log(1, "Burn", burner=OTHER, from_=ALICE, amount=5))
    assert said("superstate", *parts, call=asked) == [("redemption", "input")]


@pytest.mark.parametrize("asked", [None, call(b"\x12\x34\x56\x78", target=OTHER)])
def test_an_early_burn_by_another_is_unclassified_without_telling_input(asked: Call | None) -> None:
    """Burner and holder differ and the input is missing or silent: neither redemption nor seizure."""
    parts = (burn(0, ALICE, 5), log(1, "Burn", burner=BOB, from_=ALICE, amount=5))
    assert said("superstate", *parts, call=asked) == [("unclassified", "event")]


def test_admin_burn_is_forced() -> None:
    """Version 4 on: AdminBurn is a seizure."""
    assert said("superstate", burn(0, ALICE, 5), log(1, "AdminBurn", burner=ADMIN, src=ALICE, amount=5)) == [
        ("forced", "event")
    ]


def test_offchain_redeem_is_a_redemption() -> None:
    """Version 4 on: OffchainRedeem, by call or by a transfer to the token."""
    assert said(
        "superstate", burn(0, ALICE, 5), log(1, "OffchainRedeem", burner=BOB, src=ALICE, amount=5)
    ) == [("redemption", "event")]


@pytest.mark.parametrize(
    ("chain", "destination", "other"),
    [(0, ZERO, "book-entry"), (98866, ALICE, "eip155:98866"), (900, ZERO, "superstate:900")],
)
def test_bridge_names_its_destination(chain: int, destination: str, other: str) -> None:
    """Chain 0 is a book entry; an id is an EVM chain's where an EVM address goes with it."""
    bridged = log(
        1, "Bridge", caller=ALICE, src=ALICE, amount=5, ethDestinationAddress=destination, chainId=chain
    )
    got = verdicts("superstate", burn(0, ALICE, 5), bridged)
    assert [(v.reason, v.evidence, v.other_chain, v.party) for v in got] == [
        ("bridge_out", "event", other, None)
    ]


@pytest.mark.parametrize(("event", "burned"), [("Redeem", "Burn"), ("RedeemV2", "OffchainRedeem")])
def test_the_redemption_contract_names_its_customer(event: str, burned: str) -> None:
    """The user moves shares to the contract, which burns its own: its event tells who redeemed."""
    own = {"burner": OTHER, ("from_" if burned == "Burn" else "src"): OTHER, "amount": 5}
    got = verdicts(
        "superstate",
        move(0, ALICE, OTHER, 5),
        burn(1, OTHER, 5),
        log(2, burned, **own),
        log(3, event, OTHER, redeemer=ALICE, superstateTokenInAmount=5),
    )
    assert [(v.reason, v.evidence, v.party) for v in got] == [
        ("escrow_in", "event", None),
        ("redemption", "event", ALICE),
    ]


def test_encumber_and_release_explain_no_entry() -> None:
    """Encumbrances move nothing: a transfer beside them stays a transfer."""
    parts = (move(0, ALICE, BOB, 5), log(1, "Release", owner=ALICE, taker=BOB, amount=5))
    assert said("superstate", *parts) == [("transfer", "default")]


def test_a_copys_bare_mint_says_nothing_of_why() -> None:
    """Where shares come over by Bridge the same Mint tells an arrival and a purchase: that is left open."""
    told = log(1, "Mint", minter=ADMIN, to=ALICE, amount=5)
    assert said("superstate", mint(0, ALICE, 5), told, kind="burn_mint") == [("unclassified", "default")]
    bought = log(1, "Subscribe", subscriber=ALICE, superstateTokenOutAmount=5)
    assert said("superstate", mint(0, ALICE, 5), bought, told, kind="burn_mint") == [("issuance", "event")]


def test_a_bridge_names_the_addressee() -> None:
    """The account at the other end is the party, where it is not the one that sent."""
    told = {"caller": ALICE, "src": ALICE, "amount": 5, "chainId": 98866}
    (got,) = verdicts("superstate", burn(0, ALICE, 5), log(1, "Bridge", ethDestinationAddress=BOB, **told))
    assert (got.reason, got.party, got.other_chain) == ("bridge_out", BOB, "eip155:98866")
