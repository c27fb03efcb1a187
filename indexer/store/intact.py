"""Whether what lies on disk is what was written: nothing here is believed that was not looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from indexer.floor.errors import StoreUnusable

DIGEST_BYTES = 8
REPAIR = "Run `rwa repair --store`: it says what is lost, and what makes it again."
UPGRADE = (
    "was written by a newer version of rwa-indexer, and nothing was changed. "
    "Upgrade: pip install -U rwa-indexer."
)


class Flaw(NamedTuple):
    """What is wrong with one file of the lake."""

    path: str
    what: str


def digest(body: bytes | memoryview) -> str:
    """Return the digest of a file's content, with which its name ends."""
    return hashlib.blake2b(body, digest_size=DIGEST_BYTES).hexdigest()


def named_digest(path: str) -> str:
    """Return the digest that the name of *path* ends in."""
    return Path(path).stem.rpartition("-")[2]


def flaw_of(folder: Path, path: str) -> Flaw | None:
    """Return what is wrong with the file *path* below *folder*; None where its content is what its name says."""
    try:
        with (folder / path).open("rb") as file:
            found = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES))
    except (FileNotFoundError, NotADirectoryError):
        return Flaw(path, "is missing")
    except OSError as error:
        return Flaw(path, f"cannot be read ({error.strerror or type(error).__name__})")
    if found.hexdigest() != named_digest(path):
        return Flaw(path, "is damaged: its content is not the one that its name tells")
    return None


def flaws(folder: Path, paths: Iterable[str]) -> Iterator[Flaw]:
    """Yield the flaws of the files *paths* below *folder*; digests are computed side by side."""
    with ThreadPoolExecutor() as pool:
        yield from filter(None, pool.map(lambda path: flaw_of(folder, path), paths))


def unusable(flaw: Flaw) -> StoreUnusable:
    """Return what to say of a file that is missing or damaged."""
    return StoreUnusable(f"The file {flaw.path} of the lake {flaw.what}. {REPAIR}")


def known_revisions() -> frozenset[str]:
    """Return the revisions of the database's schema that this version knows."""
    versions = Path(__file__).parent / "migrations" / "versions"
    return frozenset(file.name.partition("_")[0] for file in versions.glob("[0-9]*_*.py"))


def check_revision(held: str | None, whose: str) -> None:
    """Raise StoreUnusable where the database *whose* has a schema that this version does not know."""
    if held is not None and held not in known_revisions():
        raise StoreUnusable(
            f"{whose} {UPGRADE} Its schema is {held}, this version knows {max(known_revisions())}."
        )
