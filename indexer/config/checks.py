"""What tables of the configuration say of each other: references, duplicates, what an indexed token needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from indexer.config.address import evm_address
from indexer.config.fields import nearest, unknown
from indexer.config.layers import Layer
from indexer.config.model import CADENCES, spelled
from indexer.config.problems import Place, Problems
from indexer.config.schema import DeploymentTable, PriceTable

_PAR = {
    "value": 'is missing; write the par value in quotes, as "1.00"',
    "source": "is missing; a par value is a promise, so name the document that makes it",
}
_TOLD = {
    "decimals": "is missing; add how many decimals the price has that is told",
    "cadence": f"is missing; say how often the price is told: {', '.join(CADENCES)}",
}
_IN_LOGS = ("range_oracle", "rwa_price", "price_checkpoints", "vault_price", "settled")
_FEEDS = ("chainlink", "redstone")
_LISTED = 20  # more names than that are no help in a sentence
_OF_A_CONTRACT = ("range_oracle", "rwa_price", "price_checkpoints", "chainlink", "redstone")


class Site(NamedTuple):
    """One deployment, where it stands, and its token."""

    token: str
    table: DeploymentTable
    place: Place


def check(layer: Layer, families: Sequence[str], problems: Problems) -> None:
    """Note every contradiction in *layer*; *families* are the names of the ABI files that exist."""
    _chains(layer, problems)
    for owner in layer.platforms.values():
        if owner.table.name is None:
            problems.add(owner.place.at("name"), "is missing; add it, as no other file names this platform")
    for name, found in layer.tokens.items():
        table, place = found.table, found.place
        _known(table.product, list(layer.products), place.at("product"), problems)
        _events(table.events, families, place.at("events"), problems)
        if table.wraps is not None:
            _known(table.wraps, [t for t in layer.tokens if t != name], place.at("wraps"), problems)
    seen: dict[tuple[str, str], Site] = {}
    for site in _sites(layer):
        _deployment(site, layer, families, problems)
        _unique(site, seen, problems)
    for key, look in layer.lookalikes.items():
        _known(look.table.chain, list(layer.chains), look.place.at("chain"), problems)
        if key in seen:
            problems.add(look.place.at("address"), f"is token {seen[key].token!r} there; it cannot be both")


def _sites(layer: Layer) -> Iterator[Site]:
    for name, found in layer.tokens.items():
        for number, table in enumerate(found.table.deployment):
            yield Site(name, table, found.place.at("deployment", number))


def _chains(layer: Layer, problems: Problems) -> None:
    ids: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, found in layer.chains.items():
        other = ids.setdefault(found.table.id, name)
        if other != name:
            problems.add(found.place.at("id"), f"is the id of {other} already; a chain stands here once")
        other = names.setdefault(spelled(name), name)
        if other != name:
            problems.add(found.place, f"differs from {other} only in '-' and '_'; rename one of them")
        seen = set()
        for number, canary in enumerate(found.table.canary):
            key = (canary.block, canary.address, canary.topic0)
            if key in seen:
                problems.add(
                    found.place.at("canary", number, "block"), "has that canary already; leave one out"
                )
            seen.add(key)


def _deployment(site: Site, layer: Layer, families: Sequence[str], problems: Problems) -> None:
    table, place = site.table, site.place
    configured = table.chain in layer.chains
    indexed = table.status == "indexed"
    if configured and table.chain_id is not None:
        problems.add(place.at("chain_id"), "stands in chains.toml already; leave it out here")
    if not configured and indexed:
        _known(table.chain, list(layer.chains), place.at("chain"), problems)
    for key in ("address", "decimals"):
        if indexed and getattr(table, key) is None:
            problems.add(
                place.at(key),
                'is missing; add it, or write status = "known" where the token is listed but not indexed',
            )
    if configured and table.address is not None:
        try:
            evm_address(table.address)
        except ValueError as error:
            problems.add(place.at("address"), str(error))
    _companions(site, families, problems)
    _roles(site, layer, problems)
    _prices(site, problems)


def _companions(site: Site, families: Sequence[str], problems: Problems) -> None:
    taken = {(site.table.address or "").lower(): "the token itself"}
    for number, companion in enumerate(site.table.companion):
        place = site.place.at("companion", number)
        _events(companion.events, families, place.at("events"), problems)
        if companion.address in taken:
            problems.add(place.at("address"), f"is {taken[companion.address]}; name each companion once")
        taken[companion.address] = f"the companion {companion.name!r} already"


def _roles(site: Site, layer: Layer, problems: Problems) -> None:
    seen = set()
    for number, role in enumerate(site.table.role):
        place = site.place.at("role", number)
        key = (role.address, role.role, role.start)
        if key in seen:
            problems.add(
                place.at("address"), f"has the role {role.role} from that time already; leave one out"
            )
        seen.add(key)
        if role.start is not None and role.end is not None and role.end <= role.start:
            problems.add(
                place.at("to"), "is not later than from; a role holds from the one to before the other"
            )
        kind, _, product = role.role.partition(":")
        if kind == "reserve_of":
            _known(product, list(layer.products), place.at("role"), problems)


def _prices(site: Site, problems: Problems) -> None:
    seen = set()
    for number, price in enumerate(site.table.price):
        place = site.place.at("price", number)
        key = (price.kind, price.contract, price.feed)
        if key in seen:
            problems.add(place.at("kind"), "is told from there already; name each price source once")
        seen.add(key)
        par = price.kind == "par"
        for name in _PAR if par else _TOLD:
            if getattr(price, name) is None:
                problems.add(place.at(name), _PAR[name] if par else _TOLD[name])
        if not par and price.value is not None:
            problems.add(
                place.at("value"), 'is for kind = "par": other prices are read, not configured; leave it out'
            )
        if par and price.contract is not None:
            problems.add(place.at("contract"), "tells no par value; leave it out, or name the price it tells")
        if price.kind in _OF_A_CONTRACT and price.contract is None:
            problems.add(place.at("contract"), "is missing; name the contract that tells this price")
        elif (why := _unheard(site, price)) is not None:
            problems.add(place.at("contract"), why)


def _unheard(site: Site, price: PriceTable) -> str | None:
    """Return why nobody would hear of *price*: its logs are not asked for, nor may it be read."""
    own = (site.table.address or "").lower()
    heard = {own, *(companion.address.lower() for companion in site.table.companion)}
    if price.contract is None or price.contract.lower() in heard:
        return None
    if price.kind in _IN_LOGS:
        return "is no companion of this deployment, so its logs are not fetched; add it as one"
    if price.kind in _FEEDS and "latestRoundData" not in site.table.reads:
        return 'is no companion and may not be read; add it as a companion, or "latestRoundData" to reads'
    return None


def _unique(site: Site, seen: dict[tuple[str, str], Site], problems: Problems) -> None:
    table, place = site.table, site.place
    if table.address is not None:
        key = (table.chain, table.address.lower())
        other = seen.setdefault(key, site)
        if other is not site:
            problems.add(
                place.at("address"),
                f"is token {other.token!r} on {table.chain} already; a contract is one token",
            )
    if table.status == "indexed":
        other = seen.setdefault((table.chain, f"token {site.token}"), site)
        if other is not site:
            problems.add(
                place.at("chain"),
                f"has token {site.token!r} already; give the other contract a token of its own",
            )


def _known(name: str, known: list[str], place: Place, problems: Problems) -> None:
    if name not in known:
        there = ", ".join(known) if known else "nothing"
        if len(known) > _LISTED:
            there = f"{len(known)} of them, which `rwa tokens PLATFORM` lists"
        problems.add(place, unknown(name, known, f"the configuration has {there}"))


def _events(names: Sequence[str], families: Sequence[str], place: Place, problems: Problems) -> None:
    for number, name in enumerate(names):
        if name not in families:
            spot = place.at(number)
            close = nearest(name, list(families))
            the = "The" if close else "the"
            problems.add(
                spot, f"has no file of event fragments; {close}{the} files are {', '.join(families)}"
            )
