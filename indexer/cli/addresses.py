"""What `rwa tokens 0x…` says of an address beside its rows: other uses, look-alikes, or nothing known."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.floor.cells import safe
from indexer.floor.errors import Usage

if TYPE_CHECKING:
    from indexer.config.model import Deployment, Lookalike, Registry, Token
    from indexer.config.uses import Use

_MOST = 4


def at_address(registry: Registry, address: str) -> list[tuple[Token, Deployment]]:
    """Return the tokens at *address*; says on stderr what else it is known as, or that it is nothing."""
    from indexer.config.select import find_address  # noqa: PLC0415 - help does not read the configuration
    from indexer.config.uses import lookalikes_at, uses_of  # noqa: PLC0415 - same

    found = find_address(registry, address)
    uses, looks = uses_of(registry, address), lookalikes_at(registry, address)
    if not found and not uses and not looks:
        _check(address)
        _say(f"{safe(address)} is no token, and nothing else this configuration knows.")
    for use in uses:
        _say(f"{safe(address)} {'also is' if found else 'is no token, but'} {_told(use)}.")
    for look in looks:
        _say(warned(look))
    return found


def warned(look: Lookalike) -> str:
    """Return the sentence that keeps a look-alike and the token apart."""
    return (
        f"Look-alike: {look.address} on {look.chain} is not {look.symbol} of {look.platform}, but {look.what} "
        f"({look.source}; confidence {look.confidence})."
    )


def _told(use: Use) -> str:
    return f"{use.what} of {_some(use.tokens, 'tokens')} on {_some(use.chains, 'chains')}"


def _some(names: Sequence[str], what: str) -> str:
    """Return *names* in words; of many their number and the first few."""
    if len(names) <= _MOST:
        return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
    return f"{len(names)} {what} ({', '.join(names[:_MOST])}, …)"


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")


def _check(address: str) -> None:
    """Raise Usage where *address* cannot be one: a slip must not read as "is no token"."""
    from indexer.config.address import evm_address  # noqa: PLC0415 - only where nothing was found

    if re.fullmatch(r"0x[0-9a-fA-F]{64}", address):
        return  # an address of Aptos, Sui or Starknet
    try:
        evm_address(address)
    except ValueError as error:
        raise Usage(f"{address} {error}.") from None
