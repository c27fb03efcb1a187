"""Where a user's choices come from: flag over environment over .env over the home's file over default."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from indexer.config.model import SQL_COPIES, Chain, Endpoint, Registry, spelled
from indexer.config.urls import brief, is_url, without_password
from indexer.floor.assets import config_dir
from indexer.floor.errors import Usage

ENVIRONMENT = {
    "home": "RWA_HOME",
    "database": "RWA_DATABASE_URL",
    "lake": "RWA_LAKE",
    "config": "RWA_CONFIG",
    "sql": "RWA_SQL",
}
RPC_PREFIX = "RWA_RPC_"
_ROOM = 128
"""Characters that the names of our own files within a folder may have."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one run. *rpc* is keyed by ``spelled(chain)``; *origins* says where each value is from.

    *database* and the URLs of *rpc* may hold a password or a key, so they are in no repr.
    """

    home: Path
    database: str = field(repr=False)
    lake: str
    config: Path
    overlay: Path | None
    rpc: Mapping[str, tuple[str, ...]] = field(repr=False)
    sql: str
    origins: Mapping[str, str]


class Source(NamedTuple):
    """One place that settings may come from: its name for people, its values, its URLs by chain."""

    origin: str
    values: Mapping[str, str]
    rpc: Mapping[str, tuple[str, ...]]


def resolve(
    *,
    home: str | Path | None = None,
    database: str | None = None,
    lake: str | None = None,
    config: str | Path | None = None,
    rpc: Sequence[str] = (),
    sql: str | None = None,
) -> Settings:
    """Return the settings of this run; an option that was not given is None and looked up elsewhere."""
    given = {"home": home, "database": database, "lake": lake, "config": config, "sql": sql}
    flags = Source("flag", {k: str(v) for k, v in given.items() if v is not None}, parse_rpc(rpc))
    sources = [
        flags,
        from_environment(os.environ, "environment"),
        from_environment(_dotenv(Path.cwd()), ".env"),
    ]
    return settle(sources)


def settle(sources: Sequence[Source]) -> Settings:
    """Return the settings that *sources*, strongest first, and the home's own file lead to."""
    home, home_origin = _first("home", sources, "rwa-data")
    root = _path("home", home)
    overlay = root / "config"
    sources = [*sources, from_file(overlay / "settings.toml")]
    defaults = {
        "database": f"sqlite:///{root / 'rwa.db'}",
        "lake": str(root / "lake"),
        "config": str(config_dir()),
        "sql": "all",
    }
    values = {name: _first(name, sources, default) for name, default in defaults.items()}
    sql, sql_origin = values["sql"]
    if sql not in SQL_COPIES:
        raise Usage(
            f"--sql {brief(sql)!r} (from {sql_origin}) is unknown; it is one of {', '.join(SQL_COPIES)}."
        )
    rpc = {chain: urls for source in reversed(sources) for chain, urls in source.rpc.items()}
    origins = {name: origin for name, (_, origin) in values.items()} | {"home": home_origin}
    origins |= {f"rpc {chain}": next(s.origin for s in sources if chain in s.rpc) for chain in rpc}
    return Settings(
        home=root,
        database=values["database"][0],
        lake=_lake(values["lake"][0]),
        config=_path("config", values["config"][0]),
        overlay=overlay if overlay.is_dir() else None,
        rpc=MappingProxyType(rpc),
        sql=sql,
        origins=MappingProxyType(origins),
    )


def _lake(text: str) -> str:
    """Return a path made absolute; a URI of another filesystem stays as it is."""
    return text if "://" in text else str(_path("lake", text))


def _path(name: str, text: str) -> Path:
    """Return a path made absolute; Usage where no file could ever have it."""
    try:
        path = Path(text).expanduser().absolute()
        os.lstat(path / ("x" * _ROOM))
    except RuntimeError:
        why = "names a user whom this machine does not know; write the path out"
    except ValueError:
        why = "has a character that no path can have; give another"
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            return path
        why = "is too long for a path; give another"
    else:
        return path
    raise Usage(f"--{name} {brief(text)!r} {why}.")


def _first(name: str, sources: Iterable[Source], default: str) -> tuple[str, str]:
    for source in sources:
        if source.values.get(name):
            return source.values[name], source.origin
    return default, "default"


def parse_rpc(options: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the URLs after each ``--rpc CHAIN=URL[,URL…]``; options of one chain add up."""
    found: dict[str, tuple[str, ...]] = {}
    for option in options:
        chain, equals, urls = option.partition("=")
        if not equals or not chain or "/" in chain:
            raise Usage(
                "--rpc needs a chain and a URL: --rpc CHAIN=URL[,URL…], for example "
                "--rpc ethereum=https://node.example/v1/key. What was given may hold a key and is not shown."
            )
        name = spelled(chain.strip())
        found[name] = found.get(name, ()) + _urls(urls, f"--rpc {chain}")
    return found


def from_environment(values: Mapping[str, str | None], origin: str) -> Source:
    """Return what the ``RWA_`` variables among *values* say; an empty one counts as not set."""
    named = {name: values.get(variable) or "" for name, variable in ENVIRONMENT.items()}
    rpc = {
        spelled(key.removeprefix(RPC_PREFIX)): _urls(value, key)
        for key, value in values.items()
        if key.startswith(RPC_PREFIX) and value
    }
    return Source(origin, named, rpc)


def from_file(path: Path) -> Source:
    """Return what *path*, the settings file of a home, says; nothing where it does not exist."""
    if not path.is_file():
        return Source("file", {}, {})
    from indexer.config.layers import read_toml  # noqa: PLC0415 - pydantic only where there is a file
    from indexer.config.problems import Place, Problems, checked  # noqa: PLC0415 - same
    from indexer.config.schema import SettingsFile  # noqa: PLC0415 - same

    problems = Problems()
    raw = read_toml(path, problems)
    table = None if raw is None else checked(SettingsFile, Place(path, raw), problems)
    problems.stop()
    assert table is not None  # noqa: S101 - stop() has raised otherwise
    values = table.model_dump(exclude={"rpc"}, exclude_none=True)
    return Source("file", values, {spelled(chain): tuple(urls) for chain, urls in table.rpc.items()})


def _urls(text: str, where: str) -> tuple[str, ...]:
    urls = tuple(url.strip() for url in text.split(",") if url.strip())
    if not urls or not all(is_url(url) for url in urls):
        raise Usage(
            f"{where}: {'a value' if urls else 'what follows'} is not an http or https URL; write "
            "https://host/path, several with commas between. It is not shown here, as it may hold a key."
        )
    return urls


def _dotenv(folder: Path) -> Mapping[str, str | None]:
    path = folder / ".env"
    if not path.is_file():
        return {}
    from dotenv import dotenv_values  # noqa: PLC0415 - only where there is a .env

    try:
        return dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(
            f"{path} cannot be read: {error.__class__.__name__}. Mend the file, or remove it."
        ) from error


def open_registry(settings: Settings) -> Registry:
    """Return the configuration that *settings* lead to; Usage where --rpc names a chain it does not have."""
    from indexer.config.load import load  # noqa: PLC0415 - settings alone need no pydantic

    registry = load(settings.config, settings.overlay)
    check_chains(settings, registry)
    return registry


def check_chains(settings: Settings, registry: Registry) -> None:
    """Raise Usage where --rpc names a chain that the configuration does not have.

    The environment and files may speak of chains of another configuration; ``describe`` marks them.
    """
    for chain in _strangers(settings, registry):
        if settings.origins[f"rpc {chain}"] == "flag":
            raise Usage(
                f"--rpc {chain}=… names a chain that the configuration does not have. "
                f"It has {', '.join(sorted(registry.chains))}."
            )


def _strangers(settings: Settings, registry: Registry) -> list[str]:
    known = {spelled(name) for name in registry.chains}
    return [chain for chain in settings.rpc if chain not in known]


def endpoints_of(chain: Chain, settings: Settings) -> tuple[Endpoint, ...]:
    """Return the endpoints to ask: the user's, named ``<chain>-rpc-1`` and on, else the configuration's."""
    urls = settings.rpc.get(spelled(chain.name), ())
    return tuple(Endpoint(f"{chain.name}-rpc-{n}", url) for n, url in enumerate(urls, 1)) or chain.endpoints


def describe(settings: Settings, registry: Registry | None = None) -> list[tuple[str, str, str]]:
    """Return (name, value, origin) of every setting, fit to be shown: no URL of an endpoint, no password."""
    origins = settings.origins
    rows = [
        ("home", str(settings.home), origins["home"]),
        ("database", without_password(settings.database), origins["database"]),
        ("lake", without_password(settings.lake), origins["lake"]),
        ("config", str(settings.config), origins["config"]),
        ("overlay", str(settings.overlay or "none"), "home"),
        ("sql", settings.sql, origins["sql"]),
    ]
    strangers = _strangers(settings, registry) if registry else []
    for chain, urls in sorted(settings.rpc.items()):
        names = ", ".join(f"{chain}-rpc-{number}" for number in range(1, len(urls) + 1))
        shown = "not used: the configuration has no such chain" if chain in strangers else names
        rows.append((f"rpc {chain}", shown, origins[f"rpc {chain}"]))
    return rows
