"""The OpenAPI document is valid, and the sandbox's replies match it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, FormData
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from ninepic_async import guesses
from ninepic_async.sandbox import Dialect, ManualClock, Sandbox
from ninepic_async.sandbox.api import openapi
from ninepic_async.sandbox.api.app import LARGEST_UPLOAD
from ninepic_async.sandbox.routes import ROUTES
from tests.sandbox.openapi_contract import check, operation_of, operations, parts, resolved
from tests.sandbox.raw_client import Answer, Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"
SPAN = {"from": 0, "to": 2_000_000_000}
MOTION = "/video-clipping/search-by-selfie"
Call = Callable[[Api], Awaitable[Answer]]


class CheckedApi(Api):
    """Sends requests and checks each reply against the document."""

    async def send(self, method: str, url: Any, **options: Any) -> Answer:
        headers = {"X-API-Key": self.sandbox.api_key} | options.pop("headers", {})
        async with self.session.request(method, url, headers=headers, **options) as reply:
            answer = Answer(reply.status, await reply.json())
            operation = operation_of(method, reply.url.raw_path)
            check(operation, reply.status, reply.content_type, answer.body)
            return answer

    @property
    def selfie(self) -> bytes:
        return self.sandbox.selfie(self.sandbox.bibs[0])

    async def searched(self) -> str:
        request_id: str = (await self.upload("/faces", self.selfie)).data["request_id"]
        return request_id

    async def job(self, selfie: bytes) -> str:
        request_id: str = (await self.upload(MOTION, selfie)).data["request_id"]
        return request_id


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=90, clock=ManualClock(), missing_originals=0.3) as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox, session: ClientSession) -> CheckedApi:
    return CheckedApi(sandbox, session)


def test_document_is_valid() -> None:
    OpenAPIV31SpecValidator(openapi.document()).validate()
    for schema in openapi.document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


async def test_document_is_served_without_a_key(sandbox: Sandbox, session: ClientSession) -> None:
    sandbox.faults.add(status=503)
    async with session.get(f"{sandbox.base_url}/openapi.json") as reply:
        assert (reply.status, reply.content_type) == (200, "application/json")
        assert await reply.json() == openapi.document()
    assert list(sandbox.requests) == []


async def test_missing_pyyaml_says_what_to_install(
    sandbox: Sandbox, session: ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    openapi.document.cache_clear()
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "yaml", None)
    async with session.get(f"{sandbox.base_url}/openapi.json") as reply:
        assert reply.status == 501
        assert "pip install 'ninepic-async[sandbox]'" in await reply.text()


def test_document_has_all_routes_and_no_others() -> None:
    described = {(each.name, each.method, each.path) for each in operations().values()}
    assert described == {(route.name, route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("route", [route for route in ROUTES if route.paged], ids=lambda route: route.name)
def test_page_sizes_match_the_routes(route: Any) -> None:
    described = operations()[route.name].described
    (size,) = [
        parameter for parameter in map(resolved, described["parameters"]) if parameter["name"] == "page_size"
    ]
    assert size["schema"]["default"] == route.limits.default
    assert size["description"].startswith(f"{route.limits.largest} at most")


def test_guesses_are_marked_with_a_note() -> None:
    marked = [part for part in parts(openapi.document()) if part.get("x-guess") is True]
    assert len(marked) >= 10
    assert all(len(part["x-guess-note"]) > 10 for part in marked)
    assert not [part for part in parts(openapi.document()) if "x-guess-note" in part and part not in marked]


def test_marks_name_every_guess() -> None:
    marks = [part for part in parts(openapi.document()) if "x-guess-names" in part]
    assert all(mark["x-guess"] is True for mark in marks)
    named = {name for mark in marks for name in mark["x-guess-names"]}
    assert named == {name for name in vars(guesses) if name.isupper() and name[0] != "_"}


def test_guess_is_corrected_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "SELFIE_FIELD", "portrait")
    monkeypatch.setattr(guesses, "CLIP_URL_KEYS", ("film",))
    monkeypatch.setattr(guesses, "FACES_PAGE_SIZE_MAX", 50)
    openapi.document.cache_clear()
    try:
        document = openapi.document()
        OpenAPIV31SpecValidator(document).validate()
        form = operations()["face_search"].described["requestBody"]["content"]["multipart/form-data"]
        assert resolved(form["schema"])["required"] == ["portrait"]
        assert "film" in document["components"]["schemas"]["Clip"]["properties"]
        assert document["components"]["parameters"]["FacesPageSize"]["description"].startswith("50 ")
    finally:
        openapi.document.cache_clear()


async def of_all_kinds(api: CheckedApi) -> None:
    for event in api.sandbox.events[:8]:
        for path in ("/ping", "/details", "/images", "/timeline/days", "/bibs/1", f"/faces/{UNKNOWN}"):
            await api.get(path, event_id=event.event_id)


async def done(api: CheckedApi) -> Answer:
    job = await api.job(api.selfie)
    api.clock.advance(60)
    return await api.get(f"/video-clipping/{job}")


async def without_a_match(api: CheckedApi) -> Answer:
    job = await api.job(api.sandbox.stranger_selfie())
    api.clock.advance(60)
    return await api.get(f"/video-clipping/{job}")


async def failed(api: CheckedApi) -> Answer:
    api.sandbox.state.fail_clip_jobs = 1
    job = await api.job(api.selfie)
    api.clock.advance(60)
    return await api.get(f"/video-clipping/{job}")


async def originals(api: CheckedApi, method: str, identifier: object) -> Answer:
    return await api.post("/original-photos", {"method": method, "identifier": identifier}, page_size=60)


async def some_originals(api: CheckedApi) -> Answer:
    ids = [image["image_id"] for image in (await api.get("/images")).data["images"]]
    answer = await originals(api, "image_ids", [*ids, "unknown"])
    assert {failure["error"] for failure in answer.data["failed_urls"]} == {
        "Image not found",
        "Failed to generate URL",
    }
    return answer


ANSWERS: dict[str, tuple[int, Call]] = {
    "events": (200, lambda api: api.get("/events", page_size=100)),
    "events, a page beyond the last": (200, lambda api: api.get("/events", page=9)),
    "ping": (200, lambda api: api.get("/ping")),
    "details": (200, lambda api: api.get("/details")),
    "photos": (200, lambda api: api.get("/images", page=2)),
    "photos, the largest page number": (200, lambda api: api.get("/images", page=2**63 - 1)),
    "bib_search": (200, lambda api: api.get(f"/bibs/{api.sandbox.bibs[0]}")),
    "bib_search, no photos": (200, lambda api: api.get("/bibs/nobody")),
    "face_search": (200, lambda api: api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0]))),
    "face_search, no match": (200, lambda api: api.upload("/faces", api.sandbox.stranger_selfie())),
    "face_search, own request_id": (
        200,
        lambda api: api.upload("/faces", api.sandbox.selfie(api.sandbox.bibs[0]), str(uuid4())),
    ),
    "timeline_days": (200, lambda api: api.get("/timeline/days")),
    "timeline_photos": (200, lambda api: api.get("/timeline/images", **SPAN)),
    "start_clips": (200, lambda api: api.upload(MOTION, api.sandbox.selfie(api.sandbox.bibs[0]))),
    "originals, bib": (200, lambda api: api.post("/original-photos", {"method": "bib", "identifier": "1"})),
    "page 0": (422, lambda api: api.get("/images", page=0)),
    "page 2**63": (422, lambda api: api.get("/images", page=2**63)),
    "timeline without a span": (422, lambda api: api.get("/timeline/images")),
    "no selfie": (422, lambda api: api.upload("/faces", None)),
    "no selfie for Motion": (422, lambda api: api.upload(MOTION, None)),
    "an empty selfie": (400, lambda api: api.upload("/faces", b"")),
    "an empty selfie for Motion": (400, lambda api: api.upload(MOTION, b"")),
    "an upload that is not a picture": (400, lambda api: api.upload("/faces", b"no picture")),
    "a malformed request_id": (400, lambda api: api.get("/faces/x")),
    "a malformed request_id for Motion": (400, lambda api: api.get("/video-clipping/x")),
    "an unknown request_id": (404, lambda api: api.get(f"/faces/{UNKNOWN}")),
    "an unknown request_id for Motion": (404, lambda api: api.get(f"/video-clipping/{UNKNOWN}")),
    "Motion for an unknown search": (404, lambda api: api.upload(MOTION, None, UNKNOWN)),
    "no body": (422, lambda api: api.post("/original-photos", None)),
    "an unknown image": (
        400,
        lambda api: api.post("/original-photos", {"method": "image_id", "identifier": "x"}),
    ),
    "originals of an unknown search": (
        404,
        lambda api: api.post("/original-photos", {"method": "selfie", "identifier": UNKNOWN}),
    ),
    "no key": (401, lambda api: api.send("GET", api.url("/ping"), headers={"X-API-Key": ""})),
    "a wrong key": (403, lambda api: api.send("GET", api.url("/events"), headers={"X-API-Key": "x"})),
    "an event of another organisation": (403, lambda api: api.get("/details", event_id=1)),
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_replies_match_the_document(api: CheckedApi, case: str) -> None:
    status, call = ANSWERS[case]
    assert (await call(api)).status == status


async def test_too_large_upload_is_refused_as_documented(api: CheckedApi) -> None:
    form = FormData()
    form.add_field("selfie", BytesIO(b"x" * (LARGEST_UPLOAD + 1)), filename="selfie.jpg")
    assert (await api.send("POST", api.url("/faces"), data=form)).status == 413


async def test_replies_after_a_search_match_the_document(api: CheckedApi) -> None:
    request_id = await api.searched()
    assert (await api.get(f"/faces/{request_id}")).data["images"]
    assert (await originals(api, "selfie", request_id)).data["identifier"] == request_id
    assert (await api.upload(MOTION, None, request_id)).data["request_id"] == request_id
    assert (await done(api)).data["clips"]
    assert (await without_a_match(api)).data["clips"] == []
    assert (await failed(api)).data["message"]
    await some_originals(api)


async def test_special_events_match_the_document(api: CheckedApi) -> None:
    await of_all_kinds(api)
    seen = {record.status for record in api.sandbox.requests}
    assert seen == {200, 403, 404}


async def test_undocumented_wording_fails_the_check(session: ClientSession) -> None:
    """The document describes the current wording only."""
    async with Sandbox(photos=5, dialect=Dialect(misspelt=True)) as misspelt:
        with pytest.raises(AssertionError, match="thumbanail_url"):
            await CheckedApi(misspelt, session).get("/images")
    async with Sandbox(photos=5, dialect=Dialect(flat=True)) as flat:
        with pytest.raises(AssertionError, match="responseType"):
            await CheckedApi(flat, session).get("/images")
