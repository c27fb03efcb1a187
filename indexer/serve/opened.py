"""``indexer.open``: the tables of a home from Python, as Arrow tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.config.settings import open_registry, resolve
from indexer.store.read import guarded, reading

if TYPE_CHECKING:
    import pyarrow as pa

    from indexer.config.model import Registry
    from indexer.config.settings import Settings

ROWS = 10_000_000
SECONDS = 600.0


class Opened:
    """A home, open for reading. Each call reads the home as it is at that moment."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self.settings = settings
        self.registry = registry

    def query(self, sql: str, *, rows: int = ROWS, seconds: float = SECONDS) -> pa.Table:
        """Return the rows of one SELECT over the tables; at most *rows*, within *seconds*.

        Raises Usage where the statement is not a SELECT, cannot be run, or takes too long.
        """
        with reading(self.settings, self.registry) as con:
            return guarded(con, sql, rows, seconds, self.settings.lake)

    def table(self, name: str) -> pa.Table:
        """Return a whole table, for example ``transfers`` or ``supply_daily``."""
        quoted = name.replace('"', '""')
        return self.query(f'SELECT * FROM "{quoted}"')


def open_home(home: Path, config: Path | None) -> Opened:
    """Return *home* for reading; raises Usage where it does not exist yet."""
    settings = resolve(home=home, config=config)
    opened = Opened(settings, open_registry(settings))
    with reading(settings, opened.registry):
        return opened
