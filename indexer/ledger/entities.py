"""``entity_wallets``: which wallets the issuer's own registry says belong together, and since when.

Superstate numbers its entities (EntityIdSet; 0 takes the wallet out). Securitize names an investor by an id
that the log holds in plain text; here it becomes a keyed hash. Its key is made of platform and product, so
that one investor is one entity on all chains of a product, and another in another product. A derivation is a
function of public rows alone, hence the key is no secret: whoever has the log can make the hash. It keeps
ids out of tables and exports; it makes nobody anonymous.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import groupby
from typing import NamedTuple, cast

import pyarrow as pa

from indexer.floor.tables import ENTITY_WALLETS
from indexer.ledger.figures import rows_of
from indexer.ledger.scene import Scene
from indexer.ledger.told import Told

ENTITY_NAMES = frozenset({
    "EntityIdSet", "DSRegistryServiceWalletAdded", "DSRegistryServiceWalletRemoved",
    "DSRegistryServiceOmnibusWalletAdded", "DSRegistryServiceOmnibusWalletRemoved",
})  # fmt: skip

_KEY = 64
"""Most bytes that a BLAKE2b key may have."""


class _Change(NamedTuple):
    """From *block* on the registry says that the wallet is the entity's; None is nobody's."""

    registry: str
    wallet: str
    block: int
    entity: str | None


def entity_wallets(scene: Scene, events: Sequence[Told]) -> pa.Table:
    """Return the table: a row for each wallet and entity of a registry, from its first to its last block.

    What counts of several changes in one block is the last.
    """
    changes = [_change(scene, told) for told in events if told.event.name in ENTITY_NAMES]
    changes.sort(key=lambda change: (change.registry, change.wallet))  # stable: the order of the chain stays
    rows: list[dict[str, object]] = []
    for (registry, wallet), many in groupby(changes, key=lambda change: change[:2]):
        last_of = {change.block: change.entity for change in many}
        row: dict[str, object] | None = None
        for block, entity in last_of.items():
            if row is not None and row["entity"] == entity:
                continue
            if row is not None:
                row["to_block"] = block - 1
            row = None if entity is None else _row(scene, registry, wallet, entity, block)
            rows += [] if row is None else [row]
    rows.sort(key=lambda row: (row["contract"], row["from_block"], row["wallet"]))
    return rows_of(ENTITY_WALLETS, rows)


def pseudonym(scene: Scene, investor: str) -> str:
    """Return the hash that stands for an investor's id."""
    key = f"{scene.token.platform}:{scene.token.product}".encode()[:_KEY]
    return blake2b(investor.encode(), key=key, digest_size=16).hexdigest()


def _change(scene: Scene, told: Told) -> _Change:
    name, args = told.event.name, told.event.args
    if name == "EntityIdSet":
        number = cast("int", args["entityId"])
        return _Change(
            told.event.contract,
            cast("str", args["addr"]),
            told.spot.block_number,
            str(number) if number else None,
        )
    wallet = cast("str", args.get("wallet", args.get("omnibusWallet")))
    entity = None if name.endswith("Removed") else pseudonym(scene, cast("str", args["investorId"]))
    return _Change(told.event.contract, wallet, told.spot.block_number, entity)


def _row(scene: Scene, registry: str, wallet: str, entity: str, block: int) -> dict[str, object]:
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        "platform": scene.token.platform,
        "contract": registry,
        "entity": entity,
        "wallet": wallet,
        "from_block": block,
        "to_block": None,
    }
