from __future__ import annotations

import logging
import re

import pytest

from ninepic_async import ClipJobTimeoutError, NinePic
from ninepic_async.sandbox import ClipWords, Dialect, Sandbox

from .calls import CALLS, scene_in
from .clients import client_of, failure_of
from .tour import Participants

LINE = re.compile(r"(\w+): (\d{3}|.+) in \d+\.\d ms \(attempt (\d+)\)")


@pytest.fixture(autouse=True)
def _everything(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "ninepic_async")


def ours(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("ninepic_async") and record.levelno == level
    ]


def attempts(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, int]]:
    lines = [LINE.fullmatch(line) for line in ours(caplog, logging.DEBUG)]
    return [(line[1], line[2], int(line[3])) for line in lines if line]


@pytest.mark.parametrize("endpoint", ["ping", "details", "face_results", "clip_status", "originals"])
async def test_one_line_for_each_attempt_and_a_warning_for_each_retry(
    endpoint: str, sb: Sandbox, client: NinePic, people: Participants, caplog: pytest.LogCaptureFixture
) -> None:
    scene = scene_in(sb, people)
    sb.faults.add(status=503)
    sb.faults.add(reset=True)

    await CALLS[endpoint](client, scene)

    assert len(ours(caplog, logging.DEBUG)) == 3
    first, second, third = attempts(caplog)
    assert (first, third) == ((endpoint, "503", 1), (endpoint, "200", 3))
    assert (second[0], second[2]) == (endpoint, 2)
    warnings = ours(caplog, logging.WARNING)
    assert len(warnings) == 2
    assert warnings[0].startswith(f"{endpoint}: 503")
    assert all("next attempt in 0.0" in warning for warning in warnings)
    assert [warning[-8:] for warning in warnings] == ["(2 of 3)", "(3 of 3)"]
    assert {record.levelno for record in caplog.records if record.name == "ninepic_async"} <= {10, 30}


async def test_an_attempt_that_the_deadline_cuts_off_has_its_line_too(
    sb: Sandbox, client: NinePic, caplog: pytest.LogCaptureFixture
) -> None:
    sb.faults.add(delay_s=0.15)

    await failure_of(client.with_options(timeout=0.1).event(sb.event_id).ping)

    (line,) = ours(caplog, logging.DEBUG)
    assert line.startswith("ping: ")
    assert line.endswith("(attempt 1)")


async def test_a_call_that_goes_well_warns_of_nothing(
    sb: Sandbox, client: NinePic, caplog: pytest.LogCaptureFixture
) -> None:
    await client.event(sb.event_id).photos().collect()

    assert attempts(caplog) == [("photos", "200", 1)] * 2
    assert ours(caplog, logging.WARNING) == []


async def test_an_unknown_status_word_is_warned_about_once_and_is_in_the_timeout(
    people: Participants, caplog: pytest.LogCaptureFixture
) -> None:
    dialect = Dialect(clip_words=ClipWords(queued="brewing", processing="brewing"))
    async with Sandbox(photos=20, dialect=dialect, clip_seconds=1000) as sb, client_of(sb) as client:
        scene = scene_in(sb, people)
        sb.state.clip_seconds = 2000
        job = client.event(sb.event_id).clip_job(scene.request_id)
        error = await failure_of(lambda: job.wait(timeout=1))

    assert isinstance(error, ClipJobTimeoutError)
    assert "'brewing'" in str(error)
    assert ours(caplog, logging.WARNING) == ["clip_status: unknown status word 'brewing', polling continues"]
    assert len(attempts(caplog)) > 1


async def test_originals_that_could_not_be_signed_are_warned_of(
    sb: Sandbox, client: NinePic, caplog: pytest.LogCaptureFixture
) -> None:
    some = [photo.image_id for photo in await client.event(sb.event_id).photos().collect(limit=1)]

    links = await client.event(sb.event_id).originals(image_ids=[*some, "not-there"]).collect()

    assert [link.filename for link in links] == [f"{some[0]}.jpg"]
    assert ours(caplog, logging.WARNING) == ["originals: 1 originals on this page failed"]


async def test_no_signature_is_logged(
    sb: Sandbox, client: NinePic, people: Participants, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = (await client.event(sb.event_id).originals(bib=people.bib).collect(limit=1))[0]
    signature = link.url.partition("signature=")[2]

    assert len(signature) > 10
    assert signature not in caplog.text + repr(link)


def test_no_handler_is_installed() -> None:
    assert logging.getLogger("ninepic_async").handlers == []
