from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from ninepic_async import DecodeError, InvalidInputError, NotFoundError
from ninepic_async._contract.messages import SendError
from tests.canned import failed, reply
from tests.watch.live_gallery import START, LiveGallery
from tests.watch.steps import Steps, names

HOUR = 3_600


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
    assert "may be reported again" in caplog.text


async def test_errors_that_pass_are_outlived(gallery: LiveGallery, caplog: pytest.LogCaptureFixture) -> None:
    def trouble() -> None:
        gallery.failures = [failed(503)] * 5
        gallery.add("b1", at=START + HOUR)

    seen = await Steps(gallery, scripted(trouble, nothing, nothing)).run()
    assert seen.given == ["b1"]
    assert "watch: InternalServerError; next check in 120.0 s" in caplog.text


async def test_a_throttle_and_a_connection_that_fails_are_outlived_from_the_first_call_on(
    gallery: LiveGallery,
) -> None:
    gallery.failures = [SendError("refused")] * 5 + [failed(429)] * 5
    steps = scripted(*[nothing] * 4, lambda: gallery.add("b1"), *[nothing] * 4)
    assert (await Steps(gallery, steps).run()).given == ["b1"]


async def test_each_429_lengthens_the_interval_until_one_look_succeeds(gallery: LiveGallery) -> None:
    waits: list[float] = []

    def throttle() -> None:
        gallery.failures = [failed(429)] * 10  # more than the retries of two looks

    await Steps(gallery, scripted(throttle, *[nothing] * 6)).run(waits=waits)
    longer = [wait for wait in waits if wait != 60]
    assert longer == [120, 240]
    assert waits[-1] == 60


async def test_the_pause_that_a_429_names_is_kept(
    gallery: LiveGallery, caplog: pytest.LogCaptureFixture
) -> None:
    def throttle() -> None:
        gallery.failures = [failed(429, retry_after="50")] * 5

    await Steps(gallery, scripted(throttle, *[nothing] * 9)).run(every=10)
    assert "watch: RateLimitError; next check in 50.0 s" in caplog.text


async def test_a_page_of_photos_that_moves_while_pages_are_read_is_no_error(
    gallery: LiveGallery, caplog: pytest.LogCaptureFixture
) -> None:
    """The pages contradict each other: one comes twice, and its photos are missing elsewhere."""
    moves = [f"a{number:03}" for number in range(150, 250)]

    def move() -> None:
        while gallery.requests["images"] == 2 and moves:
            gallery.move(moves.pop(), START - HOUR)

    gallery.before_answer = move
    seen = await Steps(gallery, scripted(*[nothing] * 5), since="start").run()
    assert "watch: DecodeError; next check" in caplog.text
    assert sorted(seen.given) == sorted(gallery.photos)


async def test_a_reply_that_can_not_be_read_is_raised_in_the_end(gallery: LiveGallery) -> None:
    def break_it() -> None:
        gallery.failures = [reply(b"<html>")] * 9

    with pytest.raises(DecodeError):
        await Steps(gallery, scripted(break_it, *[nothing] * 9)).run()
    assert len(gallery.failures) == 6


async def test_a_clock_that_jumps_loses_nothing(gallery: LiveGallery) -> None:
    """The computer slept between two looks, and in the middle of one."""

    def jump() -> None:
        gallery.clock.now += 100_000

    def sleep_in_a_request() -> None:
        gallery.add("b2", at=START + HOUR)
        gallery.before_answer = jump

    steps = scripted(lambda: gallery.add("b1"), jump, sleep_in_a_request, *[nothing] * 3)
    assert (await Steps(gallery, steps).run()).given == ["b1", "b2"]


async def test_cameras_whose_clocks_are_wrong_lose_nothing(gallery: LiveGallery) -> None:
    steps = scripted(
        lambda: gallery.add("epoch", at=0),
        lambda: gallery.add("future", at=4_000_000_000),
        lambda: gallery.move("a000", at=4_000_000_000),
        lambda: gallery.add("now"),
        *[nothing] * 60,
    )
    assert (await Steps(gallery, steps).run()).given == ["epoch", "future", "now"]


async def test_a_timeline_that_is_switched_off_meanwhile_is_done_without(gallery: LiveGallery) -> None:
    def switch_off() -> None:
        gallery.timeline = False
        gallery.add("b1", at=START + HOUR)

    assert (await Steps(gallery, scripted(switch_off, nothing)).run()).given == ["b1"]


async def test_only_the_hours_whose_counts_moved_are_read(gallery: LiveGallery) -> None:
    gallery.add("other hour", at=START + 5 * HOUR)
    await Steps(gallery, scripted(lambda: gallery.add("b1", at=START + 5 * HOUR), nothing)).run()
    moved = START + 5 * HOUR - START % HOUR
    assert gallery.hours == ([moved] if gallery.timeline else [])


async def test_a_full_walk_comes_about_every_60_intervals(gallery: LiveGallery) -> None:
    walks: list[int] = []

    def note(count: int) -> bool:
        walks.append(gallery.requests["images"])
        return count < 200

    await Steps(gallery, note).run()
    costs = [later - earlier for earlier, later in pairwise(walks)]
    full = [place for place, cost in enumerate(costs) if cost > 1]
    assert len(full) == 3
    assert {later - earlier for earlier, later in pairwise(full)} == {60}


async def test_an_error_that_does_not_pass_is_raised(gallery: LiveGallery) -> None:
    gallery.failures = [failed(404)]
    with pytest.raises(NotFoundError):
        await Steps(gallery, scripted(nothing)).run()


@pytest.mark.parametrize("since", ["now", "", 7, b"start"])
async def test_a_cursor_that_is_none_is_refused_at_once(since: object) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        LiveGallery().event().watch(since=since)  # type: ignore[arg-type]


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf"), "60", None])
async def test_an_interval_that_is_none_is_refused_at_once(every: object) -> None:
    with pytest.raises(InvalidInputError, match="every"):
        LiveGallery().event().watch(every=every)  # type: ignore[arg-type]
