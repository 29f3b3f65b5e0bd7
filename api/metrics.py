"""GET /metrics: what a process counts, in Prometheus's text format. It tells numbers alone, nobody's data."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter
from typing import Any, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.execution import Operations
from schema.lru import Lru

METRICS_PATH = "/metrics"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Numbers(Protocol):
    """Numbers that are looked up from time to time."""

    def families(self) -> Iterator[Metric]:
        """Those of the last look."""
        ...


class Metrics:
    """The numbers of one application; ``operations`` gives what it runs, None before the server has begun.

    ``looked_up``: the numbers of the database, none before then either.
    """

    def __init__(
        self, operations: Callable[[], Operations | None], looked_up: Callable[[], Sequence[Numbers]] = lambda: ()
    ) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_State(operations))
        self.registry.register(_LookedUp(looked_up))
        self._requests = Counter("shaodao_requests", "GraphQL requests over HTTP.", ["status"], registry=self.registry)
        self._counters: dict[int, Counter] = {}
        self._seconds = Histogram(
            "shaodao_request_seconds",
            "How long they took until they were answered.",
            registry=self.registry,
            buckets=_BUCKETS,
        )

    async def measured(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application for a request and count it; a socket is not a request."""
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        began, ended, status = perf_counter(), 0.0, 500

        async def sending(message: Message) -> None:
            nonlocal ended, status
            if message["type"] == "http.response.start":
                ended, status = perf_counter(), message["status"]
            await send(message)

        try:
            await app(scope, receive, sending)
        finally:
            self._seconds.observe((ended or perf_counter()) - began)
            self._counter(status).inc()

    def _counter(self, status: int) -> Counter:
        """The counter of a status, remembered: finding it by its label costs more than counting."""
        if status not in self._counters:
            self._counters[status] = self._requests.labels(str(status))
        return self._counters[status]

    def route(self) -> Route:
        """The route of /metrics."""

        async def metrics(_: Request) -> Response:
            return Response(generate_latest(self.registry), headers={"content-type": CONTENT_TYPE_LATEST})

        return Route(METRICS_PATH, metrics)


class _State(Collector):
    """What is counted elsewhere and read when asked for: the caches of the read compiler, and the pool."""

    def __init__(self, operations: Callable[[], Operations | None]) -> None:
        self._operations = operations

    def collect(self) -> Iterator[Metric]:
        """The numbers as they stand."""
        operations = self._operations()
        if operations is None:
            return
        yield from _cache("plan", "plans of operations", operations.service.plans.kept)
        yield from _cache("document", "validated documents", operations.service.documents)
        pool, readers, feed = operations.services.pool, operations.database, operations.feed_database
        yield from _connections("pool", "commands", pool.get_size(), pool.get_idle_size(), pool.get_max_size())
        yield from _connections("readers", "queries", readers.open, readers.idle, readers.size)
        yield from _connections("feed", "subscriptions", feed.open, feed.idle, feed.size)


class _LookedUp(Collector):
    """What stands in the database, as it was last looked up: what departments are owed, how late the clock is."""

    def __init__(self, numbers: Callable[[], Sequence[Numbers]]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        """The numbers of the last look."""
        for each in self._numbers():
            yield from each.families()


def _connections(name: str, what: str, opened: int, idle: int, limit: int) -> Iterator[Metric]:
    yield GaugeMetricFamily(f"shaodao_{name}_connections", f"Connections to the database for {what}.", opened)
    yield GaugeMetricFamily(f"shaodao_{name}_idle_connections", "Of those the idle ones.", idle)
    yield GaugeMetricFamily(f"shaodao_{name}_connections_limit", "How many there may be.", limit)


def _cache(name: str, what: str, cache: Lru[Any]) -> Iterator[Metric]:
    yield CounterMetricFamily(f"shaodao_{name}_cache_hits", f"Look-ups that found: {what}.", cache.hits)
    yield CounterMetricFamily(f"shaodao_{name}_cache_misses", f"Look-ups that did not find: {what}.", cache.misses)
    yield GaugeMetricFamily(f"shaodao_{name}_cache_size", f"Kept: {what}.", len(cache))
