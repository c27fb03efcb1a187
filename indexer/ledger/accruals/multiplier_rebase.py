"""Multiplier rebase (USDO): shares are not logged, the multiplier is. Source of the formulas: USDO.sol.

    shares = amount · 1e18 // multiplier   at every mint, burn and transfer
    balance = shares · multiplier // 1e18

Transfer carries the amount that was asked for, so shares follow from the multiplier in force at its log.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import Undecodable, load_family
from indexer.decode.transfers import decode_transfers
from indexer.ledger.accruals.plain import entries_of, own_logs, undecoded_rows
from indexer.ledger.accruals.scaled import Steps, Story, Turn, scaled
from indexer.ledger.figures import decimals, integers
from indexer.ledger.placed import Place, told, undecoded_row
from indexer.ledger.scene import Ledger, Scene
from indexer.ledger.supply import Rate

ONE = 10**18
FAMILIES = ("erc20", "usdo")
_LARGEST = 10**38
_NO_MULTIPLIER = "the multiplier is not known: no log before this one tells it"
_TOO_MANY = "the shares have more than 38 digits"


def multiplier_rebase(scene: Scene) -> Ledger:
    """Return the ledger in shares."""
    turns, undecoded, lost = _turns(scene)
    decoded = decode_transfers(own_logs(scene))
    for row in undecoded_rows(scene, decoded.undecoded).to_pylist():
        undecoded.append(row)
        lost.append((_place_of(scene, row), row["reason"]))
    entries = _in_shares(scene, decoded.rows, Steps(turns))
    broken = min(lost, key=lambda one: one[0].order, default=None)
    return scaled(scene, Story((), turns, undecoded, broken, entries))


def _turns(scene: Scene) -> tuple[list[Turn], list[dict[str, object]], list[tuple[Place, str]]]:
    """Return the steps of the multiplier, and the logs that cannot be one."""
    turns: list[Turn] = []
    undecoded: list[dict[str, object]] = []
    lost: list[tuple[Place, str]] = []
    own = scene.deployment.address
    for place, raw, event in told(scene, [own], load_family(FAMILIES), ("BonusMultiplier",)):
        if isinstance(event, Undecodable):
            why: str | None = event.reason
        else:
            multiplier = event.number("value")
            why = None if multiplier else "a multiplier of zero, by which the contract cannot divide"
        if why is not None:
            undecoded.append(undecoded_row(scene, place, raw, why))
            lost.append((place, why))
            continue
        turns.append(Turn(place.time, place, Rate(multiplier, ONE), "log", own, announced=place.time))
    return turns, undecoded, lost


def _in_shares(scene: Scene, rows: pa.Table, steps: Steps) -> pa.Table:
    """Return decoded Transfers as entries in shares; NULL before the first multiplier is told."""
    amounts = integers(rows["value"])
    shares: list[int | None] = [None] * len(amounts)
    for first, last, rate in steps.along(rows):
        if rate is not None:
            multiplier = rate.numerator
            shares[first:last] = [a and a * ONE // multiplier for a in amounts[first:last]]
    whys = [_NO_MULTIPLIER if s is None else _TOO_MANY if s >= _LARGEST else None for s in shares]
    held = decimals([None if s is None or s >= _LARGEST else s for s in shares])
    entries = entries_of(scene, rows, held)
    why = pc.coalesce(entries["why_null"], pa.array(whys, pa.string()))
    return entries.set_column(
        entries.schema.get_field_index("why_null"), entries.schema.field("why_null"), why
    )


def _place_of(scene: Scene, row: dict[str, object]) -> Place:
    """Return the place of a log that could not be decoded."""
    at = pc.and_(
        pc.equal(scene.logs["block_number"], row["block_number"]),
        pc.equal(scene.logs["log_index"], row["log_index"]),
    )
    log = scene.logs.filter(at).slice(0, 1)
    time = log["block_time"][0].value // 1_000_000
    block, index, tx_index = (log[name][0].as_py() for name in ("block_number", "log_index", "tx_index"))
    return Place(time, block, "", str(row["tx_hash"]), tx_index, index)
