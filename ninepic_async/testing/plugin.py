"""The pytest plugin. pytest loads it in each run, so it imports other modules only when it is used."""

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
"""pytest plugins that run coroutines, and the module with the client fixture for each."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the client fixtures of each plugin that runs coroutines."""
    about = "options of the test's sandbox: the arguments of ninepic_async.sandbox.Sandbox"
    config.addinivalue_line("markers", f"{MARKER}(**options): {about}, as in photos=50, seed=3.")
    # Compare module names: a plugin loaded with -p has another plugin name.
    loaded = {getattr(plugin, "__name__", "") for plugin in config.pluginmanager.get_plugins()}
    for plugin, module in _RUNNERS.items():
        if plugin in loaded:
            # An older release may lack functions of the module. Ignore this in runs that don't use them.
            with suppress(ImportError, TypeError):
                fixtures = import_module(f"{__package__}.{module}")
                config.pluginmanager.register(fixtures, f"ninepic_async.{module}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Raise a usage error for a marker with unknown options, before any test runs."""
    for item in items:
        for mark in item.iter_markers(MARKER):
            problem = problem_with(mark.args, mark.kwargs)
            if problem is not None:
                raise pytest.UsageError(f"{item.nodeid}: @pytest.mark.{MARKER}: {problem}")


@pytest.fixture
def ninepic_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Run a sandbox in a thread for this test. Fail if a fault that the test added was not used up.

    ``@pytest.mark.ninepic_sandbox(photos=50, seed=3)`` on a test, class or module sets its options.
    """
    from ninepic_async.testing.threaded import sandbox_in_thread

    options: dict[str, object] = {}
    for mark in reversed(list(request.node.iter_markers(MARKER))):
        options |= mark.kwargs  # the test's own marker comes last, and wins
    with sandbox_in_thread(**cast(SandboxOptions, options)) as sandbox:
        yield sandbox
        try:
            sandbox.faults.assert_used_up()
        except AssertionError as error:
            pytest.fail(str(error), pytrace=False)


@pytest.fixture
def ninepic(request: pytest.FixtureRequest) -> NinePic:
    """Open an asyncio client of ``ninepic_sandbox`` in the test's loop, and close it at the end.

    pytest-asyncio or anyio's plugin must run the test.
    """
    client: NinePic = request.getfixturevalue(_client_fixture(request))
    return client


@pytest.fixture
def ninepic_sync(ninepic_sandbox: Sandbox) -> Iterator[sync.NinePic]:
    """Open a blocking client of ``ninepic_sandbox``, and close it at the end."""
    from ninepic_async.sync import NinePic
    from ninepic_async.testing.clients import settings

    with NinePic(**settings(ninepic_sandbox)) as client:
        yield client


@pytest.fixture
def ninepic_environment(ninepic_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set ``NINEPIC_*`` variables, so that a client without arguments calls ``ninepic_sandbox``."""
    monkeypatch.setenv("NINEPIC_BASE_URL", ninepic_sandbox.base_url)
    monkeypatch.setenv("NINEPIC_API_KEY", ninepic_sandbox.api_key)
    monkeypatch.setenv("NINEPIC_ORG_ID", str(ninepic_sandbox.org_id))


def _client_fixture(request: pytest.FixtureRequest) -> str:
    """Return the name of the fixture that opens a client in this test's loop."""
    manager = request.config.pluginmanager
    for module in _RUNNERS.values():
        runner = manager.get_plugin(f"ninepic_async.{module}")
        fixture: str | None = runner.client_fixture(request) if runner is not None else None
        if fixture is not None:
            return fixture
    pytest.fail(
        "the fixture ninepic needs a test that pytest-asyncio (1.0 or newer) or anyio's plugin runs: "
        "install one of them and mark this test with pytest.mark.asyncio or pytest.mark.anyio, "
        "or use ninepic_sync",
        pytrace=False,
    )
