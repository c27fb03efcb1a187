from decimal import Decimal

from indexer.cli.grid import Grid, compact, lines

ADDRESS = "0x" + "ab" * 20


def test_decimal_points_stand_below_each_other():
    """Numbers of one column are padded so that their points align."""
    shown = list(lines(Grid(("supply",), ((Decimal("1234.5"),), (Decimal("0.125"),), (Decimal(7),)))))
    assert shown[2:] == ["1234.5", "   0.125", "   7"]


def test_unknown_is_written_as_null():
    """A missing figure is NULL in a table, to the right like the others."""
    shown = list(lines(Grid(("supply",), ((Decimal(100000),), (None,)))))
    assert shown[2:] == ["100000", "  NULL"]


def test_text_that_every_row_shares_is_told_once():
    """Columns with the same text in each row leave the grid and are named apart."""
    told = compact(Grid(("token", "day"), (("ustb", "a"), ("ustb", "b"))))
    assert told.common == (("token", "ustb"),)
    assert told.grid.names == ("day",)


def test_columns_of_nothing_are_named_not_dropped():
    """A column of NULLs and one of zeros are left out, each by name under its own heading."""
    rows = (("a", Decimal(0), None), ("b", Decimal("0E-18"), None))
    told = compact(Grid(("day", "fees", "role"), rows))
    assert (told.zero, told.null) == (("fees",), ("role",))


def test_no_remark_is_not_worth_a_remark():
    """Where why_null is NULL throughout there is nothing to explain, so the table does not speak of it."""
    told = compact(Grid(("day", "why_null"), (("a", None), ("b", None))))
    assert (told.grid.names, told.null) == (("day",), ())


def test_a_single_row_keeps_its_zeros():
    """Where there is one row, a zero is an answer."""
    assert compact(Grid(("fees",), ((Decimal(0),),))).grid.names == ("fees",)


def test_a_grid_of_nothing_but_shared_text_is_shown_whole():
    """Compacting never leaves a grid without columns."""
    grid = Grid(("token",), (("ustb",), ("ustb",)))
    assert compact(grid).grid == grid


def test_addresses_are_whole_where_there_is_room():
    """Without a limit nothing is shortened."""
    assert ADDRESS in "\n".join(lines(Grid(("holder",), ((ADDRESS,),))))


def test_addresses_are_shortened_where_the_width_needs_it():
    """Within a limit, hexadecimal text keeps its start and its end."""
    shown = list(lines(Grid(("holder", "balance"), ((ADDRESS, Decimal(10**30)),)), 60))
    assert shown[-1] == f"0xababab…abab  {10**30}"


def test_long_sentences_become_notes_below_the_table():
    """A sentence that does not fit is numbered and stands once below the rows."""
    why = "history starts before the first covered block"
    shown = list(lines(Grid(("day", "why_null"), (("2025-01-01", why), ("2025-01-02", why))), 40))
    assert shown[2:] == ["2025-01-01  [1]", "2025-01-02  [1]", f"[1] {why}"]


def test_a_wide_table_is_folded_with_its_first_columns_repeated():
    """Amounts that do not fit beside each other stand below, after the same day."""
    rows = (("2025-01-01", 10**30, 10**30), ("2025-01-02", 1, 2))
    shown = list(lines(Grid(("day", "opening", "closing"), rows), 50))
    assert shown[0].split() == ["day", "opening"]
    assert shown[5].split() == ["day", "closing"]
    assert shown[8].split() == ["2025-01-02", "2"]


def test_a_wide_row_alone_is_a_block():
    """One row that does not fit is written as names and values, with nothing shortened."""
    names = tuple(f"column_{n}" for n in range(9))
    shown = list(lines(Grid(names, ((ADDRESS, *range(8)),)), 40))
    assert shown == [f"column_0  {ADDRESS}", *(f"column_{n}  {n - 1}" for n in range(1, 9))]
