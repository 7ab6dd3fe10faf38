"""Hooks and HTTP options, read by mypy and pyright; never run."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

import ssl
from typing import assert_type

from ninepic_async import (
    APIStatusError,
    AttemptEnded,
    CallEnded,
    CallStarted,
    HTTPOptions,
    NinePic,
    sync,
)
from ninepic_async.opentelemetry import Tracing


def show(record: CallStarted | AttemptEnded | CallEnded) -> None:
    assert_type(record.call, int)
    assert_type(record.endpoint, str)
    if isinstance(record, AttemptEnded):
        assert_type(record.wait, float | None)
        assert_type(record.status, int | None)


def clients() -> None:
    http = HTTPOptions(
        proxy="http://proxy.example", ssl_context=ssl.create_default_context(), headers={"a": "b"}
    )
    assert_type(NinePic(http=http, hooks=[show, Tracing(), print]), NinePic)
    assert_type(sync.NinePic(http=http, hooks=(show,)), sync.NinePic)
    NinePic(http={"proxy": "http://proxy.example"})  # type: ignore[arg-type]
    NinePic(hooks=[7])  # type: ignore[list-item]
    HTTPOptions("http://proxy.example")  # type: ignore[call-arg]
    http.proxy = None  # type: ignore[misc]


def error(error: APIStatusError) -> None:
    assert_type(error.headers["x-request-id"], str)
    assert_type(error.body, str)
