"""The table ``navs``: what one token unit is worth, by each price source of the deployment.

A source tells its price in logs, in the contract's arithmetic, or by a read a day; which one, and how exactly,
says its module in prices/. A source that told nothing makes one row with that reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from indexer.config.model import Price
from indexer.floor.tables import NAVS
from indexer.ledger.accruals.plain import own_logs
from indexer.ledger.figures import rows_of
from indexer.ledger.prices.asked import erc4626, erc4626_exit, latest_round
from indexer.ledger.prices.logged import (
    feed_answers,
    feed_values,
    par,
    price_checkpoints,
    rwa_price,
    settled,
)
from indexer.ledger.prices.observation import Observation, nav_rows
from indexer.ledger.prices.range_oracle import range_oracle
from indexer.ledger.prices.vault import vault_price
from indexer.ledger.scene import Needs, Scene

Source = Callable[[Scene, Price], list[Observation] | Needs]


def _logs_or_reads(by_logs: Callable[[Scene, Price], list[Observation]]) -> Source:
    """Return a source that reads logs where the feed is a companion, and asks once a day where it is not."""

    def source(scene: Scene, price: Price) -> list[Observation] | Needs:
        watched = {companion.address for companion in scene.deployment.companions}
        return by_logs(scene, price) if price.contract in watched else latest_round(scene, price)

    return source


PRICES: Mapping[str, Source] = {
    "par": par,
    "range_oracle": range_oracle,
    "rwa_price": rwa_price,
    "price_checkpoints": price_checkpoints,
    "vault_price": vault_price,
    "chainlink": _logs_or_reads(feed_answers),
    "redstone": _logs_or_reads(feed_values),
    "erc4626": erc4626,
    "erc4626_exit": erc4626_exit,
    "settled": settled,
}
"""Each kind of price source by its name in the configuration."""


def price_rows(scene: Scene) -> pa.Table | Needs:
    """Return the table ``navs``, or the instants and reads without which a price is not known."""
    told: list[tuple[Price, list[Observation]]] = []
    needs: list[Needs] = []
    for price in scene.deployment.prices:
        made = PRICES[price.kind](scene, price)
        if isinstance(made, Needs):
            needs.append(made)
        else:
            told.append((price, made or _silent(scene, price)))
    if needs:
        return Needs(
            reads=tuple(dict.fromkeys(read for need in needs for read in need.reads)),
            moments=tuple(dict.fromkeys(at for need in needs for at in need.moments)),
        )
    rows = [row for price, made in told for row in nav_rows(scene, price, made)]
    return rows_of(NAVS, sorted(rows, key=_order))


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["effective_at"], row["published_at"], row["block_number"] or -1, row["log_index"] or -1


def _silent(scene: Scene, price: Price) -> list[Observation]:
    """Return the one observation of a source that told nothing; none before the token's own first log."""
    own = own_logs(scene)
    if own.num_rows == 0:
        return []
    first = int(pc.min(own["block_time"]).value) // 1_000_000
    why = f"the price source {price.kind} tells nothing in the covered blocks"
    return [Observation(first, first, None, "official", price.kind, why=why)]
