"""Run commands into a pipe and on a terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fcntl import ioctl

import pytest
from attrs import define, field, frozen

from ninepic_async.cli import main

COMMAND = (sys.executable, "-W", "error", "-m", "ninepic_async.cli")
COLUMNS = 100
PATIENCE_S = 30.0
_STYLES = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b]*\x1b\\")
_MOVES = re.compile(r"\x1b\[\?25[hl]|\x1b\[[0-9]*[AK]|\r")


@frozen
class Ran:
    """The exit status and the output of a command. A terminal shows both streams as one: ``out``."""

    status: int
    out: str
    err: str = ""

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def text(self) -> str:
        """The output without styles, padding and the cursor movements of a progress bar."""
        text = _MOVES.sub("", _STYLES.sub("", self.out))
        return re.sub(r" +$", "", text, flags=re.MULTILINE)


Run = Callable[..., Ran]


def piped(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*argv: str) -> Ran:
        capsys.readouterr()
        status = main(argv)
        out, err = capsys.readouterr()
        return Ran(status, out, err)

    return run


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands in this process, with stdout and stderr on a pseudo-terminal."""

    def run(*argv: str) -> Ran:
        with Screen() as screen, monkeypatch.context() as patch:
            stream = os.fdopen(os.dup(screen.slave), "w", encoding="utf-8", buffering=1)
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            try:
                status = main(argv)
            finally:
                stream.close()
        return Ran(status, screen.text)

    return run


def half_piped(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands in this process, with stdout in a file and stderr on a terminal."""

    def run(*argv: str) -> Ran:
        data = io.StringIO()
        with Screen() as screen, monkeypatch.context() as patch:
            stream = os.fdopen(os.dup(screen.slave), "w", encoding="utf-8", buffering=1)
            patch.setattr(sys, "stdout", data)
            patch.setattr(sys, "stderr", stream)
            try:
                status = main(argv)
            finally:
                stream.close()
        return Ran(status, data.getvalue(), screen.text)

    return run


@define(eq=False)
class Screen:
    """A pseudo-terminal; a thread reads its text."""

    master: int = field(init=False)
    slave: int = field(init=False)
    _read: bytearray = field(init=False, factory=bytearray)
    _reader: threading.Thread = field(init=False)

    def __enter__(self) -> Screen:
        self.master, self.slave = pty.openpty()
        ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        self._reader = threading.Thread(target=self._take, daemon=True)
        self._reader.start()
        return self

    def __exit__(self, *exc: object) -> None:
        os.close(self.slave)
        self._reader.join(PATIENCE_S)
        os.close(self.master)

    @property
    def text(self) -> str:
        return self._read.decode().replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def wait_for(self, word: str) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while word not in self.text:
            assert time.monotonic() < give_up, self.text
            time.sleep(0.01)

    def _take(self) -> None:
        try:
            while some := os.read(self.master, 65536):
                self._read += some
        except OSError:  # the last writer has closed it
            return


@contextmanager
def started(
    *argv: str,
    env: Mapping[str, str] | None = None,
    screen: Screen | None = None,
    stdout: int = subprocess.PIPE,
) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a process of its own, on a terminal or in pipes; end it at exit."""
    process = subprocess.Popen(
        [*COMMAND, *argv],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL if screen is None else screen.slave,
        stdout=stdout if screen is None else screen.slave,
        stderr=subprocess.PIPE if screen is None else screen.slave,
        text=True,
        start_new_session=screen is not None,
        # Ctrl-C reaches the process only from its session's own terminal.
        preexec_fn=None if screen is None else lambda: ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
