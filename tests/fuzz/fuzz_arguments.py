"""Command lines made of the real commands and options, and of what people and scripts put in by mistake."""

from __future__ import annotations

import typer
from fuzz_kit import NUMBERS
from hypothesis import strategies as st

from indexer.cli.main import COMMANDS, app

LEFT_OUT = frozenset({"--install-completion", "--show-completion", "--debug"})
"""These write to the user's shell, or show tracebacks by wish."""

GROUP = typer.main.get_command(app)
OPTIONS = {
    name: sorted({o for p in command.params for o in (*p.opts, *p.secondary_opts) if o.startswith("-")})
    for name, command in GROUP.commands.items()
}
GLOBAL = sorted({o for p in GROUP.params for o in p.opts if o.startswith("-")} - LEFT_OUT)
WHENS = [
    "0", "1", "48", "2026-02-30", "2025-01-01", "0001-01-01", "9999-12-31", "2025-13-01", "latest", "finalized",
    "90d", "0d", "9" * 30 + "d", "9" * 5000 + "d", "9" * 5000, "12w", "\u0663d",
    "\u0662\u0660\u0662\u0665-01-01", "2025-01-31T16:00Z", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00", "2025-W01-1", "20250131", "-1", "1e3", "0x10", "1970-01-01",
]  # fmt: skip
NAMES = [
    "ustb", "USTB", "tbill", "moon", "superstate", "ustb ustb", "*",
    "0x43415eB6ff9DB7E26A15b704e7A3eDCe97d31C4e", "0x" + "00" * 20,
]  # fmt: skip
FILES = [
    "a-file", "a-folder", "nowhere", "missing/deep/er", "/dev/null", "", ".", "..", "~no-such-user-here", "x" * 300,
    "x/" * 3000, "a-link", "bad.csv", "bad.json.gz", "bad.toml", "s3://nowhere/x", "file:///nowhere", "memory://x",
    "sqlite:///nowhere/x.db", "sqlite://", "sqlite:///a-file", "://", "http://[::1", "-",
    "postgresql+psycopg://u:s3cr3tk3y0123456789@127.0.0.1:9/x", "mysql://u:s3cr3tk3y0123456789@h/x",
]  # fmt: skip
WORDS = [
    "csv", "json", "table", "parquet", "supply", "balances", "nav", "navs", "external-supply", "all", "none",
    "--", "-", "=", "--no", "--help", "-h", "-q",
]  # fmt: skip
SQL = [
    "SELECT 1", "SELECT * FROM transfers LIMIT 3", "SHOW TABLES", "DROP TABLE logs", "SELECT 1; SELECT 2", "", ";",
    "--", "SELECT '\udcff'", "COPY logs TO 'a-file'", "SELECT * FROM read_csv('/etc/passwd')", "SELECT 1/0",
    "SELECT repeat('x', 1000000)", "SELECT DATE '290000-01-01'", "SELECT TIMESTAMP '-infinity', 'a'::BLOB",
    "SELECT 1 AS a, 2 AS a", "SELECT * FROM range(100000)",
]  # fmt: skip
FAULTS = [
    "range_cap=0",
    "range_cap=x",
    "error_rate=nan",
    "rate_limit=0",
    "seed=" + "9" * 5000,
    "latency_ms=-1",
    "drop_logs=1:2:3",
    "call_override=a",
    "x",
]
JUNK = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=8).map(lambda raw: raw.replace(b"\0", b"").decode("utf-8", "surrogateescape")),
    st.sampled_from(
        ["\x1b[31m", "\u202e", "a" * 10_000, "\n", "'; DROP TABLE x; --", "%s%n", "{}", "$HOME", "\ufeff"]
    ),
    NUMBERS.map(str),
)
VALUES = st.one_of(*map(st.sampled_from, (WHENS, NAMES, FILES, WORDS, SQL, FAULTS)), JUNK).map(
    lambda text: "".join(c for c in text if c != "\0" and not "\ud800" <= c < "\udc80")
)
FITTING = {
    **dict.fromkeys(("--home", "--config", "--lake", "--database"), FILES),
    **dict.fromkeys(("--from", "--to", "--at", "--since", "--limit", "--timeout"), WHENS),
    **dict.fromkeys(("--chain", "--fork"), NAMES),
    **dict.fromkeys(("--format", "--sql"), WORDS),
    "--fault": FAULTS,
}
FLAGS = frozenset(
    o
    for command in (GROUP, *GROUP.commands.values())
    for p in command.params
    if getattr(p, "is_flag", False)
    for o in (*p.opts, *p.secondary_opts)
)


@st.composite
def given_option(draw: st.DrawFn, name: str, url: str) -> list[str]:
    """One option, most often with a value that might be meant; *url* leads to an endpoint that refuses all."""
    if name in FLAGS:
        return [name]
    how = draw(st.integers(0, 9))
    value = draw(st.sampled_from(FITTING[name])) if name in FITTING and how < 6 else draw(VALUES)
    if name == "--rpc":
        value = draw(
            st.sampled_from(
                [
                    f"ustb={url}",
                    f"ustb={url},{url}",
                    f"moon={url}",
                    "ustb=",
                    url,
                    "=",
                    "ustb=ftp://s3cr3tk3y0123456789",
                ]
            )
        )
    if how == 9:
        return [name]
    return [f"{name}={value}"] if how == 8 else [name, value]


@st.composite
def command_lines(draw: st.DrawFn, url: str = "http://127.0.0.1:9") -> list[str]:
    """The arguments of one call of rwa."""
    out: list[str] = []
    for name in draw(st.lists(st.sampled_from(GLOBAL), max_size=2)):
        out += draw(given_option(name, url))
    command = draw(st.sampled_from(sorted(COMMANDS)))
    if command == "demo":
        command = "show"  # the demo is long, and takes nothing but what all commands take
    out.append(draw(VALUES) if draw(st.integers(0, 19)) == 0 else command)
    if command == "show" and draw(st.integers(0, 3)):
        out += [
            draw(
                st.sampled_from(
                    ["supply", "balances", "flows", "transfers", "holders", "nav", "product", "rollforward"]
                )
            ),
            "ustb",
        ]
    if command == "query" and draw(st.integers(0, 3)):
        out.append(draw(st.sampled_from(SQL)))
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            out += draw(given_option(draw(st.sampled_from(OPTIONS[command] + GLOBAL[:2])), url))
        else:
            out.append(draw(st.sampled_from(NAMES)) if draw(st.booleans()) else draw(VALUES))
    return [one for one in out if one.partition("=")[0] not in LEFT_OUT]
