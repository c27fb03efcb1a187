"""What a user asked for, and how the work says where it stands."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple, Protocol

from indexer.config.model import Registry, Token
from indexer.config.settings import Settings
from indexer.floor.errors import Usage
from indexer.store.read import read_book
from indexer.sync.restating import LATE

HELD = "home"
"""Owner of the claims that name the tokens of a home, fetched or not."""


class Order(NamedTuple):
    """One backfill. *first* None is each deployment's start; *last* is a block, a day (its end), or a tag. *cause* is
    why published figures may change."""

    tokens: tuple[Token, ...]
    chains: tuple[str, ...] | None = None
    first: int | date | None = None
    last: int | date | str = "finalized"
    verify: bool = True
    reads: bool = True
    workers: int = 4
    cause: str = LATE
    proof: str = "end_block"


class Progress(Protocol):
    """Where long work says how far it is."""

    def start(self, stage: str, total: int, unit: str) -> None: ...

    def advance(self, stage: str, amount: int) -> None: ...

    def note(self, text: str) -> None: ...


class Result(NamedTuple):
    """How far one token on one chain is."""

    token: str
    chain: str
    chain_id: str
    frontier_block: int | None
    frontier_time: datetime | None
    verdict: str | None
    note: str | None


class Outcome(NamedTuple):
    """What a run reached; *open_spans* has a sentence for each span that no endpoint could serve, *halted* one for
    each chain that contradicts what was final."""

    results: tuple[Result, ...]
    open_spans: tuple[str, ...] = ()
    halted: tuple[str, ...] = ()
    requests: int = 0

    @property
    def mismatch(self) -> bool:
        return any(result.verdict == "fail" for result in self.results)


def tokens_of_home(settings: Settings, registry: Registry) -> tuple[Token, ...]:
    """Return the tokens that this home holds; Usage with an example where it holds none."""
    held: set[str] = set()
    try:
        book = read_book(settings.home, settings.database)
        held = set(book["derivations"].column("token").to_pylist())
        held |= {row["claim"].split()[1] for row in book["claims"].to_pylist() if row["owner"] == HELD}
    except Usage:
        held = set()
    if not held:
        raise Usage(
            "This home has no tokens yet; name some, for example `rwa backfill ustb tbill`, or take all "
            "with --all. `rwa tokens` lists them."
        )
    return tuple(token for token in registry.tokens.values() if token.id in held)
