"""Both apps, asked by a visitor, with a sandbox in 9Pic's place.

Nothing of the apps is replaced: `ninepic_environment` sets the variables that their client is made from.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from conftest import Visit, Visitor
from finder import LARGEST_SELFIE

from ninepic_async.sandbox import Sandbox

pytestmark = [pytest.mark.asyncio, pytest.mark.ninepic_sandbox(photos=60)]


async def ask(visitor: Visitor, bib: str) -> tuple[int, Any]:
    reply = await visitor.get("/photos", params={"bib": bib})
    return reply.status_code, reply.json()


async def show(visitor: Visitor, selfie: bytes, request_id: str | None = None) -> tuple[int, Any]:
    reply = await visitor.put(f"/searches/{request_id or uuid4()}", content=selfie)
    return reply.status_code, reply.json()


async def test_the_page_and_its_parts(visitor: Visitor) -> None:
    page = await visitor.get("/")
    assert "Find your photos" in page.text
    for part in ("page.css", "page.js"):
        assert f"static/{part}" in page.text
        assert (await visitor.get(f"/static/{part}")).status_code == 200
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_the_event(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    about = (await visitor.get("/event")).json()
    assert about["name"] == ninepic_sandbox.event.name
    assert (about["bib_search"], about["selfie_search"]) == (True, True)


async def test_photos_by_bib(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    bib = ninepic_sandbox.bibs[0]
    status, found = await ask(visitor, f" {bib} ")
    assert status == 200
    assert len(found["photos"]) == len(ninepic_sandbox.event.gallery.of_bib(bib)) > 0
    assert set(found["photos"][0]) == {"id", "thumbnail", "large", "width", "height"}


async def test_nobody_has_that_bib(visitor: Visitor) -> None:
    nothing: dict[str, object] = {"photos": [], "request_id": None, "zip": None, "note": None}
    assert await ask(visitor, "nobody") == (200, nothing)


async def test_photos_by_selfie(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    bib, request_id = ninepic_sandbox.bibs[0], str(uuid4())
    status, found = await show(visitor, ninepic_sandbox.selfie(bib), request_id)
    assert (status, found["request_id"]) == (200, request_id)
    assert found["photos"] == (await ask(visitor, bib))[1]["photos"]
    assert (await show(visitor, ninepic_sandbox.stranger_selfie()))[1]["photos"] == []


async def test_photos_by_selfie_and_bib(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    mine, other = ninepic_sandbox.bibs[:2]
    reply = await visitor.put(
        f"/searches/{uuid4()}", params={"bib": other}, content=ninepic_sandbox.selfie(mine)
    )
    ids = [photo["id"] for photo in reply.json()["photos"]]
    both = {photo["id"] for bib in (mine, other) for photo in (await ask(visitor, bib))[1]["photos"]}
    assert len(ids) == len(both)
    assert set(ids) == both


async def test_a_part_that_fails_loses_nothing(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(endpoint="face_search", status=403, body={"message": "Forbidden"})
    bib = ninepic_sandbox.bibs[0]
    reply = await visitor.put(
        f"/searches/{uuid4()}", params={"bib": bib}, content=ninepic_sandbox.selfie(bib)
    )
    assert reply.json()["photos"] == (await ask(visitor, bib))[1]["photos"]
    assert "try again later" in reply.json()["note"]


async def test_a_visitor_from_9pics_gallery(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    bib, request_id = ninepic_sandbox.bibs[0], str(uuid4())
    await show(visitor, ninepic_sandbox.selfie(bib), request_id)
    came = {"eventId": str(ninepic_sandbox.event_id), "bibNumber": bib, "selfieRequestId": request_id}
    reply = await visitor.get("/visit", params=came)
    assert reply.json()["photos"] == (await ask(visitor, bib))[1]["photos"]
    ninepic_sandbox.assert_one_search_charged()
    assert (await visitor.get("/visit", params=came | {"eventId": "1"})).status_code == 404
    nothing = await visitor.get("/visit", params={"eventId": str(ninepic_sandbox.event_id)})
    assert nothing.json()["photos"] == []


HOSTILE = {
    "bib and an unknown search": {"selfieRequestId": str(uuid4())},
    "bib and no id at all": {"selfieRequestId": "<script>"},
    "bib and a gallery of no use": {"ref": "%%%", "selfieRequestId": ""},
}


@pytest.mark.parametrize("also", HOSTILE.values(), ids=HOSTILE)
async def test_a_visitor_with_parts_that_are_wrong_gets_the_bibs_photos_and_their_zip(
    visitor: Visitor, ninepic_sandbox: Sandbox, also: dict[str, str]
) -> None:
    bib = ninepic_sandbox.bibs[0]
    came = {"eventId": str(ninepic_sandbox.event_id), "bibNumber": bib, **also}
    found = (await visitor.get("/visit", params=came)).json()
    assert found["photos"] == (await ask(visitor, bib))[1]["photos"]
    reply = await visitor.get(f"/photos.zip?{found['zip']}")
    with ZipFile(BytesIO(reply.content)) as archive:
        assert [Path(name).stem for name in archive.namelist()] == [each["id"] for each in found["photos"]]


@pytest.mark.parametrize("way", ["bib", "search"])
async def test_all_photos_as_a_zip(visitor: Visitor, ninepic_sandbox: Sandbox, way: str) -> None:
    bib, request_id = ninepic_sandbox.bibs[0], str(uuid4())
    _, found = await show(visitor, ninepic_sandbox.selfie(bib), request_id)
    query = found["zip"] if way == "search" else (await ask(visitor, bib))[1]["zip"]
    assert query.startswith(way)
    reply = await visitor.get(f"/photos.zip?{query}")
    assert reply.headers["Content-Type"] == "application/zip"
    assert reply.headers["Cache-Control"] == "no-store"
    with ZipFile(BytesIO(reply.content)) as archive:
        assert archive.testzip() is None
        assert [Path(name).stem for name in archive.namelist()] == [each["id"] for each in found["photos"]]
    ninepic_sandbox.assert_one_search_charged()


async def test_a_zip_of_nothing_is_an_error(visitor: Visitor) -> None:
    assert (await visitor.get("/photos.zip")).status_code == 400
    assert (await visitor.get("/photos.zip", params={"search": str(uuid4())})).status_code == 404


async def test_a_visitor_who_presses_twice_is_charged_once(
    visitor: Visitor, ninepic_sandbox: Sandbox
) -> None:
    selfie, request_id = ninepic_sandbox.selfie(ninepic_sandbox.bibs[0]), str(uuid4())
    first = await show(visitor, selfie, request_id)
    assert await show(visitor, selfie, request_id) == first
    ninepic_sandbox.assert_one_search_charged()


async def test_a_lost_reply_costs_nothing(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(endpoint="face_search", lose_reply=True)
    status, found = await show(visitor, ninepic_sandbox.selfie(ninepic_sandbox.bibs[0]))
    assert (status, bool(found["photos"])) == (200, True)
    ninepic_sandbox.assert_one_search_charged()


async def test_charges_per_visitor_are_bounded(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    selfie = ninepic_sandbox.selfie(ninepic_sandbox.bibs[0])
    ids = [str(uuid4()) for _ in range(5)]
    assert [(await show(visitor, selfie, each))[0] for each in ids] == [200] * 5
    reply = await visitor.put(f"/searches/{uuid4()}", content=selfie)
    assert reply.status_code == 429
    assert 3500 <= int(reply.headers["Retry-After"]) <= 3600
    assert "later" in reply.json()["error"]
    assert (await show(visitor, selfie, ids[0]))[0] == 200
    assert len(ninepic_sandbox.state.charges) == 5


@pytest.mark.parametrize("upload", [b"", b"not a picture"])
async def test_uploads_that_are_no_selfie(visitor: Visitor, ninepic_sandbox: Sandbox, upload: bytes) -> None:
    for _ in range(6):  # they do not count
        status, said = await show(visitor, upload)
        assert (status, "photo of your face" in said["error"]) == (400, True)
    assert ninepic_sandbox.state.charges == []


async def test_an_upload_that_is_too_large(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    status, said = await show(visitor, bytes(LARGEST_SELFIE + 1))
    assert (status, "under 10 MB" in said["error"]) == (413, True)
    assert len(ninepic_sandbox.requests) == 0


async def test_an_id_that_is_no_uuid(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    assert (await show(visitor, ninepic_sandbox.selfie(ninepic_sandbox.bibs[0]), "1"))[0] == 400
    assert len(ninepic_sandbox.requests) == 0


async def test_no_bib(visitor: Visitor) -> None:
    assert (await ask(visitor, " "))[0] == 400


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("POST", "/photos", 405)])
async def test_every_error_is_json(visitor: Visitor, method: str, path: str, status: int) -> None:
    reply = await visitor.request(method, path)
    assert (reply.status_code, "Please" in reply.json()["error"]) == (status, True)
    assert reply.headers["Cache-Control"] == "no-store"


async def test_links_that_are_not_https_are_left_out(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(
        endpoint="bib_search", replace={"$.data.images[0].img_url": "javascript:alert(1)"}
    )
    bib = ninepic_sandbox.bibs[0]
    _, found = await ask(visitor, bib)
    assert len(found["photos"]) == len(ninepic_sandbox.event.gallery.of_bib(bib)) - 1


async def test_a_search_that_is_off(visit: Visit, ninepic_sandbox: Sandbox) -> None:
    event = next(event for event in ninepic_sandbox.events if not event.features.bib_search)
    async with visit(event.event_id) as visitor:
        assert (await ask(visitor, "1"))[0] == 404


async def test_9pic_is_busy(visitor: Visitor, ninepic_sandbox: Sandbox) -> None:
    ninepic_sandbox.faults.add(status=429, headers={"Retry-After": "300"})
    reply = await visitor.get("/photos", params={"bib": "1"})
    assert reply.status_code == 503
    assert 290 <= int(reply.headers["Retry-After"]) <= 300


async def test_9pic_does_not_know_us(
    visitor: Visitor, ninepic_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    ninepic_sandbox.faults.add(status=403, body={"message": "Forbidden"})
    status, said = await ask(visitor, "1")
    assert (status, said["error"]) == (502, "The photos can't be searched right now. Please try again later.")
    assert "Forbidden" in caplog.text


async def test_no_trace_of_a_selfie(
    visitor: Visitor, ninepic_sandbox: Sandbox, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    selfie = ninepic_sandbox.selfie(ninepic_sandbox.bibs[0])
    reply = await visitor.put(f"/searches/{uuid4()}", content=selfie)
    assert reply.headers["Cache-Control"] == "no-store"
    assert repr(selfie[:40])[2:-1] not in caplog.text
