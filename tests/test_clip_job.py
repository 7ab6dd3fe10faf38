from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import (
    Clip,
    ClipJobFailedError,
    ClipJobTimeoutError,
    ClipResult,
    DecodeError,
    InternalServerError,
    InvalidInputError,
    NotFoundError,
    RetryPolicy,
)
from ninepic_async._contract import endpoints
from ninepic_async._contract.messages import Reply, Request, SendError
from tests.canned import EVENT_ID, Answer, Rig, failed, ok, reply, rig

URL = "https://clips.9pic.ai/1.mp4"
CLIP = {"clip_url": URL}


def status(word: str, *, clips: Any = (), retry_after: str = "", **more: Any) -> Reply:
    headers = {"retry_after": retry_after} if retry_after else {}
    return ok({"request_id": "r", "status": word, "clips": list(clips), "message": None, **more}, **headers)


DONE = status("completed", clips=[CLIP])


async def waited(*answers: Reply, timeout: float = 600, chance: float = 1.0) -> tuple[ClipResult, Rig]:
    scripted = rig(answers, chance=chance)
    return await scripted.event.clip_job("r").wait(timeout=timeout), scripted


def test_jobs_compare_and_hash_by_their_ids() -> None:
    one, two = rig([]).event, rig([]).event
    assert {one.clip_job("r"), two.clip_job("r"), one.clip_job("s")} == {two.clip_job("s"), two.clip_job("r")}


async def test_intervals_grow_to_a_ceiling() -> None:
    _, answers = await waited(*[status("processing")] * 9, DONE)
    assert answers.clock.waits == pytest.approx([1, 1.5, 2.25, 3.375, 5.0625, 7.59375, 11.390625, 15, 15])


async def test_intervals_are_jittered() -> None:
    _, answers = await waited(status("processing"), status("processing"), DONE, chance=0.0)
    assert answers.clock.waits == [0.75, 1.125]


async def test_retry_after_is_obeyed_where_it_is_longer() -> None:
    _, answers = await waited(status("queued", retry_after="30"), status("queued", retry_after="0"), DONE)
    assert answers.clock.waits == [30, 1.5]


@pytest.mark.parametrize(("timeout", "waits"), [(30, [29]), (600, [60])])
async def test_a_retry_after_beyond_the_bound_does_not_end_the_wait(
    timeout: float, waits: list[float]
) -> None:
    answers = rig([status("queued", retry_after="3600"), DONE])
    assert (await answers.event.clip_job("r").wait(timeout=timeout)).clips
    assert answers.clock.waits == waits


async def test_the_status_of_another_job_is_refused() -> None:
    answers = rig([status("completed", clips=[CLIP], request_id="another")])
    with pytest.raises(DecodeError, match="expected 'r', received string 'another'"):
        await answers.event.clip_job("r").wait()
    same = rig([status("completed", clips=[CLIP], request_id="R")])
    assert (await same.event.clip_job("r").wait()).clips


@given(timeout=st.floats(0.01, 5000), asked=st.lists(st.integers(0, 400), max_size=8), chance=st.floats(0, 1))
async def test_no_wait_passes_its_bound_and_the_last_poll_is_near_it(
    timeout: float, asked: list[int], chance: float
) -> None:
    wishes = iter(asked)
    looks: list[float] = []

    def answer(request: Request) -> Reply:
        looks.append(answers.clock.now - 1000)
        return status("processing", retry_after=str(next(wishes, "")))

    answers = rig(answer, chance=chance)
    with pytest.raises(ClipJobTimeoutError) as caught:
        await answers.event.clip_job("r").wait(timeout=timeout)
    assert sum(answers.clock.waits) <= timeout + 1e-6
    assert caught.value.request_id == "r"
    if not asked:
        assert looks[-1] >= timeout - max(1.0, timeout / 10) - 1e-6


@pytest.mark.parametrize(
    "word",
    ["pending", "queued", "accepted", "started", "running", "PROCESSING", "in_progress", "In Progress"],
)
async def test_words_for_under_way_are_asked_on(word: str, caplog: pytest.LogCaptureFixture) -> None:
    result, answers = await waited(status(word), DONE)
    assert result.clips == (Clip(url=URL),)
    assert len(answers.requests) == 2
    assert caplog.records == []


@pytest.mark.parametrize(
    "word", ["completed", "complete", "done", "Success", "succeeded", "READY", "finished"]
)
async def test_words_for_done(word: str) -> None:
    result, _ = await waited(status(word, clips=[CLIP], took=3))
    assert result == ClipResult(request_id="r", clips=[Clip(url=URL)], status=word)
    assert result.extra == {"took": 3}


@pytest.mark.parametrize("word", ["nomatch", "no_matches", "No-Match", "not found", "EMPTY"])
async def test_words_for_nothing_found_are_an_empty_result(word: str) -> None:
    result, _ = await waited(status(word, message="nobody"))
    assert (result.clips, result.status, result.message) == ((), word, "nobody")


@pytest.mark.parametrize("word", ["failed", "failure", "ERROR", "cancelled", "expired"])
async def test_words_for_failed_are_an_error_to_pick_up_from(word: str) -> None:
    with pytest.raises(ClipJobFailedError, match=f"'{word}': no GPU") as caught:
        await waited(status(word, message="no GPU"))
    assert (caught.value.request_id, caught.value.endpoint) == ("r", "clip_status")


async def test_a_final_status_has_the_result_that_the_wait_gives() -> None:
    for said in (DONE, status("no_match", message="nobody")):
        answers = rig([said, said])
        job = answers.event.clip_job("r")
        assert (await job.status()).result() == await job.wait()
        assert len(answers.requests) == 2


async def test_a_failed_status_has_its_error_and_one_under_way_has_no_result() -> None:
    failed_status = await rig([status("failed", message="no GPU")]).event.clip_job("r").status()
    with pytest.raises(ClipJobFailedError, match="no GPU") as caught:
        failed_status.result()
    assert caught.value.request_id == "r"
    under_way = await rig([status("processing", clips=[CLIP])]).event.clip_job("r").status()
    with pytest.raises(InvalidInputError, match="has not ended"):
        under_way.result()


async def test_a_failed_jobs_words_show_no_signed_query() -> None:
    with pytest.raises(ClipJobFailedError) as caught:
        await waited(status("failed", message=f"can't read {URL}?sig=s3cret"))
    assert "s3cret" not in f"{caught.value} {caught.value.message}"


async def test_polling_continues_after_an_unknown_word_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "ninepic_async")
    result, answers = await waited(status("zapping"), status("zapping"), status("zopping"), DONE)
    assert result.clips
    assert len(answers.requests) == 4
    (record,) = caplog.records
    assert "'zapping'" in record.getMessage()


async def test_an_unknown_word_is_in_the_timeouts_error() -> None:
    with pytest.raises(ClipJobTimeoutError, match="'zapping'") as caught:
        await rig(lambda _: status("zapping")).event.clip_job("r").wait(timeout=5)
    assert caught.value.request_id == "r"
    assert "5 s" in str(caught.value)


async def test_updates_yields_changes_only() -> None:
    looks = [
        status("queued", retry_after="2"),
        status("queued", retry_after="3"),
        status("processing"),
        status("processing", clips=[CLIP]),
        status("processing", clips=[CLIP]),
        status("completed", clips=[CLIP]),
    ]
    job = rig(looks).event.clip_job("r")
    seen = [(update.status, len(update.clips)) async for update in job.updates(timeout=600)]
    assert seen == [("queued", 0), ("processing", 0), ("processing", 1), ("completed", 1)]


async def test_updates_ends_with_a_failure_as_a_status() -> None:
    job = rig([status("queued"), status("failed")]).event.clip_job("r")
    assert [update.state async for update in job.updates()] == ["under_way", "failed"]


@pytest.mark.parametrize("list_key", ["clips", "videos", "results"])
@pytest.mark.parametrize("url_key", ["clip_url", "url", "video_url", "download_url", None])
async def test_all_clip_shapes(list_key: str, url_key: str | None) -> None:
    more = {
        "video_id": "v",
        "start_time": 12.4,
        "end_time": 20,
        "duration": 7.5,
        "thumbnail_url": None,
        "fps": 25,
    }
    clip = URL if url_key is None else {url_key: URL, **more}
    result, _ = await waited(ok({"request_id": "r", "status": "done", list_key: [clip]}))
    (found,) = result.clips
    if url_key is None:
        assert found == Clip(url=URL)
    else:
        assert found == Clip(url=URL, video_id="v", start_time=12.4, end_time=20.0, duration=7.5)
        assert found.extra == {"fps": 25}
    assert result.extra == {}


async def test_clips_announced_without_a_url_wait_for_the_end() -> None:
    early = status("processing", clips=[{"video_id": "v", "clip_url": None}, CLIP])
    updates = [update async for update in rig([early, DONE]).event.clip_job("r").updates()]
    assert [len(update.clips) for update in updates] == [1, 1]


@pytest.mark.parametrize(
    "data",
    [
        {"status": "done"},
        {"status": "done", "clips": None},
        {"status": "done", "clips": [{"video_id": "v"}]},
        {"status": "done", "clips": [7]},
        {"status": "done", "clips": {}},
        {"status": 7, "clips": []},
        {"status": None},
        {},
    ],
)
async def test_a_done_job_without_its_clips_is_an_error_not_an_empty_result(data: dict[str, Any]) -> None:
    with pytest.raises(DecodeError) as caught:
        await waited(ok(data))
    assert caught.value.request_id == "r"


async def test_a_payload_may_leave_its_request_id_out() -> None:
    assert (await rig([ok({"status": "queued"})]).event.clip_job("r").status()).request_id == "r"


async def test_clips_is_start_and_wait_in_one_bound() -> None:
    done = status("completed", clips=[CLIP], request_id="theirs")
    answers = rig([ok({"request_id": "theirs"}), status("queued", request_id=None), done])
    result = await answers.event.clips(search="mine", timeout=60)
    assert result.clips == (Clip(url=URL),)
    assert [request.method for request in answers.requests] == ["POST", "GET", "GET"]
    assert answers.requests[1].path.endswith("/theirs")


async def test_a_start_that_hangs_ends_with_the_bound() -> None:
    async def hang(request: Request) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(ClipJobTimeoutError) as caught:
        await rig(hang).event.clips(selfie=b"\xff\xd8\xff", timeout=0.05)
    assert caught.value.request_id
    with pytest.raises(ClipJobTimeoutError, match="no status"):
        await rig(hang).event.clip_job("r").wait(timeout=0.05)


async def test_retries_spend_the_same_bound() -> None:
    answers = rig(lambda _: failed(503), retry=RetryPolicy(attempts=99))
    with pytest.raises((ClipJobTimeoutError, InternalServerError)) as caught:
        await answers.event.clip_job("r").wait(timeout=20)
    assert sum(answers.clock.waits) <= 20
    assert caught.value.request_id == "r"


@pytest.mark.parametrize("trouble", [failed(503), failed(429), SendError("cut")])
async def test_a_service_out_of_reach_for_a_while_does_not_end_the_wait(
    trouble: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    answers = rig([status("processing"), trouble, trouble, DONE], retry=RetryPolicy(attempts=1))
    result = await answers.event.clip_job("r").wait(timeout=60)
    assert result.clips == (Clip(url=URL),)
    assert "polling continues" in caplog.text


async def test_a_service_that_stays_away_ends_the_wait_at_its_bound() -> None:
    answers = iter([status("processing")])
    script = rig(lambda _: next(answers, failed(503)), retry=RetryPolicy(attempts=2))
    with pytest.raises(ClipJobTimeoutError, match="'processing'") as caught:
        await script.event.clip_job("r").wait(timeout=60)
    assert isinstance(caught.value.__cause__, InternalServerError)
    assert 50 < sum(script.clock.waits) <= 60


async def test_a_failed_first_poll_is_an_error_at_once() -> None:
    answers = rig([failed(503)], retry=RetryPolicy(attempts=1))
    with pytest.raises(InternalServerError):
        await answers.event.clip_job("r").wait(timeout=60)
    assert answers.clock.waits == []


async def test_a_refused_poll_ends_the_wait() -> None:
    answers = rig([status("processing"), failed(404)])
    with pytest.raises(NotFoundError):
        await answers.event.clip_job("r").wait(timeout=60)


async def test_a_job_shows_what_another_process_needs() -> None:
    job = await rig([ok({"request_id": "theirs"})]).event.start_clips(search="mine")
    assert (job.request_id, job.event_id) == ("theirs", EVENT_ID)
    assert "theirs" in repr(job)


@pytest.mark.parametrize("said", [{}, {"message": "Too Many Requests"}, {"request_id": None}])
async def test_a_start_that_names_no_job_is_none(said: dict[str, Any]) -> None:
    for answer in (ok(said), reply(said)):
        with pytest.raises(DecodeError, match="request_id") as caught:
            await rig([answer]).event.start_clips(search="mine")
        assert caught.value.request_id == "mine"


@pytest.mark.parametrize("given_", [{}, {"request_id": None}, {"request_id": ""}])
def test_a_status_need_not_say_whose_it_is(given_: dict[str, Any]) -> None:
    call = endpoints.ClipStatus(event_id=456, request_id="mine")
    assert call.decode(ok({"status": "queued", **given_})).request_id == "mine"


@pytest.mark.parametrize("wrong", [0, False, [], {}])
def test_the_request_id_of_a_status_is_a_string(wrong: object) -> None:
    with pytest.raises(DecodeError, match=r"request_id expected a string"):
        endpoints.ClipStatus(event_id=456, request_id="mine").decode(
            ok({"status": "queued", "request_id": wrong})
        )


def test_clips_are_found_under_whichever_key_has_them() -> None:
    both = {
        "status": "done",
        "clips": [],
        "results": [{"clip_url": "", "url": "https://clips.example/1.mp4"}],
    }
    status = endpoints.ClipStatus(event_id=456, request_id="r").decode(ok(both))
    assert [clip.url for clip in status.clips] == ["https://clips.example/1.mp4"]


def test_values_under_other_likely_keys_stay_readable() -> None:
    source = "https://clips.example/whole.mp4"
    body = {
        "status": "done",
        "clips": [{"clip_url": URL, "video_url": source, "url": None, "download_url": URL}],
        "videos": 3,
        "results": {"matched": 1},
    }
    status = endpoints.ClipStatus(event_id=456, request_id="r").decode(ok(body))
    assert [(clip.url, clip.extra) for clip in status.clips] == [(URL, {"video_url": source})]
    assert status.extra == {"videos": 3, "results": {"matched": 1}}
