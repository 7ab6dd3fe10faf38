"""JSON forms of models, reports and errors, and models as pydantic types."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import attrs
import httpx
import pytest
from celery import Celery  # type: ignore[import-untyped]
from fastapi import Body, FastAPI
from pydantic import BaseModel, TypeAdapter, ValidationError

import ninepic_async
from ninepic_async import (
    Clip,
    ClipStatus,
    DecodeError,
    DownloadError,
    DownloadReport,
    EventListItem,
    FaceSearch,
    FailedDownload,
    FeatureDisabledError,
    ImageItem,
    NinePic,
    NotFoundError,
    Page,
    PaginationInfo,
    PresignedUrlItem,
    Problem,
    TimelineDay,
    TimelineHour,
    UnprocessableEntityError,
)
from ninepic_async import errors as errors_module
from ninepic_async._records import JSONReady
from ninepic_async.gallery import GalleryReport
from ninepic_async.sandbox import Sandbox

PHOTO = ImageItem(image_id="a", img_url="https://x/a.jpg", thumbnail_url="https://x/s.jpg", height=3, width=2)
PAGINATION = PaginationInfo(
    total=1, current_page=1, total_pages=1, has_next_page=False, has_previous_page=False, page_size=1
)


def test_a_model_becomes_a_dict_of_its_attributes() -> None:
    assert PHOTO.to_dict() == {
        "image_id": "a",
        "img_url": "https://x/a.jpg",
        "thumbnail_url": "https://x/s.jpg",
        "height": 3,
        "width": 2,
        "original_url": None,
        "extra": {},
    }


def test_dates_are_iso_strings_and_nested_models_dicts() -> None:
    event = EventListItem(event_id=1, event_date=datetime(2026, 1, 19, 6), extra={"more": [1, {"a": None}]})
    assert event.to_dict()["event_date"] == "2026-01-19T06:00:00"
    assert event.to_dict()["extra"] == {"more": [1, {"a": None}]}
    day = TimelineDay(date=date(2026, 1, 19), total=2, hours=[TimelineHour(hour=7, count=2)])
    assert day.to_dict()["date"] == "2026-01-19"
    assert day.to_dict()["hours"] == [{"hour": 7, "count": 2, "extra": {}}]


def test_signed_links_are_data() -> None:
    link = PresignedUrlItem(url="https://x/a.jpg?signature=1", filename="a.jpg")
    assert json.loads(link.to_json())["url"] == "https://x/a.jpg?signature=1"


def test_json_of_odd_values() -> None:
    extra: Mapping[str, Any] = {
        "nan": math.nan,
        "half": "\ud83d",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "raw": b"\xff",
    }
    written = Clip(url="u", extra=extra).to_json()
    assert written.isascii()
    read = json.loads(written)["extra"]
    assert read == {"nan": None, "half": "\ud83d", "at": "2026-01-01T00:00:00+00:00", "raw": "\ufffd"}


def test_a_dict_shares_nothing_with_its_model() -> None:
    photo = attrs.evolve(PHOTO, extra={"tags": ["a"]})
    photo.to_dict()["extra"]["tags"].append("b")
    assert photo.extra == {"tags": ["a"]}


async def test_a_selfie_search_has_no_private_parts_in_its_dict() -> None:
    async with (
        Sandbox(photos=5) as sandbox,
        NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client,
    ):
        search = await client.event(sandbox.event_id).face_search(sandbox.selfie(sandbox.bibs[0]))
        expected = {"request_id", "images", "pagination", "confidence_percentage", "extra"}
        assert search.to_dict().keys() == attrs.asdict(search).keys() == expected
        assert json.loads(search.to_json())["images"] == [photo.to_dict() for photo in search.images]


def test_reports() -> None:
    report = DownloadReport(done=1, failed=(FailedDownload(id="a", name="a.jpg", error="404"),))
    assert report.to_dict()["failed"] == [{"id": "a", "name": "a.jpg", "error": "404"}]
    assert GalleryReport(index=Path("/x/index.html")).to_dict()["index"] == str(Path("/x/index.html"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (DownloadError("disk full"), {"type": "DownloadError", "message": "disk full"}),
        (
            FeatureDisabledError("off", feature="bib_search", endpoint="bib_search", attempts=1),
            {
                "type": "FeatureDisabledError",
                "message": "off",
                "endpoint": "bib_search",
                "attempts": 1,
                "request_id": None,
                "status": 403,
                "retry_after": None,
                "feature": "bib_search",
            },
        ),
        (
            UnprocessableEntityError("bad", problems=[Problem("a.b", "required")]),
            {"type": "UnprocessableEntityError", "problems": [{"field": "a.b", "problem": "required"}]},
        ),
        (
            DecodeError(path="$.data", expected="list", received="str"),
            {"message": "at $.data expected list, received str", "path": "$.data"},
        ),
    ],
)
def test_errors(error: ninepic_async.NinePicError, expected: dict[str, object]) -> None:
    found = error.to_dict()
    assert {name: found[name] for name in expected} == expected
    assert json.loads(error.to_json()) == found


def test_every_public_error_has_a_json_form() -> None:
    for name in errors_module.__all__:
        kind: Any = getattr(errors_module, name)
        if name.endswith("Error"):
            assert kind("why").to_dict()["type"] == name
            assert kind("why").to_dict()["message"] == "why"


def test_pandas_and_pyarrow() -> None:
    pandas, pyarrow = (importlib.import_module(name) for name in ("pandas", "pyarrow"))
    rows = [PHOTO, attrs.evolve(PHOTO, image_id="b", height=None)]
    frame = pandas.DataFrame(row.to_dict() for row in rows)
    assert list(frame["image_id"]) == ["a", "b"]
    assert pyarrow.Table.from_pylist([row.to_dict() for row in rows])["width"].to_pylist() == [2, 2]


class Holder(BaseModel):
    photo: ImageItem
    page: Page[ImageItem]
    search: FaceSearch | None = None


class TestPydantic:
    def test_a_model_is_a_field(self) -> None:
        page: Page[ImageItem] = Page(items=[PHOTO], pagination=PAGINATION)
        search = FaceSearch(request_id="r", images=[PHOTO])
        held = Holder(photo=PHOTO, page=page, search=search)
        assert held.photo is PHOTO
        assert held.model_dump()["photo"] == PHOTO.to_dict()
        again = Holder.model_validate_json(held.model_dump_json())
        assert again == held
        assert isinstance(again.page.items[0], ImageItem)

    def test_values_are_checked(self) -> None:
        with pytest.raises(ValidationError, match="img_url"):
            TypeAdapter(ImageItem).validate_python({"image_id": "a", "thumbnail_url": "t"})
        with pytest.raises(ValidationError, match="hours"):
            TypeAdapter(TimelineDay).validate_python({"date": "2026-01-19", "total": 1, "hours": 3})

    def test_dates_are_read(self) -> None:
        event = TypeAdapter(EventListItem).validate_python(
            {"event_id": 1, "event_date": "2026-01-19T06:00:00"}
        )
        assert event == EventListItem(event_id=1, event_date=datetime(2026, 1, 19, 6))

    def test_type_variables_are_replaced(self) -> None:
        with pytest.raises(ValidationError, match="image_id"):
            TypeAdapter(Page[ImageItem]).validate_python({"items": [{}], "pagination": PAGINATION})
        assert TypeAdapter(Page[int]).validate_python({"items": [1], "pagination": PAGINATION}).items == (1,)

    @pytest.mark.parametrize("mode", ["validation", "serialization"])
    def test_schema_is_named_after_the_class(self, mode: Any) -> None:
        schema = TypeAdapter(list[ClipStatus]).json_schema(mode=mode)
        assert schema["items"] == {"$ref": "#/$defs/ClipStatus"}
        assert schema["$defs"]["ClipStatus"]["required"] == ["request_id", "status"]
        assert "Clip" in schema["$defs"]


async def test_fastapi_returns_models() -> None:
    app = FastAPI()

    @app.get("/photos")
    def photos() -> list[ImageItem]:
        return [PHOTO]

    @app.get("/page")
    def page() -> Page[ImageItem]:
        return Page(items=[PHOTO], pagination=PAGINATION)

    @app.post("/photo")
    def post(photo: Annotated[ImageItem, Body()]) -> ImageItem:
        return photo

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/photos")).json() == [PHOTO.to_dict()]
        assert (await client.get("/page")).json()["items"] == [PHOTO.to_dict()]
        assert (await client.post("/photo", json=PHOTO.to_dict())).json() == PHOTO.to_dict()
        assert (await client.post("/photo", json={})).status_code == 422
        document = (await client.get("/openapi.json")).json()
    content = document["paths"]["/photos"]["get"]["responses"]["200"]["content"]["application/json"]
    assert content["schema"]["items"] == {"$ref": "#/components/schemas/ImageItem"}
    assert document["components"]["schemas"]["ImageItem"]["properties"]["image_id"]["type"] == "string"


class TestCelery:
    """Tasks that return models, with Celery's own serializer. Results go through a store and back."""

    @pytest.fixture
    def app(self) -> Iterator[Celery]:
        app = Celery("photos", broker="memory://", backend="cache+memory://", set_as_current=False)
        app.conf.update(task_always_eager=True, task_store_eager_result=True)
        yield app
        app.close()

    @pytest.mark.parametrize(
        "result",
        [PHOTO, Page(items=[PHOTO], pagination=PAGINATION), NotFoundError("none", endpoint="details")],
        ids=["photo", "page", "error"],
    )
    def test_a_task_returns_models(self, result: JSONReady, app: Celery) -> None:
        def find() -> list[JSONReady]:
            return [result]

        task: Any = app.task(find)
        stored = task.delay()
        assert app.AsyncResult(stored.id).get() == [result.to_dict()]

    def test_a_task_takes_what_another_returned(self, app: Celery) -> None:
        def thumbnail(photo: dict[str, Any]) -> str:
            return ImageItem(**photo).thumbnail_url

        task: Any = app.task(thumbnail)
        stored = task.delay(PHOTO.to_dict())
        assert app.AsyncResult(stored.id).get() == PHOTO.thumbnail_url
