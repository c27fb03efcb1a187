r"""Events and calls by their ABI: what a log or an input says, or why it cannot be read.

A log is decoded by its first topic, its number of topics and the length of its data, because proxies change
events and because one topic does not tell which arguments are indexed. What has a known topic and does not
fit is Undecodable, never a guess. How strict:

- data of fixed-size arguments has exactly their length; data with strings, bytes or arrays may be longer
  than needed (compilers leave slack there), never shorter;
- padding must be clean: an address with bytes in front, a bool that is neither 0 nor 1, or dirt behind a
  string is refused;
- a string that is not UTF-8 is kept, each bad byte written out as ``\xff``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from indexer.decode.words import WORD, of_one_word, word_values
from indexer.floor.assets import abis_dir
from indexer.floor.errors import Usage

if TYPE_CHECKING:
    from eth_abi.codec import ABICodec


class RawLog(NamedTuple):
    """A log as the node gave it: *address* is lower-case 0x text, topics are 32 bytes each."""

    address: str
    log_index: int
    topics: tuple[bytes, ...]
    data: bytes


class Event(NamedTuple):
    """A decoded log.

    *args* holds addresses as lower-case text, integers as int, bytes as bytes, strings as str; an indexed
    string, bytes, array or tuple is its 32-byte hash.
    """

    contract: str
    log_index: int
    name: str
    args: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return an address or string argument."""
        return cast("str", self.args[name])

    def number(self, name: str) -> int:
        """Return an integer argument."""
        return cast("int", self.args[name])


class Undecodable(NamedTuple):
    """Why a log with a known topic cannot be read; the sentence holds no text of the log itself."""

    reason: str


class Argument(NamedTuple):
    """One argument; *words* is its size in 32-byte words, None where the size varies."""

    name: str
    type: str
    indexed: bool
    words: int | None

    @property
    def hashed(self) -> bool:
        """Whether a topic holds the hash of the value in its place."""
        return self.words is None or self.type.startswith("(")


class EventSpec(NamedTuple):
    name: str
    topic0: bytes
    arguments: tuple[Argument, ...]

    @property
    def topics(self) -> int:
        return 1 + sum(argument.indexed for argument in self.arguments)


class FunctionSpec(NamedTuple):
    name: str
    selector: bytes
    arguments: tuple[Argument, ...]


class Family(NamedTuple):
    """Event specs by (topic0, number of topics), names by topic0, function specs by selector."""

    events: Mapping[tuple[bytes, int], tuple[EventSpec, ...]]
    topics: Mapping[bytes, str]
    functions: Mapping[bytes, FunctionSpec]


def load_family(names: Sequence[str]) -> Family:
    """Return the union of the families *names*, files of abis/ without their ending. Cached."""
    return _load(tuple(names))


def topics_of(names: Sequence[str], events: Iterable[str]) -> list[bytes]:
    """Return the first topics of *events* in the families *names*, every variant of a name, sorted."""
    family = load_family(names)
    wanted = set(events)
    if missing := wanted - set(family.topics.values()):
        raise Usage(
            f"The event families {', '.join(names)} have no event {', '.join(sorted(missing))}. "
            "Correct the companion's topics, or name the family that has them."
        )
    return sorted(topic for topic, name in family.topics.items() if name in wanted)


def decode_event(family: Family, log: RawLog) -> Event | Undecodable | None:
    """Return what *log* says; None where the family does not know its first topic."""
    if not log.topics or log.topics[0] not in family.topics:
        return None
    name = family.topics[log.topics[0]]
    specs = family.events.get((log.topics[0], len(log.topics)))
    if specs is None:
        return Undecodable(
            f"{name} with {len(log.topics)} topics: the ABI has another number of indexed arguments"
        )
    for spec in specs:
        if _fits([a for a in spec.arguments if not a.indexed], len(log.data)):
            args = _arguments(spec, log)
            return (
                Undecodable(f"{name}: {args}")
                if isinstance(args, str)
                else Event(log.address, log.log_index, name, args)
            )
    return Undecodable(f"{name} with {len(log.data)} bytes of data: the ABI has another length")


def decode_call(family: Family, call: bytes) -> tuple[str, Mapping[str, object]] | None:
    """Return function and arguments of *call* (selector first), or None.

    None where the family does not know the selector or the arguments cannot be read. Bytes behind the
    arguments are ignored, as a contract ignores them.
    """
    spec = family.functions.get(call[:4])
    if spec is None:
        return None
    values = _values([a.type for a in spec.arguments], call[4:])
    if values is None:
        return None
    return spec.name, dict(zip((a.name for a in spec.arguments), values, strict=True))


def selector_of(names: Sequence[str], signature: str) -> bytes:
    """Return the selector of the function *signature*, such as ``burn(address,uint256)``, of the families."""
    selector = _keccak(signature)[:4]
    if selector not in load_family(names).functions:
        raise Usage(
            f"The event families {', '.join(names)} have no function {signature}. Add it to the ABI file."
        )
    return selector


def _arguments(spec: EventSpec, log: RawLog) -> dict[str, object] | str:
    """Return the arguments by name in the ABI's order, or a sentence that says what is wrong."""
    indexed = [a for a in spec.arguments if a.indexed]
    hashes = {a.name: topic for a, topic in zip(indexed, log.topics[1:], strict=True) if a.hashed}
    plain = [(a, topic) for a, topic in zip(indexed, log.topics[1:], strict=True) if not a.hashed]
    from_topics = _values([a.type for a, _ in plain], b"".join(topic for _, topic in plain))
    if from_topics is None:
        return "a topic does not hold a value of its type"
    rest = [a for a in spec.arguments if not a.indexed]
    from_data = _values([a.type for a in rest], log.data)
    if from_data is None:
        return "the data does not hold values of their types"
    found: dict[str, object] = {**hashes}
    found.update(zip((a.name for a, _ in plain), from_topics, strict=True))
    found.update(zip((a.name for a in rest), from_data, strict=True))
    return {a.name: found[a.name] for a in spec.arguments}


def _fits(arguments: Sequence[Argument], size: int) -> bool:
    """Return whether data of *size* bytes can hold *arguments*: exactly, or at least where one varies."""
    least = sum(WORD * (1 if a.words is None else a.words) for a in arguments)
    return size >= least if any(a.words is None for a in arguments) else size == least


def _values(types: Sequence[str], data: bytes) -> tuple[Any, ...] | None:
    """Return the values of *types* in *data*, or None where they cannot be read."""
    if all(map(of_one_word, types)):
        return word_values(types, data)
    from eth_abi.exceptions import DecodingError  # noqa: PLC0415 - 0.16 s that reading tables does not pay

    try:
        return _codec().decode(types, data, strict=True)
    except (DecodingError, OverflowError):  # an offset or a length beyond 2^63 overflows the stream's seek
        return None


@cache
def _codec() -> ABICodec:
    """Return eth-abi's codec, with strings that show their bad bytes."""
    from eth_abi.codec import ABICodec  # noqa: PLC0415 - see _values
    from eth_abi.decoding import StringDecoder  # noqa: PLC0415 - see _values
    from eth_abi.encoding import TextStringEncoder  # noqa: PLC0415 - see _values
    from eth_abi.registry import BaseEquals, registry  # noqa: PLC0415 - see _values

    # A decoder given as an object, not as a class, is used as it is.
    visible = StringDecoder("backslashreplace")  # type: ignore[no-untyped-call]  # eth-abi has no types here
    ours = registry.copy()  # type: ignore[no-untyped-call]  # eth-abi has no types here
    ours.unregister("string")
    plain = BaseEquals("string", with_sub=False)  # type: ignore[no-untyped-call]  # eth-abi has no types here
    ours.register(plain, TextStringEncoder, visible, label="string")
    return ABICodec(ours)


def keccak(data: bytes) -> bytes:
    """Return the hash that contracts name things by."""
    return _hash()(data)


@cache
def _load(names: tuple[str, ...]) -> Family:
    return family_of(fragment for name in names for fragment in read_fragments(abis_dir() / f"{name}.json"))


def family_of(fragments: Iterable[Mapping[str, Any]]) -> Family:
    """Return the family of ABI *fragments*; what is neither event nor function is passed over."""
    events: dict[tuple[bytes, int], tuple[EventSpec, ...]] = {}
    topics: dict[bytes, str] = {}
    functions: dict[bytes, FunctionSpec] = {}
    for fragment in fragments:
        if fragment["type"] not in ("event", "function"):
            continue
        arguments = tuple(_argument(i, raw) for i, raw in enumerate(fragment["inputs"]))
        digest = _keccak(f"{fragment['name']}({','.join(a.type for a in arguments)})")
        if fragment["type"] == "function":
            functions[digest[:4]] = FunctionSpec(fragment["name"], digest[:4], arguments)
            continue
        spec = EventSpec(fragment["name"], digest, arguments)
        known = events.get((digest, spec.topics), ())
        events[digest, spec.topics] = known if spec in known else (*known, spec)
        topics[digest] = spec.name
    return Family(events, topics, functions)


def read_fragments(path: Path) -> list[dict[str, Any]]:
    """Return the fragments of an ABI file, or say which file is wrong."""
    try:
        fragments: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json")))
        raise Usage(f"There is no event family {path.stem}. Name one of: {known}.") from error
    except ValueError as error:
        raise Usage(
            f"The event family {path.name} is not JSON: {error}. Mend or restore the file."
        ) from error
    return fragments


def _argument(position: int, raw: Mapping[str, Any]) -> Argument:
    name = raw["name"] or f"arg{position}"
    return Argument(name, _type(raw), bool(raw.get("indexed")), _words(raw))


def _type(raw: Mapping[str, Any]) -> str:
    """Return the type as signatures spell it: a tuple becomes its members in parentheses."""
    if not raw["type"].startswith("tuple"):
        return str(raw["type"])
    return f"({','.join(_type(member) for member in raw['components'])}){raw['type'][5:]}"


def _words(raw: Mapping[str, Any]) -> int | None:
    """Return the size in words, None where it varies. An array of fixed length is left to the decoder."""
    kind = raw["type"]
    if kind in ("string", "bytes") or kind.endswith("]"):
        return None
    if kind != "tuple":
        return 1
    members = [_words(member) for member in raw["components"]]
    return None if None in members else sum(m for m in members if m is not None)


@cache
def _hash() -> Callable[[bytes], bytes]:
    from eth_hash.auto import keccak  # noqa: PLC0415 - loads a cipher library

    return keccak


def _keccak(signature: str) -> bytes:
    return _hash()(signature.encode())
