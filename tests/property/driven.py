"""Random plans, and the driver that plays them on a model: several operations a transaction and a block, days
without blocks, blocks at and one second around midnight and the contract's own instants."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from eth_abi import encode
from eth_hash.auto import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from ledger_kit import ALICE, BOB, CAROL, OTHER, tx_hash
from played import DAY, GENESIS, Chain, Contract, Reverted

from indexer.ledger.values import Call

ACCOUNTS = (ALICE, BOB, CAROL, "0x" + "d4" * 20)
ADMIN = "0x" + "ad" * 20

AMOUNTS = (
    0, 1, 2, 9_999, 10_000, 10_001, 10**6, 10**18, 10**18 + 1, 123_456_789 * 10**12 + 7, 10**24 + 3, 10**30,
)  # fmt: skip
PARTS = ((1, 1), (1, 2), (1, 3), (999, 1000))
"""Of what an account holds."""

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "30"))
STEADY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class Op(NamedTuple):
    """One random operation; each number is taken modulo what there is to choose from."""

    kind: int
    who: int
    whom: int
    size: int
    extra: int

    @property
    def account(self) -> str:
        return ACCOUNTS[self.who % len(ACCOUNTS)]

    @property
    def other(self) -> str:
        return ACCOUNTS[self.whom % len(ACCOUNTS)]

    def amount(self, held: int) -> int:
        """Return an amount: one of the edges, or a part of *held*."""
        at = self.size % (len(AMOUNTS) + len(PARTS))
        if at < len(AMOUNTS):
            return AMOUNTS[at]
        part, whole = PARTS[at - len(AMOUNTS)]
        return held * part // whole


class Driven(Contract, Protocol):
    """A model that takes random operations; *instants* are when its views may move without a log."""

    def deploy(self, chain: Chain) -> None: ...

    def act(self, chain: Chain, op: Op) -> Call: ...

    def instants(self, now: int) -> Sequence[int]: ...


Plan = list[tuple[int, list[list[Op]]]]

_OPS = st.builds(
    Op, st.integers(0, 40), st.integers(0, 3), st.integers(0, 3), st.integers(0, 15), st.integers(0, 11)
)
PLANS: st.SearchStrategy[Plan] = st.lists(
    st.tuples(st.integers(0, 9), st.lists(st.lists(_OPS, min_size=1, max_size=3), max_size=3)),
    min_size=2,
    max_size=9,
)


def drive(contract: Driven, plan: Plan) -> Chain:
    """Return the chain on which *plan* was played; what the contract refuses leaves no log."""
    chain = Chain()
    chain.open(GENESIS + 3_600)
    chain.transaction(Call(ADMIN, None, b""))
    contract.deploy(chain)
    chain.close(contract)
    for gap, transactions in plan:
        chain.open(_next(chain.now, gap, contract.instants(chain.now)))
        for ops in transactions:
            _transact(chain, contract, ops)
        chain.close(contract)
    return chain


def _transact(chain: Chain, contract: Driven, ops: Sequence[Op]) -> None:
    """Play *ops* in one transaction: one by its own call, several behind a helper."""
    chain.transaction(Call(ADMIN, OTHER, b""))
    for op in ops:
        try:
            call = contract.act(chain, op)
        except Reverted:
            continue
        if len(ops) == 1:
            chain.calls[tx_hash(chain.head.number, chain.transactions)] = call


def _next(now: int, gap: int, instants: Sequence[int]) -> int:
    midnight = now - now % DAY + DAY
    instant = min((at for at in instants if at > now), default=midnight + DAY)
    times = (
        now + 1, now + 12, midnight - 1, midnight, midnight + 1, midnight + DAY, now + 3 * DAY + 777, instant - 1,
        instant, instant + 1,
    )  # fmt: skip
    return max(times[gap % len(times)], now + 1)


def call(sender: str, target: str, signature: str, *arguments: object) -> Call:
    """Return the transaction's call of a function."""
    types = signature[signature.index("(") + 1 : -1]
    data = encode(types.split(","), arguments) if types else b""
    return Call(sender, target, keccak(signature.encode())[:4] + data)


def selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]
