"""Run shards on Dask workers. Limit how many run at a time, and retry those whose worker was lost."""

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
from ninepic_async.scale.progress import ShardProgress
from ninepic_async.scale.worker import ShardOutcome, ShardTask, fetch_shard

log: Final = logging.getLogger("ninepic_async")

_TASKS_PER_THREAD: Final = 2
"""How many tasks are submitted at a time, for each thread of the fleet."""
_MAX_TRIES: Final = 6
"""How often one shard is tried, if its workers are lost or its task fails."""
_POLL_S: Final = 0.5
"""How often finished tasks are collected and progress is reported."""
_ASK_EVERY_S: Final = 5.0
"""How often the scheduler is asked for its number of threads."""
_ANSWER_S: Final = 10.0
_CANCEL_S: Final = 5.0
_SILENT_S: Final = 120.0
"""The run fails after the scheduler has not answered for this long."""
_NO_WORKERS_S: Final = 600.0
"""The run fails after the cluster has had no worker for this long. New workers may take minutes to start."""


class ProgressListener(Protocol):
    """Receives the progress of the shards."""

    def update(self, shard: int, progress: ShardProgress) -> None:
        """Receive the progress of a running shard."""

    def finish(self, shard: int, progress: ShardProgress) -> None:
        """Receive the final progress of a shard."""

    def report(self) -> None:
        """Report the total progress."""


@frozen
class Fleet:
    """The Dask workers of one run. The driver uses it to run shards and to send secrets.

    Attributes:
        client: an asynchronous Dask client.
        secrets: the secrets that the workers need.
        run: the id of this run, for tasks and messages.
    """

    client: Any
    secrets: keys.Secrets
    run: str

    async def run_all(
        self,
        task: ShardTask,
        shards: Sequence[int],
        listener: ProgressListener,
        open_shards: Container[int] = (),
    ) -> dict[int, str]:
        """Run shards until each has finished or has failed too often.

        Args:
            task: the settings that all shards share.
            shards: the shards' numbers.
            listener: receives the progress.
            open_shards: the shards with a manifest of an earlier run in which some photos failed.

        Returns:
            The reason why a shard failed, by its number.

        Raises:
            ConfigError: the workers have no API key.
            DownloadError: the scheduler does not answer, or the cluster has lost all workers.
        """
        with self._subscribed(task.topic, listener):
            running = _Running(self, task, listener, open_shards, list(reversed(shards)))
            try:
                await running.run()
            finally:
                await running.cancel()
        return running.failed

    @contextmanager
    def _subscribed(self, topic: str, listener: ProgressListener) -> Iterator[None]:
        """Pass the workers' progress messages to the listener."""

        def on_event(event: tuple[float, Mapping[str, Any]]) -> None:
            message = event[1]
            if message.get("run") == self.run:
                progress = ShardProgress(**{name: message[name] for name in ("stored", "failed", "bytes")})
                listener.update(message["shard"], progress)

        self.client.subscribe_topic(topic, on_event)
        try:
            yield
        finally:
            self.client.unsubscribe_topic(topic)

    async def fetch(self, task: ShardTask, tries: int) -> ShardOutcome:
        """Run one shard on a worker.

        Args:
            task: the shard's task.
            tries: the number of this try, from 1.

        Raises:
            ConnectionError: the scheduler lost the task.
        """
        # A readable name for the dashboard. It is new for each try, because Dask remembers failed tasks.
        name = f"download-photos-event-{task.event_id}-shard-{task.shard:06}-try-{tries}-{self.run[:8]}"
        future = self.client.submit(fetch_shard, task, key=name, pure=False)
        try:
            outcome: ShardOutcome = await future
            return outcome
        except futures.CancelledError as error:
            raise ConnectionError(f"the scheduler has lost the task: {error}") from None
        finally:
            await _wait_for_cancellation(future.cancel())

    async def threads(self) -> int:
        """Ask the scheduler how many threads its workers have.

        Raises:
            OSError: the connection to the scheduler failed.
            TimeoutError: the scheduler does not answer.
        """
        threads = await asyncio.wait_for(self.client.scheduler.ncores(), _ANSWER_S)
        return sum(threads.values())

    async def share_secrets(self) -> None:
        """Send the run's secrets directly to workers on this machine, not through the scheduler.

        Raises:
            ConfigError: a worker on another machine needs a secret that it does not have.
        """
        # Don't use `scheduler_info`: it is some seconds old, and misses workers that have just started.
        try:
            addresses = await asyncio.wait_for(self.client.scheduler.ncores(), _ANSWER_S)
        except (OSError, TimeoutError):
            return  # `run_all` raises if the scheduler does not answer for long
        for address in addresses:
            worker = self.client.rpc(address)
            if not is_local(address):
                self._check_remote(address, await _call_worker(worker, keys.has_key))
            elif not await _call_worker(worker, keys.is_given, self.run):
                proxy = None if self.secrets.proxy is None else self.secrets.proxy.reveal()
                secrets = self.secrets.key.reveal(), proxy, dict(self.secrets.headers)
                await _call_worker(worker, keys.give, self.run, *secrets)

    def _check_remote(self, address: str, has_key: bool) -> None:
        if self.secrets.proxy is not None:
            raise ConfigError(
                f"the proxy's password is not sent over the network to the worker at {address}: leave "
                "out HTTPOptions(proxy=…), and set HTTPS_PROXY in the environment of this process and of the "
                "workers"
            )
        if self.secrets.headers:
            raise ConfigError(
                f"HTTPOptions(headers=…) may contain secrets, so it is not sent over the network to the "
                f"worker at {address}: leave it out, or use workers on this machine"
            )
        if not has_key:
            raise ConfigError(
                f"the worker at {address} has no API key: set {keys.VARIABLE} in the workers' "
                "environment. The key is not sent over the network."
            )


@define(eq=False)
class _Running:
    """The shards of one call of `Fleet.run_all`."""

    fleet: Fleet
    task: ShardTask
    listener: ProgressListener
    open_shards: Container[int]
    waiting: list[int]
    """The shards to run. The next one is the last in the list."""
    failed: dict[int, str] = field(factory=dict)
    _tries: dict[int, int] = field(factory=dict)
    _running: dict[asyncio.Future[Any], int] = field(factory=dict)
    _threads: int = 1
    _asked_at: float = float("-inf")
    _answered_at: float = field(factory=monotonic)
    _had_workers_at: float = field(factory=monotonic)

    async def run(self) -> None:
        """Run all shards that wait."""
        while self.waiting or self._running:
            await self._check_cluster()
            while self.waiting and len(self._running) < _TASKS_PER_THREAD * max(self._threads, 1):
                self._submit(self.waiting.pop())
            ready, _ = await asyncio.wait(self._running, timeout=_POLL_S, return_when=asyncio.FIRST_COMPLETED)
            for each in ready:
                await self._handle_result(self._running.pop(each), each)
            self.listener.report()

    async def cancel(self) -> None:
        """Cancel all tasks that are running."""
        for each in self._running:
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _submit(self, number: int) -> None:
        self._tries[number] = self._tries.get(number, 0) + 1
        is_open = number in self.open_shards
        shard_task = evolve(self.task, shard=number, threads=max(self._threads, 1), is_open=is_open)
        self._running[asyncio.ensure_future(self.fleet.fetch(shard_task, self._tries[number]))] = number

    async def _handle_result(self, number: int, result: asyncio.Future[ShardOutcome]) -> None:
        """Record the result of a shard, or queue the shard for another try."""
        error = ConnectionError("the task was cancelled") if result.cancelled() else result.exception()
        if error is None:
            self.listener.finish(number, result.result().progress)
        elif isinstance(error, _RETRIED_ERRORS) and self._tries[number] < _MAX_TRIES:
            log.warning("shard %d failed with %s; trying it again", number, type(error).__name__)
            if isinstance(error, keys.MissingKeyError):
                await self.fleet.share_secrets()
                await asyncio.sleep(_POLL_S)
            self.waiting.append(number)
        elif isinstance(error, keys.MissingKeyError):
            raise ConfigError(f"the workers have no API key: {error}")
        else:
            self.failed[number] = _reason(error)

    async def _check_cluster(self) -> None:
        """Ask the scheduler for its number of threads, every few seconds.

        Raises:
            DownloadError: the scheduler has not answered, or has had no workers, for too long.
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
                    f"the Dask scheduler has not answered for {_SILENT_S:g} s: restart it if it has stopped, "
                    "and run again to continue"
                ) from None
            return
        self._answered_at = monotonic()
        if self._threads:
            self._had_workers_at = self._answered_at
        elif self._answered_at - self._had_workers_at > _NO_WORKERS_S:
            raise DownloadError(
                f"the Dask cluster has had no worker for {_NO_WORKERS_S:g} s: start workers, and run again "
                "to continue"
            )


_RETRIED_ERRORS: Final = (KilledWorker, keys.MissingKeyError, OSError)


def _reason(error: BaseException) -> str:
    if isinstance(error, KilledWorker):
        return "its workers died or hung several times: check whether they run out of memory, and run again"
    return f"{type(error).__name__}: {error}"


async def _call_worker(worker: Any, function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a worker's process, over a direct connection to the worker."""
    asked = worker.run(function=dumps(function), args=dumps(arguments), kwargs=dumps({}), wait=True)
    try:
        reply = await asyncio.wait_for(asked, _ANSWER_S)
    except (OSError, TimeoutError):
        return True  # the worker is gone or hangs: its tasks go to other workers, which check their secrets
    if reply["status"] != "OK":
        raise ConfigError(
            "a worker could not answer whether it has the API key: check that all workers have the "
            "same version of ninepic-async as this process"
        )
    return reply["result"]


async def _wait_for_cancellation(awaitable: Any) -> None:
    """Wait until a task is cancelled. Log errors and don't raise them."""
    try:
        if awaitable is not None:
            await asyncio.wait_for(awaitable, _CANCEL_S)
    except Exception as error:
        log.debug("a Dask task could not be cancelled: %r", error)


def is_local(address: str) -> bool:
    """Return whether a worker's address is certainly on this machine."""
    scheme, _, place = address.partition("://")
    return scheme == "inproc" or is_loopback(place.rpartition(":")[0].strip("[]"))
