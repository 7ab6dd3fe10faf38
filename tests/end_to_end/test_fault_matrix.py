"""Every endpoint against every fault: it survives or says what is wrong; the table comes with the summary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

import ninepic_async

from .columns import COLUMNS, make_files
from .conftest import in_own_loop
from .matrix import KINDS, NOT_THERE, PROPERTY, SURVIVED, THROTTLES, Stage, cell, undisturbed
from .tour import Participants

TIMES: dict[str, int | None] = {"once": 1, "for ever": None}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_files(tmp_path_factory.mktemp("gallery"))


@pytest.fixture(scope="module")
def expected(
    people: Participants, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    return in_own_loop(undisturbed(Stage(people, files, tmp_path_factory.mktemp("undisturbed"))))


@pytest.mark.parametrize(
    ("kind", "often"),
    [(kind, often) for kind in KINDS for often in TIMES if often == "for ever" or kind not in THROTTLES],
)
async def test_every_call_survives_or_raises_a_typed_error(
    kind: str,
    often: str,
    people: Participants,
    files: Path,
    expected: dict[str, object],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    stage = Stage(people, files, tmp_path)
    found = await asyncio.gather(*(cell(kind, TIMES[often], name, stage, expected[name]) for name in COLUMNS))
    row = dict(zip(COLUMNS, found, strict=True))
    record_property(PROPERTY, (kind, often, row))

    assert {name: outcome for name, outcome in row.items() if not _is_good(outcome)} == {}


def _is_good(outcome: str) -> bool:
    kind = getattr(ninepic_async, outcome, None)
    return outcome in (SURVIVED, NOT_THERE) or (
        isinstance(kind, type) and issubclass(kind, ninepic_async.NinePicError)
    )
