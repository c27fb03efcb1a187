from datetime import UTC, date, datetime

import pytest
from config_kit import ADDRESS, CHAINS, DEPLOYMENT, OTHER, PLATFORM, TOKEN, read, refusal, written

from indexer.config.load import forgotten, load
from indexer.config.model import Bridge, Canary, Companion, Endpoint, Price, Role, Terms
from indexer.floor.assets import config_dir
from indexer.floor.errors import Usage

ALL = PLATFORM + TOKEN + DEPLOYMENT
ROLE = f'[[token.deployment.role]]\naddress = "{OTHER}"\nrole = "operator"\n'
COMPANION = f'[[token.deployment.companion]]\nname = "Oracle"\naddress = "{OTHER}"\nevents = ["erc20"]\n'
SECOND = TOKEN.replace('id = "ustb"', 'id = "uscc"') + DEPLOYMENT.replace(ADDRESS, OTHER)


def test_the_least_that_the_contract_page_shows_is_enough(tmp_path):
    """A token needs id, symbol, product, accrual and a deployment; the rest has a default."""
    token = read(tmp_path).tokens["ustb"]
    assert (token.name, token.tier, token.reasons, dict(token.defaults)) == ("USTB", "core", "superstate", {})
    deployment = token.deployments[0]
    assert (deployment.address, deployment.start, deployment.kind, deployment.status) == (
        ADDRESS.lower(), 18725909, "native", "indexed",
    )  # fmt: skip


def test_a_chain_is_read(tmp_path):
    """A chain has its CAIP-2 id, its number, its endpoints, its finality and its floor."""
    chain = read(tmp_path).chains["ethereum"]
    assert (chain.id, chain.number, chain.finality, chain.floor) == (
        "eip155:1",
        1,
        "finalized",
        date(2020, 1, 1),
    )
    assert [endpoint.url for endpoint in chain.endpoints] == ["https://node.example/rpc"]


def test_endpoints_of_a_users_own_file_are_numbered(tmp_path):
    """A host in a user's file may be a key, so its endpoint is not named by it."""
    assert read(tmp_path).chains["ethereum"].endpoints == (
        Endpoint("ethereum-config-1", "https://node.example/rpc"),
    )


def test_a_platform_without_rules_has_the_plain_ones(tmp_path):
    """A platform of a user's own, for which there are no rules, gets the plain rules."""
    assert read(tmp_path, ALL.replace('"superstate"', '"mine"')).tokens["ustb"].reasons == "plain"


def test_a_bridge_has_a_window_and_a_tolerance(tmp_path):
    """They may be left out: three days, and not one base unit."""
    told = TOKEN + '[token.bridge]\nwindow_hours = 5\ntolerance = "0.01"\n' + DEPLOYMENT
    assert read(tmp_path / "a", PLATFORM + told).tokens["ustb"].bridge == Bridge(5, "0.01")
    assert read(tmp_path / "b").tokens["ustb"].bridge == Bridge(72, "0")


def test_a_start_may_be_a_day(tmp_path):
    """A start that is not a block is a day."""
    token = read(tmp_path, ALL.replace("start = 18725909", "start = 2023-12-01")).tokens["ustb"]
    assert token.deployments[0].start == date(2023, 12, 1)


def test_a_role_has_times_in_utc(tmp_path):
    """The ends of a role are moments in UTC, whether written as a day or with a zone."""
    text = (
        ALL + ROLE + 'from = 2024-01-02\nto = 2024-03-01T02:00:00+02:00\nsource = "s"\nconfidence = "low"\n'
    )
    assert read(tmp_path, text).tokens["ustb"].deployments[0].roles == (
        Role(
            OTHER.lower(),
            "operator",
            datetime(2024, 1, 2, tzinfo=UTC),
            datetime(2024, 3, 1, tzinfo=UTC),
            "s",
            "low",
        ),
    )


def test_a_companion_is_read(tmp_path):
    """A companion without topics is asked for all its logs, and starts with its token."""
    assert read(tmp_path, ALL + COMPANION).tokens["ustb"].deployments[0].companions == (
        Companion("Oracle", OTHER.lower(), ("erc20",), None, None),
    )


def test_topics_narrow_a_companion(tmp_path):
    """A companion's topics are kept in lower case."""
    text = ALL + COMPANION + f'topics = ["0x{"AB" * 32}"]\n'
    assert read(tmp_path, text).tokens["ustb"].deployments[0].companions[0].topics == ("0x" + "ab" * 32,)


def test_a_known_deployment_may_be_anywhere(tmp_path):
    """What is listed but not indexed needs no decimals and no configured chain, and keeps its own spelling."""
    text = (
        ALL
        + '[[token.deployment]]\nchain = "solana"\nchain_id = "solana:5eykt4"\naddress = "CCz3SGV"\nstatus = "known"\n'
    )
    known = read(tmp_path, text).tokens["ustb"].deployments[1]
    assert (known.chain, known.chain_id, known.address, known.decimals) == (
        "solana",
        "solana:5eykt4",
        "CCz3SGV",
        None,
    )
    assert not known.indexed


def test_a_known_deployment_may_have_no_address(tmp_path):
    """A token known to be on a chain whose address nobody has told is listed as unknown."""
    text = ALL + '[[token.deployment]]\nchain = "tempo"\nstatus = "known"\n'
    known = read(tmp_path, text).tokens["ustb"].deployments[1]
    assert (known.chain_id, known.address) == ("tempo", "unknown")


def test_the_same_address_on_two_chains_is_two_contracts(tmp_path):
    """An address is one contract a chain, so it may stand for two tokens on two chains."""
    chains = CHAINS + CHAINS.replace("[ethereum]", "[plume]").replace("eip155:1", "eip155:98866")
    second = (TOKEN + DEPLOYMENT).replace('id = "ustb"', 'id = "oracle"').replace('"ethereum"', '"plume"')
    tokens = read(tmp_path, ALL + second, chains).tokens
    assert tokens["ustb"].deployments[0].address == tokens["oracle"].deployments[0].address


def test_the_overlay_replaces_by_id(tmp_path):
    """A token of the overlay replaces the shipped one of the same id; the others stay."""
    base = written(tmp_path / "base", ALL + SECOND)
    over = tmp_path / "over"
    over.mkdir()
    (over / "mine.toml").write_text(
        '[platform]\nid = "superstate"\n' + TOKEN + DEPLOYMENT.replace("18725909", "7")
    )
    registry = load(base, over)
    assert {name: t.deployments[0].start for name, t in registry.tokens.items()} == {
        "ustb": 7,
        "uscc": 18725909,
    }
    assert registry.platforms["superstate"].name == "Superstate"


def test_canaries_are_read_in_the_order_of_their_blocks(tmp_path):
    """A chain's canaries are facts about blocks, the deepest first, whatever their order in the file."""
    one = f'[[ethereum.canary]]\nblock = 9\naddress = "{OTHER}"\ncount = 2\n'
    topic = "0x" + "AB" * 32
    two = one.replace("= 9", "= 5") + f'topic0 = "{topic}"\n'
    assert read(tmp_path, chains=CHAINS + one + two).chains["ethereum"].canaries == (
        Canary(5, OTHER.lower(), topic.lower(), 2),
        Canary(9, OTHER.lower(), None, 2),
    )


def test_the_overlay_has_platforms_and_chains_too(tmp_path):
    """The overlay has the layout of the configuration: a chain of it is added."""
    over = written(
        tmp_path / "over", chains=CHAINS.replace("[ethereum]", "[base]").replace("eip155:1", "eip155:8453")
    )
    (over / "platforms" / "superstate.toml").unlink()
    assert list(load(written(tmp_path / "base"), over).chains) == ["ethereum", "base"]


def test_the_overlays_settings_are_no_configuration(tmp_path):
    """settings.toml lies in the overlay's folder and is left to the settings."""
    over = tmp_path / "over"
    over.mkdir()
    (over / "settings.toml").write_text('sql = "none"\n')
    assert list(load(written(tmp_path / "base"), over).tokens) == ["ustb"]


def test_an_overlay_that_does_not_exist_changes_nothing(tmp_path):
    """A home without a config folder has no overlay."""
    assert list(load(written(tmp_path), tmp_path / "none").tokens) == ["ustb"]


def test_an_id_in_two_files_is_refused(tmp_path):
    """Token, product and platform ids are unique over all files, and both files are named."""
    written(tmp_path)
    (tmp_path / "platforms" / "twin.toml").write_text(ALL)
    with pytest.raises(Usage) as error:
        load(tmp_path)
    text = str(error.value)
    assert text.count("superstate.toml already") == 3
    assert "twin.toml: token 'ustb', id = 'ustb'" in text


def test_a_folder_without_configuration_is_refused(tmp_path):
    """A wrong --config is told as such."""
    with pytest.raises(Usage, match=r"chains\.toml is missing.*--config"):
        load(tmp_path)


def test_a_syntax_error_is_told_with_file_and_line(tmp_path):
    """What is not TOML is told with its file and its line."""
    text = refusal(tmp_path, "[platform]\nid = \n")
    assert "superstate.toml is not valid TOML" in text
    assert "line 2" in text


def test_a_file_that_is_not_text_is_refused(tmp_path):
    """A file that is not UTF-8 is told with the place of the fault."""
    written(tmp_path)
    (tmp_path / "platforms" / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Usage, match=r"bad\.toml is not UTF-8 text: byte 0"):
        load(tmp_path)


def test_every_fault_is_told_at_once(tmp_path):
    """Faults in several files and keys are told together."""
    text = refusal(
        tmp_path, ALL.replace('"plain"', '"plane"').replace("decimals = 6", "decimals = 19"),
        CHAINS.replace('"finalized"', '"final"'),
    )  # fmt: skip
    assert all(part in text for part in ("chains.toml", "finality", "accrual", "decimals"))


def test_after_twenty_faults_the_rest_is_counted(tmp_path):
    """A file full of faults tells twenty and how many more there are."""
    unknown = "".join(f"key{n} = 1\n" for n in range(23))
    text = refusal(tmp_path, ALL + unknown)
    assert text.count("is not a known key") == 20
    assert text.endswith("And 3 more.")


PRICE = "[[token.deployment.price]]\n"


def test_a_price_is_read(tmp_path):
    """A price source has its product's currency and a day of grace where it says nothing else."""
    told = f'kind = "redstone"\ncontract = "{OTHER}"\nfeed = "F"\ndecimals = 8\ncadence = "daily"\n'
    heard = f'[[token.deployment.companion]]\nname = "Feed"\naddress = "{OTHER}"\nevents = ["redstone"]\n'
    assert read(tmp_path, ALL + PRICE + told + heard).tokens["ustb"].deployments[0].prices == (
        Price("redstone", OTHER.lower(), 8, "USD", "daily", 24, None, "", "", "F"),
    )


def test_par_is_text_with_its_document(tmp_path):
    """A par value is kept as it is written, and needs neither contract nor cadence."""
    text = ALL + PRICE + 'kind = "par"\nvalue = "1.00"\nsource = "the prospectus"\n'
    price = read(tmp_path, text).tokens["ustb"].deployments[0].prices[0]
    assert (price.kind, price.value, price.contract, price.cadence) == ("par", "1.00", None, "on_change")


def test_terms_are_the_platforms(tmp_path):
    """What a platform's terms do not say is not known."""
    text = '[terms]\nregion = "U.S."\nas_of = "2025-11"\nsource = "a survey"\nconfidence = "low"\n'
    assert read(tmp_path, text + ALL).terms == {
        "superstate": Terms("superstate", "U.S.", None, None, None, None, "2025-11", "a survey", "low")
    }


def test_the_homes_terms_replace_the_platforms(tmp_path):
    """Terms in a home's own file stand in place of the shipped ones."""
    terms = '[terms]\nregion = "{}"\nsource = "a survey"\nconfidence = "low"\n'
    base = written(tmp_path / "base", terms.format("U.S.") + ALL)
    over = written(tmp_path / "over", terms.format("EU") + '[platform]\nid = "superstate"\n', chains="")
    assert load(base, over).terms["superstate"].region == "EU"


def test_what_a_replaced_chain_leaves_out_is_named(tmp_path):
    """A chain of the home takes the place of the shipped one whole: its safeguards are named where they are gone."""
    (tmp_path / "chains.toml").write_text(
        '[ethereum]\nid = "eip155:1"\nendpoints = ["https://one.example"]\nfinality = 64\n'
        '[mine]\nid = "eip155:777"\nendpoints = []\n'
    )
    assert forgotten(config_dir(), tmp_path) == {"ethereum": ["floor", "block_ms", "canary"]}
