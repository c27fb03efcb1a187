"""What a run left, held against the chain itself: plain Python beside everything that the program does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sim_chain import STARTS, TOKENS, TRANSFER, ZERO, Block, View
from sim_node import NUMBER
from sim_run import NAMES, Ran

from indexer.floor.tables import LOGS, SUPPLY_CHANGES, TABLES, TRANSFERS
from indexer.store.lake import Lake
from indexer.store.read import read_book
from indexer.sync.coverage import book_of, covered
from indexer.sync.raw import in_order

CHAIN_ID = f"eip155:{NUMBER}"
Entry = tuple[int, int, str, str, int]
"""Block, log index, from, to, amount."""


GOOD = ("right", "behind", "red", "hole", "unseen")


class Judged(NamedTuple):
    """What a run came to, in a *word* and a text.

    These may be. right: every table is as the chain has it. behind: the same, up to the head that a late
    endpoint told. red: one is not, and its certificate or its NULL says so. hole: something is missing, and a
    sentence names it. unseen: logs are missing that change no balance, so that only a second endpoint or a proof
    of blocks could tell.

    These may not. silent: something is wrong and nothing says so. stuck: an honest endpoint was there, and still
    something is missing. false alarm: all is right and a certificate denies it. broken: the run ended in an error.
    """

    word: str
    text: str = ""

    @property
    def bad(self) -> bool:
        return self.word not in GOOD


class Kept(NamedTuple):
    """What a home holds."""

    book: Mapping[str, Any]
    lake: Lake

    def rows(self, table: str) -> list[dict[str, Any]]:
        return self.book[table].to_pylist()

    def lake_rows(self, table: str, token: str | None) -> Any:
        files = [f for f in self.rows("files") if f["unlisted_at"] is None and f["table_name"] == table]
        return self.lake.read(TABLES[table], sorted(f["path"] for f in files if f["token"] == token))


class Facts(NamedTuple):
    """What the word hangs on: the first thing wrong, what was said, and what could be expected."""

    wrong: str | None
    told: bool
    invisible: bool
    troubles: tuple[str, ...]
    behind: bool
    missing: str | None
    denied: bool
    honest: bool
    lies: bool


def judge(ran: Ran) -> Judged:
    """Return what *ran* came to."""
    if ran.outcome is None:
        return Judged("broken", ran.errors[-1] if ran.errors else "the last run ended without a result")
    facts = _facts(ran)
    return _judged_wrong(facts) if facts.wrong else _judged_right(facts)


def _judged_wrong(facts: Facts) -> Judged:
    text = facts.wrong or ""
    if facts.told:
        return Judged("red", text)
    if facts.troubles:
        return Judged("stuck" if facts.honest else "hole", facts.troubles[0])
    return Judged("unseen" if facts.lies and facts.invisible else "silent", text)


def _judged_right(facts: Facts) -> Judged:
    if facts.missing is None:
        return Judged("false alarm" if facts.denied and not facts.lies else "right")
    if facts.behind and not facts.troubles:
        return Judged("behind", facts.missing)
    return Judged(
        "hole" if facts.troubles and not facts.honest else "stuck", f"{facts.missing}; {facts.troubles}"
    )


def _facts(ran: Ran) -> Facts:
    assert ran.outcome is not None
    kept = Kept(read_book(ran.settings.home, ran.settings.database), Lake(ran.settings.lake))
    view, troubles = ran.world.end, (*ran.outcome.open_spans, *ran.outcome.halted)
    reached = {row["token"]: row for row in kept.rows("derivations")}
    whole = all(name in reached for name in NAMES) and not troubles
    wrong = [_wrong_logs(kept, view, whole=whole)]
    wrong += [_wrong_tables(kept, view, n, reached) for n in range(len(NAMES)) if whole]
    denied = any(result.verdict == "fail" for result in ran.outcome.results)
    ends = {name: reached[name]["frontier_block"] if name in reached else None for name in NAMES}
    short = any(end is None or end < view.final for end in ends.values())
    late = any(f.lags or f.sways or f.orphaned or f.splits or f.strays for f in ran.plan.faults)
    return Facts(
        wrong=next((text for text in wrong if text), None),
        told=denied or _nulled(kept),
        invisible=whole and not any(_moved(kept, view, n, reached) for n in range(len(NAMES))),
        troubles=troubles,
        behind=late and all(end is None or end < view.final for end in ends.values()),
        missing=f"{ends} of {view.final}" if short or troubles else None,
        denied=denied,
        honest=any(faults.serves for faults in ran.plan.faults),
        lies=any(faults.lies for faults in ran.plan.faults),
    )


def _wrong_logs(kept: Kept, view: View, *, whole: bool) -> str | None:
    """Return what is wrong with the logs of the covered blocks; those not final only where it is *whole*."""
    segments = [s for s in kept.rows("segments") if whole or s["final"]]
    book = book_of(segments, kept.rows("filters"), CHAIN_ID)
    spans = {address: covered(book, address, None) for address in TOKENS}
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
            _bytes(b.hash),
            log.index,
            _bytes(log.address),
            *map(_bytes, log.topics),
            _bytes(log.data),
            _bytes(log.tx_hash),
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


def _wrong_tables(kept: Kept, view: View, number: int, reached: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the tables of one token at its frontier."""
    name, row = NAMES[number], reached[NAMES[number]]
    if row["frontier_hash"] != view.blocks[row["frontier_block"]].hash:
        return f"{name}: the frontier is no block of the chain"
    held = _entries(kept, name)
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


def _moved(kept: Kept, view: View, number: int, reached: Mapping[str, Any]) -> bool:
    """Return whether the balances that follow from the tables differ from the chain's."""
    true = view.blocks[reached[NAMES[number]]["frontier_block"]].state[TOKENS[number]]
    return balances(_entries(kept, NAMES[number])) != {a: held for a, held in true.balances.items() if held}


def _entries(kept: Kept, token: str) -> list[Entry]:
    table = kept.lake_rows(TRANSFERS.name, token)
    names = ("block_number", "log_index", "from_address", "to_address", "amount_raw")
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return sorted(
        (block, index, source, target, int(amount)) for block, index, source, target, amount in rows
    )


def entries(blocks: Sequence[Block], token: str) -> list[Entry]:
    """Return the transfers of *token* in *blocks*."""
    return [
        (block.number, log.index, "0x" + log.topics[1][-40:], "0x" + log.topics[2][-40:], int(log.data, 16))
        for block in blocks
        for log in block.logs
        if log.address == token and log.topics[0] == TRANSFER
    ]


def balances(moved: Sequence[Entry]) -> dict[str, int]:
    """Return what each holder has after *moved*, without those that have nothing."""
    held: dict[str, int] = {}
    for _, _, source, target, amount in moved:
        for address, change in ((source, -amount), (target, amount)):
            if address != ZERO:
                held[address] = held.get(address, 0) + change
    return {address: amount for address, amount in held.items() if amount}


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
