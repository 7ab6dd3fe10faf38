"""Compare anyio's blocking portal with that of `ninepic_async.sync`, where sync over async usually fails.

    python -m benchmarks.portal

Each row runs in its own process. A process that has not ended after 15 s hangs and is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Final

WITHIN_S: Final = 15

ANYIO: Final = """
import asyncio
from anyio.from_thread import start_blocking_portal

def opened():
    manager = start_blocking_portal()
    return manager, manager.__enter__()

def closed(manager, portal):
    manager.__exit__(None, None, None)

def call(portal, function, *args):
    future = None
    try:
        future = portal.start_task_soon(function, *args)
        while True:
            try:
                return future.result(0.1)
            except TimeoutError:
                pass
    except BaseException:
        if future is not None:
            future.cancel()
        raise
"""

OURS: Final = """
import asyncio
from ninepic_async.sync._portal import Portal

async def nothing():
    pass

def opened():
    portal = Portal()
    portal.call(nothing)
    return None, portal

def closed(manager, portal):
    portal.close()

def call(portal, function, *args):
    return portal.call(function, *args)
"""

INTERRUPTED: Final = """
import random, signal, sys, threading, time

def interrupt(*_):
    raise KeyboardInterrupt

def stir():
    while True:
        time.sleep(1e-5)

# Where other threads run, a signal often finds the main thread just before it sleeps.
for _ in range(3):
    threading.Thread(target=stir, daemon=True).start()
signal.signal(signal.SIGALRM, interrupt)
moments = random.Random(1)
"""

CASES: Final[Mapping[str, str]] = {
    "Ctrl-C while it starts, 100 times": INTERRUPTED
    + """
for _ in range(100):
    manager = portal = None
    try:
        signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-5, 1e-3))
        manager, portal = opened()
        time.sleep(0.01)
    except KeyboardInterrupt:
        pass
    if manager:
        closed(manager, portal)
""",
    "Ctrl-C during a call, 3,000 times": INTERRUPTED
    + """
manager, portal = opened()
for _ in range(3000):
    try:
        signal.setitimer(signal.ITIMER_REAL, moments.uniform(1e-5, 6e-4))
        call(portal, asyncio.sleep, 60)
    except KeyboardInterrupt:
        pass

async def left():
    return len(asyncio.all_tasks()) - 2

time.sleep(0.2)
print(f"{call(portal, left)} tasks left, ", end="")
closed(manager, portal)
""",
    "a fork, whose child drops it": """
import os, sys, warnings
warnings.simplefilter("ignore")
manager, portal = opened()
child = os.fork()
if child == 0:
    del manager, portal
    os._exit(0)
os.waitpid(child, 0)
closed(manager, portal)
""",
    "collected on its own thread": """
import gc
manager, portal = opened()
cycle = [manager or portal]
cycle.append(cycle)

async def collect():
    gc.collect()

collector = portal.start_task_soon if manager else portal.call
del manager, portal, cycle
collector(collect)
""",
    "an exit without close": """
import threading, time
manager, portal = opened()
threading.Thread(target=call, args=(portal, asyncio.sleep, 60), daemon=True).start()
time.sleep(0.2)
""",
    "what a call costs": """
import statistics, time

async def nothing_at_all():
    pass

manager, portal = opened()
took = []
for _ in range(3000):
    started = time.perf_counter()
    call(portal, nothing_at_all)
    took.append(time.perf_counter() - started)
print(f"{statistics.median(took) * 1e6:.0f} us, ", end="", flush=True)
closed(manager, portal)
""",
}


def outcome(script: str) -> str:
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, complaints = process.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its children, too
        process.communicate()
        return "hangs"
    return out + (
        "ends well" if not complaints and process.returncode == 0 else complaints.strip().splitlines()[-1]
    )


if __name__ == "__main__":
    for name, script in CASES.items():
        print(f"{name}: anyio {outcome(ANYIO + script)}; ours {outcome(OURS + script)}", flush=True)
