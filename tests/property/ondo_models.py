"""Models of Ondo's share tokens (rUSDY, rOUSG) and their two kinds of oracle, from ondo.md and the recordings'
page: shares times a price that moves by a log, or by time inside ranges."""

from __future__ import annotations

from collections.abc import Sequence

from driven import ADMIN, Op, call, selector
from ledger_kit import TOKEN, word
from model_kit import ONE, Book, companion, require
from played import DAY, Chain, Key, Reverted, Views

from indexer.ledger.values import ZERO, Call

RAY = 10**27
WRAPPED = "0x" + "0e" * 20
RATE_ORACLE, RANGE_ORACLE = "0x" + "a0" * 20, "0x" + "a1" * 20
SHARES = 10_000
LIMIT = 2**256


def rounded_power(base: int, exponent: int) -> int:
    """Return MakerDAO's rpow with 27 decimals; what does not fit 256 bits reverts."""
    if base == 0:
        return 0 if exponent else RAY
    result = base if exponent % 2 else RAY
    exponent //= 2
    while exponent:
        base = _product(base, base)
        if exponent % 2:
            result = _product(result, base)
        exponent //= 2
    return result


def _product(one: int, other: int) -> int:
    product = one * other + RAY // 2
    require(product < LIMIT)
    return product // RAY


class RangeOracle:
    """RWADynamicOracle: ranges of [start, end, daily rate, close before the first day]."""

    address = RANGE_ORACLE

    def __init__(self, start: int, days: int, rate: int, price: int) -> None:
        self.ranges = [[start, start + days * DAY, rate, price * RAY // rate]]
        self.paused = False

    def derive(self, one: Sequence[int], at: int) -> int:
        start, _, rate, close = one
        value = rounded_power(rate, (at - start) // DAY + 1) * close
        require(value < LIMIT)
        value //= RAY
        rest = value % 10**10
        return value - rest + (10**10 if rest >= 5 * 10**9 else 0)

    def price(self, now: int) -> int:
        require(not self.paused)
        for one in reversed(self.ranges):
            if one[0] <= now:
                return self.derive(one, min(now, one[1] - 1))
        return 0

    def set(self, chain: Chain, end: int, rate: int) -> None:
        last = self.ranges[-1]
        require(last[1] < end)
        one = [last[1], end, rate, self.derive(last, last[1] - 1)]
        self.ranges.append(one)
        chain.emit(
            self.address, "RangeSet(uint256,uint256,uint256,uint256,uint256)", [len(self.ranges) - 1], one
        )

    def override(self, chain: Chain, index: int, one: Sequence[int]) -> None:
        start, end, rate, close = one
        require(start < end)
        require(index == 0 or start >= self.ranges[index - 1][1])
        require(index == len(self.ranges) - 1 or end <= self.ranges[index + 1][0])
        self.ranges[index] = [start, end, rate, close * RAY // rate if index == 0 else close]
        chain.emit(self.address, "RangeOverriden(uint256,uint256,uint256,uint256,uint256)", [index], one)

    def toggle(self, chain: Chain) -> None:
        self.paused = not self.paused
        chain.emit(
            self.address, "Paused(address)" if self.paused else "Unpaused(address)", [], [int(ADMIN, 16)]
        )

    def reads(self, now: int) -> dict[Key, bytes | None]:
        first = b"".join(word(value) for value in self.ranges[0])
        return {
            (self.address, selector("getPrice()")): answer(self, now),
            (self.address, selector("ranges(uint256)") + bytes(32)): first,
        }


class RateOracle:
    """RWAOracleRateCheck: each price is logged with the one before."""

    address = RATE_ORACLE

    def __init__(self, price: int) -> None:
        self._price = price

    def price(self, now: int) -> int:
        return self._price

    def set(self, chain: Chain, price: int) -> None:
        old, self._price = self._price, price
        chain.emit(self.address, "RWAPriceSet(int256,int256,uint256)", [], [old, price, chain.now])

    def reads(self, now: int) -> dict[Key, bytes | None]:
        return {(self.address, selector("getPrice()")): None}


def answer(oracle: RangeOracle | RateOracle, now: int) -> bytes | None:
    """Return the answer of the price view, None where it reverts."""
    try:
        return word(oracle.price(now))
    except Reverted:
        return None


class Rebasing:
    """rOUSG and rUSDY; *audited* is the rUSDY of the 2023 audit, with its own logs of wraps and burns."""

    accrual, address, decimals = "price_rebase", TOKEN, 18
    PRICES = (ONE, ONE + 1, ONE - 1, 1, 105 * ONE, 10**24, 106_123_456_789_012_345_678)
    RATES = (RAY, 1_000_133_680_000_000_000_000_000_000, 2 * RAY, RAY - 10**20, RAY + 1, RAY // 2)

    def __init__(self, *oracles: RangeOracle | RateOracle, audited: bool = False) -> None:
        self.book = Book()
        self.oracles, self.oracle = oracles, oracles[0]
        self._audited = audited
        kinds = {RANGE_ORACLE: "ondo_range_oracle", RATE_ORACLE: "ondo_rate_oracle"}
        self.companions = (
            companion(WRAPPED, "erc20"),
            *(companion(o.address, kinds[o.address]) for o in oracles),
        )

    def deploy(self, chain: Chain) -> None:
        chain.emit(TOKEN, "Initialized(uint8)", [], [1])
        self._wrap(chain, ADMIN, 7, self.oracle.price(chain.now))

    def instants(self, now: int) -> Sequence[int]:
        ranges = [one for o in self.oracles if isinstance(o, RangeOracle) for one in o.ranges]
        return sorted(at for one in ranges for at in (one[0], one[1], one[0] + DAY) if at > now)

    def _worth(self, shares: int, price: int) -> int:
        return shares * price // (ONE * SHARES)

    def views(self, now: int) -> Views:
        told = answer(self.oracle, now)
        price = None if told is None else int.from_bytes(told, "big")
        worth = {a: None if price is None else self._worth(n, price) for a, n in self.book.of.items()}
        reads = {key: value for o in self.oracles for key, value in o.reads(now).items()}
        reads[TOKEN, selector("getOUSGPrice()")] = told
        return Views(None if price is None else self._worth(self.book.total, price), worth, reads)

    def act(self, chain: Chain, op: Op) -> Call:
        kinds = (
            "wrap",
            "wrap",
            "unwrap",
            "transfer",
            "transferShares",
            "burn",
            "transfer",
            "oracle",
            "gift",
            "burn",
        )
        newer = ("burnShares", "burnShares", "unwrapShares", "setOracle")
        kind = (kinds if self._audited else (*kinds, *newer))[
            op.kind % (len(kinds) + 4 * (not self._audited))
        ]
        beside = {"oracle": self._steer, "setOracle": self._switch, "gift": self._gift}
        return beside[kind](chain, op) if kind in beside else self._shift(chain, kind, op)

    def _switch(self, chain: Chain, op: Op) -> Call:
        before, self.oracle = self.oracle, self.oracles[op.extra % len(self.oracles)]
        chain.emit(TOKEN, "OracleSet(address,address)", [before.address, self.oracle.address])
        return call(ADMIN, TOKEN, "setOracle(address)", self.oracle.address)

    def _gift(self, chain: Chain, op: Op) -> Call:
        """Send the wrapped token to the wrapper without wrapping it."""
        self._log(chain, WRAPPED, op.account, TOKEN, op.amount(10**18))
        return call(op.account, WRAPPED, "transfer(address,uint256)", TOKEN, 0)

    def _shift(self, chain: Chain, kind: str, op: Op) -> Call:
        price = self.oracle.price(chain.now)
        held = self.book.of[op.account]
        by_shares = kind in ("transferShares", "burnShares", "unwrapShares")
        amount = op.amount(held if by_shares else 10**20 if kind == "wrap" else self._worth(held, price))
        if kind == "wrap":
            return self._wrap(chain, op.account, amount, price)
        require(by_shares or price)
        shares = amount if by_shares else amount * ONE * SHARES // price
        if kind in ("transfer", "transferShares"):
            self.book.move(op.account, op.other, shares)
            logged = self._worth(shares, price) if by_shares else amount
            logs = [lambda: self._log(chain, TOKEN, op.account, op.other, logged)]
            logs.insert(0 if by_shares else 1, lambda: self._shares(chain, op.account, op.other, shares))
            for log in logs:
                log()
            return call(op.account, TOKEN, f"{kind}(address,uint256)", op.other, amount)
        if self._audited:
            return self._burn_audited(chain, kind, op.account, (amount, shares), price)
        return self._burn(chain, kind, op.account, (amount, shares), price)

    def _wrap(self, chain: Chain, account: str, amount: int, price: int) -> Call:
        require(amount)
        self.book.move(ZERO, account, amount * SHARES)
        logged = amount if self._audited else amount * SHARES
        self._log(chain, WRAPPED, account, TOKEN, amount)
        self._log(chain, TOKEN, ZERO, account, self._worth(logged, price))
        self._shares(chain, ZERO, account, logged)
        return call(account, TOKEN, "wrap(uint256)", amount)

    def _burn(self, chain: Chain, kind: str, account: str, asked: tuple[int, int], price: int) -> Call:
        amount, shares = asked
        require(shares >= SHARES or (kind == "burnShares" and shares))
        self.book.move(account, ZERO, shares)
        if kind == "burnShares":
            self._shares(chain, account, ZERO, shares)
            if shares >= SHARES:
                self._log(chain, WRAPPED, TOKEN, ADMIN, shares // SHARES)
                self._log(chain, TOKEN, account, ZERO, self._worth(shares, price))
            return call(ADMIN, TOKEN, "burnShares(address,uint256)", account, shares)
        if kind == "burn":
            self._log(chain, WRAPPED, TOKEN, ADMIN, shares // SHARES)
            self._log(chain, TOKEN, ZERO, ADMIN, self._worth(shares, price))
            self._shares(chain, account, ZERO, shares)
            return call(ADMIN, TOKEN, "burn(address,uint256)", account, amount)
        self._log(chain, WRAPPED, TOKEN, account, shares // SHARES)
        self._log(chain, TOKEN, account, ZERO, amount if kind == "unwrap" else self._worth(shares, price))
        self._shares(chain, account, ZERO, shares)
        return call(account, TOKEN, f"{kind}(uint256)", amount)

    def _burn_audited(
        self, chain: Chain, kind: str, account: str, asked: tuple[int, int], price: int
    ) -> Call:
        amount, shares = asked
        require(kind == "burn" or shares >= SHARES)
        self.book.move(account, ZERO, shares)
        worth = self._worth(shares, price)
        chain.emit(TOKEN, "SharesBurnt(address,uint256,uint256,uint256)", [account], [worth, worth, shares])
        self._log(chain, WRAPPED, TOKEN, ADMIN if kind == "burn" else account, shares // SHARES)
        chain.emit(TOKEN, "TokensBurnt(address,uint256)", [account], [amount])
        if kind == "burn":
            return call(ADMIN, TOKEN, "burn(address,uint256)", account, amount)
        return call(account, TOKEN, "unwrap(uint256)", amount)

    def _log(self, chain: Chain, contract: str, sender: str, receiver: str, amount: int) -> None:
        chain.emit(contract, "Transfer(address,address,uint256)", [sender, receiver], [amount])

    def _shares(self, chain: Chain, sender: str, receiver: str, shares: int) -> None:
        chain.emit(TOKEN, "TransferShares(address,address,uint256)", [sender, receiver], [shares])

    def _steer(self, chain: Chain, op: Op) -> Call:
        """Do something to one of the oracles, in force or not."""
        oracle = self.oracles[op.who % len(self.oracles)]
        if isinstance(oracle, RateOracle):
            oracle.set(chain, self.PRICES[op.extra % len(self.PRICES)])
            return call(ADMIN, oracle.address, "setPrice(int256)", 0)
        rate = self.RATES[op.extra % len(self.RATES)]
        last = oracle.ranges[-1]
        if op.whom == 0:
            oracle.toggle(chain)
        elif op.whom == 1:
            index = op.size % len(oracle.ranges)
            start, end, _, close = oracle.ranges[index]
            shift = (0, 0, 3_600, -DAY)[op.size // 4 % 4]
            oracle.override(chain, index, [start + max(shift, 0), end + min(shift, 0), rate, close * 3 // 2])
        else:
            oracle.set(chain, last[1] + (DAY, 5 * DAY, 30 * DAY, 40_000)[op.size % 4], rate)
        return call(ADMIN, oracle.address, "setRange(uint256,uint256)", 0, 0)
