"""Multiplier rebase (USDO): shares are not logged, the multiplier is. Source of the formulas: USDO.sol.

    shares = amount · 1e18 // multiplier   at every mint, burn and transfer
    balance = shares · multiplier // 1e18

Transfer carries the amount that was asked for, so shares follow from the multiplier in force at its log.
"""

from __future__ import annotations

from indexer.decode.abi import Event, RawLog, Undecodable, load_family
from indexer.ledger.accruals.scaled import Move, Story, Turn, scaled
from indexer.ledger.placed import Place, told, undecoded_row
from indexer.ledger.scene import Ledger, Scene
from indexer.ledger.supply import Rate

ONE = 10**18
FAMILIES = ("erc20", "usdo")
_NO_MULTIPLIER = "the multiplier is not known: no log before this one tells it"


def multiplier_rebase(scene: Scene) -> Ledger:
    """Return the ledger in shares."""
    reader = _Reader(scene)
    names = ("Transfer", "BonusMultiplier")
    for place, raw, event in told(scene, [scene.deployment.address], load_family(FAMILIES), names):
        reader.see(place, raw, event)
    return scaled(scene, Story(reader.moves, reader.turns, reader.undecoded, reader.broken))


class _Reader:
    def __init__(self, scene: Scene) -> None:
        self.moves: list[Move] = []
        self.turns: list[Turn] = []
        self.undecoded: list[dict[str, object]] = []
        self.broken: tuple[Place, str] | None = None
        self._scene = scene
        self._multiplier: int | None = None

    def see(self, place: Place, raw: RawLog, event: Event | Undecodable) -> None:
        if isinstance(event, Undecodable):
            self._lose(place, raw, event.reason)
        elif event.name == "BonusMultiplier":
            self._turn(place, raw, event.number("value"))
        else:
            amount, multiplier = event.number("value"), self._multiplier
            units = None if multiplier is None else amount * ONE // multiplier
            why = _NO_MULTIPLIER if units is None else None
            self.moves.append(Move(place, event.text("from"), event.text("to"), units, amount, why=why))

    def _turn(self, place: Place, raw: RawLog, multiplier: int) -> None:
        if multiplier == 0:
            self._lose(place, raw, "a multiplier of zero, by which the contract cannot divide")
            return
        self._multiplier = multiplier
        rate = Rate(multiplier, ONE)
        own = self._scene.deployment.address
        self.turns.append(Turn(place.time, place, rate, "log", own, announced=place.time))

    def _lose(self, place: Place, raw: RawLog, reason: str) -> None:
        self.undecoded.append(undecoded_row(self._scene, place, raw, reason))
        self.broken = self.broken or (place, reason)
