"""The price of OpenEden's TBILL: what its TBillPriceOracle was set to, while the vault takes its price from it.

Source: TBillPriceOracle.sol (updatePrice) and the vault's setTBillPriceFeed. The vault computes with the price
of UpdatePrice; UpdateCloseNavPrice is what that price is checked against, and is not used here.
"""

from __future__ import annotations

from collections.abc import Iterator

from indexer.config.model import Price
from indexer.ledger.prices.logged import before_first, observed
from indexer.ledger.prices.observation import Observation
from indexer.ledger.prices.told import Told, told
from indexer.ledger.scene import Scene


def vault_price(scene: Scene, price: Price) -> list[Observation]:
    """Return the prices of the oracle *price* while the vault uses it; each swap of oracles is a log.

    An oracle that no swap names was there from the start. Where the vault goes over to one that is not
    configured, its price is not known from there on.
    """
    oracle = price.contract or scene.deployment.address
    swaps = told(scene, scene.deployment.address, ["tbill_vault"], ["SetTBillPriceFeed"])
    used = not any(_feed(swap) == oracle for swap in swaps)
    held: Observation | None = None
    out: list[Observation] = []
    for log in _in_order(swaps, _prices(scene, oracle)):
        if isinstance(log, Observation):
            held = log
            out += [log] if used else []
        elif _feed(log) == oracle:
            used = True
            out += [_taken_over(log, held)] if held else []
        elif used:
            used = False
            out += [] if _is_configured(scene, _feed(log)) else [_lost(log)]
    return out


def _prices(scene: Scene, oracle: str) -> list[Observation]:
    logs = told(scene, oracle, ["tbill_oracle"], ["UpdatePrice"])
    first = before_first(scene, oracle, logs[0], logs[0].number("oldPrice")) if logs and logs[0].event else []
    return [*first, *(observed(log, log.number("newPrice") if log.event else None) for log in logs)]


def _in_order(swaps: list[Told], prices: list[Observation]) -> Iterator[Told | Observation]:
    both: list[Told | Observation] = [*swaps, *prices]
    return iter(sorted(both, key=lambda one: (one.block or 0, one.log_index or 0)))


def _feed(swap: Told) -> object:
    return swap.event.args["priceFeed"] if swap.event else None


def _is_configured(scene: Scene, oracle: object) -> bool:
    return any(price.kind == "vault_price" and price.contract == oracle for price in scene.deployment.prices)


def _taken_over(swap: Told, held: Observation) -> Observation:
    """Return the price that the oracle had when the vault went over to it; its date stays its own."""
    return held._replace(
        published_at=swap.time, block=swap.block, tx_hash=swap.tx_hash, log_index=swap.log_index
    )


def _lost(swap: Told) -> Observation:
    why = swap.why or f"the vault takes its price from {_feed(swap)} here, which is not configured"
    return Observation(
        swap.time, swap.time, None, "official", "log SetTBillPriceFeed", swap.block, swap.tx_hash, swap.log_index, why
    )  # fmt: skip
