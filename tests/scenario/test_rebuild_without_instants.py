"""A rebuild that lacks what only an endpoint can tell leaves the derivation unfinished."""

from __future__ import annotations

from pathlib import Path

from homes import Homes
from line_kit import Quiet, differing, digests_of, run, settings_for

from indexer.floor.tables import DERIVATIONS, MOMENTS
from indexer.sync.rebuild import rebuild
from indexer.sync.session import session


def test_the_next_backfill_finds_the_instants_that_a_rebuild_could_not(homes: Homes, tmp_path: Path) -> None:
    """Without an endpoint an instant is no block: that is counted as missing, and made good by the next run."""
    home, whole = homes.plain("rousg").copy(tmp_path / "home"), homes.plain("rousg").digests
    settings, registry = settings_for(home, [])
    tokens = list(registry.tokens.values())
    with session(settings, registry, Quiet()) as work:
        gone = [row for row in work.book.rows(MOMENTS) if row["block_number"] > 1]
        with work.book.commit() as commit:
            commit.remove(MOMENTS, [{name: row[name] for name in MOMENTS.key} for row in gone])
    rebuild(settings, registry, tokens, Quiet())
    with session(settings, registry, Quiet()) as work:
        assert any(row["inputs_missing"] for row in work.book.rows(DERIVATIONS))
    assert differing(whole, digests_of(home)) != []
    run(home, "rousg")
    assert differing(whole, digests_of(home)) == []
