from pathlib import Path

import pytest
from config_kit import CHAINS, written

from indexer.config.load import load
from indexer.config.settings import (
    Source,
    check_chains,
    describe,
    endpoints_of,
    from_environment,
    from_file,
    open_registry,
    parse_rpc,
    resolve,
    settle,
)
from indexer.floor.assets import config_dir
from indexer.floor.errors import Usage

KEY = "https://node.example/v2/abcdefgh12345678"
NAMES = ("RWA_HOME", "RWA_DATABASE_URL", "RWA_LAKE", "RWA_CONFIG", "RWA_SQL", "RWA_RPC_ETHEREUM")


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A working folder without .env and an environment without our variables."""
    monkeypatch.chdir(tmp_path)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def source(origin="flag", values=None, rpc=None):
    return Source(origin, values or {}, rpc or {})


def test_the_defaults_are_those_of_the_contract_page(bare):
    """Without any choice the home is ./rwa-data, with its database and its lake in it."""
    settings = resolve()
    assert settings.home == bare / "rwa-data"
    assert settings.database == f"sqlite:///{bare}/rwa-data/rwa.db"
    assert settings.lake == f"{bare}/rwa-data/lake"
    assert (settings.config, settings.overlay, settings.sql, dict(settings.rpc)) == (
        config_dir(),
        None,
        "all",
        {},
    )
    assert set(settings.origins.values()) == {"default"}


def test_the_order_is_flag_environment_dotenv_file_default(bare, monkeypatch):
    """Each place gives way to the one before it."""
    (bare / "rwa-data" / "config").mkdir(parents=True)
    (bare / "rwa-data" / "config" / "settings.toml").write_text(
        'sql = "none"\nlake = "s3://file"\ndatabase = "sqlite:///f"\n'
    )
    (bare / ".env").write_text('RWA_LAKE="s3://dotenv"\nRWA_DATABASE_URL=sqlite:///d\n')
    monkeypatch.setenv("RWA_DATABASE_URL", "sqlite:///e")
    settings = resolve(home=None, database=None)
    assert (settings.sql, settings.lake, settings.database) == ("none", "s3://dotenv", "sqlite:///e")
    assert [settings.origins[name] for name in ("sql", "lake", "database", "config")] == [
        "file", ".env", "environment", "default",
    ]  # fmt: skip
    flagged = resolve(database="sqlite:///flag")
    assert (flagged.database, flagged.origins["database"]) == ("sqlite:///flag", "flag")


def test_an_empty_variable_counts_as_not_set(bare, monkeypatch):
    """RWA_HOME= is as if it were not there."""
    monkeypatch.setenv("RWA_HOME", "")
    assert resolve().home == bare / "rwa-data"


def test_the_homes_config_folder_is_the_overlay(bare):
    """HOME/config is laid over the configuration where it exists."""
    (bare / "mine" / "config").mkdir(parents=True)
    assert resolve(home="mine").overlay == bare / "mine" / "config"


def test_a_relative_lake_is_made_absolute_and_a_uri_is_not(bare):
    """A lake's path does not depend on where a later command stands."""
    assert resolve(lake="there").lake == str(bare / "there")
    assert resolve(lake="gs://bucket/lake").lake == "gs://bucket/lake"


def test_an_unknown_sql_copy_is_refused(bare):
    """--sql takes all, metrics or none."""
    with pytest.raises(
        Usage, match=r"--sql 'some' \(from flag\) is unknown; it is one of all, metrics, none"
    ):
        resolve(sql="some")


def test_rpc_options_of_a_chain_add_up():
    """--rpc may be repeated and may hold several URLs with commas between."""
    assert parse_rpc(["ethereum=https://a.b,https://c.d", "ethereum=https://e.f", "base=http://g:1"]) == {
        "ethereum": ("https://a.b", "https://c.d", "https://e.f"),
        "base": ("http://g:1",),
    }


@pytest.mark.parametrize(
    "option",
    [
        KEY,
        f"ethereum{KEY}",
        f"={KEY}",
        "ethereum=abcdefgh12345678",
        "ethereum=",
        "ethereum=ftp://abcdefgh12345678",
    ],
)
def test_a_malformed_rpc_option_is_refused_and_never_shown(option):
    """What was given with --rpc may hold a key, so the error does not repeat it."""
    with pytest.raises(Usage) as error:
        parse_rpc([option])
    assert "--rpc" in str(error.value)
    assert "abcdefgh" not in str(error.value)


def test_the_environment_names_chains_in_capitals():
    """RWA_RPC_XAUM_MAIN is the chain xaum_main or xaum-main."""
    assert from_environment({"RWA_RPC_XAUM_MAIN": KEY}, "environment").rpc == {"xaum-main": (KEY,)}


def test_a_malformed_variable_is_named_and_not_shown():
    """A wrong URL in the environment is told by the variable's name."""
    with pytest.raises(Usage) as error:
        from_environment({"RWA_RPC_ETHEREUM": "abcdefgh12345678"}, "environment")
    assert "RWA_RPC_ETHEREUM: a value is not an http or https URL" in str(error.value)
    assert "abcdefgh" not in str(error.value)


def test_the_strongest_source_has_a_chains_urls_alone(tmp_path):
    """URLs of a chain come from one place and are not mixed with weaker ones."""
    sources = [
        source("flag", {"home": str(tmp_path)}, {"base": ("https://flag",)}),
        source(".env", rpc={"base": ("https://env",), "ethereum": ("https://env",)}),
    ]
    settings = settle(sources)
    assert dict(settings.rpc) == {"ethereum": ("https://env",), "base": ("https://flag",)}
    assert (settings.origins["rpc base"], settings.origins["rpc ethereum"]) == ("flag", ".env")


def test_the_file_holds_urls_too(tmp_path):
    """settings.toml gives one URL or several for a chain."""
    path = tmp_path / "settings.toml"
    path.write_text(f'[rpc]\nethereum = "{KEY}"\nbase = ["{KEY}", "http://b.c"]\n')
    assert from_file(path) == Source("file", {}, {"ethereum": (KEY,), "base": (KEY, "http://b.c")})


def test_a_wrong_settings_file_is_refused_without_its_urls(tmp_path):
    """Faults of settings.toml are told with file, key and remedy, but never a URL or a database's password."""
    path = tmp_path / "settings.toml"
    path.write_text('lakes = "x"\nsql = "some"\ndatabase = 5\n[rpc]\nethereum = "ftp://abcdefgh12345678"\n')
    with pytest.raises(Usage) as error:
        from_file(path)
    text = str(error.value)
    assert "settings.toml: lakes = 'x' is not a known key; did you mean 'lake'?" in text
    assert "sql = 'some' is unknown" in text
    assert "rpc, ethereum is not an http or https URL" in text
    assert "abcdefgh" not in text


def test_users_urls_replace_the_public_ones(tmp_path):
    """A chain's endpoints are the user's, named by number, or else the configuration's."""
    registry = load(
        written(tmp_path, chains=CHAINS + CHAINS.replace("[ethereum]", "[xaum_main]").replace(":1", ":2"))
    )
    settings = settle([source(values={"home": str(tmp_path)}, rpc={"xaum-main": (KEY, KEY + "9")})])
    named = [(e.name, e.url) for e in endpoints_of(registry.chains["xaum_main"], settings)]
    assert named == [("xaum_main-rpc-1", KEY), ("xaum_main-rpc-2", KEY + "9")]
    assert endpoints_of(registry.chains["ethereum"], settings) == registry.chains["ethereum"].endpoints


def test_a_flag_for_an_unknown_chain_is_refused(tmp_path):
    """--rpc for a chain that the configuration lacks names those it has."""
    settings = settle(
        [
            source(
                values={"home": str(tmp_path / "h"), "config": str(written(tmp_path))},
                rpc={"etherium": (KEY,)},
            )
        ]
    )
    with pytest.raises(Usage, match=r"--rpc etherium=….*It has ethereum\."):
        open_registry(settings)


def test_a_variable_for_an_unknown_chain_is_said_and_not_refused(tmp_path):
    """The environment may serve several configurations: `rwa config` marks what is not used."""
    settings = settle(
        [
            source(
                "environment",
                {"home": str(tmp_path / "h"), "config": str(written(tmp_path))},
                {"base": (KEY,)},
            )
        ]
    )
    registry = open_registry(settings)
    check_chains(settings, registry)
    assert ("rpc base", "not used: the configuration has no such chain", "environment") in describe(
        settings, registry
    )


def test_nothing_shown_of_settings_holds_a_secret(tmp_path):
    """`rwa config` and a repr show neither a URL of an endpoint nor a password."""
    database = "postgresql+psycopg://me:hunter2@db.example/rwa?sslpassword=hunter3"
    settings = settle(
        [source(values={"home": str(tmp_path), "database": database}, rpc={"ethereum": (KEY,)})]
    )
    shown = str(describe(settings)) + repr(settings)
    assert "hunter" not in shown
    assert "abcdefgh" not in shown
    assert ("database", "postgresql+psycopg://me:***@db.example/rwa?***", "flag") in describe(settings)
    assert ("rpc ethereum", "ethereum-rpc-1", "flag") in describe(settings)


def test_a_dotenv_that_cannot_be_read_is_refused(bare):
    """A .env that is not text is told with its path."""
    Path(".env").write_bytes(b"RWA_HOME=\xff\xfe")
    with pytest.raises(Usage, match=r"\.env cannot be read"):
        resolve()


@pytest.mark.parametrize("option", ["home", "config", "lake"])
@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("x" * 300, "is too long for a path"),
        ("~no-such-user-here/x", "names a user whom this machine does not know"),
        ("a\0b", "has a character that no path can have"),
    ],
    ids=["long", "user", "NUL"],
)
def test_a_path_that_no_file_can_have_is_refused(bare, option, path, said):
    """Such a folder is wrong use with the option's name, not an error of the program."""
    with pytest.raises(Usage, match=f"--{option} .* {said}"):
        resolve(**{option: path})
