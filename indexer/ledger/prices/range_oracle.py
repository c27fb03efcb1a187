"""The price of a token that Ondo's range oracle tells (USDY, OUSG): one observation a day, exact from its logs.

The arithmetic is in ranges.py. The first range comes from the constructor and is in no log: it is read by
``ranges(0)`` once, or its days by ``getPrice``, or their price is None with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from indexer.config.model import Price
from indexer.decode.abi import selector_of
from indexer.ledger.prices.asked import as_read, asked_daily
from indexer.ledger.prices.observation import Observation
from indexer.ledger.prices.ranges import (
    Range,
    Ranges,
    changed,
    days,
    price_at,
    range_of,
    reverts,
)
from indexer.ledger.prices.told import Told, logs_from, told
from indexer.ledger.scene import Needs, ReadWanted, Scene

_FAMILY = ("ondo_range_oracle",)
_EVENTS = ("RangeSet", "RangeOverriden", "Paused", "Unpaused")
UNKNOWN = "the oracle's first range is in no log, and was not read"
REVERTS = "the oracle's own numbers do not fit its arithmetic, so it reverts"
PAUSED = "the oracle is paused"


class Regime(NamedTuple):
    """The oracle's state between two logs, in seconds: its ranges, and whether it is paused."""

    since: int
    until: int
    log: Told | None
    ranges: Ranges
    is_paused: bool


def range_oracle(scene: Scene, price: Price) -> list[Observation] | Needs:
    """Return the price at each of the oracle's logs and at the start of each of its days up to the frontier.

    The oracle's first log of any kind says from when it was there; before that it told nobody a price.
    """
    oracle = price.contract or scene.deployment.address
    every = logs_from(scene, oracle)
    if every.num_rows == 0:
        return []
    start = int(every["block_time"][0].value) // 1_000_000
    logs = told(scene, oracle, _FAMILY, _EVENTS)
    first = _first_range(scene, oracle, logs, start)
    if isinstance(first, Needs):
        return first
    regimes = list(_regimes(logs, start, first, scene.run.frontier.time))
    return _with_reads(scene, oracle, regimes, [one for regime in regimes for one in _observed(regime)])


def _first_range(scene: Scene, oracle: str, logs: list[Told], start: int) -> Range | Needs | None:
    """Return the range of the constructor, where a day of the token needs it and it may be read.

    The view answers what is stored now, so it tells nothing where a log has overridden that range.
    """
    indices = [
        (log.event.name, log.number("index")) for log in logs if log.event and "index" in log.event.args
    ]
    others = [log.number("start") for log in logs if log.event and log.event.name == "RangeSet"]
    needed = not others or min(others) > start
    if "ranges" not in scene.deployment.reads or ("RangeOverriden", 0) in indices or not needed:
        return None
    call = selector_of(_FAMILY, "ranges(uint256)") + bytes(32)
    key = (scene.run.frontier.number, oracle, call)
    if key not in scene.reads:
        return Needs(reads=(ReadWanted(scene.run.frontier, oracle, call),))
    return range_of(scene.reads[key])


def _regimes(logs: list[Told], start: int, first: Range | None, frontier: int) -> Iterator[Regime]:
    """Yield the oracle's states in order; a log that cannot be read ends what is known."""
    held = Regime(start, frontier, None, (first,), is_paused=False)
    for log in logs:
        if held.log or held.since < log.time:
            yield held._replace(until=log.time - 1)
        if log.event is None:
            held = Regime(log.time, frontier, log, (), is_paused=False)
            break
        is_paused, ranges = held.is_paused, held.ranges
        if log.event.name in ("Paused", "Unpaused"):
            is_paused = log.event.name == "Paused"
        else:
            ranges = changed(ranges, log.event)
        held = Regime(log.time, frontier, log, ranges, is_paused)
    yield held


def _observed(regime: Regime) -> Iterator[Observation]:
    """Yield the price at a state's first second and at each day that starts before its last."""
    log, since = regime.log, regime.since
    source = f"log {log.event.name}" if log and log.event else "range oracle: price of the day"
    first = Observation(since, since, None, "official", source)
    if log:
        first = first._replace(block=log.block, tx_hash=log.tx_hash, log_index=log.log_index, why=log.why)
    if log and log.event is None:
        yield first
    elif regime.is_paused:
        yield first._replace(why=PAUSED)
    else:
        yield _priced(first, regime.ranges)
        for at, _ in days(regime.ranges, since, regime.until):
            day = Observation(at, at, None, "official", "range oracle: price of the day")
            yield _priced(day, regime.ranges)


def _priced(one: Observation, ranges: Ranges) -> Observation:
    price = price_at(ranges, one.effective_at)
    why = None if price is not None else REVERTS if reverts(ranges, one.effective_at) else UNKNOWN
    return one._replace(price=price, why=why)


def _with_reads(
    scene: Scene, oracle: str, regimes: list[Regime], made: list[Observation]
) -> list[Observation] | Needs:
    """Put daily reads of getPrice in the place of what is not known, where it may be read; a pause reverts it."""
    if UNKNOWN not in {one.why for one in made} or "getPrice" not in scene.deployment.reads:
        return made

    def is_gap(at: int) -> bool:
        there = next((r for r in regimes if r.since <= at <= r.until), None)
        if there is None or there.is_paused or reverts(there.ranges, at):
            return False
        return price_at(there.ranges, at) is None

    asked = asked_daily(scene, oracle, "getPrice", selector_of(_FAMILY, "getPrice()"), is_gap)
    if isinstance(asked, Needs):
        return asked
    read = [as_read(one, "getPrice", "official") for one in asked]
    rest = [one for one in made if one.why != UNKNOWN]
    return sorted([*rest, *read], key=lambda one: (one.effective_at, one.block or 0))
