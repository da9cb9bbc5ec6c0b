"""Prometheus metrics. Labels are route templates, codes and dataset ids."""

from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE

disable_created_metrics()  # type: ignore[no-untyped-call]  # a twin of each series that says when it began, and no more


class Metrics:
    """One gateway's metrics, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "threekeys_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "threekeys_request_seconds",
            "Time to answer",
            ["route"],
            registry=self.registry,
            buckets=(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )
        self.exchanges = Counter(
            "threekeys_exchanges", "Exchanges by outcome", ["dataset", "outcome"], registry=self.registry
        )
        self.source_seconds = Histogram(
            "threekeys_source_seconds", "Time of an agency's own system", ["dataset"], registry=self.registry
        )
        self.circuit = Gauge(
            "threekeys_source_circuit_open", "1 while a source's circuit is open", ["adapter"], registry=self.registry
        )
        self.ledger_ok = Gauge(
            "threekeys_ledger_ok", "0 while the ledger is not numbered and signed", registry=self.registry
        )
        self.ledger_signed_at = Gauge(
            "threekeys_ledger_checkpoint_timestamp_seconds",
            "When the latest checkpoint was signed, seconds since 1970; 0 before the first",
            registry=self.registry,
        )
        self.in_flight = Gauge("threekeys_in_flight", "Requests being answered", registry=self.registry)
        # `labels` checks and converts each time; what it gives for the same labels is the same.
        self._of_exchange = cache(self.exchanges.labels)
        self._of_source = cache(self.source_seconds.labels)
        self._of_request = cache(self.requests.labels)
        self._of_route = cache(self.seconds.labels)

    def exchange_ended(self, dataset: str, outcome: str) -> None:
        """Count an exchange."""
        self._of_exchange(dataset, outcome).inc()

    def source_took(self, dataset: str, seconds: float) -> None:
        """One fetch, whatever came of it."""
        self._of_source(dataset).observe(seconds)

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request. `route` is a template of ours, never a path as sent."""
        self._of_request(method, route, str(status)).inc()
        self._of_route(route).observe(seconds)

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)


__all__ = ["CONTENT_TYPE", "Metrics"]
