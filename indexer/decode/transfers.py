"""ERC-20 Transfers out of raw logs, a column at a time; what cannot be one is told apart with its reason."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from indexer.decode import columns
from indexer.floor import tables
from indexer.floor.tables import DIGITS, arrow_schema

TRANSFER_TOPIC = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
"""keccak256 of Transfer(address,address,uint256)."""

FOUR_TOPICS = "ERC-721 Transfer: four topics"
FEW_TOPICS = "Transfer without two indexed addresses: fewer than three topics"
NOT_ONE_WORD = "Transfer whose data is not one word of 32 bytes"
DIRTY_ADDRESS = "Transfer with an address whose padding is not zero"
TOO_LARGE = f"amount over {DIGITS} digits"

REASONS = (FOUR_TOPICS, FEW_TOPICS, NOT_ONE_WORD, DIRTY_ADDRESS, TOO_LARGE)
"""Why a Transfer is not decoded; where several hold, the first of them is told."""

_SLICE = 1 << 18  # rows decoded at once: bounds the memory and keeps text offsets within 32 bits


class Transfers(NamedTuple):
    """Transfers and the logs with a Transfer's topic that are none, both in the order of the logs.

    *rows*: contract, block_number, block_time, tx_hash, tx_index, log_index, from_address, to_address and
    value, in base units. *undecoded*: block_number, tx_hash, log_index, address, topic0, reason.
    """

    rows: pa.Table
    undecoded: pa.Table


def _fields(table: tables.Table, first: str, last: str) -> list[pa.Field[Any]]:
    """Return the declared columns of *table* from *first* to *last*."""
    declared = arrow_schema(table)
    return [
        declared.field(at)
        for at in range(declared.get_field_index(first), declared.get_field_index(last) + 1)
    ]


_RAW = pa.schema(_fields(tables.LOGS, "block_time", "data")).insert(
    0, arrow_schema(tables.LOGS).field("block_number")
)
ROWS = pa.schema(
    [
        *_fields(tables.TRANSFERS, "contract", "log_index"),
        *_fields(tables.TRANSFERS, "from_address", "to_address"),
        pa.field("value", pa.decimal128(DIGITS, 0), nullable=False),
    ]
)
UNDECODED = pa.schema(_fields(tables.UNDECODED, "block_number", "reason"))


def decode_transfers(logs: pa.Table, topic: bytes = TRANSFER_TOPIC, words: int = 1) -> Transfers:
    """Return the Transfers among *logs* (columns of ``logs``); rows with another first topic are ignored.

    Strict on purpose: exactly three topics, exactly 32 bytes of data, addresses whose twelve bytes of
    padding are zero. eth-abi reads past trailing bytes and refuses dirty padding; a log that only a
    lenient reader takes is not what an ERC-20 emits, so both go to *undecoded* rather than into a ledger.

    A log of the same layout with another *topic*, such as the shares of a Transfer, is read the same way:
    *words* is the length of its data, whose first word is the value.
    """
    parts = [_decode(logs.slice(first, _SLICE), topic, words) for first in range(0, logs.num_rows, _SLICE)]
    return Transfers(
        pa.concat_tables([ROWS.empty_table(), *(part.rows for part in parts)]),
        pa.concat_tables([UNDECODED.empty_table(), *(part.undecoded for part in parts)]),
    )


def _decode(logs: pa.Table, topic: bytes, words: int) -> Transfers:
    logs = logs.select(_RAW.names).cast(_RAW).combine_chunks()
    named = columns.present(logs["topic0"]) & columns.equal(columns.fixed(logs["topic0"]), topic)
    reasons = _reasons(logs, words)
    good, bad = named & (reasons == 0), np.flatnonzero(named & (reasons > 0))
    undecoded = _undecoded(logs.take(bad), reasons[bad]) if len(bad) else UNDECODED.empty_table()
    return Transfers(_rows(logs, np.flatnonzero(good)), undecoded)


def _reasons(logs: pa.Table, words: int) -> npt.NDArray[np.int8]:
    """Return for each log 0 or the place in REASONS, from 1, of what keeps it from being a Transfer."""
    long = columns.lengths(logs["data"]) == columns.WORD * words
    from_topic, to_topic = columns.fixed(logs["topic1"]), columns.fixed(logs["topic2"])
    large = np.zeros(len(long), dtype=np.bool_)
    rows = np.flatnonzero(long)
    large[rows] = ~columns.fits_units(columns.words(logs["data"], rows))
    wrong = (
        columns.present(logs["topic3"]),
        ~columns.present(logs["topic2"]),
        ~long,
        ~(columns.clean_addresses(from_topic) & columns.clean_addresses(to_topic)),
        large,
    )
    reasons = np.zeros(len(long), dtype=np.int8)
    for number in range(len(REASONS), 0, -1):
        reasons[wrong[number - 1]] = number
    return reasons


def _rows(logs: pa.Table, rows: npt.NDArray[np.int64]) -> pa.Table:
    """Return the logs in *rows*, which are Transfers, as rows of ROWS."""
    numbers = logs.select(["block_number", "block_time", "tx_index", "log_index"]).take(rows)
    arrays: list[columns.Column] = [
        columns.address_text(columns.fixed(logs["address"])[rows]),
        numbers["block_number"],
        numbers["block_time"],
        columns.hex_text(columns.fixed(logs["tx_hash"])[rows]),
        numbers["tx_index"],
        numbers["log_index"],
        columns.address_text(columns.fixed(logs["topic1"])[rows]),
        columns.address_text(columns.fixed(logs["topic2"])[rows]),
        columns.units(columns.words(logs["data"], rows)),
    ]
    return pa.Table.from_arrays(arrays, schema=ROWS)


def _undecoded(logs: pa.Table, reasons: npt.NDArray[np.int8]) -> pa.Table:
    """Return logs that are no Transfers as rows of UNDECODED."""
    arrays: list[columns.Column] = [
        logs["block_number"],
        columns.hex_text(columns.fixed(logs["tx_hash"])),
        logs["log_index"],
        columns.address_text(columns.fixed(logs["address"])),
        columns.hex_text(columns.fixed(logs["topic0"])),
        pa.array(REASONS, pa.string()).take(reasons - 1),
    ]
    return pa.Table.from_arrays(arrays, schema=UNDECODED)
