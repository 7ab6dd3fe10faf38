from __future__ import annotations

import base64
import hashlib
import os
import re
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ninepic_async.gallery import note_bib, write_gallery
from ninepic_async.gallery.page_text import shown, size_text
from ninepic_async.gallery.photo_notes import PhotoNotes
from ninepic_async.gallery.scan import File
from ninepic_async.gallery.thumbnails import PhotoInfo
from ninepic_async.gallery.timeline import LIST_LENGTH, Item, Photo

from .pictures import draw, write_page
from .reading import ReadPage, file_name, read

HOSTILE = [
    "<script>alert(1)<script>",
    '"onerror="alert(1)" x="',
    "'><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;&#34;&quot;&amp",
    "{{ 7 * 7 }}{% raw %}",
    "--><!--",
    "]]><![CDATA[",
    "a?b#c%2F%00%",
    "..\\..\\c",
    "https:example.com",
    "new\nline\r\ttab",
    "\u202egpj.exe",
    "<title><style><textarea><plaintext>",
]
FILE_NAMES = st.one_of(
    st.binary(min_size=1, max_size=80).map(os.fsdecode),
    st.text(min_size=1, max_size=40),
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=3).map("".join),
).map(lambda name: re.sub(r"[/\0]", "", name).lstrip("."))
TEXTS = st.text(max_size=40) | st.sampled_from(HOSTILE)
DAY = datetime(2026, 1, 19, 6, 30)


def is_file_name(name: str) -> bool:
    try:
        # Surrogate escapes that form a character come back from the disk as that character.
        return 0 < len(os.fsencode(name)) < 200 and os.fsdecode(os.fsencode(name)) == name
    except UnicodeEncodeError:
        return False


def page_over(folder: Path, name: str, bib: str, title: str) -> ReadPage:
    draw(folder / f"{name}.jpg", taken_at=DAY)
    (folder / f"{name}.mp4").write_bytes(b"")
    (folder / f"{name}.png").write_bytes(b"not a picture")
    note_bib(folder, bib, [f"{name}.jpg", f"{name}.mp4"])
    return read(write_gallery(folder, title=title).index)


@pytest.fixture(scope="module")
def _in_this_process() -> Iterator[None]:
    """Start no processes for thumbnails: a hundred take long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "frozen", True, raising=False)
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> ReadPage:
    return page_over(tmp_path_factory.mktemp("plain"), "plain", "1234", "plain")


@given(FILE_NAMES.filter(is_file_name), TEXTS.filter(lambda text: bool(text.strip())), TEXTS.filter(bool))
@example(HOSTILE[0], HOSTILE[1], HOSTILE[2])
@example(os.fsdecode(b"\xff\xfe<b>"), "</b>", "</title><script>")
@pytest.mark.usefixtures("_in_this_process")
def test_names_bibs_and_titles_never_become_markup(
    tmp_path_factory: pytest.TempPathFactory, plain: ReadPage, name: str, bib: str, title: str
) -> None:
    page = page_over(tmp_path_factory.mktemp("hostile"), name, bib, title)
    # The same elements with the same attributes in the same order: all input is text or a value.
    assert page.skeleton == plain.skeleton
    assert page.ends == plain.ends
    assert page.photos == [f"{name}.jpg"]
    assert [file_name(video.attributes["src"]) for video in page.all("video")[:1]] == [f"{name}.mp4"]
    links = [a.attributes["href"] for a in page.all("a") if "data-name" in a.attributes]
    assert [file_name(link) for link in links] == [f"{name}.mp4", f"{name}.jpg"]
    names = {a.attributes["data-name"] for a in page.all("a") if "data-name" in a.attributes}
    assert names == {shown(f"{name}.mp4"), shown(f"{name}.jpg")}


@given(st.text())
def test_shown_text_has_no_control_characters(text: str) -> None:
    seen = shown(text)
    assert len(seen) == len(text)
    assert not re.search("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", seen)
    seen.encode()


def test_the_page_allows_its_own_code_only(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    text = write_gallery(tmp_path).index.read_text(encoding="utf-8")
    page = read(text)
    (policy,) = (
        meta.attributes["content"]
        for meta in page.all("meta")
        if meta.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        (code,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
        assert f"</{tag}" not in code
    assert page.skeleton.count(("script", ())) == len(page.all("script")) == 1
    for name in ("style", "onclick", "onload", "onerror", "srcdoc"):
        assert not any(name in element.attributes for element in page.elements)
    # The page has no other address.
    assert re.findall(r"(?:https?:)?//[a-z]", re.sub(r"//.*$", "", text, flags=re.MULTILINE)) == []


def photo(number: int, taken_at: datetime | None) -> Photo:
    file = File(f"photo-{number:05}.jpg", 1_000_000 + number, 0)
    info = PhotoInfo(width=1440, height=960, taken_at=taken_at)
    return Photo(file=file, notes=PhotoNotes(bibs=(str(number),)), info=info, thumbnail=f"{number:024x}.jpg")


def test_photos_are_sorted_by_time_and_name_and_grouped_by_hour(tmp_path: Path) -> None:
    photos = [
        photo(5, None),
        photo(4, None),
        photo(3, DAY),
        photo(2, DAY),
        photo(1, DAY + timedelta(hours=1)),
        photo(0, DAY + timedelta(days=1)),
    ]
    page = read(write_page(tmp_path, "Run", photos, []))
    assert page.photos == [f"photo-{number:05}.jpg" for number in (2, 3, 1, 0, 4, 5)]
    anchors = [h2.attributes["id"] for h2 in page.all("h2")]
    assert anchors == ["t2026011906", "t2026011907", "t2026012006", "untimed"]
    targets = [
        str(a.attributes["href"])[1:] for a in page.all("a") if str(a.attributes.get("href"))[0] == "#"
    ]
    assert targets == ["photos", *anchors[:-1]]
    assert "19 January 2026, 06:30 to 20 January 2026, 06:30" in (tmp_path / "index.html").read_text()


def test_tiles_have_bib_time_and_size(tmp_path: Path) -> None:
    text = write_page(
        tmp_path,
        "Run",
        [photo(7, DAY)],
        [Item(file=File("c.mp4", 999_499, 0), notes=PhotoNotes(bibs=("12", "A/12")))],
    )
    page = read(text)
    assert page.texts("b") == ["12, A/12", "7"]
    assert page.texts("time") == ["06:30:00"]
    assert page.texts("small") == ["1", "999 KB", "1 photo", "1440 × 960 · 1.0 MB"]


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (312_400, "312 KB"),
        (999_600, "1.0 MB"),
        (9_960_000, "10 MB"),
        (4_100_000_000, "4.1 GB"),
        (2_000_000_000_000_000, "2000 TB"),
    ],
)
def test_sizes_have_few_digits(size: int, text: str) -> None:
    assert size_text(size) == text


def test_a_page_of_twenty_thousand_photos_stays_small(tmp_path: Path) -> None:
    number = 20_000
    photos = [photo(n, DAY + timedelta(seconds=n) if n % 3 else None) for n in range(number)]
    tracemalloc.start()
    try:
        index = write_page(tmp_path, "Run", photos, [])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert index.stat().st_size < 400 * number
    # Written in pieces: the page is never in memory as a whole.
    assert peak < index.stat().st_size
    page = read(index)
    assert sorted(page.photos) == [each.file.name for each in photos]
    assert all(img.attributes["loading"] == "lazy" for img in page.all("img") if "src" in img.attributes)
    lists = [ul for ul in page.all("ul") if ul.attributes["class"] == "photos"]
    assert len(lists) >= number / LIST_LENGTH
