"""A start list: what is refused, and what searches that fail come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client

from ninepic_async import InvalidInputError, NinePic, PermissionDeniedError, scale
from ninepic_async.errors import InternalServerError
from ninepic_async.sandbox import Sandbox
from ninepic_async.scale.bibs import FoundBibs, check_bibs


@pytest.mark.parametrize("bibs", ["1234", b"1234", 7, [], [""], [None], [".."], ["\ud800"]])
def test_wrong_start_lists(bibs: object) -> None:
    with pytest.raises(InvalidInputError, match="bib"):
        check_bibs(bibs)


def test_each_bib_once() -> None:
    assert check_bibs(iter([7, " A/12", "a/12 ", "१२३", "7"])) == ("7", "A/12", "१२३")


async def test_a_bib_that_the_service_does_not_know_finds_nothing(sb: Sandbox, client: NinePic) -> None:
    known, unknown = sb.bibs[:2]
    sb.faults.add(endpoint="bib_search", times=1, status=404)
    found = FoundBibs()
    await found.search(client.event(sb.event_id), [unknown])
    await found.search(client.event(sb.event_id), [known])
    photos = [photo.image_id async for photo in client.event(sb.event_id).bib_search(known)]
    assert photos
    assert [found.of(image_id) for image_id in photos] == [(known,)] * len(photos)
    found.close()


async def test_a_search_that_fails_names_the_bib(sb: Sandbox, client: NinePic) -> None:
    sb.faults.add(endpoint="bib_search", times=100, status=500)
    found = FoundBibs()
    with pytest.raises(InternalServerError) as caught:
        await found.search(client.event(sb.event_id), ["4711"])
    assert "4711" in "".join(caught.value.__notes__)
    found.close()


async def test_a_search_that_is_off_is_an_error_before_anything_is_fetched(
    sb: Sandbox, client: NinePic, dask: Client, tmp_path: Path
) -> None:
    sb.faults.add(endpoint="bib_search", times=100, status=403)
    with pytest.raises(PermissionDeniedError):
        await scale.download(client.event(sb.event_id), tmp_path, dask=dask, bibs=["1"])
    assert not [record for record in sb.requests if record.host == "photos"]
