"""What each entry was: the few transactions that a rule can speak of are looked at one by one.

Every other entry is a plain move. So the bulk stays columnar, and Python sees only transactions that change
supply, that log something beside transfers and approvals, or that touch an address with a role.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from indexer.config.model import Deployment
from indexer.decode.abi import Event, Family, Undecodable, decode_event, load_family
from indexer.floor.tables import TRANSFERS, UNDECODED, arrow_schema
from indexer.ledger.figures import rows_of
from indexer.ledger.holdings import holdings
from indexer.ledger.placed import read_logs, undecoded_row
from indexer.ledger.reasons import OPENINGS, classify
from indexer.ledger.scene import Needs, Scene, TxWanted
from indexer.ledger.told import families_of
from indexer.ledger.values import Context, Entry, Tx, Verdict

_ROUTINE = {"Transfer", "Approval", "TransferShares", "TxShares"}
_PLAIN = Verdict("transfer", "move@1", "default")
_COLUMNS = ("reason", "rule", "evidence", "party", "link", "other_chain")


class Attributed(NamedTuple):
    """``transfers`` whole, and the companion logs that could not be decoded."""

    transfers: pa.Table
    undecoded: pa.Table


def attribute(scene: Scene, entries: pa.Table) -> Attributed | Needs:
    """Return *entries* with reason, rule and evidence, or the calls that the rules need first."""
    families = families_of(scene)
    entry_keys, log_keys = _keys(entries), _keys(scene.logs)
    chosen = _interesting(scene, entries, families, entry_keys, log_keys)
    events, undecoded = _events(scene, families, np.flatnonzero(np.isin(log_keys, chosen)))
    txs = _transactions(scene, entries, events, (chosen, entry_keys))
    context = Context(
        scene.token,
        scene.deployment,
        roles_at(scene.deployment),
        holdings(entries, complete=scene.run.holds_start),
        _opened(events),
    )
    verdicts: dict[int, Verdict] = {}
    wanted: list[TxWanted] = []
    for tx in txs:
        said = classify(tx, context)
        if said is None:
            wanted.append(_wanted(scene, tx, log_keys))
        else:
            verdicts.update({entry.row: verdict for entry, verdict in zip(tx.entries, said, strict=True)})
    if wanted:
        return Needs(transactions=tuple(wanted))
    return Attributed(_with_verdicts(entries, verdicts), rows_of(UNDECODED, undecoded))


def roles_at(deployment: Deployment) -> Callable[[str, int], frozenset[str]]:
    """Return the function from an address and a time in seconds to its roles then."""
    by_address: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for role in deployment.roles:
        start = -np.inf if role.start is None else role.start.replace(tzinfo=UTC).timestamp()
        end = np.inf if role.end is None else role.end.replace(tzinfo=UTC).timestamp()
        by_address[role.address].append((start, end, role.role))

    def at(address: str, time: int) -> frozenset[str]:
        return frozenset(role for start, end, role in by_address.get(address, ()) if start <= time < end)

    return at


def _keys(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return one integer per row that names its transaction: block and position."""
    block = rows["block_number"].to_numpy()
    index = rows["tx_index"].to_numpy()
    return np.asarray(_key(block, index), dtype=np.int64)


def _key(block: Any, index: Any) -> Any:
    return block * (1 << 22) + index


def _interesting(
    scene: Scene,
    entries: pa.Table,
    families: Mapping[str, Family],
    entry_keys: np.ndarray,
    log_keys: np.ndarray,
) -> np.ndarray:
    """Return the sorted keys of the transactions that rules may speak of."""
    specs = [s for family in families.values() for known in family.events.values() for s in known]
    telling = {s.topic0 for s in specs if s.name not in _ROUTINE}
    loud = pc.is_in(scene.logs["topic0"], value_set=pa.array(sorted(telling), pa.binary(32)))
    supply = pc.not_equal(entries["effect"], "move")
    known = pa.array(sorted({*families, *(role.address for role in scene.deployment.roles)}), pa.string())
    touched = pc.or_(
        pc.is_in(entries["from_address"], value_set=known), pc.is_in(entries["to_address"], value_set=known)
    )
    mine = pc.or_(supply, touched).to_numpy()
    return np.unique(np.concatenate([entry_keys[mine], log_keys[loud.to_numpy()]]))


def _opened(events: Mapping[int, list[Event]]) -> Mapping[tuple[str, object], Event]:
    """Return, by contract and id, the events that later ones name by their id alone."""
    return {
        (event.contract, event.args[OPENINGS[event.name]]): event
        for told in events.values()
        for event in told
        if event.name in OPENINGS
    }


def _transactions(
    scene: Scene, entries: pa.Table, events: Mapping[int, list[Event]], keys: tuple[np.ndarray, np.ndarray]
) -> list[Tx]:
    """Return the chosen transactions that have entries, in order."""
    chosen, entry_keys = keys
    rows = np.flatnonzero(np.isin(entry_keys, chosen))
    names = ["block_number", "tx_hash", "tx_index", "contract", "log_index", "from_address", "to_address"]
    picked = entries.take(pa.array(rows))
    seconds = pc.divide(picked["block_time"].cast(pa.int64()), 1_000_000).to_pylist()
    columns = [picked[name].to_pylist() for name in (*names, "amount_raw", "units", "effect")]
    grouped: dict[int, list[Entry]] = defaultdict(list)
    heads: dict[int, tuple[str, int, int, int]] = {}
    for row, time, block, tx_hash, index, contract, log_index, sender, receiver, raw, units, effect in zip(
        rows.tolist(), seconds, *columns, strict=True
    ):
        key = int(entry_keys[row])
        heads[key] = (tx_hash, block, time, index)
        amounts = (None if raw is None else int(raw), effect, None if units is None else int(units))
        grouped[key].append(Entry(row, contract, log_index, sender, receiver, *amounts))
    return [
        Tx(
            *head,
            tuple(grouped[key]),
            tuple(events.get(key, ())),
            scene.calls.get(head[0]),
            head[0] in scene.calls,
        )
        for key, head in sorted(heads.items())
    ]


def _events(
    scene: Scene, families: Mapping[str, Family], rows: np.ndarray
) -> tuple[dict[int, list[Event]], list[dict[str, object]]]:
    """Return the decoded events of the log *rows* by their transaction's key, and the rows of ``undecoded``."""
    events: dict[int, list[Event]] = defaultdict(list)
    undecoded: list[dict[str, object]] = []
    told = {topic for topic, name in families[scene.deployment.address].topics.items() if name in _ROUTINE}
    strange = set(load_family(("erc20",)).topics)
    for place, raw in read_logs(scene.logs.take(pa.array(rows))):
        family = families.get(raw.address)
        event = None if family is None else decode_event(family, raw)
        if isinstance(event, Undecodable):
            # The accrual tells the token's own; a companion may be no ERC-20 and use its words.
            passed = told if raw.address == scene.deployment.address else strange
            if raw.topics[0] not in passed:
                undecoded.append(undecoded_row(scene, place, raw, event.reason))
        elif event is not None:
            events[_key(place.block, place.tx_index)].append(event)
    return events, undecoded


def _wanted(scene: Scene, tx: Tx, log_keys: np.ndarray) -> TxWanted:
    # Logs stand in block order, so keys are sorted and the transaction's first log is found at once.
    first = int(np.searchsorted(log_keys, _key(tx.block_number, tx.tx_index)))
    block_hash = scene.logs["block_hash"][first].as_py()
    return TxWanted(tx.block_number, f"0x{block_hash.hex()}", tx.hash, tx.tx_index)


def _with_verdicts(entries: pa.Table, verdicts: Mapping[int, Verdict]) -> pa.Table:
    """Return *entries* with the six columns of interpretation; rows without a verdict are plain moves."""
    columns = {name: _column(entries.num_rows, verdicts, name, getattr(_PLAIN, name)) for name in _COLUMNS}
    schema = arrow_schema(TRANSFERS)
    return pa.table(
        [columns.get(f.name, entries[f.name] if f.name in entries.column_names else None) for f in schema],
        schema=schema,
    )


def _column(rows: int, verdicts: Mapping[int, Verdict], name: str, usual: str | None) -> pa.Array:
    words: list[str | None] = list(dict.fromkeys([usual, *(getattr(v, name) for v in verdicts.values())]))
    place = {word: code for code, word in enumerate(words)}
    codes = np.zeros(rows, dtype=np.int32)
    if verdicts:
        at: Sequence[int] = list(verdicts)
        codes[at] = [place[getattr(verdicts[row], name)] for row in at]
    return pa.array(words, pa.string()).take(pa.array(codes))
