"""The files at the top of an archive: what late and rival processes can't do to them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ninepic_async import DownloadError, InvalidInputError, NinePic
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale.archive import NOTE, check_archive
from ninepic_async.scale.finish import Finish
from ninepic_async.scale.manifest import ManifestRow, manifest_name, shard_states, write_manifest
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import Hours, Planner
from ninepic_async.scale.progress import Before

DONE = ManifestRow(event_id=456, image_id="a", path="000000/a.jpg", bytes=3, status="done")
FAILED = ManifestRow(event_id=456, image_id="a", status="failed", error="status 404")


async def test_a_late_worker_does_not_open_a_complete_shard(tmp_path: Path) -> None:
    place = Place.open(tmp_path)
    await write_manifest(place, 0, [DONE])
    await write_manifest(place, 0, [FAILED])
    assert await place.names() == [manifest_name(0, is_complete=True)]


async def test_a_manifest_that_a_killed_worker_left_open_is_removed(tmp_path: Path) -> None:
    place = Place.open(tmp_path)
    await write_manifest(place, 0, [FAILED])
    await write_manifest(place, 0, [DONE], was_open=False)
    assert (await shard_states(place))[0].is_open
    with closing(Planner(place, 10)) as planner:
        planner.sizes[0] = 1
        report = await Finish(place, planner, Before(), None).run({})
    assert (report.done, report.failed, report.bytes) == (1, (), 3)
    assert not (await shard_states(place))[0].is_open


async def test_two_drivers_don_t_plan_the_same_archive(client: NinePic, sb: Sandbox, tmp_path: Path) -> None:
    place, photos = Place.open(tmp_path), client.event(sb.event_id).photos()
    with closing(Planner(place, 10)) as first, closing(Planner(place, 20)) as second:
        assert [shard async for shard in first.extend(photos, Hours())] == list(range(7))
        with pytest.raises(DownloadError, match="another run writes the plan"):
            _ = [shard async for shard in second.extend(photos, Hours())]


async def test_the_note_of_what_an_archive_holds(tmp_path: Path) -> None:
    place = Place.open(tmp_path)
    await check_archive(place, 456, "large", "files")
    await check_archive(place, 456, "large", "files")
    with pytest.raises(InvalidInputError, match="event_id=456, rendition='large'"):
        await check_archive(place, 457, "original", "files")
    for content in (b"", b"[]", b"{"):
        await place.write(NOTE, content)
        with pytest.raises(DownloadError, match="can't be read"):
            await check_archive(place, 456, "large", "files")
