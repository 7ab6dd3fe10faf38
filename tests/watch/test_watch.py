from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import aclosing
from itertools import pairwise

import pytest

from ninepic_async import GalleryChange, InvalidInputError, NotFoundError
from ninepic_async._contract.messages import SendError
from tests.canned import failed
from tests.watch.live_gallery import START, LiveGallery

HOUR = 3_600


def names(change: GalleryChange) -> list[str]:
    return [photo.image_id.removeprefix("photo-") for photo in change.added]


class Steps:
    """Runs a watch over a gallery that changes each time the watch sleeps."""

    def __init__(self, gallery: LiveGallery, change: Callable[[int], bool], since: str | None = None) -> None:
        self._gallery = gallery
        self._change = change
        self._since = since
        self.given: list[str] = []
        self.changes: list[GalleryChange] = []

    async def run(self, every: float = 60.0) -> Steps:
        sleep, count = self._gallery.clock.sleep, 0
        stop = asyncio.Event()

        async def change_and_sleep(seconds: float, /) -> None:
            nonlocal count
            if seconds < every:  # between two attempts of one call
                await sleep(seconds)
                return
            count += 1
            if not self._change(count):
                stop.set()
                await asyncio.Event().wait()
            await sleep(seconds)

        self._gallery.clock.sleep = change_and_sleep  # type: ignore[method-assign]
        reading = asyncio.ensure_future(self._read(every))
        stopping = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            reading.cancel()
            results = await asyncio.gather(reading, stopping, return_exceptions=True)
            self._gallery.clock.sleep = sleep  # type: ignore[method-assign]
        if isinstance(results[0], Exception):
            raise results[0]
        return self

    async def _read(self, every: float) -> None:
        async with aclosing(self._gallery.event().watch(since=self._since, every=every)) as changes:
            async for change in changes:
                self.changes.append(change)
                self.given += names(change)


def scripted(*steps: Callable[[], object]) -> Callable[[int], bool]:
    """Do one step at each sleep, and stop after the last."""

    def change(count: int) -> bool:
        if count > len(steps):
            return False
        steps[count - 1]()
        return True

    return change


def nothing() -> None:
    """Do nothing."""


@pytest.fixture(params=[True, False], ids=["timeline", "no timeline"])
def gallery(request: pytest.FixtureRequest) -> LiveGallery:
    made = LiveGallery(timeline=request.param)
    made.add(*(f"a{number:03}" for number in range(250)))
    return made


async def test_from_now_it_gives_only_what_comes(gallery: LiveGallery) -> None:
    steps = scripted(nothing, lambda: gallery.add("b1", "b2", at=START + HOUR), nothing)
    seen = await Steps(gallery, steps).run()
    assert seen.given == ["b1", "b2"]
    assert seen.changes[0].total == 252


async def test_from_the_start_it_gives_what_is_there_a_page_a_change(gallery: LiveGallery) -> None:
    steps = scripted(lambda: gallery.add("b1"))
    seen = await Steps(gallery, steps, since="start").run()
    assert [len(change.added) for change in seen.changes] == [100, 100, 50, 1]
    assert len(set(seen.given)) == 251


async def test_while_nothing_happens_it_sends_one_small_request_an_interval(gallery: LiveGallery) -> None:
    seen: list[int] = []

    def note() -> None:
        seen.append(gallery.requests.total())

    await Steps(gallery, scripted(*[note] * 50)).run()
    assert [later - earlier for earlier, later in pairwise(seen)] == [1] * 49


async def test_a_change_costs_little(gallery: LiveGallery) -> None:
    gallery.add(*(f"c{number:05}" for number in range(5_000)), at=START + 10 * HOUR)
    counts: list[int] = []

    def come() -> None:
        counts.append(gallery.requests.total())
        gallery.add("z", at=START + 20 * HOUR)

    seen = await Steps(gallery, scripted(come, lambda: counts.append(gallery.requests.total()))).run()
    assert seen.given == ["z"]
    assert counts[1] - counts[0] <= 4


async def test_photos_without_a_time_and_in_between_are_found(gallery: LiveGallery) -> None:
    steps = scripted(
        lambda: gallery.add("none", at=None),
        lambda: gallery.add("early", at=START - 10 * HOUR),
        lambda: gallery.add("middle", at=START + 100),
    )
    assert (await Steps(gallery, steps).run()).given == ["none", "early", "middle"]


async def test_what_additions_and_removals_hide_is_found_by_a_full_walk(gallery: LiveGallery) -> None:
    def swap() -> None:
        gallery.remove("a100")
        gallery.add("hidden", at=START + 100)

    seen = await Steps(gallery, scripted(swap, *[nothing] * 70)).run()
    assert seen.given == ["hidden"]
    assert seen.changes[0].total == 250


async def test_a_photo_that_comes_back_is_not_given_again(gallery: LiveGallery) -> None:
    steps = scripted(lambda: gallery.remove("a100"), nothing, lambda: gallery.add("a100"), nothing)
    assert (await Steps(gallery, steps).run()).given == []


async def test_a_restart_goes_on_from_the_cursor(gallery: LiveGallery) -> None:
    first = await Steps(gallery, scripted(lambda: gallery.add("b1"), nothing)).run()
    gallery.remove(*(f"a{number:03}" for number in range(40)))
    gallery.add(*(f"b{number}" for number in range(2, 42)), at=START - HOUR)
    second = await Steps(
        gallery, scripted(lambda: gallery.add("c1"), nothing), first.changes[-1].cursor
    ).run()
    assert sorted(second.given) == sorted([*(f"b{number}" for number in range(2, 42)), "c1"])
    assert second.given.count("c1") == 1


async def test_many_that_were_added_at_the_end_come_once_over_a_restart(gallery: LiveGallery) -> None:
    first = await Steps(gallery, scripted(lambda: gallery.add("b1"), nothing)).run()
    later = [f"z{number:04}" for number in range(2_000)]
    gallery.add(*later, at=START + HOUR)
    second = await Steps(gallery, scripted(nothing), first.changes[-1].cursor).run()
    assert second.given == later


async def test_a_restart_within_the_first_pages_goes_on(gallery: LiveGallery) -> None:
    first = await Steps(gallery, scripted(nothing), since="start").run()
    given = [name for change in first.changes[:1] for name in names(change)]
    second = await Steps(gallery, scripted(nothing), first.changes[0].cursor).run()
    assert sorted(given + second.given) == sorted(gallery.photos)


async def test_beyond_what_the_cursor_can_tell_photos_come_again_and_none_is_missed(
    gallery: LiveGallery, caplog: pytest.LogCaptureFixture
) -> None:
    first = await Steps(gallery, scripted(lambda: gallery.add("b1"), nothing)).run()
    gallery.add(*(f"z{number:04}" for number in range(600)), at=START - HOUR)
    second = await Steps(gallery, scripted(nothing), first.changes[-1].cursor).run()
    assert set(second.given) == set(gallery.photos)
    assert len(second.given) == len(gallery.photos)
    assert "may come again" in caplog.text


async def test_errors_that_pass_are_outlived(gallery: LiveGallery, caplog: pytest.LogCaptureFixture) -> None:
    def trouble() -> None:
        gallery.failures = [failed(503)] * 5
        gallery.add("b1", at=START + HOUR)

    seen = await Steps(gallery, scripted(trouble, nothing, nothing)).run()
    assert seen.given == ["b1"]
    assert "watch: InternalServerError; looking again in 120.0 s" in caplog.text


async def test_a_throttle_and_a_connection_that_fails_are_outlived_from_the_first_call_on(
    gallery: LiveGallery,
) -> None:
    gallery.failures = [SendError("refused")] * 5 + [failed(429)] * 5
    steps = scripted(*[nothing] * 4, lambda: gallery.add("b1"), *[nothing] * 4)
    assert (await Steps(gallery, steps).run()).given == ["b1"]


async def test_an_error_that_does_not_pass_is_raised(gallery: LiveGallery) -> None:
    gallery.failures = [failed(404)]
    with pytest.raises(NotFoundError):
        await Steps(gallery, scripted(nothing)).run()


async def test_ten_hours_of_a_race_with_restarts(gallery: LiveGallery) -> None:
    dice = random.Random(7)
    ever = set(gallery.photos)
    given: list[str] = []
    cursor: str | None = "start"
    number = 0

    def live(count: int) -> bool:
        nonlocal number
        for _ in range(dice.choice([0, 0, 1, 3, 20])):
            number += 1
            at = dice.choice([None, START + dice.randrange(12 * HOUR)])
            gallery.add(f"n{number}", at=at)
            ever.add(f"n{number}")
        if dice.random() < 0.3:
            gone = dice.choice(sorted(gallery.photos))
            gallery.remove(gone)
        return count < 30

    for _ in range(6):
        run = await Steps(gallery, live, cursor).run()
        assert len(set(run.given)) == len(run.given)
        given += run.given
        if run.changes:
            cursor = run.changes[-1].cursor
    last = await Steps(gallery, scripted(*[nothing] * 61), cursor).run()
    given += last.given
    assert set(gallery.photos) <= set(given)
    assert len(given) - len(set(given)) <= 3  # one that was removed and came back over a restart
    assert set(given) <= ever


@pytest.mark.parametrize("since", ["now", "", 7, b"start"])
async def test_a_cursor_that_is_none_is_refused_at_once(since: object) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        LiveGallery().event().watch(since=since)  # type: ignore[arg-type]


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf"), "60", None])
async def test_an_interval_that_is_none_is_refused_at_once(every: object) -> None:
    with pytest.raises(InvalidInputError, match="every"):
        LiveGallery().event().watch(every=every)  # type: ignore[arg-type]
