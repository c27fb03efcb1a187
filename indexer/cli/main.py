"""The `rwa` command. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from indexer.cli import (
    ask,
    audit,
    bring,
    demo,
    derive,
    doctor,
    export,
    fetch,
    head,
    known,
    league,
    reconcile,
    repair,
    replay,
    serve,
)
from indexer.cli.optional import PlotCommand
from indexer.cli.shell import Shell
from indexer.cli.trouble import (
    INTERRUPTED,
    TERMINATED,
    debugging,
    discreet,
    explain,
    interrupted,
    redacted,
    terminable,
)

app = typer.Typer(
    name="rwa",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

COMMANDS: dict[str, Callable[..., None]] = {
    "demo": demo.demo,
    "tokens": known.tokens,
    "chains": known.chains,
    "terms": known.terms,
    "config": known.config,
    "plan": fetch.plan,
    "backfill": fetch.backfill,
    "follow": head.follow,
    "status": derive.status,
    "show": ask.show,
    "league": league.league,
    "query": ask.query,
    "verify": derive.verify,
    "audit": audit.audit,
    "metrics": derive.metrics,
    "rebuild": derive.rebuild,
    "import": bring.bring,
    "reconcile": reconcile.reconcile,
    "export": export.export,
    "repair": repair.repair,
    "doctor": doctor.doctor,
    "serve": serve.serve,
    "replay": replay.replay,
}
for _name, _command in COMMANDS.items():
    app.command(_name, cls=PlotCommand if _name == "show" else None)(_command)


class Sql(StrEnum):
    """What the SQL copy for other people's tools holds."""

    ALL = "all"
    METRICS = "metrics"
    NONE = "none"


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - seldom asked for

        sys.stdout.write(f"rwa-indexer {version('rwa-indexer')}\n")
        raise typer.Exit


@app.callback()
def options(  # noqa: PLR0913 - each is an option
    context: typer.Context,
    *,
    home: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of data; ./rwa-data if not given.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="SQLite in the home, or postgresql+psycopg://…")
    ] = None,
    lake: Annotated[
        str | None, typer.Option(metavar="URI", help="Where Parquet goes; lake/ in the home.")
    ] = None,
    config: Annotated[
        str | None, typer.Option(metavar="DIR", help="Configuration in place of the shipped one.")
    ] = None,
    rpc: Annotated[
        list[str] | None, typer.Option(metavar="CHAIN=URL[,URL…]", help="Endpoints of a chain; repeatable.")
    ] = None,
    sql: Annotated[
        Sql | None, typer.Option(help="What is copied to SQL for other tools; all if not given.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,  # noqa: ARG001 - read by main
    version: Annotated[  # noqa: ARG001 - its callback does it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """On-chain analytics for tokenized real-world assets: supply, holders and flows that prove themselves.

    The options below stand before the command; each can come from the environment as RWA_HOME,
    RWA_DATABASE_URL, RWA_LAKE, RWA_CONFIG or RWA_RPC_<CHAIN>.

    Example: rwa --rpc ethereum=https://… backfill ustb
    """
    context.obj = Shell(
        home, database, lake, config, tuple(rpc or ()), None if sql is None else sql.value, quiet=quiet
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code of the command *argv*, the process's own arguments if None."""
    arguments = list(sys.argv[1:] if argv is None else argv) or ["--help"]
    debug = debugging("--debug" in arguments)
    try:
        with terminable(), discreet():
            return _run(arguments)
    except typer.TyperException as error:
        return _misused(error)
    except KeyboardInterrupt:
        return interrupted(INTERRUPTED)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
        return interrupted(code) if code == TERMINATED else code
    except BaseException as error:  # noqa: BLE001 - the last stop: every error becomes sentences and a code
        return explain(error, arguments, debug=debug)


def _run(arguments: list[str]) -> int:
    code: Any = typer.main.get_command(app).main(args=arguments, prog_name="rwa", standalone_mode=False)
    if code == INTERRUPTED:
        return interrupted(INTERRUPTED)
    return code if isinstance(code, int) else 0


def _misused(error: typer.TyperException) -> int:
    """Show what was typed wrongly, and where a global option belongs."""
    error.message = redacted(error.message).replace("Value error, ", "")
    show = getattr(error, "show", None)
    if show is None:
        sys.stderr.write(f"Error: {error.format_message()}\n")
    else:
        show()
    option = getattr(error, "option_name", None)
    if option in {"--home", "--database", "--lake", "--config", "--rpc", "--sql", "--quiet", "--debug"}:
        sys.stderr.write(f"{option} stands before the command, as in: rwa {option} … backfill ustb\n")
    return error.exit_code
