"""The scripts, run against a sandbox, which `ninepic_environment` points their clients to."""

from __future__ import annotations

from pathlib import Path

import fetch_event
import my_photos
import pytest

from ninepic_async.sandbox import Sandbox

pytestmark = [
    pytest.mark.ninepic_sandbox(photos=20),
    pytest.mark.usefixtures("ninepic_environment"),
]


def test_a_participants_photos(ninepic_sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    bib = ninepic_sandbox.bibs[0]
    assert my_photos.main(str(ninepic_sandbox.event_id), bib) == 0
    printed = capsys.readouterr().out.split()
    assert len(printed) == len(ninepic_sandbox.event.gallery.of_bib(bib))
    assert all(line.startswith(ninepic_sandbox.photos_url) for line in printed)


def test_an_event_that_is_not_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert my_photos.main("1", "1234") == 1
    assert "does not belong" in capsys.readouterr().err


def jpegs(folder: Path) -> list[Path]:
    return list(folder.glob("*.jpg"))


@pytest.mark.asyncio
async def test_a_second_run_fetches_what_is_missing(ninepic_sandbox: Sandbox, tmp_path: Path) -> None:
    event_id = str(ninepic_sandbox.event_id)
    # The photo host refuses one photo.
    refused = ninepic_sandbox.event.gallery.photo(3).image_id
    ninepic_sandbox.faults.add(endpoint="photo", path=f"*/{refused}.jpg", status=404)
    assert await fetch_event.main(event_id, str(tmp_path)) == 1
    assert len(jpegs(tmp_path)) == 19

    ninepic_sandbox.requests.clear()
    assert await fetch_event.main(event_id, str(tmp_path)) == 0
    assert len(jpegs(tmp_path)) == 20
    fetched = [record.path for record in ninepic_sandbox.requests if record.endpoint == "photo"]
    assert fetched == [f"/imgs/{event_id}/large/{refused}.jpg"]
