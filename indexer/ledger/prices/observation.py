"""One observation of a price, and its row of ``navs``: exact or NULL with the reason, and from when it is stale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from indexer.config.model import Price
from indexer.floor.tables import SCALE
from indexer.ledger.figures import moment, token_units
from indexer.ledger.prices.ranges import DAY
from indexer.ledger.scene import Scene

_MONTH = 31 * DAY
_SATURDAY = 5
_LAST = 250_000_000_000
"""The last second that a price may be dated, in the year 9892: what is added to it still has a date."""


class Observation(NamedTuple):
    """A price of one token unit as somebody told it.

    *price* is scaled as the source scales it and None where *why* says why. *block*, *tx_hash* and
    *log_index* are None where no log tells it. *effective_at* is the NAV's own date, *published_at* when the
    chain learnt it, both in seconds.
    """

    effective_at: int
    published_at: int
    price: int | None
    kind: str
    source: str
    block: int | None = None
    tx_hash: str | None = None
    log_index: int | None = None
    why: str | None = None


def nav_rows(scene: Scene, price: Price, observations: Sequence[Observation]) -> list[dict[str, Any]]:
    """Return the rows of ``navs`` that *observations* of the source *price* make."""
    return [_row(scene, price, one) for one in told_once(map(_dated, observations))]


def _dated(one: Observation) -> Observation:
    """Return *one*; where its own date is none of the calendar's it is a gap from when the chain learnt it."""
    if one.effective_at <= _LAST:
        return one
    why = "the date told for the price is beyond the calendar"
    return one._replace(effective_at=one.published_at, price=None, why=why)


def told_once(observations: Iterable[Observation]) -> Iterator[Observation]:
    """Yield *observations* without those that say nothing new: the same price or gap again on the same day.

    A gap that lasts is told once.
    """
    held: tuple[object, ...] | None = None
    for one in observations:
        says = (one.kind, one.price, one.why, None if one.price is None else one.effective_at // DAY)
        if says != held:
            yield one
            held = says


def _row(scene: Scene, price: Price, one: Observation) -> dict[str, Any]:
    told, why = one.price, one.why
    if told is not None and told <= 0:
        told, why = None, "the price told is not above zero"
    figure = _figure(told, price.decimals)
    if told is not None and figure is None:
        why = "the price does not fit DECIMAL(38,18)"
    stale = stale_at(one.effective_at, price.cadence, price.grace_hours)
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        "contract": price.contract or scene.deployment.address,
        "effective_at": moment(one.effective_at),
        "published_at": moment(one.published_at),
        "block_number": one.block,
        "tx_hash": one.tx_hash,
        "log_index": one.log_index,
        "price": figure,
        "currency": price.currency,
        "kind": one.kind,
        "stale_at": None if stale is None else moment(stale),
        "source": one.source,
        "confidence": price.confidence or None,
        "why_null": why,
    }


def _figure(told: int | None, decimals: int) -> Decimal | None:
    """Return a price of *decimals* decimals, exactly; None where 18 do not hold it."""
    if told is None or decimals <= SCALE:
        return token_units(told, decimals)
    figure, rest = divmod(told, 10 ** (decimals - SCALE))
    return None if rest else token_units(figure, SCALE)


def stale_at(effective_at: int, cadence: str, grace_hours: int) -> int | None:
    """Return the second from which a price of *effective_at* is stale; None where it never is.

    Business days leave out Saturdays and Sundays; holidays are not known here, the grace must cover them.
    """
    if cadence == "on_change":
        return None
    due = effective_at + {"continuous": 0, "monthly": _MONTH}.get(cadence, DAY)
    if cadence == "business_day":
        due = _after_weekend(due)
    return due + grace_hours * 3600


def _after_weekend(at: int) -> int:
    day = datetime.fromtimestamp(at, UTC)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return int(day.timestamp())
