"""The pytest plugin, in nested pytest runs."""

from __future__ import annotations

import asyncio

import pytest
from attrs import fields

from ninepic_async import NinePic
from ninepic_async.sandbox import Sandbox
from ninepic_async.sync import NinePic as BlockingNinePic
from ninepic_async.testing import SandboxOptions, sandbox_in_thread

pytest_plugins = ["pytester"]

INI = """
[pytest]
addopts = --strict-markers -p no:cacheprovider -p no:hypothesispytest
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
BLOCKING = """
def test_blocking(ninepic_sync, ninepic_sandbox):
    ninepic_sandbox.faults.add(endpoint="bib_search", status=503)
    bib = ninepic_sandbox.bibs[0]
    assert ninepic_sync.event(ninepic_sandbox.event_id).bib_search(bib).collect()
    assert [record.status for record in ninepic_sandbox.requests] == [503, 200]
"""
COROUTINE = """
async def test_{name}(ninepic, ninepic_sandbox):
    ninepic_sandbox.faults.add(endpoint="bib_search", status=503)
    event = ninepic.event(ninepic_sandbox.event_id)
    assert await event.bib_search(ninepic_sandbox.bibs[0]).collect()
"""
ASYNCIO = """
import pytest

@pytest.mark.asyncio
""" + COROUTINE.format(name="asyncio").lstrip()
ANYIO = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
""" + COROUTINE.format(name="anyio").lstrip()
SHARED_LOOPS = """
import asyncio
import pytest
import pytest_asyncio

loops = []

@pytest_asyncio.fixture
async def photos(ninepic, ninepic_sandbox):
    photos = await ninepic.event(ninepic_sandbox.event_id).photos().collect()
    yield photos
    await ninepic.event(ninepic_sandbox.event_id).ping()

@pytest.mark.asyncio
async def test_a_fixture_has_the_same_client(ninepic, photos):
    assert photos

@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.asyncio(loop_scope="module")
async def test_one_loop_for_several_tests(ninepic, ninepic_sandbox, turn):
    loops.append(asyncio.get_running_loop())
    assert (await ninepic.event(ninepic_sandbox.event_id).ping()).status == "ok"

def test_it_was_one():
    assert loops[0] is loops[1]

@pytest.mark.asyncio(loop_scope="class")
class TestClass:
    async def test_in_a_class(self, ninepic, ninepic_sandbox):
        assert (await ninepic.event(ninepic_sandbox.event_id).ping()).status == "ok"
"""


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    return pytester


def test_blocking_pytest_asyncio_and_anyio_together(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_blocking=BLOCKING, test_asyncio=ASYNCIO, test_anyio=ANYIO, test_loops=SHARED_LOOPS)
    inner.runpytest_subprocess().assert_outcomes(passed=8)


def test_pytest_asyncio_in_auto_mode(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_blocking=BLOCKING, test_auto=COROUTINE.format(name="auto"), test_loops=SHARED_LOOPS)
    inner.runpytest_subprocess("-o", "asyncio_mode=auto").assert_outcomes(passed=7)


def test_without_pytest_asyncio(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_blocking=BLOCKING, test_anyio=ANYIO)
    inner.makeini(INI.replace("asyncio_default_fixture_loop_scope = function", ""))
    inner.runpytest_subprocess("-p", "no:asyncio").assert_outcomes(passed=2)


def test_without_the_anyio_plugin(inner: pytest.Pytester) -> None:
    inner.makepyfile(test_blocking=BLOCKING, test_asyncio=ASYNCIO)
    inner.runpytest_subprocess("-p", "no:anyio").assert_outcomes(passed=2)


def test_plugins_loaded_by_module_name(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    inner.makepyfile(test_asyncio=ASYNCIO, test_anyio=ANYIO)
    modules = ("pytest_asyncio.plugin", "anyio.pytest_plugin", "ninepic_async.testing.plugin")
    run = inner.runpytest_subprocess(*(f"-p{module}" for module in modules))
    run.assert_outcomes(passed=2)


OLDER = """
import pytest_asyncio

def fixture(function, scope="function"): ...

pytest_asyncio.fixture = fixture
"""


def test_old_pytest_asyncio_fails_only_its_own_tests(inner: pytest.Pytester) -> None:
    inner.makepyfile(older=OLDER, test_asyncio=ASYNCIO, test_blocking=BLOCKING)
    run = inner.runpytest_subprocess("-p", "older")
    run.assert_outcomes(passed=1, errors=1)
    run.stdout.fnmatch_lines(["*pytest-asyncio (1.0 or newer)*"])


def test_test_run_by_both_plugins_says_what_to_do(inner: pytest.Pytester) -> None:
    inner.makepyfile(ANYIO)
    run = inner.runpytest_subprocess("-o", "asyncio_mode=auto")
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*both run this test*asyncio_mode = strict*"])


def test_client_fixture_in_a_sync_test_says_what_to_do(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_not_async(ninepic): pass")
    run = inner.runpytest_subprocess()
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*mark this test with pytest.mark.asyncio or pytest.mark.anyio*ninepic_sync"])


def test_trio_is_refused(inner: pytest.Pytester) -> None:
    inner.makepyfile(ANYIO.replace('return "asyncio"', 'return "trio"'))
    inner.makeconftest("import pytest\n@pytest.fixture\ndef anyio_backend_name(): return 'trio'")
    run = inner.runpytest_subprocess()
    run.assert_outcomes(errors=1)
    run.stdout.fnmatch_lines(["*needs asyncio, not trio*"])


MARKED = """
import pytest

pytestmark = pytest.mark.ninepic_sandbox(photos=50, seed=3)

def test_as_the_module_says(ninepic_sandbox):
    assert ninepic_sandbox.event.gallery.total == 50
    assert ninepic_sandbox.seed == 3

@pytest.mark.ninepic_sandbox(photos=20)
def test_the_nearest_marker_wins(ninepic_sandbox):
    assert ninepic_sandbox.event.gallery.total == 20
    assert ninepic_sandbox.seed == 3

def test_each_has_its_own(ninepic_sandbox, ninepic_sync):
    assert list(ninepic_sandbox.requests) == []

def test_the_environment_leads_there(ninepic_environment, ninepic_sandbox):
    from ninepic_async.sync import NinePic

    with NinePic() as client:
        assert client.event(ninepic_sandbox.event_id).ping().status == "ok"
"""
UNUSED = """
def test_nothing_met_it(ninepic_sandbox):
    ninepic_sandbox.faults.add(endpoint="bib_search", status=503)

def test_met_once_and_once_more_by_the_retry(ninepic_sandbox, ninepic_sync):
    ninepic_sandbox.faults.add(endpoint="ping", status=503, times=2)
    ninepic_sync.event(ninepic_sandbox.event_id).ping()

def test_taken_back(ninepic_sandbox):
    ninepic_sandbox.faults.add(status=503)
    ninepic_sandbox.faults.clear()
"""


def test_markers_set_options(inner: pytest.Pytester) -> None:
    inner.makepyfile(MARKED)
    inner.runpytest_subprocess().assert_outcomes(passed=4)


def test_unused_fault_fails_the_test(inner: pytest.Pytester) -> None:
    inner.makepyfile(UNUSED)
    run = inner.runpytest_subprocess()
    run.assert_outcomes(passed=3, errors=1)
    run.stdout.fnmatch_lines(["*not used up*", "*endpoint='bib_search'*status=503*"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("photo=50", "there is no option photo; use one of photos, seed, *"),
        ("50", "give options by name, such as photos=50; 50 has no name"),
    ],
)
def test_invalid_marker_is_a_usage_error(inner: pytest.Pytester, arguments: str, said: str) -> None:
    inner.makepyfile(f"import pytest\n@pytest.mark.ninepic_sandbox({arguments})\ndef test_it(): pass")
    run = inner.runpytest_subprocess()
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines([f"*test_it: @pytest.mark.ninepic_sandbox: {said}"])


def test_marker_is_listed(inner: pytest.Pytester) -> None:
    inner.runpytest_subprocess("--markers").stdout.fnmatch_lines(["@pytest.mark.ninepic_sandbox(*"])


def test_plugin_imports_nothing_until_used(inner: pytest.Pytester) -> None:
    inner.makeconftest("""
        import sys

        def pytest_sessionfinish():
            loaded = {"aiohttp", "ninepic_async.sandbox", "ninepic_async.client", "attrs"} & set(sys.modules)
            print("heavy:", loaded)
            print("ours:", sorted(name for name in sys.modules if name.startswith("ninepic_async")))
    """)
    inner.makepyfile("def test_something_else(): pass", test_collected=ASYNCIO)
    run = inner.runpytest_subprocess("-s", "-k", "something", "-p", "no:timeout")
    run.assert_outcomes(passed=1, deselected=1)
    run.stdout.fnmatch_lines(["*heavy: set()", "*'ninepic_async.testing.plugin'*"])


def test_sandbox_options_match_sandbox() -> None:
    accepted = {field.name for field in fields(Sandbox) if field.init}
    assert set(SandboxOptions.__annotations__) == accepted


async def test_sandbox_in_thread_serves_any_loop_and_thread() -> None:
    with sandbox_in_thread(photos=20, seed=5) as sandbox:
        assert sandbox.seed == 5
        async with NinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as client:
            here = await client.event(sandbox.event_id).photos().collect()

        def blocking() -> list[object]:
            with BlockingNinePic(sandbox.api_key, sandbox.org_id, base_url=sandbox.base_url) as other:
                return list(other.event(sandbox.event_id).photos())

        assert await asyncio.to_thread(blocking) == here
        assert len(here) == 20
