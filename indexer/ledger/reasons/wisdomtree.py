"""WisdomTree's funds: the contracts log Transfer alone, so no rule of their own speaks.

A mint may be a subscription, a dividend or a share that came from another chain; a burn as many things. They
stay unclassified unless a configured role or a declared default tells.
"""

from __future__ import annotations

from indexer.ledger.reasons.common import Rule

RULES: tuple[Rule, ...] = ()
