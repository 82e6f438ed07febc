"""What the service says of itself: log lines and Prometheus metrics."""

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Literal

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.follow import Lag
from domain.outcomes import Outcome
from domain.refusals import Refusal


def configure_logging(log_format: Literal["console", "json"]) -> None:
    """Send this program's log lines, and those of its libraries from warnings up, to the standard error."""
    stamps: list[Any] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    # Plain: a traceback that shows local variables would show secrets and what users sent.
    plain = structlog.dev.plain_traceback
    renderer: Any = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    if log_format == "json":
        stamps.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *stamps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=stamps, processor=renderer))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in ("alembic", "httpx", "uvicorn"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # The relay says itself when Kafka is away, once; the client would say it many times a second.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


class Metrics:
    """Counts what happens; `lags` are asked when somebody looks."""

    def __init__(self, lags: Callable[[], Mapping[str, Lag]]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which nobody reads
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "convgroups_requests", "HTTP requests by route and status", ["route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "convgroups_request_seconds",
            "Time from a request to the begin of its answer, by route",
            ["route"],
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=self.registry,
        )
        self._commands = Counter(
            "convgroups_commands", "Commands by what became of them", ["command", "result"], registry=self.registry
        )
        self._refusals = Counter(
            "convgroups_refusals", "Commands and items refused, by code", ["code"], registry=self.registry
        )
        self._commits = Histogram(
            "convgroups_commit_events",
            "Events recorded by one commit",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
            registry=self.registry,
        )
        self._told = cache(self._commands.labels)  # looking labels up costs more than counting
        self.registry.register(LagCollector(lags))

    def committed(self, events: int) -> None:
        """Count a commit."""
        self._commits.observe(events)

    def count_readers(self, readers: Callable[[], int]) -> None:
        """Ask this, when somebody looks, how many listen to the live feed."""
        Gauge("convgroups_feed_readers", "Readers of the live feed", registry=self.registry).set_function(readers)

    def answered(self, command: str, result: Outcome | Refusal, *, replayed: bool) -> None:
        """Count a command's answer; what a repeated key is answered with was counted the first time."""
        if replayed:
            self._told(command, "replayed").inc()
            return
        if isinstance(result, Refusal):
            self._told(command, "refused").inc()
            self._refusals.labels(str(result.code or type(result).__name__)).inc()
            return
        self._told(command, "done").inc()
        for item in result.items:
            if item.outcome == "refused":
                self._refusals.labels(str(item.code)).inc()


class LagCollector(Collector):
    """Each follower's lag, measured when the metrics are read."""

    def __init__(self, lags: Callable[[], Mapping[str, Lag]]) -> None:
        self._lags = lags

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Measure."""
        events = GaugeMetricFamily("convgroups_follower_lag_events", "Events not yet handled", labels=["follower"])
        seconds = GaugeMetricFamily(
            "convgroups_follower_lag_seconds", "Age of the oldest event not yet handled", labels=["follower"]
        )
        for follower, lag in self._lags().items():
            events.add_metric([follower], lag.events)
            seconds.add_metric([follower], lag.seconds)
        return events, seconds
