"""Links that expire before a run, during it, and for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ninepic_async import APIConnectionError, Event, FaceSearch, NinePic, PresignedUrlItem
from ninepic_async.download.links import ExpiryClock, Link, LinkGoneError, LinkGroup, expires_at
from ninepic_async.download.run import run
from ninepic_async.download.settings import Settings
from ninepic_async.download.source import PhotoSource
from ninepic_async.sandbox import ManualClock, Sandbox
from ninepic_async.signing import Signed

from .conftest import QUICK, files
from .host import Host, refuse_in_pieces

LIFE_S = 3600.0


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(photos=70, clock=ManualClock(), link_lifetime_s=LIFE_S) as running:
        yield running


@pytest.fixture
async def event(sandbox: Sandbox) -> AsyncIterator[Event]:
    async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url, retry=QUICK) as client:
        yield client.event(sandbox.event_id)


def all_ids(sandbox: Sandbox, count: int) -> list[str]:
    return [sandbox.event.gallery.photo(place).image_id for place in range(count)]


def asked(sandbox: Sandbox, endpoint: str) -> int:
    return sum(seen.endpoint == endpoint for seen in sandbox.requests)


def refused(sandbox: Sandbox) -> int:
    return sum(seen.status == 403 for seen in sandbox.requests)


async def fetch(
    event: Event, source: Any, to: Path, clock: ManualClock | None = None, **settings: Any
) -> Any:
    expiry = ExpiryClock(clock.now if clock else lambda: 0.0)
    photos = PhotoSource(source, "large", event._sign, expiry)
    return await run(photos, to, event._engine, Settings(stall_s=2, **settings))


class Ageing:
    """Let the links expire after a number of photos."""

    def __init__(self, sandbox: Sandbox, *, after: int) -> None:
        self.sandbox, self.after = sandbox, after

    def __call__(self, _: object) -> None:
        if asked(self.sandbox, "original") >= self.after:
            self.after = 10**9
            assert isinstance(self.sandbox.clock, ManualClock)
            self.sandbox.clock.advance(LIFE_S + 1)


async def test_links_that_expire_during_a_run_are_signed_again_page_by_page(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    source = event.originals(image_ids=all_ids(sandbox, 30), page_size=10)
    report = await fetch(event, source, to, on_progress=Ageing(sandbox, after=5), concurrency=4)
    assert (report.done, report.failed) == (30, ())
    assert refused(sandbox) > 0
    pages = 3
    # Pages in use when the links expired are signed again once each. No link is signed alone.
    assert pages < asked(sandbox, "originals") <= 2 * pages


async def test_a_link_with_a_known_expiry_is_signed_again_in_time(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    assert isinstance(sandbox.clock, ManualClock)
    source = event.originals(image_ids=all_ids(sandbox, 30), page_size=10)
    ageing = Ageing(sandbox, after=5)
    report = await fetch(event, source, to, sandbox.clock, on_progress=ageing, concurrency=2)
    assert report.done == 30
    assert refused(sandbox) <= 2  # requests under way
    assert asked(sandbox, "originals") <= 6


async def test_a_page_is_signed_again_once_even_if_the_links_stay_the_same(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    source = event.originals(image_ids=all_ids(sandbox, 4))
    sandbox.faults.add(endpoint="original", status=403, body=b"Request has expired", times=4)
    assert (await fetch(event, source, to, concurrency=4)).done == 4
    assert asked(sandbox, "originals") == 2


async def a_bib(sandbox: Sandbox, event: Event) -> tuple[str, int]:
    """Return a BIB with a few originals, and their number."""
    for bib in sandbox.bibs:
        count = len((await event.originals(bib=bib).first_page()).items)
        if count >= 2:
            sandbox.requests.clear()
            return bib, count
    raise AssertionError("no BIB is in two photos")


@pytest.mark.parametrize("status", [400, 404])
async def test_links_of_a_list_that_is_gone_are_signed_again_by_ids(
    status: int, sandbox: Sandbox, event: Event, to: Path
) -> None:
    bib, count = await a_bib(sandbox, event)
    sandbox.faults.add(endpoint="original", status=403, body=b"Request has expired")
    source = event.originals(bib=bib)

    sandbox.faults.add(endpoint="originals", attempt=2, status=status)
    assert (await fetch(event, source, to)).done == count
    assert asked(sandbox, "originals") == 3
    sandbox.faults.assert_used_up()


async def test_a_plain_list_of_old_links_is_signed_again_by_ids(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    links = await event.originals(image_ids=all_ids(sandbox, 70)).collect()
    assert isinstance(sandbox.clock, ManualClock)
    sandbox.clock.advance(LIFE_S + 1)
    before = asked(sandbox, "originals")
    report = await fetch(event, links, to, concurrency=8)
    assert (report.done, report.failed) == (70, ())
    assert 2 <= asked(sandbox, "originals") - before <= 4
    assert set(files(to)) == {link.filename for link in links}


async def test_a_resumed_file_keeps_its_bytes_when_its_link_is_signed_again(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    (link,) = await event.originals(image_ids=all_ids(sandbox, 1)).collect()
    host_calls = 0

    class Old:
        """Give the link after it has expired, with a part of the file on disk."""

        async def __aiter__(self) -> AsyncIterator[PresignedUrlItem]:
            nonlocal host_calls
            host_calls += 1
            assert isinstance(sandbox.clock, ManualClock)
            sandbox.clock.advance(LIFE_S + 1)
            yield link

    whole = to.parent / "whole"
    await fetch(event, [link], whole)
    body = (whole / link.filename).read_bytes()
    size = len(body)
    import ninepic_async.download.partial_file as part

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part, "RESUME_FROM_BYTES", 1000)
        patch.setattr("ninepic_async.download.fetch.RESUME_FROM_BYTES", 1000)
        sandbox.faults.add(endpoint="original", truncate_after=size // 2, times=1)
        sandbox.faults.add(endpoint="original", status=404, times=1)
        assert not (await fetch(event, [link], to)).complete
        sandbox.requests.clear()
        report = await fetch(event, Old(), to)
    assert report.complete
    assert files(to) == {link.filename: body}
    tries = [seen for seen in sandbox.requests if seen.endpoint == "original"]
    assert [seen.status for seen in tries] == [403, 206]
    assert all(seen.headers["Range"] == f"bytes={size // 2}-" for seen in tries)


async def test_a_link_that_can_not_be_signed_again_is_a_failure(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    assert isinstance(sandbox.clock, ManualClock)
    good, other = await event.originals(image_ids=all_ids(sandbox, 2)).collect()
    nameless = PresignedUrlItem(url=other.url, filename="IMG_0001.jpg")
    sandbox.clock.advance(LIFE_S + 1)
    report = await fetch(event, [good, nameless], to)
    assert report.done == 1
    (failed,) = report.failed
    assert failed.id == "IMG_0001"
    assert "expired" in failed.error
    assert "signature" not in repr(report)


async def test_a_refusal_is_read_to_its_end(host: Host, event: Event, to: Path) -> None:
    host.add(
        "a", 2000, refuse_in_pieces(b"<Code>AccessDenied</Code>", b"<Message>Request has expired</Message>")
    )

    async def sign(ids: Any) -> Any:
        return Signed((PresignedUrlItem(url=f"{host.origin}/a.jpg?again", filename="a.jpg"),))

    old = PresignedUrlItem(url=f"{host.origin}/a.jpg", filename="a.jpg")
    report = await run(PhotoSource([old], "large", sign), to, event._engine, Settings(stall_s=2))
    assert (report.done, report.failed) == (1, ())


async def test_an_expired_link_in_a_constructed_search_fails_alone(
    host: Host, event: Event, to: Path
) -> None:
    found = [host.add("a"), host.add("b", 2000, refuse_in_pieces(b"expired"))]
    report = await fetch(event, FaceSearch(request_id="r", images=found), to)
    assert report.done == 1
    assert "has no client to fetch more" in report.failed[0].error


async def test_one_link_is_not_given_to_two_photos_of_one_name(host: Host, event: Event, to: Path) -> None:
    for folder in "abc":
        host.add(f"{folder}/same", 2000, refuse_in_pieces(b"expired"))
    host.scripts["/c/same.jpg"].clear()

    async def sign(ids: Any) -> Any:
        assert ids == ["same"]
        return Signed((PresignedUrlItem(url=f"{host.origin}/c/same.jpg", filename="same.jpg"),))

    old = [PresignedUrlItem(url=f"{host.origin}/{folder}/same.jpg", filename="same.jpg") for folder in "ab"]
    report = await run(PhotoSource(old, "large", sign), to, event._engine, Settings(stall_s=2))
    assert report.done == 0
    assert [row.error for row in report.failed] == [
        "the host answered 403 Forbidden: the link has expired; the service gave no new link for this photo"
    ] * 2


@pytest.mark.parametrize("filename", ["", " .jpg", "a\ud800.jpg"])
async def test_an_invalid_id_does_not_stop_others_from_being_signed_again(
    filename: str, sandbox: Sandbox, event: Event, to: Path
) -> None:
    assert isinstance(sandbox.clock, ManualClock)
    *good, other = await event.originals(image_ids=all_ids(sandbox, 3)).collect()
    sandbox.clock.advance(LIFE_S + 1)
    report = await event.download([*good, PresignedUrlItem(url=other.url, filename=filename)], to)
    assert report.done == 2
    assert len(report.failed) == 1
    assert "gave no new link" in report.failed[0].error


async def test_a_damaged_link_is_signed_again(sandbox: Sandbox, event: Event, to: Path) -> None:
    (link,) = await event.originals(image_ids=all_ids(sandbox, 1)).collect()
    report = await fetch(event, [PresignedUrlItem(url=link.url + "x", filename=link.filename)], to)
    assert report.complete
    assert asked(sandbox, "originals") == 2


@pytest.mark.parametrize("status", [400, 401, 403, 410])
async def test_a_refused_link_is_signed_again_whatever_the_host_says(
    status: int, sandbox: Sandbox, event: Event, to: Path
) -> None:
    source = event.originals(image_ids=all_ids(sandbox, 8))
    sandbox.faults.add(endpoint="original", status=status, body=b"<Code>AccessDenied</Code>", times=8)
    report = await fetch(event, source, to, concurrency=8)
    assert (report.done, report.failed) == (8, ())
    assert asked(sandbox, "originals") == 2


async def test_a_link_is_signed_again_three_times_in_a_row_at_most(
    sandbox: Sandbox, event: Event, to: Path
) -> None:
    sandbox.faults.add(endpoint="original", status=403, body=b"go away", times=1000)
    report = await fetch(event, event.originals(image_ids=all_ids(sandbox, 8)), to)
    assert len(report.failed) == 8
    assert report.failed[0].error == "the host answered 403 Forbidden, although it was signed again 3 times"
    assert asked(sandbox, "originals") == 4


@pytest.mark.parametrize(
    ("query", "moment"),
    [
        ("X-Amz-Date=20260119T060000Z&X-Amz-Expires=3600&X-Amz-Signature=x", 1768806000.0),
        ("x-goog-date=20260119T060000Z&x-goog-expires=60", 1768802460.0),
        ("Expires=1768806000&Signature=x", 1768806000.0),
        ("se=2026-01-19T07%3A00%3A00Z&sig=x", 1768806000.0),
        ("expires=soon", None),
        ("expires=nan", None),
        ("X-Amz-Date=yesterday&X-Amz-Expires=3600", None),
        ("", None),
    ],
)
def test_expiry_is_read_from_a_link(query: str, moment: float | None) -> None:
    assert expires_at(f"https://h/a.jpg?{query}") == moment


async def test_a_wrong_clock_does_not_cause_endless_signing() -> None:
    signed = 0

    async def sign(group: LinkGroup, link: Link) -> dict[str, str]:
        nonlocal signed
        signed += 1
        return {"k": "https://h/a?expires=200"}

    group = LinkGroup(sign, clock=ExpiryClock(lambda: 1e9))
    link = group.add("k", "i", "https://h/a?expires=100")
    assert await link.fresh() == "https://h/a?expires=200"
    assert await link.fresh() == "https://h/a?expires=200"
    assert signed == 1
    assert await group.add("k2", "i2", "https://h/b?expires=100").fresh() == "https://h/b?expires=100"
    assert signed == 1
    with pytest.raises(LinkGoneError):
        await Link("k", "i", "https://h/a").renew(0)


async def test_tasks_that_waited_for_a_failed_call_do_not_repeat_it() -> None:
    calls = 0

    async def sign(group: LinkGroup, link: Link) -> dict[str, str]:
        nonlocal calls
        calls += 1
        await asyncio.sleep(0)
        if calls == 1:
            raise APIConnectionError("the service is down")
        return {link.key: "https://h/signed"}

    group = LinkGroup(sign)
    links = [group.add(str(number), "i", "https://h/a") for number in range(8)]
    ends = await asyncio.gather(*(link.renew(0) for link in links), return_exceptions=True)
    assert {str(end) for end in ends} == {"it could not be signed again: the service is down"}
    assert calls == 1
    await links[0].renew(0)
    assert links[0].url == "https://h/signed"


@pytest.mark.parametrize("status", [400, 403])
async def test_a_page_that_is_signed_again_without_one_photo_serves_the_others(
    status: int, sandbox: Sandbox, event: Event, to: Path
) -> None:
    bib, count = await a_bib(sandbox, event)
    sandbox.faults.add(endpoint="original", status=403, body=b"Request has expired")
    sandbox.faults.add(endpoint="originals", attempt=2, remove=["$.data.presigned_urls[0]"])
    for attempt in range(3, 9):
        sandbox.faults.add(endpoint="originals", attempt=attempt, status=status)
    report = await fetch(event, event.originals(bib=bib), to, concurrency=1)
    assert report.done == count - 1
    assert "gave no new link" in report.failed[0].error


async def test_a_photo_that_is_listed_twice_is_signed_again(sandbox: Sandbox, event: Event, to: Path) -> None:
    assert isinstance(sandbox.clock, ManualClock)
    once = await event.originals(image_ids=all_ids(sandbox, 3)).collect()
    sandbox.clock.advance(1)  # the links signed next are different
    links = once + await event.originals(image_ids=all_ids(sandbox, 3)).collect()
    sandbox.clock.advance(LIFE_S + 1)
    report = await fetch(event, links, to)
    assert (report.done, report.failed) == (3, ())
