"""Which calls of contracts derive may make on a recording: never a stock, a price at most once a step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from indexer.serve.methods import Called

from .truth import Recording, TokenTruth

FREE = frozenset({"decimals()", "symbol()", "name()"})
PRICES = frozenset(
    {
        "multiplier()",
        "bonusMultiplier()",
        "getCurrentMultiplier()",
        "getPrice()",
        "getOUSGPrice()",
        "lastKnownPrice()",
        "tbillUsdcRate()",
        "convertToAssets(uint256)",
        "convertToExitAssets(uint256)",
        "latestRoundData()",
    }
)

Groups = Iterable[frozenset[str]]
"""For each token its contract, those of its views, its oracles and its provider."""


def refused(recording: Recording, groups: Groups, made: Mapping[Called, int]) -> Iterator[str]:
    """Yield a sentence for each function that derive must not have read, or not so often on a day.

    A price or a multiplier may be read once a UTC day, once for each logged change of the token, its oracle
    or its provider on that day, and once where a logged schedule takes effect.
    """
    groups = tuple(groups)
    totals: Counter[str] = Counter()
    by_day: Counter[tuple[str, str, str]] = Counter()
    for call, times in made.items():
        totals[call.function] += times
        day = "" if call.block is None else recording.days[call.block]
        by_day[call.address, call.function, day] += times
    for function, times in sorted(totals.items()):
        if function not in FREE | PRICES:
            yield f"{function} was read {times} times; derive may read prices and multipliers only"
    for (address, function, day), times in sorted(by_day.items()):
        if function not in PRICES:
            continue
        if not day:
            yield f"{function} of {address} was read {times} times without a block of this chain"
        elif times > (most := 1 + _steps(recording, _watched(groups, address), day)):
            yield f"{function} of {address} was read {times} times on {day}; {most} are allowed there"


def by_function(made: Mapping[Called, int]) -> dict[str, int]:
    """Return how often each function was called."""
    totals: Counter[str] = Counter()
    for call, times in made.items():
        totals[call.function] += times
    return dict(totals)


def group_of(token: TokenTruth, companions: Iterable[str]) -> frozenset[str]:
    """Return the contracts whose logs may change a token's price: *companions* that are no token themselves."""
    return frozenset({token.address, *token.targets, *companions})


def _watched(groups: Iterable[frozenset[str]], address: str) -> frozenset[str]:
    return frozenset({address}).union(*(group for group in groups if address in group))


def _steps(recording: Recording, contracts: frozenset[str], day: str) -> int:
    """Return how often *contracts* logged a change on *day*, and how many schedules took effect on it."""
    logged = (block for address in contracts for block in recording.changes.get(address, ()))
    announced = (time for address in contracts for time in recording.schedules.get(address, ()))
    effective = (recording.block_at(time) for time in announced)
    return sum(1 for block in (*logged, *effective) if block is not None and recording.days[block] == day)
