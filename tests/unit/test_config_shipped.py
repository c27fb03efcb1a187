"""The configurations that we ship: mainnet's and the recordings'."""

import re
import subprocess
import sys
from datetime import date

import pytest

from indexer.config.address import checksummed
from indexer.config.load import load
from indexer.config.model import ACCRUALS, DEFAULT_REASONS, REASON_RULES
from indexer.floor.assets import config_dir, recordings_dir
from indexer.ledger.accruals import ACCRUALS as ACCRUAL_MODULES
from indexer.ledger.reasons import REASONS_RULES
from indexer.ledger.values import REASONS

RECORDED = recordings_dir() / "config"
TOKENS = {
    "buidl": ("BUIDL", "buidl", {"ethereum", "polygon", "avalanche", "optimism", "arbitrum", "bsc"}),
    "buidl-i": ("BUIDL-I", "buidl", {"ethereum"}),
    "ustb": ("USTB", "ustb", {"ethereum", "plume"}),
    "uscc": ("USCC", "uscc", {"ethereum", "plume"}),
    "stbt": ("STBT", "stbt", {"ethereum"}),
    "wstbt": ("wSTBT", "stbt", {"ethereum"}),
    "tbill": ("TBILL", "tbill", {"ethereum", "arbitrum", "bsc"}),
    "usdy": ("USDY", "usdy", {"ethereum", "mantle", "arbitrum", "sei", "plume", "bsc"}),
    "ousg": ("OUSG", "ousg", {"ethereum", "polygon"}),
}


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_where_the_facts_say(token):
    """Each token has its symbol, its product and every chain on which it can be indexed."""
    found = load(config_dir()).tokens[token]
    assert (found.symbol, found.product, {d.chain for d in found.deployments if d.indexed}) == TOKENS[token]


def test_there_is_no_other_token():
    """The configuration has these tokens and no other."""
    assert set(load(config_dir()).tokens) == set(TOKENS)


@pytest.mark.parametrize("folder", [config_dir(), RECORDED])
def test_every_fact_has_its_source(folder):
    """Each platform, token, deployment, role and companion says who says so and how sure that is."""
    registry = load(folder)
    facts = [*registry.platforms.values(), *registry.tokens.values()]
    for token in registry.tokens.values():
        for deployment in token.deployments:
            facts += [deployment, *deployment.roles, *deployment.companions]
    assert all(fact.source and fact.confidence for fact in facts)


@pytest.mark.parametrize("path", sorted([*config_dir().rglob("*.toml"), *RECORDED.rglob("*.toml")]), ids=str)
def test_every_address_carries_its_checksum(path):
    """Addresses in the files are written with their checksum, but for the one whose source gives none."""
    wrong = [a for a in re.findall(r'"(0x[0-9a-fA-F]{40})"', path.read_text()) if checksummed(a) != a]
    assert wrong in ([], ["0x2004f7f7b600d962170d7f28114cc123c5e98451"])


def test_every_indexed_deployment_has_a_start():
    """A backfill never begins at a chain's first block for want of a start."""
    registry = load(config_dir())
    starts = [d.start for t in registry.tokens.values() for d in t.deployments if d.indexed]
    assert None not in starts
    assert all(start > 0 if isinstance(start, int) else start >= date(2023, 1, 1) for start in starts)


def test_no_start_lies_before_its_chain():
    """A start that is a day is not before the chain's own floor."""
    registry = load(config_dir())
    for token in registry.tokens.values():
        for deployment in token.deployments:
            if deployment.indexed and isinstance(deployment.start, date):
                assert deployment.start >= registry.chains[deployment.chain].floor


def test_public_endpoints_are_named_by_host():
    """A shipped endpoint's name is its host, unique on its chain."""
    for chain in load(config_dir()).chains.values():
        names = [endpoint.name for endpoint in chain.endpoints]
        assert names
        assert len(names) == len(set(names))
        assert all(endpoint.name in endpoint.url for endpoint in chain.endpoints)


def test_only_stbt_rebases_and_may_read():
    """STBT rebases by shares and may ask for totalSupply; no other token does."""
    tokens = load(config_dir()).tokens.values()
    assert [t.id for t in tokens if t.accrual != "plain"] == ["stbt"]
    assert [t.id for t in tokens for d in t.deployments if d.reads] == ["stbt"]


def test_no_default_is_guessed():
    """No fact supports a platform-wide default, so what no rule tells stays unclassified."""
    assert not any(token.defaults for token in load(config_dir()).tokens.values())


def test_the_recordings_are_configured_as_their_files():
    """A recorded chain has its file's name and the id in it, and no endpoint of its own."""
    registry = load(RECORDED)
    assert {c.name: (c.id, c.endpoints) for c in registry.chains.values()} == {
        "ustb": ("eip155:900005", ()),
        "stbt": ("eip155:900001", ()),
        "tbill": ("eip155:900007", ()),
        "dstoken": ("eip155:900006", ()),
    }
    assert set(registry.tokens) == {"ustb", "stbt", "wstbt", "tbill", "buidl"}


def test_the_recordings_need_no_read():
    """Everything in the recordings follows from logs and inputs."""
    assert not any(d.reads for t in load(RECORDED).tokens.values() for d in t.deployments)


def test_the_names_of_accruals_are_those_of_the_modules():
    """What a file may name as accrual is what there is."""
    assert set(ACCRUALS) == set(ACCRUAL_MODULES)


def test_the_names_of_rules_are_those_of_the_modules():
    """What a file may name as reasons is what there is."""
    assert set(REASON_RULES) == set(REASONS_RULES)


def test_every_default_is_a_reason():
    """What a file may name as default is in the list of reasons."""
    assert {reason for reasons in DEFAULT_REASONS.values() for reason in reasons} <= set(REASONS)


def test_reading_the_configuration_stays_light():
    """Neither settings nor configuration loads web3, SQLModel, Arrow or DuckDB."""
    code = (
        "import sys; from indexer.config.settings import open_registry, resolve; open_registry(resolve()); "
        "print({'web3', 'sqlmodel', 'sqlalchemy', 'pyarrow', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
