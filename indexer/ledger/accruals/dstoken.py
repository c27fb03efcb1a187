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

from indexer.decode.abi import Event, Undecodable, load_family
from indexer.ledger.accruals.plain import plain
from indexer.ledger.accruals.scaled import Move, Story, Turn, scaled
from indexer.ledger.accruals.share_logs import Told, Twins, twins
from indexer.ledger.placed import Place, placed, told, undecoded_row
from indexer.ledger.scene import Ledger, Scene
from indexer.ledger.supply import Rate

ONE = 10**18
PROVIDER = 8196
"""The service id under which a token names its rebasing provider."""

FAMILIES = ("erc20", "dstoken", "dstoken_shares", "dstoken_provider")
_MOVES = ("Transfer", "TxShares")
_RATES = ("DSServiceSet", "RebasingRateUpdated", "TxShares")
_NO_PROVIDER = "the contract's rebasing provider is not set yet, so its views revert"
_NOT_TOLD = "no log tells the multiplier yet"


def dstoken(scene: Scene) -> Ledger:
    """Return the ledger: in base units, or in shares where the token logs them."""
    family = load_family(FAMILIES)
    moves, undecoded, broken = [], [], None
    for place, raw, event in told(scene, [scene.deployment.address], family, _MOVES):
        if isinstance(event, Undecodable):
            undecoded.append(undecoded_row(scene, place, raw, event.reason))
            broken = broken or (place, event.reason)
        else:
            moves.append(Told(place, raw, event))
    if all(move.event.name == "Transfer" for move in moves):
        return plain(scene)
    pairs = list(twins(moves))
    odd = next((pair for pair in pairs if pair.transfer is None or pair.shares is None), None)
    if odd is not None:
        why = "a Transfer without its TxShares" if odd.shares is None else "a TxShares without its Transfer"
        first = (odd.transfer or odd.shares or moves[0]).raw
        undecoded.append(undecoded_row(scene, odd.first, first, why))
        broken = min([(odd.first, why), *([broken] if broken else [])], key=lambda lost: lost[0].order)
    story = Story([_move(pair) for pair in pairs if pair is not odd], _turns(scene), undecoded, broken)
    return scaled(scene, story)


def rate_of(multiplier: int, decimals: int) -> Rate:
    """Return what a share of 18 decimals is worth in base units of a token with *decimals*."""
    scale = 10 ** (18 - decimals)
    return Rate(multiplier, ONE * scale, ONE // 2 + ONE * (scale // 2), 18 - decimals)


def _move(pair: Twins) -> Move:
    transfer = pair.transfer or pair.shares
    shares = None if pair.shares is None else pair.shares.event.number("shares")
    amount = None if pair.transfer is None else pair.transfer.event.number("value")
    assert transfer is not None  # noqa: S101 - one of them is there
    event = transfer.event
    why = None if shares is not None and amount is not None else "half of what tells this entry is missing"
    return Move(pair.first, event.text("from"), event.text("to"), shares, amount, why=why)


def _turns(scene: Scene) -> list[Turn]:
    """Return the steps of the multiplier: what the provider in force says, checked by every TxShares."""
    own = scene.deployment.address
    known = {own, *(companion.address for companion in scene.deployment.companions)}
    events = [
        (place, event)
        for place, _, event in told(scene, known, load_family(FAMILIES), _RATES)
        if not isinstance(event, Undecodable)
    ]
    born = next(placed(scene, [own]))[0]
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
