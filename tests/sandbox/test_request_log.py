"""The request log, and the assertions for the end of a test."""

from __future__ import annotations

from uuid import uuid4

import pytest

from ninepic_async.sandbox import Dialect, ManualClock, Sandbox
from ninepic_async.sandbox.request_log import KEPT

from .raw_client import Api


def any_bib(api: Api) -> str:
    return api.sandbox.bibs[0]


async def test_request_is_logged(api: Api) -> None:
    await api.get("/images", page=2, page_size=5)
    await api.get("/images", page=2)
    await api.get("/nonsense")
    first, again, last = api.sandbox.requests
    assert (first.host, first.method, first.endpoint, first.page) == ("api", "GET", "photos", 2)
    assert first.query == {"page": "2", "page_size": "5"}
    assert first.path.endswith("/images")
    assert (first.status, first.at, first.attempt) == (200, api.clock.now(), 1)
    assert again.attempt == 2
    assert (last.endpoint, last.status, last.attempt) == ("unknown", 501, 1)


async def test_log_is_a_sequence(api: Api) -> None:
    log = api.sandbox.requests
    for path in ("/ping", "/details", "/ping"):
        await api.get(path)
    assert len(log) == 3
    assert [record.endpoint for record in log] == ["ping", "details", "ping"]
    assert log[-1] is log[2] is list(log)[2]
    assert log[1:] == list(log)[1:]
    assert log[0] in log
    log.clear()
    assert (len(log), repr(log)) == (0, "RequestLog([])")
    await api.get("/ping")
    assert log[0].attempt == 1


async def test_log_drops_old_requests(api: Api) -> None:
    for _ in range(3):
        await api.get("/ping")
    record = api.sandbox.requests[0]
    api.sandbox.requests._records.extend([record] * KEPT)
    assert len(api.sandbox.requests) == KEPT == 10_000


async def test_key_is_masked_everywhere(api: Api) -> None:
    key = api.sandbox.api_key
    await api.send("GET", api.url(f"/bibs/{key}"), headers={"x-other": f"Bearer {key}"}, params={"k": key})
    (record,) = api.sandbox.requests
    assert record.headers["X-API-Key"] == "***"
    assert record.headers["x-other"] == "Bearer ***"
    assert record.query == {"k": "***"}
    assert record.path.endswith("/bibs/***")
    assert key not in repr(api.sandbox.requests)


@pytest.mark.parametrize("where", ["photo host", "address", "another header"])
async def test_leaked_key_is_reported(where: str, api: Api) -> None:
    sandbox, key = api.sandbox, api.sandbox.api_key
    url = (await api.get("/images")).data["images"][0]["thumbnail_url"]
    sandbox.assert_no_key_leaked()
    if where == "photo host":
        async with api.session.get(url, headers={"X-API-Key": key}) as reply:
            path = reply.url.path
    elif where == "address":
        await api.get("/ping", api_key=key)
        path = sandbox.requests[-1].path
    else:
        await api.send("GET", api.url("/ping"), headers={"Authorization": f"Bearer {key}"})
        path = sandbox.requests[-1].path
    with pytest.raises(AssertionError, match="sent to the wrong place 1 times") as failure:
        sandbox.assert_no_key_leaked()
    assert path in str(failure.value)
    assert key not in str(failure.value)


async def test_one_search_charged(api: Api) -> None:
    sandbox, selfie, request_id = api.sandbox, api.sandbox.selfie(any_bib(api)), str(uuid4())
    with pytest.raises(AssertionError, match=r"0 selfie searches were charged, not 1: none"):
        sandbox.assert_one_search_charged()
    sandbox.faults.add(endpoint="face_search", lose_reply=True)
    with pytest.raises(Exception):  # noqa: B017, PT011 (however aiohttp puts it)
        await api.upload("/faces", selfie, request_id)
    await api.upload("/faces", selfie, request_id)
    sandbox.assert_one_search_charged()
    sandbox.assert_nothing_uploaded_twice()
    await api.upload("/faces", sandbox.stranger_selfie())
    with pytest.raises(AssertionError, match="2 selfie searches were charged") as failure:
        sandbox.assert_one_search_charged()
    assert f"face_search of event {sandbox.event_id}, request_id {request_id}" in str(failure.value)
    assert "face_search (attempt 1, 0)" in str(failure.value)
    assert "face_search (attempt 2, 200)" in str(failure.value)
    sandbox.assert_nothing_uploaded_twice()


async def test_nothing_uploaded_twice(api: Api) -> None:
    sandbox, selfie, first, second = api.sandbox, api.sandbox.selfie(any_bib(api)), str(uuid4()), str(uuid4())
    await api.upload("/faces", selfie, first)
    await api.upload("/video-clipping/search-by-selfie", selfie, str(uuid4()))
    sandbox.assert_nothing_uploaded_twice()
    await api.upload("/faces", selfie, second)
    with pytest.raises(AssertionError, match="1 selfies were uploaded and charged more than once") as failure:
        sandbox.assert_nothing_uploaded_twice()
    assert first in str(failure.value)
    assert second in str(failure.value)


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(flat=True)], ids=["envelope", "flat"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/ext/903/nonsense"),
        ("DELETE", "/api/v1/ext/903/events"),
        ("GET", "/api/v2/ext/903/events"),
        ("POST", "/"),
        ("GET", "/api/v1/ext/903/event/456/video-clipping"),
    ],
)
async def test_unknown_route_is_named(method: str, path: str, dialect: Dialect, api: Api) -> None:
    async with Sandbox(photos=1, dialect=dialect, clock=ManualClock()) as sandbox:
        answer = await Api(sandbox, api.session).send(method, sandbox.base_url + path)
        assert answer.refusal == (501, f"The sandbox has no route {method} {path}")
        assert [(record.endpoint, record.status) for record in sandbox.requests] == [("unknown", 501)]


async def test_unknown_ids_are_not_501(api: Api) -> None:
    assert (await api.get(f"/faces/{uuid4()}")).status == 404
    assert (await api.get(f"/video-clipping/{uuid4()}")).status == 404
    assert (await api.get("/ping", event_id=1)).status == 403
