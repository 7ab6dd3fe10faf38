"""A web app where visitors find their photos, by BIB number or by selfie.

    NINEPIC_API_KEY=… NINEPIC_ORG_ID=903 NINEPIC_EVENT_ID=456 python app.py

The page in `static/` asks these questions, and gets JSON:

    GET /event                     the event's name, and which searches it has
    GET /photos?bib=1234           the photos of a BIB
    PUT /searches/{request_id}     the photos of the person in the picture in the body, and those of ?bib=
    GET /photos.zip?bib=&search=   the photos of a BIB, of an earlier search, or of both, as a ZIP
    GET /visit?eventId=…           the photos of a visitor whom a button in 9Pic's gallery sent here
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Final

import attrs
from aiohttp import web
from finder import ARCHIVE_HEADERS, HEADERS, LARGEST_SELFIE, Finder, Found, Problem, explain, for_status

from ninepic_async import NinePic

FINDER: Final = web.AppKey("finder", Finder)
STATIC: Final = Path(__file__).with_name("static")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(event_id: int | str) -> web.Application:
    """Make the app for one event. The key and the organisation come from the environment."""

    async def connected(app: web.Application) -> AsyncIterator[None]:
        # One client for all visitors: they share its connections, and its pause when 9Pic throttles.
        async with NinePic(timeout=20) as client:
            app[FINDER] = Finder(client.event(event_id))
            yield

    app = web.Application(middlewares=[explained], client_max_size=LARGEST_SELFIE)
    app.cleanup_ctx.append(connected)
    app.router.add_get("/", show_page)
    app.router.add_get("/event", about)
    app.router.add_get("/photos", find_by_bib)
    app.router.add_get("/visit", find_by_visit)
    app.router.add_get("/photos.zip", send_all)
    app.router.add_put("/searches/{request_id}", find_by_selfie)
    app.router.add_static("/static", STATIC)
    return app


async def show_page(_: web.Request) -> web.FileResponse:
    """Send the page."""
    return web.FileResponse(STATIC / "page.html")


async def about(request: web.Request) -> web.Response:
    """Describe the event."""
    return web.json_response(await request.app[FINDER].about())


async def find_by_bib(request: web.Request) -> web.Response:
    """Find the photos of a BIB."""
    return answer(await request.app[FINDER].by_bib(request.query.get("bib", "")))


async def find_by_selfie(request: web.Request) -> web.Response:
    """Find the photos of the person in a picture."""
    # Behind a proxy all visitors have its address: take the header that your proxy sets instead.
    visitor = request.remote
    selfie = await request.read()
    request_id, bib = request.match_info["request_id"], request.query.get("bib", "")
    return answer(await request.app[FINDER].by_selfie(selfie, request_id, visitor, bib))


async def find_by_visit(request: web.Request) -> web.Response:
    """Find the photos of a visitor from 9Pic's gallery."""
    return answer(await request.app[FINDER].by_visit(str(request.url)))


async def send_all(request: web.Request) -> web.StreamResponse:
    """Send photos as a ZIP."""
    query = request.query
    archive = await request.app[FINDER].archive(query.get("bib", ""), query.get("search", ""))
    response = web.StreamResponse(headers=HEADERS | ARCHIVE_HEADERS)
    async with aclosing(archive):
        await response.prepare(request)
        async for chunk in archive:
            await response.write(chunk)
    return response


@web.middleware
async def explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into JSON that says what to do, and add the headers."""
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = refusal(for_status(error.status))
    except Exception as error:
        response = refusal(explain(error))
    if not response.prepared:
        response.headers.update(HEADERS)
    return response


def answer(found: Found) -> web.Response:
    """Send what was found."""
    return web.json_response(attrs.asdict(found))


def refusal(problem: Problem) -> web.Response:
    """Send what went wrong."""
    headers = {"Retry-After": str(problem.retry_after)} if problem.retry_after else None
    return web.json_response({"error": problem.error}, status=problem.status, headers=headers)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    web.run_app(
        make_app(os.environ["NINEPIC_EVENT_ID"]), host="127.0.0.1", port=int(os.environ.get("PORT", "8080"))
    )
