"""Small transactions for the tests of the reason rules; events take the names of the ABI files."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import NamedTuple

from indexer.decode.abi import Argument, load_family
from indexer.ledger.holdings import UNKNOWN, Holdings, Minted
from indexer.ledger.reasons import classify
from indexer.ledger.values import ZERO, Call, Context, Entry, Event, Tx, Verdict

TOKEN, OTHER = "0x" + "77" * 20, "0x" + "88" * 20
ALICE, BOB, CAROL, ADMIN = ("0x" + pair * 20 for pair in ("a1", "b0", "ca", "ad"))
HASH = "0x" + "5e" * 32
NOON = 1_700_000_000
EVERY = (
    "superstate_token", "superstate_redemption", "stbt", "wstbt", "tbill_vault",
    "dstoken", "securitize_bridge", "securitize_ramp",
    "ondo_manager", "ondo_cash_manager", "ondo_instant_manager", "ondo_bridge", "layerzero_oft", "ondo_gm",
    "rousg", "usdy", "ousg", "mtoken", "usdo", "usdo_express", "erc4626", "erc20", "backed_ccip", "franklin_token",
    "franklin_transfer_agent", "maple_pool", "maple_pool_manager", "maple_queue", "maple_cyclical",
    "ccip_pool", "swarm_dotc_manager", "swarm_dotc_v1", "swarm_dotc_v2", "swarm_escrow_v2",
)  # fmt: skip
BLANKS = {"address": ZERO, "string": "", "bytes": b"", "bytes32": bytes(32), "bool": False}


class Leg(NamedTuple):
    """An entry that has no row yet."""

    at: int
    sender: str
    receiver: str
    amount: int | None
    effect: str


def mint(at: int, to: str, amount: int | None) -> Leg:
    return Leg(at, ZERO, to, amount, "mint")


def burn(at: int, of: str, amount: int | None) -> Leg:
    return Leg(at, of, ZERO, amount, "burn")


def move(at: int, sender: str, receiver: str, amount: int | None) -> Leg:
    return Leg(at, sender, receiver, amount, "move")


def log(at: int, name: str, contract: str = TOKEN, **given: object) -> Event:
    """Return an event of the ABI files; a trailing underscore spells an argument that Python reserves."""
    values = {key.removesuffix("_") if key == "from_" else key: value for key, value in given.items()}
    for specs in load_family(EVERY).events.values():
        for spec in specs:
            if spec.name == name and values.keys() <= {a.name for a in spec.arguments}:
                return Event(
                    contract, at, name, {a.name: values.get(a.name, _blank(a)) for a in spec.arguments}
                )
    raise AssertionError(f"no ABI file has {name} with {sorted(values)}")


def _blank(argument: Argument) -> object:
    return BLANKS.get(argument.type, 0)


def transaction(*parts: Leg | Event, call: Call | None = None, token: str = TOKEN) -> Tx:
    legs = [part for part in parts if isinstance(part, Leg)]
    entries = tuple(
        Entry(i, token, x.at, x.sender, x.receiver, x.amount, x.effect, x.amount) for i, x in enumerate(legs)
    )
    events = tuple(part for part in parts if isinstance(part, Event))
    return Tx(HASH, 100, NOON, 0, entries, events, call)


def context(
    reasons: str,
    defaults: Mapping[str, str] | None = None,
    roles: Mapping[str, str] | None = None,
    *,
    kind: str = "native",
    accrual: str = "plain",
    wraps: str | None = None,
    events: tuple[str, ...] = EVERY,
    opened: tuple[Event, ...] = (),
    held: Mapping[str, int] | None = None,
    day: tuple[Minted, ...] = (),
) -> Context:
    """Return a context. *roles* gives an address its roles, with spaces between; *held* what it held before;
    *day* are the other mints of the day, *opened* the offers made before."""
    known = {address: frozenset(names.split()) for address, names in (roles or {}).items()}
    pairs = [SimpleNamespace(address=a, role=name) for a, names in known.items() for name in sorted(names)]
    return Context(
        SimpleNamespace(
            reasons=reasons, defaults=defaults or {}, accrual=accrual, wraps=wraps, events=events
        ),
        SimpleNamespace(chain_id="eip155:1", address=TOKEN, kind=kind, roles=tuple(pairs)),
        lambda address, _time: known.get(address, frozenset()),
        UNKNOWN if held is None else Holdings(lambda address, _row: held.get(address, 0), lambda _day: day),
        {(event.contract, event.args["offerId"]): event for event in opened},
    )


def verdicts(
    reasons: str,
    *parts: Leg | Event,
    call: Call | None = None,
    roles: Mapping[str, str] | None = None,
    token: str = TOKEN,
    **known: object,
) -> list[Verdict]:
    """Return the verdicts where whoever was asked for the transaction's call gave *call*."""
    got = classify(transaction(*parts, call=call, token=token), context(reasons, roles=roles, **known))
    assert got is not None
    return got


def asks(reasons: str, *parts: Leg | Event, roles: Mapping[str, str] | None = None, **known: object) -> bool:
    """Return whether the rules want the transaction's call before they answer."""
    tx = transaction(*parts)._replace(asked=False)
    return classify(tx, context(reasons, roles=roles, **known)) is None


def said(reasons: str, *parts: Leg | Event, **rest: object) -> list[tuple[str, str]]:
    """Return (reason, evidence) of each entry."""
    return [(v.reason, v.evidence) for v in verdicts(reasons, *parts, **rest)]
