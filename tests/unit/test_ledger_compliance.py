"""Compliance events: kinds, accounts and details; text of a chain is data and never more."""

from __future__ import annotations

import pytest
from ledger_kit import ALICE, BOB, CAROL, OTHER, TOKEN, scene
from observed_kit import FAMILIES, picked, say

from indexer.decode.abi import load_family
from indexer.floor.tables import COMPLIANCE_EVENTS
from indexer.ledger.compliance import MAX_DETAIL, compliance_events
from indexer.ledger.compliance_shapes import CONTRARY, SHAPES
from indexer.ledger.entities import pseudonym
from indexer.ledger.told import Told

KINDS = {word.strip() for c in COMPLIANCE_EVENTS.columns if c.name == "kind" for word in c.doc.split(",")}


def made(
    *events: Told, names: tuple[str, ...] = ("kind", "account", "authority")
) -> list[tuple[object, ...]]:
    return picked(compliance_events(scene(), events, []), *names)


def test_every_kind_is_declared() -> None:
    """A shape has a kind of the table, and so has its contrary."""
    assert {shape.kind for shape in SHAPES.values()} | set(CONTRARY.values()) <= KINDS


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_every_shape_reads_its_event(name: str) -> None:
    """Every shape fits a layout that the ABI files have of its event."""
    specs = [s for many in load_family(FAMILIES).events.values() for s in many if s.name == name]
    shape = SHAPES[name]
    used = {shape.account, shape.authority, shape.amount, shape.flag} - {None}
    assert any(used <= {argument.name for argument in spec.arguments} for spec in specs)


def test_a_list_of_accounts_is_a_row_each() -> None:
    """Accounts that one log bans are a row each; one named twice is one row."""
    event = say(1, 0, "BlockedAddressesAdded", accounts=(ALICE, BOB, ALICE))
    assert made(event) == [("ban", ALICE, None), ("ban", BOB, None)]


def test_a_flag_turns_the_kind() -> None:
    """One event allows and disallows; a tuple of permissions allows where one of them is set."""
    assert made(
        say(1, 0, "AccountStatusSet", account=ALICE, termIndex=1, status=True),
        say(2, 0, "AccountStatusSet", account=ALICE, termIndex=1, status=False),
        say(3, 0, "PauseModeChange", pauseMode=True),
        say(4, 0, "PauseModeChange", pauseMode=False),
        say(5, 0, "PermissionSet", entityId=1, permission=(False, True)),
        say(6, 0, "PermissionSet", entityId=1, permission=(False, False)),
    ) == [
        ("allow", ALICE, None), ("disallow", ALICE, None), ("pause", None, None), ("unpause", None, None),
        ("allow", None, None), ("disallow", None, None),
    ]  # fmt: skip


def test_who_did_it_is_told_where_the_log_tells() -> None:
    """Roles, owners, upgrades and oracles have the account and, where told, the authority."""
    assert made(
        say(1, 0, "RoleGranted", role=b"\x01" * 32, account=ALICE, sender=BOB),
        say(2, 0, "OwnershipTransferred", previousOwner=ALICE, newOwner=BOB),
        say(3, 0, "Upgraded", implementation=CAROL),
        say(4, 0, "OracleSet", oldOracle=ALICE, newOracle=OTHER),
        say(5, 0, "Paused", account=BOB),
        say(6, 0, "Unpause"),
    ) == [
        ("role_granted", ALICE, BOB), ("owner", BOB, ALICE), ("implementation", CAROL, None), ("oracle", OTHER, None),
        ("pause", None, BOB), ("unpause", None, None),
    ]  # fmt: skip


def test_a_seizure_has_its_amount_and_the_rest_in_detail() -> None:
    """What was taken, from whom; where it went and why stands in the detail."""
    event = say(1, 0, "Seize", from_=ALICE, to=BOB, value=7, reason="court order")
    assert made(event, names=("kind", "account", "amount", "detail")) == [
        ("seize", ALICE, 7, f"Seize to={BOB} reason=court order")
    ]


def test_an_amount_beyond_38_digits_is_told_in_detail() -> None:
    """2^256−1 is NULL as an amount, and not lost."""
    event = say(1, 0, "Seize", from_=ALICE, to=BOB, value=2**256 - 1)
    ((amount, detail),) = made(event, names=("amount", "detail"))
    assert amount is None
    assert f"value={2**256 - 1}" in str(detail)


@pytest.mark.parametrize(
    "hostile", ["\x1b[31mred", "a\nb", "\u202eabc", "\x00", "😀" * 1_000, "'; DROP TABLE transfers; --"]
)
def test_text_of_a_chain_is_escaped_and_cut(hostile: str) -> None:
    """No control character, no turned writing, no endless line comes out of a log."""
    ((detail,),) = made(say(1, 0, "NewTerms", newTerms=hostile), names=("detail",))
    assert isinstance(detail, str)
    assert detail.isascii()
    assert detail.isprintable()
    assert len(detail) <= MAX_DETAIL


def test_an_investors_id_is_only_a_hash() -> None:
    """A lock by investor has the hash that entity_wallets has, and not the id."""
    event = say(1, 0, "HolderLocked", holderId="investor-1", value=5, reasonString="vesting")
    ((account, amount, detail),) = made(event, names=("account", "amount", "detail"))
    assert (account, amount) == (None, 5)
    assert "investor-1" not in str(detail)
    assert pseudonym(scene(), "investor-1") in str(detail)


def test_rows_of_state_stand_before_the_logs_of_their_block() -> None:
    """An upgrade that state alone tells has no log, and its row sorts by its block."""
    state = {
        "token": "token", "chain_id": "eip155:1", "contract": TOKEN, "block_number": 2, "kind": "implementation",
        "log_index": None, "block_time": say(2, 0, "Pause").spot.block_time * 1_000_000,
    }  # fmt: skip
    rows = compliance_events(scene(), [say(1, 0, "Pause"), say(2, 0, "Unpause")], [state])
    assert picked(rows, "block_number", "kind") == [(1, "pause"), (2, "implementation"), (2, "unpause")]
