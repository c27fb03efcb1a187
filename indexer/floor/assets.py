"""Where the shipped data lies: inside the wheel, or at the top of a checkout."""

from __future__ import annotations

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


def recordings_dir() -> Path:
    """Return the folder of the recorded chains that the demo plays."""
    return _find("recordings", "tests/recordings")
