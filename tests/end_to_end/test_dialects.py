from __future__ import annotations

from typing import Any

import pytest

from ninepic_async import guesses
from ninepic_async.sandbox import ClipWords, Dialect
from ninepic_async.sandbox.dialect import OPPOSITES

from .tour import Participants, Tour, take_tour

OTHER_WORDS = ClipWords(
    queued="ACCEPTED", processing="In-Progress", completed="Succeeded", no_match="NOT FOUND", failed="expired"
)
LATE_FLAGS = ("video_search", "video_selfie_search", "timeline_search")

SAME_RESULTS = {
    "flat": Dialect(flat=True),
    "misspelt": Dialect(misspelt=True),
    "flat and misspelt": Dialect(flat=True, misspelt=True),
    "refuses unknown request ids": Dialect(adopts_request_ids=False),
    "another field and refuses ids": Dialect(selfie_field="image_file", adopts_request_ids=False),
    "other Motion words": Dialect(clip_words=OTHER_WORDS),
    "videos of url": Dialect(clip_list_key="videos", clip_url_key="url"),
    "results of video_url": Dialect(clip_list_key="results", clip_url_key="video_url"),
    "download_url, flat": Dialect(clip_url_key="download_url", flat=True),
    "larger pages": Dialect(faces_page_size_max=500, timeline_page_size_max=500),
    "smaller pages, flat": Dialect(faces_page_size_max=3, timeline_page_size_max=9, flat=True),
    "links as S3 signs them": Dialect(link_keys=("X-Amz-Date", "X-Amz-Expires")),
    "links that don't say when, refused with 410": Dialect(link_keys=("until",), link_expired_status=410),
    **{f"gateway {status}": Dialect(gateway_status=status) for status in guesses.RETRYABLE_GATEWAY_STATUSES},
}

OTHERWISE: dict[str, dict[str, Any]] = {
    "SELFIE_FIELD": {},
    "MISSING_FIELD_PROBLEM": {
        "face": "UnprocessableEntityError",
        "nobody": "UnprocessableEntityError",
        "nobodys_clips": "UnprocessableEntityError",
        "charges": ["elsewhere"],
    },
    "UNKNOWN_REQUEST_ID_STATUS": {},
    "FACES_PAGE_SIZE_MAX": {},
    "TIMELINE_PAGE_SIZE_MAX": {},
    "CLIP_STATUS_KEY": dict.fromkeys(
        ("nobodys_clips", "clips_queued", "clips_processing", "clips_completed", "clips"), "DecodeError"
    ),
    "CLIP_LIST_KEYS": dict.fromkeys(("clips_completed", "clips"), "DecodeError"),
    "CLIP_URL_KEYS": dict.fromkeys(("clips_completed", "clips"), "DecodeError"),
    "CLIP_STATUS_WORDS": {
        **dict.fromkeys(("clips_queued", "clips_processing", "clips_completed"), "unknown"),
        **dict.fromkeys(("nobodys_clips", "clips"), "ClipJobTimeoutError"),
    },
    "LINK_LIFETIME_KEYS": {},
    "LINK_EXPIRY_KEYS": {},
    "LINK_EXPIRED_STATUSES": {"expired_links": "DownloadError"},
    "LINK_EXPIRED_WORDS": {},
}
"""What the client sees otherwise where a guess is wrong: nothing, or a typed error that says so."""


@pytest.mark.parametrize("dialect", SAME_RESULTS.values(), ids=SAME_RESULTS)
async def test_every_dialect_gives_the_same_results(
    dialect: Dialect, people: Participants, documented_tour: Tour
) -> None:
    assert await take_tour(dialect, people) == documented_tour


@pytest.mark.parametrize("guess", OTHERWISE)
async def test_a_wrong_guess_has_a_fallback_or_is_a_typed_error(
    guess: str, people: Participants, documented_tour: Tour
) -> None:
    assert await take_tour(OPPOSITES[guess], people) == {**documented_tour, **OTHERWISE[guess]}


async def test_a_gateway_status_that_is_not_worth_another_try_is_a_typed_error(
    people: Participants, documented_tour: Tour
) -> None:
    found = await take_tour(OPPOSITES["RETRYABLE_GATEWAY_STATUSES"], people)

    changed = {name for name, seen in found.items() if seen != documented_tour[name]}
    missing = {"clips_queued", "clips_processing", "clips_completed", "clips"}
    assert {found[name] for name in changed - missing - {"charges"}} == {"InternalServerError"}
    assert {found[name] for name in missing} == {"InternalServerError", "NotFoundError"}
    assert {"events", "ping", "details", "photos", "bib", "face", "start_clips"} <= changed
    assert found["charges"] == ["elsewhere"]


def test_every_guess_has_an_opposite_that_the_sandbox_serves() -> None:
    named = {name for name in vars(guesses) if name.isupper() and not name.startswith("_")}

    assert OPPOSITES.keys() == named
    assert OPPOSITES.keys() - OTHERWISE.keys() == {"RETRYABLE_GATEWAY_STATUSES"}
    assert Dialect() not in OPPOSITES.values()


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

    assert empty == {"nobody", "key_leaks"}
    assert documented_tour["clips_queued"] == documented_tour["clips_processing"] == "under_way"
    assert documented_tour["clips_completed"] == "done"
    assert documented_tour["nobodys_clips"] == ["no_match", []]
    assert documented_tour["expired_links"] == [documented_tour["original"][0]["filename"]]
    assert documented_tour["charges"] == ["face_search", "face_search", "start_clips"]
