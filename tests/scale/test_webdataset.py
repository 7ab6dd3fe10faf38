from __future__ import annotations

import gc
import hashlib
import json
import tarfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from webdataset.compat import WebDataset

from ninepic_async import InvalidInputError, NinePic, scale
from ninepic_async.sandbox import Sandbox

from .conftest import ids, rows


def samples(folder: Path) -> list[dict[str, Any]]:
    """Read all shards with the library's own reader."""
    shards = f"{folder}/{{000000..{len(names(folder, '*.tar')) - 1:06}}}.tar"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # the reader leaves files open
        found = list(WebDataset(shards, shardshuffle=False, empty_check=False))
        gc.collect()
    return found


def names(folder: Path, pattern: str) -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


async def test_the_reader_gets_each_photo_once(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    report = await scale.download(event, tmp_path, dask=dask, shard=25, format="webdataset")
    assert (report.done, report.skipped, report.failed, report.shards) == (70, 0, (), 3)
    by_id = {row["image_id"]: row for row in rows(tmp_path)}
    found = samples(tmp_path)
    assert len(found) == 70
    assert {json.loads(sample["json"])["image_id"] for sample in found} == await ids(client, sb) == set(by_id)
    for sample in found:
        row = by_id[json.loads(sample["json"])["image_id"]]
        assert hashlib.sha256(sample["jpg"]).hexdigest() == row["sha256"]
        assert row["path"] == f"{Path(sample['__url__']).name}/{sample['__key__']}.jpg"
        assert row["bytes"] == len(sample["jpg"])
    assert len({row["sha256"] for row in by_id.values()}) == 70
    assert names(tmp_path, "**/*.jpg") == []
    again = await scale.download(event, tmp_path, dask=dask, shard=25, format="webdataset")
    assert (again.done, again.skipped) == (0, 70)


async def test_a_shard_with_failures_stays_out_of_the_readers_way(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    event = client.event(sb.event_id)
    broken = [photo.image_id async for photo in event.photos()][30]
    sb.faults.add(path=f"/imgs/{sb.event_id}/large/{broken}.jpg", times=100, status=404)
    first = await scale.download(event, tmp_path, dask=dask, shard=25, format="webdataset")
    assert (first.done, [row.id for row in first.failed]) == (69, [broken])
    assert names(tmp_path, "*.tar") == ["000000.tar", "000002.tar"]
    with tarfile.open(tmp_path / "_open" / "000001.tar") as tar:
        assert len(tar.getnames()) == 2 * 24
    sb.faults.clear()
    sb.requests.clear()
    second = await scale.download(event, tmp_path, dask=dask, shard=25, format="webdataset")
    assert (second.done, second.skipped, second.failed) == (1, 69, ())
    fetched = [record.path for record in sb.requests if record.host == "photos"]
    assert fetched == [f"/imgs/{sb.event_id}/large/{broken}.jpg"]
    assert names(tmp_path, "_open/*") == []
    assert len(samples(tmp_path)) == len({sample["__key__"] for sample in samples(tmp_path)}) == 70


@pytest.mark.parametrize(
    ("other", "said"),
    [({"format": "files"}, "format='webdataset'"), ({"rendition": "original"}, "rendition='large'")],
)
async def test_an_archive_holds_one_kind_of_files(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path, other: dict[str, Any], said: str
) -> None:
    same: dict[str, Any] = {"dask": dask, "format": "webdataset"}
    await scale.download(client.event(sb.event_id), tmp_path, **same)
    with pytest.raises(InvalidInputError, match=said):
        await scale.download(client.event(sb.event_id), tmp_path, **{**same, **other})
    assert len(samples(tmp_path)) == 70
