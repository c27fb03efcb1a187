"""What a run left, held against the chain itself: plain Python beside everything that the program does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sim_chain import STARTS, TOKENS, View
from sim_kept import Kept, balances, entries, held_entries, to_bytes
from sim_node import NUMBER
from sim_plan import Plan
from sim_run import NAMES, Ran

from indexer.floor.tables import LOGS, SUPPLY_CHANGES
from indexer.store.lake import Lake
from indexer.store.read import read_book
from indexer.sync.coverage import book_of, covered
from indexer.sync.proving import LEVELS
from indexer.sync.raw import in_order

MENDED = ("failed", "repaired")
CHAIN_ID = f"eip155:{NUMBER}"
GOOD = ("right", "behind", "red", "hole", "unseen", "halted", "provisional")


class Judged(NamedTuple):
    """What a run came to, in a *word* and a text.

    These may be. right: every table is as the chain has it. behind: the same, up to the head that a late
    endpoint told. red: one is not, its certificate or its NULL says so, and nobody honest was there. hole:
    something is missing, and a sentence names it. unseen: logs are missing that change no balance, so that only a
    second endpoint or a proof of blocks could tell, and none was asked for. halted: the chain forked below what
    was final, and what is held is untouched. provisional: what is wrong lies above the final block, where every
    row says so, and moves no balance; it is asked again once final.

    These may not. silent: something is wrong and nothing says so; at the proof of blooms or above that is also what
    moves no balance. unmended: it says that it is wrong, and an honest endpoint was there. stuck: so it was, and
    still something is missing. false alarm: all is right and a certificate denies it. slip: no endpoint lied, and
    still a log had to be mended. another: a table is not that of a clean run. broken: the run ended in an error.
    """

    word: str
    text: str = ""

    @property
    def bad(self) -> bool:
        return self.word not in GOOD


class Facts(NamedTuple):
    """What the word hangs on: the first thing wrong, what was said, and what could be expected."""

    wrong: str | None
    told: bool
    invisible: bool
    open: bool
    troubles: tuple[str, ...]
    behind: bool
    tip: bool
    proven: bool
    missing: str | None
    denied: bool
    honest: bool
    lies: bool


def judge(ran: Ran) -> Judged:
    """Return what *ran* came to."""
    if not ran.ended and not ran.troubles:
        return Judged("broken", ran.errors[-1] if ran.errors else "the last run ended without a result")
    if ran.halted and ran.world.betrayed:
        return _judged_halt(ran)
    if (slip := _slipped(ran)) is not None:
        return Judged("slip", slip)
    facts = _facts(ran)
    judged = _judged_wrong(facts) if facts.wrong else _judged_right(facts)
    if (
        judged.bad
        and facts.behind
        and ran.world.betrayed
        and _wrong_logs(kept_by(ran), _before(ran), whole=False) is None
    ):
        return Judged(
            "behind", "it stands on the branch that was final before, with an endpoint that stayed there"
        )
    return judged


def _slipped(ran: Ran) -> str | None:
    """Return what had to be mended though no endpoint lied: then it was the program that lost it."""
    if ran.plan.lies or ran.world.betrayed:
        return None
    kept = kept_by(ran)
    mended = [f"blocks {r['first']}..{r['last']}" for r in kept.rows("audits") if r["verdict"] in MENDED]
    red = [row["reason"] for row in kept.rows("certificates") if row["verdict"] == "fail"]
    return next((f"mended, and nobody lied: {told}" for told in [*mended, *red]), None)


def _before(ran: Ran) -> View:
    """Return the chain as it stood before it forked below what was final."""
    was = ran.world.betrayed
    assert was is not None
    return View(ran.world.branches[was.branch], was.height, was.final)


def _judged_halt(ran: Ran) -> Judged:
    """Return whether a chain that was called halted was, and what is held is what was final before."""
    wrong = _wrong_logs(kept_by(ran), _before(ran), whole=False)
    if wrong and not ran.plan.lies:  # a liar's logs are certified once the chain goes on
        return Judged("silent", f"after a halt: {wrong}")
    return Judged("halted", ran.halted or "")


def kept_by(ran: Ran) -> Kept:
    return Kept(read_book(ran.settings.home, ran.settings.database), Lake(ran.settings.lake))


def _judged_wrong(facts: Facts) -> Judged:
    text = facts.wrong or ""
    if facts.told:
        return Judged("unmended" if facts.honest else "red", text)
    if facts.troubles:
        return Judged("stuck" if facts.honest and not facts.lies else "hole", facts.troubles[0])
    if facts.lies and facts.open:
        return Judged("provisional", text)
    return Judged("unseen" if facts.lies and facts.invisible and not facts.proven else "silent", text)


def _judged_right(facts: Facts) -> Judged:
    if facts.missing is None:
        return Judged("false alarm" if facts.denied and not facts.lies else "right")
    if facts.behind and (facts.lies or facts.tip or not facts.troubles):
        return Judged("behind", facts.missing)
    return Judged(
        "hole" if facts.troubles and not facts.honest else "stuck", f"{facts.missing}; {facts.troubles}"
    )


def _facts(ran: Ran) -> Facts:
    kept = kept_by(ran)
    view, plan, follows = ran.world.end, ran.plan, ran.plan.last.command == "follow"
    reached = {row["token"]: row for row in kept.rows("derivations")}
    book = book_of(kept.rows("segments"), kept.rows("filters"), CHAIN_ID)
    ends = {
        n: max((s.last for s in covered(book, a, None)), default=-1)
        for n, a in zip(NAMES, TOKENS, strict=True)
    }
    wanted = view.height if follows else view.final
    short = any(end < wanted for end in ends.values())
    troubles = (*ran.troubles, *([ran.halted] if ran.halted else []))
    if follows and not short and ran.ended:
        troubles = ()  # they have passed
    # What is provisional is not final truth yet, and says so.
    whole = all(name in reached and (follows or reached[name]["final"]) for name in NAMES) and not troubles
    whole = whole and not (follows and short)
    # Where nothing is derived yet no figure is wrong.
    wrong = [_wrong_logs(kept, view, whole=whole)] if reached else []
    wrong += [_wrong_tables(kept, view, n, reached) for n in range(len(NAMES)) if whole]
    newest = {row["token"]: row for row in sorted(kept.rows("certificates"), key=_age)}
    denied = any(row["verdict"] == "fail" for row in newest.values())
    late = any(f.lags or f.sways or f.orphaned or f.splits or f.strays for f in plan.faults)
    return Facts(
        wrong=next((text for text in wrong if text), None),
        told=denied or any(map(_contradicted, newest.values())) or _nulled(kept),
        invisible=all(
            name in reached and not _moved(kept, view, n, reached[name]) for n, name in enumerate(NAMES)
        ),
        open=whole and _wrong_logs(kept, view, whole=False) is None,
        troubles=troubles,
        behind=late,
        tip=_tip(plan, wanted - max(0, min(ends.values()))),
        proven=LEVELS.index(plan.proof) >= LEVELS.index("bloom"),
        missing=f"{ends} of {wanted}"
        if short or troubles
        else _undone(kept, view, reached)
        if follows
        else None,
        denied=denied,
        honest=plan.honest,
        lies=plan.lies,
    )


def _tip(plan: Plan, short: int) -> bool:
    """Return whether the *short* blocks at the tip are some that an honest endpoint has only now and then.

    The nodes behind one address may be apart; where each request is answered by another one, and none is batched
    with its block, what lies above them all comes by luck.
    """
    return any(f.serves and f.no_batch and short <= f.lags + f.sways for f in plan.faults)


def _undone(kept: Kept, view: View, reached: Mapping[str, Any]) -> str | None:
    """Return what a follower at the head has left: to ask again what is final, to derive what it has."""
    for segment in kept.rows("segments"):
        if not segment["final"] and segment["last"] <= view.final:
            return f"blocks {segment['first']}..{segment['last']} were not asked again"
    for name, token in zip(NAMES, TOKENS, strict=True):
        if entries(
            view.blocks[reached[name]["frontier_block"] + 1 :] if name in reached else view.blocks, token
        ):
            return f"{name} was not derived to its last transfer"
    return None


def _contradicted(row: Mapping[str, Any]) -> bool:
    """Return whether a certificate says that the events contradict each other; that no state is kept says nothing."""
    return row["verdict"] == "unknown" and "than was ever minted" in (row["reason"] or "")


def _age(row: Mapping[str, Any]) -> Any:
    return row["fetched_at"]


def _wrong_logs(kept: Kept, view: View, *, whole: bool) -> str | None:
    """Return what is wrong with the logs of the covered blocks; those not final only where it is *whole*."""
    segments = [s for s in kept.rows("segments") if whole or s["final"]]
    book = book_of(segments, kept.rows("filters"), CHAIN_ID)
    spans = {address: covered(book, address, None) for address in TOKENS}
    if (twice := _twice(kept)) is not None:
        return twice
    logs = in_order(kept.lake_rows(LOGS.name, None))
    names = (
        "block_number",
        "block_hash",
        "log_index",
        "address",
        "topic0",
        "topic1",
        "topic2",
        "data",
        "tx_hash",
    )
    held = {
        row
        for row in zip(*(logs[name].to_pylist() for name in names), strict=True)
        if any(s.first <= row[0] <= s.last for s in spans.get("0x" + row[3].hex(), []))
    }
    true = {
        (
            b.number,
            to_bytes(b.hash),
            log.index,
            to_bytes(log.address),
            *map(to_bytes, log.topics),
            to_bytes(log.data),
            to_bytes(log.tx_hash),
        )
        for address in TOKENS
        for span in spans[address]
        for b in view.blocks[span.first : span.last + 1]
        for log in b.logs
        if log.address == address
    }
    if held == true:
        return None
    lost, extra = sorted(true - held), sorted(held - true)
    return f"{len(lost)} logs lost, {len(extra)} not of the chain, as of blocks {[r[0] for r in [*lost, *extra]][:5]}"


def _twice(kept: Kept) -> str | None:
    """Return which file holds a log twice."""
    for file in kept.rows("files"):
        if file["unlisted_at"] is None and file["table_name"] == LOGS.name:
            logs = kept.lake.read(LOGS, [file["path"]])
            if in_order(logs).num_rows < logs.num_rows:
                return f"{file['path']} holds a log twice"
    return None


def _wrong_tables(kept: Kept, view: View, number: int, reached: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the tables of one token up to its frontier."""
    name, row = NAMES[number], reached[NAMES[number]]
    if row["frontier_hash"] != view.blocks[row["frontier_block"]].hash:
        return f"{name}: the frontier is no block of the chain"
    held = held_entries(kept, name)
    true = entries(view.blocks[STARTS[number] : row["frontier_block"] + 1], TOKENS[number])
    if held != true:
        return f"{name}: {len(set(true) - set(held))} transfers lost, {len(set(held) - set(true))} too many"
    changes = kept.lake_rows(SUPPLY_CHANGES.name, name)["supply_raw"].to_pylist()
    supply = view.blocks[row["frontier_block"]].state[TOKENS[number]].supply
    if (int(changes[-1]) if changes else 0) != supply:
        return f"{name}: the supply is {changes[-1:]}, not {supply}"
    return None


def _nulled(kept: Kept) -> bool:
    """Return whether some table says that its figures are not known, and why: they contradict each other."""
    changes = [kept.lake_rows(SUPPLY_CHANGES.name, name)["why_null"].to_pylist() for name in NAMES]
    return any(row["why_null"] for row in kept.rows("derivations")) or any(map(any, changes))


def _moved(kept: Kept, view: View, number: int, row: Mapping[str, Any]) -> bool:
    """Return whether the balances that follow from the tables differ from the chain's at their frontier."""
    block = view.blocks[row["frontier_block"]]
    true = {a: held for a, held in block.state[TOKENS[number]].balances.items() if held}
    return block.hash != row["frontier_hash"] or balances(held_entries(kept, NAMES[number])) != true
