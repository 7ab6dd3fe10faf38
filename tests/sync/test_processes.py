"""Ctrl-C, `fork` and the interpreter's exit, each in its own process."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest

from .conftest import Start
from .reluctant import ReluctantServer

WITHIN_S = 10.0
"""Enough time for a busy machine. A process that hangs never ends."""

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork as POSIX has them")

INTERRUPTED = """
import sys, time
from ninepic_async.sync import NinePic

with NinePic() as client:
    event = client.event(2)
    try:
        {act}
    except KeyboardInterrupt:
        print(time.monotonic(), flush=True)
    print(event.ping().status, flush=True)
    sys.stdin.read()
"""

FORKED = """
import os, sys, time, warnings
import aiohttp  # slow, so not within the measured time
from ninepic_async.sync import ConfigError, NinePic

warnings.simplefilter("ignore", DeprecationWarning)  # for a fork with threads
client = NinePic()
event = client.event(2)
{before}
child = os.fork()
if child == 0:
    started = time.monotonic()
    try:
        print("child:", event.ping().status)
    except ConfigError as error:
        print("child:", error)
    assert time.monotonic() - started < 10
    {in_child}
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print("parent:", event.ping().status)
client.close()
"""

FORGETFUL = """
import threading
from ninepic_async.sync import NinePic, _portal

_portal._EXIT_WITHIN_S = 60  # a thread that holds up the exit makes the test fail
client = NinePic()
event = client.event(2)
{act}
print("done", flush=True)
"""


def outcome(process: subprocess.Popen[str], within_s: float = 30) -> str:
    """Return what a process printed, after a clean exit in time with nothing on stderr."""
    out, complaints = process.communicate(timeout=within_s)
    assert complaints == ""
    assert process.returncode == 0
    return out.strip()


@posix
@pytest.mark.parametrize(
    ("act", "asked"),
    [
        ("event.details()", "/details"),
        ("event.photos(page_size=7).first_page(); event.timeline_days()", "/timeline"),
        ("list(event.photos())", "page=2"),
        ("event.photos().collect()", "page=2"),
        ("event.clip_job('r').wait()", "/video-clipping/"),
        ("list(event.clip_job('r').updates())", "/video-clipping/"),
        ("event.face_search(b'a selfie')", "/faces"),
    ],
)
def test_ctrl_c_ends_a_call_and_leaves_the_client_usable(
    start: Start, reluctant: ReluctantServer, act: str, asked: str
) -> None:
    def seconds() -> float:
        reluctant.asked.clear()
        process = start(reluctant.base_url, INTERRUPTED.format(act=act))
        reluctant.wait_until_asked(asked)
        time.sleep(0.05)
        sent_at = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        ended_at = float(process.stdout.readline())
        assert process.stdout.readline() == "ok\n"
        assert reluctant.hung_up_within(WITHIN_S)  # while the client is still open
        assert outcome(process) == ""
        return ended_at - sent_at

    # A busy machine can delay one of them, but not all.
    assert any(seconds() < 0.5 for _ in range(4))


@posix
def test_uncaught_ctrl_c_ends_the_program(start: Start, reluctant: ReluctantServer) -> None:
    process = start(reluctant.base_url, FORGETFUL.format(act="event.details()"))
    reluctant.wait_until_asked("/details")
    sent_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=5)
    assert time.monotonic() - sent_at < WITHIN_S
    assert process.returncode != 0
    assert complaints.count("KeyboardInterrupt") == complaints.count("Traceback") == 1


@posix
def test_ctrl_c_ends_a_call_inside_asyncio_run(start: Start, reluctant: ReluctantServer) -> None:
    script = """
import asyncio, time
from ninepic_async.sync import NinePic

async def main():
    with NinePic() as client:
        event = client.event(2)
        try:
            event.details()
        finally:
            print(event.ping().status, flush=True)  # a task that was cancelled before can still make calls

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print(time.monotonic())
"""
    process = start(reluctant.base_url, script)
    reluctant.wait_until_asked("/details")
    sent_at = time.monotonic()
    process.send_signal(signal.SIGINT)
    status, ended_at = outcome(process).splitlines()
    assert status == "ok"
    assert float(ended_at) - sent_at < WITHIN_S


@posix
def test_ctrl_c_at_any_moment_leaves_no_call_behind(start: Start, reluctant: ReluctantServer) -> None:
    delays = [random.Random(moment).uniform(1e-5, 6e-4) for moment in range(150)]
    script = f"""
import asyncio, signal, threading, time
from ninepic_async.sync import NinePic

def stir():
    while True:
        time.sleep(1e-5)

# Where other threads run, a signal often finds the main thread just before it sleeps.
for _ in range(3):
    threading.Thread(target=stir, daemon=True).start()

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
with NinePic() as client:
    event = client.event(2)
    event.ping()
    hits = 0
    for delay in {delays}:
        try:
            signal.setitimer(signal.ITIMER_REAL, delay)
            event.details()
        except KeyboardInterrupt:
            hits += 1
    time.sleep(0.2)

    async def left():
        return len(asyncio.all_tasks())

    print(hits, client._portal.call(left))
"""
    hits, tasks = outcome(start(reluctant.base_url, script), 20).split()
    assert hits == "150"
    assert tasks == "2"  # the loop's own task, and the one that counts


@posix
@pytest.mark.parametrize(
    ("before", "child_says"),
    [
        ("", "ok"),
        ("event.ping()", "before a fork"),
        ("photos = iter(event.photos()); next(photos)", "before a fork"),
    ],
    ids=["unused", "used", "under way"],
)
@pytest.mark.parametrize("in_child", ["", "client.close()", "import gc; del client, event; gc.collect()"])
def test_after_a_fork_each_process_works_or_raises(
    start: Start, reluctant: ReluctantServer, before: str, in_child: str, child_says: str
) -> None:
    script = FORKED.format(before=before, in_child=in_child)
    child, parent = outcome(start(reluctant.base_url, script)).splitlines()
    assert child_says in child
    assert parent == "parent: ok"


@posix
def test_a_client_made_in_the_child_works(start: Start, reluctant: ReluctantServer) -> None:
    script = FORKED.format(before="event.ping()", in_child="print('new:', NinePic().event(2).ping().status)")
    assert "new: ok" in outcome(start(reluctant.base_url, script))


@pytest.mark.parametrize(
    "act",
    [
        "event.ping()",
        "for photo in event.photos(): break",
        "photos = iter(event.photos()); next(photos)",
        "updates = event.clip_job('r').updates(); next(updates)",
        "threading.Thread(target=event.details, daemon=True).start(); event.ping()",
        """
import tempfile

def stalled():
    threading.Event().wait()
    yield

event.ping()
threading.Thread(target=event.download, args=(stalled(), tempfile.mkdtemp()), daemon=True).start()
while not any(thread.name == "ninepic-source" for thread in threading.enumerate()):
    pass
""",
        """
def poll():
    while True:
        event.ping()

for _ in range(8):
    threading.Thread(target=poll, daemon=True).start()
event.ping()
""",
        "client.me = client; event.ping()",
        "import sys; sys.modules['kept'] = client; event.ping()",
        "client = event = None",
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_without_close_the_exit_is_fast_and_silent(
    start: Start, reluctant: ReluctantServer, act: str, host: str
) -> None:
    process = start(reluctant.base_url.replace("127.0.0.1", host), FORGETFUL.format(act=act))
    assert outcome(process) == "done"


@pytest.mark.parametrize(
    "act",
    [
        "photos = iter(event.photos()); next(photos)",
        "threading.Thread(target=event.details, daemon=True).start(); event.ping()",
    ],
)
def test_the_loop_ends_before_the_interpreter_exits(
    start: Start, reluctant: ReluctantServer, act: str
) -> None:
    # atexit runs the first registered function last.
    names = "[thread.name for thread in threading.enumerate()]"
    first = f"import atexit, threading; atexit.register(lambda: print({names}))"
    said = outcome(start(reluctant.base_url, first + FORGETFUL.format(act=act)))
    assert "MainThread" in said
    assert "ninepic-sync" not in said


def test_a_dropped_iterator_never_warns(start: Start, reluctant: ReluctantServer) -> None:
    act = """
import gc, warnings
warnings.simplefilter("always")
for number in range(20):
    photos = iter(event.photos()); next(photos); del photos
    cycle = [iter(event.photos())]; cycle.append(cycle); next(cycle[0]); del cycle
    if number % 5 == 4:
        gc.collect()  # until then, their requests count towards max_concurrency
client.close()
gc.collect()
"""
    assert outcome(start(reluctant.base_url, FORGETFUL.format(act=act))) == "done"


def test_the_import_does_not_load_aiohttp(start: Start, reluctant: ReluctantServer) -> None:
    script = "import sys, ninepic_async.sync; print({'aiohttp', 'yarl'} & set(sys.modules))"
    assert outcome(start(reluctant.base_url, script)) == "set()"


def test_late_imports_happen_in_the_loops_thread(start: Start, reluctant: ReluctantServer) -> None:
    act = """
import sys, tempfile

class Note:
    def find_spec(name, *_):
        if "." not in name or "ninepic" in name:
            imported_in.add(threading.current_thread().name)

imported_in = set()
sys.meta_path.insert(0, Note)
next(iter(event.photos()))
with tempfile.TemporaryDirectory() as folder:
    event.download([], folder)
client.close()
print(imported_in)
"""
    assert outcome(start(reluctant.base_url, FORGETFUL.format(act=act))) == "{'ninepic-sync'}\ndone"
