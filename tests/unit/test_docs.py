"""What the documentation says is there: links, commands, scripts, modules, libraries, made pages."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from indexer.cli.main import app
from indexer.config.load import load
from indexer.floor.assets import config_dir

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from documenting import tables  # noqa: E402 - found through the path above

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SCRIPT = re.compile(r"(?<![\w/])scripts/[\w-]+")
TABLE_ROW = re.compile(r"^\|([^|]*)\|.*\|\s*$", re.MULTILINE)


per_page = pytest.mark.parametrize("page", [pytest.param(p, id=str(p.relative_to(ROOT))) for p in PAGES])
"""One test for each page."""


def shown_commands(text: str) -> Iterator[list[str]]:
    """Yield the arguments of every whole `rwa` command line in the fenced blocks of *text*."""
    for language, body in FENCE.findall(text):
        if language in ("", "console", "sh", "bash"):
            for line in body.splitlines():
                if line.startswith("rwa "):
                    yield shlex.split(line.split(" > ")[0], comments=True)[1:]


def refused(arguments: list[str]) -> str | None:
    """Return why the command line cannot be parsed, or None; nothing is run."""
    group = typer.main.get_command(app)
    try:
        outer = group.make_context("rwa", list(arguments))
        name, command, rest = group.resolve_command(outer, [*outer._protected_args, *outer.args])
        command.make_context(name, rest, parent=outer)
    except typer.TyperException as error:
        return error.format_message()
    return None


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


@per_page
def test_every_link_leads_somewhere(page):
    """A relative link names a file that is there, and a heading of it where it names one."""
    for target in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there.read_text("utf-8")), target


@per_page
def test_every_command_line_parses(page):
    """Each `rwa` line of a page names a command and options that exist, and its values have their types."""
    wrong = {
        " ".join(arguments): why
        for arguments in shown_commands(page.read_text("utf-8"))
        if (why := refused(arguments)) is not None
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "line",
    [
        "rwa chase ustb",
        "rwa backfill ustb --until 5",
        "rwa show prices ustb",
        "rwa show supply",
        "rwa --key x status",
    ],
)
def test_a_command_line_that_is_wrong_is_found(line):
    """A command, an option, a choice that does not exist and an argument that is missing are each refused."""
    (arguments,) = shown_commands(f"```console\n{line}\n```\n")
    assert refused(arguments)


@per_page
def test_every_command_named_in_a_sentence_exists(page):
    """`rwa something` within a sentence names a command."""
    commands = typer.main.get_command(app).commands
    said = [
        code.split()
        for code in INLINE.findall(FENCE.sub("", page.read_text("utf-8")))
        if code.startswith("rwa ")
    ]
    names = {words[1] for words in said if words[1][0].islower()}
    assert names <= set(commands)


@per_page
def test_every_script_that_is_named_can_be_run(page):
    """`scripts/…` in a page is an executable file."""
    for name in SCRIPT.findall(page.read_text("utf-8")):
        assert (ROOT / name).stat().st_mode & 0o111, name


def test_the_readme_fits_two_screens():
    """The README has at most 120 lines."""
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120


def test_the_table_page_is_what_the_declaration_gives():
    """docs/tables.md is made from indexer/floor/tables.py; `scripts/docs --only tables` writes it again."""
    assert (ROOT / "docs" / "tables.md").read_text("utf-8") == tables.page()


def test_the_picture_is_whole_and_loads_nothing():
    """docs/img/demo.svg is well-formed, shows certificates that pass, and names no server."""
    text = (ROOT / "docs" / "img" / "demo.svg").read_text("utf-8")
    shown = "".join(ET.fromstring(text).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    assert "verdict pass" in shown
    assert "url(http" not in text
    assert "@import" not in text


def test_every_module_has_its_room():
    """ARCHITECTURE.md lists every module of the package exactly once, in the row of its room."""
    rooms = section((ROOT / "ARCHITECTURE.md").read_text("utf-8"), "Rooms")
    listed = [
        f"{cells[1].strip()}/{name}"
        for row in rooms.splitlines()
        if len(cells := row.split("|")) == 5
        for name in INLINE.findall(cells[3])
    ]
    package = ROOT / "indexer"
    there = [
        path.relative_to(package).with_suffix("").as_posix()
        for path in package.rglob("*.py")
        if not path.name.startswith("__") and path.parent != package and path.parent.name != "versions"
    ]
    assert sorted(listed) == sorted(there)


def test_every_library_that_is_explained_is_used():
    """A library in ARCHITECTURE.md's list is a dependency of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    wanted = [*project["dependencies"], *extras]
    known = {re.match(r"[\w-]+", line)[0] for line in wanted}
    rows = TABLE_ROW.findall(section((ROOT / "ARCHITECTURE.md").read_text("utf-8"), "Libraries"))[2:]
    explained = {name.strip() for cell in rows for name in re.sub(r"\(.*?\)", "", cell).split(",")}
    assert explained
    assert explained <= known


def test_the_configuration_of_the_page_is_accepted(tmp_path):
    """The chain and the token that docs/configuration.md shows can be laid over the shipped configuration."""
    blocks = dict(enumerate(body for kind, body in FENCE.findall(_page("configuration")) if kind == "toml"))
    (tmp_path / "platforms").mkdir()
    for number, name in enumerate(("settings.toml", "chains.toml", "platforms/acme.toml")):
        (tmp_path / name).write_text(blocks[number], "utf-8")
    registry = load(config_dir(), tmp_path)
    assert registry.chains["gnosis"].number == 100
    assert registry.tokens["abill"].deployments[0].decimals == 6


def _page(name: str) -> str:
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")
