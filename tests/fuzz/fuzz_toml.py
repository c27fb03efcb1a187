"""Configuration files with lines, keys, values and bytes that no one would write on purpose."""

from __future__ import annotations

import re

from fuzz_logs import spoilt_bytes
from hypothesis import strategies as st

VALUES = [
    "", "1", "-1", "0", "true", "nan", "inf", "-inf", "1e400", "6.0", "1_0", "0x10", "9" * 5000, "-" + "9" * 40,
    "2**8", '""', "''", '"\\u0000"', '"\\ud800"', '"\\U0010ffff"', '"' + "x" * 5000 + '"', '"""a\nb"""', "[]",
    "[[]]", "[1, 'a', {}]", "{}", '{ a = 1, "" = 2 }', "{ a.b.c = 1 }", "2026-02-30", "2024-02-29",
    "0001-01-01", "9999-12-31", "1979-05-27T07:32:00Z", "1979-05-27T00:32:00.999999-07:00",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "07:32:00", '"0x' + "ab" * 20 + '"',
    '"0x' + "AB" * 20 + '"', '"0x"', '"0\u044543415eB6ff9DB7E26A15b704e7A3eDCe97d31C4e"', '"eip155:0"',
    '"eip155:1"', '"eip155:' + "9" * 400 + '"', '"eip155:\u0663"', '"solana:1"', '"ethereum"', '"Ethereum "',
    '"\u0435thereum"', '"ustb"', '"https://"', '"https://user:s3cr3tk3y0123456789@h/p"',
    '"wss://h:99999/s3cr3tk3y0123456789"', '"http://[::1"', '["https://a b/s3cr3tk3y0123456789", 3]',
    "[" * 300 + "]" * 300, "[" * 5000 + "]" * 5000, "{a=" * 5000, '"\u0663"', '"1.00"', '"1e5"', '"NaN"',
    '"-1"', '"1" #', '"0x' + "0" * 64 + '"', '"+inf"', "0o7", "0x" + "f" * 5000, '"../../etc/passwd"',
    '"/dev/zero"', '"a\\tb"', '"\u202eabc"', '"\\u202eabc"', '["*"]', '["erc20", "erc20"]', '["9999-99-99"]',
    "'24 hours'", "-0.0",
]  # fmt: skip
LINES = [
    "[platform]", "[[token]]", "[[product]]", "[[token.deployment]]", "[token]", "[token.deployment]",
    "[[platform]]", "[terms]", "[[lookalike]]", "[[list]]", "[ethereum]", "[ethereum.canary]",
    "[[ethereum.canary]]", "[]", "[[]]", '[""]', '["a b"]', "[a.b.c]", "= 1", "a", "a =", "# \x00", "\t", "\r",
    "a.b = 1", '"" = 1', "'\u202e' = 1", "id = id", "[[token.deployment.role]]", "[[token.deployment.price]]",
    "[[token.deployment.companion]]", "[[token.event]]", "[token.bridge]", "[token.defaults]", "[rpc]",
    'file = "/dev/null"', 'file = "nowhere.csv"', 'file = "."', "[x" * 3000, "a." * 3000 + "b = 1",
    "start = 2203-01-01", "__proto__ = 1", "[__class__]",
]  # fmt: skip
KEYS = [
    "id", "name", "symbol", "chain", "address", "decimals", "start", "status", "accrual", "reasons", "product",
    "role", "kind", "source", "confidence", "file", "from", "to", "finality", "floor", "endpoints", "block_ms",
    "blooms", "canary", "deployment", "token", "events", "value", "contract", "cadence", "wraps", "defaults",
    "bridge", "terms", "region", "as_of", "tier", "asset_class", "currency", "slot", "explorer", "ID", "id ",
    "naïve", "\u0438d",
]  # fmt: skip
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp1252"]


@st.composite
def spoilt_toml(draw: st.DrawFn, text: str) -> bytes:
    """The bytes of a configuration file with a few things wrong."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        if lines:
            draw(spoil_a_line(lines))
    joined = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r", "\n\n", " \n"])).join(lines)
    body = joined.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    return draw(spoilt_bytes(body)) if draw(st.integers(0, 7)) == 0 else body


@st.composite
def spoil_a_line(draw: st.DrawFn, lines: list[str]) -> None:
    """Change, add, double, move or drop one line where it stands."""
    at = draw(st.integers(0, len(lines) - 1))
    how = draw(st.integers(0, 8))
    key, equals, value = lines[at].partition("=")
    if how <= 2 and equals:
        lines[at] = f"{key}= {draw(st.sampled_from(VALUES))}"
    elif how == 3 and equals:
        lines[at] = f"{draw(st.sampled_from(KEYS))} ={value}"
    elif how == 4:
        lines.insert(at, draw(st.sampled_from(LINES)))
    elif how == 5:
        lines.insert(at, f"{draw(st.sampled_from(KEYS))} = {draw(st.sampled_from(VALUES))}")
    elif how == 6:
        lines.insert(draw(st.integers(0, len(lines))), lines[at])
    elif how == 7:
        del lines[at : at + draw(st.integers(1, 4))]
    else:
        spot = draw(st.integers(0, len(lines[at])))
        lines[at] = lines[at][:spot] + draw(st.text(max_size=3)) + lines[at][spot + draw(st.integers(0, 3)) :]


@st.composite
def spoilt_csv(draw: st.DrawFn, text: str) -> bytes:
    """The bytes of a list of tokens with a few cells wrong."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        cells = lines[at].split(",")
        how = draw(st.integers(0, 5))
        odd = draw(
            st.one_of(st.sampled_from(VALUES).map(lambda value: value.strip('"')), st.text(max_size=5))
        )
        if how <= 2:
            cells[draw(st.integers(0, len(cells) - 1))] = odd
        elif how == 3:
            cells.append(odd)
        elif how == 4:
            cells = cells[: draw(st.integers(0, len(cells)))]
        else:
            cells = re.split("[0-9]", lines[at])
        lines[at] = ",".join(cells)
    body = "\n".join(lines).encode(draw(st.sampled_from(ENCODINGS)), "replace")
    return draw(spoilt_bytes(body)) if draw(st.integers(0, 5)) == 0 else body
