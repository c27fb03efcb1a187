"""Random ledgers: the metrics against the same figures reckoned row by row in plain Python.

Every ledger is a token of its own, and all of them are computed at once.
"""

import random
from collections import defaultdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest
from metrics_kit import EXACT, SHORT, address, full, moment, plain_supply, shown, tokens, transfer

from indexer.ledger.values import ZERO
from indexer.metrics.answers import Question, balances, holders, nav, supply
from indexer.metrics.runner import Break, audit, compute

DECIMALS = 18
FIRST = moment("2024-01-01")
EVER = moment("9999-12-31")
DAYS = 25
ESCROW = address("e")
FLOAT = address("f")
BURNER = address("d")
OMNIBUS = address("b")
BURNER_SINCE = moment("2024-01-10T12:00:00")
REGISTRY = [
    {"entity": entity, "wallet": address(letter), "from_block": start, "to_block": end}
    for entity, letter, start, end in (
        ("1", "a", 0, None), ("1", "c", 50_000, None), ("1", "1", 0, 90_000), ("2", "2", 0, None), ("2", "3", 0, None),
    )
]  # fmt: skip
KINDS = ("plain", "shares", "rate")
METHODS = ("nav", "multiplier", "distribution")
AT_BLOCKS = 7
"""The seed of the ledgers that are asked at single blocks."""
PEOPLE = [address(letter) for letter in "abcdef123456789"]


class Book:
    """A token reckoned row by row: who holds how many units, the totals, and the rate that makes a balance.

    *kind* is plain (a unit is a base unit), shares (the rate is supply over units) or rate (the contract has
    its own numerator, denominator and addend, and totalSupply is the rate of all units).
    """

    def __init__(self, kind: str, rng: random.Random) -> None:
        self.kind, self.rng = kind, rng
        self.held: dict[str, int] = defaultdict(int)
        self.asked: dict[str, int] = defaultdict(int)
        self.units, self.supply = 0, 0
        self.rate = (3, 2, 1) if kind == "rate" else (1, 1, 0)

    def balance(self, units: int) -> int:
        numerator, denominator, addend = self.rate
        return (units * numerator + addend) // denominator

    def units_for(self, raw: int) -> int:
        numerator, denominator, _ = self.rate
        return raw if self.kind == "plain" else raw * denominator // numerator

    def settle(self, asked: int) -> tuple[int, int]:
        """Return the supply before, and what is booked where *asked* base units were minted or burned."""
        before = self.supply
        if self.kind == "rate":
            self.supply = self.balance(self.units)
            return before, asked
        self.supply += asked
        if self.kind == "shares":
            self.rate = (self.supply, self.units, 0) if self.units else (1, 1, 0)
        return before, asked

    def step(self) -> int:
        """Move the rate; return the change of supply."""
        before = self.supply
        if self.kind == "rate":
            numerator, denominator, _ = self.rate
            change = self.rng.choice([(101, 100), (99, 100), (7, 3), (10**18 + 1, 10**18)])
            self.rate = (
                numerator * change[0],
                denominator * change[1],
                self.rng.choice([0, denominator * change[1] // 2]),
            )
            if self.rate[0] > 10**30:
                self.rate = (10**18 + 7, 10**18, 5 * 10**17)
            self.supply = self.balance(self.units)
        else:
            self.supply += self.rng.choice([self.supply // 50, -(self.supply // 3), 1, -1])
            self.rate = (self.supply, self.units, 0)
        return self.supply - before

    @property
    def least(self) -> int:
        numerator, denominator, addend = self.rate
        return max(1, -(-(denominator - addend) // numerator)) if numerator > 0 else 1


def ledger(seed: int, kind: str) -> tuple[list[dict], list[dict], list[dict]]:
    """Return random transfers, supply changes and rebases of one token."""
    rng = random.Random(seed)
    book = Book(kind, rng)
    entries, changes, rebases = [], [], []
    for number, seconds in enumerate(sorted(rng.sample(range(DAYS * 86400 - 1), 220))):
        place = {
            "block_number": seconds // 12 + 1,
            "block_time": FIRST + timedelta(seconds=seconds),
            "log_index": number,
        }
        weights = [3, 2, 6, 0 if kind == "plain" else 2]
        what = rng.choices(["mint", "burn", "move", "rebase"], weights)[0]
        owners = [who for who, units in book.held.items() if units > 0]
        asked = 0
        if what == "rebase" and book.units:
            amount = tokens(Decimal(book.step()), DECIMALS)
            rebases.append(full("rebases", {"effective_at": place["block_time"], "amount": amount}))
            before = book.supply
        elif what in {"mint", "rebase"} or not owners:
            what, entry, asked = "mint", *minted(book, rng)
            before, asked = book.settle(asked)
            entries.append(place | entry)
        else:
            entry, asked = moved(book, rng, what, owners)
            before, asked = book.settle(-asked) if what == "burn" else (book.supply, 0)
            entries.append(place | entry)
        if what != "move":
            rounding = book.supply - before - asked
            bound = 1 if kind == "rate" and what != "rebase" else 0
            changes.append(change(book, place, rounding, bound))
    return [transfer(number, entry, DECIMALS) for number, entry in enumerate(entries)], changes, rebases


def minted(book: Book, rng: random.Random) -> tuple[dict, int]:
    """Mint to somebody; return the entry and its base units."""
    who, raw = rng.choice(PEOPLE), rng.choice([1, 2, 7, 10**18, 10**30 + 1])
    units = book.units_for(raw)
    booked = book.balance(units) if book.kind == "rate" else raw
    book.held[who] += units
    book.units += units
    entry = {"from_address": ZERO, "to_address": who, "effect": "mint", "reason": "issuance"}
    return entry | {"amount_raw": Decimal(booked), "units": Decimal(units)}, booked


def reason_of(rng: random.Random, who: str, to: str) -> str:
    """Return what an entry is called: most of what goes to the escrow is a request, and most comes back as one."""
    if to == ZERO:
        return "redemption"
    if to == ESCROW and who != ESCROW and rng.random() < 0.9:
        return "escrow_in"
    return "escrow_out" if who == ESCROW and rng.random() < 0.9 else "transfer"


def moved(book: Book, rng: random.Random, what: str, owners: list[str]) -> tuple[dict, int]:
    """Move or burn what somebody holds; return the entry and its base units.

    What leaves the escrow is mostly settled for somebody who asked; some of it nobody is named for.
    """
    who = rng.choice(owners)
    units = rng.choice([book.held[who], book.held[who] // 3, min(book.held[who], 1)])
    to = ZERO if what == "burn" else rng.choice(PEOPLE)
    entry: dict = {"from_address": who, "to_address": to, "effect": what, "reason": reason_of(rng, who, to)}
    claimants = sorted(name for name, claim in book.asked.items() if claim)
    if who == ESCROW and claimants and rng.random() < 0.95:
        entry["party"] = rng.choice(claimants)
        units = min(book.held[who], rng.choice([book.asked[entry["party"]], book.asked[entry["party"]] // 2]))
        book.asked[entry["party"]] -= units
    if entry["reason"] == "escrow_in":
        book.asked[who] += units
    raw = book.balance(units)
    book.held[who] -= units
    if what == "burn":
        book.units -= units
    else:
        book.held[to] += units
    return entry | {"amount_raw": Decimal(raw), "units": Decimal(units)}, raw


def change(book: Book, place: dict, rounding: int, bound: int) -> dict:
    """Return the row of supply_changes that stands after an entry or a step."""
    numerator, denominator, addend = map(Decimal, book.rate)
    return full(
        "supply_changes",
        {
            "effective_at": place["block_time"],
            "block_number": place["block_number"],
            "log_index": place["log_index"],
            "units": Decimal(book.units),
            "supply_raw": Decimal(book.supply),
            "supply": tokens(Decimal(book.supply), DECIMALS),
            "numerator": numerator,
            "denominator": denominator,
            "addend": addend,
            "min_units": Decimal(book.least),
            "rounding": Decimal(rounding),
            "rounding_bound": Decimal(bound),
        },
    )


Rows = list[dict]


class Ledger(NamedTuple):
    """What one token is reckoned from, and all rows of the inputs that the metrics get of it."""

    entries: Rows
    changes: Rows
    inputs: dict[str, Rows]


class World:
    """The metrics of every ledger by the name of its token, computed together."""

    def __init__(self, ledgers: dict[str, Ledger]) -> None:
        given: dict[str, Rows] = defaultdict(list)
        for token, one in ledgers.items():
            for name, rows in one.inputs.items():
                given[name] += [row | {"token": token} for row in rows]
        self.ledgers = ledgers
        self.con = shown(given)
        self._made = {name: made.to_pylist() for name, made in compute(self.con)}
        self._breaks = audit(self.con)

    def rows(self, token: str, name: str) -> Rows:
        return [row for row in self._made[name] if row["token"] == token]

    def breaks(self, token: str) -> list[Break]:
        return [found for found in self._breaks if found.token == token]


@pytest.fixture(scope="module")
def world() -> World:
    """Random ledgers of each kind, random prices over plain ones, and what tokens earn by each method."""
    every = {f"{kind}-{seed}": booked(seed, kind) for kind in KINDS for seed in (*range(6), AT_BLOCKS)}
    every |= {f"nav-{seed}": priced(seed) for seed in range(6)}
    every |= {f"{method}-yield-{seed}": earning(seed, method) for method in METHODS for seed in range(4)}
    return World(every)


def derived(days: int) -> dict:
    """Return how far a token is derived: so many days, at a block of the chain that all tokens share."""
    frontier = {"frontier_time": FIRST + timedelta(days=days), "frontier_block": days * 86_400 // 12 + 1}
    return full("derivations", frontier)


def booked(seed: int, kind: str) -> Ledger:
    entries, changes, rebases = ledger(seed, kind)
    if kind == "plain":
        changes = plain_supply(entries, DECIMALS)
    rows = {
        "transfers": entries,
        "supply_changes": changes,
        "rebases": rebases,
        "derivations": [derived(DAYS)],
        "deployments": [full("deployments", {"decimals": DECIMALS})],
        "entity_wallets": [full("entity_wallets", wallet) for wallet in REGISTRY],
        "address_roles": [
            full("address_roles", {"address": ESCROW, "role": "escrow"}),
            full("address_roles", {"address": FLOAT, "role": "issuer_float"}),
            full("address_roles", {"address": BURNER, "role": "burner", "from_time": BURNER_SINCE}),
            full("address_roles", {"address": OMNIBUS, "role": "omnibus"}),
        ],
    }
    return Ledger(entries, changes, rows)


class Stand(NamedTuple):
    """Holders' units, total units, supply and rate at a moment, reckoned row by row."""

    held: dict[str, int]
    total: int
    supply_raw: int
    rate: tuple[int, int, int]

    def balance(self, units: int) -> int:
        numerator, denominator, addend = self.rate
        return (units * numerator + addend) // denominator


def stand(entries: list[dict], changes: list[dict], moment: datetime) -> Stand:
    """Return what stands after the rows up to *moment*."""
    held: dict[str, int] = defaultdict(int)
    for entry in entries:
        if entry["block_time"] <= moment:
            if entry["effect"] != "mint":
                held[entry["from_address"]] -= int(entry["units"])
            if entry["effect"] != "burn":
                held[entry["to_address"]] += int(entry["units"])
    past = [change for change in changes if change["effective_at"] <= moment]
    if not past:
        return Stand(held, 0, 0, (1, 1, 0))
    last = past[-1]
    rate = (int(last["numerator"]), int(last["denominator"]), int(last["addend"]))
    return Stand(held, int(last["units"]), int(last["supply_raw"]), rate)


def claims(entries: list[dict], moment: datetime, held: dict[str, int]) -> dict[str, int]:
    """Return the units that requesters have behind the escrow; none where it holds less than they claim."""
    found: dict[str, int] = defaultdict(int)
    for entry in entries:
        if entry["block_time"] > moment:
            break
        units, party = int(entry["units"]), entry["party"]
        who = party or (entry["to_address"] if entry["from_address"] == ESCROW else entry["from_address"])
        if entry["reason"] == "escrow_in":
            found[who] += units
        elif entry["from_address"] == ESCROW and (
            entry["reason"] == "escrow_out" or (entry["effect"] == "burn" and party)
        ):
            found[who] = max(found[who] - units, 0)
    found.pop(ESCROW, None)
    return dict(found) if sum(found.values()) <= held[ESCROW] else {}


def in_raw(amount: Decimal) -> int:
    return int(amount.scaleb(DECIMALS, EXACT))


def in_tokens(raw: int) -> Decimal:
    return Decimal(raw).scaleb(-DECIMALS, EXACT)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_daily_supply_and_holders_are_those_of_plain_python(seed: int, kind: str, world: World):
    """Supply, what circulates, addresses, holders, entered and exited of every day are counted row by row."""
    token = f"{kind}-{seed}"
    entries, changes, _ = world.ledgers[token]
    counts = {row["day"]: row for row in world.rows(token, "holders_daily") if row["chain_id"] != "all"}
    before: set[str] = set()
    days = [row for row in world.rows(token, "supply_daily") if row["coverage"] == "full"]
    assert len(days) >= DAYS - 1
    for row in days:
        close = datetime.combine(row["day"], datetime.max.time())
        at = stand(entries, changes, close)
        now = {who for who, units in at.held.items() if units and at.balance(units) >= 1}
        own = {FLOAT, BURNER} if close >= BURNER_SINCE else {FLOAT}
        outside = at.supply_raw - sum(at.balance(at.held[who]) for who in own if at.held[who])
        assert (row["supply"], row["circulating"]) == (in_tokens(at.supply_raw), in_tokens(outside))
        behind = claims(entries, close, at.held)
        asked = {who for who, units in behind.items() if units and at.balance(units) >= 1}
        wanted = {
            "addresses": len(now),
            "holders": len((now | asked) - own - {ESCROW}),
            "entered": len(now - before),
            "exited": len(before - now),
        }
        assert {name: counts[row["day"]][name] for name in wanted} == wanted
        before = now


def concentration(weights: list[int]) -> dict[str, Fraction | int]:
    """Return the figures of concentration of weights above zero, pair by pair for the Gini coefficient."""
    large, whole = sorted(weights, reverse=True), sum(weights)
    figures: dict[str, Fraction | int] = {
        f"top{top}_share": Fraction(sum(large[:top]), whole) for top in (1, 5, 10, 50)
    }
    apart = sum(abs(one - other) for one in weights for other in weights)
    figures["hhi"] = sum(Fraction(weight, whole) ** 2 for weight in weights)
    figures["gini"] = Fraction(apart, 2 * len(weights) * whole)
    figures["nakamoto"] = next(n for n in range(1, len(large) + 1) if 2 * sum(large[:n]) > whole)
    return figures


def owners(weights: dict[str, int], entries: list[dict], close: datetime) -> set[str]:
    """Return whom the wallets belong to, as the registry had it at the last entry."""
    newest = max(entry["block_number"] for entry in entries if entry["block_time"] <= close)
    joined = {
        told["wallet"]: told["entity"]
        for told in REGISTRY
        if told["from_block"] <= newest and (told["to_block"] is None or told["to_block"] >= newest)
    }
    return {joined.get(who, who) for who in weights}


def same(row: dict, figures: dict) -> bool:
    """Return whether every figure is in the row: counts exactly, ratios to 1e-12."""
    return all(
        row[name] == figure if isinstance(figure, int) else abs(row[name] - float(figure)) <= 1e-12
        for name, figure in figures.items()
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_concentration_is_that_of_plain_python(seed: int, kind: str, world: World):
    """Shares, HHI, Gini, Nakamoto and the omnibus share of every day are reckoned holder by holder."""
    token = f"{kind}-{seed}"
    entries, changes, _ = world.ledgers[token]
    compared = 0
    for row in world.rows(token, "holders_daily"):
        close = datetime.combine(row["day"], datetime.max.time())
        at = stand(entries, changes, close)
        own = {FLOAT, ESCROW} | ({BURNER} if close >= BURNER_SINCE else set())
        behind = claims(entries, close, at.held)
        weights = {
            who: sum(
                units
                for units in (at.held.get(who, 0), behind.get(who, 0))
                if units and at.balance(units) >= 1
            )
            for who in PEOPLE
            if who not in own
        }
        weights = {who: weight for who, weight in weights.items() if weight}
        if row["coverage"] == "full" and weights:
            figures = concentration(list(weights.values()))
            held_for_others = Fraction(weights.get(OMNIBUS, 0), sum(weights.values()))
            assert same(row, figures | {"omnibus_share": held_for_others}), row["day"]
            assert row["lower_bound"] == (held_for_others > 0)
            assert row["holders"] == len(weights)
            assert row["entities"] == len(owners(weights, entries, close))
            compared += 1
    assert compared > DAYS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_balances_are_those_of_plain_python(seed: int, kind: str, world: World):
    """Every row of balance_days and balances is the contract's own integer arithmetic."""
    token = f"{kind}-{seed}"
    entries, changes, _ = world.ledgers[token]
    last = datetime.combine(date(2024, 1, 1), datetime.max.time()) + timedelta(days=DAYS - 1)
    closes = [
        (row, datetime.combine(row["day"], datetime.max.time())) for row in world.rows(token, "balance_days")
    ]
    rows = closes + [(row, EVER) for row in world.rows(token, "balances")]
    assert len(rows) > 100
    for row, close in rows:
        if close <= last or close == EVER:
            at = stand(entries, changes, close)
            units = at.held[row["holder"]]
            assert int(row["units"]) == units
            assert row["balance"] == in_tokens(at.balance(units))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_behind_the_escrow_is_that_of_plain_python(kind: str, world: World):
    """escrowed and beneficial of every holder are reckoned claim by claim; some ledger has claims that stand."""
    standing = 0
    for seed in range(6):
        entries, changes, _ = world.ledgers[f"{kind}-{seed}"]
        at = stand(entries, changes, EVER)
        behind = claims(entries, EVER, at.held)
        numerator, denominator, _ = at.rate
        worth = {who: units * numerator // denominator for who, units in behind.items()}
        standing += sum(1 for units in behind.values() if units)
        for row in world.rows(f"{kind}-{seed}", "balances"):
            own = worth.get(row["holder"], 0)
            rest = own - (sum(worth.values()) if row["holder"] == ESCROW else 0)
            assert row["escrowed"] == in_tokens(own)
            assert row["beneficial"] == in_tokens(at.balance(at.held[row["holder"]]) + rest)
    assert standing


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_no_audit_finds_a_break(seed: int, kind: str, world: World):
    """The audits hold on a random ledger that is right, roll-forward and bounds of rounding among them."""
    token = f"{kind}-{seed}"
    assert world.breaks(token) == []
    assert any(change["rounding"] for change in world.ledgers[token].changes) == (kind == "rate")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_the_circulating_roll_forward_is_that_of_plain_python(seed: int, kind: str, world: World):
    """What crosses to and from the issuer's own addresses, and what they earn, is reckoned address by address."""
    token = f"{kind}-{seed}"
    entries, changes, _ = world.ledgers[token]
    made = world.rows(token, "supply_rollforward")
    of = {(row["basis"], row["day"]): row for row in made if row["coverage"] == "full"}
    before, own_before, crossed = Stand({}, 0, 0, (1, 1, 0)), set(), 0
    for day in sorted({day for _, day in of}):
        close = datetime.combine(day, datetime.max.time())
        at, own = stand(entries, changes, close), {FLOAT, BURNER} if close >= BURNER_SINCE else {FLOAT}
        then = {who: before.balance(before.held.get(who, 0)) for who in own | own_before}
        moved = {who: net_of(entries, who, day) for who in own}
        into = sum(moved.values()) + sum(then[who] for who in own - own_before)
        earned = sum(at.balance(at.held[who]) - then[who] - moved[who] for who in own)
        total, row = of["total", day], of["circulating", day]
        assert row["float_out_in"] == in_tokens(-into)
        assert row["opening"] == in_tokens(before.supply_raw - sum(then[who] for who in own_before))
        assert row["closing"] == in_tokens(at.supply_raw - sum(at.balance(at.held[who]) for who in own))
        names = ("rebased", "rounding")
        assert sum(in_raw(total[name]) - in_raw(row[name]) for name in names) == earned
        crossed += into != 0
        before, own_before = at, own
    assert crossed > 3


def net_of(entries: list[dict], who: str, day: date) -> int:
    """Return the base units that the entries of *day* brought to *who*, less what they took."""
    net = 0
    for entry in entries:
        if entry["block_time"].date() == day:
            credited = entry["effect"] != "burn" and entry["to_address"] == who
            debited = entry["effect"] != "mint" and entry["from_address"] == who
            net += int(entry["amount_raw"]) * (credited - debited)
    return net


@pytest.mark.parametrize("kind", KINDS)
def test_answers_at_a_block_are_those_of_plain_python(kind: str, world: World):
    """Supply, what circulates, balances and address counts at a block are those of the rows up to it."""
    token, con = f"{kind}-{AT_BLOCKS}", world.con
    entries, changes, _ = world.ledgers[token]
    for entry in entries[::40]:
        block = entry["block_number"]
        at = stand(entries, changes, entry["block_time"])
        own = {FLOAT, BURNER} if entry["block_time"] >= BURNER_SINCE else {FLOAT}
        outside = at.supply_raw - sum(at.balance(at.held[who]) for who in own if at.held[who])
        (row,) = supply(con, Question((token,), at=block)).to_pylist()
        assert (int(row["units"]), row["supply"]) == (at.total, in_tokens(at.supply_raw))
        assert row["circulating"] == in_tokens(outside)
        rows = balances(con, Question((token,), at=block)).to_pylist()
        found = {row["holder"]: row for row in rows if row["units"]}
        wanted = {who: in_tokens(at.balance(units)) for who, units in at.held.items() if units}
        assert {who: row["balance"] for who, row in found.items()} == wanted
        (count,) = holders(con, Question((token,), at=block)).to_pylist()
        now = {who for who, balance in wanted.items() if balance > 0}
        asked = {
            who
            for who, units in claims(entries, entry["block_time"], at.held).items()
            if at.balance(units) >= 1
        }
        assert (count["addresses"], count["holders"]) == (len(now), len((now | asked) - own - {ESCROW}))


def test_short_names_are_columns():
    """The short names of the test tables stand for columns, none twice."""
    assert len(set(SHORT.values())) == len(SHORT)


def observations(rng: random.Random) -> list[dict]:
    """Return random prices of two contracts: late, corrected, unknown, of three kinds."""
    rows = []
    for _ in range(60):
        at = FIRST + timedelta(seconds=rng.randrange(-86400, DAYS * 86400))
        published = at + timedelta(seconds=rng.choice([0, 0, 3600, 3 * 86400]))
        unknown = rng.random() < 0.2
        rows.append(
            full(
                "navs",
                {
                    "contract": rng.choice("xy"),
                    "kind": rng.choice(["official", "transaction", "par"]),
                    "effective_at": at,
                    "published_at": published,
                    "price": None if unknown else Decimal(rng.randrange(1, 10**18)).scaleb(-17),
                    "why_null": "unknown" if unknown else None,
                },
            )
        )
    return rows


def in_force(rows: list[dict], close: datetime) -> dict | None:
    """Return the price in force: of each contract and kind its latest, then a known one, kind, date."""
    latest: dict[tuple[str, str], dict] = {}
    for row in sorted(rows, key=lambda row: (row["effective_at"], row["published_at"])):
        if max(row["effective_at"], row["published_at"]) <= close:
            latest[row["contract"], row["kind"]] = row
    order = ("official", "transaction", "par")
    best = sorted(
        latest.values(),
        key=lambda row: (row["price"] is None, order.index(row["kind"]), FIRST - row["effective_at"]),
    )
    return best[0] if best else None


def priced(seed: int) -> Ledger:
    entries, _, _ = ledger(seed, "plain")
    changes = plain_supply(entries, DECIMALS)
    rows = {
        "transfers": entries,
        "supply_changes": changes,
        "navs": observations(random.Random(seed)),
        "derivations": [derived(DAYS)],
        "deployments": [full("deployments", {"decimals": DECIMALS})],
        "address_roles": [full("address_roles", {"address": ESCROW, "role": "escrow"})],
    }
    return Ledger(entries, changes, rows)


@pytest.mark.parametrize("seed", range(6))
def test_the_nav_in_force_is_that_of_plain_python(seed: int, world: World):
    """NAV, its date, the value of every day and flow are those of the observations sorted one by one."""
    token = f"nav-{seed}"
    entries, _, inputs = world.ledgers[token]
    navs = inputs["navs"]
    made = [row for row in world.rows(token, "supply_daily") if row["coverage"] == "full"]
    for row in made:
        close = datetime.combine(row["day"], datetime.max.time())
        wanted = in_force(navs, close)
        price = wanted and wanted["price"]
        assert row["nav"] == price
        assert row["nav_effective_at"] == (wanted["effective_at"] if price else None)
        factors = None if price is None else [int(f.scaleb(18, EXACT)) for f in (row["circulating"], price)]
        value = None if factors is None else Decimal(factors[0] * factors[1] // 10**30).scaleb(-6, EXACT)
        assert row["value"] == value
        (asked,) = nav(world.con, Question((token,), at=close)).to_pylist()
        assert (asked["nav"], asked["value"]) == (row["nav"], row["value"])
    for row in world.rows(token, "flows_daily"):
        names = ("effect", "reason", "evidence")
        of = [entry for entry in entries if entry["block_time"].date() == row["day"]]
        of = [entry for entry in of if all(entry[name] == row[name] for name in names)]
        prices = [in_force(navs, entry["block_time"]) for entry in of]
        figure = None
        if all(told and told["price"] for told in prices):
            pairs = zip(of, prices, strict=True)
            exact = sum(in_raw(entry["amount"]) * in_raw(told["price"]) for entry, told in pairs)
            figure = Decimal(exact // 10**30).scaleb(-6, EXACT)
        assert row["value_usd"] == figure
    assert len({row["nav"] for row in made}) > 5
    assert world.breaks(token) == []


def earnings(rng: random.Random, method: str) -> dict[str, list[dict]]:
    """Return what a token earned in 50 days, told by prices, steps or payments: late, corrected, with gaps."""
    rows: dict[str, list[dict]] = {"navs": [], "rebases": [], "distributions": []}
    worth, split = Fraction(1), rng.randrange(14)
    for n in range(50):
        at = FIRST + timedelta(days=n, seconds=rng.randrange(86400))
        worth *= 1 + Fraction(rng.randrange(-3, 12), 10_000)
        if rng.random() < 0.3:
            continue
        price = Decimal(int(worth * 10**18)).scaleb(-18, EXACT)
        place = {"block_number": n, "block_time": at, "effective_at": at, "log_index": n}
        if method == "nav":
            late = at + timedelta(days=rng.choice([0, 0, 0, 1, 3]))
            rows["navs"].append(full("navs", place | {"price": price, "published_at": late}))
        elif method == "multiplier":
            factors = {"numerator": Decimal(int(worth * 10**30)), "denominator": Decimal(10**30)}
            kind = "split" if n == split else "accrual"
            rows["rebases"].append(full("rebases", place | factors | {"multiplier": price, "kind": kind}))
        else:
            day = (at - timedelta(days=rng.choice([0, 0, 2]))).date()
            for holder in "ab":
                units = {
                    "units": Decimal(rng.randrange(-9, 99)),
                    "basis_units": Decimal(rng.randrange(1, 10**9)),
                }
                told = {"rate": Decimal(n).scaleb(-5), "price": Decimal(3)} if n % 2 else {}
                rows["distributions"].append(
                    full("distributions", place | units | told | {"accrual_date": day, "holder": holder})
                )
    if method != "nav":
        rows["navs"] = [full("navs", {"kind": "par", "price": Decimal(2), "effective_at": FIRST})]
    return rows


def growths(rows: list[dict]) -> list[tuple[date, datetime, Fraction]]:
    """Return what payments made of one up to each accrual date, and when the first of that date came."""
    by_date: dict[date, list[dict]] = defaultdict(list)
    for row in rows:
        by_date[row["accrual_date"]].append(row)
    grown, found = Fraction(1), []
    for dated in sorted(by_date):
        paid = by_date[dated]
        if paid[0]["price"] and len({(row["rate"], row["price"]) for row in paid}) == 1:
            grown *= 1 + Fraction(paid[0]["rate"]) / Fraction(paid[0]["price"])
        else:
            held = sum(Fraction(row["basis_units"]) for row in paid)
            grown *= 1 + sum(Fraction(row["units"]) for row in paid) / held
        found.append((dated, min(row["block_time"] for row in paid), grown))
    return found


def marks(rows: dict[str, list[dict]], method: str, day: date) -> dict[date, tuple[Fraction, int]]:
    """Return the index and the breaks before it, by the date of each observation known at the close of *day*."""
    close = datetime.combine(day, datetime.max.time())
    found: dict[date, tuple[Fraction, int]] = {}
    if method == "nav":
        for row in sorted(rows["navs"], key=lambda row: (row["effective_at"], row["published_at"])):
            if row["published_at"] <= close:
                found[row["effective_at"].date()] = (Fraction(row["price"]), 0)
    elif method == "multiplier":
        breaks = 0
        for row in rows["rebases"]:
            breaks += row["kind"] == "split"
            if row["effective_at"] <= close:
                index = 2 * Fraction(row["numerator"]) / Fraction(row["denominator"])
                found[row["effective_at"].date()] = (index, breaks)
    else:
        found = {dated: (2 * one, 0) for dated, at, one in growths(rows["distributions"]) if at <= close}
    return {dated: index for dated, index in found.items() if dated >= FIRST.date()}


def yield_of(known: dict[date, tuple[Fraction, int]], start: date, end: date) -> Fraction | None:
    """Return the simple yield between two dates; None where something that is no yield lies between."""
    (after, breaks), (before, breaks_before) = known[end], known[start]
    return (after / before - 1) * 365 / (end - start).days if breaks == breaks_before else None


def earning(seed: int, method: str) -> Ledger:
    mint = {"block_number": 1, "block_time": FIRST, "effect": "mint", "amount_raw": Decimal(10**18)}
    entries = [transfer(0, mint | {"from_address": ZERO, "to_address": address("a")}, DECIMALS)]
    changes = plain_supply(entries, DECIMALS)
    rows = earnings(random.Random(seed), method) | {
        "transfers": entries,
        "supply_changes": changes,
        "derivations": [derived(52)],
        "deployments": [full("deployments", {"decimals": DECIMALS})],
        "tokens": [full("tokens", {"accrual": "distribution" if method == "distribution" else "nav"})],
    }
    return Ledger(entries, changes, rows)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(4))
def test_yields_are_those_of_plain_python(seed: int, method: str, world: World):
    """Yields of 7 and 30 days and of the last period are those of fractions, date by date, to 1e-12."""
    token = f"{method}-yield-{seed}"
    rows, made = world.ledgers[token].inputs, world.rows(token, "yields_daily")
    counted: dict[str, int] = defaultdict(int)
    for row in made[:-1]:
        known = marks(rows, method, row["day"])
        dates = sorted(known)
        assert row["observed_on"] == (dates[-1] if dates else None)
        wanted: dict[str, Fraction | None] = {"yield_7d": None, "yield_30d": None, "yield_period": None}
        for days in (7, 30):
            ends = [row["day"] - timedelta(days=back) for back in range(5)]
            pairs = [(end - timedelta(days=days), end) for end in ends]
            whole = [pair for pair in pairs if known.keys() >= set(pair)]
            wanted[f"yield_{days}d"] = yield_of(known, *whole[0]) if whole else None
        if len(dates) > 1:
            wanted["yield_period"] = yield_of(known, *dates[-2:])
        for name, figure in wanted.items():
            assert (row[name] is None) == (figure is None), (row["day"], name)
            if figure is not None:
                counted[name] += 1
                assert abs(row[name] - float(figure)) <= 1e-12
        if wanted["yield_7d"] is not None:
            compounded = (1 + float(wanted["yield_7d"] * 7 / 365)) ** (365 / 7) - 1
            assert abs(row["yield_7d_compound"] - compounded) <= 1e-12
    assert min(counted[name] for name in ("yield_7d", "yield_30d", "yield_period")) > 3
    assert world.breaks(token) == []
