"""Price rebase (rUSDY, rOUSG, mUSD): shares times an oracle's price, and the dialects of their logs."""

from __future__ import annotations

from datetime import UTC, datetime

from eth_hash.auto import keccak
from ledger_kit import ALICE, BOB, CHAIN_ID, SHARES, TOKEN, TRANSFER, deployment, scene, token, tx_hash, word

from indexer.config.model import Companion
from indexer.decode.abi import selector_of
from indexer.floor.spans import BlockRef
from indexer.ledger.accruals.price_rebase import price_rebase
from indexer.ledger.scene import Ledger, Needs, Run
from indexer.ledger.values import ZERO, Call

ONE, RAY, DAY = 10**18, 10**27, 86_400
START = 1_700_006_400
"""A midnight; block n is made n hours after it."""

RATES, RANGES, WRAPPED, ADMIN = ("0x" + pair * 20 for pair in ("a0", "a1", "0e", "ad"))
FAMILIES = {RATES: "ondo_rate_oracle", RANGES: "ondo_range_oracle", WRAPPED: "erc20"}
Row = dict[str, object]


def block(hours: int) -> BlockRef:
    return BlockRef(hours, f"0x{hours:064x}", START + 3_600 * hours)


def log(hours: int, index: int, signature: str, topics: list[int | str], *data: int, at: str = TOKEN) -> Row:
    """Return a log; what stands in one ten of indexes is one transaction."""
    heads = [keccak(signature.encode()), *map(word, topics)]
    return {
        "chain_id": CHAIN_ID,
        "block_number": hours,
        "block_hash": word(hours),
        "block_time": datetime.fromtimestamp(block(hours).time, UTC).replace(tzinfo=None),
        "tx_hash": bytes.fromhex(tx_hash(hours, index // 10)[2:]),
        "tx_index": index // 10,
        "log_index": index,
        "address": bytes.fromhex(at[2:]),
        "data": b"".join(map(word, data)),
        **dict(zip(("topic0", "topic1", "topic2"), heads, strict=False)),
    }


def amount(hours: int, index: int, sender: str, receiver: str, value: int, at: str = TOKEN) -> Row:
    assert keccak(b"Transfer(address,address,uint256)").hex() == TRANSFER
    return log(hours, index, "Transfer(address,address,uint256)", [sender, receiver], value, at=at)


def units(hours: int, index: int, sender: str, receiver: str, value: int) -> Row:
    assert keccak(b"TransferShares(address,address,uint256)").hex() == SHARES
    return log(hours, index, "TransferShares(address,address,uint256)", [sender, receiver], value)


def wrap(hours: int, index: int, base: int, worth: int) -> list[Row]:
    return [amount(hours, index, ZERO, ALICE, worth), units(hours, index + 1, ZERO, ALICE, base * 10_000)]


def price_set(hours: int, index: int, old: int, new: int) -> Row:
    return log(hours, index, "RWAPriceSet(int256,int256,uint256)", [], old, new, 0, at=RATES)


def range_set(hours: int, index: int, number: int, *one: int) -> Row:
    return log(hours, index, "RangeSet(uint256,uint256,uint256,uint256,uint256)", [number], *one, at=RANGES)


def derived(
    *rows: Row,
    until: int = 60,
    oracles: tuple[str, ...] = (RATES,),
    reads: tuple[str, ...] = (),
    prices: dict[int, int | None] | None = None,
    calls: dict[str, Call | None] | None = None,
) -> tuple[Ledger, list[int]]:
    """Return the ledger and the blocks that were read; *prices* has the answer from each hour on."""
    companions = tuple(Companion("c", a, (FAMILIES[a],), None, None) for a in (WRAPPED, *oracles))
    where = deployment(reads=reads, companions=companions)
    what = token(where, accrual="price_rebase")
    run = Run(0, block(until), holds_start=True, why_null=None)
    known: dict[tuple[int, str, bytes], int | None] = {}
    moments: dict[int, BlockRef | None] = {}
    while True:
        made = price_rebase(
            scene(*rows, run=run, where=where, what=what, reads=known, moments=moments, calls=calls)
        )
        if not isinstance(made, Needs):
            return made, sorted(number for number, _, _ in known)
        assert not made.transactions or calls is None
        calls = calls or dict.fromkeys(tx.tx_hash for tx in made.transactions)
        moments |= {at: block(-(-(at - START) // 3_600)) for at in made.moments}
        for want in made.reads:
            since = max(hour for hour in prices or {0: None} if hour <= want.block.number)
            known[want.block.number, want.address, want.call] = (prices or {0: None})[since]


def supplies(made: Ledger) -> list[int | None]:
    return [row["supply_raw"] for row in made.supply_changes.to_pylist()]


def why(made: Ledger) -> str:
    return str(made.supply_changes.to_pylist()[-1]["why_null"])


def test_shares_are_worth_the_price_that_the_oracle_logged() -> None:
    """One base unit of the wrapped token is 10,000 shares; at a price of 2 a wrap of 5 is worth 10."""
    made, read = derived(*wrap(1, 0, 5, 10), price_set(2, 0, 2 * ONE, 3 * ONE))
    assert (supplies(made)[-2:], read) == ([10, 15], [])
    assert made.entries["units"].to_pylist() == [50_000]


def test_a_price_before_the_first_log_is_the_old_one_of_that_log() -> None:
    """RWAPriceSet tells the price before it too, so what came earlier is known."""
    made, _ = derived(*wrap(1, 0, 5, 10), price_set(30, 0, 2 * ONE, 3 * ONE))
    assert made.supply_changes.to_pylist()[1]["supply_raw"] == 10


def test_an_admin_burn_that_logs_a_mint_mints_nothing() -> None:
    """Transfer(0x0 → admin) beside shares that go to 0x0: the Transfer moves nothing, the shares are burned."""
    rows = [*wrap(1, 0, 5, 10), amount(2, 0, ZERO, ADMIN, 4), units(2, 1, ALICE, ZERO, 20_000)]
    made, _ = derived(*rows, price_set(3, 0, 2 * ONE, 2 * ONE))
    told = [(r["effect"], r["units"], r["amount_raw"]) for r in made.entries.to_pylist()]
    assert told == [("mint", 50_000, 10), ("none", 0, 0), ("burn", 20_000, 4)]
    assert supplies(made)[-1] == 6


def test_dust_is_burned_without_a_transfer() -> None:
    """burnShares of fewer than 10,000 shares logs shares alone, and never takes the Transfer that follows."""
    rows = [*wrap(1, 0, 5, 10), units(2, 0, ALICE, ZERO, 9_999), *wrap(2, 1, 1, 2)]
    made, _ = derived(*rows, price_set(3, 0, 2 * ONE, 2 * ONE))
    told = [(r["effect"], r["units"], r["amount_raw"]) for r in made.entries.to_pylist()]
    assert told == [("mint", 50_000, 10), ("burn", 9_999, 1), ("mint", 10_000, 2)]


def test_a_wrap_of_the_2023_dialect_is_read_from_the_wrapped_token() -> None:
    """It logs 5 where 50,000 shares were made; the wrapped token's own move, just before, says so."""
    rows = [
        amount(1, 0, ALICE, TOKEN, 3, at=WRAPPED), amount(1, 1, ALICE, TOKEN, 5, at=WRAPPED),
        amount(1, 2, ZERO, ALICE, 0), units(1, 3, ZERO, ALICE, 5),
    ]  # fmt: skip
    made, _ = derived(*rows, price_set(2, 0, 2 * ONE, 2 * ONE))
    assert (supplies(made)[-1], made.entries["amount_raw"].to_pylist()) == (10, [10])


def test_a_burn_of_the_2023_dialect_is_sharesburnt_and_tokensburnt() -> None:
    """No Transfer is logged: SharesBurnt has the shares, TokensBurnt the amount."""
    rows = [
        *wrap(1, 0, 5, 10),
        log(2, 0, "SharesBurnt(address,uint256,uint256,uint256)", [ALICE], 4, 4, 20_000),
        log(2, 1, "TokensBurnt(address,uint256)", [ALICE], 4),
    ]
    made, _ = derived(*rows, price_set(3, 0, 2 * ONE, 2 * ONE))
    assert made.entries["effect"].to_pylist() == ["mint", "burn"]
    assert supplies(made)[-1] == 6


def test_a_range_moves_at_midnight_without_a_log_or_read() -> None:
    """A logged range doubles daily: each midnight is a step by time."""
    rows = [range_set(0, 0, 1, START, START + 9 * DAY, 2 * RAY, ONE), *wrap(1, 0, 5, 10)]
    made, read = derived(*rows, oracles=(RANGES,))
    assert (supplies(made)[1:], read) == ([10, 20, 40], [])
    assert {row["cause"] for row in made.rebases.to_pylist()} == {"time"}


def test_an_unknown_first_range_is_read_once_a_day() -> None:
    """The constructor's range is in no log: one read at the token's first log and one a midnight."""
    made, read = derived(
        *wrap(1, 0, 5, 5), oracles=(RANGES,), reads=("getPrice",), prices={0: ONE, 24: 2 * ONE, 48: 3 * ONE}
    )
    assert (supplies(made)[-3:], read) == ([5, 10, 15], [1, 24, 48])


def test_a_first_range_that_was_read_behind_the_frontier_is_read_again() -> None:
    """A log between the frontier and a later read may have overridden the range, and is not here to say so."""
    companions = tuple(Companion("c", a, (FAMILIES[a],), None, None) for a in (WRAPPED, RANGES))
    where = deployment(reads=("ranges",), companions=companions)
    what, run = token(where, accrual="price_rebase"), Run(0, block(60), holds_start=True, why_null=None)
    call = selector_of(("ondo_range_oracle",), "ranges(uint256)") + bytes(32)
    for hours, asks in ((61, True), (60, False), (2, False)):
        made = price_rebase(
            scene(*wrap(1, 0, 5, 5), run=run, where=where, what=what, reads={(hours, RANGES, call): ONE})
        )
        assert isinstance(made, Needs) == asks


def test_without_a_read_an_unknown_first_range_is_null() -> None:
    """No log tells the price, so the supply is NULL with that reason, and the shares are there."""
    made, _ = derived(*wrap(1, 0, 5, 5), oracles=(RANGES,))
    assert (supplies(made)[-1], made.entries["units"].to_pylist()) == (None, [50_000])
    assert "in no log" in why(made)


def test_a_paused_oracle_makes_the_supply_null() -> None:
    """While the oracle is paused the views revert: NULL without a read, and after it the price of then."""
    rows = [
        range_set(0, 0, 1, START, START + 9 * DAY, RAY, ONE), *wrap(1, 0, 5, 5),
        log(2, 0, "Paused(address)", [], 1, at=RANGES), log(3, 0, "Unpaused(address)", [], 1, at=RANGES),
    ]  # fmt: skip
    made, read = derived(*rows, oracles=(RANGES,), reads=("getPrice",))
    assert (supplies(made)[-3:], read) == ([5, None, 5], [])
    assert "paused" in made.supply_changes.to_pylist()[-2]["why_null"]


def test_oracleset_changes_the_price_with_its_own_log() -> None:
    """From the switch on the other oracle's price counts, and the first one's logs no longer do."""
    rows = [
        range_set(0, 0, 1, START, START + 9 * DAY, RAY, 3 * ONE), *wrap(1, 0, 5, 10), price_set(2, 0, 2 * ONE, 2 * ONE),
        log(3, 0, "OracleSet(address,address)", [RATES, RANGES]), price_set(4, 0, 2 * ONE, 9 * ONE),
    ]  # fmt: skip
    made, _ = derived(*rows, oracles=(RATES, RANGES))
    assert supplies(made)[-2:] == [10, 15]


def test_a_read_says_nothing_of_what_moved_before_the_next_log_of_its_block() -> None:
    """A wrap, then a range, in the first block of a day: the read of that block tells the price after both."""
    rows = [
        *wrap(1, 0, 5, 5), *wrap(24, 0, 1, 1),
        range_set(24, 20, 1, START + DAY, START + 9 * DAY, 2 * RAY, ONE),
    ]  # fmt: skip
    made, read = derived(
        *rows, until=30, oracles=(RANGES,), reads=("getPrice",), prices={0: ONE, 24: 2 * ONE}
    )
    assert (supplies(made)[-1], read) == (12, [1])
    assert supplies(made)[-2] is None


def test_shares_that_do_not_fit_the_price_end_the_figures() -> None:
    """A move of 5 tokens that took shares of another price: the oracle changed without a log."""
    rows = [*wrap(1, 0, 5, 10), price_set(2, 0, 2 * ONE, 2 * ONE)]
    moved = [amount(3, 0, ALICE, BOB, 5), units(3, 1, ALICE, BOB, 10_000)]
    made, _ = derived(*rows, *moved)
    assert (supplies(made)[-1], "do not fit the price" in why(made)) == (None, True)


def test_a_price_of_zero_is_a_supply_of_zero() -> None:
    """What rounds to nothing is worth nothing: the views answer 0, they do not revert."""
    made, _ = derived(*wrap(1, 0, 5, 10), price_set(2, 0, 2 * ONE, 0))
    assert supplies(made)[-1] == 0


def test_a_transfer_without_its_shares_ends_the_ledger() -> None:
    """TransferShares is the ledger: a Transfer alone cannot be held."""
    made, _ = derived(*wrap(1, 0, 5, 10), price_set(2, 0, 2 * ONE, 2 * ONE), amount(3, 0, ALICE, BOB, 2))
    assert (supplies(made)[-1], made.undecoded.num_rows) == (None, 1)
