"""What is wrong with a configuration, gathered and told in sentences: file, key, value, remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from indexer.config.fields import nearest
from indexer.config.urls import SHOWN, brief
from indexer.floor.errors import Usage

Keys = tuple[str | int, ...]
T = TypeVar("T", bound=BaseModel)

MOST = 20
_SECRET = ("endpoints", "rpc", "database")
_ABSURD = 10**SHOWN
"""Python does not even write numbers of more than 4,300 digits."""
_NAMING = ("id", "chain", "name", "role")
_TYPES = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number without quotes",
    "bool_type": "must be true or false",
    "list_type": "must be a list: [ ] around values, [[ ]] around the name of a table",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "missing": "is missing; add it",
    "too_short": "is empty; give at least one",
}


class Place(NamedTuple):
    """Where something stands: the file, its parsed content, and the keys that lead there."""

    file: Path
    raw: object
    keys: Keys = ()

    def at(self, *keys: str | int) -> Place:
        return self._replace(keys=self.keys + keys)

    @property
    def value(self) -> object:
        """What stands there; None where nothing does."""
        found: object = self.raw
        for key in self.keys:
            if isinstance(found, list) and isinstance(key, int):
                found = found[key]
            elif isinstance(found, Mapping):
                found = found.get(key)
            else:
                return None
        return found

    def __str__(self) -> str:
        words: list[str] = []
        for position, key in enumerate(self.keys):
            if isinstance(key, int):
                table = self._replace(keys=self.keys[: position + 1]).value
                words.append(f" {_named(table, key)}")
            else:
                words.append(f", {brief(key)}" if words else brief(key))
        return f"{self.file}: {''.join(words)}"


class Problems:
    """The problems met so far; ``stop`` raises them together."""

    def __init__(self) -> None:
        self._sentences: list[str] = []

    def add(self, place: Place, text: str) -> None:
        """Note that the value at *place* is wrong; *text* continues "key = value"."""
        self._sentences.append(f"{place}{_shown(place)} {text}.")

    def say(self, sentence: str) -> None:
        """Note a problem that has no place in a parsed file."""
        self._sentences.append(sentence)

    def stop(self) -> None:
        """Raise Usage with the problems met, if any; the first twenty in full."""
        if not self._sentences:
            return
        more = len(self._sentences) - MOST
        lines = self._sentences[:MOST] + ([f"And {more} more."] if more > 0 else [])
        raise Usage("The configuration is not valid.\n" + "\n".join(lines))


def checked(model: type[T], place: Place, problems: Problems) -> T | None:
    """Return the table at *place* as a *model*; None, with every problem noted, where it is not one."""
    try:
        return model.model_validate(place.value)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_context=True):
            problems.add(place.at(*fault["loc"]), _sentence(model, fault))
        return None


def _shown(place: Place) -> str:
    """Return " = value" for a plain value; nothing for a table, a list, or what may hold a key or a password."""
    value = place.value
    if any(key in _SECRET for key in place.keys):
        return ""
    if isinstance(value, str):
        return "" if "://" in value else f" = {value[:SHOWN]!r}"
    if isinstance(value, int) and abs(value) >= _ABSURD:
        return ""
    return f" = {value}" if isinstance(value, int | float) else ""


def _sentence(model: type[BaseModel], fault: Mapping[str, Any]) -> str:
    kind = fault["type"]
    if kind == "value_error":
        return str(fault["ctx"]["error"])
    if kind == "extra_forbidden":
        allowed = _keys(model, fault["loc"][:-1])
        close = nearest(str(fault["loc"][-1]), allowed)
        return f"is not a known key; {close}{'The' if close else 'the'} keys here are {', '.join(allowed)}"
    return _TYPES.get(kind, str(fault["msg"]))


def _keys(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Return the keys of the table that *path* leads to."""
    current = model
    for part in path:
        if isinstance(part, int):
            continue
        field = next(f for name, f in current.model_fields.items() if part in (f.alias, name))
        inner = (field.annotation, *get_args(field.annotation))
        current = next(t for t in inner if isinstance(t, type) and issubclass(t, BaseModel))
    return [field.alias or name for name, field in current.model_fields.items()]


def _named(table: object, position: int) -> str:
    """Return how a person finds one table of an array: by its name, else by its number."""
    if isinstance(table, Mapping):
        for key in _NAMING:
            if isinstance(table.get(key), str):
                return repr(brief(table[key]))
    return f"number {position + 1}"
