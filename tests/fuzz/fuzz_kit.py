"""What the fuzz tests share: how a case is counted and bounded, and values that no one expects.

In scripts/test the cases are the same every time; scripts/fuzz sets FUZZ_TIMES, which draws others and more.
"""

from __future__ import annotations

import functools
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TIMES = int(os.environ.get("FUZZ_TIMES", "0"))
LONGEST = 30.0
"""Seconds after which one case counts as a hang."""

cases: Counter[str] = Counter()
"""How many cases ran, by test."""


class TooLong(BaseException):
    """A case did not end."""


@contextmanager
def bounded(seconds: float = LONGEST) -> Iterator[None]:
    """Raise TooLong in the block once it has run for *seconds*."""

    def stop(*_: object) -> None:
        raise TooLong(f"one case ran for more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def fuzzed(examples: int, **drawn: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """Make a test of a function of *drawn* values: *examples* cases, each counted and bounded in time."""

    def decorate(test: Callable[..., None]) -> Any:
        @functools.wraps(test)
        def one(**values: Any) -> None:
            cases[test.__name__] += 1
            with bounded():
                test(**values)

        return settings(
            max_examples=examples * (TIMES or 1),
            derandomize=not TIMES,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )(given(**drawn)(one))

    return decorate


# Values

NUMBERS = st.one_of(
    st.sampled_from([0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, 2**256 - 1, -(2**63) - 1, 10**40]),
    st.integers(),
)
WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            "0x",
            "0x0",
            "0x00",
            "null",
            "0x-1",
            "0x_1",
            "0X1",
            " 0x1",
            "0x1 ",
            "0xg",
            "latest",
            "NaN",
            "\0",
            "٣",
            "¹",
        ]
    ),
    st.integers(0, 2**70).map(hex),
    st.binary(max_size=40).map(lambda raw: "0x" + raw.hex()),
    st.text(max_size=40),
    st.text("0123456789abcdefABCDEFx", max_size=80),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, st.floats(), WORDS)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=8,
)
RAW_JSON = st.sampled_from(
    [
        "NaN", "Infinity", "-0", "1e999", "1E400", "0.1", "01", "9" * 5000, "-" + "9" * 400,
        '"\\ud800"', '"\\udfff\\ud800"',
        '"\\u0000"', '"0x' + "f" * 9000 + '"',
        "[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500, "[" * 3000 + "]" * 3000,
        '{"a":1,"a":2}', "", "{", "]", '"', "'x'", "undefined", "\x00", "\ufeff1", "[1,]", "0x10",
    ]
)  # fmt: skip
"""JSON as text, and what only looks like it."""


def sentences(text: str) -> None:
    """Hold what a person is told: printable, not too long, and ended."""
    assert text.strip()
    assert text[-1] in ".…!?"
    assert text.isprintable()
    assert len(text) < 1_000
