"""A small chain on which a model of a contract is driven, and the check of what derive makes of its logs.

The chain keeps each block's logs and, at its end, every view that the model can answer. The check plays the
sync shell: it gives derive what it asks for, and then holds supply, balances, roll-forward, rounding and
min_units against the views of every block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Context
from typing import Any, NamedTuple, Protocol

from eth_hash.auto import keccak
from ledger_kit import CHAIN_ID, deployment, logs_of, token, tx_hash, word

from indexer.config.model import Companion
from indexer.floor.spans import BlockRef
from indexer.floor.tables import MAX_UNITS
from indexer.ledger.accruals import ACCRUALS
from indexer.ledger.scene import Ledger, Needs, Run, Scene
from indexer.ledger.supply import Rate
from indexer.ledger.values import ZERO, Call

DAY = 86_400
GENESIS = 1_700_006_400
"""Midnight of a day, UTC."""

Key = tuple[str, bytes]
Row = Mapping[str, Any]
_EXACT = Context(prec=80)


class Reverted(Exception):
    """What a contract does instead of changing its state."""


class Views(NamedTuple):
    """What a contract answers at the end of a block; None where the call reverts."""

    supply: int | None
    balances: Mapping[str, int | None]
    reads: Mapping[Key, bytes | None]


class Contract(Protocol):
    """A model of a token with whatever stands beside it."""

    accrual: str
    address: str
    decimals: int
    companions: tuple[Companion, ...]

    def views(self, now: int) -> Views: ...


class Chain:
    """Blocks with their logs, calls and views."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []
        self.blocks: list[BlockRef] = []
        self.views: dict[int, Views] = {}
        self.calls: dict[str, Call] = {}
        self.now = GENESIS
        self.transactions = self._logs = 0

    @property
    def head(self) -> BlockRef:
        return self.blocks[-1]

    def open(self, time: int) -> None:
        """Start the next block."""
        assert time > self.now
        number = self.head.number + 1 + time % 2 if self.blocks else 1
        self.blocks.append(BlockRef(number, f"0x{number:064x}", time))
        self.now, self._logs, self.transactions = time, 0, 0

    def close(self, contract: Contract) -> None:
        """Keep what the contract answers at the end of the block."""
        self.views[self.head.number] = contract.views(self.now)

    def transaction(self, call: Call) -> None:
        """Start the next transaction of the block; the logs that follow are its own."""
        self.transactions += 1
        self.calls[tx_hash(self.head.number, self.transactions)] = call

    def emit(
        self, address: str, signature: str, indexed: Sequence[int | str], data: Iterable[int] = ()
    ) -> None:
        """Log an event whose data are whole words."""
        topics = [keccak(signature.encode()), *(word(value) for value in indexed)]
        self.rows.append(
            {
                "chain_id": CHAIN_ID,
                "block_number": self.head.number,
                "block_hash": word(self.head.number),
                "block_time": datetime.fromtimestamp(self.now, UTC).replace(tzinfo=None),
                "tx_hash": bytes.fromhex(tx_hash(self.head.number, self.transactions)[2:]),
                "tx_index": self.transactions,
                "log_index": self._logs,
                "address": bytes.fromhex(address[2:]),
                "data": b"".join(value.to_bytes(32, "big", signed=value < 0) for value in data),
                **dict(zip(("topic0", "topic1", "topic2", "topic3"), topics, strict=False)),
            }
        )
        self._logs += 1


class Played(NamedTuple):
    """What derive made of a chain, as rows, and what it asked for on the way."""

    changes: Sequence[Row]
    entries: Sequence[Row]
    rebases: Sequence[Row]
    undecoded: Sequence[Row]
    decimals: int
    asked: tuple[Needs, ...]

    @property
    def reads(self) -> Counter[Key]:
        """How often each view was asked for."""
        return Counter((want.address, want.call) for needs in self.asked for want in needs.reads)


def play(
    chain: Chain,
    contract: Contract,
    *,
    reads: tuple[str, ...] = (),
    rows: Sequence[Mapping[str, object]] | None = None,
    inputs: bool = True,
    answered: bool = True,
    companions: tuple[Companion, ...] | None = None,
) -> Played:
    """Return the ledger of the contract's logs, or of *rows* in their place.

    *reads* are the views that the deployment allows; without *answered* no node has them. Without *inputs* no
    node has the transactions.
    """
    where = deployment(
        decimals=contract.decimals,
        companions=contract.companions if companions is None else companions,
        reads=reads,
    )
    run = Run(0, chain.head, holds_start=True, why_null=None)
    logs = logs_of(*(chain.rows if rows is None else rows))
    calls: dict[str, Call | None] = {}
    answers: dict[tuple[int, str, bytes], bytes | None] = {}
    moments: dict[int, BlockRef | None] = {}
    asked: list[Needs] = []
    scene = Scene(token(where, accrual=contract.accrual), where, run, logs, calls, answers, moments)
    for _ in range(8):
        made = ACCRUALS[contract.accrual](scene)
        if isinstance(made, Ledger):
            tables = (made.supply_changes, made.entries, made.rebases, made.undecoded)
            return Played(*(table.to_pylist() for table in tables), contract.decimals, tuple(asked))
        asked.append(made)
        for tx in made.transactions:
            assert tx.tx_hash not in calls, "asked twice"
            calls[tx.tx_hash] = chain.calls[tx.tx_hash] if inputs else None
        for at in made.moments:
            assert at not in moments, "asked twice"
            assert at <= chain.now, "an instant behind the frontier"
            moments[at] = next(b for b in chain.blocks if b.time >= at) if answered else None
        for want in made.reads:
            key = (want.block.number, want.address, want.call)
            assert key not in answers, "asked twice"
            answers[key] = chain.views[want.block.number].reads[want.address, want.call] if answered else None
    raise AssertionError("derive asks and asks")


class Holding(NamedTuple):
    """The row of supply_changes in force at a block, and the units of each account."""

    row: Row | None
    units: Mapping[str, int | None]


def _seconds(value: datetime) -> int:
    return int(value.replace(tzinfo=UTC).timestamp())


def at_block(played: Played, block: BlockRef) -> Holding:
    """Return what the ledger says at the end of *block*."""
    row = None
    for change in played.changes:
        if _in_force(change, block):
            row = change
    units: dict[str, int | None] = {}
    for entry in played.entries:
        if entry["block_number"] > block.number or entry["effect"] == "none":
            continue
        for side, sign in (("from_address", -1), ("to_address", 1)):
            account = entry[side]
            if account == ZERO and not (entry["effect"] == "mint" and side == "to_address"):
                continue
            before, moved = units.get(account, 0), entry["units"]
            units[account] = None if before is None or moved is None else before + sign * int(moved)
    return Holding(row, units)


def _in_force(row: Row, block: BlockRef) -> bool:
    if row["block_number"] is None:
        return _seconds(row["effective_at"]) <= block.time
    return row["block_number"] <= block.number


def _fits(*values: int) -> bool:
    return all(abs(value) <= MAX_UNITS for value in values)


def supply_of(holding: Holding) -> int | None:
    """Return the supply that *holding* tells; None where it says NULL."""
    if holding.row is None:
        return 0
    raw = holding.row["supply_raw"]
    return None if raw is None or holding.row["why_null"] is not None else int(raw)


def balances_of(holding: Holding) -> dict[str, int | None]:
    """Return every balance that *holding* tells: units by the rate in force."""
    row = holding.row
    rate = None
    if row is not None and row["numerator"] is not None and row["denominator"] is not None:
        rate = Rate(int(row["numerator"]), int(row["denominator"]), int(row["addend"]))
    return {
        account: None if units is None else 0 if units == 0 else None if rate is None else rate.of(units)
        for account, units in holding.units.items()
    }


def assert_never_wrong(chain: Chain, played: Played, blocks: Sequence[BlockRef] | None = None) -> None:
    """At every block each figure is the contract's or NULL with a reason, never another."""
    for block in chain.blocks if blocks is None else blocks:
        views, holding = chain.views[block.number], at_block(played, block)
        supply = supply_of(holding)
        if supply is None:
            assert holding.row is not None
            assert holding.row["why_null"], f"block {block.number}: NULL without a reason"
            continue
        assert supply == views.supply, f"block {block.number}: {supply} is not {views.supply}"
        for account, balance in balances_of(holding).items():
            if balance is not None:
                assert balance == views.balances.get(account, 0), f"{account} at block {block.number}"


def assert_exact(
    chain: Chain, played: Played, *, unknown: Callable[[BlockRef], bool] = lambda _: False
) -> None:
    """At every block each figure is the contract's, and NULL exactly where its view reverts.

    A figure beyond 38 digits is NULL too, and so it may be at the blocks that are *unknown*.
    """
    assert_never_wrong(chain, played)
    for block in chain.blocks:
        views, holding = chain.views[block.number], at_block(played, block)
        supply = supply_of(holding)
        if views.supply is None:
            assert supply is None, f"block {block.number}: the contract reverts"
            continue
        if supply is None:
            row = holding.row
            assert row is not None
            assert "38" in row["why_null"] or unknown(block), f"block {block.number}: {row['why_null']}"
            continue
        told = balances_of(holding)
        for account, balance in views.balances.items():
            if told.get(account, 0) is None:
                assert not _fits(int(balance or 0) * 10**18) or holding.units[account] is None
            else:
                assert told.get(account, 0) == balance, f"{account} at block {block.number}"


def assert_adds_up(chain: Chain, played: Played) -> None:
    """Units add up, what was booked is the change of supply, rounding is bounded, and min_units are the least."""
    for row in played.changes:
        if row["rounding"] is not None:
            assert abs(row["rounding"]) <= row["rounding_bound"], row
        if row["min_units"] is not None and row["numerator"] is not None and row["denominator"] is not None:
            rate = Rate(int(row["numerator"]), int(row["denominator"]), int(row["addend"]))
            least = int(row["min_units"])
            assert rate.of(least) >= 1
            assert least == 0 or rate.of(least - 1) <= 0
    known: tuple[BlockRef, int] | None = None
    for block in chain.blocks:
        holding = at_block(played, block)
        supply = supply_of(holding)
        if holding.row is not None and holding.row["units"] is not None:
            units = list(holding.units.values())
            if None not in units:
                assert sum(u for u in units if u is not None) == holding.row["units"]
        if supply is None:
            continue
        if known is not None:
            booked = _booked(played, known[0], block)
            assert booked is None or booked == supply - known[1], f"blocks {known[0].number}..{block.number}"
        known = block, supply


def _booked(played: Played, after: BlockRef, until: BlockRef) -> int | None:
    """Return minted − burned + rebased + rounding between two blocks, in base units; None where unknown."""

    def between(row: Row) -> bool:
        if row["block_number"] is None:
            return after.time < _seconds(row["effective_at"]) <= until.time
        return after.number < row["block_number"] <= until.number

    total = 0
    for entry in filter(between, played.entries):
        sign = {"mint": 1, "burn": -1}.get(entry["effect"], 0)
        if sign and entry["amount_raw"] is None:
            return None
        total += sign * int(entry["amount_raw"] or 0)
    for rebase in filter(between, played.rebases):
        if rebase["amount"] is None:
            return None
        total += int(rebase["amount"].scaleb(played.decimals, _EXACT))
    return total + sum(int(row["rounding"] or 0) for row in filter(between, played.changes))
