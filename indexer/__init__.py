"""rwa-indexer: supply, holders and flows of tokenized real-world assets that prove themselves.

>>> import indexer
>>> home = indexer.open("rwa-data")
>>> home.query("SELECT day, supply FROM supply_daily WHERE token = 'ustb' ORDER BY day")
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.floor.errors import Usage

if TYPE_CHECKING:
    from indexer.serve.opened import Opened

__all__ = ["Usage", "open"]
__version__ = "0.1.0"


def open(home: str | Path = "rwa-data", *, config: str | Path | None = None) -> Opened:  # noqa: A001 - reads as indexer.open
    """Return the tables of *home* for reading; Usage where there is no home.

    The same options as on the command line hold: the environment and a .env file are looked at too.
    """
    from indexer.serve.opened import open_home  # noqa: PLC0415 - importing the package stays instant

    return open_home(Path(home), None if config is None else Path(config))
