"""The model of a rebasing DSToken with its providers, from its documentation."""

from __future__ import annotations

from collections.abc import Sequence

from driven import ADMIN, Op, call
from ledger_kit import TOKEN
from model_kit import ONE, Book, companion, require
from played import Chain, Views

from indexer.ledger.values import ZERO, Call


class DsToken:
    """DSToken version 4: shares of 18 decimals times its provider's multiplier, to nearest. securitize.md."""

    accrual, address = "dstoken", TOKEN
    PROVIDER = 8196
    PROVIDERS = ("0x" + "e1" * 20, "0x" + "e2" * 20)
    MULTIPLIERS = (ONE, ONE + 1, ONE - 1, 2 * ONE, 1, 10**36, 10**24, 1_000_136_986_301_369_863)

    def __init__(self, decimals: int) -> None:
        self.decimals = decimals
        self.book = Book()
        self.multipliers = dict.fromkeys(self.PROVIDERS, ONE)
        self.provider: str | None = None
        self.companions = tuple(companion(provider, "dstoken_provider") for provider in self.PROVIDERS)

    def deploy(self, chain: Chain) -> None:
        chain.emit(TOKEN, "DSServiceSet(uint256,address)", [], [4, 1])
        self.multipliers[self.PROVIDERS[1]] = 7 * ONE

    def instants(self, now: int) -> Sequence[int]:
        return ()

    def _worth(self, shares: int) -> int | None:
        if self.provider is None:
            return None
        scale = 10 ** (18 - self.decimals)
        return ((shares * self.multipliers[self.provider] + ONE // 2) // ONE + scale // 2) // scale

    def views(self, now: int) -> Views:
        return Views(self._worth(self.book.total), {a: self._worth(n) for a, n in self.book.of.items()}, {})

    def act(self, chain: Chain, op: Op) -> Call:
        kinds = (
            "issue",
            "transfer",
            "rate",
            "issue",
            "burn",
            "seize",
            "provider",
            "rate",
            "issue",
            "transfer",
        )
        kind = kinds[op.kind % len(kinds)]
        if self.provider is None and op.size % 2:
            kind = "provider"
        target = self.PROVIDERS[op.whom % 4 == 3]
        if kind == "provider":
            self.provider = target
            chain.emit(TOKEN, "DSServiceSet(uint256,address)", [], [self.PROVIDER, int(target, 16)])
            return call(ADMIN, TOKEN, "setDSService(uint256,address)", self.PROVIDER, target)
        if kind == "rate":
            old, new = self.multipliers[target], self.MULTIPLIERS[op.extra % len(self.MULTIPLIERS)]
            self.multipliers[target] = new
            chain.emit(target, "RebasingRateUpdated(uint256,uint256)", [], [old, new])
            return call(ADMIN, target, "setMultiplier(uint256)", new)
        require(self.provider)
        multiplier = self.multipliers[self.provider or ""]
        amount = op.amount(self._worth(self.book.of[op.account]) or 0)
        shares = (amount * 10 ** (18 - self.decimals) * ONE + multiplier // 2) // multiplier
        sides = {"issue": (ZERO, op.account), "burn": (op.account, ZERO)}.get(kind, (op.account, op.other))
        self.book.move(*sides, shares)
        if kind == "issue":
            chain.emit(TOKEN, "Issue(address,uint256,uint256)", [op.account], [amount, 0])
        chain.emit(TOKEN, "Transfer(address,address,uint256)", sides, [amount])
        chain.emit(TOKEN, "TxShares(address,address,uint256,uint256)", sides, [shares, multiplier])
        return call(ADMIN, TOKEN, f"{kind}(address,uint256)", op.other, amount)
