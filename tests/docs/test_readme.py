"""The Python of the README, and of the page it leads on to, runs as it stands: one block after the other."""

from __future__ import annotations

import asyncio
import inspect
import re
import shlex

import aiohttp
import pytest

import ninepic_async
from ninepic_async import NinePic
from ninepic_async.cli import main
from ninepic_async.sandbox import Sandbox
from tests.docs.examples import BIB, ROOT, python_blocks, run, start

PAGES = {page: (ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/sandbox.md")}
README = PAGES["README.md"]
ALL_PAGES = "\n".join(PAGES.values())
BLOCKS = [block for page in PAGES for block in python_blocks(ROOT / page)]
FIXTURE_BLOCKS = [block for block in BLOCKS if "ninepic_sandbox" in block]
PLAIN_BLOCKS = [block for block in BLOCKS if block not in FIXTURE_BLOCKS]
CURL = re.findall(r"^curl (.*?)(?: +#.*)?$", ALL_PAGES, re.MULTILINE)
COMMAND_LINES = re.findall(r"^\$ ninepic (.*)$", README, re.MULTILINE)

pytest_plugins = ["pytester"]


async def test_the_first_program_finds_photos(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    await asyncio.to_thread(start, BLOCKS[0], {}, sandbox)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Ping(status='ok'")
    assert len(lines) == 1 + len(sandbox.event.gallery.of_bib(BIB))


async def test_the_other_blocks_run(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    async with NinePic() as client:
        names: dict[str, object] = {"client": client, "event": client.event(sandbox.event_id)}
        for block in PLAIN_BLOCKS[1:]:
            if "ninepic_async.sync" in block:
                await asyncio.to_thread(start, block, {}, sandbox)
                continue
            await run(block, names, sandbox)
        tests = [value for name, value in names.items() if name.startswith("test_")]
        for test in tests:
            assert inspect.iscoroutinefunction(test)
            await test()
    assert len(tests) == len(re.findall("^async def test_", "".join(PLAIN_BLOCKS), re.MULTILINE)) >= 2
    for name in ("first_hour", "again", "twenty", "photos"):
        assert names[name], name
    assert "is off for this event" not in capsys.readouterr().out


async def test_the_command_lines_work(sandbox: Sandbox) -> None:
    for line in COMMAND_LINES:
        words = line.replace(" 487", f" {sandbox.event_id}").replace("834", BIB).split()
        assert await asyncio.to_thread(main, words) == 0, line
    assert len(COMMAND_LINES) >= 3


def test_the_tests_that_use_fixtures_pass(pytester: pytest.Pytester) -> None:
    (block,) = FIXTURE_BLOCKS
    pytester.makepyfile(block)
    run = pytester.runpytest_subprocess("-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")
    run.assert_outcomes(passed=block.count("def test_"))


async def test_the_curl_lines_do_what_they_say() -> None:
    async with Sandbox(photos=120, control=True) as steered, aiohttp.ClientSession() as session:
        for line in CURL:
            words = shlex.split(line.replace("http://localhost:9009", steered.base_url))
            (url,) = [word for word in words if word.startswith("http")]
            body = words[words.index("--json") + 1] if "--json" in words else None
            method = "POST" if body or "POST" in words else "GET"
            async with session.request(method, url, data=body) as reply:
                assert reply.status == 200, line
    assert len(CURL) == 5


def test_no_block_was_overlooked() -> None:
    assert len(BLOCKS) == ALL_PAGES.count("```python") >= 10


def test_every_public_error_is_in_the_table() -> None:
    errors = {name for name in ninepic_async.__all__ if name.endswith("Error")}
    # That one is over all others.
    assert errors - {"NinePicError"} <= set(re.findall(r"^\| [– ]*`(\w+)`", README, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES)
def test_links_into_the_repository_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", PAGES[page])
    assert targets
    for target in targets:
        assert ((ROOT / page).parent / target).exists(), target


def test_the_set_up_commands_are_lines_to_copy() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert blocks[0].rstrip().endswith("ninepic demo --to ninepic-demo")
    assert (ROOT / blocks[1].removeprefix("bash ").strip()).is_file()


@pytest.mark.parametrize("command", re.findall(r"`ninepic (\w+) ", README))
def test_commands_that_are_named_exist(command: str) -> None:
    assert main([command, "--help"]) == 0
