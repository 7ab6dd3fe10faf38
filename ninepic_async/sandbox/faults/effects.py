"""Apply a fault to a request."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Final

import orjson
from aiohttp import web
from multidict import CIMultiDict

from ninepic_async.sandbox.clock import Clock
from ninepic_async.sandbox.faults import json_path
from ninepic_async.sandbox.faults.fault import Fault
from ninepic_async.sandbox.faults.fault_list import Armed
from ninepic_async.sandbox.faults.validation import as_bytes
from ninepic_async.sandbox.http.handlers import Handler

served_page: Final[ContextVar[int | None]] = ContextVar("served_page", default=None)
"""The page to serve instead of the requested one, if a fault of the current request says so."""
_TOO_MANY_REQUESTS: Final = {"message": "Too Many Requests"}
_LINGER_ON_FOR_0_S: Final = struct.pack("ii", 1, 0)
_FLUSH_POLL_S: Final = 0.001


async def answer(
    armed: Armed | None,
    request: web.Request,
    work: Handler,
    clock: Clock,
    throttled: Mapping[str, str] | str = _TOO_MANY_REQUESTS,
) -> web.StreamResponse:
    """Answer a request: apply the fault, or answer normally if there is none.

    Args:
        armed: The fault that strikes the request, if any.
        request: The request.
        work: The handler that answers normally.
        clock: The clock for ``delay_s``.
        throttled: The body of the reply to a throttled request, used if the fault has no body.
    """
    if armed is None:
        return await work(request)
    fault = armed.fault
    served_page.set(fault.serve_page)
    done = await work(request) if fault.after_work or fault.lose_reply else None
    if fault.delay_s:
        await clock.sleep(fault.delay_s)
    if fault.stall and fault.after_bytes is None:
        await _wait_until_cancelled()
    if fault.lose_reply or (fault.reset and fault.after_bytes is None):
        return _reset(request)
    if fault.status is not None or fault.is_throttle:
        return await _sent(fault, request, _canned(fault, throttled))
    reply = done or await work(request)
    changed = _changed(armed, reply) if isinstance(reply, web.Response) else None
    return reply if changed is None else await _sent(fault, request, changed)


def status_of(reply: web.StreamResponse) -> int:
    """Return the status of a reply; 0 if the connection was reset."""
    return 0 if isinstance(reply, _LostReply) else reply.status


def _canned(fault: Fault, throttled: Mapping[str, str] | str) -> web.Response:
    body = throttled if fault.is_throttle and fault.body == b"" else fault.body
    headers = CIMultiDict(fault.headers)
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    if not isinstance(body, bytes | str):
        headers.setdefault("Content-Type", "application/json")
    return _response(fault.status or 429, headers, as_bytes(body))


def _changed(armed: Armed, reply: web.Response) -> web.Response | None:
    """Return the real reply with the fault's changes. If they don't fit, undo the strike and return None."""
    fault = armed.fault
    try:
        body = _rewritten(fault, _bytes(reply))
    except LookupError as error:
        armed.undo_strike(str(error))
        return None
    headers = CIMultiDict(reply.headers)
    headers.popall("Content-Length", None)
    headers.update(fault.headers)
    return _response(reply.status, headers, body)


def _rewritten(fault: Fault, body: bytes) -> bytes:
    """Return the real body with the fault's changes; raise `LookupError` if they don't fit."""
    if fault.replace or fault.remove:
        body = _with_other_values(fault, body)
    body += b" " * fault.extra_bytes
    if (_cut(fault) or 0) > len(body):
        raise LookupError(f"the reply has only {len(body)} bytes")
    return body


def _with_other_values(fault: Fault, body: bytes) -> bytes:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise LookupError("the reply is not JSON") from None
    for path, value in fault.replace.items():
        document = json_path.replaced(document, path, value)
    for path in fault.remove:
        document = json_path.without(document, path)
    return orjson.dumps(document)


async def _sent(fault: Fault, request: web.Request, reply: web.Response) -> web.StreamResponse:
    """Send a reply that is cut or has a false length. Return any other reply without sending it."""
    announced = CIMultiDict(fault.headers).get("Content-Length")
    cut = _cut(fault)
    if cut is None and announced is None:
        return reply
    body = _bytes(reply)
    sent = web.StreamResponse(status=reply.status, headers=reply.headers)
    sent.content_length = len(body) if announced is None else int(announced)
    await sent.prepare(request)
    transport = request.transport
    if transport is None:
        return sent
    # Write to the transport: aiohttp would enforce the announced length.
    transport.write(body[:cut])
    if fault.stall:
        await _wait_until_cancelled()
    if fault.reset:
        await _flushed(transport)
        return _reset(request)
    transport.close()
    return sent


def _cut(fault: Fault) -> int | None:
    """Return how many bytes of the body to send; None for all."""
    return fault.truncate_after if fault.after_bytes is None else fault.after_bytes


async def _flushed(transport: asyncio.WriteTransport) -> None:
    """Wait until the write buffer is empty, since a reset discards it. Transports have no event for this."""
    while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110
        await asyncio.sleep(_FLUSH_POLL_S)


class _LostReply(web.Response):
    """A reply that can't be sent, because its connection was reset."""


def _reset(request: web.Request) -> web.Response:
    """Reset the connection."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ON_FOR_0_S)
        transport.abort()
    return _LostReply(status=499)


async def _wait_until_cancelled() -> None:
    """Wait until the client disconnects or the sandbox closes: both cancel this task."""
    await asyncio.get_running_loop().create_future()


def _bytes(reply: web.Response) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else b""


def _response(status: int, headers: CIMultiDict[str], body: bytes) -> web.Response:
    # aiohttp rejects a false Content-Length; `_sent` sends it.
    headers = CIMultiDict(headers)
    headers.popall("Content-Length", None)
    return web.Response(status=status, body=body, headers=headers)
