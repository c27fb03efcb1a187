"""What a broken disk or database is called: one sentence that says what to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.floor.errors import StoreUnusable

_FULL = "the disk is full{free}; free some space and run the same command again: it goes on where this one stopped"
_READ_ONLY = "it cannot be written; choose another --home, or mount it for writing or mend its owner"
_BROKEN = (
    "the disk cannot be written or read{free}; check it, and whether a limit on the size of files is set, "
    "then run the same command again"
)
_DENIED = "permission is denied; choose another --home or mend its owner"
_LARGE = "the largest size of a file is reached; raise the limit (ulimit -f) and run the same command again"
_DAMAGED = (
    "the database is damaged; run `rwa repair --store`, which sets it aside and makes it again from the lake"
)
_REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: "the disk quota is used up{free}; free some space and run the same command again",
    errno.EFBIG: _LARGE,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.EIO: "the disk answers with an error; check it, copy the home to a sound one and run `rwa repair --store`",
}
_PHRASES = (
    ("disk is full", _FULL),
    ("disk i/o error", _BROKEN),
    ("readonly", _READ_ONLY),
    ("not a database", _DAMAGED),
    ("malformed", _DAMAGED),
    ("locked", "another program holds it; close that program and run the same command again"),
    ("unable to open", "it cannot be opened; check that the folder exists and may be written"),
)


@contextmanager
def store_errors(doing: str, where: Path | None = None) -> Iterator[None]:
    """Turn errors of the disk or the database into StoreUnusable.

    *doing* says what was being done, *where* is the folder whose free space is told when a disk is full.
    """
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - the read path does not import SQLAlchemy

    try:
        yield
    except DBAPIError as error:
        raise StoreUnusable(sentence(doing, str(error.orig), where)) from error
    except pa.ArrowInvalid as error:
        raise StoreUnusable(sentence(doing, str(error), where)) from error
    except UnicodeDecodeError as error:
        raise StoreUnusable(f"While {doing}: {_DAMAGED}.") from error
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, str(error.strerror or error))
        raise StoreUnusable(f"While {doing}: {remedy.replace('{free}', _free(where))}.") from error


def sentence(doing: str, said: str, where: Path | None = None) -> str:
    """Return what to tell of *said*, the words of a database or of Arrow."""
    low = said.lower()
    for phrase, remedy in _PHRASES:
        if phrase in low:
            return f"While {doing}: {remedy.replace('{free}', _free(where))}."
    return f"While {doing}, the store said: {said.splitlines()[0][:200] if said else 'nothing'}."


def _free(where: Path | None) -> str:
    """Return how much is free on the disk of *where*, in brackets; nothing where that cannot be told."""
    if where is None:
        return ""
    try:
        free = shutil.disk_usage(next(one for one in (where, *where.parents) if one.exists())).free
    except (OSError, StopIteration):
        return ""
    return f" ({free / (1 << 20):,.1f} MiB free at {where})"
