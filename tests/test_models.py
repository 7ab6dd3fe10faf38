from __future__ import annotations

import copy
import pickle
from datetime import date
from typing import Any

import attrs
import pytest

import ninepic_async as sdk

SIGNED = "https://files.example/a.jpg?X-Amz-Signature=s3cret"
PAGES = sdk.PaginationInfo(
    total=0, current_page=0, total_pages=0, has_next_page=False, has_previous_page=False, page_size=32
)
FLAGS = dict.fromkeys(("event_enabled", "bib_search", "selfie_search", "name_search"), True)
REQUIRED: list[tuple[type, dict[str, Any]]] = [
    (sdk.Ping, {"status": "ok", "org_id": 903, "event_id": 456}),
    (sdk.EventListItem, {"event_id": 456}),
    (sdk.EventDetails, {"event_id": 456, **FLAGS}),
    (sdk.ImageItem, {"image_id": "a", "img_url": SIGNED, "thumbnail_url": SIGNED}),
    (
        sdk.PaginationInfo,
        {name: getattr(PAGES, name) for name in attrs.fields_dict(type(PAGES)) if name != "extra"},
    ),
    (sdk.TimelineHour, {"hour": 1, "count": 2}),
    (sdk.TimelineDay, {"date": date(2024, 1, 1), "total": 3}),
    (sdk.Clip, {"url": SIGNED}),
    (sdk.ClipStatus, {"request_id": "r-1", "status": "done"}),
    (sdk.ClipResult, {"request_id": "r-1"}),
    (sdk.PresignedUrlItem, {"url": SIGNED, "filename": "a.jpg"}),
    (sdk.FailedUrlItem, {"image_id": "a", "error": "no"}),
    (sdk.FaceSearch, {"request_id": "r-1"}),
    (sdk.Page, {"items": [], "pagination": PAGES}),
]
each_model = pytest.mark.parametrize(
    ("model", "required"), REQUIRED, ids=[model.__name__ for model, _ in REQUIRED]
)


@each_model
def test_is_built_by_keyword_from_its_required_fields_alone(model: type, required: dict[str, Any]) -> None:
    thing = model(**required)
    assert thing == model(**required)
    assert hash(thing) == hash(model(**required))
    assert thing.extra == {}
    with pytest.raises(TypeError):
        model(*required.values())
    for name in required:
        with pytest.raises(TypeError):
            model(**{key: value for key, value in required.items() if key != name})


@each_model
def test_pickles_and_copies(model: type, required: dict[str, Any]) -> None:
    thing = model(**required, extra={"a": [1]})
    for twin in (pickle.loads(pickle.dumps(thing)), copy.copy(thing), copy.deepcopy(thing)):
        assert (type(twin), twin, twin.extra) == (model, thing, thing.extra)


@each_model
def test_is_frozen(model: type, required: dict[str, Any]) -> None:
    thing = model(**required)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        thing.extra = {"a": 1}


@each_model
def test_extra_takes_no_part_in_comparison_or_hash(model: type, required: dict[str, Any]) -> None:
    thing = model(**required, extra={"unhashable": []})
    assert thing == model(**required)
    assert hash(thing) == hash(model(**required))


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (
            sdk.ImageItem,
            {"image_id": "a", "img_url": SIGNED, "thumbnail_url": SIGNED, "original_url": SIGNED},
        ),
        (sdk.PresignedUrlItem, {"url": SIGNED, "filename": "a.jpg"}),
        (sdk.Clip, {"url": SIGNED, "thumbnail_url": SIGNED}),
        (sdk.FailedUrlItem, {"image_id": "a", "error": f"could not sign {SIGNED}"}),
        (sdk.EventListItem, {"event_id": 1, "cover_image": SIGNED}),
        (sdk.EventListItem, {"event_id": 1, "cover_image": "/imgs/cover.jpg?X-Amz-Signature=s3cret"}),
        (sdk.ClipStatus, {"request_id": "r", "status": "failed", "message": f"no answer from {SIGNED}"}),
        (sdk.ClipResult, {"request_id": "r", "message": f"no answer from {SIGNED}"}),
    ],
)
def test_a_repr_holds_no_signed_query(model: type, values: dict[str, Any]) -> None:
    thing = model(**values, extra={"signed": SIGNED})
    shown = repr([thing, sdk.Page(items=[thing], pagination=PAGES)])
    assert "s3cret" not in shown
    assert model.__name__ in shown


def test_lists_become_tuples() -> None:
    photo = sdk.ImageItem(image_id="a", img_url="u", thumbnail_url="t")
    assert sdk.Page(items=[photo], pagination=PAGES).items == (photo,)
    assert sdk.FaceSearch(request_id="r", images=[photo]).images == (photo,)
    assert sdk.ClipResult(request_id="r", clips=[sdk.Clip(url="u")]).clips == (sdk.Clip(url="u"),)


@pytest.mark.parametrize(
    ("words", "state", "final"),
    [
        (
            "pending queued accepted started running processing inprogress In-Progress IN_PROGRESS",
            "under_way",
            False,
        ),
        ("completed complete done success succeeded ready finished COMPLETED", "done", True),
        ("nomatch nomatches notfound empty NO_MATCH no-matches Not_Found", "no_match", True),
        ("failed failure error cancelled expired FAILED", "failed", True),
        ("zzz donee", "unknown", False),
    ],
)
def test_status_words(words: str, state: str, final: bool) -> None:
    for word in [*words.split(), *(f" {word} " for word in words.split())]:
        status = sdk.ClipStatus(request_id="r", status=word)
        assert (status.state, status.is_final) == (state, final), word


def test_an_empty_word_is_unknown() -> None:
    assert sdk.ClipStatus(request_id="r", status="").state == "unknown"
