"""One folder of configuration as tables of schema.py, and one folder laid over another."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from indexer.config.lists import listed
from indexer.config.problems import Place, Problems, checked
from indexer.config.schema import (
    ChainTable,
    IdTable,
    ListTable,
    LookalikeTable,
    PlatformFile,
    PlatformTable,
    ProductTable,
    TermsTable,
    TokenTable,
)
from indexer.floor.errors import Usage

CHAINS_FILE = "chains.toml"
SETTINGS_FILE = "settings.toml"
T = TypeVar("T", bound=BaseModel)

_GUARDS = ("finality", "floor", "block_ms", "blooms", "canary")
"""What of a chain changes how it is fetched, and is easily forgotten where an entry replaces the shipped one."""


class Found(NamedTuple, Generic[T]):
    """A table, where it stands, and the platform of its file ("" for a chain)."""

    table: T
    place: Place
    platform: str


class Layer(NamedTuple):
    """What one folder says, keyed by id."""

    chains: dict[str, Found[ChainTable]]
    platforms: dict[str, Found[PlatformTable]]
    products: dict[str, Found[ProductTable]]
    tokens: dict[str, Found[TokenTable]]
    terms: dict[str, Found[TermsTable]]
    lookalikes: dict[tuple[str, str], Found[LookalikeTable]]


def read_layer(folder: Path, problems: Problems) -> Layer:
    """Return what the .toml files of *folder* and its platforms/ say; each fault goes to *problems*."""
    layer = Layer({}, {}, {}, {}, {}, {})
    for path in [*sorted(folder.glob("*.toml")), *sorted((folder / "platforms").glob("*.toml"))]:
        if path.name == SETTINGS_FILE and path.parent == folder:
            continue
        raw = read_toml(path, problems)
        if raw is None:
            continue
        if path.name == CHAINS_FILE:
            for name in raw:
                _chain(name, Place(path, raw, (name,)), layer, problems)
        else:
            _platform(Place(path, raw), layer, problems)
    return layer


def read_toml(path: Path, problems: Problems) -> dict[str, object] | None:
    """Return the parsed file; None, with the line of the fault noted, where it is not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        problems.say(f"{path} is not valid TOML: {error}. Mend that line.")
    except RecursionError:
        problems.say(
            f"{path} is not valid TOML: lists or tables lie too deep in one another. Mend that line."
        )
    except UnicodeDecodeError as error:
        problems.say(f"{path} is not UTF-8 text: byte {error.start} is wrong. Save the file as UTF-8.")
    except ValueError:
        problems.say(f"{path} is not valid TOML: a number has thousands of digits. Mend that line.")
    except OSError as error:
        raise Usage(
            f"The configuration file {path} cannot be read: {error.strerror}. Mend its permissions."
        ) from error
    return None


def lay_over(base: Layer, over: Layer) -> Layer:
    """Return *base* with *over* on top: the same id replaces. An unnamed platform keeps its name."""
    platforms = dict(base.platforms)
    for name, found in over.platforms.items():
        if found.table.name is not None or name not in platforms:
            platforms[name] = found
    return Layer(
        {**base.chains, **over.chains},
        platforms,
        {**base.products, **over.products},
        {**base.tokens, **over.tokens},
        {**base.terms, **over.terms},
        {**base.lookalikes, **over.lookalikes},
    )


def left_out(base: Layer, over: Layer) -> dict[str, list[str]]:
    """Return for each chain of *base* that *over* replaces what is set there and no more: safeguards, most of all."""
    both = [
        (name, base.chains[name].table, found.table)
        for name, found in over.chains.items()
        if name in base.chains
    ]
    gone = {
        name: [key for key in _GUARDS if key in old.model_fields_set and key not in new.model_fields_set]
        for name, old, new in both
    }
    return {name: keys for name, keys in gone.items() if keys}


def _chain(name: str, place: Place, layer: Layer, problems: Problems) -> None:
    key = checked(IdTable, Place(place.file, {"id": name}), problems)
    table = checked(ChainTable, place, problems)
    if key is not None and table is not None:
        layer.chains[name] = Found(table, place, "")


def _platform(place: Place, layer: Layer, problems: Problems) -> None:
    file = checked(PlatformFile, place, problems)
    if file is None:
        return
    owner = file.platform.id
    _keep(layer.platforms, owner, Found(file.platform, place.at("platform"), owner), problems)
    if file.terms is not None:
        _keep(layer.terms, owner, Found(file.terms, place.at("terms"), owner), problems)
    for number, product in enumerate(file.product):
        _keep(layer.products, product.id, Found(product, place.at("product", number), owner), problems)
    for number, token in enumerate(file.token):
        _keep(layer.tokens, token.id, Found(token, place.at("token", number), owner), problems)
    for number, look in enumerate(file.lookalike):
        layer.lookalikes[look.chain, look.address] = Found(look, place.at("lookalike", number), owner)
    for number, table in enumerate(file.lists):
        _list(table, place.at("list", number), owner, layer, problems)


def _list(table: ListTable, place: Place, owner: str, layer: Layer, problems: Problems) -> None:
    """Keep the products and tokens of a list as if they stood in the platform's file."""
    products, tokens = listed(table, place, problems)
    for found in products:
        product = checked(ProductTable, found, problems)
        if product is not None:
            _keep(layer.products, product.id, Found(product, found, owner), problems)
    for found in tokens:
        token = checked(TokenTable, found, problems)
        if token is not None:
            _keep(layer.tokens, token.id, Found(token, found, owner), problems)


def _keep(known: dict[str, Found[T]], name: str, found: Found[T], problems: Problems) -> None:
    if name in known:
        place = found.place if isinstance(found.table, TermsTable) else found.place.at("id")
        problems.add(
            place, f"stands in {known[name].place.file} already; ids are unique, so rename one of them"
        )
        return
    known[name] = found
