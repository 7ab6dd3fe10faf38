"""Single files from hosts that misbehave in many ways."""

from __future__ import annotations

import asyncio
import gzip
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from ninepic_async import ImageItem
from ninepic_async.sandbox.http.ranges import send

from . import host as bad
from .conftest import Fetch, files
from .host import MIB, Host, answer, cut, jpeg, stall


async def test_the_api_key_is_not_sent_to_the_photo_host(fetch: Fetch, host: Host, to: Path) -> None:
    report = await fetch([host.add("a")])
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert (report.done, report.skipped, report.failed, report.bytes) == (1, 0, (), 2000)
    assert "x-api-key" not in host.seen[0].headers
    assert "the-secret-key" not in repr(host.seen)


async def test_a_large_file_that_is_cut_resumes(fetch: Fetch, host: Host, to: Path) -> None:
    report = await fetch([host.add("a", 4 * MIB, cut(2 * MIB), cut(1 * MIB))])
    assert report.complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    first, *others = host.headers("a")
    assert "range" not in first
    assert [seen["range"] for seen in others] == [f"bytes={2 * MIB}-", f"bytes={3 * MIB}-"]
    assert all(seen["if-range"].startswith('"') for seen in others)


async def test_a_small_file_that_is_cut_starts_again(fetch: Fetch, host: Host, to: Path) -> None:
    assert (await fetch([host.add("a", 5000, cut(2500))])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert all("range" not in seen for seen in host.headers("a"))


async def test_a_host_that_ignores_ranges_leads_to_a_clean_restart(
    fetch: Fetch, host: Host, to: Path
) -> None:
    assert (await fetch([host.add("a", 4 * MIB, cut(2 * MIB), bad.ignore_range)])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert "range" in host.headers("a")[1]


async def changed(request: web.Request, body: bytes) -> web.StreamResponse:
    return send(request, jpeg(4 * MIB, "another"), "image/jpeg", 0)


async def changed_and_careless(request: web.Request, body: bytes) -> web.StreamResponse:
    """Send a range of another version, and ignore If-Range."""
    other = jpeg(4 * MIB, "another")
    start = int(request.headers["Range"][6:-1])
    headers = {"Content-Range": f"bytes {start}-{len(other) - 1}/{len(other)}", "ETag": '"another"'}
    return web.Response(status=206, body=other[start:], headers=headers)


async def another_place(request: web.Request, body: bytes) -> web.StreamResponse:
    tag = request.headers["If-Range"]
    missing = len(body) - int(request.headers["Range"][6:-1])
    headers = {"Content-Range": f"bytes 0-{missing - 1}/{len(body)}", "ETag": tag}
    return web.Response(status=206, body=body[:missing], headers=headers)


@pytest.mark.parametrize("then", [changed, changed_and_careless, another_place, answer(416)])
async def test_versions_are_never_spliced(then: bad.Behaviour, fetch: Fetch, host: Host, to: Path) -> None:
    item = host.add("a", 4 * MIB, cut(2 * MIB), then)
    assert (await fetch([item])).complete
    expected = jpeg(4 * MIB, "another") if then is changed else host.files["/a.jpg"]
    assert files(to) == {"a.jpg": expected}


async def test_a_weak_tag_is_not_resumed_on(fetch: Fetch, host: Host, to: Path) -> None:
    async def weak(request: web.Request, body: bytes) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"ETag": 'W/"x"', "Content-Type": "image/jpeg"})
        reply.content_length = len(body)
        await reply.prepare(request)
        await reply.write(body[: 2 * MIB])
        return await bad.reset(request, body)

    assert (await fetch([host.add("a", 4 * MIB, weak)])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert "range" not in host.headers("a")[1]


async def test_cuts_with_progress_do_not_count_as_attempts(fetch: Fetch, host: Host, to: Path) -> None:
    assert (await fetch([host.add("a", 12 * MIB, *[cut(3 * MIB // 2)] * 7)])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}


@pytest.mark.parametrize("by", [500, -500])
async def test_a_wrong_length_is_a_failure(by: int, fetch: Fetch, host: Host, to: Path) -> None:
    report = await fetch([host.add("a", 2000, *[bad.wrong_length(by)] * 3), host.add("b")])
    assert [row.id for row in report.failed] == ["a"]
    assert len(report.failed[0].error) < 250
    assert set(files(to)) == {"b.jpg"}


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (answer(200, b"<html>Sorry</html>", Content_Type="text/html"), "text/html"),
        (answer(200, b"<html>Sorry</html>", Content_Type="image/jpeg"), "not a photo"),
        (answer(200, b'{"message": "Forbidden"}'), "not a photo"),
        (answer(200, b""), "empty"),
        (answer(404), "404"),
        (answer(403), "403"),
        (answer(302, Location="file:///etc/passwd"), "not an http"),
        (answer(302, Location="/a.jpg"), "redirects more than 5 times"),
        (answer(204), "204"),
        (answer(206, b"\xff\xd8\xff"), "another part"),
    ],
)
async def test_a_reply_that_is_not_the_photo_is_a_failure(
    behaviour: bad.Behaviour, says: str, fetch: Fetch, host: Host, to: Path
) -> None:
    report = await fetch([host.add("a", 2000, *[behaviour] * 20), host.add("b")])
    (failed,) = report.failed
    assert (failed.id, failed.name) == ("a", "a.jpg")
    assert says in failed.error
    assert report.done == 1
    assert set(files(to)) == {"b.jpg"}


async def test_an_empty_reply_is_not_mixed_up_with_earlier_bytes(fetch: Fetch, host: Host, to: Path) -> None:
    report = await fetch([host.add("a", 2000, cut(1000), answer(200, b""))])
    assert "empty" in report.failed[0].error
    assert files(to) == {}


@pytest.mark.parametrize("coding", ["base64", "aws-chunked", "gzip", "br", "identity, aws-chunked"])
async def test_a_content_encoding_that_is_not_true_is_ignored(
    coding: str, fetch: Fetch, host: Host, to: Path
) -> None:
    body = jpeg(3000, coding)
    item = host.add("a", 3000, answer(200, body, Content_Encoding=coding))
    assert (await fetch([item])).complete
    assert files(to) == {"a.jpg": body}
    assert len(host.seen) == 1


@pytest.mark.parametrize(
    ("coding", "compress"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_compressed_reply_is_decompressed(
    coding: str, compress: Callable[[bytes], bytes], fetch: Fetch, host: Host, to: Path
) -> None:
    body = jpeg(3 * MIB)
    item = host.add("a", 3000, answer(200, compress(body), Content_Encoding=coding))
    report = await fetch([item])
    assert (report.failed, report.bytes) == ((), 3 * MIB)
    assert files(to) == {"a.jpg": body}


@pytest.mark.parametrize("damaged", [lambda body: body[:-20], lambda body: body[:50] + b"x" * 500])
async def test_a_compressed_reply_that_is_damaged_is_fetched_again(
    damaged: Callable[[bytes], bytes], fetch: Fetch, host: Host, to: Path
) -> None:
    broken = answer(200, damaged(gzip.compress(jpeg(30_000))), Content_Encoding="gzip")
    item = host.add("a", 2000, broken)
    assert (await fetch([item])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}


async def test_a_small_reply_that_decompresses_to_a_huge_one_is_refused(
    fetch: Fetch, host: Host, to: Path
) -> None:
    bomb = gzip.compress(b"\xff\xd8\xff" + bytes(50 * MIB))
    item = host.add("a", 2000, answer(200, bomb, Content_Encoding="gzip"))
    report = await fetch([item], max_bytes=2 * MIB)
    assert "more than max_bytes" in report.failed[0].error
    assert files(to) == {}


async def test_an_unsupported_encoding_is_a_failure(fetch: Fetch, host: Host) -> None:
    report = await fetch([host.add("a", 2000, answer(200, b"\x0b\x02\x80rest", Content_Encoding="br"))])
    assert "'br'" in report.failed[0].error


@pytest.mark.parametrize(
    "link",
    [
        "ftp://example.org/a.jpg?signature",
        "ftp://example.org/a.jpg#signature",
        "a.jpg",
        "",
        "http://",
        "file:///etc/passwd",
        "//x/y",
        "http://two..dots/a.jpg?signature",
        f"http://{'a' * 64}.example/a.jpg",
        "http://\ud800/a.jpg",
    ],
)
async def test_links_other_than_http_are_not_followed(link: str, fetch: Fetch, host: Host, to: Path) -> None:
    report = await fetch([ImageItem(image_id="a", img_url=link, thumbnail_url=link), host.add("b")])
    (failed,) = report.failed
    assert "not an http" in failed.error
    assert "signature" not in failed.error
    assert set(files(to)) == {"b.jpg"}


async def test_a_redirect_is_followed(fetch: Fetch, host: Host, to: Path) -> None:
    item = host.add("a", 2000, answer(302, Location="/b.jpg?x=%2F%41"))
    host.add("b")
    assert (await fetch([item])).complete
    assert files(to) == {"a.jpg": host.files["/b.jpg"]}


@pytest.mark.parametrize(
    "script", [[answer(500)], [answer(503), answer(502)], [bad.reset], [cut(10), stall(100)], [answer(429)]]
)
async def test_temporary_failures_are_retried(
    script: list[bad.Behaviour], fetch: Fetch, host: Host, to: Path
) -> None:
    assert (await fetch([host.add("a", 2000, *script)])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert len(host.seen) == len(script) + 1


async def test_retries_end(fetch: Fetch, host: Host) -> None:
    report = await fetch([host.add("a", 2000, *[answer(503)] * 9)])
    assert "503" in report.failed[0].error
    assert "tried 3 times" in report.failed[0].error
    assert len(host.seen) == 3


async def test_aiohttp_does_not_resend_requests_itself(fetch: Fetch, host: Host) -> None:
    report = await fetch([host.add("a"), host.add("b", 2000, *[bad.reset] * 9)], concurrency=1)
    assert len(report.failed) == 1
    assert len(host.headers("b")) == 3


async def test_retry_after_pauses_all_files(fetch: Fetch, host: Host) -> None:
    times: list[float] = []

    async def note(request: web.Request, body: bytes) -> web.StreamResponse:
        times.append(time.monotonic())
        await asyncio.sleep(0.05)
        return send(request, body, "image/jpeg", 0)

    async def throttle(request: web.Request, body: bytes) -> web.StreamResponse:
        times.append(time.monotonic())
        return await answer(429, Retry_After="0.5")(request, body)

    host.always = note
    assert (await fetch([host.add("a", 2000, throttle), *host.gallery(40)], concurrency=4)).complete
    assert sum(at > times[0] + 0.45 for at in times) > 20


async def test_a_host_with_few_slots_serves_all_files(fetch: Fetch, host: Host, to: Path) -> None:
    host.always = bad.limited(4)
    report = await fetch(host.gallery(80), concurrency=16)
    assert report.failed == ()
    assert len(files(to)) == 80


async def test_a_stalled_file_is_requested_again_and_resumes(fetch: Fetch, host: Host, to: Path) -> None:
    assert (await fetch([host.add("a", 3 * MIB, stall(2 * MIB))])).complete
    assert files(to) == {"a.jpg": host.files["/a.jpg"]}
    assert host.headers("a")[1]["range"] == f"bytes={2 * MIB}-"


async def test_a_very_slow_reply_is_a_failure(fetch: Fetch, host: Host) -> None:
    async def trickle(request: web.Request, body: bytes) -> web.StreamResponse:
        reply = web.StreamResponse()
        reply.content_length = len(body)
        await reply.prepare(request)
        for place in range(100):
            await reply.write(body[place : place + 1])
            await asyncio.sleep(0.05)
        return reply

    report = await fetch([host.add("a", 2000, *[trickle] * 3)])
    assert "too slow" in report.failed[0].error


@pytest.mark.parametrize(
    ("beginning", "more"),
    [
        (b"HTTP/1.1 200 OK\r\nX-Long: ", b"a"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"a"),
    ],
)
async def test_header_bytes_do_not_keep_a_worker_busy_for_ever(
    beginning: bytes, more: bytes, fetch: Fetch, host: Host
) -> None:
    async def go_on_and_on(request: web.Request, body: bytes) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        transport.write(beginning)
        while not transport.is_closing():
            transport.write(more)
            await asyncio.sleep(0.05)
        return web.Response(status=499)

    report = await fetch([host.add("a", 2000, *[go_on_and_on] * 3)])
    assert "for too long" in report.failed[0].error


@pytest.mark.parametrize("behaviour", [bad.ignore_range, bad.chunked])
async def test_a_file_larger_than_max_bytes_is_not_fetched(
    behaviour: bad.Behaviour, fetch: Fetch, host: Host, to: Path
) -> None:
    report = await fetch([host.add("a", 9000, behaviour), host.add("b", 2000)], max_bytes=8000)
    assert "max_bytes=8000" in report.failed[0].error
    assert set(files(to)) == {"b.jpg"}


async def test_a_reply_without_a_length(fetch: Fetch, host: Host, to: Path) -> None:
    items = [host.add("a", 2000, bad.chunked), host.add("b", 2000, bad.no_length)]
    cut_short = host.add("c", 2000, *[lambda request, body: bad.no_length(request, body[:-9])] * 3)
    report = await fetch([*items, cut_short])
    assert [row.id for row in report.failed] == ["c"]
    assert set(files(to)) == {"a.jpg", "b.jpg"}


@pytest.mark.parametrize(
    "refuse", [answer(429), answer(503, b"<Error><Code>SlowDown</Code></Error>"), answer(503)]
)
async def test_a_host_that_limits_the_rate_is_not_overrun(
    refuse: bad.Behaviour, fetch: Fetch, host: Host, to: Path
) -> None:
    tokens, filled_at, refused = 5.0, time.monotonic(), 0

    async def bucket(request: web.Request, body: bytes) -> web.StreamResponse:
        nonlocal tokens, filled_at, refused
        now = time.monotonic()
        tokens, filled_at = min(5.0, tokens + 60 * (now - filled_at)), now
        if tokens < 1:
            refused += 1
            return await refuse(request, body)
        tokens -= 1
        return send(request, body, "image/jpeg", 0)

    host.always = bucket
    paces: list[float | None] = []
    report = await fetch(host.gallery(150), concurrency=16, on_progress=lambda p: paces.append(p.pace))
    assert report.failed == ()
    assert len(files(to)) == 150
    assert refused < 60
    assert any(pace is not None and 0 < pace < 1000 for pace in paces)
    assert paces[-1] is None, "nothing waits any more"


async def test_a_host_that_is_down_for_one_file_does_not_slow_the_others(fetch: Fetch, host: Host) -> None:
    sick = host.add("sick", 2000, *[answer(503)] * 9)
    started = time.monotonic()
    report = await fetch([sick, *host.gallery(200)])
    assert [row.id for row in report.failed] == ["sick"]
    assert time.monotonic() - started < 10
