"""Facts about pairing, roles, fallbacks and the call."""

import json
from pathlib import Path

import pytest
from reasons_kit import (
    ALICE,
    BOB,
    CAROL,
    HASH,
    NOON,
    OTHER,
    asks,
    burn,
    context,
    log,
    mint,
    move,
    said,
    transaction,
)

from indexer.floor.assets import abis_dir
from indexer.ledger.reasons import REASONS_RULES, classify
from indexer.ledger.reasons.common import Shape, by_agent, calls_within, pair, word
from indexer.ledger.values import REASONS, Call

ISSUED = Shape("Issued", "mint", receiver="_to")
MINTED = Shape("Mint", "mint", receiver="to", amount="amount")
HUGE = 2**256 - 1


def test_an_event_is_used_once() -> None:
    """One event and two equal entries leave the second entry without an explanation."""
    tx = transaction(mint(0, ALICE, 5), log(1, "Mint", to=ALICE, amount=5), mint(2, ALICE, 5))
    assert [i for i, _ in pair(tx, MINTED)] == [0]


def test_pairing_takes_the_nearest_entry() -> None:
    """A plain entry far before the event is not taken where an equal one stands beside it."""
    tx = transaction(mint(0, ALICE, 5), mint(7, ALICE, 5), log(8, "Mint", to=ALICE, amount=5))
    assert [i for i, _ in pair(tx, MINTED)] == [1]


@pytest.mark.parametrize("first", ["event", "entry"])
def test_pairing_holds_whichever_comes_first(first: str) -> None:
    """Contracts log their event before or after the Transfer; both orders pair one to one."""
    at = (0, 1) if first == "entry" else (1, 0)
    parts = [
        part
        for k in range(4)
        for part in (mint(at[0] + 2 * k, ALICE, 5), log(at[1] + 2 * k, "Mint", to=ALICE, amount=5))
    ]
    assert [(i, e.log_index // 2) for i, e in pair(transaction(*parts), MINTED)] == [(k, k) for k in range(4)]


def test_pairing_compares_exact_amounts() -> None:
    """Amounts of seventy-eight digits are equal or they are not."""
    event = log(1, "Mint", to=ALICE, amount=HUGE)
    assert pair(transaction(mint(0, ALICE, HUGE), event), MINTED) == [(0, event)]
    assert pair(transaction(mint(0, ALICE, HUGE - 1), event), MINTED) == []


def test_an_unknown_amount_is_not_matched_by_amount() -> None:
    """An entry whose amount is NULL is explained by account and place alone."""
    parts = (mint(0, ALICE, None), log(1, "Mint", to=ALICE, amount=5), log(2, "Issued", _to=ALICE, _value=5))
    assert pair(transaction(*parts), MINTED) == []
    assert [i for i, _ in pair(transaction(*parts), ISSUED)] == [0]


def test_another_contracts_event_explains_nothing_unless_allowed() -> None:
    """A companion's event counts only for a shape that says so."""
    tx = transaction(mint(0, ALICE, 5), log(1, "Mint", OTHER, to=ALICE, amount=5))
    assert pair(tx, MINTED) == []
    assert [i for i, _ in pair(tx, MINTED._replace(companion=True))] == [0]


def test_an_event_without_the_shapes_argument_is_passed_over() -> None:
    """Two contracts' events of one name differ in arguments; the wrong one is no match and no crash."""
    tx = transaction(mint(0, ALICE, 5), log(1, "MintCompleted", OTHER, user=ALICE, cashAmountOut=5))
    shape = Shape("MintCompleted", "mint", None, "user", "rwaAmountOut", companion=True)
    assert pair(tx, shape) == []


def test_ten_thousand_equal_entries_pair_one_to_one() -> None:
    """A transaction of ten thousand equal mints is paired without losing any."""
    count = 10_000
    parts = [
        p for k in range(count) for p in (mint(2 * k, ALICE, 1), log(2 * k + 1, "Mint", to=ALICE, amount=1))
    ]
    assert sorted(i for i, _ in pair(transaction(*parts), MINTED)) == list(range(count))


@pytest.mark.parametrize(
    ("role", "way_in", "way_back"),
    [
        ("redeem_wallet", "escrow_in", "escrow_out"),
        ("escrow", "escrow_in", "escrow_out"),
        ("bridge_locker", "bridge_lock", "bridge_release"),
    ],
)
def test_custody_roles_tell_both_ways(role: str, way_in: str, way_back: str) -> None:
    """A move to an address of custody and the move back are told by its role."""
    parts = (move(0, ALICE, BOB, 1), move(1, BOB, ALICE, 1), move(2, ALICE, CAROL, 1))
    assert said("plain", *parts, roles={BOB: role}) == [
        (way_in, "role"),
        (way_back, "role"),
        ("transfer", "default"),
    ]


def test_a_move_between_two_wallets_of_one_role_is_a_transfer() -> None:
    """What stays in custody neither enters nor leaves it."""
    both = {ALICE: "redeem_wallet", BOB: "redeem_wallet"}
    assert said("plain", move(0, ALICE, BOB, 1), roles=both) == [("transfer", "default")]


@pytest.mark.parametrize("role", ["redeem_wallet", "burner"])
def test_a_burn_from_a_burning_role_is_a_redemption(role: str) -> None:
    """A redemption wallet's and a burner's burns are redemptions by their role."""
    assert said("plain", burn(0, ALICE, 1), roles={ALICE: role}) == [("redemption", "role")]


@pytest.mark.parametrize("role", ["operator", "omnibus", "wrapper", "issuer_float"])
def test_other_roles_say_nothing_of_a_move(role: str) -> None:
    """Roles that hold nothing for others leave a move a transfer."""
    assert said("plain", move(0, ALICE, BOB, 1), roles={BOB: role}) == [("transfer", "default")]


def test_roles_are_asked_for_at_the_transactions_time() -> None:
    """A dated role counts at the block's time, not today."""
    asked: list[tuple[str, int]] = []

    def roles_at(address: str, time: int) -> frozenset[str]:
        asked.append((address, time))
        return frozenset()

    classify(transaction(move(0, ALICE, BOB, 1)), context("plain")._replace(roles_at=roles_at))
    assert asked == [(ALICE, NOON), (BOB, NOON)]


def test_without_a_rule_the_platforms_default_stands() -> None:
    """The declared fallback is named as one."""
    defaults = {"mint": "issuance"}
    got = classify(transaction(mint(0, ALICE, 1), burn(1, ALICE, 1)), context("plain", defaults))
    assert [(v.reason, v.rule, v.evidence) for v in got] == [
        ("issuance", "default@1", "default"),
        ("unclassified", "none@1", "default"),
    ]


def test_a_default_never_turns_a_move_into_more() -> None:
    """A plain move is a transfer whatever the platform declares."""
    got = classify(transaction(move(0, ALICE, BOB, 1)), context("plain", {"move": "issuance"}))
    assert [(v.reason, v.rule) for v in got] == [("transfer", "move@1")]


def test_an_entry_that_moves_nothing_is_unclassified() -> None:
    """Effect none, which the contract's state contradicts, gets no reason here."""
    nothing = move(0, ALICE, BOB, 0)._replace(effect="none")
    assert said("plain", nothing) == [("unclassified", "default")]


@pytest.mark.parametrize("reasons", sorted(REASONS_RULES))
def test_every_entry_gets_one_verdict(reasons: str) -> None:
    """Each platform's rules answer for each entry, in order, with reasons of the closed list."""
    tx = transaction(mint(0, ALICE, 1), move(1, ALICE, BOB, 1), burn(2, BOB, None))
    got = classify(tx, context(reasons))
    assert len(got) == 3
    assert {v.reason for v in got} <= set(REASONS)


def test_a_call_is_wanted_only_where_a_rule_would_read_it() -> None:
    """Without a rule that reads inputs none is fetched; a burn that its own event explains needs none."""
    assert not asks("plain", mint(0, ALICE, 1), burn(1, ALICE, 1))
    assert not asks("superstate", mint(0, ALICE, 1), log(1, "Mint", to=ALICE, amount=1))
    assert asks("superstate", burn(0, ALICE, 1), log(1, "Burn", burner=BOB, from_=ALICE, amount=1))


def test_an_explained_entry_asks_no_rule_for_more() -> None:
    """The operator's role is looked up for mints without an event only."""
    told = log(1, "Subscription", OTHER, subscriber=ALICE, rwaAmount=5)
    roles = {BOB: "operator"}
    assert asks("ondo", mint(0, ALICE, 5), roles=roles)
    assert not asks("ondo", mint(0, ALICE, 5), told, roles=roles)
    assert not asks("ondo", mint(0, ALICE, 5))


@pytest.mark.parametrize(
    ("role", "minted", "burned"),
    [("operator", "issuance", "redemption"), ("bridge_locker", "bridge_in", "bridge_out")],
)
@pytest.mark.parametrize("place", ["sender", "target"])
def test_who_asked_tells_a_mint_without_an_event(role: str, minted: str, burned: str, place: str) -> None:
    """The role of the transaction's sender or target says what an unexplained change of supply was."""
    call = Call(CAROL, OTHER, b"") if place == "sender" else Call(BOB, CAROL, b"")
    tx = transaction(mint(0, ALICE, 5), burn(1, ALICE, 5), move(2, ALICE, BOB, 1), call=call)
    got = by_agent(tx, context("plain", roles={CAROL: role}))
    assert {i: (v.reason, v.evidence) for i, v in got.items()} == {0: (minted, "role"), 1: (burned, "role")}


def test_who_asked_says_nothing_without_a_role_or_a_call() -> None:
    """A stranger's mint stays without a reason, and so does one whose call nobody has."""
    roles = {CAROL: "operator"}
    assert (
        by_agent(transaction(mint(0, ALICE, 5), call=Call(BOB, OTHER, b"")), context("plain", roles=roles))
        == {}
    )
    assert by_agent(transaction(mint(0, ALICE, 5)), context("plain", roles=roles)) == {}


def test_an_inner_call_is_found_wherever_a_wrapper_puts_it() -> None:
    """A multisig passes the inner call on as it is, so its bytes stand in the input at any offset."""
    inner = b"\x9d\xc2\x9f\xac" + word(ALICE) + word(HUGE)
    tx = transaction(burn(0, ALICE, 1), call=Call(BOB, OTHER, b"\x01" * 7 + inner + b"\x02" * 9))
    assert list(calls_within(tx, inner[:4], word(ALICE), word(HUGE))) == [inner + b"\x02" * 9]
    assert list(calls_within(tx, inner[:4], word(BOB))) == []
    assert list(calls_within(transaction(burn(0, ALICE, 1)), inner[:4])) == []


def test_the_abi_files_are_listed_in_their_readme() -> None:
    """Every event family has a line in abis/README.md."""
    readme = (Path(abis_dir()) / "README.md").read_text(encoding="utf-8")
    names = [path.stem for path in Path(abis_dir()).glob("*.json")]
    assert names
    assert [name for name in names if name not in readme] == []
    assert all(isinstance(json.loads((abis_dir() / f"{n}.json").read_text()), list) for n in names)


def test_links_carry_the_transaction() -> None:
    """A link made from an event's place begins with the transaction's hash, so it is unique on the chain."""
    wrap = log(3, "Wrap", OTHER, sender=ALICE, stbtAmount=7, shares=5)
    got = classify(transaction(move(1, ALICE, OTHER, 7), wrap), context("matrixdock"))
    assert got[0].link == f"{HASH}:3"
