"""Certificates that mend themselves: a red one narrows down where a log is missing, audits there and repairs.

Bounded in what it asks. Where it cannot mend, the certificate stays red and its reason says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from indexer.floor.errors import NoEndpoint
from indexer.floor.spans import BlockRef, Span
from indexer.floor.tables import AUDITS, CERTIFICATES
from indexer.sources.evm import Evm
from indexer.sync.audit import concerning, prove_parts, without_proven
from indexer.sync.audits import Part, cost_of, parts_of
from indexer.sync.certify import verdict_at, verify_place
from indexer.sync.deriving import Place, commit_certificate, derivation_of, derive_place, derived_of
from indexer.sync.inputs import load_raw
from indexer.sync.measuring import CONTRADICTED
from indexer.sync.proving import LEVELS
from indexer.sync.repairing import (
    Mended,
    held_book,
    open_failures,
    repair_chain,
    settle_finding,
    without_lately_unknown,
)  # fmt: skip
from indexer.sync.restating import REPAIRED
from indexer.sync.session import Session
from indexer.verify.certificate import SETTLED

BUDGET = 2_000
"""Requests that one certificate may spend on mending itself: minutes, not hours."""

ROUNDS = 16
"""So many logs may be missing in different places before it is left to a person."""

UNMENDED = "it could not be mended"
"""What the reason of a certificate says that stays red."""

TURNS = 3
"""How often what a repair touched is mended in turn."""

NARROW = 4
"""After so many logs that were found one by one, all blocks are audited at once."""

FEW = 20
"""Blocks of which all receipts are asked for at once, since that settles them."""

AT_ONCE = 20
"""Parts that are audited before what failed is repaired."""


Suspects = Sequence[tuple[Place, dict[str, Any]]]
"""Places with the certificate that casts doubt on them."""


async def mend_all(
    work: Session, evm: Evm, places: Sequence[Place], suspects: Suspects, *, final: BlockRef, reads: bool
) -> dict[tuple[str, str], dict[str, Any]]:
    """Mend the *suspects* as far as can be, and derive again all *places* that a repair touched.

    Returns the certificates that stand then. Mending takes its time, so it comes after all else of a chain. What a
    repair touched is certified again, and mended in turn where that casts doubt on it.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for _ in range(TURNS):
        before = _repairs(work, evm)
        for place, certificate in suspects:
            found[place.key] = certificate
            try:
                if await _derived_again(work, evm, place, final=final, reads=reads):
                    found[place.key] = await verify_place(work, place, evm)
                if suspicious(work, place, found[place.key]):
                    found[place.key] = await mend(
                        work, evm, place, found[place.key], final=final, reads=reads
                    )
            except NoEndpoint as error:
                work.progress.note(f"{evm.chain.name}: {place.token.id} could not be mended now. {error}")
        if _repairs(work, evm) != before:
            await _sweep(work, evm, places)
        touched = [p for p in places if await _derived_again(work, evm, p, final=final, reads=reads)]
        for place in touched:
            found[place.key] = await verify_place(work, place, evm)
        suspects = [(p, found[p.key]) for p in touched if suspicious(work, p, found[p.key])]
        if not suspects:
            break
    return found


def _repairs(work: Session, evm: Evm) -> int:
    return len(work.book.rows(AUDITS, chain_id=evm.chain_id, verdict="repaired"))


async def _derived_again(work: Session, evm: Evm, place: Place, *, final: BlockRef, reads: bool) -> bool:
    """Derive a place whose logs a repair changed; tell whether there was such a need."""
    held = derivation_of(work, place)
    if held is None or held["config_digest"] != REPAIRED:
        return False
    raw = load_raw(work, evm.chain_id)
    return await derive_place(work, place, raw, evm, final=final, reads=reads) is not None


async def _sweep(work: Session, evm: Evm, places: Sequence[Place]) -> None:
    """Ask a second endpoint for all that is held of *places*: who lost one log may have lost others that move no
    balance."""
    if len(evm.pool.endpoints) < 2:
        return
    done, _ = await prove_and_repair(work, evm, _open_parts(work, evm, places, "agreed"), BUDGET)
    _told(work, evm, done)


def _open_parts(
    work: Session,
    evm: Evm,
    places: Sequence[Place],
    level: str,
    window: Span | None = None,
    *,
    provisional: bool = True,
) -> list[Part]:
    """Return what is held of *places* in *window* and not proven at *level*, with what is *provisional* if so."""
    book = held_book(work, evm.chain_id)
    contracts = {contract.address for place in places for contract in place.contracts}
    weaker = [s for s in concerning(book, contracts) if LEVELS.index(s["proof"]) < LEVELS.index(level)]
    parts = parts_of(book, weaker, level, window, provisional=provisional)
    return without_proven(evm.chain, parts, work.book.rows(AUDITS, chain_id=evm.chain_id), work.lake).parts


def suspicious(work: Session, place: Place, certificate: dict[str, Any]) -> bool:
    """Tell whether the figures are contradicted: by the contract's state, by what cannot be, or by each other."""
    held = derivation_of(work, place) or {}
    return certificate["verdict"] == "fail" or str(held.get("why_null") or "").startswith(CONTRADICTED)


async def mend(
    work: Session, evm: Evm, place: Place, certificate: dict[str, Any], *, final: BlockRef, reads: bool
) -> dict[str, Any]:
    """Audit where a red *certificate* says that something is missing, repair it, and certify again.

    The suspect blocks begin behind the last certificate that passed. Where the contract's old state is there,
    they are halved by it down to the block whose log is missing; else they are audited at the cheapest level
    that can decide. A certificate that stays red says in its reason what is left to do.
    """
    spent, why = evm.pool.requests, ""
    for tried in range(ROUNDS):
        window = await _suspect(work, evm, place, certificate, narrow=tried < NARROW)
        done, why = await _search(work, evm, place, window, BUDGET - (evm.pool.requests - spent))
        if not done.changed:
            break
        _told(work, evm, done)
        raw = load_raw(work, evm.chain_id)
        if await derive_place(work, place, raw, evm, final=final, reads=reads) is None:
            return certificate
        certificate = await verify_place(work, place, evm)
        if not suspicious(work, place, certificate):
            return certificate
    return _left_red(work, evm, place, certificate, why or "other logs are missing still")


async def _suspect(
    work: Session, evm: Evm, place: Place, certificate: dict[str, Any], *, narrow: bool
) -> Span:
    """Return the blocks in which the missing log must be; where *narrow* as few as the contract's state tells."""
    row = derivation_of(work, place)
    assert row is not None  # noqa: S101 - it was certified
    bad = int(certificate["block_number"])
    passed = [
        c["block_number"]
        for c in work.book.rows(CERTIFICATES, token=place.key[0], chain_id=place.key[1])
        if c["verdict"] in SETTLED and row["first_block"] <= c["block_number"] < bad
    ]
    good = max(passed, default=row["first_block"] - 1)
    if not narrow:
        return Span(good + 1, bad)
    derived = derived_of(work, place.key)
    try:
        told = await verdict_at(work, place, evm, bad, derived, holders=False)
        holders = told["verdict"] != "fail"  # where the supply tells the way, one call a step is enough
        while bad - good > 1:
            middle = (good + bad) // 2
            told = await verdict_at(work, place, evm, middle, derived, holders=holders)
            if told["verdict"] == "fail":
                bad = middle
            elif told["verdict"] in SETTLED:
                good = middle
            else:
                break
    except NoEndpoint:
        pass  # what is left is audited
    return Span(good + 1, bad)


async def _search(work: Session, evm: Evm, place: Place, window: Span, budget: int) -> tuple[Mended, str]:
    """Audit *window* level by level until something was put right; return that, and else why nothing was."""
    why = ""
    levels = LEVELS[3:] if len(window) <= FEW else LEVELS[1:]
    for level in levels:
        if level == "agreed" and len(evm.pool.endpoints) < 2:
            why = "there is no second endpoint to agree with"
            continue
        left = _open_parts(work, evm, [place], level, window)
        cost = cost_of(left)
        if cost.least > budget:
            return Mended([], []), _too_much(evm, place, window, level, cost.least)
        work.progress.note(
            f"{evm.chain.name}: the figures of {place.token.id} are contradicted; blocks {window} are audited "
            f"({level}, at least {cost.least} requests)."
        )
        started = evm.pool.requests
        done, trouble = await prove_and_repair(work, evm, left, budget)
        budget -= evm.pool.requests - started
        if done.changed:
            return done, ""
        why = (
            trouble or f"audited to the level {level}, blocks {window} hold every log that the evidence shows"
        )
        if budget <= 0:
            return done, _too_much(evm, place, window, level, cost.most)
    return Mended([], []), why


async def prove_and_repair(
    work: Session, evm: Evm, parts: Sequence[Part], budget: int | None = None
) -> tuple[Mended, str | None]:
    """Audit *parts*, some at a time, and put right what fails; ends early where *budget* requests are spent.

    Returns what was done, and why spans were left without a verdict.
    """
    done, trouble, started = Mended([], []), None, evm.pool.requests
    for at in range(0, len(parts), AT_ONCE):
        found, stopped = await prove_parts(work, evm, parts[at : at + AT_ONCE])
        for (row, finding), part in zip(found, parts[at:], strict=False):
            made = await settle_finding(work, evm, part, finding)
            done.rows.extend(made.rows or [row])
            done.holes.extend(made.holes)
            if finding.verdict == "unknown":
                trouble = finding.detail
        spent = evm.pool.requests - started
        if stopped or (budget is not None and spent >= budget):
            return done, stopped or trouble
    return done, trouble


async def prove_fetched(
    work: Session, evm: Evm, places: Sequence[Place], level: str, rest: timedelta | None = None
) -> list[str]:
    """Bring what is held of *places* to the proof *level*, and put right what failed before or fails now.

    Returns why not every block could be proven, if so. What nobody could settle within *rest* is not asked again.
    """
    done = await repair_chain(work, evm, open_failures(work, evm.chain_id))
    troubles = list[str]()
    if level != LEVELS[0]:
        left = _open_parts(work, evm, places, level, provisional=False)
        left = without_lately_unknown(work, evm.chain_id, left, rest) if rest else left
        made, trouble = await prove_and_repair(work, evm, left)
        done.rows.extend(made.rows)
        done.holes.extend(made.holes)
        if trouble:
            troubles.append(f"{evm.chain.name}: not every block reached the proof '{level}': {trouble}")
    for hole in done.holes:
        work.progress.note(
            f"{evm.chain.name}: blocks {hole.unit.span} are a hole from now on, since nothing settles what is in them: "
            f"{hole.detail}."
        )
    _told(work, evm, done)
    return troubles


def _told(work: Session, evm: Evm, done: Mended) -> None:
    for row in done.rows:
        if row["verdict"] == "repaired":
            work.progress.note(
                f"{evm.chain.name}: blocks {row['first']}..{row['last']} were repaired: {row['added']} logs added, "
                f"{row['removed']} removed."
            )


def _too_much(evm: Evm, place: Place, window: Span, level: str, requests: int) -> str:
    return (
        f"an audit of blocks {window} takes {requests:,} requests or more, too many to be made unasked; run "
        f"`rwa audit {place.token.id} --chain {evm.chain.name} --from {window.first} --to {window.last} "
        f"--proof {level}`, then `rwa repair`"
    )


def _left_red(
    work: Session, evm: Evm, place: Place, certificate: dict[str, Any], told: str
) -> dict[str, Any]:
    """Keep the red certificate with what is left to do in its reason."""
    row = derivation_of(work, place)
    assert row is not None  # noqa: S101 - it was certified
    remedy = (
        f"give another endpoint with --rpc {evm.chain.name}=URL,URL and run `rwa backfill {place.token.id}`"
    )
    if "`rwa audit" in told:
        remedy = ""
    reason = f"{certificate['reason'] or row['why_null']}; {UNMENDED}: {told.rstrip('.')}"
    verdict = "fail" if str(row["why_null"] or "").startswith(CONTRADICTED) else certificate["verdict"]
    red = certificate | {"verdict": verdict, "reason": "; ".join(part for part in (reason, remedy) if part)}
    commit_certificate(work, place, row, derived_of(work, place.key), red)
    work.progress.note(f"{evm.chain.name}: {place.token.id} stays in doubt: {red['reason']}.")
    return red
