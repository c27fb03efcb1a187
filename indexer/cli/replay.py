"""`rwa replay`: a local JSON-RPC endpoint that plays recorded chains, and misbehaves on request."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.floor.errors import Usage

if TYPE_CHECKING:
    from indexer.serve.misbehave import Faults

PORT = 8545


def replay(
    *,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Recorded chains (.json or .json.gz).")
    ],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = PORT,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    head: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Newest block; the last if not given.")
    ] = None,
    final_lag: Annotated[
        int, typer.Option(min=0, metavar="N", help="Blocks from the head to the final one.")
    ] = 0,
    fault: Annotated[
        list[str] | None, typer.Option(metavar="NAME[=VALUE]", help="A fault to commit; repeatable.")
    ] = None,
) -> None:
    """A local JSON-RPC endpoint that plays recorded chains.

    It plays until it is stopped, and misbehaves on request.

    Faults: seed=N, range_cap=BLOCKS, result_cap=LOGS, result_cap_one_block, address_cap=N, rate_limit=N
    (a second), error_rate=SHARE, error_kinds=KIND,…, drop_logs=SHARE or BLOCK:INDEX,…, receipts_too,
    no_receipts, foreign_logs=SHARE, no_old_state=BLOCKS, no_input or no_input=HASH,…, no_hash_index, no_batch,
    no_block_timestamp, answers_past_head, wrong_chain_id=N, call_override=ADDRESS:SELECTOR:±N,…, latency_ms=N,
    hang_ms=N, and range_dialect, result_dialect, address_dialect, rate_dialect=PROVIDER.

    Example: rwa replay ustb.json.gz --fault range_cap=500 --fault error_rate=0.2
    """
    from indexer.serve.recording import Recording  # noqa: PLC0415 - help does not load the server
    from indexer.serve.replay import Replay, run_forever  # noqa: PLC0415 - same

    played = Replay([Recording(path) for path in files], faults_of(fault or []), head, final_lag)

    def ready(base_url: str) -> None:
        rpc = " ".join(f"--rpc {name}={base_url}/{name}" for name in played.names)
        sys.stderr.write(
            f"Playing until stopped; faults: {', '.join(fault or []) or 'none'}.\nUse it with: rwa {rpc} backfill …\n"
        )

    asyncio.run(run_forever(played, host, port, ready))


def faults_of(typed: Sequence[str]) -> Faults:
    """Return the faults that --fault options mean."""
    from indexer.serve.misbehave import Faults  # noqa: PLC0415 - help does not load the server

    values: dict[str, object] = {}
    for one in typed:
        name, _, value = one.partition("=")
        name = name.strip().replace("-", "_")
        if name not in READERS:
            raise Usage(f"--fault {name!r} is not known; choose one of {', '.join(READERS)}.")
        try:
            values[name] = READERS[name](value)
        except ValueError:
            raise Usage(
                f"--fault {one!r} cannot be read; see `rwa replay --help` for what {name} takes."
            ) from None
    return Faults(**values)  # type: ignore[arg-type]  # READERS gives each field its own type


def _flag(value: str) -> bool:
    if value not in ("", "true", "false"):
        raise ValueError(value)
    return value != "false"


def _texts(value: str) -> tuple[str, ...]:
    if not value:
        raise ValueError(value)
    return tuple(value.split(","))


def _text(value: str) -> str:
    return _texts(value)[0]


def _dropped(value: str) -> float | frozenset[tuple[int, int]]:
    """Return a share, or the (block, log index) pairs of the logs that are missing."""
    if ":" not in value:
        return float(value)
    pairs = (one.split(":") for one in _texts(value))
    return frozenset((int(block), int(index)) for block, index in pairs)


def _unknown_inputs(value: str) -> bool | tuple[str, ...]:
    return _texts(value) if value.startswith("0x") else _flag(value)


def _overrides(value: str) -> dict[tuple[str, str], int]:
    triples = (one.split(":") for one in _texts(value))
    return {(address, selector): int(addend) for address, selector, addend in triples}


READERS: Mapping[str, Callable[[str], object]] = {
    "seed": int,
    "range_cap": int,
    "range_dialect": _text,
    "result_cap": int,
    "result_cap_one_block": _flag,
    "result_dialect": _text,
    "address_cap": int,
    "address_dialect": _text,
    "rate_limit": int,
    "rate_dialect": _text,
    "error_rate": float,
    "error_kinds": _texts,
    "drop_logs": _dropped,
    "receipts_too": _flag,
    "no_receipts": _flag,
    "foreign_logs": float,
    "no_old_state": int,
    "no_input": _unknown_inputs,
    "no_hash_index": _flag,
    "no_batch": _flag,
    "no_block_timestamp": _flag,
    "answers_past_head": _flag,
    "wrong_chain_id": int,
    "call_override": _overrides,
    "latency_ms": int,
    "hang_ms": int,
}
