from __future__ import annotations

import asyncio
from typing import Any

import pytest
from yarl import URL

from tests.sandbox.raw_client import Api

UNKNOWN = "00000000-0000-4000-8000-000000000000"


async def test_no_key(api: Api) -> None:
    answer = await api.send("GET", api.url("/ping"), headers={"X-API-Key": ""})
    assert answer.refusal[0] == 401
    async with api.session.get(api.url("/ping")) as reply:
        assert reply.status == 401


async def test_wrong_key(api: Api) -> None:
    answer = await api.send("GET", api.url("/ping"), headers={"X-API-Key": "another"})
    assert answer.refusal[0] == 403


async def test_wrong_organisation(api: Api) -> None:
    url = f"{api.sandbox.base_url}/api/v1/ext/{api.sandbox.org_id + 1}/events"
    assert (await api.send("GET", url)).refusal[0] == 403


async def test_event_of_another_organisation(api: Api) -> None:
    assert (await api.get("/ping", event_id=1)).refusal[0] == 403


async def test_event_without_configuration(api: Api) -> None:
    event_id = api.sandbox.events[7].event_id
    assert (await api.get("/details", event_id=event_id)).refusal == (404, "Event configuration not found")
    assert (await api.get("/ping", event_id=event_id)).status == 200


async def test_ids_that_are_not_numbers(api: Api) -> None:
    url = f"{api.sandbox.base_url}/api/v1/ext/{api.sandbox.org_id}/event/x/ping"
    assert (await api.send("GET", url)).refusal == (422, "path.event_id: Input should be a valid integer")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"page": "x"}, "query.page: Input should be a valid integer"),
        ({"page": "0"}, "query.page: Input should be greater than or equal to 1"),
        ({"page_size": "0"}, "query.page_size: Input should be greater than or equal to 1"),
        ({"page_size": "-4"}, "query.page_size: Input should be greater than or equal to 1"),
        (
            {"page": "1.5", "page_size": "many"},
            "query.page: Input should be a valid integer; query.page_size: Input should be a valid integer",
        ),
    ],
)
async def test_invalid_pages(api: Api, query: dict[str, Any], message: str) -> None:
    assert (await api.get("/images", **query)).refusal == (422, message)


async def test_invalid_timeline_spans(api: Api) -> None:
    assert (await api.get("/timeline/images", to="soon")).refusal == (
        422,
        "query.from: Field required; query.to: Input should be a valid integer",
    )


async def test_unknown_routes_are_named(api: Api) -> None:
    status, message = (await api.get("/nonsense")).refusal
    assert status == 501
    assert f"GET /api/v1/ext/{api.sandbox.org_id}/event/{api.sandbox.event_id}/nonsense" in message
    assert (await api.post("/images", {})).refusal[0] == 501


async def test_request_ids(api: Api) -> None:
    for path in ("/faces", "/video-clipping"):
        assert (await api.get(f"{path}/{UNKNOWN}")).refusal == (404, "request_id not found")
        assert (await api.get(f"{path}/nonsense")).refusal == (400, "request_id is not a valid UUID")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "body.method: Field required; body.identifier: Field required"),
        (
            {"method": "name", "identifier": "x"},
            "body.method: Input should be 'bib', 'selfie', 'image_id' or 'image_ids'",
        ),
        ({"method": "bib", "identifier": 7}, "body.identifier: Input should be a non-empty string"),
        ({"method": "image_ids", "identifier": "x"}, "body.identifier: Input should be a valid list"),
        ({"method": "image_ids", "identifier": []}, "body.identifier: List should have at least 1 item"),
        (
            {"method": "image_ids", "identifier": ["x", 1]},
            "body.identifier.1: Input should be a valid string",
        ),
        ([], "body: Input should be an object"),
    ],
)
async def test_invalid_originals_body(api: Api, body: object, message: str) -> None:
    assert (await api.post("/original-photos", body)).refusal == (422, message)


async def test_body_that_is_not_json(api: Api) -> None:
    answer = await api.send("POST", api.url("/original-photos"), data=b"{")
    assert answer.refusal[0] == 422


@pytest.mark.parametrize(
    "head",
    [
        'Content-Disposition: form-data; name="a\x08"',
        'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: odd',
        'Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=odd',
        "Content-Disposition: form-data",
    ],
)
async def test_malformed_form(api: Api, head: str) -> None:
    body = f"--x\r\n{head}\r\n\r\n1\r\n--x--\r\n".encode()
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await api.send("POST", api.url("/faces"), data=body, headers=headers)
    assert answer.refusal[0] == 422
    assert answer.refusal[1].startswith("body: Malformed form")


async def test_empty_request_id(api: Api) -> None:
    answer = await api.upload("/faces", b"x", request_id="")
    assert answer.refusal == (400, "request_id is not a valid UUID")


async def test_upload_in_segments_of_any_size(api: Api) -> None:
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    first = b'Content-Disposition: form-data; name="request_id"\r\n\r\n'
    second = b'Content-Disposition: form-data; name="selfie"; filename="a.jpg"\r\n\r\n'
    mark = b"--" + 40 * b"x"
    body = b"\r\n".join((mark, first + UNKNOWN.encode(), mark, second + selfie, mark + b"--", b""))
    url = URL(api.url("/faces"))
    request = (
        f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.authority}\r\nX-API-Key: {api.sandbox.api_key}\r\n"
        f"Content-Type: multipart/form-data; boundary={40 * 'x'}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    cut = body.index(UNKNOWN.encode()) + 3
    reader, writer = await asyncio.open_connection(url.host, url.port)
    for piece in (request, body[:cut], body[cut : cut + 5], body[cut + 5 :]):
        writer.write(piece)
        await writer.drain()
        for _ in range(50):  # the sandbox is on the same loop
            await asyncio.sleep(0)
    reply = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert reply.startswith(b"HTTP/1.1 200 OK\r\n"), reply[:400]
