"""Tables of the configuration turned into the frozen values of model.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar
from urllib.parse import urlsplit

from indexer.config import model
from indexer.config.layers import CHAINS_FILE, Found, Layer
from indexer.config.schema import (
    CanaryTable,
    ChainTable,
    CompanionTable,
    DeploymentTable,
    LookalikeTable,
    PlatformTable,
    PriceTable,
    ProductTable,
    RoleTable,
    TermsTable,
    TokenTable,
)
from indexer.config.urls import tells_nothing

K = TypeVar("K")
S = TypeVar("S")
V = TypeVar("V")
_GRACE_HOURS = 24
_PAR_DECIMALS = 18
"""A par value is text with up to 18 decimals; every other price says how many it has."""


def registry_from(layer: Layer, shipped: Path) -> model.Registry:
    """Return the values of a layer that has no contradictions.

    Endpoints of the *shipped* chains.toml are public and named by host; any other file's host may hold a
    key, so its endpoints are numbered.
    """
    chains = {}
    for name, found in layer.chains.items():
        public = found.place.file.parent == shipped and found.place.file.name == CHAINS_FILE
        chains[name] = _chain(name, found.table, public=public)
    currencies = {name: found.table.currency for name, found in layer.products.items()}
    return model.Registry(
        chains=MappingProxyType(chains),
        platforms=_each(layer.platforms, _platform),
        products=_each(layer.products, _product),
        tokens=_each(layer.tokens, lambda found: _token(found, chains, currencies)),
        terms=_each(layer.terms, _terms),
        lookalikes=_each(layer.lookalikes, _lookalike),
    )


def _each(found: Mapping[K, S], turn: Callable[[S], V]) -> Mapping[K, V]:
    return MappingProxyType({name: turn(one) for name, one in found.items()})


def _chain(name: str, table: ChainTable, *, public: bool) -> model.Chain:
    hosts = [urlsplit(url).hostname or "" for url in table.endpoints]
    endpoints = []
    for number, url in enumerate(table.endpoints):
        again = hosts[:number].count(hosts[number])
        shown = hosts[number] + (f"-{again + 1}" if again else "")
        if not public or not tells_nothing(url):
            shown = f"{name}-config-{number + 1}"
        endpoints.append(model.Endpoint(shown, url))
    return model.Chain(
        name=name,
        id=table.id,
        title=table.name or name,
        family=table.family,
        endpoints=tuple(endpoints),
        finality=table.finality,
        floor=table.floor,
        block_ms=table.block_ms,
        blooms=table.blooms,
        explorer=table.explorer,
        canaries=tuple(sorted((_canary(one) for one in table.canary), key=lambda one: one.block)),
    )


def _canary(table: CanaryTable) -> model.Canary:
    topic = None if table.topic0 is None else table.topic0.lower()
    return model.Canary(table.block, table.address, topic, table.count)


def _platform(found: Found[PlatformTable]) -> model.Platform:
    table = found.table
    return model.Platform(table.id, table.name or table.id, table.source or "", table.confidence or "")


def _terms(found: Found[TermsTable]) -> model.Terms:
    return model.Terms(platform=found.platform, **found.table.model_dump())


def _lookalike(found: Found[LookalikeTable]) -> model.Lookalike:
    return model.Lookalike(platform=found.platform, **found.table.model_dump())


def _product(found: Found[ProductTable]) -> model.Product:
    table = found.table
    return model.Product(table.id, found.platform, table.name, table.asset_class, table.currency)


def _token(
    found: Found[TokenTable], chains: Mapping[str, model.Chain], currencies: Mapping[str, str]
) -> model.Token:
    table = found.table
    own = found.platform if found.platform in model.REASON_RULES else "plain"
    return model.Token(
        id=table.id,
        symbol=table.symbol,
        name=table.name or table.symbol,
        platform=found.platform,
        product=table.product,
        accrual=table.accrual,
        reasons=table.reasons or own,
        tier=table.tier,
        wraps=table.wraps,
        defaults=MappingProxyType(table.defaults.model_dump(exclude_none=True)),
        events=tuple(table.events),
        deployments=tuple(
            _deployment(table.id, d, chains, currencies[table.product]) for d in table.deployment
        ),
        source=table.source or "",
        confidence=table.confidence or "",
        bridge=model.Bridge(table.bridge.window_hours, table.bridge.tolerance),
    )


def _deployment(
    token: str, table: DeploymentTable, chains: Mapping[str, model.Chain], currency: str
) -> model.Deployment:
    chain = chains.get(table.chain)
    address = table.address or "unknown"
    return model.Deployment(
        token=token,
        chain=table.chain,
        chain_id=chain.id if chain else table.chain_id or table.chain,
        address=address.lower() if chain else address,
        decimals=table.decimals,
        start=table.start,
        kind=table.kind,
        status=table.status,
        companions=tuple(_companion(c) for c in table.companion),
        roles=tuple(_role(r) for r in table.role),
        reads=tuple(table.reads),
        source=table.source or "",
        confidence=table.confidence or "",
        prices=tuple(_price(p, currency) for p in table.price),
        implementation_slot=table.implementation_slot,
    )


def _companion(table: CompanionTable) -> model.Companion:
    topics = None if table.topics is None else tuple(topic.lower() for topic in table.topics)
    return model.Companion(
        name=table.name,
        address=table.address,
        events=tuple(table.events),
        topics=topics,
        start=table.start,
        source=table.source or "",
        confidence=table.confidence or "",
    )


def _role(table: RoleTable) -> model.Role:
    return model.Role(
        address=table.address,
        role=table.role,
        start=table.start,
        end=table.end,
        source=table.source or "",
        confidence=table.confidence or "",
    )


def _price(table: PriceTable, currency: str) -> model.Price:
    return model.Price(
        kind=table.kind,
        contract=table.contract,
        decimals=_PAR_DECIMALS if table.decimals is None else table.decimals,
        currency=table.currency or currency,
        cadence=table.cadence or "on_change",
        grace_hours=_GRACE_HOURS if table.grace_hours is None else table.grace_hours,
        value=table.value,
        source=table.source or "",
        confidence=table.confidence or "",
        feed=table.feed,
    )
