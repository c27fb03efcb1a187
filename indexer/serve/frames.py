"""Arrow tables as other libraries hold them, with decimals kept as decimals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from indexer.floor.errors import Usage

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["arrow", "pandas", "polars"]


def _pandas(table: pa.Table) -> Any:
    """Return a pandas frame on Arrow's own types: decimal(38,18) stays that, and NULL is NA."""
    pandas = _library("pandas")
    return table.to_pandas(types_mapper=pandas.ArrowDtype)


def _polars(table: pa.Table) -> Any:
    """Return a Polars frame: Decimal(38, 18) stays that."""
    return _library("polars").from_arrow(table)


def _arrow(table: pa.Table) -> Any:
    return table


_MAKERS: Mapping[str, Callable[[pa.Table], Any]] = {"arrow": _arrow, "pandas": _pandas, "polars": _polars}


def framed(table: pa.Table, to: Kind) -> Any:
    """Return *table* as *to* names it; Usage where that library is not installed or not known."""
    if to not in _MAKERS:
        raise Usage(f"to={to!r} is not known; rows come as {', '.join(_MAKERS)}.")
    return _MAKERS[to](table)


def _library(name: str) -> Any:
    from importlib import import_module  # noqa: PLC0415 - the one use

    try:
        return import_module(name)
    except ImportError:
        raise Usage(f"to={name!r} needs that package: pip install {name}. Arrow tables need none.") from None
