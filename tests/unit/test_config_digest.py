import pytest
from config_kit import ADDRESS, DEPLOYMENT, OTHER, PLATFORM, TOKEN, read

from indexer.config.load import config_digest

ROLE = f'[[token.deployment.role]]\naddress = "{OTHER}"\nrole = "operator"\nsource = "A"\n'
COMPANION = f'[[token.deployment.companion]]\nname = "Oracle"\naddress = "{OTHER}"\nevents = ["erc20"]\n'
PRICE = (
    f'[[token.deployment.price]]\nkind = "chainlink"\ncontract = "{OTHER}"\ndecimals = 8\ncadence = "daily"\n'
)
ALL = PLATFORM + TOKEN + DEPLOYMENT + COMPANION + ROLE + PRICE


def digest(folder, text):
    token = read(folder, text).tokens["ustb"]
    return config_digest(token, token.deployments[0])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"plain"', '"share_rebase"'),
        ("symbol =", 'reasons = "ondo"\nsymbol ='),
        ("symbol =", 'events = ["superstate_token"]\nsymbol ='),
        ("[[token.deployment]]", '[token.defaults]\nmint = "issuance"\n[[token.deployment]]'),
        ("[[token.deployment]]", "[token.bridge]\nwindow_hours = 5\n[[token.deployment]]"),
        (ADDRESS, "0x14d60E7FDC0D71d8611742720E4C50E7a974020c"),
        ("decimals = 6", "decimals = 18"),
        ("start = 18725909", "start = 18725910"),
        ("start = 18725909", "start = 2024-01-01"),
        ("start = 18725909", 'start = 18725909\nreads = ["totalSupply"]'),
        ('events = ["erc20"]', 'events = ["erc20", "stbt"]'),
        ('events = ["erc20"]', 'events = ["erc20"]\nstart = 7'),
        ('"operator"', '"redeem_wallet"'),
        ('source = "A"', "from = 2024-01-01"),
        ("decimals = 8", "decimals = 18"),
        ('cadence = "daily"', 'cadence = "monthly"'),
    ],
)
def test_what_derivation_depends_on_changes_the_digest(tmp_path, old, new):
    """Another accrual, rule, family, default, contract, start, read, companion or role is another digest."""
    assert old in ALL
    assert digest(tmp_path, ALL.replace(old, new)) != digest(tmp_path, ALL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('source = "A"', 'source = "B"\nconfidence = "low"'),
        ('symbol = "USTB"', 'symbol = "USTBX"\nname = "Another"\ntier = "long"'),
        ('name = "A fund"', 'name = "The fund"'),
        (ADDRESS, ADDRESS.lower()),
        ('name = "Oracle"', 'name = "The oracle"'),
        ('cadence = "daily"', 'cadence = "daily"\nsource = "A registry"'),
    ],
)
def test_what_is_only_told_does_not(tmp_path, old, new):
    """Names, sources and spelling do not make a token derive again."""
    assert old in ALL
    assert digest(tmp_path, ALL.replace(old, new)) == digest(tmp_path, ALL)


def test_the_digest_is_the_same_every_time(tmp_path):
    """The digest of one configuration is a fixed SHA-256."""
    assert digest(tmp_path, ALL) == digest(tmp_path, ALL)
    assert len(digest(tmp_path, ALL)) == 64


def test_another_chain_does_not_change_the_digest(tmp_path):
    """A token that comes to a second chain need not be derived again on the first."""
    more = ALL + '[[token.deployment]]\nchain = "sui"\nstatus = "known"\n'
    assert digest(tmp_path, more) == digest(tmp_path, ALL)
