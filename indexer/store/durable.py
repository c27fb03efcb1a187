"""Bytes that outlive a crash: written aside, synced, given their name, and the folder's entry synced too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

UNFINISHED = ".part"
"""How a file ends that has not got its name yet."""


def rename(temporary: Path, target: Path) -> None:
    """Give a whole file its name."""
    temporary.replace(target)


def write_whole(target: Path, body: bytes | memoryview, named: Callable[[Path, Path], None] = rename) -> None:
    """Make *target* hold *body*: whoever finds the name finds all of it, also after a power cut.

    *named* gives the file its name: the last step before anything may rest on it.
    """
    made = _folders(target.parent)
    temporary = target.with_name(f".{target.name}.{os.getpid()}{UNFINISHED}")
    try:
        with temporary.open("wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        named(temporary, target)
    except OSError:
        temporary.unlink(missing_ok=True)  # on a full disk what is half-written takes the room
        raise
    for folder in [target.parent, *(folder.parent for folder in made)]:
        sync_folder(folder)


def _folders(folder: Path) -> list[Path]:
    """Make *folder* and what is missing above it; return what was made, the innermost first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def append(target: Path, body: bytes) -> None:
    """Add *body* at the end of *target* and sync it; where that fails the file ends as it did before."""
    with target.open("ab") as out:
        before = out.tell()
        try:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        except OSError:
            out.truncate(before)
            raise


def sync_folder(folder: Path) -> None:
    """Sync the names of a folder: a file's own sync does not keep its name."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)
