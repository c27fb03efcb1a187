"""A made-up chain as plain values: blocks, the branches they lie on, and which branch counts when."""

from __future__ import annotations

import hashlib
import random
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

from sim_seal import seal

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
APPROVAL = "0x8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925"
ZERO = "0x" + "0" * 40
TOKENS = ("0x" + "70" * 20, "0x" + "71" * 20)
STARTS = (0, 7)
"""The first block of each token."""
STRANGER = "0x" + "99" * 20
HOLDERS = tuple(f"0x{0xA0 + n:040x}" for n in range(6))
GENESIS = 1_750_000_000


class Log(NamedTuple):
    """One log; the block it lies in gives it the rest."""

    address: str
    topics: tuple[str, ...]
    data: str
    tx_hash: str
    tx_index: int
    index: int


class Held(NamedTuple):
    """What a token contract says of itself."""

    supply: int
    balances: Mapping[str, int]


class Block(NamedTuple):
    """One block, with the state behind it of every token."""

    number: int
    hash: str
    parent: str
    time: int
    logs: tuple[Log, ...]
    state: Mapping[str, Held]
    header: Mapping[str, Any]


class View(NamedTuple):
    """A chain as some node sees it at some time: the blocks of a branch up to *height*."""

    blocks: Sequence[Block]
    height: int
    final: int

    def block(self, number: int) -> Block | None:
        return self.blocks[number] if 0 <= number <= self.height else None

    def by_hash(self, digest: str) -> Block | None:
        return next((b for b in reversed(self.blocks[: self.height + 1]) if b.hash == digest), None)

    def back(self, blocks: int) -> View:
        height = max(0, self.height - blocks)
        return View(self.blocks, height, min(self.final, height))


class Change(NamedTuple):
    """From *time* on the chain is the branch called *branch* up to *height*, final up to *final*."""

    time: float
    branch: int
    height: int
    final: int


class Shape(NamedTuple):
    """How a chain is drawn: its blocks at the start, those to come, and how it forks.

    *tail* more blocks come after a *rest* in seconds. *below* forks once below what was final.
    """

    blocks: int
    growth: int
    pace: float
    spacing: int
    finality: int
    forks: float
    deepest: int
    busy: float
    rest: float = 0.0
    tail: int = 0
    below: bool = False


class World:
    """The chain over simulated time, all of it drawn beforehand."""

    def __init__(self, draw: random.Random, shape: Shape, salt: str = "") -> None:
        self.shape = shape
        self._draw = draw
        self._salt = salt
        self._made = count()
        self.branches: list[list[Block]] = [[self._block(None)]]
        self.forks: list[int] = []
        main = self.branches[0]
        while len(main) < shape.blocks:
            main.append(self._block(main[-1]))
        self.changes = [Change(0.0, 0, len(main) - 1, max(0, len(main) - 1 - shape.finality))]
        self.betrayed: Change | None = None
        """How the chain stood before it forked below what was final."""
        betrayal = draw.randrange(shape.growth) if shape.below and shape.growth else -1
        for step in range(shape.growth):
            self._grow((step + 1) * shape.pace, below=step == betrayal)
        for step in range(shape.tail):
            self._grow((shape.growth + step + 1) * shape.pace + shape.rest, below=False)

    def at(self, time: float) -> View:
        """Return the chain as an up-to-date node sees it."""
        change = self.changes[bisect_right(self.changes, time, key=lambda c: c.time) - 1]
        return View(self.branches[change.branch], change.height, change.final)

    @property
    def end(self) -> View:
        return self.at(float("inf"))

    @property
    def settled(self) -> float:
        """The time of the last change."""
        return self.changes[-1].time

    def orphan(self, number: int) -> list[Block] | None:
        """Return a branch that does not count any more, in the order of their making."""
        return self.branches[number] if number < len(self.branches) - 1 else None

    def _grow(self, time: float, *, below: bool) -> None:
        last = self.changes[-1]
        blocks = self.branches[last.branch]
        open_ = last.height - last.final
        depth = 0
        if below:
            depth = min(open_ + self._draw.randint(1, 20), last.height - 1)
            self.betrayed = last
        elif self._draw.random() < self.shape.forks and open_ > 1:
            depth = self._draw.randint(1, min(self.shape.deepest, open_))
        if depth:
            self.forks.append(depth)
            blocks = blocks[: last.height + 1 - depth]
            self.branches.append(blocks)
        for _ in range(depth + 1):
            blocks.append(self._block(blocks[-1], time))
        height = len(blocks) - 1
        final = max(last.final, height - self.shape.finality)
        self.changes.append(Change(time, len(self.branches) - 1, height, final))

    def _block(self, parent: Block | None, now: float = 0.0) -> Block:
        number = 0 if parent is None else parent.number + 1
        salt = hashlib.blake2b(f"{self._salt} block {next(self._made)}".encode(), digest_size=32).digest()
        state = dict(parent.state) if parent else {token: Held(0, {}) for token in TOKENS}
        logs: list[Log] = []
        if number and self._draw.random() < self.shape.busy:
            for place in range(self._draw.randint(1, 2)):
                tx = "0x" + hashlib.blake2b(salt + bytes([place]), digest_size=32).hexdigest()
                for _ in range(self._draw.randint(1, 2)):
                    address, topics, data = self._event(state, number)
                    logs.append(Log(address, topics, data, tx, place, len(logs)))
        parent_hash = parent.hash if parent else "0x" + "0" * 64
        time = GENESIS + min(number, self.shape.blocks) * self.shape.spacing + int(now)
        if self.shape.spacing > 12 and number > self.shape.blocks:
            time = GENESIS + number * self.shape.spacing
        header = seal(number, parent_hash, time, logs, salt)
        return Block(number, header["hash"], parent_hash, time, tuple(logs), state, header)

    def _event(self, state: dict[str, Held], number: int) -> tuple[str, tuple[str, ...], str]:
        """Return an event, after its effect on *state*."""
        draw = self._draw
        token = draw.choice([t for t, start in zip(TOKENS, STARTS, strict=True) if start <= number])
        kind = draw.random()
        if kind < 0.08:
            return STRANGER, (TRANSFER, word(HOLDERS[0]), word(HOLDERS[1])), word(draw.randint(1, 99))
        if kind < 0.16:
            return token, (APPROVAL, word(HOLDERS[0]), word(HOLDERS[1])), word(draw.randint(1, 99))
        balances = dict(state[token].balances)
        rich = [holder for holder, held in balances.items() if held]
        if kind < 0.4 or not rich:
            source, target, amount = ZERO, draw.choice(HOLDERS), draw.randint(1, 10**20)
        else:
            source = draw.choice(rich)
            target = ZERO if kind < 0.5 else draw.choice(HOLDERS)
            amount = draw.randint(0, balances[source])
        supply = state[token].supply + (amount if source == ZERO else 0) - (amount if target == ZERO else 0)
        if source != ZERO:
            balances[source] -= amount
        if target != ZERO:
            balances[target] = balances.get(target, 0) + amount
        state[token] = Held(supply, balances)
        return token, (TRANSFER, word(source), word(target)), word(amount)


def word(value: int | str) -> str:
    """Return a number or an address as an ABI word, 0x text."""
    return f"0x{int(value, 16) if isinstance(value, str) else value:064x}"
