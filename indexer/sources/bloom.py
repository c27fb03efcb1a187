"""Block blooms: whether a header's 2048 bits may hold a log, and the bloom that logs make."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from eth_hash.auto import keccak

BITS = 2048
Log = tuple[bytes, Sequence[bytes]]
"""An address and its topics: what a bloom is made of."""


@lru_cache(maxsize=1 << 14)
def mask(item: bytes) -> int:
    """Return the three bits that *item*, an address or a topic, sets."""
    digest = keccak(item)
    return sum({1 << (int.from_bytes(digest[at : at + 2], "big") % BITS) for at in (0, 2, 4)})


def may_hold(bloom: int, address: bytes, topics: Sequence[bytes] | None = None) -> bool:
    """Return whether a log of *address*, with one of *topics* where given, may be among what made *bloom*.

    False is certain on a chain whose blooms are right; True may be chance.
    """
    wanted = mask(address)
    if bloom & wanted != wanted:
        return False
    return topics is None or any(bloom & mask(topic) == mask(topic) for topic in topics)


def bloom_of(logs: Iterable[Log]) -> int:
    """Return the bloom of *logs*: what a right header carries of them."""
    bits = 0
    for address, topics in logs:
        bits |= mask(address)
        for topic in topics:
            bits |= mask(topic)
    return bits
