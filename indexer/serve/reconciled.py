"""A reconciliation as a page that stands alone: printable, without scripts, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

TEMPLATE = Path(__file__).parent / "pages" / "reconciled.html.j2"


class Proof(NamedTuple):
    """Where our figures of one chain come from."""

    chain: str
    chain_id: str
    through_block: str
    through_hash: str
    through_time: str
    final: str
    certificate: str
    code_version: str
    config_digest: str


class Page(NamedTuple):
    """All that the page says, as text."""

    token: str
    symbol: str
    verdict: str
    facts: Sequence[tuple[str, str]]
    proofs: Sequence[Proof]
    counts: Sequence[tuple[str, int]]
    columns: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    refused: Sequence[str]
    notes: Sequence[str]


def page(content: Page) -> str:
    """Return the HTML of a reconciliation."""
    import jinja2  # noqa: PLC0415 - help does not pay for templates

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    return template.render(content._asdict())
