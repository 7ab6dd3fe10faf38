from __future__ import annotations

import asyncio
import functools
import inspect
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any
from unittest.mock import Mock

import aiohttp
import pytest
from aioresponses import aioresponses
from hypothesis import HealthCheck, settings

# Shared machines stall now and then; and what lands must not depend on the luck of the draw.
_STALLS: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("here", **_STALLS)
settings.register_profile("ci", **_STALLS, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# The sandbox multiplies small matrices; threads for that only spin on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A shell without job control puts things into the background deaf to Ctrl-C, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# What Windows does not have: pseudo-terminals, and locks and limits as in POSIX.
collect_ignore = (
    ["cli", "download/test_odd_disks.py", "download/test_target_folder.py"] if sys.platform == "win32" else []
)

_LOOP_TURNS = 20


def _is_a_servers(task: asyncio.Task[Any]) -> bool:
    # aiohttp's server lets go of its handlers in its own time; what is watched here is the client.
    return getattr(task.get_coro(), "__qualname__", "").startswith("RequestHandler.")


@pytest.fixture(autouse=True)
async def nothing_left_behind(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Fail a test that leaves a task or an open session; what was opened is held, so nothing is collected."""
    opened: list[aiohttp.ClientSession] = []
    make = aiohttp.ClientSession.__init__

    @functools.wraps(make)
    def remember(self: aiohttp.ClientSession, *args: Any, **options: Any) -> None:
        make(self, *args, **options)
        opened.append(self)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", remember)
    before = asyncio.all_tasks()
    yield
    for _ in range(_LOOP_TURNS):
        # A generator that was left early is closed by the loop, in its own time.
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    tasks = {task for task in left if not _is_a_servers(task)}
    sessions = [session for session in opened if not session.closed]
    for session in sessions:
        if session._loop is asyncio.get_running_loop():
            await session.close()
        else:
            session.detach()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert not tasks, f"tasks left behind: {tasks}"
    assert not sessions, f"sessions left open: {sessions}"


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[aioresponses]:
    """Stand in for the network; bridges aioresponses 0.7.9 to aiohttp >= 3.14 (upstream issue 289)."""
    make = aiohttp.ClientResponse.__init__
    if "stream_writer" in inspect.signature(make).parameters:

        @functools.wraps(make)
        def bridged(self: aiohttp.ClientResponse, *args: Any, **options: Any) -> None:
            options.setdefault("stream_writer", Mock(output_size=0))
            make(self, *args, **options)

        monkeypatch.setattr(aiohttp.ClientResponse, "__init__", bridged)
    with aioresponses() as network:
        yield network


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how the fault matrix came out. It is here, for the process that sums up may collect no tests."""
    from tests.end_to_end import matrix

    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    rows = [row for report in reports for name, row in report.user_properties if name == matrix.PROPERTY]
    if rows:
        terminalreporter.section("fault matrix")
        for line in matrix.table(rows):
            terminalreporter.write_line(line)
