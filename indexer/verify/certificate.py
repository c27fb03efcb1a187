"""Certificates: a figure from events beside the contract's own state at the same block. Pure functions."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from indexer.floor.spans import BlockRef
from indexer.ledger.figures import held, token_units
from indexer.ledger.supply import ONE, OVERBURNED, Rate
from indexer.ledger.values import ZERO

WHOLE = 300
"""Up to so many addresses are all checked; of more, the largest and a sample."""
LARGEST = 100
SETTLED = ("pass", "pass_within", "read")
"""Verdicts that the figures are the contract's."""

_WIDE = pa.decimal256(76, 0)
"""What units are summed as: a sum of amounts of 38 digits each fits no smaller type."""


class Figure(NamedTuple):
    """What the events say at a block, in base units: *units* and *supply* are None where not known.

    *reads_used* counts the pinned reads of the total that the supply rests on; *rate_read* says that its rate
    was read: a multiplier or a price, hence not the figure that is compared.
    """

    units: int | None
    supply: int | None
    why_null: str | None
    holders: Mapping[str, int]
    reads_used: int = 0
    rate: Rate | None = ONE
    rate_read: bool = False

    def balance(self, holder: str) -> int | None:
        """Return what balanceOf should answer for the holder's units."""
        if self.units is None or self.supply is None:
            return None
        held = self.holders.get(holder, 0)
        return self.rate.of(held) if self.rate else 0


class Sample(NamedTuple):
    """Addresses whose balances are compared, and the seed that chose them."""

    addresses: tuple[str, ...]
    seed: str


class State(NamedTuple):
    """What the contract answered; None where it did not, and *why* it did not.

    *units* and *shares* are there for contracts that have shares.
    """

    supply: int | None
    units: int | None
    balances: Mapping[str, int | None]
    shares: Mapping[str, int | None]
    has_shares: bool
    endpoint: str
    why: str | None


class Basis(NamedTuple):
    """What a figure rests on."""

    token: str
    chain_id: str
    decimals: int
    spans_digest: str
    config_digest: str
    code_version: str


def figure_at(derived: Mapping[str, pa.Table], why_null: str | None, block: BlockRef) -> Figure:
    """Return the figure at *block*: the last change of supply, and every holder's units, up to it."""
    units, supply, why, reads_used, rate_read, *factors = _last_change(derived["supply_changes"], block)
    holders = _held_by(derived["transfers"], block.number)
    why = why_null or why
    if why:
        return Figure(None, None, why, holders)
    rate = None if None in factors else Rate(*map(int, factors))
    return Figure(_whole(units), _whole(supply), None, holders, reads_used, rate, rate_read)


def _last_change(changes: pa.Table, block: BlockRef) -> tuple[Any, ...]:
    """Return the last change of supply up to *block*; what moves by time has no block, but an instant."""
    names = (
        "units", "supply_raw", "why_null", "reads_used", "rate_read", "numerator", "denominator", "addend",
    )  # fmt: skip
    instant = pa.scalar(block.time * 10**6, pa.timestamp("us"))
    reached = pc.coalesce(
        pc.less_equal(changes["block_number"], block.number),
        pc.less_equal(changes["effective_at"], instant),
    )
    order = [(name, "descending") for name in ("effective_at", "block_number", "log_index")]
    found = changes.filter(reached)
    if not found.num_rows:
        return Decimal(0), Decimal(0), None, 0, False, 1, 1, 0
    last = found.take(pc.sort_indices(found, sort_keys=order)[:1])  # NULL comes last
    return tuple(last[name][0].as_py() for name in names)


def _held_by(transfers: pa.Table, block: int) -> dict[str, int]:
    """Return the units of every address that ever had some, up to *block*; moves of an unknown amount are left out."""
    moved = transfers.select(["to_address", "from_address", "units"])
    moved = moved.filter(pc.less_equal(transfers["block_number"], block))
    moved = moved.set_column(2, "units", pc.cast(moved["units"], _WIDE))
    held: dict[str, int] = {}
    for side, sign in (("to_address", 1), ("from_address", -1)):
        sums = moved.group_by(side, use_threads=False).aggregate([("units", "sum")])
        for address, units in zip(sums[side].to_pylist(), sums["units_sum"].to_pylist(), strict=True):
            if units is not None and address != ZERO:
                held[address] = held.get(address, 0) + sign * int(units)
    return dict(sorted(held.items()))


def _whole(value: Decimal | None) -> int | None:
    return None if value is None else int(value)


def sample_of(holders: Mapping[str, int], block: BlockRef) -> Sample:
    """Return the addresses to compare: all of them, or the largest and a sample drawn by the block's hash."""
    everyone = sorted(holders)
    if len(everyone) <= WHOLE:
        return Sample(tuple(everyone), block.hash)
    largest = sorted(everyone, key=lambda address: (-holders[address], address))[:LARGEST]
    rest = sorted(set(everyone) - set(largest))
    drawn = random.Random(block.hash).sample(rest, WHOLE - LARGEST)  # noqa: S311 - a sample, not a secret
    return Sample(tuple(sorted([*largest, *drawn])), block.hash)


def certificate(
    basis: Basis, block: BlockRef, figure: Figure, sample: Sample, state: State, *, final: bool
) -> dict[str, Any]:
    """Return the row of ``certificates``: what was compared, and the verdict."""
    checked, wrong = _compared(figure, sample, state)
    verdict, reason = _verdict(figure, sample, state, checked=checked, wrong=wrong)
    row: dict[str, Any] = {
        "token": basis.token,
        "chain_id": basis.chain_id,
        "block_number": block.number,
        "block_hash": block.hash,
        "final": final,
        "units": held(figure.units),
        "supply_raw": held(figure.supply),
        "supply": token_units(figure.supply, basis.decimals),
        "contract_units": held(state.units),
        "contract_supply_raw": held(state.supply),
        "contract_supply": token_units(state.supply, basis.decimals),
        "holders_checked": checked,
        "holders_wrong": wrong,
        "holders_known": len(figure.holders),
        "seed": sample.seed,
        "tolerance": Decimal(0),
        "reads_used": figure.reads_used,
        "rate_read": figure.rate_read,
        "verdict": verdict,
        "reason": reason,
        "spans_digest": basis.spans_digest,
        "config_digest": basis.config_digest,
        "code_version": basis.code_version,
    }
    row["certificate_id"] = digest(row)
    return {**row, "endpoint": state.endpoint}


def digest(value: object) -> str:
    """Return a short digest of a value that JSON can hold; decimals and times as text."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _compared(figure: Figure, sample: Sample, state: State) -> tuple[int, int]:
    checked = wrong = 0
    for holder in sample.addresses:
        said, wanted = state.balances.get(holder), figure.balance(holder)
        shares = state.shares.get(holder) if state.has_shares else figure.holders.get(holder, 0)
        if said is None or wanted is None or shares is None:
            continue
        checked += 1
        wrong += said != wanted or shares != figure.holders.get(holder, 0)
    return checked, wrong


def _verdict(
    figure: Figure, sample: Sample, state: State, *, checked: int, wrong: int
) -> tuple[str, str | None]:
    if figure.supply is None and (figure.why_null or "").startswith(OVERBURNED):
        return "fail", figure.why_null  # no contract allows that: logs are missing, or its start is too late
    if silent := _silent(figure, state):
        return "unknown", silent
    differs = _differences(figure, state)
    if wrong:
        differs.append(f"{wrong} of {checked} balances differ")
    if differs:
        return "fail", "; ".join(differs)
    if checked < len(sample.addresses):
        missing = len(sample.addresses) - checked
        why = state.why or "the contract did not answer"
        return (
            "unknown",
            f"supply agrees; {missing} of {len(sample.addresses)} balances could not be read: {why}",
        )
    if figure.reads_used:
        return "read", "the supply rests on a read of the same contract; shares and balances agree"
    return "pass", None


def _silent(figure: Figure, state: State) -> str | None:
    """Return why the two supplies cannot be compared, or None."""
    if figure.supply is None:
        return figure.why_null or "the events do not give the supply"
    if state.supply is None:
        return state.why or "the contract did not answer totalSupply"
    if state.has_shares and state.units is None:
        return state.why or "the contract did not answer totalShares"
    return None


def _differences(figure: Figure, state: State) -> list[str]:
    out = []
    if figure.supply != state.supply:
        out.append(f"events give a supply of {figure.supply} base units, the contract says {state.supply}")
    if state.has_shares and state.units is not None and figure.units != state.units:
        out.append(f"events give {figure.units} shares, the contract says {state.units}")
    return out
