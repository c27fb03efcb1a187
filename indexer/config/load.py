"""The configuration read from its folder, the home's own laid over it, and the digest of a token's part."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import date
from pathlib import Path

from indexer.config.build import registry_from
from indexer.config.checks import check
from indexer.config.layers import CHAINS_FILE, lay_over, left_out, read_layer
from indexer.config.model import Deployment, Registry, Token
from indexer.config.problems import Problems
from indexer.floor.assets import abis_dir, config_dir
from indexer.floor.errors import Usage

_TOLD = ("name", "source", "confidence")


def load(config: Path, overlay: Path | None = None) -> Registry:
    """Return the configuration of the folder *config*, with *overlay* laid over it where that exists.

    Raises Usage with every fault found: file, key, value and remedy.
    """
    if not (config / CHAINS_FILE).is_file():
        raise Usage(
            f"There is no configuration in {config}: {CHAINS_FILE} is missing. Give its folder with --config."
        )
    problems = Problems()
    layer = read_layer(config, problems)
    if overlay is not None and overlay.is_dir():
        layer = lay_over(layer, read_layer(overlay, problems))
    problems.stop()
    check(layer, _families(), problems)
    problems.stop()
    return registry_from(layer, config_dir())


def forgotten(config: Path, overlay: Path) -> dict[str, list[str]]:
    """Return for each chain that *overlay* replaces the keys of *config* that it does not repeat."""
    problems = Problems()
    return left_out(read_layer(config, problems), read_layer(overlay, problems))


def _families() -> list[str]:
    return sorted(path.stem for path in abis_dir().glob("*.json"))


def config_digest(token: Token, deployment: Deployment) -> str:
    """Return the SHA-256, in hexadecimal, of what the derivation of *token* on that chain depends on.

    Names, sources and confidence are not part of it; another accrual, rule, companion, role or start is.
    """
    part = asdict(deployment)
    for table in (part, *part["companions"], *part["roles"], *part["prices"]):
        for key in _TOLD:
            table.pop(key, None)
    body = {
        "accrual": token.accrual,
        "reasons": token.reasons,
        "wraps": token.wraps,
        "defaults": dict(token.defaults),
        "events": token.events,
        "bridge": asdict(token.bridge),
        "deployment": part,
    }
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), default=_iso)
    return hashlib.sha256(text.encode()).hexdigest()


def _iso(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a configuration digest")
