"""Face Search and Motion: matching, charges, cached results, phases."""

from __future__ import annotations

import asyncio
import random
from io import BytesIO
from uuid import UUID, uuid4

import av
import pytest
from aiohttp import ClientSession
from PIL import Image

from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.api.clips import video_ids
from tests.sandbox.raw_client import Api

FACES = "/faces"
MOTION = "/video-clipping/search-by-selfie"


def ids_of(api: Api, bib: str) -> list[str]:
    model = api.sandbox.event.gallery
    return [model.photo(place).image_id for place in model.of_bib(bib)]


def noise() -> bytes:
    out = BytesIO()
    Image.frombytes("RGB", (300, 400), random.Random(1).randbytes(360_000)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("seed", [7, 8])
async def test_selfie_finds_only_its_participant(seed: int) -> None:
    async with Sandbox(photos=360, seed=seed) as sandbox, ClientSession() as session:
        api = Api(sandbox, session)
        assert len(sandbox.bibs) >= 20
        for bib in sandbox.bibs:
            data = (await api.upload(FACES, sandbox.selfie(bib), page_size=100)).data
            assert [photo["image_id"] for photo in data["images"]] == ids_of(api, bib), bib
            assert data["pagination"]["total"] >= 20
        for take in range(8):
            data = (await api.upload(FACES, sandbox.stranger_selfie(take))).data
            assert data["images"] == [], take


async def test_takes_differ_and_still_match(api: Api) -> None:
    bib = api.sandbox.bibs[0]
    takes = [api.sandbox.selfie(bib, take) for take in range(4)]
    assert len(set(takes)) == 4
    assert takes[0] == api.sandbox.selfie(bib)
    for selfie in takes:
        assert (await api.upload(FACES, selfie)).data["pagination"]["total"] == len(ids_of(api, bib))


async def test_png_selfie_matches(api: Api) -> None:
    out = BytesIO()
    Image.open(BytesIO(api.sandbox.selfie(api.sandbox.bibs[1]))).save(out, "PNG")
    assert (await api.upload(FACES, out.getvalue())).data["pagination"]["total"] > 0


async def test_pictures_without_a_face_match_nobody(api: Api) -> None:
    async with api.session.get(f"{api.sandbox.photos_url}/imgs/{api.sandbox.event_id}/cover.jpg") as reply:
        landscape = await reply.read()
    for picture in (noise(), landscape, api.sandbox.stranger_selfie()):
        answer = await api.upload(FACES, picture)
        assert answer.body["message"] == "No images found"
        assert answer.data["images"] == []
        assert answer.data["pagination"]["totalPages"] == answer.data["pagination"]["currentPage"] == 0
        UUID(answer.data["request_id"])


async def test_uploads_that_are_not_pictures(api: Api) -> None:
    assert (await api.upload(FACES, b"not a picture")).refusal[0] == 400
    assert (await api.upload(FACES, b"")).refusal == (400, "The selfie is empty")
    half = api.sandbox.selfie(api.sandbox.bibs[0])[:2000]
    assert (await api.upload(FACES, half)).refusal[0] == 400
    assert (await api.upload(FACES, None)).refusal == (422, "body.selfie: Field required")
    wrong = await api.upload(FACES, api.sandbox.selfie(api.sandbox.bibs[0]), field="file")
    assert wrong.refusal == (422, "body.selfie: Field required")
    assert api.sandbox.state.searches_charged == 0


async def test_request_id_is_charged_once(api: Api) -> None:
    request_id = str(uuid4())
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    first = (await api.upload(FACES, selfie, request_id)).data
    again = (await api.upload(FACES, selfie, request_id.upper())).data
    assert first == again
    assert first["request_id"] == request_id
    assert first["confidence_percentage"] == 80
    assert api.sandbox.state.searches_charged == 1
    assert [charge.request_id for charge in api.sandbox.state.charges] == [request_id]
    assert (await api.upload(FACES, selfie)).data["request_id"] != request_id
    assert api.sandbox.state.searches_charged == 2


async def test_concurrent_uploads_with_one_request_id_are_charged_once(api: Api) -> None:
    request_id = str(uuid4())
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    first, second = await asyncio.gather(*(api.upload("/faces", selfie, request_id) for _ in range(2)))
    assert first.data == second.data
    assert api.sandbox.state.searches_charged == 1


async def test_malformed_request_id(api: Api) -> None:
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    assert (await api.upload(FACES, selfie, "17")).refusal == (400, "request_id is not a valid UUID")
    assert api.sandbox.state.searches_charged == 0


async def test_cached_result_is_paged(api: Api) -> None:
    bib = api.sandbox.bibs[0]
    request_id = (await api.upload(FACES, api.sandbox.selfie(bib))).data["request_id"]
    found: list[str] = []
    for page in (1, 2, 3, 4, 5, 6, 7, 8):
        data = (await api.get(f"{FACES}/{request_id}", page=page, page_size=5)).data
        assert data["request_id"] == request_id
        found += [photo["image_id"] for photo in data["images"]]
        if not data["pagination"]["hasNextPage"]:
            break
    assert found == ids_of(api, bib)
    assert api.sandbox.state.searches_charged == 1


async def test_search_belongs_to_its_event(api: Api) -> None:
    request_id = (await api.upload(FACES, api.sandbox.selfie(api.sandbox.bibs[0]))).data["request_id"]
    other = api.sandbox.events[1].event_id
    assert (await api.get(f"{FACES}/{request_id}", event_id=other)).refusal[0] == 404


async def test_motion_follows_the_clock(api: Api) -> None:
    started = (await api.upload(MOTION, api.sandbox.selfie(api.sandbox.bibs[0]))).data
    path = f"/video-clipping/{started['request_id']}"
    assert (started["status"], started["clips"], started["message"]) == ("queued", [], None)
    seen = []
    for step in (0.4, 0.2, 1.3, 0.2):
        api.clock.advance(step)
        seen.append((await api.get(path)).data["status"])
    assert seen == ["queued", "processing", "processing", "completed"]
    clips = (await api.get(path)).data["clips"]
    assert 1 <= len(clips) <= 3
    assert len({clip["video_id"] for clip in clips}) == len(clips)
    for clip in clips:
        assert set(clip) == {"clip_url", "video_id", "start_time", "end_time", "duration", "thumbnail_url"}
        assert clip["end_time"] - clip["start_time"] == pytest.approx(clip["duration"])
    assert api.sandbox.state.searches_charged == 1


async def test_clips_are_playable_mp4(api: Api) -> None:
    request_id = (await api.upload(MOTION, api.sandbox.selfie(api.sandbox.bibs[2]))).data["request_id"]
    api.clock.advance(2)
    clips = (await api.get(f"/video-clipping/{request_id}")).data["clips"]
    for clip in clips:
        async with api.session.get(clip["clip_url"]) as reply:
            assert reply.status == 200
            assert reply.content_type == "video/mp4"
            film = await reply.read()
        assert film.index(b"moov") < film.index(b"mdat")
        with av.open(BytesIO(film), "r") as opened:
            stream = opened.streams.video[0]
            assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
            frames = [frame.to_ndarray(format="rgb24") for frame in opened.decode(stream)]
        assert len(frames) == 30
        assert abs(frames[0].astype(int) - frames[-1]).mean() > 5


async def test_clip_is_404_before_the_job_is_done(api: Api) -> None:
    request_id = (await api.upload(MOTION, api.sandbox.selfie(api.sandbox.bibs[0]))).data["request_id"]
    url = f"{api.sandbox.photos_url}/clips/{api.sandbox.event_id}/{request_id}/"
    async with api.session.get(f"{url}{video_ids(api.sandbox.event)[0]}.mp4") as reply:
        assert reply.status == 404


async def test_motion_from_a_face_search_needs_no_upload(api: Api) -> None:
    request_id = (await api.upload(FACES, api.sandbox.selfie(api.sandbox.bibs[0]))).data["request_id"]
    started = (await api.upload(MOTION, None, request_id)).data
    assert started["request_id"] == request_id
    api.clock.advance(2)
    assert (await api.get(f"/video-clipping/{request_id}")).data["status"] == "completed"
    assert (await api.upload(MOTION, None, request_id)).data["status"] == "completed"
    assert api.sandbox.state.searches_charged == 1


async def test_motion_refusals(api: Api) -> None:
    assert (await api.upload(MOTION, None, str(uuid4()))).refusal == (404, "request_id not found")
    assert (await api.upload(MOTION, None, "x")).refusal[0] == 400
    assert (await api.upload(MOTION, None)).refusal == (422, "body.selfie: Field required")
    assert (await api.upload(MOTION, b"")).refusal[0] == 400


async def test_motion_of_a_stranger_ends_without_a_match(api: Api) -> None:
    request_id = (await api.upload(MOTION, api.sandbox.stranger_selfie())).data["request_id"]
    api.clock.advance(2)
    data = (await api.get(f"/video-clipping/{request_id}")).data
    assert (data["status"], data["clips"]) == ("no_match", [])


async def test_motion_fails_on_demand(api: Api) -> None:
    api.sandbox.state.fail_clip_jobs = 1
    words = []
    for bib in api.sandbox.bibs[:2]:
        request_id = (await api.upload(MOTION, api.sandbox.selfie(bib))).data["request_id"]
        api.clock.advance(2)
        words.append((await api.get(f"/video-clipping/{request_id}")).data["status"])
    assert words == ["failed", "completed"]


async def test_motion_with_a_known_request_id_is_cached(api: Api) -> None:
    request_id = str(uuid4())
    selfie = api.sandbox.selfie(api.sandbox.bibs[0])
    await api.upload(MOTION, selfie, request_id)
    await api.upload(MOTION, selfie, request_id)
    assert (await api.get(f"{FACES}/{request_id}")).data["pagination"]["total"] > 0
    assert api.sandbox.state.searches_charged == 1


async def test_real_clock_needs_no_advance() -> None:
    async with Sandbox(photos=20, clip_seconds=0.0) as sandbox, ClientSession() as session:
        started = await Api(sandbox, session).upload(MOTION, sandbox.selfie(sandbox.bibs[0]))
        assert started.data["status"] == "completed"
