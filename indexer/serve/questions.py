"""A question as somebody typed it, on the command line or in a URL, made into what the answers take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from indexer.config.model import Registry
from indexer.config.select import absent, chains_named, select
from indexer.floor.errors import Usage
from indexer.floor.when import day, instant
from indexer.metrics.answers import ANSWERS, Question
from indexer.metrics.known import as_known

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


class Absent(Usage):
    """The home holds nothing of what is asked."""


class Typed(NamedTuple):
    """What was typed; None where nothing was. *spelled* is how an option is written there: ``--at`` or ``at``."""

    name: str
    product: bool = False
    chains: Sequence[str] = ()
    at: str | None = None
    first: str | None = None
    last: str | None = None
    limit: int | None = None
    basis: str = "total"
    spelled: str = "--{}"
    known_on: str | None = None
    known_as: str = "known-on"

    def option(self, name: str) -> str:
        return self.spelled.format(name)


def question(registry: Registry, typed: Typed) -> Question:
    """Return what *typed* asks; raises Usage where a name is not known or two options contradict each other."""
    at, first, last = (typed.option(name) for name in ("at", "from", "to"))
    if typed.at is not None and (typed.first or typed.last):
        raise Usage(f"{at} asks for one moment, {first} and {last} for days; give one of the two.")
    tokens = select(registry, [typed.name], product=typed.product)
    asked = Question(
        tokens=tuple(token.id for token in tokens),
        chain_ids=tuple(chain.id for chain in chains_named(registry, typed.chains, typed.option("chain")))
        or None,
        at=None if typed.at is None else instant(typed.at, at),
        first=day(first, typed.first),
        last=day(last, typed.last),
        limit=typed.limit,
        basis=typed.basis,
    )
    if asked.first and asked.last and asked.first > asked.last:
        raise Usage(
            f"{first} {typed.first} lies after {last} {typed.last}; give an earlier {first}, or a later {last}."
        )
    return _known(typed, asked)


DAILY = ("supply", "rollforward", "holders", "flows", "nav", "product", "yield")
"""Answers that are told by day, so that it is known what was published of them when."""


def _known(typed: Typed, asked: Question) -> Question:
    """Return *asked* as of the day whose knowledge is asked for: of days only, up to that one."""
    option, at = typed.option(typed.known_as), typed.option("at")
    on = day(option, typed.known_on)
    if on is None:
        return asked
    if asked.at is not None and asked.day is None:
        raise Usage(f"{option} tells days as they were published: give {at} a day, or ask for days.")
    today = datetime.now(UTC).date()
    if on > today:
        raise Usage(f"{option} {on} lies in the future; today is {today}.")
    if asked.day is not None:
        return asked._replace(known_on=on, at=None, first=asked.day, last=asked.day)
    return asked._replace(known_on=on, last=asked.last or on)


def answer(con: duckdb.DuckDBPyConnection, what: str, asked: Question, chains: Sequence[str]) -> pa.Table:
    """Return the rows of the answer *what*; raises Usage where the home holds nothing of what is asked."""
    refuse_absent(con, asked, chains)
    if asked.known_on is not None:
        if what not in DAILY:
            raise Usage(
                f"What was known when is kept of days: {', '.join(DAILY)}. {what} has no such history."
            )
        as_known(con, asked.known_on)
    return ANSWERS[what](con, asked)


def refuse_absent(con: duckdb.DuckDBPyConnection, q: Question, chains: Sequence[str]) -> None:
    """Raise Usage where nothing of *q* is in the home: no rows would read as nothing happened."""
    rows = con.execute(
        "SELECT token, chain_id, chain FROM derivations JOIN chains USING (chain_id)"
    ).fetchall()
    held = [(chain_id, chain) for token, chain_id, chain in rows if token in q.tokens]
    if not held:
        raise Absent(absent(q.tokens))
    if q.chain_ids and not {chain_id for chain_id, _ in held} & set(q.chain_ids):
        has = ", ".join(sorted({chain for _, chain in held}))
        raise Absent(
            f"This home has {' and '.join(q.tokens)} on {has}, not on {', '.join(chains)}; name no chain, or fetch "
            f"that one first: `rwa backfill {' '.join(q.tokens)} --chain {chains[0]}`."
        )


def covered(con: duckdb.DuckDBPyConnection, asked: Question) -> str:
    """Return the sentence that says which days the home has of what was *asked*."""
    names = " and ".join(asked.tokens)
    if asked.known_on is not None:
        return f"Of the days asked nothing of {names} had been published by {asked.known_on}."
    days = (
        "SELECT MIN(day), MAX(day) FROM activity_daily WHERE LIST_CONTAINS(CAST($tokens AS VARCHAR[]), token)"
    )
    first, last = con.execute(days, {"tokens": list(asked.tokens)}).fetchall()[0]
    has = f"from {first} to {last}" if first else "without a day that has an event"
    return f"This home has {names} {has}."
