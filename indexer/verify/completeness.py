"""Whether the logs we hold of a block are all that it has, by its header and its receipts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from indexer.floor.filters import Filter
from indexer.sources.bloom import bloom_of, may_hold
from indexer.sources.witness import Header, Receipt
from indexer.verify.receipts import EMPTY_ROOT, UnknownReceipt, receipts_root

Row = Mapping[str, Any]
"""One log in the columns of ``logs``."""


class Judged(NamedTuple):
    """What receipts say of the logs held of one block. *right* has what it should hold, where that is proven.

    *verdict* is pass, exception (the chain itself proves nothing there), failed, or unknown.
    """

    verdict: str
    why: str | None = None
    right: list[dict[str, Any]] | None = None
    added: int = 0
    removed: int = 0


class Forged(NamedTuple):
    """Receipts that are not those of the header: another endpoint has to be asked."""

    why: str


def may_matter(header: Header, wanted: Filter) -> bool:
    """Return whether the header's bloom leaves room for a log of *wanted*."""
    topics = None if wanted.topics is None else [bytes.fromhex(topic[2:]) for topic in wanted.topics]
    return any(may_hold(header.bloom, bytes.fromhex(a[2:]), topics) for a in wanted.addresses)


def bloom_holds(header: Header, held: Sequence[Row]) -> bool:
    """Return whether the header's bloom holds every log in *held*, as a right one must."""
    made = bloom_of((row["address"], [row["topic0"]] if row["topic0"] else []) for row in held)
    return header.bloom & made == made


def judge(
    header: Header, receipts: Sequence[Receipt], held: Sequence[Row], wanted: Filter
) -> Judged | Forged:
    """Return what *receipts* say of the logs *held* of the block of *header*."""
    block = f"block {header.block.number}"
    told = rows_of(header, receipts, wanted)
    try:
        root = receipts_root(receipts)
    except UnknownReceipt as error:
        return Judged("unknown", f"{block}: {error}")
    if root != header.receipts_root:
        return (
            _unproven(header, block, told, held)
            if receipts
            else Forged(f"{block} has no receipts, yet a root")
        )
    if told != list(held):
        added, removed = difference(held, told)
        return Judged("failed", f"{block}: {_counted(added, removed)}", told, added, removed)
    if bloom_of((log.address, log.topics) for receipt in receipts for log in receipt.logs) != header.bloom:
        return Judged(
            "exception", f"{block}: the header's bloom is not that of its logs; its receipts are right", told
        )
    return Judged("pass", None, told)


def _unproven(header: Header, block: str, told: list[dict[str, Any]], held: Sequence[Row]) -> Judged | Forged:
    """Return what can be said where the receipts do not make the root: forged, unless the chain makes none."""
    if header.receipts_root != EMPTY_ROOT:
        return Forged(f"the receipts of {block} do not make the receiptsRoot of its header")
    if told == list(held):
        return Judged("exception", f"{block}: the chain's header carries the receiptsRoot of an empty block")
    added, removed = difference(held, told)
    why = f"{block}: the receipts differ from what is held, and the chain's header proves neither"
    return Judged("failed", why, None, added, removed)


def rows_of(header: Header, receipts: Sequence[Receipt], wanted: Filter) -> list[dict[str, Any]]:
    """Return the logs of *wanted* that *receipts* hold, as rows of ``logs`` in the order of the block."""
    addresses = {bytes.fromhex(address[2:]) for address in wanted.addresses}
    first = None if wanted.topics is None else {bytes.fromhex(topic[2:]) for topic in wanted.topics}
    rows = []
    for receipt in receipts:
        for log in receipt.logs:
            if log.address in addresses and (first is None or (log.topics and log.topics[0] in first)):
                topics = dict.fromkeys(("topic0", "topic1", "topic2", "topic3"))
                topics |= {f"topic{n}": topic for n, topic in enumerate(log.topics[:4])}
                rows.append(
                    {
                        "chain_id": wanted.chain_id,
                        "block_number": header.block.number,
                        "block_hash": bytes.fromhex(header.block.hash[2:]),
                        "block_time": datetime.fromtimestamp(header.block.time, UTC).replace(tzinfo=None),
                        "tx_hash": bytes.fromhex(receipt.tx_hash[2:]),
                        "tx_index": receipt.tx_index,
                        "log_index": log.place,
                        "address": log.address,
                        **topics,
                        "data": log.data,
                    }
                )
    return sorted(rows, key=lambda row: row["log_index"])


def difference(held: Sequence[Row], told: Sequence[Row]) -> tuple[int, int]:
    """Return how many logs *told* has beside *held*, and how many of *held* it lacks."""
    ours = {tuple(row.values()) for row in held}
    theirs = {tuple(row.values()) for row in told}
    return len(theirs - ours), len(ours - theirs)


def _counted(added: int, removed: int) -> str:
    parts = []
    if added:
        parts.append(f"{added} {'log is' if added == 1 else 'logs are'} missing")
    if removed:
        parts.append(f"{removed} held {'log is' if removed == 1 else 'logs are'} not the chain's")
    return " and ".join(parts) or "its logs are held in another order"
