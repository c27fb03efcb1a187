"""Prices that logs tell: a document's par, Ondo's set prices, Superstate's checkpoints, feeds, settlements.

Each function takes the scene and one price source and returns its observations in chain order.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import NamedTuple

import pyarrow.compute as pc

from indexer.config.model import Price
from indexer.ledger.accruals.plain import own_logs
from indexer.ledger.prices.observation import Observation
from indexer.ledger.prices.picked import first_of_price, with_word
from indexer.ledger.prices.told import Told, logs_from, told
from indexer.ledger.scene import Scene


class Said(NamedTuple):
    """Which arguments of an event are its new price, the price before it, and its date (seconds)."""

    price: str
    before: str | None = None
    date: str | None = None


RWA_PRICES: Mapping[str, tuple[str, Said]] = {
    "RWAPriceSet": ("ondo_rate_oracle", Said("newPrice", "oldPrice", "timestamp")),
    "RWAExternalComparisonCheckPriceSet": ("ondo_price_oracle", Said("newRWAPrice", "oldRWAPrice")),
    "PriceAdded": ("ondo_pricer", Said("price", None, "timestamp")),
    "RateUpdated": ("dstoken_provider", Said("newValue", "oldValue")),
}
"""Events that set a price, each with its family: Ondo's oracles and Pricer, Securitize's NAV provider."""

SETTLED = {"TransactionSettled": "price", "TransferSettled": "price", "DividendDistributed": "price"}


def par(scene: Scene, price: Price) -> list[Observation]:
    """Return the price that a document fixes, from the token's first log on."""
    own = own_logs(scene)
    if own.num_rows == 0:
        return []
    first = int(pc.min(own["block_time"]).value) // 1_000_000
    return [Observation(first, first, _scaled(price), "par", f"par: {price.source}")]


def _scaled(price: Price) -> int:
    """Return the par, which the configuration has as text, scaled as its source says it is."""
    return int(Decimal(price.value or "0").scaleb(price.decimals, Context(prec=80)))


def rwa_price(scene: Scene, price: Price) -> list[Observation]:
    """Return every price that an oracle, a pricer or a NAV provider was set to.

    A Pricer may correct an earlier price: that is an observation of the same date, learnt later.
    """
    contract = price.contract or scene.deployment.address
    families = sorted({family for family, _ in RWA_PRICES.values()})
    logs = told(scene, contract, families, [*RWA_PRICES, "PriceUpdated"])
    out: list[Observation] = []
    dates: dict[int, int] = {}
    for log in logs:
        if log.event and log.event.name == "PriceUpdated":
            # One that was added before the covered blocks has no date here, and concerns no covered day.
            if log.number("priceId") in dates:
                date = dates[log.number("priceId")]
                out.append(observed(log, log.number("newPrice"), date))
            continue
        said = RWA_PRICES[log.event.name][1] if log.event else None
        if log.event and said and said.before and not out:
            out += before_first(scene, contract, log, log.number(said.before))
        date = log.number(said.date) if said and said.date else log.time
        if log.event and log.event.name == "PriceAdded":
            dates[log.number("priceId")] = date
        out.append(observed(log, log.number(said.price) if said else None, date))
    return out


def observed(log: Told, price: int | None, date: int | None = None, kind: str = "official") -> Observation:
    """Return the observation that *log* makes: *price* as of *date* (seconds), its block's time where None."""
    source = f"log {log.event.name}" if log.event else "log"
    place = (log.block, log.tx_hash, log.log_index)
    return Observation(log.time if date is None else date, log.time, price, kind, source, *place, log.why)


def before_first(scene: Scene, contract: str, first: Told, price: int) -> list[Observation]:
    """Return the price that held before the *first* log of a price, from the contract's own first log on.

    Every change of it is logged, so it is the price the constructor was given; no log tells that one.
    """
    logs = logs_from(scene, contract)
    row = logs.slice(0, 1).to_pylist()[0]
    place = (row["block_number"], row["log_index"])
    if price <= 0 or place >= (first.block, first.log_index):
        return []
    time = int(logs["block_time"][0].value) // 1_000_000
    name = first.event.name if first.event else "log"
    source = f"the price before the first {name}"
    return [
        Observation(time, time, price, "official", source, place[0], f"0x{row['tx_hash'].hex()}", place[1])
    ]


def price_checkpoints(scene: Scene, price: Price) -> list[Observation]:
    """Return the NAVs that Superstate's oracle was given, each dated by its own timestamp.

    The oracle extrapolates between and beyond the last two checkpoints, from each one's effectiveAt on. What
    it extrapolates is a price for subscribing and redeeming, not the official NAV, and is not here.
    """
    contract = price.contract or scene.deployment.address
    logs = told(scene, contract, ["superstate_oracle"], ["NewCheckpoint"])
    return [
        observed(log, log.number("navs"), log.number("timestamp")) if log.event else observed(log, None)
        for log in logs
    ]


def settled(scene: Scene, price: Price) -> list[Observation]:
    """Return the prices at which Franklin's transfer agent settled: the fund's own, stated with each settlement."""
    contract = price.contract or scene.deployment.address
    logs = told(scene, contract, ["franklin_transfer_agent"], list(SETTLED), first_of_price(SETTLED))
    return [observed(log, log.number("price") if log.event else None) for log in logs]


def feed_answers(scene: Scene, price: Price) -> list[Observation]:
    """Return the answers that a Chainlink aggregator logged, dated by their own time."""
    contract = price.contract or scene.deployment.address
    return [
        observed(log, log.number("current"), log.number("updatedAt"), "official")
        if log.event
        else observed(log, None)
        for log in told(scene, contract, ["chainlink"], ["AnswerUpdated"])
    ]


def feed_values(scene: Scene, price: Price) -> list[Observation]:
    """Return the values of the source's feed that a RedStone adapter logged; it logs many feeds."""
    contract = price.contract or scene.deployment.address
    mine = with_word("ValueUpdate", "dataFeedId", feed_id(price.feed))
    logs = told(scene, contract, ["redstone"], ["ValueUpdate"], mine)
    return [
        observed(log, log.number("value"), log.number("updatedAt")) if log.event else observed(log, None)
        for log in logs
    ]


def feed_id(feed: str | None) -> bytes:
    """Return a feed's 32 bytes: given as 0x text, or as its name, which stands at their start."""
    text = feed or ""
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode().ljust(32, b"\0")
