"""``request_events``: each step of a subscription, redemption or other request, as the contracts tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from indexer.floor.tables import REQUEST_EVENTS
from indexer.ledger.figures import held, moment, rows_of
from indexer.ledger.requests.common import Request, Teller
from indexer.ledger.requests.franklin import FRANKLIN
from indexer.ledger.requests.maple import MAPLE
from indexer.ledger.requests.matrixdock import MATRIXDOCK
from indexer.ledger.requests.ondo import ONDO
from indexer.ledger.requests.openeden import OPENEDEN
from indexer.ledger.requests.securitize import SECURITIZE
from indexer.ledger.requests.superstate import SUPERSTATE
from indexer.ledger.requests.swarm import SWARM
from indexer.ledger.scene import Scene
from indexer.ledger.told import Told

REQUESTS: Mapping[str, Teller] = {
    "openeden": OPENEDEN,
    "ondo": ONDO,
    "superstate": SUPERSTATE,
    "securitize": SECURITIZE,
    "maple": MAPLE,
    "franklin": FRANKLIN,
    "matrixdock": MATRIXDOCK,
    "swarm": SWARM,
}
"""Who tells requests, by the ``reasons`` key of a token; the others' contracts tell none."""

_NONE = Teller(frozenset(), lambda _scene, _events, _transfers: [])
_FIGURES = ("units", "asset_amount", "price", "fee")


def request_names(scene: Scene) -> frozenset[str]:
    """Return the names of the events that tell the token's requests."""
    return REQUESTS.get(scene.token.reasons, _NONE).events


def request_events(scene: Scene, events: Sequence[Told], transfers: pa.Table) -> pa.Table:
    """Return the table, in the order of the chain; *events* may hold more than what tells requests."""
    teller = REQUESTS.get(scene.token.reasons, _NONE)
    wanted = [told for told in events if told.event.name in teller.events]
    return rows_of(
        REQUEST_EVENTS, [_row(scene, request) for request in teller.tell(scene, wanted, transfers)]
    )


def _row(scene: Scene, request: Request) -> dict[str, object]:
    figures = {name: getattr(request, name) for name in _FIGURES}
    known = {name: held(figure) for name, figure in figures.items()}
    wide = [name for name in _FIGURES if figures[name] is not None and known[name] is None]
    reasons = [request.why] if request.why else []
    if wide:
        reasons.append(f"{', '.join(wide)} does not fit 38 digits")
    return {
        "token": scene.deployment.token,
        "chain_id": scene.deployment.chain_id,
        **request.spot._asdict(),
        "block_time": moment(request.spot.block_time),
        **{
            name: getattr(request, name)
            for name in ("request_id", "kind", "phase", "holder", "receiver", "asset")
        },
        **known,
        "why_null": "; ".join(reasons) or None,
    }
