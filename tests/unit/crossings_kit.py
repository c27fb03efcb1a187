"""Small ledgers of one token on two chains for the tests of legs and crossings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace

import pyarrow as pa

from indexer.config.model import Bridge
from indexer.floor.tables import TRANSFERS
from indexer.ledger.crossings import Part
from indexer.ledger.figures import rows_of, token_units
from indexer.ledger.legs import told_legs
from indexer.ledger.values import ZERO

MAIN, SIDE, FAR = "eip155:1", "eip155:56", "eip155:137"
ALICE, BOB = "0x" + "a1" * 20, "0x" + "b0" * 20
HOUR = 3_600
USUAL = Bridge()


def entry(
    hour: float, effect: str, amount: int | None, reason: str = "unclassified", **more: object
) -> dict[str, object]:
    """Return an entry of ALICE's, in a transaction of its own that is named by hour and effect."""
    evidence = "default" if reason == "unclassified" else "event"
    sides = {"mint": (ZERO, ALICE), "burn": (ALICE, ZERO), "move": (ALICE, BOB)}[effect]
    return {
        "hour": hour, "tx_hash": f"0x{effect}{hour}", "log_index": 3, "entry": 0, "tx_index": 0,
        "from_address": sides[0], "to_address": sides[1], "raw": amount, "effect": effect, "reason": reason,
        "rule": "rule@1", "evidence": evidence, **more,
    }  # fmt: skip


def ledger(
    chain_id: str, *entries: Mapping[str, object], token: str = "gold", decimals: int = 18
) -> pa.Table:
    """Return the ``transfers`` of these entries."""
    rows = []
    for given in entries:
        row = dict(given)
        raw, hour = row.pop("raw"), row.pop("hour")
        second = int(hour * HOUR)  # type: ignore[operator]
        rows.append(
            row
            | {"token": token, "chain_id": chain_id, "contract": "0x" + "77" * 20, "block_number": second}
            | {"block_time": datetime.fromtimestamp(second, UTC).replace(tzinfo=None)}
            | {"amount_raw": raw, "amount": token_units(raw, decimals)}  # type: ignore[arg-type]
        )
    return rows_of(TRANSFERS, rows)


def part(
    chain_id: str,
    *entries: Mapping[str, object],
    token: str = "gold",
    decimals: int = 18,
    chains: tuple[str, ...] = (MAIN, SIDE),
    holds_start: bool = True,
    until: float = 100,
    bridge: Bridge = USUAL,
) -> Part:
    """Return a place as derive leaves it: its ledger, and its legs not matched yet."""
    made = ledger(chain_id, *entries, token=token, decimals=decimals)
    known = tuple(SimpleNamespace(chain_id=one) for one in chains)
    what = SimpleNamespace(id=token, deployments=known, bridge=bridge)
    where = SimpleNamespace(chain_id=chain_id, decimals=decimals)
    return Part(what, where, made, told_legs(made), int(until * HOUR), holds_start)
