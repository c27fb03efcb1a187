"""Prices that no log tells: a view of the contract, read once a UTC day at the day's first block.

Pinned reads need a node that keeps the state. Where the configuration does not allow the view, or no
endpoint answers, the price is None with that reason; nothing is carried over or guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from indexer.config.model import Price
from indexer.decode.abi import selector_of
from indexer.floor.spans import BlockRef
from indexer.ledger.accruals.plain import own_logs
from indexer.ledger.prices.observation import Observation
from indexer.ledger.prices.picked import last_of_day
from indexer.ledger.prices.ranges import DAY
from indexer.ledger.prices.told import Told, told
from indexer.ledger.scene import Needs, ReadWanted, Scene

WORD = 32
_SIGN = 2**255


class Asked(NamedTuple):
    """One read of a day: the block it is pinned to and the words answered, none where *why* says why."""

    at: int
    block: BlockRef | None
    words: tuple[int, ...]
    why: str | None


def asked_daily(
    scene: Scene, address: str, view: str, call: bytes, wanted: Callable[[int], bool] | None = None
) -> list[Asked] | Needs:
    """Return what *call* of *view* answers at the first block of each UTC day, or what must be read first.

    The first read is at the token's own first log; *wanted* says of which seconds a price is.
    """
    own = own_logs(scene)
    if own.num_rows == 0:
        return []
    row = own.slice(0, 1).select(["block_number", "block_hash"]).to_pylist()[0]
    first = int(own["block_time"][0].value) // 1_000_000
    start = BlockRef(row["block_number"], f"0x{row['block_hash'].hex()}", first)
    why = scene.run.why_null
    if view not in scene.deployment.reads:
        why = f"the configuration does not allow {view} to be read, and no log tells the price"
    if why is not None:
        return [Asked(first, start, (), why)]
    dawns = range((first // DAY + 1) * DAY, scene.run.frontier.time + 1, DAY)
    days = [at for at in dawns if wanted is None or wanted(at)]
    missing = tuple(at for at in days if at not in scene.moments)
    if missing:
        return Needs(moments=missing)
    found = [(at, scene.moments[at]) for at in days]
    if wanted is None or wanted(first):
        found = [(first, start), *found]
    return _answers(scene, address, view, call, found)


def _answers(
    scene: Scene, address: str, view: str, call: bytes, found: list[tuple[int, BlockRef | None]]
) -> list[Asked] | Needs:
    blocks = {block.number: block for _, block in found if block is not None}
    unread = [block for block in blocks.values() if (block.number, address, call) not in scene.reads]
    if unread:
        return Needs(reads=tuple(ReadWanted(block, address, call) for block in unread))
    out: list[Asked] = []
    for at, block in found:
        if block is None:
            out.append(Asked(at, None, (), "no endpoint was asked for the first block of the day"))
        elif not out or out[-1].block != block:
            words = _words(scene.reads[block.number, address, call])
            why = None if words else f"{view} has no answer: it reverts, or no endpoint keeps that state"
            out.append(Asked(block.time, block, words, why))
    return out


def _words(answer: bytes | None) -> tuple[int, ...]:
    data = answer or b""
    return tuple(int.from_bytes(data[at : at + WORD], "big") for at in range(0, len(data) - WORD + 1, WORD))


def erc4626(scene: Scene, price: Price) -> list[Observation] | Needs:
    """Return the assets of one share: convertToAssets daily, and what each day's last deposit or withdrawal paid."""
    return _per_share(scene, price, "convertToAssets", "official", ["Deposit", "Withdraw"])


def erc4626_exit(scene: Scene, price: Price) -> list[Observation] | Needs:
    """Return what a share is redeemed for (Maple): convertToExitAssets daily, and what each day's last withdrawal paid.

    It is less than convertToAssets where losses are not realised yet; a deposit pays the higher price.
    """
    return _per_share(scene, price, "convertToExitAssets", "exit", ["Withdraw"])


def _per_share(
    scene: Scene, price: Price, view: str, kind: str, events: list[str]
) -> list[Observation] | Needs:
    one = 10 ** (scene.deployment.decimals or 0)
    address = price.contract or scene.deployment.address
    family = "maple_pool" if view == "convertToExitAssets" else "erc4626"
    call = selector_of([family], f"{view}(uint256)") + one.to_bytes(WORD, "big")
    asked = asked_daily(scene, address, view, call)
    if isinstance(asked, Needs):
        return asked
    pick = last_of_day(dict.fromkeys(events, "shares"), one)
    paid = [_paid(log, one) for log in told(scene, address, ["erc4626"], events, pick) if log.event]
    read = [as_read(one_day, view, kind) for one_day in asked]
    return [*read, *paid]


def as_read(asked: Asked, view: str, kind: str) -> Observation:
    """Return the observation that one read of *view* makes, whose first word is the price."""
    block = asked.block.number if asked.block else None
    price = asked.words[0] if asked.words else None
    return Observation(asked.at, asked.at, price, kind, f"read {view}", block, why=asked.why)


def _paid(log: Told, one: int) -> Observation:
    """Return the price that the day's last deposit or withdrawal of a whole share or more paid.

    It is cut to the asset's decimals: the vault rounds one of its two figures, which moves the price by about
    one base unit at most.
    """
    price = log.number("assets") * one // log.number("shares")
    source = f"log {log.event.name}: assets for shares" if log.event else "log"
    return Observation(
        log.time, log.time, price, "transaction", source, log.block, log.tx_hash, log.log_index
    )


def latest_round(scene: Scene, price: Price) -> list[Observation] | Needs:
    """Return the answers of a feed's latestRoundData, read daily and dated by the round's own time.

    The words are round, answer, start, time and the round answered in (AggregatorV3Interface).
    """
    address = price.contract or scene.deployment.address
    call = selector_of(["chainlink"], "latestRoundData()")
    asked = asked_daily(scene, address, "latestRoundData", call)
    return asked if isinstance(asked, Needs) else [_round(one_day) for one_day in asked]


def _round(asked: Asked) -> Observation:
    block = asked.block.number if asked.block else None
    if len(asked.words) < 4:
        return Observation(asked.at, asked.at, None, "official", "read latestRoundData", block, why=asked.why)
    answer, time = asked.words[1], asked.words[3]
    price = answer - 2 * _SIGN if answer >= _SIGN else answer
    at = time if 0 < time <= asked.at else asked.at
    return Observation(at, at, price, "official", "read latestRoundData", block)
