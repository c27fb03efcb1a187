"""The model of Backed's auto-fee token, from its documentation."""

from __future__ import annotations

from collections.abc import Sequence

from driven import ADMIN, Op, call, selector
from ledger_kit import TOKEN, word
from model_kit import ONE, Book, require
from played import DAY, Chain, Views

from indexer.ledger.values import ZERO, Call


class AutoFee:
    """Backed's auto-fee token: a multiplier that a fee lowers once a period, without a log. backed.md.

    *announces* is version 4, which logs a schedule; version 3 does not. Fee, period and start are silent.
    """

    accrual, address, decimals, companions = "timed_rebase", TOKEN, 18, ()
    MULTIPLIERS = (ONE, ONE + 1, ONE - 1, 2 * ONE, 10**17, 1_004_938_471_723_858_987, 1, 10**36)
    FEES = (0, 10**13, 1, 10**17, 0, ONE // 2)

    def __init__(self, start: int, *, announces: bool = True, fee: int = 10**13) -> None:
        self.book = Book()
        self.last = self.new = ONE
        self.activation = 0
        self.period, self.applied, self.fee = DAY, start - start % DAY, fee
        self._announces = announces

    def deploy(self, chain: Chain) -> None:
        chain.emit(TOKEN, "OwnershipTransferred(address,address)", [ZERO, ADMIN])

    def instants(self, now: int) -> Sequence[int]:
        return (self.activation,)

    def current(self, now: int) -> tuple[int, int]:
        """Return the multiplier and the periods that have passed."""
        if now < self.activation:
            return self.last, 0
        passed = (now - self.applied) // self.period
        multiplier = self.new
        for _ in range(passed if self.fee else 0):
            multiplier = multiplier * (ONE - self.fee) // ONE
        return multiplier, passed

    def views(self, now: int) -> Views:
        multiplier, passed = self.current(now)
        balances = {a: n * multiplier // ONE for a, n in self.book.of.items()}
        answer = word(multiplier) + word(passed) + word(0)
        reads = {
            (TOKEN, selector("getCurrentMultiplier()")): answer,
            (TOKEN, selector("periodLength()")): word(self.period),
            (TOKEN, selector("lastTimeFeeApplied()")): word(self.applied),
        }
        return Views(self.book.total * multiplier // ONE, balances, reads)

    def act(self, chain: Chain, op: Op) -> Call:
        kinds = (
            "mint", "mint", "transfer", "burn", "transferShares", "transfer", "updateMultiplierValue", "updateFee",
            "setPeriod", "setLast",
        )  # fmt: skip
        kind = kinds[op.kind % len(kinds)]
        held = self.book.of[op.account]
        if kind == "updateMultiplierValue":
            return self._update(chain, op)
        if kind in ("mint", "burn", "transfer", "transferShares"):
            return self._move(chain, kind, op, held)
        pending = self.activation != 0 and self.last == self.current(chain.now)[0]
        require(not pending)
        self._settle(chain)
        kept = self.fee, self.period
        if kind == "updateFee":
            self.fee = self.FEES[op.extra % len(self.FEES)]
        elif kind == "setPeriod":
            self.period = DAY * (1 + op.extra % 3)
        else:
            self.applied = chain.now - chain.now % DAY
        if self.current(chain.now)[0] != self.last:
            self.fee, self.period = kept
        return call(ADMIN, TOKEN, f"{kind}(uint256)", 0)

    def _settle(self, chain: Chain) -> None:
        """Write the multiplier of now down, as every call that changes state does first."""
        multiplier, passed = self.current(chain.now)
        self.applied += self.period * passed
        if multiplier != self.last:
            self.last = self.new = multiplier
            self.activation = 0
            chain.emit(TOKEN, "MultiplierUpdated(uint256)", [], [multiplier])

    def _move(self, chain: Chain, kind: str, op: Op, held: int) -> Call:
        multiplier, _ = self.current(chain.now)
        require(multiplier)
        amount = op.amount(held if kind == "transferShares" else held * multiplier // ONE)
        shares = amount if kind == "transferShares" else amount * ONE // multiplier
        logged = amount * multiplier // ONE if kind == "transferShares" else amount
        sides = {"mint": (ZERO, op.account), "burn": (op.account, ZERO)}.get(kind, (op.account, op.other))
        require(sides[0] == ZERO or held >= shares)
        self._settle(chain)
        self.book.move(*sides, shares)
        chain.emit(TOKEN, "Transfer(address,address,uint256)", sides, [logged])
        chain.emit(TOKEN, "TransferShares(address,address,uint256)", sides, [shares])
        return call(op.account, TOKEN, f"{kind}(address,uint256)", op.other, amount)

    def _update(self, chain: Chain, op: Op) -> Call:
        value = self.MULTIPLIERS[op.extra % len(self.MULTIPLIERS)]
        _, passed = self.current(chain.now)
        delay = (0, 1, 300, 3_600, 6 * 3_600)[op.whom % 4 + op.extra % 2]
        at = chain.now + delay if delay else 0
        require(at < self.applied + self.period * passed + self.period)
        self._settle(chain)
        overridden = (self.new, self.activation) if self.activation > chain.now else None
        self.new = value
        if at > chain.now:
            self.activation = at
            if self._announces:
                chain.emit(TOKEN, "MultiplierScheduled(uint256,uint256)", [], [value, at])
        else:
            self.activation, self.last = 0, value
            chain.emit(TOKEN, "MultiplierUpdated(uint256)", [], [value])
        if overridden and self._announces:
            signature = "MultiplierScheduleOverridden(uint256,uint256,uint256,uint256)"
            chain.emit(TOKEN, signature, [], [*overridden, value, self.activation])
        return call(ADMIN, TOKEN, "updateMultiplierValue(uint256,uint256,uint256)", value, self.last, at)
