"""What the configuration says, as frozen values. Addresses are lower-case 0x text everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

ROLES = (
    "issuer_float", "burner", "bridge_locker", "redeem_wallet", "escrow", "wrapper", "omnibus", "operator",
)  # fmt: skip
"""The closed list, beside ``reserve_of:<product>``."""

KINDS = ("native", "burn_mint", "lock_release_copy")
STATUSES = ("indexed", "known")
TIERS = ("core", "long")
SQL_COPIES = ("all", "metrics", "none")
CONFIDENCES = ("high", "medium", "low")
FAMILIES = ("evm",)
FINALITY_TAGS = ("finalized", "safe")
ASSET_CLASSES = ("us-treasuries", "money-market", "private-credit", "equity", "etf", "commodity", "fund")

ACCRUALS = ("plain", "share_rebase")
"""How a token may earn; the accruals' own dict has the same keys."""

REASON_RULES = ("plain", "securitize", "superstate", "matrixdock", "openeden", "ondo")
"""Sets of reason rules; the rules' own dict has the same keys."""

READS = ("totalSupply",)
"""Views that derive may ask a node for where logs do not suffice."""

DEFAULT_REASONS = {
    "mint": ("issuance", "distribution", "premint", "migration", "bridge_in", "wrap"),
    "burn": ("redemption", "distribution", "retire", "migration", "bridge_out", "unwrap", "fee"),
}
"""What a platform may declare a mint or a burn to be where no rule speaks."""


def spelled(chain: str) -> str:
    """Return a chain's name in the one spelling that the command line and the environment meet in."""
    return chain.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One RPC endpoint. The URL may hold a key: only *name* is ever shown."""

    name: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain: *name* is its key in chains.toml, *id* its CAIP-2 id, *number* the EVM chain id."""

    name: str
    id: str
    title: str
    family: str
    endpoints: tuple[Endpoint, ...]
    finality: str | int
    floor: date | None

    @property
    def number(self) -> int:
        return int(self.id.split(":", 1)[1])


@dataclass(frozen=True, slots=True)
class Role:
    """What an address is for, from *start* (inclusive) to *end* (exclusive); None is open. Both know UTC."""

    address: str
    role: str
    start: datetime | None
    end: datetime | None
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Companion:
    """A contract whose logs explain a token. *topics* None is all its logs, *start* None the token's."""

    name: str
    address: str
    events: tuple[str, ...]
    topics: tuple[str, ...] | None
    start: int | date | None
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A token's contract on one chain.

    Where it is only known, *chain* may stand in no chains.toml, and *address* is as its own chain writes
    it, or ``unknown``.
    """

    token: str
    chain: str
    chain_id: str
    address: str
    decimals: int | None
    start: int | date | None
    kind: str
    status: str
    companions: tuple[Companion, ...]
    roles: tuple[Role, ...]
    reads: tuple[str, ...]
    source: str
    confidence: str

    @property
    def indexed(self) -> bool:
        return self.status == "indexed"


@dataclass(frozen=True, slots=True)
class Token:
    """A token over all its chains.

    *reasons* is a key of the reason rules, *accrual* of the accruals; *defaults* maps mint and burn to the
    platform's declared reason; *events* names files of abis/.
    """

    id: str
    symbol: str
    name: str
    platform: str
    product: str
    accrual: str
    reasons: str
    tier: str
    wraps: str | None
    defaults: Mapping[str, str]
    events: tuple[str, ...]
    deployments: tuple[Deployment, ...]
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Product:
    id: str
    platform: str
    name: str
    asset_class: str
    currency: str


@dataclass(frozen=True, slots=True)
class Platform:
    id: str
    name: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The whole configuration, keyed by chain name, platform id, product id and token id."""

    chains: Mapping[str, Chain]
    platforms: Mapping[str, Platform]
    products: Mapping[str, Product]
    tokens: Mapping[str, Token]
