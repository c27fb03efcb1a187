"""What contracts tell, for the tests of the tables beside the ledger; events take the names of the ABI files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from ledger_kit import CHAIN_ID, TOKEN, moment, seconds, tx_hash

from indexer.decode.abi import Argument, Event, load_family
from indexer.floor.assets import abis_dir
from indexer.floor.tables import TRANSFERS
from indexer.ledger.figures import rows_of
from indexer.ledger.told import Spot, Told
from indexer.ledger.values import ZERO

FAMILIES = tuple(sorted(path.stem for path in abis_dir().glob("*.json")))
BLANKS = {"address": ZERO, "string": "", "bytes": b"", "bytes32": bytes(32), "bool": False}
NOTHING = rows_of(TRANSFERS, [])
HASH = "0x" + "1d" * 32


def say(
    block: int, index: int, name: str, contract: str = TOKEN, tx: int | None = None, **given: object
) -> Told:
    """Return a decoded log of the shortest layout with those arguments; ``from_`` spells the reserved one."""
    values = {"from" if key == "from_" else key: value for key, value in given.items()}
    named = (spec for specs in load_family(FAMILIES).events.values() for spec in specs if spec.name == name)
    fitting = [spec for spec in named if values.keys() <= {argument.name for argument in spec.arguments}]
    spec = min(fitting, key=lambda spec: len(spec.arguments))
    args = {a.name: values.get(a.name, _blank(a)) for a in spec.arguments}
    place = tx_hash(block, index if tx is None else tx)
    return Told(Spot(contract, block, seconds(block), place, index), Event(contract, index, name, args))


def entry(
    block: int, index: int, sides: tuple[str, str], units: int | None, *, reason: str, tx: int | None = None
) -> dict[str, object]:
    """Return a row of ``transfers``."""
    effect = "mint" if sides[0] == ZERO else "burn" if sides[1] == ZERO else "move"
    return {
        "token": "token", "chain_id": CHAIN_ID, "contract": TOKEN, "block_number": block, "block_time": moment(block),
        "tx_hash": tx_hash(block, index if tx is None else tx), "tx_index": index if tx is None else tx,
        "log_index": index, "entry": 0, "from_address": sides[0], "to_address": sides[1], "amount_raw": units,
        "units": units, "effect": effect, "reason": reason, "rule": "test@1", "evidence": "pattern",
    }  # fmt: skip


def entries(*rows: Mapping[str, object]) -> pa.Table:
    return rows_of(TRANSFERS, rows)


def picked(table: pa.Table, *names: str) -> list[tuple[object, ...]]:
    """Return the rows with those columns only; decimals as integers where they are whole."""
    columns = [table[name].to_pylist() for name in names]
    return [tuple(map(_plain, row)) for row in zip(*columns, strict=True)]


def lines(rows: Sequence[Mapping[str, object]], *names: str) -> list[tuple[object, ...]]:
    return [tuple(_plain(row[name]) for name in names) for row in rows]


def _plain(value: object) -> object:
    whole = hasattr(value, "as_tuple") and value == int(value)  # type: ignore[call-overload]
    return int(value) if whole else value  # type: ignore[call-overload]


def _blank(argument: Argument) -> object:
    return BLANKS.get(argument.type, () if argument.type.endswith("]") else 0)
