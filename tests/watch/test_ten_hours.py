"""Ten hours of a race: photos come, go and change places all the time, and the watch is often restarted."""

from __future__ import annotations

import random

import pytest
from attrs import define, field

from tests.watch.live_gallery import START, LiveGallery
from tests.watch.steps import Steps

HOUR = 3_600
EVERY = 60.0
MOST_AWAY = 60
"""Changes while the watch is not running; a cursor can tell about 100 apart."""
SOON = 63
"""Looks within which each photo must have come: a full walk, and a few for bad luck."""


@define
class Race:
    """Changes a gallery at random, and checks what a watch gives of it."""

    gallery: LiveGallery
    dice: random.Random
    count: int = 0
    looks: int = 0
    ends_after: int = 0
    waiting: dict[str, int] = field(factory=dict)
    """Photos that no watch has given yet, and for how many looks."""
    run: Steps | None = None
    done: list[str] = field(factory=list)
    """The photos of all changes whose cursor was stored."""

    def change(self) -> None:
        """Add, remove or move a photo."""
        what = self.dice.choices(["add", "remove", "move"], [6, 2, 2])[0]
        at = self.dice.choice([None, START + self.dice.randrange(12 * HOUR)])
        if what == "add" or len(self.gallery.photos) < 20:
            self.count += 1
            self.gallery.add(f"n{self.count}", at=at)
            self.waiting[f"n{self.count}"] = 0
            return
        identity = self.dice.choice(list(self.gallery.photos))
        if what == "move":
            self.gallery.move(identity, at)
        else:
            self.gallery.remove(identity)
            self.waiting.pop(identity, None)

    def look(self, _: int) -> bool:
        """Change the gallery between two looks. Return whether the run goes on."""
        assert self.run is not None
        for identity in self.run.given:
            self.waiting.pop(identity, None)
        self.waiting = {identity: looks + 1 for identity, looks in self.waiting.items()}
        assert max(self.waiting.values(), default=0) < SOON
        for _ in range(self.dice.choice([0, 0, 0, 0, 2, 12])):
            self.change()
        self.looks += 1
        return self.looks < self.ends_after

    def during_a_request(self) -> None:
        """Change the gallery while pages are read."""
        if self.dice.random() < 0.02:
            self.change()

    async def watch(self, cursor: str | None, looks: int) -> str | None:
        """Watch for some looks. Return the cursor that a program would have stored when it was killed."""
        self.ends_after = self.looks + looks
        self.run = Steps(self.gallery, self.look, cursor)
        await self.run.run(EVERY)
        assert len(set(self.run.given)) == len(self.run.given), "doubled within a run"
        # Killed while it dealt with the last changes: these have to come again.
        stored = self.run.changes[: len(self.run.changes) - self.dice.choice([0, 0, 1, 2])]
        given = [photo.image_id.removeprefix("photo-") for change in stored for photo in change.added]
        for identity in set(self.run.given) - set(given):
            if identity in self.gallery.photos:
                self.waiting[identity] = 0
        self.done += given
        return stored[-1].cursor if stored else cursor


@pytest.mark.parametrize(("timeline", "seed"), [(True, 1), (False, 2)], ids=["timeline", "no timeline"])
async def test_nothing_is_missed_or_doubled_in_ten_hours(timeline: bool, seed: int) -> None:
    gallery = LiveGallery(timeline=timeline)
    race = Race(gallery, random.Random(seed))
    gallery.add(*(f"a{number:03}" for number in range(250)))
    race.waiting = dict.fromkeys(gallery.photos, 0)
    gallery.before_answer = race.during_a_request
    begun, cursor, runs = gallery.clock.now, "start", 0
    while gallery.clock.now - begun < 10 * HOUR:
        cursor = await race.watch(cursor, race.dice.randrange(1, 90)) or "start"
        runs += 1
        for _ in range(race.dice.randrange(MOST_AWAY)):
            race.change()
    gallery.before_answer = None
    gallery_at_end = set(gallery.photos)
    last = Steps(gallery, lambda looks: looks <= SOON, cursor)
    await last.run(EVERY)
    race.done += last.given
    assert runs > 5
    assert gallery_at_end <= set(race.done), "missed"
    assert len(set(race.done)) == len(race.done), "doubled over a restart"
