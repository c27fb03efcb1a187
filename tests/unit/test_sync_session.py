"""A writer's session: whose lake it is, which files go, and what a clock that jumps does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from line_kit import Quiet, settings_for
from store_kit import opened, piece

from indexer.floor.errors import HomeBusy, StoreUnusable, Usage
from indexer.floor.tables import CLAIMS, FILES, SEGMENTS
from indexer.store.book import Book
from indexer.store.lake import Lake
from indexer.sync.session import KEEP_UNLISTED, now, session, tell_clock, tidy
from indexer.sync.writer import LogWriter, unlist

HOUR = timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one raw file that has just left the manifest."""
    with session(*settings_for(tmp_path, []), Quiet()) as work:
        writer = LogWriter(work.book, work.lake)
        writer.add(piece(0, 9, 1, 2))
        writer.flush()
        (row,) = work.book.rows(FILES)
        with work.book.commit() as commit:
            unlist(commit, [row["path"]])
    return tmp_path


def parquet(lake: Lake) -> list[str]:
    return [path for path, _ in lake.paths() if path.endswith(".parquet")]


def test_an_unlisted_file_goes_after_an_hour(home: Path) -> None:
    """Not before: a reader may hold it. Its row goes with it."""
    book, lake = opened(home)
    tidy(book, lake, now() + KEEP_UNLISTED / 2)
    assert len(parquet(lake)) == 1
    tidy(book, lake, now() + 2 * KEEP_UNLISTED)
    assert (parquet(lake), book.rows(FILES)) == ([], [])
    book.close()


def test_a_file_that_is_listed_again_stays(home: Path) -> None:
    """The same content has the same name: listed again it is no longer unlisted, however late it is."""
    book, lake = opened(home)
    (row,) = book.rows(FILES)
    with book.commit() as commit:
        commit.put(FILES, [{**row, "unlisted_at": None}])
    tidy(book, lake, now() + 1_000 * HOUR)
    assert parquet(lake) == [row["path"]]
    book.close()


def test_a_file_unlisted_in_the_future_goes_an_hour_from_now(home: Path) -> None:
    """A clock that was ahead by a year does not keep a file for a year."""
    book, lake = opened(home)
    at = now() - 365 * 24 * HOUR
    tidy(book, lake, at)
    (row,) = book.rows(FILES)
    assert row["unlisted_at"] == at
    tidy(book, lake, at + 2 * KEEP_UNLISTED)
    assert parquet(lake) == []
    book.close()


def test_a_clock_that_was_set_back_is_said_once(home: Path) -> None:
    """The sentence says by how much; a few seconds are nobody's business."""
    book, _ = opened(home)
    told = Quiet()
    tell_clock(book, told, now() + HOUR)
    tell_clock(book, told, now() - timedelta(seconds=5))
    assert told.notes == []
    tell_clock(book, told, now() - 3 * HOUR)
    (said,) = told.notes
    assert "went back by 2:59:" in said or "went back by 3:00:" in said
    book.close()


def test_a_lost_database_is_not_begun_anew(home: Path) -> None:
    """A writer that finds the lake without its database makes no empty one: StoreUnusable, with the command."""
    for file in home.glob("rwa.db*"):
        file.unlink()
    with (
        pytest.raises(StoreUnusable, match="Run `rwa repair --store`"),
        session(*settings_for(home, []), Quiet()),
    ):
        pass
    assert not (home / "rwa.db").exists()


def test_two_homes_do_not_write_to_one_database(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Two homes that name one SQLite database: while one writes, the other is HomeBusy."""
    settings, registry = settings_for(home, [])
    other = settings_for(tmp_path_factory.mktemp("other"), [])[0]
    shared = replace(other, database=settings.database, lake=settings.lake)
    with session(settings, registry, Quiet()), pytest.raises(HomeBusy), session(shared, registry, Quiet()):
        pass
    with session(shared, registry, Quiet()) as work:
        assert len(work.book.rows(SEGMENTS)) == 1


def test_two_databases_do_not_write_to_one_lake(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A second database is refused by a lake that belongs to a first one, and the sentence names the ways out."""
    settings, registry = settings_for(home, [])
    other = replace(settings_for(tmp_path_factory.mktemp("other"), [])[0], lake=settings.lake)
    with pytest.raises(Usage, match="belongs to another database"), session(other, registry, Quiet()):
        pass
    book = Book(settings.database)
    assert len(book.rows(CLAIMS, claim="lake")) == 1
    book.close()


def test_a_raw_file_that_no_manifest_lists_stays(home: Path) -> None:
    """It may be all that is left of its rows: no command deletes it."""
    book, lake = opened(home)
    (row,) = book.rows(FILES)
    with book.commit() as commit:
        commit.remove(FILES, [{"path": row["path"]}])
    tidy(book, lake, now() + 1_000 * HOUR)
    assert parquet(lake) == [row["path"]]
    book.close()
