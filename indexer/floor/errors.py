"""Every error that the project raises on purpose, each with the exit code a shell sees.

RwaError
├── Usage            2   the user's input or configuration; the message says what to change
├── Transient        4   this endpoint, this time: ask again, elsewhere
└── Permanent            stop this scope
    ├── Mismatch     3   verification found a difference
    ├── NoEndpoint   4   no endpoint could serve the request
    ├── HomeBusy     5   another writer holds the home
    ├── StoreUnusable 6  the store is full, read-only or damaged
    └── Halted       7   the chain forked below finality
"""

from __future__ import annotations


class RwaError(Exception):
    """The root; its text is one or more sentences for a person."""

    exit_code = 1


class Usage(RwaError):
    """The user's input or configuration is wrong; the text says where and how to mend it."""

    exit_code = 2


class Transient(RwaError):
    """This endpoint cannot answer now; another one, or a later try, may."""

    exit_code = 4


class Permanent(RwaError):
    """Trying again does not help."""


class Mismatch(Permanent):
    """A figure differs from the contract's own state."""

    exit_code = 3


class NoEndpoint(Permanent):
    """No endpoint of a chain could serve a request; the text has a sentence per endpoint."""

    exit_code = 4


class HomeBusy(Permanent):
    """Another writer holds the home."""

    exit_code = 5


class StoreUnusable(Permanent):
    """The store is full, read-only or damaged."""

    exit_code = 6


class Halted(Permanent):
    """A chain forked below what we hold as final."""

    exit_code = 7
