"""The base of the two endpoints that upload a selfie: their form, and what to send if it is refused."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final, Self, TypeVar

from attrs import evolve, frozen

from ninepic_async import guesses
from ninepic_async._contract.body import error_message, problems
from ninepic_async._contract.endpoint import Endpoint
from ninepic_async._contract.messages import Reply, Scope, Upload
from ninepic_async._contract.selfie import Selfie

T = TypeVar("T")

_ID_REFUSALS: Final = frozenset({400, 404, 422, guesses.UNKNOWN_REQUEST_ID_STATUS})
_FORM_FIELD: Final = re.compile(r"[A-Za-z_][\w.\-]{0,63}")


@frozen(kw_only=True)
class SelfieUpload(Endpoint[T]):
    """Base of the two endpoints that upload a selfie."""

    selfie: Selfie | None = None
    selfie_field: str = guesses.SELFIE_FIELD
    field_was_named: bool = False
    """Whether a 422 has named the field already. A second one is not followed, to avoid a loop."""
    request_id_is_ours: bool = False
    """Whether the client created the id, so that the POST can be sent again. The server may refuse it."""
    refused_id: str | None = None
    """The id of an earlier attempt that the server refused, perhaps for another reason."""

    @property
    def replayable(self) -> bool:
        return self.request_id is not None

    @property
    def is_upload(self) -> bool:
        return self.selfie is not None

    def form(self) -> dict[str, Any]:
        """Return the multipart form, as arguments of `Request`."""
        upload = None
        if self.selfie is not None:
            name = f"selfie.{self.selfie.extension}"
            upload = Upload(self.selfie_field, name, self.selfie.content_type, self.selfie.content.reveal())
        return {
            "form": {} if self.request_id is None else {"request_id": self.request_id},
            "upload": upload,
        }

    def id_on_error(self, status: int | None) -> str | None:
        # If the server refuses the selfie without an id too, then the id was not the reason.
        return self.refused_id if status in _ID_REFUSALS and self.refused_id else self.request_id

    def amend(self, reply: Reply) -> Self | None:
        missing = _missing_form_field(reply) if reply.status == 422 else None
        if missing is not None:
            if self.selfie is None or self.field_was_named or missing == self.selfie_field:
                return None
            return evolve(self, selfie_field=missing, field_was_named=True)
        if self.request_id_is_ours and reply.status in _ID_REFUSALS:
            return evolve(self, request_id=None, request_id_is_ours=False, refused_id=self.request_id)
        return None

    def learn(self, scope: Scope) -> None:
        scope.selfie_field = self.selfie_field
        scope.server_makes_ids = scope.server_makes_ids or self.refused_id is not None


def upload_options(scope: Scope, request_id: str | None) -> dict[str, Any]:
    """Return the arguments of a selfie upload that depend on what is known about the server.

    Args:
        scope: what is known about the server.
        request_id: the caller's id, or None to create one.
    """
    create = request_id is None and not scope.server_makes_ids
    return {
        "selfie_field": scope.selfie_field,
        "request_id": str(uuid.uuid4()) if create else request_id,
        "request_id_is_ours": create,
    }


def _missing_form_field(reply: Reply) -> str | None:
    """Return the form field that a 422 says is missing."""
    for problem in problems(error_message(reply)):
        name = problem.field.rpartition(".")[2]
        if (
            problem.problem.casefold().startswith(guesses.MISSING_FIELD_PROBLEM)
            and problem.field.startswith("body.")
            and name != "request_id"
            and _FORM_FIELD.fullmatch(name)
        ):
            return name
    return None
