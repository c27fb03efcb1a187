from indexer.cli.bars import bars
from indexer.cli.progress import Lines, Quiet, progress


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def told():
    """A Lines with its clock and the lines it wrote."""
    clock, written = Clock(), []
    return Lines(written.append, clock), clock, written


def test_a_stage_is_quiet_for_ten_seconds():
    """A log gets no line for work that is soon done."""
    lines, clock, written = told()
    lines.start("ustb", 1000, "blocks")
    clock.now = 9.0
    lines.advance("ustb", 500)
    assert written == []


def test_a_long_stage_tells_rate_and_time_left():
    """After ten seconds a line says how far, how fast, how long."""
    lines, clock, written = told()
    lines.start("ustb", 12_000, "blocks")
    clock.now = 10.0
    lines.advance("ustb", 2_000)
    assert written == ["ustb: 2,000 of 12,000 blocks, 200 a second, 50 s left"]


def test_the_next_line_comes_ten_seconds_later():
    """Lines of one stage keep their distance."""
    lines, clock, written = told()
    lines.start("ustb", 12_000, "blocks")
    for clock.now in (10.0, 12.0, 19.0, 20.0):
        lines.advance("ustb", 1_000)
    assert len(written) == 2


def test_the_end_of_a_stage_is_told_once():
    """When the total is reached one line says so; more does not repeat it."""
    lines, clock, written = told()
    lines.start("ustb", 10, "blocks")
    clock.now = 75.0
    lines.advance("ustb", 10)
    lines.advance("ustb", 1)
    assert written == ["ustb: 10 blocks in 1 min 15 s"]


def test_a_stage_without_a_total_has_no_time_left():
    """Where the end is unknown no time is promised."""
    lines, clock, written = told()
    lines.start("ustb", 0, "logs")
    clock.now = 10.0
    lines.advance("ustb", 50)
    assert written == ["ustb: 50 logs, 5 a second"]


def test_notes_are_harmless_to_a_terminal():
    """A note that holds a provider's words is escaped."""
    lines, _, written = told()
    lines.note("node said \x1b[31m")
    assert written == ["node said \\x1b[31m"]


def test_quiet_says_notes_only(capsys):
    """--quiet silences progress, not what went wrong."""
    quiet = Quiet()
    quiet.start("ustb", 10, "blocks")
    quiet.advance("ustb", 10)
    quiet.note("one span is open")
    assert capsys.readouterr().err == "one span is open\n"


def test_without_a_terminal_there_are_no_bars(capsys):
    """Where stderr is a file, progress is plain lines."""
    with progress(quiet=False) as lines:
        assert isinstance(lines, Lines)
        lines.note("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_bars_say_how_far_and_in_which_unit(capsys):
    """Bars go to stderr, with counts in the stage's unit."""
    with bars() as drawn:
        drawn.start("ustb", 10, "blocks")
        drawn.advance("ustb", 4)
        drawn.start("ustb", 20, "blocks")
        drawn.note("[bold]as typed[/bold]")
    out, err = capsys.readouterr()
    assert out == ""
    assert "[bold]as typed[/bold]" in err
