"""The checks of this project, a session each. `bash .ci/run` runs all of them; `nox -l` lists them.

Install nox with ``pip install nox``. Then run ``nox -s lint types``, or ``nox -s tests-3.12 -- tests/core``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["lint", "types", "demo", "tests", "docs", "browser", "conformance", "release"]

PYTHONS = ["3.11", "3.12", "3.13"]
OLDEST = PYTHONS[0]
SOURCES = ["ninepic_async", "tests", "benchmarks", "examples", "scripts"]
EXTRAS = "cli,otel,scale,testing"
"""All that the tests use, as in .ci/test."""
# The sandbox multiplies small matrices. Threads for that only slow down a busy machine.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}


def install(session: nox.Session, *groups: str, extras: str = "") -> None:
    """Install the project with its extras, editable, and some of its dependency groups."""
    session.install("--quiet", "--upgrade", "pip>=25.1")  # the first with --group
    options = [option for group in groups for option in ("--group", group)]
    session.install("--quiet", "-e", f".[{extras}]" if extras else ".", *options)


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests on each Python, with the second command of the README. Arguments go to pytest."""
    session.run("bash", ".ci/shells", external=True)
    environment = {"PYTHON": "python", "VENV": session.virtualenv.location}
    session.run("bash", ".ci/test", *session.posargs, env=environment, external=True)


@nox.session(python=OLDEST)
def demo(session: nox.Session) -> None:
    """Run the first command of the README: the tour of the API."""
    session.install("--quiet", ".[cli,sandbox]")
    session.run("ninepic", "demo", "--to", session.create_tmp(), env=ENVIRONMENT)


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Check style, format and the order of imports between rooms."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")
    session.run("python", "-m", "scripts.blocking_face", "--check")
    session.run("zizmor", "--offline", "--no-progress", "--quiet", ".github/workflows")


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, and that the public names are typed."""
    install(session, "types", extras=EXTRAS)
    session.run("mypy", *SOURCES, "noxfile.py")
    session.run("mypy", ".ci/site")
    session.run("pyright")
    session.run("pyright", "--ignoreexternal", "--verifytypes", "ninepic_async")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Build the docs site, and check it in headless Chromium. Arguments go to pytest."""
    session.run("bash", ".ci/chromium", external=True)
    install(session, "docs", extras=EXTRAS)
    session.run("python", ".ci/site/build.py")
    session.run("pytest", "tests/site", *session.posargs, env=ENVIRONMENT)


@nox.session(python=OLDEST)
def browser(session: nox.Session) -> None:
    """Open the pages in headless Chromium. Arguments go to pytest."""
    session.run("bash", ".ci/chromium", external=True)
    install(session, "browser", extras=EXTRAS)
    session.run("pytest", "tests/browser", *session.posargs, env=ENVIRONMENT)


@nox.session(python=OLDEST)
def conformance(session: nox.Session) -> None:
    """Send generated requests to the sandbox, and compare the replies with its OpenAPI description."""
    install(session, "conformance", extras="sandbox")
    session.run("python", ".ci/schemathesis", *session.posargs, env=ENVIRONMENT)


@nox.session(python=OLDEST)
def mocks(session: nox.Session) -> None:
    """Call every endpoint of servers that Prism mocks from the OpenAPI document. Needs Node.js with npm."""
    install(session, extras="testing")
    session.run("python", "-m", "tests.conformance.prism", env=ENVIRONMENT)


@nox.session(python=OLDEST)
def large_zip(session: nox.Session) -> None:
    """Write ZIPs of 5 GB, and read them with Python, unzip and bsdtar. Arguments go to pytest.

    Needs Linux, 12 GB of free disk in the temporary folder, and the two programs.
    """
    missing = [name for name in ("unzip", "bsdtar") if shutil.which(name) is None]
    if missing:
        session.error(
            f"{' and '.join(missing)} missing: on Debian, run apt-get install unzip libarchive-tools"
        )
    install(session, "tests", extras=EXTRAS)
    session.run("pytest", "-s", "tests/large_zip", *session.posargs)


@nox.session(python=OLDEST)
def azure(session: nox.Session) -> None:
    """Download an event into Azurite, the emulator of Azure Blob Storage. Needs Node.js with npm."""
    install(session, extras="scale,testing")
    session.run("python", "-m", "tests.scale.azurite", env=ENVIRONMENT)


@nox.session(python=OLDEST)
def generated_clients(session: nox.Session) -> None:
    """Generate clients from the OpenAPI document and use them. Needs Node.js with npm."""
    install(session, "generators", extras="testing")
    session.run("python", "-m", "tests.conformance.generated_clients", env=ENVIRONMENT)


@nox.session(python=OLDEST)
def release(session: nox.Session) -> None:
    """Build and check what is published, and install each extra alone from the wheel."""
    session.run("python", "-m", "pip", "install", "--quiet", "--upgrade", "pip>=25.1")
    session.install("--quiet", "--group", "release")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist")
    sdist, wheel = sorted(Path("dist").iterdir(), key=lambda path: path.suffix)
    session.run("twine", "check", "--strict", str(sdist), str(wheel))
    session.run("check-wheel-contents", str(wheel))
    extras = nox.project.load_toml("pyproject.toml")["project"]["optional-dependencies"]
    for extra in ["", *extras]:
        environment = Path(session.create_tmp()) / (extra or "none")
        session.run("python", "-m", "venv", "--clear", str(environment))
        python = str(environment / ("Scripts" if os.name == "nt" else "bin") / "python")
        named = f"{wheel}[{extra}]" if extra else str(wheel)
        session.run(python, "-m", "pip", "install", "--quiet", named, external=True)
        session.run(python, "-I", ".ci/smoke.py", extra, external=True, env=ENVIRONMENT)
