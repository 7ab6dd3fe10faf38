"""Generate clients from the OpenAPI document, check their types, and use them against a sandbox.

openapi-python-client makes a Python client, openapi-typescript the types of a TypeScript one. Needs the
dependency group ``generators``, and Node.js with npm.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from ninepic_async.sandbox import Sandbox
from tests.conformance.tools import install, served_document

HERE = Path(__file__).parent
NPM_PACKAGES = ("@types/node@20", "openapi-fetch@0.17", "openapi-typescript@7", "typescript@5")
TYPESCRIPT_OPTIONS = ("--strict", "--module", "nodenext", "--target", "es2022", "--outDir", "built")
LONGEST_S = 300


def main() -> None:
    with TemporaryDirectory() as name, served_document(Path(name)) as (sandbox, document):
        folder = Path(name)
        (folder / "selfie.jpg").write_bytes(sandbox.selfie(sandbox.bibs[0]))
        check_python(folder, document, sandbox)
        check_typescript(folder, document, sandbox)


def check_python(folder: Path, document: Path, sandbox: Sandbox) -> None:
    where = ("--path", document, "--output-path", folder / "nine_pic")
    run(folder, "openapi-python-client", "generate", *where, "--meta", "none", "--fail-on-warning")
    use = folder / "use_python_client.py"
    use.write_bytes((HERE / "use_python_client.py.txt").read_bytes())
    run(folder, sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", use)
    run(folder, sys.executable, use, *arguments(folder, sandbox))


def check_typescript(folder: Path, document: Path, sandbox: Sandbox) -> None:
    programs = install(folder, *NPM_PACKAGES)
    (folder / "package.json").write_text('{"type": "module"}')
    run(folder, programs / "openapi-typescript", document, "--output", folder / "api.d.ts")
    use = folder / "use_typescript_client.ts"
    use.write_bytes((HERE / use.name).read_bytes())
    run(folder, programs / "tsc", *TYPESCRIPT_OPTIONS, use)
    run(folder, "node", "built/use_typescript_client.js", *arguments(folder, sandbox))


def arguments(folder: Path, sandbox: Sandbox) -> list[str]:
    event = [str(sandbox.org_id), str(sandbox.event_id)]
    return [sandbox.base_url, sandbox.api_key, *event, sandbox.bibs[0], str(folder / "selfie.jpg")]


def run(folder: Path, *command: str | Path) -> None:
    subprocess.run(command, cwd=folder, check=True, timeout=LONGEST_S)


if __name__ == "__main__":
    main()
