"""Legs of crossings between tables and values: read from ``transfers``, kept in ``bridge_legs``, shown in both.

What the rules said of an entry is kept beside what a match makes of it, so that a match can be taken back and
the tables do not depend on the order in which chains were fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.tables import BRIDGE_LEGS, SCALE
from indexer.ledger.figures import rows_of
from indexer.ledger.matching import IN, OUT, Leg
from indexer.ledger.values import Verdict

Row = dict[str, Any]
Key = tuple[str, int, int]

TOLD = {"bridge_out": OUT, "bridge_lock": OUT, "bridge_in": IN, "bridge_release": IN}
"""Reasons by which a rule says that an entry is one end of a crossing."""

NOT_YET = "the other chains were not looked at yet"
_VERDICT = ("reason", "rule", "evidence", "party", "link", "other_chain")
_SAME = (
    "contract",
    "block_number",
    "block_time",
    "tx_hash",
    "log_index",
    "entry",
    "effect",
    "amount_raw",
    "amount",
)
_RULED = tuple(f"ruled_{name}" for name in _VERDICT)


def told_legs(transfers: pa.Table) -> pa.Table:
    """Return the rows of ``bridge_legs`` that the rules tell, none of them matched yet."""
    mask = pc.is_in(transfers["reason"], value_set=pa.array(list(TOLD)))
    rows = transfers.filter(mask).to_pylist()
    return legs_table(leg_row(row, TOLD[row["reason"]]) for row in rows)


def legs_table(rows: Iterable[Row]) -> pa.Table:
    """Return *rows* as ``bridge_legs``, in the order of the chain."""
    order = [(name, "ascending") for name in ("token", "chain_id", "block_number", "log_index", "entry")]
    return rows_of(BRIDGE_LEGS, list(rows)).sort_by(order)


def leg_row(row: Row, direction: str) -> Row:
    """Return the open leg of an entry as the rules leave it.

    The party of what departs is who gets it, and of what arrives who sent it, where they are not the same.
    """
    out = direction == OUT
    there = row["party"]
    return {
        "token": row["token"],
        "chain_id": row["chain_id"],
        **{name: row[name] for name in _SAME},
        "direction": direction,
        "sender": row["from_address"] if out else there or row["to_address"],
        "receiver": (there or row["from_address"]) if out else row["to_address"],
        "link": row["link"],
        "other_chain": row["other_chain"],
        **{ruled: row[name] for ruled, name in zip(_RULED, _VERDICT, strict=True)},
        "why_null": NOT_YET,
    }


def candidates(transfers: pa.Table) -> Iterator[tuple[Row, str]]:
    """Yield the mints and burns that no rule explains, as open legs with their direction."""
    changes = pc.is_in(transfers["effect"], value_set=pa.array(["mint", "burn"]))
    guessed = pc.or_(
        pc.equal(transfers["evidence"], "default"), pc.equal(transfers["reason"], "unclassified")
    )
    told = pc.is_in(transfers["reason"], value_set=pa.array(list(TOLD)))
    # Picked as columns: a token may have a million mints, nearly all of them explained.
    for row in transfers.filter(pc.and_(changes, pc.and_not(guessed, told))).to_pylist():
        direction = OUT if row["effect"] == "burn" else IN
        yield leg_row(row, direction), direction


def leg_of(row: Row, decimals: int) -> Leg | None:
    """Return the value of an open leg, or None where its amount is not known."""
    if row["amount_raw"] is None:
        return None
    return Leg(
        token=row["token"],
        chain_id=row["chain_id"],
        block_number=row["block_number"],
        block_time=seconds_of(row),
        tx_hash=row["tx_hash"],
        log_index=row["log_index"],
        entry=row["entry"],
        direction=row["direction"],
        amount=int(row["amount_raw"]) * 10 ** (SCALE - decimals),
        sender=row["sender"],
        receiver=row["receiver"],
        link=row["ruled_link"],
        other_chain=row["ruled_other_chain"],
        candidate=row["ruled_reason"] not in TOLD,
    )


def seconds_of(row: Row) -> int:
    """Return the time of a leg's block in seconds."""
    return int(row["block_time"].replace(tzinfo=UTC).timestamp())


def key_of(row: Row) -> Key:
    """Return what names an entry on its chain."""
    return row["tx_hash"], row["log_index"], row["entry"]


def ruled(row: Row) -> Verdict:
    """Return what the rules said of a leg."""
    return Verdict(*(row[name] for name in _RULED))


def joined(row: Row) -> Verdict:
    """Return what a leg is, the match taken into account.

    What a rule told keeps its evidence; what only a match tells says so.
    """
    said = ruled(row)
    if row["matched_by"] is None:
        return said
    link, other = said.link or row["link"], said.other_chain or row["other_chain"]
    if said.reason in TOLD and said.evidence != "default":
        return said._replace(link=link, other_chain=other)
    if row["matched_by"] == "transaction":
        return Verdict("class_swap", "swap-match@1", "match", said.party, link)
    there, here = (
        (row["receiver"], row["sender"]) if row["direction"] == OUT else (row["sender"], row["receiver"])
    )
    reason = said.reason if said.reason in TOLD else f"bridge_{row['direction']}"
    return Verdict(reason, "bridge-match@1", "match", None if there == here else there, link, other)


def as_ruled(transfers: pa.Table, legs: pa.Table) -> pa.Table:
    """Return *transfers* as the rules leave them, without what matches made of the *legs*."""
    return _said(transfers, {key_of(row): ruled(row) for row in legs.to_pylist()})


def as_joined(transfers: pa.Table, legs: pa.Table) -> pa.Table:
    """Return *transfers* with what matches make of the *legs*."""
    return _said(transfers, {key_of(row): joined(row) for row in legs.to_pylist()})


def carried(transfers: pa.Table, told: pa.Table, held: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Return freshly ruled *transfers* and *told* legs with the matches of *held* that still hold.

    What is held of a leg stands as long as the rules say the same of its entry.
    """
    rows = {key_of(row): row for row in told.to_pylist()}
    open_ones = rows | {key_of(row): row for row, _ in candidates(transfers)} if held.num_rows else {}
    same = (*_SAME, *_RULED)
    for row in held.to_pylist():
        fresh = open_ones.get(key_of(row))
        if fresh is not None and all(fresh[name] == row[name] for name in same):
            rows[key_of(row)] = row
    legs = legs_table(rows.values())
    return as_joined(transfers, legs), legs


def _said(transfers: pa.Table, verdicts: Mapping[Key, Verdict]) -> pa.Table:
    """Return *transfers* with *verdicts* in place of what stood at their entries."""
    if not verdicts:
        return transfers
    mine = pc.is_in(transfers["tx_hash"], value_set=pa.array(sorted({key[0] for key in verdicts})))
    places = np.flatnonzero(mine.to_numpy())
    rows = transfers.select(["tx_hash", "log_index", "entry"]).take(pa.array(places)).to_pylist()
    keys = zip(places.tolist(), map(key_of, rows), strict=True)
    at = {place: verdicts[key] for place, key in keys if key in verdicts}
    mask = np.zeros(transfers.num_rows, dtype=bool)
    mask[list(at)] = True
    for name in _VERDICT:
        column = transfers[name].combine_chunks()
        values = pa.array([getattr(verdict, name) for verdict in at.values()], pa.string())
        replaced = pc.replace_with_mask(column, pa.array(mask), values)
        transfers = transfers.set_column(
            transfers.column_names.index(name), transfers.schema.field(name), replaced
        )
    return transfers
