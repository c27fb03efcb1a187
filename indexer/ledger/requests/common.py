"""How the events of a platform tell the steps of requests: declared shapes, and what joins the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, cast

import pyarrow as pa

from indexer.decode.abi import Event
from indexer.ledger.scene import Scene
from indexer.ledger.told import Spot, Told

OPEN = ("requested", "changed", "approved", "claimable")
"""Phases that do not end a request."""


class Step(NamedTuple):
    """How one event tells a step: names of its arguments, in its own words.

    *holder* names accounts in order of preference: the first that is no contract or role of the token's own.
    *request* names what makes up the id; the id counts for the event's contract, or for the whole chain
    where it is *shared*, and *apart* names what the contract counts apart under equal ids. A request
    without id is *by_holder*: each holder's requests are numbered.
    *fee* is an argument, or two whose difference it is. *only* names an argument that must be the token;
    *own* asks that the token itself tells it. *rebasing* says for which sort of token the units are told.
    *kinds* maps the number in the argument *kind_by* to the kind. An *echo* repeats what another contract
    tells with more detail: it is dropped where the same transaction holds one of those phases of the holder.
    """

    event: str
    kind: str | None
    phase: str
    holder: tuple[str, ...] = ()
    request: tuple[str, ...] = ()
    units: str | None = None
    receiver: str | None = None
    asset: str | None = None
    amount: str | None = None
    price: str | None = None
    fee: str | tuple[str, str] | None = None
    shared: bool = False
    by_holder: bool = False
    only: str | None = None
    own: bool = False
    rebasing: bool | None = None
    kind_by: str | None = None
    kinds: Mapping[int, str] = {}
    echo: tuple[str, ...] = ()
    apart: str | None = None


class Request(NamedTuple):
    """One row of ``request_events``; amounts are integers of any size, *why* says what is not known."""

    spot: Spot
    kind: str | None
    phase: str
    request_id: str | None = None
    holder: str | None = None
    receiver: str | None = None
    units: int | None = None
    asset: str | None = None
    asset_amount: int | None = None
    price: int | None = None
    fee: int | None = None
    why: str | None = None


class Teller(NamedTuple):
    """The events that a platform tells requests by, and the pure function that reads them.

    It takes the scene, the decoded events in order, and ``transfers``.
    """

    events: frozenset[str]
    tell: Callable[[Scene, Sequence[Told], pa.Table], list[Request]]


class _Found(NamedTuple):
    step: Step
    row: Request


def by_steps(*steps: Step) -> Teller:
    """Return the teller of declared *steps*; of several that fit an event the first counts."""

    def tell(scene: Scene, events: Sequence[Told], _transfers: pa.Table) -> list[Request]:
        return requests_by(steps, scene, events)

    return Teller(frozenset(step.event for step in steps), tell)


def requests_by(steps: Iterable[Step], scene: Scene, events: Iterable[Told]) -> list[Request]:
    """Return what *steps* say of *events*, in order, with echoes dropped and the steps of a request joined."""
    named: dict[str, list[Step]] = {}
    for step in steps:
        named.setdefault(step.event, []).append(step)
    insiders = insiders_of(scene)
    found = []
    for told in events:
        fitting = next((s for s in named.get(told.event.name, ()) if _fits(s, told.event, scene)), None)
        row = None if fitting is None else _row(fitting, told, insiders)
        if fitting is not None and row is not None:
            found.append(_Found(fitting, row))
    return joined(_numbered(_without_echoes(_with_holders(found))))


def insiders_of(scene: Scene) -> frozenset[str]:
    """Return the accounts that are nobody's customer: the group's contracts and every address with a role."""
    where = scene.deployment
    return frozenset(
        [where.address, *(c.address for c in where.companions), *(role.address for role in where.roles)]
    )


def joined(rows: Sequence[Request]) -> list[Request]:
    """Return *rows* with the kind that another step of the same request tells."""
    kinds: dict[str, str] = {}
    for row in rows:
        if row.request_id is not None and row.kind is not None:
            kinds.setdefault(row.request_id, row.kind)
    out = []
    for row in rows:
        known = row.kind or (None if row.request_id is None else kinds.get(row.request_id))
        reasons = [row.why, None if known else "no step of this request tells its kind"]
        out.append(row._replace(kind=known, why="; ".join(filter(None, reasons)) or None))
    return out


def id_of(spot: Spot, *values: object, shared: bool = False, apart: str | None = None) -> str | None:
    """Return the id that *values* make up, or None where it is the empty one of a request without id."""
    if all(isinstance(value, bytes) and not any(value) for value in values):
        return None
    words = [f"0x{value.hex()}" if isinstance(value, bytes) else str(value) for value in values]
    counted = words if apart is None else [apart, *words]
    return ":".join(counted if shared else [spot.contract, *counted])


def _fits(step: Step, event: Event, scene: Scene) -> bool:
    names = [*step.holder, *step.request, *(step.fee if isinstance(step.fee, tuple) else (step.fee,))]
    names += [step.units, step.receiver, step.asset, step.amount, step.price, step.only, step.kind_by]
    if any(name is not None and name not in event.args for name in names):
        return False
    if step.own and event.contract != scene.deployment.address:
        return False
    if step.only is not None and event.args[step.only] != scene.deployment.address:
        return False
    return step.rebasing is None or step.rebasing == (scene.token.accrual == "price_rebase")


def _row(step: Step, told: Told, insiders: frozenset[str]) -> Request | None:
    args = told.event.args
    accounts = [cast("str", args[name]) for name in step.holder]
    holder = next((account for account in accounts if account not in insiders), None)
    if holder is None and accounts:
        if step.echo:
            return None
        holder = accounts[0]
    receiver = None if step.receiver is None else cast("str", args[step.receiver])
    return Request(
        told.spot,
        step.kinds.get(cast("int", args[step.kind_by])) if step.kind_by else step.kind,
        step.phase,
        id_of(told.spot, *(args[name] for name in step.request), shared=step.shared, apart=step.apart)
        if step.request
        else None,
        holder,
        None if receiver == holder else receiver,
        _number(args, step.units),
        None if step.asset is None else cast("str", args[step.asset]),
        _number(args, step.amount),
        _number(args, step.price),
        _fee(args, step.fee),
        None if step.units else "this step tells no units",
    )


def _number(args: Mapping[str, object], name: str | None) -> int | None:
    return None if name is None else cast("int", args[name])


def _fee(args: Mapping[str, object], fee: str | tuple[str, str] | None) -> int | None:
    if isinstance(fee, tuple):
        return cast("int", args[fee[0]]) - cast("int", args[fee[1]])
    return _number(args, fee)


def _with_holders(found: Sequence[_Found]) -> list[_Found]:
    """Return *found* with the holder that an earlier step of the same request told."""
    holders: dict[tuple[str | None, str], str] = {}
    out = []
    for step, row in found:
        known = row
        if row.request_id is not None:
            # A manager may count its subscriptions and its redemptions apart, so the kind is part of the name.
            named = row.kind, row.request_id
            known = row._replace(holder=row.holder or holders.get(named))
            if known.holder is not None:
                holders[named] = known.holder
        out.append(_Found(step, known))
    return out


def _without_echoes(found: Sequence[_Found]) -> list[_Found]:
    loud = {_voice(row, row.phase) for step, row in found if not step.echo or row.request_id is not None}
    return [pair for pair in found if not any(_voice(pair.row, phase) in loud for phase in pair.step.echo)]


def _voice(row: Request, phase: str) -> tuple[object, ...]:
    return row.spot.tx_hash, row.kind, row.holder, phase


def _numbered(found: Sequence[_Found]) -> list[Request]:
    """Return the rows; a holder's requests without id are numbered, a new one after each that has ended.

    A request ends when nothing of it is left: a step that takes back a part of it changes it.
    """
    numbers: dict[tuple[object, ...], int] = {}
    standing: dict[tuple[object, ...], int] = {}
    out = []
    for step, row in found:
        if not step.by_holder or row.holder is None:
            out.append(row)
            continue
        key = row.kind, row.holder
        if key not in standing:
            numbers[key] = numbers.get(key, 0) + 1
        left = _left(standing.get(key, 0), row)
        if left > 0:
            standing[key] = left
        else:
            standing.pop(key, None)
        phase = "changed" if row.phase == "cancelled" and left > 0 else row.phase
        out.append(row._replace(request_id=f"{row.holder}:{numbers[key]}", phase=phase))
    return out


def _left(before: int, row: Request) -> int:
    """Return the units that still wait behind a step; a change tells them all anew."""
    told = row.units or 0
    if row.phase == "requested":
        return before + told
    if row.phase in OPEN:
        return told
    return 0 if row.units is None else before - told
