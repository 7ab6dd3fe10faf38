"""Every example in a docstring runs against the sandbox, and shows what is written below it."""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import io
import re

import pytest

from ninepic_async import NinePic, sync
from ninepic_async.sandbox import Sandbox
from tests.docs.examples import (
    BIB,
    DocstringExample,
    as_in_examples,
    check,
    docstring_examples,
    module_names,
    package_docstrings,
    run,
    start,
)

pytestmark = pytest.mark.timeout(300)  # the examples of `scale` start worker processes

EXAMPLES = docstring_examples()
ASYNC = [example for example in EXAMPLES if not example.is_blocking]
BLOCKING = [example for example in EXAMPLES if example.is_blocking]


@pytest.mark.parametrize("example", ASYNC, ids=str)
async def test_an_async_example_runs(example: DocstringExample, sandbox: Sandbox) -> None:
    async with NinePic() as client:
        event = client.event(sandbox.event_id)
        search = await event.face_search(sandbox.selfie(BIB))
        job = await event.start_clips(search=search.request_id)
        names = module_names(example) | {
            "sb": sandbox,
            "client": client,
            "event": event,
            "search": search,
            "job": job,
            "saved_request_id": job.request_id,
        }
        for line in example.lines:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                await run(line.source, names, sandbox, "single")
            check(line, as_in_examples(printed.getvalue(), sandbox))


def run_blocking(example: DocstringExample, sandbox: Sandbox) -> None:
    with sync.NinePic() as client:
        event = client.event(sandbox.event_id)
        search = event.face_search(sandbox.selfie(BIB))
        job = event.start_clips(search=search.request_id)
        names = module_names(example) | {
            "client": client,
            "event": event,
            "search": search,
            "job": job,
            "saved_request_id": job.request_id,
        }
        for line in example.lines:
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                start(line.source, names, sandbox, "single")
            check(line, as_in_examples(printed.getvalue(), sandbox))


@pytest.mark.parametrize("example", BLOCKING, ids=str)
async def test_a_blocking_example_runs(example: DocstringExample, sandbox: Sandbox) -> None:
    await asyncio.to_thread(run_blocking, example, sandbox)


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_no_example_is_skipped(example: DocstringExample) -> None:
    assert not any(doctest.SKIP in line.options for line in example.lines)


def test_every_example_section_has_lines_that_run() -> None:
    sections = {
        name for name, text in package_docstrings() if re.search(r"^ *Examples?::?$", text, re.MULTILINE)
    }
    assert len(sections) > 30
    assert sections <= {str(example) for example in EXAMPLES}


def test_an_example_that_shows_something_else_fails() -> None:
    (line,) = doctest.DocTestParser().get_examples(">>> 1 + 1\n3\n")
    with pytest.raises(AssertionError, match="Expected"):
        check(line, "2\n")
