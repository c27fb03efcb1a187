"""A picture of an answer as SVG, PNG or one HTML file that loads nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.floor.errors import StoreUnusable, Usage
from indexer.serve.charts import CHARTS, Rows
from indexer.serve.marks import Spec, whole
from indexer.serve.proofs import proofs, source_line

if TYPE_CHECKING:
    import duckdb

TEMPLATE = Path(__file__).parent / "pages" / "picture.html.j2"
VEGA_LITE = "6.1"
"""The grammar's version that the specifications are written in."""

MOST_SOURCES = 8


def picture(
    con: duckdb.DuckDBPyConnection, what: str, rows: Sequence[Mapping[str, Any]], name: str
) -> Spec | None:
    """Return the specification of the picture of *rows*; None where there is nothing to draw."""
    drawn = placed(con, rows)
    if what != "balances":
        drawn = [row for row in drawn if row["day"] is not None]
    if not drawn:
        return None
    chart = CHARTS[what](drawn)
    if not chart.parts:
        raise Usage(f"There is no picture: {' '.join(chart.notes)}.")
    days = sorted(row["day"] for row in drawn if row.get("day") is not None)
    shown = f"{days[0]} to {days[-1]}" if days else ""
    return whole(chart, name, shown, _sources(con, rows))


def placed(con: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return *rows* with the chain's name beside its id, and whether a token is a copy there."""
    found = con.execute(
        "SELECT token, chain_id, any_value(chain), bool_or(kind = 'lock_release_copy') FROM deployments GROUP BY ALL"
    ).fetchall()
    known = {(token, chain_id): (chain, is_copy) for token, chain_id, chain, is_copy in found}
    out = []
    for row in rows:
        chain_id = row.get("chain_id") or ""
        chain, is_copy = known.get(
            (row.get("token"), chain_id), ("all chains" if chain_id == "all" else chain_id, False)
        )
        out.append(dict(row) | {"chain": chain, "is_copy": is_copy})
    return out


def _sources(con: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    from importlib.metadata import version  # noqa: PLC0415 - the one use

    tokens = {row["token"] for row in rows if row.get("token")}
    products = sorted({row["product"] for row in rows if row.get("product")})
    if products:
        sql = "SELECT token FROM tokens WHERE list_contains(CAST($products AS VARCHAR[]), product)"
        tokens |= {token for (token,) in con.execute(sql, {"products": products}).fetchall()}
    lines = [source_line(one) for one in proofs(con, sorted(tokens))]
    more = [f"and {len(lines) - MOST_SOURCES} more places"] if len(lines) > MOST_SOURCES else []
    return [*lines[:MOST_SOURCES], *more, f"rwa-indexer {version('rwa-indexer')}"]


def _vega() -> Any:
    try:
        import vl_convert  # noqa: PLC0415 - an extra
    except ImportError:
        raise Usage(
            "Pictures need one more package: pip install 'rwa-indexer[plot]'. Without a file `--plot` draws in the "
            "terminal."
        ) from None
    return vl_convert


def svg(spec: Spec) -> bytes:
    """Return the picture as SVG, its text as text."""
    text: str = _vega().vegalite_to_svg(spec, vl_version=VEGA_LITE)
    return text.encode()


def png(spec: Spec) -> bytes:
    """Return the picture as PNG, twice as large as on a page."""
    made: bytes = _vega().vegalite_to_png(spec, vl_version=VEGA_LITE, scale=2)
    return made


def html(spec: Spec) -> bytes:
    """Return a page that holds the picture, what draws it, and the figures under the pointer."""
    return page(spec, _vega().javascript_bundle(vl_version=VEGA_LITE)).encode()


def page(spec: Spec, script: str) -> str:
    """Return the HTML of *spec*, drawn by *script*. No text of the picture can end the script that it stands in."""
    import jinja2  # noqa: PLC0415 - help does not pay for templates

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    told = json.dumps(spec).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return template.render(title=spec["title"]["text"], script=script, spec=told)


WRITERS: Mapping[str, Callable[[Spec], bytes]] = {".svg": svg, ".png": png, ".html": html}
"""What a picture may be written as, by the ending of its file."""


def writer(path: str) -> Callable[[Spec], bytes]:
    """Return what writes *path*; Usage where its ending says nothing."""
    found = WRITERS.get(Path(path).suffix.lower())
    if found is None:
        raise Usage(f"--plot {path} ends in none of {', '.join(WRITERS)}; name a file that does.")
    return found


def save(path: str, content: bytes) -> None:
    """Write *content*; StoreUnusable where the disk does not take it."""
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise StoreUnusable(f"{path} cannot be written ({error.strerror}); name another file.") from None


__all__ = ["Rows", "picture", "save", "writer"]
