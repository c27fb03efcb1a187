"""The whole line against a replayed chain, in this process: what several scenarios share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from indexer.config.model import Registry
from indexer.config.settings import Settings, open_registry, resolve
from indexer.serve.misbehave import Faults
from indexer.serve.recording import Recording
from indexer.serve.replay import Replay, serving
from indexer.store.digests import digests
from indexer.store.read import connect
from indexer.sync.backfill import Arrange, backfill
from indexer.sync.orders import Order, Outcome

RECORDINGS = Path(__file__).parent.parent / "recordings"
CONFIG = RECORDINGS / "config"


class Quiet:
    """Progress that keeps its notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def start(self, stage: str, total: int, unit: str) -> None:
        del stage, total, unit

    def advance(self, stage: str, amount: int) -> None:
        del stage, amount

    def note(self, text: str) -> None:
        self.notes.append(text)


def recording(name: str) -> Recording:
    return Recording(RECORDINGS / f"{name}.json.gz")


def settings_for(home: Path, rpc: Sequence[str], config: Path = CONFIG) -> tuple[Settings, Registry]:
    settings = resolve(home=home, config=config, rpc=rpc)
    return settings, open_registry(settings)


def run(
    home: Path,
    name: str,
    faults: Faults | None = None,
    *,
    config: Path = CONFIG,
    arrange: Arrange = list,
    verify: bool = False,
    last: int | str = "finalized",
    progress: Quiet | None = None,
) -> Outcome:
    """Backfill every token of recording *name* into *home*; its endpoint misbehaves as *faults* says."""
    replay = Replay([recording(name)], faults or Faults())
    with serving(replay) as url:
        settings, registry = settings_for(home, [f"{name}={url}/{name}"], config)
        tokens = tuple(t for t in registry.tokens.values() if any(d.chain == name for d in t.deployments))
        order = Order(tokens, chains=(name,), verify=verify, last=last)
        return backfill(settings, registry, order, progress or Quiet(), arrange)


def digests_of(home: Path, config: Path = CONFIG) -> dict[str, str]:
    settings, registry = settings_for(home, [], config)
    with connect(settings, registry) as con:
        return digests(con)


def differing(left: dict[str, str], right: dict[str, str]) -> list[str]:
    return [name for name in left if left[name] != right[name]]


def config_with_all_contracts(folder: Path, name: str, addresses: Iterable[str]) -> Path:
    """Write a configuration that names every address as a token of its own, so that filters hold many."""
    (folder / "platforms").mkdir(parents=True)
    (folder / "chains.toml").write_text((CONFIG / "chains.toml").read_text())
    lines = ['[platform]\nid = "all"\nname = "All"\nsource = "test"\nconfidence = "high"\n']
    for number, address in enumerate(addresses):
        lines.append(
            f'[[product]]\nid = "c{number}"\nname = "C{number}"\nasset_class = "fund"\ncurrency = "USD"\n'
            f'[[token]]\nid = "c{number}"\nsymbol = "C{number}"\nname = "C{number}"\nproduct = "c{number}"\n'
            'accrual = "plain"\nreasons = "plain"\nsource = "test"\nconfidence = "high"\n'
            f'[[token.deployment]]\nchain = "{name}"\naddress = "{address}"\ndecimals = 6\nstart = 0\n'
            'source = "test"\nconfidence = "high"\n'
        )
    (folder / "platforms" / "all.toml").write_text("\n".join(lines))
    return folder
