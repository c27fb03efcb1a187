"""The .sql models: where they lie, what they read, and the order that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sqlglot import exp

_HERE = Path(__file__).parent
COMPUTED = "computed"
"""The DuckDB schema in which models leave their rows, so that no view of the caller hides them."""


class Model(NamedTuple):
    """One SELECT. *reads* names the tables in its FROM clauses; a step is read by other models and not stored."""

    name: str
    path: Path
    reads: frozenset[str]
    is_step: bool


@cache
def parse(path: Path) -> exp.Expr:
    """Return the syntax tree of the one statement in *path*, to be read and not changed."""
    import sqlglot  # noqa: PLC0415 - help does not pay for a parser

    return sqlglot.parse_one(path.read_text(encoding="utf-8"), read="duckdb")


def tables_read(tree: exp.Expr) -> list[exp.Table]:
    """Return every reference to a table or view that the statement does not define itself."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    return [table for table in tree.find_all(exp.Table) if table.name and table.name not in own]


@cache
def models() -> Mapping[str, Model]:
    """Return every model by name, each after all that it reads."""
    found = {}
    for path in sorted(_HERE.glob("*.sql")) + sorted(_HERE.glob("steps/*.sql")):
        reads = frozenset(table.name for table in tables_read(parse(path)))
        found[path.stem] = Model(path.stem, path, reads, path.parent.name == "steps")
    graph = {name: sorted(model.reads & found.keys()) for name, model in found.items()}
    return {name: found[name] for name in TopologicalSorter(graph).static_order()}


@cache
def query(name: str) -> str:
    """Return the text of the query *name* that answers use, with named parameters."""
    return (_HERE / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def audits() -> list[Path]:
    """Return the audit queries in the order of their names."""
    return sorted(_HERE.glob("audits/*.sql"))


def needed(names: frozenset[str], given: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return the models *names* and every model that they read, directly or not, as far as not *given*."""
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in wanted:
            wanted.add(name)
            waiting.extend((models()[name].reads & models().keys()) - given)
    return frozenset(wanted)


@cache
def statement(path: Path, computed: frozenset[str]) -> str:
    """Return the SQL of *path* with the tables *computed* read from the schema of the run."""
    from sqlglot import exp  # noqa: PLC0415 - as above

    tree = parse(path).copy()
    for table in tables_read(tree):
        if table.name in computed:
            table.set("db", exp.to_identifier(COMPUTED))
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name)))
    return tree.sql(dialect="duckdb", comments=False)
