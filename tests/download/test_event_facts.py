"""What the service knows of an event and its photos is noted for the gallery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ninepic_async import Event, NinePic
from ninepic_async.sandbox import Dialect, Sandbox

from .conftest import QUICK, rows


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=70) as running:
        yield running


def client_of(sandbox: Sandbox) -> NinePic:
    return NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK)


@pytest.fixture
async def event(sandbox: Sandbox) -> AsyncIterator[Event]:
    async with client_of(sandbox) as client:
        yield client.event(sandbox.event_id)


def done(to: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows(to) if row.get("state") == "done"}


def names(to: Path) -> list[str]:
    return [row["event_name"] for row in rows(to) if "event_name" in row]


async def test_each_photo_has_its_place_and_its_hour(sandbox: Sandbox, event: Event, to: Path) -> None:
    await event.download(event.photos(page_size=30), to)
    details = await event.details()
    assert names(to) == [details.event_name]
    noted = done(to)
    photos = await event.photos().collect()
    assert [noted[photo.image_id]["place"] for photo in photos] == list(range(70))
    assert {row["list"] for row in noted.values()} == {"photos"}
    days = await event.timeline_days()
    expected = [f"{day.date}T{hour.hour:02}" for day in days for hour in day.hours for _ in range(hour.count)]
    assert [noted[photo.image_id].get("hour") for photo in photos[: len(expected)]] == expected
    assert not any("hour" in noted[photo.image_id] for photo in photos[len(expected) :])


async def test_photos_of_a_time_have_their_hour(sandbox: Sandbox, event: Event, to: Path) -> None:
    days = await event.timeline_days()
    first = days[0].hours[1].hour
    start = datetime(days[0].date.year, days[0].date.month, days[0].date.day, first, tzinfo=UTC)
    source = event.timeline_photos(start, datetime(2100, 1, 1, tzinfo=UTC))
    await event.download(source, to)
    noted = done(to)
    hours = [noted[photo.image_id]["hour"] for photo in await source.collect()]
    assert hours[0] == f"{start:%Y-%m-%dT%H}"
    assert hours == sorted(hours)


async def test_places_of_different_lists_are_told_apart(sandbox: Sandbox, event: Event, to: Path) -> None:
    for bib in sandbox.bibs[:2]:
        await event.download(event.bib_search(bib), to)
    lists = {row["list"] for row in done(to).values()}
    assert len(lists) == 2
    assert all(name.startswith("bib_search:") for name in lists)


async def test_without_a_timeline_there_are_no_hours(to: Path) -> None:
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(Sandbox(photos=10, dialect=Dialect(late_flags=False)))
        event = (await stack.enter_async_context(client_of(old))).event(old.event_id)
        assert (await event.download(event.photos(), to)).done == 10
    assert not any("hour" in row for row in done(to).values())
    assert len(names(to)) == 1


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 403}, {"status": 200, "body": b"[]"}])
async def test_a_download_does_not_need_the_facts(
    fault: dict[str, Any], sandbox: Sandbox, event: Event, to: Path
) -> None:
    sandbox.faults.add(endpoint="details", times=50, **fault)
    report = await event.download(event.photos(), to)
    assert (report.done, report.failed) == (70, ())
    assert names(to) == []


async def test_nothing_is_asked_where_nothing_is_fetched(sandbox: Sandbox, event: Event, to: Path) -> None:
    await event.download(event.photos(), to)
    sandbox.requests.clear()
    assert (await event.download(event.photos(), to)).skipped == 70
    assert {seen.endpoint for seen in sandbox.requests} == {"photos"}
