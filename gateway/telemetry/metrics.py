"""Prometheus metrics. Labels are route templates, codes and dataset ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE


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
        self.in_flight = Gauge("threekeys_in_flight", "Requests being answered", registry=self.registry)

    def page(self) -> bytes:
        """The exposition text."""
        return generate_latest(self.registry)


__all__ = ["CONTENT_TYPE", "Metrics"]
