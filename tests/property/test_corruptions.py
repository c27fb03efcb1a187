"""Logs that are missing, changed or cannot be read: no figure behind them is wrong where the token's own logs
or reads can tell.

What cannot be noticed from logs alone, and is left to the certificate: of a plain token and of USDO any missing
log, for nothing else tells it (unless more is burned than minted); of each other token a movement both of whose
logs are missing, a missing switch or price of an oracle until shares next move for an amount, a missing
RebasingRateUpdated until the next TxShares; of STBT a missing InterestsDistributed until the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from backed_model import AutoFee
from driven import PLANS, STEADY, Driven, Plan, drive
from dstoken_model import DsToken
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st
from ledger_kit import TOKEN
from model_kit import ONE
from ondo_models import RANGE_ORACLE, RATE_ORACLE, RangeOracle, RateOracle, Rebasing
from played import DAY, GENESIS, Chain, assert_never_wrong, play
from share_models import Plain, Stbt, Usdo

from indexer.floor.spans import BlockRef

Row = Mapping[str, object]


def topic(signature: str) -> bytes:
    return keccak(signature.encode())


TRANSFER = topic("Transfer(address,address,uint256)")
SHARES = topic("TransferShares(address,address,uint256)")
TX_SHARES = topic("TxShares(address,address,uint256,uint256)")
SERVICE = topic("DSServiceSet(uint256,address)")
RATE_SET = topic("RebasingRateUpdated(uint256,uint256)")


def rousg() -> Rebasing:
    return Rebasing(RateOracle(105 * ONE), RangeOracle(GENESIS - 10 * DAY, 12, ONE * 10**9, ONE))


MODELS: Mapping[str, Callable[[], Driven]] = {
    "plain": Plain,
    "stbt": lambda: Stbt(tiny=False),
    "usdo": Usdo,
    "backed": lambda: AutoFee(GENESIS),
    "dstoken": lambda: DsToken(6),
    "rousg": rousg,
}
READS = {"stbt": ("totalSupply",), "backed": ("getCurrentMultiplier",), "rousg": ("getOUSGPrice",)}
MOVES = {"plain": (TRANSFER,), "usdo": (TRANSFER, topic("BonusMultiplier(uint256)"))}
TWINS = (TRANSFER, SHARES, TX_SHARES)
STEPS = (
    topic("MultiplierUpdated(uint256)"), topic("MultiplierScheduled(uint256,uint256)"), RATE_SET,
    topic("RWAPriceSet(int256,int256,uint256)"), topic("OracleSet(address,address)"),
    topic("RangeSet(uint256,uint256,uint256,uint256,uint256)"),
)  # fmt: skip
OURS = {bytes.fromhex(a[2:]) for a in (TOKEN, RATE_ORACLE, RANGE_ORACLE, *DsToken.PROVIDERS)}


def chosen(chain: Chain, pick: int, topics: Sequence[bytes]) -> int | None:
    """Return the position of one of the logs with *topics* of the token, its oracles or providers; a burn of
    dust is passed over, for its one log has no twin."""
    found = [
        at
        for at, row in enumerate(chain.rows)
        if row["topic0"] in topics and row["address"] in OURS and not (row["topic0"] == SHARES and few(row))
    ]
    return found[pick % len(found)] if found else None


def data_of(row: Row) -> bytes:
    data = row["data"]
    assert isinstance(data, bytes)
    return data


def few(row: Row, limit: int = 10_000) -> bool:
    return int.from_bytes(data_of(row)[:32], "big") < limit


def without(chain: Chain, at: int) -> list[Row]:
    return [row for n, row in enumerate(chain.rows) if n != at]


def with_data(chain: Chain, at: int, change: Callable[[bytes], bytes]) -> list[Row]:
    return [{**row, "data": change(data_of(row))} if n == at else row for n, row in enumerate(chain.rows)]


@pytest.mark.parametrize("name", MODELS)
@STEADY
@given(plan=PLANS, pick=st.integers(0, 99))
def test_behind_a_log_that_cannot_be_read_nothing_is_wrong(name: str, plan: Plan, pick: int) -> None:
    """A Transfer, its twin, or a step of the rate with too much data ends the ledger there, with the reason."""
    model = MODELS[name]()
    chain = drive(model, plan)
    at = chosen(chain, pick, MOVES.get(name, (*TWINS, *STEPS)))
    if at is None:
        return
    rows = with_data(chain, at, lambda data: data + b"\x01")
    made = play(chain, model, rows=rows, reads=READS.get(name, ()))
    assert_never_wrong(chain, made)
    last = made.changes[-1]
    if rows[at]["address"] == bytes.fromhex(TOKEN[2:]):
        assert last["supply_raw"] is None
        assert last["why_null"]


@pytest.mark.parametrize("name", ["stbt", "backed", "dstoken", "rousg"])
@STEADY
@given(plan=PLANS, pick=st.integers(0, 99))
def test_half_of_a_movement_is_noticed(name: str, plan: Plan, pick: int) -> None:
    """A Transfer without its shares, or shares without their Transfer, never make a wrong figure."""
    model = MODELS[name]()
    chain = drive(model, plan)
    at = chosen(chain, pick, TWINS)
    if at is not None:
        assert_never_wrong(chain, play(chain, model, rows=without(chain, at), reads=READS.get(name, ())))


@pytest.mark.parametrize("name", ["backed", "dstoken", "rousg"])
@STEADY
@given(plan=PLANS, pick=st.integers(0, 99))
def test_an_amount_that_its_shares_do_not_make_is_noticed(name: str, plan: Plan, pick: int) -> None:
    """A movement logged with a thousand times its amount contradicts the rate: nothing from there on is wrong."""
    model = MODELS[name]()
    chain = drive(model, plan)
    at = chosen(chain, pick, (TRANSFER,))
    if at is not None:
        rows = with_data(
            chain, at, lambda data: (int.from_bytes(data, "big") * 1_000 + 999).to_bytes(32, "big")
        )
        assert_never_wrong(chain, play(chain, model, rows=rows, reads=READS.get(name, ())))


@pytest.mark.parametrize("name", ["backed", "dstoken"])
@STEADY
@given(plan=PLANS, pick=st.integers(0, 99))
def test_a_missing_step_is_noticed_at_the_next_movement(name: str, plan: Plan, pick: int) -> None:
    """A step of the multiplier whose log is missing is seen where a token or more next moves: from there on the
    figures are right again, by the movement's own multiplier, or NULL. A provider that comes back is not one
    whose movements told what it missed."""
    model = MODELS[name]()
    chain = drive(model, plan)
    if sum(row["topic0"] == SERVICE and not few(row, DsToken.PROVIDER) for row in chain.rows) > 1:
        return
    at = chosen(chain, pick, STEPS[:1] if name == "backed" else (RATE_SET,))
    if at is None:
        return
    moved = next(
        (
            row["block_number"]
            for row in chain.rows[at + 1 :]
            if row["topic0"] in (SHARES, TX_SHARES) and not few(row, ONE)
        ),
        None,
    )
    if moved is None:
        return
    made = play(chain, model, rows=without(chain, at), reads=READS.get(name, ()))
    later = [block for block in chain.blocks if block.number >= int(str(moved))]
    assert_never_wrong(chain, made, blocks=later)
    assert later


def test_a_missing_log_of_usdo_cannot_be_noticed() -> None:
    """Nothing else tells a missing BonusMultiplier: the figure is wrong, and only a certificate would say so."""
    chain, model = Chain(), Usdo()
    chain.open(GENESIS + 1)
    model.deploy(chain)
    model.book.move("0x" + "00" * 20, TOKEN, ONE)
    chain.emit(TOKEN, "Transfer(address,address,uint256)", ["0x" + "00" * 20, TOKEN], [ONE])
    model.multiplier = 2 * ONE
    chain.emit(TOKEN, "BonusMultiplier(uint256)", [2 * ONE])
    chain.close(model)
    made = play(chain, model, rows=chain.rows[:-1])
    assert made.changes[-1]["supply_raw"] == ONE
    assert chain.views[BlockRef(1, "", 0).number].supply == 2 * ONE
