"""`rwa tokens`, `rwa chains`, `rwa terms`, `rwa config`: what is known before anything is fetched."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.addresses import at_address, warned
from indexer.cli.output import Format, FormatOption, JsonOption, Sheet, chosen, emit, sheet
from indexer.cli.shell import named, registry_of, shell
from indexer.floor.errors import Usage

if TYPE_CHECKING:
    from indexer.config.model import Chain, Deployment, Platform, Registry, Token

    Place = tuple[Token, Deployment]

PLATFORM_COLUMNS = (
    "platform", "name", "tokens", "contracts", "indexed", "known", "chains", "high", "medium", "low", "source",
)  # fmt: skip
TOKEN_COLUMNS = (
    "token", "symbol", "name", "product", "platform", "accrual", "reasons", "tier", "wraps", "chain", "chain_id",
    "address", "decimals", "kind", "status", "start", "prices", "source", "confidence",
)  # fmt: skip
CHAIN_COLUMNS = (
    "chain", "chain_id", "name", "finality", "floor", "tokens", "known", "endpoints", "block_ms", "explorer",
)  # fmt: skip
TERMS_COLUMNS = ("platform", "term", "says", "as_of", "source", "confidence")
TERMS = ("region", "investors", "structure", "fees", "redemption")
_BRIEF = ("token", "symbol", "product", "chain", "address", "decimals", "status", "start", "confidence")
_BRIEF_PLATFORMS = ("platform", "tokens", "contracts", "indexed", "known", "chains", "high", "medium", "low")
_BRIEF_CHAINS = ("chain", "chain_id", "finality", "floor", "tokens", "known", "endpoints")


def tokens(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PLATFORM|PRODUCT|TOKEN|0x…", help="Which; platforms if none.", show_default=False
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every contract of every platform.")] = False,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tokens that are known, and from which source.

    Without a name: each platform with its contracts that are indexed and that are only
    known, and how sure their sources are. With names: their contracts. An address says
    which token that is, what else it is, or that it is none; known look-alikes are told.

    Example: rwa tokens stbt
    """
    how = chosen(wanted, as_json)
    registry = registry_of(shell(context).settings())
    if every and names:
        raise Usage("--all lists every contract; leave the names out, or leave --all out.")
    if not names and not every:
        rows = [_platform_row(registry, platform) for platform in registry.platforms.values()]
        emit(sheet(rows, PLATFORM_COLUMNS), how, _BRIEF_PLATFORMS)
        return
    found = _everywhere(registry.tokens.values()) if every else []
    for name in names or []:
        found += at_address(registry, name) if name[:2].lower() == "0x" else _called(registry, name)
    if found or not names:
        emit(sheet([_token_row(token, where) for token, where in found], TOKEN_COLUMNS), how, _BRIEF)
    elif how is not Format.TABLE:
        emit(Sheet(TOKEN_COLUMNS, []), how)


def _everywhere(tokens: Iterable[Token]) -> list[Place]:
    return [(token, where) for token in tokens for where in token.deployments]


def _called(registry: Registry, name: str) -> list[Place]:
    """Return the contracts of the platform or of the tokens called *name*; says which look like them."""
    found = tokens_called(registry, name)
    symbols = {token.symbol.lower() for token in found}
    for look in registry.lookalikes.values():
        if look.symbol.lower() in symbols and len(symbols) == 1:
            sys.stderr.write(warned(look) + "\n")
    return _everywhere(found)


def tokens_called(registry: Registry, name: str) -> Sequence[Token]:
    """Return the tokens of the platform *name*, else those that *name* means."""
    platform = name.strip().lower()
    taken = platform in registry.tokens or platform in registry.products
    if platform in registry.platforms and not taken:
        return [token for token in registry.tokens.values() if token.platform == platform]
    return named(registry, [name])


def _platform_row(registry: Registry, platform: Platform) -> dict[str, object]:
    own = [token for token in registry.tokens.values() if token.platform == platform.id]
    places = [where for _, where in _everywhere(own)]
    sure = Counter(where.confidence for where in places)
    indexed = [where for where in places if where.indexed]
    return {
        "platform": platform.id,
        "name": platform.name,
        "tokens": len(own),
        "contracts": len(places),
        "indexed": len(indexed),
        "known": len(places) - len(indexed),
        "chains": len({where.chain for where in indexed}),
        "high": sure["high"],
        "medium": sure["medium"],
        "low": sure["low"],
        "source": platform.source,
    }


def _token_row(token: Token, where: Deployment) -> dict[str, object]:
    return {
        "token": token.id,
        "symbol": token.symbol,
        "name": token.name,
        "product": token.product,
        "platform": token.platform,
        "accrual": token.accrual,
        "reasons": token.reasons,
        "tier": token.tier,
        "wraps": token.wraps,
        "chain": where.chain,
        "chain_id": where.chain_id,
        "address": where.address,
        "decimals": where.decimals,
        "kind": where.kind,
        "status": where.status,
        "start": None if where.start is None else str(where.start),
        "prices": " ".join(price.kind for price in where.prices) or None,
        "source": where.source,
        "confidence": where.confidence,
    }


def chains(context: typer.Context, wanted: FormatOption = None, as_json: JsonOption = False) -> None:
    """Chains that are known, with their endpoints.

    Endpoints are shown by name; an address given with --rpc stays secret, for it may hold a
    key. A chain without endpoints has tokens that are known and not indexed.

    Example: rwa chains --json
    """
    from indexer.config.settings import endpoints_of  # noqa: PLC0415 - help does not read settings

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    places = [where for _, where in _everywhere(registry.tokens.values())]
    here = Counter((where.chain, where.status) for where in places)
    rows = [
        _chain_row(chain, here, [e.name for e in endpoints_of(chain, settings)])
        for chain in registry.chains.values()
    ]
    others = {where.chain: where.chain_id for where in places if where.chain not in registry.chains}
    rows += [
        dict.fromkeys(CHAIN_COLUMNS)
        | {"chain": name, "chain_id": chain_id, "tokens": 0, "known": here[name, "known"]}
        for name, chain_id in sorted(others.items())
    ]
    emit(sheet(rows, CHAIN_COLUMNS), how, _BRIEF_CHAINS)


def _chain_row(chain: Chain, here: Counter[tuple[str, str]], endpoints: list[str]) -> dict[str, object]:
    return {
        "chain": chain.name,
        "chain_id": chain.id,
        "name": chain.title,
        "finality": str(chain.finality),
        "floor": None if chain.floor is None else str(chain.floor),
        "tokens": here[chain.name, "indexed"],
        "known": here[chain.name, "known"],
        "endpoints": " ".join(endpoints),
        "block_ms": chain.block_ms,
        "explorer": chain.explorer,
    }


def terms(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOKEN|PRODUCT|PLATFORM", help="Whose; all if none.", show_default=False),
    ] = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who may buy a platform's tokens, how, and at which cost.

    As one dated document says; what it does not say is NULL, that is: not known.

    Example: rwa terms ousg
    """
    how = chosen(wanted, as_json)
    registry = registry_of(shell(context).settings())
    meant = [token.platform for name in names or [] for token in tokens_called(registry, name)]
    platforms = list(dict.fromkeys(meant)) if names else list(registry.terms)
    rows = [row for platform in platforms for row in _terms_rows(registry, platform)]
    if names and not rows:
        sys.stderr.write(f"No terms of {', '.join(platforms)} are known.\n")
    if rows or how is not Format.TABLE:
        emit(sheet(rows, TERMS_COLUMNS), how)


def _terms_rows(registry: Registry, platform: str) -> list[dict[str, object]]:
    told = registry.terms.get(platform)
    if told is None:
        return []
    said = {"as_of": told.as_of, "source": told.source, "confidence": told.confidence}
    return [{"platform": platform, "term": term, "says": getattr(told, term), **said} for term in TERMS]


def config(context: typer.Context, wanted: FormatOption = None, as_json: JsonOption = False) -> None:
    """Every setting and where it came from.

    That is: flag, environment, .env, file or default, in this order.

    Example: rwa --home ./data config
    """
    from indexer.config.settings import describe  # noqa: PLC0415 - help does not read settings

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    emit(Sheet(("setting", "value", "origin"), [tuple(row) for row in describe(settings, registry)]), how)
