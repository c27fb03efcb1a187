"""What a recording says of its tokens: state read from the contracts, and what operators asked for."""

from __future__ import annotations

import gzip
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from indexer.floor.errors import Usage

FORMAT = "rwa-recording/1"
Place = tuple[int, int]
"""A transaction by block and position in it."""

_MOVEMENTS = tuple(
    f"{name}("
    for name in (
        "Transfer", "TransferShares", "TxShares", "Approval", "Mint", "Burn", "SharesBurnt", "TokensBurnt",
        "Issue", "Issued", "Redeemed", "Seize", "Deposit", "Withdraw",
    )
)  # fmt: skip
"""Events that move or allow; all others may change what a price or a multiplier is."""

_SCHEDULE = ("MultiplierScheduled(", 1)
"""The event that announces a later multiplier, and the word of its data that says from when."""


class Point(NamedTuple):
    """A figure from *block* on; None where the call reverts."""

    block: int
    value: int | None


class Sample(NamedTuple):
    """Balances at one block. Addresses that are left out hold nothing; None is a call that reverts."""

    block: int
    balances: Mapping[str, int | None]
    shares: Mapping[str, int | None] | None
    holders: int | None


class Booked(NamedTuple):
    """What a flow category says of one day."""

    times: int
    amount: int | None


class Operation(NamedTuple):
    """A transaction that an operator sent and that succeeded."""

    name: str
    sender: str
    target: str
    args: tuple[object, ...]


class TokenTruth(NamedTuple):
    """The truth of one token. *deltas* is empty where the file has none of this token.

    *in_flight* is what had left the other chain at the end and was not here, where the file has that.
    """

    key: str
    address: str
    decimals: int
    supply: tuple[Point, ...]
    shares: tuple[Point, ...]
    samples: tuple[Sample, ...]
    flows: Mapping[str, Mapping[str, Booked]]
    deltas: Mapping[Place, Mapping[str, int]]
    targets: frozenset[str]
    in_flight: int | None = None

    @property
    def categories(self) -> list[str]:
        return sorted({category for booked in self.flows.values() for category in booked})


class Recording(NamedTuple):
    """One file: *kind* is the name that it bears inside, *chain* its file name without ending.

    *times* and *days* are by block. *changes* are the blocks of the logs of each contract that are no
    movements, *schedules* the instants that each announced. *roles* are the file's own words by address.
    """

    path: Path
    kind: str
    chain: str
    number: int
    head: int
    logs: int
    times: Mapping[int, int]
    days: Mapping[int, str]
    tokens: tuple[TokenTruth, ...]
    operations: Mapping[Place, Operation]
    changes: Mapping[str, tuple[int, ...]]
    schedules: Mapping[str, tuple[int, ...]]
    roles: Mapping[str, str]

    @property
    def chain_id(self) -> str:
        """The CAIP-2 id."""
        return f"eip155:{self.number}"

    def block_at(self, time: int) -> int | None:
        """Return the first block at or after *time*; None where the chain has not got there."""
        blocks = list(self.times)
        at = bisect_left(blocks, time, key=self.times.__getitem__)
        return blocks[at] if at < len(blocks) else None


def load(path: Path) -> Recording:
    """Return the recording in *path*, gzipped or plain; Usage where it is none."""
    raw = _json(path)
    truth = raw["truth"]
    times = {int(b["number"], 16): int(b["timestamp"], 16) for b in raw["blocks"]}
    return Recording(
        path=path,
        kind=raw["name"],
        chain=chain_of(path),
        number=raw["chain_id"],
        head=raw["head"],
        logs=len(raw["logs"]),
        times=times,
        days={block: _day(time) for block, time in times.items()},
        tokens=tuple(_token(key, token, truth) for key, token in raw["tokens"].items()),
        operations=dict(_operations(truth)),
        changes=_changes(raw),
        schedules=_schedules(raw),
        roles={address.lower(): role for address, role in raw.get("roles", {}).items()},
    )


def chain_of(path: Path) -> str:
    """Return the chain's name in the configuration: the file's name without ending."""
    return path.name.removesuffix(".gz").removesuffix(".json")


def _json(path: Path) -> dict[str, Any]:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8") as file:
            raw = json.load(file)
    except (OSError, EOFError, ValueError) as error:
        raise Usage(f"The recording {path} cannot be read ({error}); name a file in {FORMAT}.") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise Usage(f"The file {path} is no recording: its format is not {FORMAT}.")
    return raw


def _day(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def _token(key: str, token: Mapping[str, Any], truth: Mapping[str, Any]) -> TokenTruth:
    changes = truth["per_block_changes"].get(key, {})
    views = token["views"]["per_block"]
    return TokenTruth(
        key=key,
        address=token["address"].lower(),
        decimals=token["decimals"],
        supply=_points(changes.get("totalSupply", [])),
        shares=_points(changes.get("totalShares", [])),
        samples=tuple(_samples(key, truth["samples"])),
        flows={
            day: {category: _booked(figures) for category, figures in booked.items()}
            for day, booked in truth["flows_per_utc_day"].get(key, {}).items()
        },
        deltas={
            (block, index): {name: int(value) for name, value in delta.items()}
            for block, index, delta in truth["supply_deltas_by_tx"]["tokens"].get(key, [])
        },
        targets=frozenset(view["to"].lower() for view in views.values()),
        in_flight=_int(token.get("extra", {}).get("in_flight_to_this_chain_at_end")),
    )


def _points(changes: list[list[Any]]) -> tuple[Point, ...]:
    return tuple(Point(block, _int(value)) for block, value in changes)


def _samples(key: str, samples: list[dict[str, Any]]) -> Iterator[Sample]:
    for sample in samples:
        of_token = sample["tokens"].get(key)
        if of_token is not None:
            shares = of_token.get("shares")
            yield Sample(
                sample["block"],
                _holdings(of_token["balances"]),
                None if shares is None else _holdings(shares),
                _int(of_token["holders"]),
            )


def _holdings(held: Mapping[str, Any]) -> dict[str, int | None]:
    return {address.lower(): _int(value) for address, value in held.items()}


def _booked(figures: Mapping[str, Any]) -> Booked:
    return Booked(figures["count"], _int(figures["amount"]))


def _operations(truth: Mapping[str, Any]) -> Iterator[tuple[Place, Operation]]:
    for row in truth["journal"]:
        line = dict(zip(truth["journal_fields"], row, strict=True))
        if line["status"] == 1:
            operation = Operation(
                line["op"], line["from"].lower(), line["to"].lower(), tuple(map(_lowered, line["args"]))
            )
            yield (line["block"], line["txIndex"]), operation


def _changes(raw: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the blocks in which each contract logged something other than a movement or an approval."""
    found: dict[str, list[int]] = {}
    for log, event in _logged(raw):
        if not event.startswith(_MOVEMENTS):
            found.setdefault(log["address"].lower(), []).append(int(log["blockNumber"], 16))
    return {address: tuple(blocks) for address, blocks in found.items()}


def _schedules(raw: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    name, place = _SCHEDULE
    found: dict[str, list[int]] = {}
    for log, event in _logged(raw):
        if event.startswith(name):
            word = log["data"][2 + 64 * place : 2 + 64 * (place + 1)]
            found.setdefault(log["address"].lower(), []).append(int(word, 16))
    return {address: tuple(times) for address, times in found.items()}


def _logged(raw: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield every log with its event, as the file spells it; empty where the file does not name it."""
    events = {
        (address.lower(), topic): event["event"]
        for address, contract in raw["contracts"].items()
        for topic, event in contract["events"].items()
    }
    for log in raw["logs"]:
        yield log, events.get((log["address"].lower(), (log["topics"] or [""])[0]), "")


def _lowered(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
