import pytest

from indexer.config.model import Endpoint
from indexer.config.urls import is_url, redact, without_password

KEYS = {
    "path": "https://eth.example/v3/0123456789abcdef",
    "host": "https://0123456789abcdef.quiet-moon.node.example/",
    "query": "https://node.example/rpc?apikey=0123456789abcdef&net=1",
    "user": "https://me:0123456789abcdef@node.example/rpc",
}


@pytest.mark.parametrize("where", KEYS)
@pytest.mark.parametrize(
    "shown", ["{url}", "{url}:443", "ssl error for {upper}", "0123456789abcdef", "{quoted}"]
)
def test_a_key_never_passes(where, shown):
    """Wherever a URL holds its key, and however a library repeats it, the key is gone."""
    url = KEYS[where]
    text = shown.format(url=url, upper=url.upper(), quoted=url.replace("/", "%2F").replace(":", "%3A"))
    redacted = redact(f"cannot reach {text} now", [Endpoint("ethereum-rpc-1", url)])
    assert "0123456789abcdef" not in redacted.lower()
    assert "ethereum-rpc-1" in redacted


def test_the_host_alone_is_replaced():
    """A library's "cannot connect to host" names the endpoint instead."""
    text = redact(
        "Cannot connect to host node.example:443 ssl", [Endpoint("base-rpc-2", "https://node.example/k")]
    )
    assert text == "Cannot connect to host base-rpc-2:443 ssl"


def test_plain_words_stay():
    """A path such as /ethereum is no key, so sentences that speak of the chain stay as they are."""
    text = "the chain ethereum on mainnet"
    assert redact(text, [Endpoint("ethereum-rpc-1", "https://node.example/ethereum/mainnet")]) == text


def test_a_public_endpoint_keeps_its_host():
    """A public endpoint is named by its host; its name is not written over itself."""
    ends = [
        Endpoint("eth.drpc.org", "https://eth.drpc.org"),
        Endpoint("eth.drpc.org-2", "https://eth.drpc.org/x"),
    ]
    assert (
        redact("asked https://eth.drpc.org/x and eth.drpc.org", ends)
        == "asked eth.drpc.org-2 and eth.drpc.org"
    )


def test_a_host_that_begins_like_its_name_is_still_redacted():
    """A user's endpoint whose host is the chain's name is not taken for a public one."""
    url = "http://ethereum:8545/0123456789abcdef"
    assert "0123456789abcdef" not in redact("POST /0123456789abcdef", [Endpoint("ethereum-rpc-1", url)])


def test_a_url_without_a_host_changes_no_other_text():
    """The path of a database among the given URLs leaves every other letter as it is."""
    assert redact("as it was", [Endpoint("(endpoint)", "sqlite:////data/rwa.db")]) == "as it was"


def test_without_endpoints_the_text_stays():
    """No endpoint, no change."""
    assert redact("as it was", []) == "as it was"


@pytest.mark.parametrize(
    "text", ["http://a", "https://a.b/c?d=e", "http://127.0.0.1:8545", "http://[::1]:8545/", "https://u:p@h"]
)
def test_an_http_url_is_one(text):
    """http and https URLs with a host are taken."""
    assert is_url(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "wsx://a",
        "http://",
        "https:///a",
        "http://a b",
        "http://a:0",
        "http://a:99999",
        "http://[::1",
        " http://a",
    ],
)
def test_anything_else_is_no_url(text):
    """Without scheme, host or a possible port it is no URL."""
    assert not is_url(text)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////home/me/rwa.db", "sqlite:////home/me/rwa.db"),
        ("postgresql://me:p@ss:w/rd@h/d", "postgresql://me:***@h/d"),
        ("s3://key:secret@bucket/lake?endpoint_override=x", "s3://key:***@bucket/lake?***"),
        ("lake", "lake"),
    ],
)
def test_a_password_is_hidden(url, shown):
    """Of a database's or a lake's URL everything is shown but the password and the query."""
    assert without_password(url) == shown


def test_a_url_without_a_host_hides_nothing_but_itself():
    """A database's URL has no host: an empty piece must not be found between all letters."""
    assert redact("reading rwa.db", [Endpoint("(endpoint)", "sqlite:///home/rwa.db")]) == "reading rwa.db"
