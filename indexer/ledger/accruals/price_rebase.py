"""Price rebase (rUSDY, rOUSG, mUSD): shares of a wrapped token times its price.

Source of the formulas: rUSDY.sol and rOUSG.sol; one base unit of the wrapped token is 10,000 shares:

    balance = shares · price // (1e18 · 10,000)      shares = amount · 1e18 · 10,000 // price

TransferShares is the ledger. Three dialects of the logs are known. The admin's burn of rOUSG logs a mint to the
admin beside the shares that left the account. burnShares logs no Transfer for dust. And the rUSDY of the 2023
audit logs a wrap 10,000 times too small, which the wrapped token's own log shows, and burns with SharesBurnt and
TokensBurnt alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence

from indexer.decode.abi import Event, Undecodable, decode_call, load_family
from indexer.ledger.accruals.oracle_turns import SHARES, oracle_turns, unreadable_steps
from indexer.ledger.accruals.scaled import Move, Steps, Story, scaled, unfit
from indexer.ledger.accruals.share_logs import Told, Twins, earliest, twins
from indexer.ledger.placed import Place, told, undecoded_row
from indexer.ledger.scene import Ledger, Needs, Scene, TxWanted
from indexer.ledger.values import ZERO

FAMILIES = ("erc20", "rousg")
_TWINS = ("Transfer", "TransferShares")
_BURNS = ("SharesBurnt", "TokensBurnt")


def price_rebase(scene: Scene) -> Ledger | Needs:
    """Return the ledger in shares, or the instants and reads without which the price is not known."""
    turns = oracle_turns(scene)
    if isinstance(turns, Needs):
        return turns
    logs, undecoded, broken = [], [], None
    names = (*_TWINS, *_BURNS)
    for place, raw, event in told(scene, [scene.deployment.address], load_family(FAMILIES), names):
        if isinstance(event, Undecodable):
            undecoded.append(undecoded_row(scene, place, raw, event.reason))
            broken = broken or (place, event.reason)
        else:
            logs.append(Told(place, raw, event))
    pairs = list(twins((log for log in logs if log.event.name in _TWINS), _is_dust))
    odd = next((pair for pair in pairs if pair.shares is None), None)
    if odd is not None and odd.transfer is not None:
        why = "a Transfer without its TransferShares"
        undecoded.append(undecoded_row(scene, odd.first, odd.transfer.raw, why))
        broken = earliest(broken, (odd.first, why))
    broken = earliest(broken, unreadable_steps(scene))
    wanted = _inputs(scene, pairs)
    if wanted:
        return Needs(transactions=wanted)
    rates = Steps(turns)
    wrapped = _Wrapped(scene)
    moves = [
        move for pair in pairs if pair.shares is not None for move in _moves(scene, pair, rates, wrapped)
    ]
    moves += list(_burns(log for log in logs if log.event.name in _BURNS))
    doubt = _first_doubt(pairs, rates)
    if doubt is not None:
        turns = [turn for turn in turns if turn.order < (doubt.time, doubt.block, doubt.log_index)]
        turns.append(unfit(scene, doubt, "price"))
    return scaled(scene, Story(moves, turns, undecoded, broken))


class _Wrapped:
    """The wrapped token's own moves into the wrapper: what a wrap really brought."""

    def __init__(self, scene: Scene) -> None:
        own = scene.deployment.address
        others = [companion.address for companion in scene.deployment.companions]
        self._brought: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for place, _, event in told(scene, others, load_family(("erc20",)), ("Transfer",)):
            if isinstance(event, Event) and event.args["to"] == own:
                brought = (place.log_index, event.number("value"))
                self._brought[place.tx_hash, event.text("from")].append(brought)

    def by(self, place: Place, account: str) -> int | None:
        """Return what the wrap of *account* logged at *place* brought: the last move before it; None where
        no log tells."""
        brought = self._brought.get((place.tx_hash, account), [])
        at = bisect_left(brought, (place.log_index, 0))
        return brought[at - 1][1] if at else None


def _is_dust(log: Told) -> bool:
    """Say whether *log* is a burn of fewer shares than pay out one base unit: it has no Transfer."""
    event = log.event
    return (
        event.name == "TransferShares" and event.args["to"] == ZERO and event.number("sharesValue") < SHARES
    )


def _is_false_mint(pair: Twins) -> bool:
    return (
        pair.transfer is not None
        and pair.shares is not None
        and (pair.transfer.event.args["from"] != pair.shares.event.args["from"])
    )


def _inputs(scene: Scene, pairs: Sequence[Twins]) -> tuple[TxWanted, ...]:
    """Return the transactions of the admin's burns: the input tells the amount, the log a recomputed one."""
    places = [pair.first for pair in pairs if _is_false_mint(pair)]
    return tuple(
        dict.fromkeys(
            TxWanted(place.block, place.block_hash, place.tx_hash, place.tx_index)
            for place in places
            if place.tx_hash not in scene.calls
        )
    )


def _asked(scene: Scene, place: Place, account: str, logged: int) -> int:
    """Return what burn(account, amount) asked for: one more than logged where the shares were cut; without
    the token's own call, what was logged."""
    call = scene.calls.get(place.tx_hash)
    if call is None or call.target != scene.deployment.address:
        return logged
    name, arguments = decode_call(load_family(FAMILIES), call.input) or ("", {})
    fits = name == "burn" and arguments["_account"] == account and arguments["_amount"] == logged + 1
    return logged + 1 if fits else logged


def _moves(scene: Scene, pair: Twins, rates: Steps, wrapped: _Wrapped) -> Iterator[Move]:
    """Yield what a TransferShares says, with the amount of its Transfer or, without one, of its rate."""
    shares, transfer = pair.shares, pair.transfer
    assert shares is not None  # noqa: S101 - the caller leaves out the others
    sender, receiver = shares.event.text("from"), shares.event.text("to")
    units = shares.event.number("sharesValue")
    if transfer is None:
        yield _priced(shares.place, sender, receiver, units, rates)
        return
    amount = transfer.event.number("value")
    if _is_false_mint(pair):
        yield Move(transfer.place, transfer.event.text("from"), transfer.event.text("to"), 0, 0, nothing=True)
        yield Move(shares.place, sender, receiver, units, _asked(scene, pair.first, sender, amount))
        return
    if sender == ZERO and units and wrapped.by(pair.first, receiver) == units:
        yield _priced(pair.first, sender, receiver, units * SHARES, rates)
        return
    yield Move(pair.first, sender, receiver, units, amount)


def _priced(place: Place, sender: str, receiver: str, units: int, rates: Steps) -> Move:
    rate = rates.at(place)
    why = "what these shares are worth is not known: the price is not" if rate is None else None
    return Move(place, sender, receiver, units, None if rate is None else rate.of(units), why=why)


def _burns(logs: Iterator[Told]) -> Iterator[Move]:
    """Yield the burns that SharesBurnt tells, each with the amount of the TokensBurnt behind it."""
    waiting: Told | None = None
    for log in logs:
        if log.event.name == "SharesBurnt":
            if waiting is not None:
                yield _burn(waiting, None)
            waiting = log
        elif waiting is not None:
            same = log.place.tx_hash == waiting.place.tx_hash
            yield _burn(waiting, log.event.number("tokensBurnt") if same else None)
            waiting = None
    if waiting is not None:
        yield _burn(waiting, None)


def _burn(log: Told, amount: int | None) -> Move:
    why = "no TokensBurnt tells the amount" if amount is None else None
    units = log.event.number("sharesAmount")
    return Move(log.place, log.event.text("account"), ZERO, units, amount, why=why)


def _first_doubt(pairs: Sequence[Twins], rates: Steps) -> Place | None:
    """Return where shares first moved that the price in force does not explain: it is not the contract's."""
    for pair in pairs:
        if pair.transfer is None or pair.shares is None:
            continue
        rate = rates.at(pair.first)
        amount, shares = pair.transfer.event.number("value"), pair.shares.event.number("sharesValue")
        if rate is not None and not rate.explains(shares, amount):
            return pair.first
    return None
