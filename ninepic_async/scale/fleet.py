"""Run shards on Dask workers: a bounded number at a time, and again where a worker was lost."""

from __future__ import annotations

import asyncio
import logging
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, cast

from attrs import evolve, field, frozen
from distributed import Client, KilledWorker, LocalCluster
from distributed.protocol.pickle import dumps

from ninepic_async._core.throttle import RateLimit
from ninepic_async._support.addresses import is_loopback
from ninepic_async._support.secret import Secret
from ninepic_async.errors import ConfigError, InvalidInputError
from ninepic_async.scale import keys
from ninepic_async.scale.worker import ShardOutcome, ShardTask, fetch_shard

log: Final = logging.getLogger("ninepic_async")

_AHEAD: Final = 2
"""Tasks for each thread of the fleet that are submitted at a time."""
_MOST_TRIES: Final = 6
"""Tries of one shard whose workers are lost or whose task fails."""
_CONNECT_TIMEOUT_S: Final = 10.0
_WORKERS_TIMEOUT_S: Final = 60.0
_LOOK_S: Final = 0.5


@frozen
class Fleet:
    """Dask workers, as seen from the driver."""

    client: Any
    secret: Secret = field(repr=False)

    async def run_all(
        self, task: ShardTask, shards: Sequence[int], ended: Callable[[ShardOutcome], None]
    ) -> dict[int, str]:
        """Run shards until each has ended or was tried too often.

        Args:
            task: what all of them share.
            shards: their numbers.
            ended: called with the outcome of each.

        Returns:
            Why a shard could not be run, by number.
        """
        waiting = list(reversed(shards))
        tries = dict.fromkeys(shards, 0)
        running: dict[asyncio.Future[Any], int] = {}
        failed: dict[int, str] = {}
        try:
            while waiting or running:
                while waiting and len(running) < _AHEAD * max(self._threads(), 1):
                    number = waiting.pop()
                    tries[number] += 1
                    running[asyncio.ensure_future(self._run(task, number))] = number
                ready, _ = await asyncio.wait(running, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                for each in ready:
                    number = running.pop(each)
                    error = each.exception()
                    if error is None:
                        ended(each.result())
                    elif self._is_worth_another(error) and tries[number] < _MOST_TRIES:
                        log.warning("shard %d: %s, running it again", number, type(error).__name__)
                        if isinstance(error, keys.MissingKeyError):
                            await self.share_key()
                            await asyncio.sleep(_LOOK_S)
                        waiting.append(number)
                    elif isinstance(error, keys.MissingKeyError):
                        raise ConfigError(f"the workers know no API key: {error}")
                    else:
                        failed[number] = f"{type(error).__name__}: {error}"
        finally:
            for each in running:
                each.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        return failed

    async def _run(self, task: ShardTask, number: int) -> ShardOutcome:
        share = evolve(task, shard=number, rate_limit=self._share(task.rate_limit))
        # A name that people understand in the dashboard, and new for each try: Dask remembers failed tasks.
        name = f"ninepic-event-{task.event_id}-shard-{number:06}-{uuid.uuid4().hex[:8]}"
        future = self.client.submit(fetch_shard, share, key=name, pure=False)
        try:
            outcome: ShardOutcome = await future
            return outcome
        finally:
            await _quietly(future.cancel())

    def _threads(self) -> int:
        return sum(worker["nthreads"] for worker in self._workers().values())

    def _workers(self) -> dict[str, Any]:
        workers: dict[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        return workers

    def _share(self, limit: RateLimit | None) -> RateLimit | None:
        """Return one thread's share of the fleet's limit, by the workers that are there now."""
        return None if limit is None else RateLimit(limit.rate / max(self._threads(), 1), limit.per_s)

    @staticmethod
    def _is_worth_another(error: BaseException) -> bool:
        return isinstance(error, (KilledWorker, keys.MissingKeyError, asyncio.CancelledError, OSError))

    async def share_key(self) -> None:
        """Hand the key to workers of this machine that have none, straight and not over the scheduler.

        Raises:
            ConfigError: a worker of another machine has none.
        """
        # Not `scheduler_info`, which is some seconds old: a worker may have come just now.
        for address in (await self.client.scheduler.identity(n_workers=-1))["workers"]:
            worker = self.client.rpc(address)
            if await _call(worker, keys.has_key):
                continue
            if not is_local(address):
                raise ConfigError(
                    f"the worker at {address} knows no API key: set {keys.VARIABLE} in the workers' "
                    "environment. It is not sent over the network."
                )
            await _call(worker, keys.give, self.secret.reveal())


async def _call(worker: Any, function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a worker's process, over a connection of our own to it."""
    reply = await worker.run(function=dumps(function), args=dumps(arguments), kwargs=dumps({}), wait=True)
    if reply["status"] != "OK":
        raise ConfigError("a worker could not be asked whether it knows the API key")
    return reply["result"]


async def _quietly(awaitable: Any) -> None:
    try:
        if awaitable is not None:
            await awaitable
    except Exception as error:
        log.debug("a Dask task could not be cancelled: %r", error)


def is_local(address: str) -> bool:
    """Tell whether a worker's address is on this machine for certain."""
    scheme, _, place = address.partition("://")
    return scheme == "inproc" or is_loopback(place.rpartition(":")[0].strip("[]"))


@asynccontextmanager
async def fleet_of(dask: object, secret: Secret) -> AsyncIterator[Fleet]:
    """Connect to the workers, or start some here.

    Raises:
        InvalidInputError: ``dask`` is neither a client nor an address.
        ConfigError: the scheduler can't be reached, or has no workers.
    """
    async with AsyncExitStack() as stack:
        if dask is None:
            stack.enter_context(_key_in_environment(secret))
            cluster = await stack.enter_async_context(
                LocalCluster(
                    n_workers=os.cpu_count() or 1,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address="127.0.0.1:0",
                    asynchronous=True,
                    host="127.0.0.1",
                )
            )
            client = await stack.enter_async_context(Client(cluster, asynchronous=True))
        elif isinstance(dask, Client) and dask.asynchronous:
            client = dask
        else:
            client = await stack.enter_async_context(_connection(dask))
        fleet = Fleet(client, secret)
        await _wait_for_workers(client)
        await fleet.share_key()
        yield fleet


@asynccontextmanager
async def _connection(dask: object) -> AsyncIterator[Any]:
    made = _client(dask)
    try:
        client = await made
    except OSError as error:
        raise ConfigError(f"the Dask scheduler can't be reached: {error}") from None
    async with client:
        yield client


def _client(dask: object) -> Any:
    if isinstance(dask, Client):
        return Client(cast("Any", dask.scheduler).address, asynchronous=True, security=dask.security)
    if isinstance(dask, str) and dask.strip():
        return Client(dask, asynchronous=True, timeout=_CONNECT_TIMEOUT_S)
    raise InvalidInputError(
        f"dask is {type(dask).__name__}: give a distributed.Client, or a scheduler's address such as "
        "'tcp://10.0.0.1:8786'"
    )


async def _wait_for_workers(client: Any) -> None:
    try:
        await client.wait_for_workers(1, timeout=_WORKERS_TIMEOUT_S)
    except TimeoutError:
        raise ConfigError(f"the Dask cluster had no worker within {_WORKERS_TIMEOUT_S:g} s") from None


@contextmanager
def _key_in_environment(secret: Secret) -> Iterator[None]:
    """Let the worker processes that are started here inherit the key."""
    before = os.environ.get(keys.VARIABLE)
    os.environ[keys.VARIABLE] = secret.reveal()
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(keys.VARIABLE, None)
        else:
            os.environ[keys.VARIABLE] = before
