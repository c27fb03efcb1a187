"""Why each entry of the ledger happened: fact, interpretation and evidence kept apart.

A platform's rules are tried in order, then the roles of the addresses; the first verdict on an entry stands.
What no rule knows is the platform's declared default or, without one, unclassified: never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.ledger.reasons import (
    backed,
    franklin,
    maple,
    matrixdock,
    ondo,
    openeden,
    securitize,
    superstate,
    swarm,
    wisdomtree,
)
from indexer.ledger.reasons.common import Rule, by_role
from indexer.ledger.values import Context, Entry, Tx, Verdict

REASONS_RULES: Mapping[str, tuple[Rule, ...]] = {
    "plain": (),
    "superstate": superstate.RULES,
    "matrixdock": matrixdock.RULES,
    "openeden": openeden.RULES,
    "ondo": ondo.RULES,
    "securitize": securitize.RULES,
    "backed": backed.RULES,
    "franklin": franklin.RULES,
    "maple": maple.RULES,
    "swarm": swarm.RULES,
    "wisdomtree": wisdomtree.RULES,
}
"""The rules of each platform, by the ``reasons`` key of a token."""

OPENINGS: Mapping[str, str] = {"CreatedOffer": "offerId"}
"""Events that tell what a later one names only by an id: the argument that holds it."""


def classify(tx: Tx, context: Context) -> list[Verdict] | None:
    """Return the verdict of each entry of *tx*, in their order; None where a rule needs its call first.

    Rules are tried while an entry is without a verdict, so a call is wanted only where it can matter.
    """
    found: dict[int, Verdict] = {}
    for rule in (*REASONS_RULES[context.token.reasons], by_role):
        if len(found) == len(tx.entries):
            break
        said = rule(tx._replace(known=frozenset(found)), context)
        if said is None:
            return None
        for position, verdict in said.items():
            found.setdefault(position, verdict)
    return [found.get(i) or _fallback(entry, context) for i, entry in enumerate(tx.entries)]


def _fallback(entry: Entry, context: Context) -> Verdict:
    if entry.effect == "move":
        return Verdict("transfer", "move@1", "default")
    declared = context.token.defaults.get(entry.effect)
    if declared is not None:
        return Verdict(declared, "default@1", "default")
    if context.deployment.kind == "lock_release_copy" and entry.effect in _COPIED:
        return Verdict(_COPIED[entry.effect], "copy@1", "default")
    return Verdict("unclassified", "none@1", "default")


_COPIED = {"mint": "bridge_in", "burn": "bridge_out"}
"""What a copy's changes of supply are: its units stand locked elsewhere."""
