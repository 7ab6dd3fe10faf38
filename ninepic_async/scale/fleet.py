"""Run shards on Dask workers: a bounded number at a time, and again where a worker was lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final, Protocol

from attrs import define, evolve, field, frozen
from distributed import KilledWorker
from distributed.protocol.pickle import dumps

from ninepic_async._support.addresses import is_loopback
from ninepic_async.errors import ConfigError, DownloadError
from ninepic_async.scale import keys
from ninepic_async.scale.progress import Moved
from ninepic_async.scale.worker import ShardOutcome, ShardTask, fetch_shard

log: Final = logging.getLogger("ninepic_async")

_AHEAD: Final = 2
"""Tasks for each thread of the fleet that are submitted at a time."""
_MOST_TRIES: Final = 6
"""Tries of one shard whose workers are lost or whose task fails."""
_LOOK_S: Final = 0.5
_ASK_EVERY_S: Final = 5.0
"""How often the scheduler is asked for its workers."""
_ANSWER_S: Final = 10.0
_CANCEL_S: Final = 5.0
_SILENT_S: Final = 120.0
"""A scheduler that says nothing for this long is given up."""
_NO_WORKERS_S: Final = 600.0
"""A cluster without workers is given up after this: new ones may take minutes to start."""


class Watcher(Protocol):
    """Gets to know how far the shards are."""

    def moved(self, shard: int, moved: Moved) -> None:
        """Take in how far a shard is."""

    def ended(self, shard: int, moved: Moved) -> None:
        """Take in a shard's outcome."""

    def tell(self) -> None:
        """Report the progress."""


@frozen
class Fleet:
    """Dask workers, as seen from the driver."""

    client: Any
    secrets: keys.Secrets
    run: str
    """Names this run in tasks and messages."""

    async def run_all(
        self, task: ShardTask, shards: Sequence[int], watcher: Watcher, open_shards: Container[int] = ()
    ) -> dict[int, str]:
        """Run shards until each has ended or was tried too often.

        Args:
            task: what all of them share.
            shards: their numbers.
            watcher: gets the progress.
            open_shards: those of which an earlier run has left a manifest with failures.

        Returns:
            Why a shard could not be run, by number.

        Raises:
            ConfigError: the workers know no API key.
            DownloadError: the scheduler is silent, or there are no workers any more.
        """
        with self._listening(task.topic, watcher):
            running = _Running(self, task, watcher, open_shards, list(reversed(shards)))
            try:
                await running.run()
            finally:
                await running.cancel()
        return running.failed

    @contextmanager
    def _listening(self, topic: str, watcher: Watcher) -> Iterator[None]:
        def take(event: tuple[float, Mapping[str, Any]]) -> None:
            message = event[1]
            if message.get("run") == self.run:
                moved = Moved(**{name: message[name] for name in ("stored", "failed", "bytes")})
                watcher.moved(message["shard"], moved)

        self.client.subscribe_topic(topic, take)
        try:
            yield
        finally:
            self.client.unsubscribe_topic(topic)

    async def fetch(self, task: ShardTask, tries: int) -> ShardOutcome:
        """Run one shard on a worker."""
        # A name that people understand in the dashboard, and new for each try: Dask remembers failed tasks.
        name = f"download-photos-event-{task.event_id}-shard-{task.shard:06}-try-{tries}-{self.run[:8]}"
        future = self.client.submit(fetch_shard, task, key=name, pure=False)
        try:
            outcome: ShardOutcome = await future
            return outcome
        except futures.CancelledError as error:
            raise ConnectionError(f"the scheduler has lost the task: {error}") from None
        finally:
            await _quietly(future.cancel())

    async def threads(self) -> int:
        """Ask the scheduler how many threads its workers have.

        Raises:
            OSError: it does not answer.
        """
        found = await asyncio.wait_for(self.client.scheduler.ncores(), _ANSWER_S)
        return sum(found.values())

    async def share_secrets(self) -> None:
        """Give workers of this machine what they lack, straight and not over the scheduler.

        Raises:
            ConfigError: a worker of another machine lacks something.
        """
        # Not `scheduler_info`, which is some seconds old: a worker may have come just now.
        try:
            addresses = await asyncio.wait_for(self.client.scheduler.ncores(), _ANSWER_S)
        except (OSError, TimeoutError):
            return  # a scheduler that stays silent ends the run
        for address in addresses:
            worker = self.client.rpc(address)
            if not is_local(address):
                self._check_remote(address, await _call(worker, keys.has_key))
            elif not await _call(worker, keys.is_given, self.run):
                proxy = None if self.secrets.proxy is None else self.secrets.proxy.reveal()
                secrets = self.secrets.key.reveal(), proxy, dict(self.secrets.headers)
                await _call(worker, keys.give, self.run, *secrets)

    def _check_remote(self, address: str, has_key: bool) -> None:
        if self.secrets.proxy is not None:
            raise ConfigError(
                f"the proxy's password is not sent over the network to the worker at {address}: leave "
                "HTTPOptions(proxy=…) out, and set HTTPS_PROXY in the environment of this process and of the "
                "workers"
            )
        if self.secrets.headers:
            raise ConfigError(
                f"HTTPOptions(headers=…) may be secret, and are not sent over the network to the worker at "
                f"{address}: leave them out, or use workers on this machine"
            )
        if not has_key:
            raise ConfigError(
                f"the worker at {address} knows no API key: set {keys.VARIABLE} in the workers' "
                "environment. It is not sent over the network."
            )


@define(eq=False)
class _Running:
    """The shards of one call of `Fleet.run_all`."""

    fleet: Fleet
    task: ShardTask
    watcher: Watcher
    open_shards: Container[int]
    waiting: list[int]
    """Shards that are to be run, the next one last."""
    failed: dict[int, str] = field(factory=dict)
    _tries: dict[int, int] = field(factory=dict)
    _running: dict[asyncio.Future[Any], int] = field(factory=dict)
    _threads: int = 1
    _asked_at: float = float("-inf")
    _answered_at: float = field(factory=monotonic)
    _had_workers_at: float = field(factory=monotonic)

    async def run(self) -> None:
        """Run them all."""
        while self.waiting or self._running:
            await self._ask()
            while self.waiting and len(self._running) < _AHEAD * max(self._threads, 1):
                self._submit(self.waiting.pop())
            ready, _ = await asyncio.wait(self._running, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
            for each in ready:
                await self._settle(self._running.pop(each), each)
            self.watcher.tell()

    async def cancel(self) -> None:
        """Cancel what is under way."""
        for each in self._running:
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _submit(self, number: int) -> None:
        self._tries[number] = self._tries.get(number, 0) + 1
        is_open = number in self.open_shards
        share = evolve(self.task, shard=number, threads=max(self._threads, 1), is_open=is_open)
        self._running[asyncio.ensure_future(self.fleet.fetch(share, self._tries[number]))] = number

    async def _settle(self, number: int, ended: asyncio.Future[ShardOutcome]) -> None:
        error = ConnectionError("it was cancelled") if ended.cancelled() else ended.exception()
        if error is None:
            self.watcher.ended(number, ended.result().moved)
        elif isinstance(error, _WORTH_ANOTHER) and self._tries[number] < _MOST_TRIES:
            log.warning("shard %d: %s, running it again", number, type(error).__name__)
            if isinstance(error, keys.MissingKeyError):
                await self.fleet.share_secrets()
                await asyncio.sleep(_LOOK_S)
            self.waiting.append(number)
        elif isinstance(error, keys.MissingKeyError):
            raise ConfigError(f"the workers know no API key: {error}")
        else:
            self.failed[number] = _reason(error)

    async def _ask(self) -> None:
        """Ask the scheduler for its workers now and then.

        Raises:
            DownloadError: it has been silent, or without workers, for too long.
        """
        now = monotonic()
        if now - self._asked_at < _ASK_EVERY_S:
            return
        self._asked_at = now
        try:
            self._threads = await self.fleet.threads()
        except (OSError, TimeoutError):
            if monotonic() - self._answered_at > _SILENT_S:
                raise DownloadError(
                    f"the Dask scheduler has not answered for {_SILENT_S:g} s: start it again if it is gone, "
                    "and run again to go on"
                ) from None
            return
        self._answered_at = monotonic()
        if self._threads:
            self._had_workers_at = self._answered_at
        elif self._answered_at - self._had_workers_at > _NO_WORKERS_S:
            raise DownloadError(
                f"the Dask cluster has had no worker for {_NO_WORKERS_S:g} s: start some, and run again to "
                "go on"
            )


_WORTH_ANOTHER: Final = (KilledWorker, keys.MissingKeyError, OSError)


def _reason(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return "its workers died or hung again and again: look for one that runs out of memory, and run again"
    return f"{type(error).__name__}: {error}"


async def _call(worker: Any, function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a worker's process, over a connection of our own to it."""
    asked = worker.run(function=dumps(function), args=dumps(arguments), kwargs=dumps({}), wait=True)
    try:
        reply = await asyncio.wait_for(asked, _ANSWER_S)
    except (OSError, TimeoutError):
        return True  # it is gone or hangs: its tasks go to others, and are told apart there
    if reply["status"] != "OK":
        raise ConfigError("a worker could not be asked whether it knows the API key")
    return reply["result"]


async def _quietly(awaitable: Any) -> None:
    try:
        if awaitable is not None:
            await asyncio.wait_for(awaitable, _CANCEL_S)
    except Exception as error:
        log.debug("a Dask task could not be cancelled: %r", error)


def is_local(address: str) -> bool:
    """Tell whether a worker's address is on this machine for certain."""
    scheme, _, place = address.partition("://")
    return scheme == "inproc" or is_loopback(place.rpartition(":")[0].strip("[]"))
