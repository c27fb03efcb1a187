"""Attribution: which transactions the rules look at, and what every other entry is."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
from eth_hash.auto import keccak
from ledger_kit import (
    ALICE,
    BOB,
    BURN,
    CAROL,
    MINT,
    MOVE,
    OTHER,
    TRANSFER,
    ZERO,
    deployment,
    moment,
    raw,
    scene,
    seconds,
    token,
    transfer,
    tx_hash,
    word,
)

from indexer.config.model import Companion, Role
from indexer.floor.tables import TRANSFERS, arrow_schema
from indexer.ledger.accruals.plain import plain
from indexer.ledger.attribution import Attributed, attribute, roles_at
from indexer.ledger.scene import Needs, Scene, TxWanted

HELPER = Companion("Redemption", OTHER, ("superstate_redemption",), None, None)


def attributed(made: Scene) -> Attributed:
    """Return *made* attributed, with every transaction that is wanted unavailable."""
    found = attribute(made, plain(made).entries)
    if isinstance(found, Needs):
        calls = dict.fromkeys(wanted.tx_hash for wanted in found.transactions)
        found = attribute(made._replace(calls=calls), plain(made).entries)
    assert isinstance(found, Attributed)
    return found


def said(made: Scene) -> list[tuple[str, str, str]]:
    rows = attributed(made).transfers.to_pylist()
    return [(row["reason"], row["rule"], row["evidence"]) for row in rows]


def role(address: str, name: str, start: datetime | None = None, end: datetime | None = None) -> Role:
    return Role(address, name, start, end, "test", "high")


def at(block: int) -> datetime:
    return moment(block).replace(tzinfo=UTC)


def test_a_move_is_a_transfer_by_default() -> None:
    """An entry that no rule speaks of is a transfer, and its evidence says that this is the default."""
    assert said(scene(transfer(1, 0, MOVE, 5))) == [("transfer", "move@1", "default")]


def test_a_mint_without_a_rule_is_unclassified() -> None:
    """A mint and a burn that nothing explains are unclassified, never guessed."""
    made = scene(transfer(1, 0, MINT, 5), transfer(2, 0, BURN, 5))
    assert said(made) == [("unclassified", "none@1", "default")] * 2


def test_the_platform_s_declared_default_stands_in() -> None:
    """Where the platform says what a mint is, an unexplained one is that, by default."""
    where = deployment()
    what = token(where, defaults={"mint": "issuance"})
    made = scene(transfer(1, 0, MINT, 5), transfer(2, 0, BURN, 5), where=where, what=what)
    assert said(made) == [("issuance", "default@1", "default"), ("unclassified", "none@1", "default")]


def test_calls_of_supply_changes_are_needed_once() -> None:
    """The call that a rule would read is wanted, once, with its block's hash; where none would, none is."""
    rows = (transfer(1, 0, MINT, 5, tx=0), transfer(1, 1, BURN, 6, tx=0), transfer(2, 0, MOVE, 5))
    made = scene(*rows)
    assert isinstance(attribute(made, plain(made).entries), Attributed)
    where = deployment()
    made = scene(*rows, where=where, what=token(where, reasons="ondo", events=("usdy",)))
    wanted = TxWanted(1, "0x" + f"{1:064x}", tx_hash(1, 0), 0)
    assert attribute(made, plain(made).entries) == Needs(transactions=(wanted,))


def test_a_call_that_nobody_has_is_not_asked_again() -> None:
    """A transaction known to be unavailable is attributed without it."""
    made = scene(transfer(1, 0, MINT, 5), calls={tx_hash(1, 0): None})
    assert isinstance(attribute(made, plain(made).entries), Attributed)


def test_a_companion_s_event_explains_its_transaction() -> None:
    """RedeemV2 of the redemption contract makes the burn beside it a redemption; a burn elsewhere stays one
    without a reason."""
    topic = keccak(b"RedeemV2(address,address,uint256,uint256,uint256)")
    told = raw(5, 1, [topic, word(ALICE), word(BOB)], word(5) + word(9) + word(10), address=OTHER, tx=0)
    where = deployment(companions=(HELPER,))
    what = token(where, reasons="superstate", events=("superstate_token",))
    made = scene(
        transfer(5, 0, (OTHER, BURN[1]), 5, tx=0), told, transfer(6, 0, BURN, 5), where=where, what=what
    )
    first, second = said(made)
    assert (first[0], first[2]) == ("redemption", "event")
    assert second == ("unclassified", "none@1", "default")


def test_a_companion_s_log_that_cannot_be_read_is_kept() -> None:
    """An event of a known topic and a wrong shape is a row of undecoded, with its contract."""
    topic = keccak(b"RedeemV2(address,address,uint256,uint256,uint256)")
    broken = raw(5, 1, [topic, word(ALICE), word(BOB)], b"\x01", address=OTHER, tx=0)
    where = deployment(companions=(HELPER,))
    made = scene(transfer(5, 0, MOVE, 5, tx=0), broken, where=where, what=token(where))
    (row,) = attributed(made).undecoded.to_pylist()
    assert (row["address"], row["log_index"], row["tx_hash"]) == (OTHER, 1, tx_hash(5, 0))
    assert row["reason"]


def test_roles_hold_from_and_until() -> None:
    """A role holds from its start, inclusive, to its end, exclusive; open ends hold for ever."""
    where = deployment(
        roles=(role(ALICE, "escrow", at(10), at(20)), role(ALICE, "operator"), role(BOB, "burner", at(15)))
    )
    roles = roles_at(where)
    found = [roles(ALICE, seconds(block)) for block in (9, 10, 19, 20)]
    both, one = frozenset({"escrow", "operator"}), frozenset({"operator"})
    assert found == [one, both, both, one]
    assert (roles(BOB, seconds(14)), roles(BOB, seconds(15))) == (frozenset(), frozenset({"burner"}))
    assert roles(CAROL, seconds(15)) == frozenset()


def test_a_move_with_an_address_of_a_role_is_looked_at() -> None:
    """A move into an escrow is one by the role, only while the role holds."""
    where = deployment(roles=(role(BOB, "escrow", at(10), None),))
    made = scene(transfer(9, 0, MOVE, 5), transfer(10, 0, MOVE, 5), where=where, what=token(where))
    assert [(reason, evidence) for reason, _, evidence in said(made)] == [
        ("transfer", "default"),
        ("escrow_in", "role"),
    ]


def test_verdicts_stand_on_their_own_rows() -> None:
    """Among many moves the few entries with a verdict keep their place, and the table its declared schema."""
    rows = [transfer(block, 0, MINT if block % 100 == 7 else MOVE, 10**30 + block) for block in range(1, 501)]
    table = attributed(scene(*rows)).transfers
    assert table.schema.equals(arrow_schema(TRANSFERS))
    marked = [row["block_number"] for row in table.to_pylist() if row["reason"] == "unclassified"]
    assert marked == [7, 107, 207, 307, 407]
    assert table["amount_raw"].to_pylist() == [10**30 + block for block in range(1, 501)]


def test_no_entries_give_an_empty_table() -> None:
    """A token without a log has no verdict to make."""
    found = attributed(scene())
    assert (found.transfers.num_rows, found.undecoded.num_rows) == (0, 0)
    assert isinstance(found.transfers, pa.Table)


def test_a_companion_speaks_in_its_own_words_only() -> None:
    """A log with a topic of another contract's family is not believed, wherever else that family is named."""
    topic = keccak(b"RedeemV2(address,address,uint256,uint256,uint256)")
    stranger = Companion("Oracle", CAROL, ("superstate_oracle",), None, None)
    where = deployment(companions=(HELPER, stranger))
    what = token(where, reasons="superstate", events=("superstate_token",))
    data = word(5) + word(9) + word(10)
    false = raw(5, 1, [topic, word(ALICE), word(BOB)], data, address=CAROL, tx=0)
    made = scene(transfer(5, 0, (CAROL, BURN[1]), 5, tx=0), false, where=where, what=what)
    assert said(made) == [("unclassified", "none@1", "default")]
    assert attributed(made).undecoded.num_rows == 0


def test_a_wrapped_tokens_payment_is_heard() -> None:
    """A companion's Transfer tells what a wrapper paid out, without its family being named."""
    other = Companion("OUSG", OTHER, ("ousg",), None, None)
    where = deployment(companions=(other,))
    what = token(where, reasons="ondo", events=("rousg",))
    parts = (
        transfer(5, 0, (where.address, ALICE), 0, tx=0, address=OTHER),
        transfer(5, 1, BURN, 9_999, tx=0),
    )
    burned = raw(
        5, 2, [keccak(b"TransferShares(address,address,uint256)"), word(ALICE), word(ZERO)], word(9_999), tx=0
    )
    made = scene(*parts, burned, where=where, what=what)
    assert said(made) == [("unwrap", "shares-unwrap@1", "event")]


def test_a_companion_that_is_no_erc20_is_not_reported_for_its_transfers() -> None:
    """A Transfer of another shape belongs to another standard; only the token's own would be missing."""
    nft = raw(5, 1, [bytes.fromhex(TRANSFER), word(ALICE), word(BOB), word(7)], b"", address=OTHER, tx=0)
    where = deployment(companions=(HELPER,))
    made = scene(transfer(5, 0, MINT, 5, tx=0), nft, where=where, what=token(where))
    assert attributed(made).undecoded.num_rows == 0


def test_an_earlier_offer_names_the_maker_of_a_fill() -> None:
    """What opened a request is known to the transaction that fills it, though it had no entry of its own."""
    dotc = Companion("dOTC", OTHER, ("swarm_dotc_v1",), None, None)
    where = deployment(companions=(dotc,), roles=(role(CAROL, "escrow"),))
    what = token(where, reasons="swarm")
    given = keccak(
        b"CreatedOffer(address,uint256,bool,(uint8,address,uint256,uint256),(uint8,address,uint256,uint256),"
        b"address[],uint256,uint256)"
    )
    asset = word(1) + word(where.address) + word(9) + word(0)
    head = word(1) + asset + asset + word(12 * 32) + word(0) + word(0)
    opened = raw(4, 0, [given, word(ALICE), word(7)], head + word(0), address=OTHER)
    taken = keccak(b"TakenOffer(uint256,address,bool,uint256,uint256)")
    filled = raw(5, 1, [taken, word(7), word(BOB), word(1)], word(9) + word(4), address=OTHER, tx=0)
    made = scene(opened, transfer(5, 0, (CAROL, BOB), 9, tx=0), filled, where=where, what=what)
    (row,) = attributed(made).transfers.to_pylist()
    assert (row["reason"], row["evidence"], row["party"], row["link"]) == (
        "transfer",
        "event",
        ALICE,
        f"{OTHER}:7",
    )
