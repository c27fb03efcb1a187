"""Random ledgers: the metrics against the same figures reckoned row by row in plain Python."""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from metrics_kit import EXACT, SHORT, address, full, moment, plain_supply, shown, tokens, transfer

from indexer.ledger.values import ZERO
from indexer.metrics.answers import Question, balances, holders, supply
from indexer.metrics.runner import audit, compute

DECIMALS = 18
FIRST = moment("2024-01-01")
EVER = moment("9999-12-31")
DAYS = 25
ESCROW = address("e")


def ledger(seed: int, *, rebasing: bool) -> tuple[list[dict], list[dict], list[dict]]:
    """Return random transfers, supply changes and rebases of one token: shares and supply drift apart."""
    rng = random.Random(seed)
    people = [address(letter) for letter in "abcdef123456789"]
    shares: dict[str, int] = defaultdict(int)
    total, supply_raw = 0, 0
    entries, changes, rebases = [], [], []
    moments = sorted(rng.sample(range(DAYS * 86400 - 1), 220))
    for number, seconds in enumerate(moments):
        row = {
            "block_number": seconds // 12 + 1,
            "block_time": FIRST + timedelta(seconds=seconds),
            "log_index": number,
        }
        what = rng.choices(["mint", "burn", "move", "rebase"], [3, 2, 6, 2 if rebasing else 0])[0]
        holders_now = [who for who, held in shares.items() if held > 0]
        if what == "rebase" and total:
            change = rng.choice([supply_raw // 50, -(supply_raw // 3), 1, -1])
            supply_raw += change
            rebases.append(
                full("rebases", {"effective_at": row["block_time"], "amount": tokens(Decimal(change), 18)})
            )
        elif what == "mint" or not holders_now:
            what, who = "mint", rng.choice(people)
            raw = rng.choice([1, 2, 7, 10**18, 10**30 + 1])
            units = raw if not total or not rebasing else raw * total // supply_raw
            shares[who] += units
            total, supply_raw = total + units, supply_raw + raw
            entries.append(
                {**row, "from_address": ZERO, "to_address": who, "effect": "mint", "reason": "issuance"}
            )
        elif what == "burn":
            who = rng.choice(holders_now)
            units = shares[who] if rng.random() < 0.5 else shares[who] // 2
            raw = units * supply_raw // total
            shares[who] -= units
            total, supply_raw = total - units, supply_raw - raw
            entries.append(
                {**row, "from_address": who, "to_address": ZERO, "effect": "burn", "reason": "redemption"}
            )
        else:
            who, to = rng.choice(holders_now), rng.choice(people)
            units = rng.choice([shares[who], shares[who] // 3, min(shares[who], 1)])
            raw = units * supply_raw // total
            shares[who] -= units
            shares[to] += units
            entries.append(
                {**row, "from_address": who, "to_address": to, "effect": "move", "reason": "transfer"}
            )
        if what in {"mint", "burn", "move"}:
            entries[-1] |= {"amount_raw": Decimal(raw), "units": Decimal(units)}
        if what != "move":
            least = max(1, -(-total // supply_raw)) if supply_raw > 0 else 1
            names = {
                "effective_at": row["block_time"],
                "block_number": row["block_number"],
                "log_index": number,
            }
            figures = {
                "units": Decimal(total),
                "supply_raw": Decimal(supply_raw),
                "min_units": Decimal(least),
            }
            changes.append(
                full("supply_changes", {**names, **figures, "supply": tokens(Decimal(supply_raw), 18)})
            )
    made = [transfer(number, entry, DECIMALS) for number, entry in enumerate(entries)]
    return made, changes, rebases


def connection(seed: int, *, rebasing: bool):
    entries, changes, rebases = ledger(seed, rebasing=rebasing)
    if not rebasing:
        changes = plain_supply(entries, DECIMALS)
    frontier = FIRST + timedelta(days=DAYS)
    rows = {
        "transfers": entries,
        "supply_changes": changes,
        "rebases": rebases,
        "derivations": [full("derivations", {"frontier_time": frontier, "frontier_block": 10**7})],
        "deployments": [full("deployments", {"decimals": DECIMALS})],
        "address_roles": [full("address_roles", {"address": ESCROW, "role": "escrow"})],
    }
    return shown(rows), entries, changes


def stand(entries: list[dict], changes: list[dict], moment: datetime) -> tuple[dict[str, int], int, int]:
    """Return holders' units, total units and supply of the rows up to *moment*, reckoned row by row."""
    held: dict[str, int] = defaultdict(int)
    for entry in entries:
        if entry["block_time"] <= moment:
            if entry["effect"] != "mint":
                held[entry["from_address"]] -= int(entry["units"])
            if entry["effect"] != "burn":
                held[entry["to_address"]] += int(entry["units"])
    past = [change for change in changes if change["effective_at"] <= moment]
    return held, int(past[-1]["units"]) if past else 0, int(past[-1]["supply_raw"]) if past else 0


@pytest.mark.parametrize("rebasing", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_daily_supply_and_holders_are_those_of_plain_python(seed: int, rebasing: bool):
    """Supply, addresses, holders, entered and exited of every day are those counted row by row."""
    con, entries, changes = connection(seed, rebasing=rebasing)
    made = dict(compute(con))
    counts = {row["day"]: row for row in made["holders_daily"].to_pylist() if row["chain_id"] != "all"}
    before: set[str] = set()
    days = [row for row in made["supply_daily"].to_pylist() if row["coverage"] == "full"]
    assert len(days) >= DAYS - 1
    for row in days:
        close = datetime.combine(row["day"], datetime.max.time())
        held, total, supply_raw = stand(entries, changes, close)
        now = {who for who, units in held.items() if units and units * supply_raw // total >= 1}
        assert row["supply"] == Decimal(supply_raw).scaleb(-DECIMALS, EXACT)
        assert (
            counts[row["day"]]
            | {
                "addresses": len(now),
                "holders": len(now - {ESCROW}),
                "entered": len(now - before),
                "exited": len(before - now),
            }
            == counts[row["day"]]
        )
        before = now


@pytest.mark.parametrize("rebasing", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_balances_are_those_of_plain_python(seed: int, rebasing: bool):
    """Every row of balance_days and balances is the contract's own integer arithmetic."""
    con, entries, changes = connection(seed, rebasing=rebasing)
    made = dict(compute(con))
    last = datetime.combine(date(2024, 1, 1), datetime.max.time()) + timedelta(days=DAYS - 1)
    closes = [
        (row, datetime.combine(row["day"], datetime.max.time())) for row in made["balance_days"].to_pylist()
    ]
    rows = closes + [(row, EVER) for row in made["balances"].to_pylist()]
    assert len(rows) > 100
    for row, close in rows:
        if close <= last or close == EVER:
            held, total, supply_raw = stand(entries, changes, close)
            units = held[row["holder"]]
            assert int(row["units"]) == units
            raw = units if total == supply_raw else units * supply_raw // total
            assert row["balance"] == Decimal(raw).scaleb(-DECIMALS, EXACT)


@pytest.mark.parametrize("rebasing", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_no_audit_finds_a_break(seed: int, rebasing: bool):
    """The audits hold on a random ledger that is right."""
    con, _, _ = connection(seed, rebasing=rebasing)
    list(compute(con))
    assert audit(con) == []


@pytest.mark.parametrize("rebasing", [False, True])
def test_answers_at_a_block_are_those_of_plain_python(rebasing: bool):
    """Supply, balances and address counts at a block are those of the rows up to it."""
    con, entries, changes = connection(7, rebasing=rebasing)
    for entry in entries[::40]:
        at = entry["block_number"]
        held, total, supply_raw = stand(entries, changes, entry["block_time"])
        (row,) = supply(con, Question(("t",), at=at)).to_pylist()
        assert (int(row["units"]), row["supply"]) == (total, Decimal(supply_raw).scaleb(-DECIMALS, EXACT))
        found = {row["holder"]: row for row in balances(con, Question(("t",), at=at)).to_pylist()}
        wanted = {
            who: Decimal(units if total == supply_raw else units * supply_raw // total).scaleb(
                -DECIMALS, EXACT
            )
            for who, units in held.items()
            if units
        }
        assert {who: row["balance"] for who, row in found.items()} == wanted
        (count,) = holders(con, Question(("t",), at=at)).to_pylist()
        assert count["addresses"] == sum(1 for balance in wanted.values() if balance > 0)


def test_short_names_are_columns():
    """The short names of the test tables stand for columns, none twice."""
    assert len(set(SHORT.values())) == len(SHORT)
