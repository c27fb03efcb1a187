"""Each accrual against a model of its contract, block by block, over random histories."""

from __future__ import annotations

import pytest
from backed_model import AutoFee
from driven import PLANS, STEADY, Plan, drive
from dstoken_model import DsToken
from hypothesis import assume, given
from model_kit import ONE
from ondo_models import RAY, RangeOracle, RateOracle, Rebasing
from played import DAY, GENESIS, Chain, assert_adds_up, assert_exact, assert_never_wrong, play
from share_models import Plain, Stbt, Usdo

MIDNIGHT = GENESIS
USDY_RATE = 1_000_133_680_000_000_000_000_000_000


@pytest.mark.parametrize("accrual", ["plain", "nav", "distribution", "erc4626"])
@STEADY
@given(plan=PLANS)
def test_a_plain_token_is_exact_from_its_logs(accrual: str, plan: Plan) -> None:
    """A unit is a base unit; a vault's bootstrap counts and stays with the zero account."""
    model = Plain(accrual, bootstrap=1_000 if accrual == "erc4626" else 0)
    chain = drive(model, plan)
    made = play(chain, model)
    assert_exact(chain, made)
    assert_adds_up(chain, made)
    assert made.asked == ()


@STEADY
@given(plan=PLANS)
def test_stbt_is_exact_with_inputs_and_the_reads_that_are_left(plan: Plan) -> None:
    """Asked amounts from the inputs; totalSupply is read only where a helper hides them."""
    model = Stbt(tiny=False)
    chain = drive(model, plan)
    made = play(chain, model, reads=("totalSupply",))
    assert_exact(chain, made)
    assert_adds_up(chain, made)


@STEADY
@given(plan=PLANS)
def test_stbt_is_never_wrong_without_inputs_or_reads(plan: Plan) -> None:
    """Without inputs an amount is solved, bounded or NULL, also where a tiny issue overwrites the supply."""
    model = Stbt(tiny=True)
    chain = drive(model, plan)
    for inputs in (True, False):
        made = play(chain, model, inputs=inputs)
        assert_never_wrong(chain, made)
        assert_adds_up(chain, made)


@STEADY
@given(plan=PLANS)
def test_usdo_is_exact_from_its_logs(plan: Plan) -> None:
    """Shares follow from the multiplier in force at each log, also inside one block."""
    model = Usdo()
    chain = drive(model, plan)
    made = play(chain, model)
    assert_exact(chain, made)
    assert_adds_up(chain, made)
    assert made.asked == ()


@pytest.mark.parametrize("fee", [0, 10**13])
@STEADY
@given(plan=PLANS)
def test_backed_auto_fee_is_exact_with_its_reads(fee: int, plan: Plan) -> None:
    """Silent fees, periods and scheduled multipliers: getCurrentMultiplier at the first block of a day."""
    model = AutoFee(MIDNIGHT, fee=fee)
    chain = drive(model, plan)
    made = play(chain, model, reads=("getCurrentMultiplier",))
    assert_exact(chain, made)
    assert_adds_up(chain, made)
    days = (chain.now - GENESIS) // DAY
    announced = sum("Scheduled" in str(row) for row in made.changes)
    assert sum(made.reads.values()) <= 2 + days + announced + len(chain.rows)


@pytest.mark.parametrize("announces", [True, False])
@STEADY
@given(plan=PLANS)
def test_backed_auto_fee_is_never_wrong_without_reads(announces: bool, plan: Plan) -> None:
    """No log tells the fee: without reads, or without a node that has the state, all is NULL with the reason."""
    model = AutoFee(MIDNIGHT, announces=announces)
    chain = drive(model, plan)
    assert_never_wrong(chain, play(chain, model))
    assert_never_wrong(chain, play(chain, model, reads=("getCurrentMultiplier",), answered=False))


@pytest.mark.parametrize("decimals", [6, 18])
@STEADY
@given(plan=PLANS)
def test_dstoken_is_exact_from_its_logs(decimals: int, plan: Plan) -> None:
    """To nearest, under changing providers; NULL until a provider is set, as the views revert."""
    model = DsToken(decimals)
    chain = drive(model, plan)
    made = play(chain, model)
    assume(made.changes)
    told = _told_providers(chain)
    assert_exact(chain, made, unknown=lambda block: not told(block))
    assert_adds_up(chain, made)
    assert made.asked == ()


def _told_providers(chain: Chain):
    """Return whether some log ever tells the multiplier of the provider in force at a block."""
    force: dict[int, bytes | None] = {}
    told: set[bytes] = set()
    provider: bytes | None = None
    rows = iter(chain.rows)
    row = next(rows, None)
    for block in chain.blocks:
        while row is not None and row["block_number"] == block.number:
            data = row["data"]
            assert isinstance(data, bytes)
            if len(data) == 64 and row["address"] in {bytes.fromhex(p[2:]) for p in DsToken.PROVIDERS}:
                told.add(row["address"])
            elif row.get("topic1") is None and int.from_bytes(data[:32], "big") == DsToken.PROVIDER:
                provider = data[44:]
            elif (
                row.get("topic1") is not None
                and len(data) == 64
                and provider is not None
                and row.get("topic2")
            ):
                told.add(provider)
            row = next(rows, None)
        force[block.number] = provider
    return lambda block: force[block.number] in told


def rousg(first: str) -> Rebasing:
    rate = RateOracle(105 * ONE)
    ranged = RangeOracle(MIDNIGHT - 10 * DAY, 12, USDY_RATE, ONE)
    return Rebasing(*((rate, ranged) if first == "rate" else (ranged, rate)))


@pytest.mark.parametrize("first", ["rate", "range"])
@STEADY
@given(plan=PLANS)
def test_rousg_is_exact_with_its_reads(first: str, plan: Plan) -> None:
    """Two oracles, switches, ranges, pauses, admin burns that log a mint and dust burned without a Transfer."""
    model = rousg(first)
    chain = drive(model, plan)
    made = play(chain, model, reads=("getOUSGPrice",))
    assert_exact(chain, made)
    assert_adds_up(chain, made)


@pytest.mark.parametrize("audited", [True, False])
@pytest.mark.parametrize("reads", [("getPrice",), ("ranges", "getPrice")])
@STEADY
@given(plan=PLANS)
def test_rusdy_is_exact_with_its_reads(audited: bool, reads: tuple[str, ...], plan: Plan) -> None:
    """One oracle of ranges, whose first range no log tells; in both dialects of the logs."""
    model = Rebasing(RangeOracle(MIDNIGHT - 10 * DAY, 12, USDY_RATE, ONE), audited=audited)
    chain = drive(model, plan)
    made = play(chain, model, reads=reads)
    assert_exact(chain, made)
    assert_adds_up(chain, made)


@pytest.mark.parametrize("reads", [(), ("ranges",), ("getPrice",)])
@STEADY
@given(plan=PLANS)
def test_price_rebase_is_never_wrong_without_a_node(reads: tuple[str, ...], plan: Plan) -> None:
    """What no log tells is NULL with the reason; what the logs tell is exact."""
    for model in (rousg("rate"), Rebasing(RangeOracle(MIDNIGHT - 10 * DAY, 12, RAY, ONE), audited=True)):
        chain = drive(model, plan)
        made = play(chain, model, reads=reads, answered=False)
        assert_never_wrong(chain, made)
        assert_adds_up(chain, made)
