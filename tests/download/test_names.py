from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninepic_async import DownloadError
from ninepic_async.download.identity import photo_key
from ninepic_async.download.journal import FILE_NAME, Row
from ninepic_async.download.known_files import UNSIGNED, KnownFiles
from ninepic_async.download.names import LONGEST_BYTES, distinct, folded, safe_name

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
def test_any_text_becomes_a_safe_name(text: str) -> None:
    name = safe_name(text)
    assert name == safe_name(name)
    assert 0 < len(name.encode()) <= LONGEST_BYTES
    assert not set(name) & set('/\\\0:*?"<>|')
    assert name[0] != "."
    assert name[-1] not in ". "
    assert not name.casefold().endswith(".part")


def test_long_names_keep_their_extension() -> None:
    assert safe_name("é" * 300 + ".jpeg").endswith("é.jpeg")


def known(*rows: Row) -> KnownFiles:
    return KnownFiles(lambda: enumerate(rows))


@given(NASTY, st.sampled_from(["abc123", "f" * 24]))
def test_a_distinct_name_is_safe_and_different(text: str, mark: str) -> None:
    name = distinct(safe_name(text), mark)
    assert safe_name(name) == name
    assert "~" + mark in name


def test_a_hostile_name_takes_no_time() -> None:
    started = time.process_time()
    for text in ("\u0301" * 200_000, "http://" * 30_000, "a?" * 100_000, "." * 200_000):
        safe_name(text)
    assert time.process_time() - started < 1


@given(st.lists(NASTY, max_size=20))
def test_no_two_photos_get_the_same_name(names: list[str]) -> None:
    async def claim_all() -> None:
        files = known()
        try:
            claimed = [await files.claim(photo_key(str(n)), safe_name(name)) for n, name in enumerate(names)]
        finally:
            files.close()
        assert len({folded(name) for name in claimed}) == len(names)
        assert all(safe_name(name) == name for name in claimed)

    asyncio.run(claim_all())


async def test_a_photo_is_new_once_in_a_run() -> None:
    files = known(Row(key="b", id="b", name="b.jpg", state="done", bytes=1))
    assert [files.is_new_in_this_run(key) for key in ("a", "b", "a", "b")] == [True, True, False, False]
    files.close()


async def test_a_link_that_was_never_signed_takes_no_name() -> None:
    files = known(Row(key=UNSIGNED + "x", id="a", name="a.jpg", state="failed"))
    assert await files.claim("k", "a.jpg") == "a.jpg"
    files.close()


def rows(count: int) -> list[Row]:
    return [Row(key=photo_key(str(n)), id="i", name=f"{n}.jpg", state="done", bytes=n) for n in range(count)]


@pytest.mark.parametrize("order", [1, -1])
async def test_earlier_rows_are_found_in_any_order(order: int) -> None:
    many = rows(3000)
    files = known(*many)
    for n, row in list(enumerate(many))[::order]:
        found = await files.find(row.key)
        assert found is not None
        assert (found.row.name, found.row.bytes, found.offset) == (row.name, row.bytes, n)
    assert await files.find(photo_key("another")) is None
    files.close()


async def test_the_latest_row_counts() -> None:
    first, second = rows(2)
    failed = Row(key=first.key, id="i", name="0.jpg", state="failed", error="404")
    files = known(failed, second, first)
    for _ in range(2):
        found = await files.latest(first.key)
        assert found is not None
        assert found.row.state == "done"
    files.close()


async def test_a_new_photo_does_not_get_a_name_from_an_earlier_run() -> None:
    (row,) = rows(1)
    files = known(row)
    assert await files.find(row.key) is not None
    assert await files.claim("new", "0.jpg") == "0~new.jpg"
    assert next(files.names("new", "0.JPG")) == "0~new.JPG"
    files.close()


async def test_a_large_journal_does_not_hold_up_a_cancellation() -> None:
    files = known(*rows(20_000))
    loading = asyncio.ensure_future(files.latest("k"))
    await asyncio.sleep(0)
    assert loading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loading
    files.close()


async def test_hostile_names_do_not_block_other_photos() -> None:
    key = photo_key("v")
    in_the_way = ["v.jpg", *(distinct("v.jpg", mark) for mark in (key[:6], key[:12], key, key + "-2"))]
    files = known()
    names = [await files.claim(photo_key(name), name) for name in in_the_way]
    names.append(await files.claim(key, "v.jpg"))
    assert len(set(names)) == len(in_the_way) + 1
    files.close()


async def test_a_full_temporary_folder_is_a_typed_error() -> None:
    files = known()
    files._db.execute("PRAGMA max_page_count = 6")

    async def claim_many() -> None:
        for number in range(1000):
            await files.claim(photo_key(str(number)), f"{number}.jpg")

    with pytest.raises(DownloadError, match=r"temporary folder: .* full"):
        await claim_many()
    files.close()
