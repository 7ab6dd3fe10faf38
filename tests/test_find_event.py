"""Find an event by slug or name, with both clients."""

from __future__ import annotations

import pickle
from collections.abc import AsyncIterator

import pytest

from ninepic_async import EventListItem, EventNotFoundError, InvalidInputError, NinePic, NinePicError, sync
from ninepic_async.event.lookup import find_event_id
from ninepic_async.sandbox import Sandbox


def event(number: int, slug: str | None, name: str | None = None) -> EventListItem:
    return EventListItem(event_id=number, event_slug=slug, event_name=name)


async def listed(*events: EventListItem) -> AsyncIterator[EventListItem]:
    for each in events:
        yield each


RACES = (
    event(1, "mumbai-marathon-2026", "Mumbai Marathon 2026"),
    event(2, "delhi-half", "Delhi Half Marathon"),
    event(3, "pune-run", "Straßenlauf  Pune"),
    event(4, None, None),
    event(5, "relay-a", "Relay"),
    event(6, "relay-b", "relay"),
    event(7, "relay", "A Relay"),
)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("mumbai-marathon-2026", 1),
        ("MUMBAI-Marathon-2026", 1),
        ("mumbai marathon 2026", 1),
        (" Delhi Half Marathon ", 2),
        ("STRASSENLAUF PUNE", 3),
        ("relay", 7),
    ],
)
async def test_by_slug_or_name_in_any_case(name: str, number: int) -> None:
    assert await find_event_id(listed(*RACES), name) == number


async def test_an_unknown_name_lists_the_nearest() -> None:
    with pytest.raises(EventNotFoundError, match="'mumbai-maraton'; the nearest are 1 mumbai-mar") as caught:
        await find_event_id(listed(*RACES), "mumbai-maraton")
    assert caught.value.nearest[0] == "mumbai-marathon-2026"
    assert len(caught.value.nearest) == 5
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.nearest, str(again)) == (caught.value.nearest, str(caught.value))
    assert caught.value.to_dict()["nearest"][0] == "mumbai-marathon-2026"


async def test_a_name_of_several_events_lists_them() -> None:
    with pytest.raises(EventNotFoundError, match="'Relay': 5 relay-a, 6 relay-b") as caught:
        await find_event_id(listed(*RACES[:-1]), "Relay")
    assert caught.value.nearest == ("relay-a", "relay-b")


async def test_no_events_at_all() -> None:
    with pytest.raises(EventNotFoundError, match="the organisation has no events"):
        await find_event_id(listed(), "x")


async def test_long_names_are_cut() -> None:
    long = event(1, "a" * 1_000_000)
    with pytest.raises(EventNotFoundError) as caught:
        await find_event_id(listed(*[long] * 200), "b" * 1_000_000)
    assert len(str(caught.value)) < 2000


async def test_both_clients() -> None:
    async with Sandbox(photos=1) as sandbox:
        main = sandbox.event
        async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
            assert main.slug
            assert (await client.find_event(main.slug)).event_id == main.event_id
            with pytest.raises(InvalidInputError, match="name=''"):
                await client.find_event("")
            with pytest.raises(NinePicError, match="no event is called"):
                await client.find_event("nothing like it")


def test_blocking() -> None:
    with sync.NinePic("key", 1) as client, pytest.raises(InvalidInputError):
        client.find_event(" ")
