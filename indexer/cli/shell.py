"""What stands before the command, and how a command gets its settings and its tables from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from indexer.floor.errors import Usage

if TYPE_CHECKING:
    import duckdb

    from indexer.config.model import Registry, Token
    from indexer.config.settings import Settings


@dataclass(frozen=True, slots=True)
class Shell:
    """The options before the command, as typed; None where not given."""

    home: str | None = None
    database: str | None = None
    lake: str | None = None
    config: str | None = None
    rpc: tuple[str, ...] = ()
    sql: str | None = None
    quiet: bool = False

    def settings(self) -> Settings:
        """Return every setting with where it came from."""
        from indexer.config.secrets import remember  # noqa: PLC0415 - help does not read settings
        from indexer.config.settings import resolve  # noqa: PLC0415 - same

        settings = resolve(
            home=self.home,
            database=self.database,
            lake=self.lake,
            config=self.config,
            rpc=self.rpc,
            sql=self.sql,
        )
        remember(url for urls in settings.rpc.values() for url in urls)
        return settings


def shell(context: typer.Context) -> Shell:
    """Return what stood before the command of *context*."""
    found = context.obj
    return found if isinstance(found, Shell) else Shell()


def registry_of(settings: Settings) -> Registry:
    """Return the configuration, the home's own laid over the shipped one."""
    from indexer.config.secrets import remember  # noqa: PLC0415 - help does not read the configuration
    from indexer.config.settings import open_registry  # noqa: PLC0415 - same

    registry = open_registry(settings)
    remember(end.url for chain in registry.chains.values() for end in chain.endpoints)
    return registry


def named(registry: Registry, names: Sequence[str], *, product: bool = False) -> tuple[Token, ...]:
    """Return the tokens that *names* mean."""
    from indexer.config.select import select  # noqa: PLC0415 - help does not read the configuration

    return select(registry, names, product=product)


def tokens_for(
    settings: Settings, registry: Registry, names: Sequence[str], *, everything: bool = False
) -> tuple[Token, ...]:
    """Return the tokens a command works on: those named, all indexed ones, or those of the home."""
    if everything and names:
        raise Usage("--all takes every indexed token; leave the names out, or leave --all out.")
    if everything:
        return tuple(token for token in registry.tokens.values() if any(d.indexed for d in token.deployments))
    if names:
        return named(registry, names)
    from indexer.sync.orders import tokens_of_home  # noqa: PLC0415 - only where nothing was named

    return tokens_of_home(settings, registry)


def chains_for(registry: Registry, names: Sequence[str]) -> tuple[str, ...] | None:
    """Return the chain names after --chain, each checked; None where none was given."""
    from indexer.config.select import chains_named  # noqa: PLC0415 - help does not read the configuration

    return tuple(chain.name for chain in chains_named(registry, names)) or None


@contextmanager
def tables(settings: Settings, registry: Registry) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield every table of the home as a view; readers are never refused."""
    from indexer.store.read import reading  # noqa: PLC0415 - help does not pay for DuckDB

    with reading(settings, registry) as con:
        yield con
