import pytest

from indexer.sources.shown import SHOWN_CHARACTERS, blot, hide

KEY = "9aa3d95b3bc440fa88ea12eaa4456161"


@pytest.mark.parametrize(
    "url",
    [
        f"https://mainnet.infura.io/v3/{KEY}",
        f"https://{KEY}.eth.quiknode.pro/",
        f"https://rpc.example.org/?apikey={KEY}",
        f"https://user:{KEY}@rpc.example.org/",
        f"https://rpc.example.org/#{KEY}",
        f"https://rpc.example.org/{KEY.replace('9', '%39')}",
    ],
)
def test_no_part_of_a_url_is_left_in_a_text(url):
    """A key is hidden wherever it stands in the URL: path, host, query, user, fragment, percent-coded."""
    told = hide(f"project {KEY} at {url} is over its limit", url)
    assert KEY not in told
    assert url not in told


def test_a_provider_text_is_one_short_printable_line():
    """Control characters and line breaks of a provider do not reach a terminal, and no text is long."""
    told = blot("\x1b[2Jgone\r\n" + "word " * 500)
    assert told.isprintable()
    assert len(told) == SHOWN_CHARACTERS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("see https://x.io/k3y?a=b for more", "see <url> for more"),
        ("upgrade at quicknode.com/plans now", "upgrade at <host> now"),
        ("bad apikey: abc123", "bad apikey: <hidden>"),
        (f"key {KEY}", "key <hidden>"),
        ("query returned more than 10000 results", "query returned more than 10000 results"),
    ],
)
def test_what_may_be_a_secret_is_blotted_out(text, told):
    """URLs, hosts, keys and long hex go; words and figures stay."""
    assert blot(text) == told
