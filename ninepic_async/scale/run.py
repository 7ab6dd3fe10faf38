"""Plan and fetch until a new listing of the event has no new photos."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from ninepic_async.download.report import DownloadProgress
from ninepic_async.errors import FeatureDisabledError
from ninepic_async.event import Event
from ninepic_async.scale.bibs import FoundBibs, check_search
from ninepic_async.scale.finish import Finish
from ninepic_async.scale.fleet import Fleet
from ninepic_async.scale.manifest import ShardState, read_manifest, shard_states
from ninepic_async.scale.place import Place
from ninepic_async.scale.plan import Hours, Planner
from ninepic_async.scale.progress import Before, Progress
from ninepic_async.scale.report import ScaleReport
from ninepic_async.scale.worker import ShardTask

_MAX_LISTINGS: Final = 4
"""How often an event that grows during the run is listed."""


@frozen
class Run:
    """One run of the driver."""

    event: Event
    place: Place
    task: ShardTask
    fleet: Fleet
    planner: Planner
    on_progress: Callable[[DownloadProgress], object] | None

    async def fetch_all(self, bibs: tuple[str, ...] | None, found: FoundBibs) -> ScaleReport:
        """Fetch all photos, search for the BIBs, and return the report.

        Args:
            bibs: the start list, if there is one.
            found: stores which photos each BIB finds.
        """
        if bibs is not None:
            await check_search(self.event, bibs[0])
        await self.planner.read()
        states = await shard_states(self.place)
        before = await self._before(states)
        engine = self.event._engine
        progress = Progress(
            self.event.event_id, self.on_progress, engine.hooks, self.planner, before, engine.clock
        )
        failed: dict[int, str] = {}
        todo = [shard for shard in self.planner.sizes if shard not in before.complete]
        for _ in range(_MAX_LISTINGS):
            new = [number async for number in self.planner.extend(self.event.photos(), await self._hours())]
            failed |= await self.fleet.run_all(self.task, [*todo, *new], progress, before.open)
            todo = []
            if not new:
                break
        progress.report()
        if bibs is not None:
            await found.search(self.event, bibs)
        finish = Finish(self.place, self.planner, before, None if bibs is None else found)
        return await finish.run(failed)

    async def _hours(self) -> Hours:
        """Fetch the timeline's hours. Return no hours if the timeline is off."""
        try:
            return Hours.of_days(await self.event.timeline_days())
        except FeatureDisabledError:
            return Hours()

    async def _before(self, states: dict[int, ShardState]) -> Before:
        """Count what earlier runs stored. This reads the manifests of open shards only."""
        complete: dict[int, int] = {}
        is_open: dict[int, int] = {}
        for shard, size in self.planner.sizes.items():
            state = states.get(shard, ShardState())
            if state.is_complete:
                complete[shard] = size
            elif state.is_open:
                rows = await read_manifest(self.place, shard, is_complete=False)
                stored = [row.image_id for row in rows if row.status == "done"]
                self.planner.note_stored(stored)
                is_open[shard] = len(stored)
        return Before(complete=complete, open=is_open)
