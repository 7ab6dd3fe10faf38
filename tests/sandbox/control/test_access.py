"""Who may control a sandbox: programs on this machine, or those with the token."""

from __future__ import annotations

import pytest
from aiohttp import ClientSession

from ninepic_async.sandbox import Sandbox
from tests.sandbox.raw_client import Api

from .remote import Remote


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:9009"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
        {"Host": "["},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_other_sites_are_refused(remote: Remote, api: Api, headers: dict[str, str]) -> None:
    await api.get("/ping")
    answer = await remote.send("DELETE", "/requests", headers=headers)
    assert answer.status in (400, 403)
    assert len(list(api.sandbox.requests)) == 1
    assert (await remote.send("GET", "/snapshot", headers=headers)).status in (400, 403)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost:1"},
        {"Host": "[::1]:80"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
async def test_all_loopback_names_are_accepted(remote: Remote, headers: dict[str, str]) -> None:
    assert (await remote.send("GET", headers=headers)).status == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic the-token", "the-token", "Bearer the-tokén"]
)
async def test_token_is_required(session: ClientSession, authorization: str | None) -> None:
    async with Sandbox(photos=1, control=True, control_token="the-token") as running:
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = await Remote(running, session).send("POST", "/reset", headers=headers)
        assert answer.status == 401
        assert "Authorization: Bearer" in answer.body["message"]
        assert "the-token" not in repr(running)


@pytest.mark.parametrize("headers", [{}, {"Host": "sandbox:9009"}, {"Origin": "https://app.example"}])
async def test_token_lets_other_machines_in(session: ClientSession, headers: dict[str, str]) -> None:
    async with Sandbox(photos=1, control=True, control_token="the-token") as running:
        headers = headers | {"Authorization": "bearer the-token"}
        assert (await Remote(running, session).send("GET", headers=headers)).status == 200


@pytest.mark.parametrize(
    ("host", "control", "has_token"),
    [
        ("127.0.0.1", True, False),
        ("localhost", True, False),
        ("::1", True, False),
        ("0.0.0.0", True, True),
        ("::", True, True),
        ("192.0.2.7", True, True),
        ("0.0.0.0", False, False),
    ],
)
def test_token_is_generated_for_other_machines(host: str, control: bool, has_token: bool) -> None:
    first, second = (Sandbox(host=host, control=control).control_token for _ in range(2))
    assert (first is not None) == has_token
    assert not has_token or (first != second and len(first or "") >= 32)


async def test_generated_token_is_required_on_all_addresses(session: ClientSession) -> None:
    async with Sandbox(photos=1, host="0.0.0.0", control=True) as running:
        remote = Remote(running, session)
        assert (await remote.send("GET")).status == 401
        headers = {"Authorization": f"Bearer {running.control_token}"}
        assert (await remote.send("GET", headers=headers)).status == 200
