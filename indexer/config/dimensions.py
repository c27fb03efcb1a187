"""The configuration as rows of the dimension tables (floor/tables.py), in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from indexer.config.model import Deployment, Registry, Token

Row = dict[str, Any]


def dimension_rows(registry: Registry) -> dict[str, list[Row]]:
    """Return the rows of every dimension but ``calendar``, keyed by table.

    Text that the configuration leaves out is None; ``calendar`` is not configuration.
    """
    pairs = [(token, deployment) for token in registry.tokens.values() for deployment in token.deployments]
    return {
        "platforms": [
            {"platform": p.id, "name": p.name, **_told(p.source, p.confidence)}
            for p in registry.platforms.values()
        ],
        "products": [
            {
                "product": p.id,
                "platform": p.platform,
                "name": p.name,
                "asset_class": p.asset_class,
                "currency": p.currency,
            }
            for p in registry.products.values()
        ],
        "tokens": [_token(token) for token in registry.tokens.values()],
        "deployments": [_deployment(deployment) for _, deployment in pairs],
        "chains": [
            {
                "chain": c.name,
                "chain_id": c.id,
                "name": c.title,
                "family": c.family,
                "finality": str(c.finality),
                "endpoints": len(c.endpoints),
            }
            for c in registry.chains.values()
        ],
        "address_roles": [row for _, deployment in pairs for row in _roles(deployment)],
        "terms": [asdict(terms) for terms in registry.terms.values()],
    }


def _told(source: str, confidence: str) -> Row:
    return {"source": source or None, "confidence": confidence or None}


def _token(token: Token) -> Row:
    return {
        "token": token.id,
        "symbol": token.symbol,
        "name": token.name,
        "product": token.product,
        "platform": token.platform,
        "accrual": token.accrual,
        "tier": token.tier,
        "wraps": token.wraps,
        **_told(token.source, token.confidence),
    }


def _deployment(deployment: Deployment) -> Row:
    start = deployment.start
    return {
        "token": deployment.token,
        "chain_id": deployment.chain_id,
        "chain": deployment.chain,
        "address": deployment.address,
        "decimals": deployment.decimals,
        "kind": deployment.kind,
        "status": deployment.status,
        "start_block": start if isinstance(start, int) else None,
        "start_day": start if isinstance(start, date) else None,
        **_told(deployment.source, deployment.confidence),
    }


def _roles(deployment: Deployment) -> Iterator[Row]:
    for role in deployment.roles:
        yield {
            "token": deployment.token,
            "chain_id": deployment.chain_id,
            "address": role.address,
            "role": role.role,
            "from_time": _naive(role.start),
            "to_time": _naive(role.end),
            **_told(role.source, role.confidence),
        }


def _naive(moment: datetime | None) -> datetime | None:
    """Return the time as tables hold it: UTC, without a zone attached."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
