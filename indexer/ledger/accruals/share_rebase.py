"""Share rebase (STBT): balance = shares · totalSupply // totalShares. Source of the formula: STBT.sol.

Units are shares. T is exact from TransferShares; how S is known is told in share_totals.py.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from indexer.floor.spans import BlockRef
from indexer.floor.tables import REBASES, UNDECODED
from indexer.ledger.accruals.plain import ENTRY_SCHEMA
from indexer.ledger.accruals.share_steps import Step, Steps, read_steps
from indexer.ledger.accruals.share_totals import Settled, Totals, settle, unsolved
from indexer.ledger.figures import TOO_LARGE, held, moment, ratio, rows_of, token_units
from indexer.ledger.placed import Place
from indexer.ledger.scene import Ledger, Needs, ReadWanted, Scene, TxWanted
from indexer.ledger.supply import Change, Rate, supply_rows
from indexer.ledger.values import ZERO

TOTAL_SUPPLY = bytes.fromhex("18160ddd")
UNKNOWN = Totals(0, 0, None)
"""Neither shares nor supply are known: the history starts too late, or a log cannot be held."""


def share_rebase(scene: Scene) -> Ledger | Needs:
    """Return the ledger in shares, or the inputs and reads without which the supply is not known."""
    told = read_steps(scene)
    needed = _inputs(scene, told.steps)
    if needed:
        return Needs(transactions=needed)
    if scene.run.why_null:
        return _ledger(scene, told, _unknown(told.steps, scene.run.why_null))
    steps = [step for step in told.steps if _before(step, told.broken)]
    lost = told.steps[len(steps) :]
    wanted = unsolved(steps)
    if wanted and "totalSupply" in scene.deployment.reads:
        missing = _reads(scene, wanted)
        if missing:
            return Needs(reads=missing)
        steps = _with_reads(scene, steps, wanted)
    settled = [s for s in settle(steps) if s.step.logged]
    return _ledger(scene, told, [*settled, *_unknown(lost, _ended(told.broken))])


def _before(step: Step, broken: tuple[Place, str] | None) -> bool:
    """Say whether the ledger still holds at *step*."""
    return broken is None or (step.place.block, step.place.log_index) < (broken[0].block, broken[0].log_index)


def _ended(broken: tuple[Place, str] | None) -> str | None:
    if broken is None:
        return None
    return f"block {broken[0].block} log {broken[0].log_index} cannot be held: {broken[1]}"


def _inputs(scene: Scene, steps: list[Step]) -> tuple[TxWanted, ...]:
    wanted = {
        step.place.tx_hash: TxWanted(
            step.place.block, step.place.block_hash, step.place.tx_hash, step.place.tx_index
        )
        for step in steps
        if step.kind in {"mint", "burn"} and step.place.tx_hash not in scene.calls
    }
    return tuple(wanted.values())


def _key(scene: Scene, step: Step) -> tuple[int, str, bytes]:
    return step.place.block, scene.deployment.address, TOTAL_SUPPLY


def _reads(scene: Scene, wanted: list[Step]) -> tuple[ReadWanted, ...]:
    blocks = {
        step.place.block: BlockRef(step.place.block, step.place.block_hash, step.place.time)
        for step in wanted
        if _key(scene, step) not in scene.reads
    }
    return tuple(ReadWanted(block, scene.deployment.address, TOTAL_SUPPLY) for block in blocks.values())


def _with_reads(scene: Scene, steps: list[Step], wanted: list[Step]) -> list[Step]:
    """Put a sync behind the last step of each block whose total was read."""
    totals = {step.place.block: scene.word(*_key(scene, step)) for step in wanted}
    out: list[Step] = []
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        out.append(step)
        total = totals.get(step.place.block)
        if total is not None and (after is None or after.place.block != step.place.block):
            out.append(Step("sync", step.place, total=total, logged=False))
    return out


def _unknown(steps: list[Step], why: str | None) -> list[Settled]:
    """Return steps whose totals cannot be known: amounts that were asked, no totals."""
    out = []
    for step in steps:
        asked = step.amount if step.kind == "sync" else step.asked
        change = None if asked is None else -asked if step.kind == "burn" else asked
        out.append(Settled(step, UNKNOWN, change, why))
    return out


def _ledger(scene: Scene, told: Steps, settled: list[Settled]) -> Ledger:
    changes = [_change(s) for s in settled if s.step.kind != "move"]
    if told.broken:
        place = told.broken[0]
        ended = Change(
            place.time, place.block, place.log_index, "undecoded", None, None, None, _ended(told.broken)
        )
        changes = sorted([*changes, ended], key=lambda change: (change.block_number, change.log_index))
    entries = [_entry(scene, s) for s in settled if s.step.kind != "sync"]
    columns = [pa.array([row.get(f.name) for row in entries], f.type) for f in ENTRY_SCHEMA]
    return Ledger(
        entries=pa.table(columns, schema=ENTRY_SCHEMA),
        supply_changes=supply_rows(scene.deployment, changes),
        rebases=rows_of(REBASES, [_rebase(scene, s) for s in settled if s.step.kind == "sync" or s.dropped]),
        undecoded=rows_of(UNDECODED, told.undecoded),
    )


def _rate(totals: Totals) -> Rate | None:
    """Return S ÷ T; None where S is unknown or there are no shares."""
    return None if totals.supply is None or not totals.shares else Rate(totals.supply, totals.shares)


def _change(settled: Settled) -> Change:
    step, totals = settled.step, settled.totals
    cause = "rebase" if step.kind == "sync" else step.kind
    units = None if totals is UNKNOWN else totals.shares
    supply = totals.supply
    return Change(
        step.place.time, step.place.block, step.place.log_index, cause, units, supply,
        _rate(totals), settled.why if supply is None else None, settled.reads,
    )  # fmt: skip


def _entry(scene: Scene, settled: Settled) -> dict[str, Any]:
    step = settled.step
    raw = step.amount if step.kind == "move" else settled.change
    raw = raw if raw is None else abs(raw)
    amount = token_units(raw, scene.deployment.decimals or 0)
    why = settled.why if raw is None else TOO_LARGE if amount is None else None
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        "contract": scene.deployment.address,
        "block_number": step.place.block,
        "block_time": moment(step.place.time),
        "tx_hash": step.place.tx_hash,
        "tx_index": step.place.tx_index,
        "log_index": step.place.log_index,
        "entry": 0,
        "from_address": step.sender,
        "to_address": step.receiver,
        "amount_raw": held(raw),
        "amount": amount,
        "units": held(step.shares),
        "effect": "none" if step.sender == step.receiver == ZERO else step.kind,
        "why_null": why,
    }


def _rebase(scene: Scene, settled: Settled) -> dict[str, Any]:
    step, totals = settled.step, settled.totals
    supply, rate = totals.supply, _rate(totals)
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        "contract": scene.deployment.address,
        "effective_at": moment(step.place.time),
        "announced_at": moment(step.place.time),
        "block_number": step.place.block,
        "tx_hash": step.place.tx_hash,
        "log_index": step.place.log_index,
        "kind": "accrual",
        "cause": "log",
        "numerator": held(supply),
        "denominator": None if supply is None else held(totals.shares),
        "addend": None if supply is None else held(0),
        "multiplier": None if supply is None else ratio(supply, totals.shares),
        "min_units": held(rate and rate.min_units),
        "amount": token_units(-settled.dropped or step.amount, scene.deployment.decimals or 0),
        "why_null": settled.why,
    }
