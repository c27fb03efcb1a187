"""What is timed, each as a process of its own: `python -m benching.parts PART URL FIRST LAST CAP DIR`.

A part prints one line of JSON: the logs it read, and what else it can tell of itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from benching.chain import CHAIN_NUMBER, CONTRACTS, TRANSFER
from benching.configuration import write_config

PEER_LOGS = 20_000


class Asked(NamedTuple):
    """Blocks first..last of the endpoint at *url*, *cap* at a time; files go below *folder*."""

    url: str
    first: int
    last: int
    cap: int
    folder: Path

    def spans(self) -> list[tuple[int, int]]:
        return [(at, min(at + self.cap - 1, self.last)) for at in range(self.first, self.last + 1, self.cap)]

    def request(self, span: tuple[int, int]) -> dict[str, object]:
        asked = {"fromBlock": hex(span[0]), "toBlock": hex(span[1]), "address": list(CONTRACTS)}
        return {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [asked]}


def parse_and_write(asked: Asked) -> dict[str, object]:
    """Read by aiohttp, parse and write Parquet, and nothing else: what the line can reach at best."""
    import aiohttp  # noqa: PLC0415 - each part pays for its own imports
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    from indexer.sources.logjson import envelopes, parse_logs, schema  # noqa: PLC0415 - same

    counts = [0, 0]

    async def run() -> None:
        async with aiohttp.ClientSession(read_bufsize=1 << 20) as session:
            for span in asked.spans():
                async with session.post(asked.url, json=asked.request(span)) as response:
                    body = await response.read()
                parsed = parse_logs(envelopes(body)[0].result or b"", f"eip155:{CHAIN_NUMBER}")
                writer.write_table(parsed.logs)
                counts[0] += parsed.fast
                counts[1] += parsed.slow

    with pq.ParquetWriter(asked.folder / "logs.parquet", schema(), compression="zstd") as writer:
        asyncio.run(run())
    return {"logs": sum(counts), "fast": counts[0], "slow": counts[1]}


class Silent:
    """Progress that nobody watches."""

    def start(self, stage: str, total: int, unit: str) -> None: ...

    def advance(self, stage: str, amount: int) -> None: ...

    def note(self, text: str) -> None:
        sys.stderr.write(text + "\n")


def ingest_alone(asked: Asked) -> dict[str, object]:
    """Fetch, check, parse and commit the logs into a new home as a backfill does, and derive nothing."""
    from indexer.config.settings import open_registry, resolve  # noqa: PLC0415 - each part pays for its own imports
    from indexer.floor.filters import filter_of  # noqa: PLC0415 - same
    from indexer.floor.spans import Span  # noqa: PLC0415 - same
    from indexer.sync.coverage import Task, cut_tasks  # noqa: PLC0415 - same
    from indexer.sync.ingest import Ingested, ingest  # noqa: PLC0415 - same
    from indexer.sync.rounds import SHARE  # noqa: PLC0415 - same
    from indexer.sync.session import asking, session  # noqa: PLC0415 - same
    from indexer.sync.writer import LogWriter, compact  # noqa: PLC0415 - same

    config = write_config(asked.folder / "config")
    home = str(asked.folder / "ingest-home")
    settings = resolve(home=home, config=str(config), rpc=[f"bench={asked.url}"], sql="none")
    registry = open_registry(settings)
    chain = registry.chains["bench"]

    async def run() -> Ingested:
        with session(settings, registry, Silent()) as work:
            async with asking(work, chain) as evm:
                final = await evm.head(chain.finality)
                whole = Task(Span(asked.first, final.number), filter_of(chain.id, CONTRACTS))
                tasks = cut_tasks([whole], SHARE * evm.pool.span)
                got = await ingest(evm, tasks, LogWriter(work.book, work.lake), 4, work.progress)
            compact(work.book, work.lake, chain.id, final.number)
            return got

    got = asyncio.run(run())
    if got.open_spans or got.stopped:
        raise SystemExit(f"The ingest did not reach the end: {got.stopped or got.open_spans}.")
    return {"logs": got.logs, "fast": got.fast, "slow": got.slow}


def line_alone(asked: Asked) -> dict[str, object]:
    """Backfill the home that ``rwa backfill`` would, up to the derived tables: no metrics, no SQL copy."""
    from indexer.config.settings import open_registry, resolve  # noqa: PLC0415 - each part pays for its own imports
    from indexer.sync import backfill, deriving  # noqa: PLC0415 - same
    from indexer.sync.orders import Order  # noqa: PLC0415 - same

    deriving.measure = lambda *_: {}
    backfill.measure_whole = lambda _: None
    config = write_config(asked.folder / "config")
    home = str(asked.folder / "home")
    settings = resolve(home=home, config=str(config), rpc=[f"bench={asked.url}"], sql="none")
    registry = open_registry(settings)
    outcome = backfill.backfill(
        settings, registry, Order(tuple(registry.tokens.values()), verify=False), Silent()
    )
    if outcome.open_spans:
        raise SystemExit(f"The line did not reach the end: {outcome.open_spans}.")
    return {}


def peer(asked: Asked) -> dict[str, object]:
    """Read a slice as most do: web3.py's get_logs, and eth-abi for each Transfer."""
    import eth_abi  # noqa: PLC0415 - each part pays for its own imports
    from web3 import HTTPProvider, Web3  # noqa: PLC0415 - same

    chain = Web3(HTTPProvider(asked.url))
    chain.eth.get_block_number()
    contracts = [Web3.to_checksum_address(contract) for contract in CONTRACTS]
    logs, rows = 0, []
    began = time.process_time()
    for first, last in asked.spans():
        answer = chain.eth.get_logs({"fromBlock": first, "toBlock": last, "address": contracts})
        for log in answer:
            topics = log["topics"]
            if len(topics) == 3 and topics[0].to_0x_hex() == TRANSFER and len(log["data"]) == 32:
                sender, receiver = (eth_abi.decode(["address"], topic)[0] for topic in topics[1:])
                rows.append((log["address"], sender, receiver, eth_abi.decode(["uint256"], log["data"])[0]))
        logs += len(answer)
        if logs >= PEER_LOGS:
            break
    return {"logs": logs, "transfers": len(rows), "cpu": time.process_time() - began}


PARTS: dict[str, Callable[[Asked], dict[str, object]]] = {
    "parse": parse_and_write,
    "ingest": ingest_alone,
    "line": line_alone,
    "peer": peer,
}

if __name__ == "__main__":
    name, url, *numbers, folder = sys.argv[1:]
    first, last, cap = (int(number) for number in numbers)
    sys.stdout.write(json.dumps(PARTS[name](Asked(url, first, last, cap, Path(folder)))) + "\n")
