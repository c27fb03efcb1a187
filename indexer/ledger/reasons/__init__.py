"""Why each entry of the ledger happened: fact, interpretation and evidence kept apart.

A platform's rules are tried in order, then the roles of the addresses; the first verdict on an entry stands.
What no rule knows is the platform's declared default or, without one, unclassified: never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.ledger.reasons import matrixdock, ondo, openeden, securitize, superstate
from indexer.ledger.reasons.common import Rule, by_role
from indexer.ledger.values import Context, Entry, Tx, Verdict

REASONS_RULES: Mapping[str, tuple[Rule, ...]] = {
    "plain": (),
    "superstate": superstate.RULES,
    "matrixdock": matrixdock.RULES,
    "openeden": openeden.RULES,
    "ondo": ondo.RULES,
    "securitize": securitize.RULES,
}
"""The rules of each platform, by the ``reasons`` key of a token."""


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
    if declared is None:
        return Verdict("unclassified", "none@1", "default")
    return Verdict(declared, "default@1", "default")
