"""Crossings of one product: the legs of all its tokens and chains joined, and what is still under way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa

from indexer.config.model import Deployment, Token
from indexer.floor.tables import SCALE
from indexer.ledger.figures import moment
from indexer.ledger.legs import (
    TOLD,
    Key,
    Row,
    as_joined,
    as_ruled,
    candidates,
    key_of,
    leg_of,
    legs_table,
    ruled,
    seconds_of,
)
from indexer.ledger.matching import BOOK_ENTRY, OUT, Leg, Limits, Pair, match, swaps

HOUR = 3_600
_STOCK = "what is locked stays in the supply"
_NO_AMOUNT = "its amount is not known"
_Place = tuple[str, str]


class Part(NamedTuple):
    """One token on one chain as it is committed: its tables, its last known second, and whether it holds the
    token's start."""

    token: Token
    deployment: Deployment
    transfers: pa.Table
    legs: pa.Table
    frontier: int
    holds_start: bool

    @property
    def place(self) -> _Place:
        return self.token.id, self.deployment.chain_id


class Joined(NamedTuple):
    """``transfers`` and ``bridge_legs`` of one part, with what all parts together tell."""

    transfers: pa.Table
    bridge_legs: pa.Table


def join(parts: Sequence[Part]) -> list[Joined]:
    """Return each part's tables with its legs matched over all *parts*, which are one product's.

    Only what the rules told decides, not earlier matches: the result is the same however often and in which
    order the chains were fetched.
    """
    bare = [as_ruled(part.transfers, part.legs) for part in parts]
    rows = [_open_rows(part, transfers) for part, transfers in zip(parts, bare, strict=True)]
    legs = [
        leg
        for part, found in zip(parts, rows, strict=True)
        for row in found.values()
        if (leg := leg_of(row, part.deployment.decimals or 0)) is not None
    ]
    ends, remarks = _matched({part.token.id: part.token for part in parts}, legs)
    made = []
    for part, found, transfers in zip(parts, rows, bare, strict=True):
        kept = (_closed(row, ends.get((part.place, key))) for key, row in found.items())
        stood = [
            _standing(row, part, parts, remarks.get((part.place, key_of(row))))
            for row in kept
            if _is_leg(row)
        ]
        table = legs_table(stood)
        made.append(Joined(as_joined(transfers, table), table))
    return made


def _open_rows(part: Part, transfers: pa.Table) -> dict[Key, Row]:
    """Return the told legs of *part* and its candidates as they are without any match."""
    rows = {key_of(row): row for row, _ in candidates(transfers)}
    for row in part.legs.to_pylist():
        if ruled(row).reason in TOLD:
            rows[key_of(row)] = _opened(row)
    return rows


def _opened(row: Row) -> Row:
    cleared = {
        name: None for name in row if name.startswith("matched_") or name in {"in_transit", "age_seconds"}
    }
    return (
        row | cleared | {"link": row["ruled_link"], "other_chain": row["ruled_other_chain"], "why_null": None}
    )


def _is_leg(row: Row) -> bool:
    return row["ruled_reason"] in TOLD or row.get("matched_by") is not None


def _matched(
    tokens: Mapping[str, Token], legs: Sequence[Leg]
) -> tuple[dict[tuple[_Place, Key], tuple[Leg, Pair]], dict[tuple[_Place, Key], str]]:
    """Return the other end of each leg that has one, and the remark on each that could have several."""
    ends: dict[tuple[_Place, Key], tuple[Leg, Pair]] = {}
    remarks: dict[tuple[_Place, Key], str] = {}
    by_token: dict[str, list[Leg]] = defaultdict(list)
    for pair in swaps(legs):
        _note(ends, pair)
    for leg in legs:
        if _at(leg) not in ends:
            by_token[leg.token].append(leg)
    for token, own in by_token.items():
        found = match(own, limits_of(tokens[token]))
        for pair in found.pairs:
            _note(ends, pair)
        remarks |= {_at(leg): why for leg, why in found.unmatched if why is not None}
    return ends, remarks


def limits_of(token: Token) -> Limits:
    """Return how far legs of *token* may lie apart."""
    return Limits(token.bridge.window_hours * HOUR, int(Decimal(token.bridge.tolerance).scaleb(SCALE)))


def _note(ends: dict[tuple[_Place, Key], tuple[Leg, Pair]], pair: Pair) -> None:
    ends[_at(pair.out)] = pair.into, pair
    ends[_at(pair.into)] = pair.out, pair


def _at(leg: Leg) -> tuple[_Place, Key]:
    return (leg.token, leg.chain_id), (leg.tx_hash, leg.log_index, leg.entry)


def _closed(row: Row, end: tuple[Leg, Pair] | None) -> Row:
    """Return the leg with its other end; without one it stays open."""
    if end is None:
        return {**row, "matched_by": None}
    other, pair = end
    link = pair.out.link or pair.into.link or f"{pair.out.chain_id}:{pair.out.tx_hash}:{pair.out.log_index}"
    crossed = other.chain_id if other.chain_id != row["chain_id"] else None
    accounts = (
        {} if row["ruled_reason"] in TOLD else {"sender": pair.out.sender, "receiver": pair.into.receiver}
    )
    return {
        **row,
        **accounts,
        "link": link,
        "other_chain": row["other_chain"] or crossed,
        "matched_token": other.token,
        "matched_chain": other.chain_id,
        "matched_tx": other.tx_hash,
        "matched_log_index": other.log_index,
        "matched_entry": other.entry,
        "matched_at": moment(pair.into.block_time),
        "matched_by": pair.by,
        "in_transit": False,
        "why_null": None,
    }


def _standing(row: Row, part: Part, parts: Sequence[Part], remark: str | None) -> Row:
    """Return an open leg with whether it is under way, how long, and why its other end is not known."""
    if row["matched_by"] is not None:
        return row
    here = {other.deployment.chain_id: other for other in parts if other.token.id == part.token.id}
    in_transit, why = _under_way(row, part, here)
    age = max(other.frontier for other in here.values()) - seconds_of(row)
    late = (
        f"nothing fits within {part.token.bridge.window_hours} hours"
        if age > limits_of(part.token).window
        else None
    )
    return row | {
        "in_transit": in_transit,
        "age_seconds": None if in_transit is False else max(age, 0),
        "why_null": why or remark or late,
    }


def _under_way(row: Row, part: Part, here: Mapping[str, Part]) -> tuple[bool | None, str | None]:
    """Return whether an open leg is on its way between indexed chains, and why not or why unknown."""
    if row["effect"] == "move":
        return False, _STOCK
    if row["amount_raw"] is None:
        return None, _NO_AMOUNT
    others, in_transit, why = _elsewhere(row, part, here)
    if row["direction"] != OUT and not all(other.holds_start for other in others):
        return None, "the chain that it came from is not held from its start"
    return in_transit, why


def _elsewhere(
    row: Row, part: Part, here: Mapping[str, Part]
) -> tuple[Sequence[Part], bool | None, str | None]:
    """Return where the other end may be in this home; False or None where it may be nowhere here, and why."""
    end = "destination" if row["direction"] == OUT else "origin"
    named = row["other_chain"]
    if named == BOOK_ENTRY:
        return (), False, f"its {end} is the issuer's books"
    if named is not None and named.startswith("eip155:"):
        if named not in here:
            return (), False, f"its {end} {named} is not in this home"
        return (here[named],), True, None
    others = [other for chain_id, other in here.items() if chain_id != row["chain_id"]]
    absent = sum(1 for d in part.token.deployments if d.chain_id not in here)
    if absent:
        return (
            others,
            None,
            f"its {end} is not told, and {absent} deployments of the token are not in this home",
        )
    if not others:
        return others, None, f"its {end} is not told, and no other deployment of the token is known"
    return others, True, None
