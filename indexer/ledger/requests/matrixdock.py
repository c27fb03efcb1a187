"""Requests of XAUm and XAGm: a mint is asked for, waits, and is made by the same call once more.

Contracts: MToken. Its request is named by the hash of receiver, amount and nonce, which RequestRevoked tells
and the second call's input lets us compute. The second call mints with a bare Transfer: without its input
the oldest open request of that receiver and amount is settled, if it is the only one. A redemption burns
from the operator and names the customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import keccak
from indexer.ledger.reasons.common import word
from indexer.ledger.requests.common import Request, Step, Teller, id_of, joined, requests_by
from indexer.ledger.scene import Scene
from indexer.ledger.told import Spot, Told

_MINT_TO = keccak(b"mintTo(address,uint256,uint256)")[:4]
_REDEEM = Step("Redeem", "redemption", "settled", ("customer",), units="amount")
_COLUMNS = ("contract", "block_number", "block_time", "tx_hash", "log_index", "to_address", "amount_raw")


class _Mint(NamedTuple):
    spot: Spot
    receiver: str
    amount: int


def _tell(scene: Scene, events: Sequence[Told], transfers: pa.Table) -> list[Request]:
    mints = _mints(transfers) if any(told.event.name == "MintRequest" for told in events) else []
    steps: list[Told | _Mint] = sorted(
        [*events, *mints], key=lambda step: (step.spot.block_number, step.spot.log_index)
    )
    standing: dict[str, tuple[str, int]] = {}
    rows = requests_by([_REDEEM], scene, events)
    for step in steps:
        row = _minted(scene, step, standing) if isinstance(step, _Mint) else _asked(step, standing)
        if row is not None:
            rows.append(row)
    return joined(sorted(rows, key=lambda row: (row.spot.block_number, row.spot.log_index)))


def _asked(told: Told, standing: dict[str, tuple[str, int]]) -> Request | None:
    """Return the row of a request or of its revocation, and book what stands."""
    args = told.event.args
    if told.event.name == "MintRequest":
        receiver, amount = cast("str", args["receiver"]), cast("int", args["amount"])
        named = _named(told.spot, receiver, amount, word(cast("int", args["nonce"])))
        standing[named] = receiver, amount
        return Request(told.spot, "mint", "requested", named, receiver, units=amount)
    if told.event.name == "RequestRevoked":
        named = id_of(told.spot, args["req"]) or ""
        asked = standing.pop(named, None)
        if asked is None:
            return Request(told.spot, "mint", "cancelled", named, why="its request is not known")
        return Request(told.spot, "mint", "cancelled", named, asked[0], units=asked[1])
    return None


def _minted(scene: Scene, mint: _Mint, standing: dict[str, tuple[str, int]]) -> Request | None:
    """Return the row of the mint that a request asked for, or None where no request stands behind it."""
    asked = mint.receiver, mint.amount
    alike = [named for named, request in standing.items() if request == asked]
    call = scene.calls.get(mint.spot.tx_hash)
    if call is not None:
        needle = _MINT_TO + word(mint.receiver) + word(mint.amount)
        at = call.input.find(needle) + len(needle)
        nonce = call.input[at : at + 32] if needle in call.input else b""
        alike = [named for named in alike if named == _named(mint.spot, *asked, nonce)]
    if len(alike) != 1:
        return None
    del standing[alike[0]]
    return Request(mint.spot, "mint", "settled", alike[0], mint.receiver, units=mint.amount)


def _named(spot: Spot, receiver: str, amount: int, nonce: bytes) -> str:
    return id_of(spot, keccak(word(receiver) + word(amount) + nonce)) or ""


def _mints(transfers: pa.Table) -> list[_Mint]:
    rows = transfers.filter(pc.equal(transfers["effect"], "mint"))
    seconds = pc.divide(rows["block_time"].cast(pa.int64()), 1_000_000)
    rows = rows.set_column(rows.column_names.index("block_time"), "block_time", seconds)
    return [
        _Mint(Spot(*place), receiver, int(raw))
        for *place, receiver, raw in zip(*(rows[name].to_pylist() for name in _COLUMNS), strict=True)
        if raw is not None
    ]


MATRIXDOCK = Teller(frozenset({"MintRequest", "RequestRevoked", _REDEEM.event}), _tell)
