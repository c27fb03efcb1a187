"""Where the shipped data lies: inside the wheel, or at the top of a checkout."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def _find(packaged: str, checkout: str) -> Path:
    inside = _PACKAGE / "data" / packaged
    return inside if inside.exists() else _PACKAGE.parent / checkout


def abis_dir() -> Path:
    """Return the folder of ABI files."""
    return _find("abis", "abis")


def config_dir() -> Path:
    """Return the folder of the shipped configuration."""
    return _find("config", "config")


@cache
def code_version() -> str:
    """Return the digest of all that turns raw rows into tables: decoders, ledger, metrics and ABI files.

    Where it differs from the one that made the tables, they are made again: nobody has to remember to.
    """
    files = [path for room in ("decode", "ledger", "metrics") for path in (_PACKAGE / room).rglob("*")]
    made_of = sorted(p for p in [*files, *abis_dir().glob("*.json")] if p.suffix in {".py", ".sql", ".json"})
    whole = hashlib.sha256()
    for path in made_of:
        whole.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:12]


def recordings_dir() -> Path:
    """Return the folder of the recorded chains that the demo plays."""
    return _find("recordings", "tests/recordings")
