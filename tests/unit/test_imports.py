"""The one direction of the house: a room imports only from rooms to its left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[2] / "indexer"
ROOMS = (
    "floor", "config", "sources", "store", "decode", "ledger", "metrics", "verify", "sync", "serve", "cli",
)  # fmt: skip


class Import(NamedTuple):
    """One import of the project by a module of a room; *line* is where it stands."""

    module: str
    line: int
    imported: str


def imports(module: str, source: str) -> Iterator[Import]:
    """Yield every import of the project in *source*, those inside functions too."""
    package = module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(module, node.lineno, f"{base}.{alias.name}")


def against_the_direction(module: str, source: str) -> list[str]:
    """Return a sentence for each import of *module* that points to its right, or to no room."""
    here = place(module)
    out = []
    for found in imports(module, source):
        if found.imported.split(".")[0] != "indexer":
            continue
        there = place(found.imported)
        if there is None or here is None or there > here:
            out.append(f"{module} line {found.line} imports {found.imported}")
    return out


def place(module: str) -> int | None:
    """Return how far right a module stands; None where its room is not on the list."""
    parts = module.split(".")
    if len(parts) > 1 and parts[1] in ROOMS:
        return ROOMS.index(parts[1])
    return len(ROOMS) if len(parts) <= 2 else None


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts), path


def test_every_folder_is_a_room() -> None:
    """A folder of the package with code is one of the rooms of the line."""
    folders = {path.relative_to(PACKAGE).parts[0] for _, path in modules() if path.parent != PACKAGE}
    assert folders == set(ROOMS)


def test_rooms_import_only_leftwards() -> None:
    """No module imports from a room to its right, at its top or inside a function."""
    wrong = [line for name, path in modules() for line in against_the_direction(name, path.read_text())]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "from indexer.sync.backfill import backfill",
        "import indexer.cli.main",
        "def late():\n    from indexer.sync import backfill",
        "from ..sync import raw",
        "from indexer import sync",
        "from indexer.utils.misc import helper",
    ],
)
def test_an_import_to_the_right_is_found(source: str) -> None:
    """Each way of writing an import to the right, or of no room, is found in a module of the store."""
    assert len(against_the_direction("indexer.store.made_up", source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from indexer.floor.errors import Usage",
        "from . import lake",
        "from indexer.store import lake",
        "import pyarrow as pa",
        "from indexerish import sync",
    ],
)
def test_an_import_to_the_left_is_fine(source: str) -> None:
    """An import from the room itself, from one to its left or from outside is none to complain of."""
    assert against_the_direction("indexer.store.made_up", source) == []
