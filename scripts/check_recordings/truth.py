"""What a recording says of its tokens: state read from the contracts, and what operators asked for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from indexer.floor.errors import Usage

FORMAT = "rwa-recording/1"
Place = tuple[int, int]
"""A transaction by block and position in it."""


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
    """The truth of one token. *deltas* is empty where the file has none of this token."""

    key: str
    address: str
    decimals: int
    supply: tuple[Point, ...]
    shares: tuple[Point, ...]
    samples: tuple[Sample, ...]
    flows: Mapping[str, Mapping[str, Booked]]
    deltas: Mapping[Place, Mapping[str, int]]
    targets: frozenset[str]

    @property
    def categories(self) -> list[str]:
        return sorted({category for booked in self.flows.values() for category in booked})


class Recording(NamedTuple):
    """One file: *kind* is the name that it bears inside, *chain* its file name without ending."""

    path: Path
    kind: str
    chain: str
    number: int
    head: int
    logs: int
    days: Mapping[int, str]
    tokens: tuple[TokenTruth, ...]
    operations: Mapping[Place, Operation]
    changes: Mapping[str, int]


def load(path: Path) -> Recording:
    """Return the recording in *path*, gzipped or plain; Usage where it is none."""
    raw = _json(path)
    truth = raw["truth"]
    return Recording(
        path=path,
        kind=raw["name"],
        chain=chain_of(path),
        number=raw["chain_id"],
        head=raw["head"],
        logs=len(raw["logs"]),
        days={int(b["number"], 16): _day(int(b["timestamp"], 16)) for b in raw["blocks"]},
        tokens=tuple(_token(key, token, truth) for key, token in raw["tokens"].items()),
        operations=dict(_operations(truth)),
        changes=_changes(raw),
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


def _changes(raw: Mapping[str, Any]) -> dict[str, int]:
    """Return how often each contract logged something other than a movement or an approval."""
    movements = ("Transfer(", "TransferShares(", "TxShares(", "Approval(")
    return {
        address.lower(): sum(
            e["count"] for e in contract["events"].values() if not e["event"].startswith(movements)
        )
        for address, contract in raw["contracts"].items()
    }


def _lowered(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _int(value: Any) -> int | None:
    return None if value is None else int(value)
