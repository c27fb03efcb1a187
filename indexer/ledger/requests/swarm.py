"""Offers of Swarm's dOTC that the token is part of: made, filled in part or whole, changed, withdrawn.

Contracts: DOTCManager (2021), Dotc V1 and V2. Ids start again with each contract. A fill names no asset, so
it is read beside its CreatedOffer. A whole fill takes what the earlier ones left: V1 logs it in a scale of
its own. The first generation's amounts are scaled by rules that its logs do not tell, so they are NULL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import pyarrow as pa

from indexer.ledger.requests.common import Request, Teller, id_of, joined
from indexer.ledger.scene import Scene
from indexer.ledger.told import Told

_UNSCALED = "the first dOTC scales its amounts by rules that its logs do not tell"
_ENDED = {
    "CanceledOffer": "cancelled", "AdminRemoveOffer": "cancelled", "CompletedOffer": "settled",
}  # fmt: skip
_CHANGED = frozenset({
    "NftOfferUpdated", "TokenOfferUpdated", "UpdatedNftOfferExpiry", "UpdatedTokenOfferExpiry", "freezeOffer",
    "unFreezeOffer", "OfferAmountUpdated", "OfferLinksUpdated", "OfferSpecialAddressesUpdated",
    "OfferAuthAddressesUpdated", "UpdatedOfferExpiry", "UpdatedTimeLockPeriod",
})  # fmt: skip
_FILLS = frozenset({"TakenOffer", "CreatedOrder"})


class _Offer(NamedTuple):
    """What stands of an offer: the maker gives *left* of one asset and wants the other.

    *gives* says whether what is given is the token; *left* is None where amounts are not known.
    """

    maker: str
    gives: bool
    other: str
    left: int | None
    wanted: int | None


def _tell(scene: Scene, events: Sequence[Told], _transfers: pa.Table) -> list[Request]:
    offers: dict[str, _Offer] = {}
    rows = []
    for told in events:
        named = id_of(told.spot, told.event.args["offerId"]) or ""
        row = (
            _made(scene, told, named, offers)
            if told.event.name == "CreatedOffer"
            else _followed(told, named, offers)
        )
        if row is not None:
            rows.append(row)
    return joined(rows)


def _made(scene: Scene, told: Told, named: str, offers: dict[str, _Offer]) -> Request | None:
    """Return the row of a new offer, or None where the token is no part of it."""
    offer = _read(told.event.args, scene.deployment.address)
    if offer is None:
        return None
    offers[named] = offer
    return _row(told, named, offer, "requested", offer.maker, (offer.left, offer.wanted))


def _read(args: Mapping[str, object], token: str) -> _Offer | None:
    maker = cast("str", args["maker"])
    if "tokenIn" in args:
        given, wanted = cast("str", args["tokenIn"]), cast("str", args["tokenOut"])
        amounts: tuple[int | None, int | None] = (None, None)
    else:
        offer = cast("tuple[Any, ...]", args.get("dotcOffer", ()))
        first, second = offer[2:4] if offer else (args["depositAsset"], args["withdrawalAsset"])
        given, wanted = str(first[1]).lower(), str(second[1]).lower()
        amounts = (int(first[2]), int(second[2]))
    if token not in (given, wanted):
        return None
    return _Offer(maker, given == token, wanted if given == token else given, *amounts)


def _followed(told: Told, named: str, offers: dict[str, _Offer]) -> Request | None:
    """Return the row of what became of an offer that the token is part of."""
    offer, name = offers.get(named), told.event.name
    if offer is None:
        return None
    if name in _FILLS:
        return _filled(told, named, offer, offers)
    phase = _ENDED.get(name, "changed")
    return _row(told, named, offer, phase, offer.maker, (None, None))


def _filled(told: Told, named: str, offer: _Offer, offers: dict[str, _Offer]) -> Request:
    args = told.event.args
    taker = cast("str", args.get("takenBy", args.get("taker", args.get("orderedBy"))))
    if offer.left is None:
        return _row(told, named, offer, "changed", offer.maker, (None, None), taker)
    given = cast("int", args.get("depositAssetAmount", args.get("amountToReceive")))
    paid = cast("int", args.get("withdrawalAssetAmount", args.get("amountPaid")))
    whole = bool(args.get("isFullyTaken", given >= offer.left))
    if whole:
        given = offer.left
    offers[named] = offer._replace(left=offer.left - given)
    return _row(told, named, offer, "settled" if whole else "changed", offer.maker, (given, paid), taker)


def _row(
    told: Told,
    named: str,
    offer: _Offer,
    phase: str,
    holder: str,
    amounts: tuple[int | None, int | None],
    receiver: str | None = None,
) -> Request:
    given, wanted = amounts
    units, other = (given, wanted) if offer.gives else (wanted, given)
    why = None if units is not None else _UNSCALED if offer.left is None else "this step tells no units"
    return Request(told.spot, "trade", phase, named, holder, receiver, units, offer.other, other, why=why)


SWARM = Teller(frozenset({"CreatedOffer", *_FILLS, *_ENDED, *_CHANGED}), _tell)
