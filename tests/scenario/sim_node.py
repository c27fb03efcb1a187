"""An endpoint of the simulated chain: JSON-RPC over a view of it, and everything that an endpoint does wrong."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import msgspec
from sim_chain import STRANGER, TOKENS, Block, Log, View, World
from sim_faults import Faults
from sim_json import Error, header, receipts, said, tagged, told_log, transaction, transaction_at, unknown
from sim_loop import Clock

from indexer.floor.errors import Transient
from indexer.floor.spans import Span
from indexer.serve.dialects import RANGE, RESULTS
from indexer.sources.transport import Manners, Reply

LATENCY = 0.02
NUMBER = 777
FOREIGN = 4242


class Node:
    """One endpoint. *told* counts the wrongs that it did."""

    def __init__(self, name: str, world: World, other: World | None, faults: Faults, seed: str) -> None:
        self.name = name
        self.faults = faults
        self.told: Counter[str] = Counter()
        self._world = world
        self._other = other
        self._draw = random.Random(f"{seed} {name}")
        self._seed = f"{seed} {name}"
        self._recent: deque[float] = deque()
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_chainId": lambda view: hex(self._number(view)),
            "eth_blockNumber": lambda view: hex(view.height),
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockByHash": lambda view, digest, full: header(view.by_hash(digest)),
            "eth_getLogs": self._logs,
            "eth_call": self._call,
            "eth_getCode": lambda view, address, pin: "0x6001" if address in TOKENS else "0x",
            "eth_getStorageAt": lambda view, address, slot, pin: "0x" + "0" * 64,
            "eth_getBlockReceipts": self._receipts,
            "eth_getTransactionByHash": transaction,
            "eth_getTransactionByBlockNumberAndIndex": transaction_at,
        }

    def _number(self, view: View) -> int:
        return FOREIGN if self._other is not None and view.blocks[0] is self._other.branches[0][0] else NUMBER

    async def post(self, payload: bytes, clock: Clock, manners: Manners) -> Reply:
        """Answer as this endpoint does at this time."""
        draw, faults = self._draw, self.faults
        await asyncio.sleep(LATENCY * (0.5 + draw.random()))
        if faults.down:
            self.told["down"] += 1
            raise Transient(f"{self.name} cannot be reached.")
        if draw.random() < faults.hangs:
            self.told["hangs"] += 1
            await asyncio.sleep(manners.timeout)
            raise Transient(f"{self.name} did not answer within {manners.timeout:g} s.")
        if self._too_many(clock.now):
            self.told["rate"] += 1
            return Reply(429, b"Too Many Requests", 1.0)
        body = self._answered(msgspec.json.decode(payload), clock.now)
        if draw.random() < faults.fails:
            self.told["fails"] += 1
            return self._spoiled(body)
        return Reply(200, body, None)

    def _too_many(self, now: float) -> bool:
        if self.faults.rate is None:
            return False
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        self._recent.append(now)
        return len(self._recent) > self.faults.rate

    def _spoiled(self, body: bytes) -> Reply:
        kind = self._draw.randrange(7)
        if kind == 0:
            raise Transient(f"{self.name} closed the connection.")
        return [
            Reply(500, b"Internal Server Error", None),
            Reply(502, b"<html><h1>502 Bad Gateway</h1></html>", None),
            Reply(200, b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}', None),
            Reply(200, body[: self._draw.randrange(len(body))], None),
            Reply(200, b"error code: 1015", None),
            Reply(200, b'{"jsonrpc":"2.0","id":1,"result":null}', None),
        ][kind - 1]

    def _answered(self, asked: Any, now: float) -> bytes:
        view = self._view(now)
        if not isinstance(asked, list):
            return msgspec.json.encode(self._one(asked, view))
        if self.faults.no_batch:
            self.told["no_batch"] += 1
            error = {"code": -32600, "message": "Batched requests are not supported by this server"}
            return msgspec.json.encode({"jsonrpc": "2.0", "id": None, "error": error})
        answers = [self._one(one, view) for one in asked]
        if self.faults.shuffles:
            self._draw.shuffle(answers)
        return msgspec.json.encode(answers)

    def _view(self, now: float) -> View:
        """Return the chain as the node behind this address sees it for one request."""
        faults = self.faults
        world = self._world
        if self._other is not None and (faults.other_chain or self._draw.random() < faults.strays):
            self.told["other_chain" if faults.other_chain else "strays"] += 1
            world = self._other
        view = world.at(now)
        if faults.orphaned:
            view = self._stuck(now) or view
        back = faults.lags + (self._draw.randint(0, faults.sways) if faults.sways else 0)
        if back:
            self.told["lags" if faults.lags else "sways"] += 1
        return view.back(back) if back else view

    def _stuck(self, now: float) -> View | None:
        """Return the first branch that was given up, as long as it had grown."""
        first = next((c for c in self._world.changes if c.branch == 1), None)
        if first is None or first.time > now:
            return None
        self.told["orphaned"] += 1
        old = [c for c in self._world.changes if c.branch == 0][-1]
        return View(self._world.branches[0], old.height, old.final)

    def _one(self, asked: Any, view: View) -> dict[str, Any]:
        out: dict[str, Any] = {"jsonrpc": "2.0", "id": asked["id"]}
        try:
            out["result"] = self._methods.get(asked["method"], unknown)(view, *asked["params"])
        except Error as error:
            out["error"] = error.body
        return out

    def _block_by_number(self, view: View, tag: str, full: bool) -> Any:
        return header(tagged(view, tag))

    def _logs(self, view: View, query: dict[str, Any]) -> list[Any]:
        faults = self.faults
        if faults.splits:
            self.told["splits"] += 1
            view = view.back(faults.splits)
        if "blockHash" in query:
            block = view.by_hash(query["blockHash"])
            if block is None:
                raise Error(-32000, "unknown block")
            first = last = block.number
        else:
            first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        span = Span(first, last)
        if last > view.height and not faults.past_head:
            raise Error(-32000, "block range extends beyond current head block")
        if faults.range_cap and len(span) > faults.range_cap:
            self.told["range_cap"] += 1
            raise said(RANGE[self._draw.choice(sorted(RANGE))](span, faults.range_cap))
        if faults.prunes_loudly is not None and first < view.height - faults.prunes_loudly:
            self.told["prunes_loudly"] += 1
            raise Error(-32000, "pruned history unavailable")
        found = self._found(view, span, query)
        if faults.result_cap and len(found) > faults.result_cap and len(span) > 1:
            self.told["result_cap"] += 1
            works = Span(first, max(first, found[faults.result_cap][0].number - 1))
            raise said(RESULTS[self._draw.choice(sorted(RESULTS))](works, faults.result_cap))
        return self._arranged([told_log(block, log, timed=not faults.no_times) for block, log in found])

    def _receipts(self, view: View, name: str) -> Any:
        block = tagged(view, name)
        kept = self.faults.prunes_silently if self.faults.prunes_loudly is None else self.faults.prunes_loudly
        if block is not None and kept is not None and block.number < view.height - kept:
            raise Error(-32000, "pruned history unavailable")
        return block and receipts(block, [log for log in block.logs if not self._lacks(view, block, log)])

    def _found(self, view: View, span: Span, query: dict[str, Any]) -> list[tuple[Block, Log]]:
        """Return the logs that this node has of those asked for."""
        wanted = query.get("address")
        addresses = {wanted} if isinstance(wanted, str) else set(wanted or [STRANGER, *TOKENS])
        topics = query.get("topics")
        first_topics = set(topics[0]) if topics else None
        found = [
            (block, log)
            for block in view.blocks[span.first : min(span.last, view.height) + 1]
            for log in block.logs
            if log.address in addresses and (first_topics is None or log.topics[0] in first_topics)
        ]
        kept = [(block, log) for block, log in found if not self._lacks(view, block, log)]
        cuts = self.faults.cuts
        if cuts is not None and len(kept) > cuts:
            self.told["cuts"] += 1
            kept = kept[:cuts]
        return kept

    def _lacks(self, view: View, block: Block, log: Log) -> bool:
        faults = self.faults
        if faults.prunes_silently is not None and block.number < view.height - faults.prunes_silently:
            self.told["prunes_silently"] += 1
            return True
        if not faults.drops:
            return False
        # It hangs on the log alone: what a node lacks it lacks every time.
        lacks = random.Random(f"{self._seed} {block.hash} {log.index}").random() < faults.drops
        self.told["drops"] += lacks
        return lacks

    def _arranged(self, logs: list[Any]) -> list[Any]:
        if logs and self._draw.random() < self.faults.doubles:
            self.told["doubles"] += 1
            logs.append(dict(self._draw.choice(logs)))
        if self.faults.shuffles and len(logs) > 1:
            self.told["shuffles"] += 1
            self._draw.shuffle(logs)
        return logs

    def _call(self, view: View, call: dict[str, str], pin: Any) -> str:
        block = self._pinned(view, pin)
        kept = self.faults.prunes_state
        if kept is not None and block.number < view.height - kept:
            self.told["prunes_state"] += 1
            root = "5a" * 32
            raise Error(-32000, f"missing trie node {root} (path ) state 0x{root} is not available")
        held = block.state.get(call["to"])
        data = call.get("data") or call.get("input") or "0x"
        if held is None:
            return "0x"
        if data.startswith("0x18160ddd"):
            return f"0x{held.supply:064x}"
        if data.startswith("0x70a08231"):
            return f"0x{held.balances.get('0x' + data[-40:], 0):064x}"
        raise Error(3, "execution reverted")

    def _pinned(self, view: View, pin: Any) -> Block:
        if isinstance(pin, dict):
            if self.faults.no_hash_pin:
                self.told["no_hash_pin"] += 1
                raise Error(-32602, "invalid argument 1: json: cannot unmarshal object")
            block = view.by_hash(pin["blockHash"]) if "blockHash" in pin else tagged(view, pin["blockNumber"])
        else:
            block = tagged(view, pin)
        if block is None:
            raise Error(-32000, "header not found")
        return block


class Wire:
    """The way to a node, as the program opens it, at the *rate* that it keeps to."""

    def __init__(self, node: Node, clock: Clock, manners: Manners, rate: float) -> None:
        self._node, self._clock, self._manners = node, clock, manners
        self._apart = 1 / rate
        self._next = 0.0

    async def post(self, payload: bytes) -> Reply:
        wait = self._next - self._clock.now
        self._next = max(self._next, self._clock.now) + self._apart
        if wait > 0:
            await asyncio.sleep(wait)
        return await self._node.post(payload, self._clock, self._manners)

    async def close(self) -> None:
        """Nothing is open."""
