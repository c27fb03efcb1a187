"""Real mainnet blocks with their receipts, as nodes gave them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[1] / "data"


def block(name: str) -> dict[str, Any]:
    """Return the header of a block in tests/data."""
    return json.loads(gzip.decompress((DATA / name / "block.json.gz").read_bytes()))


def receipts(name: str) -> list[dict[str, Any]]:
    """Return its receipts."""
    return json.loads(gzip.decompress((DATA / name / "receipts.json.gz").read_bytes()))
