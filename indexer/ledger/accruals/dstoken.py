"""DSToken: plain balances in its versions 1 to 3, shares times a multiplier in version 4.

Source of the formulas: RebasingLibrary.sol and StandardToken.sol of DSToken 4, with d decimals, sc = 10^(18−d):

    shares  = (amount · sc · 1e18 + multiplier ÷ 2) // multiplier
    balance = ((shares · multiplier + 5e17) // 1e18 + sc ÷ 2) // sc       to nearest, twice

Both floors are one: floor((floor(x) + k) ÷ n) = floor((x + k) ÷ n) for whole k and n. TxShares tells the shares
and the multiplier in force; RebasingRateUpdated comes from the provider, which DSServiceSet names. Until a
provider is set the contract's views revert.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from indexer.decode.abi import Event, Undecodable, load_family, topics_of
from indexer.decode.transfers import TRANSFER_TOPIC
from indexer.ledger.accruals.movements import movements
from indexer.ledger.accruals.plain import own_address, own_logs, plain
from indexer.ledger.accruals.scaled import Story, Turn, scaled
from indexer.ledger.accruals.share_logs import earliest, moved, read_odd, unreadable
from indexer.ledger.figures import LOGS_A_BLOCK, order_of
from indexer.ledger.placed import Place, placed, told
from indexer.ledger.scene import Ledger, Scene
from indexer.ledger.supply import Change, Rate

ONE = 10**18
PROVIDER = 8196
"""The service id under which a token names its rebasing provider."""

FAMILIES = ("erc20", "dstoken", "dstoken_shares", "dstoken_provider")
_RATES = ("DSServiceSet", "RebasingRateUpdated", "TxShares")
_NO_PROVIDER = "the contract's rebasing provider is not set yet, so its views revert"
_NOT_TOLD = "no log tells the multiplier yet"
_UPGRADED = "the token turned to shares here, and no log tells how many of them its older balances became"


def dstoken(scene: Scene) -> Ledger:
    """Return the ledger: in base units, or in shares where the token logs them from its first movement on.

    A token that turned to shares later is told in base units until then.
    """
    topic = topics_of(FAMILIES, ["TxShares"])[0]
    turned = _turned_to_shares(scene, topic)
    if turned is not None:
        return _until(scene, turned)
    turns = _turns(scene, topic)
    has_shares = pc.any(pc.equal(own_logs(scene)["topic0"], pa.scalar(topic, pa.binary(32)))).as_py()
    if len(turns) <= 1 and not has_shares:
        return plain(scene)
    found = movements(scene, topic, words=2)
    odd = read_odd(scene._replace(logs=found.odd), load_family(FAMILIES), "TxShares")
    moves = [moved(pair, "shares") for pair in odd.twins]
    broken = earliest(odd.broken, unreadable(scene, _known(scene), load_family(FAMILIES), _RATES))
    return scaled(scene, Story(moves, turns, odd.undecoded, broken, found.entries))


def _turned_to_shares(scene: Scene, topic: bytes) -> Place | None:
    """Return where an older token named its first provider; None where it was never of an older version.

    Version 4 moves nothing before a provider is set, so what moved without shares until then was plain.
    """
    own = scene.deployment.address
    first = next(
        (
            place
            for place, _, event in told(scene, [own], load_family(FAMILIES), ("DSServiceSet",))
            if isinstance(event, Event) and event.number("serviceId") == PROVIDER
        ),
        None,
    )
    moved = next(placed(scene, [own], (TRANSFER_TOPIC, topic)), None)
    if first is None or moved is None or moved[0].order > first.order:
        return None
    shares = next(placed(scene, [own], (topic,)), None)
    return first if shares is None or shares[0].order > first.order else None


def _until(scene: Scene, place: Place) -> Ledger:
    """Return the ledger in base units up to *place*, and from there on nothing but what moved in amounts."""
    change = Change(place.time, place.block, place.log_index, "undecoded", None, None, None, _UPGRADED)
    ledger = plain(scene, lost=(change, _UPGRADED))
    entries = ledger.entries
    known = pa.array(order_of(entries) < place.block * LOGS_A_BLOCK + place.log_index)
    nothing = pa.scalar(None, pa.string())
    told = {
        "units": pc.if_else(known, entries["units"], pa.scalar(None, entries["units"].type)),
        "why_null": pc.coalesce(entries["why_null"], pc.if_else(known, nothing, _UPGRADED)),
    }
    for name, column in told.items():
        at = entries.schema.get_field_index(name)
        entries = entries.set_column(at, entries.schema.field(name), column)
    return ledger._replace(entries=entries)


def rate_of(multiplier: int, decimals: int) -> Rate:
    """Return what a share of 18 decimals is worth in base units of a token with *decimals*."""
    scale = 10 ** (18 - decimals)
    return Rate(multiplier, ONE * scale, ONE // 2 + ONE * (scale // 2), 18 - decimals)


def _telling(scene: Scene, shares: bytes) -> Scene:
    """Return the scene without the TxShares that repeat the multiplier of the one just before: they tell nothing."""
    logs = scene.logs
    others = pa.array(topics_of(FAMILIES, ("DSServiceSet", "RebasingRateUpdated")), pa.binary(32))
    own = pc.and_(
        pc.equal(logs["topic0"], pa.scalar(shares, pa.binary(32))),
        pc.equal(logs["address"], own_address(scene)),
    )
    told = logs.filter(
        pc.or_(pc.is_in(logs["topic0"], value_set=others), pc.fill_null(own, fill_value=False))
    )
    multipliers = [
        data[32:] if topic == shares else None
        for topic, data in zip(told["topic0"].to_pylist(), told["data"].to_pylist(), strict=True)
    ]
    fresh = [True, *(now is None or now != before for before, now in pairwise(multipliers))]
    return scene._replace(logs=told.filter(pa.array(fresh[: told.num_rows], pa.bool_())))


def _known(scene: Scene) -> set[str]:
    return {scene.deployment.address, *(companion.address for companion in scene.deployment.companions)}


def _turns(scene: Scene, shares: bytes) -> list[Turn]:
    """Return the steps of the multiplier: what the provider in force says, checked by every TxShares."""
    own = scene.deployment.address
    known = _known(scene)
    events = _readable(scene, known, shares)
    first_log = next(placed(scene, [own]), None)
    if first_log is None:
        return []
    born = first_log[0]
    turns = [Turn(born.time, born, None, "log", own, _NO_PROVIDER, reverts=True)]
    provider: str | None = None
    rates: dict[str, int] = {}
    for at, (place, event) in enumerate(events):
        if event.name == "RebasingRateUpdated":
            rates[event.contract] = event.number("newValue")
            if event.contract != provider:
                continue
        elif event.contract != own:
            continue
        elif event.name == "DSServiceSet":
            if event.number("serviceId") != PROVIDER:
                continue
            provider = event.text("serviceAddress")
            first = _first_told(events[at:], own, provider)
            if first is not None:
                rates.setdefault(provider, first)
        elif rates.get(provider or own) == event.number("multiplier"):
            continue
        else:
            rates[provider or own] = event.number("multiplier")
        multiplier = rates.get(provider or own)
        turns.append(_turn(scene, place, event.contract, multiplier, _silent(provider, known)))
    return turns


def _readable(scene: Scene, known: set[str], shares: bytes) -> list[tuple[Place, Event]]:
    """Return the logs that tell the multiplier up to the first that cannot be read: the ledger ends there, and
    what comes later tells nothing of before."""
    events: list[tuple[Place, Event]] = []
    for place, _, event in told(_telling(scene, shares), known, load_family(FAMILIES), _RATES):
        if isinstance(event, Undecodable):
            break
        events.append((place, event))
    return events


def _first_told(later: Sequence[tuple[Place, Event]], own: str, provider: str) -> int | None:
    """Return the multiplier that the first later log says was in force: the one before its first change, or
    the one that a movement used while it was the provider."""
    force = True
    for _, event in later:
        if event.name == "RebasingRateUpdated" and event.contract == provider:
            return event.number("oldValue")
        if event.name == "DSServiceSet" and event.contract == own and event.number("serviceId") == PROVIDER:
            force = event.text("serviceAddress") == provider
        if event.name == "TxShares" and event.contract == own and force:
            return event.number("multiplier")
    return None


def _silent(provider: str | None, known: set[str]) -> str | None:
    """Return why the multiplier between movements cannot be told, where the provider is not listened to."""
    if provider is None:
        return "no log names the rebasing provider, so its changes are not seen"
    if provider in known:
        return None
    return (
        f"the rebasing provider {provider} is not among the token's companions, so its changes are not seen"
    )


def _turn(scene: Scene, place: Place, contract: str, multiplier: int | None, silent: str | None) -> Turn:
    rate = None if multiplier is None or silent else rate_of(multiplier, scene.deployment.decimals or 0)
    why = None if rate is not None else silent or _NOT_TOLD
    return Turn(place.time, place, rate, "log", contract, why, announced=place.time)
