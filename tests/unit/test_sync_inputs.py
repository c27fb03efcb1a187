"""Which answers of contracts are kept for good, and which are asked for again."""

from __future__ import annotations

import pytest
from ledger_kit import OTHER, TOKEN, scene

from indexer.floor.spans import BlockRef
from indexer.ledger.scene import ReadWanted
from indexer.sources.evm import CallAnswer
from indexer.sync.inputs import is_final

BLOCK = BlockRef(1, "0x" + "1" * 64, 1)


@pytest.mark.parametrize(
    ("address", "result", "kind", "want"),
    [
        (TOKEN, b"\1", "answered", True),
        (TOKEN, None, "reverted", True),
        (TOKEN, None, "missing-state", False),
        (TOKEN, b"", "answered", False),
        (OTHER, b"", "answered", True),
        (OTHER, None, "missing-state", False),
    ],
)
def test_a_feed_that_was_not_there_yet_is_not_asked_again(
    address: str, result: bytes | None, kind: str, *, want: bool
) -> None:
    """An empty answer says that there is no contract: of another than the token that is an answer for good."""
    read = ReadWanted(BLOCK, address, b"view")
    assert is_final(scene(), read, CallAnswer(result, None, kind, "node")) == want
