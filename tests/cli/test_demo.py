"""The demo: it works, or it says what failed."""

from __future__ import annotations

import functools
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

import ninepic_async.sandbox
from ninepic_async.cli import demo, main
from ninepic_async.errors import PermissionDeniedError
from ninepic_async.models import ImageItem
from ninepic_async.sandbox import ClipWords, Dialect, Sandbox

from .running import COMMAND, PATIENCE_S, Run, started

Prepare = Callable[[Sandbox], object]
AT_ONCE = 0.0


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Callable[[Prepare], None]:
    """Prepare the demo's sandbox for a failure."""

    def prepared(change: Prepare) -> None:
        def make(folder: Path | None) -> Sandbox:
            sandbox = Sandbox(folder=folder, clip_seconds=AT_ONCE)
            change(sandbox)
            return sandbox

        monkeypatch.setattr(ninepic_async.sandbox, "Sandbox", make)

    return prepared


def run(to: Path, photos: Path) -> int:
    return main(["demo", "--to", str(to), "--photos", str(photos)])


def test_demo_in_a_process_of_its_own(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "NINEPIC_BASE_URL": "https://elsewhere.invalid"}
    command = [*COMMAND, "demo", "--to", "here"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=50)
    here = tmp_path / "here"
    assert done.returncode == 0, done.stderr
    photos, clips = list(here.glob("*.jpg")), list(here.glob("*.mp4"))
    seen = {path for path in here.iterdir() if not path.name.startswith(".")}
    assert seen == {*photos, *clips, here / "index.html"}
    assert len(photos) >= 20
    for photo in photos:
        with Image.open(photo) as picture:
            picture.load()
    for clip in clips:
        with av.open(clip, "r") as film:
            assert len(list(film.decode(video=0))) == 30
    words = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Motion")]
    assert words[0] == "queued"
    assert words[-1] == "completed"
    assert f"{len(photos)} photos and {len(clips)} clips are in {here}" in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["Look", str(here / "index.html")]
    assert "9pic_sandbox_" not in done.stdout + done.stderr
    assert "signature=" not in done.stdout + done.stderr
    page = (here / "index.html").read_text(encoding="utf-8")
    assert all(path.name in page for path in (*photos, *clips))


def test_the_demo_on_a_folder(
    tmp_path: Path, photos: Path, prepare: Callable[[Prepare], None], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(lambda sandbox: None)
    to = tmp_path / "new" / "folder"
    assert run(to, photos) == 0
    first = {path.name for path in to.iterdir()}
    assert run(to, photos) == 0
    assert {path.name for path in to.iterdir()} == first
    fetched = {path.read_bytes() for path in to.glob("*.jpg")}
    assert fetched == {path.read_bytes() for path in photos.glob("*.jpg")}
    assert all(path.stat().st_size > 0 for path in to.glob("*.mp4"))
    assert not list(to.glob("*.part"))
    out, err = capsys.readouterr()
    assert "१२ is in 2 photos" in out
    assert "6 photos and " in out.splitlines()[-2]
    assert "ninepic:" not in err


def test_the_demo_on_a_terminal_draws(
    terminal: Run, tmp_path: Path, photos: Path, prepare: Callable[[Prepare], None]
) -> None:
    prepare(lambda sandbox: None)
    ran = terminal("demo", "--to", str(tmp_path), "--photos", str(photos))
    assert ran.status == 0
    assert re.search(r"^2026-01-\d\d +\d\d:00 +█+ +\d+$", ran.text, re.MULTILINE)
    assert ran.text.rstrip().endswith(str(tmp_path / "index.html"))


def fault(**fields: object) -> Prepare:
    return lambda sandbox: sandbox.faults.add(**fields)  # type: ignore[arg-type]


def fail_motion(sandbox: Sandbox) -> None:
    sandbox.dialect = Dialect(clip_words=ClipWords(completed="failed"))


FAILURES = {
    "refused": (fault(endpoint="ping", status=403), "403"),
    "no pong": (
        fault(endpoint="ping", status=200, body={"status": "no", "org_id": 1, "event_id": 1}),
        "ping returned 'no'",
    ),
    "garbled": (fault(endpoint="photos", status=200, body="<html>"), "photos"),
    "motion failed": (fail_motion, "Motion ended with 'failed'"),
    "a photo gone": (fault(endpoint="original", status=404, times=9), "404"),
    "no photo": (fault(endpoint="original", status=200, body="hello", times=99), "2 of 2 files could not"),
    "an empty clip": (fault(endpoint="clip", status=200, times=99), "could not be fetched"),
    "originals missing": (
        lambda sandbox: setattr(sandbox, "missing_originals", 1.0),
        "2 of 2 files could not",
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_error_is_one_line_and_status_1(
    name: str,
    tmp_path: Path,
    photos: Path,
    prepare: Callable[[Prepare], None],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    change, said = FAILURES[name]
    prepare(change)
    assert run(tmp_path, photos) == 1
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if "on this page failed" not in line]
    assert lines[0].startswith("ninepic: ")
    assert len(lines) <= 2
    assert said in lines[0]
    assert "signature" not in out + err + caplog.text
    assert "Done" not in out
    assert not list(tmp_path.glob("*.part"))


async def test_take_raises_the_original_error(
    tmp_path: Path, photos: Path, prepare: Callable[[Prepare], None]
) -> None:
    prepare(fault(endpoint="details", status=403))
    with pytest.raises(PermissionDeniedError):
        await demo.take(tmp_path, photos)


async def test_photos_without_a_capture_time(
    tmp_path: Path, prepare: Callable[[Prepare], None], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(lambda sandbox: None)
    (tmp_path / "in").mkdir()
    for name, picture in (("a", Image.linear_gradient("L")), ("b", Image.radial_gradient("L"))):
        picture.save(tmp_path / "in" / f"{name}.jpg")
    await demo.take(tmp_path / "out", tmp_path / "in")
    assert "no photo has a capture time" in capsys.readouterr().out


def test_a_bad_photo_is_left_out(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shutil.copytree(photos, tmp_path / "in")
    (folder / "broken.jpg").write_bytes(b"no picture")
    assert run(tmp_path / "out", folder) == 0
    assert "broken.jpg is not a readable JPEG" in capsys.readouterr().err


def test_a_missing_folder(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, tmp_path / "missing") == 1
    assert "no such folder" in capsys.readouterr().err
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "file", photos) == 2
    assert "file" in capsys.readouterr().err


def test_ctrl_c(tmp_path: Path, photos: Path) -> None:
    with started("demo", "--to", str(tmp_path), "--photos", str(photos)) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("Motion"))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, err) == (130, "ninepic: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_other_photos_fill_up_the_number() -> None:
    photo = functools.partial(ImageItem, img_url="u", thumbnail_url="t")
    gallery = [photo(image_id=str(number)) for number in range(50)]
    assert demo.at_least_wanted(gallery, gallery[:30]) == []
    assert demo.at_least_wanted(gallery, gallery[2:20]) == ["0", "1"]
    assert demo.at_least_wanted(gallery[:3], gallery[:1]) == ["1", "2"]
