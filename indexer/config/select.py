"""What a user means by a name: a token, a product, a symbol or a contract."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from indexer.config.model import Chain, Deployment, Registry, Token
from indexer.floor.errors import Usage


def select(registry: Registry, names: Sequence[str], *, product: bool = False) -> tuple[Token, ...]:
    """Return the tokens that *names* mean, each once, in the order asked.

    A name is a token id, else a product id, else a symbol, else a contract; with *product*, a product id.
    """
    chosen: dict[str, Token] = {}
    for name in names:
        meant = _of_product(registry, name) if product else _meant(registry, name)
        if not meant:
            raise _unknown(registry, name, product=product)
        chosen |= {token.id: token for token in meant if token.id not in chosen}
    return tuple(chosen.values())


def absent(tokens: Sequence[str]) -> str:
    """Return the sentence that says that a home holds none of *tokens*, and what to do."""
    are, them = ("are", "them") if len(tokens) > 1 else ("is", "it")
    names = " and ".join(tokens)
    return f"{names} {are} not in this home; fetch {them} first: `rwa backfill {' '.join(tokens)}`."


def chains_named(registry: Registry, names: Sequence[str], option: str = "--chain") -> tuple[Chain, ...]:
    """Return the chains *names*; raises Usage where one is not known."""
    for name in names:
        if name not in registry.chains:
            known = ", ".join(sorted(registry.chains))
            raise Usage(f"{option} {name!r} is not in the configuration, which knows: {known}.")
    return tuple(registry.chains[name] for name in names)


def find_address(registry: Registry, address: str) -> list[tuple[Token, Deployment]]:
    """Return every token and deployment at *address*; on another chain it may be another contract."""
    wanted = address.strip()
    return [
        (token, deployment)
        for token in registry.tokens.values()
        for deployment in token.deployments
        if deployment.address in (wanted, wanted.lower())
    ]


def _meant(registry: Registry, name: str) -> list[Token]:
    """Return the tokens that *name* means, none where it means nothing."""
    key = name.strip().lower()
    if key in registry.tokens:
        return [registry.tokens[key]]
    of_product = _of_product(registry, name)
    if of_product:
        return of_product
    of_symbol = [token for token in registry.tokens.values() if token.symbol.lower() == key]
    if len(of_symbol) > 1:
        ids = ", ".join(token.id for token in of_symbol)
        raise Usage(f"{name!r} is the symbol of several tokens: {ids}. Name one of these.")
    return of_symbol or list({token.id: token for token, _ in find_address(registry, name)}.values())


def _of_product(registry: Registry, name: str) -> list[Token]:
    key = name.strip().lower()
    return [token for token in registry.tokens.values() if token.product == key]


def _unknown(registry: Registry, name: str, *, product: bool) -> Usage:
    if name.strip().lower().startswith("0x"):
        return Usage(f"No token of the configuration is at {name}. `rwa tokens` lists those it has.")
    known = set(registry.products)
    if not product:
        known |= set(registry.tokens) | {token.symbol.lower() for token in registry.tokens.values()}
    close = get_close_matches(name.strip().lower(), sorted(known), n=3)
    hint = f" Did you mean {' or '.join(close)}?" if close else ""
    return Usage(
        f"{'Product' if product else 'Token'} {name!r} is unknown.{hint} `rwa tokens` lists what there is."
    )
