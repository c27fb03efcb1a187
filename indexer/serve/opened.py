"""``indexer.open``: the tables and answers of a home from Python, as Arrow tables, pandas or Polars frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.config.settings import open_registry, resolve
from indexer.floor.errors import Usage
from indexer.serve.frames import Kind, framed
from indexer.store.read import guarded, reading

if TYPE_CHECKING:
    import pyarrow as pa

    from indexer.config.model import Registry
    from indexer.config.settings import Settings
    from indexer.serve.marks import Spec
    from indexer.serve.questions import Typed

ROWS = 10_000_000
SECONDS = 600.0
Moment = str | int | date | datetime
"""A block, a day, a time, or what one types for it."""


class Opened:
    """A home, open for reading. Each call reads the home as it is at that moment.

    Rows come as an Arrow table, or with ``to="pandas"`` or ``to="polars"`` as a frame; decimals stay decimals in each.
    """

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry

    def query(self, sql: str, *, to: Kind = "arrow", rows: int = ROWS, seconds: float = SECONDS) -> Any:
        """Return the rows of one SELECT over the tables; at most *rows*, within *seconds*.

        Raises Usage where the statement is not a SELECT, cannot be run, or takes too long.
        """
        with reading(self.settings, self.registry) as con:
            return framed(guarded(con, sql, rows, seconds, self.settings.lake), to)

    def table(self, name: str, *, to: Kind = "arrow") -> Any:
        """Return a whole table, for example ``transfers`` or ``supply_daily``."""
        quoted = name.replace('"', '""')
        return self.query(f'SELECT * FROM "{quoted}"', to=to)

    def show(  # noqa: PLR0913 - each is an option of the command
        self,
        what: str,
        name: str,
        *,
        at: Moment | None = None,
        first: str | date | None = None,
        last: str | date | None = None,
        chains: Sequence[str] = (),
        product: bool = False,
        basis: str = "total",
        limit: int | None = None,
        to: Kind = "arrow",
    ) -> Any:
        """Return what ``rwa show`` *what* answers of a token or product: supply, holders, flows and so on.

        Raises Usage where a name is not known, the home has nothing of it, or the question cannot be answered.
        """
        typed = _typed(name, (at, first, last), tuple(chains), (product, basis, limit))
        with reading(self.settings, self.registry) as con:
            return framed(self._answer(con, what, typed), to)

    def picture(
        self,
        what: str,
        name: str,
        *,
        first: str | date | None = None,
        last: str | date | None = None,
        chains: Sequence[str] = (),
        basis: str = "total",
    ) -> Picture:
        """Return the picture of an answer, which a notebook shows by itself; needs the extra ``plot``."""
        from indexer.serve.picture import picture  # noqa: PLC0415 - seldom asked for

        typed = _typed(name, (None, first, last), tuple(chains), (False, basis, None))
        token = self.registry.tokens.get(name.lower())
        with reading(self.settings, self.registry) as con:
            rows = self._answer(con, what, typed).to_pylist()
            spec = picture(con, what, rows, token.symbol if token else name)
        if spec is None:
            raise Usage(f"There is no day of {name} to draw.")
        return Picture(spec)

    def _answer(self, con: Any, what: str, typed: Typed) -> pa.Table:
        from indexer.metrics.answers import ANSWERS  # noqa: PLC0415 - opening a home stays fast
        from indexer.serve import questions  # noqa: PLC0415 - same

        if what not in ANSWERS:
            raise Usage(f"There is no answer called {what!r}; there are {', '.join(ANSWERS)}.")
        return questions.answer(con, what, questions.question(self.registry, typed), typed.chains)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as its Vega-Lite specification."""

    spec: Spec

    def save(self, path: str | Path) -> None:
        """Write it as SVG, PNG or HTML, by the ending of *path*."""
        from indexer.serve.picture import save, writer  # noqa: PLC0415 - seldom asked for

        save(str(path), writer(str(path))(self.spec))

    def svg(self) -> str:
        """Return it as SVG."""
        from indexer.serve.picture import svg  # noqa: PLC0415 - seldom asked for

        return svg(self.spec).decode()

    def _repr_svg_(self) -> str:
        """Return what a notebook shows."""
        return self.svg()


def _typed(
    name: str,
    when: tuple[Moment | None, str | date | None, str | date | None],
    chains: tuple[str, ...],
    shape: tuple[bool, str, int | None],
) -> Typed:
    from indexer.serve.questions import Typed  # noqa: PLC0415 - opening a home stays fast

    at, first, last = (None if one is None else _text(one) for one in when)
    product, basis, limit = shape
    return Typed(name, product, chains, at, first, last, limit, basis, spelled="{}=")


def _text(moment: Moment) -> str:
    return moment.isoformat() if isinstance(moment, date) else str(moment)


def open_home(home: Path, config: Path | None) -> Opened:
    """Return *home* for reading; raises Usage where it does not exist yet."""
    settings = resolve(home=home, config=config)
    opened = Opened(settings, open_registry(settings))
    with reading(settings, opened.registry):
        return opened
