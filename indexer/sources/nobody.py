"""Why no endpoint served a request: a sentence for each, or the refusal that says how to ask for less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexer.floor.errors import NoEndpoint
from indexer.sources.provider_errors import Refusal, Refused
from indexer.sources.standing import Standing, Want, best_cut, cap, fits

_ANSWERS = ("forked", "behind", "missing-state", "absent", "reverted", "unknown")
"""Kinds that tell the caller something once every endpoint has said so."""


def nobody(
    name: str,
    standings: Sequence[Standing],
    want: Want,
    passed: Mapping[str, Refusal],
    barred: Sequence[Standing],
) -> Exception:
    """Return why no endpoint of the chain *name* served *want*: what would mend it, else what each said.

    *passed* has what they said to this very request, *barred* those that dropped logs as old as these.
    """
    if not standings:
        return NoEndpoint(
            f"No endpoint of {name} is configured, so {want.text} cannot be fetched: "
            f"give one with --rpc {name}=URL."
        )
    asked = [s for s in standings if s.endpoint.name not in want.avoid]
    if not asked:
        held = ", ".join(sorted(want.avoid))
        return NoEndpoint(
            f"No endpoint of {name} beside {held} is there to give {want.text}: "
            f"name another with --rpc {name}=URL,URL."
        )
    small = [s for s in asked if not s.out and not fits(s, want) and s not in barred]
    caps = [cap(s, want) for s in small if s.endpoint.name not in passed]
    cut = best_cut([*passed.values(), *caps])
    if cut is not None:
        return Refused(cut, f"No endpoint of {name} serves {want.text} at once: {cut.text.rstrip('.')}.")
    said = [refusal for kind in _ANSWERS for refusal in passed.values() if refusal.kind == kind]
    words = " ".join(_words(s, pruned=s in barred) for s in asked)
    if said and want.first is not None:
        return Refused(said[0], f"No endpoint of {name} gave {want.text}. {words}")
    if said:
        return Refused(said[0], f"No endpoint of {name} has {want.text}: {said[0].text.rstrip('.')}.")
    if all(s in barred for s in asked):
        words += (
            f" Name an archive node with --rpc {name}=URL; where every endpoint says so, look at the "
            f"canaries of {name} in chains.toml."
        )
    return NoEndpoint(f"No endpoint of {name} could serve {want.text}. {words}")


def _words(standing: Standing, *, pruned: bool) -> str:
    """Return what the endpoint said last, in a sentence that names it."""
    if pruned:
        return standing.pruned or f"{standing.endpoint.name} has no logs that old any more (a pruned node)."
    return standing.last_words or f"{standing.endpoint.name} was not asked."
