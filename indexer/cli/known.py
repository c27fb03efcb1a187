"""`rwa tokens`, `rwa chains`, `rwa config`: what is known before anything is fetched."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.cells import safe
from indexer.cli.output import Format, FormatOption, JsonOption, Sheet, chosen, emit, sheet
from indexer.cli.shell import named, registry_of, shell
from indexer.floor.errors import Usage

if TYPE_CHECKING:
    from indexer.config.model import Chain, Deployment, Registry, Token

    Place = tuple[Token, Deployment]

TOKEN_COLUMNS = (
    "token", "symbol", "name", "product", "platform", "accrual", "tier", "chain", "chain_id", "address",
    "decimals", "kind", "status", "start", "source", "confidence",
)  # fmt: skip
CHAIN_COLUMNS = ("chain", "chain_id", "name", "finality", "floor", "tokens", "endpoints")
_BRIEF = ("token", "symbol", "product", "chain", "address", "decimals", "status", "start")


def tokens(
    context: typer.Context,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="TOKEN|PRODUCT|0x…", help="Which; all if none.", show_default=False),
    ] = None,
    wanted: FormatOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tokens that are known, and from which source.

    Indexed or not. An address says which token that is, or that it is none. A table
    shows the columns that fit; the other formats have all of them.

    Example: rwa tokens stbt
    """
    how = chosen(wanted, as_json)
    registry = registry_of(shell(context).settings())
    found = _everywhere(registry.tokens.values()) if not names else []
    for name in names or []:
        found += _at(registry, name) if name[:2].lower() == "0x" else _everywhere(named(registry, [name]))
    if found or not names:
        emit(sheet([_token_row(token, where) for token, where in found], TOKEN_COLUMNS), how, _BRIEF)
    elif how is not Format.TABLE:
        emit(Sheet(TOKEN_COLUMNS, []), how)


def _everywhere(tokens: Iterable[Token]) -> list[Place]:
    return [(token, where) for token in tokens for where in token.deployments]


def _at(registry: Registry, address: str) -> list[Place]:
    """Return the tokens at *address*; says on stderr what else it is known as, or that it is nothing."""
    from indexer.config.select import find_address  # noqa: PLC0415 - help does not read the configuration

    found = list(find_address(registry, address))
    if not found:
        _check(address)
        others = sorted(set(_other_uses(registry, address.lower())))
        what = f"but known as {'; '.join(others)}" if others else "and nothing else this configuration knows"
        sys.stderr.write(f"{safe(address)} is no token, {what}.\n")
    return found


def _check(address: str) -> None:
    """Raise Usage where *address* cannot be one: a slip must not read as "is no token"."""
    from indexer.config.address import evm_address  # noqa: PLC0415 - only where nothing was found

    if re.fullmatch(r"0x[0-9a-fA-F]{64}", address):
        return  # an address of Aptos, Sui or Starknet
    try:
        evm_address(address)
    except ValueError as error:
        raise Usage(f"{address} {error}.") from None


def _other_uses(registry: Registry, address: str) -> Iterator[str]:
    for token, where in _everywhere(registry.tokens.values()):
        for role in where.roles:
            if role.address == address:
                yield f"{role.role} of {token.id} on {where.chain}"
        for companion in where.companions:
            if companion.address == address:
                yield f"{companion.name} of {token.id} on {where.chain}"


def _token_row(token: Token, where: Deployment) -> dict[str, object]:
    return {
        "token": token.id,
        "symbol": token.symbol,
        "name": token.name,
        "product": token.product,
        "platform": token.platform,
        "accrual": token.accrual,
        "tier": token.tier,
        "chain": where.chain,
        "chain_id": where.chain_id,
        "address": where.address,
        "decimals": where.decimals,
        "kind": where.kind,
        "status": where.status,
        "start": None if where.start is None else str(where.start),
        "source": where.source,
        "confidence": where.confidence,
    }


def chains(context: typer.Context, wanted: FormatOption = None, as_json: JsonOption = False) -> None:
    """Chains that are known, with their endpoints.

    Endpoints are shown by name; an address given with --rpc stays secret, for it may hold a key.

    Example: rwa chains --json
    """
    from indexer.config.settings import endpoints_of  # noqa: PLC0415 - help does not read settings

    how = chosen(wanted, as_json)
    settings = shell(context).settings()
    registry = registry_of(settings)
    here = Counter(where.chain for _, where in _everywhere(registry.tokens.values()) if where.indexed)
    rows = [
        _chain_row(chain, here[chain.name], [e.name for e in endpoints_of(chain, settings)])
        for chain in registry.chains.values()
    ]
    emit(sheet(rows, CHAIN_COLUMNS), how)


def _chain_row(chain: Chain, tokens: int, endpoints: list[str]) -> dict[str, object]:
    return {
        "chain": chain.name,
        "chain_id": chain.id,
        "name": chain.title,
        "finality": str(chain.finality),
        "floor": None if chain.floor is None else str(chain.floor),
        "tokens": tokens,
        "endpoints": " ".join(endpoints),
    }


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
