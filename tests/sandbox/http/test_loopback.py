from __future__ import annotations

from unittest.mock import Mock

import pytest
from aiohttp.test_utils import make_mocked_request

from ninepic_async.sandbox.http.loopback import ForbiddenError, check_local, is_local


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::1%lo", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_is_local(host: str, local: bool) -> None:
    assert is_local(host) is local


@pytest.mark.parametrize("peer", [("192.168.1.7", 4000), ("fe80::1%eth0", 4000, 0, 2), None])
def test_remote_peers_are_refused(peer: object) -> None:
    transport = Mock()
    transport.get_extra_info = {"peername": peer}.get
    request = make_mocked_request("GET", "/", {"Host": "localhost"}, transport=transport)
    with pytest.raises(ForbiddenError, match="this machine only"):
        check_local(request)
