"""What a shell sees when a command ends early: an exit code, and sentences without secrets."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from indexer.config.model import Endpoint
from indexer.floor.cells import safe
from indexer.floor.errors import RwaError

INTERRUPTED = 130
TERMINATED = 143
_STOPPED_QUERY = "Query interrupted"
"""What DuckDB makes of Ctrl-C."""
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>,]+", re.IGNORECASE)
_HOST = re.compile(r"(?<=host )[\w.-]+\.[\w.-]+(?::\d+)?", re.IGNORECASE)


def redacted(text: str, arguments: Sequence[str] = ()) -> str:
    """Return *text* without the URLs and hosts that a library put into it: an endpoint's holds a key.

    The endpoints among *arguments* and in the environment are known, so any part of them goes too.
    """
    from indexer.config.secrets import without_keys  # noqa: PLC0415 - only where something went wrong
    from indexer.config.urls import redact  # noqa: PLC0415 - same

    given = [value for name, value in os.environ.items() if name.startswith("RWA_RPC_")]
    urls = _URL.findall(" ".join([*arguments, *given]))
    text = redact(text, [Endpoint("(endpoint)", url) for url in urls])
    return without_keys(_HOST.sub("(hidden)", _URL.sub("(hidden)", text)))


def explain(error: BaseException, arguments: Sequence[str], *, debug: bool) -> int:
    """Write to stderr what *error* was, and return the exit code that says so."""
    from indexer.config.secrets import without_keys  # noqa: PLC0415 - only where something went wrong

    known = raised_on_purpose(error)
    if known is None:
        _tell(redacted(f"This is a bug in rwa-indexer: {type(error).__name__}: {error}", arguments))
    else:
        for sentence in dict.fromkeys(str(one) for one in known):
            _tell(f"Error: {without_keys(sentence)}")
    if known is None or debug:
        _tell(redacted("".join(traceback.format_exception(error)), arguments))
    return known[0].exit_code if known else 1


def raised_on_purpose(error: BaseException) -> list[RwaError] | None:
    """Return the errors of ours that *error* is or that a group of tasks raised; None where one is not."""
    if isinstance(error, RwaError):
        return [error]
    if not isinstance(error, BaseExceptionGroup):
        return None
    found: list[RwaError] = []
    for inner in error.exceptions:
        known = raised_on_purpose(inner)
        if known is None:
            return None
        found += known
    return found


def interrupted(code: int) -> int:
    """Say that a signal ended the command, and return its exit code."""
    word = "Interrupted" if code == INTERRUPTED else "Terminated"
    _tell(f"{word}; what was committed is kept.")
    return code


@contextmanager
def discreet() -> Iterator[None]:
    """Clean what libraries log, and what Python says of exceptions that nobody took, while the context lasts.

    Nothing of the kind reaches a terminal unless something went wrong, or somebody turned logging on: just then
    aiohttp, asyncio, urllib3 and web3 write URLs.
    """
    factory, hook = logging.getLogRecordFactory(), sys.unraisablehook

    def record(*args: Any, **named: Any) -> logging.LogRecord:
        made = factory(*args, **named)
        text = made.getMessage()
        if made.exc_info and made.exc_info[1] is not None:
            text = f"{text}\n{''.join(traceback.format_exception(made.exc_info[1]))}".rstrip()
        made.msg, made.args, made.exc_info = redacted(text), None, None
        return made

    def unraisable(event: sys.UnraisableHookArgs) -> None:
        if event.exc_value is not None:
            _tell(redacted("".join(traceback.format_exception(event.exc_value))))

    logging.setLogRecordFactory(record)
    sys.unraisablehook = unraisable
    try:
        yield
    finally:
        logging.setLogRecordFactory(factory)
        sys.unraisablehook = hook


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into an orderly end: what is under way is undone, locks are given back.

    A signal ends a query of DuckDB too, which then raises an error of its own; that is the signal's all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    came: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        # asyncio would write a traceback for each task that this ends.
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)
        raise SystemExit(TERMINATED)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except Exception as error:  # whatever a library makes of the signal; anything else is raised as it is
        if came:
            raise SystemExit(TERMINATED) from None
        if isinstance(error, RuntimeError) and str(error) == _STOPPED_QUERY:
            raise KeyboardInterrupt from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


def debugging(flag: bool) -> bool:
    """Whether tracebacks are wanted, by --debug or RWA_DEBUG."""
    return flag or os.environ.get("RWA_DEBUG", "") not in ("", "0")


def _tell(text: str) -> None:
    sys.stderr.write("".join(f"{safe(line)}\n" for line in text.splitlines()))
