"""What the group's contracts tell: wanted logs only, each by its own contract's families."""

from __future__ import annotations

from ledger_kit import (
    ALICE,
    BOB,
    MINT,
    OTHER,
    TOKEN,
    deployment,
    raw,
    scene,
    seconds,
    token,
    transfer,
    tx_hash,
    word,
)

from indexer.config.model import Companion
from indexer.decode.abi import keccak
from indexer.ledger.told import Spot, told

WHERE = deployment(companions=(Companion("list", OTHER, ("superstate_allowlist",), None, 0),))
WHAT = token(WHERE, events=("superstate_token",))
ENTITY = keccak(b"EntityIdSet(address,uint256)")
ADMIN_BURN = keccak(b"AdminBurn(address,address,uint256)")
UPGRADED = keccak(b"Upgraded(address)")
NAMES = frozenset({"EntityIdSet", "AdminBurn", "Upgraded"})


def spoken(*rows: dict[str, object]) -> list[tuple[Spot, str]]:
    return [(one.spot, one.event.name) for one in told(scene(*rows, where=WHERE, what=WHAT), NAMES)]


def test_wanted_logs_come_with_their_place() -> None:
    """Transfers and unwanted events are passed by; the others are decoded in order."""
    burn = raw(3, 1, [ADMIN_BURN, word(BOB), word(ALICE)], word(7), tx=0)
    entity = raw(4, 0, [ENTITY, word(ALICE), word(7)], b"", address=OTHER)
    assert spoken(transfer(1, 0, MINT, 9), burn, entity) == [
        (Spot(TOKEN, 3, seconds(3), tx_hash(3, 0), 1), "AdminBurn"),
        (Spot(OTHER, 4, seconds(4), tx_hash(4, 0), 0), "EntityIdSet"),
    ]


def test_no_contract_speaks_for_another() -> None:
    """The list's event logged by the token is not told, nor any of a contract outside the group."""
    on_token = raw(1, 0, [ENTITY, word(ALICE), word(7)], b"")
    outside = raw(2, 0, [ENTITY, word(ALICE), word(7)], b"", address="0x" + "99" * 20)
    assert spoken(on_token, outside) == []


def test_every_contract_may_be_a_proxy() -> None:
    """Upgrades are told of any contract of the group, whatever families the configuration names."""
    upgraded = raw(1, 0, [UPGRADED, word(BOB)], b"", address=OTHER)
    assert [name for _, name in spoken(upgraded)] == ["Upgraded"]


def test_what_does_not_fit_its_abi_is_left_out() -> None:
    """An address with bytes in front is no account; the log itself is a row of undecoded."""
    assert spoken(raw(1, 0, [ENTITY, b"\xff" * 32, word(7)], b"", address=OTHER)) == []
