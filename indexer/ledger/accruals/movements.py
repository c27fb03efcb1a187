"""Movements of a share token as columns: each Transfer beside the twin log that tells its shares.

Almost every movement is two logs that follow each other and name the same accounts. They are paired here
without an object each; the transactions in which something else stands are left to be read one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode import columns
from indexer.decode.transfers import TRANSFER_TOPIC, decode_transfers
from indexer.ledger.accruals.plain import entries_of, own_logs
from indexer.ledger.figures import order_of
from indexer.ledger.scene import Scene

Numbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_TRANSACTIONS = 1 << 22


class Movements(NamedTuple):
    """*entries* of the movements that are whole, in order, and the *odd* logs: those of the transactions in
    which a Transfer and its twin do not follow each other, whole."""

    entries: pa.Table
    odd: pa.Table


def movements(scene: Scene, twin: bytes, words: int = 1) -> Movements:
    """Return the token's movements; *twin* is the topic of the log of shares, *words* the length of its data.

    An entry has the Transfer's place and amount, and the twin's shares as its units.
    """
    own = own_logs(scene)
    topics = pa.array([TRANSFER_TOPIC, twin], pa.binary(32))
    logs = own.filter(pc.is_in(own["topic0"], value_set=topics)).combine_chunks()
    transfers, shares = decode_transfers(logs).rows, decode_transfers(logs, twin, words).rows
    order = order_of(logs)
    at_transfer, at_shares = (np.searchsorted(order, order_of(rows)) for rows in (transfers, shares))
    kind = np.zeros(len(order), dtype=np.int8)
    kind[at_transfer], kind[at_shares] = 1, 2
    whole, first = _whole(logs, kind)
    second = first + 1
    swapped = kind[first] == 2
    row_of = np.zeros(len(order), dtype=np.int64)
    row_of[at_transfer], row_of[at_shares] = np.arange(len(at_transfer)), np.arange(len(at_shares))
    rows = transfers.take(row_of[np.where(swapped, second, first)])
    units = shares["value"].take(row_of[np.where(swapped, first, second)])
    return Movements(entries_of(scene, rows, units), logs.filter(pa.array(~whole)))


def _whole(logs: pa.Table, kind: npt.NDArray[np.int8]) -> tuple[Mask, Numbers]:
    """Return which logs stand in transactions of whole movements only, and the first log of each movement."""
    count = len(kind)
    if not count:
        return np.zeros(0, dtype=np.bool_), np.zeros(0, dtype=np.int64)
    key = logs["block_number"].to_numpy() * _TRANSACTIONS + logs["tx_index"].to_numpy()
    begins = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    group = np.zeros(count, dtype=np.int64)
    group[begins[1:]] = 1
    group = np.cumsum(group)
    leads = (np.arange(count) - begins[group]) % 2 == 0
    paired = np.zeros(count, dtype=np.bool_)
    paired[:-1] = (key[1:] == key[:-1]) & (kind[1:] + kind[:-1] == 3) & _same_accounts(logs)
    broken = np.zeros(len(begins), dtype=np.bool_)
    broken[group[leads & ~paired]] = True
    whole = ~broken[group]
    return whole, np.flatnonzero(leads & whole)


def _same_accounts(logs: pa.Table) -> Mask:
    """Return where a log names the same accounts as the one after it."""
    same = np.ones(logs.num_rows - 1, dtype=np.bool_)
    for name in ("topic1", "topic2"):
        words = columns.fixed(logs[name])
        same &= (words[1:] == words[:-1]).all(axis=1)
    return same
