"""The command: each part that was asked for is made and written to its place in docs/."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from indexer.floor.dictionary import dbt_sources
from indexer.floor.tables import BOOK, DERIVED, DIMENSIONS, METRICS

from . import picture, tables

DOCS = Path(__file__).resolve().parents[2] / "docs"
PARTS: Mapping[str, tuple[Path, Callable[[], str]]] = {
    "tables": (DOCS / "tables.md", tables.page),
    "sources": (DOCS / "dbt" / "sources.yml", lambda: dbt_sources((*METRICS, *DERIVED, *DIMENSIONS, *BOOK))),
    "picture": (DOCS / "img" / "demo.svg", picture.demo),
}


def main(arguments: Sequence[str]) -> int:
    """Write the parts and return 0."""
    parser = argparse.ArgumentParser(prog="docs", description="Write the parts of docs/ that are made.")
    parser.add_argument("--only", choices=sorted(PARTS), help="this part and no other")
    only = parser.parse_args(arguments).only
    for name in [only] if only else PARTS:
        path, make = PARTS[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(make(), encoding="utf-8")
        print(f"docs/{path.relative_to(DOCS)} is written.")
    return 0
