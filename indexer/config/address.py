"""EVM addresses as people write them. Everything inside the project is lower-case 0x text."""

from __future__ import annotations

import re
from functools import lru_cache

_SHAPE = re.compile(r"0x[0-9a-fA-F]{40}")
_ZERO = "0x" + "0" * 40


def checksummed(address: str) -> str:
    """Return *address* with the mixed case of EIP-55, which is its checksum."""
    from eth_hash.auto import keccak  # noqa: PLC0415 - loading a hash function is not free

    digits = address[2:].lower()
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(d.upper() if m >= "8" else d for d, m in zip(digits, marks, strict=False))


@lru_cache(maxsize=2**14)
def evm_address(text: str) -> str:
    """Return *text* in lower case; ValueError where it is no EVM address or its checksum is wrong.

    Text in one case has no checksum and is taken as it is. Cached: one address may stand on many chains.
    """
    if not _SHAPE.fullmatch(text):
        raise ValueError("is not an EVM address, which is 0x and 40 hexadecimal digits; copy it again")
    if text.lower() == _ZERO:
        raise ValueError("is the zero address, which stands for minting and burning; name a contract")
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and checksummed(text) != text:
        raise ValueError(
            "has a wrong checksum (EIP-55), so a digit may be wrong; compare it with its source, and write "
            f"{checksummed(text)} if only the case is wrong"
        )
    return text.lower()
