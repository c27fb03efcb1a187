"""Models of plain tokens, STBT and USDO, from the contracts' documentation. Whole numbers only; // is floor, as
in the contracts."""

from __future__ import annotations

from collections.abc import Sequence

from driven import ADMIN, Op, call, selector
from ledger_kit import TOKEN, word
from model_kit import ONE, Book, require
from played import DAY, Chain, Views

from indexer.ledger.values import ZERO, Call


class Plain:
    """An ERC-20 whose balances move by Transfer alone; a vault's bootstrap is minted to the zero account."""

    accrual, address, decimals, companions = "plain", TOKEN, 18, ()

    def __init__(self, accrual: str = "plain", bootstrap: int = 0) -> None:
        self.accrual = accrual
        self.book = Book()
        self._bootstrap = bootstrap

    def deploy(self, chain: Chain) -> None:
        chain.emit(TOKEN, "Initialized(uint8)", [], [1])
        if self._bootstrap:
            self.book.total += self._bootstrap
            self.book.of[ZERO] += self._bootstrap
            self._log(chain, ZERO, ZERO, self._bootstrap)

    def instants(self, now: int) -> Sequence[int]:
        return ()

    def views(self, now: int) -> Views:
        return Views(self.book.total, dict(self.book.of), {})

    def act(self, chain: Chain, op: Op) -> Call:
        kind = ("mint", "burn", "transfer", "transfer")[op.kind % 4]
        amount = op.amount(self.book.of[op.account])
        if kind == "mint":
            sides = ZERO, op.account
        elif kind == "burn":
            sides = op.account, ZERO
        else:
            sides = op.account, op.other
        self.book.move(*sides, amount)
        self._log(chain, *sides, amount)
        return call(op.account, TOKEN, f"{kind}(address,uint256)", op.other, amount)

    def _log(self, chain: Chain, sender: str, receiver: str, amount: int) -> None:
        chain.emit(TOKEN, "Transfer(address,address,uint256)", [sender, receiver], [amount])


class Stbt:
    """STBT: shares of a total supply. matrixdock.md and the recordings' page, part stbt."""

    accrual, address, decimals, companions = "share_rebase", TOKEN, 18, ()

    def __init__(self, *, tiny: bool) -> None:
        """With *tiny* an issue too small for one share overwrites the supply, as the source has it."""
        self.book = Book()
        self.supply = 0
        self._tiny = tiny

    def deploy(self, chain: Chain) -> None:
        chain.emit(TOKEN, "OwnershipTransferred(address,address)", [ZERO, ADMIN])

    def instants(self, now: int) -> Sequence[int]:
        return ()

    def views(self, now: int) -> Views:
        reads = {(TOKEN, selector("totalSupply()")): word(self.supply)}
        return Views(self.supply, {a: self._worth(n) for a, n in self.book.of.items()}, reads)

    def _worth(self, shares: int) -> int:
        return shares * self.supply // self.book.total if self.book.total else 0

    def act(self, chain: Chain, op: Op) -> Call:
        kinds = (
            "issue",
            "issue",
            "transfer",
            "redeem",
            "redeemFrom",
            "controllerRedeem",
            "distribute",
            "transfer",
        )
        kind = kinds[op.kind % len(kinds)]
        if kind == "distribute":
            return self._distribute(chain, op)
        amount = op.amount(self._worth(self.book.of[op.account]))
        if kind == "issue":
            return self._issue(chain, op.account, amount)
        if kind == "transfer":
            require(self.supply)
            shares = amount * self.book.total // self.supply
            self.book.move(op.account, op.other, shares)
            self._log(chain, op.account, op.other, shares, "")
            return call(op.account, TOKEN, "transfer(address,uint256)", op.other, amount)
        return self._redeem(chain, kind, op.account, amount)

    def _issue(self, chain: Chain, account: str, amount: int) -> Call:
        shares = amount * self.book.total // self.supply if self.supply else 0
        require(shares or self._tiny or not self.book.total)
        if shares == 0:
            shares = amount
            self.supply = amount
        else:
            self.supply += amount
        self.book.move(ZERO, account, shares)
        self._log(chain, ZERO, account, shares, "Issued(address,address,uint256,bytes)")
        return call(ADMIN, TOKEN, "issue(address,uint256,bytes)", account, amount, b"")

    def _redeem(self, chain: Chain, kind: str, account: str, amount: int) -> Call:
        require(self.supply >= amount and self.supply and (self._tiny or self.book.total))
        shares = -(-amount * self.book.total // self.supply)
        self.book.move(account, ZERO, shares)
        self.supply -= amount
        self._log(chain, account, ZERO, shares, "Redeemed(address,address,uint256,bytes)")
        if kind == "redeem":
            return call(account, TOKEN, "redeem(uint256,bytes)", amount, b"")
        if kind == "redeemFrom":
            return call(ADMIN, TOKEN, "redeemFrom(address,uint256,bytes)", account, amount, b"")
        signature = "controllerRedeem(address,uint256,bytes,bytes)"
        return call(ADMIN, TOKEN, signature, account, amount, b"", b"")

    def _distribute(self, chain: Chain, op: Op) -> Call:
        interest = op.amount(self.supply) * (-1 if op.extra % 4 == 0 else 1)
        require(self.supply + interest >= 0 and (self._tiny or self.book.total))
        self.supply += interest
        times = [chain.now - DAY, chain.now]
        chain.emit(
            TOKEN, "InterestsDistributed(int256,uint256,uint256,uint256)", [], [interest, self.supply, *times]
        )
        return call(ADMIN, TOKEN, "distributeInterests(int256,uint256,uint256)", interest, *times)

    def _log(self, chain: Chain, sender: str, receiver: str, shares: int, told: str) -> None:
        """Log shares, what happened, and the amount computed after it."""
        amount = self._worth(shares)
        chain.emit(TOKEN, "TransferShares(address,address,uint256)", [sender, receiver], [shares])
        if told:
            account = receiver if sender == ZERO else sender
            chain.emit(TOKEN, told, [ADMIN, account], [amount, 64, 0])
        chain.emit(TOKEN, "Transfer(address,address,uint256)", [sender, receiver], [amount])


class Usdo:
    """USDO: shares that no log tells, times a multiplier. openeden.md."""

    accrual, address, decimals, companions = "multiplier_rebase", TOKEN, 18, ()
    MULTIPLIERS = (ONE, ONE + 1, ONE - 1, 2 * ONE, 3 * ONE + 7, 10**36, 1_000_136_986_301_369_863, 10**24)

    def __init__(self) -> None:
        self.book = Book()
        self.multiplier = ONE

    def deploy(self, chain: Chain) -> None:
        chain.emit(TOKEN, "Initialized(uint8)", [], [1])
        chain.emit(TOKEN, "BonusMultiplier(uint256)", [self.multiplier])

    def instants(self, now: int) -> Sequence[int]:
        return ()

    def _worth(self, shares: int) -> int:
        return shares * self.multiplier // ONE

    def views(self, now: int) -> Views:
        return Views(self._worth(self.book.total), {a: self._worth(n) for a, n in self.book.of.items()}, {})

    def act(self, chain: Chain, op: Op) -> Call:
        kinds = ("mint", "mint", "transfer", "burn", "transfer", "add", "set")
        kind = kinds[op.kind % len(kinds)]
        if kind in ("add", "set"):
            daily = self.multiplier + 10**14 * (op.extra + 1)
            self.multiplier = daily if kind == "add" else self.MULTIPLIERS[op.extra % len(self.MULTIPLIERS)]
            chain.emit(TOKEN, "BonusMultiplier(uint256)", [self.multiplier])
            return call(ADMIN, TOKEN, "updateBonusMultiplier(uint256)", self.multiplier)
        amount = op.amount(self._worth(self.book.of[op.account]))
        sides = {"mint": (ZERO, op.account), "burn": (op.account, ZERO)}.get(kind, (op.account, op.other))
        self.book.move(*sides, amount * ONE // self.multiplier)
        chain.emit(TOKEN, "Transfer(address,address,uint256)", sides, [amount])
        if kind != "transfer":
            chain.emit(TOKEN, f"{kind.title()}(address,uint256)", [op.account], [amount])
        return call(op.account, TOKEN, f"{kind}(address,uint256)", op.other, amount)
