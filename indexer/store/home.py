"""A home: one folder, one writer at a time, any number of readers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.floor.errors import HomeBusy
from indexer.store.trouble import store_errors


@contextmanager
def writing(home: Path) -> Iterator[None]:
    """Hold *home* for writing; raises HomeBusy at once where another writer holds it.

    The lock is the operating system's, so a killed writer leaves none behind.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only writers pay for it

    with store_errors(f"making the home {home}"):
        home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "writer.lock", timeout=0)
    with store_errors(f"locking the home {home}"):
        try:
            lock.acquire()
        except Timeout:
            raise HomeBusy(
                f"Another rwa process is writing to {home}; wait until it ends, or choose another --home. "
                "Reading commands work meanwhile."
            ) from None
    try:
        yield
    finally:
        lock.release()
