"""Traces and metrics of calls, for OpenTelemetry. It needs the extra ``otel``."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from attrs import frozen

from ninepic_async import __version__
from ninepic_async._core.hooks import AttemptEnded, CallEnded, CallStarted

try:
    from opentelemetry.metrics import MeterProvider, get_meter_provider
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, get_tracer_provider
except ImportError as _error:
    raise ImportError(
        "ninepic_async.opentelemetry needs OpenTelemetry: pip install 'ninepic-async[otel]'"
    ) from _error

__all__ = ["Tracing"]

_SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.38.0"
_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_Attributes = dict[str, str | int | float]


@frozen
class _Open:
    """A call under way."""

    span: Span
    labels: _Attributes
    """The attributes that the metric has too."""


class Tracing:
    """A hook that records a client span for each call, and a histogram of the calls' durations.

    Spans follow OpenTelemetry's semantic conventions for HTTP clients. A span covers the whole call: retries
    are events in it. Its parent is the span that is current where the call is made. No attribute holds the
    API key, a query, a BIB number, a ``request_id`` or a photo's path: ``{name}`` replaces them.

    Args:
        tracer_provider: gets the spans; None uses the global provider.
        meter_provider: gets the histogram ``http.client.request.duration``; None uses the global provider.

    Example:
        >>> from ninepic_async.opentelemetry import Tracing
        >>> async with NinePic("key", 903, hooks=[Tracing()]) as client:
        ...     await client.event(456).ping()

    Reference: docs.9pic.ai, External API.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        tracers = get_tracer_provider() if tracer_provider is None else tracer_provider
        meters = get_meter_provider() if meter_provider is None else meter_provider
        self._tracer = tracers.get_tracer("ninepic_async", __version__, schema_url=_SCHEMA_URL)
        meter = meters.get_meter("ninepic_async", __version__, schema_url=_SCHEMA_URL)
        self._duration = meter.create_histogram(
            "http.client.request.duration",
            unit="s",
            description="Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS_S,
        )
        self._open: dict[int, _Open] = {}

    def __call__(self, record: CallStarted | AttemptEnded | CallEnded) -> None:
        """Take one record of a call."""
        if isinstance(record, CallStarted):
            self._start(record)
        elif record.call not in self._open:
            return  # the hook was added while the call was under way
        elif isinstance(record, CallEnded):
            self._end(record)
        elif record.wait is not None:
            self._note_retry(record, record.wait)

    def _start(self, record: CallStarted) -> None:
        labels = _labels(record)
        template = urlsplit(record.url).path
        more: _Attributes = {
            "url.full": record.url,
            "url.template": template,
            "ninepic.endpoint": record.endpoint,
        }
        if record.event_id is not None:
            more["ninepic.event_id"] = record.event_id
        span = self._tracer.start_span(
            f"{record.method} {template}", kind=SpanKind.CLIENT, attributes={**labels, **more}
        )
        self._open[record.call] = _Open(span, labels)

    def _note_retry(self, record: AttemptEnded, wait: float) -> None:
        attributes = {"ninepic.attempt": record.attempt, "ninepic.wait": wait, **_outcome(record)}
        self._open[record.call].span.add_event("ninepic.retry", attributes)

    def _end(self, record: CallEnded) -> None:
        call = self._open.pop(record.call)
        outcome = _outcome(record)
        call.span.set_attributes(outcome)
        if record.attempts > 1:
            call.span.set_attribute("http.request.resend_count", record.attempts - 1)
        if record.error is not None:
            call.span.set_status(Status(StatusCode.ERROR))  # no description: it could quote the service
        call.span.end()
        self._duration.record(record.seconds, {**call.labels, **outcome})


def _labels(record: CallStarted) -> _Attributes:
    parts = urlsplit(record.url)
    return {
        "http.request.method": record.method,
        "server.address": parts.hostname or "",
        "server.port": parts.port or _DEFAULT_PORTS.get(parts.scheme, 0),
        "url.scheme": parts.scheme,
    }


def _outcome(record: AttemptEnded | CallEnded) -> _Attributes:
    found: _Attributes = {}
    if record.status is not None:
        found["http.response.status_code"] = record.status
    if record.error is not None:
        found["error.type"] = _type_of(record)
    return found


def _type_of(record: AttemptEnded | CallEnded) -> str:
    if record.status is not None and record.status >= 400:
        return str(record.status)
    kind = type(record.error)
    return f"{kind.__module__}.{kind.__qualname__}"
