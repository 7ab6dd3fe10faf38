"""The demo: all of it works, or it says what did not."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image

from ninepic_async.cli import demo, main
from ninepic_async.errors import PermissionDeniedError
from ninepic_async.models import ImageItem
from ninepic_async.sandbox import ClipWords, Dialect, Sandbox

Prepare = Callable[[Sandbox], object]
AT_ONCE = 0.0


@pytest.fixture
def prepare(monkeypatch: pytest.MonkeyPatch) -> Callable[[Prepare], None]:
    """Let the demo's sandbox be made ready for a failure."""

    def prepared(change: Prepare) -> None:
        def make(folder: Path | None) -> Sandbox:
            sandbox = Sandbox(folder=folder, clip_seconds=AT_ONCE)
            change(sandbox)
            return sandbox

        monkeypatch.setattr(demo, "Sandbox", make)

    return prepared


def run(to: Path, photos: Path) -> int:
    return main(["demo", "--to", str(to), "--photos", str(photos)])


def test_the_demo_as_people_start_it(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "ninepic_async.cli", "demo", "--to", "here"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "NINEPIC_BASE_URL": "https://elsewhere.invalid"}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    photos = list((tmp_path / "here").glob("*.jpg"))
    clips = list((tmp_path / "here").glob("*.mp4"))
    assert {*photos, *clips} == {*(tmp_path / "here").iterdir()}
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
    last = done.stdout.splitlines()[-1]
    assert f"{len(photos)} photos and {len(clips)} clips" in last
    assert str(tmp_path / "here") in last
    assert "9pic_sandbox_" not in done.stdout
    assert "signature=" not in done.stdout


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
    assert (to / "clip-1.mp4").stat().st_size > 0
    assert not list(to.glob("*.part"))
    out, err = capsys.readouterr()
    assert "१२ is in 2 photos" in out
    assert "6 photos" in out.splitlines()[-1]
    assert err == ""


def fault(**fields: object) -> Prepare:
    return lambda sandbox: sandbox.faults.add(**fields)  # type: ignore[arg-type]


def fail_motion(sandbox: Sandbox) -> None:
    sandbox.dialect = Dialect(clip_words=ClipWords(completed="failed"))


FAILURES = {
    "refused": (fault(endpoint="ping", status=403), "403"),
    "no pong": (
        fault(endpoint="ping", status=200, body={"status": "no", "org_id": 1, "event_id": 1}),
        "ping answered 'no'",
    ),
    "garbled": (fault(endpoint="photos", status=200, body="<html>"), "photos"),
    "motion failed": (fail_motion, "Motion ended with 'failed'"),
    "a link that is not good": (fault(endpoint="original", status=403), "answered 403"),
    "a photo cut short": (fault(endpoint="original", truncate_after=100), "did not come whole"),
    "a photo lost": (fault(endpoint="original", reset=True, times=9), "did not come whole"),
    "no photo": (fault(endpoint="original", status=200, body="hello"), "is not a JPEG"),
    "an empty clip": (fault(endpoint="clip", status=200), "is not an MP4"),
    "originals missing": (lambda sandbox: setattr(sandbox, "missing_originals", 1.0), "0 originals came"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_one_line_and_status_1(
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
    assert err.startswith("ninepic: ")
    assert err.count("\n") == 1
    assert said in err
    assert "signature" not in out + err + caplog.text
    assert "Done" not in out
    assert not list(tmp_path.glob("*.part"))


async def test_the_real_error_is_raised_to_who_calls_the_tour(
    tmp_path: Path, photos: Path, prepare: Callable[[Prepare], None]
) -> None:
    prepare(fault(endpoint="details", status=403))
    with pytest.raises(PermissionDeniedError):
        await demo.run(tmp_path, photos)


async def test_photos_without_a_time_are_no_failure(
    tmp_path: Path, prepare: Callable[[Prepare], None], capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(lambda sandbox: None)
    (tmp_path / "in").mkdir()
    for name, picture in (("a", Image.linear_gradient("L")), ("b", Image.radial_gradient("L"))):
        picture.save(tmp_path / "in" / f"{name}.jpg")
    await demo.run(tmp_path / "out", tmp_path / "in")
    assert "no photo has a capture time" in capsys.readouterr().out


def test_a_folder_that_is_none(tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, tmp_path / "missing") == 1
    assert "no such folder" in capsys.readouterr().err
    (tmp_path / "file").write_text("in the way")
    assert run(tmp_path / "file", photos) == 1
    assert "file" in capsys.readouterr().err


def test_ctrl_c(tmp_path: Path, photos: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "ninepic_async.cli", "demo"]
    command += ["--to", str(tmp_path), "--photos", str(photos)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        next(line for line in process.stdout if line.startswith("Motion"))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")
    assert list(tmp_path.iterdir()) == []


def test_further_photos_make_up_the_number() -> None:
    photo = functools.partial(ImageItem, img_url="u", thumbnail_url="t")
    gallery = [photo(image_id=str(number)) for number in range(50)]
    assert demo.at_least_wanted(gallery, gallery[:30]) == []
    assert demo.at_least_wanted(gallery, gallery[2:20]) == ["0", "1"]
    assert demo.at_least_wanted(gallery[:3], gallery[:1]) == ["1", "2"]
