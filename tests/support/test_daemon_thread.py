from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from ninepic_async._support.daemon_thread import run_in_daemon_thread


async def test_the_result_of_the_function_is_returned() -> None:
    name = await run_in_daemon_thread(lambda: threading.current_thread().name, name="worker")

    assert name == "worker"


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError])
async def test_what_the_function_raises_is_raised(kind: type[BaseException]) -> None:
    def fail() -> None:
        raise kind("broken")

    with pytest.raises(kind, match="broken"):
        await run_in_daemon_thread(fail, name="worker")


async def test_a_cancelled_caller_does_not_wait_for_the_function() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await run_in_daemon_thread(release.wait, name="worker")
    release.set()


async def test_no_more_threads_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    with pytest.raises(OSError, match="can't start new thread"):
        await run_in_daemon_thread(lambda: None, name="worker")


def test_a_stuck_function_does_not_hold_up_the_end_of_the_program() -> None:
    program = (
        "import asyncio, threading\n"
        "from ninepic_async._support.daemon_thread import run_in_daemon_thread\n"
        "async def main():\n"
        "    try:\n"
        "        async with asyncio.timeout(0.05):\n"
        "            await run_in_daemon_thread(threading.Event().wait, name='stuck')\n"
        "    except TimeoutError:\n"
        "        print('timed out')\n"
        "asyncio.run(main())\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "timed out\n", "")


def test_a_result_that_comes_after_the_loop_was_closed_is_dropped() -> None:
    begun, release, threads = threading.Event(), threading.Event(), []

    def work() -> None:
        threads.append(threading.current_thread())
        begun.set()
        release.wait(10)

    async def leave() -> None:
        task = asyncio.ensure_future(run_in_daemon_thread(work, name="late"))
        await asyncio.sleep(0)
        begun.wait(10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    release.set()
    threads[0].join(10)

    assert not threads[0].is_alive()
