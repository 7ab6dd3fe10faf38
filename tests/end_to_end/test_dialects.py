from __future__ import annotations

import pytest

from ninepic_async.sandbox import ClipWords, Dialect

from .tour import Participants, Tour, take_tour

OTHER_WORDS = ClipWords(
    queued="ACCEPTED", processing="In-Progress", completed="Succeeded", no_match="NOT FOUND", failed="expired"
)
LATE_FLAGS = ("video_search", "video_selfie_search", "timeline_search")


@pytest.mark.parametrize(
    "dialect",
    [
        pytest.param(Dialect(flat=True), id="flat"),
        pytest.param(Dialect(misspelt=True), id="misspelt"),
        pytest.param(Dialect(flat=True, misspelt=True), id="flat and misspelt"),
        pytest.param(Dialect(selfie_field="file"), id="another selfie field"),
        pytest.param(Dialect(adopts_request_ids=False), id="refuses unknown request ids"),
        pytest.param(
            Dialect(selfie_field="image_file", adopts_request_ids=False), id="another field and refuses ids"
        ),
        pytest.param(Dialect(clip_words=OTHER_WORDS), id="other Motion words"),
        pytest.param(Dialect(clip_list_key="videos", clip_url_key="url"), id="videos of url"),
        pytest.param(Dialect(clip_list_key="results", clip_url_key="video_url"), id="results of video_url"),
        pytest.param(Dialect(clip_url_key="download_url", flat=True), id="download_url, flat"),
    ],
)
async def test_every_dialect_gives_the_same_results(
    dialect: Dialect, people: Participants, documented_tour: Tour
) -> None:
    assert await take_tour(dialect, people) == documented_tour


async def test_flags_that_an_older_edition_lacks_are_off_and_all_else_is_the_same(
    people: Participants, documented_tour: Tour
) -> None:
    without = {**documented_tour["details"], **dict.fromkeys(LATE_FLAGS, False)}

    assert await take_tour(Dialect(late_flags=False), people) == {**documented_tour, "details": without}


async def test_bare_clips_have_their_urls_and_all_else_is_the_same(
    people: Participants, documented_tour: Tour
) -> None:
    found = await take_tour(Dialect(bare_clips=True), people)

    clips = found.pop("clips")
    assert [clip["url"] for clip in clips] == [clip["url"] for clip in documented_tour["clips"]]
    assert {clip["video_id"] for clip in clips} == {None}
    assert found.items() <= documented_tour.items()


def test_the_tour_has_seen_something_everywhere(documented_tour: Tour) -> None:
    empty = {name for name, seen in documented_tour.items() if not seen}

    assert empty == {"nobody", "nobodys_clips", "key_leaks"}
    assert documented_tour["clip_states"] == ["under_way", "under_way", "done"]
    assert documented_tour["nobodys_state"] == "no_match"
    assert documented_tour["charges"] == ["face_search", "face_search", "start_clips"]
