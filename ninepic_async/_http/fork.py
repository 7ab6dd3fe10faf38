"""Protect the connections of a process from its forked children.

A child shares the parent's sockets and epoll object. If a finalizer in the child closes an inherited
connection, the parent's event loop stops watching it, and TLS tells the server that the connection ends.
"""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import weakref
from contextlib import suppress
from typing import Any, Final

import aiohttp

_sockets: Final[weakref.WeakSet[socket.socket]] = weakref.WeakSet()
_sessions: Final[weakref.WeakKeyDictionary[aiohttp.ClientSession, asyncio.AbstractEventLoop]] = (
    weakref.WeakKeyDictionary()
)
_inherited: Final[list[object]] = []
"""Keeps the parent's connections alive in the child, so that no finalizer runs."""


def watch_socket(opened: socket.socket) -> None:
    """Register a socket to be replaced in forked children."""
    _sockets.add(opened)


def watch_session(session: aiohttp.ClientSession) -> None:
    """Register a session of the running loop to be abandoned in forked children."""
    _sessions[session] = asyncio.get_running_loop()


def _protect_parent() -> None:
    for inherited in tuple(_sockets):
        _replace_socket(inherited)
    _sockets.clear()
    for loop in set(_sessions.values()):
        _replace_epoll(loop)
    for session in tuple(_sessions):
        _abandon(session)
    _sessions.clear()


def _abandon(session: aiohttp.ClientSession) -> None:
    """Mark a session and its connector as closed, without touching its connections."""
    connector = session.connector
    session.detach()
    if connector is not None:
        connector._closed = True
        _inherited.append(connector)


def _replace_socket(inherited: socket.socket) -> None:
    """Replace an inherited socket by an unconnected one with the same file descriptor."""
    with suppress(OSError, ValueError), socket.socket() as unconnected:
        os.dup2(unconnected.fileno(), inherited.fileno(), inheritable=False)


def _replace_epoll(loop: asyncio.AbstractEventLoop) -> None:
    """Give the child's copy of an event loop a new epoll object that watches the same files."""
    selector: Any = getattr(loop, "_selector", None)
    epoll_selector = getattr(selectors, "EpollSelector", None)
    if epoll_selector is None or not isinstance(selector, epoll_selector):
        return
    with suppress(OSError, ValueError, RuntimeError), epoll_selector() as new:
        for key in (selector.get_map() or {}).values():
            with suppress(OSError, ValueError):
                new.register(key.fd, key.events)
        os.dup2(new.fileno(), selector.fileno(), inheritable=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_protect_parent)
