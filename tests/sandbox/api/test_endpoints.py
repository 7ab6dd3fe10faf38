from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from yarl import URL

from ninepic_async.sandbox import Sandbox
from tests.sandbox.raw_client import Api

NOTHING = {
    "total": 0,
    "currentPage": 0,
    "totalPages": 0,
    "hasNextPage": False,
    "hasPreviousPage": False,
    "page_size": 32,
}


async def gallery(api: Api, path: str = "/images", **query: int) -> list[dict[str, object]]:
    photos: list[dict[str, object]] = []
    page, more = 1, True
    while more:
        data = (await api.get(path, page=page, page_size=50, **query)).data
        photos += data["images"]
        page, more = page + 1, data["pagination"]["hasNextPage"]
    return photos


async def test_ping(api: Api) -> None:
    answer = await api.get("/ping")
    assert answer.body == {
        "responseType": "success",
        "message": "pong",
        "data": {"status": "ok", "org_id": api.sandbox.org_id, "event_id": api.sandbox.event_id},
    }


async def test_events_are_paged_by_ten(api: Api) -> None:
    first = (await api.get("/events")).data
    assert first["pagination"] == {
        "total": 24,
        "currentPage": 1,
        "totalPages": 3,
        "hasNextPage": True,
        "hasPreviousPage": False,
        "page_size": 10,
    }
    last = (await api.get("/events", page=3)).data
    assert len(last["events"]) == 4
    assert not last["pagination"]["hasNextPage"]
    assert last["pagination"]["hasPreviousPage"]
    everything = (await api.get("/events", page_size=1000)).data
    assert everything["pagination"]["page_size"] == 100
    assert len({event["event_id"] for event in everything["events"]}) == 24


async def test_events_hold_nulls_and_cover_paths(api: Api) -> None:
    events = (await api.get("/events", page_size=100)).data["events"]
    assert events[0]["event_id"] == api.sandbox.event_id
    assert datetime.fromisoformat(events[0]["event_date"]).tzinfo is None
    covers = {event["cover_image"] for event in events}
    assert None in covers
    assert any(cover and cover.startswith("/imgs/") for cover in covers)
    assert any(cover and cover.startswith(api.sandbox.photos_url) for cover in covers)
    assert any(all(event[key] is None for key in event if key != "event_id") for event in events)
    assert {event["status"] for event in events} >= {"active", "draft", None}


async def test_main_event_has_all_features(api: Api) -> None:
    details = (await api.get("/details")).data
    assert set(details) == {
        "event_id", "event_name", "event_slug", "event_date", "status", "event_enabled", "bib_search",
        "selfie_search", "name_search", "video_search", "video_selfie_search", "timeline_search",
    }  # fmt: skip
    assert all(details[flag] is True for flag in details if flag.endswith(("_search", "_enabled")))


async def test_video_selfie_search_needs_video_search(sandbox: Sandbox) -> None:
    for event in sandbox.events:
        assert event.features.video_search or not event.features.video_selfie_search


@pytest.mark.parametrize(
    ("place", "path", "flag"),
    [
        (1, "/bibs/1", "Bib search"),
        (2, "/video-clipping/00000000-0000-4000-8000-000000000000", "Video search"),
        (3, "/video-clipping/00000000-0000-4000-8000-000000000000", "Video selfie search"),
        (3, "/timeline/days", "Timeline search"),
        (3, "/timeline/images", "Timeline search"),
        (6, "/faces/00000000-0000-4000-8000-000000000000", "Selfie search"),
    ],
)
async def test_disabled_feature_is_refused(api: Api, place: int, path: str, flag: str) -> None:
    answer = await api.get(path, event_id=api.sandbox.events[place].event_id)
    assert answer.refusal == (403, f"{flag} is disabled for this event")


async def test_photos_are_ordered_by_capture_time(api: Api) -> None:
    photos = await gallery(api)
    model = api.sandbox.event.gallery
    assert [photo["image_id"] for photo in photos] == [model.photo(i).image_id for i in range(120)]
    assert len({photo["image_id"] for photo in photos}) == 120
    times = [model.photo(i).taken_at for i in range(120)]
    timed = [time for time in times if time is not None]
    assert timed == sorted(timed)
    assert 0 < len(timed) < 120
    assert times[len(timed) :] == [None] * (120 - len(timed))


async def test_photo_has_all_keys(api: Api) -> None:
    photos = await gallery(api)
    photo = photos[0]
    image_id, base = photo["image_id"], f"{api.sandbox.photos_url}/imgs/{api.sandbox.event_id}"
    assert photo["img_url"] == f"{base}/large/{image_id}.jpg"
    assert photo["thumbnail_url"] == f"{base}/small/{image_id}.jpg"
    assert {bool(photo["original_url"]) for photo in photos} == {True, False}
    assert {(photo["width"], photo["height"]) for photo in photos} == {(1440, 960), (960, 1440)}


async def test_photos_of_a_draft_have_no_size(api: Api) -> None:
    photos = (await api.get("/images", event_id=api.sandbox.events[4].event_id)).data["images"]
    assert {(photo["width"], photo["height"]) for photo in photos} == {(None, None)}


async def test_pages_default_to_32_and_are_clamped_to_100(api: Api) -> None:
    assert len((await api.get("/images")).data["images"]) == 32
    clamped = (await api.get("/images", page_size=5000)).data
    assert clamped["pagination"]["page_size"] == len(clamped["images"]) == 100


async def test_page_beyond_the_end_is_empty_with_true_totals(api: Api) -> None:
    data = (await api.get("/images", page=9)).data
    assert data["images"] == []
    assert data["pagination"] == {
        "total": 120,
        "currentPage": 9,
        "totalPages": 4,
        "hasNextPage": False,
        "hasPreviousPage": True,
        "page_size": 32,
    }


async def test_event_without_photos(api: Api) -> None:
    answer = await api.get("/images", event_id=api.sandbox.events[10].event_id)
    assert answer.body["message"] == "No images found"
    assert answer.data == {"images": [], "pagination": NOTHING}
    days = await api.get("/timeline/days", event_id=api.sandbox.events[10].event_id)
    assert days.data == {"days": []}


async def test_bib_search_finds_the_photos_with_the_bib(api: Api) -> None:
    model = api.sandbox.event.gallery
    for bib in api.sandbox.bibs:
        expected = [model.photo(i).image_id for i in range(120) if bib in model.bibs_in(i)]
        url = URL(api.url(f"/bibs/{quote(bib, safe='')}?page_size=100"), encoded=True)
        found = (await api.send("GET", url)).data["images"]
        assert expected == [photo["image_id"] for photo in found]
        assert len(expected) >= 8


async def test_bibs_ignore_case_and_are_percent_decoded(api: Api) -> None:
    assert {"A/12", "१२३", "VIP 7"} <= set(api.sandbox.bibs)
    model = api.sandbox.event.gallery
    spellings = {
        "VIP%207": "VIP 7",
        "vip%207": "VIP 7",
        "a%2F12": "A/12",
        "%E0%A5%A7%E0%A5%A8%E0%A5%A9": "१२३",
    }
    for spelling, bib in spellings.items():
        answer = await api.send("GET", URL(api.url(f"/bibs/{spelling}"), encoded=True))
        assert answer.data["pagination"]["total"] == len(model.of_bib(bib)) > 0


async def test_unknown_bib_is_an_empty_page(api: Api) -> None:
    answer = await api.get("/bibs/nobody")
    assert answer.data == {"images": [], "pagination": NOTHING}


async def test_timeline_days_add_up(api: Api) -> None:
    days = (await api.get("/timeline/days")).data["days"]
    assert len(days) == 2
    assert [day["date"] for day in days] == sorted(day["date"] for day in days)
    for day in days:
        hours = [hour["hour"] for hour in day["hours"]]
        assert hours == sorted(hours)
        assert day["total"] == sum(hour["count"] for hour in day["hours"])
    assert sum(day["total"] for day in days) == api.sandbox.event.gallery.timed


async def test_timeline_photos_are_half_open(api: Api) -> None:
    model = api.sandbox.event.gallery
    first, later = model.taken_at(0), model.taken_at(20)
    span = {"from": first, "to": later}
    found = [photo["image_id"] for photo in await gallery(api, "/timeline/images", **span)]
    assert found == [model.photo(i).image_id for i in range(120) if i < 20]
    whole = {"from": 0, "to": 4_000_000_000}
    assert (await api.get("/timeline/images", **whole)).data["pagination"]["total"] == model.timed
    backwards = {"from": later, "to": first}
    assert (await api.get("/timeline/images", **backwards)).data["pagination"] == NOTHING


async def test_timeline_photos_agree_with_the_days(api: Api) -> None:
    for day in (await api.get("/timeline/days")).data["days"]:
        midnight = int(datetime.fromisoformat(day["date"]).replace(tzinfo=UTC).timestamp())
        for hour in day["hours"]:
            start = midnight + hour["hour"] * 3600
            span = {"from": start, "to": start + 3600}
            data = (await api.get("/timeline/images", **span)).data
            assert data["pagination"]["total"] == hour["count"]
