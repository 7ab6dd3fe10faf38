from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ninepic_async as sdk
from ninepic_async import sync
from ninepic_async._support.photo_grid import SHOWN

SIGNED = "https://files.example/a.jpg?X-Amz-Signature=s3cret"
HOSTILE = st.sampled_from(
    [
        '"><script>alert(1)</script>',
        "javascript:alert(1)",
        "data:text/html,<script>",
        "https://x/'onerror=alert(1) ",
        'HTTPS://x/"><b>',
        " https://x/a.jpg",
        SIGNED,
    ]
)
TEXTS = st.text(max_size=30) | HOSTILE


class Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data

    def values(self, tag: str, attribute: str) -> list[str | None]:
        return [attributes[attribute] for name, attributes in self.found if name == tag]


def item(number: int) -> sdk.ImageItem:
    return sdk.ImageItem(
        image_id=f"photo-{number}",
        img_url=f"https://photos.example/large/{number}.jpg",
        thumbnail_url=f"https://photos.example/small/{number}.jpg",
        width=1440,
        height=960,
    )


def page_of(items: list[object], total: int | None = None) -> sdk.Page[object]:
    pagination = sdk.PaginationInfo(
        total=len(items) if total is None else total,
        current_page=1,
        total_pages=1,
        has_next_page=False,
        has_previous_page=False,
        page_size=100,
    )
    return sdk.Page(items=items, pagination=pagination)


def test_a_photo_shows_itself() -> None:
    elements = Elements(item(7)._repr_html_())
    assert elements.values("img", "src") == ["https://photos.example/small/7.jpg"]
    assert elements.values("a", "href") == ["https://photos.example/large/7.jpg"]
    assert elements.values("img", "loading") == ["lazy"]
    assert elements.values("img", "referrerpolicy") == ["no-referrer"]
    assert elements.values("a", "rel") == ["noopener noreferrer"]
    assert "photo-7" in elements.words
    assert "1440 × 960" in elements.words


def test_a_page_shows_its_first_photos_and_says_how_many_more_there_are() -> None:
    text = page_of([item(n) for n in range(100)], total=2431)._repr_html_()
    assert text is not None
    elements = Elements(text)
    assert elements.values("img", "src") == [item(n).thumbnail_url for n in range(SHOWN)]
    assert "Page 1 of 1, 2,431 in all" in elements.words
    assert "and 76 more" in elements.words


@pytest.mark.parametrize("face", [sdk.FaceSearch, sync.FaceSearch])
def test_a_selfie_search_shows_its_photos(face: type[sdk.FaceSearch]) -> None:
    pagination = page_of([], total=40).pagination
    search = face(request_id="r-1", images=[item(1), item(2)], pagination=pagination)
    elements = Elements(search._repr_html_())
    assert len(elements.values("img", "src")) == 2
    assert "40 found by selfie" in elements.words
    assert "and 38 more" in elements.words


@pytest.mark.parametrize("face", [sdk.FaceSearch, sync.FaceSearch])
def test_a_selfie_search_without_a_match_says_so(face: type[sdk.FaceSearch]) -> None:
    assert "0 found by selfie" in face(request_id="r-1")._repr_html_()


@pytest.mark.parametrize(
    "items",
    [
        [],
        [sdk.PresignedUrlItem(url=SIGNED, filename="a.jpg")],
        [item(1), sdk.PresignedUrlItem(url=SIGNED, filename="a.jpg")],
        [sdk.EventListItem(event_id=1)],
    ],
)
def test_a_page_of_anything_else_is_left_to_its_repr(items: list[object]) -> None:
    # None tells a notebook to show the plain repr.
    assert page_of(items)._repr_html_() is None


def test_links_to_originals_never_show_as_html() -> None:
    assert not hasattr(sdk.PresignedUrlItem(url=SIGNED, filename="a.jpg"), "_repr_html_")


@given(TEXTS, TEXTS, TEXTS)
def test_no_id_or_url_becomes_markup_or_gives_a_secret_away(image_id: str, large: str, small: str) -> None:
    photo = sdk.ImageItem(image_id=image_id, img_url=large, thumbnail_url=small, original_url=SIGNED)
    text = photo._repr_html_()
    elements = Elements(text)
    assert {tag for tag, _ in elements.found} <= {"div", "figure", "img", "a", "br", "span"}
    allowed = {"style", "src", "alt", "loading", "referrerpolicy", "href", "target", "rel"}
    assert {name for _, attributes in elements.found for name in attributes} <= allowed
    for url in [*elements.values("img", "src"), *elements.values("a", "href")]:
        assert url is not None
        assert url.casefold().startswith(("http://", "https://"))
        assert "?" not in url
    if SIGNED not in image_id:
        assert "s3cret" not in text
