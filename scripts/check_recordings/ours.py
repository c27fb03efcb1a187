"""What a home answers of one token, as plain values in base units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.config.load import load
from indexer.config.settings import resolve
from indexer.metrics.answers import balances, supply
from indexer.metrics.answers_at import Question
from indexer.store.read import connect

from .figures import Answers, Entry, Holders, Holding, Ours, Rebase, Total

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


def own_store(home: Path) -> dict[str, str]:
    """Return the settings that keep everything in *home*, whatever the environment says."""
    return {"database": f"sqlite:///{home / 'rwa.db'}", "lake": str(home / "lake")}


def ours(con: duckdb.DuckDBPyConnection, token: str, chain_id: str, decimals: int) -> Ours:
    """Return the ledger of *token* on one chain."""
    scope = {"token": token, "chain_id": chain_id}
    return Ours(
        token,
        chain_id,
        decimals,
        tuple(Entry(*_ints(row, 5, 6)) for row in _rows(con, _ENTRIES, scope)),
        tuple(
            Rebase(row[0], row[1], row[2], base_units(row[3], decimals), row[4])
            for row in _rows(con, _REBASES, scope)
        ),
        tuple(Total(*_ints(row, 2, 3)) for row in _rows(con, _TOTALS, scope)),
    )


_ENTRIES = """
SELECT block_number, tx_index, strftime(block_time, '%Y-%m-%d'), effect, reason, amount_raw, units, why_null
FROM transfers WHERE token = $token AND chain_id = $chain_id ORDER BY block_number, log_index, entry
"""

# A step of the multiplier has no place in its block but its transaction, whose logs say it.
_REBASES = """
SELECT r.block_number, min(l.tx_index), strftime(r.effective_at, '%Y-%m-%d'), any_value(r.amount),
  any_value(r.why_null)
FROM rebases r JOIN logs l
  ON l.chain_id = r.chain_id AND l.block_number = r.block_number AND l.log_index = r.log_index
WHERE r.token = $token AND r.chain_id = $chain_id AND r.cause = 'log'
GROUP BY r.block_number, r.log_index, r.effective_at ORDER BY r.block_number, r.log_index
"""

_TOTALS = """
SELECT block_number, cause, supply_raw, units, why_null
FROM supply_changes WHERE token = $token AND chain_id = $chain_id AND block_number IS NOT NULL
ORDER BY effective_at, block_number, log_index
"""


def answered(con: duckdb.DuckDBPyConnection, mine: Ours, blocks: Iterable[int]) -> Answers:
    """Return supply and balances at the end of each block, as `rwa show --at` answers them."""
    totals, held = {}, {}
    for block in blocks:
        question = Question(tokens=(mine.token,), chain_ids=(mine.chain_id,), at=block)
        total = supply(con, question).to_pylist()[0]
        totals[block] = Holding(
            base_units(total["supply"], mine.decimals), _int(total["units"]), total["why_null"]
        )
        rows = balances(con, question).to_pylist()
        held[block] = _holders(rows, mine.decimals)
    return Answers(totals, held)


def kept_reads(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many answers of contracts the home keeps."""
    return int(_rows(con, "SELECT count(*) FROM reads", {})[0][0])


def _rebase(row: tuple[Any, ...], decimals: int) -> Rebase:
    block, tx_index, day, amount, why = row
    return Rebase(block, tx_index, day, base_units(amount, decimals), why)


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
