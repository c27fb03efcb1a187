"""Wrappers, seen from both ledgers: the wrapper's mint or burn, and the move of what it wraps.

A vault (ERC-4626) tells both in its Deposit and Withdraw. A shares token over an underlying (rOUSG, rUSDY,
mUSD) tells them in TransferShares from and to the zero account, or in SharesBurnt. Both legs carry the place
of that one event as their link, on whichever ledger they stand.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.decode.abi import selector_of
from indexer.ledger.reasons.common import (
    LOG,
    OWN,
    Rule,
    Shape,
    calls_within,
    link_of,
    pair,
    party_of,
    unexplained,
    word,
)
from indexer.ledger.values import ZERO, Context, Entry, Event, Tx, Verdict

SHARES_PER_UNIT = 10_000
"""Shares of rOUSG, rUSDY and mUSD for one base unit of what they wrap; an unwrap pays it rounded down."""


def vault(platform: str) -> tuple[Rule, ...]:
    """Return the rules of an ERC-4626 vault that is a wrapper: for its own ledger, and for the underlying's."""
    return tuple(
        _leg(f"{platform}-{reason}@1", reason, shape)
        for reason, shape in (
            ("wrap", Shape("Deposit", "mint", None, "owner", "shares")),
            ("wrap", Shape("Deposit", "move", "sender", OWN, "assets", companion=True)),
            ("unwrap", Shape("Withdraw", "burn", "owner", None, "shares")),
            ("unwrap", Shape("Withdraw", "move", OWN, "receiver", "assets", companion=True)),
        )
    )


def _leg(rule: str, reason: str, shape: Shape) -> Rule:
    """Return the rule of one leg: a vault's own, or a move of the underlying that another contract tells."""

    def speak(tx: Tx, context: Context) -> Mapping[int, Verdict]:
        if not shape.companion and context.token.accrual != "erc4626":
            return {}
        return {
            i: Verdict(
                reason, rule, "event", party_of(tx.entries[i], event.text("owner")), link_of(tx, event, LOG)
            )
            for i, event in pair(tx, shape)
            if shape.companion == (event.contract != tx.entries[i].contract)
        }

    return speak


def _minted(event: Event) -> bool:
    return event.args["from"] == ZERO


def _burned(event: Event) -> bool:
    return event.args["to"] == ZERO


def _logged(event: Event) -> int:
    """Return the underlying's amount by the shares as they are logged."""
    return event.number("sharesValue") // SHARES_PER_UNIT


_IN = (
    Shape("TransferShares", "move", "to", OWN, _logged, companion=True, when=_minted),
    # The code of the 2023 audit logs shares that are too small by their factor: the underlying's own amount.
    Shape("TransferShares", "move", "to", OWN, "sharesValue", companion=True, when=_minted),
)
_OUT = (
    Shape("TransferShares", "move", OWN, None, _logged, companion=True, when=_burned),
    Shape(
        "SharesBurnt",
        "move",
        OWN,
        None,
        lambda event: event.number("sharesAmount") // SHARES_PER_UNIT,
        companion=True,
    ),
)


def shares_wrap(tx: Tx, context: Context) -> Mapping[int, Verdict]:
    """Return wrap for a mint of the shares token, and for the move that paid for it on the other ledger."""
    own = Shape("TransferShares", "mint", receiver="to", when=_minted)
    found: dict[int, Verdict] = {}
    for shape in (own, *_IN):
        for i, event in pair(tx, shape):
            if shape is own or event.contract != context.deployment.address:
                found.setdefault(i, Verdict("wrap", "shares-wrap@1", "event", None, link_of(tx, event, LOG)))
    return found


def shares_unwrap(tx: Tx, _context: Context) -> Mapping[int, Verdict] | None:
    """Return unwrap for burns whose underlying goes back to the account, forced where it goes to another.

    The admin's burn of rOUSG also logs a mint that never was; that log alone tells it too. Where no payment
    is seen (dust pays nothing), the call tells which of the two functions it was.
    """
    found: dict[int, Verdict] = {}
    for shape in _OUT:
        for i, event in pair(tx, shape):
            account = str(event.args["from" if event.name == "TransferShares" else "account"])
            found.setdefault(i, _paid(tx, event, account, tx.entries[i].to_address))
    own = (
        Shape("TransferShares", "burn", "from", when=_burned),
        Shape("SharesBurnt", "burn", "account"),
    )
    paired = [match for shape in own for match in pair(tx, shape)]
    for i, event in paired:
        entry = tx.entries[i]
        if _false_mint_of(tx, entry, len(paired)):
            found[i] = Verdict("forced", "shares-admin-burn@1", "event", None, link_of(tx, event, LOG))
        elif (payee := _payee(tx, entry)) is not None:
            found[i] = _paid(tx, event, entry.from_address, payee)
        elif not tx.asked:
            return None
        elif (verdict := _called(tx, event, entry)) is not None:
            found[i] = verdict
    return found


def false_mint(tx: Tx, _context: Context) -> Mapping[int, Verdict]:
    """Return forced for the entry of a logged mint that the contract's own state contradicts."""
    return {
        i: Verdict("forced", "ondo-false-mint@1", "event")
        for i in unexplained(tx, "none")
        if tx.entries[i].from_address == ZERO != tx.entries[i].to_address and tx.entries[i].units == 0
    }


def _paid(tx: Tx, event: Event, account: str, payee: str) -> Verdict:
    link = link_of(tx, event, LOG)
    if payee == account:
        return Verdict("unwrap", "shares-unwrap@1", "event", None, link)
    return Verdict("forced", "shares-admin-burn@1", "event", None, link)


def _payee(tx: Tx, entry: Entry) -> str | None:
    """Return who got the underlying of a burn: the nearest payment of the right amount by the contract."""
    if entry.units is None:
        return None
    paid = [
        event
        for event in tx.events
        if event.name == "Transfer"
        and event.contract != entry.contract
        and event.args["from"] == entry.contract
        and event.args["value"] == entry.units // SHARES_PER_UNIT
    ]
    nearest = min(paid, key=lambda event: abs(event.log_index - entry.log_index), default=None)
    return None if nearest is None else str(nearest.args["to"])


def _false_mint_of(tx: Tx, entry: Entry, burns: int) -> bool:
    """Return whether a mint was logged that never was and that belongs to this burn: beside it, or alone."""
    beside = [e.log_index for e in tx.entries if e.effect == "none" and e.contract == entry.contract]
    return bool(beside) and (burns == 1 or entry.log_index - 1 in beside or entry.log_index in beside)


def _called(tx: Tx, event: Event, entry: Entry) -> Verdict | None:
    family, link = ("rousg",), link_of(tx, event, LOG)
    for signature in ("burn(address,uint256)", "burnShares(address,uint256)"):
        if any(calls_within(tx, selector_of(family, signature), word(entry.from_address))):
            return Verdict("forced", "shares-admin-burn@1", "input", None, link)
    for signature in ("unwrap(uint256)", "unwrapShares(uint256)"):
        if any(calls_within(tx, selector_of(family, signature))):
            return Verdict("unwrap", "shares-unwrap@1", "input", None, link)
    return None
