"""The receiptsRoot of a block, recomputed from its receipts as a node tells them.

A header's receiptsRoot commits to every receipt with all its logs, so receipts that make it are all there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from indexer.floor.errors import Permanent
from indexer.sources.bloom import bloom_of
from indexer.sources.witness import Receipt

EMPTY_ROOT = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
"""The root of a trie that holds nothing."""

PLAIN_TYPES = frozenset({0x1, 0x2, 0x3, 0x4, 0x64, 0x65, 0x66, 0x68, 0x69, 0x6A, 0x78})
"""Types that encode as type byte and the four usual fields: EIP-2930, 1559, 4844, 7702, and those that
Arbitrum adds (0x64 to 0x6a, 0x78), which its node writes the same way."""

DEPOSIT = 0x7E
"""A deposit of the OP stack: the four fields, then from Regolith on the sender's nonce, from Canyon on a version."""


class UnknownReceipt(Permanent):
    """A receipt of a kind whose encoding is not known here, so that nothing can be said of its block."""


def receipts_root(receipts: Sequence[Receipt]) -> str:
    """Return the root of the trie of *receipts*, in their order; UnknownReceipt where one cannot be encoded."""
    import rlp  # noqa: PLC0415 - only audits pay for these two
    from trie.hexary import HexaryTrie  # noqa: PLC0415

    trie: Any = HexaryTrie({}, prune=True)  # its methods carry no types
    for place, receipt in enumerate(receipts):
        trie.set(rlp.encode(place), encoded(receipt))
    return f"0x{trie.root_hash.hex()}"


def encoded(receipt: Receipt) -> bytes:
    """Return *receipt* as the trie holds it: RLP, behind the byte of its type where it has one (EIP-2718)."""
    import rlp  # noqa: PLC0415 - only audits pay

    if receipt.type not in (0, DEPOSIT) and receipt.type not in PLAIN_TYPES:
        raise UnknownReceipt(
            f"the receipt of transaction {receipt.tx_hash} has type {receipt.type:#x}, whose encoding is not known here"
        )
    logs = [[log.address, list(log.topics), log.data] for log in receipt.logs]
    bloom = bloom_of((log.address, log.topics) for log in receipt.logs)
    body = [_outcome(receipt), receipt.gas, bloom.to_bytes(256, "big"), logs]
    if receipt.type == DEPOSIT and receipt.deposit_version is not None:
        body += [receipt.deposit_nonce or 0, receipt.deposit_version]
    kind = bytes([receipt.type]) if receipt.type else b""
    return kind + bytes(rlp.encode(body))


def _outcome(receipt: Receipt) -> bytes:
    """Return the first field: the state root before Byzantium, since then 1 or nothing."""
    if receipt.state_root is not None:
        return receipt.state_root
    if receipt.status is None:
        raise UnknownReceipt(
            f"the receipt of transaction {receipt.tx_hash} tells neither a status nor a state root"
        )
    return b"\x01" if receipt.status else b""
