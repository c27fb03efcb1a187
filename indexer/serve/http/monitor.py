"""What monitors are told: how requests went, how far chains are behind, what is red."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.config.model import Registry
from indexer.serve.http.snapshots import Snapshots
from indexer.sync.health import Health, health

if TYPE_CHECKING:
    import duckdb

LATENCIES = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)


class Monitor:
    """Counts requests, and reads the newest snapshot when it is asked."""

    def __init__(self, snapshots: Snapshots, registry: Registry) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "rwa_http_requests", "Requests answered.", ("route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "rwa_http_request_seconds",
            "Time to answer.",
            ("route",),
            buckets=LATENCIES,
            registry=self.registry,
        )
        self.failures = Counter(
            "rwa_snapshot_failures", "Times that the home could not be read anew.", registry=self.registry
        )
        self.registry.register(_Home(snapshots, registry))

    def counting(self, app: ASGIApp) -> ASGIApp:
        """Return *app* with each request counted by its route, never by its path, which anybody can make up."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            began, status = time.perf_counter(), 500

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                await app(scope, receive, noted)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                self._requests.labels(route, str(status)).inc()
                self._seconds.labels(route).observe(time.perf_counter() - began)

        return counted


class _Home(Collector):
    """Gauges over the newest snapshot."""

    def __init__(self, snapshots: Snapshots, registry: Registry) -> None:
        self._snapshots, self._registry = snapshots, registry

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        con = self._snapshots.newest().con.cursor()
        try:
            yield from _chains(con, self._registry)
            for name, doc, label, sql in _COUNTED:
                gauge = GaugeMetricFamily(name, doc, labels=label)
                for *labels, value in con.execute(sql).fetchall():
                    gauge.add_metric([str(one) for one in labels], float(value))
                yield gauge
        finally:
            con.close()


_COUNTED: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    (
        "rwa_blocks_behind", "Blocks between a token's frontier and the newest block seen.", ("token", "chain_id"),
        ("SELECT token, chain_id, greatest(head_number - frontier_block, 0) FROM derivations"
        " JOIN heads USING (chain_id) WHERE head_number IS NOT NULL"),
    ),
    (
        "rwa_rows", "Rows of a table.", ("table",),
        "SELECT table_name, sum(rows) FROM files WHERE unlisted_at IS NULL GROUP BY table_name",
    ),
    (
        "rwa_certificates", "Tokens on chains by their last certificate.", ("verdict",),
        ("SELECT verdict, count(*) FROM (SELECT arg_max(verdict, (block_number, fetched_at)) AS verdict"
        " FROM certificates GROUP BY token, chain_id) GROUP BY verdict"),
    ),
    (
        "rwa_restatements", "Published figures that changed, by cause.", ("cause",),
        "SELECT cause, count(*) FROM restatements GROUP BY cause",
    ),
    (
        "rwa_inputs_missing", "Transactions and reads that no endpoint had.", ("token", "chain_id"),
        "SELECT token, chain_id, inputs_missing FROM derivations",
    ),
    (
        "rwa_endpoint_blocks_behind", "Blocks by which an endpoint's newest block lay behind the newest of all.",
        ("chain_id", "endpoint"), "SELECT chain_id, endpoint, lag FROM endpoints WHERE lag IS NOT NULL",
    ),
    (
        "rwa_endpoint_max_rate", "Requests a second that an endpoint was found to take.", ("chain_id", "endpoint"),
        "SELECT chain_id, endpoint, max_rate FROM endpoints WHERE max_rate IS NOT NULL",
    ),
    (
        "rwa_endpoint_failing", "1 where the last request to an endpoint failed.", ("chain_id", "endpoint"),
        ("SELECT chain_id, endpoint, CAST(last_bad_at > coalesce(last_good_at, TIMESTAMP '1970-01-01') AS INTEGER)"
        " FROM endpoints WHERE last_bad_at IS NOT NULL"),
    ),
)  # fmt: skip


def _chains(con: duckdb.DuckDBPyConnection, registry: Registry) -> Iterator[Metric]:
    red = GaugeMetricFamily(
        "rwa_chain_red", "1 where a followed chain is not as it should be.", labels=["chain", "state"]
    )
    age = GaugeMetricFamily(
        "rwa_head_age_seconds", "Seconds since the head of a chain last rose.", labels=["chain"]
    )
    now = datetime.now(UTC).replace(tzinfo=None)
    for name, head, judged in judged_chains(con, registry, now):
        red.add_metric([name, judged.state], float(judged.red))
        age.add_metric([name], (now - head["advanced_at"]).total_seconds())
    yield red
    yield age


def judged_chains(
    con: duckdb.DuckDBPyConnection, registry: Registry, now: datetime
) -> list[tuple[str, dict[str, Any], Health]]:
    """Return each chain that was ever looked at: its name, its row of ``heads`` and how it is at *now*."""
    by_id = {chain.id: chain for chain in registry.chains.values()}
    heads: list[dict[str, Any]] = (
        con.sql("SELECT * FROM heads ORDER BY chain_id").to_arrow_table().to_pylist()
    )
    return [
        (chain.name, head, health(head, chain.block_ms, now))
        for head in heads
        if (chain := by_id.get(head["chain_id"])) is not None
    ]
