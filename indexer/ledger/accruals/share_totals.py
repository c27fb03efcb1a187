"""Total supply of a share-rebasing token between the totals that its contract tells.

The contract keeps S (total supply) and T (total shares), all divisions floor (STBT.sol):

    issue(v)    shares = v·T // S, then T += shares, S += v; where that gives 0, shares = v and S = v
    redeem(v)   shares = ⌈v·T ÷ S⌉, then T −= shares, S −= v
    distribute  S += interest, logged with the new S

Logs carry the shares and recomputed amounts, not v. So v comes from the transaction's input; one unknown v
between two known totals is solved; what is left has a bound, and no figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from indexer.ledger.accruals.share_steps import Step

_CHANGE_UNKNOWN = "the change is not known: the total supply before it is not"


class Totals(NamedTuple):
    """T, and S between *low* and *high*: equal where S is known; *high* None where it has no bound."""

    shares: int
    low: int
    high: int | None

    @property
    def supply(self) -> int | None:
        return self.low if self.low == self.high else None


class Settled(NamedTuple):
    """A step, the totals after it, the change of supply it made, and why something is not known.

    *reads* counts the pinned reads that the totals rest on: those since the last total that was logged.
    *dropped* is what an issue that overwrites S took away beside what it issued.
    """

    step: Step
    totals: Totals
    change: int | None
    why: str | None
    reads: int = 0
    dropped: int = 0


def settle(steps: Iterable[Step]) -> list[Settled]:
    """Return every step with the totals after it; the first step is the token's first."""
    out: list[Settled] = []
    totals, reads = Totals(0, 0, 0), 0
    for stretch, sync in stretches(steps):
        settled = _settle_stretch(stretch, totals, None if sync is None else sync.total - sync.amount)
        if sync is not None and not sync.logged:
            settled = _read_after(settled, sync.total)
            first = next((n for n, s in enumerate(stretch) if s.kind != "move" and s.asked is None), 0)
            out += [s._replace(reads=reads + (n >= first)) for n, s in enumerate(settled)]
            reads += 1
        else:
            out += [s._replace(reads=reads) for s in settled]
        shares = settled[-1].totals.shares if settled else totals.shares
        if sync is not None:
            totals = Totals(shares, sync.total, sync.total)
            reads = 0 if sync.logged else reads
            out.append(Settled(sync, totals, sync.amount, None, reads))
        elif settled:
            totals = settled[-1].totals
    return out


def _read_after(settled: Sequence[Settled], total: int) -> list[Settled]:
    """Give the last mint or burn before a read the total that was read: its own block ends with it."""
    last = max((n for n, s in enumerate(settled) if s.step.kind != "move"), default=None)
    if last is None:
        return list(settled)
    known = settled[last]
    told = known._replace(totals=Totals(known.totals.shares, total, total))
    return [*settled[:last], told, *settled[last + 1 :]]


def stretches(steps: Iterable[Step]) -> list[tuple[list[Step], Step | None]]:
    """Return the steps between syncs, each with the sync that ends it; the last may have none."""
    out: list[tuple[list[Step], Step | None]] = []
    open_steps: list[Step] = []
    for step in steps:
        if step.kind == "sync":
            out.append((open_steps, step))
            open_steps = []
        else:
            open_steps.append(step)
    out.append((open_steps, None))
    return out


def unsolved(steps: Iterable[Step]) -> list[Step]:
    """Return the mints and burns whose amount neither input nor a later total gives."""
    out: list[Step] = []
    shares = 0
    for stretch, sync in stretches(steps):
        unknown = []
        for step in stretch:
            if step.asked is None and step.kind != "move" and not (step.kind == "mint" and shares == 0):
                unknown.append(step)
            shares += {"mint": step.shares, "burn": -step.shares, "move": 0}[step.kind]
        if len(unknown) > (0 if sync is None else 1):
            out += unknown
    return out


def _settle_stretch(stretch: Sequence[Step], opening: Totals, closing: int | None) -> list[Settled]:
    settled = _forward(stretch, opening)
    if closing is not None:
        solved = _solved(settled, opening, closing)
        settled = settled if solved is None else _forward(solved, opening)
    reached = settled[-1].totals if settled else opening
    if closing is not None and reached.supply is not None and reached.supply != closing:
        why = (
            f"events give {reached.supply} where the contract's next total says {closing}; "
            "an amount between the two totals is not what it seems"
        )
        return [_doubted(s, why) for s in settled]
    return settled


def _solved(settled: Sequence[Settled], opening: Totals, closing: int) -> list[Step] | None:
    """Return the steps with the one unknown amount filled in: what the others leave over; None where they
    do not tell it."""
    unknown = [n for n, s in enumerate(settled) if s.change is None and s.step.kind != "move"]
    if opening.supply is None or len(unknown) != 1:
        return None
    change = closing - opening.supply - sum(s.change - s.dropped for s in settled if s.change is not None)
    steps = [s.step for s in settled]
    step = steps[unknown[0]]
    asked = change if step.kind == "mint" else -change
    if step.asked is not None or asked < 0:
        return None
    steps[unknown[0]] = step._replace(asked=asked)
    return steps


def _doubted(settled: Settled, why: str) -> Settled:
    if settled.step.kind == "move":
        return settled
    return settled._replace(totals=Totals(settled.totals.shares, 0, None), change=None, why=why)


def _forward(stretch: Sequence[Step], opening: Totals) -> list[Settled]:
    out = []
    totals, why = opening, None
    for step in stretch:
        if step.kind == "move":
            out.append(Settled(step, totals, None, None))
            continue
        before = totals
        totals, said = (_mint if step.kind == "mint" else _burn)(step, before)
        why = said or (why if totals.supply is None else None)
        change = None
        if totals.supply is not None and before.supply is not None:
            change = totals.supply - before.supply
        elif said is None and step.asked is not None and not _may_overwrite(step, before):
            change = step.asked if step.kind == "mint" else -step.asked
        unknown = _CHANGE_UNKNOWN if change is None else None
        dropped = 0
        if change is not None and before.supply and _overwrites(step, before):
            change, dropped = step.shares, before.supply
        out.append(Settled(step, totals, change, why or _bound(totals, step) or unknown, dropped=dropped))
    return out


def _overwrites(step: Step, before: Totals) -> bool:
    """Say whether an issue found no shares for its amount, where the totals before it are known."""
    if step.kind != "mint" or before.shares == 0:
        return step.kind == "mint"
    asked = step.shares if step.asked is None else step.asked
    return asked == step.shares and before.supply is not None and asked * before.shares < before.supply


def _may_overwrite(step: Step, before: Totals) -> bool:
    """Say whether an issue may have found no shares for its amount, so that shares = v and S = v."""
    if step.kind != "mint" or (step.asked is not None and step.asked != step.shares):
        return False
    return before.high is None or step.shares * before.shares < before.high


def _mint(step: Step, before: Totals) -> tuple[Totals, str | None]:
    shares = before.shares + step.shares
    if before.shares == 0:
        # The first issue: shares = v, and S is overwritten by v.
        return Totals(shares, step.shares, step.shares), None
    if before.supply is None or step.asked is None:
        bounds = _mint_bounds(step, before) if step.asked is None else (step.asked, step.asked)
        totals = _between(shares, before, *bounds)
        return _or_overwritten(totals, step) if _may_overwrite(step, before) else totals, None
    given = step.asked * before.shares // before.supply if before.supply else 0
    if given == 0 and step.shares == step.asked:
        return Totals(shares, step.asked, step.asked), None
    if given != step.shares:
        return Totals(shares, 0, None), _contradiction(step, given)
    supply = before.supply + step.asked
    return Totals(shares, supply, supply), None


def _burn(step: Step, before: Totals) -> tuple[Totals, str | None]:
    shares = before.shares - step.shares
    if step.asked is None:
        low, high = _burn_bounds(step, before)
        return _between(shares, before, None if high is None else -high, -low), None
    if before.supply is None:
        return _between(shares, before, -step.asked, -step.asked), None
    taken = -(-step.asked * before.shares // before.supply) if before.supply else 0
    if taken != step.shares:
        return Totals(shares, 0, None), _contradiction(step, taken)
    supply = before.supply - step.asked
    return Totals(shares, supply, supply), None


def _mint_bounds(step: Step, before: Totals) -> tuple[int, int | None]:
    """Return the least and the greatest v with v·T // S = shares."""
    low = -(-step.shares * before.low // before.shares)
    return low, None if before.high is None else ((step.shares + 1) * before.high - 1) // before.shares


def _burn_bounds(step: Step, before: Totals) -> tuple[int, int | None]:
    """Return the least and the greatest v with ⌈v·T ÷ S⌉ = shares."""
    if before.shares == 0:
        return 0, before.high
    low = (step.shares - 1) * before.low // before.shares + 1
    return max(low, 0), None if before.high is None else step.shares * before.high // before.shares


def _between(shares: int, before: Totals, low: int | None, high: int | None) -> Totals:
    if low is None or high is None or before.high is None:
        return Totals(shares, 0, None)
    return Totals(shares, max(before.low + low, 0), before.high + high)


def _or_overwritten(totals: Totals, step: Step) -> Totals:
    low = min(totals.low, step.shares)
    return Totals(totals.shares, low, None if totals.high is None else max(totals.high, step.shares))


def _contradiction(step: Step, shares: int) -> str:
    return (
        f"transaction {step.place.tx_hash} asked for {step.asked}, which is {shares} shares, and the contract "
        f"logged {step.shares}"
    )


def _bound(totals: Totals, step: Step) -> str | None:
    if totals.supply is not None:
        return None
    why = f"total supply is not known from transaction {step.place.tx_hash} on: its input is not at hand"
    if step.asked is not None:
        why = "total supply is not known since an earlier transaction whose input is not at hand"
    return why if totals.high is None else f"{why}; it is between {totals.low} and {totals.high} base units"
