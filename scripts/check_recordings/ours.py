"""What a home answers of one token, as plain values in base units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.config.load import load
from indexer.config.settings import resolve
from indexer.floor.tables import ROLLFORWARD_FLOWS
from indexer.metrics.answers import balances, supply
from indexer.metrics.answers_at import Question, points
from indexer.store.read import connect

from .figures import Answers, Crossing, Day, Entry, Holders, Holding, Ours, Rebase, Total
from .truth import Recording

if TYPE_CHECKING:
    import duckdb


_EXACT = Context(prec=80)
"""Wide enough for 38 digits moved by 18; the default context would round them to 28."""


@contextmanager
def opened(home: Path, config: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield every table of *home* as a view."""
    settings = resolve(home=str(home), config=str(config), **own_store(home))
    con = connect(settings, load(settings.config, settings.overlay))
    try:
        yield con
    finally:
        con.close()


def at_hand(con: duckdb.DuckDBPyConnection) -> None:
    """Copy the tables that single points are cut out of: hundreds of small queries need not open files."""
    for name in ("transfers", "supply_changes"):
        con.execute(f"CREATE TEMP TABLE {name} AS FROM {name}")


def own_store(home: Path) -> dict[str, str]:
    """Return the settings that keep everything in *home*, whatever the environment says."""
    return {"database": f"sqlite:///{home / 'rwa.db'}", "lake": str(home / "lake")}


def ours(con: duckdb.DuckDBPyConnection, token: str, recording: Recording, decimals: int) -> Ours:
    """Return the ledger of *token* on the chain of *recording*; what time moved stands at its first block."""
    chain_id = recording.chain_id
    scope = {"token": token, "chain_id": chain_id}
    return Ours(
        token,
        chain_id,
        decimals,
        tuple(Entry(*_ints(row, 5, 6)) for row in _rows(con, _ENTRIES, scope)),
        tuple(_placed_rebases(recording, _rows(con, _REBASES, scope), decimals)),
        tuple(_placed_totals(recording, _rows(con, _TOTALS, scope))),
        tuple(_days(_rows(con, _ROLLFORWARD, scope), decimals)),
        Crossing(*_ints(_rows(con, _CROSSING, scope)[0], 2)),
    )


_ENTRIES = """
SELECT block_number, tx_index, strftime(block_time, '%Y-%m-%d'), effect, reason, amount_raw, units, why_null, evidence
FROM transfers WHERE token = $token AND chain_id = $chain_id ORDER BY block_number, log_index, entry
"""

# A step of the multiplier has no place in its block but its transaction, whose logs say it.
_REBASES = """
SELECT r.block_number, min(l.tx_index), strftime(r.effective_at, '%Y-%m-%d'), any_value(r.amount),
  any_value(r.why_null), CAST(epoch(r.effective_at) AS BIGINT)
FROM rebases r LEFT JOIN logs l
  ON l.chain_id = r.chain_id AND l.block_number = r.block_number AND l.log_index = r.log_index
WHERE r.token = $token AND r.chain_id = $chain_id
GROUP BY r.block_number, r.log_index, r.effective_at ORDER BY r.effective_at, r.block_number NULLS FIRST, r.log_index
"""

_TOTALS = """
SELECT block_number, cause, supply_raw, units, why_null, rounding, rounding_bound, CAST(epoch(effective_at) AS BIGINT)
FROM supply_changes WHERE token = $token AND chain_id = $chain_id
ORDER BY effective_at, block_number NULLS FIRST, log_index
"""

_ROLLFORWARD = f"""
SELECT strftime(r.day, '%Y-%m-%d'), r.opening, {" + ".join(f"r.{flow}" for flow in ROLLFORWARD_FLOWS)}, r.closing,
  s.supply, coalesce(r.why_null, s.why_null), r.coverage <> 'partial'
FROM supply_rollforward r LEFT JOIN supply_daily s
  ON s.token = r.token AND s.chain_id = r.chain_id AND s.day = r.day
WHERE r.token = $token AND r.chain_id = $chain_id AND r.basis = 'total' ORDER BY r.day
"""


# What left the other chains and is not here; NULL where no other chain of the token is in this home.
_CROSSING = """
SELECT count(*) FILTER (chain_id = $chain_id AND direction = 'in'),
  count(*) FILTER (chain_id = $chain_id AND direction = 'in' AND matched_tx IS NOT NULL),
  CASE WHEN count(*) FILTER (chain_id <> $chain_id) > 0
    THEN coalesce(sum(amount_raw) FILTER (chain_id <> $chain_id AND direction = 'out' AND in_transit), 0) END
FROM bridge_legs WHERE token = $token
"""


def _placed_rebases(recording: Recording, rows: list[tuple[Any, ...]], decimals: int) -> Iterator[Rebase]:
    for block, tx_index, day, amount, why, time in rows:
        at = recording.block_at(time) if block is None else block
        if at is not None:
            yield Rebase(at, tx_index, day, base_units(amount, decimals), why)


def _placed_totals(recording: Recording, rows: list[tuple[Any, ...]]) -> Iterator[Total]:
    for block, cause, supply_raw, units, why, rounding, bound, time in rows:
        at = recording.block_at(time) if block is None else block
        if at is not None:
            yield Total(at, cause, _int(supply_raw), _int(units), why, _int(rounding), _int(bound))


def _days(rows: list[tuple[Any, ...]], decimals: int) -> Iterator[Day]:
    for day, *figures, why, over in rows:
        opening, flows, closing, supply_then = (base_units(figure, decimals) for figure in figures)
        yield Day(day, opening, flows, closing, supply_then, why, over)


def answered(
    con: duckdb.DuckDBPyConnection, mine: Ours, recording: Recording, blocks: Iterable[int]
) -> Answers:
    """Return supply and balances at the end of each block, as `rwa show --at` answers them.

    Where the answer is that the block's time is not known, the time is asked for, as a reader would.
    """
    totals, held, by_time = {}, {}, set()
    for block in blocks:
        question = Question(tokens=(mine.token,), chain_ids=(mine.chain_id,), at=block)
        known = points(con, question)
        total = supply(con, question, known).to_pylist()[0]
        if str(total["why_null"]).endswith(_ASK_FOR_A_TIME):
            by_time.add(block)
            question = question._replace(at=datetime.fromtimestamp(recording.times[block], UTC))
            known = points(con, question)
            total = supply(con, question, known).to_pylist()[0]
        totals[block] = Holding(
            base_units(total["supply"], mine.decimals), _int(total["units"]), total["why_null"]
        )
        rows = balances(con, question, known).to_pylist()
        held[block] = _holders(rows, mine.decimals)
    return Answers(totals, held, frozenset(by_time))


_ASK_FOR_A_TIME = "ask for a time instead"


def kept_reads(con: duckdb.DuckDBPyConnection, recording: Recording) -> int:
    """Return how many answers of contracts the home keeps of the chain."""
    sql = "SELECT count(*) FROM reads WHERE chain_id = $chain_id"
    return int(_rows(con, sql, {"chain_id": recording.chain_id})[0][0])


def _holders(rows: list[dict[str, Any]], decimals: int) -> Holders:
    """Return who holds what; a row without a holder says why the others are not known."""
    why = next((row["why_null"] for row in rows if row["holder"] is None), None)
    return Holders({row["holder"]: _holding(row, decimals) for row in rows if row["holder"]}, why)


def _holding(row: Mapping[str, Any], decimals: int) -> Holding:
    return Holding(base_units(row["balance"], decimals), _int(row["units"]), row["why_null"])


def _rows(con: duckdb.DuckDBPyConnection, sql: str, scope: Mapping[str, str]) -> list[tuple[Any, ...]]:
    return con.execute(sql, dict(scope)).fetchall()


def _ints(row: tuple[Any, ...], *positions: int) -> list[Any]:
    return [_int(value) if i in positions else value for i, value in enumerate(row)]


def _int(value: Decimal | int | None) -> int | None:
    return None if value is None else int(value)


def base_units(amount: Decimal | None, decimals: int) -> int | None:
    """Return an amount in token units as base units; what does not fit a base unit is an error."""
    if amount is None:
        return None
    raw = amount.scaleb(decimals, _EXACT)
    if raw != int(raw):
        raise ValueError(f"{amount} is no whole number of base units of a token with {decimals} decimals")
    return int(raw)
