"""What a broken disk or database is called: one sentence that says what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from indexer.floor.errors import StoreUnusable

_REMEDIES = {
    errno.ENOSPC: "the disk is full; free some space and run the same command again",
    errno.EDQUOT: "the disk quota is used up; free some space and run the same command again",
    errno.EROFS: "the file system is read-only; choose another --home or mount it for writing",
    errno.EACCES: "permission is denied; choose another --home or mend its owner",
    errno.EPERM: "permission is denied; choose another --home or mend its owner",
}
_PHRASES = (
    ("disk is full", "the disk is full; free some space and run the same command again"),
    ("readonly", "the database is read-only; choose another --home or mend its owner"),
    ("not a database", "the file is damaged; move it away and run `rwa backfill` again"),
    ("malformed", "the file is damaged; move it away and run `rwa backfill` again"),
    ("locked", "another program holds it; close that program and run the same command again"),
    ("unable to open", "it cannot be opened; check that the folder exists and may be written"),
)


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Turn errors of the disk or the database into StoreUnusable; *doing* says what was being done."""
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - the read path does not import SQLAlchemy

    try:
        yield
    except DBAPIError as error:
        raise StoreUnusable(_sentence(doing, str(error.orig))) from error
    except pa.ArrowInvalid as error:
        raise StoreUnusable(_sentence(doing, str(error))) from error
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0)
        raise StoreUnusable(f"While {doing}: {remedy or error.strerror or error}.") from error


def _sentence(doing: str, said: str) -> str:
    low = said.lower()
    for phrase, remedy in _PHRASES:
        if phrase in low:
            return f"While {doing}: {remedy}."
    return f"While {doing}, the store said: {said.splitlines()[0][:200] if said else 'nothing'}."
