"""The configurations that we ship: mainnet's and the recordings'."""

import gzip
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from indexer.config.address import checksummed
from indexer.config.load import load
from indexer.config.model import (
    ACCRUALS,
    CADENCES,
    DEFAULT_REASONS,
    KINDS,
    PRICES,
    READS,
    REASON_RULES,
    ROLES,
)
from indexer.floor.assets import config_dir, recordings_dir
from indexer.ledger.accruals import ACCRUALS as ACCRUAL_MODULES
from indexer.ledger.reasons import REASONS_RULES
from indexer.ledger.values import REASONS

RECORDED = recordings_dir() / "config"
DATA = Path(__file__).parent.parent / "data"
COUNTED = json.loads((DATA / "registry.json").read_text())
TOKENS = {
    "buidl": ("BUIDL", "buidl", "dstoken", "securitize"),
    "ustb": ("USTB", "ustb", "nav", "superstate"),
    "stbt": ("STBT", "stbt", "share_rebase", "matrixdock"),
    "wstbt": ("wSTBT", "stbt", "plain", "matrixdock"),
    "tbill": ("TBILL", "tbill", "nav", "openeden"),
    "usdo": ("USDO", "usdo", "multiplier_rebase", "openeden"),
    "cusdo": ("cUSDO", "usdo", "erc4626", "openeden"),
    "rusdy": ("rUSDY", "usdy", "price_rebase", "ondo"),
    "aaplon": ("AAPLon", "aaplon", "plain", "ondo"),
    "benji": ("BENJI", "benji", "distribution", "franklin"),
    "syrupusdc": ("syrupUSDC", "syrupusdc", "erc4626", "maple"),
    "bib01": ("bIB01", "bib01", "plain", "backed"),
    "spyx": ("SPYx", "spyx", "timed_rebase", "backed"),
    "brk.bx": ("BRK.Bx", "brk.bx", "timed_rebase", "backed"),
    "wtgxx": ("WTGXX", "wtgxx", "distribution", "wisdomtree"),
    "swarm-aapl": ("AAPL", "swarm-aapl", "plain", "swarm"),
}


def files(folder: Path) -> list[Path]:
    return [*folder.rglob("*.toml"), *folder.rglob("*.csv")]


@pytest.fixture(scope="module")
def registry():
    return load(config_dir())


@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_what_the_facts_say(registry, token):
    """A token of each mechanism has its symbol, its product, its accrual and its platform's rules."""
    found = registry.tokens[token]
    assert (found.symbol, found.product, found.accrual, found.reasons) == TOKENS[token]


def test_every_deployment_of_the_facts_is_there(registry):
    """Per platform and chain there are as many contracts, indexed and known only, as were collected."""
    counted = {}
    for token in registry.tokens.values():
        for deployment in token.deployments:
            chains = counted.setdefault(token.platform, {}).setdefault(deployment.status, Counter())
            chains[deployment.chain] += 1
    assert counted == COUNTED


def test_what_is_known_only_lacks_what_indexing_needs(registry):
    """A contract of a configured chain is known only where its decimals are not, or no accrual follows it."""
    only = {
        token.id
        for token in registry.tokens.values()
        for d in token.deployments
        if d.chain in registry.chains and not d.indexed and d.decimals is not None
    }
    assert only == {"ommf"}


def test_a_shipped_canary_counts_what_the_block_has(registry):
    """The count of the canary at block 18,000,000 is that of the logs which a node answered for this block."""
    body = gzip.decompress((DATA / "ethereum-18000000" / "getlogs.json.gz").read_bytes())
    canary = next(one for one in registry.chains["ethereum"].canaries if one.block == 18_000_000)
    logs = json.loads(body)[1]["result"]
    found = [log for log in logs if (log["address"], log["topics"][:1]) == (canary.address, [canary.topic0])]
    assert (len(found), {log["blockNumber"] for log in found}) == (canary.count, {hex(canary.block)})


def test_one_address_on_two_chains_is_two_contracts(registry):
    """The same 20 bytes are cUSDO on Ethereum and USDO on Base, and a fund and its oracle on two chains."""
    at = {(d.chain, d.address): t.id for t in registry.tokens.values() for d in t.deployments}
    both = "0xad55aebc9b8c03fc43cd9f62260391c13c23e7c0"
    assert (at["ethereum", both], at["base", both]) == ("cusdo", "usdo")
    shared = "0xe4fa682f94610ccd170680cc3b045d77d9e528a8"
    oracles = {
        c.address for d in registry.tokens["ustb"].deployments if d.chain == "ethereum" for c in d.companions
    }
    assert at["plume", shared] == "ustb"
    assert shared in oracles
    assert ("ethereum", shared) not in at


def test_a_lookalike_is_no_token(registry):
    """A contract that calls itself BUIDL is known as none of Securitize's."""
    look = registry.lookalikes["bsc", "0xfa4c775800a63f16214ef4215cad5da983b7a314"]
    assert (look.platform, look.symbol) == ("securitize", "BUIDL")


def test_every_platform_has_its_terms(registry):
    """The ten platforms have terms, each from a dated document."""
    assert len(registry.platforms) == 10
    assert set(registry.terms) == set(registry.platforms)
    assert all(terms.as_of and terms.source for terms in registry.terms.values())


def test_a_price_written_down_is_par_with_its_document(registry):
    """No price stands in the configuration but a par value, for which a document is named."""
    prices = [p for t in registry.tokens.values() for d in t.deployments for p in d.prices]
    assert prices
    assert all((p.value is not None) == (p.kind == "par") for p in prices)
    assert all(p.source for p in prices)


@pytest.mark.parametrize("folder", [config_dir(), RECORDED])
def test_every_fact_has_its_source(folder):
    """Each platform, token, deployment, role and companion says who says so and how sure that is."""
    registry = load(folder)
    facts = [*registry.platforms.values(), *registry.tokens.values()]
    for token in registry.tokens.values():
        for deployment in token.deployments:
            facts += [deployment, *deployment.roles, *deployment.companions, *deployment.prices]
    facts += [*registry.terms.values(), *registry.lookalikes.values()]
    assert all(fact.source and fact.confidence for fact in facts)


@pytest.mark.parametrize("path", sorted([*files(config_dir()), *files(RECORDED)]), ids=str)
def test_every_address_carries_its_checksum(path):
    """Addresses in the files are written with their checksum, so that a wrong digit is noticed."""
    found = re.findall(r"(?<![0-9a-zA-Z])0x[0-9a-fA-F]{40}(?![0-9a-zA-Z])", path.read_text())
    assert [address for address in found if checksummed(address) != address] == []


def test_every_indexed_deployment_has_a_start(registry):
    """A backfill never begins at a chain's first block for want of a start, nor before its chain's floor."""
    for token in registry.tokens.values():
        for deployment in token.deployments:
            if deployment.indexed:
                start = deployment.start
                assert start is not None
                floor = registry.chains[deployment.chain].floor
                assert start > 0 if isinstance(start, int) else start >= floor


def test_public_endpoints_are_named_by_host():
    """A shipped endpoint's name is its host, unique on its chain."""
    for chain in load(config_dir()).chains.values():
        names = [endpoint.name for endpoint in chain.endpoints]
        assert names
        assert len(names) == len(set(names))
        assert all(endpoint.name in endpoint.url for endpoint in chain.endpoints)


def test_no_default_is_guessed():
    """No fact supports a platform-wide default, so what no rule tells stays unclassified."""
    assert not any(token.defaults for token in load(config_dir()).tokens.values())


def test_the_recordings_are_configured_as_their_files():
    """A recorded chain has its file's name and an id of its own, and no endpoint."""
    chains = load(RECORDED).chains
    assert set(chains) == {path.name.removesuffix(".json.gz") for path in recordings_dir().glob("*.json.gz")}
    assert not any(chain.endpoints for chain in chains.values())


def test_three_recorded_tokens_may_read():
    """What the recordings hold follows from logs and inputs, but for three prices that no log tells."""
    tokens = load(RECORDED).tokens.values()
    assert {t.id for t in tokens for d in t.deployments if d.reads} == {"spyx", "rusdy", "rousg"}


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


@pytest.mark.parametrize("names", [ACCRUALS, REASON_RULES, READS, PRICES, CADENCES, KINDS, ROLES])
def test_every_name_that_a_file_may_hold_is_explained(names):
    """The page about configuration has each accrual, rule, view, price source, cadence, kind and role."""
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    assert [name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page)] == []
