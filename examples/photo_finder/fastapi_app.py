"""The same web app with FastAPI: a lifespan, a dependency, response models, and the same answers.

NINEPIC_API_KEY=… NINEPIC_ORG_ID=903 NINEPIC_EVENT_ID=456 uvicorn --factory fastapi_app:from_environment
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Final

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from finder import (
    ARCHIVE_HEADERS,
    HEADERS,
    LARGEST_SELFIE,
    Finder,
    OtherEventError,
    Problem,
    TooManySearchesError,
    explain,
    for_status,
)
from pydantic import BaseModel
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ninepic_async import NinePic, NinePicError

STATIC: Final = Path(__file__).with_name("static")


class PhotoModel(BaseModel):
    """One photo. Sizes are in pixels."""

    id: str
    thumbnail: str
    large: str
    width: int | None
    height: int | None


class FoundModel(BaseModel):
    """The outcome of a search."""

    photos: list[PhotoModel]
    request_id: str | None
    zip: str | None
    note: str | None


class AboutModel(BaseModel):
    """The event, and which searches it has."""

    name: str | None
    date: str | None
    bib_search: bool
    selfie_search: bool


class WithHeaders:
    """Add the headers to every answer. A plain ASGI middleware, so that downloads stay streams."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and add the headers as the answer starts."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, sending)


def the_finder(request: Request) -> Finder:
    """Return the finder that the lifespan made."""
    finder: Finder = request.app.state.finder
    return finder


TheFinder = Annotated[Finder, Depends(the_finder)]


def make_app(event_id: int | str) -> FastAPI:
    """Make the app for one event. The key and the organisation come from the environment."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # One client for all visitors: they share its connections, and its pause when 9Pic throttles.
        async with NinePic(timeout=20) as client:
            app.state.finder = Finder(client.event(event_id))
            yield

    app = FastAPI(title="Find your photos", lifespan=lifespan)
    app.add_middleware(WithHeaders)
    for kind in (NinePicError, OtherEventError, TooManySearchesError):
        app.add_exception_handler(kind, explained)
    for refused in (StarletteHTTPException, RequestValidationError):
        app.add_exception_handler(refused, refuse)
    app.add_api_route("/", show_page, include_in_schema=False)
    app.add_api_route("/event", about, response_model=AboutModel)
    app.add_api_route("/photos", find_by_bib, response_model=FoundModel)
    app.add_api_route("/photos.zip", send_all, response_class=StreamingResponse)
    app.add_api_route("/visit", find_by_visit, response_model=FoundModel)
    app.add_api_route("/searches/{request_id}", find_by_selfie, methods=["PUT"], response_model=FoundModel)
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


async def show_page() -> FileResponse:
    """Send the page."""
    return FileResponse(STATIC / "page.html")


async def about(finder: TheFinder) -> dict[str, object]:
    """Describe the event."""
    return await finder.about()


async def find_by_bib(finder: TheFinder, bib: str = "") -> object:
    """Find the photos of a BIB."""
    return await finder.by_bib(bib)


async def send_all(finder: TheFinder, bib: str = "", search: str = "") -> StreamingResponse:
    """Send the photos of a BIB, of an earlier search, or of both, as a ZIP."""
    return StreamingResponse(await finder.archive(bib, search), headers=ARCHIVE_HEADERS)


async def find_by_visit(finder: TheFinder, request: Request) -> object:
    """Find the photos of a visitor whom a button in 9Pic's gallery sent here."""
    return await finder.by_visit(str(request.url))


async def find_by_selfie(finder: TheFinder, request_id: str, request: Request, bib: str = "") -> object:
    """Find the photos of the person in the picture that is the body."""
    # Behind a proxy all visitors have its address: run uvicorn with --proxy-headers.
    visitor = request.client.host if request.client else None
    return await finder.by_selfie(await picture(request), request_id, visitor, bib)


async def picture(request: Request) -> bytes:
    """Read the body, as far as it may be large."""
    chunks = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_SELFIE:
            raise HTTPException(413)
        chunks.append(chunk)
    return b"".join(chunks)


async def explained(_: Request, error: Exception) -> Response:
    """Answer an error of a search with JSON that says what to do."""
    return refusal(explain(error))


async def refuse(_: Request, error: Exception) -> Response:
    """Answer what FastAPI itself refuses."""
    return refusal(for_status(getattr(error, "status_code", 422)))


def refusal(problem: Problem) -> Response:
    """Send what went wrong."""
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else None
    return JSONResponse({"error": problem.error}, problem.status, headers)


def from_environment() -> FastAPI:
    """Make the app for the event that the environment names."""
    return make_app(os.environ["NINEPIC_EVENT_ID"])
