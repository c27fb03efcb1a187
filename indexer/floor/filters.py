"""What one log request asks for. A filter is named by its digest, so that progress can be booked on it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple


class Filter(NamedTuple):
    """Contracts of one chain, sorted lower-case 0x text, with the same first topics; None asks for all logs."""

    chain_id: str
    addresses: tuple[str, ...]
    topics: tuple[str, ...] | None = None

    @property
    def id(self) -> str:
        """The digest that names the filter: sixteen hex characters."""
        return hashlib.sha256(f"{self.chain_id} {self.body}".encode()).hexdigest()[:16]

    @property
    def body(self) -> str:
        """The JSON list of [address, topic0 or null] that the book keeps."""
        pairs = [[a, t] for a in self.addresses for t in (self.topics or (None,))]
        return json.dumps(pairs, separators=(",", ":"))


def filter_of(chain_id: str, addresses: Iterable[str], topics: Iterable[str] | None = None) -> Filter:
    """Return the filter of *addresses* in its one canonical order."""
    chosen = None if topics is None else tuple(sorted({t.lower() for t in topics}))
    return Filter(chain_id, tuple(sorted({a.lower() for a in addresses})), chosen)
