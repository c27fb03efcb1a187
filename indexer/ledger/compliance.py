"""``compliance_events``: freezes, bans, allow-lists, pauses, seizures, locks, roles, upgrades and settings.

A log is one row, or one for each account that it lists. Text that a contract logs is hostile: in ``detail``
it is plain ASCII, escaped and cut. Ids of investors are written as the hash that entity_wallets has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import pyarrow as pa

from indexer.floor.tables import COMPLIANCE_EVENTS
from indexer.ledger.compliance_shapes import CONTRARY, SHAPES, Shape
from indexer.ledger.entities import pseudonym
from indexer.ledger.figures import held, moment, rows_of
from indexer.ledger.scene import Scene
from indexer.ledger.told import Told

MAX_DETAIL = 400
"""Characters of ``detail``; what is longer ends in three dots."""

MAX_VALUE = 120
"""Characters of one value in it."""

_INVESTORS = frozenset({"holderId", "investorId"})

COMPLIANCE_NAMES = frozenset(SHAPES)


def compliance_events(
    scene: Scene, events: Sequence[Told], upgrades: Sequence[Mapping[str, object]]
) -> pa.Table:
    """Return the table by block; *upgrades* are the rows that state alone tells."""
    rows = [*(row for told in events for row in _rows(scene, told)), *upgrades]
    rows.sort(key=lambda row: (row["block_number"], -1 if row["log_index"] is None else row["log_index"]))
    return rows_of(COMPLIANCE_EVENTS, rows)


def detail_of(scene: Scene, name: str, args: Mapping[str, object]) -> str:
    """Return an event's name and *args* as one short line of plain ASCII."""
    words = [name, *(f"{key}={_shown(scene, key, value)}" for key, value in args.items())]
    return _cut(" ".join(words), MAX_DETAIL)


def _rows(scene: Scene, told: Told) -> Iterator[dict[str, object]]:
    args = told.event.args
    shape = SHAPES.get(told.event.name)
    if shape is None or not _fits(shape, args):
        return
    used = {shape.account, shape.authority, shape.amount, shape.flag}
    amount = None if shape.amount is None else cast("int", args[shape.amount])
    known = held(amount)
    rest = {name: value for name, value in args.items() if name not in used or _is_worth_telling(value)}
    if amount is not None and known is None and shape.amount is not None:
        rest[shape.amount] = amount
    told_of = None if shape.account is None else args[shape.account]
    accounts = told_of if isinstance(told_of, tuple) else (told_of,)
    for account in dict.fromkeys(accounts):
        yield {
            "token": scene.deployment.token,
            "chain_id": scene.deployment.chain_id,
            **told.spot._asdict(),
            "block_time": moment(told.spot.block_time),
            "kind": _kind(shape, args),
            "account": account,
            "authority": None if shape.authority is None else args[shape.authority],
            "amount": known,
            "detail": detail_of(scene, told.event.name, rest),
        }


def _fits(shape: Shape, args: Mapping[str, object]) -> bool:
    names = (shape.account, shape.authority, shape.amount, shape.flag)
    return all(name is None or name in args for name in names)


def _kind(shape: Shape, args: Mapping[str, object]) -> str:
    if shape.flag is None:
        return shape.kind
    flag = args[shape.flag]
    yes = any(flag) if isinstance(flag, tuple) else bool(flag)
    return shape.kind if yes else CONTRARY[shape.kind]


def _is_worth_telling(value: object) -> bool:
    """Say whether a value that a column holds already is told in detail as well: a list of flags."""
    return isinstance(value, tuple) and all(isinstance(flag, bool) for flag in value)


def _shown(scene: Scene, name: str, value: object) -> str:
    if name in _INVESTORS:
        return pseudonym(scene, str(value))
    if isinstance(value, tuple):
        return _cut(f"[{','.join(_shown(scene, '', item) for item in value)}]", MAX_VALUE)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return _cut(f"0x{value.hex()}", MAX_VALUE)
    return _cut(str(value).encode("unicode_escape").decode("ascii"), MAX_VALUE)


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 3]}..."
