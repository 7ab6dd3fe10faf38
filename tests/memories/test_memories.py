from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from ninepic_async import (
    APITimeoutError,
    AuthenticationError,
    EventDetails,
    FeatureDisabledError,
    InternalServerError,
    InvalidInputError,
    Memories,
    NinePic,
    NotFoundError,
)
from ninepic_async._contract.messages import Reply, Request, SendError
from ninepic_async.sandbox import Dialect, Sandbox
from tests.canned import details, failed, images, ok, pagination, rig

JPEG = b"\xff\xd8\xff a selfie"
SEARCH = "7b8f6f0e-6a0c-4c39-9c39-0f7a0f3d2c11"
Answer = Reply | SendError | None
"""None: no answer at all."""


def photos(names: str, total: int | None = None) -> dict[str, Any]:
    count = len(names) if total is None else total
    return images(names, pagination(count, 1, max(len(names), 1)))


def faces(names: str) -> dict[str, Any]:
    return {"request_id": SEARCH, "confidence_percentage": 90, **photos(names)}


CLIP = {"clip_url": "https://clips.9pic.ai/1.mp4", "video_id": "v1"}


@define
class Service:
    """Answers by what is asked for."""

    details: Answer = field(factory=lambda: ok(details()))
    bib: Answer = field(factory=lambda: ok(photos("ace")))
    selfie: Answer = field(factory=lambda: ok(faces("abc")))
    results: Answer = field(factory=lambda: ok(photos("abc")))
    start: Answer = field(factory=lambda: ok({"request_id": SEARCH}))
    status: Answer = field(factory=lambda: ok({"request_id": SEARCH, "status": "completed", "clips": [CLIP]}))
    asked: Counter[str] = field(factory=Counter)
    requests: list[Request] = field(factory=list)

    async def answer(self, request: Request) -> Reply | SendError:
        path = request.path.partition("/event/456/")[2]
        what = {
            ("GET", "details"): "details",
            ("GET", "bibs"): "bib",
            ("POST", "faces"): "selfie",
            ("GET", "faces"): "results",
            ("POST", "video-clipping"): "start",
            ("GET", "video-clipping"): "status",
        }[request.method, path.partition("/")[0]]
        self.asked[what] += 1
        self.requests.append(request)
        answer: Answer = getattr(self, what)
        if answer is None:
            await asyncio.Event().wait()
            raise AssertionError
        return answer

    async def memories(self, **arguments: Any) -> Memories:
        return await rig(self.answer, timeout_s=20).event.memories(**arguments)


def order(memories: Memories) -> str:
    return "".join(photo.image_id.removeprefix("photo-") for photo in memories)


def states(memories: Memories) -> dict[str, str]:
    return {name: part.state for name, part in memories.parts.items()}


async def test_all_parts_are_gathered_with_few_requests() -> None:
    service = Service()
    found = await service.memories(bib="1234", selfie=JPEG, clips=True)
    assert order(found) == "abce"
    ways = {name.removeprefix("photo-"): set(how) for name, how in found.found_by.items()}
    assert ways == {"a": {"bib", "selfie"}, "b": {"selfie"}, "c": {"bib", "selfie"}, "e": {"bib"}}
    assert [clip.video_id for clip in found.clips] == ["v1"]
    assert found.request_id == SEARCH
    assert {name: (part.state, part.count) for name, part in found.parts.items()} == {
        "bib": ("done", 3), "selfie": ("done", 3), "clips": ("done", 1),
    }  # fmt: skip
    assert dict(service.asked) == {"details": 1, "bib": 1, "selfie": 1, "start": 1, "status": 1}
    start = next(request for request in service.requests if "video-clipping" in request.path)
    assert start.upload is None
    assert start.form == {"request_id": SEARCH}


async def test_details_that_are_at_hand_are_not_fetched() -> None:
    service = Service()
    known = EventDetails(**details())
    await service.memories(bib="1234", details=known)
    assert dict(service.asked) == {"bib": 1}


async def test_an_earlier_search_is_read_without_an_upload() -> None:
    service = Service()
    found = await service.memories(search=SEARCH, clips=True)
    assert order(found) == "abc"
    assert found.request_id == SEARCH
    assert service.asked["selfie"] == 0
    search = await rig(service.answer).event.face_search(JPEG)
    again = await service.memories(search=search)
    assert order(again) == "abc"
    assert service.asked["selfie"] == 1


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ({"bib_search": False}, {"bib": "off", "selfie": "done", "clips": "done"}),
        ({"selfie_search": False}, {"bib": "done", "selfie": "off", "clips": "off"}),
        ({"video_search": False}, {"bib": "done", "selfie": "done", "clips": "off"}),
        ({"video_selfie_search": False}, {"bib": "done", "selfie": "done", "clips": "off"}),
    ],
)
async def test_what_is_off_is_not_asked(off: dict[str, bool], expected: dict[str, str]) -> None:
    service = Service(details=ok(details(**off)))
    found = await service.memories(bib="1234", selfie=JPEG, clips=True)
    assert states(found) == expected
    assert (service.asked["bib"] == 0) == (expected["bib"] == "off")
    assert (service.asked["selfie"] == 0) == (expected["selfie"] == "off")
    assert (service.asked["start"] == 0) == (expected["clips"] == "off")
    assert [part.error for part in found.parts.values()] == [None] * 3


async def test_without_details_each_part_says_for_itself() -> None:
    service = Service(details=failed(500), bib=failed(403, "not allowed"))
    found = await service.memories(bib="1234", selfie=JPEG)
    assert states(found) == {"bib": "failed", "selfie": "done"}
    service.details = ok(details(bib_search=False))
    known = EventDetails(**details())
    found = await service.memories(bib="1234", selfie=JPEG, details=known)
    assert states(found) == {"bib": "off", "selfie": "done"}


async def test_where_every_part_is_off_it_is_an_error() -> None:
    service = Service(details=ok(details(bib_search=False, selfie_search=False)))
    with pytest.raises(FeatureDisabledError, match="bib, selfie") as caught:
        await service.memories(bib="1234", selfie=JPEG)
    assert caught.value.feature == "bib_search"


async def test_one_part_that_fails_loses_nothing_of_the_others() -> None:
    found = await Service(bib=failed(500)).memories(bib="1234", selfie=JPEG)
    assert states(found) == {"bib": "failed", "selfie": "done"}
    assert isinstance(found.parts["bib"].error, InternalServerError)
    assert order(found) == "abc"

    found = await Service(selfie=failed(500)).memories(bib="1234", selfie=JPEG, clips=True)
    assert states(found) == {"bib": "done", "selfie": "failed", "clips": "failed"}
    assert found.parts["clips"].error is found.parts["selfie"].error
    assert found.parts["selfie"].request_id == found.parts["selfie"].error.request_id  # type: ignore[union-attr]
    assert found.request_id is not None
    assert order(found) == "ace"

    found = await Service(start=failed(500)).memories(bib="1234", selfie=JPEG, clips=True)
    assert states(found) == {"bib": "done", "selfie": "done", "clips": "failed"}


async def test_a_search_that_is_unknown_is_that_parts_failure() -> None:
    found = await Service(results=failed(404)).memories(bib="1234", search=SEARCH, clips=True)
    assert states(found) == {"bib": "done", "selfie": "failed", "clips": "failed"}
    assert isinstance(found.parts["selfie"].error, NotFoundError)
    assert order(found) == "ace"


async def test_a_job_that_fails_keeps_the_photos() -> None:
    status = ok({"request_id": SEARCH, "status": "failed", "message": "no video"})
    found = await Service(status=status).memories(selfie=JPEG, clips=True)
    assert states(found) == {"selfie": "done", "clips": "failed"}
    assert "no video" in str(found.parts["clips"].error)


async def test_it_raises_only_where_every_part_failed() -> None:
    service = Service(bib=failed(500), selfie=failed(401))
    with pytest.raises(AuthenticationError) as caught:
        await service.memories(bib="1234", selfie=JPEG)
    assert any("bib failed too" in note for note in caught.value.__notes__)
    off_and_failed = Service(bib=failed(500), details=ok(details(selfie_search=False)))
    with pytest.raises(InternalServerError):
        await off_and_failed.memories(bib="1234", selfie=JPEG)


async def test_an_error_of_any_part_leads_back_to_the_search() -> None:
    found = await Service(bib=failed(500), start=failed(500)).memories(bib="1234", selfie=JPEG, clips=True)
    assert found.request_id is not None
    assert {part.request_id for part in found.parts.values()} == {found.request_id}
    for name in ("bib", "clips"):
        error = found.parts[name].error
        assert isinstance(error, InternalServerError)
        assert error.request_id == found.request_id

    service = Service(bib=failed(401), selfie=None)
    with pytest.raises(AuthenticationError) as caught:
        await service.memories(bib="1234", selfie=JPEG, timeout=0.4)
    assert caught.value.request_id == service.requests[-1].form["request_id"], "the selfie may be charged"


async def test_where_every_part_is_off_the_error_says_who_can_switch_it_on() -> None:
    service = Service(details=ok(details(bib_search=False)))
    with pytest.raises(FeatureDisabledError, match="the event's organiser can switch it on"):
        await service.memories(bib="1234")


async def test_no_photos_is_no_failure() -> None:
    found = await Service(bib=ok(photos(""))).memories(bib="1234")
    assert states(found) == {"bib": "done"}
    assert (list(found), found.parts["bib"].count) == ([], 0)
    assert not found


@pytest.mark.parametrize("slow", ["details", "bib", "selfie", "start", "status"])
async def test_at_the_deadline_what_is_there_is_returned(slow: str) -> None:
    service = Service()
    setattr(service, slow, None)
    arguments: dict[str, Any] = {"bib": "1234", "selfie": JPEG, "clips": True, "timeout": 0.4}
    found = await service.memories(**arguments)
    late = {
        "details": [], "bib": ["bib"], "selfie": ["selfie", "clips"], "start": ["clips"], "status": ["clips"]
    }[slow]  # fmt: skip
    assert [name for name, state in states(found).items() if state == "failed"] == late
    for name in late:
        assert isinstance(found.parts[name].error, APITimeoutError)
    if slow == "selfie":
        assert found.request_id == service.requests[-1].form["request_id"]


async def test_a_list_that_is_cut_by_the_deadline_keeps_what_came() -> None:
    service = Service()
    pages = [ok(images("ab", pagination(4, 1, 2)))]

    async def answer(request: Request) -> Reply | SendError:
        if "/bibs/" in request.path and not pages:
            await asyncio.Event().wait()
        return pages.pop(0) if "/bibs/" in request.path else await service.answer(request)

    found = await rig(answer, timeout_s=20).event.memories(bib="1234", selfie=JPEG, timeout=0.4)
    assert (found.parts["bib"].state, found.parts["bib"].count) == ("failed", 2)
    assert isinstance(found.parts["bib"].error, APITimeoutError)
    assert set("ab") <= set(order(found))


async def test_cancelled_it_stops_everything() -> None:
    service = Service(bib=None, selfie=None)
    running = asyncio.ensure_future(service.memories(bib="1234", selfie=JPEG))
    for _ in range(200):
        await asyncio.sleep(0)
    assert (service.asked["bib"], service.asked["selfie"]) == (1, 1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "give bib="),
        ({"bib": ""}, "bib"),
        ({"bib": "1", "selfie": JPEG, "search": SEARCH}, "not both"),
        ({"bib": "1", "clips": True}, "clips=True needs"),
        ({"bib": "1", "request_id": SEARCH}, "request_id= goes with selfie="),
        ({"search": SEARCH, "request_id": SEARCH}, "request_id= goes with selfie="),
        ({"search": "  "}, "search"),
        ({"search": 7}, "search is int: give what"),
        ({"search": Memories(request_id=SEARCH)}, "search is Memories: give what"),
        ({"bib": "1", "details": {}}, "details"),
        ({"bib": "1", "timeout": 0}, "timeout"),
    ],
)
async def test_wrong_arguments_are_refused_before_anything_is_sent(
    arguments: dict[str, Any], says: str
) -> None:
    service = Service()
    with pytest.raises(InvalidInputError, match=says):
        await service.memories(**arguments)
    assert not service.asked


async def test_a_selfie_that_can_not_be_read_leaves_the_bibs_photos(tmp_path: Path) -> None:
    found = await Service().memories(bib="1234", selfie=tmp_path / "none.jpg")
    assert states(found) == {"bib": "done", "selfie": "failed"}
    with pytest.raises(InvalidInputError):
        await Service().memories(selfie=tmp_path / "none.jpg")


async def test_it_has_a_json_form_and_shows_itself() -> None:
    found = await Service(selfie=failed(404)).memories(bib="1234", selfie=JPEG)
    plain = found.to_dict()
    assert plain["found_by"] == {"photo-a": ["bib"], "photo-c": ["bib"], "photo-e": ["bib"]}
    assert plain["parts"]["bib"] == {
        "state": "done", "error": None, "request_id": found.request_id, "count": 3
    }  # fmt: skip
    assert plain["parts"]["selfie"]["error"]["type"] == "NotFoundError"
    assert "photo-a" in found._repr_html_()


class TestAgainstTheSandbox:
    @pytest.fixture
    async def sb(self) -> Any:
        async with Sandbox(photos=60, seed=3, clip_seconds=0.1) as running:
            yield running

    @pytest.fixture
    async def client(self, sb: Sandbox) -> Any:
        async with NinePic(sb.api_key, sb.org_id, base_url=sb.base_url) as made:
            yield made

    async def test_one_charge_and_a_folder_of_it_all(
        self, sb: Sandbox, client: NinePic, tmp_path: Path
    ) -> None:
        event, bib = client.event(sb.event_id), sb.bibs[0]
        found = await event.memories(bib=bib, selfie=sb.selfie(bib), clips=True)
        assert states(found) == {"bib": "done", "selfie": "done", "clips": "done"}
        sb.assert_one_search_charged()
        assert found
        assert found.clips
        report = await event.download(found, tmp_path)
        assert (report.done, report.failed) == (len(found) + len(found.clips), ())
        names = set(os.listdir(tmp_path))
        assert sum(name.endswith(".mp4") for name in names) == len(found.clips)
        links = await event.originals(photos=found).collect()
        assert len(links) == len(found)
        again = await event.memories(bib=bib, search=found.request_id, clips=True)
        assert [photo.image_id for photo in again] == [photo.image_id for photo in found]
        sb.assert_one_search_charged()

    async def test_a_server_that_mints_its_own_ids(self) -> None:
        dialect = Dialect(adopts_request_ids=False)
        async with (
            Sandbox(photos=30, dialect=dialect) as sb,
            NinePic(sb.api_key, sb.org_id, base_url=sb.base_url) as client,
        ):
            bib = sb.bibs[0]
            found = await client.event(sb.event_id).memories(bib=bib, selfie=sb.selfie(bib))
            assert states(found) == {"bib": "done", "selfie": "done"}
            assert found.request_id is not None
