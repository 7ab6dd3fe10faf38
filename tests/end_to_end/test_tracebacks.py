"""Tools that show local variables find no key, no selfie and no signed link behind an error."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from ninepic_async import NinePic, NinePicError, sync
from ninepic_async._contract.selfie import Selfie
from ninepic_async.sandbox import Sandbox
from ninepic_async.sandbox.faults.fault import FaultFields

from .calls import CALLS, Scene, scene_in
from .clients import FOREVER, arm, failure_of
from .test_secrets import FAULTS, with_key
from .tour import Participants
from .walker import printed, reachable

UPLOADS = ("face_search", "start_clips")


def found_in(error: BaseException, secrets: dict[str, str]) -> set[str]:
    """Return which secrets show, outside of the frames of the tests themselves."""
    trace = error.__traceback__
    while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    assert trace is not None
    texts = [*reachable(error), *printed(error.with_traceback(trace))]
    return {name for name, secret in secrets.items() if any(secret in text for text in texts)}


def secrets_of(sb: Sandbox, scene: Scene) -> dict[str, str]:
    middle = scene.selfie[len(scene.selfie) // 2 :][:24]
    return {
        "the key": sb.api_key,
        "a selfie's bytes": middle.decode("latin-1"),
        "a selfie's repr": repr(middle)[2:-1],
        "a selfie's beginning": repr(scene.selfie[:24])[2:-1],
    }


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_tool_finds_a_secret_behind_an_error(
    fault: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    arm(sb, with_key(FAULTS[fault], sb.api_key), times=FOREVER)
    hurried = client.with_options(timeout=0.1) if fault == "late" else client

    for endpoint in ("ping", *UPLOADS, "originals"):
        error = await failure_of(lambda name=endpoint: CALLS[name](hurried, scene))  # type: ignore[misc]
        assert found_in(error, secrets_of(sb, scene)) == set(), endpoint


@pytest.mark.parametrize("endpoint", UPLOADS)
async def test_no_tool_finds_a_secret_behind_a_deadline_of_the_callers(
    endpoint: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    arm(sb, {"stall": True}, times=FOREVER)

    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(0.1):
            await CALLS[endpoint](client, scene)

    assert isinstance(caught.value.__cause__, asyncio.CancelledError)
    assert found_in(caught.value.__cause__, secrets_of(sb, scene)) == set()


@pytest.mark.parametrize("face", ["async", "blocking"])
@pytest.mark.parametrize("method", ["face_search", "start_clips", "clips", "memories"])
async def test_no_tool_finds_a_selfie_behind_an_error_of_any_method(
    method: str, face: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    arm(sb, {"status": 413}, times=FOREVER)

    def fail(event: sync.Event) -> NinePicError:
        with pytest.raises(NinePicError) as caught:
            getattr(event, method)(selfie=scene.selfie)
        return caught.value

    if face == "async":
        error = await failure_of(lambda: getattr(client.event(sb.event_id), method)(selfie=scene.selfie))
    else:
        with sync.NinePic(sb.api_key, sb.org_id, base_url=sb.base_url) as blocking:
            error = await asyncio.to_thread(fail, blocking.event(sb.event_id))
    assert found_in(error, secrets_of(sb, scene)) == set()


@pytest.mark.parametrize("key", ["presigned_urls[0].filename", "pagination.total"])
async def test_no_tool_finds_a_signed_link_behind_an_error(
    key: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    event = client.event(scene.event_id)
    signed = (await event.originals(bib=people.bib).first_page()).items[0].url.partition("?")[2]
    replace: FaultFields = {"replace": {f"$.data.{key}": [7]}}
    arm(sb, replace, times=FOREVER)

    error = await failure_of(event.originals(bib=people.bib).collect)

    names = {part.partition("=")[0] for part in signed.split("&")}
    assert names
    assert found_in(error, {name: f"{name}=" for name in names}) == set()


async def test_the_key_in_the_place_of_the_organisation_is_not_shown() -> None:
    key = "9pic_live_0123456789abcdef"
    misuses: list[Callable[[], Any]] = [
        lambda: NinePic("903", key),
        lambda: sync.NinePic("903", key),
        lambda: NinePic(key, key),
        lambda: NinePic(key + "\n", 903),
    ]
    for misuse in misuses:
        with pytest.raises(NinePicError) as caught:
            misuse()
        assert key not in str(caught.value)
        assert found_in(caught.value, {"the key": key}) == set()


async def test_an_error_keeps_the_type_and_text_of_its_cause(client: NinePic, sb: Sandbox) -> None:
    arm(sb, {"reset": True}, times=FOREVER)
    error = await failure_of(client.event(sb.event_id).ping)
    cause = error.__cause__
    assert cause is not None
    assert isinstance(cause.__cause__, OSError)
    assert str(cause.__cause__)
    assert (error.__context__, cause.__traceback__, cause.__cause__.__traceback__) == (None, None, None)


@pytest.mark.parametrize("fault", [*FAULTS, "off"])
@pytest.mark.parametrize("endpoint", UPLOADS)
async def test_an_error_is_freed_without_the_garbage_collector(
    fault: str, endpoint: str, sb: Sandbox, client: NinePic, people: Participants
) -> None:
    scene = scene_in(sb, people)
    fields: FaultFields = {"status": 403} if fault == "off" else with_key(FAULTS[fault], sb.api_key)
    arm(sb, fields, times=FOREVER)
    hurried = client.with_options(timeout=0.1) if fault == "late" else client

    async def fail() -> weakref.ref[NinePicError]:
        return weakref.ref(await failure_of(lambda: CALLS[endpoint](hurried, scene)))

    gc.collect()
    gc.disable()
    try:
        failed = await fail()
        for _ in range(5):
            await asyncio.sleep(0)
        assert failed() is None
        assert not [it for it in gc.get_objects() if type(it) is Selfie]
    finally:
        gc.enable()
