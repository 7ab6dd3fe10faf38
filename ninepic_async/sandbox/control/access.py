"""Who may control a sandbox: programs on this machine, or those with the token."""

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
    """The check of each control request; with a token, the token alone decides."""

    token: str | None

    def check(self, request: web.Request) -> None:
        """Accept a request of this machine, or with a token any request that has it.

        Raises:
            ForbiddenError: There is no token, and the request does not come from this machine.
            UnauthorizedError: The request does not have the token.
        """
        if self.token is None:
            check_local(request)
            return
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not compare_digest(_bytes(sent.strip()), _bytes(self.token)):
            raise UnauthorizedError("send the sandbox's control token in Authorization: Bearer TOKEN")


def default_token(host: str, control: bool) -> str | None:
    """Return a new token for control of a sandbox that other machines can reach; None for any other."""
    return secrets.token_urlsafe() if control and not is_local(host) else None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
