"""The hash of a header, recomputed from its fields: then all that it says is what the chain has at that hash."""

from __future__ import annotations

from collections.abc import Iterator

from eth_hash.auto import keccak

from indexer.sources.witness import RawHeader

_FIXED = (
    "parent_hash",
    "sha3_uncles",
    "miner",
    "state_root",
    "transactions_root",
    "receipts_root",
    "logs_bloom",
)
_COUNTED = ("difficulty", "number", "gas_limit", "gas_used", "timestamp")
_LATER = (
    ("base_fee_per_gas", True),
    ("withdrawals_root", False),
    ("blob_gas_used", True),
    ("excess_blob_gas", True),
    ("parent_beacon_block_root", False),
    ("requests_hash", False),
)
"""What London, Shanghai, Cancun and Prague appended, in order, and whether it is a number."""


def recomputes(header: RawHeader) -> bool:
    """Return whether the header's fields make its hash, as they do on Ethereum and the chains built like it.

    False says that the header was tampered with, or that the chain makes its hash otherwise.
    """
    import rlp  # noqa: PLC0415 - only audits pay

    try:
        fields = list(_fields(header))
    except (TypeError, ValueError):
        return False  # a field that every Ethereum header has is missing or is no hex
    return f"0x{keccak(rlp.encode(fields)).hex()}" == header.hash.lower()


def _fields(header: RawHeader) -> Iterator[bytes]:
    for name in _FIXED:
        yield _bytes(getattr(header, name))
    for name in _COUNTED:
        yield _number(getattr(header, name))
    for name in ("extra_data", "mix_hash", "nonce"):
        yield _bytes(getattr(header, name))
    for name, counted in _LATER:
        value = getattr(header, name)
        if value is not None:
            yield _number(value) if counted else _bytes(value)


def _bytes(text: str | None) -> bytes:
    if text is None or not text.startswith("0x"):
        raise ValueError(text)
    return bytes.fromhex(text[2:])


def _number(text: str | None) -> bytes:
    if text is None:
        raise ValueError(text)
    number = int(text, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
