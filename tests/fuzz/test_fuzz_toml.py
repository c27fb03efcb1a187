"""A configuration loads, or every fault is told with its file; nothing else comes out, whatever the files hold."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from config_kit import CHAINS, DEPLOYMENT, OTHER, PLATFORM, TOKEN
from fuzz_kit import fuzzed, sentences
from fuzz_toml import spoilt_csv, spoilt_toml
from hypothesis import strategies as st

from indexer.config.load import load
from indexer.config.model import Registry
from indexer.config.settings import open_registry, resolve
from indexer.floor.assets import config_dir
from indexer.floor.errors import Usage

KEY = "s3cr3tk3y0123456789"
CHAINS_FILE = CHAINS.replace("https://node.example/rpc", f"https://node.example/{KEY}")
ROLE = f'[[token.deployment.role]]\naddress = "{OTHER}"\nrole = "operator"\nfrom = 2024-01-01\n'
PRICE = '[[token.deployment.price]]\nkind = "par"\nvalue = "1.00"\nsource = "the prospectus"\n'
TERMS = '[terms]\nregion = "U.S."\nas_of = "2025-11"\nsource = "a survey"\nconfidence = "low"\n'
CANARY = f'[[ethereum.canary]]\nblock = 9\naddress = "{OTHER}"\ncount = 2\n'
SMALL = PLATFORM + TOKEN + DEPLOYMENT + ROLE + PRICE + TERMS
SHIPPED = {path.name: path.read_text("utf-8") for path in sorted((config_dir() / "platforms").iterdir())}
SHIPPED_CHAINS = (config_dir() / "chains.toml").read_text("utf-8")
LISTED = "wisdomtree.funds.csv"
SETTINGS = f'database = "sqlite:///x.db"\nlake = "lake"\nsql = "all"\n[rpc]\nethereum = ["https://node.example/{KEY}"]\n'


def told(error: Usage, *files: str) -> None:
    """Hold what is said of a refused configuration: sentences that name a file, and no key."""
    text = str(error)
    assert KEY not in text
    for line in text.split("\n"):
        sentences(line)
    assert any(name in text for name in files)


def loaded(folder: Path, files: dict[str, bytes], *names: str) -> None:
    for name, body in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    try:
        registry = load(folder)
    except Usage as error:
        told(error, *names)
        return
    assert isinstance(registry, Registry)


@fuzzed(
    150,
    chains=st.one_of(st.just(CHAINS_FILE.encode()), spoilt_toml(CHAINS_FILE + CANARY)),
    platform=spoilt_toml(SMALL),
)
def test_a_spoilt_configuration_loads_or_is_told(chains, platform):
    """A small configuration with a few lines, keys, values or bytes changed."""
    with TemporaryDirectory() as folder:
        loaded(
            Path(folder),
            {"chains.toml": chains, "platforms/superstate.toml": platform},
            "chains.toml",
            "superstate.toml",
        )


@fuzzed(25, data=st.data(), name=st.sampled_from([name for name in SHIPPED if name.endswith(".toml")]))
def test_a_spoilt_shipped_platform_loads_or_is_told(data, name):
    """A shipped platform's file with a few things changed, beside the shipped chains."""
    files = {
        f"platforms/{one}": body.encode()
        for one, body in SHIPPED.items()
        if one.startswith(name.removesuffix("toml"))
    }
    files |= {
        "chains.toml": SHIPPED_CHAINS.encode(),
        f"platforms/{name}": data.draw(spoilt_toml(SHIPPED[name])),
    }
    with TemporaryDirectory() as folder:
        loaded(Path(folder), files, name)


@fuzzed(25, table=spoilt_csv(SHIPPED[LISTED]))
def test_a_spoilt_list_loads_or_is_told(table):
    """A CSV list of tokens with a few cells changed."""
    platform = LISTED.partition(".")[0]
    files = {
        "chains.toml": SHIPPED_CHAINS.encode(),
        f"platforms/{platform}.toml": SHIPPED[f"{platform}.toml"].encode(),
    }
    with TemporaryDirectory() as folder:
        loaded(Path(folder), {**files, f"platforms/{LISTED}": table}, LISTED, f"{platform}.toml")


@fuzzed(60, overlay=spoilt_toml(SMALL), settings=spoilt_toml(SETTINGS))
def test_a_homes_own_configuration_loads_or_is_told(overlay, settings):
    """The files that a home lays over the configuration, its settings among them."""
    with TemporaryDirectory() as folder:
        base, home = Path(folder) / "base", Path(folder) / "home"
        (home / "config" / "platforms").mkdir(parents=True)
        (home / "config" / "settings.toml").write_bytes(settings)
        (home / "config" / "platforms" / "own.toml").write_bytes(overlay)
        base.mkdir()
        (base / "chains.toml").write_text(CHAINS_FILE)
        (base / "platforms").mkdir()
        try:
            open_registry(resolve(home=home, config=base))
        except Usage as error:
            told(error, "settings.toml", "own.toml", "--sql")


@fuzzed(
    60,
    text=st.one_of(
        st.binary(max_size=80), spoilt_toml(f"RWA_HOME=x\nRWA_RPC_ETHEREUM=https://h/{KEY}\nRWA_SQL=all\n")
    ),
)
def test_an_env_file_is_read_or_told(text):
    """Whatever .env holds."""
    before = Path.cwd()
    with TemporaryDirectory() as folder:
        (Path(folder) / ".env").write_bytes(text)
        os.chdir(folder)
        try:
            resolve()
        except Usage as error:
            told(error, "")
        finally:
            os.chdir(before)
