"""A worker's connection to its cluster: report progress, and read how many threads share the rate limit."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Self

from attrs import frozen
from distributed import get_worker

_ANSWER_S: Final = 10.0


@frozen
class Link:
    """The Dask worker that this thread belongs to. Without a worker, nothing is reported."""

    worker: Any = None

    @classmethod
    def of_this_thread(cls) -> Self:
        """Return the link of the worker that runs this thread."""
        try:
            return cls(get_worker())
        except ValueError:
            return cls()

    @property
    def scratch(self) -> str | None:
        """The worker's folder for temporary files. Dask empties it after a crash. None: the system's."""
        return None if self.worker is None else str(self.worker.local_directory)

    def report(self, topic: str, message: dict[str, Any]) -> None:
        """Send a message to the driver. The message may be lost."""
        if self.worker is not None:
            self.worker.log_event(topic, message)

    async def threads(self) -> int | None:
        """Ask the scheduler how many threads the cluster has now. Return None if it does not answer."""
        if self.worker is None:
            return None
        asked = asyncio.run_coroutine_threadsafe(
            self.worker.scheduler.ncores(), self.worker.loop.asyncio_loop
        )
        try:
            async with asyncio.timeout(_ANSWER_S):
                found: dict[str, int] = await asyncio.wrap_future(asked)
        except (OSError, TimeoutError):
            return None
        return sum(found.values())
