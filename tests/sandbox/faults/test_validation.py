"""Invalid faults are refused when they are added."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from attrs import fields

from ninepic_async.sandbox import Fault, FaultError, Faults
from ninepic_async.sandbox.faults.fault import FaultFields
from ninepic_async.sandbox.routes import ENDPOINTS

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"statuss": 503}, "did you mean status?"),
    ({"colour": 1}, "it has endpoint, path,"),
    ({"endpoint": "phtos"}, "there is no endpoint 'phtos'; use one of events, ping,"),
    ({"path": "details"}, "begin it with / or *"),
    ({"path": 3}, "begin it with / or *"),
    ({"page": 0}, "page must be a whole number from 1"),
    ({"attempt": 0}, "attempt must be"),
    ({"attempt": "2"}, "attempt must be"),
    ({"times": 0}, "times must be"),
    ({"times": True}, "times must be"),
    ({"endpoint": "ping", "page": 2}, "ping has no pages, so page has no effect"),
    ({"endpoint": "photo", "serve_page": 2}, "photo has no pages"),
    ({"endpoint": "clip", "remove": ["$.data"]}, "does not answer with JSON"),
    ({"status": 1000}, "status must be"),
    ({"status": 100}, "status must be"),
    ({"status": "503"}, "status must be"),
    ({"body": "busy"}, "body needs a status"),
    ({"status": 500, "body": {1, 2}}, "body must be bytes, text or JSON values"),
    ({"status": 500, "headers": ["Retry-After"]}, "headers must be a mapping"),
    ({"status": 500, "headers": {"Retry-After": 3}}, "Retry-After must be text"),
    ({"status": 500, "headers": {"X": "a\r\nY: b"}}, "text without line breaks"),
    ({"status": 500, "headers": {"a b": "c"}}, "is not a valid header name"),
    ({"headers": {"Content-Length": "ten"}}, "Content-Length must be a number"),
    ({"headers": {"date": "Thu, 01 Jan 1970 00:00:00 GMT"}}, "Date has no effect: the sandbox sets it"),
    ({"delay_s": -1}, "delay_s must be seconds"),
    ({"delay_s": float("inf")}, "use stall=True to wait without end"),
    ({"delay_s": float("nan")}, "delay_s must be seconds"),
    ({"reset": 1}, "reset must be True or False"),
    ({"stall": "yes"}, "stall must be True or False"),
    ({"truncate_after": -1}, "truncate_after must be"),
    ({"extra_bytes": 1.5}, "extra_bytes must be"),
    ({"reset": True, "stall": True}, "reset and stall can't be combined"),
    ({"lose_reply": True, "truncate_after": 3}, "lose_reply and truncate_after can't be combined"),
    ({"reset": True, "status": 500}, "reset sends no reply, so status has no effect"),
    ({"stall": True, "headers": {"A": "b"}}, "stall sends no reply, so headers has no effect"),
    ({"lose_reply": True, "serve_page": 1}, "lose_reply sends no reply"),
    ({"after_bytes": 5}, "add one of them"),
    ({"truncate_after": 5, "after_bytes": 5}, "after_bytes says where reset or stall happens"),
    ({"status": 503, "truncate_after": 5}, "truncate_after is beyond the end of the body, which has 0 bytes"),
    ({"status": 503, "body": [1], "stall": True, "after_bytes": 4}, "the body, which has 3 bytes"),
    ({"status": 503, "body": "é", "reset": True, "after_bytes": 3}, "the body, which has 2 bytes"),
    ({"status": 200, "replace": {"$.a": 1}}, "replace changes the real reply"),
    ({"status": 200, "serve_page": 1}, "serve_page changes the real reply"),
    ({"replace": {"data.images": 1}}, "not a JSON path"),
    ({"replace": {"$.data..images": 1}}, "not a JSON path"),
    ({"replace": {"$.data": {1, 2}}}, "JSON values"),
    ({"replace": {3: 1}}, "JSON path"),
    ({"replace": ["$.a"]}, "replace must be a mapping"),
    ({"remove": "$.data"}, "remove must be a list"),
    ({"remove": ["data"]}, "not a JSON path"),
    ({"remove": ["$"]}, "remove can't remove the whole reply"),
    ({"after_work": True}, "after_work says when"),
    ({"after_work": True, "lose_reply": True}, "after_work says when"),
    ({"per_second": 0}, "per_second must be"),
    ({"rate": 0}, "rate must be a number of requests per second, more than 0"),
    ({"rate": float("nan")}, "rate must be"),
    ({"rate": float("inf")}, "rate must be"),
    ({"rate": True}, "rate must be"),
    ({"rate": "50"}, "rate must be"),
    ({"rate": 50, "burst": 0}, "burst must be a whole number from 1"),
    ({"burst": 5}, "burst needs a rate"),
    ({"per_second": 5, "burst": 5}, "burst needs a rate"),
    ({"rate": 50, "at_once": 2, "stall": True}, "stall can't be combined with at_once and rate:"),
    ({"rate": 50, "retry_after": -1}, "retry_after must be a whole number from 0"),
    ({"rate": 50, "retry_after": 1.5}, "retry_after must be a whole number from 0"),
    ({"retry_after": 1}, "retry_after needs a status or a throttle"),
    ({"reset": True, "retry_after": 1}, "reset sends no reply, so retry_after has no effect"),
    ({"status": 503, "retry_after": 1, "headers": {"retry-after": "2"}}, "retry_after can't be combined"),
    ({"per_second": 3, "delay_s": 1}, "delay_s can't be combined with per_second:"),
    ({"at_once": 3, "reset": True}, "reset can't be combined with at_once:"),
]


@pytest.mark.parametrize(("said", "text"), REFUSED, ids=[str(said) for said, _ in REFUSED])
def test_invalid_fault_is_refused(said: dict[str, Any], text: str) -> None:
    faults = Faults()
    with pytest.raises(FaultError) as refusal:
        faults.add(**said)
    assert text in str(refusal.value)
    assert faults.armed == ()


def test_add_takes_a_fault_or_its_fields() -> None:
    faults, fault = Faults(), Fault(status=503)
    assert faults.add(fault) is fault
    assert faults.add(status=503) == fault
    with pytest.raises(FaultError, match="not both"):
        faults.add(fault, times=2)
    assert len(faults.armed) == 2


def test_fault_fields_match_fault() -> None:
    assert list(FaultFields.__annotations__) == [attribute.name for attribute in fields(Fault)]
    assert get_type_hints(FaultFields) == {
        name: hint for name, hint in get_type_hints(Fault).items() if name in FaultFields.__annotations__
    }


def test_repr_shows_the_given_fields() -> None:
    assert repr(Fault()) == "Fault()"
    assert repr(Fault(page=2, times=None, reset=True)) == "Fault(page=2, times=None, reset=True)"
    assert repr(Fault(at_once=3)) == "Fault(at_once=3)"
    assert repr(Fault(rate=50, burst=5)) == "Fault(rate=50, burst=5)"
    assert repr(Fault(at_once=3, times=1)) == "Fault(at_once=3, times=1)"


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_can_fail(endpoint: str) -> None:
    assert Fault(endpoint=endpoint, status=500).endpoint == endpoint
