"""The pytest plugin. pytest loads it wherever the SDK is installed: nothing is imported until it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

import pytest

from ninepic_async.testing.options import SandboxOptions, problem_with

if TYPE_CHECKING:
    from ninepic_async import NinePic, sync
    from ninepic_async.sandbox import Sandbox

MARKER: Final = "ninepic_sandbox"
_RUNNERS: Final = {"pytest_asyncio.plugin": "under_asyncio", "anyio.pytest_plugin": "under_anyio"}
"""pytest plugins that run coroutines, and the room that makes a client in their loop."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and the fixtures for whichever plugin there is that runs coroutines."""
    about = "how the sandbox of a test is to be, by the arguments of ninepic_async.sandbox.Sandbox"
    config.addinivalue_line("markers", f"{MARKER}(**options): {about}, as in photos=50, seed=3.")
    # By their modules: loaded with -p, they go by other names than as installed plugins.
    loaded = {getattr(plugin, "__name__", "") for plugin in config.pluginmanager.get_plugins()}
    for plugin, room in _RUNNERS.items():
        if plugin in loaded:
            # An older release may lack what the room needs; that must not end runs that do not use it.
            with suppress(ImportError, TypeError):
                config.pluginmanager.register(import_module(f"{__package__}.{room}"), f"ninepic_async.{room}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse a marker with options that no sandbox has, before any test runs."""
    for item in items:
        for mark in item.iter_markers(MARKER):
            problem = problem_with(mark.args, mark.kwargs)
            if problem is not None:
                raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.{MARKER}: {problem}")


@pytest.fixture
def ninepic_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A sandbox of the test's own, in a thread; the test fails if a fault that it added was not used up.

    ``@pytest.mark.ninepic_sandbox(photos=50, seed=3)`` on a test, class or module says how it is to be.
    """
    from ninepic_async.testing.threaded import sandbox_in_thread

    options: dict[str, object] = {}
    for mark in reversed(list(request.node.iter_markers(MARKER))):
        options |= mark.kwargs  # from the module's to the test's own
    with sandbox_in_thread(**cast(SandboxOptions, options)) as sandbox:
        yield sandbox
        try:
            sandbox.faults.assert_used_up()
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture
def ninepic(request: pytest.FixtureRequest) -> NinePic:
    """An asyncio client of ``ninepic_sandbox``, in the loop of the test; it is closed at the end.

    For tests that pytest-asyncio or anyio's plugin runs.
    """
    client: NinePic = request.getfixturevalue(_client_fixture(request))
    return client


@pytest.fixture
def ninepic_sync(ninepic_sandbox: Sandbox) -> Iterator[sync.NinePic]:
    """A blocking client of ``ninepic_sandbox``; it is closed at the end."""
    from ninepic_async.sync import NinePic
    from ninepic_async.testing.clients import settings

    with NinePic(**settings(ninepic_sandbox)) as client:
        yield client


@pytest.fixture
def ninepic_environment(ninepic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """``NINEPIC_*`` variables that lead a client made without arguments to ``ninepic_sandbox``."""
    monkeypatch.setenv("NINEPIC_BASE_URL", ninepic_sandbox.base_url)
    monkeypatch.setenv("NINEPIC_API_KEY", ninepic_sandbox.api_key)
    monkeypatch.setenv("NINEPIC_ORG_ID", str(ninepic_sandbox.org_id))


def _client_fixture(request: pytest.FixtureRequest) -> str:
    """The fixture that makes a client in the loop in which this test will run."""
    manager = request.config.pluginmanager
    for room in _RUNNERS.values():
        runner = manager.get_plugin(f"ninepic_async.{room}")
        fixture: str | None = runner.client_fixture(request) if runner is not None else None
        if fixture is not None:
            return fixture
    pytest.fail(
        "the fixture ninepic is for tests that pytest-asyncio (1.0 or newer) or anyio's plugin runs: "
        "mark this test with pytest.mark.asyncio or pytest.mark.anyio and install what it belongs to, "
        "or use ninepic_sync",
        pytrace=False,
    )
