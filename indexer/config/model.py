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

ACCRUALS = (
    "plain", "share_rebase", "price_rebase", "multiplier_rebase", "timed_rebase", "dstoken", "erc4626", "nav",
    "distribution",
)  # fmt: skip
"""How a token may earn; the accruals' own dict has the same keys."""

REASON_RULES = (
    "plain", "securitize", "superstate", "matrixdock", "openeden", "ondo", "backed", "franklin", "maple", "swarm",
    "wisdomtree",
)  # fmt: skip
"""Sets of reason rules; the rules' own dict has the same keys."""

READS = (
    "totalSupply", "getPrice", "getOUSGPrice", "getRUSDYPrice", "ranges", "getCurrentMultiplier", "periodLength",
    "lastTimeFeeApplied", "convertToAssets",
    "convertToExitAssets", "latestRoundData", "latestAnswer", "lastKnownPrice", "implementation",
)  # fmt: skip
"""Views that derive may ask a node for where logs do not suffice."""

PRICES = (
    "par", "range_oracle", "rwa_price", "price_checkpoints", "vault_price", "chainlink", "redstone", "erc4626",
    "erc4626_exit", "settled",
)  # fmt: skip
"""Where the price of one token unit may come from; the price sources' own dict has the same keys."""

CADENCES = ("continuous", "daily", "business_day", "monthly", "on_change")

LONGEST_WINDOW = 24 * 366
"""Hours that a crossing from chain to chain may be said to take at most."""

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
class Canary:
    """A fact of a chain: *address* has exactly *count* logs in *block*, those of *topic0* where that is given.

    A node that dropped old logs answers an empty list as an honest one does where there is nothing; here
    there is something.
    """

    block: int
    address: str
    topic0: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain: *name* is its key in chains.toml, *id* its CAIP-2 id, *number* the EVM chain id.

    *block_ms* is how long a block takes, in milliseconds, and *explorer* where a person looks things up.
    *blooms* says whether the logsBloom of its headers holds its logs; on a few chains it does not.
    *canaries* are in the order of their blocks.
    """

    name: str
    id: str
    title: str
    family: str
    endpoints: tuple[Endpoint, ...]
    finality: str | int
    floor: date | None
    block_ms: int | None = None
    explorer: str | None = None
    blooms: bool = True
    canaries: tuple[Canary, ...] = ()

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
class Price:
    """Where the price of one token unit comes from.

    *kind* is one of PRICES; *contract* tells it (the token itself where None) with *decimals* decimals;
    *value* is there for ``par`` only, as text; *feed* for ``redstone`` only, where one contract tells many
    prices: the feed's id as 0x text, or its name. A price is stale when it is older than its *cadence* and
    *grace_hours* allow.
    """

    kind: str
    contract: str | None
    decimals: int
    currency: str
    cadence: str
    grace_hours: int
    value: str | None
    source: str
    confidence: str
    feed: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """Who may buy a platform's tokens and how, as a dated document says; None is not known."""

    platform: str
    region: str | None
    investors: str | None
    structure: str | None
    fees: str | None
    redemption: str | None
    as_of: str | None
    source: str
    confidence: str


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
    prices: tuple[Price, ...] = ()
    implementation_slot: int | None = None

    @property
    def indexed(self) -> bool:
        return self.status == "indexed"


@dataclass(frozen=True, slots=True)
class Bridge:
    """How far the two legs of one crossing may lie apart: hours, and token units as text."""

    window_hours: int = 72
    tolerance: str = "0"


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
    bridge: Bridge = Bridge()


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
class Lookalike:
    """A contract that may be taken for a token of *platform* and is none; *what* says what it is."""

    platform: str
    symbol: str
    chain: str
    address: str
    what: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The whole configuration, keyed by chain name, platform id, product id and token id.

    *terms* are keyed by platform, *lookalikes* by chain and address.
    """

    chains: Mapping[str, Chain]
    platforms: Mapping[str, Platform]
    products: Mapping[str, Product]
    tokens: Mapping[str, Token]
    terms: Mapping[str, Terms] = field(default_factory=dict)
    lookalikes: Mapping[tuple[str, str], Lookalike] = field(default_factory=dict)

    def by_id(self, chain_id: str) -> Chain:
        """Return the chain with the CAIP-2 id *chain_id*."""
        return next(chain for chain in self.chains.values() if chain.id == chain_id)
