"""Which calls of contracts derive may make on a recording: never a stock, a price at most once a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .truth import Recording

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


def refused(recording: Recording, made: Mapping[str, int]) -> Iterator[str]:
    """Yield a sentence for each function that derive must not have read, or not so often."""
    days = len(set(recording.days.values()))
    for function, times in sorted(made.items()):
        if function in FREE:
            continue
        if function not in PRICES:
            yield f"{function} was read {times} times; derive may read prices and multipliers only"
            continue
        most = days + _changes(recording)
        if times > most:
            yield f"{function} was read {times} times; once a day and once a logged change make {most}"


def _changes(recording: Recording) -> int:
    """Return how often the tokens and the contracts of their views logged more than movements."""
    contracts = {a for token in recording.tokens for a in (token.address, *token.targets)}
    return sum(recording.changes.get(address, 0) for address in contracts)
