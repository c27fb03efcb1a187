"""A report beside the chain as people read it: rows with their proof, a verdict, and a page that stands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from indexer.config.model import Token
from indexer.config.reported import Report
from indexer.floor.cells import moment, safe, text
from indexer.serve.proofs import checked, proofs
from indexer.serve.reconciled import Page, Proof, page
from indexer.verify.findings import EXACT, STATUSES, Finding, Ours, Terms
from indexer.verify.ours import read_ours
from indexer.verify.reconcile import reconcile

if TYPE_CHECKING:
    import duckdb

COLUMNS = (
    "status", "kind", "chain", "day", "reported", "ours", "difference", "our_day", "shift", "evidence", "lines",
    "transactions", "why", "through_block", "certificate", "code_version", "version",
)  # fmt: skip
"""Every row in every format; a file of the report has them all."""


class Given(NamedTuple):
    """A report as it was given: its file's name and digest, what was read of it, and how it is compared."""

    name: str
    digest: str
    report: Report
    terms: Terms


class Outcome(NamedTuple):
    """What came of it: the rows, how often each status, and the chains' rows of ``derivations`` and certificates."""

    token: Token
    found: Sequence[Finding]
    rows: Sequence[dict[str, object]]
    counts: Mapping[str, int]
    proofs: Sequence[dict[str, Any]]
    absent: Sequence[str]


def compared(con: duckdb.DuckDBPyConnection, token: Token, given: Given) -> Outcome:
    """Return what comes of comparing *given* with the tables behind *con*; no proofs where they lack the token."""
    held = proofs(con, [token.id])
    rows = given.report.rows
    ours = read_ours(con, token.id, rows, given.terms) if rows else None
    found = reconcile(rows, ours, given.terms) if ours else []
    chains = {d.chain_id: d.chain for d in token.deployments}
    by_chain = {proof["chain_id"]: proof for proof in held}
    made = [
        _row(one, chains, [by_chain[c] for c in by_chain if one.chain_id in (None, c)])
        | {"certificate": _certificate(ours, one) if ours else None, "version": version("rwa-indexer")}
        for one in found
    ]
    counted = Counter(one.status for one in found)
    lacking = [name for chain_id, name in chains.items() if chain_id not in by_chain]
    return Outcome(token, found, made, {s: counted[s] for s in STATUSES}, held, lacking)


def _certificate(ours: Ours, one: Finding) -> str | None:
    """Return what certificates say of the day of our figure (`supply_daily.certificate`)."""
    held = ours.stocks.get(("supply", one.chain_id, one.our_day or one.day))
    return held.certificate if held else None


def _row(one: Finding, chains: Mapping[str, str], held: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    return {
        "status": one.status,
        "kind": one.kind,
        "chain": "all" if one.chain_id is None else chains.get(one.chain_id, one.chain_id),
        "day": one.day,
        "reported": one.reported,
        "ours": one.ours,
        "difference": one.difference,
        "our_day": one.our_day,
        "shift": one.shift,
        "evidence": one.evidence,
        "lines": " ".join(map(str, one.lines)) or None,
        "transactions": " ".join(one.transactions) or None,
        "why": one.why,
        "through_block": " ".join(str(proof["frontier_block"]) for proof in held) or None,
        "code_version": " ".join(dict.fromkeys(proof["code_version"] for proof in held)) or None,
    }


SHOWN = (
    "status", "kind", "chain", "day", "reported", "ours", "difference", "our_day", "shift", "why", "evidence", "lines",
    "certificate", "transactions",
)  # fmt: skip
"""The columns of the page; block and versions stand above them once."""


def _cell(value: object) -> str:
    """Return a cell of the page: every digit, thousands apart."""
    return f"{value.normalize(EXACT):,f}" if isinstance(value, Decimal) else text(value)


def html_of(given: Given, outcome: Outcome) -> str:
    """Return the page of a reconciliation, what does not match first."""
    token, terms, report = outcome.token, given.terms, given.report
    chains = {d.chain_id: d.chain for d in token.deployments}
    tolerance = (
        "what rounding to the digits of the report explains"
        if terms.tolerance is None
        else str(terms.tolerance)
    )
    facts = (
        ("Token", f"{token.name} ({token.symbol}, {token.id})"),
        ("Report", f"{given.name}, SHA-256 {given.digest}"),
        ("Rows", f"{len(report.rows):,} compared, {len(report.faults):,} could not be read"),
        ("Unit", "token units; nav and value in the currency of the price; days are UTC days"),
        ("Tolerance", tolerance),
        ("Looked", f"up to {terms.shift} business days away (calendar {terms.business.name})"),
        (
            "Made",
            f"{moment(datetime.now(UTC).replace(microsecond=0))} by rwa-indexer {version('rwa-indexer')}",
        ),
    )
    shown_proofs = [
        Proof(
            chains.get(one["chain_id"], one["chain_id"]), one["chain_id"], str(one["frontier_block"]),
            one["frontier_hash"], moment(one["frontier_time"]), "yes" if one["final"] else "no",
            _newest(one), one["code_version"], one["config_digest"],
        )
        for one in outcome.proofs
    ]  # fmt: skip
    shown = list(SHOWN)
    order = {status: number for number, status in enumerate(outcome.counts)}
    rows = [
        {name: _cell(row[name]) for name in shown}
        for row in sorted(outcome.rows, key=lambda row: order[str(row["status"])])
    ]
    return page(
        Page(
            token.id, token.symbol, verdict(outcome, report), facts, shown_proofs, tuple(outcome.counts.items()), shown,
            rows, [safe(fault) for fault in report.faults], [safe(note) for note in notes_of(report, outcome)],
        )
    )  # fmt: skip


def notes_of(report: Report, outcome: Outcome) -> list[str]:
    """Return what a reader must know beside the rows."""
    notes = list(report.notes)
    if outcome.absent:
        names = ", ".join(outcome.absent)
        notes.append(f"Rows of all chains count what this home has; {outcome.token.id} is also on {names}.")
    return notes


def _newest(one: Mapping[str, Any]) -> str:
    return f"{checked(one)} ({one['certificate_id']})" if one["certificate_id"] else checked(one)


def verdict(outcome: Outcome, report: Report) -> str:
    """Return the outcome in a sentence or two."""
    many = sum(outcome.counts.values())
    if outcome.counts["matched"] == many:
        said = f"All {many:,} figures match." if many else "Nothing could be compared."
    else:
        parts = ", ".join(
            f"{n:,} {'differ' if status == 'differs' else status}"
            for status, n in outcome.counts.items()
            if n
        )
        said = f"Of {many:,} figures: {parts}."
    return f"{said} {len(report.faults):,} rows could not be read." if report.faults else said
