"""Check who may control a sandbox: programs on this machine, or programs that have the token."""

from __future__ import annotations

import secrets
from hmac import compare_digest

from aiohttp import web
from attrs import frozen

from ninepic_async.sandbox.http.loopback import check_local, is_local


class UnauthorizedError(Exception):
    """The request has no token, or a wrong one."""


@frozen
class Access:
    """Checks each control request. If a token is set, only the token is checked."""

    token: str | None

    def check(self, request: web.Request) -> None:
        """Accept only requests from this machine or, if a token is set, only requests that have it.

        Raises:
            ForbiddenError: No token is set, and the request does not come from this machine.
            UnauthorizedError: A token is set, and the request does not have it.
        """
        if self.token is None:
            check_local(request)
            return
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not compare_digest(_bytes(sent.strip()), _bytes(self.token)):
            raise UnauthorizedError(
                "the control token is missing or wrong: send the header Authorization: Bearer TOKEN"
            )


def default_token(host: str, control: bool) -> str | None:
    """Return a new control token if other machines can reach the sandbox; None if they can't."""
    return secrets.token_urlsafe() if control and not is_local(host) else None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
