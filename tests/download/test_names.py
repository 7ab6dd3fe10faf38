from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import DownloadError
from ninepic_async.download.journal import FILE_NAME, Row
from ninepic_async.download.known_files import Index
from ninepic_async.download.names import LONGEST_BYTES, UNSIGNED, distinct, folded, key_of, safe_name

NASTY = st.one_of(
    st.text(),
    st.text(alphabet='./\\:~ \0aA%*?"<>|con\u202e\ud800é'),
    st.builds("{}{}".format, st.sampled_from(["../", "C:\\", "/", "\\\\host\\", "CON.", "aux"]), st.text()),
    st.text(alphabet="aé写", min_size=100, max_size=400),
)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a4402318-0cf4.jpg", "a4402318-0cf4.jpg"),
        ("नमस्ते १२३.jpg", "नमस्ते १२३.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..", "_"),
        ("", "_"),
        ("/etc/passwd", "passwd"),
        ("C:\\Windows\\win.ini", "win.ini"),
        ("C:evil.jpg", "C_evil.jpg"),
        ("a\0b.jpg", "a_b.jpg"),
        ("CON", "_CON"),
        ("con.jpg", "_con.jpg"),
        ("com1 .jpg", "_com1 .jpg"),
        ("console.jpg", "console.jpg"),
        (FILE_NAME, "_ninepic-journal.jsonl"),
        (".bashrc", "_bashrc"),
        ("a.jpg.part", "a.jpg_part"),
        ("a.jpg. . ", "a.jpg"),
        ("gpj.\u202eexe", "gpj._exe"),
        ("gpj.\u200fexe", "gpj._exe"),
        ("a\u061c\u2028.jpg", "a__.jpg"),
        ("\ufeff" + FILE_NAME, "_" + FILE_NAME),
        ("a.jpg.pa\u200crt", "a.jpg.pa_rt"),
        ("index.html", "_index.html"),
        ("INDEX.HTM", "_INDEX.HTM"),
        ("index.html.jpg", "index.html.jpg"),
        ("https://h/a.jpg?X-Amz-Signature=abc", "a.jpg____"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe.replace("a.jpg____", safe_name("a.jpg?***"))


@given(NASTY)
def test_any_text_becomes_one_harmless_name(text: str) -> None:
    name = safe_name(text)
    assert name == safe_name(name)
    assert 0 < len(name.encode()) <= LONGEST_BYTES
    assert not set(name) & set('/\\\0:*?"<>|')
    assert name[0] != "."
    assert name[-1] not in ". "
    assert not name.casefold().endswith(".part")


def test_long_names_keep_their_extension() -> None:
    assert safe_name("é" * 300 + ".jpeg").endswith("é.jpeg")


@given(st.lists(NASTY, max_size=20))
def test_no_two_photos_get_one_name(names: list[str]) -> None:
    index = Index()
    try:
        met = [index.meet(key_of(str(n)), "id", safe_name(name)) for n, name in enumerate(names)]
        given_names = [row.name for row in met if row is not None]
        assert len({folded(name) for name in given_names}) == len(names)
        assert all(safe_name(name) == name for name in given_names)
        assert len(given_names) == len(names)
        assert not any(index.meet(key_of(str(n)), "id", safe_name(name)) for n, name in enumerate(names))
    finally:
        index.close()


@given(NASTY, st.sampled_from(["abc123", "f" * 24]))
def test_a_distinct_name_is_safe_and_another(text: str, mark: str) -> None:
    name = distinct(safe_name(text), mark)
    assert safe_name(name) == name
    assert "~" + mark in name


async def test_a_link_that_was_never_signed_takes_no_name() -> None:
    index = Index()
    await index.load([Row(key=UNSIGNED + "x", id="a", name="a.jpg", state="failed")])
    row = index.meet("k", "a", "a.jpg")
    assert row is not None
    assert row.name == "a.jpg"
    index.close()


async def test_whoever_cancels_does_not_wait_for_a_large_journal() -> None:
    index = Index()
    rows = (Row(key=str(n), id="i", name=f"{n}.jpg", state="done", bytes=1) for n in range(2000))
    loading = asyncio.ensure_future(index.load(rows))
    await asyncio.sleep(0)
    assert loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    index.close()


def test_names_made_up_to_be_in_the_way_take_nobodys_place() -> None:
    key = key_of("v")
    in_the_way = ["v.jpg", *(distinct("v.jpg", mark) for mark in (key[:6], key[:12], key, key + "-2"))]
    index = Index()
    met = [index.meet(key_of(name), "id", name) for name in in_the_way]
    met.append(index.meet(key, "id", "v.jpg"))
    assert len({row.name for row in met if row is not None}) == len(in_the_way) + 1
    assert index.meet(key, "id", "v.jpg") is None
    index.close()


def test_a_full_temporary_folder_is_said_so() -> None:
    index = Index()
    index._db.execute("PRAGMA max_page_count = 4")
    with pytest.raises(DownloadError, match=r"temporary folder: .* full"):
        any(index.meet(key_of(str(number)), "id", f"{number}.jpg") is None for number in range(1000))
    index.close()
