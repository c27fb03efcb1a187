"""The shape of the configuration's files. pydantic stays at this border; the rest reads model.py.

A rule that one value can break is in fields.py; one that needs another table is in checks.py.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from indexer.config import model
from indexer.config.fields import (
    AboveZero,
    Address,
    ChainId,
    Confidence,
    Currency,
    Dated,
    Day,
    Decimals,
    EvmChainId,
    Finality,
    Id,
    Moment,
    Money,
    Role,
    Scale,
    Slot,
    Start,
    Text,
    Topic,
    Url,
    Urls,
    Window,
    one_of,
    shaped,
)

STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


class IdTable(BaseModel):
    """The key of a table, where TOML has the id in the key."""

    model_config = STRICT
    id: Id


class CanaryTable(BaseModel):
    model_config = STRICT
    block: AboveZero
    address: Address
    topic0: Topic | None = None
    count: AboveZero


class ChainTable(BaseModel):
    model_config = STRICT
    id: EvmChainId
    name: Text | None = None
    family: Annotated[str, one_of(*model.FAMILIES)] = "evm"
    endpoints: list[Url]
    finality: Finality = "finalized"
    floor: Day | None = None
    block_ms: AboveZero | None = None
    blooms: bool = True
    explorer: Url | None = None
    canary: list[CanaryTable] = Field(default_factory=list)


class PlatformTable(BaseModel):
    model_config = STRICT
    id: Id
    name: Text | None = None
    source: Text | None = None
    confidence: Confidence | None = None


class TermsTable(BaseModel):
    model_config = STRICT
    region: Text | None = None
    investors: Text | None = None
    structure: Text | None = None
    fees: Text | None = None
    redemption: Text | None = None
    as_of: Dated | None = None
    source: Text
    confidence: Confidence


class ProductTable(BaseModel):
    model_config = STRICT
    id: Id
    name: Text
    asset_class: Annotated[str, one_of(*model.ASSET_CLASSES)]
    currency: Currency


class RoleTable(BaseModel):
    model_config = STRICT
    address: Address
    role: Role
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    source: Text | None = None
    confidence: Confidence | None = None


class CompanionTable(BaseModel):
    model_config = STRICT
    name: Text
    address: Address
    events: list[Id]
    topics: list[Topic] | None = None
    start: Start | None = None
    source: Text | None = None
    confidence: Confidence | None = None


class PriceTable(BaseModel):
    model_config = STRICT
    kind: Annotated[str, one_of(*model.PRICES)]
    contract: Address | None = None
    feed: Text | None = None
    decimals: Scale | None = None
    currency: Currency | None = None
    cadence: Annotated[str, one_of(*model.CADENCES)] | None = None
    grace_hours: AboveZero | None = None
    value: Money | None = None
    source: Text | None = None
    confidence: Confidence | None = None


class DeploymentTable(BaseModel):
    model_config = STRICT
    chain: Id
    chain_id: ChainId | None = None
    address: Text | None = None
    decimals: Decimals | None = None
    start: Start | None = None
    kind: Annotated[str, one_of(*model.KINDS)] = "native"
    status: Annotated[str, one_of(*model.STATUSES)] = "indexed"
    reads: list[Annotated[str, one_of(*model.READS)]] = Field(default_factory=list)
    implementation_slot: Slot | None = None
    source: Text | None = None
    confidence: Confidence | None = None
    companion: list[CompanionTable] = Field(default_factory=list)
    role: list[RoleTable] = Field(default_factory=list)
    price: list[PriceTable] = Field(default_factory=list)


class DefaultsTable(BaseModel):
    model_config = STRICT
    mint: Annotated[str, one_of(*model.DEFAULT_REASONS["mint"])] | None = None
    burn: Annotated[str, one_of(*model.DEFAULT_REASONS["burn"])] | None = None


class BridgeTable(BaseModel):
    model_config = STRICT
    window_hours: Window = model.Bridge().window_hours
    tolerance: Annotated[
        str,
        shaped(
            r"[0-9]{1,20}(\.[0-9]{1,18})?", 'must be token units as text, at most 18 decimals, such as "0.01"'
        ),
    ] = model.Bridge().tolerance


class TokenTable(BaseModel):
    model_config = STRICT
    id: Id
    symbol: Text
    name: Text | None = None
    product: Id
    accrual: Annotated[str, one_of(*model.ACCRUALS)]
    reasons: Annotated[str, one_of(*model.REASON_RULES)] | None = None
    tier: Annotated[str, one_of(*model.TIERS)] = "core"
    wraps: Id | None = None
    defaults: DefaultsTable = DefaultsTable()
    events: list[Id] = Field(default_factory=list)
    bridge: BridgeTable = BridgeTable()
    source: Text | None = None
    confidence: Confidence | None = None
    deployment: list[DeploymentTable] = Field(min_length=1)


class LookalikeTable(BaseModel):
    model_config = STRICT
    symbol: Text
    chain: Id
    address: Address
    what: Text
    source: Text
    confidence: Confidence


class OnChains(BaseModel):
    """What holds on the chains named, on every chain of the list where none is."""

    chains: list[Id] | None = None

    def on(self, chain: str) -> bool:
        return self.chains is None or chain in self.chains


class ListRole(RoleTable, OnChains):
    """A role that many tokens have in common."""


class ListCompanion(CompanionTable, OnChains):
    """A companion that many tokens have in common."""


class ListPrice(PriceTable, OnChains):
    """A price source that many tokens have in common."""


class ListTable(BaseModel):
    """What the tokens of a CSV file have in common; *known* has the ids of chains that are only known."""

    model_config = STRICT
    file: Annotated[
        str, shaped(r"[A-Za-z0-9][A-Za-z0-9._-]*\.csv", 'must be the name of a file such as "a.csv"')
    ]
    prefix: Annotated[
        str, shaped(r"([a-z0-9][a-z0-9._-]*)?", "must be the beginning of an id, in lower case")
    ] = ""
    currency: Currency
    accrual: Annotated[str, one_of(*model.ACCRUALS)]
    reasons: Annotated[str, one_of(*model.REASON_RULES)] | None = None
    tier: Annotated[str, one_of(*model.TIERS)] = "long"
    events: list[Id] = Field(default_factory=list)
    decimals: Decimals | None = None
    start: Start | None = None
    kind: Annotated[str, one_of(*model.KINDS)] = "native"
    reads: list[Annotated[str, one_of(*model.READS)]] = Field(default_factory=list)
    known: dict[Id, ChainId] = Field(default_factory=dict)
    source: Text | None = None
    confidence: Confidence | None = None
    companion: list[ListCompanion] = Field(default_factory=list)
    role: list[ListRole] = Field(default_factory=list)
    price: list[ListPrice] = Field(default_factory=list)


class PlatformFile(BaseModel):
    model_config = STRICT
    platform: PlatformTable
    terms: TermsTable | None = None
    product: list[ProductTable] = Field(default_factory=list)
    token: list[TokenTable] = Field(default_factory=list)
    lists: list[ListTable] = Field(default_factory=list, alias="list")
    lookalike: list[LookalikeTable] = Field(default_factory=list)


class SettingsFile(BaseModel):
    """``config/settings.toml`` of a home."""

    model_config = STRICT
    database: Text | None = None
    lake: Text | None = None
    config: Text | None = None
    sql: Annotated[str, one_of(*model.SQL_COPIES)] | None = None
    rpc: dict[str, Urls] = Field(default_factory=dict)
