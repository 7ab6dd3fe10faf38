"""Every Python block and every `ninepic` line of README and docs runs as it stands."""

from __future__ import annotations

import asyncio
import inspect
import re
import shlex

import aiohttp
import pytest

import ninepic_async
import ninepic_async.errors
import ninepic_async.models
from ninepic_async import NinePic
from ninepic_async.cli import main
from ninepic_async.cli.program import program
from ninepic_async.sandbox import Sandbox
from tests.docs.examples import BIB, ROOT, python_blocks, run, start

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
by_page = pytest.mark.parametrize("page", TEXTS)

pytest_plugins = ["pytester"]


def needs_fixtures(block: str) -> bool:
    return "(ninepic" in block


def blocks(page: str) -> list[str]:
    return [block for block in python_blocks(ROOT / page) if not needs_fixtures(block)]


# Those that define an app have tests of their own, in `test_how_to`.
APPS = {f"docs/how-to/{name}.md" for name in ("aiohttp", "celery", "django", "fastapi", "lambda", "zip")}
APPS |= {"docs/scale.md"}
WITH_BLOCKS = [page for page in TEXTS if blocks(page) and page not in APPS]
WITH_FIXTURES = [page for page in TEXTS if any(map(needs_fixtures, python_blocks(ROOT / page)))]
WITH_COMMANDS = [page for page, text in TEXTS.items() if re.search(r"^\$ ninepic ", text, re.MULTILINE)]


def has_a_loop_of_its_own(block: str) -> bool:
    return "asyncio.run(" in block or "ninepic_async.sync" in block


async def run_page(page: str, sandbox: Sandbox) -> dict[str, object]:
    async with NinePic() as client:
        event = client.event(sandbox.event_id)
        names: dict[str, object] = {"client": client, "event": event}
        for block in blocks(page):
            if has_a_loop_of_its_own(block):
                await asyncio.to_thread(start, block, {"__name__": "__main__"}, sandbox)
            else:
                await run(block, names, sandbox)
    return names


@pytest.mark.parametrize("page", WITH_BLOCKS)
async def test_the_blocks_of_a_page_run(
    page: str, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    names = await run_page(page, sandbox)
    for name, value in names.items():
        if name.startswith("test_"):
            assert inspect.iscoroutinefunction(value)
            await value()
    for name in ("first_hour", "again", "twenty", "photos"):
        assert names.get(name, ["not there"]), name
    assert "is off for this event" not in capsys.readouterr().out


@pytest.mark.parametrize("page", WITH_COMMANDS)
async def test_the_command_lines_of_a_page_work(page: str, sandbox: Sandbox) -> None:
    for line in re.findall(r"^\$ ninepic (.*)$", TEXTS[page], re.MULTILINE):
        words = line.replace(" 487", f" {sandbox.event_id}").replace("834", BIB).split()
        assert await asyncio.to_thread(main, words) == 0, line


@pytest.mark.parametrize("page", WITH_FIXTURES)
def test_the_tests_of_a_page_pass(page: str, pytester: pytest.Pytester) -> None:
    for block in filter(needs_fixtures, python_blocks(ROOT / page)):
        pytester.makepyfile(block)
        run = pytester.runpytest_subprocess(
            "-W", "error", "-o", "asyncio_default_fixture_loop_scope=function"
        )
        run.assert_outcomes(passed=block.count("def test_"))


async def test_the_curl_lines_do_what_they_say() -> None:
    lines = re.findall(r"^curl (.*?)(?: +#.*)?$", "\n".join(TEXTS.values()), re.MULTILINE)
    async with Sandbox(photos=120, control=True) as steered, aiohttp.ClientSession() as session:
        for line in lines:
            words = shlex.split(line.replace("http://localhost:9009", steered.base_url))
            (url,) = [word for word in words if word.startswith("http")]
            body = words[words.index("--json") + 1] if "--json" in words else None
            method = "POST" if body or "POST" in words else "GET"
            async with session.request(method, url, data=body) as reply:
                assert reply.status == 200, line
    assert len(lines) == 5


def test_no_block_was_overlooked() -> None:
    found = sum(len(python_blocks(page)) for page in PAGES)
    assert found == sum(text.count("```python") for text in TEXTS.values()) >= 30


def test_every_public_error_is_in_the_table() -> None:
    errors = {name for name in ninepic_async.__all__ if name.endswith("Error")}
    rows = re.findall(r"^\| (?:–|&nbsp;)*`(\w+)`", TEXTS["docs/reference/errors.md"], re.MULTILINE)
    assert set(rows) == errors - {"NinePicError"}


def test_every_page_is_in_the_navigation() -> None:
    site = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    for page in TEXTS:
        assert page == "README.md" or f'"{page.removeprefix("docs/")}"' in site, page


def test_every_public_name_is_in_the_reference() -> None:
    shown = "".join(text for page, text in TEXTS.items() if page.startswith("docs/reference/"))
    elsewhere = {"Hook", "SelfieSource", *vars(ninepic_async.models), *vars(ninepic_async.errors)}
    for name in set(ninepic_async.__all__) - elsewhere:
        assert f"::: ninepic_async.{name}\n" in shown, name


@by_page
def test_links_into_the_repository_lead_somewhere(page: str) -> None:
    generated = {"changelog.md", "contributing.md"}
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", TEXTS[page]):
        path = (ROOT / page).parent / target
        assert path.exists() or path.name in generated, target


def command_lines(text: str) -> set[str]:
    """Return every command line of a page: in the text, and in blocks for a shell."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    in_blocks = re.findall(r"(?:^|&& )(?:\.venv/bin/)?ninepic (.*)$", blocks, re.MULTILINE)
    return {*re.findall(r"`(?:\.venv/bin/)?ninepic ([^`]+)`", text), *in_blocks}


@by_page
def test_command_lines_that_are_named_are_understood(page: str) -> None:
    for line in command_lines(TEXTS[page]):
        words = shlex.split(re.split(r" [<>|] ", line)[0])
        if len(words) == 1:
            assert main([*words, "--help"]) == 0, line
        else:
            program().parse_args(words)


def test_every_decision_is_in_the_list_of_decisions() -> None:
    pages = {page for page in TEXTS if page.startswith("docs/decisions/")} - {"docs/decisions/README.md"}
    listed = re.findall(r"^\| \[.+\]\((.+)\) \|", TEXTS["docs/decisions/README.md"], re.MULTILINE)
    assert sorted(f"docs/decisions/{page}" for page in listed) == sorted(pages)


def test_every_how_to_is_in_the_list_of_how_tos() -> None:
    pages = {page for page in TEXTS if page.startswith("docs/how-to/")} - {"docs/how-to/README.md"}
    text = TEXTS["docs/how-to/README.md"]
    assert all(f"]({page.removeprefix('docs/how-to/')})" in text for page in pages)
