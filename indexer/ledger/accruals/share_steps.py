"""A share-rebasing token's own logs as steps: shares that moved, and totals that the contract told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from indexer.decode.abi import Event, Family, RawLog, Undecodable, decode_call, decode_event, load_family
from indexer.ledger.placed import Place, placed, undecoded_row
from indexer.ledger.scene import Scene
from indexer.ledger.values import ZERO


class Step(NamedTuple):
    """Shares that moved (kind mint, burn or move) or a total that was told (kind sync).

    *asked* is the amount that a mint or burn asked for, where the transaction's input tells it. For a sync,
    *amount* is the signed interest and *total* the new total supply; a total that was read, not logged,
    has no place of its own (*logged* False).
    """

    kind: str
    place: Place
    sender: str = ZERO
    receiver: str = ZERO
    shares: int = 0
    amount: int = 0
    asked: int | None = None
    total: int = 0
    logged: bool = True


class Steps(NamedTuple):
    """The steps in order, and where they end early: *broken* says why, in *undecoded* too."""

    steps: list[Step]
    broken: tuple[Place, str] | None
    undecoded: list[dict[str, object]]


FAMILIES = ("erc20", "stbt")
_AMOUNT_ARGUMENT = {
    "issue": "_value",
    "redeem": "_value",
    "redeemFrom": "_value",
    "controllerRedeem": "_value",
}


def read_steps(scene: Scene) -> Steps:
    """Return the steps that the token's logs tell, paired TransferShares with Transfer."""
    family = load_family(FAMILIES)
    reader = _Reader(scene, _ledger_topics(family))
    for place, raw in placed(scene, [scene.deployment.address]):
        reader.see(place, raw, decode_event(family, raw))
    reader.end()
    return Steps(_asked(scene, family, reader.steps), reader.broken, reader.undecoded)


class _Reader:
    """Pairs each TransferShares with the Transfer that follows it; what cannot be paired ends the ledger."""

    def __init__(self, scene: Scene, ledger_topics: set[bytes]) -> None:
        self.steps: list[Step] = []
        self.undecoded: list[dict[str, object]] = []
        self.broken: tuple[Place, str] | None = None
        self._scene = scene
        self._ledger_topics = ledger_topics
        self._shares: tuple[Place, RawLog, Event] | None = None

    def see(self, place: Place, raw: RawLog, event: Event | Undecodable | None) -> None:
        """Take the next log of the token."""
        if self._shares is not None and _ends(self._shares[0], place, event):
            self.end()
        if isinstance(event, Undecodable):
            self._lose(place, raw, event.reason, breaks=raw.topics[0] in self._ledger_topics)
        elif event is None:
            return
        elif event.name == "TransferShares":
            self._shares = (place, raw, event)
        elif event.name == "Transfer":
            self._move(place, raw, event)
        elif event.name == "InterestsDistributed":
            interest, total = _int(event, "interest"), _int(event, "newTotalSupply")
            self.steps.append(Step("sync", place, amount=interest, total=total))

    def end(self) -> None:
        """Book a TransferShares whose Transfer did not come."""
        if self._shares is not None:
            place, raw, _ = self._shares
            self._shares = None
            self._lose(place, raw, "a TransferShares without its Transfer")

    def _move(self, place: Place, raw: RawLog, event: Event) -> None:
        shares = self._shares[2] if self._shares else None
        if shares is None or any(shares.args[side] != event.args[side] for side in ("from", "to")):
            self.end()
            self._lose(place, raw, "a Transfer without its TransferShares")
        else:
            self._shares = None
            self.steps.append(_moved(place, shares, event))

    def _lose(self, place: Place, raw: RawLog, reason: str, *, breaks: bool = True) -> None:
        self.undecoded.append(undecoded_row(self._scene, place, raw, reason))
        if breaks and self.broken is None:
            self.broken = (place, reason)


def _ends(shares: Place, place: Place, event: Event | Undecodable | None) -> bool:
    """Say whether the Transfer that a TransferShares announces cannot come any more."""
    other = isinstance(event, Event) and event.name in {"TransferShares", "InterestsDistributed"}
    return other or place.tx_hash != shares.tx_hash


def _ledger_topics(family: Family) -> set[bytes]:
    names = {"Transfer", "TransferShares", "InterestsDistributed"}
    return {spec.topic0 for specs in family.events.values() for spec in specs if spec.name in names}


def _moved(place: Place, shares: Event, event: Event) -> Step:
    sender, receiver = str(event.args["from"]), str(event.args["to"])
    kind = "mint" if sender == ZERO else "burn" if receiver == ZERO else "move"
    return Step(kind, place, sender, receiver, _int(shares, "sharesValue"), _int(event, "value"))


def _asked(scene: Scene, family: Family, steps: list[Step]) -> list[Step]:
    """Give each mint and burn the amount that its transaction asked for.

    Only a transaction that calls the token itself and moves supply once tells it: behind a helper or a
    timelock the outer input does not name it.
    """
    per_tx: dict[str, int] = {}
    for step in steps:
        if step.kind in {"mint", "burn"}:
            per_tx[step.place.tx_hash] = per_tx.get(step.place.tx_hash, 0) + 1
    return [
        step._replace(asked=_from_input(scene, family, step)) if per_tx.get(step.place.tx_hash) == 1 else step
        for step in steps
    ]


def _from_input(scene: Scene, family: Family, step: Step) -> int | None:
    call = scene.calls.get(step.place.tx_hash)
    if step.kind not in {"mint", "burn"} or call is None or call.target != scene.deployment.address:
        return None
    decoded = decode_call(family, call.input)
    if decoded is None or decoded[0] not in _AMOUNT_ARGUMENT:
        return None
    name, arguments = decoded
    value = arguments[_AMOUNT_ARGUMENT[name]]
    wrong_way = (name == "issue") != (step.kind == "mint")
    return None if wrong_way or not isinstance(value, int) else value


def _int(event: Event, name: str) -> int:
    value: Mapping[str, object] = event.args
    found = value[name]
    assert isinstance(found, int)  # noqa: S101 - the ABI says so
    return found
