"""The second port: renditions, signed links, ranges."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from PIL import Image

from ninepic_async.sandbox import ManualClock, Sandbox

from .raw_client import Api

DATE_TIME_ORIGINAL = 0x9003
ORIGINALS = "/original-photos"


async def fetch(api: Api, url: str, **headers: str) -> tuple[int, bytes, Any]:
    async with api.session.get(url, headers=headers) as reply:
        return reply.status, await reply.read(), reply.headers


async def first_link(api: Api) -> str:
    body = {"method": "bib", "identifier": api.sandbox.bibs[0]}
    url = (await api.post(ORIGINALS, body)).data["presigned_urls"][0]["url"]
    assert isinstance(url, str)
    return url


async def test_renditions(api: Api) -> None:
    photo = (await api.get("/images")).data["images"][0]
    shapes = {}
    for kind in ("img_url", "thumbnail_url"):
        status, body, headers = await fetch(api, photo[kind])
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        picture = Image.open(BytesIO(body))
        picture.load()
        shapes[kind] = picture.size
        assert picture.format == "JPEG"
        assert picture.width / picture.height == pytest.approx(photo["width"] / photo["height"], rel=0.02)
    assert max(shapes["thumbnail_url"]) < max(shapes["img_url"]) < max(photo["width"], photo["height"])


async def test_large_rendition_is_watermarked(api: Api) -> None:
    photo = next(p for p in (await api.get("/images", page_size=100)).data["images"] if p["original_url"])
    _, large, _ = await fetch(api, photo["img_url"])
    _, plain, _ = await fetch(api, photo["original_url"])
    marked = Image.open(BytesIO(large)).convert("L")
    clean = Image.open(BytesIO(plain)).convert("L").resize(marked.size)
    pairs = zip(marked.tobytes(), clean.tobytes(), strict=True)
    assert sum(a - b > 30 for a, b in pairs) > 1000


async def test_originals_match_the_listing(api: Api) -> None:
    model = api.sandbox.event.gallery
    ids = [model.photo(place).image_id for place in (0, 119)]
    data = (await api.post(ORIGINALS, {"method": "image_ids", "identifier": ids})).data
    for place, item in zip((0, 119), data["presigned_urls"], strict=True):
        _, body, _ = await fetch(api, item["url"])
        picture = Image.open(BytesIO(body))
        photo = model.photo(place)
        assert picture.size == (photo.width, photo.height)
        text = picture.getexif().get_ifd(0x8769).get(DATE_TIME_ORIGINAL)
        assert (text is None) == (photo.taken_at is None)
        assert text is None or text.startswith(str(api.sandbox.event.date.year))


async def test_original_url_works_only_if_listed(api: Api) -> None:
    photos = (await api.get("/images", page_size=100)).data["images"]
    closed = next(photo for photo in photos if photo["original_url"] is None)
    url = closed["img_url"].replace("/large/", "/open/")
    assert (await fetch(api, url))[0] == 404


async def test_covers_are_served(api: Api) -> None:
    for event in (await api.get("/events")).data["events"]:
        if event["cover_image"]:
            url = event["cover_image"]
            url = url if url.startswith("http") else api.sandbox.photos_url + url
            status, body, _ = await fetch(api, url)
            assert status == 200
            Image.open(BytesIO(body)).load()


async def test_links_expire_and_reject_changes(api: Api) -> None:
    url = await first_link(api)
    assert (await fetch(api, url))[0] == 200
    for other in (url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace("expires=1", "expires=2")):
        status, body, _ = await fetch(api, other)
        assert status == 403
        assert b"<Code>AccessDenied</Code>" in body
    assert (await fetch(api, url.split("?")[0]))[0] == 403
    api.clock.advance(3599)
    assert (await fetch(api, url))[0] == 200
    api.clock.advance(1)
    status, body, _ = await fetch(api, url)
    assert status == 403
    assert b"Request has expired" in body


async def test_signed_link_is_for_one_photo(api: Api) -> None:
    body = {"method": "bib", "identifier": api.sandbox.bibs[0]}
    one, two = (item["url"] for item in (await api.post(ORIGINALS, body)).data["presigned_urls"][:2])
    swapped = two.split("?")[0] + "?" + one.split("?")[1]
    assert (await fetch(api, swapped))[0] == 403


async def test_link_lifetime(session: ClientSession) -> None:
    async with Sandbox(photos=20, clock=ManualClock(), link_lifetime_s=5) as sandbox:
        api = Api(sandbox, session)
        url = await first_link(api)
        api.clock.advance(5)
        assert (await fetch(api, url))[0] == 403


async def test_ranges(api: Api) -> None:
    url = await first_link(api)
    _, whole, headers = await fetch(api, url)
    assert headers["Accept-Ranges"] == "bytes"
    assert int(headers["Content-Length"]) == len(whole)
    tag, date = headers["ETag"], headers["Last-Modified"]
    status, part, headers = await fetch(api, url, Range="bytes=100-199")
    assert (status, part) == (206, whole[100:200])
    assert headers["Content-Range"] == f"bytes 100-199/{len(whole)}"
    assert (await fetch(api, url, Range=f"bytes={len(whole) - 7}-"))[1] == whole[-7:]
    status, _, headers = await fetch(api, url, Range=f"bytes={len(whole)}-")
    assert (status, headers["Content-Range"]) == (416, f"bytes */{len(whole)}")
    for validator in (tag, date):
        assert (await fetch(api, url, **{"Range": "bytes=0-9", "If-Range": validator}))[0] == 206
    assert (await fetch(api, url, **{"Range": "bytes=0-9", "If-Range": '"other"'}))[0] == 200
    assert (await fetch(api, url, **{"If-None-Match": tag}))[0] == 304


async def test_head(api: Api) -> None:
    url = (await api.get("/images")).data["images"][0]["img_url"]
    _, whole, got = await fetch(api, url)
    async with api.session.head(url) as reply:
        assert reply.status == 200
        assert int(reply.headers["Content-Length"]) == len(whole)
        assert reply.headers["ETag"] == got["ETag"]
        assert await reply.read() == b""


async def test_unknown_paths(api: Api) -> None:
    base, event_id = api.sandbox.photos_url, api.sandbox.event_id
    for path in (
        f"/imgs/{event_id}/large/{uuid4()}.jpg",
        "/imgs/1/large/x.jpg",
        "/imgs/x/cover.jpg",
        f"/imgs/{'9' * 5000}/cover.jpg",
        "/nope",
    ):
        assert (await fetch(api, base + path))[0] == 404


async def test_key_sent_to_the_photo_host_is_recorded(api: Api) -> None:
    url = (await api.get("/images")).data["images"][0]["thumbnail_url"]
    await fetch(api, url)
    assert api.sandbox.state.key_leaks == []
    await fetch(api, url, **{"x-api-key": "secret"})
    assert api.sandbox.state.key_leaks == [url.removeprefix(api.sandbox.photos_url)]
    assert "secret" not in repr(api.sandbox.requests)


async def test_originals_by_bib_are_paged(api: Api) -> None:
    model = api.sandbox.event.gallery
    bib = api.sandbox.bibs[0]
    places = model.of_bib(bib)
    names, page, more = [], 1, True
    while more:
        data = (await api.post(ORIGINALS, {"method": "bib", "identifier": bib}, page=page, page_size=6)).data
        names += [item["filename"] for item in data["presigned_urls"]]
        assert data["total_images"] == len(places)
        assert data["successful_count"] == len(data["presigned_urls"])
        assert (data["failed_count"], data["failed_urls"], data["identifier"]) == (0, [], bib)
        page, more = page + 1, data["pagination"]["hasNextPage"]
    assert names == [f"{model.photo(place).image_id}.jpg" for place in places]


async def test_originals_default_to_30_and_are_clamped_to_60(api: Api) -> None:
    model = api.sandbox.event.gallery
    ids = [model.photo(place).image_id for place in range(100)]
    body = {"method": "image_ids", "identifier": ids}
    assert len((await api.post(ORIGINALS, body)).data["presigned_urls"]) == 30
    clamped = (await api.post(ORIGINALS, body, page_size=100)).data
    assert clamped["pagination"]["page_size"] == len(clamped["presigned_urls"]) == 60
    assert clamped["identifier"] is None


async def test_originals_of_a_search(api: Api) -> None:
    bib = api.sandbox.bibs[0]
    request_id = (await api.upload("/faces", api.sandbox.selfie(bib))).data["request_id"]
    data = (await api.post(ORIGINALS, {"method": "selfie", "identifier": request_id})).data
    assert data["total_images"] == len(api.sandbox.event.gallery.of_bib(bib))
    unknown = {"method": "selfie", "identifier": str(uuid4())}
    assert (await api.post(ORIGINALS, unknown)).refusal[0] == 404
    assert (await api.post(ORIGINALS, {"method": "selfie", "identifier": "x"})).refusal[0] == 400


async def test_unknown_images(api: Api) -> None:
    known = api.sandbox.event.gallery.photo(3).image_id
    data = (await api.post(ORIGINALS, {"method": "image_ids", "identifier": ["nope", known]})).data
    assert [item["filename"] for item in data["presigned_urls"]] == [f"{known}.jpg"]
    assert data["failed_urls"] == [{"image_id": "nope", "error": "Image not found", "path": None}]
    assert (data["total_images"], data["successful_count"], data["failed_count"]) == (2, 1, 1)
    assert (await api.post(ORIGINALS, {"method": "image_id", "identifier": known})).data[
        "identifier"
    ] == known
    for body in (
        {"method": "image_id", "identifier": "nope"},
        {"method": "image_ids", "identifier": ["nope", str(uuid4())]},
    ):
        assert (await api.post(ORIGINALS, body)).refusal[0] == 400


async def test_unknown_bib_has_no_originals(api: Api) -> None:
    data = (await api.post(ORIGINALS, {"method": "bib", "identifier": "nobody"})).data
    assert (data["presigned_urls"], data["failed_urls"], data["total_images"]) == ([], [], 0)
    assert data["pagination"]["totalPages"] == 0


async def test_some_originals_can_be_missing(session: ClientSession) -> None:
    async with Sandbox(photos=100, missing_originals=0.2) as sandbox:
        api = Api(sandbox, session)
        ids = [sandbox.event.gallery.photo(place).image_id for place in range(60)]
        body = {"method": "image_ids", "identifier": ids}
        data = (await api.post(ORIGINALS, body, page_size=60)).data
        assert 0 < data["failed_count"] < 30
        assert data["failed_count"] + data["successful_count"] == 60
        failed = data["failed_urls"][0]
        assert failed["error"] == "Failed to generate URL"
        assert failed["path"] == f"imgs/{sandbox.event_id}/large/{failed['image_id']}.jpg"
