"""`ninepic scale`: whole events over Dask workers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninepic_async.cli import errors
from ninepic_async.cli.scale import read_start_list
from ninepic_async.sandbox import Sandbox

from .conftest import lead_to, serving
from .running import Run, started

FEW = 12


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with serving(Sandbox(photos=FEW)) as running:
        yield running


@pytest.fixture
def sandbox(small: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    lead_to(small, monkeypatch)
    yield small
    small.requests.clear()
    assert small.state.key_leaks == []


@pytest.mark.timeout(180)
def test_an_event_over_workers_of_this_machine(sandbox: Sandbox, tmp_path: Path) -> None:
    to = tmp_path / "archive"
    command = ["scale", str(sandbox.event_id), "--to", str(to), "--workers", "1", "--shard", "5", "--json"]
    for done, skipped in ((FEW, 0), (0, FEW)):
        with started(*command) as process:
            out, err = process.communicate(timeout=80)
        assert process.returncode == 0, err
        outcome = json.loads(out)
        assert (outcome["done"], outcome["skipped"], outcome["failed"]) == (done, skipped, [])
        assert outcome["event_id"] == sandbox.event_id
        assert re.search(rf"^Event {sandbox.event_id}: ", err, re.MULTILINE)
    assert len(list(to.rglob("*.jpg"))) == FEW
    assert sandbox.api_key not in "".join(
        path.read_text(errors="replace") for path in to.rglob("*") if path.is_file()
    )


@pytest.mark.timeout(180)
def test_several_events_go_into_folders_of_their_numbers(sandbox: Sandbox, tmp_path: Path) -> None:
    other = next(event for event in sandbox.events if event.configured and event is not sandbox.event)
    names = [sandbox.event.slug, str(other.event_id)]
    with started("scale", *names, "--to", str(tmp_path), "--workers", "1", "--rate", "50") as process:
        _, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    for event in (sandbox.event, other):
        assert len(list((tmp_path / str(event.event_id)).rglob("*.jpg"))) == event.gallery.total


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "x"], "--all-events"),
        (["1", "--all-events", "--to", "x"], "--all-events"),
        (["1"], "--to"),
        (["1", "--to", " "], "--to is empty"),
        (["1", "--to", "x", "--dask", "tcp://127.0.0.1:1", "--workers", "2"], "either --dask or --workers"),
        (["1", "--to", "x", "--workers", "0"], "--workers"),
        (["1", "--to", "x", "--rate", "0"], "--rate"),
        (["1", "--to", "x", "--shard", "0"], "--shard"),
        (["1", "--to", "x", "--format", "zip"], "--format"),
        (["1", "--to", "x", "--bibs", "no-such-file"], "No such file"),
        (["1", "2", "--to", "x", "--bibs", "list.txt"], "one event"),
    ],
)
def test_wrong_usage(pipe: Run, sandbox: Sandbox, options: list[str], said: str) -> None:
    ran = pipe("scale", *options)
    assert (ran.status, ran.out, len(sandbox.requests)) == (2, "", 0)
    assert said in ran.err


def test_a_missing_extra_is_named(pipe: Run, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda _: None)
    ran = pipe("scale", "1", "--to", "x")
    assert (ran.status, ran.out) == (1, "")
    assert "pip install 'ninepic-async[scale]'" in ran.err


def test_a_place_that_can_t_be_one(pipe: Run, sandbox: Sandbox, event_id: str) -> None:
    ran = pipe("scale", event_id, "--to", "ftp://host/x")
    assert ran.status == 2
    assert "s3://" in ran.err


@pytest.mark.parametrize(
    ("content", "bibs"),
    [
        ("1234\n\n A/12 \n", ["1234", "A/12"]),
        ("\ufeffbib\n1234\n", ["1234"]),
        ("name;Bib_Number\nAsha;1234\nRavi\nMina;99\n", ["1234", "99"]),
        ('"last, first",BIB\n"Rao, Asha",7\n', ["7"]),
    ],
)
def test_start_lists(tmp_path: Path, content: str, bibs: list[str]) -> None:
    path = tmp_path / "start-list.csv"
    path.write_text(content)
    assert read_start_list(path) == bibs


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no BIBs"),
        (b"bib\n", "no BIBs"),
        (b"\xff\xfe1\x00", "UTF-8"),
        (b"name,club\nAsha,Runners\n", "column bib"),
    ],
)
def test_start_lists_that_are_none(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "start-list.csv"
    path.write_bytes(content)
    with pytest.raises(errors.UsageError, match=said):
        read_start_list(path)


@pytest.mark.timeout(180)
def test_a_start_list_puts_bibs_into_the_manifest(sandbox: Sandbox, tmp_path: Path) -> None:
    start_list = tmp_path / "start-list.txt"
    start_list.write_text("\n".join(sandbox.bibs[:4]))
    to = tmp_path / "archive"
    with started(
        "scale", str(sandbox.event_id), "--to", str(to), "--workers", "1", "--bibs", str(start_list),
        "--format", "webdataset",
    ) as process:  # fmt: skip
        _, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    rows = [json.loads(line) for file in to.glob("manifest*.jsonl") for line in file.read_text().splitlines()]
    assert {bib for row in rows for bib in row["bibs"]} == set(sandbox.bibs[:4])
    assert [path.name for path in to.glob("*.tar")] == ["000000.tar"]
