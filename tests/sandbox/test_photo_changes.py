"""Photos that are added and removed while the sandbox runs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ninepic_async.sandbox import ManualClock, Sandbox
from ninepic_async.sandbox.drawn_photos import DrawnPhotos
from ninepic_async.sandbox.event_photos import EventPhotos
from ninepic_async.sandbox.photo_changes import NewPhotos, with_drawn
from ninepic_async.testing import sandbox_in_thread

from .raw_client import Api

MOTION = "/video-clipping/search-by-selfie"


async def listed(api: Api, path: str = "/images", **query: int) -> list[str]:
    ids: list[str] = []
    page, more, total = 1, True, 0
    while more:
        data = (await api.get(path, page=page, page_size=50, **query)).data
        ids += [image["image_id"] for image in data["images"]]
        page, more, total = page + 1, data["pagination"]["hasNextPage"], data["pagination"]["total"]
    assert len(ids) == total
    return ids


async def in_days(api: Api) -> int:
    return sum(day["total"] for day in (await api.get("/timeline/days")).data["days"])


def times(sandbox: Sandbox) -> list[int | None]:
    photos = sandbox.event.gallery
    return [photos.photo(place).taken_at for place in range(photos.total)]


async def test_added_photos_are_listed_by_capture_time(api: Api) -> None:
    before, timed = await listed(api), await in_days(api)
    added = api.sandbox.add_photos(5)
    after = await listed(api)
    assert len(set(added)) == 5
    assert sorted(after) == sorted([*before, *added])
    assert [image_id for image_id in after if image_id in before] == before
    assert await in_days(api) == timed + 5
    taken = [at for at in times(api.sandbox) if at is not None]
    assert taken == sorted(taken)
    assert times(api.sandbox)[len(taken) :] == [None] * (len(after) - len(taken))


async def test_added_photo_of_a_bib(api: Api) -> None:
    bib = api.sandbox.bibs[2]
    before = await listed(api, f"/bibs/{bib}")
    added = api.sandbox.add_photos(3, bib=bib.lower())
    after = await listed(api, f"/bibs/{bib}")
    assert sorted(after) == sorted([*before, *added])
    for image_id in added:
        place = api.sandbox.event.gallery.index_of(image_id)
        assert place is not None
        assert api.sandbox.event.gallery.bibs_in(place)[0] == bib


async def test_capture_time_of_added_photos(api: Api) -> None:
    moment = datetime(2026, 1, 17, 4, 30, tzinfo=UTC)
    (timed,) = api.sandbox.add_photos(taken_at=moment)
    (untimed,) = api.sandbox.add_photos(timed=False)
    start = int(moment.timestamp())
    span = {"from": start, "to": start + 1}
    assert timed in await listed(api, "/timeline/images", **span)
    assert (await listed(api))[-1] == untimed
    assert untimed not in await listed(api, "/timeline/images", **{"from": 0, "to": 4_000_000_000})


async def test_added_photos_are_served(api: Api) -> None:
    image_ids = api.sandbox.add_photos(2)
    body = {"method": "image_ids", "identifier": image_ids}
    links = (await api.post("/original-photos", body)).data["presigned_urls"]
    assert len(links) == 2
    pages = [(await api.get("/images", page=page, page_size=100)).data["images"] for page in (1, 2)]
    (photo,) = [image for page in pages for image in page if image["image_id"] == image_ids[0]]
    for url in (photo["img_url"], photo["thumbnail_url"], links[0]["url"]):
        async with api.session.get(url) as reply:
            assert Image.open(BytesIO(await reply.read())).format == "JPEG"


async def test_removed_photos_are_gone_everywhere(api: Api) -> None:
    photos = api.sandbox.event.gallery
    bib = api.sandbox.bibs[0]
    first = photos.photo(photos.of_bib(bib)[0])
    url = (await api.get(f"/bibs/{bib}")).data["images"][0]["thumbnail_url"]
    before, timed, of_bib = await listed(api), await in_days(api), await listed(api, f"/bibs/{bib}")
    api.sandbox.remove_photos([first.image_id])
    before.remove(first.image_id)
    of_bib.remove(first.image_id)
    assert await listed(api) == before
    assert await listed(api, f"/bibs/{bib}") == of_bib
    assert await in_days(api) == timed - 1
    async with api.session.get(url) as reply:
        assert reply.status == 404
    body = {"method": "image_ids", "identifier": [first.image_id, before[0]]}
    originals = (await api.post("/original-photos", body)).data
    assert [failure["image_id"] for failure in originals["failed_urls"]] == [first.image_id]


async def test_cached_results_stay(api: Api) -> None:
    bib = api.sandbox.bibs[0]
    selfie = api.sandbox.selfie(bib)
    request_id = (await api.upload("/faces", selfie)).data["request_id"]
    job = (await api.upload(MOTION, None, request_id)).data["request_id"]
    found = await listed(api, f"/faces/{request_id}")
    api.sandbox.add_photos(3, bib=bib)
    api.sandbox.remove_photos(found[:2])
    assert await listed(api, f"/faces/{request_id}") == found
    assert (await api.upload("/faces", selfie, request_id)).data["pagination"]["total"] == len(found)
    fresh = (await api.upload("/faces", selfie)).data["request_id"]
    assert len(await listed(api, f"/faces/{fresh}")) == len(found) + 1
    api.clock.advance(2)
    assert (await api.get(f"/video-clipping/{job}")).data["clips"]


async def test_bibs_follow(api: Api) -> None:
    bib = api.sandbox.bibs[0]
    api.sandbox.remove_photos(await listed(api, f"/bibs/{bib}"))
    assert bib not in api.sandbox.bibs
    assert bib in api.sandbox.participants
    assert (await api.upload("/faces", api.sandbox.selfie(bib))).data["images"] == []
    api.sandbox.add_photos(bib=bib)
    assert bib in api.sandbox.bibs


async def test_growth_from_no_photos(session: ClientSession) -> None:
    async with Sandbox(photos=0, clock=ManualClock()) as sandbox:
        api = Api(sandbox, session)
        assert await listed(api) == []
        bib = sandbox.participants[0]
        added = sandbox.add_photos(3, bib=bib)
        assert sorted(await listed(api)) == sorted(added)
        found = (await api.upload("/faces", sandbox.selfie(bib))).data["images"]
        assert sorted(image["image_id"] for image in found) == sorted(added)
        sandbox.remove_photos(added)
        assert await listed(api) == []


async def test_reset_undoes_changes(api: Api) -> None:
    before = await listed(api)
    api.sandbox.add_photos(2)
    api.sandbox.remove_photos(before[:3])
    api.sandbox.reset()
    assert await listed(api) == before


async def test_snapshot_holds_changes(api: Api) -> None:
    bib = api.sandbox.bibs[0]
    request_id = (await api.upload("/faces", api.sandbox.selfie(bib))).data["request_id"]
    found = await listed(api, f"/faces/{request_id}")
    api.sandbox.remove_photos([*found[:1], *api.sandbox.add_photos(1)])
    api.sandbox.add_photos(2, bib=bib, timed=False)
    changed, snapshot = await listed(api), api.sandbox.snapshot()
    api.sandbox.reset()
    assert await listed(api) != changed
    api.sandbox.restore(snapshot)
    assert await listed(api) == changed
    assert await listed(api, f"/faces/{request_id}") == found
    assert api.sandbox.snapshot() == snapshot


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"count": 0}, "count must be a whole number from 1"),
        ({"count": True}, "count must be"),
        ({"count": 1.5}, "count must be"),
        ({"taken_at": datetime(2026, 1, 17)}, "taken_at must be an aware datetime"),
        ({"taken_at": datetime(2026, 1, 17, tzinfo=UTC), "timed": False}, "contradict each other"),
    ],
)
async def test_invalid_arguments(sandbox: Sandbox, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sandbox.add_photos(**arguments)
    assert sandbox.event.gallery.total == 120


async def test_photos_change_only_while_the_sandbox_runs() -> None:
    sandbox = Sandbox(photos=10)
    with pytest.raises(RuntimeError, match="start the sandbox first"):
        sandbox.add_photos()
    with pytest.raises(RuntimeError, match="start the sandbox first"):
        sandbox.remove_photos([])


async def test_unknown_ids_and_bibs_change_nothing(sandbox: Sandbox) -> None:
    known = sandbox.event.gallery.photo(0).image_id
    with pytest.raises(LookupError, match="no photo 'nonsense'"):
        sandbox.remove_photos([known, "nonsense"])
    with pytest.raises(LookupError, match="BIB 'nobody'"):
        sandbox.add_photos(bib="nobody")
    assert sandbox.event.gallery.total == 120
    sandbox.remove_photos(known)
    with pytest.raises(LookupError, match=known):
        sandbox.remove_photos([known])


CHANGES = st.lists(
    st.tuples(st.sampled_from(["add", "add untimed", "remove"]), st.integers(0, 99)), max_size=12
)


@given(st.integers(0, 40), CHANGES)
def test_any_changes_keep_order_totals_and_bibs(photos: int, changes: list[tuple[str, int]]) -> None:
    after = EventPhotos(DrawnPhotos("7/487", photos, 1_768_608_000))
    expected = {after.photo(place).image_id for place in range(photos)}
    for change, number in changes:
        before = after
        if change == "remove" and before.total:
            image_id = before.photo(number % before.total).image_id
            after = before.without([image_id])
            expected.remove(image_id)
        elif change != "remove":
            after = with_drawn(before, NewPhotos(number % 3 + 1, None, None, timed=change == "add"))
            expected.update(after.ids_beyond(before))
    taken = [after.photo(place).taken_at for place in range(after.total)]
    assert {after.photo(place).image_id for place in range(after.total)} == expected
    assert taken == sorted(taken, key=lambda at: (at is None, at or 0))
    assert after.timed == sum(at is not None for at in taken)
    for place in range(after.total):
        assert after.index_of(after.photo(place).image_id) == place
        assert all(place in after.of_bib(bib) for bib in after.bibs_in(place))
    assert set(after.bibs) == {bib for place in range(after.total) for bib in after.bibs_in(place)}


async def test_changes_from_another_thread() -> None:
    with sandbox_in_thread(photos=40) as sandbox:
        async with ClientSession() as session:
            api = Api(sandbox, session)
            walk = asyncio.create_task(listed(api))
            added = sandbox.add_photos(10)
            assert len(await walk) in (40, 50)
            assert set(added) <= set(await listed(api))


async def test_many_photos_stay_quick(session: ClientSession) -> None:
    async with Sandbox(photos=20_000) as sandbox:
        added = sandbox.add_photos(2_000)
        assert len(added) == 2_000
        assert (await Api(sandbox, session).get("/images", page=220, page_size=100)).data["pagination"][
            "total"
        ] == 22_000
        assert len(sandbox.bibs) == len(sandbox.participants)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        picture(tmp_path / f"{number}.jpg", number)
    return tmp_path


def picture(path: Path, shade: int) -> None:
    Image.linear_gradient("L").rotate(37 * shade).save(path)


async def test_folder_grows_and_shrinks(folder: Path, session: ClientSession) -> None:
    async with Sandbox(folder=folder, clock=ManualClock()) as sandbox:
        api, first = Api(sandbox, session), sandbox.bibs
        before = await listed(api)
        assert sandbox.add_photos() == []
        picture(folder / "9.jpg", 9)
        (folder / "broken.jpg").write_bytes(b"no picture")
        (added,) = sandbox.add_photos()
        assert await listed(api) == [*before, added]
        assert len(sandbox.left_out) == 1
        assert set(first) <= set(sandbox.bibs)
        sandbox.remove_photos(before[:1])
        assert sandbox.add_photos() == []
        assert await listed(api) == [*before[1:], added]
        (folder / "bibs.csv").write_text("9.jpg,77\n")
        sandbox.add_photos()
        assert await listed(api, "/bibs/77") == [added]
        found = (await api.upload("/faces", sandbox.selfie("77"))).data["images"]
        assert [image["image_id"] for image in found] == [added]
        snapshot = sandbox.snapshot()
        sandbox.reset()
        assert await listed(api) == [*before, added]
        sandbox.restore(snapshot)
        assert await listed(api) == [*before[1:], added]


async def test_new_files_keep_the_generated_bibs(tmp_path: Path) -> None:
    for number in range(40):
        picture(tmp_path / f"b{number}.jpg", number)
    async with Sandbox(folder=tmp_path) as sandbox:
        before = by_bib(sandbox)
        assert sorted(map(len, before.values())) == [20, 20]
        picture(tmp_path / "a.jpg", 99)
        (added,) = sandbox.add_photos()
        after = by_bib(sandbox)
        assert after.keys() == before.keys()
        assert {bib: ids - {added} for bib, ids in after.items()} == before


def by_bib(sandbox: Sandbox) -> dict[str, set[str]]:
    photos = sandbox.event.gallery
    return {bib: {photos.photo(place).image_id for place in photos.of_bib(bib)} for bib in photos.bibs}


@pytest.mark.parametrize("arguments", [{"count": 1}, {"bib": "1"}, {"timed": False}])
async def test_folder_draws_no_photos(folder: Path, arguments: dict[str, Any]) -> None:
    async with Sandbox(folder=folder) as sandbox:
        with pytest.raises(ValueError, match="add_photos takes no arguments"):
            sandbox.add_photos(**arguments)


async def test_changes_over_control(session: ClientSession) -> None:
    async with Sandbox(photos=20, clock=ManualClock(), control=True) as sandbox:
        api, url = Api(sandbox, session), f"{sandbox.base_url}/_sandbox/photos"

        async def send(method: str, body: object = None) -> tuple[int, Any]:
            async with session.request(method, url, json=body) as reply:
                return reply.status, await reply.json()

        status, received = await send(
            "POST", {"count": 2, "bib": sandbox.bibs[0], "taken_at": "2026-01-17T04:30:00Z"}
        )
        assert (status, len(received["added"]), received["photos"]) == (200, 2, 22)
        assert set(received["added"]) <= set(await listed(api, f"/bibs/{sandbox.bibs[0]}"))
        async with session.post(url) as reply:
            assert (await reply.json())["photos"] == 23
        assert await send("DELETE", {"image_ids": received["added"]}) == (200, {"photos": 21})
        for method, body, expected in (
            ("POST", {"count": 0}, 400),
            ("POST", {"taken_at": "soon"}, 400),
            ("POST", {"taken_at": "2026-01-17T04:30:00"}, 400),
            ("POST", {"bib": "nobody"}, 404),
            ("POST", {"nonsense": 1}, 400),
            ("DELETE", {"image_ids": ["nonsense"]}, 404),
            ("DELETE", {}, 400),
        ):
            status, received = await send(method, body)
            assert (status, bool(received["message"])) == (expected, True)
        assert sandbox.event.gallery.total == 21
