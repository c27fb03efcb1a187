"""What an address is beside a token: a companion, a role, a price source, or a known look-alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from indexer.config.model import Deployment, Lookalike, Registry


class Use(NamedTuple):
    """One thing that an address is for tokens of one platform, on the chains named."""

    what: str
    platform: str
    tokens: tuple[str, ...]
    chains: tuple[str, ...]


def uses_of(registry: Registry, address: str) -> list[Use]:
    """Return what *address* is for the tokens of the configuration, the same thing said once."""
    wanted = address.strip().lower()
    found: dict[tuple[str, str], tuple[dict[str, None], dict[str, None]]] = {}
    for token in registry.tokens.values():
        for deployment in token.deployments:
            for what in _of(deployment, wanted):
                tokens, chains = found.setdefault((what, token.platform), ({}, {}))
                tokens[token.id] = chains[deployment.chain] = None
    return [Use(*key, tuple(tokens), tuple(chains)) for key, (tokens, chains) in found.items()]


def lookalikes_at(registry: Registry, address: str) -> list[Lookalike]:
    """Return the known look-alikes at *address*, one for each chain."""
    wanted = address.strip().lower()
    return [look for (_, at), look in registry.lookalikes.items() if at == wanted]


def _of(deployment: Deployment, address: str) -> Iterator[str]:
    named = [companion.name for companion in deployment.companions if companion.address == address]
    yield from named
    yield from (role.role for role in deployment.roles if role.address == address)
    if not named:
        yield from (f"price source ({p.kind})" for p in deployment.prices if p.contract == address)
