"""Spans and metrics of calls, as OpenTelemetry's own exporters see them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from ninepic_async import AttemptEnded, Event, ImageItem, NinePic, NinePicError, RetryPolicy
from ninepic_async.opentelemetry import Tracing
from ninepic_async.sync import NinePic as BlockingNinePic
from tests.canned import EVENT_ID, KEY, ORG_ID, images, pagination, reply
from tests.core.test_hooks import IDS, replies
from tests.download.host import jpeg
from tests.raw_server import always, answer, server

QUICK = RetryPolicy(attempts=3, initial_s=0.01)


class Exporters:
    """Tracing, and what came of it."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._metrics = InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.tracing = Tracing(self.tracers, MeterProvider([self._metrics]))

    def spans(self) -> list[ReadableSpan]:
        return [span for span in self._spans.get_finished_spans() if span.kind is SpanKind.CLIENT]

    def durations(self) -> list[HistogramDataPoint]:
        data: Any = self._metrics.get_metrics_data()
        (metric,) = data.resource_metrics[0].scope_metrics[0].metrics
        assert (metric.name, metric.unit) == ("http.client.request.duration", "s")
        return list(metric.data.data_points)


@pytest.fixture
def exporters() -> Exporters:
    return Exporters()


def client(url: str, exporters: Exporters, **options: Any) -> NinePic:
    settings = {"retry": QUICK, "timeout": 5, "hooks": [exporters.tracing], **options}
    return NinePic(KEY, ORG_ID, base_url=url, **settings)


async def test_a_call_is_a_client_span(exporters: Exporters) -> None:
    async with server(always(answer())) as (url, _), client(url, exporters) as api:
        await api.event(EVENT_ID).ping()
    (span,) = exporters.spans()
    assert span.name == f"GET {IDS}/ping"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": int(url.rpartition(":")[2]),
        "url.scheme": "http",
        "url.full": f"{url}{IDS}/ping",
        "url.template": f"{IDS}/ping",
        "http.response.status_code": 200,
        "ninepic.endpoint": "ping",
        "ninepic.event_id": EVENT_ID,
    }
    assert span.status.status_code is StatusCode.UNSET
    assert span.parent is None


async def test_a_span_is_a_child_of_the_callers_span(exporters: Exporters) -> None:
    tracer = exporters.tracers.get_tracer("test")
    async with server(always(answer())) as (url, _), client(url, exporters) as api:
        with tracer.start_as_current_span("outer") as outer:
            await asyncio.gather(api.event(1).ping(), api.event(2).ping())
        await api.event(3).ping()
    parents = [span.parent and span.parent.span_id for span in exporters.spans()]
    expected = outer.get_span_context().span_id
    assert parents == [expected, expected, None]


async def test_in_blocking_code_too(exporters: Exporters) -> None:
    tracer = exporters.tracers.get_tracer("test")
    page = reply(images([1], pagination(1, 1, 1))).body

    def use(url: str) -> int:
        options: Any = {"base_url": url, "hooks": [exporters.tracing]}
        with BlockingNinePic(KEY, ORG_ID, **options) as api, tracer.start_as_current_span("outer") as outer:
            list(api.event(EVENT_ID).photos())
            api.event(EVENT_ID).photos().first_page()
            return outer.get_span_context().span_id

    async with server(always(answer(page))) as (url, _):
        outer = await asyncio.to_thread(use, url)
    assert [span.parent and span.parent.span_id for span in exporters.spans()] == [outer, outer]


async def test_retries_are_events(exporters: Exporters) -> None:
    busy = answer(b"", "503 Busy")
    async with server(replies(busy, busy, answer())) as (url, _), client(url, exporters) as api:
        await api.event(EVENT_ID).ping()
    (span,) = exporters.spans()
    assert [event.name for event in span.events] == ["ninepic.retry"] * 2
    first = dict(span.events[0].attributes or {})
    assert 0.005 <= first.pop("ninepic.wait") <= 0.01  # type: ignore[operator]
    assert first == {"ninepic.attempt": 1, "http.response.status_code": 503, "error.type": "503"}
    assert (span.attributes or {})["http.request.resend_count"] == 2
    assert span.status.status_code is StatusCode.UNSET


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (answer(b'{"message": "BIB s3cret not found"}', "404 No"), "404", 404),
        (answer(b"[]"), "ninepic_async.errors.DecodeError", 200),
        (b"garbage\r\n\r\n", "ninepic_async.errors.APIConnectionError", None),
    ],
    ids=["refused", "not decoded", "not HTTP"],
)
async def test_errors(sent: bytes, kind: str, status: int | None, exporters: Exporters) -> None:
    async with server(always(sent)) as (url, _), client(url, exporters) as api:
        with pytest.raises(NinePicError):
            await api.event(EVENT_ID).bib_search("s3cret").collect()
    (span,) = exporters.spans()
    attributes = dict(span.attributes or {})
    assert attributes["error.type"] == kind
    assert attributes.get("http.response.status_code") == status
    assert span.status.status_code is StatusCode.ERROR
    assert "s3cret" not in span.to_json()
    assert KEY not in span.to_json()


async def test_the_histogram(exporters: Exporters) -> None:
    serve = replies(answer(), answer(), answer(b"", "404 No"))
    async with server(serve) as (url, _), client(url, exporters) as api:
        for _ in range(2):
            await api.event(EVENT_ID).ping()
        with pytest.raises(NinePicError):
            await api.event(EVENT_ID).ping()
    good, bad = exporters.durations()
    assert (good.count, bad.count) == (2, 1)
    assert dict(good.attributes or {}) == {
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": int(url.rpartition(":")[2]),
        "url.scheme": "http",
        "http.response.status_code": 200,
    }
    assert (bad.attributes or {})["error.type"] == "404"
    assert 0 < good.sum < 10
    assert good.explicit_bounds[0] == 0.005


async def test_each_page_is_a_span(exporters: Exporters) -> None:
    pages = [answer(reply(images([n], pagination(3, n, 1))).body) for n in (1, 2, 3)]
    async with server(replies(*pages)) as (url, _), client(url, exporters) as api:
        await api.event(EVENT_ID).photos(page_size=1).collect()
    assert len(exporters.spans()) == 3


def photos_at(url: str) -> list[ImageItem]:
    links = [f"{url}/{number}.jpg?X-Amz-Signature=s3cret" for number in range(3)]
    return [ImageItem(image_id=link, img_url=link, thumbnail_url=link) for link in links]


async def last_of(chunks: AsyncIterator[bytes]) -> None:
    async for _ in chunks:
        pass


FETCHES: dict[str, tuple[Callable[[Event, list[ImageItem], Path], Awaitable[object]], int]] = {
    "download": (lambda event, photos, to: event.download(photos, to), 3),
    "read": (lambda event, photos, _: event.read(photos[0]), 1),
    "stream": (lambda event, photos, _: last_of(event.stream(photos[0])), 1),
    "zip": (lambda event, photos, _: last_of(event.zip(photos)), 3),
}


@pytest.mark.parametrize("way", FETCHES)
async def test_photos_are_children_of_the_callers_span(
    way: str, exporters: Exporters, tmp_path: Path
) -> None:
    fetch, count = FETCHES[way]
    tracer = exporters.tracers.get_tracer("test")
    photo = answer(jpeg(2000), "200 OK", "Content-Type: image/jpeg")
    async with server(always(photo)) as (url, _), client(url, exporters) as api:
        with tracer.start_as_current_span("outer") as outer:
            await fetch(api.event(EVENT_ID), photos_at(url), tmp_path)
    spans = exporters.spans()
    assert [span.name for span in spans] == ["GET /{photo}"] * count
    assert [span.parent and span.parent.span_id for span in spans] == [
        outer.get_span_context().span_id
    ] * count
    assert "s3cret" not in "".join(f"{span.name} {dict(span.attributes or {})}" for span in spans)


async def test_photos_of_a_blocking_download_are_children_of_the_callers_span(
    exporters: Exporters, tmp_path: Path
) -> None:
    tracer = exporters.tracers.get_tracer("test")

    def download(url: str) -> int:
        options: Any = {"base_url": url, "hooks": [exporters.tracing]}
        with BlockingNinePic(KEY, ORG_ID, **options) as api, tracer.start_as_current_span("outer") as outer:
            # A generator is read in a thread of its own.
            api.event(EVENT_ID).download((photo for photo in photos_at(url)), tmp_path)
            return outer.get_span_context().span_id

    async with server(always(answer(jpeg(2000), "200 OK", "Content-Type: image/jpeg"))) as (url, _):
        outer = await asyncio.to_thread(download, url)
    assert [span.parent and span.parent.span_id for span in exporters.spans()] == [outer] * 3


def test_records_of_a_call_that_it_never_saw_begin_are_ignored(exporters: Exporters) -> None:
    exporters.tracing(AttemptEnded(1, "ping", 1, 503, 0.1, None, 0.5))
    assert exporters.spans() == []


def test_the_global_providers_are_the_default() -> None:
    Tracing()
