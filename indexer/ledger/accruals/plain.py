"""Plain tokens: a unit is a base unit, the Transfer log is the whole truth, supply is minted − burned."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.transfers import Transfers, decode_transfers
from indexer.floor.tables import REBASES, TRANSFERS, UNDECODED, arrow_schema
from indexer.ledger.figures import TOO_LARGE, token_units_column
from indexer.ledger.scene import Ledger, Scene
from indexer.ledger.supply import ONE, OVERBURNED, Change, supply_rows
from indexer.ledger.values import ZERO

_INTERPRETED = {"reason", "rule", "evidence", "party", "link", "other_chain"}
ENTRY_SCHEMA = pa.schema([f for f in arrow_schema(TRANSFERS) if f.name not in _INTERPRETED])
"""The columns of ``transfers`` that are facts."""


Break = tuple[Change, str]
"""The change after which the totals are not known, and why."""


def plain(scene: Scene, zero_to_zero: str = "none", lost: Break | None = None) -> Ledger:
    """Return the ledger of a token whose balances move by Transfer alone.

    *zero_to_zero* is the effect of a Transfer from the zero account to itself: nothing, in most contracts.
    *lost* says from which log on it is no such token any more.
    """
    decoded = decode_transfers(own_logs(scene))
    entries = entries_of(scene, decoded.rows, decoded.rows["value"], zero_to_zero)
    breaks = [one for one in (first_undecoded(scene, decoded), lost) if one is not None]
    broken = min(breaks, key=lambda one: (one[0].block_number or 0, one[0].log_index or 0), default=None)
    changes = _changes(scene, entries, broken)
    return Ledger(
        entries=entries,
        supply_changes=supply_rows(scene.deployment, changes),
        rebases=arrow_schema(REBASES).empty_table(),
        undecoded=undecoded_rows(scene, decoded.undecoded),
    )


def own_logs(scene: Scene) -> pa.Table:
    """Return the logs of the token's own contract; without companions they are not copied."""
    own = pc.equal(scene.logs["address"], own_address(scene))
    return scene.logs if pc.all(own).as_py() else scene.logs.filter(own)


def own_address(scene: Scene) -> pa.Scalar:
    """Return the token's contract as the logs hold addresses."""
    return pa.scalar(bytes.fromhex(scene.deployment.address[2:]), pa.binary(20))


def undecoded_rows(scene: Scene, undecoded: pa.Table) -> pa.Table:
    """Return *undecoded* as the table of that name: token and chain added."""
    rows = undecoded.num_rows
    constant = {
        "token": pa.repeat(pa.scalar(scene.deployment.token, pa.string()), rows),
        "chain_id": pa.repeat(pa.scalar(scene.deployment.chain_id, pa.string()), rows),
    }
    schema = arrow_schema(UNDECODED)
    columns = [constant[f.name] if f.name in constant else undecoded[f.name].cast(f.type) for f in schema]
    return pa.table(columns, schema=schema)


def first_undecoded(scene: Scene, decoded: Transfers) -> Break | None:
    """Return the change after which the totals are not known, and why; None where all is held."""
    if decoded.undecoded.num_rows == 0:
        return None
    row = decoded.undecoded.slice(0, 1).to_pylist()[0]
    place = pc.and_(
        pc.equal(scene.logs["block_number"], row["block_number"]),
        pc.equal(scene.logs["log_index"], row["log_index"]),
    )
    time = scene.logs.filter(place)["block_time"][0].value // 1_000_000
    why = f"block {row['block_number']} log {row['log_index']} cannot be held: {row['reason']}"
    change = Change(time, row["block_number"], row["log_index"], "undecoded", None, None, None, why)
    return change, why


def entries_of(
    scene: Scene, rows: pa.Table, units: pa.ChunkedArray | pa.Array, zero_to_zero: str = "none"
) -> pa.Table:
    """Return decoded Transfers as entries that moved *units*, a decimal128(38, 0) column; NULL is not known."""
    raw = rows["value"].combine_chunks()
    amount = token_units_column(raw, scene.deployment.decimals or 0)
    zero = pa.scalar(ZERO, pa.string())
    minted, burned = pc.equal(rows["from_address"], zero), pc.equal(rows["to_address"], zero)
    effect = pc.if_else(minted, pc.if_else(burned, zero_to_zero, "mint"), pc.if_else(burned, "burn", "move"))
    why = pc.if_else(pc.is_valid(amount), pa.scalar(None, pa.string()), TOO_LARGE)
    made = {
        "token": pa.repeat(pa.scalar(scene.deployment.token, pa.string()), rows.num_rows),
        "chain_id": pa.repeat(pa.scalar(scene.deployment.chain_id, pa.string()), rows.num_rows),
        "entry": pa.repeat(pa.scalar(0, pa.int64()), rows.num_rows),
        "amount_raw": raw,
        "amount": amount,
        "units": units,
        "effect": effect,
        "why_null": why,
    }
    columns = [made[f.name] if f.name in made else rows[f.name] for f in ENTRY_SCHEMA]
    return pa.table(columns, schema=ENTRY_SCHEMA)


def _changes(scene: Scene, entries: pa.Table, broken: Break | None) -> list[Change]:
    """Return the totals after each mint and burn: opening 0, plus mints, minus burns."""
    moved = pc.is_in(entries["effect"], value_set=pa.array(["mint", "burn"]))
    names = ["block_time", "block_number", "log_index", "effect", "units"]
    columns = [column.to_pylist() for column in entries.select(names[1:]).filter(moved).columns]
    times = pc.divide(entries["block_time"].filter(moved).cast(pa.int64()), 1_000_000).to_pylist()
    why, total = scene.run.why_null, 0
    changes: list[Change] = []
    for time, block, log, effect, units in zip(times, *columns, strict=True):
        if broken and why is None and (block, log) > (broken[0].block_number, broken[0].log_index):
            changes.append(broken[0])
            why = broken[1]
        total += int(units) if effect == "mint" else -int(units)
        if why is None and total < 0:
            why = f"{OVERBURNED} from block {block} log {log} on"
        known = None if why else total
        changes.append(Change(time, block, log, effect, known, known, ONE, why))
    if broken and why is None:
        changes.append(broken[0])
    return changes
