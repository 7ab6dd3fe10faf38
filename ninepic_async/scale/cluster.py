"""Connect to a Dask cluster, or start one on this machine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, cast

from distributed import Client, LocalCluster

from ninepic_async._support.secret import Secret
from ninepic_async.errors import ConfigError, InvalidInputError
from ninepic_async.scale import keys

_CONNECT_TIMEOUT_S: Final = 10.0
_WORKERS_TIMEOUT_S: Final = 60.0


@asynccontextmanager
async def cluster_of(dask: object, key: Secret) -> AsyncIterator[Any]:
    """Connect to a Dask cluster, or start one on this machine. Yield an asynchronous Dask client.

    Raises:
        InvalidInputError: ``dask`` is neither a client nor an address.
        ConfigError: the scheduler can't be reached, or the cluster has no workers.
    """
    async with AsyncExitStack() as stack:
        if dask is None:
            stack.enter_context(_key_in_environment(key))
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
        await _wait_for_workers(client)
        yield client


@asynccontextmanager
async def _connection(dask: object) -> AsyncIterator[Any]:
    connecting = _client(dask)
    try:
        client = await connecting
    except OSError as error:
        raise ConfigError(
            f"the Dask scheduler can't be reached: {error}; check its address, and that it runs"
        ) from None
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
        raise ConfigError(
            f"the Dask cluster had no worker within {_WORKERS_TIMEOUT_S:g} s: start workers, and run again"
        ) from None


@contextmanager
def _key_in_environment(secret: Secret) -> Iterator[None]:
    """Set the API key in the environment, so that new worker processes inherit it."""
    before = os.environ.get(keys.VARIABLE)
    os.environ[keys.VARIABLE] = secret.reveal()
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(keys.VARIABLE, None)
        else:
            os.environ[keys.VARIABLE] = before
