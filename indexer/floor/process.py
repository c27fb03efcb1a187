"""How a process that moves millions of rows treats its memory, and how deep it may nest."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_COLLECT_AFTER = 100_000
"""New objects before the collector looks for cycles: few are made here, while importing web3 alone makes
enough to be searched hundreds of times for nothing."""


@contextmanager
def for_many_rows() -> Iterator[None]:
    """Hold the settings for a long run over large columns, and put back what was before.

    Arrow's usual allocator gives freed memory back to the system at once and then asks for it again, which
    costs as much as a third of deriving; that of the C library keeps it, and shares it with numpy.
    """
    import pyarrow as pa  # noqa: PLC0415 - help does not pay for Arrow

    before, pool = gc.get_threshold(), pa.default_memory_pool()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(pool)
        gc.set_threshold(*before)


@contextmanager
def same_depth() -> Iterator[None]:
    """Put back the limit of recursion that a library raises while it is imported.

    web3 brings py_ecc, which sets it to 100,000. A reader of JSON in C then follows an answer that nests as
    deep until its stack ends, and the process with it, in place of a RecursionError.
    """
    before = sys.getrecursionlimit()
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
